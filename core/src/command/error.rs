//! Why a command was not carried out: a named reply.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

/// An error reply: its code and words, without the leading `-`. Each char stands for one byte, so that what a client sent can be repeated
/// whether it is text or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandError(Cow<'static, str>);

impl CommandError {
    /// An error with fixed words. Those that are used live in [`reply_error`](super::reply_error).
    #[must_use]
    pub const fn new(text: &'static str) -> CommandError {
        CommandError(Cow::Borrowed(text))
    }

    /// An error with words made for the occasion.
    #[must_use]
    pub fn with(text: String) -> CommandError {
        CommandError(Cow::Owned(text))
    }

    /// The reply's text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The first word, which clients look at and errorstats counts by.
    #[must_use]
    pub fn code(&self) -> &str {
        self.0.split(' ').next().unwrap_or_default()
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
