//! What came of a run?
//!
//! Told from the clients' side, by what they were answered, and from what nodes have in the end: each is asked for its keys, as a client would, and archives are read by a node that is started on
//! them. What is said here of an *endangered* key is said of those whose write was acknowledged before the crash.

use std::collections::BTreeSet;

use afterimage_core::museum::Defects;
use afterimage_core::node::Role;
use afterimage_core::persistence::ArchiveName;
use afterimage_core::port::{Effects, Event};
use afterimage_core::{Config, Node};
use serde::{Deserialize, Serialize};

use super::cell::Cell;
use super::draws::Draws;
use super::staging::{self, KEY, MASTER, Moments, WRITER, keys_of};
use crate::alone;
use crate::check::Property;
use crate::host::{PORT, peer};
use crate::plan::{Plan, Setting};
use crate::queue::Micros;
use crate::world::World;

/// What is seen of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// Keys whose write was acknowledged before the crash.
    pub(super) endangered: BTreeSet<u32>,
    /// Keys whose write was said after it, and acknowledged.
    pub(super) later: BTreeSet<u32>,
    /// From the crash until the first of those was acknowledged.
    pub(super) resumed_after_us: Option<Micros>,
    /// From the crash to the end.
    pub(super) watched_us: Micros,
    /// Each node, in the end.
    pub(super) nodes: Vec<NodeFacts>,
    /// Who is the master, by the latest wish of the operator or the controller.
    pub(super) master: usize,
    /// Keys in archives.
    pub(super) archived: BTreeSet<u32>,
    /// A replica was promoted.
    pub(super) has_taken_over: bool,
    /// A replica has refused what would have taken nothing from it.
    pub(super) has_refused_without_cause: bool,
    /// A property of the simulator was broken.
    pub(super) broken: Option<String>,
    /// Whether clients were to write at all.
    pub(super) is_written_to: bool,
}

/// A node, in the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct NodeFacts {
    /// It is up and a master.
    pub(super) is_master: bool,
    /// It holds its master off.
    pub(super) is_held_off: bool,
    /// Those that it has.
    pub(super) keys: BTreeSet<u32>,
    /// Whom it is to follow.
    pub(super) follows: Option<usize>,
}

/// What is said of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The seed.
    #[serde(with = "crate::wide")]
    pub seed: u64,
    /// Keys whose write was acknowledged before the crash.
    pub endangered: u32,
    /// No node has a single one of these any more.
    pub is_total: bool,
    /// Some of them no node has any more, but not all.
    pub is_partial: bool,
    /// The node that serves as master has none of them.
    pub is_master_empty: bool,
    /// Acknowledged writes, before the crash or after it, that the node that serves as master has not.
    pub lost_writes: u32,
    /// Those of them that no node has, and no archive.
    pub unrecoverable: u32,
    /// Replicas that have none of the endangered keys any more. They had all of them but the last.
    pub wiped_replicas: u32,
    /// From the crash to the first acknowledged write that was said after it; as long as the run was watched if there was none. None where nobody writes.
    pub without_writes_us: Option<Micros>,
    /// There was none.
    pub is_never_resumed: bool,
    /// A replica was promoted.
    pub has_taken_over: bool,
    /// Replicas that hold their master off in the end.
    pub held_off: u32,
    /// Replicas that do or did so without need: their master has all that they have, or what they refused had.
    pub falsely_held_off: u32,
    /// A property of the simulator was broken: a mistake of the engine, or of the simulator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
}

impl Outcome {
    /// A write was acknowledged before the crash. A run in which none was has nothing to lose, and tells nothing of losses.
    #[must_use]
    pub fn is_at_risk(&self) -> bool {
        self.endangered > 0
    }

    /// Something was lost, and all of it is still somewhere: at another node, or in an archive.
    #[must_use]
    pub fn is_recoverable(&self) -> bool {
        self.lost_writes > 0 && self.unrecoverable == 0
    }

    /// Classifies a run by what was seen of it.
    pub(super) fn of(seed: u64, facts: &Facts) -> Outcome {
        let Facts { endangered, later, nodes, archived, .. } = facts;
        let served = &nodes[facts.master];
        let nothing = BTreeSet::new();
        // A node that is down, or no master, serves nothing as one.
        let served = if served.is_master { &served.keys } else { &nothing };
        let is_somewhere = |key: &u32| nodes.iter().any(|node| node.keys.contains(key));
        let gone = endangered.iter().filter(|key| !is_somewhere(key)).count();
        let lost = || endangered.iter().chain(later).filter(|key| !served.contains(key));
        let unrecoverable = lost().filter(|key| !is_somewhere(key) && !archived.contains(key)).count();
        let is_wiped = |node: &&NodeFacts| node.keys.is_disjoint(endangered);
        let replicas = || (0..).zip(nodes).filter(|(host, _)| *host != facts.master);
        // The one that crashed lost its data by that, not by a synchronisation. A replica that was promoted may have been wiped before.
        let wiped = (0..).zip(nodes).filter(|(host, node)| *host != MASTER && is_wiped(node));
        let needs_nothing = |node: &NodeFacts| {
            node.is_held_off && node.follows.is_some_and(|master| node.keys.is_subset(&nodes[master].keys))
        };
        let without_cause = replicas().filter(|(_, node)| needs_nothing(node)).count();
        let has_endangered = !endangered.is_empty();
        Outcome {
            seed,
            endangered: endangered.len() as u32,
            is_total: has_endangered && gone == endangered.len(),
            is_partial: gone > 0 && gone < endangered.len(),
            is_master_empty: has_endangered && served.is_disjoint(endangered),
            lost_writes: lost().count() as u32,
            unrecoverable: unrecoverable as u32,
            wiped_replicas: if has_endangered { wiped.count() as u32 } else { 0 },
            without_writes_us: facts.is_written_to.then(|| facts.resumed_after_us.unwrap_or(facts.watched_us)),
            is_never_resumed: facts.is_written_to && facts.resumed_after_us.is_none(),
            has_taken_over: facts.has_taken_over,
            held_off: nodes.iter().filter(|node| node.is_held_off).count() as u32,
            falsely_held_off: without_cause as u32 + u32::from(facts.has_refused_without_cause),
            broken: facts.broken.clone(),
        }
    }
}

/// Plays a seed in a cell.
#[must_use]
pub fn play(cell: &Cell, seed: u64, given: &[Setting]) -> Outcome {
    let draws = Draws::of(seed);
    let moments = Moments::of(cell, &draws);
    judge(staging::plan(cell, &draws, given), moments)
}

fn judge(plan: Plan, moments: Moments) -> Outcome {
    let seed = plan.seed;
    let mut world = World::new(plan);
    world.begin();
    while world.queue.next_at().is_some_and(|next| next <= moments.judged_at) && world.step() {}
    let mut facts = look(&world, moments);
    // What comes then is no part of the study, but properties must hold there, too.
    while world.step() {}
    let violation = world.outcome().violations.pop();
    facts.has_refused_without_cause =
        violation.as_ref().is_some_and(|violation| violation.property == Property::QuarantinesWithCause);
    facts.broken = violation.map(|violation| violation.to_string());
    Outcome::of(seed, &facts)
}

fn look(world: &World, moments: Moments) -> Facts {
    let client = &world.clients[WRITER];
    let (mut endangered, mut later) = (BTreeSet::new(), BTreeSet::new());
    let mut resumed_after_us = None;
    for acknowledged in client.acknowledged() {
        if acknowledged.said_at <= moments.crash_at {
            endangered.extend(keys_of(acknowledged.step));
        } else {
            later.extend(keys_of(acknowledged.step));
            resumed_after_us.get_or_insert(acknowledged.at - moments.crash_at);
        }
    }
    let script = client.plan.script.as_deref().unwrap_or_default();
    let hosts = world.hosts.iter().zip(&world.operator.follows);
    let nodes = hosts.map(|(host, follows)| {
        let Some(node) = &host.node else { return NodeFacts::default() };
        let probe = node.probe();
        NodeFacts {
            is_master: probe.role == Role::Master,
            is_held_off: probe.held_off.is_some(),
            keys: keys_of_node(node, world),
            follows: follows.map(usize::from),
        }
    });
    Facts {
        endangered,
        later,
        resumed_after_us,
        watched_us: moments.judged_at - moments.crash_at,
        nodes: nodes.collect(),
        master: usize::from(world.operator.master()),
        archived: world.hosts.iter().flat_map(|host| keys_of_archives(&host.disk)).collect(),
        has_taken_over: world.totals.takeovers > 0,
        has_refused_without_cause: false,
        broken: None,
        is_written_to: script.last().is_some_and(|step| step.at_us > moments.crash_at),
    }
}

/// The keys that a node has, as it tells a client. A twin of it is asked, so that it does not notice.
fn keys_of_node(node: &Node, world: &World) -> BTreeSet<u32> {
    let mut twin = node.clone();
    let mut effects = Effects::new();
    let now = world.hosts[0].now(world.now);
    let conn = twin.accept(peer(world.operator_site(), 1, MASTER, PORT), now, &mut effects);
    twin.handle(Event::Received { conn, bytes: ASK }, now, &mut effects);
    let mut answer = Vec::new();
    loop {
        let mut slices = [&[][..]; 8];
        let filled = twin.gather(conn, &mut slices);
        let bytes = slices[..filled].concat();
        if bytes.is_empty() {
            return numbers_in(&answer);
        }
        answer.extend_from_slice(&bytes);
        twin.sent(conn, bytes.len(), now, &mut effects);
    }
}

/// The question.
const ASK: &[u8] = b"KEYS k:*\r\n";

/// Keys in the archives on a disk: what somebody has again who starts a server on them.
fn keys_of_archives(disk: &crate::disk::Disk) -> BTreeSet<u32> {
    let names = disk.contents().into_iter().map(|(name, _)| name.to_string());
    let archives = names.filter(|name| ArchiveName::parse(name).is_some());
    archives.flat_map(|archive| keys_of_archive(disk, &archive)).collect()
}

fn keys_of_archive(disk: &crate::disk::Disk, archive: &str) -> BTreeSet<u32> {
    let text = format!("save \"\"\nappendonly no\ndbfilename {archive}\n");
    let mut include = |name: &str| Err(format!("there is no file {name}"));
    let Ok(config) = Config::load(Some(("redis.conf", text.as_bytes())), &[], &mut include) else {
        return BTreeSet::new();
    };
    let mut host = alone::Host::start(config, Defects::default(), 1, disk.clone());
    host.disk.abandon();
    host.rest();
    if !host.is_ready {
        return BTreeSet::new();
    }
    let conn = host.accept();
    host.client = Some(conn);
    host.send(conn, "KEYS k:*\r\n");
    host.rest();
    numbers_in(&host.received)
}

/// The numbers in the names of keys in an answer.
fn numbers_in(answer: &[u8]) -> BTreeSet<u32> {
    let lines = answer.split(|byte| *byte == b'\n');
    let names = lines.filter_map(|line| line.strip_prefix(KEY.as_bytes())?.strip_suffix(b"\r"));
    names.filter_map(|digits| std::str::from_utf8(digits).ok()?.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A was the master and had keys 0 to 9, of which clients know; B and C follow it and have all but the last. Clients write 10 and 11 later.
    fn facts(a: &[u32], b: &[u32], c: &[u32]) -> Facts {
        let node = |keys: &[u32], follows: Option<usize>| NodeFacts {
            is_master: follows.is_none(),
            is_held_off: false,
            keys: keys.iter().copied().collect(),
            follows,
        };
        Facts {
            endangered: (0..10).collect(),
            later: [10, 11].into(),
            resumed_after_us: Some(5),
            watched_us: 100,
            nodes: vec![node(a, None), node(b, Some(0)), node(c, Some(0))],
            is_written_to: true,
            ..Facts::default()
        }
    }

    const ALL: [u32; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];

    #[test]
    fn nothing_is_lost_where_all_have_everything() {
        let outcome = Outcome::of(1, &facts(&ALL, &ALL, &ALL));
        let expected = Outcome { seed: 1, endangered: 10, without_writes_us: Some(5), ..Outcome::default() };
        assert_eq!(outcome, expected);
    }

    #[test]
    fn what_no_node_has_is_lost_in_total_whatever_was_written_later() {
        let later = &ALL[10..];
        let outcome = Outcome::of(1, &facts(later, later, later));
        assert!(outcome.is_total && outcome.is_master_empty && !outcome.is_partial && !outcome.is_recoverable());
        assert_eq!((outcome.lost_writes, outcome.unrecoverable, outcome.wiped_replicas), (10, 10, 2));
        let archived = Facts { archived: (0..10).collect(), ..facts(later, later, later) };
        let outcome = Outcome::of(1, &archived);
        assert!(outcome.is_total && outcome.is_recoverable());
        assert_eq!((outcome.lost_writes, outcome.unrecoverable), (10, 0));
    }

    #[test]
    fn what_a_replica_in_quarantine_has_is_lost_to_clients_and_recoverable() {
        let mut facts = facts(&ALL[10..], &ALL[..10], &ALL[..10]);
        facts.nodes[1].is_held_off = true;
        facts.nodes[2].is_held_off = true;
        let outcome = Outcome::of(1, &facts);
        assert!(!outcome.is_total && !outcome.is_partial && outcome.is_master_empty && outcome.is_recoverable());
        assert_eq!((outcome.lost_writes, outcome.held_off, outcome.falsely_held_off), (10, 2, 0));
        facts.nodes[0].keys = ALL.into();
        let outcome = Outcome::of(1, &facts);
        assert_eq!((outcome.lost_writes, outcome.held_off, outcome.falsely_held_off), (0, 2, 2), "nobody needs it");
    }

    #[test]
    fn an_older_data_set_everywhere_is_a_loss_in_part() {
        let old: Vec<u32> = [0, 1, 2, 10, 11].into();
        let outcome = Outcome::of(1, &facts(&old, &old, &old));
        assert!(outcome.is_partial && !outcome.is_total && !outcome.is_master_empty);
        assert_eq!((outcome.lost_writes, outcome.unrecoverable, outcome.wiped_replicas), (7, 7, 0));
    }

    #[test]
    fn a_replica_that_was_wiped_and_promoted_counts_as_one() {
        let mut facts = facts(&[], &[10], &[10, 11]);
        facts.master = 1;
        facts.nodes[1] = NodeFacts { is_master: true, follows: None, ..facts.nodes[1].clone() };
        let outcome = Outcome::of(1, &facts);
        assert_eq!((outcome.is_total, outcome.wiped_replicas, outcome.lost_writes), (true, 2, 11));
    }

    #[test]
    fn writes_that_go_to_an_empty_master_and_are_gone_with_it_count() {
        let mut facts = facts(&[], &ALL[..10], &ALL[..10]);
        facts.master = 1;
        facts.nodes[1] = NodeFacts { is_master: true, follows: None, ..facts.nodes[1].clone() };
        facts.nodes[0] = NodeFacts { is_master: false, follows: Some(1), ..facts.nodes[0].clone() };
        let outcome = Outcome::of(1, &facts);
        assert!(!outcome.is_total && !outcome.is_partial && !outcome.is_master_empty);
        assert_eq!((outcome.lost_writes, outcome.unrecoverable, outcome.wiped_replicas), (2, 2, 0));
    }

    #[test]
    fn a_master_that_is_down_serves_nothing_and_who_waits_for_ever_is_counted_as_long_as_it_was_watched() {
        let mut facts = facts(&ALL, &ALL, &ALL);
        facts.nodes[0] = NodeFacts::default();
        facts.later.clear();
        facts.resumed_after_us = None;
        let outcome = Outcome::of(1, &facts);
        assert!(outcome.is_master_empty && outcome.is_never_resumed && outcome.is_recoverable());
        assert_eq!((outcome.lost_writes, outcome.without_writes_us), (10, Some(100)));
    }
}
