//! A file of commands, carried out as it is read: whole units, and nothing behind what may not be believed.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::codec::number::parse_u64;
use crate::command::{Handler, ServerCommand};
use crate::persistence::aof::{Checker, Verdict};
use crate::port::Now;
use crate::resp::{Args, Parsed, RequestLimits, RequestParser};

use super::super::Node;
use super::super::gates::resolve;

/// A file that is being carried out.
#[derive(Clone)]
pub(super) struct Replay {
    checker: Checker,
    /// Bytes that were read and not carried out.
    waiting: Vec<u8>,
    done_bytes: u64,
    /// The database that its commands are about.
    pub(super) database: u32,
}

impl Replay {
    /// A file from its beginning, or from behind a snapshot at its beginning.
    pub(super) fn new(verifies_sums: bool, database: u32) -> Replay {
        Replay { checker: Checker::new(verifies_sums), waiting: Vec::new(), done_bytes: 0, database }
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
    pub(super) fn finish(self) -> Verdict {
        self.checker.finish()
    }
}

impl Node {
    /// Carries out as much of a file as can be.
    pub(super) fn replay(&mut self, replay: &mut Replay, bytes: &[u8], now: Now) -> Result<(), String> {
        let units = replay.take_in(bytes);
        self.carry_out(&units, &mut replay.database, now)
    }

    /// Carries out what must not be: whole commands of a unit that is not whole. A mistake, which nobody makes but on purpose.
    pub(super) fn replay_unfinished(&mut self, replay: &mut Replay, now: Now) -> Result<(), String> {
        self.carry_out(&core::mem::take(&mut replay.waiting), &mut replay.database, now)
    }

    fn carry_out(&mut self, mut rest: &[u8], database: &mut u32, now: Now) -> Result<(), String> {
        let mut parser = RequestParser::default();
        while let Some(&first) = rest.first() {
            let used = if first == b'#' {
                rest.iter().position(|&byte| byte == b'\n').map_or(rest.len(), |end| end + 1)
            } else {
                let Parsed::Complete(len) = parser.advance(rest, &RequestLimits::FROM_MASTER) else { break };
                self.replay_one(parser.args(rest), database, now)?;
                parser.reset();
                len
            };
            rest = &rest[used..];
        }
        Ok(())
    }

    /// One command. What a transaction begins and ends with is passed over: all of it is here.
    fn replay_one(&mut self, args: Args<'_>, database: &mut u32, now: Now) -> Result<(), String> {
        if args.is_empty() {
            return Ok(());
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
            // An error is what it was when it was written: the command changed nothing.
            Handler::Data(handler) => drop(self.apply_data(handler, args, *database, now)),
            Handler::Server(_) | Handler::Container => {}
        }
        Ok(())
    }
}
