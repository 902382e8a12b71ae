//! What clients write into a replica: it belongs to no history, and yet to the data that come back after a restart.

use alloc::vec::Vec;

use crate::command::UnitSink;
use crate::replication::Log;
use crate::resp::push_select;

use super::super::Node;
use super::stream::Insert;

/// Commands that stand by themselves, whatever the stream around them is about.
#[derive(Default)]
struct Commands {
    bytes: Vec<u8>,
    database: Option<u32>,
}

impl UnitSink for Commands {
    fn select(&mut self, database: u32) {
        if self.database.replace(database) != Some(database) {
            push_select(&mut self.bytes, database);
        }
    }

    fn append(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }
}

impl Node {
    /// Ends a unit of execution on a replica: what it did is put in beside the stream. `canonical` are the bytes of a unit that is one command as it was
    /// sent.
    pub(in crate::node) fn append_own(&mut self, canonical: Option<&[u8]>) {
        let offset = self.history.offset();
        let stream_database = self.history.log.as_ref().and_then(Log::database).unwrap_or(0);
        let Some(aof) = &mut self.storage.aof else { return };
        let mut commands = Commands::default();
        if self.feed.write_unit(canonical, &mut commands) {
            // The stream goes on in its own database.
            commands.select(stream_database);
            aof.insert(offset, Insert::Own(commands.bytes));
        }
    }
}
