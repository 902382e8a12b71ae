//! What does the guard do about each thing that a master can come back with?
//!
//! A has the data, B and C follow it. Each story is one class of what A offers when it is there again, and what becomes of the replicas.

use super::{Stage, host, is_told};
use crate::journal::Line;
use crate::plan::{Crash, HostPlan, Setting, Storage};
use crate::queue::{MILLISECOND, SECOND};

const A: u16 = 0;
const B: u16 = 1;
const C: u16 = 2;
/// Keys that A holds before anything happens.
const KEYS: u32 = 20;
/// Time that a supervisor takes.
const DOWN: u64 = 300 * MILLISECOND;
/// Bytes of a value that is larger than the backlog.
const LARGE: usize = 20_000;

/// What a node's log says of the guard.
const WORDS: [&str; 8] = [
    "The master offers",
    "Nothing is dropped",
    "What we had is in",
    "is accepted",
    "guard is armed",
    "In the life before",
    "protection of this restart",
    "Successful partial",
];

fn is_kept(line: &Line) -> bool {
    is_told(line) || WORDS.iter().any(|words| line.text.contains(words))
}

/// A, B and C in step, with data.
fn begin(hosts: Vec<HostPlan>, more: &[(&str, &str)], defects: Vec<String>) -> Stage {
    let mut settings = vec![Setting::new("repl-diskless-sync-delay", 0), Setting::new("repl-backlog-size", 16384)];
    settings.extend(more.iter().map(|(name, value)| Setting::new(name, value)));
    let mut stage = Stage::new(hosts, Vec::new(), settings, defects);
    stage.run_until(3 * SECOND, |_| false);
    let mut keys = String::from("MSET");
    (0..KEYS).for_each(|n| keys.push_str(&format!(" key:{n} value:{n}")));
    stage.write(A, &[&keys]);
    stage.run_until(5 * SECOND, |_| false);
    stage.tell(&format!("B and C follow A, which has {KEYS} keys"));
    stage.tell_nodes();
    stage
}

fn three(master: Storage, replicas: Storage) -> Vec<HostPlan> {
    vec![host(None, master), host(Some(A), replicas), host(Some(A), replicas)]
}

/// A is without persistence, and comes back at once.
fn lose_everything(stage: &mut Stage) {
    stage.tell("A, which keeps nothing on its disk, crashes; its supervisor starts it again at once");
    stage.world.stop_node(A, Crash::Process, DOWN);
}

/// Nothing.
pub(super) fn empty(defects: Vec<String>) -> Stage {
    let mut stage = begin(three(Storage::Ephemeral, Storage::Unsaved), &[], defects);
    lose_everything(&mut stage);
    stage.run_until(12 * SECOND, is_kept);
    stage.tell_nodes();
    stage.tell("a client writes to A; that changes nothing");
    stage.write(A, &["SET new 1"]);
    stage.run_until(40 * SECOND, is_kept);
    stage.tell_nodes();
    stage.tell("the operator makes B the master, and A and C follow it: everything is back, and C has lost no byte");
    stage.point(B, None);
    stage.point(A, Some(B));
    stage.point(C, Some(B));
    stage.run_until(50 * SECOND, is_kept);
    stage.tell_nodes();
    stage
}

/// Nothing, as somebody wants it.
pub(super) fn accepted(defects: Vec<String>) -> Stage {
    let mut stage = begin(three(Storage::Ephemeral, Storage::Unsaved), &[], defects);
    lose_everything(&mut stage);
    stage.run_until(7 * SECOND, is_kept);
    stage.tell(
        "the operator wants A to be empty, and says so to one replica by WIPEGUARD ACCEPT, to the other by REPLICAOF",
    );
    stage.write(B, &["WIPEGUARD ACCEPT"]);
    stage.point(C, Some(A));
    stage.run_until(12 * SECOND, is_kept);
    stage.tell_nodes();
    stage
}

/// Next to nothing: a client was faster than the replicas.
pub(super) fn shrunk(defects: Vec<String>) -> Stage {
    let mut stage = begin(three(Storage::Ephemeral, Storage::Unsaved), &[("repl-diskless-sync-delay", "2")], defects);
    lose_everything(&mut stage);
    stage.run_until(5 * SECOND + 2 * DOWN, is_kept);
    stage.tell("a client writes a key to A before the snapshot for the replicas begins");
    stage.write(A, &["SET new 1"]);
    stage.run_until(12 * SECOND, is_kept);
    stage.tell_nodes();
    stage
}

/// An older snapshot.
pub(super) fn rollback(defects: Vec<String>) -> Stage {
    let mut stage = begin(three(Storage::Unsaved, Storage::Unsaved), &[], defects);
    stage.tell("A saves a snapshot; then a client writes three more keys, which all replicas have");
    stage.write(A, &["SAVE"]);
    stage.run_until(6 * SECOND, is_kept);
    stage.write(A, &["MSET later:1 a later:2 b later:3 c"]);
    stage.run_until(7 * SECOND, is_kept);
    stage.tell_nodes();
    stage.tell("A crashes, and comes back with the snapshot");
    stage.world.stop_node(A, Crash::Process, DOWN);
    stage.run_until(12 * SECOND, is_kept);
    stage.tell_nodes();
    stage
}

/// Everything and more, under another name: C was away while B was promoted.
pub(super) fn promoted(defects: Vec<String>) -> Stage {
    let hosts = vec![host(None, Storage::Unsaved), host(Some(A), Storage::Unsaved), host(Some(B), Storage::Saved)];
    let mut stage = begin(hosts, &[], defects);
    stage.run_until(12 * SECOND, |_| false);
    stage.tell("C follows B. It goes away; B is made a master, and written to for more than its backlog holds");
    stage.world.stop_node(C, Crash::Process, 6 * SECOND);
    stage.point(B, None);
    stage.run_until(14 * SECOND, is_kept);
    stage.write(B, &[&format!("SET large {}", "x".repeat(LARGE))]);
    stage.run_until(25 * SECOND, is_kept);
    stage.tell_nodes();
    stage
}

/// Nothing, under another name, and rightly so: C was away while B was promoted and flushed.
pub(super) fn flushed(defects: Vec<String>) -> Stage {
    let hosts = vec![host(None, Storage::Unsaved), host(Some(A), Storage::Unsaved), host(Some(B), Storage::Saved)];
    let mut stage = begin(hosts, &[], defects);
    stage.run_until(12 * SECOND, |_| false);
    stage
        .tell("C follows B. It goes away; B is made a master, written to for more than its backlog holds, and flushed");
    stage.world.stop_node(C, Crash::Process, 6 * SECOND);
    stage.point(B, None);
    stage.run_until(14 * SECOND, is_kept);
    stage.write(B, &[&format!("SET large {}", "x".repeat(LARGE)), "FLUSHALL"]);
    stage.tell("at first C sees only that B is empty; asked by INFO, B says that its history goes on from C's");
    stage.run_until(25 * SECOND, is_kept);
    stage.tell_nodes();
    stage
}

/// Nothing, while the replicas were restarted themselves.
pub(super) fn evidence(defects: Vec<String>) -> Stage {
    let mut stage = begin(three(Storage::Ephemeral, Storage::Saved), &[], defects);
    stage.run_until(12 * SECOND, |_| false);
    stage.tell("all three crash at once; A comes back first, with nothing, and then B and C with their snapshots");
    stage.world.stop_node(A, Crash::Process, DOWN);
    stage.world.stop_node(B, Crash::Process, SECOND);
    stage.world.stop_node(C, Crash::Process, SECOND);
    stage.run_until(20 * SECOND, is_kept);
    stage.tell_nodes();
    stage
}

/// A master that knows that it has lost everything, and replicas without a guard.
pub(super) fn protected(defects: Vec<String>) -> Stage {
    let settings = [("replica-wipe-guard", "allow"), ("save", "3600 1"), ("master-protected-restart", "20")];
    let mut stage = begin(three(Storage::Saved, Storage::Unsaved), &settings, defects);
    stage.tell("replicas have no guard here, as those of a Redis; A keeps snapshots, but the first one is still to come when it crashes");
    stage.world.stop_node(A, Crash::Process, DOWN);
    stage.run_until(15 * SECOND, is_kept);
    stage.tell_nodes();
    stage.tell("within the grace somebody promotes B, and has the others follow it");
    stage.point(B, None);
    stage.point(A, Some(B));
    stage.point(C, Some(B));
    stage.run_until(30 * SECOND, is_kept);
    stage.tell_nodes();
    stage
}
