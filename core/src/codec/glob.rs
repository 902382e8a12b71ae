//! Which names does a pattern of KEYS, SCAN, PSUBSCRIBE or CONFIG GET select?
//!
//! Redis's glob style (`stringmatchlen` of Redis 7.0), with its corners: a class without its
//! closing bracket ends with the pattern, `[a-]` is a range up to `]` that then lacks one, and an
//! empty text matches only an empty pattern, not `*`. Every token but `*` takes exactly one byte,
//! so that on a mismatch only the last `*` need be tried again: the time is at most the product of
//! both lengths, with no recursion.

/// Whether `text` as a whole fits `pattern`, byte for byte.
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    run(pattern, text, Case::Exact)
}

/// As [`matches()`], with ASCII letters of either case being equal.
///
/// As in Redis, an escaped byte inside a class is compared exactly even so.
pub fn matches_ignoring_case(pattern: &[u8], text: &[u8]) -> bool {
    run(pattern, text, Case::Ignored)
}

#[derive(Clone, Copy)]
enum Case {
    Exact,
    Ignored,
}

impl Case {
    fn fold(self, byte: u8) -> u8 {
        match self {
            Case::Exact => byte,
            Case::Ignored => byte.to_ascii_lowercase(),
        }
    }

    /// The order of ranges. Redis compares `char`, which is signed on the platforms it is mostly
    /// built for: bytes from 128 up come first.
    fn rank(self, byte: u8) -> i8 {
        self.fold(byte) as i8
    }
}

fn run(pattern: &[u8], text: &[u8], case: Case) -> bool {
    if text.is_empty() {
        return pattern.is_empty();
    }
    let (mut pattern, mut text) = (pattern, text);
    // What follows the last `*`, and the text where that was last tried.
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        if let [b'*', after @ ..] = pattern {
            if after.is_empty() {
                return true;
            }
            retry = Some((after, text));
            pattern = after;
            continue;
        }
        match (text, pattern) {
            ([], []) => return true,
            // A longer stretch for the `*` would leave even less text for the rest of the pattern.
            ([], _) => return false,
            ([byte, text_after @ ..], [_, ..]) => {
                let (fits, pattern_after) = take_token(pattern, *byte, case);
                if fits {
                    (pattern, text) = (pattern_after, text_after);
                    continue;
                }
            }
            (_, []) => {}
        }
        let Some((after, [_, shorter @ ..])) = retry else {
            return false;
        };
        retry = Some((after, shorter));
        (pattern, text) = (after, shorter);
    }
}

/// Whether the first token of `pattern`, which is neither empty nor a `*`, accepts `byte`; and what
/// follows the token.
fn take_token(pattern: &[u8], byte: u8, case: Case) -> (bool, &[u8]) {
    match pattern {
        [b'?', after @ ..] => (true, after),
        [b'[', b'^', class @ ..] => {
            let (found, after) = take_class(class, byte, case);
            (!found, after)
        }
        [b'[', class @ ..] => take_class(class, byte, case),
        // A lone backslash at the end stands for itself.
        [b'\\', literal, after @ ..] | [literal, after @ ..] => (case.fold(*literal) == case.fold(byte), after),
        [] => (false, pattern),
    }
}

/// Whether the class that starts `class` (its `[` or `[^` already taken) lists `byte`; and what
/// follows it.
fn take_class(class: &[u8], byte: u8, case: Case) -> (bool, &[u8]) {
    let mut found = false;
    let mut rest = class;
    loop {
        rest = match rest {
            [b'\\', literal, after @ ..] => {
                found |= *literal == byte;
                after
            }
            [b']', after @ ..] => return (found, after),
            [first, b'-', last, after @ ..] => {
                // The ends change places before they are folded, so that `[Z-a]` is empty when case
                // is ignored.
                let (low, high) = if *first as i8 > *last as i8 { (last, first) } else { (first, last) };
                found |= (case.rank(*low)..=case.rank(*high)).contains(&case.rank(byte));
                after
            }
            [literal, after @ ..] => {
                found |= case.fold(*literal) == case.fold(byte);
                after
            }
            [] => return (found, rest),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    #[test]
    fn patterns_select_what_redis_selects() {
        // (pattern, text, whether redis-server 7.0 lists that key for KEYS)
        let cases: &[(&[u8], &[u8], bool)] = &[
            (b"", b"", true),
            (b"", b"a", false),
            (b"*", b"a", true),
            (b"*", b"", false),
            (b"**", b"", false),
            (b"**", b"ab", true),
            (b"*?", b"", false),
            (b"a*", b"a", true),
            (b"a**", b"a", true),
            (b"*a", b"ba", true),
            (b"*a*c", b"xaybzc", true),
            (b"*a*c", b"xaybzcd", false),
            (b"h?llo", b"hello", true),
            (b"h?llo", b"hllo", false),
            (b"h[ae]llo", b"hallo", true),
            (b"h[ae]llo", b"hillo", false),
            (b"h[^e]llo", b"hallo", true),
            (b"h[^e]llo", b"hello", false),
            (b"h[a-b]llo", b"hbllo", true),
            (b"[z-a]", b"m", true),
            (b"[a-]", b"b", false),
            (b"[a-]", b"_", true),
            (b"[a-", b"-", true),
            (b"[a-", b"a", true),
            (b"[]a]", b"a", false),
            (b"[]", b"]", false),
            (b"[^]", b"a", true),
            (b"[^", b"x", true),
            (b"[", b"[", false),
            (b"[a", b"a", true),
            (b"a[", b"a", false),
            (b"[\\]]", b"]", true),
            (b"[\\", b"\\", true),
            (b"\\", b"\\", true),
            (b"\\*", b"*", true),
            (b"\\*", b"a", false),
            (b"a\\?b", b"a?b", true),
            (b"a\\?b", b"axb", false),
            (b"[\x80-\xff]", b"\x90", true),
            (b"[a-\xff]", b"b", false),
            (b"[a-\xff]", b"A", true),
            (b"[a-\xff]", b"\xff", true),
            (b"A", b"a", false),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(matches(pattern, text), *expected, "{:?} on {:?}", pattern.escape_ascii(), text.escape_ascii());
        }
    }

    #[test]
    fn case_is_ignored_where_asked() {
        let cases: &[(&[u8], &[u8], bool)] = &[
            (b"MAX*", b"maxmemory", true),
            (b"[A-C]x", b"bX", true),
            (b"[\\A]", b"a", false),
            (b"[Z-a]", b"z", false),
            (b"\\A", b"a", true),
            (b"\xc4", b"\xe4", false),
        ];
        for (pattern, text, expected) in cases {
            let pattern_shown = pattern.escape_ascii();
            assert_eq!(matches_ignoring_case(pattern, text), *expected, "{pattern_shown}");
        }
    }

    #[test]
    fn many_stars_do_not_explode() {
        let pattern = b"a*".repeat(5_000);
        let text = [b"a".repeat(5_000).as_slice(), b"b"].concat();
        assert!(matches(&pattern, &text));
        assert!(!matches(&[pattern.as_slice(), b"c"].concat(), &text));
    }

    /// The definition, one recursion for each choice.
    fn naive(pattern: &[u8], text: &[u8], case: Case) -> bool {
        match (pattern, text) {
            ([], []) => true,
            ([b'*', after @ ..], _) => {
                naive(after, text, case) || matches!(text, [_, shorter @ ..] if naive(pattern, shorter, case))
            }
            ([], _) | (_, []) => false,
            (_, [byte, after @ ..]) => {
                let (fits, pattern) = take_token(pattern, *byte, case);
                fits && naive(pattern, after, case)
            }
        }
    }

    proptest! {
        #[test]
        fn iterative_and_naive_matching_agree(
            pattern in prop::collection::vec(prop::sample::select(b"*?[]^-\\abAB".as_slice()), 0..12),
            text in prop::collection::vec(prop::sample::select(b"abAB-]".as_slice()), 1..10),
        ) {
            prop_assert_eq!(matches(&pattern, &text), naive(&pattern, &text, Case::Exact));
            prop_assert_eq!(matches_ignoring_case(&pattern, &text), naive(&pattern, &text, Case::Ignored));
        }

        #[test]
        fn any_bytes_are_matched_without_panic(pattern: Vec<u8>, text: Vec<u8>) {
            matches(&pattern, &text);
        }
    }
}
