//! Keyspace events as messages: by key, and by event, as far as `notify-keyspace-events` asks for them.
//!
//! They are no part of the stream: a replica tells its own listeners of what it applies, if it is asked to.

use alloc::vec::Vec;

use crate::codec::number::push_u64;
use crate::command::{Classes, Notice};

use super::super::Node;
use super::Topic;

impl Node {
    /// Publishes what was noted while a command ran.
    #[inline]
    pub(in super::super) fn publish_notices(&mut self) {
        if !self.notices.is_empty() {
            self.publish_all_notices();
        }
    }

    /// Events of these classes are noted from now on.
    pub(in super::super) fn follow_event_classes(&mut self) {
        self.notices.classes = Classes::parse(self.config.notify_keyspace_events.as_bytes());
    }

    #[cold]
    fn publish_all_notices(&mut self) {
        let classes = self.notices.classes;
        let mut channel = Vec::new();
        for Notice { database, event, key } in self.notices.take() {
            if classes.by_key() {
                name_channel(&mut channel, b"__keyspace@", database, &key);
                self.deliver(Topic::Channel, &channel, event.as_bytes());
            }
            if classes.by_event() {
                name_channel(&mut channel, b"__keyevent@", database, event.as_bytes());
                self.deliver(Topic::Channel, &channel, &key);
            }
        }
    }
}

/// `__keyspace@0__:key`.
fn name_channel(channel: &mut Vec<u8>, prefix: &[u8], database: u32, subject: &[u8]) {
    channel.clear();
    channel.extend_from_slice(prefix);
    push_u64(channel, u64::from(database));
    channel.extend_from_slice(b"__:");
    channel.extend_from_slice(subject);
}
