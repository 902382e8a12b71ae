//! Hashes of which fields expire: whose time has come, and when does it come next?
//!
//! A field is dead when its time is before an instant that the caller names: now, for most; [`NEVER_DEAD`], for those who must see all.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;

use crate::codec::siphash::HashKey;
use crate::table::Remains;
use crate::value::footprint::allocated;
use crate::value::{Blob, Remnant, Text};

use super::expiries::{Expiries, Expiry};
use super::{Hash, Large};

/// An instant before which no field expires.
pub const NEVER_DEAD: i64 = i64::MIN;

/// The fields of a hash, and the times of those that expire.
#[derive(Clone)]
pub struct Expiring {
    /// In a form that is not [`Large::Expiring`].
    pub(super) fields: Hash,
    /// Of fields that are there.
    expiries: Expiries,
}

impl Expiring {
    pub(super) fn memory_bytes(&self) -> usize {
        allocated(size_of::<Expiring>()) + self.fields.memory_bytes() + self.expiries.memory_bytes()
    }

    pub(super) fn free_effort(&self) -> usize {
        self.fields.free_effort() + 2 * self.expiries.len()
    }

    pub(super) fn dismantle(self) -> Box<dyn Remnant> {
        let (names, times) = self.expiries.into_parts();
        Box::new(Rest { fields: self.fields.dismantle(), names, times })
    }
}

/// What is left of a hash that was given up.
struct Rest {
    fields: Option<Box<dyn Remnant>>,
    names: Remains<Expiry>,
    times: BTreeSet<(i64, u64)>,
}

impl Remnant for Rest {
    fn is_empty(&self) -> bool {
        self.fields.as_ref().is_none_or(|fields| fields.is_empty()) && self.names.is_empty() && self.times.is_empty()
    }

    fn free_some(&mut self, units: usize) -> usize {
        let mut freed = (0..units).map_while(|_| self.times.pop_first()).count();
        if freed < units {
            freed += self.names.drop_some(units - freed);
        }
        match &mut self.fields {
            Some(fields) if freed < units => freed + fields.free_some(units - freed),
            _ => freed,
        }
    }
}

impl Hash {
    fn expiries(&self) -> Option<&Expiries> {
        match self {
            Hash::Large(large) => match &**large {
                Large::Expiring(expiring) => Some(&expiring.expiries),
                Large::Few(_) | Large::Table(_) => None,
            },
            Hash::Packed(_) => None,
        }
    }

    fn expiries_mut(&mut self) -> Option<&mut Expiries> {
        match self {
            Hash::Large(large) => match &mut **large {
                Large::Expiring(expiring) => Some(&mut expiring.expiries),
                Large::Few(_) | Large::Table(_) => None,
            },
            Hash::Packed(_) => None,
        }
    }

    /// True if fields of it may expire: it was once asked for.
    #[inline]
    #[must_use]
    pub fn is_expiring(&self) -> bool {
        self.expiries().is_some()
    }

    /// Gets ready for fields that expire, if it is not yet. It stays so.
    pub fn make_expiring(&mut self, key: HashKey) {
        if !self.is_expiring() {
            let fields = core::mem::take(self);
            let expiring = Expiring { fields, expiries: Expiries::new(key) };
            *self = Hash::Large(Box::new(Large::Expiring(Box::new(expiring))));
        }
    }

    /// When a field expires, in milliseconds since the epoch, if it does.
    #[inline]
    #[must_use]
    pub fn expiry(&self, name: &[u8]) -> Option<i64> {
        self.expiries()?.get(name)
    }

    /// Lets a field expire at a time; false if there is no such field. The first millisecond of all is put off by one, since it stands for
    /// "never" in RDB.
    pub fn set_expiry(&mut self, name: &[u8], at_ms: i64, key: HashKey) -> bool {
        if !self.contains(name) {
            return false;
        }
        self.make_expiring(key);
        if let Some(expiries) = self.expiries_mut() {
            expiries.set(name, at_ms.max(1));
        }
        true
    }

    /// Takes a field's time away; true if it had one.
    pub fn persist(&mut self, name: &[u8]) -> bool {
        self.expiries_mut().is_some_and(|expiries| expiries.remove(name))
    }

    /// When the first field expires.
    #[inline]
    #[must_use]
    pub fn first_expiry_ms(&self) -> Option<i64> {
        self.expiries()?.first_ms()
    }

    /// True if a field is there, its time come or not, and its time is before `before_ms`.
    #[inline]
    #[must_use]
    pub fn is_dead(&self, name: &[u8], before_ms: i64) -> bool {
        self.expiry(name).is_some_and(|at_ms| at_ms < before_ms)
    }

    /// True if the time of any field is before `before_ms`.
    #[must_use]
    pub fn has_dead(&self, before_ms: i64) -> bool {
        self.first_expiry_ms().is_some_and(|at_ms| at_ms < before_ms)
    }

    /// A field whose time is before `before_ms`: none expires earlier.
    #[must_use]
    pub fn find_dead(&self, before_ms: i64) -> Option<&Blob> {
        self.expiries()?.find_first_before(before_ms)
    }

    /// The value of a field, unless its time is before `before_ms`.
    #[must_use]
    pub fn get_alive(&self, name: &[u8], before_ms: i64) -> Option<Text<'_>> {
        self.get(name).filter(|_| !self.is_dead(name, before_ms))
    }

    /// True if the field is there and its time is not before `before_ms`.
    #[must_use]
    pub fn contains_alive(&self, name: &[u8], before_ms: i64) -> bool {
        self.contains(name) && !self.is_dead(name, before_ms)
    }

    /// Hands every field whose time is not before `before_ms` to `visit`, and its value.
    pub fn for_each_alive<'a>(&'a self, before_ms: i64, mut visit: impl FnMut(Text<'a>, Text<'a>)) {
        let some_are_dead = self.has_dead(before_ms);
        self.for_each(|name, value| {
            if !some_are_dead || !name.with_bytes(|name| self.is_dead(name, before_ms)) {
                visit(name, value);
            }
        });
    }

    /// How many fields there are whose time is not before `before_ms`.
    #[must_use]
    pub fn len_alive(&self, before_ms: i64) -> usize {
        if !self.has_dead(before_ms) {
            return self.len();
        }
        let mut alive = 0;
        self.for_each_alive(before_ms, |_, _| alive += 1);
        alive
    }
}
