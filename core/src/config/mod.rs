//! What can the operator set, and how is it read, shown and written back?
//!
//! One table ([`directives`]) has a row per directive: name and alias, field, default, type with its range, when
//! it may change. The fields of [`Config`], its defaults, the file parser, the command line, CONFIG GET, SET and
//! REWRITE and the reference ([`reference()`]) all come from that table. The engine reads the fields directly;
//! nothing is looked up by name while commands run.

#[macro_use]
mod row;

mod compound;
mod directive;
mod elsewhere;
mod file;
mod fixed;
mod kinds;
mod reference;
mod rewrite;
mod set;
mod table;
mod types;
mod user;

#[cfg(test)]
mod tests;

pub use directive::{Access, Directive, Reason};
pub use elsewhere::Elsewhere;
pub use file::{ConfigError, split_command_line};
pub use kinds::parse_memory;
pub use reference::reference;
pub use set::{SetContext, SetError};
pub use table::Config;
pub(crate) use table::EVERY_ADDRESS;
pub use types::{
    AclPubsubDefault, AppendFsync, BufferLimit, BufferLimits, ClientsMemory, DisklessLoad, EnableDebug, Endpoint,
    EndpointType, GuardPolicies, GuardPolicy, LogLevel, MaxmemoryPolicy, OomScoreAdj, Password, PropagationError,
    ProtectedAction, SanitizeDump, SavePoint, ShutdownOptions, Supervised, SyslogFacility, TlsAuthClients,
};
pub use user::{UserLine, describe_default_user, password_hash};

/// Every directive, in the order in which CONFIG GET and the reference list them.
pub fn directives() -> impl Iterator<Item = &'static Directive> {
    table::ROWS.iter().chain(elsewhere::ROWS).chain(fixed::ROWS)
}

/// The row that `name` selects, by its name or its alias, in any case of letters.
fn find_directive(name: &[u8]) -> Option<(&'static Directive, &'static str)> {
    directives()
        .find_map(|row| row.names().find(|known| known.as_bytes().eq_ignore_ascii_case(name)).map(|known| (row, known)))
}
