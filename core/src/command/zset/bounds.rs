//! Sorted sets: which members lie between two bounds, of scores or of names.

use core::ops::Range;

use crate::codec::double;
use crate::command::CommandError;
use crate::command::reply_error::{NOT_A_LEX_BOUND, NOT_A_SCORE_BOUND};
use crate::value::{Text, Zset};

/// A bound of scores.
#[derive(Clone, Copy, Debug)]
struct ScoreBound {
    score: f64,
    is_exclusive: bool,
}

impl ScoreBound {
    fn parse(arg: &[u8]) -> Result<ScoreBound, CommandError> {
        let (digits, is_exclusive) = match arg.strip_prefix(b"(") {
            Some(digits) => (digits, true),
            None => (arg, false),
        };
        // No digits are zero, as C's strtod has it.
        let score = if digits.is_empty() { Some(0.0) } else { double::parse(digits) };
        let score = score.filter(|score| !score.is_nan()).ok_or(NOT_A_SCORE_BOUND)?;
        Ok(ScoreBound { score, is_exclusive })
    }
}

/// A bound of names.
#[derive(Clone, Copy, Debug)]
enum LexBound<'a> {
    Least,
    Greatest,
    Inclusive(&'a [u8]),
    Exclusive(&'a [u8]),
}

impl<'a> LexBound<'a> {
    fn parse(arg: &'a [u8]) -> Result<LexBound<'a>, CommandError> {
        match arg {
            b"-" => Ok(LexBound::Least),
            b"+" => Ok(LexBound::Greatest),
            [b'[', name @ ..] => Ok(LexBound::Inclusive(name)),
            [b'(', name @ ..] => Ok(LexBound::Exclusive(name)),
            _ => Err(NOT_A_LEX_BOUND),
        }
    }

    /// True if a name lies below, this being the lower bound.
    fn is_above(&self, name: Text<'_>) -> bool {
        match self {
            LexBound::Least => false,
            LexBound::Greatest => true,
            LexBound::Inclusive(bound) => name.with_bytes(|name| name < *bound),
            LexBound::Exclusive(bound) => name.with_bytes(|name| name <= *bound),
        }
    }

    /// True if a name lies within, this being the upper bound.
    fn admits(&self, name: Text<'_>) -> bool {
        match self {
            LexBound::Least => false,
            LexBound::Greatest => true,
            LexBound::Inclusive(bound) => name.with_bytes(|name| name <= *bound),
            LexBound::Exclusive(bound) => name.with_bytes(|name| name < *bound),
        }
    }
}

/// Two bounds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bounds<'a> {
    /// Ranks, negative from the end, both included.
    Ranks(i64, i64),
    /// Scores.
    Scores(ScoreBounds),
    /// Names.
    Names(LexBounds<'a>),
}

/// Bounds of scores.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScoreBounds(ScoreBound, ScoreBound);

/// Bounds of names.
#[derive(Clone, Copy, Debug)]
pub(super) struct LexBounds<'a>(LexBound<'a>, LexBound<'a>);

impl<'a> Bounds<'a> {
    pub(super) fn scores(min: &[u8], max: &[u8]) -> Result<Bounds<'a>, CommandError> {
        Ok(Bounds::Scores(ScoreBounds(ScoreBound::parse(min)?, ScoreBound::parse(max)?)))
    }

    pub(super) fn names(min: &'a [u8], max: &'a [u8]) -> Result<Bounds<'a>, CommandError> {
        Ok(Bounds::Names(LexBounds(LexBound::parse(min)?, LexBound::parse(max)?)))
    }

    /// The ranks of the members between them.
    pub(super) fn ranks(&self, zset: &Zset) -> Range<usize> {
        match self {
            Bounds::Ranks(start, stop) => {
                let len = i64::try_from(zset.len()).unwrap_or(i64::MAX);
                let from_end = |rank: i64| if rank < 0 { rank.saturating_add(len) } else { rank };
                let (start, stop) = (from_end(*start).max(0), from_end(*stop).min(len - 1));
                if start > stop { 0..0 } else { start as usize..stop as usize + 1 }
            }
            Bounds::Scores(ScoreBounds(min, max)) => {
                let is_below = |score: f64| score < min.score || (min.is_exclusive && score == min.score);
                let is_within = |score: f64| score < max.score || (!max.is_exclusive && score == max.score);
                span(zset, |_, score| is_below(score), |_, score| is_within(score))
            }
            Bounds::Names(LexBounds(min, max)) => span(zset, |name, _| min.is_above(name), |name, _| max.admits(name)),
        }
    }
}

/// The ranks behind all members that are below, as far as they are within.
fn span(
    zset: &Zset,
    is_below: impl FnMut(Text<'_>, f64) -> bool,
    mut is_within: impl FnMut(Text<'_>, f64) -> bool,
) -> Range<usize> {
    let start = zset.partition_point(is_below);
    let end = match zset {
        Zset::Packed(_) => start + zset.iter_up(start).take_while(|(name, score)| is_within(*name, *score)).count(),
        Zset::Large(_) => zset.partition_point(is_within),
    };
    start..end.max(start)
}
