//! Where do the keys of a request stand, and what is done with them?
//!
//! A row says it in one word ([`Keys`]) and one text (what is done with them); the specifications that COMMAND INFO tells, and the keys of a request,
//! both follow from these.

use alloc::vec::Vec;

use crate::codec::number::parse_i64;
use crate::resp::Args;

use super::exec::is_word;
use super::row::Command;

/// Where the keys of a request stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// It has none.
    None,
    /// At `first`, and on in steps of `step` up to `last`; a negative `last` counts from the end (-1 is the last).
    Range {
        /// Index of the first key.
        first: i32,
        /// Index of the last key.
        last: i32,
        /// Distance between keys.
        step: i32,
    },
    /// Their number stands at `at`, and they follow it (LMPOP, SINTERCARD).
    Numbered {
        /// Index of their number.
        at: usize,
    },
    /// Their number stands right after the name, and they follow it, each with its value (MSETEX).
    NumberedPairs,
    /// The destination right after the name, then as in `Numbered` (ZUNIONSTORE).
    DestinationAndNumbered,
    /// The first half of what follows the word STREAMS, which stands at `from` or behind it (XREAD).
    Streams {
        /// Where the word is looked for first.
        from: usize,
    },
    /// Right after the name, and after the first STORE and the first STOREDIST from `at` on (GEORADIUS).
    FirstAndStores {
        /// Index of the first option.
        at: usize,
    },
    /// Right after the name; those that patterns name, which cannot be told; and after the last STORE (SORT).
    FirstPatternsAndStore,
    /// Right after the name; and those that patterns name, which cannot be told (SORT_RO).
    FirstAndPatterns,
}

impl Keys {
    /// One key, right after the name.
    pub const ONE: Keys = Keys::Range { first: 1, last: 1, step: 1 };
    /// Two keys, right after the name.
    pub const TWO: Keys = Keys::Range { first: 1, last: 2, step: 1 };
    /// All arguments are keys.
    pub const ALL: Keys = Keys::Range { first: 1, last: -1, step: 1 };
    /// All arguments but the last are keys (BLPOP).
    pub const ALL_BUT_LAST: Keys = Keys::Range { first: 1, last: -2, step: 1 };
    /// All arguments but the first are keys (BITOP).
    pub const FROM_SECOND: Keys = Keys::Range { first: 2, last: -1, step: 1 };
    /// Keys and values by turns.
    pub const PAIRS: Keys = Keys::Range { first: 1, last: -1, step: 2 };
    /// One key, after a subcommand.
    pub const SECOND: Keys = Keys::Range { first: 2, last: 2, step: 1 };
}

/// Where the search for keys begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// At this argument.
    Index(i32),
    /// Behind a word, which is looked for from an argument on.
    Keyword(&'static str, i32),
    /// That cannot be told.
    Unknown,
}

/// Which keys there are from where the search begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Find {
    /// Up to `last`, counted from the first, or from the end if negative, of which `limit` parts are looked at; in steps of `step`.
    Range {
        /// Index of the last key.
        last: i32,
        /// Distance between keys.
        step: i32,
        /// One of how many parts of the rest holds keys; 0 for all of it.
        limit: i32,
    },
    /// As many as the first argument says, in steps of `step` behind it.
    Number {
        /// Distance between keys.
        step: i32,
    },
    /// That cannot be told.
    Unknown,
}

/// A specification of keys, as COMMAND INFO tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySpec {
    /// What is done with the keys, in Redis's words (`RO access`).
    pub access: &'static str,
    /// What there is to say about them besides.
    pub note: Option<&'static str>,
    /// Where the search begins.
    pub begin: Begin,
    /// How it goes on.
    pub find: Find,
}

/// The most specifications that a command has.
const SPECS_MAX: usize = 3;

/// A key of a request: its place, and what is done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundKey {
    /// The index of the argument.
    pub index: usize,
    /// In Redis's words (`RO access`).
    pub access: &'static str,
}

/// A request does not say where its keys are.
struct Unclear;

impl KeySpec {
    /// From a part of a row's text.
    fn new(part: &'static str, begin: Begin, find: Find) -> KeySpec {
        let (access, note) = part.split_once(": ").map_or((part, None), |(access, note)| (access, Some(note)));
        KeySpec { access, note, begin, find }
    }

    fn has(&self, word: &str) -> bool {
        self.access.split(' ').any(|known| known == word)
    }

    /// Adds the keys of a request.
    fn add_keys(&self, args: Args<'_>, keys: &mut Vec<FoundKey>) -> Result<(), Unclear> {
        let len = i32::try_from(args.len()).unwrap_or(i32::MAX);
        let mut first = match self.begin {
            Begin::Index(index) => index,
            Begin::Keyword(word, from) => {
                // The last argument is no place for a word that something follows.
                match (from..len - 1).find(|&index| is_word(&args[index as usize], word)) {
                    Some(index) => index + 1,
                    None => return Ok(()),
                }
            }
            Begin::Unknown => return Err(Unclear),
        };
        let (last, step) = match self.find {
            Find::Range { last, step, .. } if last >= 0 => (first + last, step),
            Find::Range { last, step, limit: 0 } => (len + last, step),
            Find::Range { last, step, limit } => (first + (len - first) / limit + last, step),
            Find::Number { step } => {
                let count = parse_i64(&args[first as usize]).and_then(|count| i32::try_from(count).ok());
                let count = count.ok_or(Unclear)?;
                first += 1;
                (first.saturating_add(count.saturating_sub(1).saturating_mul(step)), step)
            }
            Find::Unknown => return Err(Unclear),
        };
        if first >= len || last >= len || last < first {
            return Err(Unclear);
        }
        let places = (first..=last).step_by(step.max(1) as usize);
        keys.extend(places.map(|index| FoundKey { index: index as usize, access: self.access }));
        if self.has("incomplete") { Err(Unclear) } else { Ok(()) }
    }
}

impl Command {
    /// Where its keys stand: the specifications that COMMAND INFO tells.
    pub fn key_specs(&self) -> impl Iterator<Item = KeySpec> + use<> {
        let mut parts = self.access.split("; ");
        let mut part = || parts.next().unwrap_or_default();
        let single = |begin, access| KeySpec::new(access, begin, Find::Range { last: 0, step: 1, limit: 0 });
        let unknown = |access| KeySpec::new(access, Begin::Unknown, Find::Unknown);
        let mut specs = [None; SPECS_MAX];
        let mut place = specs.iter_mut();
        let mut push = |spec| {
            if let Some(place) = place.next() {
                *place = Some(spec);
            }
        };
        match self.keys {
            Keys::None => {}
            Keys::Range { first, last, step } => {
                let first_access = part();
                let relative = |from: i32| if last < 0 { last } else { last - from };
                let rest = parts.next();
                match rest {
                    None => {
                        let find = Find::Range { last: relative(first), step, limit: 0 };
                        push(KeySpec::new(first_access, Begin::Index(first), find));
                    }
                    // The first key is another matter than the others.
                    Some(access) => {
                        push(single(Begin::Index(first), first_access));
                        let find = Find::Range { last: relative(first + 1), step, limit: 0 };
                        push(KeySpec::new(access, Begin::Index(first + 1), find));
                    }
                }
            }
            Keys::Numbered { at } => push(KeySpec::new(part(), Begin::Index(at as i32), Find::Number { step: 1 })),
            Keys::NumberedPairs => push(KeySpec::new(part(), Begin::Index(1), Find::Number { step: 2 })),
            Keys::DestinationAndNumbered => {
                push(single(Begin::Index(1), part()));
                push(KeySpec::new(part(), Begin::Index(2), Find::Number { step: 1 }));
            }
            Keys::Streams { from } => {
                let find = Find::Range { last: -1, step: 1, limit: 2 };
                push(KeySpec::new(part(), Begin::Keyword("STREAMS", from as i32), find));
            }
            Keys::FirstAndStores { at } => {
                push(single(Begin::Index(1), part()));
                push(single(Begin::Keyword("STORE", at as i32), part()));
                push(single(Begin::Keyword("STOREDIST", at as i32), part()));
            }
            Keys::FirstPatternsAndStore => {
                push(single(Begin::Index(1), part()));
                push(unknown(part()));
                push(unknown(part()));
            }
            Keys::FirstAndPatterns => {
                push(single(Begin::Index(1), part()));
                push(unknown(part()));
            }
        }
        specs.into_iter().flatten()
    }

    /// The range that COMMAND INFO tells beside the specifications: the first key, the last, and the step from one to the next.
    #[must_use]
    pub fn key_range(&self) -> (i32, i32, i32) {
        match self.keys {
            Keys::Range { first, last, step } => (first, last, step),
            Keys::DestinationAndNumbered
            | Keys::FirstAndStores { .. }
            | Keys::FirstPatternsAndStore
            | Keys::FirstAndPatterns => (1, 1, 1),
            Keys::None | Keys::Numbered { .. } | Keys::NumberedPairs | Keys::Streams { .. } => (0, 0, 0),
        }
    }

    /// True if the range that COMMAND tells does not name all of its keys.
    #[must_use]
    pub const fn has_movable_keys(&self) -> bool {
        !matches!(self.keys, Keys::None | Keys::Range { .. })
    }

    /// True if any request of it may have keys.
    #[must_use]
    pub fn may_have_keys(&self) -> bool {
        self.key_specs().any(|spec| !spec.has("not_key"))
    }

    /// The keys of a request. Those of one that says nonsense are none.
    #[must_use]
    pub fn keys_in(&self, args: Args<'_>) -> Vec<FoundKey> {
        let mut keys = Vec::new();
        let mut specs = self.key_specs().filter(|spec| !spec.has("not_key"));
        let is_clear = specs.try_for_each(|spec| match spec.has("variable_flags") {
            true => Err(Unclear),
            false => spec.add_keys(args, &mut keys),
        });
        if is_clear.is_err() {
            keys.clear();
            self.add_keys_otherwise(args, &mut keys);
        }
        keys
    }

    /// The keys of a request of which the specifications do not tell all.
    fn add_keys_otherwise(&self, args: Args<'_>, keys: &mut Vec<FoundKey>) {
        let mut key = |index, access| keys.push(FoundKey { index, access });
        match self.keys {
            Keys::FirstAndPatterns if args.len() > 1 => key(1, "RO access"),
            Keys::FirstPatternsAndStore if args.len() > 1 => {
                key(1, "RO access");
                if let Some(index) = sort_destination(args) {
                    key(index, "OW update");
                }
            }
            Keys::Range { first: 1, last: 1, .. } if self.access.contains("variable_flags") && args.len() > 1 => {
                key(1, if self.name == "set" { access_of_set(args) } else { access_of_bitfield(args) });
            }
            // A number with something behind it.
            Keys::Numbered { at } => numbered(args, at).for_each(|index| key(index, "")),
            Keys::DestinationAndNumbered => {
                let indices = numbered(args, 2);
                if !indices.is_empty() {
                    indices.for_each(|index| key(index, ""));
                    key(1, "");
                }
            }
            _ => {}
        }
    }
}

/// The keys behind their number, read as C reads numbers; none if there are not as many.
fn numbered(args: Args<'_>, at: usize) -> core::ops::Range<usize> {
    let digits: Vec<u8> = args[at].iter().copied().take_while(u8::is_ascii_digit).collect();
    let count = parse_i64(&digits).and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
    if count <= args.len().saturating_sub(at + 1) { at + 1..at + 1 + count } else { 0..0 }
}

/// Where the destination of a SORT stands: behind the last STORE that is no argument of another option.
fn sort_destination(args: Args<'_>) -> Option<usize> {
    let (mut index, mut found) = (2, None);
    while index < args.len() {
        let word = &args[index];
        let is = |known: &str| is_word(word, known);
        if is("STORE") && index + 1 < args.len() {
            found = Some(index + 1);
        }
        index += match () {
            () if is("LIMIT") => 3,
            () if is("GET") || is("BY") => 2,
            () => 1,
        };
    }
    found
}

fn access_of_set(args: Args<'_>) -> &'static str {
    let has_get = args.iter_from(3).any(|word| is_word(word, "GET"));
    if has_get { "RW access update" } else { "OW update" }
}

fn access_of_bitfield(args: Args<'_>) -> &'static str {
    let mut index = 2;
    while index < args.len() {
        let (word, behind) = (&args[index], args.len() - index - 1);
        index += match () {
            () if is_word(word, "GET") && behind >= 2 => 3,
            () if is_word(word, "OVERFLOW") && behind >= 1 => 2,
            () => return "RW access update",
        };
    }
    "RO access"
}
