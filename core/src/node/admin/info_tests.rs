use alloc::format;
use alloc::vec::Vec;
use core::time::Duration;

use super::super::super::bench::Bench;
use super::memory::human_bytes;
use crate::config::Config;

const ZEROS: &str = "0000000000000000000000000000000000000000";

/// The lines of a section, its head left out.
fn section(bench: &mut Bench, name: &str) -> Vec<alloc::string::String> {
    bench.send(bench.client, format!("INFO {name}\r\n").as_bytes());
    let bytes = bench.take_received(bench.client);
    let text = core::str::from_utf8(&bytes).expect("INFO is text");
    let lines = text.split("\r\n").skip(2).filter(|line| !line.is_empty());
    lines.map(Into::into).collect()
}

#[test]
fn a_master_without_replicas_says_what_redis_says() {
    let mut bench = Bench::new();
    let id = bench.node.history.id;
    assert_eq!(
        section(&mut bench, "replication"),
        [
            "role:master",
            "connected_slaves:0",
            "master_failover_state:no-failover",
            &format!("master_replid:{id}"),
            &format!("master_replid2:{ZEROS}"),
            "master_repl_offset:0",
            "second_repl_offset:-1",
            "repl_backlog_active:0",
            "repl_backlog_size:1048576",
            "repl_backlog_first_byte_offset:0",
            "repl_backlog_histlen:0",
        ]
    );
}

#[test]
fn a_master_tells_its_replicas_and_its_backlog() {
    let mut bench = Bench::new();
    bench.run("CONFIG SET repl-diskless-sync-delay 0 min-replicas-to-write 1");
    let replica = bench.connect();
    bench.run_on(replica, "REPLCONF listening-port 7001 capa eof capa psync2");
    bench.run_on(replica, "PSYNC ? -1");
    bench.run_on(replica, "REPLCONF ACK 0");
    bench.pass(Duration::from_secs(2));
    bench.run("SET key value");
    let id = bench.node.history.id;
    assert_eq!(
        section(&mut bench, "replication"),
        [
            "role:master",
            "connected_slaves:1",
            "min_slaves_good_slaves:1",
            "slave0:ip=127.0.0.1,port=7001,state=online,offset=0,lag=2",
            "replica0:sent_offset=56,acked_offset=0,lag_bytes=56,lag_ms=0",
            "master_failover_state:no-failover",
            &format!("master_replid:{id}"),
            &format!("master_replid2:{ZEROS}"),
            "master_repl_offset:56",
            "second_repl_offset:-1",
            "repl_backlog_active:1",
            "repl_backlog_size:1048576",
            "repl_backlog_first_byte_offset:1",
            "repl_backlog_histlen:56",
        ]
    );
    assert!(section(&mut bench, "clients").contains(&"connected_clients:1".into()));
}

#[test]
fn a_replica_tells_its_master_its_link_and_a_transfer() {
    let mut bench = Bench::with(Config::default());
    bench.run("REPLICAOF 10.0.0.1 7000");
    let link = bench.answer_dial(true);
    for answer in ["+PONG", "+OK", "+OK", "+OK"] {
        bench.send(link, format!("{answer}\r\n").as_bytes());
    }
    bench.pass(Duration::from_secs(1));
    let id = "0123456789012345678901234567890123456789";
    bench.send(link, format!("+FULLRESYNC {id} 100\r\n$200\r\nREDIS0010").as_bytes());
    let lines = section(&mut bench, "replication");
    assert_eq!(
        lines[..24],
        [
            "role:slave",
            "master_host:10.0.0.1",
            "master_port:7000",
            "master_link_status:down",
            "master_last_io_seconds_ago:-1",
            "master_sync_in_progress:1",
            "slave_read_repl_offset:0",
            "slave_repl_offset:0",
            "master_sync_total_bytes:200",
            "master_sync_read_bytes:9",
            "master_sync_left_bytes:191",
            "master_sync_perc:4.50",
            "master_sync_last_io_seconds_ago:0",
            "master_link_down_since_seconds:1",
            "wipe_guard_state:disarmed",
            "wipe_guard_quarantines:0",
            "wipe_guard_archives:0",
            "wipe_guard_last_archive_status:ok",
            "slave_priority:100",
            "slave_read_only:1",
            "replica_announced:1",
            "connected_slaves:0",
            "master_failover_state:no-failover",
            lines[23].as_str(),
        ]
    );
}

#[test]
fn a_promoted_node_tells_both_histories() {
    let mut bench = Bench::with(Config::default());
    let old = bench.node.history.id;
    bench.run("REPLICAOF 10.0.0.1 7000");
    bench.run("REPLICAOF NO ONE");
    let lines = section(&mut bench, "replication");
    assert!(lines.contains(&format!("master_replid2:{old}")), "{lines:?}");
    assert!(lines.contains(&"second_repl_offset:1".into()), "{lines:?}");
}

#[test]
fn sections_are_told_as_they_are_asked_for_and_in_order() {
    let mut bench = Bench::new();
    let mut heads = |line: &str| -> Vec<alloc::string::String> {
        bench.send(bench.client, format!("{line}\r\n").as_bytes());
        let bytes = bench.take_received(bench.client);
        let text = core::str::from_utf8(&bytes).expect("INFO is text");
        text.split("\r\n").filter_map(|line| line.strip_prefix("# ")).map(Into::into).collect()
    };
    let default =
        "Server Clients Memory Persistence Stats Replication CPU Modules Errorstats Cluster Keyspace".split(' ');
    assert_eq!(heads("INFO"), default.clone().collect::<Vec<_>>());
    assert_eq!(heads("INFO default"), default.collect::<Vec<_>>());
    let everything = "Server Clients Memory Persistence Stats Replication CPU Modules Commandstats Errorstats \
                      Latencystats Cluster Keyspace";
    assert_eq!(heads("INFO everything"), everything.split(' ').collect::<Vec<_>>());
    let all = everything.split(' ').filter(|name| *name != "Modules");
    assert_eq!(heads("INFO ALL"), all.collect::<Vec<_>>());
    assert_eq!(heads("INFO keyspace SERVER"), ["Server", "Keyspace"]);
    assert_eq!(heads("INFO nosuch"), Vec::<&str>::new());
}

#[test]
fn counters_and_databases_are_told() {
    let mut bench = Bench::new();
    for line in ["SET a 1", "SET b 2 PX 5000", "GET a", "GET none", "NOSUCH", "GET", "SELECT 3", "SET c 3"] {
        bench.run(line);
    }
    assert_eq!(
        section(&mut bench, "keyspace"),
        ["db0:keys=2,expires=1,avg_ttl=5000", "db3:keys=1,expires=0,avg_ttl=0"]
    );
    assert_eq!(section(&mut bench, "errorstats"), ["errorstat_ERR:count=2"]);
    let stats = section(&mut bench, "commandstats");
    let get = "cmdstat_get:calls=2,usec=0,usec_per_call=0.00,rejected_calls=1,failed_calls=0";
    assert!(stats.contains(&get.into()), "{stats:?}");
    let stats = section(&mut bench, "stats");
    for line in ["keyspace_hits:1", "keyspace_misses:1", "total_error_replies:2", "total_forks:0"] {
        assert!(stats.contains(&line.into()), "{line} in {stats:?}");
    }
}

#[test]
fn sections_are_parted_by_an_empty_line_and_none_follows_the_last() {
    let mut bench = Bench::new();
    let text = bench.run("INFO cluster keyspace");
    assert_eq!(text, "$44 # Cluster cluster_enabled:0  # Keyspace  ");
    bench.run("HELLO 3");
    assert_eq!(bench.run("INFO cluster"), "=34 txt:# Cluster cluster_enabled:0  ");
}

#[test]
fn sizes_for_people_have_the_form_of_redis() {
    for (bytes, text) in
        [(0, "0B"), (1023, "1023B"), (916_320, "894.84K"), (12_177_408, "11.61M"), (25_276_510_208, "23.54G")]
    {
        assert_eq!(human_bytes(bytes), text);
    }
}
