//! Cases of a replica that takes the data set by one connection and the stream by another: from a node of ours, and from a master that errs.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::config::{Config, EnableDebug};
use crate::port::{ConnId, DiskFailure, Mono, Now, Wall};

use super::bench::{Bench, Disk};
use super::follow::Link;

fn start(seed: u64) -> Bench {
    let now = Now { mono: Mono(1_000_000), wall: Wall(1_700_000_000_000_000) };
    let config = Config {
        enable_debug_command: EnableDebug::Yes,
        dual_channel_replication_enabled: true,
        repl_diskless_sync_delay: 0,
        ..Config::default()
    };
    Bench::start(config, seed, Disk::new(), now)
}

/// A connection between the two: its end at the replica, and the one at the master.
type Line = (ConnId, ConnId);

/// A master, a replica, and what goes between them, in pieces of a size.
struct Pair {
    master: Bench,
    replica: Bench,
    lines: Vec<Line>,
    piece_bytes: usize,
    /// Connections that were ever made.
    dials: usize,
    /// How many more pieces may go to the replica by a line before that is cut.
    cut: Option<(usize, usize)>,
}

impl Pair {
    fn new(piece_bytes: usize) -> Pair {
        let mut master = start(1);
        master.run("DEBUG POPULATE 100 key 20\r\nSELECT 3\r\nRPUSH list a b c\r\nSET volatile v EX 1000");
        let mut replica = start(2);
        replica.run("SET only-here v");
        Pair { master, replica, lines: Vec::new(), piece_bytes, dials: 0, cut: None }
    }

    fn follow(&mut self) {
        self.replica.run("REPLICAOF 127.0.0.1 7000");
    }

    /// Lets everything through that is on its way. Each step writes if it is told to.
    fn carry(&mut self, mut write: impl FnMut(&mut Bench)) {
        loop {
            while !self.replica.dialled.is_empty() {
                let theirs = self.master.connect();
                let ours = self.replica.answer_dial(true);
                self.lines.push((ours, theirs));
                self.dials += 1;
            }
            let mut has_moved = false;
            for line in self.lines.clone() {
                has_moved |= self.carry_line(line, &mut write);
            }
            if !has_moved && self.replica.dialled.is_empty() {
                return;
            }
        }
    }

    fn carry_line(&mut self, (ours, theirs): Line, write: &mut impl FnMut(&mut Bench)) -> bool {
        let up = self.replica.take_received(ours);
        up.chunks(self.piece_bytes).for_each(|piece| self.master.send(theirs, piece));
        let down = self.master.take_received(theirs);
        for piece in down.chunks(self.piece_bytes) {
            if self.is_cut_now((ours, theirs)) {
                return true;
            }
            write(&mut self.master);
            self.replica.send(ours, piece);
        }
        let is_closed_by_master = self.master.closed.contains(&theirs) && down.is_empty();
        let is_closed = is_closed_by_master || self.replica.closed.contains(&ours);
        if is_closed {
            self.hang_up((ours, theirs));
        }
        is_closed || !up.is_empty() || !down.is_empty()
    }

    /// Counts a piece off, if it goes by the line that is to be cut.
    fn is_cut_now(&mut self, line: Line) -> bool {
        let is_second = self.lines.iter().position(|known| *known == line) == Some(1);
        let Some((which, left)) = &mut self.cut else { return false };
        if (*which == 1) != is_second {
            return false;
        }
        if *left > 0 {
            *left -= 1;
            return false;
        }
        self.cut = None;
        self.hang_up(line);
        true
    }

    fn hang_up(&mut self, (ours, theirs): Line) {
        self.lines.retain(|line| *line != (ours, theirs));
        self.replica.hang_up(ours);
        self.master.hang_up(theirs);
    }

    fn is_online(&self) -> bool {
        self.replica.node.follow.as_ref().is_some_and(super::follow::Follow::is_online)
    }

    fn assert_equal(&mut self) {
        assert!(self.is_online(), "{:#?} {:#?}", self.replica.notes, self.master.notes);
        assert_eq!(self.replica.node.history.position(), self.master.node.history.position());
        assert_eq!(self.replica.run("DEBUG DIGEST"), self.master.run("DEBUG DIGEST"));
    }
}

/// Writes to two databases, one after the other.
fn writer() -> impl FnMut(&mut Bench) {
    let mut count = 0;
    move |master| {
        count += 1;
        if count < 200 {
            master.run(&format!("SELECT {}", count % 2 * 5));
            master
                .run(&format!("INCR counter:{}\r\nMULTI\r\nSADD set {count}\r\nLPUSH list {count}\r\nEXEC", count % 7));
        }
    }
}

#[test]
fn what_is_written_while_the_data_set_comes_is_there_in_the_end() {
    for piece_bytes in [1, 17, 1000, 1 << 20] {
        let mut pair = Pair::new(piece_bytes);
        pair.follow();
        pair.carry(writer());
        pair.assert_equal();
        assert_eq!(pair.dials, 2, "in pieces of {piece_bytes}");
        assert_eq!(pair.replica.run("EXISTS only-here"), ":0 ");
        let stats = pair.master.run("INFO stats");
        assert!(stats.contains("sync_full:1 sync_partial_ok:1 sync_partial_err:1 "), "in pieces of {piece_bytes}");
        assert!(pair.master.run("INFO replication").contains(",state=online,"));
    }
}

#[test]
fn a_cut_of_either_connection_at_any_place_leaves_what_was_there_and_another_try_succeeds() {
    let mut count_given_up = 0;
    for which in [0, 1] {
        for pieces in (0..400).step_by(3) {
            let mut pair = Pair::new(13);
            let before = pair.replica.run("DEBUG DIGEST");
            pair.cut = Some((which, pieces));
            pair.follow();
            pair.carry(writer());
            let has_taken_over = pair.replica.node.history.id == pair.master.node.history.id;
            if !has_taken_over {
                assert_eq!(pair.replica.run("DEBUG DIGEST"), before, "connection {which} after {pieces} pieces");
                assert!(pair.lines.is_empty(), "the other one is given up as well");
                assert!(pair.replica.run("INFO replication").contains("master_link_error:Connection "));
            }
            count_given_up += usize::from(!has_taken_over);
            pair.cut = None;
            for _ in 0..20 {
                pair.replica.pass(Duration::from_secs(1));
                pair.carry(|_| {});
            }
            pair.assert_equal();
        }
    }
    assert!(count_given_up > 50, "{count_given_up}");
}

#[test]
fn a_relay_tells_of_the_database_that_its_stream_is_about() {
    let mut pair = Pair::new(50);
    pair.follow();
    pair.carry(|_| {});
    pair.master.run("SELECT 7\r\nSET a 1");
    pair.carry(|_| {});
    let mut last =
        Pair { master: pair.replica, replica: start(3), lines: Vec::new(), piece_bytes: 9, dials: 0, cut: None };
    last.follow();
    last.carry(|_| {});
    // No SELECT comes any more: it is in force already.
    pair.replica = last.master;
    pair.master.run("SET a 2");
    pair.carry(|_| {});
    last.master = pair.replica;
    last.carry(|_| {});
    assert_eq!(last.replica.run("SELECT 7\r\nGET a"), "+OK $1 2 ");
    last.assert_equal();
}

/// A replica of which the master is played by the test.
struct Played {
    bench: Bench,
    main: ConnId,
    snapshot: ConnId,
}

fn history() -> String {
    "c".repeat(40)
}

/// Up to `+DUALCHANNELSYNC`, and the second connection made.
fn play() -> Played {
    let mut bench = start(5);
    bench.run("SET k old");
    bench.run("REPLICAOF 127.0.0.1 7000");
    let (main, asked) = bench.talk_to_psync();
    assert!(asked.contains("$12\r\ndual-channel\r\n"));
    bench.send(main, b"+DUALCHANNELSYNC\r\n");
    assert_eq!(bench.dialled.len(), 1, "the second connection");
    let snapshot = bench.answer_dial(true);
    Played { bench, main, snapshot }
}

impl Played {
    /// The data set ends at an offset, and is announced.
    fn tell_end(&mut self, offset: u64) {
        self.bench.send(self.snapshot, b"+OK\r\n\n");
        let said = self.bench.take_received(self.snapshot);
        assert!(said.ends_with(b"SYNC\r\n"));
        self.bench.send(self.snapshot, format!("$ENDOFF:{offset} {} 4 77\r\n", history()).as_bytes());
        let said = String::from_utf8(self.bench.take_received(self.main)).expect("it is text");
        assert!(said.ends_with("*3\r\n$8\r\nREPLCONF\r\n$17\r\nset-rdb-client-id\r\n$2\r\n77\r\n"));
    }

    fn begin_data_set(&mut self) {
        self.bench.send(self.snapshot, format!("$EOF:{}\r\nREDIS0009", "m".repeat(40)).as_bytes());
    }

    fn end_data_set(&mut self) {
        let bytes = [b"\xff\0\0\0\0\0\0\0\0".as_slice(), "m".repeat(40).as_bytes()].concat();
        self.bench.send(self.snapshot, &bytes);
    }

    fn follow_stream(&mut self, offset: u64) {
        self.bench.send(self.main, b"+OK\r\n");
        let asked = format!("*3\r\n$5\r\nPSYNC\r\n$40\r\n{}\r\n$", history());
        let said = String::from_utf8(self.bench.take_received(self.main)).expect("it is text");
        assert!(said.starts_with(&asked) && said.ends_with(&format!("\r\n{}\r\n", offset + 1)), "{said}");
        self.bench.send(self.main, format!("+CONTINUE {}\r\n", history()).as_bytes());
    }

    /// The attempt has ended, and nothing is kept of it.
    fn assert_given_up(mut self, case: &str) {
        for conn in [self.main, self.snapshot] {
            assert!(self.bench.node.connections.get(conn).is_none(), "{case}");
        }
        assert!(matches!(self.bench.node.follow.as_ref().map(|follow| &follow.link), Some(Link::Waiting)), "{case}");
        assert_eq!(self.bench.run("GET k"), "$3 old ", "{case}");
        self.bench.pass(Duration::from_secs(10));
        assert_eq!(self.bench.dialled.len(), 1, "{case}: the master is dialled anew");
    }
}

#[test]
fn the_stream_waits_for_the_data_set_and_begins_in_its_database() {
    let mut played = play();
    played.tell_end(1000);
    played.begin_data_set();
    played.follow_stream(1000);
    let stream = "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n";
    played.bench.send(played.main, stream.as_bytes());
    assert_eq!(played.bench.run("GET k"), "$3 old ", "what was there is served meanwhile");
    let info = played.bench.run("INFO replication");
    assert!(info.contains("master_link_status:down ") && info.contains("master_sync_in_progress:1 "));
    let held = stream.len();
    assert!(info.contains(&format!(" replicas_repl_buffer_size:{held} replicas_repl_buffer_peak:{held} ")));
    played.end_data_set();
    let info = played.bench.run("INFO replication");
    assert!(info.contains(&format!(" replicas_repl_buffer_size:0 replicas_repl_buffer_peak:{held} ")), "{info}");
    assert!(played.bench.closed.contains(&played.snapshot));
    assert_eq!(played.bench.run("GET k"), "$-1 ");
    assert_eq!(played.bench.run("SELECT 4\r\nGET a"), "+OK $1 1 ", "ENDOFF said so");
    assert_eq!(played.bench.node.history.offset(), 1000 + stream.len() as u64);
    let said = String::from_utf8(played.bench.take_received(played.main)).expect("it is text");
    assert!(said.ends_with("ACK\r\n$4\r\n1000\r\n"), "it has the data set: {said}");
}

#[test]
fn the_data_set_waits_for_the_masters_consent_to_the_stream() {
    let mut played = play();
    played.tell_end(1000);
    played.begin_data_set();
    played.end_data_set();
    assert_eq!(played.bench.run("GET k"), "$3 old ");
    played.follow_stream(1000);
    assert_eq!(played.bench.run("GET k"), "$-1 ");
    assert_eq!(played.bench.node.history.offset(), 1000);
}

#[test]
fn a_master_that_errs_is_given_up_and_dialled_anew() {
    type Step = fn(&mut Played);
    let cases: [(&str, Step); 11] = [
        ("an answer that nobody asked for", |played| played.bench.send(played.main, b"+OK\r\n")),
        ("no such option", |played| played.bench.send(played.snapshot, b"-ERR Unrecognized REPLCONF option\r\n")),
        ("no line but a data set", |played| played.bench.send(played.snapshot, b"+OK\r\n$EOF:x\r\n")),
        ("SYNC is refused", |played| played.bench.send(played.snapshot, b"+OK\r\n-NOMASTERLINK Can't SYNC\r\n")),
        ("the number is unknown", |played| {
            played.tell_end(7);
            played.bench.send(played.main, b"-ERR Unrecognized RDB client id 77\r\n");
        }),
        ("PSYNC is refused", |played| {
            played.tell_end(7);
            played.bench.send(played.main, b"+OK\r\n+DUALCHANNELSYNC\r\n");
        }),
        ("PSYNC is answered by everything", |played| {
            played.tell_end(7);
            played.bench.send(played.main, format!("+OK\r\n+FULLRESYNC {} 9\r\n", history()).as_bytes());
        }),
        ("the stream is of another history", |played| {
            played.tell_end(7);
            played.bench.send(played.main, format!("+OK\r\n+CONTINUE {}\r\n", "d".repeat(40)).as_bytes());
        }),
        ("the data set is broken", |played| {
            played.tell_end(7);
            played.begin_data_set();
            played.bench.send(played.snapshot, b"\xf0\xf0\xf0");
        }),
        ("the data set breaks off", |played| {
            played.tell_end(7);
            played.begin_data_set();
            played.follow_stream(7);
            played.bench.hang_up(played.snapshot);
        }),
        ("the main connection breaks off behind the data set", |played| {
            played.tell_end(7);
            played.begin_data_set();
            played.end_data_set();
            played.bench.hang_up(played.main);
        }),
    ];
    for (case, step) in cases {
        let mut played = play();
        step(&mut played);
        played.assert_given_up(case);
    }
}

#[test]
fn a_data_set_that_does_not_come_is_given_up_although_the_stream_does() {
    let mut played = play();
    played.tell_end(7);
    played.begin_data_set();
    played.follow_stream(7);
    for second in 0..59 {
        played.bench.pass(Duration::from_secs(1));
        played.bench.send(played.main, b"*1\r\n$4\r\nping\r\n");
        assert!(played.bench.closed.is_empty(), "after {second} seconds");
    }
    assert!(played.bench.take_received(played.main).ends_with(b"\n\n\n"), "it says that it is there");
    assert_eq!(
        played.bench.take_received(played.snapshot),
        b"",
        "nothing is said on a connection that is only sent to"
    );
    played.bench.pass(Duration::from_secs(3));
    assert!(played.bench.closed.contains(&played.main) && played.bench.closed.contains(&played.snapshot));
    assert_eq!(played.bench.run("GET k"), "$3 old ");
}

#[test]
fn a_stream_that_is_too_much_is_left_with_the_master_until_there_is_room() {
    let mut played = play();
    played.bench.run("CONFIG SET client-output-buffer-limit \"replica 100kb 0 0\"");
    played.tell_end(0);
    played.begin_data_set();
    played.follow_stream(0);
    let mut stream = 0;
    while played.bench.paused.is_empty() {
        let write = format!("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1000\r\n{}\r\n", "x".repeat(1000));
        played.bench.send(played.main, write.as_bytes());
        stream += write.len();
        assert!(stream < 200_000, "it has a limit");
    }
    assert_eq!(played.bench.paused, [played.main]);
    played.end_data_set();
    assert!(played.bench.paused.is_empty(), "it is worked off");
    assert_eq!(played.bench.node.history.offset(), stream as u64);
    assert_eq!(played.bench.run("SELECT 4\r\nSTRLEN a"), "+OK :1000 ");
}

/// A string of a data set that takes many appends to a file.
fn large_value() -> Vec<u8> {
    const BYTES: u32 = 2_000_000;
    let head = [b"\0\x01k\x80".as_slice(), &BYTES.to_be_bytes()].concat();
    [head, alloc::vec![b'x'; BYTES as usize]].concat()
}

#[test]
fn a_disk_that_fails_ends_both_connections() {
    let mut played = play();
    played.tell_end(7);
    played.begin_data_set();
    played.follow_stream(7);
    played.bench.append_failure = Some(DiskFailure::NoSpace);
    played.bench.send(played.snapshot, &large_value());
    assert!(played.bench.closed.contains(&played.main) && played.bench.closed.contains(&played.snapshot));
    played.assert_given_up("a disk that fails");
}

#[test]
fn a_slow_disk_stops_the_data_set_and_not_the_stream() {
    let mut played = play();
    played.tell_end(7);
    played.begin_data_set();
    played.follow_stream(7);
    played.bench.hold_disk();
    for piece in large_value().chunks(100_000) {
        played.bench.send(played.snapshot, piece);
    }
    assert_eq!(played.bench.paused, [played.snapshot]);
    let mut stream = 0;
    for _ in 0..55 {
        played.bench.pass(Duration::from_secs(1));
        played.bench.send(played.main, b"*1\r\n$4\r\nping\r\n");
        stream += 14;
    }
    played.bench.release_disk();
    assert!(played.bench.paused.is_empty());
    played.bench.pass(Duration::from_secs(30));
    assert!(played.bench.closed.is_empty(), "it was we who did not read");
    played.end_data_set();
    assert_eq!(played.bench.run("STRLEN k"), ":2000000 ");
    assert_eq!(played.bench.node.history.offset(), 7 + stream);
}

#[test]
fn another_master_or_none_ends_both_connections() {
    for request in ["REPLICAOF NO ONE", "REPLICAOF 127.0.0.1 7001"] {
        let mut played = play();
        played.tell_end(7);
        played.begin_data_set();
        assert_eq!(played.bench.run(request), "+OK ");
        assert!(played.bench.closed.contains(&played.main) && played.bench.closed.contains(&played.snapshot));
        assert_eq!(played.bench.run("GET k"), "$3 old ");
    }
}

#[test]
fn a_second_connection_that_cannot_be_made_ends_the_attempt() {
    let mut bench = start(5);
    bench.run("REPLICAOF 127.0.0.1 7000");
    let main = bench.answer_dial(true);
    for line in ["+PONG", "+OK", "+OK", "+OK", "+DUALCHANNELSYNC"] {
        bench.send(main, format!("{line}\r\n").as_bytes());
    }
    bench.answer_dial(false);
    assert_eq!(bench.closed, [main]);
    assert!(bench.run("INFO replication").contains("master_link_error:"));
}

#[test]
fn nothing_is_offered_where_the_directive_is_off() {
    let mut bench = start(5);
    bench.run("CONFIG SET dual-channel-replication-enabled no");
    bench.run("REPLICAOF 127.0.0.1 7000");
    let main = bench.answer_dial(true);
    for line in ["+PONG", "+OK", "+OK", "+OK"] {
        bench.send(main, format!("{line}\r\n").as_bytes());
    }
    let said = bench.take_received(main);
    assert!(!String::from_utf8_lossy(&said).contains("dual-channel"));
    bench.send(main, b"+DUALCHANNELSYNC\r\n");
    assert_eq!(bench.closed, [main], "it was not asked for");
}
