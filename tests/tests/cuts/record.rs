//! What passed on an uncut wire, and what follows from it for each place at which it could have been cut?
//!
//! Read off the bytes alone, by rules of its own: no node is asked.

use std::collections::BTreeMap;

use afterimage_core::node::{Boundary, Probe};
use afterimage_core::replication::ReplicationId;

use super::pair::{Link, MASTER, Pair, REPLICA};

/// A session, told by its bytes.
pub(super) struct Record {
    /// The history that the replica is told.
    pub(super) history: ReplicationId,
    known: BTreeMap<u64, u64>,
    /// The data that the replica had before.
    pub(super) before: u64,
    links: Vec<Marks>,
}

/// Places on one link.
struct Marks {
    /// Bytes of the replica after which its PSYNC is complete.
    psync_end: usize,
    /// Bytes of the master after which each offset is reached; the first when there is a data set, or it need not come.
    reached: Vec<(usize, u64)>,
}

/// What must be the case at a cut, and come of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    /// How much of the history the replica has applied; none before it has a data set.
    pub(super) applied: Option<u64>,
    /// Full synchronisations that the master has served in the end.
    pub(super) sync_full: u64,
    /// Partial ones.
    pub(super) sync_partial: u64,
}

impl Record {
    /// Reads a session of two links: a full synchronisation on the first, a partial one on the second.
    pub(super) fn of(pair: &Pair, before: Probe, boundaries: &[Boundary]) -> Record {
        let position = pair.hosts[MASTER].node.probe().position;
        let history = position.history;
        let in_history = boundaries.iter().filter(|boundary| boundary.position.history == history);
        let known = in_history.map(|boundary| (boundary.position.offset, boundary.digest)).collect();
        let mut links: Vec<Marks> = Vec::new();
        for link in &pair.links {
            let start = links.last().and_then(|marks: &Marks| marks.reached.last()).map(|(_, offset)| *offset);
            links.push(Marks::of(link, start));
        }
        let end = links.last().and_then(|marks| marks.reached.last()).map(|(_, offset)| *offset);
        assert_eq!(end, Some(position.offset), "the bytes are counted as the master counts them");
        Record { history, known, before: before.digest, links }
    }

    /// The data at an offset, which are those behind the last thing that the master did up to there: a SELECT alone changes nothing.
    pub(super) fn data_at(&self, offset: u64) -> u64 {
        *self.known.range(..=offset).next_back().expect("the master was somewhere before").1
    }

    /// What the rule demands of a link that is cut when so many bytes of master and replica have been heard on it.
    pub(super) fn rule(&self, link: usize, heard: [usize; 2]) -> Rule {
        let applied_on = |link: usize, heard: usize| {
            let reached = self.links[link].reached.iter().take_while(|(bytes, _)| *bytes <= heard);
            reached.last().map(|(_, offset)| *offset)
        };
        let asked = u64::from(heard[REPLICA] >= self.links[link].psync_end);
        if link > 0 {
            let applied = applied_on(link, heard[MASTER]).or_else(|| applied_on(link - 1, usize::MAX));
            return Rule { applied, sync_full: 1, sync_partial: asked + 1 };
        }
        let applied = applied_on(0, heard[MASTER]);
        let (full, partial) = if applied.is_some() { (0, 1) } else { (1, 0) };
        Rule { applied, sync_full: asked + full, sync_partial: partial }
    }
}

impl Marks {
    fn of(link: &Link, start: Option<u64>) -> Marks {
        let master = &link.heard[MASTER];
        let answer = find(master, if start.is_some() { b"+CONTINUE " } else { b"+FULLRESYNC " });
        let line_end = answer + find(&master[answer..], b"\r\n") + 2;
        let (mut at, mut offset) = match start {
            Some(offset) => (line_end, offset),
            None => {
                let line = std::str::from_utf8(&master[answer..line_end]).expect("ASCII");
                let offset = line.split_whitespace().nth(2).expect("an offset").parse().expect("a number");
                let head = b"$EOF:";
                assert!(master[line_end..].starts_with(head));
                let mark = &master[line_end + head.len()..][..40];
                let data = line_end + head.len() + 42;
                (data + find(&master[data..], mark) + 40, offset)
            }
        };
        let mut reached = vec![(at, offset)];
        let mut is_block = false;
        while let Some((len, name)) = read_command(&master[at..]) {
            at += len;
            offset += len as u64;
            is_block = if is_block { name != b"EXEC" } else { name == b"MULTI" };
            if !is_block {
                reached.push((at, offset));
            }
        }
        assert_eq!(at, master.len(), "the stream ends with a whole command");
        Marks { psync_end: psync_end(&link.heard[REPLICA]), reached }
    }
}

/// Where a replica's PSYNC ends in what it said.
pub(super) fn psync_end(said: &[u8]) -> usize {
    let start = find(said, b"*3\r\n$5\r\nPSYNC\r\n");
    start + read_command(&said[start..]).expect("a whole command").0
}

/// A command's length in bytes and its name.
fn read_command(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut at = 0;
    let number = |sign: u8, at: &mut usize| {
        let line = bytes[*at..].split(|byte| *byte == b'\r').next()?;
        *at += line.len() + 2;
        let digits = line.strip_prefix(&[sign])?;
        std::str::from_utf8(digits).ok()?.parse::<usize>().ok()
    };
    let count = number(b'*', &mut at)?;
    let mut name = None;
    for _ in 0..count {
        let len = number(b'$', &mut at)?;
        name = name.or_else(|| bytes.get(at..at + len));
        at += len + 2;
    }
    (at <= bytes.len()).then_some((at, name?))
}

fn find(bytes: &[u8], what: &[u8]) -> usize {
    let place = bytes.windows(what.len()).position(|window| window == what);
    place.unwrap_or_else(|| panic!("no {} in {}", what.escape_ascii(), bytes.escape_ascii()))
}
