//! What has a server that cannot be looked into?
//!
//! Its shadow tells: a node of ours that is a replica, and is given the bytes that the server was sent by its master; or, if the server is a master, those that it sent to its replicas. Whatever the server
//! is, its shadow stands where these bytes lead. Its clock stands still long before the time of any capture, so that nothing in it ever comes to the end of its time by itself.

use afterimage_core::codec::random::Random;
use afterimage_core::museum::Defects;
use afterimage_core::node::{Boundary, Deed, Probe};
use afterimage_core::port::{DiskOp, Lane};

use crate::alone::Host;
use crate::check::since_ready;
use crate::disk::Disk;
use crate::fingerprint::hash_bytes;
use crate::host::Configs;
use crate::plan::DiskPlan;
use crate::reply::{Reply, read_reply};

/// The configuration of all shadows, but for the size of the backlog. Nobody ever listens at the address of the master.
const CONFIG: &str = "replicaof 10.0.0.9 6379\nsave \"\"\nrepl-diskless-load swapdb\nenable-debug-command yes\n";
/// Within so many tenths of a second a node dials its master again, however often it was refused.
const DIALS_WITHIN: usize = 150;

/// By what data are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// The digest of the simulator.
    Own,
    /// DEBUG DIGEST. Snapshots of Redis before 7.0 do not have what a stream counts (entries ever added, the greatest id removed), so that a server that has loaded one has other counts than one
    /// that has heard of each entry; no command of such a release shows them.
    Redis,
}

/// A server's shadow.
pub(super) struct Shadow {
    host: Host,
    sight: Sight,
    before_ready: Vec<Boundary>,
}

impl Shadow {
    /// A shadow of a server that starts on what its disk has. `seed` is used for no other one.
    pub(super) fn start(
        snapshot: Option<&[u8]>,
        backlog_bytes: u64,
        sight: Sight,
        seed: u64,
    ) -> Result<Shadow, String> {
        let config = Configs::default().read(&format!("{CONFIG}repl-backlog-size {backlog_bytes}\n"))?;
        let mut disk = Disk::new(DiskPlan::default(), Random::new(seed, 0));
        if let Some(bytes) = snapshot {
            let file = || config.dbfilename.clone();
            let ops = [
                DiskOp::Create { file: file() },
                DiskOp::Append { file: file(), bytes: bytes.to_vec().into() },
                DiskOp::Sync { file: file() },
            ];
            for (op, ticket) in ops.into_iter().zip(1..) {
                disk.submit(afterimage_core::port::Ticket(ticket), op);
                disk.complete(Lane::Outer);
            }
        }
        let mut host = Host::start(config, Defects::default(), seed, disk);
        host.rest();
        Ok(Shadow { host, sight, before_ready: Vec::new() })
    }

    /// True if it has loaded what its disk had.
    pub(super) fn is_ready(&self) -> bool {
        self.host.is_ready && self.host.ended.is_none()
    }

    /// Whatever it was told by so far is gone; somebody answers it from now on, who has gone through the dialogue with it up to what it asks for.
    pub(super) fn link_up(&mut self) -> bool {
        self.hang_up();
        for _ in 0..DIALS_WITHIN {
            if self.host.shake_hands_with_master(true).is_some() {
                return true;
            }
            self.host.pass(100);
        }
        false
    }

    /// True if it listens to somebody.
    pub(super) fn is_linked(&self) -> bool {
        self.host.has_master()
    }

    /// It listens to nobody any more.
    pub(super) fn hang_up(&mut self) {
        self.host.hang_up_master();
        self.host.told_master.clear();
    }

    /// It is told something.
    pub(super) fn hear(&mut self, bytes: &[u8]) {
        self.host.hear_from_master(bytes);
        self.host.told_master.clear();
    }

    pub(super) fn probe(&self) -> Probe {
        self.host.node.probe()
    }

    /// True if it has data of which it is known where they stand.
    pub(super) fn has_place(&self) -> bool {
        self.is_ready() && self.probe().backlog.is_some()
    }

    /// What it has recorded since the last look.
    pub(super) fn take(&mut self) -> (Vec<Boundary>, Vec<Deed>) {
        let recorded = self.host.node.take_boundaries();
        let mut boundaries = since_ready(&mut self.before_ready, recorded, self.host.is_ready);
        if self.sight == Sight::Redis && !boundaries.is_empty() {
            // It was told one command at a time, so there is one boundary, or several with the same data.
            let digest = self.digest();
            boundaries.iter_mut().for_each(|boundary| boundary.digest = digest);
        }
        (boundaries, self.host.node.take_deeds())
    }

    /// A digest of its data.
    pub(super) fn digest(&mut self) -> u64 {
        match self.sight {
            Sight::Own => self.probe().digest,
            Sight::Redis => self.redis_digest().map_or(0, |digest| hash_bytes(digest.as_bytes())),
        }
    }

    /// What it last said in its log.
    pub(super) fn last_words(&self) -> &str {
        self.host
            .log
            .iter()
            .rev()
            .find(|line| line.as_str() != "Connection with master lost.")
            .map_or("", String::as_str)
    }

    /// `DEBUG DIGEST`, as any Redis computes it.
    pub(super) fn redis_digest(&mut self) -> Option<String> {
        if self.host.client.is_none() {
            self.host.client = Some(self.host.accept());
        }
        self.host.received.clear();
        self.host.send(self.host.client?, "DEBUG DIGEST\r\n");
        match read_reply(&self.host.received) {
            Ok(Some((Reply::Status(text), _))) => Some(String::from_utf8_lossy(text).into_owned()),
            _ => None,
        }
    }
}
