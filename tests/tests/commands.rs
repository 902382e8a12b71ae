//! Does COMMAND tell the same of our commands as Redis does, and find the same keys in requests?
//!
//! As Redis 7.0; of those that it does not know, as Redis 8.0, and of those that this does not know either, as Valkey 9.

use std::env;

use afterimage_tests::grammar::FAMILIES;
use afterimage_tests::{Client, Draw, Options, Release, Reply};

/// Subcommands that Redis 7.0 does not have.
pub(crate) const OURS_ALONE: &[&str] = &["client|setinfo"];

/// True for what Redis 7.0 does not have: these, and the commands of the guard, which nobody else has.
pub(crate) fn is_ours_alone(name: &str) -> bool {
    OURS_ALONE.contains(&name) || name.starts_with("wipeguard")
}
/// Commands that Redis 7.0 does not have and 8.0 has.
pub(crate) const SINCE_REDIS_8: &[&str] = &[
    "hexpire",
    "hpexpire",
    "hexpireat",
    "hpexpireat",
    "httl",
    "hpttl",
    "hexpiretime",
    "hpexpiretime",
    "hpersist",
    "hgetdel",
    "hgetex",
    "hsetex",
    "waitaof",
];
/// Commands that no Redis has and Valkey 9 has.
pub(crate) const SINCE_VALKEY_9: &[&str] = &["delifeq", "msetex"];
/// Requests of each family of which the keys are compared.
const REQUESTS: u64 = 2_000;
/// Requests of which the grammar says nothing.
const REQUESTS_BESIDE: &[&str] = &[
    "sort a by store store d limit store 1 store e",
    "sort a get store store",
    "sort_ro a by b*",
    "zunion 2x a b",
    "zunionstore d 2x a b",
    "zunionstore d 9 a b",
    "zmpop 0 a min",
    "fcall f 1 a",
    "fcall f 0",
    "fcall_ro f x a",
    "xread block streams streams",
    "xread block 0 streams a b c",
    "xreadgroup group streams streams streams a b",
    "ssubscribe a",
    "spublish a b",
    "bitfield a get u8",
    "bitfield a overflow wrap get u8 0",
    "bitfield a get u8 0 set u8 0 1",
    "set a get",
    "set a b px 1 GET",
    "watch a b",
    "memory usage a",
    "xinfo stream a",
    "xinfo nosuch a",
    "object encoding a",
    "mset a b c",
    "lmpop 2 a b left",
    "config get a",
    "get a b",
];

/// The names of our commands and subcommands, as far as Redis 7.0 knows them.
pub(crate) fn names(client: &mut Client) -> Vec<String> {
    let mut names: Vec<String> = client.line("command list").elements().iter().map(Reply::text).collect();
    for container in names.clone() {
        let rows = client.line(&format!("command info {container}")).elements();
        let rows = rows[0].clone().elements();
        names.extend(rows[9].clone().elements().into_iter().map(|row| row.elements()[0].text()));
    }
    names.retain(|name| !SINCE_REDIS_8.contains(&name.as_str()) && !SINCE_VALKEY_9.contains(&name.as_str()));
    names.sort();
    names.dedup();
    names
}

/// Everything that is told of a row and of its subcommands, which have no order in Redis. Of notes, which are prose, only that they are there.
fn told(client: &mut Client, name: &str) -> String {
    let row = client.call(&[b"command".as_slice(), b"info", name.as_bytes()]).elements().remove(0);
    format!("{:?}", without_prose(row))
}

fn without_prose(row: Reply) -> Reply {
    let mut elements = row.elements();
    let mut subcommands = elements.remove(9).elements();
    subcommands.retain(|row| !is_ours_alone(&row.clone().elements()[0].text()));
    let mut subcommands: Vec<Reply> = subcommands.into_iter().map(without_prose).collect();
    subcommands.sort_by_key(|row| row.clone().elements()[0].text());
    let specs = elements.remove(8).elements().into_iter().map(without_note).collect();
    elements.extend([Reply::Array(specs), Reply::Array(subcommands)]);
    Reply::Array(elements)
}

fn without_note(spec: Reply) -> Reply {
    let mut pairs = spec.elements();
    if pairs[0].text() == "notes" {
        assert!(!pairs[1].text().is_empty());
        pairs[1] = Reply::Bulk(b"...".to_vec());
    }
    Reply::Array(pairs)
}

#[test]
fn every_row_tells_what_redis_tells() {
    let Some(real) = Options::real(Release::Redis7).map(Options::start) else { return };
    let ours = Options::ours().start();
    let (mut ours, mut real) = (ours.client(), real.client());
    let mut names = names(&mut ours);
    assert!(names.len() > 250, "{} rows", names.len());
    names.retain(|name| !is_ours_alone(name));
    compare_rows(&mut ours, &mut real, names.iter().map(String::as_str));
}

#[test]
fn every_row_that_redis_7_does_not_know_tells_what_redis_8_tells() {
    let Some(real) = Options::real(Release::Redis8).map(Options::start) else { return };
    let ours = Options::ours().start();
    compare_rows(&mut ours.client(), &mut real.client(), SINCE_REDIS_8.iter().copied());
}

#[test]
fn every_row_that_no_redis_knows_tells_what_valkey_9_tells() {
    let Some(real) = Options::real(Release::Valkey9).map(Options::start) else { return };
    let ours = Options::ours().start();
    compare_rows(&mut ours.client(), &mut real.client(), SINCE_VALKEY_9.iter().copied());
}

fn compare_rows<'a>(ours: &mut Client, real: &mut Client, names: impl Iterator<Item = &'a str>) {
    let mut differences = Vec::new();
    for name in names {
        let (ours, real) = (told(ours, name), told(real, name));
        if ours != real {
            differences.push(format!("{name}\n ours: {ours}\nRedis: {real}"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn the_keys_of_requests_are_those_that_redis_finds() {
    let beside = REQUESTS_BESIDE.iter().map(|line| line.split(' ').map(|word| word.as_bytes().to_vec()).collect());
    compare_keys(Release::Redis7, beside.collect(), names);
}

#[test]
fn the_keys_of_requests_that_redis_7_does_not_know_are_those_that_redis_8_finds() {
    compare_keys(Release::Redis8, Vec::new(), |_| SINCE_REDIS_8.iter().map(|name| (*name).to_owned()).collect());
}

#[test]
fn the_keys_of_requests_of_valkey_are_those_that_valkey_9_finds() {
    let known =
        |_: &mut Client| ["set", "geosearchstore"].iter().chain(SINCE_VALKEY_9).map(|name| (*name).into()).collect();
    compare_keys(Release::Valkey9, Vec::new(), known);
}

/// Compares the keys of these requests, and of the families that are compared with a release, as far as their commands are known.
fn compare_keys(release: Release, mut requests: Vec<Vec<Vec<u8>>>, known: fn(&mut Client) -> Vec<String>) {
    let Some(real) = Options::real(release).map(Options::start) else { return };
    let ours = Options::ours().start();
    let (mut ours, mut real) = (ours.client(), real.client());
    let seed = env::var("AFTERIMAGE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let mut draw = Draw::new(seed);
    for family in FAMILIES.iter().filter(|family| family.release == release) {
        requests.extend((0..REQUESTS).map(|_| family.request(&mut draw)));
    }
    let known = known(&mut ours);
    let is_known = |request: &&Vec<Vec<u8>>| known.iter().any(|name| request[0].eq_ignore_ascii_case(name.as_bytes()));
    for request in requests.iter().filter(is_known) {
        for subcommand in ["getkeys", "getkeysandflags"] {
            let head = [b"command".as_slice(), subcommand.as_bytes()];
            let words: Vec<&[u8]> = head.into_iter().chain(request.iter().map(Vec::as_slice)).collect();
            let [ours, real] = [&mut ours, &mut real].map(|client| client.call(&words));
            assert_eq!(format!("{ours:?}"), format!("{real:?}"), "{subcommand} {}", request.join(&b' ').escape_ascii());
        }
    }
}

#[test]
fn lists_and_errors_are_those_of_redis() {
    let Some(real) = Options::real(Release::Redis7).map(Options::start) else { return };
    let ours = Options::ours().start();
    let (mut ours, mut real) = (ours.client(), real.client());
    let known = names(&mut ours);
    let known: Vec<String> = known.into_iter().filter(|name| !is_ours_alone(name)).collect();
    for line in [
        "command list",
        "command list filterby aclcat read",
        "command list filterby aclcat dangerous",
        "command list filterby aclcat @read",
        "command list filterby aclcat nosuch",
        "command list filterby pattern xinfo*",
        "command list filterby pattern *|set",
        "command list filterby module x",
        "command list filterby",
        "command list filterby x y",
        "command list x",
        "command docs nosuch",
        "command info nosuch config|nosuch get|x",
        "command nosuch",
        "command count x",
        "command getkeys",
        "command getkeys nosuch x",
        "command getkeys config x",
        "acl cat",
        "acl cat transaction",
        "acl cat dangerous",
        "acl cat nosuch",
        "acl cat x y",
        "acl whoami",
        "acl users",
        "cluster info",
        "cluster help",
        "cluster meet",
        "readonly",
        "readwrite",
        "asking",
        "module list",
        "module load x",
        "module unload x",
        "module loadex x",
        "lolwut version x",
        "lolwut version 5 x",
        "lolwut version 6 1 x",
        "restore-asking a x y",
    ] {
        // Only what we have, and in order: Redis lists names in that of a table.
        let [ours, real] = [&mut ours, &mut real].map(|client| match client.line(line) {
            Reply::Array(elements) => {
                let mut texts: Vec<String> = elements.iter().map(|element| format!("{element:?}")).collect();
                texts
                    .retain(|text| known.iter().any(|name| *text == format!("{:?}", Reply::Bulk(name.clone().into()))));
                texts.sort();
                format!("{texts:?}")
            }
            other => format!("{other:?}"),
        });
        assert_eq!(ours, real, "{line}");
    }
}
