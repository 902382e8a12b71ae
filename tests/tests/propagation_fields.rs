//! What is a replica sent for each command on fields that expire? The rules are those of Redis 8.0.

use super::propagation::{Row, row};

/// A hash whose fields `a` and `b` have expired, and nobody has looked.
const DEAD: &[&str] =
    &["debug set-active-expire 0", "hset h a 1 b 2 c 3", "hpexpire h 1 fields 2 a b", "debug sleep 0.01"];
/// A hash of which nothing expires.
const PLAIN: &[&str] = &["hset h a 1 b 2 c 3"];
/// A hash whose field `a` expires, later.
const TIMED: &[&str] = &["hset h a 1 b 2 c 3", "hexpire h 1000 fields 1 a"];

pub(crate) const ROWS: &[Row] = &[
    row("HEXPIRE", PLAIN, &["hexpire h 1000 fields 2 a b"], &["HPEXPIREAT h <ms> fields 2 a b"]),
    row("HPEXPIRE", PLAIN, &["hpexpire h 1000000 fields 1 a"], &["HPEXPIREAT h <ms> fields 1 a"]),
    row("HEXPIREAT", PLAIN, &["hexpireat h 4102444800 fields 1 a"], &["HPEXPIREAT h 4102444800000 fields 1 a"]),
    row("HPEXPIREAT", PLAIN, &["hPexpireat h 4102444800000 fields 1 a"], &["hPexpireat h 4102444800000 fields 1 a"]),
    row(
        "fields that stay as they are do not count",
        TIMED,
        &["hexpire h 1000 nx fields 3 a b zz", "hpexpireat h 4102444800000 gt fields 2 zz a"],
        &["HPEXPIREAT h <ms> nx fields 1 b", "hpexpireat h 4102444800000 gt fields 1 a"],
    ),
    row(
        "a condition that fails everywhere",
        TIMED,
        &["hexpire h 1000 xx fields 2 b zz", "hexpire no 1 fields 1 a"],
        &[],
    ),
    row("a time in the past", PLAIN, &["hexpire h 0 fields 2 a zz"], &["HDEL h a"]),
    row("for several fields", PLAIN, &["hpexpireat h 1 fields 2 a b"], &["MULTI", "HDEL h a", "HDEL h b", "EXEC"]),
    row("HPERSIST", TIMED, &["hpersist h fields 2 a b", "hpersist h fields 1 a"], &["hpersist h fields 2 a b"]),
    row("reads", TIMED, &["httl h fields 1 a", "hpexpiretime h fields 1 a", "hgetex h fields 1 a"], &[]),
    row("HGETDEL", PLAIN, &["hgetdel h fields 2 a zz", "hgetdel h fields 1 zz"], &["HDEL h a zz"]),
    row("HGETEX EX", PLAIN, &["hgetex h ex 1000 fields 2 a zz"], &["HPEXPIREAT h <ms> fields 2 a zz"]),
    row(
        "HGETEX PERSIST",
        TIMED,
        &["hgetex h persist fields 1 b", "hgetex h persist fields 1 a"],
        &["HPERSIST h fields 1 a"],
    ),
    row("HGETEX of the past", PLAIN, &["hgetex h exat 1 fields 1 a"], &["HDEL h a"]),
    row("HSETEX without a time", PLAIN, &["hsetex h fields 1 a 1"], &["hsetex h fields 1 a 1"]),
    row("HSETEX EX", PLAIN, &["hsetex h fxx ex 1000 fields 1 a 1"], &["hsetex h fxx PXAT <ms> fields 1 a 1"]),
    row("HSETEX EXAT", &[], &["hsetex h exat 4102444800 fields 1 a 1"], &["hsetex h PXAT 4102444800000 fields 1 a 1"]),
    row(
        "HSETEX PXAT",
        &[],
        &["hsetex h pxat 4102444800000 fields 1 a 1"],
        &["hsetex h pxat 4102444800000 fields 1 a 1"],
    ),
    row("HSETEX KEEPTTL", TIMED, &["hsetex h keepttl fields 1 a 1"], &["hsetex h keepttl fields 1 a 1"]),
    row("HSETEX whose condition fails", PLAIN, &["hsetex h fnx fields 1 a 1", "hsetex no fxx fields 1 a 1"], &[]),
    row(
        "HSETEX of the past",
        PLAIN,
        &["hsetex h exat 1 fields 2 a 1 new 1"],
        &["MULTI", "HDEL h a", "HDEL h new", "EXEC"],
    ),
    row("HINCRBY", TIMED, &["hincrby h a 1"], &["hincrby h a 1"]),
    row("a dead field that is read", DEAD, &["hget h a"], &["HDEL h a"]),
    row("dead fields that are read", DEAD, &["hmget h a c b"], &["MULTI", "HDEL h a", "HDEL h b", "EXEC"]),
    row("a dead field that is added to", DEAD, &["hincrby h a 1"], &["MULTI", "HDEL h a", "hincrby h a 1", "EXEC"]),
    row("a dead field under HSETNX", DEAD, &["hsetnx h a 1"], &["MULTI", "HDEL h a", "hsetnx h a 1", "EXEC"]),
    row("a dead field that is set", DEAD, &["hset h a 1"], &["hset h a 1"]),
    row("a dead field that is removed", DEAD, &["hdel h a"], &["hdel h a"]),
    row("a dead field that is asked for its time", DEAD, &["httl h fields 1 a", "hpersist h fields 1 a"], &[]),
    row("a dead field that lives again", DEAD, &["hexpire h 1000 fields 1 a"], &["HPEXPIREAT h <ms> fields 1 a"]),
    row("lists of a hash", DEAD, &["hgetall h", "hkeys h", "hvals h", "hscan h 0", "hlen h", "exists h"], &[]),
    row(
        "HGETEX of a dead field and one alive",
        DEAD,
        &["hgetex h ex 1000 fields 2 a c"],
        &["MULTI", "HDEL h a", "HPEXPIREAT h <ms> fields 2 a c", "EXEC"],
    ),
    row(
        "HSETEX FNX over a dead field",
        DEAD,
        &["hsetex h fnx fields 1 a 1"],
        &["MULTI", "HDEL h a", "hsetex h fnx fields 1 a 1", "EXEC"],
    ),
    row("HSETEX FXX over a dead field", DEAD, &["hsetex h fxx fields 1 a 1"], &["HDEL h a"]),
    row("HGETDEL of a dead field", DEAD, &["hgetdel h fields 1 a"], &["HDEL h a"]),
];
