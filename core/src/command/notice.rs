//! What subscribers to keyspace events are told.

use alloc::vec::Vec;

use crate::value::Blob;

/// The class of an event: who wants it says so by its letter in `notify-keyspace-events`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Class {
    /// `g`: commands on keys of any type.
    Generic = 1 << 0,
    /// `$`.
    String = 1 << 1,
    /// `l`.
    List = 1 << 2,
    /// `s`.
    Set = 1 << 3,
    /// `h`.
    Hash = 1 << 4,
    /// `z`.
    Zset = 1 << 5,
    /// `x`: a key was removed because its time had come.
    Expired = 1 << 6,
    /// `e`: a key gave way to others.
    Evicted = 1 << 7,
    /// `t`.
    Stream = 1 << 8,
    /// `m`: a key was asked for that is not there. Not in `A`.
    Missed = 1 << 9,
    /// `d`: events of modules.
    Module = 1 << 10,
    /// `n`: a key came into being. Not in `A`.
    New = 1 << 11,
}

/// A set of classes, and the two kinds of channel: `notify-keyspace-events`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Classes(u16);

impl Classes {
    /// `K`: published by key.
    const KEYSPACE: u16 = 1 << 12;
    /// `E`: published by event.
    const KEYEVENT: u16 = 1 << 13;
    /// Each class's letter.
    const LETTERS: [(u8, u16); 14] = [
        (b'g', Class::Generic as u16),
        (b'$', Class::String as u16),
        (b'l', Class::List as u16),
        (b's', Class::Set as u16),
        (b'h', Class::Hash as u16),
        (b'z', Class::Zset as u16),
        (b'x', Class::Expired as u16),
        (b'e', Class::Evicted as u16),
        (b't', Class::Stream as u16),
        (b'm', Class::Missed as u16),
        (b'd', Class::Module as u16),
        (b'n', Class::New as u16),
        (b'K', Classes::KEYSPACE),
        (b'E', Classes::KEYEVENT),
    ];

    /// The set that a text of letters names; `A` is all classes but `m` and `n`. Letters that are none are left out.
    #[must_use]
    pub fn parse(letters: &[u8]) -> Classes {
        let one = |letter: &u8| match letter {
            b'A' => 0x7ff & !(Class::Missed as u16),
            letter => Classes::LETTERS.iter().find(|(known, _)| known == letter).map_or(0, |(_, bit)| *bit),
        };
        Classes(letters.iter().map(one).fold(0, |all, bits| all | bits))
    }

    /// True if events of a class are told to anyone.
    #[inline]
    #[must_use]
    pub fn wants(self, class: Class) -> bool {
        self.0 & class as u16 != 0 && self.0 & (Classes::KEYSPACE | Classes::KEYEVENT) != 0
    }

    /// True if events are published by key.
    #[must_use]
    pub fn by_key(self) -> bool {
        self.0 & Classes::KEYSPACE != 0
    }

    /// True if events are published by event.
    #[must_use]
    pub fn by_event(self) -> bool {
        self.0 & Classes::KEYEVENT != 0
    }
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The key's database.
    pub database: u32,
    /// The event's name (`lpush`).
    pub event: &'static str,
    /// The key.
    pub key: Blob,
}

/// The events of one unit of execution, in order, as far as anyone wants them.
#[derive(Clone, Debug, Default)]
pub struct Notices {
    /// Which are wanted.
    pub classes: Classes,
    list: Vec<Notice>,
}

impl Notices {
    /// None yet, of these classes.
    #[must_use]
    pub fn new(classes: Classes) -> Notices {
        Notices { classes, list: Vec::new() }
    }

    /// Takes note of an event.
    #[inline]
    pub fn push(&mut self, class: Class, event: &'static str, database: u32, key: &[u8]) {
        if self.classes.wants(class) {
            self.list.push(Notice { database, event, key: Blob::new(key) });
        }
    }

    /// True if there are none.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Takes out what was noted.
    pub fn take(&mut self) -> Vec<Notice> {
        core::mem::take(&mut self.list)
    }
}
