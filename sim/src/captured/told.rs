//! Is what servers tell of themselves true?
//!
//! Their acknowledgements, INFO, DEBUG DIGEST and WAIT are held against the tree of histories, which knows only what was sent.

use afterimage_core::replication::{Position, Request};

use super::client::{Conversation, Info, Said};
use super::feed::{Broken, Claim, Conn, Feed, Hears, Outcome, Server};
use super::link::Link;
use super::shadow::Shadow;
use crate::check::{Property, judge_ack};
use crate::journal::{Topic, host_name};

impl Feed<'_> {
    /// A replica tells its master how much it has.
    pub(super) fn on_ack(&mut self, conn: u32, link: &mut Link, told: u64) -> Outcome {
        let server = self.server(link.from);
        let Some(shadow) = server.shadow.as_ref().filter(|_| server.hears == Hears::Link(conn)) else { return Ok(()) };
        let position = shadow.probe().position;
        let by = Broken::by(link.from);
        judge_ack(told, position).map_err(&by)?;
        if let Some(before) = link.acked.replace(told).filter(|before| *before > told) {
            let explanation = format!("it has told its master that it has {before} bytes, and now that it has {told}");
            return Err(by(crate::check::Breach::new(Property::OffsetForward, explanation)));
        }
        self.seen.acks += 1;
        self.histories.judge_claim(Position { offset: told, ..position }).map_err(by)
    }

    /// Something is said between a client and a server.
    pub(super) fn on_said(&mut self, talk: &mut Conversation, said: Said) -> Outcome {
        match said {
            Said::Promotes => {
                let server = self.server(talk.host);
                server.is_called = !server.is_master;
                Ok(())
            }
            Said::Promoted => {
                self.takes_over(talk.host);
                Ok(())
            }
            Said::Info(info) => self.on_info(talk, info),
            Said::Digest(digest) => {
                if let Some((_, last)) = &mut talk.last {
                    last.get_or_insert(digest);
                }
                Ok(())
            }
            Said::Waited(replicas) => self.on_waited(talk, replicas),
            Said::Redirects | Said::Other => Ok(()),
            Said::Unfitting(why) => Err(Broken::new(talk.host, Property::FittingReply, why)),
        }
    }

    /// A master asks its replica to take over. One that stands in another history refuses.
    pub(super) fn on_hand_over(&mut self, host: u16, request: Request) {
        let server = self.server(host);
        let stands_in = server.shadow.as_ref().map(|shadow| shadow.probe().position.history);
        server.is_called |= !server.is_master && stands_in.is_some() && stands_in == request.history;
    }

    /// A server that was told to be a master is one now. Whatever it has read was written down before it says so.
    pub(super) fn takes_over(&mut self, host: u16) {
        let server = self.server(host);
        if std::mem::take(&mut server.is_called) {
            (server.is_master, server.named, server.hears) = (true, None, Hears::Nobody);
            server.shadow.iter_mut().for_each(Shadow::hang_up);
            self.note(Topic::Operator, || format!("{} is promoted", host_name(host)));
        }
    }

    fn on_info(&mut self, talk: &mut Conversation, info: Info) -> Outcome {
        let host = talk.host;
        self.server(host).last_info = Some(info);
        // A digest between two answers that tell one place is that of the place.
        let digest = talk.last.take().filter(|(before, _)| before.position == info.position);
        talk.last = Some((info, None));
        let server = self.server(host);
        let Some(shadow) = &server.shadow else { return Ok(()) };
        if info.is_master != server.is_master || !shadow.has_place() {
            return Ok(());
        }
        let probe = shadow.probe();
        if info.is_master {
            let is_new = server.named.is_none() && probe.position.history != info.position.history;
            // Its first word of a history that goes on where it stood.
            let stood = (probe.position.history, probe.position.offset + 1);
            // Of data that were sent later nobody was told what they go on from.
            let expected = if is_new { Some(stood) } else { probe.second.or(info.second) };
            if info.second != expected {
                let explanation =
                    format!("it says that its history goes on from {:?}, and it does from {expected:?}", info.second);
                return Err(Broken::new(host, Property::SoundContinuation, explanation));
            }
            self.on_name(host, info.position.history)?;
            let place = self.histories.locate(info.position);
            self.waits.wrote(talk.client, place);
        } else {
            if !info.is_linked || !matches!(server.hears, Hears::Link(_)) {
                return Ok(());
            }
            self.on_name(host, info.position.history)?;
            if info.second != probe.second {
                let explanation =
                    format!("it says that it was in history {:?} before, and was sent {:?}", info.second, probe.second);
                return Err(Broken::new(host, Property::SoundContinuation, explanation));
            }
            // Whatever it has applied has come by its link before it said so.
            self.histories.judge_claim(info.position).map_err(Broken::by(host))?;
            judge_ack(info.position.offset, probe.position).map_err(Broken::by(host))?;
        }
        let digest = digest.and_then(|(_, digest)| digest);
        let is_heard = !info.is_master || self.has_replica(host);
        self.claims.push(Claim { at_us: self.now, host, position: info.position, is_heard, digest });
        Ok(())
    }

    /// WAIT is answered. Behind the last INFO over the connection its client has written nothing.
    fn on_waited(&mut self, talk: &Conversation, replicas: usize) -> Outcome {
        let (Some((info, _)), Some(place)) = (&talk.last, self.waits.written(talk.client)) else { return Ok(()) };
        self.seen.waits += 1;
        let has = |conn: &&Conn| match conn {
            Conn::Link(link) if link.to == talk.host => {
                link.acked.is_some_and(|acked| acked >= info.position.offset) && self.histories.has(link.from, place)
            }
            _ => false,
        };
        let holders = self.conns.values().filter(has).count();
        self.waits.told(talk.client, replicas, holders).map_err(Broken::by(talk.host))
    }

    /// All servers were seen to stand where their masters do.
    pub(super) fn on_rest(&mut self) -> Outcome {
        self.note(Topic::World, || "all is at rest".into());
        self.seen.rests += 1;
        for conn in self.conns.values() {
            if let Conn::Conversation(talk) = conn
                && !talk.is_over()
            {
                return Err(Broken::new(talk.host, Property::FittingReply, "a client was not answered".into()));
            }
        }
        let digests = self.servers.iter_mut().map(|server| server.shadow.as_mut().map(Shadow::digest));
        let digests: Vec<Option<u64>> = digests.collect();
        for host in 0..self.capture.hosts {
            self.rests(host, &digests)?;
        }
        self.servers.iter_mut().for_each(|server| server.last_info = None);
        Ok(())
    }

    fn rests(&self, host: u16, digests: &[Option<u64>]) -> Outcome {
        let Server { shadow: Some(shadow), is_master, hears, last_info, .. } = &self.servers[usize::from(host)] else {
            return Ok(());
        };
        let fails = |explanation: String| Err(Broken::new(host, Property::Converges, explanation));
        let position = shadow.probe().position;
        if !is_master {
            let Hears::Link(conn) = hears else { return fails("it follows nobody".into()) };
            let Some(Conn::Link(link)) =
                self.conns.get(conn).filter(|conn| matches!(conn, Conn::Link(link) if link.streams()))
            else {
                return fails("it has not all data of its master's".into());
            };
            let master = usize::from(link.to);
            let at = self.servers[master].shadow.as_ref().map(|shadow| shadow.probe().position);
            if (at, digests[master]) != (Some(position), digests[usize::from(host)]) {
                return fails(format!("it stands at {position:?}, and its master at {at:?}, or their data differ"));
            }
        }
        let is_heard = !is_master || self.has_replica(host);
        match last_info {
            Some(info) if is_heard && info.position != position => {
                fails(format!("it says that it stands at {:?}, and was sent what leads to {position:?}", info.position))
            }
            _ => Ok(()),
        }
    }

    fn has_replica(&self, host: u16) -> bool {
        self.conns.values().any(|conn| matches!(conn, Conn::Link(link) if link.to == host && link.streams()))
    }

    /// All was heard: what servers told of themselves is compared with what is known now.
    pub(super) fn conclude(&mut self) -> Outcome {
        for Claim { at_us, host, position, is_heard, digest } in std::mem::take(&mut self.claims) {
            // Before its first replica came, and since its last one left, nobody heard what a master wrote.
            let is_unheard = self.histories.is_unheard(position) || self.histories.is_before_all(position);
            if is_unheard && !is_heard {
                self.seen.unheard += 1;
                continue;
            }
            self.now = at_us;
            self.seen.claims += 1;
            self.histories.judge_claim(position).map_err(Broken::by(host))?;
            let known = self.histories.canonical(position).and_then(|place| self.digests.get(&place));
            let (Some(told), Some(known)) = (digest, known) else { continue };
            self.seen.digests += 1;
            if told != *known {
                let explanation = format!(
                    "at offset {} of history {:?} its data have the digest {told}, and what was sent makes {known}",
                    position.offset, position.history
                );
                return Err(Broken::new(host, Property::SameData, explanation));
            }
        }
        Ok(())
    }
}
