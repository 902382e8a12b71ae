//! Which check barks at which byte?
//!
//! One byte of what was said becomes another one, and the checks are given the whole again. Whoever has understood what the byte stands for can tell what must come of it: each byte has a [`Kind`].

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::client::{Conversation, FIELDS, Said};
use super::format::{Capture, Happening, Party, Speaker};
use super::link::{Asked, Heard, Link};
use super::words::{Front, front};
use super::{Judged, judge};

/// What a byte is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A snapshot on the disk of a server that starts.
    SavedSnapshot,
    /// What a replica says of itself and its master's answers, before PSYNC is answered.
    Dialogue,
    /// PSYNC.
    Request,
    /// `+FULLRESYNC`, `+CONTINUE`.
    Answer,
    /// A data set, with what announces it.
    Snapshot,
    /// The stream.
    Stream,
    /// An acknowledgement.
    Ack,
    /// What a client asks a server about itself, or orders it to be.
    Question,
    /// What of INFO a check looks at, and the answers to DEBUG DIGEST and WAIT.
    Telling,
    /// The other lines of INFO.
    OtherLines,
    /// Whatever else clients say and are told.
    Client,
    /// The beginning of a command of the stream of which the rest was never sent; or what was said to nobody.
    Lost,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 12] = [
        Kind::SavedSnapshot,
        Kind::Dialogue,
        Kind::Request,
        Kind::Answer,
        Kind::Snapshot,
        Kind::Stream,
        Kind::Ack,
        Kind::Question,
        Kind::Telling,
        Kind::OtherLines,
        Kind::Client,
        Kind::Lost,
    ];

    /// In words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::SavedSnapshot => "snapshot on a disk",
            Kind::Dialogue => "dialogue before PSYNC",
            Kind::Request => "PSYNC",
            Kind::Answer => "answer to PSYNC",
            Kind::Snapshot => "data set",
            Kind::Stream => "stream",
            Kind::Ack => "acknowledgement",
            Kind::Question => "question of a client",
            Kind::Telling => "places, digests, WAIT",
            Kind::OtherLines => "other lines of INFO",
            Kind::Client => "clients' writes and reads",
            Kind::Lost => "half a command, cut off",
        }
    }
}

/// One byte that is another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Alteration {
    /// Which of all bytes that were said, counted from 0.
    pub at: usize,
    /// The bits that flip.
    pub bits: u8,
}

impl Capture {
    /// How many bytes were said or lay on disks.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.iter().map(|record| payload(&record.what).len()).sum()
    }

    /// True if nothing was said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The same with one byte altered.
    #[must_use]
    pub fn altered(&self, alteration: Alteration) -> Capture {
        let mut altered = self.clone();
        let mut left = alteration.at;
        for record in &mut altered.records {
            let bytes = match &mut record.what {
                Happening::Says { bytes, .. } | Happening::Starts { snapshot: Some(bytes), .. } => bytes,
                _ => continue,
            };
            if let Some(byte) = bytes.get_mut(left) {
                *byte ^= alteration.bits;
                return altered;
            }
            left -= bytes.len();
        }
        altered
    }

    /// What each byte is a part of.
    #[must_use]
    pub fn kinds(&self) -> Vec<Kind> {
        let mut sorter = Sorter::default();
        self.records.iter().for_each(|record| sorter.take(&record.what));
        sorter.kinds
    }
}

fn payload(what: &Happening) -> &[u8] {
    match what {
        Happening::Says { bytes, .. } | Happening::Starts { snapshot: Some(bytes), .. } => bytes,
        _ => &[],
    }
}

enum Conn {
    Link(Link),
    Conversation(Conversation),
}

/// Goes through a capture and tells what is said.
#[derive(Default)]
struct Sorter {
    conns: BTreeMap<u32, Conn>,
    /// Of each direction of each connection, the bytes that are a part of what is not said to its end yet.
    unsaid: BTreeMap<(u32, bool), Vec<usize>>,
    kinds: Vec<Kind>,
    bytes: Vec<u8>,
    /// Of each link, what has come of a command of the stream that is not whole.
    halves: BTreeMap<u32, Vec<usize>>,
}

impl Sorter {
    fn take(&mut self, what: &Happening) {
        match what {
            Happening::Starts { snapshot: Some(bytes), .. } => {
                self.kinds.resize(self.kinds.len() + bytes.len(), Kind::SavedSnapshot);
                self.bytes.extend_from_slice(bytes);
            }
            Happening::Dials { conn, from: Party::Host(from), to } => {
                self.conns.insert(*conn, Conn::Link(Link::new(*from, *to)));
            }
            Happening::Dials { conn, from: Party::Client(client), to } => {
                self.conns.insert(*conn, Conn::Conversation(Conversation::new(*client, *to)));
            }
            Happening::Hangs { conn } => {
                self.conns.remove(conn);
                for at in self.halves.remove(conn).into_iter().flatten() {
                    self.kinds[at] = Kind::Lost;
                }
            }
            Happening::Says { conn, speaker, bytes } => self.says(*conn, *speaker, bytes),
            _ => {}
        }
    }

    fn says(&mut self, conn: u32, speaker: Speaker, bytes: &[u8]) {
        let first = self.kinds.len();
        self.kinds.resize(first + bytes.len(), Kind::Lost);
        self.bytes.extend_from_slice(bytes);
        let is_asked = speaker == Speaker::Dialler;
        let mut unsaid = self.unsaid.remove(&(conn, is_asked)).unwrap_or_default();
        unsaid.extend(first..first + bytes.len());
        let said: Vec<(Kind, usize)> = match (self.conns.get_mut(&conn), is_asked) {
            (None, _) => return,
            (Some(Conn::Link(link)), true) => {
                link.asks(bytes).into_iter().map(|(asked, len)| (on(&asked), len)).collect()
            }
            (Some(Conn::Link(link)), false) => hears(link, bytes, unsaid.len() - bytes.len()),
            (Some(Conn::Conversation(talk)), true) => {
                talk.asks(bytes).into_iter().map(|(said, len)| (asks(&said), len)).collect()
            }
            (Some(Conn::Conversation(talk)), false) => {
                talk.hears(bytes).into_iter().map(|(said, len)| (tells(&said), len)).collect()
            }
        };
        for (kind, len) in said {
            let said: Vec<usize> = unsaid.drain(..len).collect();
            said.iter().for_each(|at| self.kinds[*at] = kind);
            match kind {
                Kind::Telling => self.look_into(&said),
                Kind::Stream => self.takes_commands(conn, said),
                _ => {}
            }
        }
        self.unsaid.insert((conn, is_asked), unsaid);
    }

    /// The stream goes on: what is a whole command is done with.
    fn takes_commands(&mut self, conn: u32, said: Vec<usize>) {
        let half = self.halves.entry(conn).or_default();
        half.extend(said);
        let text: Vec<u8> = half.iter().map(|at| self.bytes[*at]).collect();
        let mut used = 0;
        loop {
            match front(&text[used..]) {
                Front::Command(_, len) => used += len,
                Front::Newline => used += 1,
                Front::Nonsense => used = text.len(),
                Front::Incomplete => break,
            }
        }
        half.drain(..used);
    }

    /// Of INFO only some lines are looked at.
    fn look_into(&mut self, said: &[usize]) {
        let text: Vec<u8> = said.iter().map(|at| self.bytes[*at]).collect();
        if !text.starts_with(b"$") {
            return;
        }
        let is_looked_at = |line: &[u8]| FIELDS.iter().any(|name| line.starts_with(name.as_bytes()));
        let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
        let mut at = 0;
        for (index, line) in lines.iter().enumerate() {
            let is_first_or_last = index == 0 || index + 1 == lines.len();
            if !is_first_or_last && !is_looked_at(line) {
                // The end of a line is where the next one begins.
                let is_next = lines.get(index + 1).is_some_and(|line| is_looked_at(line));
                said[at..at + line.len() - usize::from(is_next)]
                    .iter()
                    .for_each(|at| self.kinds[*at] = Kind::OtherLines);
            }
            at += line.len();
        }
    }
}

fn on(asked: &Asked) -> Kind {
    match asked {
        Asked::Sync(_) | Asked::HandOver(_) => Kind::Request,
        Asked::Ack(_) => Kind::Ack,
        Asked::Other | Asked::Nonsense => Kind::Dialogue,
    }
}

fn asks(said: &Said) -> Kind {
    // Where a server is told to go is seen when it dials.
    if matches!(said, Said::Other | Said::Redirects) { Kind::Client } else { Kind::Question }
}

fn tells(said: &Said) -> Kind {
    if matches!(said, Said::Other) { Kind::Client } else { Kind::Telling }
}

/// What a master says next, with its length; so many bytes of it came before.
fn hears(link: &mut Link, bytes: &[u8], mut before: usize) -> Vec<(Kind, usize)> {
    let (mut rest, mut said) = (bytes, Vec::new());
    while !rest.is_empty() {
        let (heard, used) = link.hears(rest);
        rest = &rest[used..];
        let kind = match heard {
            None => {
                before += used;
                continue;
            }
            Some(Heard::Line(_)) => Kind::Dialogue,
            Some(Heard::Full(..) | Heard::Continue(..)) => Kind::Answer,
            Some(Heard::Data(..)) => Kind::Snapshot,
            Some(Heard::Stream(_)) => Kind::Stream,
        };
        said.push((kind, std::mem::take(&mut before) + used));
    }
    said
}

/// What came of alterations of the bytes of one kind.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Count {
    /// By what was broken.
    pub broken: BTreeMap<&'static str, usize>,
    /// What was altered so that no check has barked.
    pub silent: Vec<Alteration>,
}

/// What came of a capture, altered at one byte after another.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Sweep {
    /// By what the byte is a part of.
    pub counts: BTreeMap<Kind, Count>,
}

/// Alters a capture at each of these bytes, once for each, and judges it.
#[must_use]
pub fn sweep(capture: &Capture, bytes: impl IntoIterator<Item = usize>, bits: u8) -> Sweep {
    let mut sweep = Sweep::default();
    let kinds = capture.kinds();
    for at in bytes {
        let Some(&kind) = kinds.get(at) else { continue };
        let alteration = Alteration { at, bits };
        let Judged { violation, .. } = judge(&capture.altered(alteration));
        let count = sweep.counts.entry(kind).or_default();
        match violation {
            Some(violation) => *count.broken.entry(violation.property.name()).or_default() += 1,
            None => count.silent.push(alteration),
        }
    }
    sweep
}

impl fmt::Display for Sweep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, Count { broken, silent }) in &self.counts {
            let barked: usize = broken.values().sum();
            writeln!(f, "{}: {} altered, {barked} found, {} not", kind.name(), barked + silent.len(), silent.len())?;
            for (property, count) in broken {
                writeln!(f, "  {property}: {count}")?;
            }
        }
        Ok(())
    }
}
