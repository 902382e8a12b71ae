//! How are values of several arguments, or with a syntax of their own, read, shown and written back?

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::directive::{Kind, Mode, Reason};
use super::kinds::{parse_integer, parse_memory, short_memory, utf8};
use super::types::{BufferLimit, BufferLimits, Endpoint, GuardPolicies, GuardPolicy, SavePoint, ShutdownOptions, Word};
use crate::codec::quoting::quote_if_needed;

/// Redis's bound on the number of addresses to listen on.
const BIND_ADDRESSES_MAX: usize = 16;

/// `bind`: addresses separated by spaces.
pub(super) struct Addresses;

impl Kind<Vec<String>> for Addresses {
    fn is_multi_argument(&self) -> bool {
        true
    }

    fn words(&self) -> String {
        format!("up to {BIND_ADDRESSES_MAX} addresses, `-` before one that may be missing")
    }

    fn parse(&self, value: &mut Vec<String>, arguments: &[&[u8]], _: Mode) -> Result<(), Reason> {
        if arguments.len() > BIND_ADDRESSES_MAX {
            return Err(Reason::Because("Too many bind addresses specified."));
        }
        let arguments = if is_one_empty(arguments) { &[] } else { arguments };
        *value = arguments.iter().map(|argument| word(argument)).collect::<Result<_, _>>()?;
        Ok(())
    }

    fn print(&self, value: &Vec<String>) -> String {
        value.join(" ")
    }

    fn lines(&self, value: &Vec<String>) -> Vec<String> {
        if value.is_empty() {
            return alloc::vec![String::from("\"\"")];
        }
        alloc::vec![join(value.iter().map(|address| quote_if_needed(address)))]
    }
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(" ")
}

fn is_one_empty(arguments: &[&[u8]]) -> bool {
    matches!(arguments, [only] if only.is_empty())
}

/// A host or address: not empty, and nothing in it that would have to be quoted between other arguments.
fn word(argument: &[u8]) -> Result<String, Reason> {
    let text = utf8(argument)?;
    let is_out_of_place = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | '\\');
    if text.is_empty() || text.contains(is_out_of_place) {
        return Err(Reason::Because("argument must be a host name or an address"));
    }
    Ok(String::from(text))
}

/// `save`: pairs of seconds and changes.
pub(super) struct SavePoints;

impl Kind<Vec<SavePoint>> for SavePoints {
    fn is_multi_argument(&self) -> bool {
        true
    }

    fn words(&self) -> String {
        String::from("pairs of seconds and changes, empty for none")
    }

    fn parse(&self, value: &mut Vec<SavePoint>, args: &[&[u8]], mode: Mode) -> Result<(), Reason> {
        let invalid = Reason::Because("Invalid save parameters");
        let (args, mode) = if is_one_empty(args) { (&[] as &[_], Mode::Replace) } else { (args, mode) };
        let (pairs, rest) = args.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(invalid);
        }
        let number = |text: &[u8], min: u32| {
            let number = parse_integer(text).and_then(|number| u32::try_from(number).ok());
            number.filter(|number| *number >= min && i32::try_from(*number).is_ok())
        };
        let point = |[seconds, changes]: &[&[u8]; 2]| {
            let (seconds, changes) = (number(seconds, 1)?, number(changes, 0)?);
            Some(SavePoint { seconds, changes })
        };
        let points: Option<Vec<SavePoint>> = pairs.iter().map(point).collect();
        let points = points.ok_or(invalid)?;
        if mode == Mode::Replace {
            value.clear();
        }
        value.extend(points);
        Ok(())
    }

    fn print(&self, value: &Vec<SavePoint>) -> String {
        join(value.iter().map(|point| format!("{} {}", point.seconds, point.changes)))
    }

    fn lines(&self, value: &Vec<SavePoint>) -> Vec<String> {
        if value.is_empty() {
            return alloc::vec![String::from("\"\"")];
        }
        value.iter().map(|point| format!("{} {}", point.seconds, point.changes)).collect()
    }
}

/// `replicaof`: host and port, or `no one`.
pub(super) struct Master;

impl Kind<Option<Endpoint>> for Master {
    fn is_multi_argument(&self) -> bool {
        true
    }

    fn words(&self) -> String {
        String::from("host and port, or `no one`")
    }

    fn parse(&self, value: &mut Option<Endpoint>, args: &[&[u8]], _: Mode) -> Result<(), Reason> {
        let [host, port] = args else {
            return Err(Reason::WrongNumberOfArguments);
        };
        if host.eq_ignore_ascii_case(b"no") && port.eq_ignore_ascii_case(b"one") {
            *value = None;
            return Ok(());
        }
        let port = parse_integer(port).and_then(|port| u16::try_from(port).ok());
        let port = port.ok_or(Reason::Because("Invalid master port"))?;
        let host = word(host)?;
        *value = Some(Endpoint { host, port });
        Ok(())
    }

    fn print(&self, value: &Option<Endpoint>) -> String {
        value.as_ref().map_or_else(String::new, |master| format!("{} {}", master.host, master.port))
    }

    fn lines(&self, value: &Option<Endpoint>) -> Vec<String> {
        let line = |master: &Endpoint| format!("{} {}", quote_if_needed(&master.host), master.port);
        value.iter().map(line).collect()
    }
}

/// `client-output-buffer-limit`: class, hard limit, soft limit, seconds; classes that are not named keep theirs.
pub(super) struct Limits;

impl Kind<BufferLimits> for Limits {
    fn is_multi_argument(&self) -> bool {
        true
    }

    fn words(&self) -> String {
        String::from("one or more of: normal / replica / pubsub, hard limit, soft limit, seconds")
    }

    fn parse(&self, value: &mut BufferLimits, args: &[&[u8]], _: Mode) -> Result<(), Reason> {
        let (groups, rest) = args.as_chunks::<4>();
        if !rest.is_empty() {
            return Err(Reason::Because("Wrong number of arguments in buffer limit configuration."));
        }
        for [class, hard, soft, seconds] in groups {
            let limit = match class.to_ascii_lowercase().as_slice() {
                b"normal" => &mut value.normal,
                b"replica" | b"slave" => &mut value.replica,
                b"pubsub" => &mut value.pubsub,
                _ => {
                    return Err(Reason::Because("Invalid client class specified in buffer limit configuration."));
                }
            };
            *limit = parse_limit(hard, soft, seconds)
                .ok_or(Reason::Because("Error in hard, soft or soft_seconds setting in buffer limit configuration."))?;
        }
        Ok(())
    }

    fn print(&self, value: &BufferLimits) -> String {
        let group = |class: &str, limit: BufferLimit| {
            let BufferLimit { hard_bytes, soft_bytes, soft_seconds } = limit;
            format!("{class} {hard_bytes} {soft_bytes} {soft_seconds}")
        };
        // Redis shows the class of replicas by its old name here and by its new one in the file.
        let groups = [("normal", value.normal), ("slave", value.replica), ("pubsub", value.pubsub)];
        join(groups.into_iter().map(|(class, limit)| group(class, limit)))
    }

    fn lines(&self, value: &BufferLimits) -> Vec<String> {
        let groups = [("normal", value.normal), ("replica", value.replica), ("pubsub", value.pubsub)];
        let line = |(class, limit): (&str, BufferLimit)| {
            let (hard, soft) = (short_memory(limit.hard_bytes), short_memory(limit.soft_bytes));
            format!("{class} {hard} {soft} {}", limit.soft_seconds)
        };
        groups.into_iter().map(line).collect()
    }
}

fn parse_limit(hard: &[u8], soft: &[u8], seconds: &[u8]) -> Option<BufferLimit> {
    let bytes = |text| u64::try_from(parse_memory(text)?).ok();
    let seconds = i32::try_from(parse_integer(seconds)?).ok()?;
    Some(BufferLimit::new(bytes(hard)?, bytes(soft)?, u32::try_from(seconds).ok()?))
}

/// `replica-wipe-guard`: class and policy, any number of times, or one policy for all classes; classes that are not named keep theirs.
pub(super) struct WipeGuard;

impl Kind<GuardPolicies> for WipeGuard {
    fn is_multi_argument(&self) -> bool {
        true
    }

    fn words(&self) -> String {
        String::from(
            "one or more of: empty / shrunk / rollback, policy; or a policy for all: allow / archive / quarantine / refuse",
        )
    }

    fn parse(&self, value: &mut GuardPolicies, args: &[&[u8]], _: Mode) -> Result<(), Reason> {
        let policy_of = |text: &[u8]| {
            let found = GuardPolicy::WORDS.iter().find(|(word, _)| text.eq_ignore_ascii_case(word.as_bytes()));
            found
                .map(|(_, policy)| *policy)
                .ok_or(Reason::Because(
                    "a policy is one of: allow, archive, quarantine, refuse. One for all classes, as 'archive', or pairs, as 'empty quarantine rollback allow'",
                ))
        };
        if let [policy] = args {
            *value = GuardPolicies::all(policy_of(policy)?);
            return Ok(());
        }
        let (pairs, rest) = args.as_chunks::<2>();
        if !rest.is_empty() || pairs.is_empty() {
            return Err(Reason::Because(
                "either one policy for all classes, as 'archive', or pairs of a class and a policy, as 'empty quarantine rollback allow'",
            ));
        }
        for [class, policy] in pairs {
            let slot = match class.to_ascii_lowercase().as_slice() {
                b"empty" => &mut value.empty,
                b"shrunk" => &mut value.shrunk,
                b"rollback" => &mut value.rollback,
                _ => {
                    return Err(Reason::Because(
                        "a class is one of: empty, shrunk, rollback, and a policy follows it, as in 'empty quarantine rollback allow'",
                    ));
                }
            };
            *slot = policy_of(policy)?;
        }
        Ok(())
    }

    fn print(&self, value: &GuardPolicies) -> String {
        let GuardPolicies { empty, shrunk, rollback } = value;
        format!("empty {} shrunk {} rollback {}", empty.word(), shrunk.word(), rollback.word())
    }
}

/// `shutdown-on-sigint` and `-sigterm`.
pub(super) struct Shutdown;

const SHUTDOWN_WORDS: [&str; 5] = ["default", "save", "nosave", "now", "force"];

impl Kind<ShutdownOptions> for Shutdown {
    fn is_multi_argument(&self) -> bool {
        true
    }

    fn words(&self) -> String {
        String::from("default, or some of: save / nosave / now / force")
    }

    fn parse(&self, value: &mut ShutdownOptions, args: &[&[u8]], _: Mode) -> Result<(), Reason> {
        let mut options = ShutdownOptions::default();
        for argument in args {
            match argument.to_ascii_lowercase().as_slice() {
                b"default" => {}
                b"save" => options.save = true,
                b"nosave" => options.nosave = true,
                b"now" => options.now = true,
                b"force" => options.force = true,
                _ => return Err(Reason::NotOneOf(SHUTDOWN_WORDS.to_vec())),
            }
        }
        if args.is_empty() {
            return Err(Reason::NotOneOf(SHUTDOWN_WORDS.to_vec()));
        }
        if options.save && options.nosave {
            return Err(Reason::Because("shutdown options SAVE and NOSAVE can't be used simultaneously"));
        }
        *value = options;
        Ok(())
    }

    fn print(&self, value: &ShutdownOptions) -> String {
        let ShutdownOptions { save, nosave, now, force } = *value;
        let [default, words @ ..] = SHUTDOWN_WORDS;
        let chosen = words.into_iter().zip([save, nosave, now, force]);
        let chosen = join(chosen.filter(|(_, is_set)| *is_set).map(|(word, _)| String::from(word)));
        if chosen.is_empty() { String::from(default) } else { chosen }
    }
}

/// `oom-score-adj-values`: three numbers.
pub(super) struct OomScores;

impl Kind<[i32; 3]> for OomScores {
    fn is_multi_argument(&self) -> bool {
        true
    }

    fn words(&self) -> String {
        String::from("three integers, -2000 to 2000")
    }

    fn parse(&self, value: &mut [i32; 3], args: &[&[u8]], _: Mode) -> Result<(), Reason> {
        let args: &[&[u8]; 3] = args.try_into().map_err(|_| Reason::WrongNumberOfArguments)?;
        let mut scores = [0; 3];
        for (score, argument) in scores.iter_mut().zip(args) {
            let number = parse_integer(argument).and_then(|number| i32::try_from(number).ok());
            let number = number.filter(|number| (-2000..=2000).contains(number));
            *score = number
                .ok_or(Reason::Because("Invalid oom-score-adj-values, elements must be between -2000 and 2000."))?;
        }
        *value = scores;
        Ok(())
    }

    fn print(&self, value: &[i32; 3]) -> String {
        join(value.iter().map(ToString::to_string))
    }
}

/// `latency-tracking-info-percentiles`: numbers, kept as written.
pub(super) struct Percentiles;

impl Kind<Vec<String>> for Percentiles {
    fn is_multi_argument(&self) -> bool {
        true
    }

    fn words(&self) -> String {
        String::from("numbers, 0 to 100, empty for none")
    }

    fn parse(&self, value: &mut Vec<String>, args: &[&[u8]], _: Mode) -> Result<(), Reason> {
        let invalid = Reason::Because("Invalid latency-tracking-info-percentiles parameters");
        let args = if is_one_empty(args) { &[] } else { args };
        let mut percentiles = Vec::new();
        for argument in args {
            let text = core::str::from_utf8(argument).map_err(|_| invalid.clone())?;
            let number: f64 = text.parse().map_err(|_| invalid.clone())?;
            if !(0.0..=100.0).contains(&number) {
                return Err(Reason::Because(
                    "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]",
                ));
            }
            percentiles.push(String::from(text));
        }
        *value = percentiles;
        Ok(())
    }

    fn print(&self, value: &Vec<String>) -> String {
        value.join(" ")
    }

    fn lines(&self, value: &Vec<String>) -> Vec<String> {
        alloc::vec![if value.is_empty() { String::from("\"\"") } else { value.join(" ") }]
    }
}

/// `notify-keyspace-events`: letters, shown in Redis's order, all classes of `A` as that letter.
pub(super) struct EventClasses;

/// What `A` stands for; `n` (new key) and `m` (key miss) are not among it.
const EVENT_CLASSES_OF_A: &str = "g$lshzxetd";

impl Kind<String> for EventClasses {
    fn words(&self) -> String {
        String::from("letters of `Ag$lshzxeKEtmdn`")
    }

    fn parse(&self, value: &mut String, args: &[&[u8]], _: Mode) -> Result<(), Reason> {
        let letters = super::directive::single(args)?;
        if !letters.iter().all(|letter| b"Ag$lshzxeKEtmdn".contains(letter)) {
            return Err(Reason::Because("Invalid event class character. Use 'Ag$lshzxeKEtmdn'."));
        }
        let has = |letter: char| letters.contains(&(letter as u8));
        let has_all = has('A') || EVENT_CLASSES_OF_A.chars().all(has);
        let classes = if has_all { "A" } else { EVENT_CLASSES_OF_A };
        let rest = "nKEm".chars().filter(|letter| has(*letter));
        *value = classes.chars().filter(|letter| has_all || has(*letter)).chain(rest).collect();
        Ok(())
    }

    fn print(&self, value: &String) -> String {
        value.clone()
    }

    fn lines(&self, value: &String) -> Vec<String> {
        alloc::vec![crate::codec::quoting::quote(value.as_bytes())]
    }
}
