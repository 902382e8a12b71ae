//! CLIENT TRACKING, CACHING, TRACKINGINFO and GETREDIR: how does a connection ask to be told of changes?

use alloc::vec::Vec;

use crate::codec::number::parse_i64;
use crate::command::reply_error as reply;
use crate::command::{CommandError, Outcome};
use crate::port::ConnId;
use crate::resp::Args;

use super::super::Node;
use super::super::tracking::{Mode, Tracking};

/// The options of TRACKING.
#[derive(Default)]
struct Options<'a> {
    redirect: Option<(u64, ConnId)>,
    is_broadcast: bool,
    is_opt_in: bool,
    is_opt_out: bool,
    spares_own: bool,
    prefixes: Vec<&'a [u8]>,
}

impl Options<'_> {
    /// How the client is to track, if that goes together with how it does.
    fn decide(&self, before: Option<&Tracking>) -> Result<Mode, CommandError> {
        let mode_before = before.map(|tracking| tracking.mode);
        if !self.is_broadcast && !self.prefixes.is_empty() {
            return Err(reply::TRACKING_PREFIX_WITHOUT_BCAST);
        }
        if mode_before.is_some_and(|mode| (mode == Mode::Broadcast) != self.is_broadcast) {
            return Err(reply::TRACKING_BCAST_SWITCHED);
        }
        if self.is_broadcast && (self.is_opt_in || self.is_opt_out) {
            return Err(reply::TRACKING_BCAST_WITH_OPT);
        }
        match (self.is_opt_in, self.is_opt_out) {
            (true, true) => Err(reply::TRACKING_OPTIN_AND_OPTOUT),
            (true, false) if mode_before == Some(Mode::OptOut) => Err(reply::TRACKING_OPT_SWITCHED),
            (false, true) if mode_before == Some(Mode::OptIn) => Err(reply::TRACKING_OPT_SWITCHED),
            (true, false) => Ok(Mode::OptIn),
            (false, true) => Ok(Mode::OptOut),
            (false, false) => Ok(if self.is_broadcast { Mode::Broadcast } else { Mode::Reads }),
        }
    }

    /// No key may have two of a client's prefixes, or it would be told twice.
    fn check_prefixes(&self, existing: &[&[u8]]) -> Outcome {
        let overlap = |one: &[u8], other: &[u8]| one.starts_with(other) || other.starts_with(one);
        for (index, prefix) in self.prefixes.iter().enumerate() {
            if let Some(known) = existing.iter().find(|known| overlap(known, prefix)) {
                return Err(reply::overlapping_prefix(prefix, "an existing", known));
            }
            if let Some(other) = self.prefixes.iter().skip(index + 1).find(|other| overlap(other, prefix)) {
                return Err(reply::overlapping_prefix(prefix, "another provided", other));
            }
        }
        Ok(())
    }
}

impl Node {
    pub(super) fn client_tracking(&mut self, conn: ConnId, args: Args<'_>) -> Outcome {
        let options = self.tracking_options(args)?;
        match args[2].to_ascii_lowercase().as_slice() {
            b"on" => {
                let before = self.connections.get(conn).and_then(|connection| connection.tracking.as_deref());
                let mode = options.decide(before)?;
                options.check_prefixes(&self.tracking.prefixes_of(conn))?;
                let is_caching_said = before.is_some_and(|tracking| tracking.is_caching_said);
                let Options { redirect, spares_own, prefixes, .. } = options;
                let tracking = Tracking { mode, redirect, is_broken: false, spares_own, is_caching_said };
                self.track(conn, tracking, &prefixes);
            }
            b"off" => self.stop_tracking(conn),
            _ => return Err(reply::SYNTAX),
        }
        if let Some(connection) = self.connection(conn) {
            connection.reply().ok();
        }
        Ok(())
    }

    fn tracking_options<'a>(&self, args: Args<'a>) -> Result<Options<'a>, CommandError> {
        let mut options = Options::default();
        let mut words = args.iter_from(3);
        while let Some(word) = words.next() {
            match word.to_ascii_lowercase().as_slice() {
                b"redirect" => {
                    let client_id = words.next().ok_or(reply::SYNTAX)?;
                    if options.redirect.is_some() {
                        return Err(reply::TRACKING_REDIRECT_TWICE);
                    }
                    options.redirect = Some(self.redirect_target(client_id)?);
                }
                b"prefix" => options.prefixes.push(words.next().ok_or(reply::SYNTAX)?),
                b"bcast" => options.is_broadcast = true,
                b"optin" => options.is_opt_in = true,
                b"optout" => options.is_opt_out = true,
                b"noloop" => options.spares_own = true,
                _ => return Err(reply::SYNTAX),
            }
        }
        Ok(options)
    }

    fn redirect_target(&self, client_id: &[u8]) -> Result<(u64, ConnId), CommandError> {
        let client_id = parse_i64(client_id).ok_or(reply::NOT_AN_INTEGER)?;
        let mut connections = self.connections.iter();
        let found = connections.find(|connection| i64::try_from(connection.client_id) == Ok(client_id));
        found.map(|connection| (connection.client_id, connection.id)).ok_or(reply::TRACKING_REDIRECT_UNKNOWN)
    }

    /// CACHING: what the next command reads is to be remembered, or not.
    pub(super) fn client_caching(&mut self, conn: ConnId, word: &[u8]) -> Outcome {
        let Some(connection) = self.connection(conn) else { return Ok(()) };
        let Some(tracking) = &mut connection.tracking else { return Err(reply::CACHING_WITHOUT_TRACKING) };
        match (word.to_ascii_lowercase().as_slice(), tracking.mode) {
            (b"yes", Mode::OptIn) | (b"no", Mode::OptOut) => tracking.is_caching_said = true,
            (b"yes", _) => return Err(reply::CACHING_YES_WITHOUT_OPTIN),
            (b"no", _) => return Err(reply::CACHING_NO_WITHOUT_OPTOUT),
            _ => return Err(reply::SYNTAX),
        }
        connection.reply().ok();
        Ok(())
    }

    /// GETREDIR: -1 without tracking, 0 without another who is told.
    pub(super) fn client_getredir(&mut self, conn: ConnId) -> Outcome {
        if let Some(connection) = self.connection(conn) {
            let redirect = redirect_of(connection.tracking.as_deref());
            connection.reply().int(redirect);
        }
        Ok(())
    }

    pub(super) fn client_tracking_info(&mut self, conn: ConnId) -> Outcome {
        let prefixes = self.tracking.prefixes_of(conn);
        let Some(connection) = self.connections.get_mut(conn) else { return Ok(()) };
        let words = words_about(connection.tracking.as_deref());
        let redirect = redirect_of(connection.tracking.as_deref());
        let mut reply = connection.reply();
        reply.map(3);
        reply.bulk(b"flags");
        reply.set(words.len());
        words.into_iter().for_each(|word| reply.bulk(word.as_bytes()));
        reply.bulk(b"redirect");
        reply.int(redirect);
        reply.bulk(b"prefixes");
        reply.array(prefixes.len());
        prefixes.into_iter().for_each(|prefix| reply.bulk(prefix));
        Ok(())
    }
}

/// The number of the client that is told in its place: -1 without tracking, 0 if there is none.
pub(super) fn redirect_of(tracking: Option<&Tracking>) -> i64 {
    tracking.map_or(-1, |tracking| {
        let client_id = tracking.redirect.map_or(0, |(client_id, _)| client_id);
        i64::try_from(client_id).unwrap_or(i64::MAX)
    })
}

fn words_about(tracking: Option<&Tracking>) -> Vec<&'static str> {
    let Some(tracking) = tracking else { return Vec::from(["off"]) };
    let table = [
        (true, "on"),
        (tracking.mode == Mode::Broadcast, "bcast"),
        (tracking.mode == Mode::OptIn, "optin"),
        (tracking.mode == Mode::OptIn && tracking.is_caching_said, "caching-yes"),
        (tracking.mode == Mode::OptOut, "optout"),
        (tracking.mode == Mode::OptOut && tracking.is_caching_said, "caching-no"),
        (tracking.spares_own, "noloop"),
        (tracking.is_broken, "broken_redirect"),
    ];
    table.into_iter().filter(|(is_so, _)| *is_so).map(|(_, word)| word).collect()
}
