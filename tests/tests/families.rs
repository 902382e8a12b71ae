//! Does our server answer each family of commands as Redis does, whatever is said?
//!
//! As Redis 7.0; what that does not know, as the release that the family names.

use std::collections::BTreeSet;
use std::env;

use afterimage_tests::grammar::{FAMILIES, Family};
use afterimage_tests::{Client, Draw, Options, Reply, encode};

type Request = Vec<Vec<u8>>;

/// Sets and maps have no order of their own once they are large.
const UNORDERED: &[&[u8]] = &[
    b"keys",
    b"scan",
    b"hgetall",
    b"hkeys",
    b"hvals",
    b"scan",
    b"hscan",
    b"hrandfield",
    b"smembers",
    b"sinter",
    b"sunion",
    b"sdiff",
    b"sscan",
    b"spop",
    b"srandmember",
    b"zrandmember",
    b"zscan",
];
/// Directives that bring the thresholds of encodings within reach, and their defaults.
pub(crate) const THRESHOLDS: &[(&str, &str, &str)] = &[
    ("hash-max-listpack-entries", "4", "512"),
    ("hash-max-listpack-value", "20", "64"),
    ("list-max-listpack-size", "3", "-2"),
    ("set-max-intset-entries", "4", "512"),
    ("zset-max-listpack-entries", "4", "128"),
    ("zset-max-listpack-value", "3", "64"),
    ("hll-sparse-max-bytes", "120", "3000"),
];
const TIMED: &[&[u8]] =
    &[b"ttl", b"pttl", b"expiretime", b"pexpiretime", b"httl", b"hpttl", b"hexpiretime", b"hpexpiretime"];
/// Ways to go through all keys, a few at a time.
const SCANS: &[&str] = &["count 1", "match *:[0-3] count 2", "type list", "match *g:* type string count 3"];
const CLOCK_DIFFERENCE_MAX_MS: u64 = 5_000;
const BATCH: usize = 50;

/// Distances that are kept as scores: how far two that mean the same may be apart, since the last bits of sines depend on the server's
/// C library and processor.
const DISTANCE_DIFFERENCE_MAX: f64 = 1e-12;
/// The same of distances that are told, with four digits: where they are rounded, the last bit may decide about the last digit. It does in
/// one of some hundred thousand replies.
const TOLD_DIFFERENCE_MAX: f64 = 1.01e-4;

/// True if a reply has no order that both servers share. SORT has one unless a set, or equal texts in any collection, are taken as they come.
fn is_unordered(name: &[u8], request: &Request) -> bool {
    let has = |wanted: &[u8]| request.iter().any(|word| word.eq_ignore_ascii_case(wanted));
    let is_of_fixed_type = |key: &Vec<u8>| key.starts_with(b"seq:") || key.starts_with(b"rank:");
    let is_sort = name.starts_with(b"sort") && has(b"by") && !request.get(1).is_some_and(is_of_fixed_type);
    is_sort || UNORDERED.contains(&name)
}

pub(crate) fn is_same(request: &Request, ours: &(Reply, Vec<u8>), real: &(Reply, Vec<u8>)) -> bool {
    let name = request[0].to_ascii_lowercase();
    let sorted = |elements: &[Reply]| {
        let mut texts = Vec::new();
        elements.iter().for_each(|element| push_leaves(element, &mut texts));
        texts.sort();
        texts
    };
    let is_near = |ours: &Reply, real: &Reply| match (ours, real) {
        (Reply::Integer(a), Reply::Integer(b)) => {
            a == b || *a > 0 && *b > 0 && a.abs_diff(*b) <= CLOCK_DIFFERENCE_MAX_MS
        }
        _ => false,
    };
    ours.1 == real.1
        || match (&ours.0, &real.0) {
            (Reply::Array(a), Reply::Array(b)) if is_unordered(&name, request) => sorted(a) == sorted(b),
            (Reply::Array(a), Reply::Array(b)) if TIMED.contains(&name.as_slice()) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_near(a, b))
            }
            (Reply::Integer(a), Reply::Integer(b)) if name == b"object" => {
                let asks = |word: &[u8]| request.get(1).is_some_and(|asked| asked == word);
                // Whether a small integer is one of those that all share depends on how it came there: COPY makes another.
                (asks(b"refcount") && [*a, *b].iter().all(|count| [1, i64::from(i32::MAX)].contains(count)))
                    // A small integer that all share was last used when any of them was, or when Redis started.
                    || (asks(b"idletime") && *a >= 0 && *b >= 0)
            }
            (Reply::Bulk(_), Reply::Bulk(_)) => name == b"randomkey",
            (a, b) => TIMED.contains(&name.as_slice()) && is_near(a, b),
        }
}

/// True if two replies with members and distances differ at most in the last digits of these.
fn are_distances_same(ours: &Reply, real: &Reply) -> bool {
    let number = |reply: &Reply| match reply {
        Reply::Bulk(bytes) => std::str::from_utf8(bytes).ok()?.parse::<f64>().ok(),
        Reply::Simple(text) => text.parse::<f64>().ok(),
        _ => None,
    };
    match (ours, real) {
        (Reply::Array(a), Reply::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| are_distances_same(a, b))
        }
        _ if ours == real => true,
        _ => number(ours).zip(number(real)).is_some_and(|(a, b)| {
            let is_told = format!("{a:.4}") == ours.text() && format!("{b:.4}") == real.text();
            (a - b).abs() <= if is_told { TOLD_DIFFERENCE_MAX } else { DISTANCE_DIFFERENCE_MAX * a.abs() }
        }),
    }
}

/// Compares the keys of kept distances, and removes them, so that all else can be compared bit by bit.
fn difference_of_distances(sides: &mut [Client; 2]) -> Option<String> {
    for key in ["dist:0", "dist:1", "dist:2"] {
        let [ours, real] = sides.each_mut().map(|side| side.line(&format!("zrange {key} 0 -1 withscores")));
        if !are_distances_same(&ours, &real) {
            return Some(format!(" {key}: {ours:?} {real:?}"));
        }
        sides.iter_mut().for_each(|side| drop(side.line(&format!("del {key}"))));
    }
    None
}

/// The elements of arrays in arrays, one by one.
fn push_leaves(reply: &Reply, texts: &mut Vec<String>) {
    match reply {
        Reply::Array(elements) => elements.iter().for_each(|element| push_leaves(element, texts)),
        leaf => texts.push(format!("{leaf:?}")),
    }
}

/// Runs a sequence on emptied servers: the first difference, with its place.
fn difference(sides: &mut [Client; 2], requests: &[Request]) -> Option<(usize, String)> {
    for side in sides.iter_mut() {
        assert!(side.line("flushall").is_ok());
        assert!(side.line("select 0").is_ok());
    }
    for (batch, requests) in requests.chunks(BATCH).enumerate() {
        let bytes: Vec<u8> = requests.iter().flat_map(|request| encode(request)).collect();
        sides.iter_mut().for_each(|side| side.send(&bytes));
        let mut found = None;
        for (at, request) in requests.iter().enumerate() {
            let [ours, real] = sides.each_mut().map(|side| side.try_read_raw().expect("a reply"));
            let tells_distances = request.get(1).is_some_and(|key| key.starts_with(b"dist:"))
                || [b"geodist".as_slice(), b"geosea", b"georad"].iter().any(|name| request[0].starts_with(name));
            let is_same = is_same(request, &ours, &real) || tells_distances && are_distances_same(&ours.0, &real.0);
            if found.is_none() && !is_same {
                let text = format!(" ours: {}\nRedis: {}", ours.1.escape_ascii(), real.1.escape_ascii());
                found = Some((batch * BATCH + at, text));
            }
        }
        if found.is_some() {
            return found;
        }
    }
    let last = requests.len().saturating_sub(1);
    if let Some(text) = difference_of_distances(sides) {
        return Some((last, text));
    }
    let [ours, real] = sides.each_mut().map(|side| side.line("debug digest").text());
    if ours != real {
        return Some((last, format!(" digests: {ours} {real}")));
    }
    difference_of_scans(sides).or_else(|| difference_of_values(sides)).map(|text| (last, text))
}

/// Goes through all keys by SCAN, and compares which ones have come.
fn difference_of_scans(sides: &mut [Client; 2]) -> Option<String> {
    for options in SCANS {
        let [ours, real] = sides.each_mut().map(|side| {
            let (mut cursor, mut keys) = ("0".to_owned(), BTreeSet::new());
            loop {
                let step = side.line(&format!("scan {cursor} {options}")).elements();
                keys.extend(step[1].clone().elements().iter().map(|key| format!("{key:?}")));
                cursor = step[0].clone().text();
                if cursor == "0" {
                    return keys;
                }
            }
        });
        if ours != real {
            return Some(format!(" scan {options}: {ours:?} {real:?}"));
        }
    }
    None
}

/// Compares encodings key by key, and lets each side restore what the other dumped.
fn difference_of_values(sides: &mut [Client; 2]) -> Option<String> {
    let bytes = |reply: Reply| if let Reply::Bulk(bytes) = reply { bytes } else { panic!("a string, not {reply:?}") };
    let mut keys: Vec<Vec<u8>> = sides[1].line("keys *").elements().into_iter().map(bytes).collect();
    keys.sort();
    for key in &keys {
        let [ours, real] = sides.each_mut().map(|side| side.call(&[b"object", b"encoding".as_slice(), key]).text());
        if ours != real {
            return Some(format!(" encoding of {}: {ours} {real}", key.escape_ascii()));
        }
        let payloads = sides.each_mut().map(|side| bytes(side.call(&[b"dump".as_slice(), key])));
        let mut payloads = payloads.iter().rev();
        let restored = sides.each_mut().map(|side| {
            let payload = payloads.next().expect("one for each");
            let reply = side.call(&[b"restore".as_slice(), b"restored", b"0", payload, b"replace"]);
            side.call(&[b"persist".as_slice(), key]);
            (reply, side.call(&[b"debug".as_slice(), b"digest-value", b"restored", key]).elements())
        });
        // It need not be what it was: a listpack of scores has no negative zero, in Redis either.
        if restored[0] != restored[1] || !restored[0].0.is_ok() {
            return Some(format!(" restore of {}: {restored:?}", key.escape_ascii()));
        }
    }
    None
}

/// Leaves out ever smaller pieces for as long as a difference remains.
fn shrink(sides: &mut [Client; 2], mut requests: Vec<Request>) -> (Vec<Request>, String) {
    let (last, mut text) = difference(sides, &requests).expect("the difference shows again");
    requests.truncate(last + 1);
    let mut piece = requests.len().div_ceil(2);
    while piece > 0 {
        let mut at = 0;
        while at < requests.len() {
            let mut fewer = requests.clone();
            fewer.drain(at..(at + piece).min(requests.len()));
            match difference(sides, &fewer) {
                Some((_, found)) => (requests, text) = (fewer, found),
                None => at += piece,
            }
        }
        piece /= 2;
    }
    (requests, text)
}

pub(crate) fn number(variable: &str, otherwise: u64) -> u64 {
    env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn compare_family(family: &Family) {
    const SEQUENCE: u64 = 500;
    let Some(real) = Options::real(family.release).map(Options::start) else { return };
    let first = if env::var_os("AFTERIMAGE_DIFFERENTIAL_SELF").is_some() {
        Options::real(family.release).expect("it was found before").start()
    } else {
        Options::ours().start()
    };
    let seed = number("AFTERIMAGE_DIFFERENTIAL_SEED", 1);
    let mut sides = [first.client(), real.client()];
    // A wait that is over is noticed at the next tick.
    sides.iter_mut().for_each(|side| assert!(side.line("config set hz 500").is_ok()));
    for round in 0..number("AFTERIMAGE_DIFFERENTIAL_COMMANDS", 4_000).div_ceil(SEQUENCE) {
        let mut draw = Draw::new(seed + round);
        for side in &mut sides {
            side.line(&format!("hello {}", 2 + round % 2));
            for (directive, small, default) in THRESHOLDS {
                let value = if round / 2 % 2 == 0 { default } else { small };
                assert!(side.line(&format!("config set {directive} {value}")).is_ok(), "{directive}");
            }
        }
        let requests: Vec<Request> = (0..SEQUENCE).map(|_| family.request(&mut draw)).collect();
        if difference(&mut sides, &requests).is_some() {
            let (requests, text) = shrink(&mut sides, requests);
            let line = |request: &Request| {
                request.iter().map(|word| format!("\"{}\"", word.escape_ascii())).collect::<Vec<_>>().join(" ")
            };
            let lines: Vec<String> = requests.iter().map(line).collect();
            panic!(
                "{}, seed {}, hello {}, small thresholds {}:\n{}\n{text}",
                family.name,
                seed + round,
                2 + round % 2,
                round / 2 % 2 == 1,
                lines.join("\n")
            );
        }
    }
    eprintln!("{}: no difference", family.name);
}

/// The families that `AFTERIMAGE_DIFFERENTIAL_FAMILY` names, or all.
#[test]
fn families_are_those_of_redis() {
    let chosen = env::var("AFTERIMAGE_DIFFERENTIAL_FAMILY").unwrap_or_default();
    let is_chosen = |name: &str| chosen.is_empty() || chosen.split(',').any(|word| word == name);
    for family in FAMILIES.iter().filter(|family| is_chosen(family.name)) {
        compare_family(family);
    }
}
