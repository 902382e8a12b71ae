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
mod stream;
mod string;
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
    family("generic", generic::TEMPLATES),
    family("expire", expire::TEMPLATES),
];

/// Commands that draw at random. Their templates ask for what is not there, or for more than there is.
const RANDOM: &[&[u8]] = &[b"hrandfield", b"srandmember", b"spop", b"zrandmember", b"randomkey"];
/// Keys of each type: few, so that the requests of a sequence meet.
const KEYS_PER_TYPE: u64 = 6;
const TYPES: &[&str] = &["string", "bitmap", "hll", "hash", "list", "set", "zset", "geo", "stream"];
const REPEATS_MAX: u64 = 5;

impl Family {
    /// One request; about one in five is spoilt on purpose.
    pub fn request(&self, draw: &mut Draw) -> Vec<Vec<u8>> {
        let mut words = Vec::new();
        let template = *draw.pick(self.templates);
        expand(template, draw, &mut words);
        // What is drawn at random differs from server to server: such a request must say what it was made to say.
        // Sorted sets that are asked for names must keep their one score.
        let is_fixed = words.get(1).is_some_and(|key| key.starts_with(b"lex:"));
        if is_fixed || RANDOM.contains(&words[0].as_slice()) {
            return words;
        }
        match draw.below(25) {
            0 if words.len() > 1 => drop(words.pop()),
            1 => words.push(b"surplus".to_vec()),
            2 | 3 if words.len() > 1 => {
                let at = 1 + index(draw, words.len() - 1);
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
        "field" => format!("m:{}", draw.below(14)),
        "ttl" => (100_000 + draw.below(1_000_000)).to_string(),
        "db" => draw.below(3).to_string(),
        "lon" => format!("{}.{}", draw.below(200), draw.below(1_000)),
        "lat" => format!("-{}.{}", draw.below(90), draw.below(1_000)),
        "id" => format!("{}-{}", draw.below(40), draw.below(4)),
        "glob" => (*draw.pick(&["*", "m:*", "string:[0-3]", "?:1*", "[^s]*", "x"])).to_owned(),
        "value" => return value(draw),
        other => panic!("no hole {other:?}"),
    };
    text.into_bytes()
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
