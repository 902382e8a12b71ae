//! CLIENT: what a connection asks about itself and about others, except the line that describes one ([`client_line`](super::client_line)) and waits
//! ([`client_wait`](super::client_wait)).

use alloc::string::String;
use alloc::vec::Vec;

use crate::codec::number::parse_i64;
use crate::command::reply_error as reply;
use crate::command::{CommandError, Outcome, find};
use crate::port::{ConnId, Effects, Now};
use crate::resp::Args;

use super::super::Node;
use super::super::connection::{Connection, Kind};

/// A connection's name: no blanks, no line ends.
pub(super) fn checked_name(name: &[u8]) -> Result<String, CommandError> {
    if name.iter().any(|b| !(b'!'..=b'~').contains(b)) {
        return Err(CommandError::new("ERR Client names cannot contain spaces, newlines or special characters."));
    }
    Ok(String::from_utf8_lossy(name).into_owned())
}

/// The classes of connections that TYPE tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Normal,
    Replica,
    Master,
    /// It listens to something.
    Pubsub,
}

impl Class {
    fn parse(name: &[u8]) -> Result<Class, CommandError> {
        match name.to_ascii_lowercase().as_slice() {
            b"normal" => Ok(Class::Normal),
            b"slave" | b"replica" => Ok(Class::Replica),
            b"master" => Ok(Class::Master),
            b"pubsub" => Ok(Class::Pubsub),
            _ => Err(reply::unknown_client_type(name)),
        }
    }

    fn of(connection: &Connection) -> Class {
        match connection.kind {
            Kind::Client if connection.is_listener() => Class::Pubsub,
            Kind::Client => Class::Normal,
            Kind::Replica(_) => Class::Replica,
            Kind::Master => Class::Master,
        }
    }
}

/// Which connections KILL is about: those that every part agrees with.
#[derive(Default)]
struct Filter {
    id: Option<u64>,
    address: Option<String>,
    local_address: Option<String>,
    class: Option<Class>,
    spares_master: bool,
    spares: Option<ConnId>,
}

impl Filter {
    fn parse(conn: ConnId, args: Args<'_>) -> Result<Filter, CommandError> {
        let mut filter = Filter { spares: Some(conn), ..Filter::default() };
        if !args.len().is_multiple_of(2) {
            return Err(reply::SYNTAX);
        }
        for at in (2..args.len()).step_by(2) {
            let value = &args[at + 1];
            match args[at].to_ascii_lowercase().as_slice() {
                b"id" => {
                    let id = parse_i64(value).and_then(|id| u64::try_from(id).ok()).filter(|id| *id > 0);
                    filter.id = Some(id.ok_or(reply::CLIENT_ID_NOT_POSITIVE)?);
                }
                b"addr" => filter.address = Some(String::from_utf8_lossy(value).into_owned()),
                b"laddr" => filter.local_address = Some(String::from_utf8_lossy(value).into_owned()),
                b"type" => filter.class = Some(Class::parse(value)?),
                // There is one user, and it is everybody but our master.
                b"user" if value == b"default" => filter.spares_master = true,
                b"user" => return Err(reply::no_such_user(value)),
                b"skipme" => match value.to_ascii_lowercase().as_slice() {
                    b"yes" => filter.spares = Some(conn),
                    b"no" => filter.spares = None,
                    _ => return Err(reply::SYNTAX),
                },
                _ => return Err(reply::SYNTAX),
            }
        }
        Ok(filter)
    }

    fn accepts(&self, connection: &Connection) -> bool {
        self.spares != Some(connection.id)
            && !(self.spares_master && Class::of(connection) == Class::Master)
            && self.id.is_none_or(|id| id == connection.client_id)
            && self.class.is_none_or(|class| class == Class::of(connection))
            && self.address.as_ref().is_none_or(|address| *address == connection.address())
            && self.local_address.as_ref().is_none_or(|address| *address == connection.local_address())
    }
}

impl Node {
    pub(super) fn client(&mut self, conn: ConnId, args: Args<'_>, now: Now, effects: &mut Effects) -> Outcome {
        match args[1].to_ascii_lowercase().as_slice() {
            b"id" => self.client_id(conn),
            b"getname" => self.client_name(conn),
            b"setname" => self.set_client_name(conn, &args[2]),
            b"setinfo" => self.set_client_info(conn, &args[2], &args[3]),
            b"info" => {
                let line = self.connections.get(conn).map_or_else(String::new, |own| self.client_line(own, now));
                self.answer_text(conn, &line)
            }
            b"list" => self.client_list(conn, args, now),
            b"kill" if args.len() == 3 => self.kill_by_address(conn, &args[2], now, effects),
            b"kill" => self.kill_by_filter(conn, args, now, effects),
            b"reply" => self.client_reply(conn, &args[2]),
            b"pause" => self.client_pause(conn, args, now),
            b"unpause" => self.client_unpause(conn, now),
            b"unblock" => self.client_unblock(conn, args),
            b"no-evict" => self.client_no_evict(conn, &args[2]),
            b"tracking" => self.client_tracking(conn, args),
            b"caching" => self.client_caching(conn, &args[2]),
            b"trackinginfo" => self.client_tracking_info(conn),
            b"getredir" => self.client_getredir(conn),
            _ => find(b"client").map_or(Ok(()), |container| self.help(conn, container)),
        }
    }

    fn client_id(&mut self, conn: ConnId) -> Outcome {
        if let Some(connection) = self.connection(conn) {
            let id = i64::try_from(connection.client_id).unwrap_or(i64::MAX);
            connection.reply().int(id);
        }
        Ok(())
    }

    fn client_name(&mut self, conn: ConnId) -> Outcome {
        let Some(connection) = self.connection(conn) else { return Ok(()) };
        let name = connection.name.clone();
        match name.as_str() {
            "" => connection.reply().null(),
            name => connection.reply().bulk(name.as_bytes()),
        }
        Ok(())
    }

    fn set_client_name(&mut self, conn: ConnId, name: &[u8]) -> Outcome {
        let name = checked_name(name)?;
        let Some(connection) = self.connection(conn) else { return Ok(()) };
        connection.name = name;
        connection.reply().ok();
        Ok(())
    }

    fn set_client_info(&mut self, conn: ConnId, attribute: &[u8], value: &[u8]) -> Outcome {
        let is_clean = value.iter().all(|b| (b'!'..=b'~').contains(b));
        let Some(connection) = self.connection(conn) else { return Ok(()) };
        let (name, field) = match attribute.to_ascii_lowercase().as_slice() {
            b"lib-name" => ("lib-name", &mut connection.library_name),
            b"lib-ver" => ("lib-ver", &mut connection.library_version),
            _ => return Err(reply::unrecognized_option(attribute)),
        };
        if !is_clean {
            return Err(reply::unclean_client_info(name));
        }
        *field = String::from_utf8_lossy(value).into_owned();
        connection.reply().ok();
        Ok(())
    }

    fn answer_text(&mut self, conn: ConnId, text: &str) -> Outcome {
        if let Some(connection) = self.connection(conn) {
            connection.reply().verbatim(text.as_bytes());
        }
        Ok(())
    }

    /// What counts as a client, in the order in which they came. A link to our master counts once it stands.
    pub(super) fn listed_connections(&self) -> Vec<&Connection> {
        let master = self.follow.as_ref().filter(|follow| follow.is_online()).and_then(|follow| follow.conn());
        let is_listed =
            |connection: &&Connection| !matches!(connection.kind, Kind::Master) || master == Some(connection.id);
        let mut listed: Vec<&Connection> = self.connections.iter().filter(is_listed).collect();
        listed.sort_unstable_by_key(|connection| connection.client_id);
        listed
    }

    fn client_list(&mut self, conn: ConnId, args: Args<'_>, now: Now) -> Outcome {
        let (mut class, mut ids) = (None, None);
        match args.get(2).map(<[u8]>::to_ascii_lowercase).as_deref() {
            None => {}
            Some(b"type") if args.len() == 4 => class = Some(Class::parse(&args[3])?),
            Some(b"id") if args.len() > 3 => {
                let wanted = args.iter_from(3).map(|id| parse_i64(id).and_then(|id| u64::try_from(id).ok()));
                ids = Some(wanted.collect::<Option<Vec<u64>>>().ok_or(reply::INVALID_CLIENT_ID)?);
            }
            Some(_) => return Err(reply::SYNTAX),
        }
        let mut text = String::new();
        for connection in self.listed_connections() {
            let is_wanted = class.is_none_or(|class| class == Class::of(connection))
                && ids.as_ref().is_none_or(|ids| ids.contains(&connection.client_id));
            if is_wanted {
                text.push_str(&self.client_line(connection, now));
            }
        }
        self.answer_text(conn, &text)
    }

    /// `CLIENT KILL ip:port`, as before Redis 2.8.12: it may be the caller itself.
    fn kill_by_address(&mut self, conn: ConnId, address: &[u8], now: Now, effects: &mut Effects) -> Outcome {
        let listed = self.listed_connections();
        let found = listed.iter().find(|connection| connection.address().as_bytes() == address);
        let victim = found.map(|connection| connection.id).ok_or(reply::NO_SUCH_CLIENT)?;
        if let Some(connection) = self.connection(conn) {
            connection.reply().ok();
        }
        self.kill_for(conn, victim, now, effects);
        Ok(())
    }

    fn kill_by_filter(&mut self, conn: ConnId, args: Args<'_>, now: Now, effects: &mut Effects) -> Outcome {
        let filter = Filter::parse(conn, args)?;
        let listed = self.listed_connections().into_iter();
        let victims: Vec<ConnId> =
            listed.filter(|connection| filter.accepts(connection)).map(|connection| connection.id).collect();
        if let Some(connection) = self.connection(conn) {
            connection.reply().count(victims.len());
        }
        for victim in victims {
            self.kill_for(conn, victim, now, effects);
        }
        Ok(())
    }

    /// Closes a connection; the one that asked for it reads its reply first.
    fn kill_for(&mut self, conn: ConnId, victim: ConnId, now: Now, effects: &mut Effects) {
        if victim == conn {
            self.close_after_replies(conn, now, effects);
        } else {
            self.close(victim, now, effects);
        }
    }

    fn client_reply(&mut self, conn: ConnId, mode: &[u8]) -> Outcome {
        let Some(connection) = self.connection(conn) else { return Ok(()) };
        match mode.to_ascii_lowercase().as_slice() {
            b"on" => {
                connection.is_muted = false;
                connection.skips_reply = false;
                connection.reply().ok();
            }
            b"off" => connection.is_muted = true,
            // Of a connection that is muted nothing needs to be skipped.
            b"skip" => connection.skips_next_reply = !connection.is_muted,
            _ => return Err(reply::SYNTAX),
        }
        Ok(())
    }

    /// NO-EVICT.
    fn client_no_evict(&mut self, conn: ConnId, mode: &[u8]) -> Outcome {
        let is_on = mode.eq_ignore_ascii_case(b"on");
        if !is_on && !mode.eq_ignore_ascii_case(b"off") {
            return Err(reply::SYNTAX);
        }
        if let Some(connection) = self.connection(conn) {
            connection.is_spared = is_on;
            connection.reply().ok();
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
