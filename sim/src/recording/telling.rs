//! What happened, call by call, in words?

use std::fmt::Write as _;

use afterimage_core::port::{Action, CloseCause, DiskOp, DiskOutcome, Event, Level};
use afterimage_core::recording::{Call, Input};
use serde::Serialize;

use crate::journal::{Line, Topic, gist};

use super::player::Effect;

/// What has come by, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Calls of the node.
    pub calls: u64,
    /// Connections that were accepted.
    pub accepted: u64,
    /// Pieces of bytes that came in.
    pub received: u64,
    /// In bytes.
    pub received_bytes: u64,
    /// In bytes.
    pub sent_bytes: u64,
    /// Answers of the disk.
    pub disk: u64,
    /// Between the first and the last call, in microseconds.
    pub span_us: u64,
}

/// Tells the calls of a recording one after another.
#[derive(Clone, Debug, Default)]
pub struct Teller {
    /// Also what is said on connections, timers and slices of work.
    is_verbose: bool,
    begun_us: Option<u64>,
    totals: Totals,
}

impl Teller {
    /// One that tells also what is said on connections, timers and slices of work, or not.
    #[must_use]
    pub fn new(is_verbose: bool) -> Teller {
        Teller { is_verbose, ..Teller::default() }
    }

    /// What has come by so far.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// Counts a call. To be asked before its lines are.
    pub fn count(&mut self, call: &Call<'_>) {
        let begun = *self.begun_us.get_or_insert(call.now.mono.0);
        self.totals.calls += 1;
        self.totals.span_us = self.totals.span_us.max(call.now.mono.0.saturating_sub(begun));
        match &call.input {
            Input::Accept(_) => self.totals.accepted += 1,
            Input::Event(Event::Received { bytes, .. }) => {
                self.totals.received += 1;
                self.totals.received_bytes += bytes.len() as u64;
            }
            Input::Event(Event::Disk { .. }) => self.totals.disk += 1,
            Input::Sent { count, .. } => self.totals.sent_bytes += *count as u64,
            _ => {}
        }
    }

    /// Since the first call, in microseconds.
    #[must_use]
    pub fn time_of(&self, call: &Call<'_>) -> u64 {
        call.now.mono.0.saturating_sub(self.begun_us.unwrap_or(call.now.mono.0))
    }

    /// The lines about a call, and about what came of it if that is known.
    #[must_use]
    pub fn lines(&self, call: &Call<'_>, effect: Option<&Effect<'_>>) -> Vec<Line> {
        let at_us = self.time_of(call);
        let said = self.input(call, effect).into_iter();
        let done = effect.map_or(&[][..], |effect| effect.actions).iter().filter_map(|action| self.action(action));
        let number = call.number;
        said.chain(done).map(|(topic, text)| Line { at_us, topic, text: format!("#{number}  {text}") }).collect()
    }

    fn input(&self, call: &Call<'_>, effect: Option<&Effect<'_>>) -> Option<(Topic, String)> {
        Some(match &call.input {
            Input::Start(start) => {
                let pid = start.source.process_id;
                (Topic::Life, format!("starts: pid {pid}, seed {:016x}", start.seed))
            }
            Input::Accept(peer) => {
                let conn = effect.and_then(|effect| effect.conn).map_or_else(String::new, |conn| format!("{conn} "));
                let whom = if peer.is_unix_socket() { "a Unix socket".to_owned() } else { peer.remote.to_string() };
                (Topic::Link, format!("{conn}accepted from {whom}"))
            }
            Input::Event(event) => return self.event(event),
            Input::Work { units } if self.is_verbose => (Topic::Event, format!("works, {units} units")),
            Input::Sent { conn, count } if self.is_verbose => (Topic::Bytes, format!("{conn} <- {count} bytes")),
            Input::Work { .. } | Input::Sent { .. } => return None,
        })
    }

    fn event(&self, event: &Event<'_>) -> Option<(Topic, String)> {
        Some(match event {
            Event::Received { conn, bytes } => {
                let mut text = format!("{conn} -> {} bytes", bytes.len());
                if self.is_verbose {
                    let _ = write!(text, "  {}", gist(bytes));
                }
                (Topic::Bytes, text)
            }
            Event::Closed { conn, cause: CloseCause::Eof } => (Topic::Link, format!("{conn} closed by the peer")),
            Event::Closed { conn, cause: CloseCause::Reset } => (Topic::Link, format!("{conn} reset")),
            Event::Dialled { conn, outcome: Ok(peer) } => (Topic::Link, format!("{conn} stands, to {}", peer.remote)),
            Event::Dialled { conn, outcome: Err(failure) } => (Topic::Link, format!("{conn} not dialled: {failure}")),
            Event::Timers if self.is_verbose => (Topic::Event, "timers".to_owned()),
            Event::Timers => return None,
            Event::Disk { ticket, outcome } => (Topic::Life, format!("disk {}: {}", ticket.0, outcome_words(outcome))),
            Event::Listening { outcome: Ok(()) } => (Topic::Life, "listens elsewhere".to_owned()),
            Event::Listening { outcome: Err(_) } => (Topic::Life, "cannot listen elsewhere".to_owned()),
            Event::Signal(signal) => (Topic::Operator, format!("signal {signal:?}")),
        })
    }

    fn action(&self, action: &Action) -> Option<(Topic, String)> {
        Some(match action {
            Action::OutputReady(_) => return None,
            Action::Dial { conn, host, port } => (Topic::Link, format!("{conn} dials {host}:{port}")),
            Action::Close(conn) => (Topic::Link, format!("{conn} closed by us")),
            Action::PauseReading(conn) => (Topic::Link, format!("{conn} not read for now")),
            Action::ResumeReading(conn) => (Topic::Link, format!("{conn} read again")),
            Action::CollectOutput(conn) => (Topic::Link, format!("{conn} sends larger pieces")),
            Action::Disk { ticket, op } => (Topic::Life, format!("disk {}? {}", ticket.0, op_words(op))),
            Action::Listen { bind, port } => (Topic::Life, format!("wants to listen at {} {port}", bind.join(" "))),
            Action::Note(note) => {
                let mark = match note.level() {
                    Level::Debug => '.',
                    Level::Verbose => '-',
                    Level::Notice => '*',
                    Level::Warning => '#',
                };
                (Topic::Node, format!("{mark} {note}"))
            }
            Action::Sleep(duration) => (Topic::Life, format!("stands still for {duration:?}")),
            Action::ReleaseMemory => (Topic::Life, "gives memory back".to_owned()),
            Action::Exit(code) => (Topic::Life, format!("ends: {code:?}")),
        })
    }
}

fn op_words(op: &DiskOp) -> String {
    match op {
        DiskOp::Create { file } => format!("create {file}"),
        DiskOp::Append { file, bytes } => format!("append {} bytes to {file}", bytes.len()),
        DiskOp::Sync { file } => format!("sync {file}"),
        DiskOp::Rename { from, to } => format!("rename {from} to {to}"),
        DiskOp::SyncDirectory { directory } => format!("sync directory {directory}"),
        DiskOp::CreateDirectory { directory } => format!("create directory {directory}"),
        DiskOp::Truncate { file, len } => format!("cut {file} to {len} bytes"),
        DiskOp::WriteAgain { file, from } => format!("write {file} again from {from}"),
        DiskOp::Remove { file } => format!("remove {file}"),
        DiskOp::Read { file, offset, len } => format!("read {file} from {offset}, {len} bytes"),
        DiskOp::List { directory } => format!("list {directory}"),
        DiskOp::EnterDirectory { path } => format!("enter {path}"),
        DiskOp::ReadConfig => "read the configuration file".to_owned(),
        DiskOp::ReplaceConfig { text } => format!("replace the configuration file, {} bytes", text.len()),
    }
}

fn outcome_words(outcome: &DiskOutcome) -> String {
    match outcome {
        DiskOutcome::Done => "done".to_owned(),
        DiskOutcome::Bytes(bytes) => format!("{} bytes", bytes.len()),
        DiskOutcome::Listed(files) => format!("{} files", files.len()),
        DiskOutcome::Entered(path) => format!("in {path}"),
        DiskOutcome::Failed(failure) => format!("failed: {failure}"),
    }
}
