//! What becomes of fields whose time has come, when a command asks for them?
//!
//! A master removes them, as it does keys: those that are asked for by name, before the command's own effect. Commands that list a hash leave
//! them out and alone, as in Redis 8.0; HLEN counts them, and HSET and HDEL take them for fields like others.

use crate::keyspace::Place;
use crate::value::Hash;

use crate::command::exec::{Exec, ExpiryRule};
use crate::command::{Class, CommandError};

/// Finds a hash whose fields `names` are about to be read. Nothing, if there is none left.
pub(super) fn find_fields_to_read<'a>(
    exec: &mut Exec<'_>,
    key: &[u8],
    names: impl Iterator<Item = &'a [u8]>,
) -> Result<Option<Place>, CommandError> {
    match exec.find_to_read(key) {
        Some(place) => remove_dead(exec, place, key, names),
        None => Ok(None),
    }
}

/// Finds a hash whose fields `names` are about to be written. Nothing, if there is none left.
pub(super) fn find_fields<'a>(
    exec: &mut Exec<'_>,
    key: &[u8],
    names: impl Iterator<Item = &'a [u8]>,
) -> Result<Option<Place>, CommandError> {
    match exec.find(key) {
        Some(place) => remove_dead(exec, place, key, names),
        None => Ok(None),
    }
}

/// Removes those of the fields `names` whose time has come, if that is ours to do; the place, if the hash is still there.
pub(in crate::command) fn remove_dead<'a>(
    exec: &mut Exec<'_>,
    place: Place,
    key: &[u8],
    names: impl Iterator<Item = &'a [u8]>,
) -> Result<Option<Place>, CommandError> {
    let before_ms = exec.dead_before_ms();
    if !exec.typed::<Hash>(place)?.has_dead(before_ms) || exec.expiry != ExpiryRule::Remove {
        return Ok(Some(place));
    }
    let mut removed = 0;
    for name in names {
        if exec.typed::<Hash>(place)?.is_dead(name, before_ms) {
            exec.typed_mut::<Hash>(place)?.remove(name);
            exec.feed.field_expired(exec.database, key, name);
            removed += 1;
        }
    }
    end_removal(exec, place, key, removed)
}

/// Removes all fields whose time has come, if that is ours to do; the place, if the hash is still there.
pub(super) fn remove_all_dead(exec: &mut Exec<'_>, place: Place, key: &[u8]) -> Result<Option<Place>, CommandError> {
    let (before_ms, is_ours) = (exec.dead_before_ms(), exec.expiry == ExpiryRule::Remove);
    let mut removed = 0;
    while is_ours && let Some(name) = exec.typed::<Hash>(place)?.find_dead(before_ms).cloned() {
        exec.typed_mut::<Hash>(place)?.remove(&name);
        exec.feed.field_expired(exec.database, key, &name);
        removed += 1;
    }
    end_removal(exec, place, key, removed)
}

/// Counts and tells of fields that were removed because their time had come.
fn end_removal(exec: &mut Exec<'_>, place: Place, key: &[u8], removed: u64) -> Result<Option<Place>, CommandError> {
    if removed > 0 {
        exec.expired.fields += removed;
        exec.notify(Class::Hash, "hexpired", key);
    }
    if exec.typed::<Hash>(place)?.is_empty() {
        exec.remove_emptied(place, key);
        return Ok(None);
    }
    Ok(Some(place))
}
