//! What is a state of the world, and what can happen in it?

use afterimage_core::port::ConnId;

use super::index::Name;
use super::local::Left;
use super::terms::{Budget, HOSTS};

/// No bytes.
pub(super) const NOTHING: Name = 0;

/// How the way from one end of a connection to the other ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Fin {
    /// It has not.
    Open,
    /// In order, behind what is under way.
    Eof,
    /// By a reset.
    Reset,
}

/// One direction of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Pipe {
    /// What is under way.
    pub(super) bytes: Name,
    pub(super) fin: Fin,
}

/// A connection between two hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Link {
    /// Who has dialled, and whom.
    pub(super) sites: [u8; 2],
    /// By which name each end knows it; none once it has left.
    pub(super) ends: [Option<ConnId>; 2],
    /// The dialler has asked for the stream: up to then nothing is said that depends on anything.
    pub(super) has_asked: bool,
    /// By who writes.
    pub(super) pipes: [Pipe; 2],
}

impl Link {
    /// Both ends hold it.
    pub(super) fn is_whole(&self) -> bool {
        self.ends.iter().all(Option::is_some)
    }
}

/// A state. Hosts, bytes and what the checks know are named by their contents.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    pub(super) hosts: [Name; HOSTS],
    pub(super) links: Vec<Link>,
    /// What the checks know.
    pub(super) oracle: Name,
    /// Who is to be the master, and whom each host was told last to follow.
    pub(super) master: u8,
    pub(super) told: [Option<u8>; HOSTS],
    /// What may still be done.
    pub(super) left: Budget,
    pub(super) timers: [u8; HOSTS],
}

/// How much of what is under way is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Piece {
    /// All of it, and the end if there is one.
    All,
    /// The first command, or line.
    First,
    /// Half of that.
    Half,
}

/// What can happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Act {
    /// What one end of a connection has written reaches the other one.
    Deliver {
        link: u8,
        from: u8,
        piece: Piece,
    },
    /// A connection ends, with what is under way.
    Cut {
        link: u8,
    },
    Write {
        host: u8,
    },
    Wait {
        host: u8,
    },
    Save {
        host: u8,
    },
    Timer {
        host: u8,
    },
    Crash {
        host: u8,
        left: Left,
    },
    Start {
        host: u8,
    },
    /// The operator makes a replica the master.
    Promote {
        host: u8,
    },
    /// The operator tells another one of it.
    Point {
        host: u8,
    },
}

impl State {
    /// A connection's number by the name that one of its ends has for it.
    pub(super) fn find_link(&self, host: u8, conn: ConnId) -> Option<(usize, usize)> {
        self.links.iter().enumerate().find_map(|(number, link)| {
            let end = (0..2).find(|end| link.sites[*end] == host && link.ends[*end] == Some(conn))?;
            Some((number, end))
        })
    }

    /// Brings connections into the one order in which they can stand, without those that both ends have left.
    pub(super) fn tidy(&mut self) {
        for link in &mut self.links {
            for end in 0..2 {
                if link.ends[1 - end].is_none() {
                    link.pipes[end] = Pipe { bytes: NOTHING, fin: Fin::Open };
                }
            }
        }
        self.links.retain(|link| link.ends.iter().any(Option::is_some));
        self.links.sort_unstable();
    }

    /// The host that reads what an end writes.
    pub(super) fn reader(&self, link: usize, from: usize) -> Option<(u8, ConnId)> {
        let link = &self.links[link];
        link.ends[1 - from].map(|conn| (link.sites[1 - from], conn))
    }
}
