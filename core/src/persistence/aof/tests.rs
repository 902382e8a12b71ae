//! What a check finds in files that are whole, unfinished, torn, rotten, and in files that others have written to.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::replication::{Position, ReplicationId};
use crate::resp::push_command;

use super::*;

const HISTORY: ReplicationId = ReplicationId::NONE;

fn command(words: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let words: Vec<&[u8]> = words.split(' ').map(str::as_bytes).collect();
    push_command(&mut out, words.into_iter());
    out
}

fn set(value: u32) -> Vec<u8> {
    command(&format!("SET key {value}"))
}

fn position(offset: u64) -> Vec<u8> {
    let mut out = Vec::new();
    Mark::Position(Position { history: HISTORY, offset }).push(&mut out);
    out
}

/// What is found, whatever the pieces are.
fn check(file: &[u8]) -> Verdict {
    let verdicts: Vec<Verdict> = [1, 7, file.len().max(1)]
        .into_iter()
        .map(|piece_bytes| {
            let mut checker = Checker::new(true);
            file.chunks(piece_bytes).for_each(|piece| checker.feed(piece));
            checker.finish()
        })
        .collect();
    assert!(verdicts.iter().all(|verdict| *verdict == verdicts[0]), "{verdicts:?}");
    verdicts[0].clone()
}

/// The bytes that may be loaded and those that are cut, or why the file is refused.
fn outcome(file: &[u8]) -> Result<(u64, u64), String> {
    let verdict = check(file);
    verdict.cut_bytes().map(|cut_bytes| (verdict.good_bytes, cut_bytes))
}

/// Three seals of one command each, the first with a place; each tells of those before it as synced. And where they end.
fn three_seals() -> (Vec<u8>, Vec<usize>) {
    let (mut file, mut ends) = (Vec::new(), Vec::new());
    for (index, body) in [[position(100), set(1)].concat(), set(2), set(3)].iter().enumerate() {
        let synced = if index == 2 { ends[1] } else { 0 };
        file.extend(Seal::wrap(body, synced as u64));
        ends.push(file.len());
    }
    (file, ends)
}

#[test]
fn a_file_of_somebody_else_is_good_up_to_its_last_whole_unit() {
    let whole = [set(1), command("MULTI"), set(2), command("EXEC")].concat();
    assert_eq!(outcome(&whole), Ok((whole.len() as u64, 0)));
    let first = set(1).len() as u64;
    for len in first as usize..whole.len() {
        assert_eq!(outcome(&whole[..len]), Ok((first, len as u64 - first)), "{len} bytes");
    }
    assert_eq!(outcome(b""), Ok((0, 0)));
    let stamped = [b"#TS:1700000000\r\n".to_vec(), set(1), b"# a remark\r\n".to_vec()].concat();
    assert_eq!(outcome(&stamped), Ok((stamped.len() as u64, 0)));
    for wrong in ["+OK\r\n", "SET key 1\r\n", "*1\r\n+OK\r\n"] {
        let file = [set(1), wrong.as_bytes().to_vec()].concat();
        assert_eq!(outcome(&file), Err(format!("bad file format (at byte {first})")), "{wrong:?}");
    }
}

#[test]
fn each_byte_of_a_sealed_command_counts_for_the_place() {
    let (file, _) = three_seals();
    let offset = 100 + (set(1).len() + set(2).len() + set(3).len()) as u64;
    assert_eq!(check(&file).position, Some(Position { history: HISTORY, offset }));
    let own = [format!("#OWN:{}\r\n", set(4).len()).into_bytes(), set(4), set(5)].concat();
    let with_own = [file.clone(), Seal::wrap(&own, 0)].concat();
    let offset = offset + set(5).len() as u64;
    assert_eq!(
        check(&with_own).position,
        Some(Position { history: HISTORY, offset }),
        "local writes belong to no history"
    );
}

#[test]
fn commands_of_somebody_else_end_the_knowledge_of_the_place() {
    let (file, _) = three_seals();
    let continued = [file.clone(), command("SELECT 0"), set(4)].concat();
    assert_eq!(outcome(&continued), Ok((continued.len() as u64, 0)));
    assert_eq!(check(&continued).position, None);
    let sealed_again = [continued.clone(), Seal::wrap(&set(5), 0)].concat();
    assert_eq!(check(&sealed_again).position, None);
    let placed_again = [continued, Seal::wrap(&[position(7), set(5)].concat(), 0)].concat();
    assert!(check(&placed_again).position.is_some());
}

#[test]
fn a_seal_is_loaded_wholly_or_not_at_all() {
    let (file, ends) = three_seals();
    for len in 0..=file.len() {
        let good = ends.iter().copied().filter(|end| *end <= len).max().unwrap_or(0);
        assert_eq!(outcome(&file[..len]), Ok((good as u64, (len - good) as u64)), "{len} bytes");
    }
}

#[test]
fn what_was_torn_before_it_was_synced_is_cut() {
    let (file, ends) = three_seals();
    for start in ends[1]..file.len() {
        let mut torn = file.clone();
        torn[start..].fill(0);
        assert_eq!(outcome(&torn), Ok((ends[1] as u64, (file.len() - ends[1]) as u64)), "zeros from byte {start} on");
    }
    let more = [file.clone(), Seal::wrap(&set(4), ends[1] as u64)].concat();
    let mut torn = more.clone();
    torn[ends[1]..ends[2]].fill(0);
    assert_eq!(
        outcome(&torn),
        Ok((ends[1] as u64, (more.len() - ends[1]) as u64)),
        "a block is missing, one behind it is there"
    );
}

#[test]
fn a_block_that_was_never_written_does_not_hide_in_a_remark() {
    let (file, ends) = three_seals();
    // From within the line of the second seal to somewhere behind.
    for start in ends[0]..ends[0] + 8 {
        for end in start + 1..ends[1] {
            let mut torn = file.clone();
            torn[start..end].fill(0);
            assert_eq!(check(&torn).good_bytes, ends[0] as u64, "{start}..{end}");
        }
    }
}

#[test]
fn a_remark_that_may_have_been_a_place_ends_the_knowledge_of_it() {
    let file = [Seal::wrap(&[position(100), set(1)].concat(), 0), b"#RUM:7\r\n".to_vec()].concat();
    let whole = check(&file);
    assert_eq!((whole.good_bytes, whole.position), (file.len() as u64, None));
}

#[test]
fn a_flipped_bit_in_what_was_synced_is_never_loaded() {
    let (file, ends) = three_seals();
    let line_bytes = Seal::wrap(&[], 0).len() + 2;
    let starts = [0..line_bytes, ends[0]..ends[0] + line_bytes];
    for index in 0..ends[1] {
        for bit in 0..8 {
            let mut rotten = file.clone();
            rotten[index] ^= 1 << bit;
            match outcome(&rotten) {
                Err(why) => assert!(why.contains("rotted"), "{why}"),
                // The name of a line, or the case of a digit: what was sealed is loaded as it is, with the right place or none.
                Ok((good, 0)) if good == file.len() as u64 && starts.iter().any(|lines| lines.contains(&index)) => {
                    let found = check(&rotten).position;
                    assert!(found.is_none() || found == check(&file).position, "byte {index}, bit {bit}");
                }
                other => panic!("byte {index}, bit {bit}: {other:?}"),
            }
        }
    }
}

#[test]
fn what_sums_say_may_be_ignored() {
    let (file, ends) = three_seals();
    let mut rotten = file.clone();
    let last = ends[0] - 3;
    rotten[last] ^= 1;
    let mut checker = Checker::new(false);
    checker.feed(&rotten);
    assert_eq!(checker.finish().cut_bytes(), Ok(0));
    assert!(outcome(&rotten).is_err());
}
