//! What is the longest subsequence that two strings have in common?
//!
//! The usual table of common lengths, of which only one row is kept, with one bit for each cell to find the way back: a
//! thirty-second part of what Redis needs. The same limit holds nevertheless, since it bounds the time as well.

use alloc::vec::Vec;
use core::ops::Range;

use crate::command::CommandError;
use crate::command::reply_error::{LCS_EXCEEDS_LIMIT, LCS_OUT_OF_MEMORY, LCS_STRING_TOO_LONG};

/// Bytes of one cell of Redis's table.
const CELL_BYTES: u64 = 4;

/// A run of bytes that lies in both strings and in the common subsequence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Match {
    start_a: usize,
    start_b: usize,
    /// Its length in bytes.
    pub(super) len: usize,
}

impl Match {
    /// Where it lies in the first string.
    pub(super) fn in_a(&self) -> Range<usize> {
        self.start_a..self.start_a + self.len
    }

    /// Where it lies in the second string.
    pub(super) fn in_b(&self) -> Range<usize> {
        self.start_b..self.start_b + self.len
    }
}

/// The runs that make up the longest common subsequence, the last one first.
///
/// Among several of the same length the choice is Redis's. An error if Redis's table would need more than `bytes_max` bytes.
pub(super) fn common_subsequence(a: &[u8], b: &[u8], bytes_max: u64) -> Result<Vec<Match>, CommandError> {
    check_size(a.len(), b.len(), bytes_max)?;
    let path = Path::find(a, b).ok_or(LCS_OUT_OF_MEMORY)?;
    let mut matches = Vec::new();
    let mut run = Match::default();
    let (mut left_a, mut left_b) = (a.len(), b.len());
    while left_a > 0 && left_b > 0 {
        if a[left_a - 1] == b[left_b - 1] {
            (left_a, left_b) = (left_a - 1, left_b - 1);
            run = Match { start_a: left_a, start_b: left_b, len: run.len + 1 };
            continue;
        }
        if run.len > 0 {
            matches.push(core::mem::take(&mut run));
        }
        match path.is_shorter_a_better(left_a - 1, left_b - 1) {
            true => left_a -= 1,
            false => left_b -= 1,
        }
    }
    if run.len > 0 {
        matches.push(run);
    }
    Ok(matches)
}

fn check_size(len_a: usize, len_b: usize, bytes_max: u64) -> Result<(), CommandError> {
    let (len_a, len_b) = (len_a as u64, len_b as u64);
    if len_a.max(len_b) >= u64::from(u32::MAX) - 1 {
        return Err(LCS_STRING_TOO_LONG);
    }
    let bytes = (len_a + 1).checked_mul(len_b + 1).and_then(|cells| cells.checked_mul(CELL_BYTES));
    match bytes {
        None => Err(LCS_OUT_OF_MEMORY),
        Some(bytes) if bytes > bytes_max => Err(LCS_EXCEEDS_LIMIT),
        Some(_) => Ok(()),
    }
}

/// For each pair of bytes that differ, which string to shorten on the way back: one bit.
struct Path {
    width: usize,
    bits: Vec<u8>,
}

impl Path {
    /// Nothing if memory is short.
    fn find(a: &[u8], b: &[u8]) -> Option<Path> {
        let mut path = Path { width: b.len(), bits: zeros(a.len().checked_mul(b.len())?.div_ceil(8))? };
        // Of the strings' beginnings: how long a subsequence all of `a` so far has in common with so much of `b`.
        let mut row: Vec<u32> = zeros(b.len())?;
        for (at_a, byte_a) in a.iter().enumerate() {
            let (mut above_left, mut left) = (0, 0);
            for (at_b, (byte_b, cell)) in b.iter().zip(row.iter_mut()).enumerate() {
                let above = *cell;
                *cell = if byte_a == byte_b {
                    above_left + 1
                } else if above > left {
                    let bit = at_a * path.width + at_b;
                    path.bits[bit / 8] |= 1 << (bit % 8);
                    above
                } else {
                    left
                };
                (above_left, left) = (above, *cell);
            }
        }
        Some(path)
    }

    fn is_shorter_a_better(&self, at_a: usize, at_b: usize) -> bool {
        let bit = at_a * self.width + at_b;
        self.bits[bit / 8] & (1 << (bit % 8)) != 0
    }
}

fn zeros<T: Clone + Default>(len: usize) -> Option<Vec<T>> {
    let mut zeros = Vec::new();
    zeros.try_reserve_exact(len).ok()?;
    zeros.resize(len, T::default());
    Some(zeros)
}
