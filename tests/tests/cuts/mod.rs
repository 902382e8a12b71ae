//! Does a replica go on exactly where it is when its link is cut, after whatever byte and however?
//!
//! A session of a master and a replica is gone through byte by byte. After each byte the world is cloned, the link is cut in one of
//! three ways, and the clone lives on over a link that nobody cuts. What must come of it is a rule of the bytes alone (`record`):
//! before the data set was whole, another full synchronisation, and what the replica had stays as it was; from then on, a partial one
//! from the last whole command or block, and never a state that the master was not in.

mod pair;
mod record;
mod session;

use std::collections::BTreeMap;
use std::fmt;

use afterimage_core::config::DisklessLoad;
use afterimage_core::node::{Boundary, LinkState};
use afterimage_core::port::CloseCause;

use pair::{MASTER, Pair, REPLICA};
use record::{Record, Rule, psync_end};

/// How a link is cut.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// Both ends are told at once that the other has closed it.
    Fin,
    /// Whoever has heard the last byte is told of a reset; the other much later, when the replica may be back on another link.
    Reset,
    /// Nobody is told anything: each end gives up when it has heard nothing for too long.
    Silence,
}

const WAYS: [Way; 3] = [Way::Fin, Way::Reset, Way::Silence];

/// What the master writes while the link is down, and when it is up again.
const WHILE_DOWN: &str = "INCR number\r\nMULTI\r\nRPUSH list while-down\r\nSPOP numbers\r\nEXEC\r\n";
const AFTERWARDS: &str = "SELECT 2\r\nINCR counter\r\nSELECT 0\r\nINCR number\r\n";

/// One cut.
#[derive(Clone, Copy, Debug)]
struct Place {
    link: usize,
    /// Who has said the last byte that was heard.
    from: usize,
    /// How much has been heard of master and replica.
    heard: [usize; 2],
    /// The master's offset.
    written: u64,
    way: Way,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = if self.from == MASTER { "master to replica" } else { "replica to master" };
        write!(f, "link {}, {from}, cut after byte {}, {:?}", self.link + 1, self.heard[self.from], self.way)
    }
}

#[test]
fn a_link_cut_after_any_byte_is_taken_up_where_the_rule_says_with_data_by_way_of_a_file() {
    cut_everywhere(DisklessLoad::Disabled);
}

#[test]
fn a_link_cut_after_any_byte_is_taken_up_where_the_rule_says_with_data_built_beside_the_old() {
    cut_everywhere(DisklessLoad::Swapdb);
}

fn cut_everywhere(load: DisklessLoad) {
    let start = Pair::start([session::MASTERS_DATA, session::REPLICAS_DATA], load);
    let before = start.hosts[REPLICA].node.probe();
    let mut whole = session::go_through(load, &mut |_, _, _| {});
    let boundaries = whole.hosts[MASTER].node.take_boundaries();
    let record = Record::of(&whole, before, &boundaries);
    let bytes = |side: usize| whole.links.iter().map(|link| link.heard[side].len()).sum::<usize>();
    println!("{} bytes of the master, {} of the replica", bytes(MASTER), bytes(REPLICA));

    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let outcomes: Vec<(usize, Vec<String>)> = std::thread::scope(|scope| {
        let record = &record;
        let work = |worker| scope.spawn(move || sweep(load, record, worker, workers));
        let running: Vec<_> = (0..workers).map(work).collect();
        running.into_iter().map(|worker| worker.join().expect("no panic")).collect()
    });
    let cuts: usize = outcomes.iter().map(|(cuts, _)| cuts).sum();
    let failures: Vec<String> = outcomes.into_iter().flat_map(|(_, failures)| failures).collect();
    println!("{cuts} cuts");
    assert!(cuts > 20_000, "the session is as long as it was meant to be");
    assert_eq!(cuts, (bytes(MASTER) + bytes(REPLICA)) * WAYS.len(), "every byte, every way");
    let shown = failures.iter().take(10).cloned().collect::<Vec<_>>().join("\n");
    assert!(failures.is_empty(), "{} of {cuts} cuts failed:\n{shown}", failures.len());
}

/// Cuts after every byte that falls to a worker: how often, and what was wrong.
fn sweep(load: DisklessLoad, record: &Record, worker: usize, workers: usize) -> (usize, Vec<String>) {
    let (mut bytes, mut cuts, mut failures) = (0, 0, Vec::new());
    session::go_through(load, &mut |pair, link, from| {
        bytes += 1;
        for host in &mut pair.hosts {
            host.node.take_boundaries();
        }
        if bytes % workers != worker {
            return;
        }
        let heard = [MASTER, REPLICA].map(|side| pair.links[link].heard[side].len());
        let rule = record.rule(link, heard);
        let stand = check_stand(pair, record, &rule);
        let written = pair.hosts[MASTER].node.probe().position.offset;
        for way in WAYS {
            cuts += 1;
            let place = Place { link, from, heard, written, way };
            let outcome = stand.clone().and_then(|()| check_recovery(pair.clone(), record, &rule, place));
            if let Err(why) = outcome {
                failures.push(format!("{place}: {why}"));
            }
        }
    });
    (cuts, failures)
}

/// Where the replica stands at the cut, and that its data are those of that place.
fn check_stand(pair: &Pair, record: &Record, rule: &Rule) -> Result<(), String> {
    // Half a block would be seen.
    let replica = pair.hosts[REPLICA].node.probe_anew();
    let (expected, seen) = match rule.applied {
        None => ((None, record.before), (None, replica.digest)),
        Some(offset) => {
            let seen = (replica.position.history == record.history).then_some(replica.position.offset);
            ((Some(offset), record.data_at(offset)), (seen, replica.digest))
        }
    };
    demand("offset applied, and data there", expected, seen)
}

/// Cuts the link, lets both go on, and looks at what came of it.
fn check_recovery(mut pair: Pair, record: &Record, rule: &Rule, place: Place) -> Result<(), String> {
    let hearer = 1 - place.from;
    match place.way {
        Way::Fin => {
            for side in [MASTER, REPLICA] {
                pair.end(place.link, side, CloseCause::Eof);
            }
        }
        Way::Reset => pair.end(place.link, hearer, CloseCause::Reset),
        Way::Silence => pair.darken(place.link),
    }
    pair.request(WHILE_DOWN);
    match place.way {
        Way::Fin => {}
        Way::Reset => {
            pair.pass_ms(1200);
            pair.end(place.link, place.from, CloseCause::Reset);
        }
        Way::Silence => pair.pass_ms(5000),
    }
    pair.pass_ms(200);
    pair.request(AFTERWARDS);
    pair.pass_ms(1100);
    check_dialogue(&pair, record, rule, place)?;
    check_end(&mut pair, record, rule, place)
}

/// What was asked and answered on the next link.
fn check_dialogue(pair: &Pair, record: &Record, rule: &Rule, place: Place) -> Result<(), String> {
    demand("links", place.link + 2, pair.links.len())?;
    let [said, asked] = &pair.links[place.link + 1].heard;
    let request = String::from_utf8_lossy(&asked[..psync_end(asked)]).into_owned();
    if let Some(offset) = rule.applied {
        let (history, first) = (record.history, (offset + 1).to_string());
        let expected = format!("*3\r\n$5\r\nPSYNC\r\n$40\r\n{history}\r\n${}\r\n{first}\r\n", first.len());
        demand("PSYNC", true, request.ends_with(&expected)).map_err(|why| format!("{why} in {request:?}"))?;
    }
    // Who has data asks, before it asks for the stream, where its master's history comes from.
    let said = without_bulk(said);
    let lines: Vec<&[u8]> = said.split(|byte| *byte == b'\n').take(6).collect();
    let words: Vec<&[u8]> = lines.iter().filter_map(|line| line.split(|byte| b" \r".contains(byte)).next()).collect();
    let answer: &[u8] = if rule.applied.is_some() { b"+CONTINUE" } else { b"+FULLRESYNC" };
    let expected = [b"+PONG".as_slice(), b"+OK", b"+OK", b"+OK", answer].map(String::from_utf8_lossy);
    demand("answers", expected.to_vec(), words.iter().take(5).map(|word| String::from_utf8_lossy(word)).collect())
}

/// What was said without the first reply of several lines, if there is one.
fn without_bulk(said: &[u8]) -> Vec<u8> {
    let Some(begin) = said.windows(2).position(|two| two == b"\n$").map(|end| end + 1) else { return said.to_vec() };
    let head = said[begin..].split(|byte| *byte == b'\n').next().unwrap_or_default();
    let length =
        std::str::from_utf8(head).ok().and_then(|head| head.trim_end().strip_prefix('$')?.parse::<usize>().ok());
    match length {
        Some(length) => [&said[..begin], &said[begin + head.len() + 1 + length + 2..]].concat(),
        None => said.to_vec(),
    }
}

/// Where both stand in the end, how they came there, and what they complained of.
fn check_end(pair: &mut Pair, record: &Record, rule: &Rule, place: Place) -> Result<(), String> {
    let boundaries = pair.hosts[MASTER].node.take_boundaries();
    let applied = pair.hosts[REPLICA].node.take_boundaries();
    let [master, replica] = [MASTER, REPLICA].map(|side| pair.hosts[side].node.probe_anew());
    demand("link of the replica", LinkState::Online, replica.link)?;
    demand("position and data", (master.position, master.digest), (replica.position, replica.digest))?;
    demand("sync_full", rule.sync_full, master.sync_full)?;
    demand("sync_partial_ok", rule.sync_partial, master.sync_partial_ok)?;

    let since: BTreeMap<u64, u64> =
        boundaries.iter().map(|boundary| (boundary.position.offset, boundary.digest)).collect();
    let data_at = |offset: u64| match since.range(..=offset).next_back() {
        Some((_, digest)) => *digest,
        None => record.data_at(offset.min(place.written)),
    };
    let is_foreign = |boundary: &&Boundary| boundary.digest != data_at(boundary.position.offset);
    let in_history = applied.iter().filter(|boundary| boundary.position.history == record.history);
    demand("a state that the master was not in", None, in_history.clone().find(is_foreign))?;

    let may_give_up = matches!(place.way, Way::Silence);
    let is_about_silence = |warning: &&String| {
        let warning = warning.to_ascii_lowercase();
        may_give_up && ["timeout", "timedout"].iter().any(|word| warning.contains(word))
    };
    let mut warnings = pair.hosts.iter().flat_map(|host| &host.warnings);
    demand("warning", None, warnings.find(|warning| !is_about_silence(warning)))
}

fn demand<T: PartialEq + fmt::Debug>(what: &str, expected: T, seen: T) -> Result<(), String> {
    if expected == seen { Ok(()) } else { Err(format!("{what}: expected {expected:?}, seen {seen:?}")) }
}
