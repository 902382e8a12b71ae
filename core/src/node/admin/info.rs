//! INFO: which sections are told, and how their rows are printed. The rows are in the files below, a table for each section.

mod memory;
mod process;
mod replication;
mod traffic;

use alloc::format;
use alloc::string::{String, ToString};

use crate::command::Outcome;
use crate::port::{ConnId, Now};
use crate::resp::Args;

use super::super::Node;
use super::super::memory::Report;

/// What rows are computed from.
struct View<'a> {
    node: &'a Node,
    memory: Report,
    now: Now,
}

/// One row of the table.
enum Row {
    /// A field; none if it does not apply now.
    Field(&'static str, fn(&View<'_>) -> Option<String>),
    /// Fields whose number or names depend on what there is.
    Fields(fn(&View<'_>, &mut Text)),
}

/// A section: its name, whether it is told unasked, and its rows.
struct Section {
    name: &'static str,
    is_default: bool,
    rows: &'static [Row],
}

/// In the order in which they are printed.
const SECTIONS: &[Section] = &[
    Section { name: "Server", is_default: true, rows: process::SERVER },
    Section { name: "Clients", is_default: true, rows: process::CLIENTS },
    Section { name: "Memory", is_default: true, rows: memory::MEMORY },
    Section { name: "Persistence", is_default: true, rows: process::PERSISTENCE },
    Section { name: "Stats", is_default: true, rows: traffic::STATS },
    Section { name: "Replication", is_default: true, rows: replication::REPLICATION },
    Section { name: "CPU", is_default: true, rows: process::CPU },
    Section { name: "Modules", is_default: true, rows: &[] },
    Section { name: "Commandstats", is_default: false, rows: traffic::COMMANDSTATS },
    Section { name: "Errorstats", is_default: true, rows: traffic::ERRORSTATS },
    Section { name: "Latencystats", is_default: false, rows: traffic::LATENCYSTATS },
    Section { name: "Cluster", is_default: true, rows: process::CLUSTER },
    Section { name: "Keyspace", is_default: true, rows: traffic::KEYSPACE },
];

/// Lines of `name:value`.
#[derive(Default)]
struct Text(String);

impl Text {
    fn line(&mut self, name: &str, value: &str) {
        self.0.push_str(name);
        self.0.push(':');
        // A value that came from outside must not begin a line of its own.
        self.0.extend(value.chars().map(|c| if c == '\r' || c == '\n' { ' ' } else { c }));
        self.0.push_str("\r\n");
    }

    fn section(&mut self, section: &Section, view: &View<'_>) {
        if !self.0.is_empty() {
            self.0.push_str("\r\n");
        }
        self.0.push_str("# ");
        self.0.push_str(section.name);
        self.0.push_str("\r\n");
        for row in section.rows {
            match row {
                Row::Field(name, value) => {
                    if let Some(value) = value(view) {
                        self.line(name, &value);
                    }
                }
                Row::Fields(print) => print(view, self),
            }
        }
    }
}

/// What part is of the whole, with two digits behind the point; zero while the whole is not known.
fn percentage(part: u64, whole: u64) -> String {
    let share = if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
    format!("{:.2}", share * 100.0)
}

/// A value that is always there.
fn some(value: impl ToString) -> Option<String> {
    Some(value.to_string())
}

/// The count of something that does not happen here.
fn zero(_: &View<'_>) -> Option<String> {
    some(0)
}

/// True if the words of a request ask for a section.
fn is_wanted(section: &Section, words: Args<'_>) -> bool {
    let asks = |word: &[u8]| match word.to_ascii_lowercase().as_slice() {
        b"all" => section.name != "Modules",
        b"everything" => true,
        b"default" => section.is_default,
        name => name.eq_ignore_ascii_case(section.name.as_bytes()),
    };
    if words.is_empty() { section.is_default } else { words.iter().any(asks) }
}

impl Node {
    pub(super) fn info(&mut self, conn: ConnId, args: Args<'_>, now: Now) -> Outcome {
        let memory = self.memory_report();
        let view = View { node: self, memory, now };
        let mut text = Text::default();
        for section in SECTIONS.iter().filter(|section| is_wanted(section, args.tail(1))) {
            text.section(section, &view);
        }
        if let Some(connection) = self.connection(conn) {
            connection.reply().verbatim(text.0.as_bytes());
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "info_tests.rs"]
mod tests;
