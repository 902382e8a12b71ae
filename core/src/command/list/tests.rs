use crate::command::bench::{Bench, check};

#[test]
fn both_ends_are_pushed_and_popped_and_fed_as_sent() {
    let mut bench = Bench::new();
    check(
        &mut bench,
        &[
            ("LPUSHX l a", ":0 ", &[]),
            ("RPUSH l a b c", ":3 ", &["RPUSH l a b c"]),
            ("LPUSH l 1", ":4 ", &["LPUSH l 1"]),
            ("LRANGE l 0 -1", "*4 $1 1 $1 a $1 b $1 c ", &[]),
            ("LRANGE l -100 100", "*4 $1 1 $1 a $1 b $1 c ", &[]),
            ("LRANGE l 2 1", "*0 ", &[]),
            ("LRANGE l 9 12", "*0 ", &[]),
            ("LINDEX l -1", "$1 c ", &[]),
            ("LINDEX l 4", "$-1 ", &[]),
            ("LPOP l", "$1 1 ", &["LPOP l"]),
            ("RPOP l 2", "*2 $1 c $1 b ", &["RPOP l 2"]),
            ("LPOP l 0", "*0 ", &[]),
            ("LPOP l -1", "-ERR value is out of range, must be positive ", &[]),
            ("LPOP l 5", "*1 $1 a ", &["LPOP l 5"]),
            ("EXISTS l", ":0 ", &[]),
            ("LPOP l", "$-1 ", &[]),
            ("LPOP l 3", "*-1 ", &[]),
        ],
    );
}

#[test]
fn the_middle_is_changed_in_redis_words() {
    let mut bench = Bench::new();
    check(
        &mut bench,
        &[
            ("RPUSH l a b c a b", ":5 ", &["RPUSH l a b c a b"]),
            ("LSET l 1 x", "+OK ", &["LSET l 1 x"]),
            ("LSET l 9 x", "-ERR index out of range ", &[]),
            ("LSET no 9 x", "-ERR no such key ", &[]),
            ("LINSERT l BEFORE a 0", ":6 ", &["LINSERT l BEFORE a 0"]),
            ("LINSERT l AFTER nope 0", ":-1 ", &[]),
            ("LINSERT l beside a 0", "-ERR syntax error ", &[]),
            ("LPOS l a", ":1 ", &[]),
            ("LPOS l a RANK -1", ":4 ", &[]),
            ("LPOS l a COUNT 0", "*2 :1 :4 ", &[]),
            ("LPOS l a COUNT 0 MAXLEN 3", "*1 :1 ", &[]),
            ("LREM l -1 a", ":1 ", &["LREM l -1 a"]),
            ("LREM l 0 nope", ":0 ", &[]),
            ("LRANGE l 0 -1", "*5 $1 0 $1 a $1 x $1 c $1 b ", &[]),
            ("LTRIM l 1 3", "+OK ", &["LTRIM l 1 3"]),
            ("LTRIM l 0 -1", "+OK ", &[]),
            ("LRANGE l 0 -1", "*3 $1 a $1 x $1 c ", &[]),
            ("LTRIM l 5 9", "+OK ", &["LTRIM l 5 9"]),
            ("EXISTS l", ":0 ", &[]),
        ],
    );
}

#[test]
fn moves_and_pops_from_several_are_fed_by_their_effects() {
    let mut bench = Bench::new();
    check(
        &mut bench,
        &[
            ("RPUSH a 1 2 3", ":3 ", &["RPUSH a 1 2 3"]),
            ("LMOVE a b LEFT RIGHT", "$1 1 ", &["LMOVE a b LEFT RIGHT"]),
            ("RPOPLPUSH a a", "$1 3 ", &["RPOPLPUSH a a"]),
            ("BLMOVE a b right LEFT 0", "$1 2 ", &["LMOVE a b right LEFT"]),
            ("BRPOPLPUSH a b 0", "$1 3 ", &["RPOPLPUSH a b"]),
            ("EXISTS a", ":0 ", &[]),
            ("LRANGE b 0 -1", "*3 $1 3 $1 2 $1 1 ", &[]),
            ("LMPOP 2 a b RIGHT COUNT 2", "*2 $1 b *2 $1 1 $1 2 ", &["RPOP b 2"]),
            ("LMPOP 1 a LEFT", "*-1 ", &[]),
            ("BLPOP a b 0", "*2 $1 b $1 3 ", &["LPOP b"]),
            ("BLPOP a -1", "-ERR timeout is negative ", &[]),
            ("BLPOP a x", "-ERR timeout is not a float or out of range ", &[]),
            ("BLPOP a 1e30", "-ERR timeout is negative ", &[]),
        ],
    );
    assert!(bench.block.is_none());
    bench.run("BLPOP x y 1.5");
    let block = bench.block.take().expect("it waits");
    assert_eq!((block.keys.len(), block.timeout_ms), (2, Some(1500)));
}

#[test]
fn events_are_told_in_redis_order() {
    let mut bench = Bench::new();
    bench.run("RPUSH a 1");
    bench.told();
    bench.run("LMOVE a b LEFT LEFT");
    let told = bench.told();
    let lists: alloc::vec::Vec<_> = told.iter().filter(|event| !event.starts_with("new")).collect();
    assert_eq!(lists, ["lpush b", "lpop a", "del a"]);
}

#[test]
fn other_types_are_refused() {
    let mut bench = Bench::new();
    bench.run("SET s 1");
    for line in ["LPUSH s a", "LPOP s", "LLEN s", "LRANGE s 0 1", "LMOVE s b LEFT LEFT", "BLPOP s 0", "LMPOP 1 s LEFT"]
    {
        let reply = bench.run(line);
        assert!(reply.starts_with("-WRONGTYPE"), "{line}: {reply}");
    }
    bench.run("RPUSH l 1");
    assert!(bench.run("LMOVE l s LEFT LEFT").starts_with("-WRONGTYPE"));
    assert_eq!(bench.run("LLEN l"), ":1 ");
}
