//! What two equal values have in common whatever the order of their tables: the way in which a value is taken into a digest.
//!
//! The order of parts is that of Redis's DEBUG DIGEST; the arithmetic is the caller's.

use crate::codec::double::push_17g;
use crate::codec::number::push_u64;
use alloc::vec::Vec;

use super::{Text, Value};

/// A digest in the making.
pub trait Digest: Default {
    /// Takes in a part whose order among others matters.
    fn mix(&mut self, part: &[u8]);

    /// Takes in a digest whose order among others does not matter.
    fn add(&mut self, part: &Self);

    /// Takes in a part whose order among others does not matter.
    fn add_part(&mut self, part: &[u8]);

    /// Takes in a text as [`Digest::mix`] does.
    fn mix_text(&mut self, text: Text<'_>) {
        text.with_bytes(|bytes| self.mix(bytes));
    }
}

/// Takes in a value with its type.
pub fn mix_value<D: Digest>(digest: &mut D, value: &Value) {
    // The numbers of types in Redis's objects.
    let kind: u32 = match value {
        Value::String(_) => 0,
        Value::List(_) => 1,
        Value::Set(_) => 2,
        Value::Zset(_) => 3,
        Value::Hash(_) => 4,
        Value::Stream(_) => 6,
    };
    digest.mix(&kind.to_be_bytes());
    match value {
        Value::String(string) => digest.mix(&string.text()),
        Value::List(list) => list.for_each(|element| digest.mix_text(element)),
        Value::Set(set) => set.for_each(|member| member.with_bytes(|member| digest.add_part(member))),
        Value::Zset(zset) => zset.for_each(|member, score| {
            add(digest, |part| {
                let mut digits = Vec::new();
                push_17g(&mut digits, score);
                part.mix_text(member);
                part.mix(&digits);
            });
        }),
        Value::Hash(hash) => hash.for_each(|name, value| {
            add(digest, |part| {
                part.mix_text(name);
                part.mix_text(value);
                if name.with_bytes(|name| hash.expiry(name)).is_some() {
                    part.add_part(b"!!hexpire!!");
                }
            });
        }),
        Value::Stream(stream) => stream.for_each_entry(|id, texts| {
            let mut name = Vec::new();
            push_u64(&mut name, id.ms);
            name.push(b'.');
            push_u64(&mut name, id.seq);
            digest.mix(&name);
            texts.for_each(|text| digest.mix_text(text));
        }),
    }
}

fn add<D: Digest>(digest: &mut D, fill: impl FnOnce(&mut D)) {
    let mut part = D::default();
    fill(&mut part);
    digest.add(&part);
}
