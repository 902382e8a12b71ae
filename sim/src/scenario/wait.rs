//! Whose write does WAIT speak of, once the data that it was part of are gone?
//!
//! A client writes to master A, whose only replica has just been taken away: nobody else has that write. Then A follows B, whose offset is
//! greater, and takes over all of its data; the write is gone. A is promoted again and gets a replica that is far beyond the offset of that
//! write, and has never seen it. Over the connection that it has had all the time, the client asks by WAIT how many replicas have its write.
//!
//! A Redis 7.0 answers 1 (`wait_across_histories`). The truth is 0.

use super::{SPEAKER, Stage, host, is_told_or_said};
use crate::plan::{Setting, Storage};
use crate::queue::SECOND;

/// Plays the story.
pub(super) fn play(defects: Vec<String>) -> Stage {
    let hosts = vec![host(None, Storage::Unsaved), host(None, Storage::Unsaved), host(Some(0), Storage::Unsaved)];
    let settings = vec![Setting::new("repl-diskless-sync-delay", 0), Setting::new("repl-diskless-load", "swapdb")];
    let mut stage = Stage::new(hosts, vec![SPEAKER], settings, defects);
    stage.run_until(4 * SECOND, is_told_or_said);
    stage.tell("the operator takes replica C away from A and gives it to B, another master");
    stage.point(2, Some(1));
    stage.run_until(8 * SECOND, is_told_or_said);
    stage.tell("B is written to until its offset is greater than A's");
    let value = "x".repeat(400);
    stage.write(1, &[&format!("MSET one {value} two {value}")]);
    stage.run_until(9 * SECOND, is_told_or_said);
    stage.tell("a client writes to A, and asks who has it");
    stage.say("SET lost 1");
    stage.say("WAIT 1 500");
    stage.run_until(10 * SECOND, is_told_or_said);
    stage.tell_nodes();
    stage.tell("the operator lets A follow B: what was written to A alone is gone");
    stage.point(0, Some(1));
    stage.run_until(14 * SECOND, is_told_or_said);
    stage.tell_nodes();
    stage.tell("A is a master again, and C its replica");
    stage.point(0, None);
    stage.point(2, Some(0));
    stage.run_until(20 * SECOND, is_told_or_said);
    stage.tell_nodes();
    stage.tell("over the same connection the client asks again who has its write");
    stage.say("GET lost");
    stage.say("WAIT 1 500");
    stage.run_until(21 * SECOND, is_told_or_said);
    stage
}
