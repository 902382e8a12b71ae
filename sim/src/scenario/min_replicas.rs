//! Is a replica that acknowledges a replica that keeps up?
//!
//! Master A wants one replica that lags two seconds at most before it accepts a write. Its only replica B is told CLIENT PAUSE ... ALL: it
//! applies nothing any more, and goes on acknowledging the offset at which it stands, once a second. A client writes twice a second.
//!
//! A Redis accepts all of it, since its replica is heard of every second (`good_replica_is_heartbeat`). If A were lost now, so would be all
//! that was written since. The truth is that nobody keeps up, and the client is to be told.

use super::{SPEAKER, Stage, host, is_told_or_said};
use crate::plan::{Setting, Storage};
use crate::queue::{MILLISECOND, SECOND};

/// Plays the story.
pub(super) fn play(defects: Vec<String>) -> Stage {
    let hosts = vec![host(None, Storage::Unsaved), host(Some(0), Storage::Unsaved)];
    let settings = vec![
        Setting::new("repl-diskless-sync-delay", 0),
        Setting::new("min-replicas-to-write", 1),
        Setting::new("min-replicas-max-lag", 2),
    ];
    let mut stage = Stage::new(hosts, vec![SPEAKER], settings, defects);
    stage.run_until(4 * SECOND, is_told_or_said);
    stage.tell("a client writes to A");
    stage.say("SET count 0");
    stage.run_until(5 * SECOND, is_told_or_said);
    stage.tell("B is told to stand still for eight seconds; the client goes on writing to A");
    stage.write(1, &["CLIENT PAUSE 8000 ALL"]);
    for step in 1..=12 {
        stage.say("INCR count");
        stage.run_until(5 * SECOND + step * 500 * MILLISECOND, is_told_or_said);
    }
    stage.tell_nodes();
    stage.run_until(15 * SECOND, is_told_or_said);
    stage.tell("B goes on, and has caught up");
    stage.say("INCR count");
    stage.run_until(16 * SECOND, is_told_or_said);
    stage.tell_nodes();
    stage
}
