//! Which other key does BY or GET name for an element, and what does that hold?

use alloc::vec::Vec;

use crate::command::exec::Exec;
use crate::command::hash::alive::remove_dead;
use crate::keyspace::{Keyspace, Place};
use crate::value::{Text, Value};

/// What BY or GET says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pattern<'a> {
    /// `#`: the element itself.
    Element,
    /// A word without a place for the element: nothing.
    Nothing,
    /// A key, or a field of it.
    Key { before: &'a [u8], after: &'a [u8], field: Option<&'a [u8]> },
}

impl<'a> Pattern<'a> {
    /// Reads a pattern: the first `*` stands for the element, and `->` with something behind it names a field. Like Redis, which searches
    /// as C does, it finds neither behind a zero byte.
    pub(super) fn parse(word: &'a [u8]) -> Pattern<'a> {
        let shown = word.iter().position(|byte| *byte == 0).unwrap_or(word.len());
        if &word[..shown] == b"#" {
            return Pattern::Element;
        }
        let Some(star) = word[..shown].iter().position(|byte| *byte == b'*') else { return Pattern::Nothing };
        let (before, behind) = (&word[..star], &word[star + 1..]);
        let arrow = behind[..shown - star - 1].windows(2).position(|two| two == b"->");
        let field = arrow.map(|arrow| &behind[arrow + 2..]).filter(|field| !matches!(field, [] | [0, ..]));
        let after = match (arrow, field) {
            (Some(arrow), Some(_)) => &behind[..arrow],
            _ => behind,
        };
        Pattern::Key { before, after, field }
    }

    /// Finds the key that is named for an element.
    pub(super) fn locate(self, exec: &mut Exec<'_>, element: &[u8]) -> Option<Place> {
        match self {
            Pattern::Element | Pattern::Nothing => None,
            Pattern::Key { before, after, field } => {
                let key: Vec<u8> = [before, element, after].concat();
                let place = exec.find_to_read(&key)?;
                match (exec.value(place), field) {
                    (Value::Hash(_), Some(field)) => {
                        remove_dead(exec, place, &key, core::iter::once(field)).ok().flatten()
                    }
                    _ => Some(place),
                }
            }
        }
    }

    /// What the key at `place` holds, if it is a string, or a hash with the field that is named, whose time is not before `before_ms`.
    pub(super) fn value<'v>(
        self,
        keyspace: &'v Keyspace,
        place: Option<Place>,
        element: &'v [u8],
        before_ms: i64,
    ) -> Option<Text<'v>> {
        match self {
            Pattern::Element => Some(Text::Bytes(element)),
            Pattern::Nothing => None,
            Pattern::Key { field, .. } => match (&keyspace.entry(place?).value, field) {
                (Value::Hash(hash), Some(field)) => hash.get_alive(field, before_ms),
                (Value::String(string), None) => {
                    let bytes = string.as_slice().map(Text::Bytes);
                    bytes.or_else(|| string.to_i64().map(Text::Int))
                }
                _ => None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_read_as_redis_reads_them() {
        let key = |before: &'static [u8], after: &'static [u8], field| Pattern::Key { before, after, field };
        let cases: &[(&[u8], Pattern<'_>)] = &[
            (b"#", Pattern::Element),
            (b"#\0x*", Pattern::Element),
            (b"#*", key(b"#", b"", None)),
            (b"", Pattern::Nothing),
            (b"w", Pattern::Nothing),
            (b"w\0*", Pattern::Nothing),
            (b"*", key(b"", b"", None)),
            (b"w:*:x*", key(b"w:", b":x*", None)),
            (b"h:*->f", key(b"h:", b"", Some(b"f"))),
            (b"h->*x->f->g", key(b"h->", b"x", Some(b"f->g"))),
            (b"h*->", key(b"h", b"->", None)),
            (b"h*->\0f", key(b"h", b"->\0f", None)),
            (b"h*\0->f", key(b"h", b"\0->f", None)),
            (b"h*->f\0g", key(b"h", b"", Some(b"f\0g"))),
        ];
        for (word, pattern) in cases {
            assert_eq!(Pattern::parse(word), *pattern, "{}", word.escape_ascii());
        }
    }
}
