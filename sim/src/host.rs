//! What stands around a node?
//!
//! A host: the node's present life, its connections, its disk, its clock, and what its supervisor needs to start it
//! again.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use afterimage_core::codec::random::Random;
use afterimage_core::museum::Defects;
use afterimage_core::node::{Boundary, Role};
use afterimage_core::port::{ConnId, Mono, Now, Peer, Wall};
use afterimage_core::replication::ReplicationId;
use afterimage_core::{Config, Environment, Node};

use crate::check::DiskHealth;
use crate::disk::Disk;
use crate::network::{LinkId, Side};
use crate::plan::{HostPlan, Setting, Storage};
use crate::queue::Micros;

/// What every wall clock shows when the world begins: 2024-01-01, in microseconds.
const EPOCH_US: u64 = 1_704_067_200_000_000;
/// The port on which every node listens.
pub(crate) const PORT: u16 = 6379;

/// A node's connection as the driver knows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attachment {
    /// Which use of the slot.
    pub(crate) generation: u32,
    /// The link that carries it.
    pub(crate) link: LinkId,
    /// Our end.
    pub(crate) side: Side,
}

/// A host.
pub(crate) struct Host {
    /// Its plan.
    pub(crate) plan: HostPlan,
    /// The node, while it is up.
    pub(crate) node: Option<Box<Node>>,
    /// Counts its lives from 1.
    pub(crate) incarnation: u32,
    /// The node's connections by slot.
    pub(crate) attachments: Vec<Option<Attachment>>,
    /// The disk.
    pub(crate) disk: Disk,
    /// When that failed, and when a snapshot was written.
    pub(crate) health: DiskHealth,
    /// For which time its timer event is scheduled; the largest number if for none.
    pub(crate) timer_at: Micros,
    /// A turn of background work is scheduled.
    pub(crate) work_scheduled: bool,
    /// Until when it stands still.
    pub(crate) paused_until: Micros,
    /// It is down because it lost power: nobody answers for it.
    pub(crate) is_without_power: bool,
    /// It is broken for ever.
    pub(crate) is_outside: bool,
    /// When it is to be started again, if it is down.
    pub(crate) restart_at: Option<Micros>,
    /// It was told to end in order, and is to be down for so long then.
    pub(crate) asked_to_end: Option<Micros>,
    /// Its role, and since when.
    pub(crate) role: Role,
    /// Since when it has had that role in this life.
    pub(crate) role_since: Micros,
    /// The history it named at the last look.
    pub(crate) history: ReplicationId,
    /// A bit on its disk has flipped since it was last up: it may refuse to start.
    pub(crate) is_rotten: bool,
    /// It has loaded what its disk held, and serves.
    pub(crate) ready: bool,
    /// What it came back with was compared with what it had promised to keep.
    pub(crate) is_judged: bool,
    /// The boundaries that it recorded before.
    pub(crate) before_ready: Vec<Boundary>,
    /// A data set is coming from its master, or has come and is being loaded.
    pub(crate) takes_over: bool,
    /// Keys at the last look.
    pub(crate) keys: u64,
    /// Behind when all of them have expired, if they do.
    pub(crate) spent_from_ms: Option<i64>,
    entropy: Random,
    first_seed: Option<u64>,
}

impl Host {
    /// A host that is down.
    pub(crate) fn new(plan: HostPlan, disk: Disk, entropy: Random) -> Host {
        Host {
            plan,
            node: None,
            incarnation: 0,
            attachments: Vec::new(),
            disk,
            health: DiskHealth::default(),
            timer_at: Micros::MAX,
            work_scheduled: false,
            paused_until: 0,
            is_without_power: false,
            is_outside: false,
            restart_at: None,
            asked_to_end: None,
            role: Role::Master,
            role_since: 0,
            history: ReplicationId::NONE,
            ready: false,
            is_judged: false,
            before_ready: Vec::new(),
            takes_over: false,
            keys: 0,
            spent_from_ms: None,
            entropy,
            first_seed: None,
            is_rotten: false,
        }
    }

    /// Its wall clock is set by so much.
    pub(crate) fn set_clock(&mut self, by_ms: i64) {
        let by_us = by_ms.saturating_mul(1000);
        self.plan.clock_offset_us = self.plan.clock_offset_us.saturating_add(by_us);
    }

    /// The time on its clocks.
    pub(crate) fn now(&self, now: Micros) -> Now {
        let drift_us = (now as i64).saturating_mul(self.plan.clock_drift_ppm.into()) / 1_000_000;
        let off_by_us = self.plan.clock_offset_us.saturating_add(drift_us);
        let wall = EPOCH_US.saturating_add(now).saturating_add_signed(off_by_us);
        Now { mono: Mono(now), wall: Wall(wall) }
    }

    /// True if it has keys, and all of them have expired by its own clock.
    pub(crate) fn is_spent(&self, now: Micros) -> bool {
        self.spent_from_ms.is_some_and(|last_ms| last_ms < self.now(now).wall.millis())
    }

    /// The seed of the next life. No two lives share one, unless that is the mistake to be made.
    pub(crate) fn next_seed(&mut self, reuses_first: bool) -> u64 {
        let fresh = self.entropy.next_u64();
        let first = *self.first_seed.get_or_insert(fresh);
        if reuses_first { first } else { fresh }
    }

    /// The link of a connection, if it still stands.
    pub(crate) fn attachment(&self, conn: ConnId) -> Option<Attachment> {
        let found = self.attachments.get(conn.slot as usize).copied().flatten()?;
        (found.generation == conn.generation).then_some(found)
    }

    /// Notes which link carries a connection.
    pub(crate) fn attach(&mut self, conn: ConnId, link: LinkId, side: Side) {
        let slot = conn.slot as usize;
        if slot >= self.attachments.len() {
            self.attachments.resize(slot + 1, None);
        }
        self.attachments[slot] = Some(Attachment { generation: conn.generation, link, side });
    }

    /// Forgets a connection. Returns what it was.
    pub(crate) fn detach(&mut self, conn: ConnId) -> Option<Attachment> {
        let found = self.attachment(conn)?;
        self.attachments[conn.slot as usize] = None;
        Some(found)
    }
}

/// The address of a site.
pub(crate) fn address(site: u16, port: u16) -> SocketAddr {
    let [high, low] = (site + 1).to_be_bytes();
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 1, high, low)), port)
}

/// The site that an address names.
pub(crate) fn site_at(host: &str) -> Option<u16> {
    match host.parse::<Ipv4Addr>().ok()?.octets() {
        [10, 1, high, low] => u16::from_be_bytes([high, low]).checked_sub(1),
        _ => None,
    }
}

/// The ends of a connection as one side sees them.
pub(crate) fn peer(remote: u16, remote_port: u16, local: u16, local_port: u16) -> Peer {
    Peer { remote: address(remote, remote_port), local: address(local, local_port), descriptor: None }
}

/// What a node is told about its process.
pub(crate) fn environment(defects: Defects) -> Environment {
    Environment { process_id: 1, os: "Afterimage simulator".into(), defects, ..Environment::default() }
}

/// The configuration file of a host, as its supervisor would write it.
pub(crate) fn config_text(plan: &HostPlan, common: &[Setting], follows: Option<u16>) -> String {
    let mut text = String::from("protected-mode no\nbind 0.0.0.0\nappendonly no\n");
    match plan.storage {
        Storage::Saved => text.push_str("save 5 1\n"),
        Storage::Unsaved | Storage::Ephemeral => text.push_str("save \"\"\n"),
        Storage::Appended { fsync } => {
            text.push_str(&format!("save \"\"\nappendonly yes\nappendfsync {}\n", fsync.name()));
        }
    }
    for setting in common.iter().chain(&plan.settings) {
        text.push_str(&format!("{} {}\n", setting.name, setting.value));
    }
    if let Some(master) = follows {
        text.push_str(&format!("replicaof {} {PORT}\n", address(master, PORT).ip()));
    }
    text
}

/// What the configuration files of a world say. Most hosts have the same one in most of their lives.
#[derive(Default)]
pub(crate) struct Configs(BTreeMap<String, Config>);

impl Configs {
    /// Reads a configuration file.
    ///
    /// # Errors
    ///
    /// Says which line is wrong.
    pub(crate) fn read(&mut self, text: &str) -> Result<Config, String> {
        if let Some(known) = self.0.get(text) {
            return Ok(known.clone());
        }
        let mut include = |name: &str| Err(format!("there is no file {name}"));
        let config = Config::load(Some(("redis.conf", text.as_bytes())), &[], &mut include);
        let config = config.map_err(|error| error.to_string())?;
        self.0.insert(text.to_owned(), config.clone());
        Ok(config)
    }
}
