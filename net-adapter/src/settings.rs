//! How do the adapter's directives read in its own terms?

use afterimage_core::Config;
use afterimage_core::config::LogLevel;
use afterimage_core::node::Role;
use afterimage_core::port::Level;

/// The least important kind of line that is logged.
pub(crate) fn threshold(config: &Config) -> Level {
    match config.loglevel {
        LogLevel::Debug => Level::Debug,
        LogLevel::Verbose => Level::Verbose,
        LogLevel::Notice => Level::Notice,
        LogLevel::Warning => Level::Warning,
    }
}

/// The role in which a node starts.
pub(crate) fn first_role(config: &Config) -> Role {
    if config.replicaof.is_some() { Role::Replica } else { Role::Master }
}

/// The backlog of listening sockets, as the system call takes it.
pub(crate) fn backlog(config: &Config) -> i32 {
    i32::try_from(config.tcp_backlog).unwrap_or(i32::MAX)
}
