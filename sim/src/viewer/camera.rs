//! What of a run does somebody want to see?
//!
//! A camera stands in a world that is asked for one, and is told of each event, of each piece of bytes as it is written and as it is delivered, of each line of the journal,
//! and of each node after its events. It keeps what its window of time shows; a world without a camera spends nothing on it.

use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeInclusive;

use afterimage_core::node::{LinkState, Probe, Role};
use afterimage_core::replication::ReplicationId;

use crate::journal::{Topic, gist};
use crate::network::{LinkId, Side, Site};
use crate::queue::Micros;

/// Events on a page at most: a browser holds them with ease, and a person reads no more.
pub const EVENTS_MAX: usize = 1 << 20;

/// Bytes of a write that are remembered until it arrives, to tell it if it does not.
const HEAD_BYTES: usize = 65;

/// Something that happened, at most at one site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) at: Micros,
    pub(super) kind: u64,
    /// Where, counted from 1; zero if it is about all.
    pub(super) site: u64,
}

/// Bytes that were delivered in an event, to its site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) event: u64,
    pub(super) from: Site,
    /// By how many events before its own the last of it was written, counted from 1; zero if that was before the window.
    pub(super) sent_before: u64,
    /// For how long the first of it was under way.
    pub(super) took: Micros,
    pub(super) bytes: u64,
    pub(super) text: u64,
    pub(super) link: u64,
}

/// Bytes that were written in an event and have not arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lost {
    pub(super) event: u64,
    pub(super) from: Site,
    pub(super) to: Site,
    pub(super) bytes: u64,
    pub(super) text: u64,
    pub(super) link: u64,
}

/// A line of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) event: u64,
    pub(super) topic: u64,
    pub(super) text: u64,
}

/// What is followed of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Metric {
    /// See [`state`].
    State,
    History,
    Offset,
    Keys,
    OutputBytes,
    LogBytes,
    SnapshotBytes,
    Replicas,
}

impl Metric {
    pub(super) fn name(self) -> &'static str {
        match self {
            Metric::State => "state",
            Metric::History => "history",
            Metric::Offset => "offset",
            Metric::Keys => "keys",
            Metric::OutputBytes => "output",
            Metric::LogBytes => "log",
            Metric::SnapshotBytes => "snapshot",
            Metric::Replicas => "replicas",
        }
    }
}

/// Texts, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Texts {
    pub(super) all: Vec<String>,
    known: BTreeMap<String, u64>,
}

impl Texts {
    fn number(&mut self, text: &str) -> u64 {
        if let Some(known) = self.known.get(text) {
            return *known;
        }
        let number = self.all.len() as u64;
        self.all.push(text.to_owned());
        self.known.insert(text.to_owned(), number);
        number
    }
}

/// A write that is under way.
#[derive(Clone, Debug)]
struct Written {
    /// Of the stream, up to the end of this.
    until: u64,
    at: Micros,
    event: Option<u64>,
    /// How it begins.
    head: Vec<u8>,
    bytes: u64,
}

/// One direction of a link.
#[derive(Clone, Debug, Default)]
struct Stream {
    generation: u32,
    link: u64,
    from: Site,
    to: Site,
    written: u64,
    read: u64,
    under_way: VecDeque<Written>,
}

/// Gathers what a page shows.
#[derive(Clone, Debug)]
pub(crate) struct Camera {
    pub(super) window: RangeInclusive<Micros>,
    now: Micros,
    /// Events so far, those before the window included; the first is the beginning.
    count: u64,
    /// How many were before the first that is kept.
    pub(super) skipped: u64,
    /// The row of the present event, if that is kept.
    row: Option<u64>,
    /// There were more than [`EVENTS_MAX`].
    pub(super) is_full: bool,
    pub(super) failed_at: Option<u64>,
    pub(super) kinds: Texts,
    pub(super) topics: Texts,
    pub(super) texts: Texts,
    pub(super) events: Vec<Event>,
    pub(super) messages: Vec<Message>,
    pub(super) lost: Vec<Lost>,
    pub(super) notes: Vec<Note>,
    pub(super) series: BTreeMap<(u16, Metric), Vec<(u64, u64)>>,
    /// What was last known of each node.
    latest: BTreeMap<(u16, Metric), u64>,
    pub(super) histories: Vec<ReplicationId>,
    streams: BTreeMap<(u32, bool), Stream>,
}

impl Camera {
    /// A camera for what happens from one time to another.
    pub(crate) fn new(window: RangeInclusive<Micros>) -> Camera {
        let mut camera = Camera {
            window,
            now: 0,
            count: 0,
            skipped: 0,
            row: None,
            is_full: false,
            failed_at: None,
            kinds: Texts::default(),
            topics: Texts::default(),
            texts: Texts::default(),
            events: Vec::new(),
            messages: Vec::new(),
            lost: Vec::new(),
            notes: Vec::new(),
            series: BTreeMap::new(),
            latest: BTreeMap::new(),
            histories: Vec::new(),
            streams: BTreeMap::new(),
        };
        camera.event(0, "begin", None);
        camera
    }

    /// An event begins. What follows belongs to it.
    pub(crate) fn event(&mut self, at: Micros, kind: &'static str, site: Option<Site>) {
        self.now = at;
        self.count += 1;
        self.row = None;
        if !self.window.contains(&at) {
            return;
        }
        if self.events.len() == EVENTS_MAX {
            self.is_full = true;
            return;
        }
        if self.events.is_empty() {
            self.skipped = self.count - 1;
            // What nodes were before belongs to the first event that is seen.
            self.series = self.latest.iter().map(|(whose, value)| (*whose, vec![(0, *value)])).collect();
        }
        self.row = Some(self.events.len() as u64);
        let kind = self.kinds.number(kind);
        self.events.push(Event { at, kind, site: site.map_or(0, |site| u64::from(site) + 1) });
    }

    /// A property is broken by the present event.
    pub(crate) fn failed(&mut self) {
        self.failed_at = self.failed_at.or(self.row);
    }

    /// A line of the journal; bytes are told of apart.
    pub(crate) fn note(&mut self, topic: Topic, text: &str) {
        let Some(event) = self.row.filter(|_| !matches!(topic, Topic::Bytes | Topic::Sync | Topic::Event)) else {
            return;
        };
        let (topic, text) = (self.topics.number(topic.name()), self.texts.number(text));
        self.notes.push(Note { event, topic, text });
    }

    /// A site writes into a link.
    pub(crate) fn sent(&mut self, link: LinkId, side: Side, sites: [Site; 2], number: u64, bytes: &[u8]) {
        let (event, at) = (self.row, self.now);
        let [from, to] = if side == Side::Dialler { sites } else { [sites[1], sites[0]] };
        let stream = self.streams.entry((link.slot, side == Side::Dialler)).or_default();
        if stream.generation != link.generation || stream.link != number {
            let fresh = Stream { generation: link.generation, link: number, from, to, ..Stream::default() };
            let ended = std::mem::replace(stream, fresh);
            self.lose(&ended);
        }
        let stream = self.streams.entry((link.slot, side == Side::Dialler)).or_default();
        stream.written += bytes.len() as u64;
        let head = bytes[..bytes.len().min(HEAD_BYTES)].to_vec();
        stream.under_way.push_back(Written { until: stream.written, at, event, head, bytes: bytes.len() as u64 });
    }

    /// Bytes of a link reach the site of the present event.
    pub(crate) fn delivered(&mut self, link: LinkId, side: Side, from: Site, bytes: &[u8]) {
        let stream = self.streams.entry((link.slot, side == Side::Dialler)).or_default();
        stream.read += bytes.len() as u64;
        let (mut first, mut last) = (None, None);
        while let Some(front) = stream.under_way.front() {
            // A write that has begun to arrive stays until all of it has.
            if front.until - front.bytes >= stream.read {
                break;
            }
            first = first.or(Some(front.at));
            last = front.event;
            if front.until > stream.read {
                break;
            }
            stream.under_way.pop_front();
        }
        let Some(event) = self.row else { return };
        self.messages.push(Message {
            event,
            from,
            sent_before: last.map_or(0, |last| event - last + 1),
            took: first.map_or(0, |first| self.now - first),
            bytes: bytes.len() as u64,
            text: self.texts.number(&gist(bytes)),
            link: stream.link,
        });
    }

    /// A node as it is after an event.
    pub(crate) fn sample(&mut self, host: u16, probe: &Probe, is_ready: bool) {
        let id = probe.position.history;
        let history = self.histories.iter().rposition(|known| *known == id).unwrap_or_else(|| {
            self.histories.push(id);
            self.histories.len() - 1
        });
        for (metric, value) in [
            (Metric::State, state(probe, is_ready)),
            (Metric::History, history as u64),
            (Metric::Offset, probe.position.offset),
            (Metric::Keys, probe.keys),
            (Metric::OutputBytes, probe.output_bytes),
            (Metric::LogBytes, probe.log_bytes),
            (Metric::SnapshotBytes, probe.snapshot_bytes),
            (Metric::Replicas, u64::from(probe.replicas_online)),
        ] {
            self.set(host, metric, value);
        }
    }

    /// A node's life ends.
    pub(crate) fn life_ends(&mut self, host: u16) {
        self.set(host, Metric::State, 0);
    }

    fn set(&mut self, host: u16, metric: Metric, value: u64) {
        if self.latest.insert((host, metric), value) == Some(value) {
            return;
        }
        let Some(event) = self.row else { return };
        let series = self.series.entry((host, metric)).or_default();
        match series.last_mut() {
            Some(last) if last.0 == event => last.1 = value,
            _ => series.push((event, value)),
        }
    }

    /// Nothing more happens: what is under way has not arrived.
    pub(super) fn stop(&mut self) {
        for (_, stream) in std::mem::take(&mut self.streams) {
            self.lose(&stream);
        }
        self.lost.sort_by_key(|lost| lost.event);
    }

    fn lose(&mut self, stream: &Stream) {
        for written in &stream.under_way {
            let Some(event) = written.event else { continue };
            let bytes = written.bytes.min(written.until - stream.read);
            let text = self.texts.number(&gist(&written.head));
            self.lost.push(Lost { event, from: stream.from, to: stream.to, bytes, text, link: stream.link });
        }
    }
}

/// What a node is, in one number: up, ready, loading, a master, has a log; then its link to its master.
fn state(probe: &Probe, is_ready: bool) -> u64 {
    let link = match probe.link {
        LinkState::None => 0,
        LinkState::Connecting => 1,
        LinkState::Handshake => 2,
        LinkState::Transfer => 3,
        LinkState::Online => 4,
    };
    let bits = [true, is_ready, probe.loading, probe.role == Role::Master, probe.backlog.is_some()];
    (0..).zip(bits).fold(link << 5, |state, (at, bit)| state | u64::from(bit) << at)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: LinkId = LinkId { slot: 3, generation: 1 };

    fn camera() -> Camera {
        let mut camera = Camera::new(0..=1000);
        camera.event(10, "client", Some(2));
        camera.sent(LINK, Side::Dialler, [2, 0], 7, b"PING\r\n");
        camera.event(20, "client", Some(2));
        camera.sent(LINK, Side::Dialler, [2, 0], 7, b"PING\r\nPING\r\n");
        camera
    }

    #[test]
    fn a_delivery_names_the_last_write_in_it_and_how_long_the_first_took() {
        let mut camera = camera();
        camera.event(30, "deliver", Some(0));
        camera.delivered(LINK, Side::Dialler, 2, b"PING\r\nPING\r\n");
        camera.event(40, "deliver", Some(0));
        camera.delivered(LINK, Side::Dialler, 2, b"PING\r\n");
        camera.stop();
        let told: Vec<_> = camera.messages.iter().map(|it| (it.event, it.sent_before, it.took, it.link)).collect();
        assert_eq!(told, [(3, 2, 20, 7), (4, 3, 20, 7)]);
        assert_eq!(camera.lost, []);
    }

    #[test]
    fn what_has_not_arrived_when_its_link_or_the_run_ends_is_lost() {
        let mut camera = camera();
        camera.event(30, "deliver", Some(0));
        camera.delivered(LINK, Side::Dialler, 2, b"PING\r\nPI");
        camera.event(40, "client", Some(2));
        camera.sent(LinkId { generation: 2, ..LINK }, Side::Dialler, [2, 1], 8, b"QUIT\r\n");
        camera.stop();
        let told: Vec<_> = camera.lost.iter().map(|it| (it.event, it.to, it.bytes, it.link)).collect();
        assert_eq!(told, [(2, 0, 10, 7), (4, 1, 6, 8)]);
    }

    #[test]
    fn a_window_keeps_its_events_and_numbers_them_as_the_run_does() {
        let mut camera = Camera::new(15..=25);
        for at in [10, 20, 30] {
            camera.event(at, "client", Some(2));
            camera.sent(LINK, Side::Dialler, [2, 0], 7, b"PING\r\n");
            camera.delivered(LINK, Side::Dialler, 2, b"PING\r\n");
            camera.note(Topic::World, "something");
        }
        camera.stop();
        assert_eq!((camera.skipped, camera.events.len(), camera.messages.len(), camera.notes.len()), (2, 1, 1, 1));
        assert_eq!(camera.events[0].at, 20);
    }
}
