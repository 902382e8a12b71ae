//! Sets: members one by one.

mod algebra;
mod draw;
#[cfg(test)]
mod tests;

use crate::codec::glob;
use crate::command::exec::{Exec, stored};
use crate::command::scan_options::{Scanned, parse_cursor, parse_options};
use crate::command::{Class, Command, Group, Keys, Outcome};
use crate::keyspace::NO_EXPIRY;
use crate::resp::{Args, push_bulk};
use crate::table::{decode_cursor, encode_cursor};
use crate::value::set::{Members, Texts};
use crate::value::{Set, Text};

/// All commands of the family, file by file.
pub(super) const FAMILY: &[&[Command]] = &[COMMANDS, draw::COMMANDS, algebra::COMMANDS];

/// Steps of the table that one SSCAN takes at most for each member asked for, as in Redis.
const STEPS_PER_MEMBER_MAX: usize = 10;

const COMMANDS: &[Command] =
    &[
        Command::data(Group::Set, "sadd", -3, "write denyoom fast", Keys::ONE, sadd).access("RW insert").docs(
            "1.0.0",
            "O(1)",
            "Add members to a set",
        ),
        Command::data(Group::Set, "srem", -3, "write fast", Keys::ONE, srem).access("RW delete").docs(
            "1.0.0",
            "O(N)",
            "Remove members from a set",
        ),
        Command::data(Group::Set, "smove", 4, "write fast", Keys::TWO, smove)
            .access("RW access delete; RW insert")
            .docs("1.0.0", "O(1)", "Move a member from one set to another"),
        Command::data(Group::Set, "sismember", 3, "readonly fast", Keys::ONE, sismember).access("RO").docs(
            "1.0.0",
            "O(1)",
            "Tell whether a set has a member",
        ),
        Command::data(Group::Set, "smismember", -3, "readonly fast", Keys::ONE, smismember).access("RO access").docs(
            "6.2.0",
            "O(N)",
            "Tell which of several members a set has",
        ),
        Command::data(Group::Set, "scard", 2, "readonly fast", Keys::ONE, scard).access("RO").docs(
            "1.0.0",
            "O(1)",
            "Count the members of a set",
        ),
        Command::data(Group::Set, "sscan", -3, "readonly", Keys::ONE, sscan)
            .access("RO access")
            .tips("nondeterministic_output")
            .docs("2.8.0", "O(1)", "Walk through the members of a set step by step"),
    ];

fn sadd(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let (limits, order) = (exec.limits().set, exec.keyspace.order());
    let add_all = |set: &mut Set| args.iter_from(2).filter(|member| set.add(member, limits, order)).count();
    let added = match exec.find(&args[1]) {
        Some(place) => {
            let set = exec.typed::<Set>(place)?;
            // Only an addition is a change.
            match args.iter_from(2).all(|member| set.contains(member)) {
                true => 0,
                false => add_all(exec.typed_mut::<Set>(place)?),
            }
        }
        None => {
            let mut set = Set::default();
            let added = add_all(&mut set);
            exec.insert(&args[1], set, NO_EXPIRY);
            added
        }
    };
    if added > 0 {
        exec.notify(Class::Set, "sadd", &args[1]);
        exec.changed(added as u64);
    }
    exec.reply.count(added);
    Ok(())
}

fn srem(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let Some(place) = exec.find(&args[1]) else {
        exec.reply.int(0);
        return Ok(());
    };
    let set = exec.typed::<Set>(place)?;
    if !args.iter_from(2).any(|member| set.contains(member)) {
        exec.reply.int(0);
        return Ok(());
    }
    let set = exec.typed_mut::<Set>(place)?;
    let removed = args.iter_from(2).filter(|member| set.remove(member)).count();
    let is_empty = set.is_empty();
    exec.notify(Class::Set, "srem", &args[1]);
    if is_empty {
        exec.remove_emptied(place, &args[1]);
    }
    exec.changed(removed as u64);
    exec.reply.count(removed);
    Ok(())
}

fn smove(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let (source, target, member) = (&args[1], &args[2], &args[3]);
    let (limits, order) = (exec.limits().set, exec.keyspace.order());
    let found = exec.find(source);
    let target_found = exec.find(target);
    if found.is_none() {
        exec.reply.int(0);
        return Ok(());
    }
    // Looking for the target may have removed it, its time having come: the source is looked up again.
    let Some(place) = exec.peek(source) else { return Ok(()) };
    let is_there = exec.typed::<Set>(place)?.contains(member);
    if let Some(target_place) = target_found {
        exec.typed::<Set>(target_place)?;
    }
    if !is_there || source == target {
        exec.reply.int(i64::from(is_there));
        return Ok(());
    }
    let set = exec.typed_mut::<Set>(place)?;
    set.remove(member);
    let is_empty = set.is_empty();
    exec.notify(Class::Set, "srem", source);
    if is_empty {
        exec.remove_emptied(place, source);
    }
    let is_new = match exec.peek(target) {
        Some(place) => {
            let is_new = !exec.typed::<Set>(place)?.contains(member);
            is_new && exec.typed_mut::<Set>(place)?.add(member, limits, order)
        }
        None => {
            let mut set = Set::default();
            set.add(member, limits, order);
            exec.insert(target, set, NO_EXPIRY);
            true
        }
    };
    exec.changed(1);
    if is_new {
        exec.changed(1);
        exec.notify(Class::Set, "sadd", target);
    }
    exec.reply.int(1);
    Ok(())
}

fn sismember(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let is_member = match exec.find_to_read(&args[1]) {
        Some(place) => exec.typed::<Set>(place)?.contains(&args[2]),
        None => false,
    };
    exec.reply.int(i64::from(is_member));
    Ok(())
}

fn smismember(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let set = match exec.find_to_read(&args[1]) {
        Some(place) => Some(stored::<Set>(exec.keyspace, place)?),
        None => None,
    };
    let members = args.iter_from(2);
    exec.reply.array(members.len());
    for member in members {
        exec.reply.int(i64::from(set.is_some_and(|set| set.contains(member))));
    }
    Ok(())
}

fn scard(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let count = match exec.find_to_read(&args[1]) {
        Some(place) => exec.typed::<Set>(place)?.len(),
        None => 0,
    };
    exec.reply.count(count);
    Ok(())
}

fn sscan(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let cursor = parse_cursor(&args[2])?;
    let Some(place) = exec.find_to_read(&args[1]) else {
        exec.reply.array(2);
        exec.reply.bulk(b"0");
        exec.reply.array(0);
        return Ok(());
    };
    let set = stored::<Set>(exec.keyspace, place)?;
    let options = parse_options(args, 3, Scanned::Members)?;
    let (mut bytes, mut count) = (alloc::vec::Vec::new(), 0);
    let offer = |member: Text<'_>| {
        member.with_bytes(|member| {
            if options.pattern.is_none_or(|pattern| glob::matches(pattern, member)) {
                push_bulk(&mut bytes, member);
                count += 1;
            }
        });
    };
    let next = match set {
        Set::Texts(texts) if let Texts::Many(members) = &**texts => scan_members(members, cursor, options.count, offer),
        compact => {
            compact.for_each(offer);
            0
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
fn scan_members(members: &Members, cursor: u64, count: usize, mut offer: impl FnMut(Text<'_>)) -> u64 {
    let mut position = decode_cursor(cursor);
    let mut visited = 0;
    let mut steps_left = count.saturating_mul(STEPS_PER_MEMBER_MAX);
    loop {
        position = members.table.scan(
            position,
            |member| members.key.hash(member),
            |member| {
                visited += 1;
                offer(Text::Bytes(member));
            },
        );
        steps_left = steps_left.saturating_sub(1);
        if position == 0 || visited >= count || steps_left == 0 {
            return encode_cursor(position);
        }
    }
}
