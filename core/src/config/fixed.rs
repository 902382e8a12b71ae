//! Which directives of Redis does this server know without having what they switch on?
//!
//! Those with a value that switches the feature off are rows with that one value. Those that only tune such a
//! feature, or that Redis itself ignores, are passed over in a file. The others are refused with a reason.

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
                has_effect: true,
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
    /// Append-only file.
    "appendonly": bool = "no", Flag, Runtime,
        "append-only files are not supported yet: set 'appendonly no' and use 'save' for snapshots";
    /// Cluster mode.
    "cluster-enabled": bool = "no", Flag, Startup,
        "cluster mode is not supported: set 'cluster-enabled no'";
    /// File with the users of the access control list.
    "aclfile": String = "", ANY_TEXT, Startup,
        "access control lists are not supported: use 'requirepass'";
    /// Path of a Unix socket to listen on.
    "unixsocket": String = "", ANY_TEXT, Startup,
        "Unix sockets are not supported: use 'port' with 'bind 127.0.0.1'";
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

/// Whether Redis 7.0 takes `name` in a file and nothing comes from it while cluster mode and TLS are off.
pub(super) fn is_passed_over(name: &[u8]) -> bool {
    let is_named = |known: &&str| known.as_bytes().eq_ignore_ascii_case(name);
    PASSED_OVER.iter().any(is_named)
}

const PASSED_OVER: [&str; 39] = [
    "cluster-allow-pubsubshard-when-down",
    "cluster-allow-reads-when-down",
    "cluster-allow-replica-migration",
    "cluster-announce-bus-port",
    "cluster-announce-hostname",
    "cluster-announce-ip",
    "cluster-announce-port",
    "cluster-announce-tls-port",
    "cluster-config-file",
    "cluster-link-sendbuf-limit",
    "cluster-migration-barrier",
    "cluster-node-timeout",
    "cluster-port",
    "cluster-preferred-endpoint-type",
    "cluster-replica-no-failover",
    "cluster-replica-validity-factor",
    "cluster-require-full-coverage",
    "cluster-slave-no-failover",
    "cluster-slave-validity-factor",
    "list-max-ziplist-entries",
    "list-max-ziplist-value",
    "lua-replicate-commands",
    "tls-auth-clients",
    "tls-ca-cert-dir",
    "tls-ca-cert-file",
    "tls-cert-file",
    "tls-ciphers",
    "tls-ciphersuites",
    "tls-client-cert-file",
    "tls-client-key-file",
    "tls-client-key-file-pass",
    "tls-dh-params-file",
    "tls-key-file",
    "tls-key-file-pass",
    "tls-prefer-server-ciphers",
    "tls-protocols",
    "tls-session-cache-size",
    "tls-session-cache-timeout",
    "tls-session-caching",
];

/// Why `name`, which is no row, is refused.
pub(super) fn refusal(name: &[u8]) -> Reason {
    let text = match name.to_ascii_lowercase().as_slice() {
        b"loadmodule" => "modules are not supported: remove the line",
        b"rename-command" => "renaming commands is not supported: remove the line",
        b"user" => "access control lists are not supported: use 'requirepass'",
        b"sentinel" => "sentinel directive while not in sentinel mode",
        _ => return Reason::BadDirective,
    };
    Reason::Unsupported(text)
}
