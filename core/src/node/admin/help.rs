//! HELP of every container: made from the same rows that carry the subcommands out.

use alloc::format;

use crate::command::{Command, Outcome};
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
        let Some(connection) = self.connection(conn) else { return Ok(()) };
        let mut reply = connection.reply();
        reply.array(1 + 2 * rows.len());
        reply.simple(&format!("{} <subcommand> [<arg> ...]. Subcommands are:", container.to_uppercase()));
        for (name, summary) in rows {
            reply.simple(&name.to_uppercase());
            reply.simple(&format!("    {summary}."));
        }
        Ok(())
    }
}
