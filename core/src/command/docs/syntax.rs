//! How are the arguments of a command written down in one line?
//!
//! As people write a command's syntax, with what else `COMMAND DOCS` tells of an argument right behind its name:
//!
//! | written | an argument |
//! |---|---|
//! | `value` | of this name: a string |
//! | `count:integer` | of another type: `integer`, `double`, `pattern`, `unix-time`, ... |
//! | `key@0` | a key that the command's first key specification finds (`pattern:pattern@1`: the second one) |
//! | `NX` | a word that stands for itself, called as the word in lower case |
//! | `change=CH`, `equal="="` | such a word with another name; quoted if it is not of capitals |
//! | `PX milliseconds:integer` | behind a word |
//! | `GET* pattern:pattern ...` | behind a word that is repeated with each |
//! | `pair(field value)` | several that belong together |
//! | `order(ASC \| DESC)` | one of several |
//! | `[ANY]` | that may be left out |
//! | `member ...` | that may be repeated |
//! | `KEEPTTL^6.0.0` | that came with a version |
//! | `'ip:port'!2.8.12` | that should not be used from a version on; a name with signs is quoted |

use alloc::borrow::Cow;
use alloc::vec::Vec;

/// One argument of a command, as COMMAND DOCS has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Argument {
    /// What it is called.
    pub name: Cow<'static, str>,
    /// Its type in Redis's words.
    pub kind: &'static str,
    /// Which of the command's key specifications finds it.
    pub key_spec: Option<i64>,
    /// The word before it, or that it is.
    pub token: Option<&'static str>,
    /// The version that brought it.
    pub since: Option<&'static str>,
    /// The version from which on it should not be used.
    pub deprecated_since: Option<&'static str>,
    /// It may be left out.
    pub is_optional: bool,
    /// It may be repeated.
    pub is_multiple: bool,
    /// Its token is repeated with it.
    pub repeats_token: bool,
    /// What it is made of.
    pub arguments: Vec<Argument>,
}

/// The arguments that a line tells. What is not of the notation ends it, and what is nested too deeply is left out.
pub(super) fn parse(line: &'static str) -> Vec<Argument> {
    let mut parser = Parser { rest: line };
    parser.arguments(NESTING_MAX).0
}

/// Arguments within arguments, at most. Redis 7.0 needs five.
const NESTING_MAX: usize = 8;

struct Parser {
    rest: &'static str,
}

impl Parser {
    /// All up to a closing parenthesis or the end, and whether they are choices.
    fn arguments(&mut self, depth: usize) -> (Vec<Argument>, bool) {
        let (mut arguments, mut are_choices) = (Vec::new(), false);
        loop {
            self.rest = self.rest.trim_start_matches(' ');
            if self.take("| ") {
                are_choices = true;
            } else if let Some(argument) = self.argument(depth) {
                arguments.push(argument);
            } else {
                return (arguments, are_choices);
            }
        }
    }

    fn argument(&mut self, depth: usize) -> Option<Argument> {
        if self.take("[") {
            let argument = self.argument(depth.checked_sub(1)?)?;
            return self.take("]").then_some(Argument { is_optional: true, ..argument });
        }
        if !self.rest.starts_with(|first: char| first.is_ascii_uppercase()) {
            return self.named(depth);
        }
        let token = Some(self.word());
        let repeats_token = self.take("*");
        let is_before_another = self.rest.strip_prefix(' ').is_some_and(|next| next.starts_with(is_first_of_name));
        if is_before_another {
            self.rest = &self.rest[1..];
            return Some(Argument { token, repeats_token, ..self.named(depth)? });
        }
        let name = Cow::Owned(token?.to_ascii_lowercase());
        Some(self.marked(Argument { name, kind: "pure-token", token, ..Argument::default() }))
    }

    /// A name and what stands behind it.
    fn named(&mut self, depth: usize) -> Option<Argument> {
        let name = if self.take("'") { self.up_to('\'')? } else { self.word() };
        if name.is_empty() {
            return None;
        }
        let mut argument = Argument { name: Cow::Borrowed(name), kind: "string", ..Argument::default() };
        if self.take("=") {
            argument.kind = "pure-token";
            argument.token = Some(if self.take("\"") { self.up_to('"')? } else { self.word() });
        } else if self.take("(") {
            let (arguments, are_choices) = self.arguments(depth.checked_sub(1)?);
            argument.kind = if are_choices { "oneof" } else { "block" };
            argument.arguments = arguments;
            if !self.take(")") {
                return None;
            }
        } else if self.take(":") {
            argument.kind = self.word();
        } else if self.rest.starts_with('@') {
            argument.kind = "key";
        }
        Some(self.marked(argument))
    }

    /// With the marks behind it.
    fn marked(&mut self, mut argument: Argument) -> Argument {
        if self.take("@") {
            argument.key_spec = self.word().parse().ok();
        }
        if self.take("^") {
            argument.since = Some(self.word());
        }
        if self.take("!") {
            argument.deprecated_since = Some(self.word());
        }
        argument.is_multiple = self.take(" ...");
        argument
    }

    fn take(&mut self, sign: &str) -> bool {
        let rest = self.rest.strip_prefix(sign);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn word(&mut self) -> &'static str {
        let end = self.rest.find(|sign| " :=\"'()[]|@^!*".contains(sign)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn up_to(&mut self, sign: char) -> Option<&'static str> {
        let (text, rest) = self.rest.split_once(sign)?;
        self.rest = rest;
        Some(text)
    }
}

fn is_first_of_name(sign: char) -> bool {
    sign.is_ascii_lowercase() || sign == '\''
}

/// Arguments in the notation.
#[cfg(test)]
pub(super) fn written(arguments: &[Argument]) -> alloc::string::String {
    arguments.iter().map(write).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
fn write(argument: &Argument) -> alloc::string::String {
    use alloc::format;
    let Argument { name, kind, token, .. } = argument;
    let is_plain = |word: &str| word.starts_with(|sign: char| sign.is_ascii_uppercase());
    let quoted = if name.contains(':') { format!("'{name}'") } else { name.clone().into_owned() };
    let parts = || argument.arguments.iter().map(write).collect::<Vec<_>>();
    let mut text = match (*kind, token.unwrap_or_default()) {
        ("pure-token", token) if is_plain(token) && token.to_ascii_lowercase() == *name => token.into(),
        ("pure-token", token) if is_plain(token) => format!("{name}={token}"),
        ("pure-token", token) => format!("{name}=\"{token}\""),
        ("oneof", _) => format!("{quoted}({})", parts().join(" | ")),
        ("block", _) => format!("{quoted}({})", parts().join(" ")),
        ("string", _) if argument.key_spec.is_none() => quoted,
        ("key", _) if argument.key_spec.is_some() => quoted,
        (kind, _) => format!("{quoted}:{kind}"),
    };
    if *kind != "pure-token"
        && let Some(token) = token
    {
        text = format!("{token}{} {text}", if argument.repeats_token { "*" } else { "" });
    }
    text.extend(argument.key_spec.map(|number| format!("@{number}")));
    text.extend(argument.since.map(|version| format!("^{version}")));
    text.extend(argument.deprecated_since.map(|version| format!("!{version}")));
    text.push_str(if argument.is_multiple { " ..." } else { "" });
    if argument.is_optional { format!("[{text}]") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &'static str, kind: &'static str) -> Argument {
        Argument { name: Cow::Borrowed(name), kind, ..Argument::default() }
    }

    #[test]
    fn each_sign_says_what_it_says() {
        let word = |name, token| Argument { token: Some(token), ..named(name, "pure-token") };
        let cases: &[(&'static str, Argument)] = &[
            ("value", named("value", "string")),
            ("count:integer", named("count", "integer")),
            ("key@0", Argument { key_spec: Some(0), ..named("key", "key") }),
            ("by:pattern@1", Argument { key_spec: Some(1), ..named("by", "pattern") }),
            ("NX", word("nx", "NX")),
            ("LIB-NAME", word("lib-name", "LIB-NAME")),
            ("change=CH", word("change", "CH")),
            ("equal=\"=\"", word("equal", "=")),
            ("PX ms:integer", Argument { token: Some("PX"), ..named("ms", "integer") }),
            (
                "GET* name ...",
                Argument { token: Some("GET"), repeats_token: true, is_multiple: true, ..named("name", "string") },
            ),
            (
                "pair(field value) ...",
                Argument {
                    is_multiple: true,
                    arguments: [named("field", "string"), named("value", "string")].into(),
                    ..named("pair", "block")
                },
            ),
            (
                "[order(ASC | DESC)^2.0.0]",
                Argument {
                    is_optional: true,
                    since: Some("2.0.0"),
                    arguments: [word("asc", "ASC"), word("desc", "DESC")].into(),
                    ..named("order", "oneof")
                },
            ),
            ("'ip:port'!2.8.12", Argument { deprecated_since: Some("2.8.12"), ..named("ip:port", "string") }),
        ];
        for (line, argument) in cases {
            assert_eq!(parse(line), core::slice::from_ref(argument), "{line}");
            assert_eq!(written(&parse(line)), *line);
        }
    }

    #[test]
    fn what_is_not_of_the_notation_ends_it() {
        for line in ["", " ", ")", "]", "=", "a(", "[a", "[", "'", "a(b", "((((((((((((", "[[[[[[[[[[[[a]]]]]]]]]]]]"] {
            assert_eq!(parse(line), [], "{line}");
        }
        assert_eq!(parse("a ) b").len(), 1);
    }
}
