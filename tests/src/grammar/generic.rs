//! What is said to keys of any type?

use afterimage_core::codec::crc64;

use crate::workload::Draw;

pub(super) const TEMPLATES: &[&str] = &[
    "set {string} {value} [px {ttl}]",
    "(rpush {list}|sadd {set}|hset {hash} {field}) {value}",
    "zadd {zset} {small} {field}",
    "(setbit {bitmap} {offset} {bit}|pfadd {hll} {field}|xadd {stream} {id} {field} {value})",
    "(del|unlink|exists|touch) {key}...",
    "(type|persist|pttl|expiretime) {key}",
    "(rename|renamenx) {key} {key}",
    "copy {key} {key} [db {db}] [replace]",
    "move {key} {db}",
    "swapdb {db} {db}",
    "swapdb ({db}|16|x|-1|4294967296) ({db}|16|x|99999999999)",
    "object (encoding|refcount|idletime|freq|nonsense) {key}",
    "keys {glob}",
    "scan 0 [match {glob}] [type (string|list|set|zset|hash|stream|nonsense)] count 1000",
    "scan (x|18446744073709551616) ([match {glob}|count {index}|type|count])...",
    "scan 0 (count x|count 0|count -1|nonsense 1)",
    "select ({db}|16|x)",
    "(randomkey|dbsize|echo {value}|ping [{value}])",
    "dump {key} surplus surplus",
    "restore {key} (0|{ttl}|4102444800000|-1|x) {payload} ([replace|absttl|idletime {small}|freq {small}|freq 256|idletime -1|nonsense])...",
    "(dbsize|dbsize|randomkey extra|wait 0 0|wait x 0|(flushdb|flushall) ([async|sync|x])...)",
];

/// What DUMP of Redis 7.0.15 tells of a value of each type, the footer left out; and what is none.
const VALUES: &[&[u8]] = &[
    b"\x00\xc0\x0a",
    b"\x00\x05hello",
    b"\x00\x01\x01",
    b"\x12\x01\x02\x0f\x0f\x00\x00\x00\x03\x00\x81\x61\x02\x81\x62\x02\x03\x01\xff",
    b"\x10\x12\x12\x00\x00\x00\x04\x00\x81\x66\x02\x81\x76\x02\x81\x67\x02\x07\x01\xff",
    b"\x11\x14\x14\x00\x00\x00\x04\x00\x81\x61\x02\x01\x01\x81\x62\x02\x83\x32\x2e\x35\x04\xff",
    b"\x13\x01\x10\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x1d\x1d\x00\x00\x00\x0a\x00\x01\x01\x00\x01\
      \x01\x01\x81\x66\x02\x00\x01\x02\x01\x00\x01\x00\x01\x81\x76\x02\x04\x01\xff\x01\x01\x01\x01\x01\x00\x00\x01\x00",
    b"\x0b\x0e\x02\x00\x00\x00\x03\x00\x00\x00\x01\x00\x02\x00\x2c\x01",
    b"\x01\x01\x01a",
    b"\x02\x02\x01a\x01b",
    b"\x03\x01\x01a\x011",
    b"\x04\x01\x01f\x01v",
    b"\x05\x01\x01a\x00\x00\x00\x00\x00\x00\xf0\x3f",
    // Too short, a member twice, nothing in it, no type.
    b"\x00\x40\xffhell",
    b"\x02\x02\x01a\x01a",
    b"\x02\x00",
    b"\x63\x00",
];

/// What RESTORE is given: in one case of two something is wrong with it.
pub(super) fn payload(draw: &mut Draw) -> Vec<u8> {
    let mut payload = draw.pick(VALUES).to_vec();
    let version: u16 = *draw.pick(&[6, 9, 10, 10, 10, 10, 40_000]);
    payload.extend(version.to_le_bytes());
    let mut checksum = crc64::update(0, &payload);
    match draw.below(10) {
        0 => checksum ^= 1 << draw.below(64),
        1 => checksum = 0,
        2 => payload.truncate(usize::try_from(draw.below(10)).expect("small")),
        _ => {}
    }
    payload.extend(checksum.to_le_bytes());
    payload
}
