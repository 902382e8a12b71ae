//! The stream that has come and cannot be applied yet: how it is kept, and how it is worked off.
//!
//! It is kept up to what `client-output-buffer-limit` allows a replica on the other side. Then nothing more is read from the master, where it
//! waits under that very limit. It is worked off block by block between other events, so that nobody waits for all of it.

use alloc::vec::Vec;

use crate::port::{Action, ConnId, Effects, Now};
use crate::replication::Run;

use super::Node;
use super::follow::{Follow, Link};

/// Bytes of the stream that wait.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held {
    run: Run,
    /// How many were taken.
    taken: u64,
    /// Nothing more is read.
    is_paused: bool,
}

impl Held {
    /// Bytes that wait.
    pub(crate) fn len(&self) -> u64 {
        self.run.end() - self.taken
    }

    /// True if nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// True if the master is not being read from.
    pub(super) fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// Memory held, in bytes.
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.run.memory_bytes()
    }

    /// Keeps bytes; no more are read once there are more than so many.
    pub(super) fn push(&mut self, conn: ConnId, bytes: &[u8], bytes_max: u64, effects: &mut Effects) {
        self.run.append(bytes);
        if self.len() > bytes_max && !self.is_paused {
            self.is_paused = true;
            effects.push(Action::PauseReading(conn));
        }
    }

    /// Takes the oldest block; reading goes on once there is room.
    fn take_block(&mut self, conn: ConnId, bytes_max: u64, effects: &mut Effects) -> Vec<u8> {
        let mut slices = [&[][..]];
        self.run.gather(self.taken, &mut slices);
        let block = slices[0].to_vec();
        self.taken += block.len() as u64;
        self.run.forget_before(self.taken);
        if self.is_paused && self.len() <= bytes_max {
            self.is_paused = false;
            effects.push(Action::ResumeReading(conn));
        }
        block
    }
}

impl Node {
    /// How many bytes of the stream may wait here.
    pub(super) fn held_bytes_max(&self) -> u64 {
        match self.config.client_output_buffer_limit.replica.hard_bytes {
            0 => u64::MAX,
            hard_bytes => hard_bytes,
        }
    }

    /// True if something waits that could be applied now.
    pub(super) fn held_can_advance(&self) -> bool {
        let Some(Follow { link: Link::Online { conn, held, .. }, .. }) = &self.follow else { return false };
        !held.is_empty() && self.connections.get(*conn).is_some_and(|connection| !connection.is_blocked())
    }

    /// Applies one block of what waits.
    pub(super) fn work_on_held(&mut self, now: Now, effects: &mut Effects) {
        if !self.held_can_advance() {
            return;
        }
        let bytes_max = self.held_bytes_max();
        let Some(Follow { link: Link::Online { conn, held, .. }, last_io_at, .. }) = &mut self.follow else { return };
        // The master had no chance to be silent.
        *last_io_at = now.mono;
        let conn = *conn;
        let block = held.take_block(conn, bytes_max, effects);
        self.apply_stream_bytes(conn, &block, now, effects);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONN: ConnId = ConnId { slot: 3, generation: 0 };

    #[test]
    fn what_waits_comes_back_whole_and_in_order_and_reading_stops_while_it_is_too_much() {
        let (mut held, mut effects) = (Held::default(), Effects::new());
        let all: Vec<u8> = (0..200_000_u32).map(|number| (number % 251) as u8).collect();
        let mut taken = Vec::new();
        for piece in all.chunks(7_000) {
            held.push(CONN, piece, 100_000, &mut effects);
            if held.len() > 120_000 {
                taken.extend(held.take_block(CONN, 100_000, &mut effects));
            }
        }
        while !held.is_empty() {
            taken.extend(held.take_block(CONN, 100_000, &mut effects));
        }
        assert!(taken == all);
        let actions: Vec<Action> = effects.drain().collect();
        let is_paused = |action: &Action| matches!(action, Action::PauseReading(CONN));
        let is_resumed = |action: &Action| matches!(action, Action::ResumeReading(CONN));
        assert!(actions.len() >= 2 && actions.chunks(2).all(|two| is_paused(&two[0]) && is_resumed(&two[1])));
        assert!(!held.is_paused() && held.memory_bytes() < 100_000);
    }
}
