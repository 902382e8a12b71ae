use crate::command::bench::{Bench, check};

#[test]
fn members_come_and_go_and_are_fed_as_sent() {
    let mut bench = Bench::new();
    check(
        &mut bench,
        &[
            ("SADD s 3 1 2 1", ":3 ", &["SADD s 3 1 2 1"]),
            ("SADD s 1 2", ":0 ", &[]),
            ("SMEMBERS s", "*3 $1 1 $1 2 $1 3 ", &[]),
            ("SISMEMBER s 2", ":1 ", &[]),
            ("SMISMEMBER s 2 x 3", "*3 :1 :0 :1 ", &[]),
            ("SCARD s", ":3 ", &[]),
            ("OBJECT ENCODING s", "$6 intset ", &[]),
            ("SREM s 9", ":0 ", &[]),
            ("SREM s 1 9", ":1 ", &["SREM s 1 9"]),
            ("SMOVE s t 2", ":1 ", &["SMOVE s t 2"]),
            ("SMOVE s t 2", ":0 ", &[]),
            ("SMOVE no t 2", ":0 ", &[]),
            ("SSCAN t 0", "*2 $1 0 *1 $1 2 ", &[]),
            ("SSCAN t 0 MATCH x*", "*2 $1 0 *0 ", &[]),
            ("SREM s 3", ":1 ", &["SREM s 3"]),
            ("EXISTS s", ":0 ", &[]),
        ],
    );
}

#[test]
fn draws_are_fed_as_removals() {
    let mut bench = Bench::new();
    bench.run("SADD s a");
    check(
        &mut bench,
        &[
            ("SPOP s 0", "*0 ", &[]),
            ("SPOP s -1", "-ERR value is out of range, must be positive ", &[]),
            ("SPOP s 1 2", "-ERR syntax error ", &[]),
            ("SRANDMEMBER s", "$1 a ", &[]),
            ("SRANDMEMBER s -3", "*3 $1 a $1 a $1 a ", &[]),
            ("SRANDMEMBER no", "$-1 ", &[]),
            ("SRANDMEMBER no 2", "*0 ", &[]),
            ("SPOP s", "$1 a ", &["SREM s a"]),
            ("SPOP s", "$-1 ", &[]),
            ("SPOP s 2", "*0 ", &[]),
            ("SADD s a b", ":2 ", &["SADD s a b"]),
        ],
    );
    assert!(bench.run("SPOP s 2").starts_with("*2 "));
    assert_eq!(bench.fed(), ["DEL s"]);
    bench.run("SADD s a b c d e f g h i j");
    assert!(bench.run("SPOP s 3").starts_with("*3 "));
    assert_eq!(bench.fed().len(), 3);
    assert!(bench.fed().iter().all(|fed| fed.starts_with("SREM s ")));
    assert_eq!(bench.run("SCARD s"), ":7 ");
    assert!(bench.run("SPOP s 6").starts_with("*6 "));
    assert_eq!(bench.run("SCARD s"), ":1 ");
}

#[test]
fn sets_are_combined_and_kept() {
    let mut bench = Bench::new();
    bench.run("SADD a 1 2 3 4");
    bench.run("SADD b 2 4 6");
    check(
        &mut bench,
        &[
            ("SINTER a b", "*2 $1 2 $1 4 ", &[]),
            ("SINTER a no", "*0 ", &[]),
            ("SUNION b a", "*5 $1 1 $1 2 $1 3 $1 4 $1 6 ", &[]),
            ("SDIFF a b no", "*2 $1 1 $1 3 ", &[]),
            ("SINTERCARD 2 a b", ":2 ", &[]),
            ("SINTERCARD 2 a b LIMIT 1", ":1 ", &[]),
            ("SINTERCARD 0 a", "-ERR numkeys should be greater than 0 ", &[]),
            ("SINTERCARD 3 a b", "-ERR Number of keys can't be greater than number of args ", &[]),
            ("SINTERCARD 1 a LIMIT -1", "-ERR LIMIT can't be negative ", &[]),
            ("SINTERSTORE c a b", ":2 ", &["SINTERSTORE c a b"]),
            ("SDIFFSTORE c a a", ":0 ", &["SDIFFSTORE c a a"]),
            ("EXISTS c", ":0 ", &[]),
            ("SDIFFSTORE c a a", ":0 ", &[]),
            ("SUNIONSTORE a a b", ":5 ", &["SUNIONSTORE a a b"]),
        ],
    );
    bench.run("SET s x");
    for line in ["SINTER no s", "SUNIONSTORE c a s", "SADD s a", "SPOP s", "SMOVE a s 1", "SSCAN s 0"] {
        assert!(bench.run(line).starts_with("-WRONGTYPE"), "{line}");
    }
    assert_eq!(bench.run("SINTERSTORE s a b"), ":3 ");
    assert_eq!(bench.run("TYPE s"), "+set ");
}
