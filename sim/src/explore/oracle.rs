//! What do the checks know in a state, and what do they say to a step?
//!
//! The checks are those of every other run, as far as they do not ask how long something took: the tree of histories with what it tells of continuations, full
//! synchronisations and WAIT, acknowledgements, what replicas keep, who understands whom, how long a backlog is kept. What they know is a part of the state, so two
//! ways to the same nodes are one only if no check tells them apart.

use afterimage_core::node::{Deed, Probe, Role};
use afterimage_core::port::ConnId;
use afterimage_core::replication::Verdict;

use super::local::Sight;
use super::terms::HOSTS;
use crate::check::{
    Asked, Backlogs, Breach, Histories, KeepsData, Observation, Property, Read, Stand, Waits, judge_ack, judge_read,
};

/// Connections are not counted here: who once had a write counts, for WAIT, as one who may be thought to have it.
const DIALS: u64 = 0;

/// What the checks know.
#[derive(Clone, Debug, Hash)]
pub(super) struct Oracle {
    histories: Histories,
    keeps_data: KeepsData,
    backlogs: Backlogs,
    /// Each host has one client.
    waits: Waits,
}

/// Who has dialled the connections that a host has accepted, and what is to be seen of it, if it still holds its end.
pub(super) type Company<'a> = &'a [(ConnId, u8, Option<Probe>)];

impl Oracle {
    pub(super) fn new() -> Oracle {
        Oracle {
            histories: Histories::new(HOSTS),
            keeps_data: KeepsData::new(HOSTS),
            backlogs: Backlogs::new(HOSTS),
            waits: Waits::new(HOSTS),
        }
    }

    /// A host is no more.
    pub(super) fn ends(&mut self, host: u8) {
        self.histories.end_life(u16::from(host), DIALS);
        self.waits.connected(u16::from(host));
    }

    /// Looks at a host behind a step of it.
    pub(super) fn look(&mut self, host: u8, sight: &Sight, company: Company<'_>) -> Result<(), Breach> {
        let host = u16::from(host);
        let (probe, life) = (&sight.probe, sight.life);
        let history = probe.position.history;
        if sight.starts {
            self.keeps_data.started(host);
            self.backlogs.started(host);
            if sight.is_blank && self.histories.knows(&history) {
                let explanation = format!("it started on an empty disk with the known id {history:?}");
                return Err(Breach::new(Property::FreshId, explanation));
            }
            self.histories.begin(history, (host, life));
        }
        let is_new = !self.histories.knows(&history);
        if history != sight.history_before {
            let keeps_data = probe.role == Role::Master && sight.is_ready;
            self.histories.change(sight.history_before, probe.position, (host, life), keeps_data);
        }
        for boundary in &sight.boundaries {
            let seen = Observation { host, incarnation: life, boundary, second: probe.second, dials: DIALS };
            self.histories.observe(seen)?;
        }
        let is_replaced = sight.boundaries.iter().any(|seen| seen.stream == 0 && seen.role == Role::Replica);
        let stand = Stand {
            keys_before: sight.keys_before,
            keys: probe.keys,
            is_replaced,
            history,
            is_nowhere: probe.role == Role::Replica && is_new,
            is_loading: probe.loading,
        };
        self.keeps_data.observe(host, stand)?;
        self.backlogs.look(host, probe, sight.role_for, sight.wanted, is_replaced)?;
        sight.deeds.iter().try_for_each(|deed| self.judge(host, probe, deed, company))?;
        if sight.has_lost_client {
            self.waits.connected(host);
        }
        Ok(())
    }

    fn judge(&mut self, host: u16, probe: &Probe, deed: &Deed, company: Company<'_>) -> Result<(), Breach> {
        match *deed {
            Deed::Answered { conn, request, held, verdict } => {
                let asker = company.iter().find(|(theirs, ..)| *theirs == conn);
                let Some(&(_, asker, Some(theirs))) = asker else { return Ok(()) };
                let (position, digest) = (theirs.position, theirs.digest);
                let asked = Asked { asker: u16::from(asker), position, digest, request, answerer: host };
                match verdict {
                    Verdict::Continue { .. } => asked.was_continued(&self.histories),
                    Verdict::Full(_) if theirs.backlog.is_none() => Ok(()),
                    Verdict::Full(reason) => asked.was_refused(&self.histories, probe, held, reason),
                }
            }
            Deed::Wrote { position, .. } => {
                let place = probe.backlog.and_then(|_| self.histories.locate(position));
                self.waits.wrote(host, place);
                Ok(())
            }
            Deed::Waited { replicas, .. } => {
                let Some(place) = self.waits.written(host) else { return Ok(()) };
                let has = |(_, from, probe): &&(ConnId, u8, Option<Probe>)| {
                    let from = u16::from(*from);
                    self.histories.has(from, place) || probe.is_none() && self.histories.had_since(from, place, DIALS)
                };
                self.waits.told(host, replicas, company.iter().filter(has).count())
            }
            Deed::Acknowledged { told, position } => judge_ack(told, position),
            Deed::Misunderstood { so } => {
                let explanation = format!("{so}, though links deliver what was written to them");
                Err(Breach::new(Property::PeersUnderstood, explanation))
            }
            // Nobody here is told to serve nothing while it is out of step.
            Deed::Read { is_past, is_found, link, is_loading } => {
                judge_read(Read { is_past, is_found, link, is_loading }, true)
            }
            // They ask how long something took, or are about what nobody does here.
            Deed::TimedOut
            | Deed::MasterNamed
            | Deed::Saved { .. }
            | Deed::StopsWaiting
            | Deed::Evicted { .. }
            | Deed::HandsOver { .. }
            | Deed::Refused { .. }
            | Deed::WaitedForDisks { .. } => Ok(()),
        }
    }
}
