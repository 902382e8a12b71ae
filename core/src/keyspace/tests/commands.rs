//! What does a snapshot hold that is written as commands?

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use crate::resp::{Parsed, RequestLimits, RequestParser};

use super::*;

/// More arguments than any command may have.
const ARGS_MAX: usize = 2 + 2 * 64;

/// The commands, as texts.
fn commands(mut bytes: &[u8]) -> Vec<Vec<String>> {
    let limits = RequestLimits { bulk_bytes_max: 1 << 20, args_max: u64::MAX };
    let mut commands = Vec::new();
    while !bytes.is_empty() {
        let mut parser = RequestParser::default();
        let Parsed::Complete(len) = parser.advance(bytes, &limits) else { panic!("the commands are whole") };
        let words = parser.args(bytes);
        let words: Vec<String> = words.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        assert!(words.len() <= ARGS_MAX, "{} arguments of {}", words.len(), words[0]);
        commands.push(words);
        bytes = &bytes[len..];
    }
    commands
}

/// What commands make of nothing.
pub(super) fn decode(bytes: &[u8]) -> Model {
    let mut model = Model::new();
    let mut database = None;
    for command in commands(bytes.strip_prefix(HEADER).expect("the header comes first")) {
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        let number = |word: &str| word.parse::<i64>().expect("a number");
        let at = |key: &str| (database.expect("a database is named first"), key.to_string());
        match words[..] {
            ["SELECT", index] => {
                let index = number(index) as u32;
                assert_ne!(database.replace(index), Some(index), "it is named when it changes");
            }
            ["SET", key, value] => {
                let held = (Plain::Text(value.to_string()), NO_EXPIRY);
                assert!(model.insert(at(key), held).is_none(), "{key} twice");
            }
            ["HMSET", key, ref pairs @ ..] => {
                let held = model.entry(at(key)).or_insert_with(|| (Plain::Fields(BTreeMap::new()), NO_EXPIRY));
                let (Plain::Fields(fields), NO_EXPIRY) = held else { panic!("{key} twice") };
                for pair in pairs.chunks(2) {
                    let is_new = fields.insert(pair[0].to_string(), (pair[1].to_string(), None)).is_none();
                    assert!(is_new, "{} of {key} twice", pair[0]);
                }
            }
            ["HPEXPIREAT", key, at_ms, "FIELDS", "1", name] => {
                let Some((Plain::Fields(fields), NO_EXPIRY)) = model.get_mut(&at(key)) else { panic!("no {key}") };
                fields.get_mut(name).expect("it was set before").1 = Some(number(at_ms));
            }
            ["PEXPIREAT", key, at_ms] => {
                model.get_mut(&at(key)).expect("it was set before").1 = number(at_ms);
            }
            _ => panic!("{words:?}"),
        }
    }
    model
}

#[test]
fn a_snapshot_as_commands_begins_with_the_libraries() {
    let mut keyspace = Keyspace::new(DATABASES, ORDER);
    keyspace.libraries.put(b"lib", b"#!lua name=lib\ncode");
    keyspace.put(2, b"k", StringValue::new(b"v").into(), 5, 0);
    let id = keyspace.begin_snapshot(Vec::new(), SnapshotForm::Commands);
    keyspace.advance_snapshot(id, usize::MAX, BUFFERED_MAX);
    let (bytes, is_last) = keyspace.take_snapshot_output(id);
    assert!(is_last);
    let expected = [
        vec!["FUNCTION", "LOAD", "#!lua name=lib\ncode"],
        vec!["SELECT", "2"],
        vec!["SET", "k", "v"],
        vec!["PEXPIREAT", "k", "5"],
    ];
    assert_eq!(commands(&bytes), expected);
}

/// As in the other form, a value that is about to change comes before its turn, and nothing is said of what comes later.
#[test]
fn keys_of_another_database_come_between_if_they_are_about_to_change() {
    let mut keyspace = Keyspace::new(2, ORDER);
    for number in 0..200 {
        keyspace.put(0, format!("{number}").as_bytes(), StringValue::new(b"old").into(), NO_EXPIRY, 0);
    }
    keyspace.put(1, b"k", StringValue::new(b"old").into(), NO_EXPIRY, 0);
    let id = keyspace.begin_snapshot(Vec::new(), SnapshotForm::Commands);
    keyspace.advance_snapshot(id, 1, BUFFERED_MAX);
    keyspace.put(1, b"k", StringValue::new(b"new").into(), NO_EXPIRY, 0);
    keyspace.advance_snapshot(id, usize::MAX, BUFFERED_MAX);
    let (bytes, _) = keyspace.take_snapshot_output(id);
    let commands = commands(&bytes);
    let selected: Vec<&str> = commands.iter().filter(|words| words[0] == "SELECT").map(|words| &*words[1]).collect();
    assert_eq!(selected, ["0", "1", "0"]);
    assert!(commands.iter().all(|words| words[0] == "SELECT" || words[2] == "old"));
    assert_eq!(commands.len(), 3 + 201);
}
