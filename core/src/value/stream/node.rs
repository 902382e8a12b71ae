//! How does a node keep its entries?
//!
//! A node is a listpack that begins with a master entry: how many entries are alive and how many are marked as deleted, then the number
//! of field names, the names, and a zero. Each entry follows: its flags, its id as a difference to the node's own, the number of its
//! fields and names and values by turns (or the values alone, if its names are the master's), and at last how many elements that made, for
//! those who walk backward. The node's own id is that of its first entry, and its key in the stream.
//!
//! Source: the stream nodes of Redis 5.0 to 7.0, which are the same in memory and in RDB.

use crate::codec::corrupt::Corrupt;
use crate::codec::listpack::{Entry as Packed, LISTPACK_BYTES_MAX, Listpack, Pos};
use crate::value::Text;
use crate::value::footprint::allocated;
use crate::value::limits::StreamLimits;

use super::StreamId;

/// The entry was deleted, and is only still there.
const DELETED: i64 = 1;
/// The entry has the field names of the master entry.
const SAME_FIELDS: i64 = 2;
/// Elements of an entry beside its fields: flags and both parts of the id.
const FIXED_ELEMENTS: usize = 3;

/// Some entries of a stream.
#[derive(Clone, Debug)]
pub(crate) struct Node(Listpack);

/// An entry, where it is kept.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Its id.
    pub id: StreamId,
    /// How many fields it has.
    pub len: usize,
    pub(super) is_deleted: bool,
    /// The id of its node.
    pub(super) master: StreamId,
    /// Where its flags are.
    pub(super) at: Pos,
    pack: &'a Listpack,
    /// The first of the master's names, if it has the same.
    shared_names: Option<Pos>,
    /// Its first own name, or else its first value.
    texts: Pos,
}

impl<'a> Entry<'a> {
    /// Its field names and values by turns.
    pub fn texts(&self) -> impl Iterator<Item = Text<'a>> + use<'a> {
        let (pack, mut left, mut own, mut shared) = (self.pack, self.len * 2, self.texts, self.shared_names);
        core::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            let source = if left % 2 == 1 { shared.as_mut().unwrap_or(&mut own) } else { &mut own };
            let text = pack.get(*source);
            *source = pack.next(*source).unwrap_or(*source);
            Some(text.into())
        })
    }
}

/// A node and what its master entry says.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    pack: &'a Listpack,
    master: StreamId,
    names: Pos,
    name_count: usize,
    /// The first entry.
    pub(super) first: Option<Pos>,
}

impl<'a> View<'a> {
    /// The entry whose flags are at `at`.
    pub(super) fn entry(&self, at: Pos) -> Entry<'a> {
        let pack = self.pack;
        let next = |at| pack.next(at).unwrap_or(at);
        let flags = int(pack, at);
        let (ms_at, seq_at) = (next(at), next(next(at)));
        let id = StreamId {
            ms: self.master.ms.wrapping_add(int(pack, ms_at).cast_unsigned()),
            seq: self.master.seq.wrapping_add(int(pack, seq_at).cast_unsigned()),
        };
        let after = next(seq_at);
        let (len, shared_names, texts) = match flags & SAME_FIELDS != 0 {
            true => (self.name_count, Some(self.names), after),
            false => (count(pack, after), None, next(after)),
        };
        let is_deleted = flags & DELETED != 0;
        Entry { id, len, is_deleted, master: self.master, at, pack, shared_names, texts }
    }

    /// Where the entry after this one is.
    pub(super) fn after(&self, entry: &Entry<'_>) -> Option<Pos> {
        let texts = if entry.shared_names.is_some() { entry.len } else { 2 * entry.len };
        // Behind the texts stands the number of elements.
        (0..=texts).try_fold(entry.texts, |at, _| self.pack.next(at))
    }

    /// Where the last entry is.
    pub(super) fn last(&self) -> Option<Pos> {
        self.entry_that_ends_at(self.pack.last()?)
    }

    /// Where the entry before the one at `at` is.
    pub(super) fn before(&self, at: Pos) -> Option<Pos> {
        self.entry_that_ends_at(self.pack.prev(at)?)
    }

    fn entry_that_ends_at(&self, end: Pos) -> Option<Pos> {
        match count(self.pack, end) {
            // The end of the master entry.
            0 => None,
            elements => (0..elements).try_fold(end, |at, _| self.pack.prev(at)),
        }
    }
}

impl Node {
    /// A node of one entry, whose names and values come by turns.
    pub(super) fn of<'a>(texts: impl Iterator<Item = &'a [u8]> + Clone, len: usize) -> Node {
        let names = texts.clone().step_by(2).map(Packed::Str);
        let values = texts.skip(1).step_by(2).map(Packed::Str);
        let mut pack = Listpack::new();
        let head = [1, 0, len as i64].into_iter().map(Packed::Int).chain(names).chain([Packed::Int(0)]);
        let entry = [SAME_FIELDS, 0, 0].into_iter().map(Packed::Int).chain(values);
        pack.push_back_all(head.chain(entry).chain([Packed::Int((FIXED_ELEMENTS + len) as i64)]));
        Node(pack)
    }

    /// Adds an entry, whose names and values come by turns.
    pub(super) fn push<'a>(
        &mut self,
        master: StreamId,
        id: StreamId,
        texts: impl Iterator<Item = &'a [u8]> + Clone,
        len: usize,
    ) {
        let ms = id.ms.wrapping_sub(master.ms).cast_signed();
        let seq = id.seq.wrapping_sub(master.seq).cast_signed();
        let values = texts.clone().skip(1).step_by(2).map(Packed::Str);
        if self.has_names(texts.clone().step_by(2), len) {
            let head = [SAME_FIELDS, ms, seq].into_iter().map(Packed::Int);
            self.0.push_back_all(head.chain(values).chain([Packed::Int((FIXED_ELEMENTS + len) as i64)]));
        } else {
            let head = [0, ms, seq, len as i64].into_iter().map(Packed::Int);
            let elements = (FIXED_ELEMENTS + 1 + 2 * len) as i64;
            self.0.push_back_all(head.chain(texts.map(Packed::Str)).chain([Packed::Int(elements)]));
        }
        self.add_to_counts(1, 0);
    }

    /// True if these are the master's names.
    fn has_names<'a>(&self, mut names: impl Iterator<Item = &'a [u8]>, len: usize) -> bool {
        let mut elements = self.0.iter().skip(2);
        elements.next().and_then(|count| count.to_i64()) == Some(len as i64)
            && names.all(|name| elements.next().is_some_and(|own| own.eq_bytes(name)))
    }

    /// True if an entry with `text_bytes` of names and values may join.
    pub(super) fn has_room(&self, text_bytes: usize, limits: &StreamLimits) -> bool {
        let bytes_max = match limits.node_bytes_max {
            0 => LISTPACK_BYTES_MAX,
            bytes_max => bytes_max.min(LISTPACK_BYTES_MAX),
        };
        let (live, deleted) = self.counts();
        let is_full = limits.node_entries_max > 0 && live + deleted >= limits.node_entries_max as u64;
        self.0.byte_len().saturating_add(text_bytes) < bytes_max && !is_full
    }

    /// How many entries are alive, and how many are marked as deleted.
    pub(super) fn counts(&self) -> (u64, u64) {
        let mut counts = self.0.iter().map(|element| element.to_i64().unwrap_or(0).cast_unsigned());
        (counts.next().unwrap_or(0), counts.next().unwrap_or(0))
    }

    /// Marks entries that are alive as deleted.
    pub(super) fn mark_deleted(&mut self, entries: &[Pos]) {
        for &at in entries {
            let flags = int(&self.0, at) | DELETED;
            set_int(&mut self.0, at, flags);
        }
        let gone = entries.len() as i64;
        self.add_to_counts(-gone, gone);
    }

    fn add_to_counts(&mut self, live: i64, deleted: i64) {
        let Some(live_at) = self.0.first() else { return };
        let live = int(&self.0, live_at) + live;
        set_int(&mut self.0, live_at, live);
        if let Some(deleted_at) = self.0.next(live_at)
            && deleted != 0
        {
            let deleted = int(&self.0, deleted_at) + deleted;
            set_int(&mut self.0, deleted_at, deleted);
        }
    }

    /// A look at its entries. `master` is the node's own id.
    pub(super) fn view(&self, master: StreamId) -> View<'_> {
        let pack = &self.0;
        let name_count_at = pack.seek(2).expect("a node begins with a master entry");
        let name_count = count(pack, name_count_at);
        let names = pack.next(name_count_at).expect("a master entry ends with a zero");
        let first = (0..=name_count).try_fold(names, |at, _| pack.next(at));
        View { pack, master, names, name_count, first }
    }

    /// The listpack, as RDB carries it.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Memory held, in bytes.
    pub(super) fn memory_bytes(&self) -> usize {
        allocated(self.0.byte_len())
    }

    /// Takes a listpack from outside after checking that it is a node.
    pub(super) fn from_listpack(pack: Listpack, master: StreamId) -> Result<Node, Corrupt> {
        check(&pack).ok_or(Corrupt::new(0, "a node of a stream that is none"))?;
        let node = Node(pack);
        let view = node.view(master);
        let (mut at, mut last, mut live, mut deleted) = (view.first, None, 0, 0);
        while let Some(pos) = at {
            let entry = view.entry(pos);
            at = view.after(&entry);
            if entry.is_deleted {
                // XSETID may have gone back behind it: what came then has smaller ids.
                deleted += 1;
                continue;
            }
            if last.is_some_and(|last| entry.id <= last) {
                return Err(Corrupt::new(0, "a node of a stream with entries out of order"));
            }
            last = Some(entry.id);
            live += 1;
        }
        if node.counts() != (live, deleted) {
            return Err(Corrupt::new(0, "a node of a stream that miscounts its entries"));
        }
        Ok(node)
    }
}

/// Walks through a listpack as if it were a node, to its end.
fn check(pack: &Listpack) -> Option<()> {
    let mut elements = pack.iter();
    let mut int = || elements.next()?.to_i64();
    let [live, deleted, names] = [int()?, int()?, int()?];
    if live < 0 || deleted < 0 || names < 0 {
        return None;
    }
    (0..names).try_for_each(|_| elements.next().map(|_| ()))?;
    if elements.next()?.to_i64() != Some(0) {
        return None;
    }
    while let Some(flags) = elements.next() {
        let is_same = flags.to_i64()? & SAME_FIELDS != 0;
        elements.next()?.to_i64()?;
        elements.next()?.to_i64()?;
        let own = if is_same { 0 } else { elements.next()?.to_i64().filter(|own| *own >= 0)? };
        let texts = if is_same { names } else { own.checked_mul(2)? };
        (0..texts).try_for_each(|_| elements.next().map(|_| ()))?;
        let elements_told = elements.next()?.to_i64()?;
        if elements_told != texts.checked_add(FIXED_ELEMENTS as i64 + i64::from(!is_same))? {
            return None;
        }
    }
    Some(())
}

/// An element that is an integer, in a node that was checked.
fn int(pack: &Listpack, at: Pos) -> i64 {
    pack.get(at).to_i64().unwrap_or(0)
}

fn count(pack: &Listpack, at: Pos) -> usize {
    usize::try_from(int(pack, at)).unwrap_or(0)
}

fn set_int(pack: &mut Listpack, at: Pos, value: i64) {
    pack.replace(at, itoa::Buffer::new().format(value).as_bytes());
}
