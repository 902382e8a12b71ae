//! How does a master without persistence wipe its replicas?
//!
//! The story is in the Redis documentation on replication ("Safety of replication when master has persistence turned
//! off"): master A keeps nothing on disk, B and C follow it. A crashes, and a supervisor starts it again at once, empty.
//! B and C come back, are told that A's history is a new one, and replace what they hold by what A has: nothing.
//!
//! So it is with `replica-wipe-guard allow`, and with every Redis. What becomes of it with the guard is told by the stories of [`super::guard`].

use super::{Stage, host, is_told};
use crate::plan::{Crash, Setting, Storage};
use crate::queue::{MILLISECOND, SECOND};

/// Keys that A holds before it crashes.
const KEYS: u32 = 20;
/// Time that the supervisor takes.
const DOWN: u64 = 300 * MILLISECOND;

/// Plays the story.
pub(super) fn play(defects: Vec<String>) -> Stage {
    let hosts = vec![host(None, Storage::Ephemeral), host(Some(0), Storage::Unsaved), host(Some(0), Storage::Unsaved)];
    let settings = vec![
        Setting::new("repl-diskless-sync-delay", 0),
        Setting::new("repl-diskless-load", "swapdb"),
        Setting::new("replica-wipe-guard", "allow"),
    ];
    let mut stage = Stage::new(hosts, Vec::new(), settings, defects);
    stage.run_until(5 * SECOND, is_told);
    stage.tell(&format!("a client writes {KEYS} keys to A"));
    let mut keys = String::from("MSET");
    (0..KEYS).for_each(|n| keys.push_str(&format!(" key:{n} value:{n}")));
    stage.write(0, &[&keys]);
    stage.run_until(7 * SECOND, is_told);
    stage.tell_nodes();
    stage.tell("A crashes; its supervisor starts it again at once");
    stage.world.stop_node(0, Crash::Process, DOWN);
    stage.run_until(20 * SECOND, is_told);
    stage.tell_nodes();
    stage
}
