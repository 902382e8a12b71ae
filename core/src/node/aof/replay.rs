//! A file of commands, carried out as it is read: whole units, and nothing behind what may not be believed.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::codec::number::parse_u64;
use crate::command::{Handler, Outcome, ServerCommand};
use crate::persistence::aof::{Checker, Verdict};
use crate::port::{Effects, Level, Now};
use crate::resp::{Args, Parsed, RequestLimits, RequestParser};

use super::super::Node;
use super::super::gates::resolve;
use super::note;

/// So many commands that failed are told one by one.
const FAILURES_TOLD_MAX: u64 = 20;

/// A file that is being carried out.
#[derive(Clone, Debug)]
pub(super) struct Replay {
    checker: Checker,
    /// Bytes that were read and not carried out.
    waiting: Vec<u8>,
    done_bytes: u64,
    /// Where in the file the next command is.
    position: u64,
    /// Commands that have failed.
    failures: u64,
    /// The database that its commands are about.
    pub(super) database: u32,
}

impl Replay {
    /// A file from its beginning, or from behind a snapshot of so many bytes there.
    pub(super) fn new(verifies_sums: bool, preamble_bytes: u64) -> Replay {
        let checker = Checker::new(verifies_sums);
        Replay { checker, waiting: Vec::new(), done_bytes: 0, position: preamble_bytes, failures: 0, database: 0 }
    }

    /// Takes in the next bytes; returns those that may be carried out now.
    fn take_in(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.checker.feed(bytes);
        self.waiting.extend_from_slice(bytes);
        let ready = usize::try_from(self.checker.good_bytes() - self.done_bytes).unwrap_or(usize::MAX);
        self.done_bytes += ready as u64;
        let rest = self.waiting.split_off(ready);
        core::mem::replace(&mut self.waiting, rest)
    }

    /// The file ends here.
    pub(super) fn finish(self, effects: &mut Effects) -> Verdict {
        if let Some(more) = self.failures.checked_sub(FAILURES_TOLD_MAX).filter(|more| *more > 0) {
            note(effects, Level::Warning, format!("{more} more commands of the AOF file have failed."));
        }
        self.checker.finish()
    }
}

impl Node {
    /// Carries out as much of a file as can be.
    pub(super) fn replay(
        &mut self,
        replay: &mut Replay,
        bytes: &[u8],
        now: Now,
        effects: &mut Effects,
    ) -> Result<(), String> {
        let units = replay.take_in(bytes);
        self.carry_out(replay, &units, now, effects)
    }

    /// Carries out what must not be: whole commands of a unit that is not whole. A mistake, which nobody makes but on purpose.
    pub(super) fn replay_unfinished(
        &mut self,
        replay: &mut Replay,
        now: Now,
        effects: &mut Effects,
    ) -> Result<(), String> {
        let units = core::mem::take(&mut replay.waiting);
        self.carry_out(replay, &units, now, effects)
    }

    fn carry_out(
        &mut self,
        replay: &mut Replay,
        mut rest: &[u8],
        now: Now,
        effects: &mut Effects,
    ) -> Result<(), String> {
        let mut parser = RequestParser::default();
        while let Some(&first) = rest.first() {
            let used = if first == b'#' {
                rest.iter().position(|&byte| byte == b'\n').map_or(rest.len(), |end| end + 1)
            } else {
                let Parsed::Complete(len) = parser.advance(rest, &RequestLimits::FROM_MASTER) else { break };
                match self.replay_one(parser.args(rest), &mut replay.database, now) {
                    Err(why) => return Err(format!("{why} (at byte {})", replay.position)),
                    Ok(Err(error)) => note_failure(replay, error.text(), &parser.args(rest)[0], effects),
                    Ok(Ok(())) => {}
                }
                parser.reset();
                len
            };
            rest = &rest[used..];
            replay.position += used as u64;
        }
        Ok(())
    }

    /// One command, and what came of it. What a transaction begins and ends with is passed over: all of it is here.
    fn replay_one(&mut self, args: Args<'_>, database: &mut u32, now: Now) -> Result<Outcome, String> {
        if args.is_empty() {
            return Ok(Ok(()));
        }
        let unknown =
            || format!("Unknown command '{}' reading the append only file", String::from_utf8_lossy(&args[0]));
        let (_, container) = self.renamed.find(&args[0]).ok_or_else(unknown)?;
        let command = resolve(container, args).map_err(|error| String::from(error.text()))?;
        match command.handler {
            Handler::Server(ServerCommand::Select) => {
                let count = self.keyspace.database_count();
                let index = parse_u64(&args[1]).and_then(|index| u32::try_from(index).ok());
                *database = index.filter(|index| *index < count).ok_or_else(|| {
                    let wanted = String::from_utf8_lossy(&args[1]);
                    format!("there is data for database {wanted}, but only {count} databases: set 'databases' higher")
                })?;
            }
            Handler::Data(handler) => return Ok(self.apply_data(handler, args, *database, now)),
            Handler::Server(_) | Handler::Container => {}
        }
        Ok(Ok(()))
    }
}

/// A command has failed that had changed something when it was written: the data are not what they were then.
fn note_failure(replay: &mut Replay, error: &str, name: &[u8], effects: &mut Effects) {
    replay.failures += 1;
    if replay.failures <= FAILURES_TOLD_MAX {
        let name = String::from_utf8_lossy(name);
        let text = format!(
            "== CRITICAL == This server is sending an error to its AOF-loading-client: '{error}' after processing the command '{name}' (at byte {})",
            replay.position
        );
        note(effects, Level::Warning, text);
    }
}
