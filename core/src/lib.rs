//! Afterimage's engine: a Redis-compatible, replicating server as one pure state machine.
#![no_std]

extern crate alloc;

pub mod codec;
pub mod command;
pub mod config;
pub mod keyspace;
pub mod node;
pub mod persistence;
pub mod port;
pub mod rdb;
pub mod replication;
pub mod resp;
pub mod table;
pub mod value;

pub use config::Config;
pub use node::{Environment, Node};
