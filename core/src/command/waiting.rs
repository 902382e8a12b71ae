//! Commands that exist in tests alone: the smallest that wait, on hashes, which nothing else waits for.

use alloc::vec::Vec;

use crate::codec::number::{parse_i64, parse_u64};
use crate::resp::Args;
use crate::value::{Blob, Hash};

use super::block::{Block, Null, Service};
use super::error::CommandError;
use super::exec::Exec;
use super::{Command, Group, Keys, Outcome};

pub(super) const COMMANDS: &[Command] = &[
    Command::data(Group::Hash, "take", -3, "write blocking", Keys::ALL_BUT_LAST, take).docs(
        "1.0.0",
        "O(N)",
        "Takes the first field of the first of some hashes, like BLPOP",
    ),
    Command::data(Group::Hash, "taketo", 4, "write blocking", Keys::TWO, take_to).docs(
        "1.0.0",
        "O(N)",
        "Moves the first field of a hash to another, like BRPOPLPUSH",
    ),
    Command::data(Group::Hash, "look", -3, "readonly blocking", Keys::ONE, look).docs(
        "1.0.0",
        "O(1)",
        "Waits until a hash has so many fields, and with REMOVAL until it is gone, like XREADGROUP",
    ),
];

fn waits(keys: Vec<Blob>, timeout: &[u8], null: Null) -> Block {
    let timeout_ms = parse_u64(timeout).filter(|&timeout_ms| timeout_ms > 0);
    Block { keys, type_name: "hash", timeout_ms, null, request: None, wakes_on_removal: false }
}

/// Takes the first field of a hash.
fn take_from(exec: &mut Exec<'_>, key: &[u8]) -> Result<Option<Vec<u8>>, CommandError> {
    let Some(place) = exec.find(key) else { return Ok(None) };
    let mut first = None;
    exec.typed::<Hash>(place)?.for_each(|name, _| {
        first.get_or_insert_with(|| name.with_bytes(<[u8]>::to_vec));
    });
    let Some(field) = first else { return Ok(None) };
    let hash = exec.typed_mut::<Hash>(place)?;
    hash.remove(&field);
    if hash.is_empty() {
        exec.remove_emptied(place, key);
    }
    exec.changed(1);
    Ok(Some(field))
}

fn take(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let last = args.len() - 1;
    for key in args.iter_from(1).take(last - 1) {
        if !exec.counts(key) {
            continue;
        }
        if let Some(field) = take_from(exec, key)? {
            exec.feed.instead(exec.database, [b"HDEL", key, &field]);
            exec.reply.array(2);
            exec.reply.bulk(key);
            exec.reply.bulk(&field);
            return Ok(());
        }
    }
    let keys = args.iter_from(1).take(last - 1).map(Blob::new).collect();
    exec.wait(waits(keys, &args[last], Null::Array));
    Ok(())
}

fn take_to(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    if let Some(place) = exec.find(&args[2]) {
        exec.typed::<Hash>(place)?;
    }
    let Some(field) = take_from(exec, &args[1])? else {
        exec.wait(waits([Blob::new(&args[1])].into(), &args[3], Null::Bulk));
        return Ok(());
    };
    let (limits, order) = (exec.limits().hash, exec.keyspace.order());
    let place = match exec.find(&args[2]) {
        Some(place) => place,
        None => {
            exec.insert(&args[2], Hash::default(), crate::keyspace::NO_EXPIRY);
            exec.find(&args[2]).expect("it was just inserted")
        }
    };
    exec.typed_mut::<Hash>(place)?.set(&field, b"v", &limits, order);
    exec.feed.instead(exec.database, [b"TAKETO".as_slice(), &args[1], &args[2], b"0"]);
    exec.reply.bulk(&field);
    Ok(())
}

fn look(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let wakes_on_removal = args.len() > 3;
    let has_waited = matches!(exec.service, Service::Filled(_));
    let len = match exec.find_to_read(&args[1]) {
        Some(place) => exec.typed::<Hash>(place)?.len(),
        None if has_waited => return Err(CommandError::new("UNBLOCKED it is gone")),
        None => 0,
    };
    if len as i64 >= parse_i64(&args[2]).unwrap_or(0) {
        exec.reply.count(len);
        return Ok(());
    }
    let block = waits([Blob::new(&args[1])].into(), b"", Null::Array);
    exec.wait(Block { wakes_on_removal, ..block });
    Ok(())
}
