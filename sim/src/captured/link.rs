//! What do two servers say to each other over the link of a replica?
//!
//! Nothing is changed and nothing judged here: the bytes of either direction are taken apart into what a check, or the shadow of the replica, is to be told.

use afterimage_core::replication::{Position, ReplicationId, Request, parse_offset};

use super::words::{Front, front};

/// The longest line of the dialogue.
const LINE_BYTES_MAX: usize = 64 * 1024;
/// What a replica says of itself by REPLCONF before it asks for the stream.
const INTRODUCTIONS: [&str; 4] = ["listening-port", "ip-address", "capa", "version"];
/// What stands behind a data set whose length was not told.
const MARK_BYTES: usize = 40;

/// What a replica says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// To be continued, or everything.
    Sync(Request),
    /// The same, of its replica, which is to be the master from then on.
    HandOver(Request),
    /// How much it has.
    Ack(u64),
    /// What belongs to the dialogue, and no check looks at.
    Other,
    /// What its master cannot understand.
    Nonsense,
}

/// What a master says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard<'a> {
    /// A line of the dialogue.
    Line(Vec<u8>),
    /// A data set follows, which stands there.
    Full(Position, Vec<u8>),
    /// The stream goes on, under that name.
    Continue(ReplicationId, Vec<u8>),
    /// A part of a data set or of what announces it; perhaps its last.
    Data(&'a [u8], IsWhole),
    /// A part of the stream.
    Stream(&'a [u8]),
}

/// Whether that was the last of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IsWhole {
    /// It was.
    Whole,
    /// There is more.
    NotYet,
}

#[derive(Debug)]
enum Stage {
    /// The dialogue: the beginning of a line.
    Talks(Vec<u8>),
    /// A data set was promised: the line that tells its length, so far.
    Announces(Vec<u8>),
    /// So many bytes of it are left.
    Counted(u64),
    /// It ends with this mark: the last bytes that came.
    Marked { mark: Vec<u8>, tail: Vec<u8> },
    /// What came where its length should be told is none.
    Lost,
    /// The stream.
    Streams,
}

/// A link of a replica to its master.
#[derive(Debug)]
pub(super) struct Link {
    /// The replica.
    pub(super) from: u16,
    /// Its master.
    pub(super) to: u16,
    /// What the replica has asked for, until it is answered.
    pub(super) request: Option<Request>,
    /// Where the stream has come to: what is said next follows upon this.
    pub(super) at: Option<Position>,
    /// The last acknowledgement.
    pub(super) acked: Option<u64>,
    /// What was said since a data set was promised.
    pub(super) data: Vec<u8>,
    unread: Vec<u8>,
    stage: Stage,
}

impl Link {
    pub(super) fn new(from: u16, to: u16) -> Link {
        let (request, at, acked) = (None, None, None);
        Link { from, to, request, at, acked, data: Vec::new(), unread: Vec::new(), stage: Stage::Talks(Vec::new()) }
    }

    /// True once the stream follows.
    pub(super) fn streams(&self) -> bool {
        matches!(self.stage, Stage::Streams)
    }

    /// Bytes of the replica's. Each thing that it says is told with its length.
    pub(super) fn asks(&mut self, bytes: &[u8]) -> Vec<(Asked, usize)> {
        self.unread.extend_from_slice(bytes);
        let mut asked = Vec::new();
        let mut used = 0;
        loop {
            match front(&self.unread[used..]) {
                Front::Command(words, len) => {
                    asked.push((understand(&words), len));
                    used += len;
                }
                Front::Newline => {
                    asked.push((Asked::Other, 1));
                    used += 1;
                }
                Front::Incomplete => break,
                Front::Nonsense => {
                    asked.push((Asked::Nonsense, self.unread.len() - used));
                    used = self.unread.len();
                    break;
                }
            }
        }
        self.unread.drain(..used);
        asked
    }

    /// Takes the first thing of what the master says next, and tells how many of the bytes that was.
    pub(super) fn hears<'a>(&mut self, bytes: &'a [u8]) -> (Option<Heard<'a>>, usize) {
        let (heard, used) = match &mut self.stage {
            Stage::Talks(line) => {
                let Some(used) = take_line(line, bytes) else { return (None, bytes.len()) };
                let line = std::mem::take(line);
                return (Some(self.on_line(line)), used);
            }
            Stage::Announces(line) => {
                let used = take_line(line, bytes).unwrap_or(bytes.len());
                let line = std::mem::take(line);
                self.stage = announced(line);
                (Heard::Data(&bytes[..used], IsWhole::NotYet), used)
            }
            Stage::Counted(left) => {
                let used = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= used as u64;
                let is_whole = *left == 0;
                (self.data(&bytes[..used], is_whole), used)
            }
            Stage::Marked { mark, tail } => {
                let before = tail.len();
                tail.extend_from_slice(bytes);
                let end = tail.windows(MARK_BYTES).position(|window| window == mark).map(|at| at + MARK_BYTES);
                let used = end.map_or(bytes.len(), |end| end.saturating_sub(before));
                tail.drain(..tail.len().saturating_sub(MARK_BYTES - 1));
                (self.data(&bytes[..used], end.is_some()), used)
            }
            Stage::Lost => (Heard::Data(bytes, IsWhole::NotYet), bytes.len()),
            Stage::Streams => {
                if let Some(at) = &mut self.at {
                    at.offset += bytes.len() as u64;
                }
                return (Some(Heard::Stream(bytes)), bytes.len());
            }
        };
        self.data.extend_from_slice(&bytes[..used]);
        (Some(heard), used)
    }

    fn data<'a>(&mut self, bytes: &'a [u8], is_whole: bool) -> Heard<'a> {
        if is_whole {
            self.stage = Stage::Streams;
        }
        Heard::Data(bytes, if is_whole { IsWhole::Whole } else { IsWhole::NotYet })
    }

    fn on_line<'a>(&mut self, line: Vec<u8>) -> Heard<'a> {
        if let Some(position) = full(&line) {
            self.stage = Stage::Announces(Vec::new());
            self.at = Some(position);
            self.data.clone_from(&line);
            return Heard::Full(position, line);
        }
        if let Some(history) = continued(&line) {
            let asked = self.request.map_or(0, |request| request.first_byte);
            let offset = asked.checked_sub(1).and_then(|offset| u64::try_from(offset).ok()).unwrap_or(0);
            self.stage = Stage::Streams;
            self.at = Some(Position { history, offset });
            return Heard::Continue(history, line);
        }
        Heard::Line(line)
    }
}

/// Adds to a line up to its end; how many bytes that took, if it ends here.
fn take_line(line: &mut Vec<u8>, bytes: &[u8]) -> Option<usize> {
    // Newlines before a line show that somebody is there.
    let blank = if line.is_empty() { bytes.iter().take_while(|byte| **byte == b'\n').count() } else { 0 };
    let end = bytes[blank..].iter().position(|byte| *byte == b'\n').map(|at| blank + at + 1);
    line.extend_from_slice(&bytes[blank..end.unwrap_or(bytes.len())]);
    end.or_else(|| (line.len() > LINE_BYTES_MAX).then_some(bytes.len()))
}

fn announced(line: Vec<u8>) -> Stage {
    if !line.ends_with(b"\n") {
        return Stage::Announces(line);
    }
    let Some(length) = line.strip_prefix(b"$").and_then(|rest| rest.strip_suffix(b"\r\n")) else { return Stage::Lost };
    match length.strip_prefix(b"EOF:") {
        Some(mark) if mark.len() == MARK_BYTES => Stage::Marked { mark: mark.to_vec(), tail: Vec::new() },
        _ => parse_offset(length).filter(|length| *length > 0).map_or(Stage::Lost, Stage::Counted),
    }
}

/// `+FULLRESYNC <id> <offset>`
fn full(line: &[u8]) -> Option<Position> {
    let mut words = line.strip_prefix(b"+FULLRESYNC ")?.strip_suffix(b"\r\n")?.split(|byte| *byte == b' ');
    let (history, offset) = (ReplicationId::parse(words.next()?)?, parse_offset(words.next()?)?);
    words.next().is_none().then_some(Position { history, offset })
}

/// `+CONTINUE <id>`
fn continued(line: &[u8]) -> Option<ReplicationId> {
    ReplicationId::parse(line.strip_prefix(b"+CONTINUE ")?.strip_suffix(b"\r\n")?)
}

/// True for what a master may answer before it answers PSYNC, or instead.
pub(super) fn belongs_to_dialogue(line: &[u8]) -> bool {
    line == b"+PONG\r\n" || line == b"+OK\r\n" || line.starts_with(b"-") && line.ends_with(b"\r\n")
}

fn understand(words: &[Vec<u8>]) -> Asked {
    let is = |at: usize, name: &str| words.get(at).is_some_and(|word| word.eq_ignore_ascii_case(name.as_bytes()));
    if is(0, "PSYNC") && words.len() >= 3 {
        let first_byte = std::str::from_utf8(&words[2]).ok().and_then(|text| text.parse().ok());
        let history = ReplicationId::parse(&words[1]);
        return match first_byte {
            Some(first_byte) if history.is_some() || words[1] == b"?" => {
                let request = Request { history, first_byte };
                if is(3, "FAILOVER") { Asked::HandOver(request) } else { Asked::Sync(request) }
            }
            _ => Asked::Nonsense,
        };
    }
    if is(0, "REPLCONF") && is(1, "ACK") {
        return words.get(2).and_then(|offset| parse_offset(offset)).map_or(Asked::Nonsense, Asked::Ack);
    }
    let belongs = ["PING", "AUTH", "SYNC"].iter().any(|name| is(0, name))
        || is(0, "REPLCONF") && INTRODUCTIONS.iter().any(|name| is(1, name));
    if belongs { Asked::Other } else { Asked::Nonsense }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef01234567";

    /// All that a link hears of some bytes, in pieces of one size: data and stream by their lengths.
    fn hears(link: &mut Link, bytes: &[u8], size: usize) -> (Vec<Vec<u8>>, usize, usize) {
        let (mut lines, mut data, mut stream) = (Vec::new(), 0, 0);
        for piece in bytes.chunks(size) {
            let mut rest = piece;
            while !rest.is_empty() {
                let (heard, used) = link.hears(rest);
                rest = &rest[used..];
                match heard {
                    Some(Heard::Line(line) | Heard::Full(_, line) | Heard::Continue(_, line)) => lines.push(line),
                    Some(Heard::Data(bytes, _)) => data += bytes.len(),
                    Some(Heard::Stream(bytes)) => stream += bytes.len(),
                    None => {}
                }
            }
        }
        (lines, data, stream)
    }

    #[test]
    fn a_data_set_ends_where_its_length_or_its_mark_says_in_whatever_pieces_it_comes() {
        let history = ReplicationId::parse(ID.as_bytes()).expect("an id");
        let mark = "m".repeat(40);
        let bodies = [("$7\r\nREDIS\r\n".to_owned(), 11), (format!("$EOF:{mark}\r\nREDIS{mark}"), 92)];
        for (body, data) in bodies {
            let bytes = format!("+PONG\r\n\n+FULLRESYNC {ID} 10\r\n\n\n{body}*1\r\n$4\r\nping\r\n");
            for size in 1..=bytes.len() {
                let mut link = Link::new(1, 0);
                let (lines, found, stream) = hears(&mut link, bytes.as_bytes(), size);
                assert_eq!((lines.len(), found, stream), (2, data + 2, 14), "{size}");
                assert_eq!(link.at, Some(Position { history, offset: 24 }), "{size}");
                assert!(link.streams());
            }
        }
    }

    #[test]
    fn a_replica_that_is_continued_is_where_it_asked_to_be() {
        let history = ReplicationId::parse(ID.as_bytes()).expect("an id");
        let mut link = Link::new(1, 0);
        let said = format!(
            "*3\r\n$5\r\nPSYNC\r\n$40\r\n{ID}\r\n$2\r\n11\r\n\n*3\r\n$8\r\nREPLCONF\r\n$3\r\nACK\r\n$2\r\n12\r\n"
        );
        let asked: Vec<Asked> = link.asks(said.as_bytes()).into_iter().map(|(asked, _)| asked).collect();
        let request = Request { history: Some(history), first_byte: 11 };
        assert_eq!(asked, [Asked::Sync(request), Asked::Other, Asked::Ack(12)]);
        link.request = Some(request);
        hears(&mut link, format!("+CONTINUE {ID}\r\n*1").as_bytes(), 100);
        assert_eq!(link.at, Some(Position { history, offset: 12 }));
        let said = format!("PSYNC {ID} 13 failover\r\n");
        let request = Request { history: Some(history), first_byte: 13 };
        assert_eq!(link.asks(said.as_bytes()), [(Asked::HandOver(request), said.len())]);
        assert_eq!(link.asks(b"?").pop(), Some((Asked::Nonsense, 1)));
    }
}
