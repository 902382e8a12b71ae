//! Which directives tune what this server does not have: cluster mode and TLS?
//!
//! Those that would switch it on are in [`fixed`](super::fixed). These are read, kept, shown and written back, so that a file
//! or a script that was made for Redis is understood. Defaults and ranges are those of Redis 7.0.15.

use alloc::string::String;

use super::directive::Reason;
use super::kinds::{ANY_TEXT, Choice, Flag, Integer, Memory, OptionalText, Text};
use super::table::{Config, INT_MAX, LONG_MAX};
use super::types::{EndpointType, Password, TlsAuthClients};

/// A host name, or nothing.
const HOST_NAME: Text = Text(|name| {
    /// Of a host name, with the zero byte that ends it in Redis.
    const BYTES_MAX: usize = 256;
    if name.len() >= BYTES_MAX {
        return Err(Reason::Because("Hostnames must be less than 256 characters"));
    }
    match name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.')) {
        true => Ok(()),
        false => Err(Reason::Because("Hostnames may only contain alphanumeric characters, hyphens or dots")),
    }
});

fn of(config: &Config) -> &Elsewhere {
    &config.elsewhere
}

fn of_mut(config: &mut Config) -> &mut Elsewhere {
    &mut config.elsewhere
}

directives! {
    /// What cluster mode and TLS would go by, if they were there.
    Elsewhere at of, of_mut with {}

    /// Serve shard channels while the cluster is down.
    "cluster-allow-pubsubshard-when-down" => cluster_allow_pubsubshard_when_down: bool = true, Flag, Runtime, no_effect("cluster mode is not supported");
    /// Serve reads while the cluster is down.
    "cluster-allow-reads-when-down" => cluster_allow_reads_when_down: bool = false, Flag, Runtime, no_effect("cluster mode is not supported");
    /// Let replicas move to masters without any.
    "cluster-allow-replica-migration" => cluster_allow_replica_migration: bool = true, Flag, Runtime, no_effect("cluster mode is not supported");
    /// Port of the cluster bus told to others; 0 tells the real one.
    "cluster-announce-bus-port" => cluster_announce_bus_port: u16 = 0, Integer::new(0, 65535), Runtime, no_effect("cluster mode is not supported");
    /// Host name told to others.
    "cluster-announce-hostname" => cluster_announce_hostname: String = String::new(), HOST_NAME, Runtime, no_effect("cluster mode is not supported");
    /// Address told to others.
    "cluster-announce-ip" => cluster_announce_ip: Option<String> = None, OptionalText, Runtime, no_effect("cluster mode is not supported");
    /// Port told to others; 0 tells the real one.
    "cluster-announce-port" => cluster_announce_port: u16 = 0, Integer::new(0, 65535), Runtime, no_effect("cluster mode is not supported");
    /// TLS port told to others; 0 tells the real one.
    "cluster-announce-tls-port" => cluster_announce_tls_port: u16 = 0, Integer::new(0, 65535), Runtime, no_effect("cluster mode is not supported");
    /// File that the cluster keeps its state in.
    "cluster-config-file" => cluster_config_file: String = String::from("nodes.conf"), ANY_TEXT, Startup, no_effect("cluster mode is not supported");
    /// Bytes that may wait for a link of the cluster bus; 0 is no limit.
    "cluster-link-sendbuf-limit" => cluster_link_sendbuf_limit: u64 = 0, Memory::new(0, LONG_MAX), Runtime, no_effect("cluster mode is not supported");
    /// Replicas that a master keeps when others need one.
    "cluster-migration-barrier" => cluster_migration_barrier: u32 = 1, Integer::new(0, INT_MAX), Runtime, no_effect("cluster mode is not supported");
    /// Milliseconds of silence after which a node has failed.
    "cluster-node-timeout" => cluster_node_timeout: u64 = 15000, Integer::new(0, i64::MAX), Runtime, no_effect("cluster mode is not supported");
    /// Port of the cluster bus; 0 is 10000 above `port`.
    "cluster-port" => cluster_port: u16 = 0, Integer::new(0, 65535), Startup, no_effect("cluster mode is not supported");
    /// By what name clients are sent to other nodes.
    "cluster-preferred-endpoint-type" => cluster_preferred_endpoint_type: EndpointType = EndpointType::Ip, Choice, Runtime, no_effect("cluster mode is not supported");
    /// Never let this replica take over.
    "cluster-replica-no-failover" | "cluster-slave-no-failover" => cluster_replica_no_failover: bool = false, Flag, Runtime, no_effect("cluster mode is not supported");
    /// How old a replica may be that takes over, in timeouts.
    "cluster-replica-validity-factor" | "cluster-slave-validity-factor" => cluster_replica_validity_factor: u32 = 10, Integer::new(0, INT_MAX), Runtime, no_effect("cluster mode is not supported");
    /// Refuse all while some slots are not served.
    "cluster-require-full-coverage" => cluster_require_full_coverage: bool = true, Flag, Runtime, no_effect("cluster mode is not supported");
    /// Ask clients for certificates.
    "tls-auth-clients" => tls_auth_clients: TlsAuthClients = TlsAuthClients::Yes, Choice, Runtime, no_effect("TLS is not supported");
    /// Directory of trusted certificates.
    "tls-ca-cert-dir" => tls_ca_cert_dir: Option<String> = None, OptionalText, Runtime, no_effect("TLS is not supported");
    /// File of trusted certificates.
    "tls-ca-cert-file" => tls_ca_cert_file: Option<String> = None, OptionalText, Runtime, no_effect("TLS is not supported");
    /// Certificate of the server.
    "tls-cert-file" => tls_cert_file: Option<String> = None, OptionalText, Runtime, no_effect("TLS is not supported");
    /// Ciphers up to TLS 1.2.
    "tls-ciphers" => tls_ciphers: Option<String> = None, OptionalText, Runtime, no_effect("TLS is not supported");
    /// Ciphers of TLS 1.3.
    "tls-ciphersuites" => tls_ciphersuites: Option<String> = None, OptionalText, Runtime, no_effect("TLS is not supported");
    /// Certificate of outgoing connections.
    "tls-client-cert-file" => tls_client_cert_file: Option<String> = None, OptionalText, Runtime, no_effect("TLS is not supported");
    /// Key of outgoing connections.
    "tls-client-key-file" => tls_client_key_file: Option<String> = None, OptionalText, Runtime, no_effect("TLS is not supported");
    /// Passphrase of that key.
    "tls-client-key-file-pass" => tls_client_key_file_pass: Option<Password> = None, OptionalText, Runtime, sensitive, no_effect("TLS is not supported");
    /// Parameters of key exchange.
    "tls-dh-params-file" => tls_dh_params_file: Option<String> = None, OptionalText, Runtime, no_effect("TLS is not supported");
    /// Key of the server.
    "tls-key-file" => tls_key_file: Option<String> = None, OptionalText, Runtime, no_effect("TLS is not supported");
    /// Passphrase of that key.
    "tls-key-file-pass" => tls_key_file_pass: Option<Password> = None, OptionalText, Runtime, sensitive, no_effect("TLS is not supported");
    /// Versions of TLS.
    "tls-protocols" => tls_protocols: Option<String> = None, OptionalText, Runtime, no_effect("TLS is not supported");
    /// Prefer the server's ciphers.
    "tls-prefer-server-ciphers" => tls_prefer_server_ciphers: bool = false, Flag, Runtime, no_effect("TLS is not supported");
    /// Sessions kept; 0 is no limit.
    "tls-session-cache-size" => tls_session_cache_size: u32 = 20480, Integer::new(0, INT_MAX), Runtime, no_effect("TLS is not supported");
    /// Seconds for which a session is kept.
    "tls-session-cache-timeout" => tls_session_cache_timeout: u32 = 300, Integer::new(0, INT_MAX), Runtime, no_effect("TLS is not supported");
    /// Keep sessions.
    "tls-session-caching" => tls_session_caching: bool = true, Flag, Runtime, no_effect("TLS is not supported");
}
