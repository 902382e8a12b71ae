//! What does a page hold of a run?
//!
//! What a [`Camera`] has gathered, and what the world knows besides: who its sites are, who began each history and from where, which faults were planned for when,
//! how it ended.

use std::ops::RangeInclusive;

use serde::Serialize;

use super::camera::{Camera, EVENTS_MAX};
use super::columns::Columns;
use super::page::{self, Page};
use crate::check::{Branch, Violation};
use crate::plan::Fault;
use crate::queue::Micros;
use crate::report::Outcome;
use crate::world::World;

/// The form of data that the page's scripts read; they refuse another.
const FORMAT: u32 = 1;

/// A run, ready to be put on a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Film {
    head: Head,
    columns: Columns,
    events: usize,
}

/// What is told once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Head {
    page: &'static str,
    format: u32,
    title: String,
    /// What shows it again.
    command: String,
    defects: Vec<String>,
    plan: String,
    sites: Vec<SiteHead>,
    histories: Vec<HistoryHead>,
    faults: Vec<FaultHead>,
    kinds: Vec<String>,
    topics: Vec<String>,
    metrics: Vec<SeriesHead>,
    /// The number of the first event.
    first_event: u64,
    quiet_us: Option<Micros>,
    end_us: Micros,
    violations: Vec<Violation>,
    /// The row of the event in which a property was broken.
    failed_at: Option<u64>,
    verdict: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct SiteHead {
    name: String,
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct HistoryHead {
    id: String,
    /// Who began it, and in which of its lives.
    owner: Option<(u16, u32)>,
    /// Which it goes on from, and up to which offset the two are one.
    parent: Option<(usize, u64)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct FaultHead {
    at: Micros,
    until: Micros,
    words: String,
    hosts: Vec<u16>,
    #[serde(flatten)]
    fault: Option<Fault>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct SeriesHead {
    host: u16,
    metric: &'static str,
    rows: usize,
}

impl Film {
    /// What the camera of a world has seen.
    ///
    /// # Errors
    ///
    /// If it has seen nothing, or too much for a page.
    pub(crate) fn of(world: &World, mut camera: Camera) -> Result<Film, String> {
        camera.stop();
        if camera.is_full {
            return Err(format!("a page shows {EVENTS_MAX} events at most: say from when and to when"));
        }
        if camera.events.is_empty() {
            return Err("nothing happens in that time".into());
        }
        let outcome = world.outcome();
        Ok(Film { head: Head::of(world, &camera, outcome), columns: columns(&camera), events: camera.events.len() })
    }

    /// Events in it.
    #[must_use]
    pub fn events(&self) -> usize {
        self.events
    }

    /// The data of a page about it.
    pub(super) fn pack(mut self, title: &str, command: &str) -> String {
        self.head.title = title.into();
        self.head.command = command.into();
        self.columns.pack(&self.head)
    }

    /// The page: one file of HTML that needs no other, and asks for none.
    #[must_use]
    pub fn page(self, title: &str, command: &str) -> String {
        let data = self.pack(title, command);
        Page { title, body: page::RUN, styles: page::RUN_STYLES, scripts: page::RUN_SCRIPTS, data: &data }.to_html()
    }
}

impl Head {
    fn of(world: &World, camera: &Camera, outcome: Outcome) -> Head {
        let hosts = world.plan.hosts.len() as u16;
        let site = |site: u16| {
            let kind = match site {
                _ if site < hosts => "host",
                _ if site == world.operator_site() => "operator",
                _ if site == world.controller_site() => "controller",
                _ => "client",
            };
            SiteHead { name: world.site_name(site), kind }
        };
        let branches = camera.histories.iter().map(|id| (id, world.checks.histories.branch(id)));
        let place = |id| camera.histories.iter().position(|known| *known == id);
        let histories = branches.map(|(id, branch)| {
            let parent = branch.and_then(|Branch { parent, .. }| parent);
            let parent = parent.and_then(|(parent, fork)| Some((place(parent)?, fork)));
            HistoryHead { id: id.to_string(), owner: branch.map(|branch| branch.owner), parent }
        });
        let series = camera.series.iter();
        let metrics = series
            .map(|((host, metric), rows)| SeriesHead { host: *host, metric: metric.name(), rows: rows.len() })
            .collect();
        let verdict = outcome.to_string();
        Head {
            page: "run",
            format: FORMAT,
            title: String::new(),
            command: String::new(),
            defects: world.plan.defects.clone(),
            plan: world.plan.in_words(),
            sites: (0..=world.controller_site()).map(site).collect(),
            histories: histories.collect(),
            faults: faults(world, &camera.window),
            kinds: camera.kinds.all.clone(),
            topics: camera.topics.all.clone(),
            metrics,
            first_event: camera.skipped,
            quiet_us: world.quiet_since(),
            end_us: outcome.simulated_us.min(*camera.window.end()),
            violations: outcome.violations,
            failed_at: camera.failed_at,
            verdict,
        }
    }
}

/// The faults that have begun, and when each was over, as far as some of that is in the window.
fn faults(world: &World, window: &RangeInclusive<Micros>) -> Vec<FaultHead> {
    let quiet_us = world.quiet_since();
    let end_us = quiet_us.unwrap_or(world.now());
    let begun = world.plan.faults.iter().filter(|planned| planned.at_us <= end_us);
    let begun = begun.map(|planned| FaultHead {
        at: planned.at_us,
        until: (planned.at_us + planned.fault.lasts_us()).min(end_us),
        words: planned.fault.in_words(),
        hosts: planned.fault.hosts().into_iter().flatten().collect(),
        fault: Some(planned.fault.clone()),
    });
    let for_ever = world.plan.outside.iter().zip(quiet_us).map(|(outside, quiet_us)| FaultHead {
        at: quiet_us,
        until: world.now(),
        words: format!("{} {} for ever", crate::journal::host_name(outside.host), outside.how.in_words()),
        hosts: vec![outside.host],
        fault: None,
    });
    begun.chain(for_ever).filter(|fault| fault.at <= *window.end() && fault.until >= *window.start()).collect()
}

fn columns(camera: &Camera) -> Columns {
    let Camera { events, messages, lost, notes, .. } = camera;
    let mut columns = Columns::default();
    columns.add_steps("event.at", events.iter().map(|event| event.at));
    columns.add("event.kind", events.iter().map(|event| event.kind));
    columns.add("event.site", events.iter().map(|event| event.site));
    columns.add_steps("message.event", messages.iter().map(|message| message.event));
    columns.add("message.from", messages.iter().map(|message| u64::from(message.from)));
    columns.add("message.sent", messages.iter().map(|message| message.sent_before));
    columns.add("message.took", messages.iter().map(|message| message.took));
    columns.add("message.bytes", messages.iter().map(|message| message.bytes));
    columns.add_steps("message.link", messages.iter().map(|message| message.link));
    columns.add_steps("message.text", messages.iter().map(|message| message.text));
    columns.add_steps("lost.event", lost.iter().map(|lost| lost.event));
    columns.add("lost.from", lost.iter().map(|lost| u64::from(lost.from)));
    columns.add("lost.to", lost.iter().map(|lost| u64::from(lost.to)));
    columns.add("lost.bytes", lost.iter().map(|lost| lost.bytes));
    columns.add("lost.link", lost.iter().map(|lost| lost.link));
    columns.add("lost.text", lost.iter().map(|lost| lost.text));
    columns.add_steps("note.event", notes.iter().map(|note| note.event));
    columns.add("note.topic", notes.iter().map(|note| note.topic));
    columns.add_steps("note.text", notes.iter().map(|note| note.text));
    let series = || camera.series.values();
    columns.add_steps("series.event", series().flatten().map(|(event, _)| *event));
    columns.add_steps("series.value", series().flatten().map(|(_, value)| *value));
    columns.add_lines("texts", camera.texts.all.iter().map(String::as_str));
    columns
}

#[cfg(all(test, feature = "museum"))]
mod tests {
    use crate::KeptPlan;
    use crate::viewer::{Filmed, film};

    #[test]
    fn a_failure_is_marked_at_its_event() {
        let text = include_str!("../../../tests/plans/wait-across-histories.json");
        let kept = KeptPlan::from_json(text).expect("it is a plan");
        let Filmed { outcome, film, .. } = film(kept.plan, 0..=u64::MAX);
        let film = film.expect("it is short");
        assert_eq!(film.head.failed_at, Some(outcome.violations[0].event));
        assert_eq!(film.head.violations, outcome.violations);
    }
}
