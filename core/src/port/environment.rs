//! What a driver tells a node of the process that it runs in.

use alloc::string::String;
use core::time::Duration;

use crate::museum::Defects;

/// What a node is told about the process it runs in. Used for INFO and statistics alone: no decision depends on it, but for its defects.
///
/// The default is a process that nobody knows anything of: what it counts is zero.
#[derive(Clone, Debug)]
pub struct Environment {
    /// The process id.
    pub process_id: u32,
    /// The operating system, as INFO prints it (`Linux 6.1.0 x86_64`).
    pub os: String,
    /// The path of the binary.
    pub executable: String,
    /// The path of the configuration file; empty if there is none.
    pub config_file: String,
    /// Where monotonic time comes from (`POSIX clock_gettime`).
    pub monotonic_clock: &'static str,
    /// How the driver waits for many connections at once (`epoll`).
    pub multiplexing_api: &'static str,
    /// Where memory comes from (`mimalloc-3.1.5`).
    pub allocator: String,
    /// Memory of the machine in bytes; zero if unknown.
    pub total_memory: u64,
    /// A stopwatch in nanoseconds for commandstats and SLOWLOG. The simulator hands in one that returns zero.
    pub stopwatch: fn() -> u64,
    /// Resident memory of the process in bytes; zero if unknown.
    pub resident_memory: fn() -> u64,
    /// Processor time that was used so far.
    pub processor_time: fn() -> ProcessorTimes,
    /// What the allocator tells of itself, for MEMORY MALLOC-STATS; empty if nothing.
    pub allocator_report: fn() -> String,
    /// Mistakes that it is to make; always none but in the simulator.
    pub defects: Defects,
}

impl Default for Environment {
    fn default() -> Environment {
        Environment {
            process_id: 0,
            os: String::new(),
            executable: String::new(),
            config_file: String::new(),
            monotonic_clock: "none",
            multiplexing_api: "none",
            allocator: String::from("none"),
            total_memory: 0,
            stopwatch: || 0,
            resident_memory: || 0,
            processor_time: ProcessorTimes::default,
            allocator_report: String::new,
            defects: Defects::default(),
        }
    }
}

/// Processor time, by who has used it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProcessorTimes {
    /// All threads of the process.
    pub process: ProcessorTime,
    /// Processes that it has started and that have ended.
    pub children: ProcessorTime,
    /// The thread that the node runs in.
    pub thread: ProcessorTime,
}

/// Processor time, by what was done in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProcessorTime {
    /// In the kernel.
    pub system: Duration,
    /// In our own code.
    pub user: Duration,
}
