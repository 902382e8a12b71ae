//! CONFIG.
#![allow(unused_imports)]
use crate::command::Outcome;
use crate::port::{ConnId, Effects, Now};
use crate::resp::Args;

use super::super::Node;

impl Node {
    pub(super) fn config_command(
        &mut self,
        conn: ConnId,
        args: Args<'_>,
        _now: Now,
        _effects: &mut Effects,
    ) -> Outcome {
        let _ = args;
        if let Some(connection) = self.connection(conn) {
            connection.reply().ok();
        }
        Ok(())
    }
}
