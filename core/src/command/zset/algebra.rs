//! Sorted sets: what several have in common, have together, or not. Sets take part as if each of their members had the score 1.

mod sources;

use crate::command::exec::Exec;
use crate::command::{Command, Group, Keys, Outcome};
use crate::resp::Args;
use crate::value::Zset;

use super::range::{keep_result, reply_header, reply_member};
use sources::{Operation, Request, Sources};

pub(super) const COMMANDS: &[Command] =
    &[
        Command::data(Group::SortedSet, "zunion", -3, "readonly", Keys::Numbered { at: 1 }, zunion)
            .access("RO access")
            .docs("6.2.0", "O(N)+O(M*log(M))", "Get the members that any of several sorted sets has"),
        Command::data(Group::SortedSet, "zinter", -3, "readonly", Keys::Numbered { at: 1 }, zinter)
            .access("RO access")
            .docs("6.2.0", "O(N*K)+O(M*log(M))", "Get the members that all of several sorted sets have"),
        Command::data(Group::SortedSet, "zdiff", -3, "readonly", Keys::Numbered { at: 1 }, zdiff)
            .access("RO access")
            .docs("6.2.0", "O(L + (N-K)log(N))", "Get the members of the first sorted set that no other has"),
        Command::data(Group::SortedSet, "zunionstore", -4, "write denyoom", Keys::DestinationAndNumbered, zunionstore)
            .access("OW update; RO access")
            .docs("2.0.0", "O(N)+O(M log(M))", "Keep the members that any of several sorted sets has"),
        Command::data(Group::SortedSet, "zinterstore", -4, "write denyoom", Keys::DestinationAndNumbered, zinterstore)
            .access("OW update; RO access")
            .docs("2.0.0", "O(N*K)+O(M*log(M))", "Keep the members that all of several sorted sets have"),
        Command::data(Group::SortedSet, "zdiffstore", -4, "write denyoom", Keys::DestinationAndNumbered, zdiffstore)
            .access("OW update; RO access")
            .docs("6.2.0", "O(L + (N-K)log(N))", "Keep the members of the first sorted set that no other has"),
        Command::data(Group::SortedSet, "zintercard", -3, "readonly", Keys::Numbered { at: 1 }, zintercard)
            .access("RO access")
            .docs("7.0.0", "O(N*K)", "Count the members that all of several sorted sets have"),
    ];

fn zunion(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    reply_with(exec, args, Operation::Union, "zunion")
}

fn zinter(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    reply_with(exec, args, Operation::Intersection, "zinter")
}

fn zdiff(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    reply_with(exec, args, Operation::Difference, "zdiff")
}

fn reply_with(exec: &mut Exec<'_>, args: Args<'_>, operation: Operation, name: &str) -> Outcome {
    let (request, places) = Request::parse(exec, args, 1, name, operation.reply_options())?;
    let order = exec.keyspace.order();
    let sources = Sources::new(exec.keyspace, &places, &request);
    let members = sources.combine(operation, order);
    let reply = &mut exec.reply;
    reply_header(reply, members.len(), request.with_scores);
    members.into_iter().for_each(|(member, score)| reply_member(reply, member, score, request.with_scores));
    Ok(())
}

fn zunionstore(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    keep(exec, args, Operation::Union, "zunionstore")
}

fn zinterstore(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    keep(exec, args, Operation::Intersection, "zinterstore")
}

fn zdiffstore(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    keep(exec, args, Operation::Difference, "zdiffstore")
}

fn keep(exec: &mut Exec<'_>, args: Args<'_>, operation: Operation, name: &'static str) -> Outcome {
    let (request, places) = Request::parse(exec, args, 2, name, operation.store_options())?;
    let (limits, order) = (exec.limits().zset, exec.keyspace.order());
    let members = Sources::new(exec.keyspace, &places, &request).combine(operation, order);
    let result = Zset::of_members(&members, limits, order);
    keep_result(exec, &args[1], result, name);
    Ok(())
}

fn zintercard(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let (request, places) = Request::parse(exec, args, 1, "zintercard", sources::COUNT_OPTIONS)?;
    let sources = Sources::new(exec.keyspace, &places, &request);
    let mut count = 0;
    sources.intersect(|_, _| {
        count += 1;
        count != request.limit
    });
    exec.reply.count(count);
    Ok(())
}
