use crate::command::ExpiryRule;
use crate::command::bench::{Bench, check};

#[test]
fn del_counts_each_key_once_and_is_fed_only_if_one_was_there() {
    check(
        &mut Bench::new(),
        &[
            ("DEL a", ":0 ", &[]),
            ("SET a 1", "+OK ", &["SET a 1"]),
            ("SET b 1", "+OK ", &["SET b 1"]),
            ("EXISTS a b a c", ":3 ", &[]),
            ("TOUCH a b a c", ":3 ", &[]),
            ("DEL a a c", ":1 ", &["DEL a a c"]),
            ("unlink b a", ":1 ", &["unlink b a"]),
            ("TYPE b", "+none ", &[]),
        ],
    );
}

#[test]
fn an_expired_key_is_removed_by_its_own_del_and_not_counted() {
    let mut bench = Bench::new();
    bench.run("SET a 1");
    bench.run("PEXPIRE a 10");
    bench.now_ms += 11;
    check(&mut bench, &[("DEL a", ":0 ", &["DEL a"])]);
    bench.config.lazyfree_lazy_expire = true;
    bench.run("SET a 1");
    bench.run("PEXPIRE a 10");
    bench.now_ms += 11;
    check(&mut bench, &[("EXISTS a", ":0 ", &["UNLINK a"]), ("DBSIZE", ":0 ", &[])]);
}

#[test]
fn del_on_a_replica_removes_a_key_that_reads_already_hide() {
    let mut bench = Bench::new();
    bench.run("SET a 1");
    bench.run("PEXPIRE a 10");
    bench.now_ms += 11;
    bench.expiry = ExpiryRule::Hide;
    check(&mut bench, &[("EXISTS a", ":0 ", &[]), ("DBSIZE", ":1 ", &[]), ("DEL a", ":1 ", &["DEL a"])]);
}

#[test]
fn rename_moves_value_and_expiry_over_what_was_there() {
    check(
        &mut Bench::new(),
        &[
            ("RENAME a b", "-ERR no such key ", &[]),
            ("RENAME a a", "-ERR no such key ", &[]),
            ("SET a 1", "+OK ", &["SET a 1"]),
            ("PEXPIREAT a 2000000000000", ":1 ", &["PEXPIREAT a 2000000000000"]),
            ("RENAME a a", "+OK ", &[]),
            ("RENAMENX a a", ":0 ", &[]),
            ("SET b 2", "+OK ", &["SET b 2"]),
            ("RENAMENX a b", ":0 ", &[]),
            ("RENAME a b", "+OK ", &["RENAME a b"]),
            ("GET b", "$1 1 ", &[]),
            ("PEXPIRETIME b", ":2000000000000 ", &[]),
            ("RENAMENX b c", ":1 ", &["RENAMENX b c"]),
            ("DBSIZE", ":1 ", &[]),
        ],
    );
}

#[test]
fn rename_onto_an_expired_key_tells_its_removal_first() {
    let mut bench = Bench::new();
    bench.run("SET old 1");
    bench.run("PEXPIRE old 10");
    bench.run("SET a 2");
    bench.now_ms += 11;
    check(&mut bench, &[("RENAMENX a old", ":1 ", &["DEL old", "RENAMENX a old"]), ("TTL old", ":-1 ", &[])]);
}

#[test]
fn copy_takes_value_and_expiry_also_to_another_database() {
    let mut bench = Bench::new();
    check(
        &mut bench,
        &[
            ("COPY a b", ":0 ", &[]),
            ("COPY a a", "-ERR source and destination objects are the same ", &[]),
            ("COPY a a DB 0", "-ERR source and destination objects are the same ", &[]),
            ("COPY a b DB", "-ERR syntax error ", &[]),
            ("COPY a b DB 16", "-ERR DB index is out of range ", &[]),
            ("COPY a b DB x", "-ERR value is not an integer or out of range ", &[]),
            (
                "COPY a b DB 9999999999",
                "-ERR value is out of range, value must between -2147483648 and 2147483647 ",
                &[],
            ),
            ("SET a 1", "+OK ", &["SET a 1"]),
            ("PEXPIREAT a 2000000000000", ":1 ", &["PEXPIREAT a 2000000000000"]),
            ("COPY a b", ":1 ", &["COPY a b"]),
            ("COPY a b", ":0 ", &[]),
            ("copy a b replace", ":1 ", &["copy a b replace"]),
            ("COPY a a DB 3", ":1 ", &["COPY a a DB 3"]),
            ("DBSIZE", ":2 ", &[]),
        ],
    );
    bench.database = 3;
    check(&mut bench, &[("PEXPIRETIME a", ":2000000000000 ", &[]), ("GET a", "$1 1 ", &[])]);
}

#[test]
fn move_refuses_a_taken_name_and_its_own_database() {
    let mut bench = Bench::new();
    check(
        &mut bench,
        &[
            ("MOVE a 0", "-ERR source and destination objects are the same ", &[]),
            ("MOVE a -1", "-ERR DB index is out of range ", &[]),
            ("MOVE a x", "-ERR value is not an integer or out of range ", &[]),
            ("MOVE a 1", ":0 ", &[]),
            ("SET a 1", "+OK ", &["SET a 1"]),
            ("MOVE a 1", ":1 ", &["MOVE a 1"]),
            ("SET a 2", "+OK ", &["SET a 2"]),
            ("MOVE a 1", ":0 ", &[]),
        ],
    );
    bench.database = 1;
    check(&mut bench, &[("GET a", "$1 1 ", &[])]);
}

#[test]
fn events_of_keys_come_in_redis_names_and_order() {
    let mut bench = Bench::new();
    bench.run("MSET a 1 b 2");
    for (line, told) in [
        ("RENAME a b", &["new b", "rename_from a", "rename_to b"][..]),
        ("RENAMENX b b", &[]),
        ("COPY b c", &["new c", "copy_to c"]),
        ("COPY b c", &[]),
        ("COPY b c REPLACE", &["new c", "copy_to c"]),
        ("MOVE c 3", &["new c", "move_from c", "move_to c"]),
        ("EXISTS none", &["keymiss none"]),
        ("TYPE none", &["keymiss none"]),
        ("OBJECT ENCODING none", &[]),
        ("DEL b none", &["del b"]),
    ] {
        bench.run(line);
        assert_eq!(bench.told(), told, "{line}");
    }
}
