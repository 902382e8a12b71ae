//! Bitmaps: integers of any width at any bit.

use alloc::vec::Vec;

use crate::codec::bits;
use crate::codec::number::{parse_i64, parse_u64};
use crate::command::exec::{Exec, int_arg, is_word, stored};
use crate::command::reply_error::{BIT_OFFSET, FIELD_TYPE, FIELDS_ONLY_READ, OVERFLOW_TYPE, SYNTAX};
use crate::command::{Class, Command, CommandError, Group, Keys, Outcome};
use crate::resp::Args;
use crate::value::StringValue;

use super::{Target, check_offset};

pub(super) const COMMANDS: &[Command] =
    &[
        Command::data(Group::Bitmap, "bitfield", -2, "write denyoom", Keys::ONE, bitfield)
            .access("RW access update variable_flags: some operations read, others write")
            .docs(
                "3.2.0",
                "O(1) for each",
                "GET, SET and INCRBY integers of any width within a string, with a rule for OVERFLOW",
            ),
        Command::data(Group::Bitmap, "bitfield_ro", -2, "readonly fast", Keys::ONE, bitfield_ro)
            .access("RO access")
            .docs("6.0.0", "O(1) for each", "GET integers of any width within a string"),
    ];

/// What becomes of a number that does not fit.
#[derive(Clone, Copy)]
enum OverflowRule {
    /// Its lowest bits are kept.
    Wrap,
    /// The nearest that fits is taken.
    Saturate,
    /// Nothing is done.
    Fail,
}

/// Where an integer is, and which it can be.
#[derive(Clone, Copy)]
struct Field {
    is_signed: bool,
    width: u32,
    offset: u64,
}

#[derive(Clone, Copy)]
enum Action {
    Get,
    Set(i64, OverflowRule),
    IncrBy(i64, OverflowRule),
}

#[derive(Clone, Copy)]
struct Operation {
    field: Field,
    action: Action,
}

/// What an operation comes to.
struct Effect {
    /// What the client is told; null if it failed.
    reply: Option<i64>,
    /// What is written. A number that is there already may be.
    write: Option<i128>,
    before: i128,
}

impl Field {
    fn parse_type(word: &[u8]) -> Result<(bool, u32), CommandError> {
        let (is_signed, digits, width_max) = match word {
            [b'i', digits @ ..] => (true, digits, 64),
            [b'u', digits @ ..] => (false, digits, 63),
            _ => return Err(FIELD_TYPE),
        };
        let width = parse_u64(digits).filter(|width| (1..=width_max).contains(width)).ok_or(FIELD_TYPE)?;
        Ok((is_signed, width as u32))
    }

    fn parse(exec: &Exec<'_>, kind: &[u8], offset: &[u8]) -> Result<Field, CommandError> {
        let (is_signed, width) = Field::parse_type(kind)?;
        let offset = match offset {
            // So many widths. Redis lets the product wrap around.
            [b'#', index @ ..] => parse_i64(index).ok_or(BIT_OFFSET)?.wrapping_mul(i64::from(width)),
            offset => parse_i64(offset).ok_or(BIT_OFFSET)?,
        };
        Ok(Field { is_signed, width, offset: check_offset(exec, offset)? })
    }

    fn last_bit(self) -> u64 {
        self.offset + u64::from(self.width) - 1
    }

    fn get(self, bytes: &[u8]) -> i128 {
        self.wrap(i128::from(bits::field(bytes, self.offset, self.width)))
    }

    /// The number of its range that has the same lowest bits.
    fn wrap(self, value: i128) -> i128 {
        let unused = 128 - self.width;
        if self.is_signed { value << unused >> unused } else { ((value as u128) << unused >> unused) as i128 }
    }

    fn max(self) -> i128 {
        (1_i128 << (self.width - u32::from(self.is_signed))) - 1
    }

    /// True for the least numbers: Redis's subtraction of one of them from the largest of the field overflows, so it takes them for
    /// numbers that are too large.
    fn is_taken_for_large(self, value: i128) -> bool {
        self.is_signed && self.width < i64::BITS && self.max() - value > i128::from(i64::MAX)
    }

    /// The number that stands for `value`, which may not fit; nothing if the rule is to fail.
    fn fit(self, value: i128, rule: OverflowRule) -> Option<i128> {
        let max = self.max();
        let min = if self.is_signed { -max - 1 } else { 0 };
        if (min..=max).contains(&value) {
            return Some(value);
        }
        match rule {
            OverflowRule::Wrap => Some(self.wrap(value)),
            OverflowRule::Saturate => Some(value.clamp(min, max)),
            OverflowRule::Fail => None,
        }
    }
}

impl Operation {
    fn writes(&self) -> bool {
        !matches!(self.action, Action::Get)
    }

    fn effect(&self, bytes: &[u8]) -> Effect {
        let before = self.field.get(bytes);
        let (reply, write) = match self.action {
            Action::Get => (Some(before), None),
            Action::Set(value, rule) => {
                // A negative number does not fit into an unsigned field: there it counts as a huge one.
                let value = if self.field.is_signed { i128::from(value) } else { i128::from(value as u64) };
                let write = match rule {
                    OverflowRule::Saturate if self.field.is_taken_for_large(value) => Some(self.field.max()),
                    rule => self.field.fit(value, rule),
                };
                (write.map(|_| before), write)
            }
            Action::IncrBy(by, rule) => {
                let write = self.field.fit(before + i128::from(by), rule);
                (write, write)
            }
        };
        Effect { reply: reply.map(|reply| reply as i64), write, before }
    }

    /// Carries it out; true if the field has another number now.
    fn run(&self, bytes: &mut [u8]) -> (Effect, bool) {
        let effect = self.effect(bytes);
        if let Some(value) = effect.write {
            bits::set_field(bytes, self.field.offset, self.field.width, value as u64);
        }
        let is_changed = effect.write.is_some_and(|value| value != effect.before);
        (effect, is_changed)
    }
}

fn bitfield(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let operations = parse(exec, args)?;
    if operations.iter().any(Operation::writes) {
        write(exec, &args[1], &operations)
    } else {
        read(exec, args, &operations)
    }
}

fn bitfield_ro(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let operations = parse(exec, args)?;
    if operations.iter().any(Operation::writes) {
        return Err(FIELDS_ONLY_READ);
    }
    read(exec, args, &operations)
}

fn parse(exec: &Exec<'_>, args: Args<'_>) -> Result<Vec<Operation>, CommandError> {
    let mut operations = Vec::new();
    let mut rule = OverflowRule::Wrap;
    let mut at = 2;
    while at < args.len() {
        let (word, left) = (&args[at], args.len() - at - 1);
        if is_word(word, "OVERFLOW") && left >= 1 {
            rule = overflow_arg(&args[at + 1])?;
            at += 2;
            continue;
        }
        let is_get = is_word(word, "GET") && left >= 2;
        let is_set = is_word(word, "SET") && left >= 3;
        if !(is_get || is_set || is_word(word, "INCRBY") && left >= 3) {
            return Err(SYNTAX);
        }
        let field = Field::parse(exec, &args[at + 1], &args[at + 2])?;
        let action = match (is_get, is_set) {
            (true, _) => Action::Get,
            (_, true) => Action::Set(int_arg(&args[at + 3])?, rule),
            _ => Action::IncrBy(int_arg(&args[at + 3])?, rule),
        };
        operations.push(Operation { field, action });
        at += if is_get { 3 } else { 4 };
    }
    Ok(operations)
}

fn overflow_arg(word: &[u8]) -> Result<OverflowRule, CommandError> {
    let table = [("WRAP", OverflowRule::Wrap), ("SAT", OverflowRule::Saturate), ("FAIL", OverflowRule::Fail)];
    table.into_iter().find(|(name, _)| is_word(word, name)).map(|(_, rule)| rule).ok_or(OVERFLOW_TYPE)
}

/// Carries out operations none of which writes.
fn read(exec: &mut Exec<'_>, args: Args<'_>, operations: &[Operation]) -> Outcome {
    let text = match exec.find_to_read(&args[1]) {
        Some(place) => stored::<StringValue>(exec.keyspace, place)?.text(),
        None => Default::default(),
    };
    exec.reply.array(operations.len());
    for operation in operations {
        exec.reply.int(operation.field.get(&text) as i64);
    }
    Ok(())
}

/// Carries out operations some of which write.
fn write(exec: &mut Exec<'_>, key: &[u8], operations: &[Operation]) -> Outcome {
    let target = Target::find(exec, key)?;
    let written = operations.iter().filter(|operation| operation.writes());
    let last_bit = written.map(|operation| operation.field.last_bit()).max().unwrap_or(0);
    let grows = target.must_grow(last_bit);
    let mut replies = Vec::with_capacity(operations.len());
    let mut changes = 0;
    if grows || changes_any(exec, target, operations)? {
        target.write(exec, key, last_bit, |bytes| {
            for operation in operations {
                let (effect, is_changed) = operation.run(bytes);
                changes += u64::from(is_changed || (grows && effect.write.is_some()));
                replies.push(effect.reply);
            }
        })?;
    } else if let Some(place) = target.place {
        exec.make_raw(place);
        let text = exec.string(place)?.text();
        replies.extend(operations.iter().map(|operation| operation.effect(&text).reply));
    }
    if changes > 0 {
        exec.notify(Class::String, "setbit", key);
    }
    // Differs: a string that has only grown, since all operations failed, is a change too. Redis tells its replicas nothing, which
    // are then without a key that it has.
    exec.changed(changes.max(u64::from(grows)));
    exec.reply.array(replies.len());
    for reply in replies {
        match reply {
            Some(value) => exec.reply.int(value),
            None => exec.reply.null(),
        }
    }
    Ok(())
}

/// True if an operation puts another number into its field. Up to the first that does, all find the string as it is.
fn changes_any(exec: &Exec<'_>, target: Target, operations: &[Operation]) -> Result<bool, CommandError> {
    let Some(place) = target.place else { return Ok(false) };
    let text = exec.string(place)?.text();
    Ok(operations.iter().any(|operation| {
        let effect = operation.effect(&text);
        effect.write.is_some_and(|value| value != effect.before)
    }))
}
