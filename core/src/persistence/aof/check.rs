//! How much of a file of commands may be loaded, and which place in a history are the data at then?
//!
//! A file is good up to the last whole command or transaction, and, where there are seals, up to the last one that holds. What is good stays good
//! whatever comes, so that it can be carried out while the rest is still being checked.
//!
//! Damage is one of two things. What was never synced may be lost in a crash, wholly or in part: that is cut, and nobody was promised it. What was
//! synced and reads differently now has rotted: nothing of it is served. Each seal tells how far the file had been synced when it was written, so that
//! a sound one behind the damage tells the two apart.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::codec::crc64;
use crate::replication::Position;
use crate::resp::{Parsed, RequestLimits, RequestParser};

use super::marks::{LINE_BYTES_MAX, Mark, Seal};

/// What is wrong with a file, and where it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage {
    /// In bytes from the beginning. Nothing before it is harmed.
    pub position: u64,
    /// What is wrong there, or behind.
    pub fault: Fault,
}

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It ends within a command.
    EndsInCommand,
    /// It ends within a transaction.
    EndsInTransaction,
    /// It ends within what was sealed.
    EndsInSeal,
    /// There is something else where a command must begin, or within one.
    NoCommand,
    /// A checksum does not match what it seals.
    Checksum,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.fault {
            Fault::EndsInCommand => "unexpected end of file within a command",
            Fault::EndsInTransaction => "unexpected end of file within a transaction",
            Fault::EndsInSeal => "unexpected end of file within what was written at once",
            Fault::NoCommand => "bad file format",
            Fault::Checksum => "checksum mismatch",
        })?;
        write!(f, " (at byte {})", self.position)
    }
}

/// What a check has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Bytes of the file.
    pub file_bytes: u64,
    /// Bytes that may be loaded.
    pub good_bytes: u64,
    /// What begins behind them, if they are not the whole file.
    pub damage: Option<Damage>,
    /// True if what is damaged had been synced once: it has rotted.
    pub is_rotten: bool,
    /// True if what is damaged was written by us: it was sealed, or follows a seal.
    pub is_ours: bool,
    /// True if it begins with a remark, and not with a seal that holds, as a file of ours does.
    pub begins_unsealed: bool,
    /// Up to where the file tells to have reached the disk. What is behind that may have, too.
    pub synced_bytes: u64,
    /// Where the data are once the good part is loaded, if the file tells.
    pub position: Option<Position>,
}

impl Verdict {
    /// How many bytes are to be cut off the end, or why the file must not be loaded.
    pub fn cut_bytes(&self) -> Result<u64, String> {
        let Some(damage) = &self.damage else { return Ok(0) };
        let is_unfinished = self.is_ours || matches!(damage.fault, Fault::EndsInCommand | Fault::EndsInTransaction);
        match (self.is_rotten, is_unfinished) {
            (true, _) => Err(format!("{damage}, in what had reached the disk once: the file has rotted there")),
            (false, true) => Ok(self.file_bytes - self.good_bytes),
            (false, false) => Err(damage.to_string()),
        }
    }
}

/// Checks a file that it is fed in pieces of any size.
#[derive(Clone, Debug)]
pub struct Checker {
    verifies_sums: bool,
    parser: RequestParser,
    /// Bytes that were fed and not understood yet. They begin at `at`, where a command or a line does.
    tail: Vec<u8>,
    /// Bytes understood.
    at: u64,
    /// Within a transaction.
    is_in_block: bool,
    good: Good,
    place: Place,
    sealed: Option<Sealed>,
    /// Up to where a seal that is sound tells to have been synced.
    synced_bytes: u64,
    /// What came last was sealed.
    is_ours: bool,
    /// The first line is a remark, and no seal.
    begins_unsealed: bool,
    search: Option<Search>,
}

/// The part that may be loaded whatever comes.
#[derive(Clone, Copy, Debug, Default)]
struct Good {
    bytes: u64,
    position: Option<Position>,
}

/// Where the data are in a history.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    position: Option<Position>,
    /// Bytes to come that belong to no history.
    own_bytes: u64,
}

/// Within what was sealed.
#[derive(Clone, Copy, Debug)]
struct Sealed {
    seal: Seal,
    sum: u64,
    left: u64,
}

impl Checker {
    /// A checker of a file from its beginning. Checksums are compared if `verifies_sums`.
    #[must_use]
    pub fn new(verifies_sums: bool) -> Checker {
        Checker {
            verifies_sums,
            parser: RequestParser::default(),
            tail: Vec::new(),
            at: 0,
            is_in_block: false,
            good: Good::default(),
            place: Place::default(),
            sealed: None,
            synced_bytes: 0,
            is_ours: false,
            begins_unsealed: false,
            search: None,
        }
    }

    /// Takes in the next bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        if let Some(search) = &mut self.search {
            self.at += bytes.len() as u64;
            return search.feed(bytes);
        }
        if self.tail.is_empty() {
            let used = self.read(bytes);
            return self.keep(&bytes[used..]);
        }
        let mut tail = core::mem::take(&mut self.tail);
        tail.extend_from_slice(bytes);
        let used = self.read(&tail);
        self.keep(&tail[used..]);
    }

    /// Keeps what is not understood yet, or hands it to the search.
    fn keep(&mut self, rest: &[u8]) {
        match &mut self.search {
            Some(search) => {
                self.at += rest.len() as u64;
                search.feed(rest);
            }
            None => self.tail = rest.to_vec(),
        }
    }

    /// Understands as much as is there; returns how many bytes that were.
    fn read(&mut self, bytes: &[u8]) -> usize {
        let mut used = 0;
        while used < bytes.len() {
            let rest = &bytes[used..];
            let step = match rest[0] {
                b'#' => self.read_line(rest),
                b'*' => self.read_command(rest),
                _ => Err(Fault::NoCommand),
            };
            match step.and_then(|len| len.map(|len| self.pass(&rest[..len])).transpose()) {
                Ok(Some(len)) => used += len,
                Ok(None) => break,
                Err(fault) => {
                    self.search = Some(Search::behind(Damage { position: self.good.bytes, fault }));
                    break;
                }
            }
        }
        used
    }

    fn read_line(&mut self, rest: &[u8]) -> Result<Option<usize>, Fault> {
        let Some(end) = rest.iter().take(LINE_BYTES_MAX).position(|&byte| byte == b'\n') else {
            return if rest.len() < LINE_BYTES_MAX { Ok(None) } else { Err(Fault::NoCommand) };
        };
        let line = rest[..end].trim_ascii_end();
        let mark = Mark::parse(line);
        self.begins_unsealed |= self.at == 0 && !matches!(mark, Mark::Seal(_));
        match mark {
            // A block that was never written must not hide behind the beginning of a line.
            Mark::Foreign if line.contains(&0) => return Err(Fault::NoCommand),
            // Seals hold whole units, and no other seals.
            Mark::Seal(_) if self.sealed.is_some() || self.is_in_block => return Err(Fault::NoCommand),
            Mark::Seal(seal) => {
                // The line itself is covered by what it begins, and counts as read when that is through.
                let left = seal.bytes.saturating_add(end as u64 + 1);
                self.sealed = Some(Sealed { seal, sum: Seal::begin_sum(seal.bytes, seal.synced), left });
            }
            Mark::Position(position) => self.place = Place { position: Some(position), own_bytes: 0 },
            Mark::Own(bytes) => self.place.own_bytes = bytes,
            Mark::Time(_) => {}
            // One of ours may have rotted, that told where the data are.
            Mark::Foreign => self.place = Place::default(),
        }
        Ok(Some(end + 1))
    }

    fn read_command(&mut self, rest: &[u8]) -> Result<Option<usize>, Fault> {
        let len = match self.parser.advance(rest, &RequestLimits::FROM_MASTER) {
            Parsed::Complete(len) => len,
            Parsed::Incomplete => return Ok(None),
            Parsed::Broken(_) => return Err(Fault::NoCommand),
        };
        let args = self.parser.args(rest);
        let name = if args.is_empty() { &[][..] } else { &args[0] };
        let (begins, ends) = (name.eq_ignore_ascii_case(b"MULTI"), name.eq_ignore_ascii_case(b"EXEC"));
        self.is_in_block = begins || (self.is_in_block && !ends);
        self.parser.reset();
        if self.sealed.is_none() {
            // Somebody else's: nobody knows which history it belongs to.
            self.place = Place::default();
            self.is_ours = false;
        }
        let own = self.place.own_bytes.min(len as u64);
        self.place.own_bytes -= own;
        if let Some(position) = &mut self.place.position {
            position.offset = position.offset.saturating_add(len as u64 - own);
        }
        Ok(Some(len))
    }

    /// A command or a line lies behind: what is good reaches further if nothing is open.
    fn pass(&mut self, bytes: &[u8]) -> Result<usize, Fault> {
        let len = bytes.len() as u64;
        if let Some(sealed) = &mut self.sealed {
            let is_its_own_line = sealed.left > sealed.seal.bytes;
            if !is_its_own_line {
                sealed.sum = crc64::update(sealed.sum, bytes);
            }
            sealed.left = sealed.left.checked_sub(len).ok_or(Fault::Checksum)?;
            if sealed.left == 0 {
                if self.is_in_block || (self.verifies_sums && sealed.sum != sealed.seal.crc) {
                    return Err(Fault::Checksum);
                }
                self.synced_bytes = self.synced_bytes.max(sealed.seal.synced);
                self.sealed = None;
                self.is_ours = true;
            }
        }
        self.at += len;
        if self.sealed.is_none() && !self.is_in_block {
            self.good = Good { bytes: self.at, position: self.place.position };
        }
        Ok(bytes.len())
    }

    /// Bytes that may be loaded, whatever comes.
    #[must_use]
    pub fn good_bytes(&self) -> u64 {
        self.good.bytes
    }

    /// Says that the file ends here.
    #[must_use]
    pub fn finish(self) -> Verdict {
        let file_bytes = self.at + self.tail.len() as u64;
        let Good { bytes: good_bytes, position } = self.good;
        let end = match (self.sealed.is_some(), self.is_in_block) {
            _ if good_bytes == file_bytes => None,
            (true, _) => Some(Fault::EndsInSeal),
            (false, true) => Some(Fault::EndsInTransaction),
            (false, false) => Some(Fault::EndsInCommand),
        };
        let (damage, is_rotten) = match self.search {
            Some(search) => (Some(search.damage), search.is_rotten),
            None => (end.map(|fault| Damage { position: good_bytes, fault }), false),
        };
        let is_ours = self.sealed.is_some() || self.is_ours;
        let synced_bytes = self.synced_bytes.min(good_bytes);
        let begins_unsealed = self.begins_unsealed;
        Verdict { file_bytes, good_bytes, damage, is_rotten, is_ours, begins_unsealed, synced_bytes, position }
    }
}

/// Damage was found: is there a sound seal behind it that tells that the place had been synced?
#[derive(Clone, Debug)]
struct Search {
    damage: Damage,
    /// What is being summed up.
    sealed: Option<Sealed>,
    /// The last line, as far as it has come, if it may be a seal.
    line: Vec<u8>,
    is_line_long: bool,
    is_rotten: bool,
}

impl Search {
    fn behind(damage: Damage) -> Search {
        Search { damage, sealed: None, line: Vec::new(), is_line_long: false, is_rotten: false }
    }

    fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let used = if self.sealed.is_some() { self.sum_up(bytes) } else { self.look_for_seal(bytes) };
            bytes = &bytes[used..];
        }
    }

    fn sum_up(&mut self, bytes: &[u8]) -> usize {
        let Some(sealed) = &mut self.sealed else { return 0 };
        let used = usize::try_from(sealed.left).unwrap_or(usize::MAX).min(bytes.len());
        sealed.sum = crc64::update(sealed.sum, &bytes[..used]);
        sealed.left -= used as u64;
        if sealed.left == 0 {
            self.end_seal();
        }
        used
    }

    fn end_seal(&mut self) {
        let Some(Sealed { seal, sum, .. }) = self.sealed.take() else { return };
        self.is_rotten |= sum == seal.crc && seal.synced > self.damage.position;
    }

    fn look_for_seal(&mut self, bytes: &[u8]) -> usize {
        let used = bytes.iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |end| end + 1);
        let piece = &bytes[..used];
        if self.is_line_long || self.line.len() + used > LINE_BYTES_MAX {
            self.is_line_long = true;
            self.line.clear();
        } else {
            self.line.extend_from_slice(piece);
        }
        if piece.ends_with(b"\n") {
            // The end of the line before may be what is damaged.
            let start = self.line.windows(Seal::PREFIX.len()).rposition(|window| window == Seal::PREFIX).unwrap_or(0);
            if let Mark::Seal(seal) = Mark::parse(self.line[start..].trim_ascii_end()) {
                let sum = Seal::begin_sum(seal.bytes, seal.synced);
                self.sealed = Some(Sealed { seal, sum, left: seal.bytes });
                if seal.bytes == 0 {
                    self.end_seal();
                }
            }
            self.line.clear();
            self.is_line_long = false;
        }
        used
    }
}
