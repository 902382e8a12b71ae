//! What is said of the server itself, always in the same words: its role, its clients, its configuration.

use super::super::error::CommandError;

replies! {
    /// CLUSTER and its kin.
    CLUSTER_DISABLED = "ERR This instance has cluster support disabled";
    /// MODULE LOAD and its kin.
    MODULE_NOT_ALLOWED = "ERR MODULE command not allowed. If the enable-module-command option is set to \"local\", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.";
    /// SLOWLOG GET.
    SLOWLOG_COUNT = "ERR count should be greater than or equal to -1";
    /// A write on a read-only replica. Differs: the words of the founding session; clients look at the first one.
    READONLY = "READONLY You can't write against a read only slave.";
    /// A replica that must not serve old data.
    MASTER_DOWN = "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.";
    /// Too few replicas are in touch.
    NO_REPLICAS = "NOREPLICAS Not enough good replicas to write.";
    /// A data set is being loaded.
    LOADING = "LOADING Redis is loading the dataset in memory";
    /// PSYNC to a master that came back without its data. A Redis takes the first word for "later".
    PROTECTED_RESTART = "LOADING This master came back without its data, and lets no replica take that from it for a while (master-protected-restart)";
    /// A password is needed.
    NO_AUTH = "NOAUTH Authentication required.";
    /// A wrong password.
    WRONG_PASS = "WRONGPASS invalid username-password pair or user is disabled.";
    /// AUTH on a node without a password.
    AUTH_WITHOUT_PASSWORD = "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?";
    /// Snapshots fail and writes are refused until one succeeds.
    MISCONF = "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may modify the data set are disabled, because this instance is configured to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error.";
    /// BGREWRITEAOF during another.
    REWRITE_IN_PROGRESS = "ERR Background append only file rewriting already in progress";
    /// `maxmemory` is reached, and nothing can give way.
    OUT_OF_MEMORY = "OOM command not allowed when used memory > 'maxmemory'.";
    /// A queued command was refused, so the transaction is.
    EXEC_ABORT = "EXECABORT Transaction discarded because of previous errors.";
    /// MULTI in MULTI.
    NESTED_MULTI = "ERR MULTI calls can not be nested";
    /// EXEC alone.
    EXEC_WITHOUT_MULTI = "ERR EXEC without MULTI";
    /// DISCARD alone.
    DISCARD_WITHOUT_MULTI = "ERR DISCARD without MULTI";
    /// WATCH in MULTI.
    WATCH_IN_MULTI = "ERR WATCH inside MULTI is not allowed";
    /// A command that cannot be queued.
    NOT_IN_MULTI = "ERR Command not allowed inside a transaction";
    /// PSYNC behind unread replies.
    SYNC_PENDING_OUTPUT = "ERR SYNC and PSYNC are invalid with pending output";
    /// A filtered snapshot has no length to be told.
    FILTER_NEEDS_EOF = "ERR Filtered replica requires EOF capability";
    /// A filter of which quotes do not match.
    FILTER_MISSING = "ERR Missing rdb-filter-only values";
    /// PSYNC to a replica that has no data to give.
    NO_MASTER_LINK = "NOMASTERLINK Can't SYNC while not connected with my master";
    /// PSYNC to a master that hands its role over.
    SYNC_WHILE_FAILING_OVER = "NOMASTERLINK Can't SYNC while failing over";
    /// PSYNC FAILOVER to a node that has nothing to take over.
    TAKE_OVER_BY_MASTER = "ERR PSYNC FAILOVER can't be sent to a master.";
    /// PSYNC FAILOVER by another master than ours.
    TAKE_OVER_OF_OTHER = "ERR PSYNC FAILOVER replid must match my replid.";
    /// FAILOVER ABORT.
    NO_FAILOVER = "ERR No failover in progress.";
    /// FAILOVER.
    FAILOVER_TIMEOUT = "ERR FAILOVER timeout must be greater than 0";
    /// FAILOVER during another.
    FAILOVER_IN_PROGRESS = "ERR FAILOVER already in progress.";
    /// FAILOVER on a replica.
    FAILOVER_ON_REPLICA = "ERR FAILOVER is not valid when server is a replica.";
    /// FAILOVER on a master that nobody follows.
    FAILOVER_WITHOUT_REPLICAS = "ERR FAILOVER requires connected replicas.";
    /// FAILOVER FORCE to nobody, or at no time.
    FAILOVER_FORCE = "ERR FAILOVER with force option requires both a timeout and target HOST and IP.";
    /// FAILOVER to a stranger.
    FAILOVER_TARGET_UNKNOWN = "ERR FAILOVER target HOST and PORT is not a replica.";
    /// FAILOVER to a replica that has no data yet.
    FAILOVER_TARGET_OFFLINE = "ERR FAILOVER target replica is not online.";
    /// REPLICAOF during a failover.
    REPLICAOF_WHILE_FAILING_OVER = "ERR REPLICAOF not allowed while failing over.";
    /// The snapshot for a replica failed.
    SYNC_SNAPSHOT_FAILED = "ERR BGSAVE failed, replication can't continue";
    /// REPLICAOF with a bad port.
    INVALID_MASTER_PORT = "ERR Invalid master port";
    /// REPLICAOF from a replica's link.
    NOT_FROM_REPLICA = "ERR Command is not valid when client is a replica.";
    /// A snapshot runs already.
    SAVE_IN_PROGRESS = "ERR Background save already in progress";
    /// DEBUG without leave.
    DEBUG_NOT_ALLOWED = "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.";
    /// HELLO with an unknown version.
    NO_PROTO = "NOPROTO unsupported protocol version";
    /// HELLO with a version that is no number.
    PROTO_NOT_AN_INTEGER = "ERR Protocol version is not an integer or out of range";
    /// More connections than `maxclients`.
    MAX_CLIENTS = "ERR max number of clients reached";
    /// SHUTDOWN could not save.
    SHUTDOWN_FAILED = "ERR Errors trying to SHUTDOWN. Check logs.";
    /// WAIT on a replica.
    WAIT_ON_REPLICA = "ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a replica is configured to be writable (which is not the default) writes to replicas are just local and are not propagated.";
    /// WAITAOF on a replica.
    WAITAOF_ON_REPLICA = "ERR WAITAOF cannot be used with replica instances. Please also note that writes to replicas are just local and are not propagated.";
    /// WAITAOF for our own disk, where nothing is appended to a file.
    WAITAOF_WITHOUT_AOF = "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.";
    /// CONFIG REWRITE of a node that was started without a file.
    NO_CONFIG_FILE = "ERR The server is running without a config file";
    /// CONFIG SET of what the host must agree to, where nothing may wait for it. Redis has no such limit.
    HOST_IN_MULTI = "ERR 'dir', 'port' and 'bind' can't be set inside MULTI: set them alone";
    /// ACL GENPASS.
    GENPASS_BITS = "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096";
    /// ACL LOAD and SAVE.
    NO_ACL_FILE = "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users in the Redis configuration.";
    /// ACL DELUSER.
    DEFAULT_USER_STAYS = "ERR The 'default' user cannot be removed";
    /// ACL SETUSER. Redis knows more users.
    ONLY_DEFAULT_USER = "ERR There is no user but the default one, which may do everything: set its password with CONFIG SET requirepass";
    /// CLIENT KILL ID 0.
    CLIENT_ID_NOT_POSITIVE = "ERR client-id should be greater than 0";
    /// CLIENT LIST ID of what is no number.
    INVALID_CLIENT_ID = "ERR Invalid client ID";
    /// CLIENT KILL by an address that nobody has.
    NO_SUCH_CLIENT = "ERR No such client";
    /// COMMAND GETKEYS of what is no command.
    GETKEYS_UNKNOWN_COMMAND = "ERR Invalid command specified";
    /// COMMAND GETKEYS of a request that is too short or too long.
    GETKEYS_WRONG_ARITY = "ERR Invalid number of arguments specified for command";
    /// COMMAND GETKEYS of a request that does not say where its keys are.
    GETKEYS_WRONG_ARGUMENTS = "ERR Invalid arguments specified for command";
    /// COMMAND GETKEYS of a request without keys.
    GETKEYS_NO_KEYS = "ERR The command has no key arguments";
    /// DEBUG RELOAD that failed; the data stay as they are.
    DEBUG_RELOAD_FAILED = "ERR Error trying to load the RDB dump, check server logs";
    /// DEBUG RELOAD with an option that is none.
    RELOAD_OPTIONS = "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.";
    /// DEBUG RELOAD of what this server does not do. The words are ours.
    RELOAD_REFUSED = "ERR DEBUG RELOAD is not offered without saving, nor on top of the same keys without MERGE";
    /// DEBUG with a subcommand that harms the server. The words are ours.
    DOES_NO_HARM = "ERR this server does not harm itself when it is asked to";
    /// DEBUG with a subcommand about the append-only file. The words are ours.
    NO_AOF = "ERR there is no append-only file here";
    /// DEBUG CLUSTERLINK.
    ONLY_IN_CLUSTERS = "ERR Debug option only available for cluster mode enabled setup!";
    /// DEBUG LISTPACK.
    NOT_A_LISTPACK = "ERR Not a listpack encoded object.";
    /// DEBUG QUICKLIST.
    NOT_A_QUICKLIST = "ERR Not a quicklist encoded object.";
    /// DEBUG SDSLEN.
    NOT_AN_SDS = "ERR Not an sds encoded string.";
    /// DEBUG HTSTATS-KEY.
    NOT_A_HASH_TABLE = "ERR The value stored at the specified key is not represented using an hash table";
    /// DEBUG HTSTATS.
    DEBUG_NO_SUCH_DATABASE = "ERR Out of range database";
    /// DEBUG QUICKLIST-PACKED-THRESHOLD with anything but the default. The words are ours.
    PACKED_THRESHOLD_IS_FIXED = "ERR how large an element must be to stand alone in a list is fixed; 0 is accepted";
    /// DEBUG PROTOCOL of a type that RESP2 has no form for.
    NEEDS_RESP3 = "ERR RESP2 is not supported by this command";
    /// DEBUG PROTOCOL of no type.
    WRONG_PROTOCOL_TYPE = "ERR Wrong protocol type name. Please use one of the following: string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false";
    /// DEBUG CLIENT-EVICTION without `maxmemory-clients`.
    CLIENT_EVICTION_OFF = "ERR maxmemory-clients is disabled.";
    /// DEBUG CLIENT-EVICTION with it. The words are ours.
    NO_CLIENT_CLASSES = "ERR clients are not kept in classes by the memory they take";
    /// FCALL of what is not there.
    FUNCTION_NOT_FOUND = "ERR Function not found";
    /// FUNCTION DELETE of what is not there.
    LIBRARY_NOT_FOUND = "ERR Library not found";
    /// FUNCTION LIST LIBRARYNAME without a pattern.
    NO_LIBRARY_PATTERN = "ERR library name argument was not given";
    /// FUNCTION KILL.
    NO_SCRIPT_RUNS = "NOTBUSY No scripts in execution right now.";
    /// FUNCTION RESTORE of something else.
    NOT_A_FUNCTION = "ERR given type is not a function";
    /// CLIENT PAUSE of something.
    PAUSE_MODE_UNKNOWN = "ERR CLIENT PAUSE mode must be WRITE or ALL";
    /// CLIENT UNBLOCK by something.
    UNBLOCK_REASON_UNKNOWN = "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR";
    /// SSUBSCRIBE in a transaction.
    SSUBSCRIBE_IN_EXEC = "ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client";
    /// MONITOR in a transaction.
    MONITOR_IN_EXEC = "ERR MONITOR isn't allowed for DENY BLOCKING client";
    /// A command on data of a connection that has asked for MONITOR.
    MONITOR_TOUCHES_DATA = "ERR Replica can't interact with the keyspace";
    /// CLIENT CACHING of a client that does not track.
    CACHING_WITHOUT_TRACKING = "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled";
    /// CLIENT CACHING YES in another mode.
    CACHING_YES_WITHOUT_OPTIN = "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.";
    /// CLIENT CACHING NO in another mode.
    CACHING_NO_WITHOUT_OPTOUT = "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.";
    /// CLIENT TRACKING REDIRECT to nobody.
    TRACKING_REDIRECT_UNKNOWN = "ERR The client ID you want redirect to does not exist";
    /// CLIENT TRACKING with two REDIRECTs.
    TRACKING_REDIRECT_TWICE = "ERR A client can only redirect to a single other client";
    /// CLIENT TRACKING with prefixes that nobody asks for.
    TRACKING_PREFIX_WITHOUT_BCAST = "ERR PREFIX option requires BCAST mode to be enabled";
    /// CLIENT TRACKING of a client that tracks otherwise.
    TRACKING_BCAST_SWITCHED = "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.";
    /// CLIENT TRACKING of a client that tracks otherwise.
    TRACKING_OPT_SWITCHED = "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode.";
    /// CLIENT TRACKING in two ways at once.
    TRACKING_BCAST_WITH_OPT = "ERR OPTIN and OPTOUT are not compatible with BCAST";
    /// CLIENT TRACKING in two ways at once.
    TRACKING_OPTIN_AND_OPTOUT = "ERR You can't specify both OPTIN mode and OPTOUT mode";
}
