//! A bench for handlers in unit tests: a keyspace, a clock that the test moves, and requests as words.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::codec::random::Random;
use crate::codec::siphash::HashKey;
use crate::config::Config;
use crate::keyspace::{Keyspace, NO_EXPIRY};
use crate::port::{Mono, Now, Wall};
use crate::resp::{Output, Parsed, Proto, Reply, RequestLimits, RequestParser};
use crate::value::Hash;

use super::exec::{Exec, Expired, ExpiryRule, Hits};
use super::{Block, Classes, Feed, Handler, Notice, Notices, Service, find, subcommand};

/// Runs data commands one by one.
pub(crate) struct Bench {
    pub(crate) keyspace: Keyspace,
    pub(crate) config: Config,
    pub(crate) now_ms: i64,
    pub(crate) proto: Proto,
    pub(crate) expiry: ExpiryRule,
    pub(crate) database: u32,
    /// What the last request waits for.
    pub(crate) block: Option<Block>,
    notices: Notices,
    random: Random,
    feed: Feed,
}

impl Bench {
    pub(crate) fn new() -> Bench {
        Bench {
            keyspace: Keyspace::new(16, HashKey::new(1, 2)),
            config: Config::default(),
            now_ms: 1_000_000_000_000,
            proto: Proto::Resp2,
            expiry: ExpiryRule::Remove,
            database: 0,
            block: None,
            notices: Notices::new(Classes::parse(b"KEAmn")),
            random: Random::new(7, 0),
            feed: Feed::default(),
        }
    }

    /// Runs a request written as an inline line (quotes and escapes allowed); returns the reply's bytes, with `\r\n` shown as a
    /// blank, so that cases read easily: `$3 abc `.
    pub(crate) fn run(&mut self, line: &str) -> String {
        let reply = self.run_first(format!("{line}\n").as_bytes()).0;
        String::from_utf8_lossy(&reply).replace("\r\n", " ")
    }

    /// Runs the first request that stands in `bytes`; returns the reply's bytes, and how many the request took.
    pub(crate) fn run_first(&mut self, bytes: &[u8]) -> (Vec<u8>, usize) {
        let mut parser = RequestParser::default();
        let limits = RequestLimits { bulk_bytes_max: 512 << 20, args_max: u64::MAX };
        let Parsed::Complete(taken) = parser.advance(bytes, &limits) else { panic!("{}", bytes.escape_ascii()) };
        let args = parser.args(bytes);
        let line = args.iter().map(|word| format!("{} ", word.escape_ascii())).collect::<String>();
        let command = find(&args[0]).unwrap_or_else(|| panic!("no command {line}"));
        let command = subcommand(command, &args[1]).unwrap_or(command);
        assert!(command.accepts(args.len()), "arity of {line}");
        let Handler::Data(handler) = command.handler else { panic!("{line} is not about data") };

        let mut output = Output::default();
        let (mut expired, mut hits) = (Expired::default(), Hits::default());
        self.feed.begin(true);
        self.block = None;
        self.notices.take();
        let mut exec = Exec {
            keyspace: &mut self.keyspace,
            database: self.database,
            now: Now { mono: Mono(0), wall: Wall(self.now_ms as u64 * 1000) },
            random: &mut self.random,
            reply: Reply::new(&mut output, self.proto),
            feed: &mut self.feed,
            config: &self.config,
            expiry: self.expiry,
            notices: &mut self.notices,
            service: Service::Asked,
            block: &mut self.block,
            expired: &mut expired,
            hits: &mut hits,
        };
        let outcome = handler(&mut exec, args);
        if self.feed.end_command() {
            self.feed.push_verbatim(self.database, args.iter());
        }
        if let Err(error) = outcome {
            output.clear();
            Reply::new(&mut output, self.proto).error(error.text());
        }
        let mut slices = [&[][..]; 64];
        let filled = output.gather(&mut slices);
        (slices[..filled].concat(), taken)
    }

    /// The events that the last request told, each as its name and the key.
    pub(crate) fn told(&mut self) -> Vec<String> {
        let text = |notice: &Notice| format!("{} {}", notice.event, String::from_utf8_lossy(&notice.key));
        self.notices.take().iter().map(text).collect()
    }

    /// What the last request fed to replicas, one command per entry, its words joined by blanks.
    pub(crate) fn fed(&self) -> Vec<String> {
        let limits = RequestLimits { bulk_bytes_max: 512 << 20, args_max: u64::MAX };
        let ops = self.feed.ops().map(|(_, bytes)| {
            let mut parser = RequestParser::default();
            assert_eq!(parser.advance(bytes, &limits), Parsed::Complete(bytes.len()));
            let words = parser.args(bytes).iter().map(|word| String::from_utf8_lossy(word).into_owned());
            words.collect::<Vec<_>>().join(" ")
        });
        ops.collect()
    }
}

/// A request, its reply, and what replicas are told.
pub(crate) type Case = (&'static str, &'static str, &'static [&'static str]);

/// Runs requests one after the other and compares their replies and what was fed.
pub(crate) fn check(bench: &mut Bench, cases: &[(&str, &str, &[&str])]) {
    for (line, reply, fed) in cases {
        assert_eq!(bench.run(line), *reply, "{line}");
        assert_eq!(bench.fed(), *fed, "{line}");
    }
}

/// The same on a keyspace of its own, in which `h` is a hash.
pub(crate) fn check_beside_a_hash(cases: &[Case]) {
    let mut bench = Bench::new();
    bench.keyspace.put(0, b"h", Hash::default().into(), NO_EXPIRY, 0);
    check(&mut bench, cases);
}

/// Runs requests one after the other and compares their replies.
pub(crate) fn check_replies(bench: &mut Bench, cases: &[(&str, &str)]) {
    for (line, reply) in cases {
        assert_eq!(bench.run(line), *reply, "{line}");
    }
}

#[test]
fn a_value_comes_back_and_is_fed_as_it_was_sent() {
    let mut bench = Bench::new();
    assert_eq!(bench.run("SET k hello"), "+OK ");
    assert_eq!(bench.fed(), ["SET k hello"]);
    assert_eq!(bench.run("GET k"), "$5 hello ");
    assert!(bench.fed().is_empty());
}

#[test]
fn events_are_told_in_order() {
    let mut bench = Bench::new();
    bench.run("HSET h f v");
    bench.run("HDEL h f");
    assert_eq!(bench.told(), ["hdel h", "del h"]);
}
