//! The shape of a command's row.

use crate::resp::Args;

use super::error::CommandError;
use super::exec::Exec;
use super::keys::Keys;

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
    /// What is done with its keys, in Redis's words, parted by `; ` where that differs from key to key (`RO access; OW update`). Behind a
    /// colon stands a note for people.
    pub access: &'static str,
    /// Its group in the documentation.
    pub group: Group,
    /// The ACL categories that do not follow from flags, if they are others than the group's.
    pub own_categories: Option<&'static str>,
    /// What COMMAND INFO tells clients that spread requests over several nodes, parted by blanks.
    pub tips: &'static str,
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
    Acl,
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
    BgRewriteAof,
    LastSave,
    ReplicaOf,
    Failover,
    /// What is held against our master.
    WipeGuard,
    ReplConf,
    Psync,
    Sync,
    Wait,
    WaitAof,
    Lolwut,
    Memory,
    Subscribe,
    Unsubscribe,
    Psubscribe,
    Punsubscribe,
    Ssubscribe,
    Sunsubscribe,
    Publish,
    Spublish,
    Pubsub,
    Monitor,
    Slowlog,
    Latency,
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
    List,
    Set,
    SortedSet,
    Stream,
    Bitmap,
    HyperLogLog,
    Geo,
    PubSub,
    Scripting,
    Cluster,
}

impl Group {
    /// The ACL category that follows from it.
    #[must_use]
    pub fn category(self) -> Option<&'static str> {
        Some(match self {
            Group::Generic => "keyspace",
            Group::SortedSet => "sortedset",
            Group::Transactions => "transaction",
            Group::Server | Group::Cluster => return None,
            other => other.name(),
        })
    }

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
            Group::List => "list",
            Group::Set => "set",
            Group::SortedSet => "sorted-set",
            Group::Stream => "stream",
            Group::Bitmap => "bitmap",
            Group::HyperLogLog => "hyperloglog",
            Group::Geo => "geo",
            Group::PubSub => "pubsub",
            Group::Scripting => "scripting",
            Group::Cluster => "cluster",
        }
    }
}

/// What a command may and may not do: a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(u32);

macro_rules! flags {
    ($($(#[$doc:meta])+ $name:ident = $bit:literal, $word:literal;)*) => {
        impl Flags {
            $($(#[$doc])+ pub const $name: Flags = Flags(1 << $bit);)*
        }

        /// Each flag's word in rows and in COMMAND INFO, in Redis's order.
        const WORDS: &[(Flags, &str)] = &[$((Flags::$name, $word)),*];
    };
}

flags! {
    /// Changes data.
    WRITE = 0, "write";
    /// Reads data.
    READONLY = 1, "readonly";
    /// May need memory: refused when there is none.
    DENYOOM = 2, "denyoom";
    /// For administrators.
    ADMIN = 3, "admin";
    /// Speaks with subscribers.
    PUBSUB = 4, "pubsub";
    /// Not from scripts.
    NOSCRIPT = 5, "noscript";
    /// May wait.
    BLOCKING = 6, "blocking";
    /// Allowed while a data set is being loaded.
    LOADING = 7, "loading";
    /// Allowed on a replica that has lost its master.
    STALE = 8, "stale";
    /// Not told to MONITOR.
    SKIP_MONITOR = 9, "skip_monitor";
    /// Not in the slow log.
    SKIP_SLOWLOG = 10, "skip_slowlog";
    /// Speaks to a cluster of keys on the move (RESTORE-ASKING).
    ASKING = 18, "asking";
    /// Constant or logarithmic time.
    FAST = 11, "fast";
    /// Allowed before authentication.
    NO_AUTH = 12, "no_auth";
    /// Not while a data set is being loaded beside the one that is served.
    NO_ASYNC_LOADING = 14, "no_async_loading";
    /// Not inside MULTI.
    NO_MULTI = 15, "no_multi";
    /// Allowed while a script keeps the node busy.
    ALLOW_BUSY = 16, "allow_busy";
    /// Its keys may all be left out.
    NO_MANDATORY_KEYS = 17, "no_mandatory_keys";
    /// Only when the configuration allows it (`enable-debug-command`).
    PROTECTED = 20, "protected";
    /// May change what replicas must know of, though it is no write. Redis knows it, but does not show it.
    MAY_REPLICATE = 24, "may_replicate";
}

/// Flags from this one on are ours: COMMAND INFO does not show them among the others.
const FIRST_OWN: u32 = 1 << 20;

impl Flags {
    /// The flags of which the words stand in `words`, parted by single blanks. In a constant, a word that is none does not compile.
    #[must_use]
    pub const fn from_words(words: &str) -> Flags {
        let bytes = words.as_bytes();
        let (mut flags, mut start) = (0, 0);
        while start < bytes.len() {
            let mut end = start;
            while end < bytes.len() && bytes[end] != b' ' {
                end += 1;
            }
            flags |= flag_of(bytes, start, end).0;
            start = end + 1;
        }
        Flags(flags)
    }

    /// True if all of `other` are in it.
    #[inline]
    #[must_use]
    pub const fn has(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }

    /// The names in COMMAND INFO, in Redis's order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        WORDS.iter().filter(move |(flag, _)| flag.0 < FIRST_OWN && self.has(*flag)).map(|(_, word)| *word)
    }
}

/// The flag whose word stands at `start..end`.
const fn flag_of(bytes: &[u8], start: usize, end: usize) -> Flags {
    let mut row = 0;
    while row < WORDS.len() {
        let word = WORDS[row].1.as_bytes();
        let mut at = 0;
        while at < word.len() && start + at < end && word[at] == bytes[start + at] {
            at += 1;
        }
        if at == word.len() && start + at == end {
            return WORDS[row].0;
        }
        row += 1;
    }
    panic!("a word that is no flag's");
}

impl Command {
    /// A command on data.
    #[must_use]
    pub const fn data(
        group: Group,
        name: &'static str,
        arity: i32,
        flags: &str,
        keys: Keys,
        handler: fn(&mut Exec<'_>, Args<'_>) -> Outcome,
    ) -> Command {
        Command { keys, ..Command::row(group, name, arity, Flags::from_words(flags), Handler::Data(handler)) }
    }

    /// An administrative command. It has no keys, unless [`Command::keys`] tells them.
    #[must_use]
    pub const fn server(group: Group, name: &'static str, arity: i32, flags: &str, command: ServerCommand) -> Command {
        Command::row(group, name, arity, Flags::from_words(flags), Handler::Server(command))
    }

    /// Only a container: its subcommands do the work.
    #[must_use]
    pub const fn container(group: Group, name: &'static str, arity: i32, subcommands: &'static [Command]) -> Command {
        Command { subcommands, ..Command::row(group, name, arity, Flags(0), Handler::Container) }
    }

    const fn row(group: Group, name: &'static str, arity: i32, flags: Flags, handler: Handler) -> Command {
        Command {
            name,
            arity,
            flags,
            keys: Keys::None,
            access: "",
            group,
            own_categories: None,
            tips: "",
            since: "",
            summary: "",
            complexity: "",
            handler,
            subcommands: &[],
        }
    }

    /// With its keys.
    #[must_use]
    pub const fn keys(self, keys: Keys) -> Command {
        Command { keys, ..self }
    }

    /// With what is done with its keys: see [`Command::access`].
    #[must_use]
    pub const fn access(self, access: &'static str) -> Command {
        Command { access, ..self }
    }

    /// In these ACL categories, parted by blanks, instead of the group's.
    #[must_use]
    pub const fn in_categories(self, categories: &'static str) -> Command {
        Command { own_categories: Some(categories), ..self }
    }

    /// With tips for clients: see [`Command::tips`].
    #[must_use]
    pub const fn tips(self, tips: &'static str) -> Command {
        Command { tips, ..self }
    }

    /// With what people are told: the version of Redis that brought it, its cost, and what it does.
    #[must_use]
    pub const fn docs(self, since: &'static str, complexity: &'static str, summary: &'static str) -> Command {
        Command { since, complexity, summary, ..self }
    }

    /// With its subcommands.
    #[must_use]
    pub const fn with_subcommands(self, subcommands: &'static [Command]) -> Command {
        Command { subcommands, ..self }
    }

    /// True if a request of `len` arguments, the name included, has the right length.
    #[inline]
    #[must_use]
    pub fn accepts(&self, len: usize) -> bool {
        let len = i32::try_from(len).unwrap_or(i32::MAX);
        if self.arity >= 0 { len == self.arity } else { len >= -self.arity }
    }
}
