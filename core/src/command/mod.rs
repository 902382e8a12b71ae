//! Commands: one row for each, from which everything that must know a command takes what it knows.
//!
//! A family of commands is registered in one list at the top of its file. `COMMAND`, key extraction, the gates before execution
//! (read-only, loading, ...) and the propagation of writes all read the same rows.

mod acl;
#[cfg(test)]
mod bench;
mod block;
mod categories;
mod cluster;
mod container;
mod docs;
mod error;
mod exec;
mod feed;
mod help;
mod keys;
mod lookup;
mod memory;
mod module;
mod notice;
mod pubsub;
#[cfg(test)]
mod rebuild_tests;
mod renamed;
pub mod reply_error;
mod row;
mod scan_options;
mod server;
mod time_form;

mod bitmap;
mod dump;
mod function;
mod geo;
mod hash;
mod hyperloglog;
mod key;
mod list;
mod set;
mod sort;
mod stream;
mod string;
#[cfg(test)]
mod waiting;
mod zset;

pub use block::{Block, Null, Service};
pub use categories::CATEGORIES;
pub use docs::{Argument, Docs};
pub use error::CommandError;
pub use exec::{Exec, Expired, ExpiryRule, Hits};
pub use feed::{Feed, UnitSink};
#[cfg(test)]
pub(crate) use help::is_explained;
pub use help::reply_help;
pub use key::reference_count;
pub use keys::{Begin, Find, FoundKey, KeySpec, Keys};
pub use lookup::{ROW_COUNT, command_count, commands, find, find_numbered, numbered_rows, row_number, subcommand};
pub use notice::{Class, Classes, Notice, Notices};
pub use renamed::{Renamed, check_renamed};
pub use row::{Command, Flags, Group, Handler, Outcome, ServerCommand};
pub(crate) use stream::streams_have_come;
