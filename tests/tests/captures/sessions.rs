//! What real servers are made to do while every word is written down.

use super::stage::Stage;
use afterimage_tests::{Release, wait_until};

const A: u16 = 0;
const B: u16 = 1;
const C: u16 = 2;

/// A session: its name, what it is, and what happens.
pub(super) struct Session {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    directives: &'static [(&'static str, &'static str)],
    play: fn(&mut Stage),
}

impl Session {
    /// Plays it with servers of a release; `None` if there are none.
    pub(super) fn play(&self, release: Release) -> Option<Stage> {
        let mut stage = Stage::set(release, 3, self.directives)?;
        (self.play)(&mut stage);
        Some(stage)
    }
}

/// Without a checksum, so that what is another byte in a data set is seen by its data.
const SOCKET: &[(&str, &str)] = &[("repl-diskless-sync", "yes"), ("rdbchecksum", "no")];
const FILE: &[(&str, &str)] = &[("repl-diskless-sync", "no")];
const SMALL_BACKLOG: &[(&str, &str)] =
    &[("repl-diskless-sync", "yes"), ("rdbchecksum", "no"), ("repl-backlog-size", "16384")];

/// What Redis 7.0 is made to do.
pub(super) const ALL: [Session; 11] = [
    Session {
        name: "full-by-socket",
        about: "full synchronisations over sockets",
        directives: SOCKET,
        play: synchronise,
    },
    Session { name: "full-by-file", about: "full synchronisations from a file", directives: FILE, play: synchronise },
    Session {
        name: "partial",
        about: "lines that are cut, and partial resynchronisations",
        directives: SOCKET,
        play: resume,
    },
    Session { name: "outrun", about: "a gap that the backlog does not hold", directives: SMALL_BACKLOG, play: outrun },
    Session { name: "chain", about: "a chain, cut in its middle", directives: SOCKET, play: chain },
    Session {
        name: "failover",
        about: "a promotion, and all others follow without a data set",
        directives: SOCKET,
        play: fail_over,
    },
    Session {
        name: "diverged",
        about: "masters that went on after their successor was promoted",
        directives: SOCKET,
        play: diverge,
    },
    Session {
        name: "restart",
        about: "restarts of replicas and of masters from their snapshots",
        directives: FILE,
        play: restart,
    },
    Session {
        name: "handover",
        about: "a master hands over to its replica while a client writes",
        directives: SOCKET,
        play: hand_over,
    },
    Session {
        name: "handover-forced",
        about: "a master that hands over to a replica which lags: in vain, then by force",
        directives: SOCKET,
        play: hand_over_by_force,
    },
    Session {
        name: "takeover",
        about: "replicas that are promoted while a client writes to their master, and bytes are under way to them",
        directives: SOCKET,
        play: take_over,
    },
];

/// What every other release is made to do.
pub(super) const LIFE: Session = Session { name: "life", about: "a bit of everything", directives: SOCKET, play: live };

/// A small one, which is altered at each byte.
pub(super) const SMALL: Session =
    Session { name: "small", about: "two replicas, few writes, a cut, a promotion", directives: SOCKET, play: little };

/// Some of each type, in two databases, with blocks, expiries, and what a server decides by itself.
const WRITES: &[&str] = &[
    "SET plain value",
    "SET counter 41",
    "INCR counter",
    "APPEND plain s",
    "SETEX later 100000 x",
    "PSETEX soon 30 x",
    "RPUSH list a b c d e",
    "LPOP list",
    "RPOPLPUSH list other",
    "SADD set a b c d e f g",
    "SPOP set",
    "SPOP set 2",
    "ZADD sorted 1 one 2.5 two -3 three",
    "ZINCRBY sorted 0.5 one",
    "ZPOPMIN sorted",
    "HSET hash field value other 1",
    "HINCRBYFLOAT hash other 0.25",
    "MULTI",
    "SET in-a-block 1",
    "SPOP set",
    "EXPIRE in-a-block 90000",
    "EXEC",
    "SELECT 1",
    "SADD numbers 1 2 3 4",
    "XADD stream * a 1 b 2",
    "XADD stream * a 3",
    "XTRIM stream MAXLEN 1",
    "PFADD counted a b c",
    "SETRANGE plain 3 ...",
    "SETBIT bits 77 1",
    "MULTI",
    "SELECT 0",
    "GETDEL counter",
    "SELECT 1",
    "RENAME bits bitmap",
    "EXEC",
    "COPY numbers copied",
    "GETEX plain EX 50000",
    "SELECT 0",
    "SET answer 42 EX 10000 NX",
];

/// Those that come once more, later.
const MORE: &[&str] = &[
    "SPOP set",
    "INCRBYFLOAT ratio 3.5",
    "LPUSH list x y",
    "SELECT 1",
    "SINTERSTORE both numbers copied",
    "PERSIST plain",
    "MULTI",
    "INCR n",
    "INCR n",
    "EXEC",
    "SELECT 0",
    "DEL other",
    "PEXPIRE hash 25",
];

/// Writes, and lets what is to expire be gone.
fn write(stage: &mut Stage, host: u16, lines: &[&str]) {
    stage.say_all(host, lines);
    stage.say(host, "SELECT 0");
    wait_until("what has expired to be gone", || {
        let mut gone = stage.server(host).client();
        ["soon", "hash"].iter().all(|key| gone.line(&format!("PTTL {key}")).integer() < 0)
    });
}

fn synchronise(stage: &mut Stage) {
    write(stage, A, WRITES);
    stage.follow(B, A);
    stage.rest(&[None, Some(A), None]);
    stage.say_all(A, MORE);
    stage.follow(C, A);
    write(stage, A, &WRITES[..30]);
    stage.rest(&[None, Some(A), Some(A)]);
    write(stage, A, WRITES);
    stage.wait(0, A, 2);
    stage.rest(&[None, Some(A), Some(A)]);
}

fn resume(stage: &mut Stage) {
    write(stage, A, &WRITES[..12]);
    stage.follow(B, A);
    stage.follow(C, A);
    stage.rest(&[None, Some(A), Some(A)]);
    for bytes in [33, 450] {
        stage.line(B, A).cut_after(bytes);
        write(stage, A, WRITES);
        let door = stage.line(B, A);
        wait_until("the cut", || !door.is_about_to_cut());
        stage.rest(&[None, Some(A), Some(A)]);
    }
    stage.line(C, A).shut();
    write(stage, A, MORE);
    stage.wait(0, A, 1);
    stage.line(C, A).reopen();
    write(stage, A, WRITES);
    stage.rest(&[None, Some(A), Some(A)]);
    stage.say(A, "CLIENT KILL TYPE replica");
    write(stage, A, MORE);
    stage.rest(&[None, Some(A), Some(A)]);
}

fn outrun(stage: &mut Stage) {
    write(stage, A, MORE);
    stage.follow(B, A);
    stage.follow(C, A);
    stage.rest(&[None, Some(A), Some(A)]);
    stage.line(B, A).shut();
    let value = "x".repeat(1000);
    for number in 0..48 {
        stage.say(A, &format!("SET k{} {value}", number % 4));
    }
    stage.wait(0, A, 1);
    stage.line(B, A).reopen();
    stage.rest(&[None, Some(A), Some(A)]);
    write(stage, A, MORE);
    stage.rest(&[None, Some(A), Some(A)]);
}

fn chain(stage: &mut Stage) {
    write(stage, A, &WRITES[..17]);
    stage.follow(B, A);
    stage.rest(&[None, Some(A), None]);
    stage.follow(C, B);
    write(stage, A, WRITES);
    stage.rest(&[None, Some(A), Some(B)]);
    stage.line(B, A).cut_after(77);
    write(stage, A, MORE);
    stage.rest(&[None, Some(A), Some(B)]);
    stage.line(C, B).cut_after(100);
    write(stage, A, WRITES);
    stage.rest(&[None, Some(A), Some(B)]);
}

fn fail_over(stage: &mut Stage) {
    write(stage, A, &WRITES[..17]);
    stage.follow(B, A);
    stage.follow(C, A);
    write(stage, A, WRITES);
    stage.wait(0, A, 2);
    stage.rest(&[None, Some(A), Some(A)]);
    stage.promote(B);
    write(stage, B, MORE);
    stage.follow(C, B);
    stage.follow(A, B);
    write(stage, B, WRITES);
    stage.wait(0, B, 2);
    stage.rest(&[Some(B), None, Some(B)]);
    // And back, along a chain.
    stage.promote(C);
    stage.follow(B, C);
    stage.rest(&[Some(B), Some(C), None]);
    write(stage, C, MORE);
    stage.rest(&[Some(B), Some(C), None]);
}

fn diverge(stage: &mut Stage) {
    write(stage, A, &WRITES[..17]);
    stage.follow(B, A);
    stage.follow(C, A);
    stage.rest(&[None, Some(A), Some(A)]);
    stage.promote(B);
    write(stage, B, MORE);
    // C hears of these.
    write(stage, A, MORE);
    stage.rest(&[None, None, Some(A)]);
    stage.follow(C, B);
    stage.follow(A, B);
    stage.rest(&[Some(B), None, Some(B)]);
    stage.promote(C);
    stage.follow(A, C);
    stage.rest(&[Some(C), None, None]);
    // Nobody hears of these.
    write(stage, B, WRITES);
    write(stage, C, MORE);
    stage.follow(B, C);
    stage.rest(&[Some(C), Some(C), None]);
}

fn restart(stage: &mut Stage) {
    write(stage, A, &WRITES[..17]);
    stage.follow(B, A);
    stage.follow(C, A);
    write(stage, A, MORE);
    stage.rest(&[None, Some(A), Some(A)]);
    stage.stop(B);
    write(stage, A, WRITES);
    stage.start(B, Some(A));
    stage.rest(&[None, Some(A), Some(A)]);
    stage.stop(A);
    stage.start(A, None);
    stage.rest(&[None, Some(A), Some(A)]);
    write(stage, A, MORE);
    stage.rest(&[None, Some(A), Some(A)]);
}

fn hand_over(stage: &mut Stage) {
    stage.acquaint(A, B);
    write(stage, A, &WRITES[..17]);
    stage.follow(B, A);
    stage.follow(C, A);
    stage.rest(&[None, Some(A), Some(A)]);
    let writer = stage.writes(1, A);
    writer.goes_on();
    stage.hand_over(A, B, "");
    // From when it is asked until it is a replica its answers wait.
    writer.stops_refused();
    stage.wait_for_link(A);
    stage.rest(&[Some(B), None, Some(A)]);
    write(stage, B, MORE);
    stage.rest(&[Some(B), None, Some(A)]);
    // And back, down the chain.
    let writer = stage.writes(1, B);
    writer.goes_on();
    stage.hand_over(B, A, "TIMEOUT 60000");
    writer.stops_refused();
    stage.wait_for_link(B);
    write(stage, A, &WRITES[..17]);
    stage.wait(0, A, 2);
    stage.rest(&[None, Some(A), Some(A)]);
}

fn hand_over_by_force(stage: &mut Stage) {
    stage.acquaint(A, B);
    write(stage, A, &WRITES[..17]);
    stage.follow(B, A);
    stage.follow(C, A);
    stage.rest(&[None, Some(A), Some(A)]);
    // A replica that had all of a data set is sent the stream once it says so. That is over then.
    write(stage, A, MORE);
    stage.rest(&[None, Some(A), Some(A)]);
    stage.line(B, A).hold();
    let writer = stage.writes(1, A);
    writer.goes_on();
    stage.hand_over(A, B, "TIMEOUT 200");
    stage.wait_for_refusal(A);
    writer.goes_on();
    // Until then all has come to C, whose data will be more than the successor's.
    stage.hand_over(A, B, "FORCE TIMEOUT 500");
    writer.stops_refused();
    stage.line(B, A).let_go();
    stage.wait_for_link(A);
    stage.say(B, "INFO replication");
    write(stage, B, MORE);
    stage.rest(&[Some(B), None, Some(A)]);
}

fn take_over(stage: &mut Stage) {
    write(stage, A, &WRITES[..17]);
    stage.follow(B, A);
    stage.follow(C, A);
    write(stage, A, MORE);
    stage.rest(&[None, Some(A), Some(A)]);
    let writer = stage.writes(1, A);
    writer.goes_on();
    stage.line(B, A).hold();
    writer.goes_on();
    stage.promote(B);
    stage.line(B, A).let_go();
    stage.say_all(B, &MORE[..6]);
    // C hears of what the old master goes on to write, and leaves that in the midst of it.
    writer.goes_on();
    stage.follow(C, B);
    // Nobody hears of this.
    writer.goes_on();
    stage.follow(A, B);
    writer.stops_refused();
    stage.rest(&[Some(B), None, Some(B)]);
    // Once more, with as much under way as there is by itself.
    let writer = stage.writes(1, B);
    writer.goes_on();
    stage.promote(C);
    stage.follow(A, C);
    stage.follow(B, C);
    writer.stops_refused();
    write(stage, C, MORE);
    stage.rest(&[Some(C), Some(C), None]);
}

fn live(stage: &mut Stage) {
    stage.acquaint(B, C);
    write(stage, A, &WRITES[..30]);
    stage.say(A, "SELECT 0");
    stage.follow(B, A);
    stage.rest(&[None, Some(A), None]);
    stage.follow(C, B);
    write(stage, A, WRITES);
    stage.wait(0, A, 1);
    stage.rest(&[None, Some(A), Some(B)]);
    stage.line(B, A).cut_after(500);
    write(stage, A, MORE);
    stage.rest(&[None, Some(A), Some(B)]);
    stage.stop(C);
    write(stage, A, MORE);
    stage.start(C, Some(B));
    stage.rest(&[None, Some(A), Some(B)]);
    stage.promote(B);
    write(stage, B, WRITES);
    stage.follow(A, B);
    stage.rest(&[Some(B), None, Some(B)]);
    stage.promote(C);
    write(stage, C, MORE);
    write(stage, B, MORE);
    stage.rest(&[Some(B), None, None]);
    stage.follow(B, C);
    stage.rest(&[Some(B), Some(C), None]);
    let writer = stage.writes(1, C);
    writer.goes_on();
    stage.hand_over(C, B, "");
    writer.stops_refused();
    stage.wait_for_link(C);
    stage.rest(&[Some(B), None, Some(B)]);
}

fn little(stage: &mut Stage) {
    stage.say_all(A, &["SET a 1", "SADD s a b c"]);
    stage.follow(B, A);
    stage.follow(C, A);
    stage.rest(&[None, Some(A), Some(A)]);
    stage.line(B, A).cut_after(40);
    stage.say_all(A, &["SPOP s", "MULTI", "SET b 2 EX 10000", "INCR a", "EXEC"]);
    stage.wait(0, A, 2);
    stage.rest(&[None, Some(A), Some(A)]);
    stage.promote(B);
    stage.follow(C, B);
    stage.say(B, "RPUSH l x");
    stage.rest(&[None, None, Some(B)]);
}
