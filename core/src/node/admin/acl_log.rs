//! ACL LOG: who was refused?
//!
//! The default user may do everything, so that what is refused here is to log in.

use alloc::collections::VecDeque;
use alloc::string::String;
use core::time::Duration;

use crate::port::{Mono, Now};
use crate::resp::Reply;

/// Refusals of the same kind that follow one another within this time are one entry that counts them, as in Redis.
const GROUPING: Duration = Duration::from_secs(60);
/// Bytes of a user's name that are kept.
const NAME_BYTES_MAX: usize = 1024;

/// A refusal, or several alike.
#[derive(Clone, Debug)]
struct Entry {
    count: u64,
    is_in_transaction: bool,
    /// The command that was refused: `auth` or `hello`.
    object: String,
    user: String,
    at: Mono,
    /// The client's line, as CLIENT LIST has it.
    client: String,
}

/// The refusals, the newest first. `acllog-max-len` bounds them.
#[derive(Clone, Debug, Default)]
pub(crate) struct AclLog {
    entries: VecDeque<Entry>,
}

impl AclLog {
    /// Takes note of a refused login.
    pub(super) fn add(
        &mut self,
        object: &str,
        user: &[u8],
        is_in_transaction: bool,
        client: String,
        len_max: u64,
        now: Now,
    ) {
        let user = String::from_utf8_lossy(&user[..user.len().min(NAME_BYTES_MAX)]).into_owned();
        let is_same = |entry: &Entry| {
            entry.object == object
                && entry.user == user
                && entry.is_in_transaction == is_in_transaction
                && now.mono.since(entry.at) <= GROUPING
        };
        let known = self.entries.iter().position(is_same);
        let before = known.and_then(|at| self.entries.remove(at)).map_or(0, |entry| entry.count);
        let object = String::from(object);
        self.entries.push_front(Entry {
            count: before.saturating_add(1),
            is_in_transaction,
            object,
            user,
            at: now.mono,
            client,
        });
        self.entries.truncate(usize::try_from(len_max).unwrap_or(usize::MAX));
    }

    pub(super) fn reset(&mut self) {
        self.entries.clear();
    }

    /// The newest entries, at most `count`.
    pub(super) fn tell(&self, reply: &mut Reply<'_>, count: usize, now: Now) {
        reply.array(count.min(self.entries.len()));
        for entry in self.entries.iter().take(count) {
            let context = if entry.is_in_transaction { "multi" } else { "toplevel" };
            let texts =
                [("reason", "auth"), ("context", context), ("object", &entry.object), ("username", &entry.user)];
            reply.map(7);
            reply.bulk(b"count");
            reply.int(i64::try_from(entry.count).unwrap_or(i64::MAX));
            for (name, text) in texts {
                reply.bulk(name.as_bytes());
                reply.bulk(text.as_bytes());
            }
            reply.bulk(b"age-seconds");
            reply.double(now.mono.since(entry.at).as_millis() as f64 / 1000.0);
            reply.bulk(b"client-info");
            reply.bulk(entry.client.as_bytes());
        }
    }
}
