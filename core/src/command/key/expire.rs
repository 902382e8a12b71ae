//! When does a key expire, and who changes that?

use alloc::vec::Vec;

use crate::keyspace::NO_EXPIRY;
use crate::museum::Defect;
use crate::resp::Args;

use super::find_untouched;
use crate::command::exec::{Exec, ExpiryRule, int_arg, is_word};
use crate::command::notice::Class;
use crate::command::reply_error::{EXPIRE_GT_LT, EXPIRE_NX_OTHERS, invalid_expire, unsupported_option};
use crate::command::time_form::TimeForm;
use crate::command::{Command, CommandError, Group, Keys, Outcome};

pub(super) const COMMANDS: &[Command] =
    &[
        Command::data(Group::Generic, "expire", -3, "write fast", Keys::ONE, expire).access("RW update").docs(
            "1.0.0",
            "O(1)",
            "Lets a key expire after some seconds",
        ),
        Command::data(Group::Generic, "pexpire", -3, "write fast", Keys::ONE, pexpire).access("RW update").docs(
            "2.6.0",
            "O(1)",
            "Lets a key expire after some milliseconds",
        ),
        Command::data(Group::Generic, "expireat", -3, "write fast", Keys::ONE, expire_at).access("RW update").docs(
            "1.2.0",
            "O(1)",
            "Lets a key expire at a time given in seconds since the epoch",
        ),
        Command::data(Group::Generic, "pexpireat", -3, "write fast", Keys::ONE, pexpire_at).access("RW update").docs(
            "2.6.0",
            "O(1)",
            "Lets a key expire at a time given in milliseconds since the epoch",
        ),
        Command::data(Group::Generic, "ttl", 2, "readonly fast", Keys::ONE, ttl)
            .access("RO access")
            .tips("nondeterministic_output")
            .docs("1.0.0", "O(1)", "Tells in how many seconds a key expires"),
        Command::data(Group::Generic, "pttl", 2, "readonly fast", Keys::ONE, pttl)
            .access("RO access")
            .tips("nondeterministic_output")
            .docs("2.6.0", "O(1)", "Tells in how many milliseconds a key expires"),
        Command::data(Group::Generic, "expiretime", 2, "readonly fast", Keys::ONE, expire_time)
            .access("RO access")
            .docs("7.0.0", "O(1)", "Tells when a key expires, in seconds since the epoch"),
        Command::data(Group::Generic, "pexpiretime", 2, "readonly fast", Keys::ONE, pexpire_time)
            .access("RO access")
            .docs("7.0.0", "O(1)", "Tells when a key expires, in milliseconds since the epoch"),
        Command::data(Group::Generic, "persist", 2, "write fast", Keys::ONE, persist).access("RW update").docs(
            "2.2.0",
            "O(1)",
            "Takes a key's expiry away",
        ),
    ];

fn expire(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    set_expiry(exec, args, TimeForm::EX, "expire")
}

fn pexpire(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    set_expiry(exec, args, TimeForm::PX, "pexpire")
}

fn expire_at(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    set_expiry(exec, args, TimeForm::EXAT, "expireat")
}

fn pexpire_at(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    set_expiry(exec, args, TimeForm::PXAT, "pexpireat")
}

fn set_expiry(exec: &mut Exec<'_>, args: Args<'_>, form: TimeForm, name: &str) -> Outcome {
    let condition = Condition::parse(args)?;
    // It may lie before the epoch.
    let expires_ms = form.instant_ms(int_arg(&args[2])?, exec.now_ms()).ok_or_else(|| invalid_expire(name))?;
    let Some(place) = exec.find(&args[1]) else {
        exec.reply.int(0);
        return Ok(());
    };
    if !condition.allows(exec.expires_ms(place), expires_ms) {
        exec.reply.int(0);
        return Ok(());
    }
    // A replica keeps even a key that is to expire in the past: only its master removes keys.
    if expires_ms <= exec.now_ms() && exec.expiry == ExpiryRule::Remove {
        exec.keyspace.remove(place);
        let verb: &[u8] = if exec.config.lazyfree_lazy_expire { b"UNLINK" } else { b"DEL" };
        exec.feed.instead(exec.database, [verb, &args[1]]);
        exec.notify(Class::Generic, "del", &args[1]);
    } else {
        // The last instant there is stands for "never".
        exec.keyspace.set_expiry(place, expires_ms.min(NO_EXPIRY - 1));
        if form != TimeForm::PXAT && !exec.feed.has(Defect::RelativeTtl) {
            feed_absolute(exec, args, expires_ms);
        }
        exec.notify(Class::Generic, "expire", &args[1]);
    }
    exec.changed(1);
    exec.reply.int(1);
    Ok(())
}

/// Replicas are told the absolute time, and the conditions as they were sent.
fn feed_absolute(exec: &mut Exec<'_>, args: Args<'_>, expires_ms: i64) {
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(expires_ms).as_bytes();
    if args.len() == 3 {
        exec.feed.instead(exec.database, [b"PEXPIREAT", &args[1], digits]);
        return;
    }
    let mut words: Vec<&[u8]> = args.iter().collect();
    words[0] = b"PEXPIREAT";
    words[2] = digits;
    exec.feed.nothing();
    exec.feed.push_verbatim(exec.database, words.into_iter());
}

/// When an expiry may be set.
#[derive(Clone, Copy, Default)]
struct Condition {
    /// NX: only if there is none.
    only_new: bool,
    /// XX: only if there is one.
    only_existing: bool,
    /// GT: only if it becomes later.
    only_later: bool,
    /// LT: only if it becomes earlier.
    only_earlier: bool,
}

impl Condition {
    fn parse(args: Args<'_>) -> Result<Condition, CommandError> {
        let mut condition = Condition::default();
        for option in args.iter_from(3) {
            let flag = if is_word(option, "NX") {
                &mut condition.only_new
            } else if is_word(option, "XX") {
                &mut condition.only_existing
            } else if is_word(option, "GT") {
                &mut condition.only_later
            } else if is_word(option, "LT") {
                &mut condition.only_earlier
            } else {
                return Err(unsupported_option(option));
            };
            *flag = true;
        }
        let Condition { only_new, only_existing, only_later, only_earlier } = condition;
        if only_new && (only_existing || only_later || only_earlier) {
            return Err(EXPIRE_NX_OTHERS);
        }
        if only_later && only_earlier {
            return Err(EXPIRE_GT_LT);
        }
        Ok(condition)
    }

    /// Compares the expiry that is with the one that is to be. A key without one lives for ever: nothing is later.
    fn allows(self, current_ms: i64, next_ms: i64) -> bool {
        let has_expiry = current_ms != NO_EXPIRY;
        !(self.only_new && has_expiry
            || self.only_existing && !has_expiry
            || self.only_later && (!has_expiry || next_ms <= current_ms)
            || self.only_earlier && has_expiry && next_ms >= current_ms)
    }
}

fn ttl(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    reply_expiry(exec, args, TimeForm::EX)
}

fn pttl(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    reply_expiry(exec, args, TimeForm::PX)
}

fn expire_time(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    reply_expiry(exec, args, TimeForm::EXAT)
}

fn pexpire_time(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    reply_expiry(exec, args, TimeForm::PXAT)
}

/// Tells a key's expiry: -2 if there is no such key, -1 if it does not expire.
fn reply_expiry(exec: &mut Exec<'_>, args: Args<'_>, form: TimeForm) -> Outcome {
    let expires_ms = find_untouched(exec, &args[1]).map(|place| exec.expires_ms(place));
    let answer = match expires_ms {
        None => -2,
        Some(NO_EXPIRY) => -1,
        Some(expires_ms) => in_units(expires_ms.saturating_sub(form.origin_ms(exec.now_ms())), form.unit_ms),
    };
    exec.reply.int(answer);
    Ok(())
}

/// Rounded to the nearest unit; what has passed is 0.
fn in_units(ms: i64, unit_ms: i64) -> i64 {
    ms.max(0).saturating_add(unit_ms / 2) / unit_ms
}

fn persist(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let found = exec.find(&args[1]).filter(|place| exec.expires_ms(*place) != NO_EXPIRY);
    if let Some(place) = found {
        exec.keyspace.set_expiry(place, NO_EXPIRY);
        exec.notify(Class::Generic, "persist", &args[1]);
        exec.changed(1);
    }
    exec.reply.int(i64::from(found.is_some()));
    Ok(())
}

#[cfg(test)]
#[path = "expire_tests.rs"]
mod tests;
