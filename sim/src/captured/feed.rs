//! In which order are shadows and checks told what was captured?
//!
//! As it was captured. What the link of a replica brings goes to the shadow of that replica; if it comes from a master, the shadow of the master has had it before, so that it is the first to be at each place of its history.

use std::collections::{BTreeMap, BTreeSet};

use afterimage_core::node::{Deed, Role};
use afterimage_core::replication::{Position, ReplicationId, Request, Standing, Verdict, decide};

use super::client::{Conversation, Info, Said};
use super::format::{Capture, Happening, Party, Record, Speaker};
use super::left::places_of_leaving;
use super::link::{Asked as LinkAsked, Heard, IsWhole, Link, belongs_to_dialogue};
use super::shadow::Shadow;
use super::words::commands;
use super::{Judged, Seen};
use crate::check::{Asked, Breach, Histories, Observation, Place, Property, Violation, Waits};
use crate::journal::{Line, Topic, gist, host_name};
use crate::queue::Micros;

/// Who broke something, and what.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) host: Option<u16>,
    pub(super) breach: Breach,
}

impl Broken {
    pub(super) fn by(host: u16) -> impl Fn(Breach) -> Broken {
        move |breach| Broken { host: Some(host), breach }
    }

    pub(super) fn new(host: u16, property: Property, explanation: String) -> Broken {
        Broken { host: Some(host), breach: Breach::new(property, explanation) }
    }
}

/// What a property's check says.
pub(super) type Outcome = Result<(), Broken>;

/// Whose words a shadow is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hears {
    /// Nobody's.
    Nobody,
    /// What its master sent, by that connection.
    Link(u32),
    /// What it said itself, up to that offset.
    Itself(u64),
}

/// What is known of a server.
pub(super) struct Server {
    pub(super) life: u32,
    pub(super) is_master: bool,
    /// It was told to be a master, and is one already or will be: that is seen by what it says next.
    pub(super) is_called: bool,
    /// The name that it has given to its own history in this life, or since it is a master.
    pub(super) named: Option<ReplicationId>,
    pub(super) shadow: Option<Shadow>,
    pub(super) hears: Hears,
    /// What it last told of itself, since all were last at rest.
    pub(super) last_info: Option<Info>,
}

impl Server {
    /// A server at the beginning of a life: it follows nobody yet.
    fn begin(life: u32, shadow: Option<Shadow>) -> Server {
        let (named, hears, last_info) = (None, Hears::Nobody, None);
        Server { life, is_master: true, is_called: false, named, shadow, hears, last_info }
    }
}

pub(super) enum Conn {
    Link(Link),
    Conversation(Conversation),
}

/// What a server has told of itself, to be judged when all has been heard.
pub(super) struct Claim {
    pub(super) at_us: Micros,
    pub(super) host: u16,
    pub(super) position: Position,
    /// It had a replica then, which has heard or will hear of it.
    pub(super) is_heard: bool,
    /// Of its data, by DEBUG DIGEST.
    pub(super) digest: Option<String>,
}

/// All that is known while a capture is gone through.
pub(super) struct Feed<'a> {
    pub(super) capture: &'a Capture,
    pub(super) servers: Vec<Server>,
    pub(super) conns: BTreeMap<u32, Conn>,
    pub(super) histories: Histories,
    pub(super) waits: Waits,
    pub(super) claims: Vec<Claim>,
    /// Offsets at which some server tells its digest.
    digest_offsets: BTreeSet<u64>,
    /// Of links that replicas left while bytes were under way, up to where those were read.
    left: BTreeMap<u32, u64>,
    pub(super) digests: BTreeMap<Place, String>,
    pub(super) seen: Seen,
    dials: u64,
    pub(super) now: Micros,
    event: u64,
    lines: Option<Vec<Line>>,
}

impl<'a> Feed<'a> {
    pub(super) fn new(capture: &'a Capture, keeps_journal: bool) -> Feed<'a> {
        let clients = clients(capture);
        Feed {
            capture,
            servers: (0..capture.hosts).map(|_| Server::begin(0, None)).collect(),
            conns: BTreeMap::new(),
            histories: Histories::new(usize::from(capture.hosts)),
            waits: Waits::new(clients),
            claims: Vec::new(),
            digest_offsets: offsets_told(capture),
            left: places_of_leaving(capture),
            digests: BTreeMap::new(),
            seen: Seen::default(),
            dials: 0,
            now: 0,
            event: 0,
            lines: keeps_journal.then(Vec::new),
        }
    }

    /// Goes through all of it, up to the first breach.
    pub(super) fn run(mut self) -> Judged {
        let capture = self.capture;
        let outcome = capture.records.iter().try_for_each(|record| self.take(record)).and_then(|()| self.conclude());
        self.seen.compared = self.histories.compared;
        let violation = outcome.err().map(|broken| self.violation(broken));
        if let Some(violation) = &violation {
            let text = format!("broken: {} by {}: {}", violation.signature(), violation.node, violation.explanation);
            self.note(Topic::World, || text);
        }
        Judged { violation, seen: self.seen, lines: self.lines.unwrap_or_default() }
    }

    fn violation(&self, Broken { host, breach: Breach { property, explanation } }: Broken) -> Violation {
        let role = match host.and_then(|host| self.servers.get(usize::from(host))) {
            Some(server) if server.is_master => "master",
            Some(_) => "replica",
            None => "world",
        };
        let node = host.map(host_name).unwrap_or_default();
        Violation { property, role: role.into(), node, at_us: self.now, event: self.event, explanation }
    }

    pub(super) fn note(&mut self, topic: Topic, text: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.lines {
            lines.push(Line { at_us: self.now, topic, text: text() });
        }
    }

    fn take(&mut self, record: &Record) -> Outcome {
        self.now = record.at_us;
        self.event += 1;
        match &record.what {
            Happening::Starts { host, snapshot } => self.on_start(*host, snapshot.as_deref()),
            Happening::Ends { host } => {
                self.on_end(*host);
                Ok(())
            }
            Happening::Dials { conn, from, to } => {
                self.on_dial(*conn, *from, *to);
                Ok(())
            }
            Happening::Says { conn, speaker, bytes } => self.on_bytes(*conn, *speaker, bytes),
            Happening::Hangs { conn } => {
                self.on_hang_up(*conn);
                Ok(())
            }
            Happening::Rests => self.on_rest(),
        }
    }

    pub(super) fn server(&mut self, host: u16) -> &mut Server {
        &mut self.servers[usize::from(host)]
    }

    fn on_start(&mut self, host: u16, snapshot: Option<&[u8]>) -> Outcome {
        let backlog_bytes = self.capture.backlog_bytes;
        let life = self.server(host).life + 1;
        let seed = u64::from(life) << 16 | u64::from(host);
        let sight = self.capture.sight();
        let shadow = Shadow::start(snapshot, backlog_bytes, sight, seed)
            .map_err(|why| Broken::new(host, Property::KeepsRunning, format!("its shadow does not start: {why}")))?;
        self.note(Topic::Life, || {
            let disk =
                snapshot.map_or_else(|| "nothing".into(), |bytes| format!("a snapshot of {} bytes", bytes.len()));
            format!("{} starts on {disk}", host_name(host))
        });
        if !shadow.is_ready() {
            let explanation = format!("it has left a snapshot that cannot be loaded: {}", shadow.last_words());
            return Err(Broken::new(host, Property::KeepsPromises, explanation));
        }
        *self.server(host) = Server::begin(life, Some(shadow));
        self.observe(host)
    }

    fn on_end(&mut self, host: u16) {
        self.note(Topic::Life, || format!("{} ends", host_name(host)));
        self.histories.end_life(host, self.dials);
        let server = self.server(host);
        (server.shadow, server.hears, server.last_info) = (None, Hears::Nobody, None);
    }

    fn on_dial(&mut self, conn: u32, from: Party, to: u16) {
        self.note(Topic::Link, || format!("{from} dials {}", host_name(to)));
        self.dials += 1;
        let dialled = match from {
            Party::Client(client) => {
                self.waits.connected(client);
                Conn::Conversation(Conversation::new(client, to))
            }
            Party::Host(host) => {
                // Only who follows somebody dials.
                self.server(host).is_master = false;
                Conn::Link(Link::new(host, to))
            }
        };
        self.conns.insert(conn, dialled);
    }

    fn on_hang_up(&mut self, conn: u32) {
        let Some(gone) = self.conns.remove(&conn) else { return };
        if let Conn::Link(link) = gone {
            self.note(Topic::Link, || format!("the link of {} to {} ends", host_name(link.from), host_name(link.to)));
            let server = self.server(link.from);
            if server.hears == Hears::Link(conn) {
                server.hears = Hears::Nobody;
                server.shadow.iter_mut().for_each(Shadow::hang_up);
            }
        }
    }

    fn on_bytes(&mut self, conn: u32, speaker: Speaker, bytes: &[u8]) -> Outcome {
        // What is said behind the end of a connection reaches nobody.
        let Some(mut known) = self.conns.remove(&conn) else { return Ok(()) };
        self.seen.bytes += bytes.len() as u64;
        self.note_bytes(&known, speaker, bytes);
        let outcome = match (&mut known, speaker) {
            (Conn::Link(link), Speaker::Dialler) => self.on_replica_bytes(conn, link, bytes),
            (Conn::Link(link), Speaker::Acceptor) => self.on_master_bytes(conn, link, bytes),
            (Conn::Conversation(conversation), Speaker::Dialler) => {
                let said = conversation.asks(bytes);
                said.into_iter().try_for_each(|(said, _)| self.on_said(conversation, said))
            }
            (Conn::Conversation(conversation), Speaker::Acceptor) => {
                let said = conversation.hears(bytes);
                said.into_iter().try_for_each(|(said, _)| self.on_said(conversation, said))
            }
        };
        self.conns.insert(conn, known);
        outcome
    }

    fn note_bytes(&mut self, conn: &Conn, speaker: Speaker, bytes: &[u8]) {
        let (dialler, acceptor) = match conn {
            Conn::Link(link) => (host_name(link.from), host_name(link.to)),
            Conn::Conversation(talk) => (Party::Client(talk.client).to_string(), host_name(talk.host)),
        };
        self.note(Topic::Bytes, || {
            let (from, to) = if speaker == Speaker::Dialler { (dialler, acceptor) } else { (acceptor, dialler) };
            format!("{from} -> {to}  {} bytes  {}", bytes.len(), gist(bytes))
        });
    }

    fn on_replica_bytes(&mut self, conn: u32, link: &mut Link, bytes: &[u8]) -> Outcome {
        for (asked, _) in link.asks(bytes) {
            match asked {
                LinkAsked::Sync(request) => link.request = Some(request),
                LinkAsked::HandOver(request) => {
                    link.request = Some(request);
                    self.on_hand_over(link.to, request);
                }
                LinkAsked::Ack(told) => self.on_ack(conn, link, told)?,
                LinkAsked::Other => {}
                LinkAsked::Nonsense => {
                    let explanation = format!("it says to {} what is no command", host_name(link.to));
                    return Err(Broken::new(link.from, Property::PeersUnderstood, explanation));
                }
            }
        }
        Ok(())
    }

    fn on_master_bytes(&mut self, conn: u32, link: &mut Link, bytes: &[u8]) -> Outcome {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (heard, used) = link.hears(rest);
            rest = &rest[used..];
            match heard {
                None => {}
                Some(Heard::Line(line)) => self.on_line(link, &line)?,
                Some(Heard::Full(position, line)) => {
                    self.seen.full += 1;
                    self.on_answer(conn, link, position.history, Some(position.offset), &line)?;
                }
                Some(Heard::Continue(history, line)) => {
                    self.seen.partial += 1;
                    self.on_answer(conn, link, history, None, &line)?;
                }
                Some(Heard::Data(bytes, is_whole)) => {
                    if is_whole == IsWhole::Whole {
                        self.master_has_sent_data(link)?;
                    }
                    self.replica_hears(conn, link.from, bytes)?;
                }
                Some(Heard::Stream(bytes)) => {
                    self.master_has_said(link, bytes)?;
                    let read = self.count_read(conn, link, bytes);
                    commands(&bytes[..read]).try_for_each(|bytes| self.replica_hears(conn, link.from, bytes))?;
                }
            }
        }
        Ok(())
    }

    /// A master says something before it answers, or instead: an error then, and whoever was asked to take over does not.
    fn on_line(&mut self, link: &mut Link, line: &[u8]) -> Outcome {
        if !belongs_to_dialogue(line) {
            let (to, line) = (host_name(link.from), line.escape_ascii());
            let explanation = format!("it says to {to} what belongs to no dialogue: {line}");
            return Err(Broken::new(link.to, Property::PeersUnderstood, explanation));
        }
        if line.starts_with(b"-") && link.request.take().is_some() {
            self.server(link.to).is_called = false;
        }
        Ok(())
    }

    /// How many of the last bytes of a stream its replica has read, or will read. Some may be under way when it is told to leave.
    fn count_read(&mut self, conn: u32, link: &Link, bytes: &[u8]) -> usize {
        let (Some(at), Some(left)) = (link.at, self.left.get(&conn)) else { return bytes.len() };
        let unread = usize::try_from(at.offset.saturating_sub(*left)).map_or(bytes.len(), |n| n.min(bytes.len()));
        self.seen.unread += unread as u64;
        bytes.len() - unread
    }

    fn replica_hears(&mut self, conn: u32, host: u16, bytes: &[u8]) -> Outcome {
        let server = self.server(host);
        if server.hears != Hears::Link(conn) {
            return Ok(());
        }
        server.shadow.iter_mut().for_each(|shadow| shadow.hear(bytes));
        self.observe(host)
    }

    /// A replica is told the stream from where it is, or that everything follows, from an offset.
    fn on_answer(
        &mut self,
        conn: u32,
        link: &mut Link,
        history: ReplicationId,
        full: Option<u64>,
        line: &[u8],
    ) -> Outcome {
        let Some(request) = link.request.take() else {
            let explanation = format!("it answers {}, which has asked for nothing", host_name(link.from));
            return Err(Broken::new(link.to, Property::PeersUnderstood, explanation));
        };
        self.on_name(link.to, history)?;
        self.judge_answer(link, request, full)?;
        self.listens(link.from, Hears::Link(conn), line)
    }

    /// A server's shadow listens to somebody else from now on, whose answer to it is that.
    pub(super) fn listens(&mut self, host: u16, hears: Hears, answer: &[u8]) -> Outcome {
        let server = self.server(host);
        let Some(shadow) = &mut server.shadow else { return Ok(()) };
        if !shadow.link_up() {
            let explanation = format!("its shadow does not dial: {}", shadow.last_words());
            return Err(Broken::new(host, Property::PeersUnderstood, explanation));
        }
        server.hears = hears;
        shadow.hear(answer);
        self.observe(host)
    }

    fn judge_answer(&mut self, link: &Link, request: Request, full: Option<u64>) -> Outcome {
        let digest = self.server(link.from).shadow.as_mut().map_or(0, Shadow::digest);
        let (from, to) = (&self.servers[usize::from(link.from)], &self.servers[usize::from(link.to)]);
        let (Some(theirs), Some(shadow)) = (&from.shadow, &to.shadow) else { return Ok(()) };
        let theirs = theirs.probe();
        let mut asked = Asked { asker: link.from, position: theirs.position, digest, request, answerer: link.to };
        // A master may have written what it had nobody to send to. Then only it can tell where it stands.
        let stands = u64::try_from(request.first_byte).ok().and_then(|first| first.checked_sub(1));
        if let (Hears::Itself(_), Some(history), Some(offset)) = (from.hears, request.history, stands)
            && history == theirs.position.history
            && offset > theirs.position.offset
        {
            (asked.position.offset, asked.digest) = (offset, 0);
        }
        let by = Broken::by(link.to);
        let Some(offset) = full else { return asked.was_continued(&self.histories).map_err(by) };
        if theirs.backlog.is_none() {
            return Ok(());
        }
        let mut answerer = shadow.probe();
        answerer.role = if to.is_master { Role::Master } else { Role::Replica };
        // The backlog of a Redis holds `repl-backlog-size` bytes for certain, and may hold more.
        let end = answerer.position.offset.max(offset);
        let oldest = |(first, _): (u64, u64)| (first - 1).max(end.saturating_sub(self.capture.backlog_bytes));
        let held = answerer.backlog.map(|backlog| (oldest(backlog), end));
        let standing = Standing { history: answerer.position.history, second: answerer.second, held };
        let reason = match decide(&request, &standing) {
            Verdict::Full(reason) => reason,
            Verdict::Continue { .. } => afterimage_core::replication::Reason::Asked,
        };
        asked.was_refused(&self.histories, &answerer, held, reason).map_err(by)
    }

    /// Looks at what a shadow has recorded.
    pub(super) fn observe(&mut self, host: u16) -> Outcome {
        let Server { life, shadow: Some(shadow), hears, .. } = &mut self.servers[usize::from(host)] else {
            return Ok(());
        };
        let (boundaries, deeds) = shadow.take();
        let second = shadow.probe().second;
        let by = Broken::by(host);
        for mut boundary in boundaries {
            boundary.role = if matches!(hears, Hears::Itself(_)) { Role::Master } else { Role::Replica };
            let seen = Observation { host, incarnation: *life, boundary: &boundary, second, dials: self.dials };
            self.seen.boundaries += 1;
            self.histories.observe(seen).map_err(&by)?;
        }
        let misunderstood = deeds.iter().find_map(|deed| match deed {
            Deed::Misunderstood { so } => Some(*so),
            _ => None,
        });
        let has_hung_up = *hears != Hears::Nobody && !shadow.is_linked();
        if let Some(so) = misunderstood.or(has_hung_up.then_some("it hangs up on its master")) {
            let explanation = format!("its shadow does not understand what was sent: {so}: {}", shadow.last_words());
            return Err(Broken::new(host, Property::PeersUnderstood, explanation));
        }
        let position = shadow.probe().position;
        if shadow.has_place()
            && self.digest_offsets.contains(&position.offset)
            && let Some(place) = self.histories.canonical(position)
            && !self.digests.contains_key(&place)
            && let Some(digest) = shadow.redis_digest()
        {
            self.digests.insert(place, digest);
        }
        Ok(())
    }
}

/// How many clients there are.
fn clients(capture: &Capture) -> usize {
    let numbers = capture.records.iter().filter_map(|record| match record.what {
        Happening::Dials { from: Party::Client(client), .. } => Some(usize::from(client) + 1),
        _ => None,
    });
    numbers.max().unwrap_or(0)
}

/// The offsets at which servers say that they stand.
fn offsets_told(capture: &Capture) -> BTreeSet<u64> {
    let mut talks: BTreeMap<u32, Conversation> = BTreeMap::new();
    let mut offsets = BTreeSet::new();
    for record in &capture.records {
        match &record.what {
            Happening::Dials { conn, from: Party::Client(client), to } => {
                talks.insert(*conn, Conversation::new(*client, *to));
            }
            Happening::Says { conn, speaker, bytes } => {
                let Some(talk) = talks.get_mut(conn) else { continue };
                let said = if *speaker == Speaker::Dialler { talk.asks(bytes) } else { talk.hears(bytes) };
                offsets.extend(said.iter().filter_map(|(said, _)| match said {
                    Said::Info(info) => Some(info.position.offset),
                    _ => None,
                }));
            }
            _ => {}
        }
    }
    offsets
}
