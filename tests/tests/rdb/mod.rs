//! Do files and payloads of every type and encoding mean the same here and elsewhere, and broken ones nothing?
//!
//! [`shapes`] is the table of what there is to write; every real server writes what it knows of it.

mod as_commands;
mod contents;
mod crafted;
mod damage;
mod golden;
mod payloads;
mod peers;
mod saving;
mod shapes;
mod usage;
