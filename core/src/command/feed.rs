//! What one unit of execution (a command, a transaction) did to the data, as replicas are told it.
//!
//! A handler says only that it changed something, and, where its effect differs from its request, what the effect was. The
//! node turns the feed of a unit into bytes of the log in one place.

use alloc::vec::Vec;
use core::ops::Range;

use crate::marks::Marks;
use crate::museum::{Defect, Defects};
use crate::resp::push_command;

/// One command for the log: its database, and where its bytes stand.
#[derive(Clone, Debug)]
struct Op {
    /// The database it is about.
    pub database: u32,
    /// Its bytes in the feed's buffer.
    pub bytes: Range<usize>,
}

/// How the command that is running is fed, when it ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Form {
    /// As it was sent, if it changed anything.
    #[default]
    Verbatim,
    /// As it was sent, changed or not (FLUSHALL).
    Always,
    /// Not: its effects were fed one by one, or there are none.
    Replaced,
}

/// Where units of execution are written.
pub trait UnitSink {
    /// What follows is about this database.
    fn select(&mut self, database: u32);
    /// Adds bytes of commands.
    fn append(&mut self, bytes: &[u8]);
}

/// The effects of one unit of execution, in order.
#[derive(Clone, Debug, Default)]
pub struct Feed {
    buffer: Vec<u8>,
    ops: Vec<Op>,
    form: Form,
    changes: u64,
    /// Changes of earlier commands of the unit.
    changes_before: u64,
    is_wanted: bool,
    /// The unit is one command, fed as it was sent, whose bytes the node copies from where they are.
    whole: Option<u32>,
    /// So many of the ops stay behind all others.
    late: usize,
    defects: Defects,
    /// What commands have come to, for the node's own.
    pub(crate) marks: Marks,
}

impl Feed {
    /// The feed of a node that makes these mistakes.
    #[must_use]
    pub fn of(defects: Defects) -> Feed {
        Feed { defects, ..Feed::default() }
    }

    /// Whether the node makes a mistake on purpose.
    #[inline]
    #[must_use]
    pub const fn has(&self, defect: Defect) -> bool {
        self.defects.contain(defect)
    }

    /// Starts a unit. Bytes are collected only if `is_wanted`: if there is a log to put them in.
    pub fn begin(&mut self, is_wanted: bool) {
        self.buffer.clear();
        self.ops.clear();
        self.form = Form::Verbatim;
        self.changes = 0;
        self.changes_before = 0;
        self.is_wanted = is_wanted;
        self.whole = None;
        self.late = 0;
    }

    /// The running command changed the data `count` times.
    #[inline]
    pub fn changed(&mut self, count: u64) {
        self.changes += count;
    }

    /// The running command's effect is this instead of its request. May be called more than once.
    pub fn instead<const N: usize>(&mut self, database: u32, args: [&[u8]; N]) {
        self.form = Form::Replaced;
        self.push(database, args.into_iter());
    }

    /// As [`Feed::instead`], of words whose number is not known beforehand.
    pub fn instead_words(&mut self, database: u32, args: &[&[u8]]) {
        self.form = Form::Replaced;
        self.push(database, args.iter().copied());
    }

    /// The running command is not fed, though it changed something.
    pub fn nothing(&mut self) {
        self.form = Form::Replaced;
    }

    /// The running command is fed as it was sent, even if it changed nothing.
    pub fn always(&mut self) {
        self.form = Form::Always;
    }

    /// A key was removed because its time had come, before the running command's own effect.
    pub fn expired(&mut self, database: u32, key: &[u8], is_lazy: bool) {
        let verb: &[u8] = if is_lazy { b"UNLINK" } else { b"DEL" };
        self.push(database, [verb, key].into_iter());
        self.late += usize::from(self.is_wanted && self.has(Defect::ExpireDelOrder));
    }

    /// A field of a hash was removed because its time had come, before the running command's own effect.
    pub fn field_expired(&mut self, database: u32, key: &[u8], name: &[u8]) {
        self.push(database, [b"HDEL".as_slice(), key, name].into_iter());
    }

    /// Ends a command of the unit: true if its request is to be fed as it was sent, by [`Feed::push_verbatim`].
    pub fn end_command(&mut self) -> bool {
        let form = core::mem::take(&mut self.form);
        let has_changed = self.changes > self.changes_before;
        self.changes_before = self.changes;
        self.is_wanted && (form == Form::Always || (form == Form::Verbatim && has_changed))
    }

    /// Adds a request as it was sent.
    pub fn push_verbatim<'a>(&mut self, database: u32, args: impl ExactSizeIterator<Item = &'a [u8]>) {
        self.push(database, args);
    }

    /// The unit is one command about `database`, fed exactly as it was sent: nothing needs to be collected.
    pub fn mark_whole(&mut self, database: u32) {
        self.whole = Some(database);
    }

    /// Writes the unit, in MULTI and EXEC if it is more than one command; false if there is nothing to write. `canonical` are the bytes of a unit that is
    /// fed exactly as it was sent.
    #[inline]
    pub fn write_unit(&self, canonical: Option<&[u8]>, sink: &mut impl UnitSink) -> bool {
        if let Some(database) = self.whole {
            sink.select(database);
            sink.append(canonical.unwrap_or_default());
            return true;
        }
        let is_block = self.ops.len() > 1 && !self.has(Defect::EffectsWithoutMulti);
        for (index, (database, bytes)) in self.ops().enumerate() {
            sink.select(database);
            if is_block && index == 0 {
                sink.append(b"*1\r\n$5\r\nMULTI\r\n");
            }
            sink.append(bytes);
        }
        if is_block {
            sink.append(b"*1\r\n$4\r\nEXEC\r\n");
        }
        !self.ops.is_empty()
    }

    /// Changes of the unit so far.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// What was collected: each op's database and bytes, in order.
    pub fn ops(&self) -> impl ExactSizeIterator<Item = (u32, &[u8])> {
        self.ops.iter().map(|op| (op.database, self.buffer.get(op.bytes.clone()).unwrap_or_default()))
    }

    fn push<'a>(&mut self, database: u32, args: impl ExactSizeIterator<Item = &'a [u8]>) {
        if self.is_wanted {
            let start = self.buffer.len();
            push_command(&mut self.buffer, args);
            let place = self.ops.len() - self.late;
            self.ops.insert(place, Op { database, bytes: start..self.buffer.len() });
        }
    }
}
