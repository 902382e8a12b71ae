//! What values do the fields of [`Config`](super::Config) hold, beyond numbers, flags and texts?

use alloc::string::String;
use core::fmt;

/// A type whose values are written as one word out of a list.
pub(super) trait Word: Copy + PartialEq + 'static {
    /// Every word with its value, in the order in which error messages list them.
    const WORDS: &'static [(&'static str, Self)];

    /// The word of this value.
    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, value)| *value == self).map_or("", |(word, _)| word)
    }
}

macro_rules! words {
    ($(#[$about:meta])* $name:ident { $( $(#[$doc:meta])* $variant:ident = $word:literal, )+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $( $(#[$doc])* $variant, )+ }

        impl Word for $name {
            const WORDS: &'static [(&'static str, $name)] = &[$(($word, $name::$variant)),+];
        }
    };
}

words! {
    /// What a replica does with its data set while it receives a snapshot over a socket.
    DisklessLoad {
        /// Store the snapshot in a file first.
        Disabled = "disabled",
        /// Load from the socket only if there is nothing to lose.
        OnEmptyDb = "on-empty-db",
        /// Load beside the old data, which is served until the new one is complete.
        Swapdb = "swapdb",
    }
}

words! {
    /// What a replica does with a data set that would take more from it than its master ever removed.
    GuardPolicy {
        /// It takes the place of ours.
        Allow = "allow",
        /// Ours is written to a file before.
        Archive = "archive",
        /// Ours stays, and is served; the master is asked again now and then whether it has a better one.
        Quarantine = "quarantine",
        /// Ours stays, and the master is not asked again.
        Refuse = "refuse",
    }
}

/// `replica-wipe-guard`: a policy for each class of data sets that are not harmless.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuardPolicies {
    /// For a data set without keys.
    pub empty: GuardPolicy,
    /// For one that has far fewer keys than we have, and lies behind us.
    pub shrunk: GuardPolicy,
    /// For one that lies behind us.
    pub rollback: GuardPolicy,
}

impl GuardPolicies {
    /// What is done unless somebody wants it otherwise.
    ///
    /// A master that has lost everything is empty for as long as it takes its clients to write the first key, so that few keys count as none. Behind us by a part
    /// of the stream is whoever was promoted when it lagged, which happens in every failover: there service goes on, and what we had can be had back.
    pub const DEFAULT: GuardPolicies = GuardPolicies {
        empty: GuardPolicy::Quarantine,
        shrunk: GuardPolicy::Quarantine,
        rollback: GuardPolicy::Archive,
    };

    /// What a Redis does.
    pub const ALLOW: GuardPolicies = GuardPolicies::all(GuardPolicy::Allow);

    /// The same for all classes.
    #[must_use]
    pub const fn all(policy: GuardPolicy) -> GuardPolicies {
        GuardPolicies { empty: policy, shrunk: policy, rollback: policy }
    }
}

words! {
    /// Who may use a guarded ability: DEBUG, MODULE, setting a protected directive.
    ProtectedAction {
        /// Nobody.
        No = "no",
        /// Everybody.
        Yes = "yes",
        /// Connections from this machine.
        Local = "local",
    }
}

/// The setting of `enable-debug-command`.
pub type EnableDebug = ProtectedAction;

impl ProtectedAction {
    /// Whether a caller is let through; `caller_is_local` is true for a unix socket or a loopback address.
    #[must_use]
    pub fn allows(self, caller_is_local: bool) -> bool {
        match self {
            ProtectedAction::No => false,
            ProtectedAction::Yes => true,
            ProtectedAction::Local => caller_is_local,
        }
    }
}

words! {
    /// The least important kind of line that is still logged.
    LogLevel {
        /// Everything.
        Debug = "debug",
        /// Rarely useful detail.
        Verbose = "verbose",
        /// What an operator wants to see in production.
        Notice = "notice",
        /// Only what needs attention.
        Warning = "warning",
    }
}

words! {
    /// Which keys give way when memory runs out.
    MaxmemoryPolicy {
        /// Least recently used, among keys with an expiry.
        VolatileLru = "volatile-lru",
        /// Least frequently used, among keys with an expiry.
        VolatileLfu = "volatile-lfu",
        /// Any key with an expiry.
        VolatileRandom = "volatile-random",
        /// The key that expires soonest.
        VolatileTtl = "volatile-ttl",
        /// Least recently used.
        AllkeysLru = "allkeys-lru",
        /// Least frequently used.
        AllkeysLfu = "allkeys-lfu",
        /// Any key.
        AllkeysRandom = "allkeys-random",
        /// None: commands that need memory fail.
        Noeviction = "noeviction",
    }
}

impl MaxmemoryPolicy {
    /// True if it looks at how often keys are used.
    #[inline]
    #[must_use]
    pub fn counts_frequency(self) -> bool {
        matches!(self, MaxmemoryPolicy::VolatileLfu | MaxmemoryPolicy::AllkeysLfu)
    }

    /// True if it looks at when keys were used last.
    #[must_use]
    pub fn counts_idleness(self) -> bool {
        matches!(self, MaxmemoryPolicy::VolatileLru | MaxmemoryPolicy::AllkeysLru)
    }

    /// True if only keys with an expiry give way.
    #[must_use]
    pub fn spares_lasting_keys(self) -> bool {
        use MaxmemoryPolicy::{VolatileLfu, VolatileLru, VolatileRandom, VolatileTtl};
        matches!(self, VolatileLru | VolatileLfu | VolatileRandom | VolatileTtl)
    }
}

words! {
    /// What follows when a command from the master fails on the replica.
    PropagationError {
        /// It is logged.
        Ignore = "ignore",
        /// The process ends, on any node.
        Panic = "panic",
        /// The process ends on replicas.
        PanicOnReplicas = "panic-on-replicas",
    }
}

words! {
    /// How thoroughly RESTORE and snapshots are checked before they are used.
    SanitizeDump {
        /// Not beyond what memory safety needs.
        No = "no",
        /// Always.
        Yes = "yes",
        /// Only what comes from clients.
        Clients = "clients",
    }
}

words! {
    /// Which service manager is told that the server is ready.
    Supervised {
        /// Upstart.
        Upstart = "upstart",
        /// systemd, over its notification socket.
        Systemd = "systemd",
        /// Whichever one the environment names.
        Auto = "auto",
        /// None.
        No = "no",
    }
}

words! {
    /// When an append-only file is flushed.
    AppendFsync {
        /// Once per second.
        Everysec = "everysec",
        /// After each write.
        Always = "always",
        /// When the operating system pleases.
        No = "no",
    }
}

words! {
    /// How the process is ranked for the out-of-memory killer.
    OomScoreAdj {
        /// Left alone.
        No = "no",
        /// As `relative`.
        Yes = "yes",
        /// Values are added to the score at start.
        Relative = "relative",
        /// Values are the score.
        Absolute = "absolute",
    }
}

words! {
    /// The channels a new ACL user may use.
    AclPubsubDefault {
        /// All.
        Allchannels = "allchannels",
        /// None.
        Resetchannels = "resetchannels",
    }
}

words! {
    /// The syslog facility.
    SyslogFacility {
        /// user
        User = "user",
        /// local0
        Local0 = "local0",
        /// local1
        Local1 = "local1",
        /// local2
        Local2 = "local2",
        /// local3
        Local3 = "local3",
        /// local4
        Local4 = "local4",
        /// local5
        Local5 = "local5",
        /// local6
        Local6 = "local6",
        /// local7
        Local7 = "local7",
    }
}

words! {
    /// By what name clients are sent to other nodes of a cluster.
    EndpointType {
        /// By address.
        Ip = "ip",
        /// By host name.
        Hostname = "hostname",
        /// By none.
        UnknownEndpoint = "unknown-endpoint",
    }
}

words! {
    /// Whether TLS clients are asked for certificates.
    TlsAuthClients {
        /// They are not.
        No = "no",
        /// Those without are refused.
        Yes = "yes",
        /// Those without are let in.
        Optional = "optional",
    }
}

/// Where another server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Name or address, as written.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl Endpoint {
    /// True if the other names the same place for certain: the same name, or both this machine, however that is spelled.
    #[must_use]
    pub fn is_same_place(&self, other: &Endpoint) -> bool {
        const THIS_MACHINE: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
        let is_this_machine =
            |endpoint: &Endpoint| THIS_MACHINE.iter().any(|name| endpoint.host.eq_ignore_ascii_case(name));
        let is_same_host = self.host.eq_ignore_ascii_case(&other.host);
        self.port == other.port && (is_same_host || is_this_machine(self) && is_this_machine(other))
    }
}

/// A snapshot is taken when `seconds` have passed since the last one and at least `changes` keys changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SavePoint {
    /// Seconds since the last snapshot.
    pub seconds: u32,
    /// Changes since the last snapshot.
    pub changes: u32,
}

/// When a client that reads too slowly is disconnected. Zero means no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BufferLimit {
    /// Bytes at which it is disconnected at once.
    pub hard_bytes: u64,
    /// Bytes above which it may stay only for a while.
    pub soft_bytes: u64,
    /// Length of that while, in seconds.
    pub soft_seconds: u32,
}

impl BufferLimit {
    pub(super) const fn new(hard_bytes: u64, soft_bytes: u64, soft_seconds: u32) -> BufferLimit {
        BufferLimit { hard_bytes, soft_bytes, soft_seconds }
    }
}

/// The limit on pending output of each class of client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BufferLimits {
    /// Ordinary clients, MONITOR included.
    pub normal: BufferLimit,
    /// Replicas.
    pub replica: BufferLimit,
    /// Clients with a subscription.
    pub pubsub: BufferLimit,
}

/// How much memory all clients together may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientsMemory {
    /// That many bytes; zero means no limit.
    Bytes(u64),
    /// A share of `maxmemory`, at most 100.
    Percent(u8),
}

impl ClientsMemory {
    /// The limit in bytes; zero means none.
    #[must_use]
    pub fn bytes(self, maxmemory: u64) -> u64 {
        match self {
            ClientsMemory::Bytes(bytes) => bytes,
            ClientsMemory::Percent(percent) => maxmemory / 100 * u64::from(percent),
        }
    }
}

/// How a signal shuts the server down. All false: a snapshot is saved if there are save points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShutdownOptions {
    /// Save even without save points.
    pub save: bool,
    /// Do not save. Never together with `save`.
    pub nosave: bool,
    /// Do not wait for replicas that lag.
    pub now: bool,
    /// Go on even if saving fails.
    pub force: bool,
}

/// A password. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// The password itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The bytes a client must send.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl From<String> for Password {
    fn from(text: String) -> Password {
        Password(text)
    }
}

impl From<&str> for Password {
    fn from(text: &str) -> Password {
        Password(String::from(text))
    }
}

impl AsRef<str> for Password {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}
