//! The options of SET, GETEX and MSETEX: on what does the command depend, and how long is the value to live?

use crate::command::CommandError;
use crate::command::exec::{Exec, int_arg, is_word};
use crate::command::reply_error::{SYNTAX, invalid_expire};
use crate::command::time_form::TimeForm;
use crate::keyspace::NO_EXPIRY;
use crate::resp::Args;

/// Whose options are read: each has some that another refuses.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Set,
    GetEx,
    MSetEx,
}

/// On what SET and MSETEX depend.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition<'a> {
    None,
    /// NX
    Missing,
    /// XX
    Exists,
    /// IFEQ: a string that is this one.
    Equals(&'a [u8]),
}

/// How long the value is to live.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lifetime<'a> {
    /// Nothing was said.
    Unsaid,
    /// As long as before: KEEPTTL.
    Kept,
    /// Without end: PERSIST.
    Endless,
    /// Up to or for the time in this argument.
    Until(TimeForm, &'a [u8]),
}

/// The options of these commands.
pub(super) struct Options<'a> {
    pub(super) condition: Condition<'a>,
    pub(super) lifetime: Lifetime<'a>,
    /// SET with GET.
    pub(super) returns_old: bool,
}

impl<'a> Options<'a> {
    /// Reads the options. One may be repeated, with the last time counting, but not contradicted.
    pub(super) fn parse(args: Args<'a>, dialect: Dialect) -> Result<Options<'a>, CommandError> {
        let mut options = Options { condition: Condition::None, lifetime: Lifetime::Unsaid, returns_old: false };
        let is_set = dialect == Dialect::Set;
        let is_getex = dialect == Dialect::GetEx;
        let mut words = args.iter();
        while let Some(word) = words.next() {
            if is_set && is_word(word, "GET") {
                options.returns_old = true;
            } else if !is_getex && is_word(word, "NX") {
                options.depend_on(Condition::Missing)?;
            } else if !is_getex && is_word(word, "XX") {
                options.depend_on(Condition::Exists)?;
            } else if is_set && is_word(word, "IFEQ") {
                options.depend_on(Condition::Equals(words.next().ok_or(SYNTAX)?))?;
            } else if !is_getex && is_word(word, "KEEPTTL") {
                options.live(Lifetime::Kept)?;
            } else if is_getex && is_word(word, "PERSIST") {
                options.live(Lifetime::Endless)?;
            } else {
                let form = TimeForm::named(word).ok_or(SYNTAX)?;
                options.live(Lifetime::Until(form, words.next().ok_or(SYNTAX)?))?;
            }
        }
        Ok(options)
    }

    fn depend_on(&mut self, condition: Condition<'a>) -> Result<(), CommandError> {
        // Of two words to compare with, even equal ones, none is chosen.
        let is_repeated = self.condition == condition && !matches!(condition, Condition::Equals(_));
        if self.condition != Condition::None && !is_repeated {
            return Err(SYNTAX);
        }
        self.condition = condition;
        Ok(())
    }

    fn live(&mut self, lifetime: Lifetime<'a>) -> Result<(), CommandError> {
        match (self.lifetime, lifetime) {
            (Lifetime::Unsaid, _) => {}
            (Lifetime::Until(before, _), Lifetime::Until(form, _)) if before == form => {}
            (before, now) if before == now => {}
            _ => return Err(SYNTAX),
        }
        self.lifetime = lifetime;
        Ok(())
    }

    /// When the value expires, in milliseconds since the epoch, if the request says it.
    pub(super) fn deadline_ms(&self, exec: &Exec<'_>, command: &str) -> Result<Option<i64>, CommandError> {
        match self.lifetime {
            Lifetime::Until(form, time) => deadline_ms(form, time, exec.now_ms(), command).map(Some),
            _ => Ok(None),
        }
    }
}

impl Lifetime<'_> {
    pub(super) fn is_absolute(self) -> bool {
        matches!(self, Lifetime::Until(form, _) if form.is_absolute())
    }
}

/// The time in `arg` in milliseconds since the epoch. It must lie after the epoch, and may lie in the past.
pub(super) fn deadline_ms(form: TimeForm, arg: &[u8], now_ms: i64, command: &str) -> Result<i64, CommandError> {
    let deadline_ms = Some(int_arg(arg)?).filter(|time| *time > 0).and_then(|time| form.instant_ms(time, now_ms));
    // The very last millisecond stands for "never" in the keyspace.
    deadline_ms.map(|ms| ms.min(NO_EXPIRY - 1)).ok_or_else(|| invalid_expire(command))
}
