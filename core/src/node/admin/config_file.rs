//! CONFIG REWRITE: how does the configuration in force get into the file that the node was started with?
//!
//! The file is read, brought up to date and replaced as a whole; those who asked for it wait. Who asks while that is under way waits for
//! the next round, since more may have been set in between.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::command::Outcome;
use crate::command::reply_error as reply;
use crate::port::{ConnId, DiskFailure, DiskOp, DiskOutcome, Effects, Level, Now};

use super::super::Node;
use super::super::blocked::WaitsFor;
use super::super::storage::Errand;

/// The rounds of CONFIG REWRITE.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rewrites {
    is_running: bool,
    /// Another round is to follow.
    is_asked_again: bool,
    /// Who waits for this round, and for the next.
    waiting: Vec<ConnId>,
    waiting_next: Vec<ConnId>,
}

impl Node {
    /// Differs: inside a transaction, where nothing may wait, the answer comes before the file is written (Sentinel asks so, and does not
    /// look at it); a failure is logged.
    pub(super) fn config_rewrite(&mut self, conn: ConnId, now: Now, effects: &mut Effects) -> Outcome {
        if self.environment.config_file.is_empty() {
            return Err(reply::NO_CONFIG_FILE);
        }
        if self.is_executing {
            if let Some(connection) = self.connection(conn) {
                connection.reply().ok();
            }
        } else {
            self.park(conn, WaitsFor::Host, None, now);
            self.rewrites.waiting_next.push(conn);
        }
        self.rewrites.is_asked_again = true;
        self.begin_rewrite(effects);
        Ok(())
    }

    fn begin_rewrite(&mut self, effects: &mut Effects) {
        let rewrites = &mut self.rewrites;
        if !rewrites.is_running && core::mem::take(&mut rewrites.is_asked_again) {
            rewrites.is_running = true;
            rewrites.waiting = core::mem::take(&mut rewrites.waiting_next);
            self.disk(Errand::ReadConfig, DiskOp::ReadConfig, effects);
        }
    }

    /// The file as it is. One that has gone is made anew.
    pub(in super::super) fn on_config_read(&mut self, outcome: DiskOutcome, effects: &mut Effects) {
        let original = match outcome {
            DiskOutcome::Bytes(bytes) => String::from_utf8(bytes.to_vec()).map_err(|_| "it is not UTF-8".to_string()),
            DiskOutcome::Failed(DiskFailure::NotFound) => Ok(String::new()),
            DiskOutcome::Failed(failure) => Err(failure.to_string()),
            _ => Err("it cannot be read".to_string()),
        };
        match original {
            Ok(original) => {
                let text = self.config.rewrite(&original);
                self.disk(Errand::ReplaceConfig, DiskOp::ReplaceConfig { text: text.into() }, effects);
            }
            Err(reason) => self.end_rewrite(Some(&reason), effects),
        }
    }

    /// The file is replaced, or not.
    pub(in super::super) fn on_config_replaced(&mut self, outcome: DiskOutcome, effects: &mut Effects) {
        match outcome {
            DiskOutcome::Failed(failure) => self.end_rewrite(Some(&failure.to_string()), effects),
            _ => self.end_rewrite(None, effects),
        }
    }

    fn end_rewrite(&mut self, failure: Option<&str>, effects: &mut Effects) {
        let text = match failure {
            None => "CONFIG REWRITE executed with success.".to_string(),
            Some(reason) => format!("CONFIG REWRITE failed: {reason}"),
        };
        effects.say(Level::Warning, || text);
        for conn in core::mem::take(&mut self.rewrites.waiting) {
            if failure.is_some() {
                self.stats.count_error("ERR");
            }
            self.release(conn, |reply| match failure {
                None => reply.ok(),
                Some(reason) => reply.error(&format!("ERR Rewriting config file: {reason}")),
            });
        }
        self.rewrites.is_running = false;
        self.begin_rewrite(effects);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::bench::Bench;
    use crate::port::DiskFailure;

    fn bench(text: &str) -> Bench {
        let mut bench = Bench::new();
        bench.node.environment.config_file = "/etc/redis.conf".into();
        bench.config_file = Ok(text.into());
        bench
    }

    #[test]
    fn the_file_is_brought_up_to_date() {
        let mut bench = bench("# mine\nhz 10\n");
        bench.run("CONFIG SET hz 20 timeout 7");
        assert_eq!(bench.run("CONFIG REWRITE"), "+OK ");
        let text = bench.config_file.clone().expect("it is there");
        assert!(text.starts_with("# mine\nhz 20\n") && text.contains("\ntimeout 7\n"), "{text}");
    }

    #[test]
    fn a_file_that_has_gone_is_made_anew_and_another_failure_is_told() {
        let mut bench = bench("");
        bench.config_file = Err(DiskFailure::NotFound);
        assert_eq!(bench.run("CONFIG REWRITE"), "+OK ");
        assert!(bench.config_file.is_ok());
        bench.config_file = Err(DiskFailure::Other("Is a directory".into()));
        assert_eq!(bench.run("CONFIG REWRITE"), "-ERR Rewriting config file: Is a directory ");
    }

    #[test]
    fn a_sentinel_rewrites_it_in_a_transaction() {
        let mut bench = bench("");
        bench.run("MULTI");
        bench.run("SLAVEOF 127.0.0.1 7000");
        bench.run("CONFIG REWRITE");
        assert_eq!(bench.run("EXEC"), "*2 +OK +OK ");
        let text = bench.config_file.clone().expect("it is there");
        assert!(text.contains("\nreplicaof 127.0.0.1 7000\n"), "{text}");
    }
}
