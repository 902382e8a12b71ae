//! Sorted sets: members one by one.

mod algebra;
mod bounds;
mod draw;
mod pop;
mod range;
#[cfg(test)]
mod tests;

use alloc::vec::Vec;

pub(super) use range::keep_result;

use crate::codec::double;
use crate::command::exec::{Exec, is_word, stored};
use crate::command::reply_error::{NAN_SCORE, NOT_A_FLOAT, SYNTAX, ZADD_GT_LT_NX, ZADD_INCR_PAIR, ZADD_XX_NX};
use crate::command::{Class, Command, CommandError, Group, Keys, Outcome};
use crate::keyspace::{NO_EXPIRY, Place};
use crate::resp::Args;
use crate::value::Zset;
use crate::value::zset::Set;

/// All commands of the family, file by file.
pub(super) const FAMILY: &[&[Command]] = &[COMMANDS, range::COMMANDS, pop::COMMANDS, algebra::COMMANDS, draw::COMMANDS];

const COMMANDS: &[Command] = &[
    Command::data(Group::SortedSet, "zadd", -4, "write denyoom fast", Keys::ONE, zadd).access("RW update").docs(
        "1.2.0",
        "O(log(N))",
        "Give members scores",
    ),
    Command::data(Group::SortedSet, "zincrby", 4, "write denyoom fast", Keys::ONE, zincrby)
        .access("RW access update")
        .docs("1.2.0", "O(log(N))", "Add to a member's score"),
    Command::data(Group::SortedSet, "zrem", -3, "write fast", Keys::ONE, zrem).access("RW delete").docs(
        "1.2.0",
        "O(M*log(N))",
        "Remove members",
    ),
    Command::data(Group::SortedSet, "zcard", 2, "readonly fast", Keys::ONE, zcard).access("RO").docs(
        "1.2.0",
        "O(1)",
        "Count the members of a sorted set",
    ),
    Command::data(Group::SortedSet, "zscore", 3, "readonly fast", Keys::ONE, zscore).access("RO access").docs(
        "1.2.0",
        "O(1)",
        "Get a member's score",
    ),
    Command::data(Group::SortedSet, "zmscore", -3, "readonly fast", Keys::ONE, zmscore).access("RO access").docs(
        "6.2.0",
        "O(N)",
        "Get the scores of several members",
    ),
    Command::data(Group::SortedSet, "zrank", 3, "readonly fast", Keys::ONE, zrank).access("RO access").docs(
        "2.0.0",
        "O(log(N))",
        "Tell how many members come before one",
    ),
    Command::data(Group::SortedSet, "zrevrank", 3, "readonly fast", Keys::ONE, zrevrank).access("RO access").docs(
        "2.0.0",
        "O(log(N))",
        "Tell how many members come after one",
    ),
];

/// The conditions and the form of ZADD.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::command) struct Rules {
    /// Only new members.
    pub(in crate::command) nx: bool,
    /// Only members that are there.
    pub(in crate::command) xx: bool,
    /// Only greater scores.
    pub(in crate::command) gt: bool,
    /// Only smaller scores.
    pub(in crate::command) lt: bool,
    /// Tell how many changed rather than how many are new.
    pub(in crate::command) ch: bool,
    /// Add to the score, and tell it.
    pub(in crate::command) incr: bool,
}

impl Rules {
    /// Takes in an option; false if it is none.
    pub(in crate::command) fn take_in(&mut self, word: &[u8]) -> bool {
        let table = [
            ("NX", &mut self.nx),
            ("XX", &mut self.xx),
            ("GT", &mut self.gt),
            ("LT", &mut self.lt),
            ("CH", &mut self.ch),
            ("INCR", &mut self.incr),
        ];
        for (name, flag) in table {
            if is_word(word, name) {
                *flag = true;
                return true;
            }
        }
        false
    }

    fn check(&self, pairs: usize) -> Outcome {
        if self.nx && self.xx {
            return Err(ZADD_XX_NX);
        }
        if [self.gt, self.lt, self.nx].into_iter().filter(|is_given| *is_given).count() > 1 {
            return Err(ZADD_GT_LT_NX);
        }
        if self.incr && pairs > 1 { Err(ZADD_INCR_PAIR) } else { Ok(()) }
    }
}

/// An argument that must be a score.
pub(super) fn score_arg(arg: &[u8]) -> Result<f64, CommandError> {
    double::parse(arg).filter(|score| !score.is_nan()).ok_or(NOT_A_FLOAT)
}

fn zadd(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let mut rules = Rules::default();
    let mut first = 2;
    while first < args.len() && rules.take_in(&args[first]) {
        first += 1;
    }
    let count = args.len() - first;
    if count == 0 || !count.is_multiple_of(2) {
        return Err(SYNTAX);
    }
    rules.check(count / 2)?;
    let mut pairs = Vec::with_capacity(count / 2);
    for index in (first..args.len()).step_by(2) {
        pairs.push((score_arg(&args[index])?, &args[index + 1]));
    }
    add_pairs(exec, &args[1], rules, &pairs)
}

fn zincrby(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let rules = Rules { incr: true, ..Rules::default() };
    // It takes ZADD's options, and then has no score left.
    if ["nx", "xx", "ch", "incr", "gt", "lt"].iter().any(|option| args[2].eq_ignore_ascii_case(option.as_bytes())) {
        return Err(SYNTAX);
    }
    let score = score_arg(&args[2])?;
    add_pairs(exec, &args[1], rules, &[(score, &args[3])])
}

/// The score that a member gets; nothing if it must stay as it is.
fn new_score(before: Option<f64>, given: f64, rules: Rules) -> Result<Option<f64>, CommandError> {
    let Some(before) = before else { return Ok((!rules.xx).then_some(given)) };
    if rules.nx {
        return Ok(None);
    }
    let score = if rules.incr { before + given } else { given };
    if score.is_nan() {
        return Err(NAN_SCORE);
    }
    let is_refused = (rules.lt && score >= before) || (rules.gt && score <= before);
    Ok((!is_refused).then_some(score))
}

/// Gives members scores, as far as the rules allow, and replies as they want it.
pub(in crate::command) fn add_pairs(exec: &mut Exec<'_>, key: &[u8], rules: Rules, pairs: &[(f64, &[u8])]) -> Outcome {
    let (limits, order) = (exec.limits().zset, exec.keyspace.order());
    let place = exec.find(key);
    let held = match place {
        Some(place) => Some(exec.typed::<Zset>(place)?),
        None => None,
    };
    // Only a member that is added or gets another score is a change: whoever watches the key is not told of less.
    let outcome = |(given, member): &(f64, &[u8])| {
        let before = held.and_then(|zset| zset.score(member));
        new_score(before, *given, rules).map(|score| (score, score.is_some() && score != before))
    };
    // Only a sum can be refused, and sums have one pair alone.
    let summed = pairs.first().filter(|_| rules.incr).map(outcome).transpose()?;
    let first = pairs.iter().position(|pair| matches!(outcome(pair), Ok((_, true))));
    let (mut added, mut changed) = (0, 0);
    if let Some(first) = first {
        let mut fresh = Zset::default();
        let zset = match place {
            Some(place) => exec.typed_mut::<Zset>(place)?,
            None => &mut fresh,
        };
        for (given, member) in &pairs[first..] {
            let decide = |before| new_score(before, *given, rules).ok().flatten();
            match zset.change(member, limits, order, decide) {
                Set::Added => added += 1,
                Set::Changed => changed += 1,
                Set::Same => {}
            }
        }
        if place.is_none() && !fresh.is_empty() {
            exec.insert(key, fresh, NO_EXPIRY);
        }
    }
    exec.changed(added + changed);
    if added + changed > 0 {
        exec.notify(Class::Zset, if rules.incr { "zincr" } else { "zadd" }, key);
    }
    match summed {
        Some((Some(score), _)) => exec.reply.double(score),
        Some((None, _)) => exec.reply.null(),
        None => exec.reply.int((if rules.ch { added + changed } else { added }) as i64),
    }
    Ok(())
}

fn zrem(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let Some(place) = exec.find(&args[1]) else {
        exec.reply.int(0);
        return Ok(());
    };
    let zset = exec.typed::<Zset>(place)?;
    if !args.iter_from(2).any(|member| zset.score(member).is_some()) {
        exec.reply.int(0);
        return Ok(());
    }
    let zset = exec.typed_mut::<Zset>(place)?;
    let removed = args.iter_from(2).filter(|member| zset.remove(member)).count();
    after_removal(exec, place, &args[1], "zrem", removed);
    exec.reply.count(removed);
    Ok(())
}

/// What follows when members were removed: the event, and the end of the key if none are left.
fn after_removal(exec: &mut Exec<'_>, place: Place, key: &[u8], event: &'static str, removed: usize) {
    exec.notify(Class::Zset, event, key);
    if exec.typed::<Zset>(place).is_ok_and(Zset::is_empty) {
        exec.remove_emptied(place, key);
    }
    exec.changed(removed as u64);
}

fn zcard(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let count = match exec.find_to_read(&args[1]) {
        Some(place) => exec.typed::<Zset>(place)?.len(),
        None => 0,
    };
    exec.reply.count(count);
    Ok(())
}

fn zscore(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let score = match exec.find_to_read(&args[1]) {
        Some(place) => exec.typed::<Zset>(place)?.score(&args[2]),
        None => None,
    };
    match score {
        Some(score) => exec.reply.double(score),
        None => exec.reply.null(),
    }
    Ok(())
}

fn zmscore(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let zset = match exec.find_to_read(&args[1]) {
        Some(place) => Some(stored::<Zset>(exec.keyspace, place)?),
        None => None,
    };
    let members = args.iter_from(2);
    exec.reply.array(members.len());
    for member in members {
        match zset.and_then(|zset| zset.score(member)) {
            Some(score) => exec.reply.double(score),
            None => exec.reply.null(),
        }
    }
    Ok(())
}

fn zrank(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    rank(exec, args, |rank, _| rank)
}

fn zrevrank(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    rank(exec, args, |rank, len| len - 1 - rank)
}

fn rank(exec: &mut Exec<'_>, args: Args<'_>, told: fn(usize, usize) -> usize) -> Outcome {
    let found = match exec.find_to_read(&args[1]) {
        Some(place) => {
            let zset = exec.typed::<Zset>(place)?;
            zset.rank(&args[2]).map(|rank| told(rank, zset.len()))
        }
        None => None,
    };
    match found {
        Some(rank) => exec.reply.count(rank),
        None => exec.reply.null(),
    }
    Ok(())
}
