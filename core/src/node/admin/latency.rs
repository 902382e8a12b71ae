//! LATENCY: how long commands take, and when one took very long.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::command::{
    Command, Outcome, find, find_numbered, numbered_rows, reply_error as reply, row_number, subcommand,
};
use crate::port::{ConnId, Now};
use crate::resp::Args;

use super::super::Node;
use super::super::gates::full_name;
use super::super::timing::Series;

impl Node {
    pub(super) fn latency(&mut self, conn: ConnId, args: Args<'_>, now: Now) -> Outcome {
        match args[1].to_ascii_lowercase().as_slice() {
            b"latest" => self.latency_latest(conn),
            b"history" => self.latency_history(conn, &args[2]),
            b"graph" => return self.latency_graph(conn, &args[2], now),
            b"doctor" => self.latency_doctor(conn),
            b"histogram" => self.latency_histogram(conn, args.tail(2)),
            b"reset" => {
                let count = self.timing.spikes.reset(args.iter_from(2));
                if let Some(connection) = self.connection(conn) {
                    connection.reply().count(count);
                }
            }
            _ => return find(b"latency").map_or(Ok(()), |container| self.help(conn, container)),
        }
        Ok(())
    }

    fn latency_latest(&mut self, conn: ConnId) {
        let Some(connection) = self.connections.get_mut(conn) else { return };
        let mut reply = connection.reply();
        let events = self.timing.spikes.iter();
        reply.array(events.len());
        for (event, series) in events {
            let (seconds, milliseconds) = series.last().map_or((0, 0), |spike| (spike.seconds, spike.milliseconds));
            reply.array(4);
            reply.bulk(event.as_bytes());
            reply.int(seconds);
            reply.int(milliseconds as i64);
            reply.int(series.max_ms as i64);
        }
    }

    fn latency_history(&mut self, conn: ConnId, event: &[u8]) {
        let Some(connection) = self.connections.get_mut(conn) else { return };
        let mut reply = connection.reply();
        let series = self.timing.spikes.series(event);
        reply.array(series.map_or(0, |series| series.iter().len()));
        for spike in series.into_iter().flat_map(Series::iter) {
            reply.array(2);
            reply.int(spike.seconds);
            reply.int(spike.milliseconds as i64);
        }
    }

    fn latency_graph(&mut self, conn: ConnId, event: &[u8], now: Now) -> Outcome {
        let series = self.timing.spikes.series(event).ok_or_else(|| reply::no_samples(event))?;
        let graph = series.graph(&String::from_utf8_lossy(event), now.wall.seconds());
        if let Some(connection) = self.connection(conn) {
            connection.reply().verbatim(graph.as_bytes());
        }
        Ok(())
    }

    fn latency_doctor(&mut self, conn: ConnId) {
        let lines = self.timing.spikes.iter().zip(1..);
        let mut text: String =
            lines.map(|((event, series), number)| format!("{number}. {event}: {}\n", series.describe())).collect();
        if text.is_empty() {
            text.push_str(match self.config.latency_monitor_threshold {
                0 => "Nothing is watched: CONFIG SET latency-monitor-threshold <milliseconds> switches it on.\n",
                _ => "Nothing took as long as latency-monitor-threshold says.\n",
            });
        }
        if let Some(connection) = self.connection(conn) {
            connection.reply().verbatim(text.as_bytes());
        }
    }

    fn latency_histogram(&mut self, conn: ConnId, names: Args<'_>) {
        let rows: Vec<(u16, String)> = if names.is_empty() {
            numbered_rows().map(|(number, row, container)| (number, full_name(container.unwrap_or(row), row))).collect()
        } else {
            names.iter().flat_map(rows_named).collect()
        };
        let histogram = |number: u16| self.stats.by_command.get(usize::from(number)).map(|stat| &stat.histogram);
        let told: Vec<_> = rows
            .iter()
            .filter_map(|(number, name)| Some((name, histogram(*number)?)))
            .filter(|(_, histogram)| histogram.total() > 0)
            .collect();
        let Some(connection) = self.connections.get_mut(conn) else { return };
        let mut reply = connection.reply();
        reply.map(told.len());
        for (name, histogram) in told {
            let levels = histogram.levels();
            reply.bulk(name.as_bytes());
            reply.map(2);
            reply.bulk(b"calls");
            reply.int(histogram.total() as i64);
            reply.bulk(b"histogram_usec");
            reply.map(levels.len());
            for (microseconds, calls) in levels {
                reply.int(microseconds as i64);
                reply.int(calls as i64);
            }
        }
    }
}

/// The row that is named `get` or `config|get`, with its subcommands, if it has any; none if there is no such row.
fn rows_named(name: &[u8]) -> Vec<(u16, String)> {
    let mut words = name.splitn(2, |&byte| byte == b'|');
    let Some((number, container)) = find_numbered(words.next().unwrap_or_default()) else { return Vec::new() };
    let row = |row: &Command| (row_number(number, container, row), full_name(container, row));
    match words.next() {
        Some(word) => subcommand(container, word).map(row).into_iter().collect(),
        None => core::iter::once(container).chain(container.subcommands).map(row).collect(),
    }
}
