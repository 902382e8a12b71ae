//! Which directives are there, with which field, default, type and range?
//!
//! Defaults and ranges are those of Redis 7.0.15. A row reads: summary; names, field, type, default; kind, access
//! and what is special about it. The summary is also the documentation of the field.

use alloc::string::String;
use alloc::vec::Vec;

use super::compound::{
    Addresses, EventClasses, Limits, Master, OomScores, Percentiles, SavePoints, Shutdown, WipeGuard,
};
use super::directive::Reason;
use super::elsewhere::Elsewhere;
use super::kinds::{ANY_TEXT, Choice, Flag, Integer, Memory, MemoryOrPercent, Octal, OptionalText, Text};
use super::types::{
    AclPubsubDefault, AppendFsync, BufferLimit, BufferLimits, ClientsMemory, DisklessLoad, EnableDebug, Endpoint,
    GuardPolicies, LogLevel, MaxmemoryPolicy, OomScoreAdj, Password, PropagationError, ProtectedAction, SanitizeDump,
    SavePoint, ShutdownOptions, Supervised, SyslogFacility,
};
use super::user::UserLine;

/// A text that names a file in a directory.
macro_rules! file_name {
    ($directive:literal, $kind:literal) => {
        Text(|name| match name {
            "" => Err(Reason::Because(concat!($directive, " can't be empty"))),
            name if matches!(name, "." | "..") || name.contains(['/', '\\']) => {
                Err(Reason::Because(concat!($directive, " can't be a path, just a ", $kind)))
            }
            _ => Ok(()),
        })
    };
}

const INT_MIN: i64 = i32::MIN as i64;
pub(super) const INT_MAX: i64 = i32::MAX as i64;
const UINT_MAX: i64 = u32::MAX as i64;
/// The largest number of bytes where Redis keeps the value in a signed integer.
pub(super) const LONG_MAX: u64 = i64::MAX as u64;

/// Less than this is raised to it without a word, as in Redis.
const BACKLOG_SIZE: Memory = Memory { min: 1, max: LONG_MAX, floor: 16 << 10 };

const DEFAULT_BUFFER_LIMITS: BufferLimits = BufferLimits {
    normal: BufferLimit::new(0, 0, 0),
    replica: BufferLimit::new(256 << 20, 64 << 20, 60),
    pubsub: BufferLimit::new(32 << 20, 8 << 20, 60),
};

const DEFAULT_SAVE_POINTS: [SavePoint; 3] = [
    SavePoint { seconds: 3600, changes: 1 },
    SavePoint { seconds: 300, changes: 100 },
    SavePoint { seconds: 60, changes: 10_000 },
];

/// Whether the directory exists is found out when it is used.
const DIRECTORY: Text = Text(|path| match path {
    "" => Err(Reason::Because("No such file or directory")),
    _ => Ok(()),
});

const RDB_NAME: Text = file_name!("dbfilename", "filename");
const AOF_NAME: Text = file_name!("appendfilename", "filename");
const AOF_DIRECTORY: Text = file_name!("appenddirname", "dirname");

/// What `bind` says unless it is set: every address, whether there is IPv6 or not.
pub(crate) const EVERY_ADDRESS: [&str; 2] = ["*", "-::*"];

fn of(config: &Config) -> &Config {
    config
}

fn of_mut(config: &mut Config) -> &mut Config {
    config
}

directives! {
    /// Every setting of a node: one field per directive, named as the directive with `_` for `-`.
    ///
    /// `Config::default()` holds the defaults of Redis 7.0.15.
    Config at of, of_mut with {
        /// What cluster mode and TLS would go by.
        elsewhere: Elsewhere = Elsewhere::default(),
        /// Commands that clients know by another name, or not at all (`rename-command`): name and new name.
        renamed_commands: Vec<(String, String)> = Vec::new(),
        /// What a `user default` line says, which is to agree with `requirepass`.
        default_user: UserLine = UserLine::Absent,
        /// Directives of versions after 7.0 that the file names, and that are passed over.
        later_directives: Vec<&'static str> = Vec::new(),
    }

    // Network.
    /// TCP port to listen on; 0 listens on none.
    "port" => port: u16 = 6379, Integer::new(0, 65535), Runtime;
    /// Addresses to listen on. `*` is every IPv4 address, `::*` every IPv6 one.
    "bind" => bind: Vec<String> = EVERY_ADDRESS.map(String::from).into(), Addresses, Runtime;
    /// Local address of outgoing connections.
    "bind-source-addr" => bind_source_addr: Option<String> = None, OptionalText, Runtime;
    /// Refuse other machines while clients need no password.
    "protected-mode" => protected_mode: bool = true, Flag, Runtime;
    /// Connections waiting to be accepted.
    "tcp-backlog" => tcp_backlog: u32 = 511, Integer::new(0, INT_MAX), Startup;
    /// Seconds between TCP keepalive probes; 0 sends none.
    "tcp-keepalive" => tcp_keepalive: u32 = 300, Integer::new(0, INT_MAX), Runtime;
    /// Seconds after which an idle client is disconnected; 0 never.
    "timeout" => timeout: u32 = 0, Integer::new(0, INT_MAX), Runtime;
    /// Most clients at a time.
    "maxclients" => maxclients: u32 = 10000, Integer::new(1, UINT_MAX), Runtime;
    /// Path of a Unix socket to listen on; empty for none.
    "unixsocket" => unixsocket: Option<String> = None, OptionalText, Startup;
    /// Mode of the unix socket; 0 leaves it to the process.
    "unixsocketperm" => unixsocketperm: u32 = 0, Octal { max: 0o777 }, Startup;
    /// Mark set on listening sockets.
    "socket-mark-id" => socket_mark_id: u32 = 0, Integer::new(0, UINT_MAX), Startup, no_effect("sockets are not marked");
    /// Bytes of the longest argument a client may send.
    "proto-max-bulk-len" => proto_max_bulk_len: u64 = 512 << 20, Memory::new(1 << 20, LONG_MAX), Runtime;
    /// Bytes of unread input at which a client is disconnected.
    "client-query-buffer-limit" => client_query_buffer_limit: u64 = 1 << 30, Memory::new(1 << 20, LONG_MAX), Runtime;
    /// Pending output at which a client is disconnected, per class: hard and soft limit in bytes, seconds above the soft one.
    "client-output-buffer-limit" => client_output_buffer_limit: BufferLimits = DEFAULT_BUFFER_LIMITS,
        Limits, Runtime;
    /// Memory for all clients together, in bytes or as a share of `maxmemory`; 0 is no limit.
    "maxmemory-clients" => maxmemory_clients: ClientsMemory = ClientsMemory::Bytes(0),
        MemoryOrPercent, Runtime;

    // Process.
    /// Run in the background. Only `no` is supported: let a service manager do it.
    "daemonize" => daemonize: bool = false, Flag, Startup;
    /// Service manager that is told when the server is ready.
    "supervised" => supervised: Supervised = Supervised::No, Choice, Startup;
    /// File that holds the process id while the server runs.
    "pidfile" => pidfile: Option<String> = None, OptionalText, Startup;
    /// File to log to; empty for standard output.
    "logfile" => logfile: String = String::new(), ANY_TEXT, Startup;
    /// Least important line that is logged.
    "loglevel" => loglevel: LogLevel = LogLevel::Notice, Choice, Runtime;
    /// Databases, numbered from 0.
    "databases" => databases: u32 = 16, Integer::new(1, INT_MAX), Startup;
    /// Rounds of background work per second.
    "hz" => hz: u32 = 10, Integer::clamped(0, INT_MAX, 1, 500), Runtime;
    /// Raise `hz` with the number of clients.
    "dynamic-hz" => dynamic_hz: bool = true, Flag, Runtime, no_effect("background work is paced by the load, not by rounds");
    /// Seconds that a shutdown waits for replicas that lag.
    "shutdown-timeout" => shutdown_timeout: u32 = 10, Integer::new(0, INT_MAX), Runtime;
    /// How SIGINT shuts the server down.
    "shutdown-on-sigint" => shutdown_on_sigint: ShutdownOptions = ShutdownOptions::default(),
        Shutdown, Runtime;
    /// How SIGTERM shuts the server down.
    "shutdown-on-sigterm" => shutdown_on_sigterm: ShutdownOptions = ShutdownOptions::default(),
        Shutdown, Runtime;
    /// Print a logo at start.
    "always-show-logo" => always_show_logo: bool = false, Flag, Startup, no_effect("there is no logo");
    /// Show the state in the process title.
    "set-proc-title" => set_proc_title: bool = true, Flag, Startup, no_effect("the process keeps its name");
    /// Form of the process title.
    "proc-title-template" => proc_title_template: String = String::from("{title} {listen-addr} {server-mode}"),
        ANY_TEXT, Runtime, no_effect("the process keeps its name");
    /// Name in syslog.
    "syslog-ident" => syslog_ident: String = String::from("redis"), ANY_TEXT, Startup, no_effect("there is no syslog");
    /// Facility in syslog.
    "syslog-facility" => syslog_facility: SyslogFacility = SyslogFacility::Local0, Choice, Startup, no_effect("there is no syslog");
    /// Log a report when the process crashes.
    "crash-log-enabled" => crash_log_enabled: bool = true, Flag, Runtime, no_effect("a crash is told on standard error, always");
    /// Test memory when the process crashes.
    "crash-memcheck-enabled" => crash_memcheck_enabled: bool = true, Flag, Runtime, no_effect("memory is not tested after a crash");
    /// Exit instead of aborting after a panic.
    "use-exit-on-panic" => use_exit_on_panic: bool = false, Flag, Runtime, hidden, no_effect("a panic always aborts");
    /// Milliseconds of the watchdog; 0 is off.
    "watchdog-period" => watchdog_period: u32 = 0, Integer::new(0, INT_MAX), Runtime, hidden, no_effect("there is no watchdog");
    /// Rank of the process for the out-of-memory killer.
    "oom-score-adj" => oom_score_adj: OomScoreAdj = OomScoreAdj::No, Choice, Runtime, no_effect("the kernel's ranking of the process is left alone");
    /// Out-of-memory scores of a master, a replica and a child process.
    "oom-score-adj-values" => oom_score_adj_values: [i32; 3] = [0, 200, 800], OomScores, Runtime, no_effect("the kernel's ranking of the process is left alone");
    /// Turn transparent huge pages off for the process.
    "disable-thp" => disable_thp: bool = true, Flag, Startup;
    /// Threads that read and write sockets.
    "io-threads" => io_threads: u32 = 1, Integer::new(1, 128), Startup, no_effect("one thread serves all, and needs no help to be fast");
    /// Read on those threads, too.
    "io-threads-do-reads" => io_threads_do_reads: bool = false, Flag, Startup, no_effect("one thread serves all");
    /// Let the allocator purge in the background.
    "jemalloc-bg-thread" => jemalloc_bg_thread: bool = true, Flag, Runtime, no_effect("the allocator is not jemalloc");
    /// Processors of the main thread.
    "server_cpulist" => server_cpulist: Option<String> = None, OptionalText, Startup, no_effect("bind the process with taskset");
    /// Processors of background threads.
    "bio_cpulist" => bio_cpulist: Option<String> = None, OptionalText, Startup, no_effect("bind the process with taskset");
    /// Processors of append-only file rewrites.
    "aof_rewrite_cpulist" => aof_rewrite_cpulist: Option<String> = None, OptionalText, Startup, no_effect("there is no child process");
    /// Processors of snapshots.
    "bgsave_cpulist" => bgsave_cpulist: Option<String> = None, OptionalText, Startup, no_effect("there is no child process");
    /// Start-up warnings to leave out.
    "ignore-warnings" => ignore_warnings: String = String::new(), ANY_TEXT, Runtime, no_effect("there are no such warnings");

    // Access.
    /// Password of clients.
    "requirepass" => requirepass: Option<Password> = None, OptionalText, Runtime, sensitive;
    /// Who may set protected directives.
    "enable-protected-configs" => enable_protected_configs: ProtectedAction = ProtectedAction::No,
        Choice, Startup;
    /// Who may use DEBUG.
    "enable-debug-command" => enable_debug_command: EnableDebug = EnableDebug::No, Choice, Startup;
    /// Who may use MODULE.
    "enable-module-command" => enable_module_command: ProtectedAction = ProtectedAction::No,
        Choice, Startup, no_effect("there are no modules");
    /// Channels of a new ACL user.
    "acl-pubsub-default" => acl_pubsub_default: AclPubsubDefault = AclPubsubDefault::Resetchannels,
        Choice, Runtime, no_effect("there is no user but the default one");
    /// Entries of the ACL log.
    "acllog-max-len" => acllog_max_len: u64 = 128, Integer::new(0, i64::MAX), Runtime;

    // Snapshots.
    /// Directory of the data files.
    "dir" => dir: String = String::from("."), DIRECTORY, Protected, denied_while_loading;
    /// Name of the snapshot file.
    "dbfilename" => dbfilename: String = String::from("dump.rdb"), RDB_NAME, Protected;
    /// When to save a snapshot: after so many seconds if so many changes were made.
    "save" => save: Vec<SavePoint> = Vec::from(DEFAULT_SAVE_POINTS), SavePoints, Runtime;
    /// Refuse writes while the last snapshot failed.
    "stop-writes-on-bgsave-error" => stop_writes_on_bgsave_error: bool = true, Flag, Runtime;
    /// Compress strings in snapshots.
    "rdbcompression" => rdbcompression: bool = true, Flag, Runtime;
    /// Check and write the checksum of snapshots.
    "rdbchecksum" => rdbchecksum: bool = true, Flag, Startup;
    /// Delete snapshots that served a synchronisation when nothing else needs them.
    "rdb-del-sync-files" => rdb_del_sync_files: bool = false, Flag, Runtime;
    /// Flush a snapshot file in steps while it is written.
    "rdb-save-incremental-fsync" => rdb_save_incremental_fsync: bool = true, Flag, Runtime;
    /// How thoroughly snapshots and RESTORE are checked. Differs: whatever it says, everything is checked to its last byte.
    "sanitize-dump-payload" => sanitize_dump_payload: SanitizeDump = SanitizeDump::No,
        Choice, Runtime;
    /// Microseconds to wait per key saved; negative: 1 per that many keys. For tests.
    "rdb-key-save-delay" => rdb_key_save_delay: i32 = 0, Integer::new(INT_MIN, INT_MAX), Runtime, hidden,
        no_effect("nothing waits on purpose");
    /// Microseconds to wait per key loaded; negative: 1 per that many keys. For tests.
    "key-load-delay" => key_load_delay: i32 = 0, Integer::new(INT_MIN, INT_MAX), Runtime, hidden,
        no_effect("nothing waits on purpose");
    /// Bytes loaded between two looks at clients.
    "loading-process-events-interval-bytes" => loading_process_events_interval_bytes: u32 = 2 << 20,
        Integer::new(1024, INT_MAX), Runtime, hidden,
        no_effect("clients are served between any two pieces of a data set");

    // Append-only file.
    /// Write each command to a file as well.
    "appendonly" => appendonly: bool = false, Flag, Runtime, denied_while_loading;
    /// Name of the append-only file.
    "appendfilename" => appendfilename: String = String::from("appendonly.aof"), AOF_NAME, Startup;
    /// Directory of the append-only files.
    "appenddirname" => appenddirname: String = String::from("appendonlydir"), AOF_DIRECTORY, Startup;
    /// When the append-only file is flushed.
    "appendfsync" => appendfsync: AppendFsync = AppendFsync::Everysec, Choice, Runtime;
    /// Do not flush while a snapshot or rewrite runs.
    "no-appendfsync-on-rewrite" => no_appendfsync_on_rewrite: bool = false, Flag, Runtime;
    /// Growth in percent at which the file is rewritten.
    "auto-aof-rewrite-percentage" => auto_aof_rewrite_percentage: u32 = 100,
        Integer::new(0, INT_MAX), Runtime;
    /// Bytes below which it is not rewritten.
    "auto-aof-rewrite-min-size" => auto_aof_rewrite_min_size: u64 = 64 << 20,
        Memory::new(0, LONG_MAX), Runtime;
    /// Load a file that ends early.
    "aof-load-truncated" => aof_load_truncated: bool = true, Flag, Runtime;
    /// Begin the file with a snapshot.
    "aof-use-rdb-preamble" => aof_use_rdb_preamble: bool = true, Flag, Runtime;
    /// Record times in the file.
    "aof-timestamp-enabled" => aof_timestamp_enabled: bool = false, Flag, Runtime;
    /// Flush a rewrite in steps.
    "aof-rewrite-incremental-fsync" => aof_rewrite_incremental_fsync: bool = true, Flag, Runtime;
    /// Keep files that are no longer needed.
    "aof-disable-auto-gc" => aof_disable_auto_gc: bool = false, Flag, Runtime;

    // Replication.
    /// Master to replicate from; none makes this node a master.
    "replicaof" | "slaveof" => replicaof: Option<Endpoint> = None, Master, Startup;
    /// Password to give to the master.
    "masterauth" => masterauth: Option<Password> = None, OptionalText, Runtime, sensitive;
    /// User name to give to the master.
    "masteruser" => masteruser: Option<String> = None, OptionalText, Runtime, sensitive;
    /// Answer with old data while the link to the master is down.
    "replica-serve-stale-data" | "slave-serve-stale-data" => replica_serve_stale_data: bool = true,
        Flag, Runtime;
    /// Refuse writes of clients while this node is a replica.
    "replica-read-only" | "slave-read-only" => replica_read_only: bool = true, Flag, Runtime;
    /// Send snapshots to replicas straight over their sockets.
    "repl-diskless-sync" => repl_diskless_sync: bool = true, Flag, Runtime;
    /// Seconds that a diskless synchronisation waits for more replicas.
    "repl-diskless-sync-delay" => repl_diskless_sync_delay: u32 = 5, Integer::new(0, INT_MAX), Runtime;
    /// Replicas with which it no longer waits; 0 waits the whole delay.
    "repl-diskless-sync-max-replicas" => repl_diskless_sync_max_replicas: u32 = 0, Integer::new(0, INT_MAX), Runtime;
    /// Send and take snapshots by a connection of their own, beside the stream (Valkey since 8.0).
    "dual-channel-replication-enabled" => dual_channel_replication_enabled: bool = false, Flag, Runtime;
    /// How a replica loads a snapshot from the socket.
    "repl-diskless-load" => repl_diskless_load: DisklessLoad = DisklessLoad::Disabled,
        Choice, Runtime, denied_while_loading;
    /// Seconds between PINGs to the replicas.
    "repl-ping-replica-period" | "repl-ping-slave-period" => repl_ping_replica_period: u32 = 10,
        Integer::new(1, INT_MAX), Runtime;
    /// Seconds of silence after which a replication link is given up.
    "repl-timeout" => repl_timeout: u32 = 60, Integer::new(1, INT_MAX), Runtime;
    /// Let the system gather small writes to replicas.
    "repl-disable-tcp-nodelay" => repl_disable_tcp_nodelay: bool = false, Flag, Runtime;
    /// Bytes of the stream kept for partial resynchronisation.
    "repl-backlog-size" => repl_backlog_size: u64 = 1 << 20, BACKLOG_SIZE, Runtime;
    /// Seconds without replicas after which the backlog is freed; 0 never.
    "repl-backlog-ttl" => repl_backlog_ttl: u64 = 3600, Integer::new(0, i64::MAX), Runtime;
    /// Rank for promotion, lowest first; 0 is never promoted.
    "replica-priority" | "slave-priority" => replica_priority: u32 = 100, Integer::new(0, INT_MAX), Runtime;
    /// Be listed to sentinels.
    "replica-announced" => replica_announced: bool = true, Flag, Runtime;
    /// Address told to the master instead of the real one.
    "replica-announce-ip" | "slave-announce-ip" => replica_announce_ip: Option<String> = None,
        OptionalText, Runtime;
    /// Port told to the master instead of the real one; 0 tells the real one.
    "replica-announce-port" | "slave-announce-port" => replica_announce_port: u16 = 0,
        Integer::new(0, 65535), Runtime;
    /// Good replicas without which writes are refused; 0 needs none.
    "min-replicas-to-write" | "min-slaves-to-write" => min_replicas_to_write: u32 = 0,
        Integer::new(0, INT_MAX), Runtime;
    /// Seconds of lag up to which a replica is good.
    "min-replicas-max-lag" | "min-slaves-max-lag" => min_replicas_max_lag: u32 = 10,
        Integer::new(0, INT_MAX), Runtime;
    /// Leave eviction to the master.
    "replica-ignore-maxmemory" | "slave-ignore-maxmemory" => replica_ignore_maxmemory: bool = true,
        Flag, Runtime;
    /// Free the old data set in the background on a full synchronisation.
    "replica-lazy-flush" | "slave-lazy-flush" => replica_lazy_flush: bool = false, Flag, Runtime;
    /// What a replica does before a full synchronisation takes data from it that its master has lost, by what is offered: `empty`, `shrunk`, `rollback`.
    "replica-wipe-guard" => replica_wipe_guard: GuardPolicies = GuardPolicies::DEFAULT, WipeGuard, Runtime;
    /// Below so many of a replica's keys in a hundred a data set that lies behind it counts as `shrunk`, and what a node finds at start as lost.
    "replica-wipe-guard-shrunk-percent" => replica_wipe_guard_shrunk_percent: u32 = 10, Integer::new(0, 100), Runtime;
    /// Seconds of quarantine after which what is offered is taken all the same, behind an archive; 0 never.
    "replica-wipe-guard-timeout" => replica_wipe_guard_timeout: u32 = 0, Integer::new(0, INT_MAX), Runtime;
    /// Archives that are kept of data sets which were replaced, the newest ones.
    "replica-wipe-guard-archives" => replica_wipe_guard_archives: u32 = 3, Integer::new(1, 1000), Runtime;
    /// Bytes that they may have together, but for the newest; 0 is no limit.
    "replica-wipe-guard-archive-bytes" => replica_wipe_guard_archive_bytes: u64 = 0, Memory::new(0, u64::MAX), Runtime;
    /// Seconds for which a node that comes back without the data that it had, by what it wrote down, lets no replica synchronise with it; 0 lets them at once.
    "master-protected-restart" => master_protected_restart: u32 = 60, Integer::new(0, INT_MAX), Runtime;
    /// Keep replicating when the disk fails.
    "replica-ignore-disk-write-errors" => replica_ignore_disk_write_errors: bool = false,
        Flag, Runtime, no_effect("a replica goes on replicating whatever its disk does");
    /// What follows when a replicated command fails.
    "propagation-error-behavior" => propagation_error_behavior: PropagationError = PropagationError::Ignore,
        Choice, Runtime;

    // Memory and expiry.
    /// Bytes of data at which eviction begins; 0 is no limit.
    "maxmemory" => maxmemory: u64 = 0, Memory::new(0, u64::MAX), Runtime;
    /// Keys that give way at `maxmemory`.
    "maxmemory-policy" => maxmemory_policy: MaxmemoryPolicy = MaxmemoryPolicy::Noeviction,
        Choice, Runtime;
    /// Keys looked at per eviction.
    "maxmemory-samples" => maxmemory_samples: u32 = 5, Integer::new(1, INT_MAX), Runtime;
    /// Effort of eviction, in percent.
    "maxmemory-eviction-tenacity" => maxmemory_eviction_tenacity: u32 = 10, Integer::new(0, 100), Runtime, no_effect("eviction is paced by the load");
    /// How slowly the access counter of LFU grows.
    "lfu-log-factor" => lfu_log_factor: u32 = 10, Integer::new(0, INT_MAX), Runtime;
    /// Minutes after which the access counter of LFU is lowered.
    "lfu-decay-time" => lfu_decay_time: u32 = 1, Integer::new(0, INT_MAX), Runtime;
    /// Effort of removing expired keys.
    "active-expire-effort" => active_expire_effort: u32 = 1, Integer::new(1, 10), Runtime,
        no_effect("a timer removes each key when its time has come");
    /// Remove evicted keys with UNLINK.
    "lazyfree-lazy-eviction" => lazyfree_lazy_eviction: bool = false, Flag, Runtime;
    /// Remove expired keys with UNLINK.
    "lazyfree-lazy-expire" => lazyfree_lazy_expire: bool = false, Flag, Runtime;
    /// Free overwritten values in the background.
    "lazyfree-lazy-server-del" => lazyfree_lazy_server_del: bool = false, Flag, Runtime;
    /// Let DEL do what UNLINK does.
    "lazyfree-lazy-user-del" => lazyfree_lazy_user_del: bool = false, Flag, Runtime,
        no_effect("what is removed is freed bit by bit in any case");
    /// Let FLUSHALL and FLUSHDB do as with ASYNC.
    "lazyfree-lazy-user-flush" => lazyfree_lazy_user_flush: bool = false, Flag, Runtime,
        no_effect("what is removed is freed bit by bit in any case");
    /// Rehash in idle time.
    "activerehashing" => activerehashing: bool = true, Flag, Runtime, no_effect("tables grow without rehashing");
    /// Wasted bytes below which defragmentation rests.
    "active-defrag-ignore-bytes" => active_defrag_ignore_bytes: u64 = 100 << 20,
        Memory::new(1, LONG_MAX), Runtime, no_effect("there is no defragmentation");
    /// Waste in percent at which defragmentation begins.
    "active-defrag-threshold-lower" => active_defrag_threshold_lower: u32 = 10,
        Integer::new(0, 1000), Runtime, no_effect("there is no defragmentation");
    /// Waste in percent at which its effort is greatest.
    "active-defrag-threshold-upper" => active_defrag_threshold_upper: u32 = 100,
        Integer::new(0, 1000), Runtime, no_effect("there is no defragmentation");
    /// Least effort of defragmentation, in percent.
    "active-defrag-cycle-min" => active_defrag_cycle_min: u32 = 1, Integer::new(1, 99), Runtime, no_effect("there is no defragmentation");
    /// Greatest effort of defragmentation, in percent.
    "active-defrag-cycle-max" => active_defrag_cycle_max: u32 = 25, Integer::new(1, 99), Runtime, no_effect("there is no defragmentation");
    /// Fields of a value that are handled at once.
    "active-defrag-max-scan-fields" => active_defrag_max_scan_fields: u64 = 1000,
        Integer::new(1, i64::MAX), Runtime, no_effect("there is no defragmentation");

    // Encodings.
    /// Fields of a hash in one listpack.
    "hash-max-listpack-entries" | "hash-max-ziplist-entries" => hash_max_listpack_entries: u64 = 512,
        Integer::new(0, i64::MAX), Runtime;
    /// Bytes of the longest field or value in such a hash.
    "hash-max-listpack-value" | "hash-max-ziplist-value" => hash_max_listpack_value: u64 = 64,
        Memory::new(0, LONG_MAX), Runtime;
    /// Size of a list's nodes: elements, or -1 to -5 for 4 to 64 kb.
    "list-max-listpack-size" | "list-max-ziplist-size" => list_max_listpack_size: i32 = -2,
        Integer::new(INT_MIN, INT_MAX), Runtime;
    /// Uncompressed nodes at each end of a list; 0 compresses none.
    "list-compress-depth" => list_compress_depth: u32 = 0, Integer::new(0, INT_MAX), Runtime, no_effect("lists are not compressed");
    /// Integers of a set in one intset.
    "set-max-intset-entries" => set_max_intset_entries: u64 = 512, Integer::new(0, i64::MAX), Runtime;
    /// Members of a sorted set in one listpack.
    "zset-max-listpack-entries" | "zset-max-ziplist-entries" => zset_max_listpack_entries: u64 = 128,
        Integer::new(0, i64::MAX), Runtime;
    /// Bytes of the longest member in such a sorted set.
    "zset-max-listpack-value" | "zset-max-ziplist-value" => zset_max_listpack_value: u64 = 64,
        Memory::new(0, LONG_MAX), Runtime;
    /// Bytes of a sparse HyperLogLog.
    "hll-sparse-max-bytes" => hll_sparse_max_bytes: u64 = 3000, Memory::new(0, LONG_MAX), Runtime;
    /// Bytes of a stream's node; 0 is no limit.
    "stream-node-max-bytes" => stream_node_max_bytes: u64 = 4096, Memory::new(0, LONG_MAX), Runtime;
    /// Entries of a stream's node; 0 is no limit.
    "stream-node-max-entries" => stream_node_max_entries: u64 = 100, Integer::new(0, i64::MAX), Runtime;

    // Observation.
    /// Microseconds from which a command is logged as slow; -1 logs none.
    "slowlog-log-slower-than" => slowlog_log_slower_than: i64 = 10000, Integer::new(-1, i64::MAX), Runtime;
    /// Entries of the slow log.
    "slowlog-max-len" => slowlog_max_len: u64 = 128, Integer::new(0, i64::MAX), Runtime;
    /// Milliseconds from which an event is recorded for LATENCY; 0 records none.
    "latency-monitor-threshold" => latency_monitor_threshold: u64 = 0, Integer::new(0, i64::MAX), Runtime;
    /// Keep latency histograms of commands.
    "latency-tracking" => latency_tracking: bool = true, Flag, Runtime;
    /// Percentiles that INFO latencystats shows.
    "latency-tracking-info-percentiles" => latency_tracking_info_percentiles: Vec<String> = Vec::from(["50", "99", "99.9"].map(String::from)),
        Percentiles, Runtime;
    /// Classes of keyspace events that are published.
    "notify-keyspace-events" => notify_keyspace_events: String = String::new(), EventClasses, Runtime;
    /// Keys remembered for client-side caching; 0 is no limit.
    "tracking-table-max-keys" => tracking_table_max_keys: u64 = 1_000_000,
        Integer::new(0, i64::MAX), Runtime;
    /// Milliseconds after which a running script makes others wait with BUSY.
    "busy-reply-threshold" | "lua-time-limit" => busy_reply_threshold: u64 = 5000,
        Integer::new(0, i64::MAX), Runtime, no_effect("there are no scripts");
}
