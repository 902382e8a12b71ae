//! How does a request say which fields it is about, and until when?

use crate::codec::number::parse_i64;
use crate::resp::Args;

use crate::command::CommandError;
use crate::command::exec::{Exec, ExpiryRule, int_arg, is_word};
use crate::command::reply_error::{
    FIELD_COUNT_MISMATCH, FIELD_EXPIRE_NEGATIVE, FIELDS_MISSING, invalid_expire, wrong_arity,
};
use crate::command::time_form::TimeForm;

/// The last millisecond in which a field may expire, as in Redis 8.0: 2^46 - 1.
const FIELD_EXPIRY_MAX_MS: i64 = (1 << 46) - 1;

/// The time in `arg` in milliseconds since the epoch, for the command `name`. It may lie in the past.
pub(super) fn deadline_ms(exec: &Exec<'_>, form: TimeForm, arg: &[u8], name: &str) -> Result<i64, CommandError> {
    let time = int_arg(arg)?;
    if time < 0 {
        return Err(FIELD_EXPIRE_NEGATIVE);
    }
    // What the master has done must be done here too: Valkey lets fields live longer.
    let last_ms = match exec.expiry {
        ExpiryRule::Ignore => i64::MAX,
        ExpiryRule::Remove | ExpiryRule::Hide => FIELD_EXPIRY_MAX_MS,
    };
    let deadline_ms = form.instant_ms(time, exec.now_ms());
    deadline_ms.filter(|ms| *ms <= last_ms).ok_or_else(|| invalid_expire(name))
}

/// Where the names of the fields begin, which are the last arguments: `FIELDS`, at `at`, and how many there are stand before them.
pub(super) fn fields_from(
    args: Args<'_>,
    at: usize,
    name: &str,
    bad_count: CommandError,
) -> Result<usize, CommandError> {
    let (Some(word), Some(count)) = (args.get(at), args.get(at + 1)) else { return Err(wrong_arity(name)) };
    if !is_word(word, "FIELDS") {
        return Err(FIELDS_MISSING);
    }
    let count = parse_i64(count).filter(|count| *count > 0).ok_or(bad_count)?;
    if usize::try_from(count) != Ok(args.len() - at - 2) {
        return Err(FIELD_COUNT_MISMATCH);
    }
    Ok(at + 2)
}
