//! What may a client say to each family of commands, rightly and wrongly?
//!
//! A template is words. `[a|b c]` may be left out, `(a|b c)` may not, `...` behind a part repeats it,
//! and a hole such as `{list}` or `{int}` is drawn anew each time.

mod bitmap;
mod expire;
mod generic;
mod geo;
mod hash;
mod hash_expiry;
mod hyperloglog;
mod list;
mod set;
mod sort;
mod stream;
mod string;
mod valkey;
mod zset;

use crate::release::Release;
use crate::workload::Draw;

/// The commands that share a type.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// Its name, as the environment chooses it.
    pub name: &'static str,
    /// What may be said to it.
    pub templates: &'static [&'static str],
    /// The server whose answers are right.
    pub release: Release,
}

/// A family as of Redis 7.0.
const fn family(name: &'static str, templates: &'static [&'static str]) -> Family {
    Family { name, templates, release: Release::Redis7 }
}

/// All families.
pub const FAMILIES: &[Family] = &[
    family("string", string::TEMPLATES),
    family("bitmap", bitmap::TEMPLATES),
    family("hyperloglog", hyperloglog::TEMPLATES),
    family("hash", hash::TEMPLATES),
    Family { name: "hash_expiry", templates: hash_expiry::TEMPLATES, release: Release::Redis8 },
    family("list", list::TEMPLATES),
    family("set", set::TEMPLATES),
    family("zset", zset::TEMPLATES),
    family("geo", geo::TEMPLATES),
    family("stream", stream::TEMPLATES),
    family("sort", sort::TEMPLATES),
    family("generic", generic::TEMPLATES),
    family("expire", expire::TEMPLATES),
    Family { name: "valkey", templates: valkey::TEMPLATES, release: Release::Valkey9 },
];

/// Commands that draw at random. Their templates ask for what is not there, or for more than there is. A cursor of SCAN that was never
/// told means something else to each server.
const RANDOM: &[&[u8]] = &[b"hrandfield", b"srandmember", b"spop", b"zrandmember", b"randomkey", b"scan"];
/// Keys of each type: few, so that the requests of a sequence meet.
const KEYS_PER_TYPE: u64 = 6;
const TYPES: &[&str] = &["string", "bitmap", "hll", "hash", "list", "set", "zset", "geo", "stream"];
/// What the names of keys begin with whose requests say what they were made to say.
const FIXED: &[&str] = &["lex:", "seq:", "rank:"];
const REPEATS_MAX: u64 = 5;

impl Family {
    /// One request; about one in five is spoilt on purpose.
    pub fn request(&self, draw: &mut Draw) -> Vec<Vec<u8>> {
        let mut words = Vec::new();
        let template = *draw.pick(self.templates);
        expand(template, draw, &mut words);
        // What is drawn at random differs from server to server: such a request must say what it was made to say.
        // Sorted sets that are asked for names must keep their one score, and what is sorted by nothing its type.
        let is_fixed = words.get(1).is_some_and(|key| FIXED.iter().any(|start| key.starts_with(start.as_bytes())));
        if is_fixed || RANDOM.contains(&words[0].as_slice()) {
            return words;
        }
        match draw.below(25) {
            0 if words.len() > 1 => drop(words.pop()),
            // Of two elements for a broken HyperLogLog, Redis keeps the one before the one that fails.
            1 if words[0] == b"pfadd" && words.get(1).is_some_and(|key| key.starts_with(b"broken:")) => {}
            1 => words.push(b"surplus".to_vec()),
            2 | 3 if words.len() > 1 => {
                let at = 1 + index(draw, words.len() - 1);
                // A cursor that was never told means something else to each server.
                let is_cursor = words[0].ends_with(b"scan") && at == 2;
                // Without a star it leaves a set as its table has it, and LIMIT then takes what comes first in there.
                let is_sort_pattern = words[0].starts_with(b"sort") && words[at - 1] == b"by";
                // What these hold is for nobody else.
                if is_cursor
                    || is_sort_pattern
                    || [b"dist:".as_slice(), b"broken:"].iter().any(|prefix| words[at].starts_with(prefix))
                {
                    return words;
                }
                words[at] = draw
                    .pick(&["", "x", "-1", "1.5", "9223372036854775808", "nan", "string:0", "list:0"])
                    .as_bytes()
                    .to_vec();
            }
            _ => {}
        }
        words
    }
}

fn index(draw: &mut Draw, limit: usize) -> usize {
    usize::try_from(draw.below(limit as u64)).expect("below a length")
}

/// Writes what a template says, drawn, behind `words`.
fn expand(template: &str, draw: &mut Draw, words: &mut Vec<Vec<u8>>) {
    let mut rest = template.trim_start();
    while !rest.is_empty() {
        let length = part_length(rest);
        let (part, behind) = rest.split_at(length);
        let (behind, is_repeated) = behind.strip_prefix("...").map_or((behind, false), |behind| (behind, true));
        let count = if is_repeated { 1 + draw.below(REPEATS_MAX) } else { 1 };
        for _ in 0..count {
            expand_part(part, draw, words);
        }
        rest = behind.trim_start();
    }
}

/// A part is a bracket with what it holds, or a word.
fn part_length(text: &str) -> usize {
    if !text.starts_with(['[', '(']) {
        let end = text.find(' ').unwrap_or(text.len());
        return text[..end].strip_suffix("...").map_or(end, str::len);
    }
    let mut depth = 0_usize;
    for (at, letter) in text.char_indices() {
        match letter {
            '[' | '(' => depth += 1,
            ']' | ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    panic!("an open bracket in {text:?}");
}

fn expand_part(part: &str, draw: &mut Draw, words: &mut Vec<Vec<u8>>) {
    if part.starts_with(['[', '(']) {
        if part.starts_with('(') || draw.below(2) == 0 {
            let choices: Vec<&str> = alternatives(&part[1..part.len() - 1]);
            let choice = *draw.pick(&choices);
            expand(choice, draw, words);
        }
    } else if let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
        words.push(fill(name, draw));
    } else {
        words.push(part.as_bytes().to_vec());
    }
}

fn alternatives(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    text.split(|letter| {
        match letter {
            '[' | '(' => depth += 1,
            ']' | ')' => depth -= 1,
            _ => {}
        }
        letter == '|' && depth == 0
    })
    .collect()
}

fn fill(name: &str, draw: &mut Draw) -> Vec<u8> {
    const INTEGERS: &[&str] =
        &["0", "1", "-1", "127", "-128", "4095", "32768", "-2147483649", "9223372036854775807", "-9223372036854775808"];
    const FLOATS: &[&str] =
        &["0", "1", "-1", "0.1", "3.25", "-1000", "1e-5", "2.5e3", "-0", "1e300", "17", "inf", "-inf"];
    const LONGITUDES: &[&str] = &["13.361389", "15.087269", "-122.407", "0.", "179.99", "-179.99", "180", "-180", "-0"];
    const LATITUDES: &[&str] = &["38.115556", "37.502669", "84.9", "-84.9", "0.", "-33.", "85.05112878", "-85", "66.5"];
    const EXTENTS: &[&str] = &[
        "0",
        "1",
        "100",
        "2000",
        "200",
        "5000.5",
        "20000",
        "1e4",
        "1e7",
        "2.5e7",
        "1e300",
        "inf",
        "1e-5",
        "400",
        "1000",
        "300000",
        "12345.678",
    ];
    const UNITS: &[&str] = &["m", "km", "ft", "mi", "KM", "Mi", "M", "kM"];
    const SCORES: &[&str] =
        &["0", "1.5", "-1", "-3479099956230698", "3479099956230698", "1e17", "9.3e18", "1e300", "inf", "-inf"];
    /// Ways to write a number, and ways not to.
    const NUMERALS: &[&str] = &[
        "+1",
        "1e3",
        "1E-3",
        ".5",
        "5.",
        "-.5e1",
        "0x10",
        "0x1p-3",
        "0X.8",
        "1e400",
        "1e4932",
        "1e5000",
        "1e-400",
        "1e-5000",
        " 1",
        "1 ",
        "",
        "+",
        "-",
        ".",
        "1e",
        "1e+",
        "nan",
        "-nan",
        "inf",
        "+inf",
        "-Infinity",
        "infinit",
        "1_0",
        "00012",
        "-0",
        "-0.0",
        "0e9",
        "3.0e3",
        "123456789012345678901234567890",
        "0.1",
        "0.30000000000000004",
        "1.7976931348623157e308",
        "99999999999999999.5",
        "1,5",
        "--1",
        "0b1",
        "1d",
        "1f",
        "9007199254740993",
        "3.14159265358979323846",
        "-9223372036854775809",
        "5e-18",
        "1e-17",
    ];
    let text = match name {
        "key" if draw.below(2) == 0 => format!("{}:{}", draw.pick(TYPES), draw.below(KEYS_PER_TYPE)),
        "key" => format!("string:{}", draw.below(KEYS_PER_TYPE)),
        // One key in twelve is of another type.
        name if TYPES.contains(&name) => {
            let kind = if draw.below(12) == 0 { *draw.pick(TYPES) } else { name };
            format!("{kind}:{}", draw.below(KEYS_PER_TYPE))
        }
        "int" => (*draw.pick(INTEGERS)).to_owned(),
        "small" => draw.below(12).to_string(),
        "index" => format!("{}{}", draw.pick(&["", "-"]), draw.below(10)),
        "offset" => draw.below(600).to_string(),
        "bit" => draw.below(2).to_string(),
        "float" => (*draw.pick(FLOATS)).to_owned(),
        "bound" => format!("{}{}", draw.pick(&["", "("]), draw.pick(FLOATS)),
        "lex" => (*draw.pick(&["-", "+", "[a", "(a", "[m:3", "(m:7", "[z", "x"])).to_owned(),
        // Ranges by name are told of sorted sets with one score; of others they depend on chance.
        "lexset" => format!("lex:{}", draw.below(3)),
        "weight" => format!("weight:{}", draw.below(14)),
        "by" => (*draw.pick(&["weight:*", "hash:0->*", "hash:*->3", "#", "x", "m:*"])).to_owned(),
        "get" => (*draw.pick(&["#", "weight:*", "hash:0", "hash:*->3", "string:*", "weight:*->", "x*->1"])).to_owned(),
        "field" => format!("m:{}", draw.below(14)),
        "ttl" => (100_000 + draw.below(1_000_000)).to_string(),
        "db" => draw.below(3).to_string(),
        "lon" => near(draw, LONGITUDES, 180),
        "lat" => near(draw, LATITUDES, 85),
        "edge" => (*draw.pick(&["180", "-180", "179.9999", "-179.9999", "-179.2", "179"])).to_owned(),
        "unit" => wrong_at_times(draw, UNITS, &["", "x", "meters"]),
        "extent" => wrong_at_times(draw, EXTENTS, &["-1", "x", "1e400", "-0"]),
        "order" => (*draw.pick(&["asc", "desc"])).to_owned(),
        "place" => format!("p:{}", draw.below(60)),
        // Two that grow, so that there is something to find.
        "map" if draw.below(16) == 0 => return fill("geo", draw),
        "map" => format!("geo:{}", draw.below(2)),
        "score" => (*draw.pick(SCORES)).to_owned(),
        "kept" => format!("kept:{}", draw.below(3)),
        "dist" => format!("dist:{}", draw.below(3)),
        "id" => format!("{}-{}", draw.below(40), draw.below(4)),
        "glob" => (*draw.pick(&["*", "m:*", "string:[0-3]", "?:1*", "[^s]*", "x"])).to_owned(),
        "payload" => return generic::payload(draw),
        "bitoffset" => bit_offset(draw),
        "bitindex" if draw.below(8) == 0 => return fill("int", draw),
        "bitindex" => format!("{}{}", draw.pick(&["", "-"]), draw.below(*draw.clone().pick(&[10, 80, 700]))),
        "fieldtype" => field_type(draw),
        "element" => format!("e:{}", draw.below(5_000)),
        // The bytes that say what a HyperLogLog is, and those that say what it holds.
        "hllbyte" => draw.below(*draw.clone().pick(&[6, 16, 40, 13_000])).to_string(),
        "broken" => format!("broken:{}", draw.below(3)),
        "seen" => format!("seen:{}", draw.below(3)),
        "numeral" => (*draw.pick(NUMERALS)).to_owned(),
        "far" => (4_000_000_000 + draw.below(1_000)).to_string(),
        "farms" => (4_000_000_000_000 + draw.below(1_000)).to_string(),
        "empty" => String::new(),
        "text" => (0..draw.below(40)).map(|_| *draw.pick(&['a', 'b', 'c', 'd'])).collect(),
        "noise" => {
            let count = 1 + index(draw, 6);
            let mut bytes = match draw.below(3) {
                0 => vec![*draw.pick(&[0, 1, 0x7f, 0x80, 0x84, 0xff]); count],
                _ => draw.bytes(count),
            };
            // The first half of an opcode of two bytes must not be the last: Redis then reads on behind the string.
            if let Some(last) = bytes.last_mut().filter(|last| **last & 0xc0 == 0x40) {
                *last &= 0x3f;
            }
            return bytes;
        }
        "value" => return value(draw),
        other => panic!("no hole {other:?}"),
    };
    text.into_bytes()
}

/// Offsets of bits: near ones, those at the end of what strings may hold, and what is none.
fn bit_offset(draw: &mut Draw) -> String {
    match draw.below(40) {
        0 => (*draw.pick(&[
            "4294967296",
            "-1",
            "x",
            "9223372036854775807",
            "9223372036854775808",
            "1.5",
            "#-1",
            "#x",
            "#",
            "##1",
        ]))
        .to_owned(),
        1 => (*draw.pick(&["#9223372036854775807", "#4611686018427387904", "#1152921504606846976"])).to_owned(),
        2..=14 => format!("#{}", draw.below(20)),
        15..=18 => draw.below(5_000).to_string(),
        _ => draw.below(200).to_string(),
    }
}

/// Types of integers in BITFIELD: all that there are, and seldom one that is none.
fn field_type(draw: &mut Draw) -> String {
    match draw.below(30) {
        0 => {
            (*draw.pick(&["u64", "i65", "u0", "i0", "8", "u", "x8", "U8", "i-1", "u63x", "u 8", "u08", ""])).to_owned()
        }
        1..=8 => (*draw.pick(&["u1", "i1", "u8", "i8", "u16", "i16", "i32", "u63", "i64", "i63"])).to_owned(),
        9..=19 => format!("u{}", 1 + draw.below(63)),
        _ => format!("i{}", 1 + draw.below(64)),
    }
}

/// One of `right`, and once in thirty times one of `wrong`.
fn wrong_at_times(draw: &mut Draw, right: &[&str], wrong: &[&str]) -> String {
    let choices = if draw.below(30) == 0 { wrong } else { right };
    (*draw.pick(choices)).to_owned()
}

/// One of `centres`, a place near one, or any number up to a limit, and seldom one beyond.
fn near(draw: &mut Draw, centres: &[&str], limit: u64) -> String {
    let centre = *draw.pick(centres);
    match (draw.below(200), centre.split_once('.')) {
        (0, _) => format!("{limit}.1"),
        (1..=49, _) => format!("{}{}.{:06}", draw.pick(&["", "-"]), draw.below(limit), draw.below(1_000_000)),
        (50..=89, Some((whole, _))) => format!("{whole}.{}", draw.below(100_000)),
        _ => centre.to_owned(),
    }
}

/// Numbers, text at the sizes where encodings change, and noise.
fn value(draw: &mut Draw) -> Vec<u8> {
    match draw.below(8) {
        0 => Vec::new(),
        1 => fill("int", draw),
        2 => fill("float", draw),
        3 => vec![b'x'; *draw.pick(&[43, 44, 45, 63, 64, 65, 300])],
        4 => {
            let count = index(draw, 40);
            draw.bytes(count)
        }
        _ => fill("field", draw),
    }
}
