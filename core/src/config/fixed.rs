//! Which directives of Redis does this server know without having what they switch on?
//!
//! Those with a value that switches the feature off are rows with that one value. Those that Redis itself ignores are
//! passed over in a file. The others are refused with a reason.

use alloc::format;
use alloc::string::String;

use super::directive::{Access, Directive, Kind, Reason};
use super::kinds::{ANY_TEXT, Flag, Integer};

macro_rules! fixed {
    ($( $(#[doc = $doc:literal])+ $name:literal: $type:ty = $value:literal, $kind:expr, $access:ident, $why:literal; )+) => {
        pub(super) static ROWS: &[Directive] = &[$(
            Directive {
                name: $name,
                alias: None,
                access: Access::$access,
                hidden: false,
                sensitive: false,
                denied_while_loading: false,
                without_effect: None,
                summary: concat!($($doc),+),
                is_multi_argument: || false,
                type_words: || only($value),
                parse: |_, arguments, mode| {
                    let mut value = <$type>::default();
                    Kind::<$type>::parse(&$kind, &mut value, arguments, mode)?;
                    if Kind::<$type>::print(&$kind, &value) == $value {
                        Ok(())
                    } else {
                        Err(Reason::Unsupported($why))
                    }
                },
                print: |_| String::from($value),
                is_default: |_| true,
                // Redis's default is the same: a file never needs the line.
                lines: |_| alloc::vec![if $value.is_empty() { String::from("\"\"") } else { String::from($value) }],
            },
        )+];
    };
}

fn only(value: &str) -> String {
    if value.is_empty() { String::from("only the empty text") } else { format!("only {value}") }
}

fixed! {
    /// Cluster mode.
    "cluster-enabled": bool = "no", Flag, Startup,
        "cluster mode is not supported: set 'cluster-enabled no'";
    /// File with the users of the access control list.
    "aclfile": String = "", ANY_TEXT, Startup,
        "there is no user but the default one: remove the line and use 'requirepass'";
    /// Port for TLS connections.
    "tls-port": u16 = "0", Integer::new(0, 65535), Runtime,
        "TLS is not supported: set 'tls-port 0' and put a TLS proxy in front of 'port'";
    /// TLS on the link to the master.
    "tls-replication": bool = "no", Flag, Runtime,
        "TLS is not supported: set 'tls-replication no'";
    /// TLS on the cluster bus.
    "tls-cluster": bool = "no", Flag, Runtime,
        "TLS is not supported: set 'tls-cluster no'";
    /// Log to syslog.
    "syslog-enabled": bool = "no", Flag, Startup,
        "syslog is not supported: use 'logfile', or standard output and a service manager";
    /// Defragmentation while running.
    "activedefrag": bool = "no", Flag, Runtime,
        "active defragmentation is not supported: set 'activedefrag no'";
}

/// Whether Redis 7.0 takes `name` in a file and nothing comes from it.
pub(super) fn is_passed_over(name: &[u8]) -> bool {
    let is_named = |known: &&str| known.as_bytes().eq_ignore_ascii_case(name);
    PASSED_OVER.iter().any(is_named)
}

const PASSED_OVER: [&str; 3] = ["list-max-ziplist-entries", "list-max-ziplist-value", "lua-replicate-commands"];

/// The directive of a version after 7.0 that `name` is, if it only tunes what may as well be left alone. Such a line is passed over
/// and told of in the log, so that the files of those versions can be used.
pub(super) fn find_later(name: &[u8]) -> Option<&'static str> {
    LATER.iter().find(|known| known.as_bytes().eq_ignore_ascii_case(name)).copied()
}

/// Why nothing comes of [`LATER`].
pub(super) const OF_LATER_VERSION: &str = "it is of a version after Redis 7.0";

/// Of Redis 8.0 and Valkey 9.
const LATER: [&str; 42] = [
    "active-defrag-cycle-us",
    "aof-rewrite-cpulist",
    "availability-zone",
    "bgsave-cpulist",
    "bio-cpulist",
    "cluster-announce-client-ipv4",
    "cluster-announce-client-ipv6",
    "cluster-announce-client-port",
    "cluster-announce-client-tls-port",
    "cluster-announce-human-nodename",
    "cluster-blacklist-ttl",
    "cluster-compatibility-sample-ratio",
    "cluster-config-save-behavior",
    "cluster-manual-failover-timeout",
    "cluster-slot-migration-log-max-len",
    "cluster-slot-stats-enabled",
    "commandlog-execution-slower-than",
    "commandlog-large-reply-max-len",
    "commandlog-large-request-max-len",
    "commandlog-reply-larger-than",
    "commandlog-request-larger-than",
    "commandlog-slow-execution-max-len",
    "hash-seed",
    "hide-user-data-from-log",
    "locale-collate",
    "log-format",
    "log-timestamp-format",
    "max-new-connections-per-cycle",
    "max-new-tls-connections-per-cycle",
    "mptcp",
    "prefetch-batch-max-size",
    "rdb-version-check",
    "rdma-completion-vector",
    "rdma-rx-size",
    "repl-mptcp",
    "replica-full-sync-buffer-limit",
    "server-cpulist",
    "set-max-listpack-entries",
    "set-max-listpack-value",
    "slot-migration-max-failover-repl-bytes",
    "tls-auto-reload-interval",
    "unixsocketgroup",
];

/// Why `name`, which is no row, is refused.
pub(super) fn refusal(name: &[u8]) -> Reason {
    match name.to_ascii_lowercase().as_slice() {
        b"loadmodule" => Reason::Unsupported("modules are not supported: remove the line"),
        b"sentinel" => Reason::Because("sentinel directive while not in sentinel mode"),
        _ => Reason::BadDirective,
    }
}
