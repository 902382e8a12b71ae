//! Lists: the commands that wait for an element.

use core::ops::Range;

use crate::command::block::timeout_arg;
use crate::command::exec::Exec;
use crate::command::{Block, Command, Group, Keys, Null, Outcome, Service};
use crate::resp::Args;
use crate::value::Blob;
use crate::value::list::End;

use super::moving::{Route, end_arg, find_first, move_one, parse_several, pop_first_of};
use super::pop_one;

pub(super) const COMMANDS: &[Command] = &[
    Command::data(Group::List, "blpop", -3, "write noscript blocking", Keys::ALL_BUT_LAST, blpop)
        .access("RW access delete")
        .docs("2.0.0", "O(N)", "Take an element from the left end of the first list that has any, or wait for one"),
    Command::data(Group::List, "brpop", -3, "write noscript blocking", Keys::ALL_BUT_LAST, brpop)
        .access("RW access delete")
        .docs("2.0.0", "O(N)", "Take an element from the right end of the first list that has any, or wait for one"),
    Command::data(Group::List, "blmove", 6, "write denyoom noscript blocking", Keys::TWO, blmove)
        .access("RW access delete; RW insert")
        .docs("6.2.0", "O(1)", "Move an element from one list to another, or wait for one"),
    Command::data(Group::List, "brpoplpush", 4, "write denyoom noscript blocking", Keys::TWO, brpoplpush)
        .access("RW access delete; RW insert")
        .docs(
            "2.2.0",
            "O(1)",
            "Move an element from the right end of one list to the left end of another, or wait for one",
        ),
    Command::data(Group::List, "blmpop", -5, "write blocking", Keys::Numbered { at: 2 }, blmpop)
        .access("RW access delete")
        .docs("7.0.0", "O(N+M)", "Take elements from the first list that has any, or wait for some"),
];

fn blpop(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    pop(exec, args, End::Head)
}

fn brpop(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    pop(exec, args, End::Tail)
}

fn pop(exec: &mut Exec<'_>, args: Args<'_>, end: End) -> Outcome {
    let keys = 1..args.len() - 1;
    let timeout_ms = timeout_arg(&args[keys.end])?;
    let Some((index, place)) = find_first(exec, args, keys.clone())? else {
        wait(exec, args, keys, timeout_ms, Null::Array);
        return Ok(());
    };
    let key = &args[index];
    exec.reply.array(2);
    exec.reply.bulk(key);
    pop_one(exec, place, key, end);
    let verb: &[u8] = if end == End::Head { b"LPOP" } else { b"RPOP" };
    exec.feed.instead(exec.database, [verb, key]);
    Ok(())
}

fn wait(exec: &mut Exec<'_>, args: Args<'_>, keys: Range<usize>, timeout_ms: Option<u64>, null: Null) {
    exec.wait(Block {
        keys: keys.map(|index| Blob::new(&args[index])).collect(),
        type_name: "list",
        timeout_ms,
        null,
        request: None,
        wakes_on_removal: false,
    });
}

fn blmove(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let route = Route { source: &args[1], from: end_arg(&args[3])?, target: &args[2], to: end_arg(&args[4])? };
    let timeout_ms = timeout_arg(&args[5])?;
    if !move_or_wait(exec, args, &route, timeout_ms)? {
        return Ok(());
    }
    // After a wait the ends are spelled by the server, and not by the client.
    let spelled = |end: End| if end == End::Head { b"left".as_slice() } else { b"right" };
    let (from, to) = match exec.service {
        Service::Filled(_) => (spelled(route.from), spelled(route.to)),
        Service::Asked | Service::AskedAtOnce => (&args[3], &args[4]),
    };
    exec.feed.instead(exec.database, [b"LMOVE", route.source, route.target, from, to]);
    Ok(())
}

fn brpoplpush(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let timeout_ms = timeout_arg(&args[3])?;
    let route = Route { source: &args[1], from: End::Tail, target: &args[2], to: End::Head };
    if move_or_wait(exec, args, &route, timeout_ms)? {
        exec.feed.instead(exec.database, [b"RPOPLPUSH", route.source, route.target]);
    }
    Ok(())
}

/// True if an element was moved.
fn move_or_wait(
    exec: &mut Exec<'_>,
    args: Args<'_>,
    route: &Route<'_>,
    timeout_ms: Option<u64>,
) -> Result<bool, crate::command::CommandError> {
    match exec.find(route.source) {
        Some(place) => move_one(exec, place, route).map(|()| true),
        None => {
            wait(exec, args, 1..2, timeout_ms, Null::Bulk);
            Ok(false)
        }
    }
}

fn blmpop(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let several = parse_several(args, 2)?;
    let timeout_ms = timeout_arg(&args[1])?;
    if !pop_first_of(exec, args, &several)? {
        wait(exec, args, several.keys, timeout_ms, Null::Array);
    }
    Ok(())
}
