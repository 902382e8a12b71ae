//! How are several fields of a hash read or set at once, and their expiries with them?
//!
//! Source: Redis 8.0.

use alloc::vec::Vec;

use crate::codec::number::parse_i64;
use crate::keyspace::Place;
use crate::resp::Args;
use crate::value::Hash;

use crate::command::exec::{Exec, ExpiryRule, is_word, stored};
use crate::command::reply_error::{
    FIELD_COUNT_INVALID, FIELD_COUNT_NOT_POSITIVE, FIELD_EXPIRE_TWICE, FXX_AND_FNX, unknown_hsetex_argument,
    wrong_arity,
};
use crate::command::time_form::TimeForm;
use crate::command::{Class, Command, CommandError, Group, Keys, Outcome};
use crate::keyspace::NO_EXPIRY;

use super::alive::remove_dead;
use super::expire::{end_removal, make_expiring};
use super::field_args::{deadline_ms, fields_from};

pub(super) const COMMANDS: &[Command] = &[
    Command::data(Group::Hash, "hgetdel", -5, "write fast", Keys::ONE, hgetdel).access("RW access delete").docs(
        "8.0.0",
        "O(N)",
        "Get the values of fields of a hash and remove them",
    ),
    Command::data(Group::Hash, "hgetex", -5, "write fast", Keys::ONE, hgetex)
        .access("RW access update: may change the expiry")
        .docs("8.0.0", "O(N)", "Get the values of fields of a hash and set when they expire"),
    Command::data(Group::Hash, "hsetex", -6, "write denyoom fast", Keys::ONE, hsetex).access("RW update").docs(
        "8.0.0",
        "O(N)",
        "Set fields of a hash and when they expire",
    ),
];

/// Finds a hash to be changed; it must be one.
fn find_hash(exec: &mut Exec<'_>, key: &[u8]) -> Result<Option<Place>, CommandError> {
    let place = exec.find(key);
    if let Some(place) = place {
        exec.typed::<Hash>(place)?;
    }
    Ok(place)
}

fn hgetdel(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let place = find_hash(exec, &args[1])?;
    let first = fields_from(args, 2, "hgetdel", FIELD_COUNT_NOT_POSITIVE)?;
    let Some(place) = reply_values(exec, args, first, place, Repeats::AreGone)? else { return Ok(()) };
    let (names, before_ms) = (args.iter_from(first), exec.dead_before_ms());
    let hash = exec.typed::<Hash>(place)?;
    if !names.clone().any(|name| hash.contains_alive(name, before_ms)) {
        return Ok(());
    }
    let hash = exec.typed_mut::<Hash>(place)?;
    let removed = names.clone().filter(|name| !hash.is_dead(name, before_ms) && hash.remove(name)).count();
    let is_empty = hash.is_empty();
    let words: Vec<&[u8]> = [b"HDEL".as_slice(), &args[1]].into_iter().chain(names).collect();
    exec.feed.instead_words(exec.database, &words);
    exec.notify(Class::Hash, "hdel", &args[1]);
    if is_empty {
        exec.remove_emptied(place, &args[1]);
    }
    exec.changed(removed as u64);
    Ok(())
}

/// What is told of a field that is asked for twice, and is removed when it is first met.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeats {
    AreTold,
    AreGone,
}

/// Replies with the values of the fields from argument `first` on; the place, if the hash is still there. What is dead is removed first.
fn reply_values(
    exec: &mut Exec<'_>,
    args: Args<'_>,
    first: usize,
    place: Option<Place>,
    repeats: Repeats,
) -> Result<Option<Place>, CommandError> {
    let names = args.iter_from(first);
    let place = match place {
        Some(place) => remove_dead(exec, place, &args[1], names.clone())?,
        None => None,
    };
    let before_ms = exec.dead_before_ms();
    let hash = match place {
        Some(place) => Some(stored::<Hash>(exec.keyspace, place)?),
        None => None,
    };
    let mut told = alloc::collections::BTreeSet::new();
    exec.reply.array(names.len());
    for name in names {
        let is_gone = repeats == Repeats::AreGone && !told.insert(name);
        match hash.filter(|_| !is_gone).and_then(|hash| hash.get_alive(name, before_ms)) {
            Some(value) => value.reply_to(&mut exec.reply),
            None => exec.reply.null(),
        }
    }
    Ok(place)
}

/// What is to become of the time of fields that are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NewTime {
    Unsaid,
    /// PERSIST
    Endless,
    /// At this time, in milliseconds since the epoch.
    At(i64),
}

fn hgetex(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let place = find_hash(exec, &args[1])?;
    let (time, at) = match TimeForm::named(&args[2]) {
        Some(form) => (NewTime::At(deadline_ms(exec, form, &args[3], "hgetex")?), 4),
        None if is_word(&args[2], "PERSIST") => (NewTime::Endless, 3),
        None => (NewTime::Unsaid, 2),
    };
    let first = fields_from(args, at, "hgetex", FIELD_COUNT_NOT_POSITIVE)?;
    let has_passed = |exec: &Exec<'_>| matches!(time, NewTime::At(at_ms) if is_past(exec, at_ms));
    let repeats = if has_passed(exec) { Repeats::AreGone } else { Repeats::AreTold };
    let Some(place) = reply_values(exec, args, first, place, repeats)? else { return Ok(()) };
    if time == NewTime::Unsaid {
        return Ok(());
    }
    make_expiring(exec, place);
    let (names, before_ms) = (args.iter_from(first), exec.dead_before_ms());
    let hash = exec.typed::<Hash>(place)?;
    let would_change = |name: &&[u8]| match time {
        NewTime::Endless => hash.expiry(name).is_some_and(|expires_ms| expires_ms >= before_ms),
        _ => hash.contains_alive(name, before_ms),
    };
    if !names.clone().any(|name| would_change(&name)) {
        return Ok(());
    }
    let order = exec.keyspace.order();
    let removes = has_passed(exec);
    let hash = exec.typed_mut::<Hash>(place)?;
    let change = |name: &&[u8]| match time {
        _ if hash.is_dead(name, before_ms) => false,
        NewTime::At(_) if removes => hash.remove(name),
        NewTime::At(at_ms) => hash.set_expiry(name, at_ms, order),
        NewTime::Endless | NewTime::Unsaid => hash.persist(name),
    };
    let changed: Vec<&[u8]> = names.filter(change).collect();
    if removes {
        return end_removal(exec, &args[1], place, &changed);
    }
    exec.changed(changed.len() as u64);
    feed_new_time(exec, args, first, time);
    let event = if time == NewTime::Endless { "hpersist" } else { "hexpire" };
    exec.notify(Class::Hash, event, &args[1]);
    Ok(())
}

/// Replicas are told what became of the time, since the values are no matter of theirs.
fn feed_new_time(exec: &mut Exec<'_>, args: Args<'_>, first: usize, time: NewTime) {
    let mut digits = itoa::Buffer::new();
    let mut words: Vec<&[u8]> = match time {
        NewTime::At(at_ms) => [b"HPEXPIREAT", &args[1], digits.format(at_ms).as_bytes()].into(),
        NewTime::Endless | NewTime::Unsaid => [b"HPERSIST".as_slice(), &args[1]].into(),
    };
    words.extend(args.iter_from(first - 2));
    exec.feed.instead_words(exec.database, &words);
}

/// True if a field that is to expire at a time is to be removed instead. A replica keeps it: only its master removes fields.
fn is_past(exec: &Exec<'_>, at_ms: i64) -> bool {
    at_ms <= exec.now_ms() && exec.expiry == ExpiryRule::Remove
}

/// On what HSETEX depends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Condition {
    /// FNX: none of the fields may be there.
    AllMissing,
    /// FXX: all of them must be.
    AllThere,
}

/// What HSETEX is told beside the pairs.
struct Options {
    condition: Option<Condition>,
    keeps_time: bool,
    at_ms: Option<i64>,
    /// The argument of the time, if that counts from elsewhere than replicas are told.
    rewritten_at: Option<usize>,
    /// The argument with the first name.
    first: usize,
}

impl Options {
    fn parse(exec: &Exec<'_>, args: Args<'_>) -> Result<Options, CommandError> {
        const NAME: &str = "hsetex";
        let mut options = Options { condition: None, keeps_time: false, at_ms: None, rewritten_at: None, first: 0 };
        let mut at = 2;
        loop {
            let word = args.get(at).ok_or_else(|| wrong_arity(NAME))?;
            let condition = match word {
                word if is_word(word, "FNX") => Some(Condition::AllMissing),
                word if is_word(word, "FXX") => Some(Condition::AllThere),
                _ => None,
            };
            let time_form = TimeForm::named(word);
            if is_word(word, "FIELDS") {
                options.first = pairs_from(args, at)?;
                return Ok(options);
            } else if condition.is_some() {
                if options.condition.is_some() {
                    return Err(FXX_AND_FNX);
                }
                options.condition = condition;
            } else if time_form.is_some() || is_word(word, "KEEPTTL") {
                if options.keeps_time || options.at_ms.is_some() {
                    return Err(FIELD_EXPIRE_TWICE);
                }
                options.keeps_time = time_form.is_none();
                if let Some(form) = time_form {
                    let time = args.get(at + 1).ok_or_else(|| wrong_arity(NAME))?;
                    options.at_ms = Some(deadline_ms(exec, form, time, NAME)?);
                    options.rewritten_at = (form != TimeForm::PXAT).then_some(at);
                    at += 1;
                }
            } else {
                return Err(unknown_hsetex_argument(word));
            }
            at += 1;
        }
    }
}

/// Where the pairs begin, which are the last arguments: `FIELDS`, at `at`, and how many there are stand before them.
fn pairs_from(args: Args<'_>, at: usize) -> Result<usize, CommandError> {
    let first = at + 2;
    if args.len() < first + 2 {
        return Err(wrong_arity("hsetex"));
    }
    let count = parse_i64(&args[at + 1]).filter(|count| *count > 0).and_then(|count| i32::try_from(count).ok());
    let count = count.ok_or(FIELD_COUNT_INVALID)?;
    if usize::try_from(count).ok().and_then(|count| count.checked_mul(2)) != Some(args.len() - first) {
        return Err(wrong_arity("hsetex"));
    }
    Ok(first)
}

fn hsetex(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let options = Options::parse(exec, args)?;
    let mut place = find_hash(exec, &args[1])?;
    let names = args.iter_from(options.first).step_by(2);
    if let (Some(condition), Some(found)) = (options.condition, place) {
        place = remove_dead(exec, found, &args[1], names.clone())?;
        let before_ms = exec.dead_before_ms();
        let hash = match place {
            Some(place) => Some(exec.typed::<Hash>(place)?),
            None => None,
        };
        let is_there = |name| hash.is_some_and(|hash| hash.contains_alive(name, before_ms));
        let is_met = match condition {
            Condition::AllMissing => !names.clone().any(is_there),
            Condition::AllThere => names.clone().all(is_there),
        };
        if !is_met {
            exec.reply.int(0);
            return Ok(());
        }
    } else if options.condition == Some(Condition::AllThere) {
        exec.reply.int(0);
        return Ok(());
    }
    let place = match place {
        Some(place) => place,
        None => {
            exec.insert(&args[1], Hash::default(), NO_EXPIRY);
            exec.peek(&args[1]).expect("it was just inserted")
        }
    };
    set_pairs(exec, args, place, &options)?;
    exec.reply.int(1);
    Ok(())
}

/// Sets the pairs in the hash at `place`.
fn set_pairs(exec: &mut Exec<'_>, args: Args<'_>, place: Place, options: &Options) -> Outcome {
    let (limits, order) = (exec.limits().hash, exec.keyspace.order());
    let pairs = args.iter_from(options.first);
    let hash = exec.typed_mut::<Hash>(place)?;
    hash.make_room(pairs.clone(), &limits, order);
    // So many new fields are foreseen, though some may be there, or come twice: as in Redis 8.0.
    if pairs.len() / 2 > limits.listpack_entries_max {
        hash.unpack(order);
    }
    if options.at_ms.is_some() {
        hash.make_expiring(order);
    }
    let names = pairs.clone().step_by(2);
    let has_passed = options.at_ms.is_some_and(|at_ms| is_past(exec, at_ms));
    let hash = exec.typed_mut::<Hash>(place)?;
    for (name, value) in names.clone().zip(pairs.clone().skip(1).step_by(2)) {
        match options.keeps_time {
            true => hash.set_value(name, value, &limits, order),
            false => hash.set(name, value, &limits, order),
        };
        // One by one, so that what does not stay does not crowd the listpack.
        match options.at_ms {
            Some(_) if has_passed => hash.remove(name),
            Some(at_ms) => hash.set_expiry(name, at_ms, order),
            None => continue,
        };
    }
    exec.notify(Class::Hash, "hset", &args[1]);
    if has_passed {
        let removed: Vec<&[u8]> = names.collect();
        return end_removal(exec, &args[1], place, &removed);
    }
    if let Some(at_ms) = options.at_ms {
        feed_absolute(exec, args, options, at_ms);
        exec.notify(Class::Hash, "hexpire", &args[1]);
    }
    exec.changed((pairs.len() / 2) as u64);
    Ok(())
}

/// Replicas are told the absolute time, and the rest as it was sent.
fn feed_absolute(exec: &mut Exec<'_>, args: Args<'_>, options: &Options, at_ms: i64) {
    let Some(at) = options.rewritten_at else { return };
    let mut digits = itoa::Buffer::new();
    let mut words: Vec<&[u8]> = args.iter().collect();
    words[at] = b"PXAT";
    words[at + 1] = digits.format(at_ms).as_bytes();
    exec.feed.instead_words(exec.database, &words);
}

#[cfg(test)]
#[path = "fields_tests.rs"]
mod tests;
