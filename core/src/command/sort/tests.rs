//! What is told, kept and fed?

use crate::command::ExpiryRule;
use crate::command::bench::{Bench, check, check_replies};

fn bench() -> Bench {
    let mut bench = Bench::new();
    for line in [
        "RPUSH l 3 1 2 10",
        "SADD s 3 1 2 10",
        "ZADD z 1 d 2 c 3 b 4 a",
        "MSET w:1 9 w:2 8 w:3 7 o:1 eins o:2 zwei",
        "HSET h:1 f uno",
        "HSET h:3 f 0.5",
    ] {
        bench.run(line);
    }
    bench
}

#[test]
fn elements_come_by_their_numbers_or_by_their_texts_or_as_they_are() {
    let mut bench = bench();
    check_replies(
        &mut bench,
        &[
            ("SORT l", "*4 $1 1 $1 2 $1 3 $2 10 "),
            ("SORT s DESC", "*4 $2 10 $1 3 $1 2 $1 1 "),
            ("SORT l ALPHA", "*4 $1 1 $2 10 $1 2 $1 3 "),
            ("SORT l ALPHA DESC LIMIT 1 2", "*2 $1 2 $2 10 "),
            ("SORT l BY nosort", "*4 $1 3 $1 1 $1 2 $2 10 "),
            ("SORT l BY nosort DESC LIMIT 1 2", "*2 $1 2 $1 1 "),
            ("SORT z BY nosort LIMIT 1 -1", "*3 $1 c $1 b $1 a "),
            ("SORT z BY nosort DESC LIMIT 0 2", "*2 $1 a $1 b "),
            ("SORT z BY nosort DESC LIMIT 9 2", "*0 "),
            ("SORT l LIMIT -5 2", "*2 $1 1 $1 2 "),
            ("SORT z", "-ERR One or more scores can't be converted into double "),
            ("SORT w:1", "-WRONGTYPE Operation against a key holding the wrong kind of value "),
            ("SORT missing", "*0 "),
            ("SORT_RO l", "*4 $1 1 $1 2 $1 3 $2 10 "),
            ("SORT_RO l STORE d", "-ERR syntax error "),
            ("SORT l LIMIT 1", "-ERR syntax error "),
            ("SORT l LIMIT 1 x", "-ERR value is not an integer or out of range "),
        ],
    );
}

#[test]
fn other_keys_decide_and_are_told() {
    let mut bench = bench();
    check_replies(
        &mut bench,
        &[
            ("SORT l BY w:*", "*4 $2 10 $1 3 $1 2 $1 1 "),
            ("SORT l BY h:*->f ALPHA", "*4 $1 2 $2 10 $1 3 $1 1 "),
            ("SORT l GET # GET o:* GET x", "*12 $1 1 $4 eins $-1 $1 2 $4 zwei $-1 $1 3 $-1 $-1 $2 10 $-1 $-1 "),
            ("SORT l LIMIT 0 1 GET h:*->f GET h:* GET w:*->f", "*3 $3 uno $-1 $-1 "),
            ("SORT l BY o:*", "-ERR One or more scores can't be converted into double "),
        ],
    );
}

#[test]
fn a_sorted_set_leaves_its_compact_encoding_and_keeps_its_members() {
    let mut bench = bench();
    assert_eq!(bench.run("OBJECT ENCODING z"), "$8 listpack ");
    assert_eq!(bench.run("SORT_RO z ALPHA"), "*4 $1 a $1 b $1 c $1 d ");
    assert!(bench.fed().is_empty());
    assert_eq!(bench.run("OBJECT ENCODING z"), "$8 skiplist ");
    assert_eq!(bench.run("ZRANGE z 0 -1"), "*4 $1 d $1 c $1 b $1 a ");
}

#[test]
fn a_result_is_kept_and_fed_as_it_was_asked_for() {
    let mut bench = bench();
    check(
        &mut bench,
        &[
            ("SORT l GET o:* STORE d", ":4 ", &["SORT l GET o:* STORE d"]),
            ("LRANGE d 0 -1", "*4 $4 eins $4 zwei $0  $0  ", &[]),
            ("SORT s BY nosort STORE d", ":4 ", &["SORT s BY nosort STORE d"]),
            ("LRANGE d 0 -1", "*4 $1 1 $2 10 $1 2 $1 3 ", &[]),
        ],
    );
    bench.run("SORT l STORE d");
    assert_eq!(bench.told(), ["sortstore d"]);
    assert_eq!(bench.run("SORT missing STORE d"), ":0 ");
    assert_eq!(bench.told(), ["keymiss missing", "del d"]);
    assert_eq!(bench.run("SORT missing STORE d"), ":0 ");
    assert!(bench.fed().is_empty(), "nothing was there");
}

#[test]
fn keys_whose_time_has_come_say_nothing_of_an_element() {
    for (rule, fed) in [(ExpiryRule::Remove, &["DEL w:1"][..]), (ExpiryRule::Hide, &[])] {
        let mut bench = bench();
        bench.run("PEXPIRE w:1 10");
        bench.now_ms += 11;
        bench.expiry = rule;
        assert_eq!(bench.run("SORT l BY w:* GET w:*"), "*4 $-1 $-1 $1 7 $1 8 ");
        assert_eq!(bench.fed(), fed);
    }
}

#[test]
fn fields_whose_time_has_come_say_nothing_of_an_element_and_go() {
    let mut bench = Bench::new();
    bench.run("RPUSH l 1 2");
    bench.run("HSETEX h1 PX 10 FIELDS 1 f 9");
    bench.run("HSET h2 f 5");
    assert_eq!(bench.run("SORT l BY h*->f GET h*->f"), "*2 $1 5 $1 9 ");
    bench.now_ms += 11;
    assert_eq!(bench.run("SORT l BY h*->f GET h*->f"), "*2 $-1 $1 5 ");
    assert_eq!(bench.fed(), ["HDEL h1 f"]);
}
