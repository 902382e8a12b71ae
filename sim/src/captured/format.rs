//! In which form is a capture kept?
//!
//! Lines of text: a head, then one for each thing that happened, in one order over all connections. A byte was written down before it was passed on, so whoever has acted upon a byte has done so
//! behind its line.
//!
//! ```text
//! afterimage-capture 1
//! server redis 7.0.15
//! session a full synchronisation
//! hosts 3
//! backlog 1048576
//! 0.000000 A starts
//! 0.134000 #1 c1 dials A
//! 0.134100 #1 > "*1\r\n$4\r\nPING\r\n"
//! 0.134200 #1 < "+PONG\r\n"
//! 0.135000 #1 ends
//! 0.140000 rests
//! 0.150000 A ends
//! 0.160000 A starts from "REDIS0010..."
//! ```

use std::fmt;
use std::str::FromStr;

use super::shadow::Sight;
use crate::journal::{Clock, host_name};
use crate::queue::Micros;

/// The first line of a file.
const MAGIC: &str = "afterimage-capture 1";
/// Hosts and clients of a capture are few.
const SITES_MAX: u16 = 26;

/// Who takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    /// A server.
    Host(u16),
    /// Somebody who asks servers, counted from 0.
    Client(u16),
}

/// Who of the two at a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// Whoever dialled.
    Dialler,
    /// Whoever was dialled.
    Acceptor,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A server starts, on a snapshot if there is one on its disk.
    Starts {
        /// Which one.
        host: u16,
        /// What its `dump.rdb` holds.
        snapshot: Option<Vec<u8>>,
    },
    /// A server's process has ended.
    Ends {
        /// Which one.
        host: u16,
    },
    /// A connection is made.
    Dials {
        /// Its name.
        conn: u32,
        /// Who dials.
        from: Party,
        /// The server that is dialled.
        to: u16,
    },
    /// Bytes come by a connection.
    Says {
        /// Which one.
        conn: u32,
        /// From whom.
        speaker: Speaker,
        /// The next bytes in that direction.
        bytes: Vec<u8>,
    },
    /// The dialled one says nothing more over a connection, or its dialler is gone.
    Hangs {
        /// Which one.
        conn: u32,
    },
    /// Nothing is under way: all servers were seen to stand where their master does.
    Rests,
}

/// One thing that happened, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Since the capture was begun.
    pub at_us: Micros,
    /// What.
    pub what: Happening,
}

/// What servers and their clients said to each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capture {
    /// What they were.
    pub server: String,
    /// What they did.
    pub session: String,
    /// How many servers.
    pub hosts: u16,
    /// Their `repl-backlog-size`.
    pub backlog_bytes: u64,
    /// What happened, in order.
    pub records: Vec<Record>,
}

impl Capture {
    /// By what the data of its servers can be compared.
    pub(super) fn sight(&self) -> Sight {
        let writes_old_rdb = ["redis 5.", "redis 6."].iter().any(|release| self.server.starts_with(release));
        if writes_old_rdb { Sight::Redis } else { Sight::Own }
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Party::Host(host) => f.write_str(&host_name(*host)),
            Party::Client(client) => write!(f, "c{}", client + 1),
        }
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clock = Clock(self.at_us).to_string();
        write!(f, "{} ", clock.trim_end_matches('s'))?;
        match &self.what {
            Happening::Starts { host, snapshot: None } => write!(f, "{} starts", host_name(*host)),
            Happening::Starts { host, snapshot: Some(bytes) } => {
                write!(f, "{} starts from \"{}\"", host_name(*host), bytes.escape_ascii())
            }
            Happening::Ends { host } => write!(f, "{} ends", host_name(*host)),
            Happening::Dials { conn, from, to } => write!(f, "#{conn} {from} dials {}", host_name(*to)),
            Happening::Says { conn, speaker, bytes } => {
                let arrow = if *speaker == Speaker::Dialler { '>' } else { '<' };
                write!(f, "#{conn} {arrow} \"{}\"", bytes.escape_ascii())
            }
            Happening::Hangs { conn } => write!(f, "#{conn} ends"),
            Happening::Rests => f.write_str("rests"),
        }
    }
}

impl fmt::Display for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Capture { server, session, hosts, backlog_bytes, records } = self;
        writeln!(f, "{MAGIC}\nserver {server}\nsession {session}\nhosts {hosts}\nbacklog {backlog_bytes}")?;
        records.iter().try_for_each(|record| writeln!(f, "{record}"))
    }
}

impl FromStr for Capture {
    type Err = String;

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Says which line is wrong.
    fn from_str(text: &str) -> Result<Capture, String> {
        let mut lines = text.lines().enumerate();
        if lines.next().is_none_or(|(_, line)| line != MAGIC) {
            return Err(format!("line 1: a capture begins with `{MAGIC}`"));
        }
        let mut head = |name: &str| {
            let found = lines.next().and_then(|(_, line)| line.strip_prefix(name)?.strip_prefix(' '));
            found.map(str::to_owned).ok_or_else(|| format!("the head has no line `{name} ...` where it should be"))
        };
        let (server, session) = (head("server")?, head("session")?);
        let hosts = head("hosts")?.parse().ok().filter(|hosts| (1..=SITES_MAX).contains(hosts));
        let hosts = hosts.ok_or_else(|| format!("there are between 1 and {SITES_MAX} hosts"))?;
        let backlog_bytes = head("backlog")?.parse().map_err(|error| format!("backlog: {error}"))?;
        let record = |(index, line): (usize, &str)| {
            read_record(line, hosts).ok_or_else(|| format!("line {}: nothing of a capture: {line:.80}", index + 1))
        };
        let records = lines.map(record).collect::<Result<Vec<Record>, String>>()?;
        Ok(Capture { server, session, hosts, backlog_bytes, records })
    }
}

fn read_record(line: &str, hosts: u16) -> Option<Record> {
    let (clock, rest) = line.split_once(' ')?;
    let (seconds, micros) = clock.split_once('.').filter(|(_, micros)| micros.len() == 6)?;
    let at_us = seconds.parse::<u64>().ok()?.checked_mul(1_000_000)?.checked_add(micros.parse().ok()?)?;
    let host = |name: &str| (0..hosts).find(|host| host_name(*host) == name);
    let what = match rest.split_once(' ') {
        None if rest == "rests" => Happening::Rests,
        None => return None,
        Some((name, of_conn)) if name.starts_with('#') => {
            let conn = name[1..].parse().ok()?;
            match of_conn.split_once(' ') {
                None if of_conn == "ends" => Happening::Hangs { conn },
                Some((">", bytes)) => Happening::Says { conn, speaker: Speaker::Dialler, bytes: unquote(bytes)? },
                Some(("<", bytes)) => Happening::Says { conn, speaker: Speaker::Acceptor, bytes: unquote(bytes)? },
                Some((from, dials)) => {
                    let client = from.strip_prefix('c').and_then(|number| number.parse::<u16>().ok()?.checked_sub(1));
                    let from = match client.filter(|client| *client < SITES_MAX) {
                        Some(client) => Party::Client(client),
                        None => Party::Host(host(from)?),
                    };
                    Happening::Dials { conn, from, to: host(dials.strip_prefix("dials ")?)? }
                }
                None => return None,
            }
        }
        Some((name, "ends")) => Happening::Ends { host: host(name)? },
        Some((name, "starts")) => Happening::Starts { host: host(name)?, snapshot: None },
        Some((name, starts)) => {
            let snapshot = Some(unquote(starts.strip_prefix("starts from ")?)?);
            Happening::Starts { host: host(name)?, snapshot }
        }
    };
    Some(Record { at_us, what })
}

/// What was written by `escape_ascii` between double quotes.
fn unquote(text: &str) -> Option<Vec<u8>> {
    let mut rest = text.strip_prefix('"')?.strip_suffix('"')?.bytes();
    let mut bytes = Vec::with_capacity(rest.len());
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next()? {
                b'r' => b'\r',
                b'n' => b'\n',
                b't' => b'\t',
                b'x' => {
                    let digit = |byte: u8| char::from(byte).to_digit(16);
                    let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
                    u8::try_from(high << 4 | low).ok()?
                }
                escaped @ (b'\\' | b'"' | b'\'') => escaped,
                _ => return None,
            },
            byte => byte,
        });
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capture_is_read_back_as_it_was_written() {
        let all: Vec<u8> = (0..=255).collect();
        let what = [
            Happening::Starts { host: 0, snapshot: None },
            Happening::Starts { host: 1, snapshot: Some(all.clone()) },
            Happening::Dials { conn: 1, from: Party::Host(1), to: 0 },
            Happening::Dials { conn: 2, from: Party::Client(0), to: 1 },
            Happening::Says { conn: 1, speaker: Speaker::Dialler, bytes: b"it's \"so\"\r\n".to_vec() },
            Happening::Says { conn: 1, speaker: Speaker::Acceptor, bytes: all },
            Happening::Hangs { conn: 1 },
            Happening::Rests,
            Happening::Ends { host: 1 },
        ];
        let records = what.into_iter().zip(0..).map(|(what, index)| Record { at_us: 999_999 * index, what }).collect();
        let (server, session) = ("redis 7.0.15".to_owned(), "a test".to_owned());
        let capture = Capture { server, session, hosts: 2, backlog_bytes: 16384, records };
        assert_eq!(capture.to_string().parse(), Ok(capture));
    }

    #[test]
    fn what_is_no_capture_is_refused_with_its_line() {
        let head = "afterimage-capture 1\nserver s\nsession x\nhosts 2\nbacklog 1\n";
        assert!(head.parse::<Capture>().is_ok());
        for line in ["", "0.1 rests", "0.000000 C starts", "0.000000 #1 > \"", "0.000000 #1 < \"\\q\"", "0.000000 hm"] {
            let error = format!("{head}{line}\n").parse::<Capture>().expect_err(line);
            assert!(error.starts_with("line 6: "), "{error}");
        }
        assert!("afterimage-capture 2\n".parse::<Capture>().is_err());
    }
}
