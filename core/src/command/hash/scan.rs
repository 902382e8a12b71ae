//! Hashes: walking through the fields, and drawing some at random.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::codec::glob;
use crate::codec::random::Random;
use crate::keyspace::Place;
use crate::resp::{Args, Proto, Reply, push_bulk};
use crate::table::{Table, decode_cursor, encode_cursor};
use crate::value::Hash;
use crate::value::Text;
use crate::value::hash::{Field, Fields, Form};

use crate::command::exec::{Exec, int_arg, is_word, stored};
use crate::command::reply_error::{COUNT_OUT_OF_RANGE, OUT_OF_RANGE, SYNTAX};
use crate::command::scan_options::{ScanOptions, Scanned, parse_cursor, parse_options};
use crate::command::{Command, CommandError, Group, Keys, Outcome};

use super::alive::remove_all_dead;

/// Steps of the table that one HSCAN takes at most for each element asked for, as in Redis.
const STEPS_PER_ELEMENT_MAX: usize = 10;
/// The most that HRANDFIELD with a negative count replies, in bytes: as much as the longest string.
const DRAWN_BYTES_MAX: usize = 512 << 20;
/// A request for fewer than one in so many fields draws them one by one; others go through the whole hash once.
const SPARSE_FACTOR: usize = 3;
/// How many draws each of several different fields may cost before the whole hash is gone through instead. Where at most a
/// third is taken, one and a half are expected.
const DRAWS_PER_FIELD_MAX: usize = 8;

pub(super) const COMMANDS: &[Command] = &[
    Command::data(Group::Hash, "hscan", -3, "readonly", Keys::ONE, hscan)
        .access("RO access")
        .tips("nondeterministic_output")
        .docs("2.8.0", "O(1)", "Walk through the fields of a hash step by step"),
    Command::data(Group::Hash, "hrandfield", -2, "readonly", Keys::ONE, hrandfield)
        .access("RO access")
        .tips("nondeterministic_output")
        .docs("6.2.0", "O(N)", "Get random fields of a hash"),
];

fn hscan(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let cursor = parse_cursor(&args[2])?;
    let Some(place) = exec.find_to_read(&args[1]) else {
        exec.reply.array(2);
        exec.reply.bulk(b"0");
        exec.reply.array(0);
        return Ok(());
    };
    let before_ms = exec.dead_before_ms();
    let hash = stored::<Hash>(exec.keyspace, place)?;
    let options = parse_options(args, 3, Scanned::Fields)?;
    let mut found = Found::default();
    let next = match hash.form() {
        Form::Packed(_) | Form::Few(_) => {
            hash.for_each_alive(before_ms, |name, value| found.offer(name, value, &options));
            0
        }
        Form::Table(fields) => scan_table(fields, cursor, &options, |field| {
            if !hash.is_dead(&field.name, before_ms) {
                found.offer(Text::Bytes(&field.name), Text::Bytes(&field.value), &options);
            }
        }),
    };
    exec.reply.array(2);
    let mut digits = itoa::Buffer::new();
    exec.reply.bulk(digits.format(next).as_bytes());
    exec.reply.array(found.count);
    exec.reply.raw(&found.bytes);
    Ok(())
}

fn scan_table(fields: &Fields, cursor: u64, options: &ScanOptions<'_>, mut visit: impl FnMut(&Field)) -> u64 {
    let mut position = decode_cursor(cursor);
    let mut visited = 0;
    let mut steps_left = options.count.saturating_mul(STEPS_PER_ELEMENT_MAX);
    loop {
        position = fields.table.scan(
            position,
            |field| fields.key.hash(&field.name),
            |field| {
                visited += 1;
                visit(field);
            },
        );
        steps_left = steps_left.saturating_sub(1);
        if position == 0 || visited >= options.count || steps_left == 0 {
            return encode_cursor(position);
        }
    }
}

/// What one HSCAN found, as bulk strings: how many there are is only known when all were met.
#[derive(Default)]
struct Found {
    bytes: Vec<u8>,
    count: usize,
}

impl Found {
    fn offer(&mut self, name: Text<'_>, value: Text<'_>, options: &ScanOptions<'_>) {
        let is_wanted = |name: &[u8]| options.pattern.is_none_or(|pattern| glob::matches(pattern, name));
        if name.with_bytes(is_wanted) {
            name.with_bytes(|name| push_bulk(&mut self.bytes, name));
            self.count += 1;
            if !options.without_values {
                value.with_bytes(|value| push_bulk(&mut self.bytes, value));
                self.count += 1;
            }
        }
    }
}

fn hrandfield(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    if args.len() == 2 {
        return reply_with_one(exec, args);
    }
    let (count, with) = parse_count(args)?;
    let before_ms = exec.dead_before_ms();
    let Some(place) = find_to_draw(exec, args)? else {
        exec.reply.array(0);
        return Ok(());
    };
    let alive = Alive { hash: stored::<Hash>(exec.keyspace, place)?, before_ms };
    let reply = &mut exec.reply;
    match usize::try_from(count) {
        Ok(count) => draw_different(alive, exec.random, count, &mut Drawn { reply, with }),
        Err(_) => draw_any(alive, exec.random, count.unsigned_abs(), &mut Drawn { reply, with })?,
    }
    Ok(())
}

/// Finds a hash to draw from. A master first removes all fields whose time has come.
fn find_to_draw(exec: &mut Exec<'_>, args: Args<'_>) -> Result<Option<Place>, CommandError> {
    match exec.find_to_read(&args[1]) {
        Some(place) => remove_all_dead(exec, place, &args[1]),
        None => Ok(None),
    }
}

fn reply_with_one(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let before_ms = exec.dead_before_ms();
    let Some(place) = find_to_draw(exec, args)? else {
        exec.reply.null();
        return Ok(());
    };
    let alive = Alive { hash: stored::<Hash>(exec.keyspace, place)?, before_ms };
    match Source::new(alive).draw(exec.random) {
        Some((name, _)) => name.reply_to(&mut exec.reply),
        None => exec.reply.null(),
    }
    Ok(())
}

fn parse_count(args: Args<'_>) -> Result<(i64, With), CommandError> {
    let count = int_arg(&args[2])?;
    if count == i64::MIN {
        return Err(COUNT_OUT_OF_RANGE);
    }
    if args.len() == 3 {
        return Ok((count, With::Names));
    }
    if args.len() > 4 || !is_word(&args[3], "WITHVALUES") {
        return Err(SYNTAX);
    }
    if count.unsigned_abs() > i64::MAX as u64 / 2 {
        return Err(OUT_OF_RANGE);
    }
    Ok((count, With::NamesAndValues))
}

/// What is told of each field drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum With {
    Names,
    NamesAndValues,
}

/// The reply to a HRANDFIELD with a count.
struct Drawn<'a, 'out> {
    reply: &'a mut Reply<'out>,
    with: With,
}

impl Drawn<'_, '_> {
    /// Announces `count` fields. Names and values stand in one flat array in RESP2, in one of pairs in RESP3.
    fn announce(&mut self, count: usize) {
        match (self.with, self.reply.proto()) {
            (With::NamesAndValues, Proto::Resp2) => self.reply.array(count.saturating_mul(2)),
            _ => self.reply.array(count),
        }
    }

    fn push(&mut self, name: Text<'_>, value: Text<'_>) {
        match (self.with, self.reply.proto()) {
            (With::Names, _) => return name.reply_to(self.reply),
            (With::NamesAndValues, Proto::Resp2) => {}
            (With::NamesAndValues, Proto::Resp3) => self.reply.array(2),
        }
        name.reply_to(self.reply);
        value.reply_to(self.reply);
    }
}

/// The fields of a hash whose time is not before an instant. On a replica, others are hidden among them.
#[derive(Clone, Copy)]
struct Alive<'a> {
    hash: &'a Hash,
    before_ms: i64,
}

impl<'a> Alive<'a> {
    /// The table, if all that it holds is alive.
    fn table(self) -> Option<&'a Table<Field>> {
        match self.hash.form() {
            Form::Table(fields) if !self.hash.has_dead(self.before_ms) => Some(&fields.table),
            _ => None,
        }
    }
}

/// A hash from which fields can be drawn one by one.
enum Source<'a> {
    /// A listpack's pairs, found once: it has no way to an index that is shorter than a walk. Or those that are not hidden.
    Pairs(Vec<(Text<'a>, Text<'a>)>),
    Table(&'a Table<Field>),
}

impl<'a> Source<'a> {
    fn new(alive: Alive<'a>) -> Source<'a> {
        if let Some(table) = alive.table() {
            return Source::Table(table);
        }
        let mut pairs = Vec::new();
        alive.hash.for_each_alive(alive.before_ms, |name, value| pairs.push((name, value)));
        Source::Pairs(pairs)
    }

    fn draw(&self, random: &mut Random) -> Option<(Text<'a>, Text<'a>)> {
        match self {
            Source::Pairs(pairs) => random.pick(pairs).copied(),
            Source::Table(fields) => {
                let field = fields.random(|| random.next_u64())?;
                Some((Text::Bytes(&field.name), Text::Bytes(&field.value)))
            }
        }
    }
}

/// Draws `count` fields, the same one perhaps more than once.
///
/// Differs: a reply beyond [`DRAWN_BYTES_MAX`] is refused; Redis would go on until memory ends.
fn draw_any(alive: Alive<'_>, random: &mut Random, count: u64, drawn: &mut Drawn<'_, '_>) -> Outcome {
    /// `$0`, nothing, and two line ends.
    const FRAME_BYTES: usize = 6;
    let count = usize::try_from(count).map_err(|_| OUT_OF_RANGE)?;
    if count > DRAWN_BYTES_MAX / FRAME_BYTES {
        return Err(OUT_OF_RANGE);
    }
    let source = Source::new(alive);
    let mut bytes = 0;
    if alive.hash.len_alive(alive.before_ms) == 0 {
        drawn.announce(0);
        return Ok(());
    }
    drawn.announce(count);
    for _ in 0..count {
        let (name, value) = source.draw(random).expect("it was not empty");
        bytes += name.len() + FRAME_BYTES;
        if drawn.with == With::NamesAndValues {
            bytes += value.len() + FRAME_BYTES;
        }
        if bytes > DRAWN_BYTES_MAX {
            return Err(OUT_OF_RANGE);
        }
        drawn.push(name, value);
    }
    Ok(())
}

/// Draws `count` different fields; all, if there are no more.
fn draw_different(alive: Alive<'_>, random: &mut Random, count: usize, drawn: &mut Drawn<'_, '_>) {
    let len = alive.hash.len_alive(alive.before_ms);
    let count = count.min(len);
    drawn.announce(count);
    if let Some(table) = alive.table()
        && count <= len / SPARSE_FACTOR
        && let Some(found) = draw_sparsely(table, random, count)
    {
        for (name, value) in found {
            drawn.push(Text::Bytes(name), Text::Bytes(value));
        }
        return;
    }
    // Each field is taken with the chance of those still wanted among those still to come (D. Knuth, algorithm S).
    let (mut wanted, mut to_come) = (count as u64, len as u64);
    alive.hash.for_each_alive(alive.before_ms, |name, value| {
        if random.below(to_come) < wanted {
            drawn.push(name, value);
            wanted -= 1;
        }
        to_come -= 1;
    });
}

/// Draws one by one until `count` different fields are there; gives up if that takes too long.
fn draw_sparsely<'a>(
    fields: &'a Table<Field>,
    random: &mut Random,
    count: usize,
) -> Option<BTreeMap<&'a [u8], &'a [u8]>> {
    let mut found = BTreeMap::new();
    for _ in 0..count.saturating_mul(DRAWS_PER_FIELD_MAX) {
        if found.len() == count {
            break;
        }
        let field = fields.random(|| random.next_u64())?;
        found.insert(field.name.as_slice(), field.value.as_slice());
    }
    (found.len() == count).then_some(found)
}

#[cfg(test)]
#[path = "scan_tests.rs"]
mod tests;
