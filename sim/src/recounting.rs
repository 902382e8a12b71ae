//! How is a recording of a real server run again, and told?

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::time::Duration;

use afterimage_core::node::{Probe, Role};
use afterimage_core::recording::{BUILD, Call, Calls, Malformed};
use afterimage_sim::Clock;
use afterimage_sim::recording::{Divergence, LeftOut, Part, Player, Recording, Stop, Teller, Totals};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::cli::{Place, RecordingArguments};
use crate::to_json;

/// Runs a recording and tells of it. True if everything came out as it was recorded.
///
/// # Errors
///
/// If it cannot be read, or nobody reads what is told.
pub(crate) fn replay(arguments: &RecordingArguments, out: &mut impl Write) -> io::Result<bool> {
    check_order(arguments)?;
    let recording = Recording::find(&arguments.file)?;
    let runs = recording.has_beginning();
    let mut run = Run {
        arguments,
        teller: Teller::new(arguments.verbose),
        player: runs.then(Player::default),
        stop: None,
        divergence: None,
        next_call: None,
        is_cut_short: false,
        bar: bar(&recording),
    };
    run.introduce(&recording, out)?;
    let began = cpu_time::ThreadTime::now();
    recording.read(&mut |part| run.take(part, out))?;
    run.bar.finish_and_clear();
    run.conclude(&recording, began.elapsed(), out)
}

/// What lies before `--from` is not told, and what lies behind `--until` is not reached.
fn check_order(arguments: &RecordingArguments) -> io::Result<()> {
    let words = match (arguments.from, arguments.until) {
        (Some(Place::Call(from)), Some(Place::Call(until))) if from > until => {
            format!("--from {from} lies behind --until {until}")
        }
        (Some(Place::Time(from)), Some(Place::Time(until))) if from > until => {
            format!("--from {}s lies behind --until {}s", from as f64 / 1e6, until as f64 / 1e6)
        }
        _ => return Ok(()),
    };
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{words}: there would be nothing to tell")))
}

struct Run<'a> {
    arguments: &'a RecordingArguments,
    teller: Teller,
    /// `None` if its beginning is gone.
    player: Option<Player>,
    stop: Option<Stop>,
    divergence: Option<Divergence>,
    /// The number that the next call must have.
    next_call: Option<u64>,
    /// By `--until`.
    is_cut_short: bool,
    bar: ProgressBar,
}

/// The last line for programs.
#[derive(Serialize)]
struct Told<'a> {
    build: &'a str,
    own_build: &'a str,
    identical: bool,
    executed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    divergence: Option<String>,
    stop: Option<String>,
    /// Something before the end cannot be read, or is missing: `identical` speaks of what could be read.
    damaged: bool,
    left_out_bytes: u64,
    left_out_files: Vec<String>,
    bytes: u64,
    files: usize,
    #[serde(flatten)]
    totals: Totals,
    cpu_us: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<End>,
    answers: Vec<String>,
}

/// Where the node stands at the end.
#[derive(Serialize)]
struct End {
    role: &'static str,
    history: String,
    offset: u64,
    keys: u64,
    data_digest: String,
}

impl End {
    fn of(probe: &Probe) -> End {
        End {
            role: if probe.role == Role::Master { "master" } else { "replica" },
            history: probe.position.history.to_string(),
            offset: probe.position.offset,
            keys: probe.keys,
            data_digest: format!("{:016x}", probe.digest),
        }
    }
}

impl Run<'_> {
    fn introduce(&self, recording: &Recording, out: &mut impl Write) -> io::Result<()> {
        if self.arguments.json {
            return Ok(());
        }
        let head = recording.head();
        let kind = if head.is_debug { "a debug build" } else { "a release build" };
        writeln!(out, "Recording of port {} by {}, {kind}", head.port, head.build)?;
        if head.build != BUILD {
            writeln!(out, "This is {BUILD}: another engine, which may do other things.")?;
        }
        if let Some(first) = recording.first_file_of_older() {
            let (named, files) = (self.arguments.file.display(), recording.files());
            writeln!(out, "{named} is one of {files} files of it, which is read from {} on.", first.display())?;
        }
        if self.player.is_none() {
            writeln!(out, "It can be told (--log), but not run again: {}.", why_not_run(recording))?;
        }
        Ok(())
    }

    fn take(&mut self, part: Part<'_>, out: &mut impl Write) -> io::Result<ControlFlow<()>> {
        let (first_call, bytes, stored_bytes, path, offset) = match part {
            Part::Stop(stop) => {
                self.stop = Some(stop);
                return Ok(ControlFlow::Break(()));
            }
            Part::Calls { first_call, bytes, stored_bytes, path, offset } => {
                (first_call, bytes, stored_bytes, path, offset)
            }
        };
        self.bar.inc(stored_bytes as u64);
        if let Some(expected) = self.next_call.filter(|expected| *expected != first_call) {
            self.stop = Some(Stop::Gap { path: path.to_owned(), offset, expected, found: first_call });
            return Ok(ControlFlow::Break(()));
        }
        let malformed = |Malformed| io::Error::new(io::ErrorKind::InvalidData, "this format has no such contents");
        let calls = Calls::new(bytes, first_call).map_err(malformed)?;
        if let Some(player) = &self.player
            && let Err(divergence) = player.check_chunk(first_call, calls.digest())
        {
            self.divergence = Some(divergence);
            return Ok(ControlFlow::Break(()));
        }
        for call in calls {
            let call = call.map_err(malformed)?;
            self.next_call = Some(call.number + 1);
            if self.make(&call, out)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn make(&mut self, call: &Call<'_>, out: &mut impl Write) -> io::Result<ControlFlow<()>> {
        let at_us = self.teller.time_of(call);
        if self.arguments.until.is_some_and(|until| until.is_before(call.number, at_us)) {
            self.is_cut_short = true;
            return Ok(ControlFlow::Break(()));
        }
        self.teller.count(call);
        let at_us = self.teller.time_of(call);
        if call.check.is_none() && !self.arguments.json {
            writeln!(out, "The recording ends within call {}: if this ends here, so did the node.", call.number)?;
            out.flush()?;
        }
        let is_told = (self.arguments.log || self.arguments.from.is_some())
            && self.arguments.from.is_none_or(|from| !from.is_after(call.number, at_us));
        let Some(player) = &mut self.player else {
            if is_told {
                tell(&self.teller.lines(call, None), self.arguments.json, out)?;
            }
            return Ok(ControlFlow::Continue(()));
        };
        let (effect, verdict) = player.play(call);
        if is_told || verdict.is_err() {
            tell(&self.teller.lines(call, Some(&effect)), self.arguments.json, out)?;
        }
        match verdict {
            Ok(()) => Ok(ControlFlow::Continue(())),
            Err(divergence) => {
                self.divergence = Some(divergence);
                Ok(ControlFlow::Break(()))
            }
        }
    }

    fn conclude(self, recording: &Recording, cpu: Duration, out: &mut impl Write) -> io::Result<bool> {
        let is_identical = self.player.is_some() && self.divergence.is_none();
        let left_out = self.stop.as_ref().map(|stop| recording.left_out(stop)).transpose()?.unwrap_or_default();
        let is_all = left_out.is_nothing();
        let totals = self.teller.totals();
        let answers: Vec<(String, Vec<u8>)> = match &self.player {
            Some(player) => self.arguments.ask.iter().map(|line| (line.clone(), player.ask(line))).collect(),
            None => Vec::new(),
        };
        let end = self.player.as_ref().and_then(Player::node).map(|node| {
            let mut node = node.clone();
            node.enable_audit();
            End::of(&node.probe())
        });
        if self.arguments.json {
            let told = Told {
                build: &recording.head().build,
                own_build: BUILD,
                identical: is_identical,
                executed: self.player.is_some(),
                divergence: self.divergence.as_ref().map(ToString::to_string),
                stop: self.stop.as_ref().map(ToString::to_string),
                damaged: !is_all,
                left_out_bytes: left_out.bytes,
                left_out_files: left_out.files.iter().map(|path| path.display().to_string()).collect(),
                bytes: recording.bytes(),
                files: recording.files(),
                totals,
                cpu_us: u64::try_from(cpu.as_micros()).unwrap_or(u64::MAX),
                end,
                answers: answers.iter().map(|(_, reply)| String::from_utf8_lossy(reply).into_owned()).collect(),
            };
            writeln!(out, "{}", to_json(&told))?;
            return Ok(is_identical && is_all);
        }
        for (line, reply) in &answers {
            writeln!(out, "> {line}\n{}", String::from_utf8_lossy(reply).trim_end())?;
        }
        write_totals(recording, totals, cpu, out)?;
        if let Some(End { role, history, offset, keys, data_digest }) = end {
            writeln!(out, "  at the end: {role}, history {history}, offset {offset}, {keys} keys, data {data_digest}")?;
        }
        match (&self.stop, self.is_cut_short) {
            (Some(stop), _) => writeln!(out, "  it ends there: {stop}")?,
            (None, true) => writeln!(out, "  stopped there, as asked for")?,
            (None, false) => {}
        }
        if !is_all {
            writeln!(out, "DAMAGED: not read are {left_out}")?;
        }
        self.write_verdict(recording, &left_out, out)?;
        Ok(is_identical && is_all)
    }

    fn write_verdict(&self, recording: &Recording, left_out: &LeftOut, out: &mut impl Write) -> io::Result<()> {
        let calls = self.teller.totals().calls;
        let build = &recording.head().build;
        match &self.divergence {
            Some(divergence) => {
                writeln!(out, "DIVERGES at {divergence}")?;
                if build != BUILD {
                    writeln!(out, "The recording is by another build: {build}, and this is {BUILD}.")?;
                }
                Ok(())
            }
            None if self.player.is_none() => writeln!(out, "not run: {}", why_not_run(recording)),
            None if left_out.is_nothing() => writeln!(out, "identical: all {calls} calls came out as recorded"),
            None => {
                writeln!(out, "identical up to there: {calls} calls came out as recorded, and the rest was not run")
            }
        }
    }
}

/// Of a recording that does not begin with its beginning.
fn why_not_run(recording: &Recording) -> String {
    recording.what_became_of_beginning().unwrap_or_else(|| {
        let megabytes = recording.needed_limit().div_ceil(1 << 20);
        format!("its beginning was removed, and to keep that would have taken --record-limit {megabytes}mb")
    })
}

fn write_totals(recording: &Recording, totals: Totals, cpu: Duration, out: &mut impl Write) -> io::Result<()> {
    let Totals { calls, accepted, received, received_bytes, sent_bytes, disk, span_us } = totals;
    writeln!(out, "{calls} calls in {} of {} files, {} bytes", Clock(span_us), recording.files(), recording.bytes())?;
    writeln!(
        out,
        "  {accepted} connections accepted, {received_bytes} bytes received in {received} pieces, {sent_bytes} bytes sent, {disk} answers of the disk"
    )?;
    let seconds = cpu.as_secs_f64();
    let times = span_us as f64 / 1e6 / seconds.max(1e-6);
    writeln!(out, "  {seconds:.3} s of CPU time, {times:.1} times as fast as it was recorded")
}

fn tell(lines: &[afterimage_sim::Line], json: bool, out: &mut impl Write) -> io::Result<()> {
    lines.iter().try_for_each(|line| if json { writeln!(out, "{}", to_json(line)) } else { writeln!(out, "{line}") })
}

/// Shown where somebody watches.
fn bar(recording: &Recording) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {eta}").expect("the template is well-formed");
    ProgressBar::new(recording.bytes()).with_style(style)
}

impl Place {
    /// It lies before this call.
    fn is_before(self, call: u64, at_us: u64) -> bool {
        match self {
            Place::Call(number) => number < call,
            Place::Time(time_us) => time_us < at_us,
        }
    }

    /// It lies behind this call.
    fn is_after(self, call: u64, at_us: u64) -> bool {
        match self {
            Place::Call(number) => number > call,
            Place::Time(time_us) => time_us > at_us,
        }
    }
}

#[cfg(test)]
mod tests;
