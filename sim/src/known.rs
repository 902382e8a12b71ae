//! Which failures are known?
//!
//! A file of signatures, one a line, with remarks behind `#`. What is known is counted and told by itself; it never passes silently, and it never hides what
//! is not known.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

/// The signatures of known failures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known(BTreeSet<String>);

impl Known {
    /// Reads a file, if there is one.
    ///
    /// # Errors
    ///
    /// Says which line is no signature.
    pub(crate) fn read(path: Option<&Path>) -> io::Result<Known> {
        let Some(path) = path else { return Ok(Known::default()) };
        let told = |why: String| format!("{}: {why}", path.display());
        let text =
            std::fs::read_to_string(path).map_err(|error| io::Error::new(error.kind(), told(error.to_string())))?;
        Known::parse(&text).map_err(|why| io::Error::new(io::ErrorKind::InvalidData, told(why)))
    }

    fn parse(text: &str) -> Result<Known, String> {
        let lines =
            (1..).zip(text.lines()).map(|(number, line)| (number, line.split('#').next().unwrap_or_default().trim()));
        let signatures = lines.filter(|(_, line)| !line.is_empty()).map(|(number, line)| {
            let is_signature =
                line.split_once('/').is_some_and(|(property, role)| !property.is_empty() && !role.is_empty());
            let is_one_word = !line.contains(char::is_whitespace);
            if is_signature && is_one_word {
                Ok(line.to_string())
            } else {
                Err(format!(
                    "line {number}: `{line}` is no signature; one is a property and a role, as in wait-holds/master"
                ))
            }
        });
        signatures.collect::<Result<_, _>>().map(Known)
    }

    /// True if it is known.
    pub(crate) fn has(&self, signature: &str) -> bool {
        self.0.contains(signature)
    }

    /// Those that are not among `seen`.
    pub(crate) fn that_are_not_among<'a>(&'a self, seen: impl Fn(&str) -> bool + 'a) -> impl Iterator<Item = &'a str> {
        self.0.iter().map(String::as_str).filter(move |signature| !seen(signature))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_read_with_remarks_and_anything_else_is_refused() {
        let known =
            Known::parse("# a list\nwait-holds/master  # since May\n\nconverges/world\n").expect("all are signatures");
        assert!(known.has("wait-holds/master") && known.has("converges/world") && !known.has("a"));
        assert_eq!(
            known.that_are_not_among(|seen| seen == "converges/world").collect::<Vec<_>>(),
            ["wait-holds/master"]
        );
        for wrong in ["wait-holds", "wait-holds/", "/master", "wait-holds/master 3"] {
            assert!(Known::parse(wrong).is_err(), "{wrong}");
        }
    }
}
