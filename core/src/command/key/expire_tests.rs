use crate::command::ExpiryRule;
use crate::command::bench::{Bench, check};

fn bench_with_key() -> Bench {
    let mut bench = Bench::new();
    bench.run("SET k v");
    bench
}

#[test]
fn every_form_is_fed_as_an_absolute_time_in_milliseconds() {
    check(
        &mut bench_with_key(),
        &[
            ("EXPIRE k 10", ":1 ", &["PEXPIREAT k 1000000010000"]),
            ("TTL k", ":10 ", &[]),
            ("pexpire k 1500", ":1 ", &["PEXPIREAT k 1000000001500"]),
            ("TTL k", ":2 ", &[]),
            ("PTTL k", ":1500 ", &[]),
            ("ExpireAt k 2000000000", ":1 ", &["PEXPIREAT k 2000000000000"]),
            ("EXPIRETIME k", ":2000000000 ", &[]),
            ("pexpireat k 2000000000499", ":1 ", &["pexpireat k 2000000000499"]),
            ("EXPIRETIME k", ":2000000000 ", &[]),
            ("PEXPIRETIME k", ":2000000000499 ", &[]),
            ("persist k", ":1 ", &["persist k"]),
            ("PERSIST k", ":0 ", &[]),
            ("PTTL k", ":-1 ", &[]),
            ("EXPIRE none 10", ":0 ", &[]),
            ("PERSIST none", ":0 ", &[]),
            ("EXPIRETIME none", ":-2 ", &[]),
        ],
    );
}

#[test]
fn conditions_are_obeyed_and_fed_as_they_were_sent() {
    check(
        &mut bench_with_key(),
        &[
            ("EXPIRE k 10 XX", ":0 ", &[]),
            ("EXPIRE k 10 GT", ":0 ", &[]),
            ("EXPIRE k 10 lt", ":1 ", &["PEXPIREAT k 1000000010000 lt"]),
            ("EXPIRE k 10 NX", ":0 ", &[]),
            ("EXPIRE k 10 GT", ":0 ", &[]),
            ("EXPIRE k 10 LT", ":0 ", &[]),
            ("EXPIRE k 11 XX gt", ":1 ", &["PEXPIREAT k 1000000011000 XX gt"]),
            ("EXPIRE k 9 LT XX XX", ":1 ", &["PEXPIREAT k 1000000009000 LT XX XX"]),
            ("EXPIRE k -1 LT", ":1 ", &["DEL k"]),
        ],
    );
}

#[test]
fn errors_come_in_redis_words_and_order() {
    let cases = [
        ("EXPIRE k x foo", "-ERR Unsupported option foo "),
        ("EXPIRE k x NX GT", "-ERR NX and XX, GT or LT options at the same time are not compatible "),
        ("EXPIRE k x GT LT", "-ERR GT and LT options at the same time are not compatible "),
        ("EXPIRE k x NX", "-ERR value is not an integer or out of range "),
        ("EXPIRE none 9223372036854775807", "-ERR invalid expire time in 'expire' command "),
        ("EXPIRE k -9223372036854775808", "-ERR invalid expire time in 'expire' command "),
        ("PEXPIRE k 9223372036854775807", "-ERR invalid expire time in 'pexpire' command "),
        ("EXPIREAT k 9223372036854776", "-ERR invalid expire time in 'expireat' command "),
    ];
    let mut bench = bench_with_key();
    for (line, reply) in cases {
        assert_eq!(bench.run(line), reply, "{line}");
        assert!(bench.fed().is_empty());
    }
    assert_eq!(bench.run("TTL k"), ":-1 ");
}

#[test]
fn the_last_instant_is_an_expiry_and_not_its_absence() {
    check(
        &mut bench_with_key(),
        &[
            ("PEXPIREAT k 9223372036854775807", ":1 ", &["PEXPIREAT k 9223372036854775807"]),
            ("EXPIRETIME k", ":9223372036854775 ", &[]),
            ("PERSIST k", ":1 ", &["PERSIST k"]),
        ],
    );
}

#[test]
fn a_past_time_removes_the_key_on_a_master() {
    for line in ["EXPIRE k 0", "PEXPIRE k -1", "EXPIREAT k 1", "PEXPIREAT k 1000000000000"] {
        let mut bench = bench_with_key();
        check(&mut bench, &[(line, ":1 ", &["DEL k"]), ("DBSIZE", ":0 ", &[])]);
        let mut bench = bench_with_key();
        bench.config.lazyfree_lazy_expire = true;
        check(&mut bench, &[(line, ":1 ", &["UNLINK k"])]);
    }
}

#[test]
fn a_past_time_is_kept_on_a_replica() {
    for rule in [ExpiryRule::Ignore, ExpiryRule::Hide] {
        let mut bench = bench_with_key();
        bench.expiry = rule;
        check(&mut bench, &[("PEXPIREAT k 5", ":1 ", &["PEXPIREAT k 5"]), ("DBSIZE", ":1 ", &[])]);
    }
    let mut bench = bench_with_key();
    bench.expiry = ExpiryRule::Ignore;
    check(
        &mut bench,
        &[("PEXPIREAT k -5", ":1 ", &["PEXPIREAT k -5"]), ("PTTL k", ":0 ", &[]), ("PEXPIRETIME k", ":0 ", &[])],
    );
}

#[test]
fn events_of_expiries_come_in_redis_names() {
    let mut bench = bench_with_key();
    for (line, told) in [
        ("EXPIRE k 100", &["expire k"][..]),
        ("EXPIRE k 50 GT", &[]),
        ("PERSIST k", &["persist k"]),
        ("PERSIST k", &[]),
        ("PEXPIRE k 5", &["expire k"]),
    ] {
        bench.run(line);
        assert_eq!(bench.told(), told, "{line}");
    }
    bench.now_ms += 6;
    bench.run("GET k");
    assert_eq!(bench.told(), ["expired k", "keymiss k"]);
    let mut bench = bench_with_key();
    bench.run("PEXPIREAT k 1");
    assert_eq!(bench.told(), ["del k"]);
}
