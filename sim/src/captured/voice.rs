//! How does the shadow of a master come to what the master has?
//!
//! From what the master says to its replicas. All of these links carry one stream, so whichever is ahead is listened to; the first data set is taken from the link on which it is complete first. A master that gives its history
//! another name (it was promoted, or has come back from its snapshot) goes on where its shadow stands.

use afterimage_core::replication::ReplicationId;

use super::feed::{Broken, Feed, Hears, Outcome};
use super::link::Link;
use super::words::commands;
use crate::check::Property;
use crate::journal::host_name;

impl Feed<'_> {
    /// A server says which history it is in.
    pub(super) fn on_name(&mut self, host: u16, history: ReplicationId) -> Outcome {
        let server = self.server(host);
        let Some(shadow) = &server.shadow else { return Ok(()) };
        let (has_place, present) = (shadow.has_place(), shadow.probe().position.history);
        if has_place && present == history {
            if server.is_master {
                server.named = Some(history);
            }
            return Ok(());
        }
        if server.is_called && has_place {
            // What it says over one connection may be written down before what it says over another: it is a master already.
            self.takes_over(host);
        }
        let server = self.server(host);
        if !server.is_master {
            let explanation = format!("it calls its history {history:?}, and was sent {present:?}");
            return Err(Broken::new(host, Property::FreshId, explanation));
        }
        match server.named {
            Some(named) if named != history => {
                let explanation = format!("it calls its history {history:?}, and has called it {named:?} before");
                Err(Broken::new(host, Property::FreshId, explanation))
            }
            _ => self.begins(host, history, has_place),
        }
    }

    /// A master names its history for the first time.
    fn begins(&mut self, host: u16, history: ReplicationId, has_place: bool) -> Outcome {
        let server = self.server(host);
        server.named = Some(history);
        let life = server.life;
        if has_place && self.histories.knows(&history) {
            let explanation = format!("it gives its history the name {history:?}, which another one has");
            return Err(Broken::new(host, Property::FreshId, explanation));
        }
        self.histories.begin(history, (host, life));
        if has_place { self.goes_on_as(host, history) } else { Ok(()) }
    }

    /// A master goes on under another name where it stands.
    fn goes_on_as(&mut self, host: u16, history: ReplicationId) -> Outcome {
        let offset = self.server(host).shadow.as_ref().map_or(0, |shadow| shadow.probe().position.offset);
        let answer = format!("+CONTINUE {history}\r\n");
        self.listens(host, Hears::Itself(offset), answer.as_bytes())
    }

    /// The link of a replica has brought a whole data set: perhaps the first that is heard of what its master has, or one of what that has written since it was heard last.
    pub(super) fn master_has_sent_data(&mut self, link: &Link) -> Outcome {
        let (host, Some(position)) = (link.to, link.at) else { return Ok(()) };
        let server = self.server(host);
        let Some(shadow) = &server.shadow else { return Ok(()) };
        let is_known = matches!(server.hears, Hears::Itself(heard) if heard >= position.offset)
            && shadow.probe().position.history == position.history;
        if !server.is_master || is_known {
            return Ok(());
        }
        self.listens(host, Hears::Itself(position.offset), &link.data)?;
        let server = self.server(host);
        match &server.shadow {
            Some(shadow) if shadow.probe().position != position => {
                let (to, why) = (host_name(link.from), shadow.last_words());
                let explanation = format!("the data set that it sends to {to} cannot be loaded: {why}");
                Err(Broken::new(host, Property::PeersUnderstood, explanation))
            }
            _ => Ok(()),
        }
    }

    /// The link of a replica has brought a part of the stream: perhaps one that was not heard before.
    pub(super) fn master_has_said(&mut self, link: &Link, bytes: &[u8]) -> Outcome {
        let (host, Some(at)) = (link.to, link.at) else { return Ok(()) };
        let server = self.server(host);
        let (Some(shadow), Hears::Itself(heard)) = (&server.shadow, server.hears) else { return Ok(()) };
        let from = at.offset - bytes.len() as u64;
        // It may have dialled its next master already: what it said over two connections is written down in either order.
        if shadow.probe().position.history != at.history || from > heard || at.offset <= heard {
            return Ok(());
        }
        server.hears = Hears::Itself(at.offset);
        let unheard = usize::try_from(heard - from).unwrap_or(usize::MAX);
        for bytes in commands(&bytes[unheard..]) {
            self.server(host).shadow.iter_mut().for_each(|shadow| shadow.hear(bytes));
            self.observe(host)?;
        }
        Ok(())
    }
}
