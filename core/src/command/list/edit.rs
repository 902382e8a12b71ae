//! Lists: changes in the middle.

use crate::command::exec::{Exec, int_arg, is_word};
use crate::command::reply_error::{INDEX_OUT_OF_RANGE, NO_SUCH_KEY, SYNTAX};
use crate::command::{Class, Command, Group, Keys, Outcome};
use crate::resp::Args;
use crate::value::List;
use crate::value::list::{End, Side};

use super::read::span;

pub(super) const COMMANDS: &[Command] = &[
    Command::data(Group::List, "lset", 4, "write denyoom", Keys::ONE, lset).access("RW update").docs(
        "1.0.0",
        "O(N)",
        "Replace the element at an index",
    ),
    Command::data(Group::List, "linsert", 5, "write denyoom", Keys::ONE, linsert).access("RW insert").docs(
        "2.2.0",
        "O(N)",
        "Insert an element BEFORE or AFTER another",
    ),
    Command::data(Group::List, "lrem", 4, "write", Keys::ONE, lrem).access("RW delete").docs(
        "1.0.0",
        "O(N+M)",
        "Remove the first elements that equal one, or the last, or all",
    ),
    Command::data(Group::List, "ltrim", 4, "write", Keys::ONE, ltrim).access("RW delete").docs(
        "1.0.0",
        "O(N)",
        "Keep only the elements from one index to another",
    ),
];

fn lset(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let limits = exec.limits().list;
    let place = exec.find(&args[1]).ok_or(NO_SUCH_KEY)?;
    let list = exec.typed::<List>(place)?;
    let index = list.place_of(int_arg(&args[2])?).ok_or(INDEX_OUT_OF_RANGE)?;
    exec.typed_mut::<List>(place)?.set(index, &args[3], limits);
    exec.reply.ok();
    exec.notify(Class::List, "lset", &args[1]);
    exec.changed(1);
    Ok(())
}

fn linsert(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let side = match &args[2] {
        word if is_word(word, "BEFORE") => Side::Before,
        word if is_word(word, "AFTER") => Side::After,
        _ => return Err(SYNTAX),
    };
    let limits = exec.limits().list;
    let Some(place) = exec.find(&args[1]) else {
        exec.reply.int(0);
        return Ok(());
    };
    let list = exec.typed::<List>(place)?;
    // Only an insertion is a change.
    if !list.iter_from(End::Head, 0).any(|text| text.equals(&args[3])) {
        exec.reply.int(-1);
        return Ok(());
    }
    let list = exec.typed_mut::<List>(place)?;
    list.insert_beside(&args[3], side, &args[4], limits);
    let len = list.len();
    exec.notify(Class::List, "linsert", &args[1]);
    exec.changed(1);
    exec.reply.count(len);
    Ok(())
}

fn lrem(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let count = int_arg(&args[2])?;
    let Some(place) = exec.find(&args[1]) else {
        exec.reply.int(0);
        return Ok(());
    };
    let list = exec.typed::<List>(place)?;
    if !list.iter_from(End::Head, 0).any(|text| text.equals(&args[3])) {
        exec.reply.int(0);
        return Ok(());
    }
    let end = if count < 0 { End::Tail } else { End::Head };
    let count_max = if count == 0 { usize::MAX } else { usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX) };
    let list = exec.typed_mut::<List>(place)?;
    let removed = list.remove(&args[3], end, count_max);
    let is_empty = list.is_empty();
    exec.notify(Class::List, "lrem", &args[1]);
    if is_empty {
        exec.remove_emptied(place, &args[1]);
    }
    exec.changed(removed as u64);
    exec.reply.count(removed);
    Ok(())
}

fn ltrim(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let (start, stop) = (int_arg(&args[2])?, int_arg(&args[3])?);
    let Some(place) = exec.find(&args[1]) else {
        exec.reply.ok();
        return Ok(());
    };
    let len = exec.typed::<List>(place)?.len();
    let (first, count) = span(start, stop, len);
    let list = exec.typed_mut::<List>(place)?;
    list.remove_range(first + count, usize::MAX);
    list.remove_range(0, first);
    let is_empty = list.is_empty();
    exec.notify(Class::List, "ltrim", &args[1]);
    if is_empty {
        exec.remove_emptied(place, &args[1]);
    }
    exec.changed((len - count) as u64);
    exec.reply.ok();
    Ok(())
}
