use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;

use super::*;
use crate::command::bench::{Bench, check_replies};

/// A bench with a hash `h` of `fields` fields `f0`, `f1`, ... and values `v0`, `v1`, ...
fn bench_with(fields: usize) -> Bench {
    let mut bench = Bench::new();
    for index in 0..fields {
        bench.run(&format!("HSET h f{index} v{index}"));
    }
    bench
}

/// The names among the words of a reply.
fn names(reply: &str) -> Vec<String> {
    reply.split(' ').filter(|word| word.starts_with('f')).map(String::from).collect()
}

#[test]
fn a_compact_hash_is_scanned_in_one_step() {
    check_replies(
        &mut Bench::new(),
        &[
            ("SET s x", "+OK "),
            ("HSCAN s 0", "-WRONGTYPE Operation against a key holding the wrong kind of value "),
            ("HSCAN s x", "-ERR invalid cursor "),
            ("HSCAN s 0 foo", "-WRONGTYPE Operation against a key holding the wrong kind of value "),
            ("HSCAN nokey 0", "*2 $1 0 *0 "),
            ("HSCAN nokey 5 foo", "*2 $1 0 *0 "),
            ("HSCAN nokey x", "-ERR invalid cursor "),
            ("HSET p a 1 b 2 ab 3 12 4", ":4 "),
            ("HSCAN p 0", "*2 $1 0 *8 $1 a $1 1 $1 b $1 2 $2 ab $1 3 $2 12 $1 4 "),
            ("HSCAN p 77", "*2 $1 0 *8 $1 a $1 1 $1 b $1 2 $2 ab $1 3 $2 12 $1 4 "),
            ("HSCAN p 0 novalues MATCH a*", "*2 $1 0 *2 $1 a $2 ab "),
            ("HSCAN p 0 MATCH", "-ERR syntax error "),
            ("HSCAN p 0 MATCH a*", "*2 $1 0 *4 $1 a $1 1 $2 ab $1 3 "),
            ("HSCAN p 0 match 1? count 1", "*2 $1 0 *2 $2 12 $1 4 "),
            ("HSCAN p 0 COUNT 0", "-ERR syntax error "),
            ("HSCAN p 0 COUNT x", "-ERR value is not an integer or out of range "),
            ("HSCAN p 0 COUNT", "-ERR syntax error "),
            ("HSCAN p 0 NOVALUES", "*2 $1 0 *4 $1 a $1 b $2 ab $2 12 "),
            ("HSCAN p 0 TYPE hash", "-ERR syntax error "),
            ("HSCAN p 0 MATCH nothing", "*2 $1 0 *0 "),
        ],
    );
}

#[test]
fn random_fields_and_their_errors_are_those_of_redis() {
    check_replies(
        &mut Bench::new(),
        &[
            ("SET s x", "+OK "),
            ("HSET p a 1 b 2 ab 3 12 4", ":4 "),
            ("HRANDFIELD s", "-WRONGTYPE Operation against a key holding the wrong kind of value "),
            ("HRANDFIELD s 1", "-WRONGTYPE Operation against a key holding the wrong kind of value "),
            ("HRANDFIELD s x", "-ERR value is not an integer or out of range "),
            ("HRANDFIELD nokey", "$-1 "),
            ("HRANDFIELD nokey 1", "*0 "),
            ("HRANDFIELD nokey 0 WITHVALUES", "*0 "),
            ("HRANDFIELD nokey 0 foo", "-ERR syntax error "),
            ("HRANDFIELD nokey x", "-ERR value is not an integer or out of range "),
            ("HSET one f v", ":1 "),
            ("HRANDFIELD one", "$1 f "),
            ("HRANDFIELD one 0", "*0 "),
            ("HRANDFIELD one 5", "*1 $1 f "),
            ("HRANDFIELD one 5 withvalues", "*2 $1 f $1 v "),
            ("HRANDFIELD one -3", "*3 $1 f $1 f $1 f "),
            ("HRANDFIELD one -2 WITHVALUES", "*4 $1 f $1 v $1 f $1 v "),
            ("HRANDFIELD one 1 foo", "-ERR syntax error "),
            ("HRANDFIELD one 1 WITHVALUES x", "-ERR syntax error "),
            (
                "HRANDFIELD one -9223372036854775808",
                "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807 ",
            ),
            (
                "HRANDFIELD one -9223372036854775808 WITHVALUES x",
                "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807 ",
            ),
            ("HRANDFIELD one -9223372036854775807 WITHVALUES", "-ERR value is out of range "),
            ("HRANDFIELD one 9223372036854775807", "*1 $1 f "),
            ("HRANDFIELD one 9223372036854775807 WITHVALUES", "-ERR value is out of range "),
            ("HRANDFIELD one 4611686018427387904 WITHVALUES", "-ERR value is out of range "),
            ("HRANDFIELD one 4611686018427387903 WITHVALUES", "*2 $1 f $1 v "),
            ("HRANDFIELD p 4", "*4 $1 a $1 b $2 ab $2 12 "),
            ("HRANDFIELD p 4 WITHVALUES", "*8 $1 a $1 1 $1 b $1 2 $2 ab $1 3 $2 12 $1 4 "),
        ],
    );
}

#[test]
fn replies_take_the_shapes_of_resp3() {
    let mut bench = Bench::new();
    bench.proto = Proto::Resp3;
    check_replies(
        &mut bench,
        &[
            ("HSET p a 1 b 2 ab 3 12 4", ":4 "),
            ("HSET one f v", ":1 "),
            ("HSCAN p 0 MATCH a", "*2 $1 0 *2 $1 a $1 1 "),
            ("HRANDFIELD nokey", "_ "),
            ("HRANDFIELD nokey 1", "*0 "),
            ("HRANDFIELD one -2 WITHVALUES", "*2 *2 $1 f $1 v *2 $1 f $1 v "),
            ("HRANDFIELD one 5 WITHVALUES", "*1 *2 $1 f $1 v "),
            ("HRANDFIELD one 5", "*1 $1 f "),
        ],
    );
}

/// The next cursor and the names of one HSCAN.
fn scan(bench: &mut Bench, cursor: &str, options: &str) -> (String, Vec<String>) {
    let reply = bench.run(&format!("HSCAN h {cursor} {options}"));
    let next = reply.split(' ').nth(2).expect("a cursor comes first");
    (next.into(), names(&reply))
}

#[test]
fn a_large_hash_is_scanned_in_steps_that_meet_every_field_once() {
    let mut bench = bench_with(2000);
    for (options, expected) in
        [("", 2000), ("COUNT 1", 2000), ("COUNT 500", 2000), ("MATCH f1?", 10), ("MATCH x COUNT 7", 0)]
    {
        let (mut cursor, mut met, mut steps) = (String::from("0"), Vec::new(), 0);
        loop {
            let (next, names) = scan(&mut bench, &cursor, options);
            met.extend(names);
            cursor = next;
            steps += 1;
            if cursor == "0" {
                break;
            }
        }
        assert!(steps > 1, "{options}");
        let different: BTreeSet<_> = met.iter().collect();
        assert_eq!((met.len(), different.len()), (expected, expected), "{options}");
    }
}

#[test]
fn a_scan_meets_every_field_that_stays_whatever_comes_and_goes() {
    let mut bench = bench_with(3000);
    let (mut cursor, mut met, mut step) = (String::from("0"), BTreeSet::new(), 0);
    loop {
        let (next, names) = scan(&mut bench, &cursor, "");
        met.extend(names);
        cursor = next;
        if cursor == "0" {
            break;
        }
        for index in 0..20 {
            bench.run(&format!("HSET h new{step}.{index} v"));
            bench.run(&format!("HDEL h f{}", 1000 + (step * 20 + index) % 2000));
        }
        step += 1;
    }
    assert!((0..1000).all(|index| met.contains(&format!("f{index}"))));
}

#[test]
fn a_count_beyond_all_bounds_scans_everything_at_once() {
    let mut bench = bench_with(2000);
    let (next, names) = scan(&mut bench, "0", "COUNT 9223372036854775807");
    assert_eq!((next.as_str(), names.len()), ("0", 2000));
}

#[test]
fn a_cursor_that_was_made_up_does_no_harm() {
    let mut bench = bench_with(600);
    for cursor in ["1", "12345678901234567890", "18446744073709551615", "-1", "9223372036854775808"] {
        let (_, names) = scan(&mut bench, cursor, "");
        assert!(names.len() <= 600);
    }
}

#[test]
fn a_positive_count_draws_different_fields_and_a_negative_one_exactly_as_many() {
    for fields in [100, 2000] {
        let mut bench = bench_with(fields);
        for count in [1, 5, fields / 3, fields / 3 + 1, fields - 1, fields, fields + 1] {
            let drawn = names(&bench.run(&format!("HRANDFIELD h {count}")));
            let different: BTreeSet<_> = drawn.iter().collect();
            assert_eq!((drawn.len(), different.len()), (count.min(fields), count.min(fields)));
            let drawn = names(&bench.run(&format!("HRANDFIELD h -{count}")));
            assert_eq!(drawn.len(), count);
        }
        let reply = bench.run("HRANDFIELD h 3 WITHVALUES");
        for name in names(&reply) {
            assert!(reply.contains(&format!("{name} ")));
            assert!(reply.contains(&format!("v{} ", &name[1..])), "{reply}");
        }
    }
}

#[test]
fn every_field_has_the_same_chance() {
    for fields in [20, 600] {
        let mut bench = bench_with(fields);
        for request in [format!("HRANDFIELD h -{}", fields * 100), format!("HRANDFIELD h {}", fields / 2)] {
            let mut times = alloc::collections::BTreeMap::<String, usize>::new();
            let rounds = if request.contains('-') { 1 } else { 200 };
            for _ in 0..rounds {
                for name in names(&bench.run(&request)) {
                    *times.entry(name).or_default() += 1;
                }
            }
            // 100 expected of each: seven standard deviations off is no accident.
            assert_eq!(times.len(), fields);
            assert!(times.values().all(|times| (30..=170).contains(times)), "{request} {times:?}");
        }
    }
}

#[test]
fn a_reply_without_bound_is_refused() {
    let mut bench = bench_with(3);
    for count in ["-9223372036854775807", "-100000000"] {
        let refused = bench.run(&format!("HRANDFIELD h {count}"));
        assert_eq!(refused, "-ERR value is out of range ");
    }
    assert!(bench.fed().is_empty());
}
