//! Do all readers and writers of the table agree with each other and with Redis 7.0.15?

extern crate std;

mod random;
mod reading;
mod rewriting;
mod setting;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::directive::Mode;
use super::*;

fn no_include(name: &str) -> Result<String, String> {
    Err(format!("unexpected include of {name}"))
}

pub(super) fn from_file(text: &str) -> Result<Config, ConfigError> {
    Config::load(Some(("a.conf", text.as_bytes())), &[], &mut no_include)
}

pub(super) fn value(config: &Config, name: &str) -> String {
    let found = config.get(name.as_bytes());
    assert_eq!(found.len(), 1, "{name}");
    found[0].1.clone()
}

fn set(config: &mut Config, pairs: &[(&str, &str)]) -> Result<Vec<&'static str>, SetError> {
    let pairs: Vec<(&[u8], &[u8])> = pairs.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
    config.set_many(&pairs, SetContext::default())
}

/// A configuration in which nearly every row differs from its default.
fn unusual() -> Config {
    let mut config = Config::default();
    let candidates: [&[&str]; 18] = [
        &["yes"],
        &["no"],
        &["77"],
        &["2"],
        &["1"],
        &["2097153"],
        &["50%"],
        &["local"],
        &["a \"quoted\" 'text' \\ \n\u{e9}"],
        &["127.0.0.1", "-::1"],
        &["h\u{f6}st", "1234"],
        &["60", "1", "5", "0"],
        &["slave", "1mb", "2k", "3", "normal", "4", "5", "6"],
        &["nosave", "now", "force"],
        &["-1", "0", "1"],
        &["99.5", "1e-3"],
        &["KEA"],
        &["name"],
    ];
    for row in directives() {
        let words = row.type_words();
        let words = words.split(" / ").map(|word| [word]).collect::<Vec<_>>();
        let words = words.iter().map(|word| &word[..]);
        for arguments in candidates.into_iter().chain(words) {
            let arguments: Vec<&[u8]> = arguments.iter().map(|text| text.as_bytes()).collect();
            let mut attempt = config.clone();
            let is_parsed = (row.parse)(&mut attempt, &arguments, Mode::Replace).is_ok();
            if is_parsed && row.value(&attempt) != row.default_value() {
                config = attempt;
                break;
            }
        }
    }
    config
}

#[test]
fn nearly_every_row_can_leave_its_default() {
    let config = unusual();
    let at_default = |row: &&Directive| row.value(&config) == row.default_value();
    let stuck: Vec<_> = directives().filter(at_default).map(|row| row.name).collect();
    let fixed: Vec<_> = fixed::ROWS.iter().map(|row| row.name).collect();
    assert_eq!(stuck, fixed);
}

#[test]
fn names_and_aliases_are_unique_lower_case_and_documented() {
    let mut names: Vec<_> = directives().flat_map(Directive::names).collect();
    assert!(names.iter().all(|name| *name == name.to_ascii_lowercase()));
    assert!(directives().all(|row| row.summary().ends_with('.') && !row.type_words().is_empty()));
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    assert_eq!(reference().lines().count(), directives().count() + 2);
}

#[test]
fn the_value_shown_of_every_row_is_read_as_the_same_value() {
    for config in [Config::default(), unusual()] {
        for row in directives().filter(|row| !row.value(&config).is_empty()) {
            let shown = row.value(&config);
            let mut read = Config::default();
            let mut set_one = |text: &[u8]| {
                if (row.is_multi_argument)() {
                    let parts: Vec<&[u8]> = text.split(|byte| *byte == b' ').collect();
                    (row.parse)(&mut read, &parts, Mode::Replace)
                } else {
                    (row.parse)(&mut read, &[text], Mode::Replace)
                }
            };
            assert_eq!(set_one(shown.as_bytes()), Ok(()), "{} {shown}", row.name);
            assert_eq!(row.value(&read), shown, "{}", row.name);
        }
    }
}

#[test]
fn defaults_are_those_of_redis() {
    let config = Config::default();
    for (name, expected) in [
        ("port", "6379"),
        ("bind", "* -::*"),
        ("save", "3600 1 300 100 60 10000"),
        ("client-output-buffer-limit", "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"),
        ("repl-backlog-size", "1048576"),
        ("repl-diskless-sync", "yes"),
        ("repl-diskless-load", "disabled"),
        ("repl-timeout", "60"),
        ("replica-priority", "100"),
        ("slave-priority", "100"),
        ("replicaof", ""),
        ("proto-max-bulk-len", "536870912"),
        ("client-query-buffer-limit", "1073741824"),
        ("auto-aof-rewrite-min-size", "67108864"),
        ("oom-score-adj-values", "0 200 800"),
        ("latency-tracking-info-percentiles", "50 99 99.9"),
        ("unixsocketperm", "0"),
        ("shutdown-on-sigterm", "default"),
        ("maxmemory-policy", "noeviction"),
        ("loading-process-events-interval-bytes", "2097152"),
    ] {
        assert_eq!(value(&config, name), expected, "{name}");
    }
}

#[test]
fn passwords_stay_out_of_debug_output() {
    let config = from_file("requirepass hush\nmasterauth hush").expect("valid");
    assert!(!format!("{config:?}").contains("hush"));
    assert_eq!(config.requirepass.as_ref().map(Password::as_str), Some("hush"));
}
