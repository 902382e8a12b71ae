//! What does a client say, word by word?
//!
//! A client whose plan has a script draws nothing: it says these commands at these times. So a run can be cut down to the commands that matter, and
//! stays good when the table of commands that clients draw from changes.

use serde::{Deserialize, Serialize};

use crate::queue::Micros;

/// A long word in a script stands as its length in these brackets.
const BRACKETS: (char, char) = ('<', '>');
/// Shorter words are written out.
const WRITTEN_BYTES_MAX: usize = 32;
/// The longest word; clients draw none that is half as long.
const WORD_BYTES_MAX: usize = 1 << 20;

/// What a client says in one breath.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// When; later if it is not connected then, or what comes before it was not said yet. Steps of one time are sent together.
    pub at_us: Micros,
    /// A command, or MULTI, commands and EXEC; as one would type them. `<1000>` is a word of a thousand bytes.
    pub say: Vec<String>,
}

impl Step {
    /// True if it is a MULTI block.
    #[must_use]
    pub fn is_block(&self) -> bool {
        self.say.first().is_some_and(|line| line == "MULTI")
    }

    /// The bytes of all its words.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.say.iter().flat_map(|line| line.split(' ')).map(|word| length(word).unwrap_or(word.len())).sum()
    }

    /// Looks for what a client cannot say.
    pub(super) fn check(&self) -> Result<(), String> {
        let (opened, closed) = (self.is_block(), self.say.last().is_some_and(|line| line == "EXEC"));
        let inside = self.say.get(1..self.say.len().saturating_sub(1)).unwrap_or_default();
        let is_nested = inside.iter().any(|line| line == "MULTI" || line == "EXEC");
        let is_whole = if opened { closed && self.say.len() > 1 } else { !closed && self.say.len() == 1 };
        if !is_whole || is_nested {
            return Err(format!(
                "a step of a script is one command, or a block from MULTI to EXEC, not {:?}",
                self.say
            ));
        }
        let words = || self.say.iter().flat_map(|line| line.split(' '));
        let is_bracketed = |word: &&str| word.len() > 1 && word.starts_with(BRACKETS.0) && word.ends_with(BRACKETS.1);
        if let Some(word) = words().filter(is_bracketed).find(|word| length(word).is_none()) {
            return Err(format!("`{word}` is no length: <1000> in a script is a word of a thousand bytes"));
        }
        match words().filter_map(length).find(|bytes| *bytes > WORD_BYTES_MAX) {
            Some(bytes) => Err(format!("a word of {bytes} bytes is longer than {WORD_BYTES_MAX}")),
            None => Ok(()),
        }
    }
}

/// How long the word is that `<1000>` stands for; `None` for words that stand for themselves.
#[must_use]
pub fn length(word: &str) -> Option<usize> {
    word.strip_prefix(BRACKETS.0)?.strip_suffix(BRACKETS.1)?.parse().ok()
}

/// A word of so many bytes, as it stands in a script.
#[must_use]
pub fn long_word(bytes: usize) -> String {
    format!("{}{bytes}{}", BRACKETS.0, BRACKETS.1)
}

/// A word as it stands in a script.
pub(crate) fn shown(word: &[u8]) -> String {
    if word.len() > WRITTEN_BYTES_MAX { long_word(word.len()) } else { String::from_utf8_lossy(word).into_owned() }
}

/// The word that a word of a script stands for.
pub(crate) fn meant(word: &str) -> Vec<u8> {
    match length(word) {
        Some(bytes) => vec![b'x'; bytes.min(WORD_BYTES_MAX)],
        None => word.as_bytes().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_word_stands_as_its_length_and_comes_back_as_long() {
        assert_eq!(shown(&[b'a'; 500]), "<500>");
        assert_eq!(meant("<500>").len(), 500);
        assert_eq!(meant(&shown(b"s:1")), b"s:1");
        assert_eq!(meant("<x>"), b"<x>");
    }

    #[test]
    fn what_no_client_can_say_is_refused() {
        let check = |say: &[&str]| Step { at_us: 0, say: say.iter().map(|line| (*line).into()).collect() }.check();
        assert_eq!(check(&["SET s:1 <1000>"]), Ok(()));
        assert_eq!(check(&["MULTI", "PING", "EXEC"]), Ok(()));
        assert_eq!(check(&["MULTI", "EXEC"]), Ok(()));
        let wrong: [&[&str]; 9] = [
            &[],
            &["EXEC"],
            &["MULTI"],
            &["MULTI", "PING"],
            &["PING", "PING"],
            &["MULTI", "MULTI", "EXEC"],
            &["SET s:1 <9000000>"],
            &["SET s:1 <abc>"],
            &["MULTI", "SET s:1 <99999999999999999999>", "EXEC"],
        ];
        for say in wrong {
            assert!(check(say).is_err(), "{say:?}");
        }
    }
}
