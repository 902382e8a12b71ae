//! When do fields of a hash expire, and who changes that?
//!
//! Source: Redis 8.0.

use alloc::vec::Vec;

use crate::keyspace::Place;
use crate::resp::Args;
use crate::value::Hash;

use crate::command::exec::{Exec, ExpiryRule, is_word, stored};
use crate::command::reply_error::{FIELD_COUNT_NOT_GREATER, FIELD_COUNT_NOT_POSITIVE};
use crate::command::time_form::TimeForm;
use crate::command::{Class, Command, CommandError, Group, Keys, Outcome};

use super::field_args::{deadline_ms, fields_from};

pub(super) const COMMANDS: &[Command] =
    &[
        Command::data(Group::Hash, "hexpire", -6, "write fast", Keys::ONE, hexpire).access("RW update").docs(
            "7.4.0",
            "O(N)",
            "Lets fields of a hash expire after some seconds",
        ),
        Command::data(Group::Hash, "hpexpire", -6, "write fast", Keys::ONE, hpexpire).access("RW update").docs(
            "7.4.0",
            "O(N)",
            "Lets fields of a hash expire after some milliseconds",
        ),
        Command::data(Group::Hash, "hexpireat", -6, "write fast", Keys::ONE, hexpireat).access("RW update").docs(
            "7.4.0",
            "O(N)",
            "Lets fields of a hash expire at a time given in seconds since the epoch",
        ),
        Command::data(Group::Hash, "hpexpireat", -6, "write fast", Keys::ONE, hpexpireat).access("RW update").docs(
            "7.4.0",
            "O(N)",
            "Lets fields of a hash expire at a time given in milliseconds since the epoch",
        ),
        Command::data(Group::Hash, "httl", -5, "readonly fast", Keys::ONE, httl)
            .access("RO access")
            .tips("nondeterministic_output")
            .docs("7.4.0", "O(N)", "Tells in how many seconds fields of a hash expire"),
        Command::data(Group::Hash, "hpttl", -5, "readonly fast", Keys::ONE, hpttl)
            .access("RO access")
            .tips("nondeterministic_output")
            .docs("7.4.0", "O(N)", "Tells in how many milliseconds fields of a hash expire"),
        Command::data(Group::Hash, "hexpiretime", -5, "readonly fast", Keys::ONE, hexpiretime)
            .access("RO access")
            .docs("7.4.0", "O(N)", "Tells when fields of a hash expire, in seconds since the epoch"),
        Command::data(Group::Hash, "hpexpiretime", -5, "readonly fast", Keys::ONE, hpexpiretime)
            .access("RO access")
            .docs("7.4.0", "O(N)", "Tells when fields of a hash expire, in milliseconds since the epoch"),
        Command::data(Group::Hash, "hpersist", -5, "write fast", Keys::ONE, hpersist).access("RW update").docs(
            "7.4.0",
            "O(N)",
            "Takes the expiry of fields of a hash away",
        ),
    ];

/// What is told of a field that is not there.
const NO_FIELD: i64 = -2;
/// What is told of a field that does not expire.
const NO_TIME: i64 = -1;
/// The condition is not met.
const UNCHANGED: i64 = 0;
/// It is done.
const DONE: i64 = 1;
/// The time had come already: the field is gone.
const REMOVED: i64 = 2;

fn hexpire(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    set_expiries(exec, args, TimeForm::EX, "hexpire")
}

fn hpexpire(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    set_expiries(exec, args, TimeForm::PX, "hpexpire")
}

fn hexpireat(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    set_expiries(exec, args, TimeForm::EXAT, "hexpireat")
}

fn hpexpireat(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    set_expiries(exec, args, TimeForm::PXAT, "hpexpireat")
}

/// When a field's expiry may be set.
#[derive(Clone, Copy)]
enum Condition {
    Always,
    /// NX: only if there is none.
    OnlyNew,
    /// XX: only if there is one.
    OnlyExisting,
    /// GT: only if it becomes later.
    OnlyLater,
    /// LT: only if it becomes earlier.
    OnlyEarlier,
}

impl Condition {
    fn named(word: &[u8]) -> Option<Condition> {
        const NAMES: [(&str, Condition); 4] = [
            ("NX", Condition::OnlyNew),
            ("XX", Condition::OnlyExisting),
            ("GT", Condition::OnlyLater),
            ("LT", Condition::OnlyEarlier),
        ];
        NAMES.iter().find(|(name, _)| is_word(word, name)).map(|(_, condition)| *condition)
    }

    /// A field without an expiry lives for ever: nothing is later.
    fn allows(self, current_ms: Option<i64>, next_ms: i64) -> bool {
        match self {
            Condition::Always => true,
            Condition::OnlyNew => current_ms.is_none(),
            Condition::OnlyExisting => current_ms.is_some(),
            Condition::OnlyLater => current_ms.is_some_and(|current_ms| next_ms > current_ms),
            Condition::OnlyEarlier => current_ms.is_none_or(|current_ms| next_ms < current_ms),
        }
    }
}

fn set_expiries(exec: &mut Exec<'_>, args: Args<'_>, form: TimeForm, name: &str) -> Outcome {
    let place = exec.find(&args[1]);
    if let Some(place) = place {
        exec.typed::<Hash>(place)?;
    }
    let deadline_ms = deadline_ms(exec, form, &args[2], name)?;
    let condition = Condition::named(&args[3]);
    let at = 3 + usize::from(condition.is_some());
    let first = fields_from(args, at, name, FIELD_COUNT_NOT_GREATER)?;
    let names = args.iter_from(first);
    let Some(place) = place else {
        reply_all(exec, names.map(|_| NO_FIELD));
        return Ok(());
    };
    make_expiring(exec, place);
    let condition = condition.unwrap_or(Condition::Always);
    let answers = apply(exec, place, names.clone(), condition, deadline_ms)?;
    let changed: Vec<&[u8]> =
        names.zip(&answers).filter(|(_, answer)| matches!(**answer, DONE | REMOVED)).map(|(name, _)| name).collect();
    if answers.contains(&REMOVED) {
        end_removal(exec, &args[1], place, &changed)?;
    } else if answers.contains(&DONE) {
        exec.notify(Class::Hash, "hexpire", &args[1]);
        exec.changed(changed.len() as u64);
        if form != TimeForm::PXAT || changed.len() < answers.len() {
            let verb = if form == TimeForm::PXAT { &args[0] } else { b"HPEXPIREAT" };
            feed_absolute(exec, args, verb, first, &changed, deadline_ms);
        }
    }
    reply_all(exec, answers.into_iter());
    Ok(())
}

/// A hash that was once asked to let a field expire is kept in another encoding, even if none was there: as in Redis. Nobody is told.
pub(super) fn make_expiring(exec: &mut Exec<'_>, place: Place) {
    let order = exec.keyspace.order();
    if !exec.typed::<Hash>(place).is_ok_and(Hash::is_expiring)
        && let crate::value::Value::Hash(hash) = exec.keyspace.recode(place)
    {
        hash.make_expiring(order);
    }
}

/// Sets a time, or removes what it has passed already; what became of each field.
fn apply<'a>(
    exec: &mut Exec<'_>,
    place: Place,
    names: impl Iterator<Item = &'a [u8]> + Clone,
    condition: Condition,
    deadline_ms: i64,
) -> Result<Vec<i64>, CommandError> {
    // A replica keeps even a field that is to expire in the past: only its master removes fields.
    let has_passed = deadline_ms <= exec.now_ms() && exec.expiry == ExpiryRule::Remove;
    let order = exec.keyspace.order();
    let refusal = |hash: &Hash, name: &[u8]| match hash.contains(name) {
        false => Some(NO_FIELD),
        true if condition.allows(hash.expiry(name), deadline_ms) => None,
        true => Some(UNCHANGED),
    };
    // Whoever watches the key is not told of nothing.
    let hash = exec.typed::<Hash>(place)?;
    if names.clone().all(|name| refusal(hash, name).is_some()) {
        return Ok(names.map(|name| refusal(hash, name).unwrap_or(UNCHANGED)).collect());
    }
    let hash = exec.typed_mut::<Hash>(place)?;
    let answer = |name| match refusal(hash, name) {
        Some(refusal) => refusal,
        None if has_passed => {
            hash.remove(name);
            REMOVED
        }
        None => {
            hash.set_expiry(name, deadline_ms, order);
            DONE
        }
    };
    Ok(names.map(answer).collect())
}

/// Feeds and tells of fields that were removed instead of getting a time that has passed, and removes the key if they were the last.
pub(super) fn end_removal(exec: &mut Exec<'_>, key: &[u8], place: Place, removed: &[&[u8]]) -> Outcome {
    for name in removed {
        exec.feed.instead(exec.database, [b"HDEL".as_slice(), key, name]);
    }
    exec.changed(removed.len() as u64);
    exec.notify(Class::Hash, "hdel", key);
    if exec.typed::<Hash>(place)?.is_empty() {
        exec.remove_emptied(place, key);
    }
    Ok(())
}

/// Replicas are told the absolute time, the conditions as they were sent, and the fields that changed.
fn feed_absolute(exec: &mut Exec<'_>, args: Args<'_>, verb: &[u8], first: usize, changed: &[&[u8]], deadline_ms: i64) {
    let (mut deadline, mut count) = (itoa::Buffer::new(), itoa::Buffer::new());
    let mut words: Vec<&[u8]> = args.iter().take(first).collect();
    words[0] = verb;
    words[2] = deadline.format(deadline_ms).as_bytes();
    words[first - 1] = count.format(changed.len()).as_bytes();
    words.extend_from_slice(changed);
    exec.feed.instead_words(exec.database, &words);
}

fn reply_all(exec: &mut Exec<'_>, answers: impl ExactSizeIterator<Item = i64>) {
    exec.reply.array(answers.len());
    answers.for_each(|answer| exec.reply.int(answer));
}

fn httl(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    reply_expiries(exec, args, TimeForm::EX, "httl")
}

fn hpttl(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    reply_expiries(exec, args, TimeForm::PX, "hpttl")
}

fn hexpiretime(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    reply_expiries(exec, args, TimeForm::EXAT, "hexpiretime")
}

fn hpexpiretime(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    reply_expiries(exec, args, TimeForm::PXAT, "hpexpiretime")
}

/// Tells each field's time, rounded up to a whole unit. What is dead is left alone.
fn reply_expiries(exec: &mut Exec<'_>, args: Args<'_>, form: TimeForm, name: &str) -> Outcome {
    let place = exec.find_to_read(&args[1]);
    let before_ms = exec.dead_before_ms();
    let origin_ms = form.origin_ms(exec.now_ms());
    let hash = match place {
        Some(place) => Some(stored::<Hash>(exec.keyspace, place)?),
        None => None,
    };
    let names = args.iter_from(fields_from(args, 2, name, FIELD_COUNT_NOT_POSITIVE)?);
    exec.reply.array(names.len());
    for name in names {
        let answer = match hash.filter(|hash| hash.contains_alive(name, before_ms)) {
            None => NO_FIELD,
            Some(hash) => hash.expiry(name).map_or(NO_TIME, |expires_ms| {
                let left_ms = expires_ms.saturating_sub(origin_ms).saturating_add(form.unit_ms - 1);
                left_ms / form.unit_ms
            }),
        };
        exec.reply.int(answer);
    }
    Ok(())
}

fn hpersist(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let place = exec.find(&args[1]);
    if let Some(place) = place {
        exec.typed::<Hash>(place)?;
    }
    let names = args.iter_from(fields_from(args, 2, "hpersist", FIELD_COUNT_NOT_POSITIVE)?);
    let Some(place) = place else {
        reply_all(exec, names.map(|_| NO_FIELD));
        return Ok(());
    };
    let before_ms = exec.dead_before_ms();
    let hash = exec.typed::<Hash>(place)?;
    let has_time = |hash: &Hash, name: &[u8]| hash.expiry(name).is_some_and(|expires_ms| expires_ms >= before_ms);
    let changes_any = names.clone().any(|name| has_time(hash, name));
    if !changes_any {
        let answers = names.map(|name| if hash.contains_alive(name, before_ms) { NO_TIME } else { NO_FIELD });
        let answers: Vec<i64> = answers.collect();
        reply_all(exec, answers.into_iter());
        return Ok(());
    }
    let hash = exec.typed_mut::<Hash>(place)?;
    let answer = |name| match (hash.contains_alive(name, before_ms), has_time(hash, name)) {
        (false, _) => NO_FIELD,
        (true, false) => NO_TIME,
        (true, true) => {
            hash.persist(name);
            DONE
        }
    };
    let answers: Vec<i64> = names.map(answer).collect();
    exec.notify(Class::Hash, "hpersist", &args[1]);
    exec.changed(answers.iter().filter(|answer| **answer == DONE).count() as u64);
    reply_all(exec, answers.into_iter());
    Ok(())
}

#[cfg(test)]
#[path = "expire_tests.rs"]
mod tests;
