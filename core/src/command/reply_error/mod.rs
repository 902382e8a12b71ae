//! Every error reply, once.
//!
//! The words are Redis 7.0's.

/// Errors with fixed words, each with what it means.
macro_rules! replies {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        $($(#[$doc])* pub const $name: CommandError = CommandError::new($text);)*
    };
}

mod data;
mod naming;
mod server;

pub use data::*;
pub use naming::*;
pub use server::*;
