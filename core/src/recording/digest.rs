//! What has come out of a node, in 64 bits?

use alloc::format;

use crate::codec::content_hash::{SPREAD, content_hash, fold};
use crate::node::Node;
use crate::port::{Action, ConnId, DiskOp, ExitCode, Mono, Note};

/// Which of 64 bits stand behind each call.
const CHECK_SHIFT: u32 = 48;

/// A hash of all actions and sent bytes so far, in their order. It guards against mistakes, not against an adversary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest(pub u64);

impl Digest {
    /// What stands behind a call.
    #[must_use]
    pub fn check(self) -> u16 {
        (self.0 >> CHECK_SHIFT) as u16
    }

    /// Mixes in the connection that a node has made of one that was accepted.
    pub fn mix_conn(&mut self, conn: ConnId) {
        self.mix(u64::from(conn.slot) << 32 | u64::from(conn.generation));
    }

    /// Mixes in the first `count` bytes of what a node has to send on a connection, which the network has taken. False if there are not so many.
    pub fn mix_sent(&mut self, node: &Node, conn: ConnId, count: usize) -> bool {
        /// More than a driver takes at once.
        const SLICES_MAX: usize = 32;
        let mut slices: [&[u8]; SLICES_MAX] = [&[]; SLICES_MAX];
        let mut left = count;
        let filled = if count == 0 { 0 } else { node.gather(conn, &mut slices) };
        for slice in slices.iter().take(filled) {
            let taken = slice.len().min(left);
            self.mix_bytes(slice.get(..taken).unwrap_or_default());
            left = left.saturating_sub(taken);
            if left == 0 {
                break;
            }
        }
        left == 0
    }

    /// Mixes in what a call came to: the actions that it has left, and when the node wants to be called next.
    pub fn mix_outcome(&mut self, actions: &[Action], deadline: Option<Mono>) {
        for action in actions {
            self.mix_action(action);
        }
        self.mix(deadline.map_or(u64::MAX, |deadline| deadline.0));
    }

    fn mix_action(&mut self, action: &Action) {
        match action {
            Action::OutputReady(conn) => self.mix_kind(1, *conn),
            Action::Dial { conn, host, port } => {
                self.mix_kind(2, *conn);
                self.mix_bytes(host.as_bytes());
                self.mix(u64::from(*port));
            }
            Action::Close(conn) => self.mix_kind(3, *conn),
            Action::PauseReading(conn) => self.mix_kind(4, *conn),
            Action::ResumeReading(conn) => self.mix_kind(5, *conn),
            Action::CollectOutput(conn) => self.mix_kind(6, *conn),
            Action::Disk { ticket, op } => {
                self.mix(7);
                self.mix(ticket.0);
                self.mix_disk_op(op);
            }
            Action::Listen { bind, port } => {
                self.mix(8);
                bind.iter().for_each(|address| self.mix_bytes(address.as_bytes()));
                self.mix(u64::from(*port));
            }
            Action::Note(note) => self.mix_note(note),
            Action::Sleep(duration) => {
                self.mix(10);
                self.mix(duration.as_nanos() as u64);
            }
            Action::ReleaseMemory => self.mix(11),
            Action::Exit(ExitCode::Orderly) => self.mix(12),
            Action::Exit(ExitCode::Failed) => self.mix(13),
        }
    }

    fn mix_kind(&mut self, kind: u64, conn: ConnId) {
        self.mix(kind);
        self.mix_conn(conn);
    }

    fn mix_note(&mut self, note: &Note) {
        self.mix(9);
        self.mix(note.level() as u64);
        match note {
            Note::Text { text, .. } => self.mix_bytes(text.as_bytes()),
            other => self.mix_bytes(format!("{other}").as_bytes()),
        }
    }

    fn mix_disk_op(&mut self, op: &DiskOp) {
        let (kind, first, second, number): (u64, &[u8], &[u8], u64) = match op {
            DiskOp::Create { file } => (1, file.as_bytes(), &[], 0),
            DiskOp::Append { file, bytes } => (2, file.as_bytes(), bytes, 0),
            DiskOp::Sync { file } => (3, file.as_bytes(), &[], 0),
            DiskOp::Rename { from, to } => (4, from.as_bytes(), to.as_bytes(), 0),
            DiskOp::SyncDirectory { directory } => (5, directory.as_bytes(), &[], 0),
            DiskOp::CreateDirectory { directory } => (6, directory.as_bytes(), &[], 0),
            DiskOp::Truncate { file, len } => (7, file.as_bytes(), &[], *len),
            DiskOp::Remove { file } => (8, file.as_bytes(), &[], 0),
            DiskOp::Read { file, offset, len } => {
                self.mix(u64::from(*len));
                (9, file.as_bytes(), &[], *offset)
            }
            DiskOp::List { directory } => (10, directory.as_bytes(), &[], 0),
            DiskOp::EnterDirectory { path } => (11, path.as_bytes(), &[], 0),
            DiskOp::ReadConfig => (12, &[], &[], 0),
            DiskOp::ReplaceConfig { text } => (13, text, &[], 0),
            DiskOp::WriteAgain { file, from } => (14, file.as_bytes(), &[], *from),
        };
        self.mix(kind);
        self.mix_bytes(first);
        self.mix_bytes(second);
        self.mix(number);
    }

    fn mix_bytes(&mut self, bytes: &[u8]) {
        self.mix(content_hash(bytes));
    }

    #[inline]
    fn mix(&mut self, word: u64) {
        self.0 = fold(self.0.rotate_left(32) ^ word ^ SPREAD[2], SPREAD[0]);
    }
}
