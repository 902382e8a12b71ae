//! What does a SORT ask for?

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use crate::command::CommandError;
use crate::command::exec::{int_arg, is_word};
use crate::command::reply_error::SYNTAX;
use crate::resp::Args;

use super::pattern::Pattern;

/// Whether STORE is understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MayStore {
    Yes,
    No,
}

/// A SORT, understood.
#[derive(Debug)]
pub(super) struct Query<'a> {
    /// What decides, if not the elements themselves.
    pub(super) by: Option<Pattern<'a>>,
    /// What is made of each element: at least one thing.
    pub(super) gets: Vec<Pattern<'a>>,
    /// The key of the list that is kept.
    pub(super) destination: Option<&'a [u8]>,
    pub(super) is_descending: bool,
    /// Texts are compared rather than numbers.
    pub(super) is_alphabetic: bool,
    /// The elements stay as they come.
    pub(super) is_unsorted: bool,
    /// Elements that are left out first, and how many follow; negative for all.
    limit: (i64, i64),
}

impl<'a> Query<'a> {
    pub(super) fn parse(args: Args<'a>, may_store: MayStore) -> Result<Query<'a>, CommandError> {
        let mut query = Query {
            by: None,
            gets: Vec::new(),
            destination: None,
            is_descending: false,
            is_alphabetic: false,
            is_unsorted: false,
            limit: (0, -1),
        };
        let mut options = args.iter_from(2);
        while let Some(option) = options.next() {
            let behind = options.len();
            let mut word = || options.next().unwrap_or_default();
            if is_word(option, "ASC") {
                query.is_descending = false;
            } else if is_word(option, "DESC") {
                query.is_descending = true;
            } else if is_word(option, "ALPHA") {
                query.is_alphabetic = true;
            } else if is_word(option, "LIMIT") && behind >= 2 {
                query.limit = (int_arg(word())?, int_arg(word())?);
            } else if is_word(option, "STORE") && behind >= 1 && may_store == MayStore::Yes {
                query.destination = Some(word());
            } else if is_word(option, "BY") && behind >= 1 {
                query.set_by(word());
            } else if is_word(option, "GET") && behind >= 1 {
                query.gets.push(Pattern::parse(word()));
            } else {
                return Err(SYNTAX);
            }
        }
        if query.gets.is_empty() {
            query.gets = vec![Pattern::Element];
        }
        Ok(query)
    }

    /// A word without a place for the element says once and for all that nothing is sorted.
    fn set_by(&mut self, word: &'a [u8]) {
        match Pattern::parse(word) {
            Pattern::Element | Pattern::Nothing => self.is_unsorted = true,
            pattern @ Pattern::Key { .. } => self.by = Some(pattern),
        }
    }

    /// Sorts by the elements' own texts after all.
    pub(super) fn sort_by_name(&mut self) {
        (self.by, self.is_alphabetic, self.is_unsorted) = (None, true, false);
    }

    /// Which of `len` elements, once in order, are asked for.
    pub(super) fn window(&self, len: usize) -> Range<usize> {
        let start = usize::try_from(self.limit.0).unwrap_or(0).min(len);
        let count = usize::try_from(self.limit.1).unwrap_or(usize::MAX).min(len - start);
        start..start + count
    }
}
