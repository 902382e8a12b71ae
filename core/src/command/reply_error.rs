//! Every error reply with fixed words, once, and the makers of those that name something.
//!
//! The words are Redis 7.0's.

use alloc::format;
use alloc::string::String;

use super::error::CommandError;

macro_rules! replies {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        $($(#[$doc])* pub const $name: CommandError = CommandError::new($text);)*
    };
}

replies! {
    /// The key holds another type.
    WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value";
    /// The arguments do not fit together.
    SYNTAX = "ERR syntax error";
    /// A number was expected.
    NOT_AN_INTEGER = "ERR value is not an integer or out of range";
    /// A number was expected.
    NOT_A_FLOAT = "ERR value is not a valid float";
    /// A field's value is no number.
    HASH_NOT_AN_INTEGER = "ERR hash value is not an integer";
    /// A field's value is no number.
    HASH_NOT_A_FLOAT = "ERR hash value is not a float";
    /// INCR and its kin.
    OVERFLOW = "ERR increment or decrement would overflow";
    /// DECRBY of the smallest integer.
    DECREMENT_OVERFLOW = "ERR decrement would overflow";
    /// INCRBYFLOAT.
    NAN_OR_INFINITY = "ERR increment would produce NaN or Infinity";
    /// A key that must exist does not.
    NO_SUCH_KEY = "ERR no such key";
    /// A negative position.
    OFFSET_OUT_OF_RANGE = "ERR offset is out of range";
    /// A string would grow past `proto-max-bulk-len`.
    STRING_TOO_LONG = "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
    /// A number out of range.
    OUT_OF_RANGE = "ERR value is out of range";
    /// A number must be positive.
    MUST_BE_POSITIVE = "ERR value is out of range, must be positive";
    /// SCAN and its kin.
    INVALID_CURSOR = "ERR invalid cursor";
    /// SELECT.
    DB_INDEX_OUT_OF_RANGE = "ERR DB index is out of range";
    /// CLUSTER and its kin.
    CLUSTER_DISABLED = "ERR This instance has cluster support disabled";
    /// MODULE LOAD and its kin.
    MODULE_NOT_ALLOWED = "ERR MODULE command not allowed. If the enable-module-command option is set to \"local\", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.";
    /// SLOWLOG GET.
    SLOWLOG_COUNT = "ERR count should be greater than or equal to -1";
    /// SWAPDB.
    INVALID_FIRST_DB = "ERR invalid first DB index";
    /// SWAPDB.
    INVALID_SECOND_DB = "ERR invalid second DB index";
    /// A write on a read-only replica. Differs: the words of the founding session; clients look at the first one.
    READONLY = "READONLY You can't write against a read only slave.";
    /// A replica that must not serve old data.
    MASTER_DOWN = "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.";
    /// Too few replicas are in touch.
    NO_REPLICAS = "NOREPLICAS Not enough good replicas to write.";
    /// A data set is being loaded.
    LOADING = "LOADING Redis is loading the dataset in memory";
    /// A password is needed.
    NO_AUTH = "NOAUTH Authentication required.";
    /// A wrong password.
    WRONG_PASS = "WRONGPASS invalid username-password pair or user is disabled.";
    /// AUTH on a node without a password.
    AUTH_WITHOUT_PASSWORD = "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?";
    /// Snapshots fail and writes are refused until one succeeds.
    MISCONF = "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may modify the data set are disabled, because this instance is configured to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error.";
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
    /// A negative timeout.
    TIMEOUT_NEGATIVE = "ERR timeout is negative";
    /// A timeout that is no number.
    TIMEOUT_NOT_AN_INTEGER = "ERR timeout is not an integer or out of range";
    /// HINCRBYFLOAT by what is no finite number.
    INCREMENT_NAN_OR_INFINITY = "ERR value is NaN or Infinity";
    /// HRANDFIELD with the one count that has no opposite.
    COUNT_OUT_OF_RANGE = "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807";
    /// LCS of something else than strings. It has words of its own for that.
    LCS_NOT_STRINGS = "ERR The specified keys must contain string values";
    /// LCS with options that exclude each other.
    LCS_LEN_AND_IDX = "ERR If you want both the length and indexes, please just use IDX.";
    /// LCS of a string of 4 GiB.
    LCS_STRING_TOO_LONG = "ERR String too long for LCS";
    /// LCS of strings whose table would be too large.
    LCS_EXCEEDS_LIMIT = "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len";
    /// LCS when memory is short.
    LCS_OUT_OF_MEMORY = "ERR Insufficient memory, failed allocating transient memory for LCS";
    /// An integer of more than 32 bits.
    INT_OUT_OF_RANGE = "ERR value is out of range, value must between -2147483648 and 2147483647";
    /// COPY and MOVE of a key to itself.
    SAME_OBJECT = "ERR source and destination objects are the same";
    /// Conditions of EXPIRE and its kin.
    EXPIRE_NX_OTHERS = "ERR NX and XX, GT or LT options at the same time are not compatible";
    /// Conditions of EXPIRE and its kin.
    EXPIRE_GT_LT = "ERR GT and LT options at the same time are not compatible";
    /// HEXPIRE and its kin, with a time before the epoch or now.
    FIELD_EXPIRE_NEGATIVE = "ERR invalid expire time, must be >= 0";
    /// Commands on the expiry of fields, without the word FIELDS.
    FIELDS_MISSING = "ERR Mandatory argument FIELDS is missing or not at the right position";
    /// HEXPIRE and its kin.
    FIELD_COUNT_NOT_GREATER = "ERR Parameter `numFields` should be greater than 0";
    /// HTTL and its kin, HPERSIST, HGETDEL and HGETEX.
    FIELD_COUNT_NOT_POSITIVE = "ERR Number of fields must be a positive integer";
    /// HSETEX.
    FIELD_COUNT_INVALID = "ERR invalid number of fields";
    /// More or fewer fields than were announced.
    FIELD_COUNT_MISMATCH = "ERR The `numfields` parameter must match the number of arguments";
    /// HSETEX with two conditions.
    FXX_AND_FNX = "ERR Only one of FXX or FNX arguments can be specified";
    /// HSETEX with two times.
    FIELD_EXPIRE_TWICE = "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified";
    /// OBJECT FREQ.
    LFU_NOT_SELECTED = "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.";
    /// OBJECT IDLETIME.
    LFU_SELECTED = "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.";
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
    /// FUNCTION RESTORE with an unknown policy.
    RESTORE_POLICY = "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.";
    /// FUNCTION FLUSH with another word.
    UNKNOWN_FLUSH_MODE = "ERR FUNCTION FLUSH only supports SYNC|ASYNC option";
    /// The timeout of BLPOP and its kin.
    TIMEOUT_NOT_A_FLOAT = "ERR timeout is not a float or out of range";
    /// The timeout of BLPOP and its kin.
    TIMEOUT_OUT_OF_RANGE = "ERR timeout is out of range";
    /// LSET past an end.
    INDEX_OUT_OF_RANGE = "ERR index out of range";
    /// SORT of elements that are no numbers.
    SORT_SCORE_NOT_A_FLOAT = "ERR One or more scores can't be converted into double";
    /// LPOS.
    RANK_ZERO = "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list";
    /// LPOS.
    POSITIONS_NEGATIVE = "ERR COUNT can't be negative";
    /// LPOS.
    MAXLEN_NEGATIVE = "ERR MAXLEN can't be negative";
    /// LMPOP and its kin.
    KEY_COUNT_NOT_POSITIVE = "ERR numkeys should be greater than 0";
    /// LMPOP and its kin.
    COUNT_NOT_POSITIVE = "ERR count should be greater than 0";
    /// SINTERCARD and its kin.
    KEY_COUNT_TOO_LARGE = "ERR Number of keys can't be greater than number of args";
    /// SINTERCARD and its kin.
    LIMIT_NEGATIVE = "ERR LIMIT can't be negative";
    /// ZADD with options that exclude each other.
    ZADD_XX_NX = "ERR XX and NX options at the same time are not compatible";
    /// ZADD with options that exclude each other.
    ZADD_GT_LT_NX = "ERR GT, LT, and/or NX options at the same time are not compatible";
    /// ZADD INCR of several.
    ZADD_INCR_PAIR = "ERR INCR option supports a single increment-element pair";
    /// Infinities of both signs, added.
    NAN_SCORE = "ERR resulting score is not a number (NaN)";
    /// A bound of scores.
    NOT_A_SCORE_BOUND = "ERR min or max is not a float";
    /// A bound of names.
    NOT_A_LEX_BOUND = "ERR min or max not valid string range item";
    /// ZRANGE.
    LIMIT_WITHOUT_BOUNDS = "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX";
    /// ZRANGE.
    WITHSCORES_WITH_BYLEX = "ERR syntax error, WITHSCORES not supported in combination with BYLEX";
    /// ZUNION and its kin.
    WEIGHT_NOT_A_FLOAT = "ERR weight value is not a float";
    /// RESTORE over a key that is there.
    BUSY_KEY = "BUSYKEY Target key name already exists.";
    /// RESTORE with a negative time.
    INVALID_TTL = "ERR Invalid TTL value, must be >= 0";
    /// RESTORE with a negative idle time.
    INVALID_IDLETIME = "ERR Invalid IDLETIME value, must be >= 0";
    /// RESTORE with a frequency that is none.
    INVALID_FREQ = "ERR Invalid FREQ value, must be >= 0 and <= 255";
    /// RESTORE of bytes that are no value.
    BAD_DATA_FORMAT = "ERR Bad data format";
    /// RESTORE of bytes that DUMP has not told.
    INVALID_PAYLOAD = "ERR DUMP payload version or checksum are wrong";
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
    /// XREAD and XREADGROUP with keys that are not followed by as many ids.
    UNBALANCED_STREAMS = "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.";
    /// An id of a stream's entry.
    INVALID_STREAM_ID = "ERR Invalid stream ID specified as stream command argument";
    /// An open interval after the last id.
    INVALID_INTERVAL_START = "ERR invalid start ID for the interval";
    /// An open interval before the first id.
    INVALID_INTERVAL_END = "ERR invalid end ID for the interval";
    /// XADD.
    XADD_ID_ZERO = "ERR The ID specified in XADD must be greater than 0-0";
    /// XADD.
    XADD_ID_TOO_SMALL = "ERR The ID specified in XADD is equal or smaller than the target stream top item";
    /// XADD to a stream that has given its last id.
    STREAM_EXHAUSTED = "ERR The stream has exhausted the last possible ID, unable to add more items";
    /// XADD.
    ELEMENTS_TOO_LARGE = "ERR Elements are too large to be stored";
    /// XADD and XTRIM.
    TRIM_STRATEGIES = "ERR syntax error, MAXLEN and MINID options at the same time are not compatible";
    /// XADD and XTRIM.
    TRIM_MAXLEN_NEGATIVE = "ERR The MAXLEN argument must be >= 0.";
    /// XADD and XTRIM.
    TRIM_LIMIT_NEGATIVE = "ERR The LIMIT argument must be >= 0.";
    /// XADD and XTRIM.
    TRIM_LIMIT_ALONE = "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy";
    /// XADD and XTRIM.
    TRIM_LIMIT_EXACT = "ERR syntax error, LIMIT cannot be used without the special ~ option";
    /// XTRIM.
    XTRIM_WITHOUT_STRATEGY = "ERR syntax error, XTRIM must be called with a trimming strategy";
    /// XSETID.
    ENTRIES_ADDED_NEGATIVE = "ERR entries_added must be positive";
    /// XSETID.
    XSETID_BELOW_GIVEN_DELETED = "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id";
    /// XSETID.
    XSETID_BELOW_TOP = "ERR The ID specified in XSETID is smaller than the target stream top item";
    /// XSETID.
    XSETID_BELOW_LENGTH = "ERR The entries_added specified in XSETID is smaller than the target stream length";
    /// XREAD.
    GROUP_IN_XREAD = "ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.";
    /// XREAD.
    NOACK_IN_XREAD = "ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.";
    /// XREADGROUP.
    XREADGROUP_WITHOUT_GROUP = "ERR Missing GROUP option for XREADGROUP";
    /// XREADGROUP.
    LAST_ID_IN_XREADGROUP = "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.";
    /// XREAD.
    NEW_ID_IN_XREAD = "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.";
    /// The key that XREADGROUP waited for is gone.
    UNBLOCKED_BY_REMOVAL = "UNBLOCKED the stream key no longer exists";
    /// The group for which XREADGROUP waited is gone.
    UNBLOCKED_BY_DESTROY = "NOGROUP the consumer group this client was blocked on no longer exists";
    /// XGROUP.
    XGROUP_WITHOUT_KEY = "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.";
    /// XGROUP CREATE.
    BUSY_GROUP = "BUSYGROUP Consumer Group name already exists";
    /// XGROUP.
    ENTRIES_READ_NEGATIVE = "ERR value for ENTRIESREAD must be positive or -1";
    /// XCLAIM.
    XCLAIM_MIN_IDLE = "ERR Invalid min-idle-time argument for XCLAIM";
    /// XCLAIM.
    XCLAIM_IDLE = "ERR Invalid IDLE option argument for XCLAIM";
    /// XCLAIM.
    XCLAIM_TIME = "ERR Invalid TIME option argument for XCLAIM";
    /// XCLAIM.
    XCLAIM_RETRYCOUNT = "ERR Invalid RETRYCOUNT option argument for XCLAIM";
    /// XAUTOCLAIM.
    XAUTOCLAIM_MIN_IDLE = "ERR Invalid min-idle-time argument for XAUTOCLAIM";
    /// XAUTOCLAIM.
    XAUTOCLAIM_COUNT = "ERR COUNT must be > 0";
    /// SETBIT and its kin.
    BIT_OFFSET = "ERR bit offset is not an integer or out of range";
    /// SETBIT of something else.
    NOT_A_BIT = "ERR bit is not an integer or out of range";
    /// BITPOS of something else.
    BIT_ARGUMENT = "ERR The bit argument must be 1 or 0.";
    /// BITOP.
    NOT_OF_SEVERAL = "ERR BITOP NOT must be called with a single source key.";
    /// BITFIELD.
    FIELD_TYPE = "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.";
    /// BITFIELD.
    OVERFLOW_TYPE = "ERR Invalid OVERFLOW type specified";
    /// BITFIELD_RO.
    FIELDS_ONLY_READ = "ERR BITFIELD_RO only supports the GET subcommand";
    /// A string that is no HyperLogLog.
    NOT_A_HYPERLOGLOG = "WRONGTYPE Key is not a valid HyperLogLog string value.";
    /// A HyperLogLog whose registers make no sense.
    CORRUPT_HYPERLOGLOG = "INVALIDOBJ Corrupted HLL object detected";
    /// PFDEBUG of nothing.
    PFDEBUG_NO_KEY = "ERR The specified key does not exist";
    /// PFDEBUG DECODE.
    HYPERLOGLOG_NOT_SPARSE = "ERR HLL encoding is not sparse";
    /// A unit of length.
    UNKNOWN_UNIT = "ERR unsupported unit provided. please use M, KM, FT, MI";
    /// GEOSEARCH and its kin.
    RADIUS_NOT_A_FLOAT = "ERR need numeric radius";
    /// GEOSEARCH and its kin.
    RADIUS_NEGATIVE = "ERR radius cannot be negative";
    /// GEOSEARCH.
    WIDTH_NOT_A_FLOAT = "ERR need numeric width";
    /// GEOSEARCH.
    HEIGHT_NOT_A_FLOAT = "ERR need numeric height";
    /// GEOSEARCH.
    BOX_NEGATIVE = "ERR height or width cannot be negative";
    /// GEOSEARCH from a member that is not there.
    MEMBER_NOT_DECODED = "ERR could not decode requested zset member";
    /// GEOSEARCH and its kin.
    PLACES_NOT_POSITIVE = "ERR COUNT must be > 0";
    /// GEOSEARCH and its kin.
    ANY_WITHOUT_COUNT = "ERR the ANY argument requires COUNT argument";
    /// GEORADIUS.
    STORE_WITH_DETAILS = "ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options";
    /// GEOSEARCHSTORE.
    GEOSEARCHSTORE_WITH_DETAILS = "ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options";
}

/// PFDEBUG with a word that is no subcommand.
#[must_use]
pub fn unknown_pfdebug_subcommand(name: &[u8]) -> CommandError {
    CommandError::with(format!("ERR Unknown PFDEBUG subcommand '{}'", shown(name)))
}

/// A place that is not on the map.
#[must_use]
pub fn invalid_position(longitude: f64, latitude: f64) -> CommandError {
    CommandError::with(format!("ERR invalid longitude,latitude pair {longitude:.6},{latitude:.6}"))
}

/// GEOSEARCH without one of two options. `command` is as the client spelled it.
#[must_use]
pub fn exactly_one_of(options: &str, command: &[u8]) -> CommandError {
    CommandError::with(format!("ERR exactly one of {options} can be specified for {}", shown(command)))
}

/// Bytes of a client's as an error repeats them: a char for each byte, as [`CommandError`] wants it.
fn shown_bytes(bytes: &[u8]) -> String {
    // Redis repeats them as a C string, which ends at a zero byte.
    bytes.iter().take_while(|&&byte| byte != 0).map(|&byte| char::from(byte)).collect()
}

/// A name that is no command's; `args` are the first of its arguments.
pub fn unknown_command<'a>(name: &[u8], args: impl Iterator<Item = &'a [u8]>) -> CommandError {
    /// How much of a name and of the arguments is repeated, in bytes.
    const SHOWN_BYTES_MAX: usize = 128;
    let shown = &name[..name.len().min(SHOWN_BYTES_MAX)];
    let mut text = format!("ERR unknown command '{}', with args beginning with: ", shown_bytes(shown));
    let prefix = text.len();
    for arg in args {
        let left = SHOWN_BYTES_MAX.saturating_sub(text.len() - prefix);
        if left == 0 {
            break;
        }
        let shown = &arg[..arg.len().min(left)];
        text.push_str(&format!("'{}' ", shown_bytes(shown)));
    }
    CommandError::with(text)
}

/// A container's argument that is no subcommand of it.
#[must_use]
pub fn unknown_subcommand(container: &str, name: &[u8]) -> CommandError {
    let shown = shown_bytes(&name[..name.len().min(128)]);
    let container = container.to_uppercase();
    CommandError::with(format!("ERR unknown subcommand '{shown}'. Try {container} HELP."))
}

/// Too few or too many arguments. `name` is `set`, or `config|get`.
#[must_use]
pub fn wrong_arity(name: &str) -> CommandError {
    CommandError::with(format!("ERR wrong number of arguments for '{name}' command"))
}

/// EXEC met an error that its queue had not met before.
#[must_use]
pub fn transaction_aborted(error: &CommandError) -> CommandError {
    CommandError::with(format!("EXECABORT Transaction discarded because of: {error}"))
}

/// An expiry that is out of range.
#[must_use]
pub fn invalid_expire(command: &str) -> CommandError {
    CommandError::with(format!("ERR invalid expire time in '{command}' command"))
}

/// HSETEX with a word that is no option.
#[must_use]
pub fn unknown_hsetex_argument(word: &[u8]) -> CommandError {
    CommandError::with(format!("ERR unknown argument: {}", shown_bytes(word)))
}

/// An option of EXPIRE and its kin that is none.
#[must_use]
pub fn unsupported_option(option: &[u8]) -> CommandError {
    CommandError::with(format!("ERR Unsupported option {}", shown_bytes(option)))
}

/// A class of connections that does not exist.
#[must_use]
pub fn unknown_client_type(name: &[u8]) -> CommandError {
    CommandError::with(format!("ERR Unknown client type '{}'", shown(name)))
}

/// A user that does not exist.
#[must_use]
pub fn no_such_user(name: &[u8]) -> CommandError {
    CommandError::with(format!("ERR No such user '{}'", shown(name)))
}

/// CLIENT SETINFO of what cannot be set.
#[must_use]
pub fn unrecognized_option(name: &[u8]) -> CommandError {
    CommandError::with(format!("ERR Unrecognized option '{}'", shown(name)))
}

/// CLIENT SETINFO to a text that would break the line of CLIENT LIST.
#[must_use]
pub fn unclean_client_info(attribute: &str) -> CommandError {
    CommandError::with(format!("ERR {attribute} cannot contain spaces, newlines or special characters."))
}

/// DEBUG with a word that is no subcommand, or with too few or too many after it.
#[must_use]
pub fn unknown_debug_subcommand(name: &[u8]) -> CommandError {
    let name = shown(name);
    CommandError::with(format!("ERR unknown subcommand or wrong number of arguments for '{name}'. Try DEBUG HELP."))
}

/// ZUNION and its kin of no keys.
#[must_use]
pub fn no_input_key(command: &str) -> CommandError {
    CommandError::with(format!("ERR at least 1 input key is needed for '{command}' command"))
}

/// FUNCTION LOAD with an option that is none.
#[must_use]
pub fn unknown_option_given(name: &[u8]) -> CommandError {
    CommandError::with(format!("ERR Unknown option given: {}", shown(name)))
}

/// FUNCTION LIST with an argument that is none.
#[must_use]
pub fn unknown_argument(name: &[u8]) -> CommandError {
    CommandError::with(format!("ERR Unknown argument {}", shown(name)))
}

/// A subcommand of CLIENT with too many words after it.
#[must_use]
pub fn wrong_client_subcommand(name: &[u8]) -> CommandError {
    let name = shown(name);
    CommandError::with(format!("ERR unknown subcommand or wrong number of arguments for '{name}'. Try CLIENT HELP."))
}

/// PUBSUB with too many words after its subcommand.
#[must_use]
pub fn wrong_pubsub_subcommand(name: &[u8]) -> CommandError {
    let name = shown(name);
    CommandError::with(format!("ERR unknown subcommand or wrong number of arguments for '{name}'. Try PUBSUB HELP."))
}

/// A command that a listener may not send in RESP2. `name` is `get`, or `client|list`.
#[must_use]
pub fn not_for_listeners(name: &str) -> CommandError {
    CommandError::with(format!(
        "ERR Can't execute '{name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"
    ))
}

/// CLIENT TRACKING with a prefix of which another one is a part, or the other way round.
#[must_use]
pub fn overlapping_prefix(prefix: &[u8], which: &str, other: &[u8]) -> CommandError {
    let (prefix, other) = (shown(prefix), shown(other));
    CommandError::with(format!(
        "ERR Prefix '{prefix}' overlaps with {which} prefix '{other}'. Prefixes for a single client must not overlap."
    ))
}

/// ACL CAT of what is no category.
#[must_use]
pub fn unknown_category(name: &[u8]) -> CommandError {
    CommandError::with(format!("ERR Unknown category '{}'", shown(name)))
}

/// ACL DRYRUN for who is no user.
#[must_use]
pub fn unknown_user(name: &[u8]) -> CommandError {
    CommandError::with(format!("ERR User '{}' not found", shown(name)))
}

/// ACL DRYRUN of what is no command.
#[must_use]
pub fn no_such_command(name: &[u8]) -> CommandError {
    CommandError::with(format!("ERR Command '{}' not found", shown(name)))
}

/// LATENCY GRAPH of an event that has not happened.
#[must_use]
pub fn no_samples(event: &[u8]) -> CommandError {
    CommandError::with(format!("ERR No samples available for event '{}'", shown_bytes(event)))
}

/// The part of an argument that an error repeats.
fn shown(argument: &[u8]) -> String {
    shown_bytes(&argument[..argument.len().min(128)])
}

/// A group of a stream that is not there, or neither is the stream.
#[must_use]
pub fn no_key_or_group(key: &[u8], group: &[u8], context: &str) -> CommandError {
    let (key, group) = (shown_bytes(key), shown_bytes(group));
    CommandError::with(format!("NOGROUP No such key '{key}' or consumer group '{group}'{context}"))
}

/// A group of a stream that is not there.
#[must_use]
pub fn no_group(key: &[u8], group: &[u8]) -> CommandError {
    let (key, group) = (shown_bytes(key), shown_bytes(group));
    CommandError::with(format!("NOGROUP No such consumer group '{group}' for key name '{key}'"))
}

/// XCLAIM with an option that is none.
#[must_use]
pub fn unrecognized_xclaim_option(option: &[u8]) -> CommandError {
    CommandError::with(format!("ERR Unrecognized XCLAIM option '{}'", shown_bytes(option)))
}

/// A subcommand with a word that it does not know, or with too few or too many.
#[must_use]
pub fn wrong_subcommand(container: &str, name: &[u8]) -> CommandError {
    let (name, container) = (shown(name), container.to_uppercase());
    CommandError::with(format!(
        "ERR unknown subcommand or wrong number of arguments for '{name}'. Try {container} HELP."
    ))
}
