//! One byte of a capture is another one: does a check bark?

use afterimage_sim::captured::{Alteration, Capture, Happening, Kind, Sweep, sweep};

use super::{kept, read};

/// What was said, in one piece.
fn bytes(capture: &Capture) -> Vec<u8> {
    let said = capture.records.iter().filter_map(|record| match &record.what {
        Happening::Says { bytes, .. } | Happening::Starts { snapshot: Some(bytes), .. } => Some(bytes.as_slice()),
        _ => None,
    });
    said.collect::<Vec<_>>().concat()
}

/// Why nothing comes of it that this byte is another one, if nothing should.
fn excuse(bytes: &[u8], kinds: &[Kind], at: usize) -> Option<&'static str> {
    // What is of the same kind, from its beginning up to the byte.
    let begin = (0..at).rev().find(|before| kinds[*before] != kinds[at]).map_or(0, |before| before + 1);
    let before = &bytes[begin..at];
    match kinds[at] {
        Kind::Client => Some("what clients write and read is compared with nothing"),
        Kind::OtherLines => Some("no check looks at these lines of INFO"),
        Kind::Lost => Some("the replica has thrown it away"),
        Kind::Dialogue => Some("a port, or a capability that nobody knows"),
        Kind::Request if is_unknown(bytes, kinds, at) => {
            Some("a history that its master has never heard of, like the other one")
        }
        Kind::Snapshot if !before.contains(&0xfe) => Some("before the data: remarks, of which a replica needs none"),
        Kind::Snapshot if before[before.len().saturating_sub(4)..].contains(&0xfb) => {
            Some("how much room there should be")
        }
        Kind::Stream if matches!(bytes[at], b'\r' | b'\n') => {
            Some("a line's end, where the length has told all; only one link carries it")
        }
        _ => None,
    }
}

/// True if a replica asks to go on in a history that no master has ever named.
fn is_unknown(bytes: &[u8], kinds: &[Kind], at: usize) -> bool {
    let begin = (0..at).rev().find(|before| kinds[*before] != Kind::Request).map_or(0, |before| before + 1);
    let len = kinds[begin..].iter().take_while(|kind| **kind == Kind::Request).count();
    let mut lines = bytes[begin..begin + len].split(|byte| *byte == b'\n');
    let Some(id) = lines.find(|line| line.len() == 41) else { return false };
    let answers = bytes.iter().zip(kinds).filter(|(_, kind)| **kind == Kind::Answer).map(|(byte, _)| *byte);
    !answers.collect::<Vec<u8>>().windows(40).any(|named| named == &id[..40])
}

fn silent(sweep: &Sweep) -> impl Iterator<Item = (Kind, usize)> {
    sweep.counts.iter().flat_map(|(kind, count)| count.silent.iter().map(|Alteration { at, .. }| (*kind, *at)))
}

#[test]
fn of_a_small_capture_each_byte_is_found_that_means_anything() {
    let capture = read("redis-7.0-small");
    let sweep = sweep(&capture, 0..capture.len(), 1);
    let (bytes, kinds) = (bytes(&capture), capture.kinds());
    let around = |at: usize| bytes[at.saturating_sub(30)..bytes.len().min(at + 10)].escape_ascii().to_string();
    let unexcused: Vec<String> = silent(&sweep)
        .filter(|(_, at)| excuse(&bytes, &kinds, *at).is_none())
        .map(|(kind, at)| format!("{at} ({}): {}", kind.name(), around(at)))
        .collect();
    assert!(unexcused.is_empty(), "{} silent: {unexcused:#?}", unexcused.len());
    for kind in [Kind::Answer, Kind::Ack, Kind::Telling, Kind::Question] {
        assert!(sweep.counts[&kind].silent.is_empty(), "{}", kind.name());
    }
    insta::assert_snapshot!(sweep.to_string());
}

#[test]
fn in_every_kept_capture_bytes_of_each_kind_are_found() {
    // All bytes of answers and acknowledgements are altered, and of the others those that lie so far from each other: a prime, so that they fall on all parts of what is repeated.
    const EVERY: usize = 127;
    for name in kept() {
        let capture = read(&name);
        let kinds = capture.kinds();
        let is_short = |at: &usize| matches!(kinds[*at], Kind::Answer | Kind::Ack);
        let sweep = sweep(&capture, (0..kinds.len()).filter(|at| at % EVERY == 0 || is_short(at)), 1);
        for kind in [Kind::Answer, Kind::Snapshot, Kind::Stream, Kind::Ack, Kind::Telling] {
            let count = &sweep.counts[&kind];
            assert!(!count.broken.is_empty(), "{name}, {}: {sweep}", kind.name());
        }
        let answers = &sweep.counts[&Kind::Answer];
        assert!(answers.silent.is_empty(), "{name}: {:?}", answers.silent);
        // Nobody knows what a server has that has no replica and no master.
        let told = &sweep.counts[&Kind::Telling];
        assert!(told.broken.values().sum::<usize>() > 2 * told.silent.len(), "{name}: {sweep}");
        if let Some(saved) = sweep.counts.get(&Kind::SavedSnapshot) {
            assert!(!saved.broken.is_empty(), "{name}: {sweep}");
        }
    }
}
