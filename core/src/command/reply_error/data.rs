//! What commands on data say, always in the same words.

use super::super::error::CommandError;

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
    /// SWAPDB.
    INVALID_FIRST_DB = "ERR invalid first DB index";
    /// SWAPDB.
    INVALID_SECOND_DB = "ERR invalid second DB index";
    /// A negative timeout.
    TIMEOUT_NEGATIVE = "ERR timeout is negative";
    /// A timeout that is no number.
    TIMEOUT_NOT_AN_INTEGER = "ERR timeout is not an integer or out of range";
    /// HINCRBYFLOAT by what is no finite number.
    INCREMENT_NAN_OR_INFINITY = "ERR value is NaN or Infinity";
    /// What is a flag, or a count of one thing.
    NEITHER_0_NOR_1 = "ERR value is out of range, value must between 0 and 1";
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
    /// MSETEX.
    KEY_COUNT_INVALID = "ERR invalid numkeys value or out of range";
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
    /// GEOSEARCH BYPOLYGON.
    CORNERS_NOT_A_NUMBER = "ERR invalid number of vertices";
    /// GEOSEARCH BYPOLYGON.
    CORNERS_TOO_FEW = "ERR GEOSEARCH BYPOLYGON must have at least 3 vertices";
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
