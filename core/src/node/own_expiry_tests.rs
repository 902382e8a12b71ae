//! Which keys does a writable replica expire by itself?

use alloc::format;
use alloc::string::String;
use core::time::Duration;

use crate::config::Config;
use crate::port::ConnId;

use super::bench::Bench;
use super::timers::Timer;

const EMPTY: &[u8] = b"REDIS0009\xff\0\0\0\0\0\0\0\0";
/// Long after all that is to expire here has.
const LONG: Duration = Duration::from_secs(1);

/// Who has sent a line.
#[derive(Clone, Copy, Debug)]
enum By {
    Client(&'static str),
    Master(&'static str),
}
use By::{Client, Master};

/// A replica whose clients may write, with its master's link.
fn writable_replica() -> (Bench, ConnId) {
    let config = Config { replica_read_only: false, save: alloc::vec::Vec::new(), databases: 80, ..Config::default() };
    let mut bench = Bench::with(config);
    bench.run("REPLICAOF 127.0.0.1 7000");
    let link = synchronise(&mut bench);
    (bench, link)
}

/// The master sends an empty data set.
fn synchronise(bench: &mut Bench) -> ConnId {
    let (link, _) = bench.play_master();
    bench.send(link, format!("+FULLRESYNC {} 7\r\n${}\r\n", "a".repeat(40), EMPTY.len()).as_bytes());
    bench.send(link, EMPTY);
    link
}

fn stream(bench: &mut Bench, link: ConnId, line: &str) {
    let words: alloc::vec::Vec<&str> = line.split(' ').collect();
    let mut bytes = format!("*{}\r\n", words.len());
    for word in words {
        bytes += &format!("${}\r\n{word}\r\n", word.len());
    }
    bench.send(link, bytes.as_bytes());
}

fn tracked(bench: &mut Bench) -> String {
    let text = bench.run("INFO stats");
    let field = text.split(' ').find_map(|line| line.strip_prefix("slave_expires_tracked_keys:"));
    field.expect("the field is there").into()
}

#[test]
fn a_replica_expires_keys_whose_expiry_its_own_clients_have_set_last_and_no_others() {
    // By the bench's clock both expire within half a second.
    const SOON: &str = "SET k v PXAT 1700000000300";
    const LATER: &str = "SET k v PXAT 1700000000500";
    // What is sent, how many keys the replica is to expire then, and how many are there when it has.
    let cases: &[(&[By], usize, usize)] = &[
        (&[Client(SOON)], 1, 0),
        (&[Master(SOON)], 0, 1),
        (&[Client("PSETEX k 300 v")], 1, 0),
        (&[Client("SETEX k 1 v"), Client("PEXPIRE k 300")], 1, 0),
        (&[Master("SET k v"), Client("PEXPIRE k 300")], 1, 0),
        (&[Master("SET k v"), Client("EXPIRE k -1")], 1, 0),
        (&[Master("SET k v"), Client("GETEX k PX 300")], 1, 0),
        (&[Client("SET k v PXAT 5")], 1, 0),
        (&[Client(SOON), Client("PERSIST k")], 0, 1),
        (&[Client(SOON), Client("SET k v")], 0, 1),
        (&[Client(SOON), Client("DEL k")], 0, 0),
        (&[Client(SOON), Client("RENAME k l")], 1, 0),
        (&[Client(SOON), Client("COPY k l")], 2, 0),
        (&[Client(SOON), Client("MOVE k 70")], 1, 0),
        (&[Client(SOON), Client("SWAPDB 0 70")], 1, 0),
        (&[Client(SOON), Client("FLUSHDB")], 0, 0),
        (&[Client(SOON), Client("FLUSHALL")], 0, 0),
        (&[Client(SOON), Client("SELECT 70"), Client(LATER)], 2, 0),
        // What the master's value has lost it gets back only by the master, and what it has, it keeps.
        (&[Client(SOON), Master("SET k v")], 0, 1),
        (&[Client(SOON), Master(LATER)], 0, 1),
        (&[Client(SOON), Master("PERSIST k")], 0, 1),
        (&[Client(SOON), Master("DEL k")], 0, 0),
        (&[Client(SOON), Master("FLUSHALL")], 0, 0),
        (&[Client(SOON), Master("APPEND k x")], 1, 0),
        (&[Client(SOON), Master("SET k v KEEPTTL")], 1, 0),
        (&[Client(SOON), Master("RENAME k l")], 1, 0),
        (&[Client(SOON), Master("MOVE k 1")], 1, 0),
        (&[Client(SOON), Master("SWAPDB 0 1")], 1, 0),
        (&[Client(SOON), Master("SET l v"), Master("RENAME l k")], 0, 1),
        (&[Master(SOON), Client(LATER)], 1, 0),
        (&[Master(SOON), Client("SET k w KEEPTTL")], 0, 1),
        (&[Master(SOON), Client("APPEND k x")], 0, 1),
        (&[Master(SOON), Client("RENAME k l")], 1, 0),
        (&[Client(SOON), Client("CONFIG SET replica-read-only yes")], 1, 0),
    ];
    for (lines, own, left) in cases {
        let (mut bench, link) = writable_replica();
        for by in *lines {
            match by {
                Client(line) => drop(bench.run(line)),
                Master(line) => stream(&mut bench, link, line),
            }
        }
        assert_eq!(tracked(&mut bench), format!("{own}"), "{lines:?}");
        bench.pass(LONG);
        assert_eq!(bench.node.keyspace.total_len(), *left, "{lines:?}");
        assert_eq!(tracked(&mut bench), "0", "{lines:?}");
        assert_eq!(bench.node.stats.expired.keys, *own as u64, "{lines:?}");
    }
}

#[test]
fn a_key_that_has_expired_is_hidden_until_it_is_removed_and_subscribers_are_told_then() {
    let (mut bench, link) = writable_replica();
    let listener = bench.connect();
    bench.run("CONFIG SET notify-keyspace-events Ex");
    bench.run_on(listener, "PSUBSCRIBE *");
    bench.take_received(listener);
    let offset = bench.node.history.offset();
    bench.run("SET k v PX 300");
    stream(&mut bench, link, "SET m v PXAT 1700000000300");
    bench.run("CLIENT PAUSE 600 WRITE");
    bench.pass(Duration::from_millis(500));
    assert_eq!(bench.run("GET k"), "$-1 ");
    assert_eq!(bench.node.keyspace.total_len(), 2, "nothing expires during a pause");
    bench.pass(LONG);
    assert_eq!(bench.run("DBSIZE"), ":1 ");
    let told = String::from_utf8(bench.take_received(listener)).expect("ASCII").replace("\r\n", " ");
    assert_eq!(told, "*4 $8 pmessage $1 * $22 __keyevent@0__:expired $1 k ");
    assert!(bench.node.history.offset() > offset, "the master's command has moved it");
    let before = bench.node.history.offset();
    bench.run("SET k v PX 1");
    bench.pass(LONG);
    assert_eq!(bench.node.history.offset(), before, "nobody is told of what is ours alone");
}

#[test]
fn a_replica_without_keys_of_its_own_sets_no_timer_for_those_of_its_master() {
    let (mut bench, link) = writable_replica();
    stream(&mut bench, link, "SET m v PXAT 1700000000300");
    assert_eq!(bench.node.timers.due(Timer::Expiry), None);
    bench.run("SET k v PX 300");
    assert!(bench.node.timers.due(Timer::Expiry).is_some());
    bench.run("DEL k");
    assert_eq!(bench.node.timers.due(Timer::Expiry), None);
}

#[test]
fn a_new_data_set_takes_the_place_of_keys_of_its_own() {
    let (mut bench, link) = writable_replica();
    bench.run("SET k v PX 100000");
    bench.hang_up(link);
    while bench.dialled.is_empty() {
        bench.pass(Duration::from_millis(10));
    }
    assert_eq!(tracked(&mut bench), "1");
    synchronise(&mut bench);
    assert_eq!(tracked(&mut bench), "0");
    assert_eq!(bench.run("DBSIZE"), ":0 ");
}

#[test]
fn a_lost_link_changes_nothing_and_a_promoted_replica_expires_everything() {
    let (mut bench, link) = writable_replica();
    stream(&mut bench, link, "SET m v PXAT 1700000000300");
    bench.run("SET k v PX 100");
    bench.run("SET l v PX 300");
    bench.hang_up(link);
    bench.pass(Duration::from_millis(200));
    assert_eq!(bench.run("DBSIZE"), ":2 ");
    assert_eq!(tracked(&mut bench), "1");
    bench.run("REPLICAOF NO ONE");
    assert_eq!(tracked(&mut bench), "0");
    bench.pass(LONG);
    assert_eq!(bench.run("DBSIZE"), ":0 ");
    bench.run("SET k v PX 100");
    bench.run("REPLICAOF 127.0.0.1 7000");
    assert_eq!(tracked(&mut bench), "0", "it was set by a master, and will be removed by one");
}
