//! What does CONFIG SET change that the host must agree to: where the node listens, and the directory of its files?
//!
//! The client waits while the host is asked, and everything is set, or nothing. One such CONFIG SET is under way at a time; the
//! others wait in a line. The directory comes first, since it can be taken back without fail.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::command::CommandError;
use crate::command::reply_error as reply;
use crate::config::{Reason, SetContext, SetError};
use crate::port::{Action, ConnId, DiskFailure, DiskOp, DiskOutcome, Effects, Level, ListenFailure, Now};

use super::super::Node;
use super::super::blocked::WaitsFor;
use super::super::storage::Errand;

/// Names and values, as the client gave them.
pub(super) type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// A CONFIG SET that the host must agree to.
#[derive(Clone, Debug)]
pub(crate) struct HostedSet {
    conn: ConnId,
    pairs: Pairs,
    context: SetContext,
    /// The new directory, once the host has entered it.
    directory: Option<String>,
}

/// True if the host must agree to a change of this directive.
pub(super) fn concerns_host(name: &str) -> bool {
    matches!(name, "dir" | "port" | "bind")
}

impl Node {
    /// Lets a CONFIG SET wait for the host.
    pub(super) fn ask_host(
        &mut self,
        conn: ConnId,
        pairs: Pairs,
        context: SetContext,
        now: Now,
        effects: &mut Effects,
    ) -> Result<(), CommandError> {
        if self.is_executing {
            return Err(reply::HOST_IN_MULTI);
        }
        self.park(conn, WaitsFor::Host, None, now);
        self.hosted_sets.push_back(HostedSet { conn, pairs, context, directory: None });
        if self.hosted_sets.len() == 1 {
            self.advance_hosted_set(now, effects);
        }
        Ok(())
    }

    /// Goes on with the line, up to the first for whom the host must be asked.
    fn advance_hosted_set(&mut self, now: Now, effects: &mut Effects) {
        while let Some(outcome) = self.ask_for_next(effects) {
            self.end_hosted_set(outcome, now, effects);
        }
    }

    /// Asks the host for what the first in the line still needs. If that is nothing, or cannot be asked for, its outcome is returned.
    fn ask_for_next(&mut self, effects: &mut Effects) -> Option<Result<(), SetError>> {
        let set = self.hosted_sets.front()?;
        let mut wanted = self.config.clone();
        let changed = match wanted.set_many(&borrowed(&set.pairs), set.context) {
            Ok(changed) => changed,
            Err(error) => return Some(Err(error)),
        };
        // Differs: a Redis goes on where it was, and makes its next file elsewhere, where there may be others already.
        if changed.contains(&"dir") && self.has_aof() {
            return Some(Err(SetError::Value("dir", Reason::Because(AOF_IN_USE))));
        }
        if changed.contains(&"dir") && set.directory.is_none() {
            if !self.storage.errands.is_empty() {
                return Some(Err(SetError::Value("dir", Reason::Because(FILES_IN_USE))));
            }
            self.disk(Errand::Directory, DiskOp::EnterDirectory { path: wanted.dir }, effects);
            return None;
        }
        if changed.contains(&"port") || changed.contains(&"bind") {
            effects.push(Action::Listen { bind: wanted.bind, port: wanted.port });
            return None;
        }
        Some(Ok(()))
    }

    /// The host has entered a directory, or not.
    pub(in super::super) fn on_directory_entered(&mut self, outcome: DiskOutcome, now: Now, effects: &mut Effects) {
        let Some(set) = self.hosted_sets.front_mut() else { return };
        let reason = match outcome {
            DiskOutcome::Entered(path) => {
                set.directory = Some(path);
                return self.advance_hosted_set(now, effects);
            }
            DiskOutcome::Failed(failure) => failure.to_string(),
            _ => DiskFailure::NotFound.to_string(),
        };
        self.end_hosted_set(Err(SetError::Value("dir", Reason::Host(reason))), now, effects);
        self.advance_hosted_set(now, effects);
    }

    /// The host listens where it was asked to, or where it did before.
    pub(in super::super) fn on_listening(
        &mut self,
        outcome: Result<(), ListenFailure>,
        now: Now,
        effects: &mut Effects,
    ) {
        let Some(set) = self.hosted_sets.front() else { return };
        // As in Redis, the first that was given is to blame.
        let reasons = [("port", PORT), ("bind", BIND)];
        let is_given = |given: &[u8], name: &str| given.eq_ignore_ascii_case(name.as_bytes());
        let mut given = set.pairs.iter().map(|(given, _)| given.as_slice());
        let blamed = given.find_map(|given| reasons.iter().find(|(name, _)| is_given(given, name)));
        let (name, reason) = blamed.copied().unwrap_or(("port", PORT));
        let error = SetError::Value(name, Reason::Because(reason));
        self.end_hosted_set(outcome.map_err(|ListenFailure| error), now, effects);
        self.advance_hosted_set(now, effects);
    }

    /// Answers the first in the line, with everything set or nothing.
    fn end_hosted_set(&mut self, outcome: Result<(), SetError>, now: Now, effects: &mut Effects) {
        let Some(set) = self.hosted_sets.pop_front() else { return };
        let before = self.config.clone();
        let outcome = outcome.and_then(|()| self.config.set_many(&borrowed(&set.pairs), set.context));
        match outcome {
            Ok(changed) => {
                if let Some(directory) = set.directory {
                    self.config.dir = directory;
                }
                for name in changed {
                    self.on_directive_changed(name, &before, now, effects);
                }
                self.release(set.conn, |reply| reply.ok());
            }
            Err(error) => {
                if set.directory.is_some() {
                    let path = self.config.dir.clone();
                    self.disk(Errand::Nothing, DiskOp::EnterDirectory { path }, effects);
                }
                let about = match &error {
                    SetError::Value(name, _) => format!(" Possibly related to new {name} setting."),
                    _ => String::new(),
                };
                effects.say(Level::Warning, || {
                    format!("Failed applying new configuration.{about} Restoring previous settings.")
                });
                self.stats.count_error("ERR");
                self.release(set.conn, |reply| reply.error(&error.to_string()));
            }
        }
    }
}

fn borrowed(pairs: &Pairs) -> Vec<(&[u8], &[u8])> {
    pairs.iter().map(|(name, value)| (name.as_slice(), value.as_slice())).collect()
}

pub(super) fn owned(pairs: &[(&[u8], &[u8])]) -> Pairs {
    pairs.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect()
}

const PORT: &str = "Unable to listen on this port. Check server logs.";
const BIND: &str = "Failed to bind to specified addresses.";
/// A snapshot that is being written or sent would end in another directory than it began in.
const FILES_IN_USE: &str = "files of the present directory are in use: try again when they are not";
/// Why the directory stays.
const AOF_IN_USE: &str = "there is an append-only file in the present directory: set 'appendonly no' first";

#[cfg(test)]
mod tests {
    use super::super::super::bench::Bench;
    use crate::config::{Config, ProtectedAction};

    fn bench() -> Bench {
        Bench::with(Config { enable_protected_configs: ProtectedAction::Yes, ..Config::default() })
    }

    #[test]
    fn a_directory_that_the_host_enters_is_told_by_its_full_name() {
        let mut bench = bench();
        assert_eq!(bench.run("CONFIG SET dir there hz 20"), "+OK ");
        assert_eq!(bench.run("CONFIG GET dir hz"), "*4 $2 hz $2 20 $3 dir $6 /there ");
    }

    #[test]
    fn what_the_host_does_not_agree_to_changes_nothing_at_all() {
        let mut bench = bench();
        bench.refuses_host = true;
        for (line, name, reason) in [
            ("CONFIG SET hz 20 dir there", "dir", "No such file or directory"),
            ("CONFIG SET hz 20 port 7000", "port", "Unable to listen on this port. Check server logs."),
            ("CONFIG SET bind 1.2.3.4 port 7000", "bind", "Failed to bind to specified addresses."),
        ] {
            let told = alloc::format!("-ERR CONFIG SET failed (possibly related to argument '{name}') - {reason} ");
            assert_eq!(bench.run(line), told);
        }
        assert_eq!(bench.run("CONFIG GET hz port"), "*4 $4 port $4 6379 $2 hz $2 10 ");
    }

    #[test]
    fn a_port_that_is_set_to_what_it_is_asks_nobody() {
        let mut bench = bench();
        bench.refuses_host = true;
        assert_eq!(bench.run("CONFIG SET port 6379"), "+OK ");
    }

    #[test]
    fn nothing_waits_for_the_host_inside_a_transaction() {
        let mut bench = bench();
        bench.run("MULTI");
        bench.run("CONFIG SET port 7000");
        assert!(bench.run("EXEC").contains("-ERR "));
        assert_eq!(bench.run("CONFIG GET port"), "*2 $4 port $4 6379 ");
    }
}
