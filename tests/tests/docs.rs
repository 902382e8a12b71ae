//! Are people told the same of our commands as Redis tells them, in COMMAND DOCS and in the HELP of containers?
//!
//! All that is a fact must be equal: arguments, versions, groups. What is prose is written in words of our own, and must be there where Redis has some.

use afterimage_tests::{Client, Options, Release, Reply};

use crate::commands::{INCOMPLETE, OURS_ALONE, SINCE_REDIS_8, names};

/// What only later versions tell, of arguments and of commands.
const LATER_WORDS: &[&str] = &["display_text", "module"];
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
            "subcommands" => subcommands(name, pair[1].clone()),
            "arguments" => format!("{:?}", without_later_words(pair[1].clone())),
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
fn subcommands(name: &str, rows: Reply) -> String {
    let rows = rows.elements();
    let mut names: Vec<String> = rows.chunks(2).map(|pair| pair[0].text()).collect();
    names.retain(|name| !OURS_ALONE.contains(&name.as_str()));
    names.sort();
    if INCOMPLETE.contains(&name) { String::new() } else { format!("{names:?}") }
}

fn without_later_words(arguments: Reply) -> Reply {
    let arguments = arguments.elements().into_iter().map(|argument| {
        let mut kept = Vec::new();
        for pair in argument.elements().chunks(2) {
            match pair[0].text().as_str() {
                "arguments" => kept.extend([pair[0].clone(), without_later_words(pair[1].clone())]),
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
    names.retain(|name| !OURS_ALONE.contains(&name.as_str()));
    assert!(names.len() > 250, "{} commands", names.len());
    compare(&mut ours, &mut real, names.iter().map(String::as_str));
}

#[test]
fn every_command_that_redis_7_does_not_know_is_documented_as_in_redis_8() {
    let Some(real) = Options::real(Release::Redis8).map(Options::start) else { return };
    let ours = Options::ours().start();
    compare(&mut ours.client(), &mut real.client(), SINCE_REDIS_8.iter().chain(OURS_ALONE).copied());
}
