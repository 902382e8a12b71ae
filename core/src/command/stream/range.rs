//! Streams: reading entries by their ids.

use alloc::vec::Vec;

use crate::command::exec::{Exec, int_arg, is_word};
use crate::command::reply_error::SYNTAX;
use crate::command::{Command, Group, Keys, Outcome};
use crate::resp::Args;
use crate::value::stream::{Entry, Order};

use super::{end_arg, reply_entry, start_arg, stream};

pub(super) const COMMANDS: &[Command] = &[
    Command::data(Group::Stream, "xlen", 2, "readonly fast", Keys::ONE, xlen).access("RO").docs(
        "5.0.0",
        "O(1)",
        "Count the entries of a stream",
    ),
    Command::data(Group::Stream, "xrange", -4, "readonly", Keys::ONE, xrange).access("RO access").docs(
        "5.0.0",
        "O(N)",
        "Get the entries of a stream between two ids, oldest first",
    ),
    Command::data(Group::Stream, "xrevrange", -4, "readonly", Keys::ONE, xrevrange).access("RO access").docs(
        "5.0.0",
        "O(N)",
        "Get the entries of a stream between two ids, newest first",
    ),
];

fn xlen(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let len = match exec.find_to_read(&args[1]) {
        Some(place) => stream(exec.keyspace, place)?.len(),
        None => 0,
    };
    exec.reply.count(len);
    Ok(())
}

fn xrange(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    range(exec, args, Order::Ascending)
}

fn xrevrange(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    range(exec, args, Order::Descending)
}

fn range(exec: &mut Exec<'_>, args: Args<'_>, order: Order) -> Outcome {
    let (start_at, end_at) = if order == Order::Ascending { (2, 3) } else { (3, 2) };
    let from = start_arg(&args[start_at])?;
    let to = end_arg(&args[end_at])?;
    let mut count = None;
    let mut at = 4;
    while at < args.len() {
        match args.get(at + 1) {
            Some(value) if is_word(&args[at], "COUNT") => count = Some(int_arg(value)?.max(0) as usize),
            _ => return Err(SYNTAX),
        }
        at += 2;
    }
    let Some(place) = exec.find_to_read(&args[1]) else {
        exec.reply.array(0);
        return Ok(());
    };
    let stream = stream(exec.keyspace, place)?;
    if count == Some(0) {
        exec.reply.null_array();
        return Ok(());
    }
    let entries: Vec<Entry<'_>> = stream.entries(from, to, order).take(count.unwrap_or(usize::MAX)).collect();
    exec.reply.array(entries.len());
    for entry in &entries {
        reply_entry(&mut exec.reply, entry);
    }
    Ok(())
}
