//! TIME, LASTSAVE, BGSAVE, SHUTDOWN, LOLWUT.

use alloc::string::{String, ToString};

use crate::codec::number::parse_i64;
use crate::command::reply_error as reply;
use crate::command::{CommandError, Outcome};
use crate::port::{ConnId, Effects, Level, Now};
use crate::resp::Args;

use super::super::Node;
use super::super::blocked::WaitsFor;
use super::super::lifecycle::Shutdown;

/// The version of Redis that we behave as.
pub(super) const REDIS_VERSION: &str = "7.0.15";

impl Node {
    pub(super) fn time(&mut self, conn: ConnId, now: Now) -> Outcome {
        let Some(connection) = self.connection(conn) else { return Ok(()) };
        let mut reply = connection.reply();
        reply.array(2);
        reply.bulk((now.wall.0 / 1_000_000).to_string().as_bytes());
        reply.bulk((now.wall.0 % 1_000_000).to_string().as_bytes());
        Ok(())
    }

    pub(super) fn last_save(&mut self, conn: ConnId) -> Outcome {
        let seconds = self.storage.last_save_seconds;
        if let Some(connection) = self.connection(conn) {
            connection.reply().int(seconds);
        }
        Ok(())
    }

    pub(super) fn bgsave_command(&mut self, conn: ConnId, args: Args<'_>, now: Now, effects: &mut Effects) -> Outcome {
        let may_schedule = match args.get(1) {
            None => false,
            Some(word) if word.eq_ignore_ascii_case(b"SCHEDULE") && args.len() == 2 => true,
            Some(_) => return Err(reply::SYNTAX),
        };
        let answer = self.bgsave(may_schedule, now, effects)?;
        if let Some(connection) = self.connection(conn) {
            connection.reply().simple(answer);
        }
        Ok(())
    }

    pub(super) fn bgrewriteaof_command(&mut self, conn: ConnId, now: Now, effects: &mut Effects) -> Outcome {
        let answer = self.bgrewriteaof(now, effects)?;
        if let Some(connection) = self.connection(conn) {
            connection.reply().simple(answer);
        }
        Ok(())
    }

    pub(super) fn shutdown_command(
        &mut self,
        conn: ConnId,
        args: Args<'_>,
        now: Now,
        effects: &mut Effects,
    ) -> Outcome {
        let mut shutdown = Shutdown {
            saves: !self.config.save.is_empty(),
            is_forced: false,
            is_past_waiting: false,
            flushes_up_to: None,
        };
        let (mut aborts, mut saves) = (false, None);
        for word in args.iter_from(1) {
            match word.to_ascii_uppercase().as_slice() {
                b"NOSAVE" if saves != Some(true) => saves = Some(false),
                b"SAVE" if saves != Some(false) => saves = Some(true),
                b"NOW" => shutdown.is_past_waiting = true,
                b"FORCE" => shutdown.is_forced = true,
                b"ABORT" => aborts = true,
                _ => return Err(reply::SYNTAX),
            }
        }
        if aborts {
            return if args.len() == 2 { self.abort_shutdown(conn, now, effects) } else { Err(reply::SYNTAX) };
        }
        shutdown.saves = saves.unwrap_or(shutdown.saves);
        self.park(conn, WaitsFor::Shutdown, None, now);
        self.begin_shutdown(shutdown, now, effects);
        Ok(())
    }

    fn abort_shutdown(&mut self, conn: ConnId, now: Now, effects: &mut Effects) -> Outcome {
        let waiting = self.shutdown.filter(|shutdown| !shutdown.is_past_waiting);
        if waiting.is_none() {
            return Err(CommandError::new("ERR No shutdown in progress."));
        }
        self.shutdown = None;
        effects.say(Level::Notice, || "Shutdown manually aborted.".to_string());
        self.give_up_shutdown(now);
        if let Some(connection) = self.connection(conn) {
            connection.reply().ok();
        }
        Ok(())
    }

    /// LOLWUT [VERSION version [width] [height]]: as Redis, a picture for the versions that have one.
    pub(super) fn lolwut(&mut self, conn: ConnId, args: Args<'_>) -> Outcome {
        let has_version = args.len() >= 3 && args[1].eq_ignore_ascii_case(b"VERSION");
        let version = if has_version { lolwut_number(&args[2])? } else { 7 };
        let mut text = String::new();
        if matches!(version, 5 | 6) {
            let size = |index: usize, otherwise: i64, max: i64| match args.get(index) {
                Some(word) => lolwut_number(word).map(|number| number.clamp(1, max) as usize),
                None => Ok(otherwise as usize),
            };
            let (width, height) = (size(3, 66, LOLWUT_WIDTH_MAX)?, size(4, 12, LOLWUT_HEIGHT_MAX)?);
            draw_afterimages(&mut text, width, height);
        }
        text.push_str("What the master was, its image still is. Redis ver. 7.0.15\n");
        if let Some(connection) = self.connection(conn) {
            connection.reply().verbatim(text.as_bytes());
        }
        Ok(())
    }
}

const LOLWUT_WIDTH_MAX: i64 = 1000;
const LOLWUT_HEIGHT_MAX: i64 = 200;

fn lolwut_number(word: &[u8]) -> Result<i64, CommandError> {
    parse_i64(word).ok_or(reply::NOT_AN_INTEGER)
}

/// Rings around a point, each paler than the one before.
fn draw_afterimages(text: &mut String, width: usize, height: usize) {
    const SHADES: &[u8] = b"@#*+=-:. ";
    for y in 0..height {
        for x in 0..width {
            // Letters are twice as high as they are wide.
            let (across, down) = (x.abs_diff(width / 2), 2 * y.abs_diff(height / 2));
            let distance = (across * across + down * down).isqrt();
            let shade = if distance % 3 == 2 { SHADES.len() - 1 } else { (distance / 3).min(SHADES.len() - 1) };
            text.push(char::from(SHADES[shade]));
        }
        text.push('\n');
    }
    text.push('\n');
}
