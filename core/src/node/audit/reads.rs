//! What is told a client that reads a key?

use crate::command::{Command, Flags, Keys};
use crate::port::{ConnId, Now};
use crate::resp::Args;

use super::super::Node;
use super::Deed;

/// A client is about to read a single key.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Reading {
    /// It is there, and its time has come before.
    is_past: bool,
    hits_before: u64,
}

impl Node {
    /// While the audit is on: looks at the key that a command is about to read, if it reads one.
    pub(in super::super) fn audit_before_read(
        &self,
        conn: ConnId,
        command: &'static Command,
        args: Args<'_>,
        now: Now,
    ) -> Option<Reading> {
        self.audit.as_ref()?;
        let key = args.get(1).filter(|_| command.flags.has(Flags::READONLY) && command.keys == Keys::ONE)?;
        let place = self.keyspace.locate(self.connections.get(conn)?.database, key);
        let is_past = place.is_some_and(|place| self.keyspace.entry(place).expires_ms < now.wall.millis());
        Some(Reading { is_past, hits_before: self.stats.hits.hits })
    }

    /// The command was carried out.
    pub(in super::super) fn audit_read(&mut self, reading: Option<Reading>) {
        let Some(Reading { is_past, hits_before }) = reading else { return };
        let is_found = self.stats.hits.hits > hits_before;
        let (link, is_loading) = (self.link_state(), self.is_loading());
        self.audit_deed(|_| Deed::Read { is_past, is_found, link, is_loading });
    }
}
