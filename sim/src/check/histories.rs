//! Do all nodes that claim a position hold the same data, and got there by the same bytes?
//!
//! The simulator keeps the tree of all histories: who began each, from where it branched off, and for every command
//! boundary the digest of the data and of the bytes since the boundary before. A position at or before a branch is its
//! parent's. Whatever boundary a node reports, of its own or of its master's history, is compared with the tree, or
//! added to it if the node is the one that writes this history. Nodes walk along a history, so each keeps a cursor and
//! the next boundary is found in constant time.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::LazyLock;

use afterimage_core::node::{Boundary, Role, STREAM_HASH_BASE, stream_hash};
use afterimage_core::replication::ReplicationId;

use super::holding::{Place, Station};
use super::{Breach, Property};

/// One life of one host.
pub(super) type Incarnation = (u16, u32);

#[derive(Clone, Copy, Debug, Hash)]
pub(super) struct Mark {
    offset: u64,
    pub(super) digest: u64,
    /// Hash of the stream from some earlier place to here; whoever arrives must have come by the same bytes.
    bytes: u64,
    /// Its reporter did not come here by bytes of the stream from a known place: what lies just before is unknown.
    is_fresh: bool,
}

impl Mark {
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }
}

#[derive(Clone, Debug, Hash)]
pub(super) struct History {
    pub(super) id: ReplicationId,
    pub(super) owner: Incarnation,
    /// Which history it continues, and up to which offset it is the same.
    pub(super) parent: Option<(usize, u64)>,
    /// Which history its owner was in before, and how far, if that got a name that has nothing to do with the one before.
    pub(super) goes_on_from: Option<(usize, u64)>,
    pub(super) marks: Vec<Mark>,
}

/// Where a node was seen last.
#[derive(Clone, Copy, Debug, Default, Hash)]
pub(super) struct Cursor {
    /// The history it named, not the one that the position resolved to.
    pub(super) named: usize,
    incarnation: u32,
    pub(super) offset: u64,
    /// Where the mark was found.
    history: usize,
    mark: usize,
    pub(super) valid: bool,
}

/// A boundary and who reported it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Observation<'a> {
    /// The host.
    pub(crate) host: u16,
    /// Its life.
    pub(crate) incarnation: u32,
    /// What it recorded.
    pub(crate) boundary: &'a Boundary,
    /// Its second id and the first offset at which that may differ.
    pub(crate) second: Option<(ReplicationId, u64)>,
    /// Links that have been dialled in the whole world so far.
    pub(crate) dials: u64,
}

/// A history's place in the tree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Branch {
    /// Who began it: the host, and which of its lives.
    pub(crate) owner: Incarnation,
    /// Which it goes on from, and up to which offset the two are one.
    pub(crate) parent: Option<(ReplicationId, u64)>,
}

/// What a node has recorded since it was ready. Until it has loaded what its disk holds nobody is served, so what it was `before` counts for nothing.
pub(crate) fn since_ready(before: &mut Vec<Boundary>, mut recorded: Vec<Boundary>, is_ready: bool) -> Vec<Boundary> {
    if !is_ready {
        before.append(&mut recorded);
        return Vec::new();
    }
    if before.is_empty() {
        return recorded;
    }
    let mut since = std::mem::take(before);
    since.append(&mut recorded);
    let loaded = since.iter().rposition(|boundary| boundary.stream == 0).unwrap_or(0);
    since.split_off(loaded)
}

/// The tree of histories.
#[derive(Clone, Debug)]
pub(crate) struct Histories {
    pub(super) all: Vec<History>,
    by_id: BTreeMap<Name, usize>,
    pub(super) cursors: Vec<Cursor>,
    /// Where each host stood before it stood where it does now.
    pub(super) stations: Vec<Vec<Station>>,
    /// Boundaries compared with one that another node had recorded.
    pub(crate) compared: u64,
}

/// What is counted is not what is known.
impl Hash for Histories {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let Histories { all, by_id: _, cursors, stations, compared: _ } = self;
        (all, cursors, stations).hash(hasher);
    }
}

impl Histories {
    /// An empty tree for so many hosts.
    pub(crate) fn new(hosts: usize) -> Histories {
        Histories {
            all: Vec::new(),
            by_id: BTreeMap::new(),
            cursors: vec![Cursor::default(); hosts],
            stations: vec![Vec::new(); hosts],
            compared: 0,
        }
    }

    /// True if a history of this name was seen.
    pub(crate) fn knows(&self, id: &ReplicationId) -> bool {
        self.find(id).is_some()
    }

    /// The history of this name, if it was seen.
    pub(super) fn find(&self, id: &ReplicationId) -> Option<usize> {
        self.by_id.get(&name(*id)).copied()
    }

    /// Where a history of this name is in the tree, if it was seen.
    pub(crate) fn branch(&self, id: &ReplicationId) -> Option<Branch> {
        let history = &self.all[self.find(id)?];
        let parent = history.parent.map(|(parent, fork)| (self.all[parent].id, fork));
        Some(Branch { owner: history.owner, parent })
    }

    /// Takes in a boundary.
    ///
    /// # Errors
    ///
    /// Tells which property it breaks.
    pub(crate) fn observe(&mut self, seen: Observation<'_>) -> Result<(), Breach> {
        let offset = seen.boundary.position.offset;
        let named = self.find_or_begin(seen);
        let owner = self.all[named].owner;
        let is_master = seen.boundary.role == Role::Master;
        if is_master && owner != (seen.host, seen.incarnation) {
            return Err(Breach::new(
                Property::FreshId,
                format!(
                    "it is a master and stands in history {:?}, which host {} began in its life {}",
                    self.all[named].id, owner.0, owner.1
                ),
            ));
        }
        let cursor = self.cursors[usize::from(seen.host)];
        let same_life = cursor.valid && cursor.incarnation == seen.incarnation && cursor.named == named;
        if same_life && offset < cursor.offset && (seen.boundary.stream != 0 || is_master) {
            return Err(Breach::new(
                Property::OffsetForward,
                format!("its offset went back from {} to {offset} in history {:?}", cursor.offset, self.all[named].id),
            ));
        }
        let bytes = self.bytes_so_far(cursor, seen);
        let (history, mark) = self.place(named, bytes, cursor, seen)?;
        if cursor.valid && !(same_life && offset >= cursor.offset) {
            let before = Place { history: cursor.named, offset: cursor.offset };
            if !self.covers(Place { history: named, offset }, before) {
                self.leave(seen.host, seen.dials);
            }
        }
        self.cursors[usize::from(seen.host)] =
            Cursor { named, incarnation: seen.incarnation, offset, history, mark, valid: true };
        Ok(())
    }

    /// A node names a history that may be new: then it has begun it.
    pub(crate) fn begin(&mut self, id: ReplicationId, owner: Incarnation) -> usize {
        if let Some(known) = self.find(&id) {
            return known;
        }
        self.all.push(History { id, owner, parent: None, goes_on_from: None, marks: Vec::new() });
        self.by_id.insert(name(id), self.all.len() - 1);
        self.all.len() - 1
    }

    /// The index of the history that the boundary names; begun by its reporter if it was never seen.
    fn find_or_begin(&mut self, seen: Observation<'_>) -> usize {
        let id = seen.boundary.position.history;
        let cursor = self.cursors[usize::from(seen.host)];
        if cursor.valid && self.all[cursor.named].id == id {
            return cursor.named;
        }
        let named = self.begin(id, (seen.host, seen.incarnation));
        let history = &self.all[named];
        // One without a mark of its own may be named again by its writer, as somebody's replica, who does not know any more where it came from.
        let is_placed = !history.marks.is_empty() || history.parent.is_some();
        if is_placed || history.owner != (seen.host, seen.incarnation) {
            return named;
        }
        // Its writer's first boundary: the second id tells which history it goes on from.
        self.all[named].parent = seen.second.and_then(|(parent, first_other)| {
            let parent = self.find(&parent)?;
            // A branch is younger than its stem, so walking to the root ends.
            (parent < named).then_some((parent, first_other.saturating_sub(1)))
        });
        named
    }

    /// The history in which a position really lies: a branch begins after its fork.
    pub(super) fn resolve(&self, mut history: usize, offset: u64) -> usize {
        while let Some((parent, fork)) = self.all[history].parent
            && offset <= fork
        {
            history = parent;
        }
        history
    }

    /// The hash of the stream up to the boundary, if the node came here by bytes of it from a place that is known.
    fn bytes_so_far(&self, cursor: Cursor, seen: Observation<'_>) -> Option<u64> {
        let len = seen.boundary.position.offset.checked_sub(cursor.offset)?;
        let continues = cursor.valid && cursor.incarnation == seen.incarnation && seen.boundary.stream != 0;
        let before = if continues {
            self.mark_under(cursor)?
        } else {
            return None;
        };
        Some(join(before.bytes, seen.boundary.stream, len))
    }

    /// The mark on which a cursor stands. Another node may have put one before it meanwhile.
    pub(super) fn mark_under(&self, cursor: Cursor) -> Option<Mark> {
        let marks = &self.all[cursor.history].marks;
        let there = marks.get(cursor.mark).filter(|mark| mark.offset == cursor.offset);
        there.copied().or_else(|| {
            let found = marks.binary_search_by_key(&cursor.offset, |mark| mark.offset).ok()?;
            marks.get(found).copied()
        })
    }

    /// Compares the boundary with what is known, or adds it. Returns where it is.
    fn place(
        &mut self,
        named: usize,
        bytes: Option<u64>,
        cursor: Cursor,
        seen: Observation<'_>,
    ) -> Result<(usize, usize), Breach> {
        let offset = seen.boundary.position.offset;
        let at = self.resolve(named, offset);
        let history = &mut self.all[at];
        let mark = Mark { offset, digest: seen.boundary.digest, bytes: bytes.unwrap_or(0), is_fresh: bytes.is_none() };
        let next = cursor.mark + 1;
        if cursor.valid && cursor.history == at && history.marks.get(next).is_some_and(|mark| mark.offset == offset) {
            self.compared += 1;
            return compare(history, next, mark, bytes).map(|()| (at, next));
        }
        let Some(tip) = history.marks.last().map(|mark| mark.offset) else {
            history.marks.push(mark);
            return Ok((at, 0));
        };
        if offset > tip {
            let owner = history.owner;
            if owner != (seen.host, seen.incarnation) {
                return Err(Breach::new(
                    Property::OneWriter,
                    format!(
                        "it stands at offset {offset} of history {:?}, whose writer (host {}, life {}) has reached only {tip}",
                        history.id, owner.0, owner.1
                    ),
                ));
            }
            history.marks.push(mark);
            return Ok((at, history.marks.len() - 1));
        }
        match history.marks.binary_search_by_key(&offset, |mark| mark.offset) {
            Ok(found) => {
                self.compared += 1;
                compare(history, found, mark, bytes).map(|()| (at, found))
            }
            Err(0) => {
                // Before the oldest known mark: a history read from a disk, say. Nothing to compare with.
                history.marks.insert(0, mark);
                Ok((at, 0))
            }
            // A master counts the SELECT that it puts before a command as a part of it; replicas carry it out by itself.
            Err(after) if history.marks[after - 1].digest == mark.digest && SELECTS.contains(&seen.boundary.stream) => {
                history.marks.insert(after, mark);
                Ok((at, after))
            }
            // A master that loads a file feeds the removal of what has expired meanwhile: it never stood between these.
            Err(after) if history.marks[after].is_fresh => {
                history.marks.insert(after, mark);
                Ok((at, after))
            }
            Err(after) => Err(Breach::new(
                Property::WholeCommands,
                format!(
                    "it stands at offset {offset} of history {:?}, between the command boundaries {} and {}",
                    history.id,
                    history.marks[after - 1].offset,
                    history.marks[after].offset
                ),
            )),
        }
    }
}

/// Joins the hashes of two neighbouring runs of bytes, of which the second is so long: see
/// [`stream_hash`](afterimage_core::node::stream_hash).
fn join(first: u64, second: u64, second_len: u64) -> u64 {
    let (mut power, mut base, mut left) = (1_u64, STREAM_HASH_BASE, second_len);
    while left > 0 {
        if left & 1 == 1 {
            power = power.wrapping_mul(base);
        }
        base = base.wrapping_mul(base);
        left >>= 1;
    }
    first.wrapping_mul(power).wrapping_add(second)
}

/// A history's id behind its first eight digits, which nearly always tell it from others, and compare as one number.
type Name = (u64, ReplicationId);

fn name(id: ReplicationId) -> Name {
    let (first, _) = id.as_bytes().split_first_chunk().expect("an id has forty digits");
    (u64::from_be_bytes(*first), id)
}

/// The streams that are nothing but a SELECT, by the database.
static SELECTS: LazyLock<[u64; 16]> = LazyLock::new(|| {
    std::array::from_fn(|database| {
        let digits = database.to_string();
        stream_hash(0, format!("*2\r\n$6\r\nSELECT\r\n${}\r\n{digits}\r\n", digits.len()).as_bytes())
    })
});

fn compare(history: &History, at: usize, seen: Mark, bytes: Option<u64>) -> Result<(), Breach> {
    let known = history.marks[at];
    let (id, offset, owner) = (history.id, known.offset, history.owner.0);
    if !known.is_fresh && bytes.is_some_and(|bytes| bytes != known.bytes) {
        return Err(Breach::new(
            Property::SameStream,
            format!(
                "the bytes of history {id:?} up to {offset} hash to {:#018x} here and to {:#018x} where they were first seen \
                 (its writer is host {owner})",
                seen.bytes, known.bytes
            ),
        ));
    }
    if known.digest != seen.digest {
        return Err(Breach::new(
            Property::SameData,
            format!(
                "at offset {offset} of history {id:?} its data has the digest {:#018x}, and {:#018x} where that position was \
                 first seen (its writer is host {owner})",
                seen.digest, known.digest
            ),
        ));
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use afterimage_core::replication::Position;

    pub(in super::super) const OLD: u8 = b'a';
    pub(in super::super) const NEW: u8 = b'b';

    pub(in super::super) struct Tree(pub(in super::super) Histories);

    impl Tree {
        pub(in super::super) fn new() -> Tree {
            Tree(Histories::new(4))
        }

        /// Property broken by host `host` reporting `digest` at `offset`, if any.
        pub(in super::super) fn see(&mut self, host: u16, history: u8, offset: u64, digest: u64) -> Option<Property> {
            self.see_as(host, history, offset, digest, None)
        }

        pub(in super::super) fn see_as(
            &mut self,
            host: u16,
            history: u8,
            offset: u64,
            digest: u64,
            second: Option<(u8, u64)>,
        ) -> Option<Property> {
            let id = |letter| ReplicationId::new([letter; 40]);
            let second = second.map(|(letter, offset)| (id(letter), offset));
            let is_fork = second.is_some_and(|(_, first_other)| first_other == offset + 1);
            let stream = u64::from(!is_fork);
            let role = if second.is_some() { Role::Master } else { Role::Replica };
            let boundary = Boundary { position: Position { history: id(history), offset }, digest, stream, role };
            let seen = Observation { host, incarnation: 1, boundary: &boundary, second, dials: 0 };
            self.0.observe(seen).err().map(|breach| breach.property)
        }
    }

    #[test]
    fn other_data_at_a_known_position_is_found() {
        let mut tree = Tree::new();
        assert_eq!(tree.see(0, OLD, 10, 7), None);
        assert_eq!(tree.see(0, OLD, 20, 8), None);
        assert_eq!(tree.see(1, OLD, 10, 7), None);
        assert_eq!(tree.see(1, OLD, 20, 9), Some(Property::SameData));
    }

    #[test]
    fn half_a_command_and_an_invented_one_are_found() {
        let mut tree = Tree::new();
        tree.see(0, OLD, 10, 7);
        tree.see(0, OLD, 20, 8);
        assert_eq!(tree.see(1, OLD, 15, 7), Some(Property::WholeCommands));
        assert_eq!(tree.see(1, OLD, 30, 7), Some(Property::OneWriter));
    }

    #[test]
    fn a_branch_shares_what_lies_before_its_fork_and_nothing_after() {
        let mut tree = Tree::new();
        for (offset, digest) in [(10, 7), (20, 8), (30, 9)] {
            assert_eq!(tree.see(0, OLD, offset, digest), None);
        }
        tree.see(1, OLD, 10, 7);
        tree.see(1, OLD, 20, 8);
        assert_eq!(tree.see_as(1, NEW, 20, 8, Some((OLD, 21))), None);
        assert_eq!(tree.see_as(1, NEW, 30, 5, Some((OLD, 21))), None);
        assert_eq!(tree.see(2, NEW, 10, 7), None);
        assert_eq!(tree.see(2, NEW, 20, 8), None);
        assert_eq!(tree.see(2, NEW, 30, 9), Some(Property::SameData));
    }

    #[test]
    fn a_branch_without_a_mark_of_its_own_stays_one_when_its_writer_comes_back_as_a_replica() {
        let mut tree = Tree::new();
        tree.see(0, OLD, 20, 8);
        tree.see(1, OLD, 20, 8);
        assert_eq!(tree.see_as(1, NEW, 20, 8, Some((OLD, 21))), None);
        let parent = |tree: &Tree| tree.0.branch(&ReplicationId::new([NEW; 40])).and_then(|branch| branch.parent);
        let stem = parent(&tree);
        assert!(stem.is_some());
        tree.see(1, b'c', 0, 0);
        tree.see(1, NEW, 20, 8);
        assert_eq!(parent(&tree), stem);
    }

    #[test]
    fn a_master_that_goes_on_in_anothers_history_is_found() {
        let mut tree = Tree::new();
        tree.see(0, OLD, 10, 7);
        tree.see(1, OLD, 10, 7);
        assert_eq!(tree.see_as(1, OLD, 10, 7, Some((NEW, 1))), Some(Property::FreshId));
    }

    #[test]
    fn an_offset_that_goes_back_by_stream_bytes_is_found() {
        let mut tree = Tree::new();
        tree.see(0, OLD, 10, 7);
        tree.see(0, OLD, 20, 8);
        assert_eq!(tree.see(0, OLD, 10, 7), Some(Property::OffsetForward));
    }
}
