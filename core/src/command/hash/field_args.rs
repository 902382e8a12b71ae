//! How does a request say which fields it is about, and until when?

use crate::codec::number::parse_i64;
use crate::resp::Args;

use crate::command::CommandError;
use crate::command::exec::{Exec, ExpiryRule, int_arg, is_word};
use crate::command::reply_error::{
    FIELD_COUNT_MISMATCH, FIELD_EXPIRE_NEGATIVE, FIELDS_MISSING, invalid_expire, wrong_arity,
};

/// The last millisecond in which a field may expire, as in Redis 8.0: 2^46 - 1.
const FIELD_EXPIRY_MAX_MS: i64 = (1 << 46) - 1;

/// How a time is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct TimeForm {
    /// Milliseconds per unit.
    pub(super) unit_ms: i64,
    /// Whether it counts from now on, or from the epoch.
    pub(super) origin: Origin,
}

/// From when on a time counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Now,
    Epoch,
}

impl TimeForm {
    pub(super) const EX: TimeForm = TimeForm { unit_ms: 1000, origin: Origin::Now };
    pub(super) const PX: TimeForm = TimeForm { unit_ms: 1, origin: Origin::Now };
    pub(super) const EXAT: TimeForm = TimeForm { unit_ms: 1000, origin: Origin::Epoch };
    pub(super) const PXAT: TimeForm = TimeForm { unit_ms: 1, origin: Origin::Epoch };

    /// The form that an option of HGETEX and HSETEX names.
    pub(super) fn named(word: &[u8]) -> Option<TimeForm> {
        const NAMES: [(&str, TimeForm); 4] =
            [("EX", TimeForm::EX), ("PX", TimeForm::PX), ("EXAT", TimeForm::EXAT), ("PXAT", TimeForm::PXAT)];
        NAMES.iter().find(|(name, _)| is_word(word, name)).map(|(_, form)| *form)
    }

    /// The time in `arg` in milliseconds since the epoch, for the command `name`. It may lie in the past.
    pub(super) fn deadline_ms(self, exec: &Exec<'_>, arg: &[u8], name: &str) -> Result<i64, CommandError> {
        let time = int_arg(arg)?;
        if time < 0 {
            return Err(FIELD_EXPIRE_NEGATIVE);
        }
        let origin_ms = match self.origin {
            Origin::Now => exec.now_ms(),
            Origin::Epoch => 0,
        };
        // What the master has done must be done here too: Valkey lets fields live longer.
        let last_ms = match exec.expiry {
            ExpiryRule::Ignore => i64::MAX,
            ExpiryRule::Remove | ExpiryRule::Hide => FIELD_EXPIRY_MAX_MS,
        };
        let deadline_ms = time.checked_mul(self.unit_ms).and_then(|ms| ms.checked_add(origin_ms));
        deadline_ms.filter(|ms| *ms <= last_ms).ok_or_else(|| invalid_expire(name))
    }
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
