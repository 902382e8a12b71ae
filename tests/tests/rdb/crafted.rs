//! What do we and a Redis 7.0 make of files that nobody writes, or that nobody writes any more?
//!
//! Each row is what stands behind the signature, and what becomes of it. Where a Redis is there it is asked, too.

use std::fs;

use afterimage_core::codec::listpack::Listpack;
use afterimage_core::rdb::{opcode, push_length, value_type};
use afterimage_tests::{Inside, Options, Release};

/// What becomes of a file. Words stand in the log.
#[derive(Clone, Copy)]
enum Fate {
    /// Both load it, to the same digest.
    Loads,
    /// Both load it, and log these words.
    LoadsSaying(&'static str),
    /// Both refuse it in these words.
    Refused(&'static str),
    /// Both refuse it, we in these words.
    RefusedOurWay(&'static str),
    /// We look deeper than Redis does by default, and refuse it in these words.
    TooDeepForRedis(&'static str),
    /// We know what Redis 7.0 does not know yet.
    TooNewForRedis,
}
use Fate::{Loads, LoadsSaying, Refused, RefusedOurWay, TooDeepForRedis, TooNewForRedis};

/// The end, with the checksum that says that there is none.
const END: [u8; 9] = [opcode::EOF, 0, 0, 0, 0, 0, 0, 0, 0];
/// The id of the module ReJSON-RL.
const MODULE_ID: u64 = 0x45e2_5238_df91_2c03;
const CODE: &[u8] = b"redis.register_function('f', function() return 1 end)";

fn length(length: u64) -> Vec<u8> {
    let mut out = Vec::new();
    push_length(&mut out, length);
    out
}

/// A string without an encoding of its own.
fn string(bytes: &[u8]) -> Vec<u8> {
    [length(bytes.len() as u64), bytes.to_vec()].concat()
}

/// The key `e` with a value.
fn entry(value_type: u8, value: &[u8]) -> Vec<u8> {
    [&[value_type], &string(b"e")[..], value].concat()
}

fn listpack(texts: &[&str]) -> Vec<u8> {
    let mut pack = Listpack::new();
    texts.iter().for_each(|text| pack.push_back(text.as_bytes()));
    string(pack.as_bytes())
}

/// A ziplist of short texts.
fn ziplist(texts: &[&str]) -> Vec<u8> {
    let (mut body, mut before, mut tail) = (Vec::new(), 0, 10);
    for text in texts {
        tail = 10 + body.len();
        body.extend([before, text.len() as u8]);
        body.extend(text.bytes());
        before = 2 + text.len() as u8;
    }
    let head = [(body.len() as u32 + 11).to_le_bytes(), (tail as u32).to_le_bytes()].concat();
    string(&[&head, (texts.len() as u16).to_le_bytes().as_slice(), &body, &[0xff]].concat())
}

fn intset(width: u32, count: u32, members: &[i16]) -> Vec<u8> {
    let members: Vec<u8> = members.iter().flat_map(|member| member.to_le_bytes()).collect();
    string(&[&width.to_le_bytes()[..], &count.to_le_bytes(), &members].concat())
}

fn operation(opcode: u8, operands: &[Vec<u8>]) -> Vec<u8> {
    [vec![opcode], operands.concat()].concat()
}

/// Operations of the container.
fn containers() -> Vec<(&'static str, Vec<u8>, Fate)> {
    use opcode::*;
    let library = [b"#!lua name=lib\n", CODE].concat();
    let old_library = |description: &[Vec<u8>]| {
        let parts = [&[string(b"lib"), string(b"LUA")], description, &[string(CODE)]].concat();
        operation(FUNCTION_PRE_RELEASE, &parts)
    };
    let plain = entry(0, &string(b"v"));
    vec![
        ("no checksum", plain.clone(), LoadsSaying("RDB file was saved with checksum disabled: no check performed.")),
        ("a fact that nobody knows", operation(AUX, &[string(b"what"), string(b"ever")]), Loads),
        ("a fact to be logged", operation(AUX, &[string(b"%what"), string(b"ever")]), LoadsSaying("RDB '%what': ever")),
        ("sizes", operation(RESIZEDB, &[length(5), length(2)]), Loads),
        ("slot sizes", operation(SLOT_INFO, &[length(1), length(2), length(3)]), TooNewForRedis),
        (
            "a database too many",
            operation(SELECTDB, &[length(16)]),
            Refused("Data file was created with a Redis server configured to handle more than 16 databases"),
        ),
        ("a database twice", [vec![SELECTDB, 1], plain.clone(), vec![SELECTDB, 0], plain.clone()].concat(), Loads),
        ("a key twice", [plain.clone(), plain.clone()].concat(), Refused("RDB has duplicated key 'e' in DB 0")),
        ("an empty key", [vec![0], string(b""), string(b"v")].concat(), Loads),
        (
            "an expiry in seconds",
            [vec![EXPIRETIME], 4_000_000_000_u32.to_le_bytes().to_vec(), plain.clone()].concat(),
            Loads,
        ),
        ("an expiry that has come", [vec![EXPIRETIME], 9_u32.to_le_bytes().to_vec(), plain.clone()].concat(), Loads),
        ("an expiry of -5", [vec![EXPIRETIME_MS], (-5_i64).to_le_bytes().to_vec(), plain.clone()].concat(), Loads),
        ("an expiry of -1", [vec![EXPIRETIME_MS], (-1_i64).to_le_bytes().to_vec(), plain.clone()].concat(), Loads),
        ("a note of idleness", [vec![IDLE, 50], plain.clone()].concat(), Loads),
        ("a note of frequency", [vec![FREQ, 50], plain.clone()].concat(), Loads),
        ("a library", operation(FUNCTION2, &[string(&library)]), Loads),
        (
            "a library twice",
            operation(FUNCTION2, &[string(&library), operation(FUNCTION2, &[string(&library)])]),
            Refused("Library 'lib' already exists"),
        ),
        ("no library", operation(FUNCTION2, &[string(b"code")]), Refused("Missing library metadata")),
        ("a library of a candidate", old_library(&[length(0)]), Loads),
        ("a library of a candidate, described", old_library(&[length(1), string(b"what it does")]), Loads),
        (
            "what a module keeps beside keys",
            operation(MODULE_AUX, &[length(MODULE_ID), length(2), length(1), length(0)]),
            Refused("The RDB file contains AUX module data I can't load: no matching module 'ReJSON-RL'"),
        ),
        ("bytes behind the end", [&END[..], b"more"].concat(), Loads),
        ("no end", vec![0, 5, b'a'], Refused("Unexpected EOF reading RDB file")),
        ("another checksum", [&[EOF][..], &[1; 8]].concat(), Refused("Wrong RDB checksum expected")),
    ]
}

/// Values of every type.
fn values() -> Vec<(&'static str, Vec<u8>, Fate)> {
    use value_type::*;
    let module = length(MODULE_ID);
    let no_module = Refused("The RDB file contains module data I can't load: no matching module type 'ReJSON-RL'");
    let skipped = LoadsSaying("rdbLoadObject skipping empty key: e");
    let nan = f64::NAN.to_le_bytes();
    let twice = [string(b"a"), 1_f64.to_le_bytes().to_vec()].concat().repeat(2);
    let stream = |value_type, len: u64| {
        let numbers = if value_type == STREAM { 3 } else { 8 };
        let head = [length(0), length(len)].concat();
        entry(value_type, &[head, vec![0; numbers]].concat())
    };
    let packed_node = |texts: &[&str]| [length(2), listpack(texts)].concat();
    vec![
        ("an empty list", entry(LIST, &length(0)), skipped),
        ("an empty set", entry(SET, &length(0)), skipped),
        ("an empty hash", entry(HASH, &length(0)), skipped),
        ("an empty sorted set", entry(ZSET_2, &length(0)), skipped),
        ("an empty sorted set of digits", entry(ZSET, &length(0)), skipped),
        ("a hash of an empty listpack", entry(HASH_LISTPACK, &listpack(&[])), skipped),
        ("a sorted set of an empty listpack", entry(ZSET_LISTPACK, &listpack(&[])), skipped),
        ("a hash of an empty ziplist", entry(HASH_ZIPLIST, &ziplist(&[])), skipped),
        ("a sorted set of an empty ziplist", entry(ZSET_ZIPLIST, &ziplist(&[])), skipped),
        ("a list of an empty ziplist", entry(LIST_ZIPLIST, &ziplist(&[])), skipped),
        ("a list of no nodes", entry(LIST_QUICKLIST_2, &length(0)), skipped),
        ("a list of an empty node", entry(LIST_QUICKLIST_2, &[length(1), packed_node(&[])].concat()), skipped),
        ("a list of an empty old node", entry(LIST_QUICKLIST, &[length(1), ziplist(&[])].concat()), skipped),
        (
            "a list with an empty node among others",
            entry(LIST_QUICKLIST_2, &[length(3), packed_node(&["a"]), packed_node(&[]), packed_node(&["b"])].concat()),
            Loads,
        ),
        ("an intset of nothing", entry(SET_INTSET, &intset(2, 0, &[])), RefusedOurWay("an intset of no integers")),
        ("an empty stream", stream(STREAM_2, 0), Loads),
        ("an empty stream of old", stream(STREAM, 0), Loads),
        ("a stream that counts wrong", stream(STREAM_2, 5), RefusedOurWay("entries without a node")),
        ("a list of old", entry(LIST, &[length(2), string(b"a"), string(b"7")].concat()), Loads),
        ("a list of a ziplist", entry(LIST_ZIPLIST, &ziplist(&["a", "7"])), Loads),
        ("a hash of a zipmap", entry(HASH_ZIPMAP, &string(b"\x02\x01a\x02\x0112\x00\x03foo\x01\x00b\xff")), Loads),
        ("a sorted set of digits", entry(ZSET, b"\x03\x01a\x031.5\x01b\xfe\x01c\xff"), Loads),
        ("a set of 7.2", entry(SET_LISTPACK, &listpack(&["a", "7"])), TooNewForRedis),
        ("a value of a module", entry(MODULE, &[module.clone(), length(0)].concat()), no_module),
        ("a value of a module of old", entry(MODULE_PRE_RELEASE, &module), no_module),
        ("a type that never was", entry(8, b""), Refused("Unknown RDB encoding type 8")),
        ("a type that is not yet", entry(243, b""), Refused("Unknown RDB encoding type 243")),
        (
            "a node of another kind",
            entry(LIST_QUICKLIST_2, &[length(1), length(3), listpack(&["a"])].concat()),
            RefusedOurWay("unknown kind 3"),
        ),
        (
            "a score that is none",
            entry(ZSET_2, &[&length(1), &string(b"a"), &nan[..]].concat()),
            Refused("Zset with NAN score detected"),
        ),
        ("a score that is none, in digits", entry(ZSET, b"\x01\x01a\xfd"), Refused("Zset with NAN score detected")),
        ("a score of letters", entry(ZSET, b"\x01\x01a\x03abc"), RefusedOurWay("Zset with NAN score detected")),
        ("a set with a member twice", entry(SET, b"\x02\x01a\x01a"), Refused("Duplicate set members detected")),
        (
            "a sorted set with a member twice",
            entry(ZSET_2, &[length(2), twice].concat()),
            Refused("Duplicate zset fields detected"),
        ),
        (
            "a hash with a field twice",
            entry(HASH, b"\x02\x01a\x01b\x01a\x01c"),
            TooDeepForRedis("Duplicate hash fields detected"),
        ),
        (
            "a packed hash with a field twice",
            entry(HASH_LISTPACK, &listpack(&["a", "b", "a", "c"])),
            TooDeepForRedis("Duplicate hash fields detected"),
        ),
        (
            "a packed hash with half a pair",
            entry(HASH_LISTPACK, &listpack(&["a"])),
            TooDeepForRedis("a field and no value"),
        ),
        (
            "a packed sorted set with a member twice",
            entry(ZSET_LISTPACK, &listpack(&["a", "1", "a", "2"])),
            TooDeepForRedis("a member twice"),
        ),
        (
            "a packed sorted set with a score of letters",
            entry(ZSET_LISTPACK, &listpack(&["a", "word"])),
            TooDeepForRedis("no number"),
        ),
        (
            "an intset out of order",
            entry(SET_INTSET, &intset(2, 2, &[5, 3])),
            TooDeepForRedis("an intset out of order"),
        ),
        (
            "an intset with a member twice",
            entry(SET_INTSET, &intset(2, 2, &[5, 5])),
            TooDeepForRedis("an intset out of order"),
        ),
        ("an intset that counts wrong", entry(SET_INTSET, &intset(2, 2, &[5])), RefusedOurWay("count does not fit")),
        (
            "compressed bytes before the beginning",
            entry(STRING, b"\xc3\x03\x0a\xe0\x00\x00"),
            Refused("Invalid LZF compressed string"),
        ),
        ("a length of another kind", entry(STRING, b"\x82"), Refused("Unknown length encoding")),
        ("a string of another kind", entry(STRING, b"\xc4"), Refused("Unknown RDB string encoding type 4")),
        ("a string of 2^63 bytes", entry(STRING, &length(1 << 63)), RefusedOurWay("Unknown length encoding")),
        ("a set of 2^40 members", entry(SET, &length(1 << 40)), RefusedOurWay("Unknown")),
    ]
}

fn check(name: &str, file: &[u8], fate: Fate) {
    let mut node = Inside::over(file);
    let log = node.log().join("\n");
    let says = |words: &str| assert!(log.contains(words), "{name}: {log}");
    match fate {
        Loads | TooNewForRedis => {}
        LoadsSaying(words) => says(words),
        Refused(words) | RefusedOurWay(words) | TooDeepForRedis(words) => says(words),
    }
    let is_refused = matches!(fate, Refused(_) | RefusedOurWay(_) | TooDeepForRedis(_));
    assert_eq!(node.exit().is_some(), is_refused, "{name}: {log}");

    let Some(redis) = Options::real(Release::Redis7) else { return };
    fs::write(redis.rdb(), file).expect("the file can be written");
    match fate {
        Refused(_) | RefusedOurWay(_) | TooNewForRedis => {
            let exit = redis.run_to_exit();
            if let Refused(words) = fate {
                assert!(exit.log.contains(words), "{name}: {}", exit.log);
            }
        }
        Loads | LoadsSaying(_) | TooDeepForRedis(_) => {
            let server = redis.start();
            if !is_refused {
                assert_eq!(node.line("debug digest").text(), server.digest(), "{name}");
                assert_eq!(
                    node.line("function list withcode").elements().len(),
                    server.line("function list withcode").elements().len()
                );
            }
            if let LoadsSaying(words) = fate {
                assert!(server.options().log().contains(words), "{name}: {}", server.options().log());
            }
        }
    }
}

#[test]
fn operations_of_every_kind_mean_what_they_mean_to_redis() {
    for (name, items, fate) in containers() {
        check(name, &[b"REDIS0010", &items[..], &END].concat(), fate);
    }
}

#[test]
fn values_of_every_kind_mean_what_they_mean_to_redis() {
    for (name, value, fate) in values() {
        check(name, &[b"REDIS0010", &value[..], &END].concat(), fate);
    }
}

#[test]
fn versions_that_we_do_not_read_are_refused_in_the_words_of_redis() {
    let plain = entry(0, &string(b"v"));
    for (signature, fate) in [
        ("REDIS0010", Loads),
        ("REDIS0004", Loads),
        ("REDIS0001", Loads),
        ("REDIS0011", TooNewForRedis),
        ("REDIS0012", TooNewForRedis),
        ("VALKEY080", TooNewForRedis),
        ("REDIS0013", Refused("Can't handle RDB format version 13")),
        ("REDIS0000", Refused("Can't handle RDB format version 0")),
        ("REDIS9999", Refused("Can't handle RDB format version 9999")),
        ("REDIX0010", Refused("Wrong signature trying to load DB from file")),
        ("REDIS00a1", RefusedOurWay("Wrong signature trying to load DB from file")),
        ("VALKEY999", RefusedOurWay("Can't handle RDB format version 999")),
    ] {
        check(signature, &[signature.as_bytes(), &plain, &END].concat(), fate);
    }
}

#[test]
fn a_checksum_that_is_not_to_be_checked_is_not() {
    let file = [b"REDIS0010", &entry(0, &string(b"v"))[..], &[opcode::EOF], &[1; 8]].concat();
    for options in [Some(Options::ours()), Options::real(Release::Redis7)].into_iter().flatten() {
        let options = options.with("rdbchecksum", "no");
        fs::write(options.rdb(), &file).expect("the file can be written");
        let server = options.start();
        assert_eq!(server.line("get e").text(), "v");
        assert!(server.line("save").is_ok());
        let saved = fs::read(server.options().rdb()).expect("SAVE wrote a file");
        assert!(saved.ends_with(&END), "and none is written");
    }
}

#[test]
fn what_is_refused_names_its_place_and_its_key() {
    let items = [entry(0, &string(b"v")), b"\x02\x01x\x02\x01a\x01a".to_vec()].concat();
    let node = Inside::over(&[b"REDIS0010", &items[..], &END].concat());
    let log = node.log().last().expect("it says why");
    assert!(log.contains("Duplicate set members detected (at byte "), "{log}");
    assert!(log.contains(", key 'x')"), "{log}");
}
