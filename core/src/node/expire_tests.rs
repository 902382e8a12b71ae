use core::time::Duration;

use crate::node::bench::Bench;

/// What a connection was sent, as text.
fn heard(bench: &mut Bench, conn: crate::port::ConnId) -> alloc::string::String {
    alloc::string::String::from_utf8_lossy(&bench.take_received(conn)).replace("\r\n", " ")
}

#[test]
fn an_idle_node_sleeps_until_the_first_field_is_due() {
    let mut bench = Bench::new();
    bench.run("CONFIG SET save \"\"");
    bench.run("HSETEX h PX 90000 FIELDS 1 a 1");
    bench.run("SET k v PX 70000");
    bench.run("HSETEX g PX 5000 FIELDS 2 a 1 b 2");
    let in_ms = |bench: &Bench| (bench.node.deadline().expect("a timer is set").0 - bench.now.mono.0) / 1000;
    assert_eq!(in_ms(&bench), 5001, "a field is alive in the millisecond of its expiry");
    bench.run("HPERSIST g FIELDS 1 a");
    assert_eq!(in_ms(&bench), 5001);
    bench.run("HSET g b 2");
    assert_eq!(in_ms(&bench), 70001);
    bench.run("DEL k");
    assert_eq!(in_ms(&bench), 90001);
    bench.run("HDEL h a");
    assert_eq!(bench.node.deadline(), None);
}

#[test]
fn fields_go_when_they_are_due_each_fed_alone_and_with_the_last_one_the_key() {
    let mut bench = Bench::new();
    let (replica, listener) = (bench.connect(), bench.connect());
    bench.run("CONFIG SET notify-keyspace-events Egh");
    bench.run("HSET h a 1 b 2");
    bench.run("HPEXPIRE h 100 FIELDS 1 a");
    bench.run("HPEXPIRE h 300 FIELDS 1 b");
    bench.run_on(replica, "REPLCONF capa eof capa psync2");
    bench.run_on(replica, "PSYNC ? -1");
    bench.run_on(listener, "PSUBSCRIBE *");
    bench.take_received(replica);
    bench.pass(Duration::from_millis(200));
    assert_eq!(bench.run("HLEN h"), ":1 ");
    let told = "*4 $8 pmessage $1 * $23 __keyevent@0__:hexpired $1 h ";
    assert_eq!(heard(&mut bench, listener), told);
    bench.pass(Duration::from_millis(200));
    assert_eq!(bench.run("EXISTS h"), ":0 ");
    assert_eq!(heard(&mut bench, listener), [told, "*4 $8 pmessage $1 * $18 __keyevent@0__:del $1 h "].concat());
    assert!(bench.run("INFO stats").contains(" expired_subkeys:2 expired_keys:0 "));
    bench.pass(Duration::from_secs(6));
    let stream = heard(&mut bench, replica);
    assert!(!stream.contains("MULTI"), "{stream}");
}

#[test]
fn the_stream_has_an_hdel_for_each_field_that_expired() {
    let mut bench = Bench::new();
    let replica = bench.connect();
    bench.run_on(replica, "REPLCONF capa eof capa psync2");
    bench.run_on(replica, "PSYNC ? -1");
    bench.pass(Duration::from_secs(6));
    bench.send(replica, b"REPLCONF ACK 0\r\n");
    bench.run("HSETEX h PX 100 FIELDS 2 a 1 b 2");
    bench.take_received(replica);
    bench.pass(Duration::from_millis(200));
    let stream = heard(&mut bench, replica);
    for name in ["a", "b"] {
        assert!(stream.contains(&alloc::format!("*3 $4 HDEL $1 h $1 {name} ")), "{stream}");
    }
    assert!(!stream.contains("MULTI"), "{stream}");
}

#[test]
fn more_fields_than_one_round_removes_go_in_several() {
    let mut bench = Bench::new();
    bench.run("CONFIG SET save \"\"");
    for index in 0..1000 {
        bench.run(&alloc::format!("HSETEX h PXAT 1700000001000 FIELDS 1 f{index} v"));
    }
    bench.run("HSET h stays 1");
    bench.pass(Duration::from_secs(2));
    assert_eq!(bench.run("HLEN h"), ":1 ");
    assert_eq!(bench.node.deadline(), None);
}

#[test]
fn no_field_goes_while_paused_or_while_it_is_switched_off() {
    for [stop, go] in
        [["CLIENT PAUSE 100000 WRITE", "CLIENT UNPAUSE"], ["DEBUG SET-ACTIVE-EXPIRE 0", "DEBUG SET-ACTIVE-EXPIRE 1"]]
    {
        let mut bench = Bench::new();
        bench.run("HSETEX h PX 100 FIELDS 1 a 1");
        bench.run("HSET h b 2");
        bench.run(stop);
        bench.pass(Duration::from_millis(500));
        assert_eq!(bench.run("HGETALL h"), "*2 $1 b $1 2 ", "{stop}");
        assert_eq!(bench.run("HLEN h"), ":2 ", "{stop}");
        bench.run(go);
        bench.pass(Duration::from_millis(50));
        assert_eq!(bench.run("HLEN h"), ":1 ", "{go}");
    }
}

#[test]
fn a_replica_waits_for_its_master_to_remove_fields() {
    let mut bench = Bench::new();
    bench.run("HSETEX h PX 100 FIELDS 1 a 1");
    bench.run("HSET h b 2");
    bench.run("REPLICAOF 127.0.0.1 7000");
    bench.pass(Duration::from_secs(1));
    assert_eq!(bench.run("HGET h a"), "$-1 ");
    assert_eq!(bench.run("HLEN h"), ":2 ");
    bench.run("REPLICAOF NO ONE");
    bench.pass(Duration::from_millis(50));
    assert_eq!(bench.run("HLEN h"), ":1 ");
}

#[test]
fn whoever_watches_the_hash_learns_that_a_field_has_expired() {
    let mut bench = Bench::new();
    bench.run("HSETEX h PX 100 FIELDS 1 a 1");
    bench.run("HSET h b 2");
    bench.run("WATCH h");
    bench.pass(Duration::from_millis(200));
    bench.run("MULTI");
    bench.run("HSET h c 3");
    assert_eq!(bench.run("EXEC"), "*-1 ");
}

#[test]
fn info_tells_of_hashes_with_such_fields_only_where_there_are_any() {
    let mut bench = Bench::new();
    bench.run("HSET h a 1");
    assert!(bench.run("INFO keyspace").ends_with(" db0:keys=1,expires=0,avg_ttl=0  "));
    bench.run("HEXPIRE h 100 FIELDS 1 a");
    assert!(bench.run("INFO keyspace").ends_with(" db0:keys=1,expires=0,avg_ttl=0,subexpiry=1  "));
}
