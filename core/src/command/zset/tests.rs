use crate::command::bench::{Bench, check};
use crate::resp::Proto;

#[test]
fn members_get_scores_under_conditions() {
    let mut bench = Bench::new();
    check(
        &mut bench,
        &[
            ("ZADD z 1 a 2 b", ":2 ", &["ZADD z 1 a 2 b"]),
            ("ZADD z 1 a", ":0 ", &[]),
            ("ZADD z CH 3 a 4 c", ":2 ", &["ZADD z CH 3 a 4 c"]),
            ("ZADD z NX 9 a 9 d", ":1 ", &["ZADD z NX 9 a 9 d"]),
            ("ZADD z XX CH 9 e", ":0 ", &[]),
            ("ZADD z GT CH 2 a", ":0 ", &[]),
            ("ZADD z LT CH 2.5 a", ":1 ", &["ZADD z LT CH 2.5 a"]),
            ("ZADD z INCR 1 a", "$3 3.5 ", &["ZADD z INCR 1 a"]),
            ("ZADD z NX INCR 1 a", "$-1 ", &[]),
            ("ZINCRBY z 0.1 new", "$19 0.10000000000000001 ", &["ZINCRBY z 0.1 new"]),
            ("ZADD z NX XX 1 a", "-ERR XX and NX options at the same time are not compatible ", &[]),
            ("ZADD z GT LT 1 a", "-ERR GT, LT, and/or NX options at the same time are not compatible ", &[]),
            ("ZADD z INCR 1 a 2 b", "-ERR INCR option supports a single increment-element pair ", &[]),
            ("ZADD z nan a", "-ERR value is not a valid float ", &[]),
            ("ZADD z +inf i", ":1 ", &["ZADD z +inf i"]),
            ("ZINCRBY z -inf i", "-ERR resulting score is not a number (NaN) ", &[]),
            ("ZSCORE z i", "$3 inf ", &[]),
            ("ZMSCORE z a nope", "*2 $3 3.5 $-1 ", &[]),
            ("ZRANK z b", ":1 ", &[]),
            ("ZREVRANK z b", ":4 ", &[]),
            ("ZRANK z nope", "$-1 ", &[]),
            ("ZREM z nope", ":0 ", &[]),
            ("ZREM z i new d a b c", ":6 ", &["ZREM z i new d a b c"]),
            ("EXISTS z", ":0 ", &[]),
        ],
    );
}

#[test]
fn ranges_are_told_by_rank_score_and_name() {
    for small in [128, 0] {
        let mut bench = Bench::new();
        bench.config.zset_max_listpack_entries = small;
        bench.run("ZADD z 1 a 2 b 3 c 4 d");
        bench.run("ZADD n 0 a 0 b 0 c 0 d");
        check(
            &mut bench,
            &[
                ("ZRANGE z 0 -1", "*4 $1 a $1 b $1 c $1 d ", &[]),
                ("ZRANGE z 1 2 WITHSCORES", "*4 $1 b $1 2 $1 c $1 3 ", &[]),
                ("ZRANGE z 0 1 REV", "*2 $1 d $1 c ", &[]),
                ("ZREVRANGE z -2 -1", "*2 $1 b $1 a ", &[]),
                ("ZRANGE z (1 3 BYSCORE", "*2 $1 b $1 c ", &[]),
                ("ZRANGE z 3 (1 BYSCORE REV LIMIT 1 5", "*1 $1 b ", &[]),
                ("ZRANGEBYSCORE z -inf +inf LIMIT 1 2", "*2 $1 b $1 c ", &[]),
                ("ZRANGEBYSCORE z -inf +inf LIMIT -1 2", "*0 ", &[]),
                ("ZREVRANGEBYSCORE z 3 1 LIMIT 0 -1", "*3 $1 c $1 b $1 a ", &[]),
                ("ZRANGEBYLEX n [b +", "*3 $1 b $1 c $1 d ", &[]),
                ("ZREVRANGEBYLEX n (c -", "*2 $1 b $1 a ", &[]),
                ("ZCOUNT z 2 (4", ":2 ", &[]),
                ("ZLEXCOUNT n - +", ":4 ", &[]),
                ("ZRANGE z x 1", "-ERR value is not an integer or out of range ", &[]),
                ("ZRANGE z x 1 BYSCORE", "-ERR min or max is not a float ", &[]),
                ("ZRANGE z x 1 BYLEX", "-ERR min or max not valid string range item ", &[]),
                (
                    "ZRANGE z 0 1 LIMIT 0 1",
                    "-ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX ",
                    &[],
                ),
                ("ZRANGESTORE d z 1 2", ":2 ", &["ZRANGESTORE d z 1 2"]),
                ("ZREMRANGEBYRANK d 0 0", ":1 ", &["ZREMRANGEBYRANK d 0 0"]),
                ("ZREMRANGEBYSCORE z 2 3", ":2 ", &["ZREMRANGEBYSCORE z 2 3"]),
                ("ZREMRANGEBYLEX n (a (d", ":2 ", &["ZREMRANGEBYLEX n (a (d"]),
                ("ZREMRANGEBYRANK z 5 9", ":0 ", &[]),
                ("ZRANGESTORE d z 9 9", ":0 ", &["ZRANGESTORE d z 9 9"]),
                ("EXISTS d", ":0 ", &[]),
            ],
        );
    }
}

#[test]
fn ends_are_taken_and_fed_by_their_effects() {
    let mut bench = Bench::new();
    bench.run("ZADD z 1 a 2 b 3 c 4 d 5 e");
    check(
        &mut bench,
        &[
            ("ZPOPMIN z", "*2 $1 a $1 1 ", &["ZPOPMIN z"]),
            ("ZPOPMAX z 2", "*4 $1 e $1 5 $1 d $1 4 ", &["ZPOPMAX z 2"]),
            ("ZPOPMIN z 0", "*0 ", &[]),
            ("ZMPOP 2 no z MAX COUNT 5", "*2 $1 z *2 *2 $1 c $1 3 *2 $1 b $1 2 ", &["ZPOPMAX z 2"]),
            ("ZMPOP 1 z MIN", "*-1 ", &[]),
            ("ZPOPMIN z 3", "*0 ", &[]),
            ("ZADD z 1 a", ":1 ", &["ZADD z 1 a"]),
            ("BZPOPMIN no z 0", "*3 $1 z $1 a $1 1 ", &["ZPOPMIN z"]),
        ],
    );
    bench.run("BZPOPMAX z y 0");
    assert_eq!(bench.block.take().map(|block| (block.keys.len(), block.type_name)), Some((2, "zset")));
    bench.run("ZADD z 1 a 2 b");
    bench.proto = Proto::Resp3;
    assert_eq!(bench.run("ZPOPMIN z 1"), "*1 *2 $1 a ,1 ");
    assert_eq!(bench.run("ZPOPMIN z"), "*2 $1 b ,2 ");
}

#[test]
fn sorted_sets_and_sets_are_combined() {
    let mut bench = Bench::new();
    bench.run("ZADD a 1 x 2 y");
    bench.run("ZADD b 10 y 20 z");
    bench.run("SADD s y q");
    check(
        &mut bench,
        &[
            ("ZUNION 2 a b WITHSCORES", "*6 $1 x $1 1 $1 y $2 12 $1 z $2 20 ", &[]),
            ("ZUNION 2 a s WEIGHTS 2 3 WITHSCORES", "*6 $1 x $1 2 $1 q $1 3 $1 y $1 7 ", &[]),
            ("ZINTER 3 a b s AGGREGATE MAX WITHSCORES", "*2 $1 y $2 10 ", &[]),
            ("ZDIFF 2 a b WITHSCORES", "*2 $1 x $1 1 ", &[]),
            ("ZINTERCARD 2 a b", ":1 ", &[]),
            ("ZINTERCARD 0 a", "-ERR at least 1 input key is needed for 'zintercard' command ", &[]),
            ("ZUNION 1 a WEIGHTS x", "-ERR weight value is not a float ", &[]),
            ("ZUNION 3 a b", "-ERR syntax error ", &[]),
            ("ZUNIONSTORE d 2 a b", ":3 ", &["ZUNIONSTORE d 2 a b"]),
            ("ZINTERSTORE d 2 a no", ":0 ", &["ZINTERSTORE d 2 a no"]),
            ("EXISTS d", ":0 ", &[]),
            ("ZDIFFSTORE d 1 a", ":2 ", &["ZDIFFSTORE d 1 a"]),
        ],
    );
}

#[test]
fn members_are_drawn_and_walked_through() {
    let mut bench = Bench::new();
    bench.run("ZADD z 1 a 2 b 3 c");
    check(
        &mut bench,
        &[
            ("ZRANDMEMBER no", "$-1 ", &[]),
            ("ZRANDMEMBER no 2", "*0 ", &[]),
            ("ZRANDMEMBER z 5 WITHSCORES", "*6 $1 a $1 1 $1 b $1 2 $1 c $1 3 ", &[]),
            ("ZRANDMEMBER z 1 foo", "-ERR syntax error ", &[]),
            ("ZSCAN z 0", "*2 $1 0 *6 $1 a $1 1 $1 b $1 2 $1 c $1 3 ", &[]),
            ("ZSCAN z 0 MATCH b", "*2 $1 0 *2 $1 b $1 2 ", &[]),
        ],
    );
    assert!(bench.run("ZRANDMEMBER z -7").starts_with("*7 "));
    assert!(bench.run("ZRANDMEMBER z 2").starts_with("*2 "));
    bench.run("SET s x");
    for line in ["ZADD s 1 a", "ZRANGE s 0 1", "ZPOPMIN s", "ZUNION 1 s", "ZRANDMEMBER s", "BZPOPMIN s 0", "ZSCAN s 0"]
    {
        assert!(bench.run(line).starts_with("-WRONGTYPE"), "{line}");
    }
}
