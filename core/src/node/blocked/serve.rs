//! How are those served whose keys were filled?
//!
//! Keys in the order in which they were filled, for each the connections in the order in which they came. Each is served by a unit of
//! its own, after the one that filled the key: replicas see the push first, then the pop.
//!
//! Differs: Redis 7.0 does not notice a key that came by overwriting a value of another type (SORT with STORE onto a string). Here it is
//! served.

use crate::command::{Flags, Handler, Service};
use crate::marks::Mark;
use crate::museum::Defect;
use crate::port::{ConnId, Now};
use crate::value::Value;

use super::super::Node;
use super::super::audit::Deed;
use super::super::dispatch::Call;
use super::WaitsFor;
use super::lines::Place;

impl Node {
    /// Serves all who wait for what was filled, and for what is filled by that.
    #[inline]
    pub(in super::super) fn serve_filled(&mut self, now: Now) {
        while self.blocked.lines.is_any_filled() {
            self.serve_next_filled(now);
        }
    }

    #[cold]
    fn serve_next_filled(&mut self, now: Now) {
        let Some(place) = self.blocked.lines.take_filled() else { return };
        let mut from = 0;
        while self.blocked.lines.want(&place, self.type_at(&place, now))
            && let Some((ticket, waiter)) = self.blocked.lines.next_in_line(&place, from)
        {
            if waiter.wants(self.type_at(&place, now)) {
                self.serve(waiter.conn, &place.1, now);
            }
            from = ticket + 1;
        }
    }

    /// The type of what a key holds; of one whose time has come, none.
    pub(super) fn type_at(&self, place: &Place, now: Now) -> Option<&'static str> {
        self.value_at(place, now).map(Value::type_name)
    }

    /// What a key holds; nothing once its time has come.
    pub(super) fn value_at(&self, place: &Place, now: Now) -> Option<&Value> {
        let entry = self.keyspace.entry(self.keyspace.locate(place.0, &place.1)?);
        (entry.expires_ms >= now.wall.millis()).then_some(&entry.value)
    }

    /// Carries out what a connection waits with, for one key. If it goes on waiting it keeps its place in the line.
    fn serve(&mut self, conn: ConnId, key: &[u8], now: Now) {
        let Some(connection) = self.connections.get_mut(conn) else { return };
        let Some(mut wait) = connection.wait.take() else { return };
        let (mut next, mut is_write) = (None, false);
        if let WaitsFor::Key(awaited) = &mut wait.what
            && let Handler::Data(handler) = awaited.request.command.handler
        {
            let call = Call { args: awaited.request.args(), canonical: None };
            // Whether there is something was counted when it was asked.
            let hits = self.stats.hits;
            let timed = self.begin_timing_alone(awaited.request.number, awaited.request.command);
            self.begin_unit();
            let outcome = self.run_data(conn, handler, call, Service::Filled(key), &mut next, now);
            self.end_unit(None);
            self.stats.hits = hits;
            is_write = outcome.is_ok() && awaited.request.command.flags.has(Flags::WRITE);
            if next.is_none() {
                self.end_timing(conn, timed, awaited.request.args(), now);
            }
            if outcome.is_err()
                && let Some(stat) = self.stats.command(awaited.request.number)
            {
                stat.failed += 1;
            }
        }
        let forgets_mark = self.has(Defect::WaitZeroOffset);
        let Some(connection) = self.connections.get_mut(conn) else { return };
        connection.wait = Some(wait);
        if next.is_some() {
            return;
        }
        self.marks.set(Mark::BlockedServed);
        if !forgets_mark {
            self.history.advance(&mut connection.mark, true);
        }
        self.audit_deed(|position| Deed::Wrote { conn, position, is_write });
        let keeps_deadline = self.has(Defect::ServedAndTimedOut).then(|| self.blocked.deadline_of(conn)).flatten();
        self.release(conn, |_| {});
        self.blocked.deadlines.extend(keeps_deadline);
    }
}
