//! Afterimage's engine: a Redis-compatible, replicating server as one pure state machine.
#![no_std]

extern crate alloc;

pub mod config;
pub mod node;
pub mod port;
pub mod replication;

pub use config::Config;
pub use node::{Environment, Node};
