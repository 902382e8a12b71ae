//! Snapshots in files, sent to replicas that must be told a length first.

use alloc::format;

use crate::port::{ConnId, DiskOp, DiskOutcome, Effects, Level, Note, Now};

use super::Node;
use super::replica::Phase;
use super::storage::{Errand, READ_BYTES};

impl Node {
    pub(super) fn send_file(&mut self, receivers: &[ConnId], size: u64, now: Now, effects: &mut Effects) {
        for &conn in receivers {
            let Some(connection) = self.connections.get_mut(conn) else { continue };
            let Some(side) = connection.replica_mut() else { continue };
            let Phase::AwaitingFile { then } = side.phase else { continue };
            side.phase = Phase::SendingFile { read: 0, size, then };
            side.heard_at = now.mono;
            let mut digits = itoa::Buffer::new();
            let tail = connection.output.tail();
            tail.push(b'$');
            tail.extend_from_slice(digits.format(size).as_bytes());
            tail.extend_from_slice(b"\r\n");
            connection.announce(effects);
            self.read_for_replica(conn, 0, effects);
        }
    }

    fn read_for_replica(&mut self, conn: ConnId, offset: u64, effects: &mut Effects) {
        let file = self.config.dbfilename.clone();
        self.disk(Errand::ReplicaRead(conn), DiskOp::Read { file, offset, len: READ_BYTES }, effects);
    }

    /// A replica took bytes: once its queue is empty the next piece is read, or it is through.
    pub(super) fn read_on_for_replica(&mut self, conn: ConnId, now: Now, effects: &mut Effects) {
        let is_being_read = self.storage.errands.values().any(|errand| *errand == Errand::ReplicaRead(conn));
        let Some(connection) = self.connections.get_mut(conn) else { return };
        let is_drained = connection.output.is_empty();
        let wants_rdb_only = connection.intro.wants_rdb_only;
        let Some(side) = connection.replica_mut() else { return };
        let Phase::SendingFile { read, size, .. } = side.phase else { return };
        if !is_drained || is_being_read {
            return;
        }
        if read < size {
            self.read_for_replica(conn, read, effects);
        } else if wants_rdb_only {
            self.close(conn, now, effects);
        } else {
            self.go_online(conn, now, effects);
        }
    }

    pub(super) fn on_replica_read(&mut self, conn: ConnId, outcome: DiskOutcome, now: Now, effects: &mut Effects) {
        let Some(connection) = self.connections.get_mut(conn) else { return };
        let Some(Phase::SendingFile { read, size, .. }) = connection.replica_mut().map(|side| &mut side.phase) else {
            return;
        };
        match outcome {
            DiskOutcome::Bytes(bytes) if !bytes.is_empty() && *read + bytes.len() as u64 <= *size => {
                *read += bytes.len() as u64;
                connection.output.push_shared(bytes);
                connection.announce(effects);
            }
            _ => {
                let text = format!("The file for replica {} cannot be read any more", self.replica_name(conn));
                effects.note(Note::Text { level: Level::Warning, text });
                self.close(conn, now, effects);
            }
        }
    }
}
