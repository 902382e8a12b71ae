//! How does a log line look, and where does it go?
//!
//! Redis's form, which test drivers and log shippers read: `pid:role dd Mon yyyy HH:MM:SS.mmm level text`.

use std::fmt::Display;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::process;

use afterimage_core::node::Role;
use afterimage_core::port::{Level, Wall};
use jiff::{Timestamp, tz::TimeZone};

use crate::clock;

/// Who speaks, as one letter after the process id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaker {
    /// The process before it serves.
    Starting,
    /// A node in its role.
    Node(Role),
}

/// Where log lines go and which are left out.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    threshold: Level,
    /// Empty: standard output.
    file: String,
    /// The node's port, where one process runs several nodes.
    port: Option<u16>,
}

impl Log {
    /// Lines of `threshold` and above, to `file`, or to standard output if that is empty.
    pub(crate) fn new(threshold: Level, file: String) -> Log {
        Log { threshold, file, port: None }
    }

    /// Tries whether lines can be written, so that a wrong `logfile` is known before anything starts.
    pub(crate) fn check(&self) -> io::Result<()> {
        self.write(b"")
    }

    /// The same, with every line saying which node it is about.
    pub(crate) fn of_node(mut self, port: u16) -> Log {
        self.port = Some(port);
        self
    }

    /// Follows a change of configuration.
    pub(crate) fn adjust(&mut self, threshold: Level, file: &str) {
        self.threshold = threshold;
        if self.file != file {
            file.clone_into(&mut self.file);
        }
    }

    /// Writes one line. A log that cannot be written stops nobody, so errors end here.
    pub(crate) fn line(&self, speaker: Speaker, level: Level, text: impl Display) {
        if level < self.threshold {
            return;
        }
        let line = format_line(process::id(), speaker, clock::wall(), &TimeZone::system(), level, self.port, text);
        let _ = self.write(line.as_bytes());
    }

    /// A file is opened for each line, as Redis does, so that it may be rotated by renaming it.
    fn write(&self, line: &[u8]) -> io::Result<()> {
        if self.file.is_empty() {
            let mut out = io::stdout().lock();
            out.write_all(line)?;
            return out.flush();
        }
        OpenOptions::new().create(true).append(true).open(&self.file)?.write_all(line)
    }
}

/// Tells something outside the log, on standard output. Nobody may be reading there any more, so errors end here.
pub(crate) fn print(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// Tells why the process does not start, on standard error.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

fn format_line(
    pid: u32,
    speaker: Speaker,
    at: Wall,
    zone: &TimeZone,
    level: Level,
    port: Option<u16>,
    text: impl Display,
) -> String {
    let speaker = match speaker {
        Speaker::Starting => 'C',
        Speaker::Node(Role::Master) => 'M',
        Speaker::Node(Role::Replica) => 'S',
    };
    let level = match level {
        Level::Debug => '.',
        Level::Verbose => '-',
        Level::Notice => '*',
        Level::Warning => '#',
    };
    let at = i64::try_from(at.0).ok().and_then(|micros| Timestamp::from_microsecond(micros).ok()).unwrap_or_default();
    let at = at.to_zoned(zone.clone());
    let at = at.strftime("%d %b %Y %H:%M:%S%.3f");
    match port {
        Some(port) => format!("{pid}:{speaker} {at} {level} [{port}] {text}\n"),
        None => format!("{pid}:{speaker} {at} {level} {text}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Wall = Wall(1_754_000_000_042_999);

    #[test]
    fn lines_have_the_form_that_redis_gives_them() {
        let speaker = Speaker::Node(Role::Master);
        let line = format_line(42, speaker, AT, &TimeZone::UTC, Level::Notice, None, "Ready to accept connections");
        assert_eq!(line, "42:M 31 Jul 2025 22:13:20.042 * Ready to accept connections\n");
    }

    #[test]
    fn a_node_among_several_is_named_by_its_port() {
        let speaker = Speaker::Node(Role::Replica);
        let line = format_line(42, speaker, AT, &TimeZone::UTC, Level::Warning, Some(6380), "lost");
        assert_eq!(line, "42:S 31 Jul 2025 22:13:20.042 # [6380] lost\n");
    }

    #[test]
    fn times_beyond_the_calendar_do_not_panic() {
        let line = format_line(1, Speaker::Starting, Wall(u64::MAX), &TimeZone::UTC, Level::Debug, None, "x");
        assert!(line.starts_with("1:C 01 Jan 1970"), "{line}");
    }
}
