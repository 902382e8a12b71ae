//! Values that several commands take: seeds, plans, times.

use std::ops::Range;
use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{PathBufValueParser, TypedValueParser};

/// A file that is written to. `-` is none: a command that has words, too, would mix them with what belongs into the file.
pub(crate) fn written() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| match path.as_os_str() == "-" {
        true => Err("that is not the standard output, but has to be the name of a file"),
        false => Ok(path),
    })
}

/// Threads: each has a stack of its own, and more of them than processors by far do nothing.
pub(crate) fn threads() -> impl TypedValueParser<Value = u16> {
    clap::value_parser!(u16).range(1..=1024)
}

/// A range of seeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seeds(pub(crate) Range<u64>);

impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Seeds, String> {
        let number = |part: &str| part.parse::<u64>().map_err(|error| format!("`{part}`: {error}"));
        let range = match text.split_once("..") {
            Some((from, to)) => number(from)?..number(to)?,
            None => 0..number(text)?,
        };
        if range.is_empty() { Err("there is no seed in that range".into()) } else { Ok(Seeds(range)) }
    }
}

/// A seed, or a file with a plan.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Seed(u64),
    File(PathBuf),
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Source, String> {
        Ok(text.parse().map_or_else(|_| Source::File(text.into()), Source::Seed))
    }
}

/// A simulated time, in microseconds, written in seconds with a fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seconds(pub(crate) u64);

impl FromStr for Seconds {
    type Err = String;

    fn from_str(text: &str) -> Result<Seconds, String> {
        let text = text.strip_suffix('s').unwrap_or(text);
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let wrong = || format!("`{text}` is not a time in seconds with at most six digits after the point");
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 6 {
            return Err(wrong());
        }
        let micros = format!("{whole}{fraction:0<6}").parse();
        micros.map(Seconds).map_err(|_| wrong())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::Arguments;

    #[test]
    fn a_dash_is_no_file_to_write_to() {
        for command in [
            "replay 1 --html",
            "shrink 1 --out",
            "wipe --html",
            "scenario wipe --html",
            "run --prints",
            "hazard --html",
        ] {
            let words = |name| ["afterimage-sim"].into_iter().chain(command.split(' ')).chain([name]);
            let told = Arguments::try_parse_from(words("-")).expect_err(command).to_string();
            assert!(told.contains("'-'") && told.contains("has to be the name of a file"), "{told}");
            assert!(Arguments::try_parse_from(words("./-")).is_ok(), "{command}");
        }
    }

    #[test]
    fn threads_are_as_many_as_a_machine_may_have_processors() {
        for command in ["run", "hazard", "explore", "museum"] {
            let parse = |count| Arguments::try_parse_from(["afterimage-sim", command, "--jobs", count]);
            assert!(parse("1024").is_ok(), "{command}");
            for wrong in ["0", "1025", "999999999"] {
                let told = parse(wrong).expect_err(command).to_string();
                assert!(told.contains("is not in 1..=1024"), "{told}");
            }
        }
    }

    #[test]
    fn seeds_and_seconds_are_read_as_documented() {
        assert_eq!("3..7".parse(), Ok(Seeds(3..7)));
        assert_eq!("5".parse(), Ok(Seeds(0..5)));
        for wrong in ["7..3", "x", "1..", "0", "-1"] {
            assert!(wrong.parse::<Seeds>().is_err(), "{wrong}");
        }
        assert_eq!("12.5".parse(), Ok(Seconds(12_500_000)));
        assert_eq!("0.000001s".parse(), Ok(Seconds(1)));
        for wrong in ["1.2.3", "1.1234567", "", "-1", "99999999999999999999"] {
            assert!(wrong.parse::<Seconds>().is_err(), "{wrong}");
        }
    }
}
