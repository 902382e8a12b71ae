//! What clients write into a replica: it belongs to no history, and yet to the data that come back after a restart.

use alloc::vec::Vec;

use crate::replication::Log;
use crate::resp::push_command;

use super::super::Node;
use super::stream::Insert;

impl Node {
    /// Ends a unit of execution on a replica: what it did is put in beside the stream. `canonical` are the bytes of a unit that is one command as it was
    /// sent.
    pub(in crate::node) fn append_own(&mut self, canonical: Option<&[u8]>) {
        let offset = self.history.offset();
        let stream_database = self.history.log.as_ref().and_then(Log::database).unwrap_or(0);
        let Some(aof) = &mut self.storage.aof else { return };
        let mut commands = Vec::new();
        let mut database = None;
        if let Some(whole) = self.feed.whole() {
            select(&mut commands, &mut database, whole);
            commands.extend_from_slice(canonical.unwrap_or_default());
        }
        let is_block = self.feed.ops().len() > 1;
        for (index, (wanted, bytes)) in self.feed.ops().enumerate() {
            select(&mut commands, &mut database, wanted);
            if is_block && index == 0 {
                push_command(&mut commands, [b"MULTI".as_slice()].into_iter());
            }
            commands.extend_from_slice(bytes);
        }
        if is_block {
            push_command(&mut commands, [b"EXEC".as_slice()].into_iter());
        }
        if !commands.is_empty() {
            // The stream goes on in its own database.
            select(&mut commands, &mut database, stream_database);
            aof.insert(offset, Insert::Own(commands));
        }
    }
}

fn select(commands: &mut Vec<u8>, database: &mut Option<u32>, wanted: u32) {
    if *database != Some(wanted) {
        *database = Some(wanted);
        let mut digits = itoa::Buffer::new();
        push_command(commands, [b"SELECT".as_slice(), digits.format(wanted).as_bytes()].into_iter());
    }
}
