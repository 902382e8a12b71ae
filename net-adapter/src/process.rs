//! What does a node need to know of its process, and what does the process need of its operating system?

use std::env;
use std::fs;
use std::io;
use std::process;
use std::time::Duration;

use afterimage_core::Config;
use afterimage_core::port::{Environment, ProcessorTime, ProcessorTimes};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike};

use crate::{allocator, clock};

/// Descriptors that are not clients: listening sockets, files, the event loop. Redis reserves as many.
const DESCRIPTORS_RESERVED: u64 = 32;

/// What every node of this process is told.
pub(crate) fn environment(config_file: String) -> Environment {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let os = match env::consts::OS {
        "linux" => "Linux",
        "macos" => "Darwin",
        other => other,
    };
    Environment {
        process_id: process::id(),
        os: format!("{os} {} {}", release.trim(), env::consts::ARCH),
        executable: env::current_exe().map_or_else(|_| String::new(), |path| path.display().to_string()),
        config_file,
        monotonic_clock: "POSIX clock_gettime",
        multiplexing_api: if cfg!(target_os = "linux") { "epoll" } else { "kqueue" },
        allocator: allocator::name(),
        total_memory: total_memory(),
        stopwatch: clock::stopwatch,
        resident_memory,
        processor_time,
        allocator_report: allocator::report,
        ..Environment::default()
    }
}

/// Of the machine, in bytes; zero if unknown.
fn total_memory() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    bytes_of("MemTotal:", &text).unwrap_or(0)
}

pub(crate) fn processor_time() -> ProcessorTimes {
    let of = |who| {
        // The kernel knows all three; where one is unknown, nothing was counted.
        let Ok(usage) = getrusage(who) else { return ProcessorTime::default() };
        ProcessorTime { system: duration(usage.system_time()), user: duration(usage.user_time()) }
    };
    #[cfg(target_os = "linux")]
    let thread = of(UsageWho::RUSAGE_THREAD);
    #[cfg(not(target_os = "linux"))]
    let thread = ProcessorTime::default();
    ProcessorTimes { process: of(UsageWho::RUSAGE_SELF), children: of(UsageWho::RUSAGE_CHILDREN), thread }
}

fn duration(time: TimeVal) -> Duration {
    Duration::from_micros(u64::try_from(time.num_microseconds()).unwrap_or(0))
}

/// In bytes; zero if unknown.
pub(crate) fn resident_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    bytes_of("VmRSS:", &status).unwrap_or(0)
}

/// From a text like `/proc/self/status`, which, unlike `statm`, counts in a unit that does not depend on the page size.
fn bytes_of(name: &str, text: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(name))?;
    value.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
}

/// Turns huge pages off for the process, if `disable-thp` says so. The first touch of one stops everybody for as long as it takes to clear two
/// megabytes: on a virtual machine whose host must find them first, 10 to 20 ms were measured. Returns what to log if the system refuses.
///
/// Differs: Redis turns them off only where the system hands them out unasked. Its allocator does not ask for them; ours does.
pub(crate) fn choose_pages(config: &Config) -> Option<String> {
    let outcome = if config.disable_thp { turn_huge_pages_off() } else { Ok(()) };
    let error = outcome.err()?;
    Some(format!(
        "Warning: transparent huge pages stay as the system has them, which may cost milliseconds at a time: {error}"
    ))
}

#[cfg(target_os = "linux")]
fn turn_huge_pages_off() -> nix::Result<()> {
    nix::sys::prctl::set_thp_disable(true)
}

#[cfg(not(target_os = "linux"))]
fn turn_huge_pages_off() -> nix::Result<()> {
    Ok(())
}

/// Makes room for `maxclients` of all nodes in the table of open files. If there is less room than they ask for, their
/// `maxclients` is reduced, and what to log is returned.
pub(crate) fn make_room_for_clients(configs: &mut [Config]) -> Vec<String> {
    let nodes = configs.len() as u64;
    let asked: u64 = configs.iter().map(|config| u64::from(config.maxclients) + DESCRIPTORS_RESERVED).sum();
    let Ok(given) = rlimit::increase_nofile_limit(asked) else { return Vec::new() };
    if given >= asked {
        return Vec::new();
    }
    let each = (given / nodes).saturating_sub(DESCRIPTORS_RESERVED).max(1);
    let each = u32::try_from(each).unwrap_or(u32::MAX);
    let wanted = configs.iter().map(|config| config.maxclients).max().unwrap_or(0);
    for config in configs {
        config.maxclients = config.maxclients.min(each);
    }
    vec![
        format!("You requested maxclients of {wanted} requiring at least {asked} max file descriptors."),
        format!(
            "Current maximum open files is {given}. maxclients has been reduced to {each} to compensate for low \
             ulimit. If you need higher maxclients increase 'ulimit -n'."
        ),
    ]
}

/// A file with the process id, for as long as this lives.
pub(crate) struct PidFile(String);

impl PidFile {
    pub(crate) fn write(path: &str) -> io::Result<PidFile> {
        fs::write(path, format!("{}\n", process::id()))?;
        Ok(PidFile(path.to_owned()))
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_read_from_the_status_of_the_process() {
        assert_eq!(bytes_of("VmRSS:", "Name:\tx\nVmRSS:\t    5120 kB\nThreads:\t1\n"), Some(5_242_880));
        assert_eq!(bytes_of("VmRSS:", "Name:\tx\n"), None);
        assert_eq!(bytes_of("VmRSS:", "VmRSS:\t99999999999999999999 kB\n"), None);
    }

    #[test]
    fn clients_are_limited_to_the_descriptors_there_are() {
        let mut configs = vec![Config { maxclients: u32::MAX, ..Config::default() }; 2];
        let lines = make_room_for_clients(&mut configs);
        assert_eq!(lines.len(), 2);
        assert!(configs[0].maxclients < u32::MAX && configs[0] == configs[1]);
    }

    #[test]
    fn processor_time_grows_with_what_is_done() {
        let before = processor_time();
        let sum = (0..20_000_000_u64).fold(0, |sum, number| std::hint::black_box(sum ^ number));
        std::hint::black_box(sum);
        let after = processor_time();
        assert!(after.thread.user > before.thread.user && after.process.user > before.process.user);
    }
}
