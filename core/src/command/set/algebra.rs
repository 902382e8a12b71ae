//! Sets: what several have in common, have together, or not.

use alloc::vec::Vec;

use crate::codec::number::parse_i64;
use crate::command::exec::{Exec, is_word, stored};
use crate::command::reply_error::{KEY_COUNT_NOT_POSITIVE, KEY_COUNT_TOO_LARGE, LIMIT_NEGATIVE, SYNTAX};
use crate::command::{Class, Command, CommandError, Group, Keys, Outcome};
use crate::keyspace::{Keyspace, NO_EXPIRY};
use crate::resp::Args;
use crate::value::limits::SetLimits;
use crate::value::{Set, Text};

pub(super) const COMMANDS: &[Command] = &[
    Command::data(Group::Set, "smembers", 2, "readonly", Keys::ONE, sinter)
        .access("RO access")
        .tips("nondeterministic_output_order")
        .docs("1.0.0", "O(N)", "Get all members of a set"),
    Command::data(Group::Set, "sinter", -2, "readonly", Keys::ALL, sinter)
        .access("RO access")
        .tips("nondeterministic_output_order")
        .docs("1.0.0", "O(N*M)", "Get the members that all of several sets have"),
    Command::data(Group::Set, "sintercard", -3, "readonly", Keys::Numbered { at: 1 }, sintercard)
        .access("RO access")
        .docs("7.0.0", "O(N*M)", "Count the members that all of several sets have"),
    Command::data(Group::Set, "sinterstore", -3, "write denyoom", Keys::ALL, sinterstore)
        .access("RW update; RO access")
        .docs("1.0.0", "O(N*M)", "Keep the members that all of several sets have"),
    Command::data(Group::Set, "sunion", -2, "readonly", Keys::ALL, sunion)
        .access("RO access")
        .tips("nondeterministic_output_order")
        .docs("1.0.0", "O(N)", "Get the members that any of several sets has"),
    Command::data(Group::Set, "sunionstore", -3, "write denyoom", Keys::ALL, sunionstore)
        .access("OW update; RO access")
        .docs("1.0.0", "O(N)", "Keep the members that any of several sets has"),
    Command::data(Group::Set, "sdiff", -2, "readonly", Keys::ALL, sdiff)
        .access("RO access")
        .tips("nondeterministic_output_order")
        .docs("1.0.0", "O(N)", "Get the members of the first set that no other has"),
    Command::data(Group::Set, "sdiffstore", -3, "write denyoom", Keys::ALL, sdiffstore)
        .access("OW update; RO access")
        .docs("1.0.0", "O(N)", "Keep the members of the first set that no other has"),
];

/// The sets of several keys; nothing where there is none.
fn sets<'k, 'a>(
    exec: &'k mut Exec<'_>,
    keys: impl Iterator<Item = &'a [u8]> + Clone,
) -> Result<Vec<Option<&'k Set>>, CommandError> {
    // A look-up may remove a key whose time has come: places are taken only when all were looked up.
    keys.clone().for_each(|key| {
        exec.find_to_read(key);
    });
    let places: Vec<_> = keys.map(|key| exec.peek(key)).collect();
    let keyspace: &Keyspace = exec.keyspace;
    places.into_iter().map(|place| place.map(|place| stored::<Set>(keyspace, place)).transpose()).collect()
}

/// The members that all have, as far as `visit` wants them.
fn intersect<'k>(sets: &[Option<&'k Set>], mut visit: impl FnMut(Text<'k>) -> bool) {
    let mut present: Vec<&Set> = sets.iter().flatten().copied().collect();
    if present.len() < sets.len() {
        return;
    }
    present.sort_by_key(|set| set.len());
    let Some((smallest, others)) = present.split_first() else { return };
    for member in smallest.iter().filter(|member| others.iter().all(|set| set.contains_text(*member))) {
        if !visit(member) {
            return;
        }
    }
}

/// What is made of several sets.
#[derive(Clone, Copy)]
enum Operation {
    Intersection,
    Union,
    Difference,
}

impl Operation {
    /// The result as a set of its own. Small ones are intsets again.
    fn result(self, sets: &[Option<&Set>], limits: SetLimits, order: crate::codec::siphash::HashKey) -> Set {
        let mut result = Set::default();
        let mut add = |member: Text<'_>| member.with_bytes(|member| result.add(member, limits, order));
        match self {
            Operation::Intersection => intersect(sets, |member| {
                add(member);
                true
            }),
            Operation::Union => sets.iter().flatten().for_each(|set| {
                set.for_each(|member| {
                    add(member);
                });
            }),
            Operation::Difference => {
                let others: Vec<&Set> = sets.iter().skip(1).flatten().copied().collect();
                let first = sets.first().copied().flatten();
                let is_left = |member: &Text<'_>| !others.iter().any(|set| set.contains_text(*member));
                first.into_iter().flat_map(Set::iter).filter(is_left).for_each(|member| {
                    add(member);
                });
            }
        }
        result
    }

    fn event(self) -> &'static str {
        match self {
            Operation::Intersection => "sinterstore",
            Operation::Union => "sunionstore",
            Operation::Difference => "sdiffstore",
        }
    }
}

fn sinter(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let found = sets(exec, args.iter_from(1))?;
    let mut members = Vec::new();
    intersect(&found, |member| {
        members.push(member);
        true
    });
    // The members are borrowed from the keyspace: they are copied once, into the reply.
    let mut bytes = Vec::new();
    let count = members.len();
    members.into_iter().for_each(|member| member.with_bytes(|member| crate::resp::push_bulk(&mut bytes, member)));
    exec.reply.set(count);
    exec.reply.raw(&bytes);
    Ok(())
}

fn sintercard(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let numkeys = parse_i64(&args[1]).and_then(|number| usize::try_from(number).ok()).filter(|&number| number > 0);
    let numkeys = numkeys.ok_or(KEY_COUNT_NOT_POSITIVE)?;
    if numkeys > args.len() - 2 {
        return Err(KEY_COUNT_TOO_LARGE);
    }
    let mut limit = 0;
    let mut options = args.iter_from(2 + numkeys);
    while let Some(option) = options.next() {
        let value = options.next().filter(|_| is_word(option, "LIMIT")).ok_or(SYNTAX)?;
        limit = parse_i64(value).and_then(|limit| usize::try_from(limit).ok()).ok_or(LIMIT_NEGATIVE)?;
    }
    let found = sets(exec, args.iter_from(2).take(numkeys))?;
    let mut count = 0;
    intersect(&found, |_| {
        count += 1;
        count != limit
    });
    exec.reply.count(count);
    Ok(())
}

fn sunion(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    reply_with(exec, args, Operation::Union)
}

fn sdiff(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    reply_with(exec, args, Operation::Difference)
}

fn reply_with(exec: &mut Exec<'_>, args: Args<'_>, operation: Operation) -> Outcome {
    let (limits, order) = (exec.limits().set, exec.keyspace.order());
    let result = operation.result(&sets(exec, args.iter_from(1))?, limits, order);
    let reply = &mut exec.reply;
    reply.set(result.len());
    result.for_each(|member| member.reply_to(reply));
    Ok(())
}

fn sinterstore(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    store(exec, args, Operation::Intersection)
}

fn sunionstore(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    store(exec, args, Operation::Union)
}

fn sdiffstore(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    store(exec, args, Operation::Difference)
}

fn store(exec: &mut Exec<'_>, args: Args<'_>, operation: Operation) -> Outcome {
    let (limits, order) = (exec.limits().set, exec.keyspace.order());
    let result = operation.result(&sets(exec, args.iter_from(2))?, limits, order);
    let (key, count) = (&args[1], result.len());
    if count > 0 {
        exec.put(key, result, NO_EXPIRY);
        exec.notify(Class::Set, operation.event(), key);
        exec.changed(1);
    } else if let Some(place) = exec.find(key) {
        exec.remove_emptied(place, key);
        exec.changed(1);
    }
    exec.reply.count(count);
    Ok(())
}
