//! CLIENT.

use alloc::string::String;

use crate::command::{CommandError, Outcome};
use crate::port::{ConnId, Effects, Now};
use crate::resp::Args;

use super::super::Node;

/// A connection's name: no blanks, no line ends.
pub(super) fn checked_name(name: &[u8]) -> Result<String, CommandError> {
    if name.iter().any(|b| !(b'!'..=b'~').contains(b)) {
        return Err(CommandError::new("ERR Client names cannot contain spaces, newlines or special characters."));
    }
    Ok(String::from_utf8_lossy(name).into_owned())
}

impl Node {
    pub(super) fn client(&mut self, conn: ConnId, args: Args<'_>, now: Now, effects: &mut Effects) -> Outcome {
        let _ = (args, now, effects);
        if let Some(connection) = self.connection(conn) {
            connection.reply().ok();
        }
        Ok(())
    }
}
