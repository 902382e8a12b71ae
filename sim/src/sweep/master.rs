//! A master that a node alone can follow: bytes, without a data set behind them.

use std::fmt::Write as _;

use crate::alone::Host;
use crate::workload::command;

/// Offsets between the end of one history and the beginning of the next, so that they grow through a whole run.
const GAP: u64 = 1000;

/// What a replica speaks to.
pub(super) struct Master {
    /// Counts the histories. Each is named by it.
    history: u64,
    /// Where the stream that is kept begins, and what it holds.
    begin: u64,
    stream: Vec<u8>,
    database: Option<u32>,
    /// It answers.
    is_up: bool,
    /// It goes on under another name at the next partial resynchronisation.
    is_renamed: bool,
}

impl Master {
    pub(super) fn new() -> Master {
        Master { history: 1, begin: 0, stream: Vec::new(), database: None, is_up: true, is_renamed: false }
    }

    fn name(history: u64) -> String {
        format!("{history:040x}")
    }

    fn end(&self) -> u64 {
        self.begin + self.stream.len() as u64
    }

    /// The link is gone until [`return_as_other`](Master::return_as_other), if `host` has one.
    pub(super) fn go(&mut self, host: &mut Host) {
        self.is_up = false;
        host.hang_up_master();
    }

    /// It answers again: under another name, or with other data.
    pub(super) fn come_back(&mut self, with_other_data: bool) {
        self.is_up = true;
        if with_other_data {
            self.begin_history();
        } else {
            self.is_renamed = true;
        }
    }

    fn begin_history(&mut self) {
        self.history += 1;
        self.begin = self.end() + GAP;
        self.stream.clear();
        self.database = None;
        self.is_renamed = false;
    }

    /// Writes: a transaction if there are several commands.
    pub(super) fn write(&mut self, database: u32, lines: &[String], host: &mut Host) {
        let from = self.stream.len();
        if self.database != Some(database) {
            self.database = Some(database);
            self.push(&format!("SELECT {database}"));
        }
        let is_block = lines.len() > 1;
        if is_block {
            self.push("MULTI");
        }
        lines.iter().for_each(|line| self.push(line));
        if is_block {
            self.push("EXEC");
        }
        if self.is_up {
            host.hear_from_master(&self.stream[from..]);
        }
    }

    fn push(&mut self, line: &str) {
        command(&mut self.stream, &line.split(' ').map(str::as_bytes).collect::<Vec<_>>());
    }

    /// Answers who dials.
    pub(super) fn tend(&mut self, host: &mut Host) {
        while let Some((id, offset)) = host.shake_hands_with_master(self.is_up) {
            let answer = self.answer(&id, offset);
            host.hear_from_master(&answer);
        }
    }

    fn answer(&mut self, id: &str, asked: u64) -> Vec<u8> {
        let at = asked.saturating_sub(1);
        if id == Master::name(self.history) && (self.begin..=self.end()).contains(&at) {
            let mut line = String::from("+CONTINUE");
            // Nobody has more than was sent before it was renamed.
            if std::mem::take(&mut self.is_renamed) {
                self.history += 1;
                let _ = write!(line, " {}", Master::name(self.history));
            }
            let missing = &self.stream[(at - self.begin) as usize..];
            return [line.as_bytes(), b"\r\n", missing].concat();
        }
        self.begin_history();
        let data = b"REDIS0009\xfe\x00\x00\x03new\x05first\xfe\x03\x00\x03too\x04last\xff\0\0\0\0\0\0\0\0";
        let line = format!("+FULLRESYNC {} {}\r\n${}\r\n", Master::name(self.history), self.begin, data.len());
        [line.as_bytes(), data].concat()
    }
}
