//! How does a request write a time: in seconds or milliseconds, from now on or since the epoch?

use super::exec::is_word;

/// One of the four ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimeForm {
    /// Milliseconds per unit.
    pub(super) unit_ms: i64,
    origin: Origin,
}

/// From when on a time counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Now,
    Epoch,
}

impl TimeForm {
    /// Seconds from now.
    pub(super) const EX: TimeForm = TimeForm { unit_ms: 1000, origin: Origin::Now };
    /// Milliseconds from now.
    pub(super) const PX: TimeForm = TimeForm { unit_ms: 1, origin: Origin::Now };
    /// Seconds since the epoch.
    pub(super) const EXAT: TimeForm = TimeForm { unit_ms: 1000, origin: Origin::Epoch };
    /// Milliseconds since the epoch: the form in which replicas are told.
    pub(super) const PXAT: TimeForm = TimeForm { unit_ms: 1, origin: Origin::Epoch };

    /// The form that an option names.
    pub(super) fn named(word: &[u8]) -> Option<TimeForm> {
        const NAMES: [(&str, TimeForm); 4] =
            [("EX", TimeForm::EX), ("PX", TimeForm::PX), ("EXAT", TimeForm::EXAT), ("PXAT", TimeForm::PXAT)];
        NAMES.iter().find(|(name, _)| is_word(word, name)).map(|(_, form)| *form)
    }

    pub(super) fn is_absolute(self) -> bool {
        self.origin == Origin::Epoch
    }

    /// The instant that times of this form count from, in milliseconds since the epoch.
    pub(super) fn origin_ms(self, now_ms: i64) -> i64 {
        if self.is_absolute() { 0 } else { now_ms }
    }

    /// The instant that `time` says, in milliseconds since the epoch, if there is such a one.
    pub(super) fn instant_ms(self, time: i64, now_ms: i64) -> Option<i64> {
        time.checked_mul(self.unit_ms)?.checked_add(self.origin_ms(now_ms))
    }
}
