//! HELP of every container: made from the same rows that carry the subcommands out.

use crate::command::{Command, Outcome, reply_help};
use crate::port::ConnId;

use super::super::Node;

impl Node {
    /// HELP of a container of commands.
    pub(super) fn help(&mut self, conn: ConnId, container: &'static Command) -> Outcome {
        let rows = container.subcommands.iter().map(|row| (row.name, row.summary));
        self.help_of(conn, container.name, rows)
    }

    /// HELP of subcommands that are given as names and summaries.
    pub(super) fn help_of<'a>(
        &mut self,
        conn: ConnId,
        container: &str,
        rows: impl ExactSizeIterator<Item = (&'a str, &'a str)>,
    ) -> Outcome {
        if let Some(connection) = self.connection(conn) {
            reply_help(&mut connection.reply(), container, rows);
        }
        Ok(())
    }
}
