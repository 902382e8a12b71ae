//! How are single keys asked about, removed, renamed and copied, whatever they hold?

mod database;
mod expire;
mod object;

pub use object::reference_count;

use crate::codec::number::parse_i64;
use crate::keyspace::Place;
use crate::resp::Args;

use crate::command::exec::{Exec, ExpiryRule, is_word};
use crate::command::reply_error::{
    DB_INDEX_OUT_OF_RANGE, INT_OUT_OF_RANGE, NO_SUCH_KEY, NOT_AN_INTEGER, SAME_OBJECT, SYNTAX,
};
use crate::command::{Class, Command, CommandError, Group, Keys, Outcome};

/// All commands of the family, file by file.
pub(super) const FAMILY: &[&[Command]] = &[COMMANDS, database::COMMANDS, object::COMMANDS, expire::COMMANDS];

const COMMANDS: &[Command] =
    &[
        Command::data(Group::Generic, "del", -2, "write", Keys::ALL, delete)
            .access("RM delete")
            .tips("request_policy:multi_shard response_policy:agg_sum")
            .docs("1.0.0", "O(N)", "Removes keys"),
        Command::data(Group::Generic, "unlink", -2, "write fast", Keys::ALL, delete)
            .access("RM delete")
            .tips("request_policy:multi_shard response_policy:agg_sum")
            .docs("4.0.0", "O(1)", "Removes keys; large values are freed in the background"),
        Command::data(Group::Generic, "exists", -2, "readonly fast", Keys::ALL, exists)
            .access("RO")
            .tips("request_policy:multi_shard response_policy:agg_sum")
            .docs("1.0.0", "O(N)", "Counts how many of the keys exist"),
        Command::data(Group::Generic, "type", 2, "readonly fast", Keys::ONE, value_type).access("RO").docs(
            "1.0.0",
            "O(1)",
            "Tells the type of a key's value",
        ),
        Command::data(Group::Generic, "touch", -2, "readonly fast", Keys::ALL, touch)
            .access("RO")
            .tips("request_policy:multi_shard response_policy:agg_sum")
            .docs("3.2.1", "O(N)", "Marks keys as used now and counts those that exist"),
        Command::data(Group::Generic, "rename", 3, "write", Keys::TWO, rename)
            .access("RW access delete; OW update")
            .docs("1.0.0", "O(1)", "Gives a key another name, overwriting what has it"),
        Command::data(Group::Generic, "renamenx", 3, "write fast", Keys::TWO, rename_nx)
            .access("RW access delete; OW insert")
            .docs("1.0.0", "O(1)", "Gives a key another name if nothing has it yet"),
        Command::data(Group::Generic, "copy", -3, "write denyoom", Keys::TWO, copy)
            .access("RO access; OW update")
            .docs("6.2.0", "O(N)", "Copies a key's value and expiry to another key"),
        Command::data(Group::Generic, "move", 3, "write fast", Keys::ONE, move_key).access("RW access update").docs(
            "1.0.0",
            "O(1)",
            "Moves a key to another database",
        ),
    ];

/// Finds a key for a read that does not count as use of it: a hit or a miss, but idle as before.
pub(super) fn find_untouched(exec: &mut Exec<'_>, key: &[u8]) -> Option<Place> {
    let found = find_unseen(exec, key);
    if found.is_none() {
        exec.notify(Class::Missed, "keymiss", key);
    }
    found
}

/// The same, of which subscribers are not told either.
pub(super) fn find_unseen(exec: &mut Exec<'_>, key: &[u8]) -> Option<Place> {
    let found = exec.peek(key);
    match found {
        Some(_) => exec.hits.hits += 1,
        None => exec.hits.misses += 1,
    }
    found
}

fn delete(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let mut removed = 0;
    for key in args.iter_from(1) {
        let found = match exec.expiry {
            // A client of a replica may remove a key that is there, though reads hide it already.
            ExpiryRule::Hide => exec.keyspace.locate(exec.database, key),
            ExpiryRule::Remove | ExpiryRule::Ignore => exec.find(key),
        };
        if let Some(place) = found {
            exec.keyspace.remove(place);
            exec.notify(Class::Generic, "del", key);
            removed += 1;
        }
    }
    exec.changed(removed as u64);
    exec.reply.count(removed);
    Ok(())
}

fn exists(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let mut found = 0;
    for key in args.iter_from(1) {
        found += usize::from(find_untouched(exec, key).is_some());
    }
    exec.reply.count(found);
    Ok(())
}

fn touch(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let mut found = 0;
    for key in args.iter_from(1) {
        found += usize::from(exec.find_to_read(key).is_some());
    }
    exec.reply.count(found);
    Ok(())
}

fn value_type(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let found = find_untouched(exec, &args[1]);
    let name = found.map_or("none", |place| exec.value(place).type_name());
    exec.reply.simple(name);
    Ok(())
}

fn rename(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    if exec.find(&args[1]).is_none() {
        return Err(NO_SUCH_KEY);
    }
    if args[1] != args[2] {
        // An expired key of the new name goes first, as an effect of its own.
        exec.find(&args[2]);
        rename_found(exec, args);
    }
    exec.reply.ok();
    Ok(())
}

fn rename_nx(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    if exec.find(&args[1]).is_none() {
        return Err(NO_SUCH_KEY);
    }
    // Under one name, source and destination are the same key, and it exists.
    let is_free = exec.find(&args[2]).is_none();
    if is_free {
        rename_found(exec, args);
    }
    exec.reply.int(i64::from(is_free));
    Ok(())
}

/// Moves the value of the first key, which is alive, to the second.
fn rename_found(exec: &mut Exec<'_>, args: Args<'_>) {
    // Looking up the new name may have removed an expired key, which made the old place void.
    let source = exec.keyspace.locate(exec.database, &args[1]);
    let source = source.expect("it was found and only another key was removed since");
    exec.notify(Class::New, "new", &args[2]);
    let usage = exec.first_use();
    exec.keyspace.rename(source, exec.database, &args[2], usage);
    exec.notify(Class::Generic, "rename_from", &args[1]);
    exec.notify(Class::Generic, "rename_to", &args[2]);
    exec.changed(1);
}

fn copy(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let (mut target, mut may_replace) = (exec.database, false);
    let mut options = args.iter_from(3);
    while let Some(option) = options.next() {
        if is_word(option, "REPLACE") {
            may_replace = true;
        } else if is_word(option, "DB") {
            target = database_arg(exec, options.next().ok_or(SYNTAX)?)?;
        } else {
            return Err(SYNTAX);
        }
    }
    if target == exec.database && args[1] == args[2] {
        return Err(SAME_OBJECT);
    }
    let has_copied = match exec.find_to_read(&args[1]) {
        Some(_) => copy_found(exec, args, target, may_replace),
        None => false,
    };
    exec.reply.int(i64::from(has_copied));
    Ok(())
}

/// Copies the first key, which is alive, to the second in database `target`; true if that was free or may be replaced.
fn copy_found(exec: &mut Exec<'_>, args: Args<'_>, target: u32, may_replace: bool) -> bool {
    let is_taken = in_database(exec, target, |exec| exec.find(&args[2]).is_some());
    if is_taken && !may_replace {
        return false;
    }
    let source = exec.keyspace.locate(exec.database, &args[1]);
    let source = source.expect("it was found and only another key was removed since");
    let (value, expires_ms) = (exec.value(source).clone(), exec.expires_ms(source));
    in_database(exec, target, |exec| {
        exec.put_anew(&args[2], value, expires_ms);
        exec.notify(Class::Generic, "copy_to", &args[2]);
    });
    exec.changed(1);
    true
}

fn move_key(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let target = database_arg(exec, &args[2])?;
    if target == exec.database {
        return Err(SAME_OBJECT);
    }
    let is_moved = exec.find(&args[1]).is_some() && !in_database(exec, target, |exec| exec.find(&args[1]).is_some());
    if is_moved {
        let source = exec.keyspace.locate(exec.database, &args[1]);
        let source = source.expect("it was found and only a key elsewhere was removed since");
        let usage = exec.first_use();
        in_database(exec, target, |exec| exec.notify(Class::New, "new", &args[1]));
        exec.keyspace.rename(source, target, &args[1], usage);
        exec.notify(Class::Generic, "move_from", &args[1]);
        in_database(exec, target, |exec| exec.notify(Class::Generic, "move_to", &args[1]));
        exec.changed(1);
    }
    exec.reply.int(i64::from(is_moved));
    Ok(())
}

/// Does something in another database than the selected one.
fn in_database<R>(exec: &mut Exec<'_>, database: u32, work: impl FnOnce(&mut Exec<'_>) -> R) -> R {
    let selected = core::mem::replace(&mut exec.database, database);
    let result = work(exec);
    exec.database = selected;
    result
}

/// An argument that must name a database.
fn database_arg(exec: &Exec<'_>, arg: &[u8]) -> Result<u32, CommandError> {
    let number = parse_i64(arg).ok_or(NOT_AN_INTEGER)?;
    let number = i32::try_from(number).map_err(|_| INT_OUT_OF_RANGE)?;
    match u32::try_from(number) {
        Ok(index) if index < exec.keyspace.database_count() => Ok(index),
        _ => Err(DB_INDEX_OUT_OF_RANGE),
    }
}

#[cfg(test)]
mod tests;
