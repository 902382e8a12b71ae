//! Up to where has a replica read what its master sent when it left that master?
//!
//! A byte is written down before it is passed on, so some are still under way when a replica is told to follow nobody or somebody else, and it never reads them. How many cannot be seen at that moment, but it is told
//! soon: a new master says from which byte on its history is another one than its master's was (`second_repl_offset`), and whoever follows somebody else asks that one for the byte behind its last.

use std::collections::BTreeMap;

use afterimage_core::replication::ReplicationId;

use super::client::{Conversation, Info, Said};
use super::feed::Conn;
use super::format::{Capture, Happening, Party, Speaker};
use super::link::{Asked, Heard, Link};

/// By what a replica hears of its master.
#[derive(Clone, Copy, Debug)]
struct Line {
    conn: u32,
    history: ReplicationId,
}

/// A server, as far as it follows somebody.
#[derive(Clone, Copy, Debug, Default)]
struct Follower {
    hears: Option<Line>,
    /// What it was told to leave, and has not told yet how far it has read.
    left: Option<Line>,
}

struct Search {
    followers: Vec<Follower>,
    conns: BTreeMap<u32, Conn>,
    found: BTreeMap<u32, u64>,
}

/// Of each link that its replica was told to leave, the offset up to which it had carried out the stream by then, if it tells that.
pub(super) fn places_of_leaving(capture: &Capture) -> BTreeMap<u32, u64> {
    let followers = vec![Follower::default(); usize::from(capture.hosts)];
    let mut search = Search { followers, conns: BTreeMap::new(), found: BTreeMap::new() };
    capture.records.iter().for_each(|record| search.take(&record.what));
    search.found
}

impl Search {
    fn follower(&mut self, host: u16) -> &mut Follower {
        &mut self.followers[usize::from(host)]
    }

    fn take(&mut self, what: &Happening) {
        match what {
            Happening::Starts { host, .. } | Happening::Ends { host } => *self.follower(*host) = Follower::default(),
            Happening::Dials { conn, from: Party::Host(from), to } => {
                self.conns.insert(*conn, Conn::Link(Link::new(*from, *to)));
            }
            Happening::Dials { conn, from: Party::Client(client), to } => {
                self.conns.insert(*conn, Conn::Conversation(Conversation::new(*client, *to)));
            }
            Happening::Says { conn, speaker, bytes } => {
                let Some(mut known) = self.conns.remove(conn) else { return };
                match (&mut known, speaker) {
                    (Conn::Link(link), Speaker::Dialler) => self.on_replica_bytes(link, bytes),
                    (Conn::Link(link), Speaker::Acceptor) => self.on_master_bytes(*conn, link, bytes),
                    (Conn::Conversation(talk), Speaker::Dialler) => {
                        let said = talk.asks(bytes);
                        said.iter().for_each(|(said, _)| self.on_said(talk.host, said));
                    }
                    (Conn::Conversation(talk), Speaker::Acceptor) => {
                        let said = talk.hears(bytes);
                        said.iter().for_each(|(said, _)| self.on_said(talk.host, said));
                    }
                }
                self.conns.insert(*conn, known);
            }
            Happening::Hangs { conn } => self.on_hang_up(*conn),
            Happening::Rests => {}
        }
    }

    fn on_replica_bytes(&mut self, link: &mut Link, bytes: &[u8]) {
        for (asked, _) in link.asks(bytes) {
            let (Asked::Sync(request) | Asked::HandOver(request)) = asked else { continue };
            link.request = Some(request);
            let place = request.first_byte.checked_sub(1).and_then(|place| u64::try_from(place).ok());
            if let (Some(history), Some(place)) = (request.history, place) {
                self.tells(link.from, history, place);
            }
            if matches!(asked, Asked::HandOver(_)) {
                self.leaves(link.to);
            }
        }
    }

    fn on_master_bytes(&mut self, conn: u32, link: &mut Link, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (heard, used) = link.hears(rest);
            rest = &rest[used..];
            let history = match heard {
                Some(Heard::Full(position, _)) => position.history,
                Some(Heard::Continue(history, _)) => history,
                _ => continue,
            };
            *self.follower(link.from) = Follower { hears: Some(Line { conn, history }), left: None };
        }
    }

    fn on_said(&mut self, host: u16, said: &Said) {
        match said {
            Said::Promotes | Said::Redirects => self.leaves(host),
            Said::Info(Info { is_master: true, second: Some((history, first_other)), .. }) => {
                self.tells(host, *history, first_other.saturating_sub(1));
            }
            _ => {}
        }
    }

    /// It reads to its end what it was sent by a link that ends otherwise.
    fn on_hang_up(&mut self, conn: u32) {
        if let Some(Conn::Link(link)) = self.conns.remove(&conn) {
            let hears = &mut self.follower(link.from).hears;
            *hears = hears.filter(|line| line.conn != conn);
        }
    }

    fn leaves(&mut self, host: u16) {
        let follower = self.follower(host);
        follower.left = follower.hears.take().or(follower.left);
    }

    fn tells(&mut self, host: u16, history: ReplicationId, place: u64) {
        if let Some(left) = self.follower(host).left.take_if(|left| left.history == history) {
            self.found.insert(left.conn, place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "0123456789abcdef0123456789abcdef01234567";
    const NEW: &str = "89abcdef0123456789abcdef0123456789abcdef";

    /// B follows A from offset 10 on and is sent three commands; then this happens.
    fn found(then: &str) -> Vec<(u32, u64)> {
        let stream = "*1\\r\\n$4\\r\\nping\\r\\n".repeat(3);
        let text = format!(
            "afterimage-capture 1\nserver redis 7.0.15\nsession a test\nhosts 3\nbacklog 1048576\n0.000000 #1 B dials A\n\
             0.000000 #1 > \"PSYNC {OLD} 11\\r\\n\"\n0.000000 #1 < \"+CONTINUE {OLD}\\r\\n\"\n0.000000 #1 < \"{stream}\"\n\
             0.000000 #2 c1 dials B\n{then}"
        );
        places_of_leaving(&text.parse().expect("a capture")).into_iter().collect()
    }

    fn asks_for(first_byte: u64) -> String {
        format!("0.000000 #3 B dials C\n0.000000 #3 > \"PSYNC {OLD} {first_byte}\\r\\n\"\n")
    }

    #[test]
    fn a_replica_that_is_told_to_leave_has_read_up_to_what_it_asks_for_next() {
        let redirected = "0.000000 #2 > \"REPLICAOF 127.0.0.1 1\\r\\n\"\n";
        assert_eq!(found(&format!("{redirected}{}", asks_for(25))), [(1, 24)]);
        // It was not told to, and has read all that there was.
        assert!(found(&asks_for(25)).is_empty());
        assert!(found(&format!("0.000000 #1 ends\n{redirected}{}", asks_for(25))).is_empty());
    }

    #[test]
    fn a_replica_that_takes_over_has_read_up_to_where_its_history_begins() {
        let none = "0".repeat(40);
        let tells = |role: &str, second: &str, first_other: i64| {
            let link = if role == "slave" { "master_link_status:up\\r\\n" } else { "" };
            let info = format!(
                "role:{role}\\r\\n{link}master_replid:{NEW}\\r\\nmaster_replid2:{second}\\r\\nmaster_repl_offset:90\\r\\n\
                 second_repl_offset:{first_other}\\r\\n"
            );
            let len = info.replace("\\r\\n", "rn").len();
            format!("0.000000 #2 > \"INFO\\r\\n\"\n0.000000 #2 < \"${len}\\r\\n{info}\\r\\n\"\n")
        };
        let promoted = "0.000000 #2 > \"REPLICAOF NO ONE\\r\\n\"\n0.000000 #2 < \"+OK\\r\\n\"\n";
        let handed_over = format!("0.000000 #4 A dials B\n0.000000 #4 > \"PSYNC {OLD} 53 FAILOVER\\r\\n\"\n");
        for told in [promoted, handed_over.as_str()] {
            let (before, after) = (tells("slave", &none, -1), tells("master", OLD, 39));
            assert_eq!(found(&format!("{told}{before}{after}")), [(1, 38)]);
            assert_eq!(found(&format!("{told}{after}{}", tells("master", OLD, 25))), [(1, 38)]);
            assert!(found(&format!("{told}{}", tells("master", NEW, 39))).is_empty());
        }
    }
}
