//! HELP of the containers whose subcommands see the whole node.

use crate::command::{Command, Outcome, reply_help};
use crate::port::ConnId;

use super::super::Node;

impl Node {
    /// HELP of a container of commands.
    pub(super) fn help(&mut self, conn: ConnId, container: &'static Command) -> Outcome {
        if let Some(connection) = self.connection(conn) {
            reply_help(&mut connection.reply(), container.name);
        }
        Ok(())
    }
}
