//! What does a test need to drive real processes: ours and those of other makers?
//!
//! [`Server`] starts one and ends it with its scope, [`Client`] talks to it, [`Proxy`] stands between two and cuts the line,
//! [`fake`] plays the other end of a replication link byte by byte, [`Workload`] writes from a seed. [`Inside`] is a node within the test
//! itself, and [`harm`] gives it what is broken.
#![forbid(unsafe_code)]
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "real processes run in real time: here the world is met, not simulated"
)]

mod binary;
mod client;
mod disk;
pub mod fake;
mod golden;
pub mod grammar;
pub mod harm;
mod inside;
mod proxy;
mod recorder;
mod release;
mod reply;
mod sentinel;
mod server;
mod wait;
mod workload;

pub use binary::{our_binary, our_simulator, our_simulator_with_defects};
pub use client::{Client, encode};
pub use disk::{Disk, operate};
pub use golden::{golden_dir, golden_files, payloads};
pub use inside::Inside;
pub use proxy::Proxy;
pub use recorder::{Door, Recorder};
pub use release::{Release, find_tool};
pub use reply::Reply;
pub use sentinel::Sentinel;
pub use server::{Exit, Options, Server, free_port};
pub use wait::{PATIENCE, wait_for, wait_until, wait_until_or_explain};
pub use workload::{Draw, Workload};
