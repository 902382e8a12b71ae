//! Sorted sets: walking through the members, and drawing some at random.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::codec::double::push_17g;
use crate::codec::glob;
use crate::codec::random::Random;
use crate::command::exec::{Exec, int_arg, is_word, stored};
use crate::command::reply_error::{COUNT_OUT_OF_RANGE, OUT_OF_RANGE, SYNTAX};
use crate::command::scan_options::{Scanned, parse_cursor, parse_options};
use crate::command::{Command, Group, Keys, Outcome};
use crate::resp::{Args, push_bulk};
use crate::table::{decode_cursor, encode_cursor};
use crate::value::hash::pairs;
use crate::value::zset::Large;
use crate::value::{Text, Zset};

use super::range::{reply_header, reply_member};

pub(super) const COMMANDS: &[Command] = &[
    Command::data(Group::SortedSet, "zscan", -3, "readonly", Keys::ONE, zscan)
        .access("RO access")
        .tips("nondeterministic_output")
        .docs("2.8.0", "O(1)", "Walk through the members of a sorted set step by step"),
    Command::data(Group::SortedSet, "zrandmember", -2, "readonly", Keys::ONE, zrandmember)
        .access("RO access")
        .tips("nondeterministic_output")
        .docs("6.2.0", "O(N)", "Get random members of a sorted set"),
];

/// Steps of the table that one ZSCAN takes at most for each member asked for, as in Redis.
const STEPS_PER_MEMBER_MAX: usize = 10;
/// The most that ZRANDMEMBER with a negative count replies, in bytes: as much as the longest string.
const DRAWN_BYTES_MAX: usize = 512 << 20;

fn zscan(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let cursor = parse_cursor(&args[2])?;
    let Some(place) = exec.find_to_read(&args[1]) else {
        exec.reply.array(2);
        exec.reply.bulk(b"0");
        exec.reply.array(0);
        return Ok(());
    };
    let zset = stored::<Zset>(exec.keyspace, place)?;
    let options = parse_options(args, 3, Scanned::Members)?;
    let (mut bytes, mut count) = (Vec::new(), 0);
    let mut offer = |member: Text<'_>, score: Text<'_>| {
        member.with_bytes(|member| {
            if options.pattern.is_none_or(|pattern| glob::matches(pattern, member)) {
                push_bulk(&mut bytes, member);
                score.with_bytes(|score| push_bulk(&mut bytes, score));
                count += 2;
            }
        });
    };
    let next = match zset {
        // The score is told as it is spelled in the listpack, which ZSCORE does not.
        Zset::Packed(pack) => {
            pairs(pack).for_each(|(member, score)| offer(member, score));
            0
        }
        Zset::Large(large) => {
            let mut digits = Vec::new();
            scan_large(large, cursor, options.count, &mut |member, score| {
                digits.clear();
                push_17g(&mut digits, score);
                offer(member, Text::Bytes(&digits));
            })
        }
    };
    exec.reply.array(2);
    let mut digits = itoa::Buffer::new();
    exec.reply.bulk(digits.format(next).as_bytes());
    exec.reply.array(count);
    exec.reply.raw(&bytes);
    Ok(())
}

/// Visits about `count` members from a client's cursor on; returns the next cursor.
fn scan_large(large: &Large, cursor: u64, count: usize, offer: &mut impl FnMut(Text<'_>, f64)) -> u64 {
    let (index, key) = large.index();
    let mut position = decode_cursor(cursor);
    let mut visited = 0;
    let mut steps_left = count.saturating_mul(STEPS_PER_MEMBER_MAX);
    loop {
        position = index.scan(
            position,
            |id| key.hash(large.member(*id).0),
            |id| {
                visited += 1;
                let (name, score) = large.member(*id);
                offer(Text::Bytes(name), score);
            },
        );
        steps_left = steps_left.saturating_sub(1);
        if position == 0 || visited >= count || steps_left == 0 {
            return encode_cursor(position);
        }
    }
}

fn zrandmember(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let Some(count) = args.get(2) else {
        let Some(place) = exec.find_to_read(&args[1]) else {
            exec.reply.null();
            return Ok(());
        };
        match stored::<Zset>(exec.keyspace, place)?.random(exec.random) {
            Some((member, _)) => member.reply_to(&mut exec.reply),
            None => exec.reply.null(),
        }
        return Ok(());
    };
    let count = int_arg(count)?;
    if count == i64::MIN {
        return Err(COUNT_OUT_OF_RANGE);
    }
    let with_scores = match args.get(3) {
        None => false,
        Some(word) if args.len() == 4 && is_word(word, "WITHSCORES") => true,
        Some(_) => return Err(SYNTAX),
    };
    if with_scores && !(-i64::MAX / 2..=i64::MAX / 2).contains(&count) {
        return Err(OUT_OF_RANGE);
    }
    let Some(place) = exec.find_to_read(&args[1]) else {
        exec.reply.array(0);
        return Ok(());
    };
    let zset = stored::<Zset>(exec.keyspace, place)?;
    let reply = &mut exec.reply;
    let Ok(count_max) = usize::try_from(count) else {
        let count = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
        let longest = zset.iter_up(0).map(|(member, _)| member.len()).max().unwrap_or(0);
        if count.saturating_mul(longest + 32) > DRAWN_BYTES_MAX {
            return Err(OUT_OF_RANGE);
        }
        reply_header(reply, count, with_scores);
        for (member, score) in (0..count).filter_map(|_| zset.random(exec.random)) {
            reply_member(reply, member, score, with_scores);
        }
        return Ok(());
    };
    let ranks = draw_ranks(zset.len(), count_max, exec.random);
    reply_header(reply, ranks.len(), with_scores);
    for (member, score) in ranks.into_iter().filter_map(|rank| zset.iter_up(rank).next()) {
        reply_member(reply, member, score, with_scores);
    }
    Ok(())
}

/// Up to `count` different ranks below `len`: all of them in order if there are no more.
fn draw_ranks(len: usize, count: usize, random: &mut Random) -> Vec<usize> {
    if count >= len {
        return (0..len).collect();
    }
    // Floyd's way: each draw yields a new one.
    let mut drawn = BTreeSet::new();
    for bound in len - count..len {
        let rank = random.below(bound as u64 + 1) as usize;
        if !drawn.insert(rank) {
            drawn.insert(bound);
        }
    }
    let mut ranks: Vec<usize> = drawn.into_iter().collect();
    random.shuffle(&mut ranks);
    ranks
}
