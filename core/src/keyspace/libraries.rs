//! Libraries of functions: code that is kept and passed on, and never run.
//!
//! Differs: there is no interpreter here. A library is taken in, told, replicated and written to files like any other data, so that
//! it is there when a server that can run it takes over; which functions it would register is not known.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use crate::rdb::{opcode, push_string};
use crate::resp::push_command;

/// All libraries by name.
#[derive(Clone, Debug, Default)]
pub struct Libraries {
    by_name: BTreeMap<Vec<u8>, Bytes>,
}

/// Why a library's code is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LibraryError<'a> {
    /// The code does not begin with `#!`.
    NoMetadata,
    /// The first line does not end.
    EndlessMetadata,
    /// An engine that nobody has.
    Engine(&'a [u8]),
    /// A word of the first line that is not `name=`.
    Word(&'a [u8]),
    /// Two names.
    NameTwice,
    /// No name.
    NoName,
    /// A name with other characters than letters, digits and underscores.
    Name,
}

impl fmt::Display for LibraryError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let write_bytes = |f: &mut fmt::Formatter<'_>, bytes: &[u8]| {
            bytes.iter().try_for_each(|&byte| fmt::Write::write_char(f, char::from(byte)))
        };
        match self {
            LibraryError::NoMetadata => f.write_str("Missing library metadata"),
            LibraryError::EndlessMetadata => f.write_str("Invalid library metadata"),
            LibraryError::Engine(name) => {
                f.write_str("Engine '")?;
                write_bytes(f, name)?;
                f.write_str("' not found")
            }
            LibraryError::Word(word) => {
                f.write_str("Invalid metadata value given: ")?;
                write_bytes(f, word)
            }
            LibraryError::NameTwice => {
                f.write_str("Invalid metadata value, name argument was given multiple times")
            }
            LibraryError::NoName => f.write_str("Library name was not given"),
            LibraryError::Name => f.write_str(
                "Library names can only contain letters, numbers, or underscores(_) and must be at least one character long",
            ),
        }
    }
}

/// The name that a library's first line gives it: `#!lua name=mylib`.
pub fn library_name(code: &[u8]) -> Result<&[u8], LibraryError<'_>> {
    let rest = code.strip_prefix(b"#!").ok_or(LibraryError::NoMetadata)?;
    let end = rest.iter().position(|&byte| byte == b'\n').ok_or(LibraryError::EndlessMetadata)?;
    let mut words = rest[..end].split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let engine = words.next().unwrap_or_default();
    let mut name = None;
    for word in words {
        let is_name = word.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"name="));
        match (is_name, name) {
            (false, _) => return Err(LibraryError::Word(word)),
            (true, Some(_)) => return Err(LibraryError::NameTwice),
            (true, None) => name = Some(&word[5..]),
        }
    }
    let name = name.ok_or(LibraryError::NoName)?;
    if name.is_empty() || !name.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Err(LibraryError::Name);
    }
    if !engine.eq_ignore_ascii_case(b"lua") {
        return Err(LibraryError::Engine(engine));
    }
    Ok(name)
}

impl Libraries {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// True if there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// True if there is one of this name.
    #[must_use]
    pub fn contains(&self, name: &[u8]) -> bool {
        self.by_name.contains_key(name)
    }

    /// Keeps a library under its name, whether there is one already or not.
    pub fn put(&mut self, name: &[u8], code: &[u8]) {
        self.by_name.insert(name.to_vec(), Bytes::copy_from_slice(code));
    }

    /// Forgets a library; true if it was there.
    pub fn remove(&mut self, name: &[u8]) -> bool {
        self.by_name.remove(name).is_some()
    }

    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.by_name.clear();
    }

    /// Each library's name and code, by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> {
        self.by_name.iter().map(|(name, code)| (name.as_slice(), code.as_ref()))
    }

    /// Memory held, in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.iter().map(|(name, code)| name.len() + code.len() + 64).sum()
    }

    /// Appends all of them as they stand in an RDB file.
    pub fn push_to(&self, out: &mut Vec<u8>, compress: bool) {
        for code in self.by_name.values() {
            out.push(opcode::FUNCTION2);
            push_string(out, code, compress);
        }
    }

    /// Appends the commands that load all of them where there are none.
    pub fn push_commands_to(&self, out: &mut Vec<u8>) {
        for code in self.by_name.values() {
            push_command(out, [b"FUNCTION", b"LOAD".as_slice(), code].into_iter());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn the_first_line_names_the_library() {
        assert_eq!(library_name(b"#!lua name=my_lib2\ncode"), Ok(b"my_lib2".as_slice()));
        assert_eq!(library_name(b"#!LUA  NAME=x \n"), Ok(b"x".as_slice()));
    }

    #[test]
    fn code_without_a_proper_first_line_is_refused_in_redis_words() {
        for (code, words) in [
            ("abc", "Missing library metadata"),
            ("#!lua name=a", "Invalid library metadata"),
            ("#!foo name=x\n", "Engine 'foo' not found"),
            ("#!lua nam=x\n", "Invalid metadata value given: nam=x"),
            ("#!lua name=x name=y\n", "Invalid metadata value, name argument was given multiple times"),
            ("#!lua\n", "Library name was not given"),
            (
                "#!lua name=a-b\n",
                "Library names can only contain letters, numbers, or underscores(_) and must be at least one character long",
            ),
        ] {
            assert_eq!(library_name(code.as_bytes()).expect_err(code).to_string(), words);
        }
    }
}
