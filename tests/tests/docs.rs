//! Are people told the same of our commands as Redis tells them, in COMMAND DOCS and in the HELP of containers?
//!
//! All that is a fact must be equal: arguments, versions, groups. What is prose is written in words of our own, and must be there where Redis has some.

use afterimage_tests::{Client, Options, Release, Reply};

use crate::commands::{OURS_ALONE, SINCE_REDIS_8, SINCE_VALKEY_9, is_ours_alone, names};

/// What only later versions tell, of arguments and of commands.
const LATER_WORDS: &[&str] = &["display_text", "module"];
/// Arguments that later versions brought and that we have, too.
const LATER_ARGUMENTS: &[(&str, &str)] = &[("hscan", "NOVALUES, of Redis 7.4")];
/// Arguments that a later version lets be left out, as we do: a polygon needs no centre.
const LATER_OPTIONAL: &[&str] = &["from"];
/// Costs that are others here, and why.
const COSTS: &[(&str, &str)] = &[
    ("memory|usage", "a value knows its size"),
    ("memory|malloc-stats", "there is nothing to gather"),
    ("memory|purge", "there is nothing to give back"),
    ("module|list", "there are no modules"),
    ("cluster|", "there is no cluster, and to say so takes no time"),
];

/// A command's documentation: its name and pairs of a word and what it says.
fn docs(client: &mut Client, name: &str) -> Vec<Reply> {
    let mut answer = client.call(&[b"command".as_slice(), b"docs", name.as_bytes()]).elements();
    assert_eq!(answer.remove(0).text(), name);
    answer.remove(0).elements()
}

/// Pairs, with what is prose cut to what must be equal.
fn facts(name: &str, pairs: Vec<Reply>, other: &[Reply]) -> String {
    let mut told = Vec::new();
    for pair in pairs.chunks(2) {
        let word = pair[0].text();
        let says = match word.as_str() {
            "summary" => (!pair[1].text().is_empty()).to_string(),
            "complexity" => cost(name, &pair[1].text(), other),
            "history" => versions(pair[1].clone()),
            "subcommands" => subcommands(pair[1].clone()),
            "arguments" => format!("{:?}", without_later_words(without_later_arguments(name, pair[1].clone()))),
            _ if LATER_WORDS.contains(&word.as_str()) => continue,
            _ => format!("{:?}", pair[1]),
        };
        told.push(format!("{word}: {says}"));
    }
    told.join("\n    ")
}

/// A cost: the formula must be one that stands in what Redis says.
fn cost(name: &str, text: &str, other: &[Reply]) -> String {
    let other = other.chunks(2).find(|pair| pair[0].text() == "complexity").map(|pair| pair[1].text());
    let is_known = |other: &str| other.contains(text) || text.contains(other);
    let is_another = COSTS.iter().any(|(known, _)| name.starts_with(known));
    if is_another || other.as_deref().is_some_and(is_known) { "as told".to_owned() } else { text.to_owned() }
}

fn versions(history: Reply) -> String {
    let changes = history.elements().into_iter().map(|change| change.elements());
    let changes = changes.filter(|change| !is_later(&change[0].text()));
    let mut versions: Vec<String> = changes
        .map(|change| {
            assert!(!change[1].text().is_empty());
            change[0].text()
        })
        .collect();
    versions.sort();
    format!("{versions:?}")
}

/// Their names; what is told of each is compared by itself.
fn subcommands(rows: Reply) -> String {
    let rows = rows.elements();
    let mut names: Vec<String> = rows.chunks(2).map(|pair| pair[0].text()).collect();
    names.retain(|name| !is_ours_alone(name));
    names.sort();
    format!("{names:?}")
}

fn without_later_arguments(name: &str, arguments: Reply) -> Reply {
    let mut arguments = arguments.elements();
    for (_, word) in LATER_ARGUMENTS.iter().filter(|(command, _)| *command == name) {
        let word = word.split(',').next().expect("a word");
        arguments.retain(|argument| !argument.clone().elements()[1].text().eq_ignore_ascii_case(word));
    }
    Reply::Array(arguments)
}

/// True of the versions that brought what we have beyond Redis 7.0, from Valkey.
fn is_later(version: &str) -> bool {
    version >= "8.1"
}

fn without_later_words(arguments: Reply) -> Reply {
    let arguments = arguments.elements().into_iter().map(Reply::elements);
    let is_known =
        |argument: &Vec<Reply>| !argument.chunks(2).any(|pair| pair[0].text() == "since" && is_later(&pair[1].text()));
    let arguments = arguments.filter(is_known).map(|argument| {
        let is_optional_later = LATER_OPTIONAL.contains(&argument[1].text().as_str());
        let mut kept = Vec::new();
        for pair in argument.chunks(2) {
            match pair[0].text().as_str() {
                "arguments" => kept.extend([pair[0].clone(), without_later_words(pair[1].clone())]),
                "flags" if is_optional_later => {}
                word if LATER_WORDS.contains(&word) => {}
                _ => kept.extend_from_slice(pair),
            }
        }
        Reply::Array(kept)
    });
    Reply::Array(arguments.collect())
}

fn compare<'a>(ours: &mut Client, real: &mut Client, names: impl Iterator<Item = &'a str>) {
    let mut differences = Vec::new();
    for name in names {
        let (own, known) = (docs(ours, name), docs(real, name));
        let (told, expected) = (facts(name, own.clone(), &known), facts(name, known, &own));
        if told != expected {
            differences.push(format!("{name}\n ours: {told}\nRedis: {expected}"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn every_command_is_documented_as_in_redis() {
    let Some(real) = Options::real(Release::Redis7).map(Options::start) else { return };
    let ours = Options::ours().start();
    let (mut ours, mut real) = (ours.client(), real.client());
    let mut names = names(&mut ours);
    names.retain(|name| !is_ours_alone(name));
    assert!(names.len() > 250, "{} commands", names.len());
    compare(&mut ours, &mut real, names.iter().map(String::as_str));
}

#[test]
fn every_command_that_redis_7_does_not_know_is_documented_as_in_redis_8() {
    let Some(real) = Options::real(Release::Redis8).map(Options::start) else { return };
    let ours = Options::ours().start();
    compare(&mut ours.client(), &mut real.client(), SINCE_REDIS_8.iter().chain(OURS_ALONE).copied());
}

#[test]
fn every_command_that_no_redis_knows_is_documented_as_in_valkey_9() {
    let Some(real) = Options::real(Release::Valkey9).map(Options::start) else { return };
    let ours = Options::ours().start();
    compare(&mut ours.client(), &mut real.client(), SINCE_VALKEY_9.iter().copied());
}

/// Containers of which HELP is compared. CLUSTER refuses it, as a Redis without a cluster does.
const CONTAINERS: &[&str] = &[
    "acl", "client", "command", "config", "debug", "function", "latency", "memory", "module", "object", "pubsub",
    "slowlog", "xgroup", "xinfo", "cluster",
];
/// What Redis's help leaves out of what it has, or what only we have.
const BESIDE_REDIS: &[&str] = &["SETINFO <attribute> <value>", "CRASH-AND-RECOVER", "SET-DISABLE-DENY-SCRIPTS <0|1>"];

/// The lines of syntax in a help, or its error.
fn syntax_lines(client: &mut Client, container: &str) -> Vec<String> {
    match client.line(&format!("{container} help")) {
        Reply::Array(lines) => lines.iter().map(Reply::text).filter(|line| !line.starts_with(' ')).collect(),
        other => vec![format!("{other:?}")],
    }
}

#[test]
fn help_tells_the_syntax_that_redis_tells() {
    let Some(real) = Options::real(Release::Redis7).map(Options::start) else { return };
    let ours = Options::ours().start();
    let (mut ours, mut real) = (ours.client(), real.client());
    for container in CONTAINERS {
        let (own, known) = (syntax_lines(&mut ours, container), syntax_lines(&mut real, container));
        assert_eq!((own.first(), own.last()), (known.first(), known.last()), "{container}");
        let unknown: Vec<&String> =
            own.iter().filter(|line| !known.contains(line) && !BESIDE_REDIS.contains(&line.as_str())).collect();
        assert!(unknown.is_empty(), "{container}: {unknown:?}");
    }
}

/// Subcommands of DEBUG with the same answers. What tells sizes and addresses is compared up to the first of them.
const DEBUG_LINES: &[(&str, &str)] = &[
    ("debug listpack hash", ""),
    ("debug listpack list", ""),
    ("debug listpack zset", ""),
    ("debug listpack nokey", ""),
    ("debug listpack", ""),
    ("debug quicklist list", ""),
    ("debug quicklist list 1", ""),
    ("debug quicklist hash", ""),
    ("debug htstats-key set", " table size"),
    ("debug htstats-key hash", ""),
    ("debug htstats-key int", ""),
    ("debug htstats-key nokey", ""),
    ("debug htstats 0", " table size"),
    ("debug htstats 5", ""),
    ("debug htstats 99", ""),
    ("debug htstats x", ""),
    ("debug sdslen string", "key_zmalloc"),
    ("debug sdslen int", ""),
    ("debug sdslen hash", ""),
    ("debug sdslen nokey", ""),
    ("debug structsize", " "),
    ("debug structsize x", ""),
    ("debug object nokey", ""),
    ("debug object", ""),
    ("debug protocol string", ""),
    ("debug protocol integer", ""),
    ("debug protocol double", ""),
    ("debug protocol bignum", ""),
    ("debug protocol null", ""),
    ("debug protocol array", ""),
    ("debug protocol set", ""),
    ("debug protocol map", ""),
    ("debug protocol verbatim", ""),
    ("debug protocol true", ""),
    ("debug protocol false", ""),
    ("debug protocol nosuch", ""),
    ("debug quicklist-packed-threshold 0", ""),
    ("debug replybuffer peak-reset-time never", ""),
    ("debug replybuffer peak-reset-time reset", ""),
    ("debug replybuffer peak-reset-time 100", ""),
    ("debug replybuffer peak-reset-time x", ""),
    ("debug replybuffer resizing 0", ""),
    ("debug replybuffer nosuch 0", ""),
    ("debug set-disable-deny-scripts 0", ""),
    ("debug pause-cron 1", ""),
    ("debug pause-cron 0", ""),
    ("debug client-eviction", ""),
    ("debug clusterlink kill all x", ""),
    ("debug clusterlink nosuch all x", ""),
    ("debug reload nosuch", ""),
    ("debug reload merge noflush", ""),
    ("debug dict-resizing 0", ""),
    ("debug jmap", ""),
    ("debug stringmatch-len a b", ""),
    ("debug mallctl", ""),
    ("debug error words", ""),
    ("debug digest-value hash list set zset string int nokey", ""),
    ("debug digest", ""),
];

#[test]
fn debug_answers_as_redis_answers() {
    let Some(real) = Options::real(Release::Redis7).map(Options::start) else { return };
    let ours = Options::ours().start();
    let mut clients = [ours.client(), real.client()];
    for line in [
        "hset hash a 1 b two",
        "rpush list a bb 300 four",
        "sadd set a b",
        "zadd zset 1 a 2.5 b",
        "set string hello",
        "set int 12",
    ] {
        clients.iter_mut().for_each(|client| drop(client.line(line)));
    }
    for resp in ["2", "3"] {
        clients.iter_mut().for_each(|client| drop(client.line(&format!("hello {resp}"))));
        for (line, end) in DEBUG_LINES {
            let [own, known] = clients.each_mut().map(|client| match client.line(line) {
                Reply::Simple(text) => text,
                Reply::Bulk(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                other => format!("{other:?}"),
            });
            let compared = |text: &str| text.split(if end.is_empty() { "\0" } else { end }).next().map(str::to_owned);
            assert_eq!(compared(&own), compared(&known), "{line}");
        }
        for key in ["hash", "list", "set", "zset", "string", "int"] {
            let line = format!("debug object {key}");
            let [own, known] = clients.each_mut().map(|client| {
                let text = client.line(&line).text();
                let is_compared =
                    |word: &&str| !["at:", "lru:", "lru_seconds_idle:"].iter().any(|name| word.starts_with(name));
                text.split(' ').filter(is_compared).map(str::to_owned).collect::<Vec<_>>()
            });
            assert_eq!(own, known, "{line}");
        }
    }
    for harm in
        ["assert", "crash-and-recover", "leak x", "loadaof", "oom", "panic", "restart", "segfault", "aof-flush-sleep 1"]
    {
        let answer = clients[0].line(&format!("debug {harm}"));
        assert!(matches!(&answer, Reply::Error(text) if text.starts_with("ERR th")), "{harm}: {answer:?}");
    }
    assert!(clients[0].line("ping") == Reply::Simple("PONG".to_owned()));
}
