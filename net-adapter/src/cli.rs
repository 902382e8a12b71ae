//! What does the command line ask for?

use std::env;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use afterimage_core::Config;
use afterimage_core::command::check_renamed;
use afterimage_core::config::{ConfigError, parse_memory};

use crate::recorder::Order;

/// The version in the form that scripts take apart: they look for `v=`.
pub(crate) const VERSION_LINE: &str =
    concat!("Afterimage server v=", env!("CARGO_PKG_VERSION"), " sha=00000000:0 malloc=mimalloc bits=64 build=0");

/// The text of `--help`.
pub(crate) const HELP: &str = "\
A Redis-compatible server.

Usage: afterimage-server [/path/to/redis.conf] [own options] [--directive value ...] [-]
       afterimage-server - (read the configuration from standard input)
       afterimage-server -v or --version
       afterimage-server -h or --help

Without a configuration file the defaults are those of Redis: port 6379, snapshots in ./dump.rdb.
Every directive of redis.conf can be given as an option; options win over the file.

Own options:
  --replicas N   also start N replicas in this process, on the N ports after 'port',
                 each with its files in the sub-directory replica-<port> of 'dir'
  --record FILE  write down all that enters the node, so that 'cargo sim replay-recording FILE' can do
                 the same again step by step; older parts are FILE.1, FILE.2, ...; with --replicas each
                 node has its own FILE-<port>. It holds all data and passwords: only its owner can read it
  --record-limit BYTES
                 of all parts together, with units as in redis.conf (1gb): the oldest parts go first,
                 and without its first part a recording can be read, but not run again

Examples:
  afterimage-server                                 serve on port 6379
  afterimage-server --port 7777 --save ''           another port, no snapshots
  afterimage-server --replicas 2                    a master on 6379, replicas on 6380 and 6381
  afterimage-server --port 7777 --replicaof 127.0.0.1 6379
                                                    replicate from a running Redis, Valkey or Afterimage
  afterimage-server /etc/redis.conf --loglevel verbose
  echo 'maxmemory 128mb' | afterimage-server -

Talk to it with any Redis client:
  redis-cli -p 6379 set greeting hello
  redis-cli -p 6380 get greeting
";

/// What the process is to do.
#[derive(Debug)]
pub(crate) enum Request {
    Version,
    Help,
    Serve(Box<Launch>),
}

/// The node to start, and its replicas.
#[derive(Debug)]
pub(crate) struct Launch {
    pub(crate) config: Config,
    /// Absolute; empty if there is none.
    pub(crate) config_file: String,
    /// How many replicas to start beside the node.
    pub(crate) replicas: u16,
    /// Where to record what enters them, if it is wanted.
    pub(crate) record: Option<Order>,
}

/// Why a command line cannot be followed, as the operator reads it.
#[derive(Debug)]
pub(crate) struct Refusal(pub(crate) String);

impl From<ConfigError> for Refusal {
    fn from(error: ConfigError) -> Refusal {
        Refusal(format!("\n*** FATAL CONFIG FILE ERROR (Afterimage {}) ***\n{error}", env!("CARGO_PKG_VERSION")))
    }
}

/// Reads the command line without the program's name, and the files it names.
pub(crate) fn parse(mut arguments: Vec<String>) -> Result<Request, Refusal> {
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["-v" | "--version"] => return Ok(Request::Version),
        ["-h" | "--help"] => return Ok(Request::Help),
        _ => {}
    }
    let replicas = take_replicas(&mut arguments)?;
    let record = take_record(&mut arguments)?;
    let reads_stdin = arguments.pop_if(|last| last == "-").is_some();
    let file =
        if arguments.first().is_some_and(|first| !first.starts_with('-')) { Some(arguments.remove(0)) } else { None };
    if let Some(first) = arguments.first().filter(|first| !first.starts_with("--")) {
        return Err(Refusal(format!("Unknown option '{first}'. Try afterimage-server --help.")));
    }
    let config = load_config(file.as_deref(), reads_stdin, &arguments)?;
    let config_file = file.map_or_else(String::new, |file| absolute(&file));
    check_ports(config.port, replicas)?;
    Ok(Request::Serve(Box::new(Launch { config, config_file, replicas, record })))
}

/// The file, then standard input, then the options, each overruling what came before.
fn load_config(file: Option<&str>, reads_stdin: bool, options: &[String]) -> Result<Config, Refusal> {
    let mut config = Config::default();
    if let Some(file) = file {
        let text = fs::read(file)
            .map_err(|error| Refusal(format!("Fatal error, can't open config file '{}': {error}", absolute(file))))?;
        config.parse_file(&text, file, &mut read_included)?;
    }
    if reads_stdin {
        let mut text = Vec::new();
        io::stdin()
            .read_to_end(&mut text)
            .map_err(|error| Refusal(format!("Fatal error, can't read the configuration from stdin: {error}")))?;
        config.parse_file(&text, "stdin", &mut read_included)?;
    }
    config.parse_arguments(options)?;
    config.check()?;
    check_renamed(&config)?;
    Ok(config)
}

/// The text of the files that an `include` line names. As in Redis, a pattern with wildcards may match nothing.
fn read_included(pattern: &str) -> Result<String, String> {
    if !pattern.contains(['*', '?', '[']) {
        return read_text(Path::new(pattern));
    }
    let paths = glob::glob(pattern).map_err(|error| format!("'{pattern}': {error}"))?;
    let mut all = String::new();
    for path in paths {
        all += &read_text(&path.map_err(|error| error.to_string())?)?;
        all.push('\n');
    }
    Ok(all)
}

fn read_text(path: &Path) -> Result<String, String> {
    fs::read_to_string(path)
        .map_err(|error| format!("Fatal error, can't open config file '{}': {error}", path.display()))
}

/// Takes `--replicas N` out of the options.
fn take_replicas(arguments: &mut Vec<String>) -> Result<u16, Refusal> {
    let Some(value) = take_option(arguments, "--replicas") else { return Ok(0) };
    let count = value.and_then(|count| count.parse().ok());
    count.ok_or_else(|| Refusal(format!("--replicas needs a number up to {REPLICAS_MAX}, as in: --replicas 2")))
}

/// Takes `--record FILE` and `--record-limit BYTES` out of the options.
fn take_record(arguments: &mut Vec<String>) -> Result<Option<Order>, Refusal> {
    let limit = match take_option(arguments, "--record-limit") {
        None => RECORD_BYTES_DEFAULT,
        Some(value) => {
            let limit = value.as_deref().and_then(|text| parse_memory(text.as_bytes()));
            limit.and_then(|bytes| u64::try_from(bytes).ok()).filter(|bytes| *bytes >= RECORD_BYTES_MIN).ok_or_else(
                || Refusal("--record-limit needs a number of bytes from 1mb on, as in: --record-limit 4gb".to_owned()),
            )?
        }
    };
    match take_option(arguments, "--record") {
        None => Ok(None),
        Some(Some(file)) if !file.is_empty() && !file.starts_with("--") => {
            Ok(Some(Order { file: absolute(&file).into(), limit }))
        }
        Some(_) => Err(Refusal("--record needs the name of a file, as in: --record incident.rec".to_owned())),
    }
}

/// A minute of a busy server, a day of a quiet one.
const RECORD_BYTES_DEFAULT: u64 = 1 << 30;
/// Less would be gone before anybody looks.
const RECORD_BYTES_MIN: u64 = 1 << 20;

/// Takes an option of our own, which is no directive, and what stands behind it. `Some(None)` if nothing does.
fn take_option(arguments: &mut Vec<String>, name: &str) -> Option<Option<String>> {
    let at = arguments.iter().position(|argument| argument == name)?;
    arguments.remove(at);
    Some((at < arguments.len()).then(|| arguments.remove(at)))
}

/// One process can run many nodes, but not more than there are threads, descriptors and memory for.
const REPLICAS_MAX: u16 = 256;

fn check_ports(port: u16, replicas: u16) -> Result<(), Refusal> {
    if replicas > REPLICAS_MAX {
        return Err(Refusal(format!("--replicas takes at most {REPLICAS_MAX}, not {replicas}")));
    }
    if replicas > 0 && (port == 0 || port.checked_add(replicas).is_none()) {
        return Err(Refusal(format!("--replicas {replicas} needs {replicas} ports after 'port', which is {port}")));
    }
    Ok(())
}

fn absolute(path: &str) -> String {
    std::path::absolute(path).map_or_else(|_| path.to_owned(), |path| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_words(line: &str) -> Result<Request, Refusal> {
        parse(line.split_whitespace().map(str::to_owned).collect())
    }

    fn launch(line: &str) -> Launch {
        match parse_words(line) {
            Ok(Request::Serve(launch)) => *launch,
            other => panic!("{line:?}: {other:?}"),
        }
    }

    fn refusal(line: &str) -> String {
        match parse_words(line) {
            Err(Refusal(text)) => text,
            other => panic!("{line:?}: {other:?}"),
        }
    }

    #[test]
    fn no_arguments_mean_the_defaults() {
        let launch = launch("");
        assert_eq!(launch.config.port, 6379);
        assert_eq!((launch.config_file.as_str(), launch.replicas), ("", 0));
    }

    #[test]
    fn version_and_help_are_asked_for_alone() {
        for (line, is_version) in [("-v", true), ("--version", true), ("-h", false), ("--help", false)] {
            let request = parse_words(line).unwrap();
            assert_eq!(matches!(request, Request::Version), is_version, "{line}");
            assert_eq!(matches!(request, Request::Help), !is_version, "{line}");
        }
    }

    #[test]
    fn replicas_may_stand_anywhere_among_the_options() {
        for line in ["--replicas 2 --port 7000", "--port 7000 --replicas 2"] {
            let launch = launch(line);
            assert_eq!((launch.config.port, launch.replicas), (7000, 2), "{line}");
        }
    }

    #[test]
    fn replicas_must_be_a_number_with_ports_to_listen_on() {
        for line in ["--replicas", "--replicas two", "--replicas -1", "--replicas 70000", "--replicas 257"] {
            assert!(refusal(line).contains("--replicas"), "{line}");
        }
        assert!(refusal("--port 65535 --replicas 1").contains("65535"));
        assert!(refusal("--port 0 --replicas 1").contains("port"));
    }

    #[test]
    fn a_recording_has_a_file_and_a_limit() {
        let order = |line: &str| launch(line).record.map(|order| (order.file, order.limit));
        assert_eq!(order("--port 7000"), None);
        assert_eq!(order("--record /tmp/x --port 7000"), Some(("/tmp/x".into(), 1 << 30)));
        assert_eq!(order("--port 7000 --record-limit 2mb --record /tmp/x"), Some(("/tmp/x".into(), 2 << 20)));
        for line in ["--record", "--record --port 1", "--record x --record-limit 1kb", "--record x --record-limit many"]
        {
            assert!(refusal(line).contains("--record"), "{line}");
        }
        assert_eq!(Order { file: "/tmp/x".into(), limit: 1 }.of_node(7001).file.to_str(), Some("/tmp/x-7001"));
    }

    #[test]
    fn what_is_neither_file_nor_option_is_refused() {
        assert!(refusal("-x").contains("--help"));
        assert!(refusal("--no-such-directive 1").contains("FATAL CONFIG FILE ERROR"));
        assert!(refusal("/nonexistent/redis.conf").contains("can't open config file '/nonexistent/redis.conf'"));
    }
}
