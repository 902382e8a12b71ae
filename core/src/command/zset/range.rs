//! Sorted sets: members by rank, by score and by name.

use core::ops::Range;

use crate::command::exec::{Exec, int_arg, is_word, stored};
use crate::command::reply_error::{LIMIT_WITHOUT_BOUNDS, SYNTAX, WITHSCORES_WITH_BYLEX};
use crate::command::{Class, Command, CommandError, Group, Keys, Outcome};
use crate::keyspace::NO_EXPIRY;
use crate::resp::{Args, Proto, Reply};
use crate::value::{Text, Zset};

use super::after_removal;
use super::bounds::Bounds;

pub(super) const COMMANDS: &[Command] =
    &[
        Command::data(Group::SortedSet, "zrange", -4, "readonly", Keys::ONE, zrange).access("RO access").docs(
            "1.2.0",
            "O(log(N)+M)",
            "Get members by rank, or BYSCORE, or BYLEX",
        ),
        Command::data(Group::SortedSet, "zrangestore", -5, "write denyoom", Keys::TWO, zrangestore)
            .access("OW update; RO access")
            .docs("6.2.0", "O(log(N)+M)", "Keep members by rank, or BYSCORE, or BYLEX"),
        Command::data(Group::SortedSet, "zrevrange", -4, "readonly", Keys::ONE, zrevrange).access("RO access").docs(
            "1.2.0",
            "O(log(N)+M)",
            "Get members by rank, from the greatest score down",
        ),
        Command::data(Group::SortedSet, "zrangebyscore", -4, "readonly", Keys::ONE, zrangebyscore)
            .access("RO access")
            .docs("1.0.5", "O(log(N)+M)", "Get members by score"),
        Command::data(Group::SortedSet, "zrevrangebyscore", -4, "readonly", Keys::ONE, zrevrangebyscore)
            .access("RO access")
            .docs("2.2.0", "O(log(N)+M)", "Get members by score, from the greatest down"),
        Command::data(Group::SortedSet, "zrangebylex", -4, "readonly", Keys::ONE, zrangebylex)
            .access("RO access")
            .docs("2.8.9", "O(log(N)+M)", "Get members by name"),
        Command::data(Group::SortedSet, "zrevrangebylex", -4, "readonly", Keys::ONE, zrevrangebylex)
            .access("RO access")
            .docs("2.8.9", "O(log(N)+M)", "Get members by name, from the last up"),
        Command::data(Group::SortedSet, "zcount", 4, "readonly fast", Keys::ONE, zcount).access("RO access").docs(
            "2.0.0",
            "O(log(N))",
            "Count members by score",
        ),
        Command::data(Group::SortedSet, "zlexcount", 4, "readonly fast", Keys::ONE, zlexcount)
            .access("RO access")
            .docs("2.8.9", "O(log(N))", "Count members by name"),
        Command::data(Group::SortedSet, "zremrangebyrank", 4, "write", Keys::ONE, zremrangebyrank)
            .access("RW delete")
            .docs("2.0.0", "O(log(N)+M)", "Remove members by rank"),
        Command::data(Group::SortedSet, "zremrangebyscore", 4, "write", Keys::ONE, zremrangebyscore)
            .access("RW delete")
            .docs("1.2.0", "O(log(N)+M)", "Remove members by score"),
        Command::data(Group::SortedSet, "zremrangebylex", 4, "write", Keys::ONE, zremrangebylex)
            .access("RW delete")
            .docs("2.8.9", "O(log(N)+M)", "Remove members by name"),
    ];

/// What bounds are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Rank,
    Score,
    Name,
}

/// What a range command is, or is asked to be.
#[derive(Clone, Copy, Debug)]
struct Form {
    by: Option<By>,
    is_reverse: Option<bool>,
    /// The result is kept, and not told.
    is_store: bool,
}

/// A range command, understood.
struct Query<'a> {
    bounds: Bounds<'a>,
    is_reverse: bool,
    with_scores: bool,
    /// Members that are left out first, and how many follow; negative for all.
    limit: (i64, i64),
}

/// Reads a range command whose bounds stand at `at`.
fn parse<'a>(args: Args<'a>, at: usize, form: Form) -> Result<Query<'a>, CommandError> {
    let (mut by, mut is_reverse, mut with_scores, mut limit) = (form.by, form.is_reverse, false, (0, -1));
    let mut options = args.iter_from(at + 2);
    while let Some(option) = options.next() {
        if !form.is_store && is_word(option, "WITHSCORES") {
            with_scores = true;
        } else if is_word(option, "LIMIT") && options.len() >= 2 {
            let (offset, count) = (options.next().unwrap_or_default(), options.next().unwrap_or_default());
            limit = (int_arg(offset)?, int_arg(count)?);
        } else if is_reverse.is_none() && is_word(option, "REV") {
            is_reverse = Some(true);
        } else if by.is_none() && is_word(option, "BYLEX") {
            by = Some(By::Name);
        } else if by.is_none() && is_word(option, "BYSCORE") {
            by = Some(By::Score);
        } else {
            return Err(SYNTAX);
        }
    }
    let (by, is_reverse) = (by.unwrap_or(By::Rank), is_reverse.unwrap_or(false));
    if limit.1 != -1 && by == By::Rank {
        return Err(LIMIT_WITHOUT_BOUNDS);
    }
    if with_scores && by == By::Name {
        return Err(WITHSCORES_WITH_BYLEX);
    }
    let words = args.get(at).zip(args.get(at + 1)).ok_or(SYNTAX)?;
    let (min, max) = if is_reverse { (words.1, words.0) } else { words };
    let bounds = match by {
        By::Rank => Bounds::Ranks(int_arg(words.0)?, int_arg(words.1)?),
        By::Score => Bounds::scores(min, max)?,
        By::Name => Bounds::names(min, max)?,
    };
    Ok(Query { bounds, is_reverse, with_scores, limit })
}

impl Query<'_> {
    /// The ranks of the members that are asked for.
    fn ranks(&self, zset: &Zset) -> Range<usize> {
        let is_by_rank = matches!(self.bounds, Bounds::Ranks(..));
        let mut ranks = self.bounds.ranks(zset);
        if is_by_rank {
            if self.is_reverse {
                ranks = zset.len() - ranks.end..zset.len() - ranks.start;
            }
            return ranks;
        }
        let Ok(offset) = usize::try_from(self.limit.0) else { return 0..0 };
        let offset = offset.min(ranks.len());
        let count = usize::try_from(self.limit.1).unwrap_or(usize::MAX).min(ranks.len() - offset);
        if self.is_reverse {
            ranks.end - offset - count..ranks.end - offset
        } else {
            ranks.start + offset..ranks.start + offset + count
        }
    }

    fn visit<'z>(&self, zset: &'z Zset, visit: impl FnMut((Text<'z>, f64))) {
        let ranks = self.ranks(zset);
        if ranks.is_empty() {
            return;
        }
        match self.is_reverse {
            false => zset.iter_up(ranks.start).take(ranks.len()).for_each(visit),
            true => zset.iter_down(ranks.end - 1).take(ranks.len()).for_each(visit),
        }
    }
}

/// Replies with the header of an array of members, with their scores or without.
pub(super) fn reply_header(reply: &mut Reply<'_>, count: usize, with_scores: bool) {
    let is_flat = with_scores && reply.proto() == Proto::Resp2;
    reply.array(if is_flat { count * 2 } else { count });
}

/// Replies with one member of such an array.
pub(super) fn reply_member(reply: &mut Reply<'_>, member: Text<'_>, score: f64, with_scores: bool) {
    if with_scores && reply.proto() == Proto::Resp3 {
        reply.array(2);
    }
    member.reply_to(reply);
    if with_scores {
        reply.double(score);
    }
}

fn tell(exec: &mut Exec<'_>, args: Args<'_>, by: Option<By>, is_reverse: Option<bool>) -> Outcome {
    let query = parse(args, 2, Form { by, is_reverse, is_store: false })?;
    let Some(place) = exec.find_to_read(&args[1]) else {
        exec.reply.array(0);
        return Ok(());
    };
    let zset = stored::<Zset>(exec.keyspace, place)?;
    let reply = &mut exec.reply;
    reply_header(reply, query.ranks(zset).len(), query.with_scores);
    query.visit(zset, |(member, score)| reply_member(reply, member, score, query.with_scores));
    Ok(())
}

fn zrange(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    tell(exec, args, None, None)
}

fn zrevrange(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    tell(exec, args, Some(By::Rank), Some(true))
}

fn zrangebyscore(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    tell(exec, args, Some(By::Score), Some(false))
}

fn zrevrangebyscore(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    tell(exec, args, Some(By::Score), Some(true))
}

fn zrangebylex(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    tell(exec, args, Some(By::Name), Some(false))
}

fn zrevrangebylex(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    tell(exec, args, Some(By::Name), Some(true))
}

fn zrangestore(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let query = parse(args, 3, Form { by: None, is_reverse: None, is_store: true })?;
    let (limits, order) = (exec.limits().zset, exec.keyspace.order());
    let mut result = Zset::default();
    if let Some(place) = exec.find_to_read(&args[2]) {
        let zset = stored::<Zset>(exec.keyspace, place)?;
        // As in Redis, how many there will be is known beforehand only by rank.
        if let Bounds::Ranks(..) = query.bounds {
            result = Zset::for_len(query.ranks(zset).len(), limits, order);
        }
        query.visit(zset, |(member, score)| {
            member.with_bytes(|member| result.set(member, score, limits, order));
        });
    }
    keep_result(exec, &args[1], result, "zrangestore");
    Ok(())
}

/// Puts a result in the place of a key, or removes the key if the result is empty, and replies with its size.
pub(in crate::command) fn keep_result(exec: &mut Exec<'_>, key: &[u8], result: Zset, event: &'static str) {
    let count = result.len();
    if count > 0 {
        exec.put(key, result, NO_EXPIRY);
        exec.notify(Class::Zset, event, key);
        exec.changed(1);
    } else if let Some(place) = exec.find(key) {
        exec.remove_emptied(place, key);
        exec.changed(1);
    }
    exec.reply.count(count);
}

fn zcount(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    count(exec, args, Bounds::scores(&args[2], &args[3])?)
}

fn zlexcount(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    count(exec, args, Bounds::names(&args[2], &args[3])?)
}

fn count(exec: &mut Exec<'_>, args: Args<'_>, bounds: Bounds<'_>) -> Outcome {
    let count = match exec.find_to_read(&args[1]) {
        Some(place) => bounds.ranks(exec.typed::<Zset>(place)?).len(),
        None => 0,
    };
    exec.reply.count(count);
    Ok(())
}

fn zremrangebyrank(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let bounds = Bounds::Ranks(int_arg(&args[2])?, int_arg(&args[3])?);
    remove(exec, args, bounds, "zremrangebyrank")
}

fn zremrangebyscore(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    remove(exec, args, Bounds::scores(&args[2], &args[3])?, "zremrangebyscore")
}

fn zremrangebylex(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    remove(exec, args, Bounds::names(&args[2], &args[3])?, "zremrangebylex")
}

fn remove(exec: &mut Exec<'_>, args: Args<'_>, bounds: Bounds<'_>, event: &'static str) -> Outcome {
    let Some(place) = exec.find(&args[1]) else {
        exec.reply.int(0);
        return Ok(());
    };
    let ranks = bounds.ranks(exec.typed::<Zset>(place)?);
    let count = ranks.len();
    if count > 0 {
        exec.typed_mut::<Zset>(place)?.remove_range(ranks.start, ranks.end);
        after_removal(exec, place, &args[1], event, count);
    }
    exec.reply.count(count);
    Ok(())
}
