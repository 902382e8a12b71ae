//! What does a loss of power leave of a disk, and what time?
//!
//! Each file is cut somewhere in what was not synced, or a block of that is as if it had never been written, and some of the last changes of names are undone. What was synced may rot.

use std::collections::VecDeque;

use afterimage_core::port::{DiskOutcome, FileName};

use super::{BodyId, Disk, directory_of};

/// What a device writes at once, in bytes.
const BLOCK_BYTES: usize = 512;

/// Places at which a block that was not written may begin, in bytes from one to the next: some in each line of an append-only file.
const HOLE_STEP: usize = 32;

/// What a loss of power leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Loss {
    /// So many of the last changes of names are kept.
    names_kept: usize,
    /// Of bodies that had something to lose.
    fates: Vec<(BodyId, Fate)>,
}

/// What is left of what was not synced of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// The first bytes.
    Cut(usize),
    /// All but a block, which begins here, counted from the synced length, and was not written.
    Hole(usize),
}

impl Disk {
    /// Power was lost: what was not synced may be gone. Returns how many bytes went.
    pub(crate) fn lose_power(&mut self) -> u64 {
        let names_kept = self.random.below(self.changes.len() as u64 + 1) as usize;
        let mut fates = Vec::new();
        for (id, unsynced) in self.unsynced() {
            let kept = self.random.below(unsynced as u64 + 1) as usize;
            let is_hole = self.random.chance(1, 4);
            fates.push((id, if is_hole { Fate::Hole(kept / BLOCK_BYTES * BLOCK_BYTES) } else { Fate::Cut(kept) }));
        }
        self.lose(&Loss { names_kept, fates })
    }

    /// Bodies with something to lose, and how many bytes that are.
    fn unsynced(&self) -> Vec<(BodyId, usize)> {
        let unsynced = self.bodies.iter().map(|(id, body)| (*id, body.bytes.len() - body.synced));
        unsynced.filter(|(_, unsynced)| *unsynced > 0).collect()
    }

    /// Everything that a loss of power could leave now, as far as it can make a difference: what [`coarse_losses`](Disk::coarse_losses) tells; and with all
    /// changes of names, each file cut at every byte and with a block unwritten that begins here or there.
    pub(crate) fn losses(&self) -> Vec<Loss> {
        let mut losses = self.coarse_losses();
        let unsynced = self.unsynced();
        for (index, (_, bytes)) in unsynced.iter().enumerate() {
            let cuts = (0..*bytes).map(Fate::Cut);
            for fate in cuts.chain((0..*bytes).step_by(HOLE_STEP).map(Fate::Hole)) {
                let mut fates = all_by(&unsynced, Fate::Cut);
                fates[index].1 = fate;
                losses.push(Loss { names_kept: self.changes.len(), fates });
            }
        }
        losses
    }

    /// Each number of changes of names, with files whole, halved and empty.
    pub(crate) fn coarse_losses(&self) -> Vec<Loss> {
        const FATES: [fn(usize) -> Fate; 3] = [Fate::Cut, |unsynced| Fate::Cut(unsynced / 2), |_| Fate::Cut(0)];
        let unsynced = self.unsynced();
        let numbers = 0..=self.changes.len();
        let each = |names_kept| FATES.map(|fate| Loss { names_kept, fates: all_by(&unsynced, fate) });
        numbers.flat_map(each).collect()
    }

    /// Loses all that may be lost.
    pub(crate) fn lose_all_unsynced(&mut self) {
        let fates = self.unsynced().into_iter().map(|(id, _)| (id, Fate::Cut(0))).collect();
        self.lose(&Loss { names_kept: 0, fates });
    }

    /// Loses what is to be lost. Returns how many bytes went.
    pub(crate) fn lose(&mut self, loss: &Loss) -> u64 {
        self.lanes.iter_mut().for_each(VecDeque::clear);
        self.changes.truncate(loss.names_kept);
        for change in std::mem::take(&mut self.changes) {
            self.make_last(change);
        }
        self.directories = self.lasting_directories.clone();
        let Disk { lasting, directories, .. } = self;
        lasting.retain(|name, _| directory_of(name).is_empty() || directories.contains(directory_of(name)));
        self.names = self.lasting.clone();
        let mut lost = 0;
        for (id, fate) in &loss.fates {
            let Some(body) = self.bodies.get_mut(id) else { continue };
            let before = body.bytes.len();
            match fate {
                Fate::Cut(kept) => body.bytes.truncate(body.synced + kept),
                Fate::Hole(start) => {
                    let start = (body.synced + start).min(before);
                    let end = (start + BLOCK_BYTES).min(before);
                    body.bytes[start..end].fill(0);
                    lost += (end - start) as u64;
                }
            }
            lost += (before - body.bytes.len()) as u64;
        }
        for body in self.bodies.values_mut() {
            for range in std::mem::take(&mut body.unwritten) {
                let end = range.end.min(body.bytes.len());
                body.bytes[range.start.min(end)..end].fill(0);
            }
            body.synced = body.bytes.len();
        }
        self.forget_unnamed();
        lost
    }

    /// A bit of a file has rotted.
    pub(crate) fn flip(&mut self, file: &str, at: usize, bit: u8) {
        self.with_body(file, |body| {
            body.bytes[at] ^= 1 << (bit & 7);
            DiskOutcome::Done
        });
    }

    /// A bit of an append-only file has rotted. False if there is none.
    pub(crate) fn rot(&mut self, at: u64) -> bool {
        let files = self.names.iter().filter(|(name, body)| {
            !directory_of(name).is_empty() && self.bodies.get(body).is_some_and(|body| !body.bytes.is_empty())
        });
        let files: Vec<FileName> = files.map(|(name, _)| name.clone()).collect();
        let Some(file) = files.get((at % files.len().max(1) as u64) as usize) else { return false };
        let len = self.names.get(file).and_then(|body| self.bodies.get(body)).map_or(0, |body| body.bytes.len());
        self.flip(file, (at >> 16) as usize % len.max(1), (at >> 8) as u8);
        true
    }
}

/// One fate for all bodies that have something to lose.
fn all_by(unsynced: &[(BodyId, usize)], fate: impl Fn(usize) -> Fate) -> Vec<(BodyId, Fate)> {
    unsynced.iter().map(|(id, unsynced)| (*id, fate(*unsynced))).collect()
}
