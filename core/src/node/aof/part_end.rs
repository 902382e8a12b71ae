//! A part of the append-only file was read to its end: what of it is good, and what is to be done to it?

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::{String, ToString};

use crate::marks::Mark;
use crate::museum::Defect;
use crate::persistence::aof::{Fault, Verdict};
use crate::port::{DiskOp, Effects, FileName, Level, Now};

use super::super::Node;
use super::note;
use super::restore::{CURE_BACKUP, CURE_FORMAT, Contents, Restore};

const CURE_UNFINISHED: &str = "Allow it, or cut them off with redis-check-aof --fix.";
const CURE_ROT: &str = "Restore it from a backup, or start as an empty replica of a node that has the data. \
                        Without the lines that begin with '#' the file is loaded unchecked, as by a Redis.";

/// What is left of a part that was read to its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct PartEnd {
    pub(super) good_bytes: u64,
    cut_bytes: u64,
    /// From here on the file does not tell that it has reached the disk.
    doubtful_from: Option<u64>,
}

/// Why the node must not start on a part, and what can be done.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) why: String,
    pub(super) cure: &'static str,
}

impl Node {
    /// A part is read to its end: what is good of it?
    pub(super) fn judge_end(
        &mut self,
        restore: &mut Restore,
        contents: Contents,
        file: &str,
        is_last: bool,
        now: Now,
        effects: &mut Effects,
    ) -> Result<PartEnd, Refusal> {
        let (mut replay, preamble_bytes) = match contents {
            Contents::Unknown => return Ok(PartEnd { good_bytes: 0, cut_bytes: 0, doubtful_from: None }),
            Contents::Snapshot(loader) => {
                let why = loader.finish().err().map_or_else(String::new, |error| error.to_string());
                return Err(Refusal { why, cure: CURE_BACKUP });
            }
            Contents::Commands { replay, preamble_bytes } => (replay, preamble_bytes),
        };
        if self.has(Defect::HalfTransactionLoaded) {
            let _ = self.replay_unfinished(&mut replay, now, effects);
        }
        let database = replay.database;
        let verdict = replay.finish(effects);
        if verdict.is_rotten {
            self.mark(Mark::AofRotten);
        }
        let cut_bytes = may_be_cut(&verdict, is_last, self.config.aof_load_truncated)?;
        // The first line of an increment of ours is synced before anything names the file: no crash takes it away.
        let is_cut = verdict.is_ours && verdict.file_bytes > 0 && verdict.good_bytes == 0;
        if (is_cut || verdict.begins_unsealed) && preamble_bytes == 0 && restore.manifest.base_bytes.is_some() {
            let why =
                "its first line is damaged (at byte 0), which had reached the disk once: the file has rotted there"
                    .to_string();
            return Err(Refusal { why, cure: CURE_ROT });
        }
        if verdict.damage.is_some_and(|damage| damage.fault == Fault::EndsInTransaction) {
            self.mark(Mark::AofHalfTransaction);
        }
        if cut_bytes > 0 {
            self.mark(Mark::AofTornTail);
            let warning = format!("!!! Warning: short read while loading the AOF file {file}!!!");
            note(effects, Level::Warning, warning);
            let damage = in_words(&verdict);
            let cut = format!(
                "AOF {file} loaded anyway because aof-load-truncated is enabled: its last {cut_bytes} bytes are cut off ({damage})"
            );
            note(effects, Level::Warning, cut);
        }
        if verdict.file_bytes > 0 {
            restore.position = verdict.position;
            restore.database = database;
        }
        let is_told = !verdict.is_ours || verdict.synced_bytes == verdict.good_bytes;
        let good_bytes = preamble_bytes + verdict.good_bytes;
        Ok(PartEnd { good_bytes, cut_bytes, doubtful_from: (!is_told).then_some(verdict.synced_bytes) })
    }

    /// What is to be done to the last part before it goes on.
    pub(super) fn mending_of(&mut self, file: &FileName, end: &PartEnd, is_base: bool) -> VecDeque<DiskOp> {
        let mut ops = VecDeque::new();
        if end.cut_bytes > 0 {
            ops.push_back(DiskOp::Truncate { file: file.clone(), len: end.good_bytes });
        }
        // A sync may have failed in the life before, and what it was about passes for clean since.
        if let Some(from) = end.doubtful_from.filter(|_| !is_base) {
            self.mark(Mark::AofTailWrittenAgain);
            ops.push_back(DiskOp::WriteAgain { file: file.clone(), from });
        }
        ops
    }
}

/// How many bytes of a part's end are to be cut off.
fn may_be_cut(verdict: &Verdict, is_last: bool, is_allowed: bool) -> Result<u64, Refusal> {
    let cure = if verdict.is_ours { CURE_ROT } else { CURE_FORMAT };
    let bytes = verdict.cut_bytes().map_err(|why| Refusal { why, cure })?;
    if bytes == 0 || is_last && is_allowed {
        return Ok(bytes);
    }
    let (reason, cure) = match is_last {
        true => ("'aof-load-truncated no' forbids to cut them off", CURE_UNFINISHED),
        false => ("other files go on from it", CURE_BACKUP),
    };
    let damage = in_words(verdict);
    Err(Refusal { why: format!("its last {bytes} bytes are unfinished ({damage}), and {reason}"), cure })
}

fn in_words(verdict: &Verdict) -> String {
    verdict.damage.map_or_else(String::new, |damage| damage.to_string())
}

/// What is wrong with the length of a part, if the base is one of `base_bytes` that we have written. We begin no increment without bytes.
pub(super) fn wrong_length(is_base: bool, bytes: u64, base_bytes: u64) -> Option<String> {
    match is_base {
        true if bytes != base_bytes => Some(format!("it has {bytes} bytes, where {base_bytes} were written")),
        false if bytes == 0 => Some("it is empty, though something was written into it".into()),
        _ => None,
    }
}
