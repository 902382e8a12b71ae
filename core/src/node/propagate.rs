//! The one place where writes enter the replication log.

use crate::command::UnitSink;
use crate::keyspace::Touch;
use crate::museum::Defect;
use crate::replication::Log;

use super::Node;
use super::dispatch::Call;

impl UnitSink for Log {
    #[inline]
    fn select(&mut self, database: u32) {
        Log::select(self, database);
    }

    #[inline]
    fn append(&mut self, bytes: &[u8]) {
        Log::append(self, bytes);
    }
}

impl Node {
    /// Begins a unit of execution. Only a master feeds its log: what clients write into a replica stays there, and its log carries its master's bytes.
    /// Yet it is part of the replica's own append-only file.
    pub(super) fn begin_unit(&mut self) {
        let is_fed = if self.follow.is_none() { self.history.log.is_some() } else { self.has_aof() };
        self.feed.begin(is_fed);
    }

    /// Ends one command of a unit: if it is fed as it was sent, it is added to the feed, unless it is the whole unit and
    /// its own bytes can be copied by [`Node::end_unit`].
    pub(super) fn note_verbatim(&mut self, database: u32, call: Call<'_>) {
        if !self.feed.end_command() {
            return;
        }
        let is_whole_unit = call.canonical.is_some() && self.feed.ops().len() == 0;
        if is_whole_unit {
            self.feed.mark_whole(database);
        } else {
            self.feed.push_verbatim(database, call.args.iter());
        }
    }

    /// Ends a unit of execution: what it fed goes into the log, in MULTI and EXEC if it is more than one command.
    pub(super) fn end_unit(&mut self, canonical: Option<&[u8]>) {
        self.storage.dirty += self.feed.changes();
        if self.follow.is_some() {
            self.append_own(canonical);
        } else if let Some(log) = &mut self.history.log {
            self.log_has_grown |= self.feed.write_unit(canonical, log);
        }
        if self.keyspace.has_touches() {
            self.on_touches();
        }
        if self.audit.is_some() {
            self.audit_boundary();
        }
    }

    /// Tells observers what has changed.
    pub(super) fn on_touches(&mut self) {
        let touches = self.keyspace.take_touches();
        self.tell_of_touches(&touches);
        self.audit_touches(&touches);
        self.keyspace.reuse_touches(touches);
    }

    /// Tells those who watch a key, and those who wait for one.
    pub(super) fn tell_of_touches(&mut self, touches: &[Touch]) {
        let is_for_nobody = self.has(Defect::NewKeysWakeNobody) && !self.is_pushing();
        for touch in touches {
            self.watches.on_touch(touch, &self.keyspace);
            if !is_for_nobody {
                self.blocked.on_touch(touch);
            }
        }
        if self.tracking.is_active() {
            self.invalidate(touches);
        }
    }

    /// [`Defect::NewKeysWakeNobody`]: a command is being carried out that adds to what a key holds.
    #[cold]
    fn is_pushing(&self) -> bool {
        const PUSHES: [&str; 9] =
            ["lpush", "rpush", "lmove", "rpoplpush", "linsert", "zadd", "zincrby", "xadd", "exec"];
        let author = self.tracking.author.and_then(|author| self.connections.get(author));
        let command = author.and_then(|author| author.last_command).map(|(_, command)| command.name);
        command.is_none_or(|name| PUSHES.contains(&name))
    }

    /// Changes are told to observers only while there are any.
    pub(super) fn observe_if_needed(&mut self) {
        let is_observed = self.audit.is_some()
            || !self.watches.is_empty()
            || self.blocked.is_key_awaited()
            || self.tracking.is_active();
        self.keyspace.observe(is_observed);
    }
}
