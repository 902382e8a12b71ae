//! What does a node write down of its data and its master, so that its next life knows what it may have lost?
//!
//! A text of a line for each fact, sealed by a checksum of all lines before it, so that a torn or damaged one is none at all. It lies beside the snapshot
//! (`<dbfilename>.evidence`), is replaced as a whole, and tells nothing that a snapshot or an append-only file would not tell better: only that there was something.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::codec::crc64;
use crate::codec::number::parse_u64;
use crate::config::Endpoint;
use crate::replication::{Class, Lineage, Position, ReplicationId, Suspect, parse_offset};

/// What the first line must be.
const HEAD: &str = "afterimage-evidence 1";
/// What the last line begins with; sixteen hexadecimal digits follow.
const SUM: &str = "sum ";
/// Whether the place where a history left another one is known, or only how far the node itself had come when it learnt its name.
const EXACT: &str = "exact";
const LATE: &str = "late";

/// The most that is read of a file: with the longest name of a host it takes less than a fifth of that.
pub const EVIDENCE_BYTES_MAX: u32 = 4096;

/// What a node knew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceRecord {
    /// The master whose stream it had, if it was a replica that had one.
    pub in_step_with: Option<Endpoint>,
    /// A history of that master that was found to lack what the node had.
    pub suspect: Option<Suspect>,
    /// Where it stood.
    pub position: Position,
    /// What the history there goes on from, if it was a replica and knew.
    pub lineage: Option<Lineage>,
    /// Its keys, in all databases.
    pub keys: u64,
    /// Memory that they took, in bytes.
    pub bytes: u64,
    /// Replicas that it had, or had last.
    pub replicas: u64,
}

/// Why a file is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvidenceError {
    /// Its first line is another one: it is not ours, or of another version.
    Foreign,
    /// The checksum is missing or wrong: it is torn, damaged or edited.
    Damaged,
    /// A line is missing, or says what it cannot say.
    Line(&'static str),
}

impl fmt::Display for EvidenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EvidenceError::Foreign => write!(f, "it does not begin with '{HEAD}'"),
            EvidenceError::Damaged => f.write_str("its checksum is missing or wrong"),
            EvidenceError::Line(name) => write!(f, "it does not tell '{name}'"),
        }
    }
}

impl EvidenceRecord {
    /// The bytes of the file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let EvidenceRecord { in_step_with, suspect, position, lineage, keys, bytes, replicas } = self;
        let mut digits = itoa::Buffer::new();
        let mut text = String::from(HEAD);
        text.push('\n');
        if let Some(Endpoint { host, port }) = in_step_with {
            push_line(&mut text, "master", &[digits.format(*port), host]);
        }
        if let Some(Suspect { history, class }) = suspect {
            push_line(&mut text, "suspect", &[history.as_str(), &ClassWords(*class).to_string()]);
        }
        push_line(&mut text, "replid", &[position.history.as_str()]);
        if let Some(Lineage { before, first_other, is_exact, .. }) = lineage {
            let precision = if *is_exact { EXACT } else { LATE };
            push_line(&mut text, "replid2", &[before.as_str(), digits.format(*first_other), precision]);
        }
        for (name, number) in [("offset", position.offset), ("keys", *keys), ("bytes", *bytes), ("replicas", *replicas)]
        {
            push_line(&mut text, name, &[digits.format(number)]);
        }
        let sum = crc64::update(0, text.as_bytes());
        push_line(&mut text, SUM.trim_end(), &[&alloc::format!("{sum:016x}")]);
        text.into_bytes()
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Says why it is to be passed over.
    pub fn parse(bytes: &[u8]) -> Result<EvidenceRecord, EvidenceError> {
        let text = core::str::from_utf8(bytes).map_err(|_| EvidenceError::Damaged)?;
        if text.lines().next() != Some(HEAD) {
            return Err(EvidenceError::Foreign);
        }
        let (sealed, sum) = text.rsplit_once(SUM).ok_or(EvidenceError::Damaged)?;
        let computed = crc64::update(0, sealed.as_bytes());
        if !sealed.ends_with('\n') || sum != alloc::format!("{computed:016x}\n") {
            return Err(EvidenceError::Damaged);
        }
        let find = |name: &str| sealed.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let number = |name: &'static str| {
            find(name).and_then(|value| parse_u64(value.as_bytes())).ok_or(EvidenceError::Line(name))
        };
        let history = find("replid").and_then(|id| ReplicationId::parse(id.as_bytes()));
        let history = history.ok_or(EvidenceError::Line("replid"))?;
        let offset = find("offset").and_then(|offset| parse_offset(offset.as_bytes()));
        Ok(EvidenceRecord {
            in_step_with: find("master")
                .map(|words| endpoint(words).ok_or(EvidenceError::Line("master")))
                .transpose()?,
            suspect: find("suspect").map(|words| suspect(words).ok_or(EvidenceError::Line("suspect"))).transpose()?,
            position: Position { history, offset: offset.ok_or(EvidenceError::Line("offset"))? },
            lineage: find("replid2")
                .map(|words| lineage(history, words).ok_or(EvidenceError::Line("replid2")))
                .transpose()?,
            keys: number("keys")?,
            bytes: number("bytes")?,
            replicas: number("replicas")?,
        })
    }
}

fn push_line(text: &mut String, name: &str, words: &[&str]) {
    text.push_str(name);
    for word in words {
        text.push(' ');
        text.push_str(word);
    }
    text.push('\n');
}

/// A port and a host, which has any characters but the end of a line.
fn endpoint(words: &str) -> Option<Endpoint> {
    let (port, host) = words.split_once(' ')?;
    Some(Endpoint { host: host.to_string(), port: port.parse().ok()? })
}

fn lineage(history: ReplicationId, words: &str) -> Option<Lineage> {
    let (before, rest) = words.split_once(' ')?;
    let (first_other, precision) = rest.split_once(' ')?;
    let is_exact = match precision {
        EXACT => true,
        LATE => false,
        _ => return None,
    };
    let (before, first_other) = (ReplicationId::parse(before.as_bytes())?, parse_u64(first_other.as_bytes())?);
    Some(Lineage { history, before, first_other, is_exact })
}

fn suspect(words: &str) -> Option<Suspect> {
    let (history, class) = words.split_once(' ')?;
    let history = ReplicationId::parse(history.as_bytes())?;
    let number = |words: &str| parse_u64(words.as_bytes());
    let class = match class.split_once(' ') {
        None if class == "empty" => Class::Empty,
        Some(("shrunk", keys)) => Class::Shrunk { keys: number(keys)? },
        Some(("rollback", bytes)) => Class::RolledBack { bytes: number(bytes)? },
        _ => return None,
    };
    Some(Suspect { history, class })
}

/// A class as the file names it.
struct ClassWords(Class);

impl fmt::Display for ClassWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            // Nobody is suspected of it.
            Class::Harmless => f.write_str("harmless"),
            Class::Empty => f.write_str("empty"),
            Class::Shrunk { keys } => write!(f, "shrunk {keys}"),
            Class::RolledBack { bytes } => write!(f, "rollback {bytes}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> EvidenceRecord {
        let history = |letter: u8| ReplicationId::new([letter; 40]);
        EvidenceRecord {
            in_step_with: Some(Endpoint { host: "redis 0.local".to_string(), port: 6379 }),
            suspect: Some(Suspect { history: history(b'b'), class: Class::RolledBack { bytes: 17 } }),
            position: Position { history: history(b'a'), offset: 48_840 },
            lineage: Some(Lineage { history: history(b'a'), before: history(b'9'), first_other: 7000, is_exact: true }),
            keys: 1500,
            bytes: 1 << 20,
            replicas: 2,
        }
    }

    #[test]
    fn a_record_comes_back_as_it_was() {
        let classes = [Class::Empty, Class::Shrunk { keys: 3 }, Class::RolledBack { bytes: 0 }];
        let suspects = classes.map(|class| Some(Suspect { history: ReplicationId::new([b'c'; 40]), class }));
        for suspect in suspects.into_iter().chain([None]) {
            for in_step_with in [record().in_step_with, None] {
                let late = record().lineage.map(|lineage| Lineage { is_exact: false, ..lineage });
                let lineage =
                    if suspect.is_some() { late } else { record().lineage.filter(|_| in_step_with.is_some()) };
                let told = EvidenceRecord { suspect, in_step_with, lineage, ..record() };
                let bytes = told.to_bytes();
                assert!(bytes.len() < EVIDENCE_BYTES_MAX as usize / 4);
                assert_eq!(EvidenceRecord::parse(&bytes), Ok(told));
            }
        }
    }

    #[test]
    fn a_torn_or_damaged_one_is_none_wherever_it_is_torn_or_damaged() {
        let bytes = record().to_bytes();
        for len in 0..bytes.len() {
            assert!(EvidenceRecord::parse(&bytes[..len]).is_err(), "{len}");
        }
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            assert!(EvidenceRecord::parse(&flipped).is_err(), "{at}");
        }
        assert!(EvidenceRecord::parse(&[bytes.as_slice(), b"more"].concat()).is_err());
    }

    #[test]
    fn a_foreign_one_is_named_so_and_a_sealed_one_must_tell_all() {
        assert_eq!(EvidenceRecord::parse(b"REDIS0011"), Err(EvidenceError::Foreign));
        assert_eq!(EvidenceRecord::parse(b"afterimage-evidence 2\n"), Err(EvidenceError::Foreign));
        let mut text = String::from("afterimage-evidence 1\nkeys 5\n");
        let sum = crc64::update(0, text.as_bytes());
        push_line(&mut text, "sum", &[&alloc::format!("{sum:016x}")]);
        assert_eq!(EvidenceRecord::parse(text.as_bytes()), Err(EvidenceError::Line("replid")));
    }
}
