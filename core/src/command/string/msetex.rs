//! How are several strings stored at once, under a condition and with a time?
//!
//! Source: Valkey 9.1.

use alloc::vec::Vec;

use crate::codec::number::parse_i64;
use crate::command::exec::Exec;
use crate::command::reply_error::{KEY_COUNT_INVALID, SYNTAX};
use crate::command::{Class, Command, CommandError, Group, Keys, Outcome};
use crate::keyspace::NO_EXPIRY;
use crate::resp::Args;

use super::options::{Condition, Dialect, Lifetime, Options};
use super::store;

pub(super) const COMMANDS: &[Command] =
    &[Command::data(Group::String, "msetex", -4, "write denyoom", Keys::NumberedPairs, msetex)
        .access("OW update")
        .tips("request_policy:multi_shard response_policy:all_succeeded")
        .docs("9.1.0", "O(N)", "Store several strings at once, for a time and under a condition; a command of Valkey")];

/// Where the first key stands.
const FIRST: usize = 2;

fn msetex(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let options_at = options_at(args)?;
    let options = Options::parse(args.tail(options_at), Dialect::MSetEx)?;
    let deadline_ms = options.deadline_ms(exec, "msetex")?;
    let mut keys = args.iter_from(FIRST).take(options_at - FIRST).step_by(2);
    let is_refused = match options.condition {
        Condition::Missing => keys.any(|key| exec.find(key).is_some()),
        Condition::Exists => keys.any(|key| exec.find(key).is_none()),
        Condition::None | Condition::Equals(_) => false,
    };
    if is_refused {
        exec.reply.int(0);
        return Ok(());
    }
    for at in (FIRST..options_at).step_by(2) {
        let (key, value) = (&args[at], &args[at + 1]);
        let place = exec.find(key);
        let expires_ms = match (deadline_ms, options.lifetime, place) {
            (Some(deadline_ms), ..) => deadline_ms,
            (None, Lifetime::Kept, Some(place)) => exec.expires_ms(place),
            _ => NO_EXPIRY,
        };
        store(exec, place, key, value, expires_ms);
        if deadline_ms.is_some() {
            exec.notify(Class::Generic, "expire", key);
        }
    }
    exec.changed(((options_at - FIRST) / 2) as u64);
    if let Some(deadline_ms) = deadline_ms {
        feed_until(exec, args, options_at, options.condition, deadline_ms);
    }
    exec.reply.int(1);
    Ok(())
}

/// Where the options begin: behind as many pairs as the first argument says.
fn options_at(args: Args<'_>) -> Result<usize, CommandError> {
    let count = parse_i64(&args[1]).and_then(|count| i32::try_from(count).ok());
    let count = count.and_then(|count| usize::try_from(count).ok()).filter(|count| *count > 0);
    let end = count.ok_or(KEY_COUNT_INVALID)?.checked_mul(2).and_then(|words| words.checked_add(FIRST));
    end.filter(|end| *end <= args.len()).ok_or(SYNTAX)
}

/// Feeds it with the one form of time that means the same whenever it arrives, and with each option once.
fn feed_until(exec: &mut Exec<'_>, args: Args<'_>, options_at: usize, condition: Condition<'_>, deadline_ms: i64) {
    let mut digits = itoa::Buffer::new();
    let mut words: Vec<&[u8]> = args.iter().take(options_at).collect();
    match condition {
        Condition::Missing => words.push(b"NX"),
        Condition::Exists => words.push(b"XX"),
        Condition::None | Condition::Equals(_) => {}
    }
    words.extend([b"PXAT".as_slice(), digits.format(deadline_ms).as_bytes()]);
    exec.feed.instead_words(exec.database, &words);
}
