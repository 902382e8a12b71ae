use alloc::string::String;
use alloc::vec::Vec;

use super::*;
use crate::codec::random::Random;
use crate::command::bench::Bench;
use crate::command::{ExpiryRule, Feed, Hits, find, subcommand};
use crate::port::{Mono, Now, Wall};
use crate::resp::{Output, Parsed, Proto, Reply, RequestLimits, RequestParser};

/// Runs one subcommand on the bench's data; the reply with blanks for line ends.
fn run(bench: &mut Bench, line: &str) -> String {
    let bytes: Vec<u8> = line.bytes().chain(*b"\n").collect();
    let mut parser = RequestParser::default();
    let limits = RequestLimits { bulk_bytes_max: 1 << 20, args_max: 100 };
    assert_eq!(parser.advance(&bytes, &limits), Parsed::Complete(bytes.len()));
    let args = parser.args(&bytes);
    let container = find(&args[0]).expect("OBJECT is a command");
    let row = subcommand(container, &args[1]).expect("a subcommand");
    assert!(row.accepts(args.len()));
    let Handler::Data(handler) = row.handler else { panic!("{line} is not about data") };
    let mut output = Output::default();
    let outcome = handler(
        &mut Exec {
            keyspace: &mut bench.keyspace,
            database: 0,
            now: Now { mono: Mono(0), wall: Wall(bench.now_ms as u64 * 1000) },
            random: &mut Random::new(0, 0),
            reply: Reply::new(&mut output, Proto::Resp2),
            feed: &mut Feed::default(),
            config: &bench.config,
            expiry: ExpiryRule::Remove,
            expired_keys: &mut 0,
            hits: &mut Hits::default(),
        },
        args,
    );
    if let Err(error) = outcome {
        return error.text().into();
    }
    let mut slices = [&[][..]; 16];
    let filled = output.gather(&mut slices);
    String::from_utf8_lossy(&slices[..filled].concat()).replace("\r\n", " ")
}

#[test]
fn encodings_and_references_are_told_as_redis_tells_them() {
    let mut bench = Bench::new();
    let long = "x".repeat(45);
    let cases = [
        ("12", "$3 int ", ":2147483647 "),
        ("9999", "$3 int ", ":2147483647 "),
        ("10000", "$3 int ", ":1 "),
        ("-1", "$3 int ", ":1 "),
        ("abc", "$6 embstr ", ":1 "),
        (&long[..44], "$6 embstr ", ":1 "),
        (&long, "$3 raw ", ":1 "),
    ];
    for (value, encoding, references) in cases {
        bench.run(&alloc::format!("SET k {value}"));
        assert_eq!(run(&mut bench, "OBJECT ENCODING k"), encoding, "{value}");
        assert_eq!(run(&mut bench, "object refcount k"), references, "{value}");
    }
}

#[test]
fn idle_time_grows_until_a_read_and_is_not_reset_by_looking_at_it() {
    let mut bench = Bench::new();
    bench.run("SET k v");
    bench.now_ms += 5_000;
    assert_eq!(run(&mut bench, "OBJECT IDLETIME k"), ":5 ");
    for line in ["EXISTS k", "TYPE k", "TTL k"] {
        bench.run(line);
        assert_eq!(run(&mut bench, "OBJECT IDLETIME k"), ":5 ", "{line}");
    }
    bench.run("TOUCH k");
    assert_eq!(run(&mut bench, "OBJECT IDLETIME k"), ":0 ");
}

#[test]
fn frequency_and_idle_time_exclude_each_other_by_policy() {
    let mut bench = Bench::new();
    for line in ["OBJECT FREQ k", "OBJECT IDLETIME k", "OBJECT ENCODING k", "OBJECT REFCOUNT k"] {
        assert_eq!(run(&mut bench, line), "$-1 ");
    }
    bench.run("SET k v");
    assert_eq!(run(&mut bench, "OBJECT FREQ k"), LFU_NOT_SELECTED.text());
    bench.config.maxmemory_policy = MaxmemoryPolicy::AllkeysLfu;
    assert_eq!(run(&mut bench, "OBJECT IDLETIME k"), LFU_SELECTED.text());
    assert_eq!(run(&mut bench, "OBJECT FREQ k"), ":0 ");
}

#[test]
fn help_names_every_subcommand() {
    let text = run(&mut Bench::new(), "OBJECT HELP");
    for row in SUBCOMMANDS {
        assert!(text.contains(&row.name.to_uppercase()), "{}", row.name);
    }
}
