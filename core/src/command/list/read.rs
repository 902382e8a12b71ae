//! Lists: looking without changing.

use crate::codec::number::parse_i64;
use crate::command::exec::{Exec, int_arg, is_word, stored};
use crate::command::reply_error::{MAXLEN_NEGATIVE, POSITIONS_NEGATIVE, RANK_ZERO, SYNTAX};
use crate::command::{Command, CommandError, Group, Keys, Outcome};
use crate::resp::Args;
use crate::value::List;
use crate::value::list::End;

pub(super) const COMMANDS: &[Command] = &[
    Command::data(Group::List, "llen", 2, "readonly fast", Keys::ONE, llen).access("RO").docs(
        "1.0.0",
        "O(1)",
        "Count the elements of a list",
    ),
    Command::data(Group::List, "lrange", 4, "readonly", Keys::ONE, lrange).access("RO access").docs(
        "1.0.0",
        "O(S+N)",
        "Get the elements of a list from one index to another",
    ),
    Command::data(Group::List, "lindex", 3, "readonly", Keys::ONE, lindex).access("RO access").docs(
        "1.0.0",
        "O(N)",
        "Get the element at an index",
    ),
    Command::data(Group::List, "lpos", -3, "readonly", Keys::ONE, lpos).access("RO access").docs(
        "6.0.6",
        "O(N)",
        "Get the indices at which an element stands",
    ),
];

fn llen(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let len = match exec.find_to_read(&args[1]) {
        Some(place) => exec.typed::<List>(place)?.len(),
        None => 0,
    };
    exec.reply.count(len);
    Ok(())
}

fn lrange(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let (start, stop) = (int_arg(&args[2])?, int_arg(&args[3])?);
    let Some(place) = exec.find_to_read(&args[1]) else {
        exec.reply.array(0);
        return Ok(());
    };
    let list = stored::<List>(exec.keyspace, place)?;
    let (first, count) = span(start, stop, list.len());
    let reply = &mut exec.reply;
    reply.array(count);
    list.iter_from(End::Head, first).take(count).for_each(|text| text.reply_to(reply));
    Ok(())
}

/// Two indices, negative from the end, both included, as the first place and a count.
pub(super) fn span(start: i64, stop: i64, len: usize) -> (usize, usize) {
    let signed = i64::try_from(len).unwrap_or(i64::MAX);
    let from_end = |index: i64| if index < 0 { index.saturating_add(signed) } else { index };
    let (start, stop) = (from_end(start).max(0), from_end(stop).min(signed - 1));
    match usize::try_from(stop - start + 1) {
        Ok(count) if start < signed => (start as usize, count),
        _ => (0, 0),
    }
}

fn lindex(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let Some(place) = exec.find_to_read(&args[1]) else {
        exec.reply.null();
        return Ok(());
    };
    let list = stored::<List>(exec.keyspace, place)?;
    match list.get(int_arg(&args[2])?) {
        Some(text) => text.reply_to(&mut exec.reply),
        None => exec.reply.null(),
    }
    Ok(())
}

/// What LPOS looks for.
struct Search {
    /// Matches before this one do not count.
    rank: i64,
    end: End,
    /// How many are told, if an array was asked for.
    count: Option<usize>,
    /// Elements that are compared at most.
    compared_max: usize,
}

fn parse_search(args: Args<'_>) -> Result<Search, CommandError> {
    let mut search = Search { rank: 1, end: End::Head, count: None, compared_max: usize::MAX };
    let all = |count: usize| if count == 0 { usize::MAX } else { count };
    let mut options = args.iter_from(3);
    while let Some(option) = options.next() {
        let value = options.next().ok_or(SYNTAX)?;
        let count = || parse_i64(value).and_then(|count| usize::try_from(count).ok());
        if is_word(option, "RANK") {
            let rank = int_arg(value)?;
            search.end = if rank < 0 { End::Tail } else { End::Head };
            search.rank = if rank < 0 { rank.wrapping_neg() } else { rank };
            if rank == 0 {
                return Err(RANK_ZERO);
            }
        } else if is_word(option, "COUNT") {
            search.count = Some(all(count().ok_or(POSITIONS_NEGATIVE)?));
        } else if is_word(option, "MAXLEN") {
            search.compared_max = all(count().ok_or(MAXLEN_NEGATIVE)?);
        } else {
            return Err(SYNTAX);
        }
    }
    Ok(search)
}

fn lpos(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let search = parse_search(args)?;
    let Some(place) = exec.find_to_read(&args[1]) else {
        match search.count {
            None => exec.reply.null(),
            Some(_) => exec.reply.array(0),
        }
        return Ok(());
    };
    let list = stored::<List>(exec.keyspace, place)?;
    let len = list.len();
    let matches = list
        .iter_from(search.end, 0)
        .take(search.compared_max)
        .enumerate()
        .filter(|(_, text)| text.equals(&args[2]))
        .map(|(steps, _)| if search.end == End::Head { steps } else { len - 1 - steps });
    let mut matches = matches.skip(usize::try_from(search.rank.saturating_sub(1)).unwrap_or(0));
    match search.count {
        None => match matches.next() {
            Some(index) => exec.reply.count(index),
            None => exec.reply.null(),
        },
        Some(count) => {
            let found: alloc::vec::Vec<usize> = matches.take(count).collect();
            exec.reply.array(found.len());
            found.into_iter().for_each(|index| exec.reply.count(index));
        }
    }
    Ok(())
}
