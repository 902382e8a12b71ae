//! The shape of a command's row.

use core::ops::BitOr;

use crate::resp::Args;

use super::error::CommandError;
use super::exec::Exec;

/// How a handler ends: it has written its reply, or it says why it has not.
pub type Outcome = Result<(), CommandError>;

/// One command.
#[derive(Debug)]
pub struct Command {
    /// Its name in lower case; of a subcommand, the last word only.
    pub name: &'static str,
    /// How many arguments, the name included; negative for "at least". Of a subcommand, both words count.
    pub arity: i32,
    /// What it may and may not do.
    pub flags: Flags,
    /// Where its keys stand.
    pub keys: Keys,
    /// The ACL categories beside those that follow from flags and group, as `COMMAND INFO` lists them (`@keyspace`, ...).
    pub group: Group,
    /// The version of Redis that brought it.
    pub since: &'static str,
    /// One sentence for people.
    pub summary: &'static str,
    /// Its worst-case cost, in Redis's words (`O(1)`).
    pub complexity: &'static str,
    /// What carries it out.
    pub handler: Handler,
    /// Its subcommands.
    pub subcommands: &'static [Command],
}

/// What carries a command out.
#[derive(Clone, Copy)]
pub enum Handler {
    /// A function of the data: it sees the keyspace, the time, the random generator, the reply and the feed.
    Data(fn(&mut Exec<'_>, Args<'_>) -> Outcome),
    /// An administrative command, which sees the whole node.
    Server(ServerCommand),
    /// Only a container: its subcommands do the work.
    Container,
}

impl core::fmt::Debug for Handler {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Handler::Data(_) => "Data",
            Handler::Server(_) => "Server",
            Handler::Container => "Container",
        })
    }
}

/// The administrative commands; the node carries them out. A container with its subcommands is one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the command of that name")]
pub enum ServerCommand {
    Ping,
    Echo,
    Quit,
    Auth,
    Hello,
    Reset,
    Select,
    Client,
    Command,
    Config,
    Info,
    Time,
    Role,
    Debug,
    Shutdown,
    Multi,
    Exec,
    Discard,
    Watch,
    Unwatch,
    Save,
    Bgsave,
    LastSave,
    ReplicaOf,
    ReplConf,
    Psync,
    Sync,
    Wait,
    Lolwut,
}

/// The group of a command in the documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the group of that name")]
pub enum Group {
    Generic,
    String,
    Hash,
    Connection,
    Server,
    Transactions,
}

impl Group {
    /// The name in COMMAND DOCS.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Group::Generic => "generic",
            Group::String => "string",
            Group::Hash => "hash",
            Group::Connection => "connection",
            Group::Server => "server",
            Group::Transactions => "transactions",
        }
    }
}

/// Where the keys of a request stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// It has none.
    None,
    /// At `first`, and on in steps of `step` up to `last`; a negative `last` counts from the end (-1 is the last).
    Range {
        /// Index of the first key.
        first: i32,
        /// Index of the last key.
        last: i32,
        /// Distance between keys.
        step: i32,
    },
}

impl Keys {
    /// One key, right after the name.
    pub const ONE: Keys = Keys::Range { first: 1, last: 1, step: 1 };
    /// Two keys, right after the name.
    pub const TWO: Keys = Keys::Range { first: 1, last: 2, step: 1 };
    /// All arguments are keys.
    pub const ALL: Keys = Keys::Range { first: 1, last: -1, step: 1 };
    /// Keys and values by turns.
    pub const PAIRS: Keys = Keys::Range { first: 1, last: -1, step: 2 };
}

/// What a command may and may not do: a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(u32);

impl Flags {
    /// None of them.
    pub const NONE: Flags = Flags(0);
    /// Changes data.
    pub const WRITE: Flags = Flags(1);
    /// Reads data.
    pub const READONLY: Flags = Flags(1 << 1);
    /// May need memory: refused when there is none.
    pub const DENYOOM: Flags = Flags(1 << 2);
    /// For administrators.
    pub const ADMIN: Flags = Flags(1 << 3);
    /// Not from scripts.
    pub const NOSCRIPT: Flags = Flags(1 << 4);
    /// Allowed while a data set is being loaded.
    pub const LOADING: Flags = Flags(1 << 5);
    /// Allowed on a replica that has lost its master.
    pub const STALE: Flags = Flags(1 << 6);
    /// Constant or logarithmic time.
    pub const FAST: Flags = Flags(1 << 7);
    /// Allowed before authentication.
    pub const NO_AUTH: Flags = Flags(1 << 8);
    /// Not inside MULTI.
    pub const NO_MULTI: Flags = Flags(1 << 9);
    /// Not while a data set is being loaded beside the one that is served.
    pub const NO_ASYNC_LOADING: Flags = Flags(1 << 10);
    /// Not shown in statistics and slow logs.
    pub const SKIP_MONITOR: Flags = Flags(1 << 11);
    /// Only when the configuration allows it (`enable-debug-command`).
    pub const PROTECTED: Flags = Flags(1 << 12);
    /// Allowed while a script keeps the node busy.
    pub const ALLOW_BUSY: Flags = Flags(1 << 13);
    /// Touches keys by arguments that `Keys` does not tell.
    pub const MOVABLE_KEYS: Flags = Flags(1 << 14);
    /// Its reply differs in order or content from call to call (SCAN, RANDOMKEY).
    pub const NONDETERMINISTIC: Flags = Flags(1 << 15);

    /// True if all of `other` are in it.
    #[inline]
    #[must_use]
    pub const fn has(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both together, in constants.
    #[must_use]
    pub const fn and(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }

    /// The names in COMMAND INFO, in Redis's order; those that it does not show are left out.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        const NAMES: [(Flags, &str); 14] = [
            (Flags::WRITE, "write"),
            (Flags::READONLY, "readonly"),
            (Flags::DENYOOM, "denyoom"),
            (Flags::ADMIN, "admin"),
            (Flags::NOSCRIPT, "noscript"),
            (Flags::LOADING, "loading"),
            (Flags::STALE, "stale"),
            (Flags::SKIP_MONITOR, "skip_slowlog"),
            (Flags::FAST, "fast"),
            (Flags::NO_AUTH, "no_auth"),
            (Flags::NO_ASYNC_LOADING, "no_async_loading"),
            (Flags::NO_MULTI, "no_multi"),
            (Flags::ALLOW_BUSY, "allow_busy"),
            (Flags::MOVABLE_KEYS, "movablekeys"),
        ];
        NAMES.into_iter().filter(move |(flag, _)| self.has(*flag)).map(|(_, name)| name)
    }
}

impl BitOr for Flags {
    type Output = Flags;

    fn bitor(self, other: Flags) -> Flags {
        self.and(other)
    }
}

impl Command {
    /// True if a request of `len` arguments, the name included, has the right length.
    #[inline]
    #[must_use]
    pub fn accepts(&self, len: usize) -> bool {
        let len = i32::try_from(len).unwrap_or(i32::MAX);
        if self.arity >= 0 { len == self.arity } else { len >= -self.arity }
    }

    /// The indices of the keys in a request of `len` arguments.
    pub fn key_indices(&self, len: usize) -> impl Iterator<Item = usize> + use<> {
        let len = i32::try_from(len).unwrap_or(i32::MAX);
        let (first, last, step) = match self.keys {
            Keys::None => (1, 0, 1),
            Keys::Range { first, last, step } => (first, if last < 0 { len + last } else { last }, step),
        };
        (first..=last.min(len - 1)).step_by(step.max(1) as usize).map(|index| index as usize)
    }
}
