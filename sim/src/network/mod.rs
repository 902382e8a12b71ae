//! How do bytes get from one site to another?
//!
//! Over links, each a TCP connection as its two ends see it: a dial, two byte streams, an end. The network knows sites
//! (hosts, clients, the operator) by number, keeps the links in a slab, and remembers which paths are held up or slow,
//! so that connections made during a fault suffer it too. It decides nothing about nodes: [`World`](crate::World)
//! carries bytes between a link and the node at its end.

mod link;

use std::collections::BTreeMap;

use afterimage_core::codec::random::Random;
use afterimage_core::port::ConnId;

use crate::plan::{NetworkPlan, Pace};
use crate::queue::Micros;

pub use link::Ending;
pub(crate) use link::{Due, Link, Pipe, Stage};

/// A host, a client, the operator or the controller, as the network numbers them: hosts first.
pub(crate) type Site = u16;

/// Names a link. The generation tells it from earlier ones in its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LinkId {
    /// Index into the slab.
    pub(crate) slot: u32,
    /// Grows each time the slot is reused.
    pub(crate) generation: u32,
}

/// One end of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The one that dialled.
    Dialler = 0,
    /// The one that accepted.
    Acceptor = 1,
}

impl Side {
    /// Both.
    pub(crate) const BOTH: [Side; 2] = [Side::Dialler, Side::Acceptor];

    /// The opposite end.
    pub(crate) fn other(self) -> Side {
        match self {
            Side::Dialler => Side::Acceptor,
            Side::Acceptor => Side::Dialler,
        }
    }
}

/// Who holds one end of a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum End {
    /// A node's connection.
    Node {
        /// Which host.
        host: u16,
        /// The node's name for it.
        conn: ConnId,
    },
    /// A client.
    Client {
        /// Which client.
        client: u16,
    },
    /// The operator.
    Operator,
    /// The controller's connection with a host.
    Controller {
        /// Which host.
        host: u16,
    },
    /// Not accepted yet.
    Opening,
    /// Closed by its holder, or told of the end. Bytes that arrive here are answered by a reset.
    #[default]
    Gone,
    /// Its host lost power: bytes that arrive here while it is down vanish, and are answered by a reset afterwards.
    Lost {
        /// Which host.
        host: u16,
    },
}

/// A stream to be cut once so many more bytes have arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Bytes that still arrive.
    pub(crate) left: u64,
    /// How the receiver learns of it.
    pub(crate) ending: Ending,
}

/// All links, and what is wrong with the paths between sites.
#[derive(Debug)]
pub(crate) struct Network {
    plan: NetworkPlan,
    links: Vec<Link>,
    free: Vec<u32>,
    /// How many faults hold up the path from one site to another.
    held: BTreeMap<(Site, Site), u16>,
    /// Paths that are slow.
    slow: BTreeMap<(Site, Site), Pace>,
    /// Cuts that wait for the next connection on a path.
    armed: BTreeMap<(Site, Site), Cut>,
    /// Links that were dialled so far.
    pub(crate) dialled: u64,
    random: Random,
}

impl Network {
    /// A network without links.
    pub(crate) fn new(plan: NetworkPlan, random: Random) -> Network {
        Network {
            plan,
            links: Vec::new(),
            free: Vec::new(),
            held: BTreeMap::new(),
            slow: BTreeMap::new(),
            armed: BTreeMap::new(),
            dialled: 0,
            random,
        }
    }

    /// Opens a link in the state of a dial under way.
    pub(crate) fn dial(&mut self, from: Site, to: Site, end: End) -> LinkId {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                self.links.push(Link::default());
                u32::try_from(self.links.len() - 1).expect("fewer links than memory")
            }
        };
        let pace = [self.pace(from, to), self.pace(to, from)];
        let held = [self.held_count(from, to), self.held_count(to, from)];
        let cuts = [self.armed.remove(&(from, to)), self.armed.remove(&(to, from))];
        let capacity = self.plan.buffer_bytes as usize;
        let link = &mut self.links[slot as usize];
        link.open([from, to], end, capacity, pace, held, cuts);
        self.dialled += 1;
        link.opened = self.dialled;
        LinkId { slot, generation: link.generation }
    }

    /// The link, if it still exists.
    #[inline]
    pub(crate) fn get(&mut self, id: LinkId) -> Option<&mut Link> {
        self.links
            .get_mut(id.slot as usize)
            .filter(|link| link.generation == id.generation && link.stage != Stage::Free)
    }

    /// The link, to be looked at.
    pub(crate) fn find(&self, id: LinkId) -> Option<&Link> {
        self.links.get(id.slot as usize).filter(|link| link.generation == id.generation && link.stage != Stage::Free)
    }

    /// Frees the slot of a link that both ends have left.
    pub(crate) fn free_if_left(&mut self, id: LinkId) {
        if let Some(link) = self.get(id)
            && link.ends == [End::Gone; 2]
        {
            link.close();
            self.free.push(id.slot);
        }
    }

    /// All links in use.
    pub(crate) fn all(&self) -> impl Iterator<Item = (LinkId, &Link)> {
        self.links.iter().enumerate().filter(|(_, link)| link.stage != Stage::Free).map(|(slot, link)| {
            (LinkId { slot: u32::try_from(slot).unwrap_or(u32::MAX), generation: link.generation }, link)
        })
    }

    /// The youngest link between two sites, whoever dialled.
    pub(crate) fn youngest_between(&self, a: Site, b: Site) -> Option<LinkId> {
        let joins = |link: &Link| link.sites == [a, b] || link.sites == [b, a];
        self.all().filter(|(_, link)| joins(link)).max_by_key(|(id, link)| (link.opened, id.slot)).map(|(id, _)| id)
    }

    /// Holds up everything from one site to another, once more.
    pub(crate) fn hold(&mut self, from: Site, to: Site) {
        *self.held.entry((from, to)).or_insert(0) += 1;
        self.for_pipes(from, to, |pipe| pipe.held += 1);
    }

    /// Takes back one [`hold`](Network::hold).
    pub(crate) fn release(&mut self, from: Site, to: Site) {
        if let Some(count) = self.held.get_mut(&(from, to)) {
            *count -= 1;
            if *count == 0 {
                self.held.remove(&(from, to));
            }
            self.for_pipes(from, to, |pipe| pipe.held = pipe.held.saturating_sub(1));
        }
    }

    /// Sets, or takes back, another pace for a path.
    pub(crate) fn set_slow(&mut self, from: Site, to: Site, pace: Option<Pace>) {
        match pace {
            Some(pace) => self.slow.insert((from, to), pace),
            None => self.slow.remove(&(from, to)),
        };
        let pace = self.pace(from, to);
        self.for_pipes(from, to, |pipe| pipe.pace = pace);
    }

    /// Cuts the next connection on a path after so many bytes.
    pub(crate) fn arm(&mut self, from: Site, to: Site, cut: Cut) {
        self.armed.insert((from, to), cut);
    }

    /// Undoes all that is wrong with paths.
    pub(crate) fn heal(&mut self, now: Micros) {
        self.held.clear();
        self.slow.clear();
        self.armed.clear();
        let pace = self.plan.pace;
        for link in &mut self.links {
            for pipe in &mut link.pipes {
                pipe.held = 0;
                pipe.cut = None;
                pipe.hasten(pace, now);
            }
        }
    }

    /// True if nothing gets from one site to another now.
    pub(crate) fn is_held(&self, from: Site, to: Site) -> bool {
        self.held.contains_key(&(from, to))
    }

    /// How long one small packet takes from one site to another.
    pub(crate) fn flight(&mut self, from: Site, to: Site) -> Micros {
        let pace = self.pace(from, to);
        pace.latency_us + self.random.below(pace.jitter_us + 1)
    }

    fn pace(&self, from: Site, to: Site) -> Pace {
        self.slow.get(&(from, to)).copied().unwrap_or(self.plan.pace)
    }

    fn held_count(&self, from: Site, to: Site) -> u16 {
        self.held.get(&(from, to)).copied().unwrap_or(0)
    }

    fn for_pipes(&mut self, from: Site, to: Site, mut change: impl FnMut(&mut Pipe)) {
        for link in self.links.iter_mut().filter(|link| link.stage != Stage::Free) {
            for side in Side::BOTH {
                if link.sites[side as usize] == from && link.sites[side.other() as usize] == to {
                    change(&mut link.pipes[side as usize]);
                }
            }
        }
    }

    /// Takes what was written at the tail of a link's pipe on its way, and tells when the first of it arrives.
    pub(crate) fn commit(&mut self, id: LinkId, side: Side, count: usize, now: Micros) -> Option<Micros> {
        let chunking = self.plan.chunking;
        let Network { links, random, .. } = self;
        let link = links.get_mut(id.slot as usize)?;
        Some(link.pipes[side as usize].commit(count, now, chunking, random))
    }
}
