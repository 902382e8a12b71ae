//! What happened, in words?
//!
//! An optional record of a run, one line for each thing that a reader may want to follow. A world without a journal
//! spends nothing on it.

use std::fmt::Write as _;

use serde::Serialize;

use crate::queue::Micros;

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Bytes delivered.
    Bytes,
    /// Connections: dialled, accepted, ended.
    Link,
    /// The replication protocol: what a sync was answered by.
    Sync,
    /// A node's own log.
    Node,
    /// Starts and ends of nodes.
    Life,
    /// Faults and their ends.
    Fault,
    /// The operator.
    Operator,
    /// The world: quiet, convergence, violations.
    World,
    /// An event by itself, with the rolling hash after it.
    Event,
}

impl Topic {
    /// Its name, as in [`Line`]s for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Topic::Bytes => "bytes",
            Topic::Link => "link",
            Topic::Sync => "sync",
            Topic::Node => "node",
            Topic::Life => "life",
            Topic::Fault => "fault",
            Topic::Operator => "operator",
            Topic::World => "world",
            Topic::Event => "event",
        }
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// When, in microseconds of simulated time.
    pub at_us: Micros,
    /// What it is about.
    pub topic: Topic,
    /// The words.
    pub text: String,
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "t={}  {}", Clock(self.at_us), self.text)
    }
}

/// The lines of a journal that tell what happened, without the bytes that nodes sent each other and what they logged.
#[must_use]
pub fn story(lines: &[Line]) -> String {
    let is_of_a_client = |text: &str| {
        let ends = text.split("  ").next().unwrap_or_default().split(" -> ");
        ends.into_iter().any(|end| end.strip_prefix('c').is_some_and(|number| number.parse::<u16>().is_ok()))
    };
    let is_told = |line: &&Line| match line.topic {
        Topic::Bytes => is_of_a_client(&line.text),
        Topic::Sync | Topic::Life | Topic::Fault | Topic::Operator | Topic::World => true,
        Topic::Link | Topic::Node | Topic::Event => false,
    };
    lines.iter().filter(is_told).map(|line| format!("{line}\n")).collect()
}

/// A time in seconds with six digits after the point.
#[derive(Clone, Copy, Debug)]
pub struct Clock(pub Micros);

impl std::fmt::Display for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:06}s", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

/// The name of a host: A to Z, then N26 and so on.
#[must_use]
pub fn host_name(host: u16) -> String {
    match u8::try_from(host) {
        Ok(letter @ 0..=25) => char::from(b'A' + letter).to_string(),
        _ => format!("N{host}"),
    }
}

/// Bytes shown of what was delivered.
const SHOWN_BYTES: usize = 64;

/// The beginning of some bytes, readable on one line: protocol lines are joined by spaces, lengths left out.
pub(crate) fn gist(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(SHOWN_BYTES)];
    let mut text = String::new();
    for part in shown.split(|byte| *byte == b'\n') {
        let part = part.strip_suffix(b"\r").unwrap_or(part);
        let is_length = part.first() == Some(&b'$') && part[1..].iter().all(u8::is_ascii_digit);
        if !part.is_empty() && !is_length {
            let _ = write!(text, "{}{}", if text.is_empty() { "" } else { " " }, part.escape_ascii());
        }
    }
    if bytes.len() > SHOWN_BYTES {
        text.push_str(" ...");
    }
    if text.is_empty() && !bytes.is_empty() {
        text.push_str("(newline)");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        assert_eq!(gist(b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$2\r\n\0b\r\n"), "*3 SET a \\x00b");
        assert_eq!(gist(b"\n"), "(newline)");
        assert_eq!(format!("{}", Clock(12_345_678)), "12.345678s");
        assert_eq!((host_name(2).as_str(), host_name(26).as_str()), ("C", "N26"));
    }
}
