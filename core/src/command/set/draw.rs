//! Sets: members drawn at random.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::codec::number::parse_i64;
use crate::codec::random::Random;
use crate::command::exec::{Exec, int_arg, stored};
use crate::command::reply_error::{COUNT_OUT_OF_RANGE, MUST_BE_POSITIVE, OUT_OF_RANGE, SYNTAX};
use crate::command::{Class, Command, Group, Keys, Outcome};
use crate::keyspace::Place;
use crate::museum::Defect;
use crate::resp::Args;
use crate::value::{Blob, Set};

pub(super) const COMMANDS: &[Command] = &[
    Command::data(Group::Set, "spop", -2, "write fast", Keys::ONE, spop)
        .access("RW access delete")
        .tips("nondeterministic_output")
        .docs("1.0.0", "O(N)", "Take random members from a set"),
    Command::data(Group::Set, "srandmember", -2, "readonly", Keys::ONE, srandmember)
        .access("RO access")
        .tips("nondeterministic_output")
        .docs("1.0.0", "O(N)", "Get random members of a set"),
];

/// A request for fewer than one in so many members draws them one by one; others go through the whole set once.
const SPARSE_FACTOR: usize = 3;
/// The most that SRANDMEMBER with a negative count replies, in bytes: as much as the longest string.
const DRAWN_BYTES_MAX: usize = 512 << 20;

/// Fed as the removal of what was drawn: a replica draws something else.
fn spop(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    if args.len() > 3 {
        return Err(SYNTAX);
    }
    let key = &args[1];
    let Some(count) = args.get(2) else { return pop_one(exec, key) };
    let count = parse_i64(count).and_then(|count| usize::try_from(count).ok()).ok_or(MUST_BE_POSITIVE)?;
    let Some(place) = exec.find(key) else {
        exec.reply.set(0);
        return Ok(());
    };
    let len = exec.typed::<Set>(place)?.len();
    if count == 0 {
        exec.reply.set(0);
        return Ok(());
    }
    exec.notify(Class::Set, "spop", key);
    if count >= len { pop_all(exec, place, key) } else { pop_some(exec, place, key, count) }
}

fn pop_one(exec: &mut Exec<'_>, key: &[u8]) -> Outcome {
    let Some(place) = exec.find(key) else {
        exec.reply.null();
        return Ok(());
    };
    let drawn = stored::<Set>(exec.keyspace, place)?.random(exec.random);
    let Some(member) = drawn.map(|member| member.with_bytes(Blob::new)) else { return Ok(()) };
    let set = exec.typed_mut::<Set>(place)?;
    set.remove(&member);
    let is_empty = set.is_empty();
    exec.notify(Class::Set, "spop", key);
    if is_empty {
        exec.remove_emptied(place, key);
    }
    exec.changed(1);
    if !exec.feed.has(Defect::PopAsAsked) {
        exec.feed.instead(exec.database, [b"SREM", key, &member]);
    }
    exec.reply.bulk(&member);
    Ok(())
}

fn pop_all(exec: &mut Exec<'_>, place: Place, key: &[u8]) -> Outcome {
    let set = stored::<Set>(exec.keyspace, place)?;
    let reply = &mut exec.reply;
    reply.set(set.len());
    set.for_each(|member| member.reply_to(reply));
    let count = set.len();
    exec.remove_emptied(place, key);
    exec.changed(count as u64);
    let verb: &[u8] = if exec.config.lazyfree_lazy_server_del { b"UNLINK" } else { b"DEL" };
    exec.feed.instead(exec.database, [verb, key]);
    Ok(())
}

fn pop_some(exec: &mut Exec<'_>, place: Place, key: &[u8], count: usize) -> Outcome {
    let drawn = draw_different(stored::<Set>(exec.keyspace, place)?, exec.random, count);
    let set = exec.typed_mut::<Set>(place)?;
    for member in &drawn {
        set.remove(member);
    }
    exec.changed(drawn.len() as u64);
    exec.reply.set(drawn.len());
    for member in &drawn {
        exec.reply.bulk(member);
        exec.feed.instead(exec.database, [b"SREM", key, member]);
    }
    Ok(())
}

/// `count` different members, fewer than there are.
fn draw_different(set: &Set, random: &mut Random, count: usize) -> Vec<Blob> {
    if count <= set.len() / SPARSE_FACTOR {
        let mut drawn = BTreeSet::new();
        // At most a third is taken: one and a half draws for each are expected.
        for _ in 0..count.saturating_mul(8) {
            if drawn.len() == count {
                return drawn.into_iter().collect();
            }
            drawn.extend(set.random(random).map(|member| member.with_bytes(Blob::new)));
        }
    }
    let mut all: Vec<Blob> = Vec::with_capacity(set.len());
    set.for_each(|member| all.push(member.with_bytes(Blob::new)));
    random.shuffle(&mut all);
    all.truncate(count);
    all
}

fn srandmember(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    if args.len() > 3 {
        return Err(SYNTAX);
    }
    let Some(count) = args.get(2) else {
        let Some(place) = exec.find_to_read(&args[1]) else {
            exec.reply.null();
            return Ok(());
        };
        match stored::<Set>(exec.keyspace, place)?.random(exec.random) {
            Some(member) => member.reply_to(&mut exec.reply),
            None => exec.reply.null(),
        }
        return Ok(());
    };
    let count = int_arg(count)?;
    if count == i64::MIN {
        return Err(COUNT_OUT_OF_RANGE);
    }
    let Some(place) = exec.find_to_read(&args[1]) else {
        exec.reply.array(0);
        return Ok(());
    };
    let set = stored::<Set>(exec.keyspace, place)?;
    match usize::try_from(count) {
        Ok(count) if count >= set.len() => {
            let reply = &mut exec.reply;
            reply.array(set.len());
            set.for_each(|member| member.reply_to(reply));
        }
        Ok(count) => {
            let drawn = draw_different(set, exec.random, count);
            exec.reply.array(drawn.len());
            drawn.iter().for_each(|member| exec.reply.bulk(member));
        }
        Err(_) => {
            let count = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
            let longest = set.iter().map(|member| member.len()).max().unwrap_or(0);
            if count.saturating_mul(longest + 8) > DRAWN_BYTES_MAX {
                return Err(OUT_OF_RANGE);
            }
            exec.reply.array(count);
            for _ in 0..count {
                match set.random(exec.random) {
                    Some(member) => member.reply_to(&mut exec.reply),
                    None => exec.reply.null(),
                }
            }
        }
    }
    Ok(())
}
