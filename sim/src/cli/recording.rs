//! `replay-recording` and `replay-capture`: which file, and which part of it.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

use super::Seconds;

/// What `replay-recording` is told.
#[derive(Debug, Args)]
pub(crate) struct RecordingArguments {
    /// The recording, or one of its older parts; the other parts are found beside it
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Tell what happens, one line each: connections, bytes, files, the node's own log
    #[arg(long)]
    pub(crate) log: bool,
    /// Tell of every call, and what was said
    #[arg(short, long, requires = "log")]
    pub(crate) verbose: bool,
    /// Tell what happens, as --log does, from this call on, or from so many seconds (`12.5s`)
    #[arg(long, value_name = "CALL | SECONDSs")]
    pub(crate) from: Option<Place>,
    /// Stop behind this call, or after so many seconds (`12.5s`)
    #[arg(long, value_name = "CALL | SECONDSs")]
    pub(crate) until: Option<Place>,
    /// Ask the node for something where it stops, as `INFO replication`; may be given several times
    #[arg(long, value_name = "COMMAND")]
    pub(crate) ask: Vec<String>,
    /// One JSON object per line instead of words
    #[arg(long)]
    pub(crate) json: bool,
}

/// A call of a recording, or a time since its beginning in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Call(u64),
    Time(u64),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Place, String> {
        if text.ends_with('s') || text.contains('.') {
            return text.parse().map(|Seconds(micros)| Place::Time(micros));
        }
        text.parse()
            .map(Place::Call)
            .map_err(|error| format!("`{text}` is neither a call nor a time (`12.5s`): {error}"))
    }
}

/// What `replay-capture` is told.
#[derive(Debug, Args)]
pub(crate) struct CaptureArguments {
    /// The capture
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Tell what happens, line by line
    #[arg(long)]
    pub(crate) log: bool,
    /// Alter this byte, counted from 0 over all that was said
    #[arg(long, value_name = "N", conflicts_with = "sweep")]
    pub(crate) flip: Option<usize>,
    /// Alter one byte of so many, each once, and print which check has found how many of them
    #[arg(long, value_name = "N", conflicts_with = "log", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) sweep: Option<u32>,
    /// The bits that flip in an altered byte
    #[arg(long, value_name = "BITS", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..))]
    pub(crate) bits: u8,
    /// One JSON object (per line, with --log) instead of words
    #[arg(long)]
    pub(crate) json: bool,
}
