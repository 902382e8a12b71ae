//! The lines that operators and tools look for in the log of a Redis: each is there when what it tells of has happened.

use alloc::format;
use core::time::Duration;

use crate::config::{Config, DisklessLoad};
use crate::port::ConnId;

use super::bench::Bench;

/// What happens, and the line.
type Case = (&'static str, fn(&mut Bench));

fn attach(bench: &mut Bench) -> ConnId {
    let replica = bench.connect();
    bench.run_on(replica, "REPLCONF listening-port 7001 capa eof capa psync2");
    bench.send(replica, b"PSYNC ? -1\r\n");
    bench.pass(Duration::from_secs(6));
    replica
}

fn attach_in_step(bench: &mut Bench) -> ConnId {
    let replica = attach(bench);
    bench.run("SET k v");
    let offset = bench.node.history.offset();
    bench.send(replica, format!("REPLCONF ACK {offset}\r\n").as_bytes());
    replica
}

fn begin_to_follow(bench: &mut Bench) -> ConnId {
    bench.run("REPLICAOF 127.0.0.1 7000");
    bench.play_master().0
}

fn receive(bench: &mut Bench, data: &[u8]) {
    let link = begin_to_follow(bench);
    bench.send(link, format!("+FULLRESYNC {} 7\r\n${}\r\n", "a".repeat(40), data.len()).as_bytes());
    bench.send(link, data);
}

const EMPTY: &[u8] = b"REDIS0009\xff\0\0\0\0\0\0\0\0";

const ATTACH: fn(&mut Bench) = |bench| {
    attach(bench);
};
const ATTACH_IN_STEP: fn(&mut Bench) = |bench| {
    attach_in_step(bench);
};

const CASES: &[Case] = &[
    ("Replica 127.0.0.1:7001 asks for synchronization", ATTACH),
    ("Replica 127.0.0.1:0 asks for synchronization but with a wrong offset", |bench| {
        let stranger = bench.connect();
        bench.run_on(stranger, "PSYNC ? x");
    }),
    ("Background RDB transfer started by pid 4711", ATTACH),
    ("Diskless rdb transfer, done reading from pipe, 1 replicas still up.", ATTACH),
    ("Diskless rdb transfer, last replica dropped, killing fork child.", |bench| {
        bench.is_busy = true;
        let replica = attach(bench);
        bench.hang_up(replica);
        bench.is_busy = false;
        bench.run("CLIENT ID");
    }),
    ("Synchronization with replica 127.0.0.1:7001 succeeded", ATTACH_IN_STEP),
    ("Disconnecting timedout replica (streaming sync): 127.0.0.1:7001", |bench| {
        attach_in_step(bench);
        bench.pass(Duration::from_secs(62));
    }),
    ("Disconnecting timedout replica (full sync): 127.0.0.1:7001", |bench| {
        attach(bench);
        bench.pass(Duration::from_secs(62));
    }),
    ("Waiting for replicas before shutting down.", shut_down_too_early),
    ("Lagging replica 127.0.0.1:7001 reported offset 78 behind master, lag=10, state=online.", shut_down_too_early),
    ("0 of 1 replicas are in sync when shutting down.", shut_down_too_early),
    ("Shutdown manually aborted.", |bench| {
        attach_in_step(bench);
        bench.run("SET k w");
        bench.run("SHUTDOWN NOSAVE");
        let other = bench.connect();
        bench.run_on(other, "SHUTDOWN ABORT");
    }),
    ("Afterimage is now ready to exit, bye bye...", |bench| drop(bench.run("SHUTDOWN NOSAVE"))),
    ("MASTER <-> REPLICA sync: Loading DB in memory", |bench| receive(bench, EMPTY)),
    ("MASTER <-> REPLICA sync: Finished with success (0 keys)", |bench| receive(bench, EMPTY)),
    (
        "Failed trying to load the MASTER synchronization DB: Internal error in RDB reading offset 0 -> Wrong signature trying to load DB from file (at byte 0)",
        |bench| receive(bench, b"RUBBISH......................"),
    ),
    ("Successful partial resynchronization with master.", |bench| {
        receive(bench, EMPTY);
        let link = bench.node.follow.as_ref().and_then(super::follow::Follow::conn).expect("there is a link");
        bench.hang_up(link);
        bench.pass(Duration::from_millis(10));
        let (link, _) = bench.play_master();
        bench.send(link, b"+CONTINUE\r\n");
    }),
    ("Timeout connecting to the MASTER...", |bench| {
        begin_to_follow(bench);
        bench.pass(Duration::from_secs(62));
    }),
    ("Unable to AUTH to MASTER: -WRONGPASS no", |bench| {
        bench.run("CONFIG SET masterauth secret");
        bench.run("REPLICAOF 127.0.0.1 7000");
        let link = bench.answer_dial(true);
        bench.send(link, b"+PONG\r\n-WRONGPASS no\r\n");
    }),
];

fn shut_down_too_early(bench: &mut Bench) {
    attach_in_step(bench);
    bench.run("SET k w");
    bench.run("SHUTDOWN NOSAVE");
    bench.pass(Duration::from_secs(11));
}

#[test]
fn what_happens_is_told_in_the_words_that_tools_look_for() {
    for (line, happen) in CASES {
        let config =
            Config { save: alloc::vec::Vec::new(), repl_diskless_load: DisklessLoad::Disabled, ..Config::default() };
        let mut bench = Bench::with(config);
        assert!(!bench.notes.iter().any(|note| note == line), "{line:?} is not told of nothing");
        happen(&mut bench);
        assert!(bench.notes.iter().any(|note| note == line), "{line:?} is not among {:#?}", bench.notes);
    }
}
