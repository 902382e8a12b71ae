//! What crosses crates, in one binary: our server against real ones, and against peers that mean it no good.
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "real processes run in real time: here the world is met, not simulated"
)]

mod aof;
mod captures;
mod commands;
mod configuration;
mod cuts;
mod differential;
mod disk;
mod docs;
mod draws;
mod families;
mod field_expiry;
mod founding;
mod fuzz;
mod gates;
mod hostile;
mod interop;
mod interop_dual_channel;
mod interop_failover;
mod interop_matrix;
mod interop_waitaof;
mod kill;
mod observability;
mod observability_loading;
mod plans;
mod propagation;
mod propagation_fields;
mod propagation_valkey;
mod rdb;
mod recording;
mod seeds;
mod sessions;
mod viewer;
mod wipe;
