//! Parts of strings: how are they read, written, appended and compared?

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::ops::Range;

use crate::keyspace::{Keyspace, NO_EXPIRY, Place};
use crate::resp::Args;
use crate::value::{StringValue, Value};

use crate::command::exec::{Exec, int_arg, is_word};
use crate::command::reply_error::{
    LCS_LEN_AND_IDX, LCS_NOT_STRINGS, OFFSET_OUT_OF_RANGE, STRING_TOO_LONG, SYNTAX, WRONG_TYPE,
};
use crate::command::{Class, Command, CommandError, Group, Keys, Outcome};

use super::lcs::{Match, common_subsequence};

pub(super) const COMMANDS: &[Command] = &[
    Command::data(Group::String, "append", 3, "write denyoom fast", Keys::ONE, append).access("RW insert").docs(
        "2.0.0",
        "O(1)",
        "Add bytes to the end of a string",
    ),
    Command::data(Group::String, "strlen", 2, "readonly fast", Keys::ONE, strlen).access("RO").docs(
        "2.2.0",
        "O(1)",
        "Tell how many bytes a string has",
    ),
    Command::data(Group::String, "getrange", 4, "readonly", Keys::ONE, get_range).access("RO access").docs(
        "2.4.0",
        "O(N)",
        "Read a part of a string",
    ),
    Command::data(Group::String, "substr", 4, "readonly", Keys::ONE, get_range).access("RO access").docs(
        "1.0.0",
        "O(N)",
        "Read a part of a string: the old name of GETRANGE",
    ),
    Command::data(Group::String, "setrange", 4, "write denyoom", Keys::ONE, set_range).access("RW update").docs(
        "2.2.0",
        "O(M)",
        "Overwrite a part of a string, which grows as needed",
    ),
    Command::data(Group::String, "lcs", -3, "readonly", Keys::TWO, lcs).access("RO access").docs(
        "7.0.0",
        "O(N*M)",
        "Find the longest subsequence that two strings have in common",
    ),
];

fn append(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let (key, tail) = (&args[1], &args[2]);
    let len = match exec.find(key) {
        Some(place) => {
            let len_before = exec.string(place)?.len();
            check_len(exec, len_before as u64, tail)?;
            let bytes = exec.string_mut(place)?.make_mut();
            bytes.extend_from_slice(tail);
            bytes.len()
        }
        None => {
            exec.insert(key, StringValue::new(tail), NO_EXPIRY);
            tail.len()
        }
    };
    exec.notify(Class::String, "append", key);
    exec.changed(1);
    exec.reply.count(len);
    Ok(())
}

fn strlen(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let len = match exec.find_to_read(&args[1]) {
        Some(place) => exec.string(place)?.len(),
        None => 0,
    };
    exec.reply.count(len);
    Ok(())
}

fn get_range(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let (first, last) = (int_arg(&args[2])?, int_arg(&args[3])?);
    let Some(place) = exec.find_to_read(&args[1]) else {
        exec.reply.bulk(b"");
        return Ok(());
    };
    match exec.keyspace.entry(place).value {
        Value::String(ref string) => {
            string.reply_part_to(&mut exec.reply, span(first, last, string.len()));
        }
        _ => return Err(WRONG_TYPE),
    }
    Ok(())
}

/// The bytes from `first` to `last`, both included and counted from the end if negative, of a string of `len` bytes.
fn span(first: i64, last: i64, len: usize) -> Range<usize> {
    // What lies before the string counts as its first byte, even for `last`; but not if the two are the wrong way round.
    if first < 0 && last < 0 && first > last {
        return 0..0;
    }
    let len_signed = i64::try_from(len).unwrap_or(i64::MAX);
    let from_start = |at: i64| {
        if at < 0 { at.saturating_add(len_signed).max(0) } else { at }
    };
    let start = usize::try_from(from_start(first)).unwrap_or(usize::MAX);
    let end = usize::try_from(from_start(last)).unwrap_or(usize::MAX).saturating_add(1).min(len);
    if start < end { start..end } else { 0..0 }
}

fn set_range(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let (key, patch) = (&args[1], &args[3]);
    let offset = u64::try_from(int_arg(&args[2])?).map_err(|_| OFFSET_OUT_OF_RANGE)?;
    let place = exec.find(key);
    let len = match place {
        Some(place) => exec.string(place)?.len(),
        None => 0,
    };
    if patch.is_empty() {
        exec.reply.count(len);
        return Ok(());
    }
    let end = check_len(exec, offset, patch)?;
    let len = match place {
        Some(place) => {
            let bytes = exec.string_mut(place)?.make_mut();
            overwrite(bytes, end, patch)?;
            bytes.len()
        }
        None => {
            let mut bytes = Vec::new();
            overwrite(&mut bytes, end, patch)?;
            exec.insert(key, StringValue::raw(bytes), NO_EXPIRY);
            end
        }
    };
    exec.notify(Class::String, "setrange", key);
    exec.changed(1);
    exec.reply.count(len);
    Ok(())
}

/// Writes `patch` into `bytes` so that it ends at `end`, with zeros in front of it where there was nothing.
fn overwrite(bytes: &mut Vec<u8>, end: usize, patch: &[u8]) -> Result<(), CommandError> {
    if bytes.len() < end {
        bytes.try_reserve(end - bytes.len()).map_err(|_| STRING_TOO_LONG)?;
        bytes.resize(end, 0);
    }
    if let Some(part) = bytes.get_mut(end.saturating_sub(patch.len())..end) {
        part.copy_from_slice(patch);
    }
    Ok(())
}

/// Where `tail` ends if it is put at `offset`, unless strings may not be that long.
fn check_len(exec: &Exec<'_>, offset: u64, tail: &[u8]) -> Result<usize, CommandError> {
    let end = offset.checked_add(tail.len() as u64).filter(|end| *end <= exec.string_bytes_max());
    end.and_then(|end| usize::try_from(end).ok()).ok_or(STRING_TOO_LONG)
}

/// What LCS replies with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LcsForm {
    Bytes,
    /// LEN
    Length,
    /// IDX
    Matches,
}

struct LcsOptions {
    form: LcsForm,
    match_len_min: i64,
    with_match_len: bool,
}

fn lcs(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let (key_a, key_b) = (&args[1], &args[2]);
    // Looking for the second key may remove it, which moves the first: that one is looked for again, uncounted.
    exec.find_to_read(key_a);
    let place_b = exec.find_to_read(key_b);
    let place_a = exec.find(key_a);
    let a = text_at(exec.keyspace, place_a)?;
    let b = text_at(exec.keyspace, place_b)?;
    let options = lcs_options(args.tail(3))?;

    let matches = common_subsequence(&a, &b, exec.config.proto_max_bulk_len)?;
    let len = matches.iter().map(|found| found.len).sum();
    let reply = &mut exec.reply;
    match options.form {
        LcsForm::Length => reply.count(len),
        LcsForm::Bytes => {
            let parts: Vec<&[u8]> = matches.iter().rev().map(|found| &a[found.in_a()]).collect();
            reply.bulk(&parts.concat());
        }
        LcsForm::Matches => {
            reply.map(2);
            reply.bulk(b"matches");
            reply_matches(exec, &matches, &options);
            exec.reply.bulk(b"len");
            exec.reply.count(len);
        }
    }
    Ok(())
}

fn text_at(keyspace: &Keyspace, place: Option<Place>) -> Result<Cow<'_, [u8]>, CommandError> {
    match place.map(|place| &keyspace.entry(place).value) {
        Some(Value::String(string)) => Ok(string.text()),
        Some(_) => Err(LCS_NOT_STRINGS),
        None => Ok(Cow::Borrowed(b"")),
    }
}

fn lcs_options(args: Args<'_>) -> Result<LcsOptions, CommandError> {
    let (mut has_len, mut has_idx) = (false, false);
    let mut options = LcsOptions { form: LcsForm::Bytes, match_len_min: 0, with_match_len: false };
    let mut words = args.iter();
    while let Some(word) = words.next() {
        if is_word(word, "IDX") {
            has_idx = true;
        } else if is_word(word, "LEN") {
            has_len = true;
        } else if is_word(word, "WITHMATCHLEN") {
            options.with_match_len = true;
        } else if is_word(word, "MINMATCHLEN") {
            options.match_len_min = int_arg(words.next().ok_or(SYNTAX)?)?;
        } else {
            return Err(SYNTAX);
        }
    }
    options.form = match (has_len, has_idx) {
        (true, true) => return Err(LCS_LEN_AND_IDX),
        (true, false) => LcsForm::Length,
        (false, true) => LcsForm::Matches,
        (false, false) => LcsForm::Bytes,
    };
    Ok(options)
}

fn reply_matches(exec: &mut Exec<'_>, matches: &[Match], options: &LcsOptions) {
    let is_shown = |found: &&Match| i64::try_from(found.len).is_ok_and(|len| len >= options.match_len_min);
    let reply = &mut exec.reply;
    reply.array(matches.iter().filter(is_shown).count());
    for found in matches.iter().filter(is_shown) {
        reply.array(if options.with_match_len { 3 } else { 2 });
        for span in [found.in_a(), found.in_b()] {
            reply.array(2);
            reply.count(span.start);
            reply.count(span.end.saturating_sub(1));
        }
        if options.with_match_len {
            reply.count(found.len);
        }
    }
}

#[cfg(test)]
#[path = "range_tests.rs"]
mod tests;
