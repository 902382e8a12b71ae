//! How do events reach the node, and its actions the world? Decides nothing: it carries both across.
//!
//! One thread runs everything. A task per connection waits for its socket and then makes a *turn* here: it reads into
//! the one buffer that all connections share, hands the bytes to the node and carries out the actions. Output is listed
//! and written by the flusher's turn, which comes after the turns of all connections that were ready with this one: a
//! batch of commands costs each replica one write, and a peer that was asleep is woken once all are served, rather
//! than once for each connection that it has here.

use std::cell::RefCell;
use std::mem;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker, ready};

use afterimage_core::Config;
use afterimage_core::node::Environment;
use afterimage_core::port::{
    Action, CloseCause, ConnId, DialFailure, Effects, Event, ExitCode, Level, ListenFailure, Mono, Note, Now, Peer,
};
use tokio::net::TcpStream;

use crate::connection::{Connections, SLICES_MAX, Stream};
use crate::disk::Disk;
use crate::listeners::Listeners;
use crate::log::{Log, Speaker};
use crate::recorder::{Recorded, Recorder};
use crate::{allocator, clock, supervisor, tasks};

/// What one read takes: enough for a deep pipeline, little enough to stay in the processor's cache.
const READ_BYTES: usize = 64 * 1024;
/// What a read takes after one that filled `READ_BYTES`: a large value or a snapshot is arriving.
const READ_BYTES_BULK: usize = 256 * 1024;
/// Reads that one connection makes before it lets others have their turns.
const READS_PER_TURN: usize = 4;
/// Bytes that one connection is sent before it lets others have their turns.
const WRITE_BYTES_PER_TURN: usize = 1024 * 1024;

/// A node and all that it needs of the world, shared by the tasks of one thread. No task holds the borrow while it
/// waits.
pub(crate) type Shared = Rc<RefCell<Reactor>>;

pub(crate) struct Reactor {
    /// For the tasks that it starts.
    this: Weak<RefCell<Reactor>>,
    node: Recorded,
    /// What the node asks for while `batch` is carried out.
    effects: Effects,
    batch: Effects,
    connections: Connections,
    buffer: Box<[u8]>,
    /// Connections with output that the flusher is to write.
    listed: Vec<ConnId>,
    listeners: Listeners,
    disk: Disk,
    log: Log,
    pub(crate) wakers: Wakers,
    /// The moment that the timer task waits for.
    armed: Option<Mono>,
    ended: Option<ExitCode>,
}

/// Whom to wake for what. Each task leaves its waker here when it has nothing to do.
#[derive(Default)]
pub(crate) struct Wakers {
    pub(crate) flusher: Option<Waker>,
    pub(crate) worker: Option<Waker>,
    pub(crate) timer: Option<Waker>,
    pub(crate) end: Option<Waker>,
}

impl Reactor {
    /// Starts an incarnation of a node.
    pub(crate) fn start(
        config: Config,
        environment: Environment,
        seed: u64,
        recorder: Option<Recorder>,
        listeners: Listeners,
        disk: Disk,
        log: Log,
    ) -> Shared {
        let mut effects = Effects::new();
        let node = Recorded::start(config, environment, seed, recorder, clock::now(), &mut effects);
        Rc::new_cyclic(|this| {
            RefCell::new(Reactor {
                this: this.clone(),
                node,
                effects,
                batch: Effects::new(),
                connections: Connections::default(),
                buffer: vec![0; READ_BYTES_BULK].into(),
                listed: Vec::new(),
                listeners,
                disk,
                log,
                wakers: Wakers::default(),
                armed: None,
                ended: None,
            })
        })
    }

    /// Carries out what the node asked for when it started.
    pub(crate) fn begin(&mut self) {
        if let Some(this) = self.this.upgrade() {
            self.listeners.serve(&this);
        }
        self.settle(clock::now());
    }

    /// Hands an event to the node and does what follows from it.
    pub(crate) fn handle(&mut self, event: Event<'_>) {
        if self.ended.is_none() {
            let now = clock::now();
            self.node.handle(event, now, &mut self.effects);
            self.settle(now);
        }
    }

    /// Takes in a connection that somebody made to us.
    pub(crate) fn accepted(&mut self, stream: Stream, peer: Peer) {
        let (None, Some(this)) = (self.ended, self.this.upgrade()) else { return };
        let now = clock::now();
        let id = self.node.accept(peer, now, &mut self.effects);
        self.connections.insert(id, stream, tasks::spawn_connection(this, id));
        self.settle(now);
    }

    /// Takes in the end of a dial. True if the connection stands.
    pub(crate) fn dialled(&mut self, id: ConnId, outcome: Result<(TcpStream, Peer), DialFailure>) -> bool {
        let outcome = outcome.map(|(stream, peer)| self.connections.establish(id, stream.into()).map(|()| peer));
        let outcome = match outcome {
            Ok(Some(peer)) => Ok(peer),
            // Called off in the meantime: the node has forgotten it.
            Ok(None) => return false,
            Err(failure) if self.connections.remove(id) => Err(failure),
            Err(_) => return false,
        };
        self.handle(Event::Dialled { conn: id, outcome });
        outcome.is_ok()
    }

    /// A connection's turn: writes what was blocked, then reads and handles what has arrived. Ready when the connection
    /// is gone.
    pub(crate) fn turn(&mut self, id: ConnId, cx: &mut Context<'_>) -> Poll<()> {
        let now = clock::now();
        let Some(connection) = self.connections.get(id) else { return Poll::Ready(()) };
        connection.remember(cx.waker());
        if connection.is_blocked && connection.poll_unblocked(cx).is_ready() {
            self.write(id, now);
            self.settle(now);
        }
        let mut limit = READ_BYTES;
        for _ in 0..READS_PER_TURN {
            let Some(connection) = self.connections.get(id) else { return Poll::Ready(()) };
            if connection.is_paused {
                return Poll::Pending;
            }
            let count = match ready!(connection.poll_read(cx, &mut self.buffer[..limit])) {
                Ok(count) if count > 0 => count,
                end => {
                    self.lost(id, end.map_or(CloseCause::Reset, |_| CloseCause::Eof), now);
                    self.settle(now);
                    return Poll::Ready(());
                }
            };
            if count == limit {
                limit = READ_BYTES_BULK;
            }
            let bytes = &self.buffer[..count];
            self.node.handle(Event::Received { conn: id, bytes }, now, &mut self.effects);
            self.settle(now);
        }
        // There may be more, but it is the others' turn.
        tasks::defer(cx);
        Poll::Pending
    }

    /// The flusher's turn: writes what was listed. True if there is more to write.
    pub(crate) fn flush(&mut self) -> bool {
        if self.listed.is_empty() {
            return false;
        }
        let now = clock::now();
        let mut listed = mem::take(&mut self.listed);
        for id in listed.drain(..) {
            if let Some(connection) = self.connections.get(id) {
                connection.is_listed = false;
                self.write(id, now);
            }
        }
        // What was listed meanwhile waits for the next turn; the longer buffer is kept.
        listed.append(&mut self.listed);
        self.listed = listed;
        self.settle(now);
        !self.listed.is_empty()
    }

    /// A slice of background work. True if there is more.
    pub(crate) fn work(&mut self, units: u32) -> bool {
        if self.ended.is_some() || !self.node.has_work() {
            return false;
        }
        let now = clock::now();
        self.node.work(units, now, &mut self.effects);
        self.settle(now);
        self.has_work()
    }

    /// True if the worker has something to do.
    pub(crate) fn has_work(&self) -> bool {
        self.ended.is_none() && self.node.has_work()
    }

    /// Tells the node its time if it has come, and returns the moment to wait for, if there is one.
    pub(crate) fn time(&mut self) -> Option<Mono> {
        /// The runtime's own resolution: a timer that is overdue again at once gets another chance after this.
        const TICK_MICROS: u64 = 1000;
        if self.ended.is_some() {
            return None;
        }
        // Nobody wakes the task whose turn this is.
        self.armed = Some(Mono(0));
        let now = clock::now();
        if self.node.deadline().is_some_and(|deadline| deadline <= now.mono) {
            self.handle(Event::Timers);
        }
        self.armed = self.node.deadline().map(|deadline| deadline.max(Mono(now.mono.0 + TICK_MICROS)));
        self.armed
    }

    /// Brings what was recorded nearer to the disk.
    pub(crate) fn tend_recording(&mut self) {
        if let Some(ending) = self.node.tend() {
            self.say(Level::Warning, format_args!("The recording has come to an end: {ending}"));
        }
    }

    /// How the node ended, once it has.
    pub(crate) fn ended(&self) -> Option<ExitCode> {
        self.ended
    }

    /// The configuration in force.
    pub(crate) fn config(&self) -> &Config {
        self.node.config()
    }

    /// Writes a line of the adapter's own into the node's log.
    pub(crate) fn say(&mut self, level: Level, text: impl std::fmt::Display) {
        let config = self.node.config();
        self.log.adjust(crate::settings::threshold(config), &config.logfile);
        self.log.line(Speaker::Node(self.node.probe().role), level, text);
    }

    /// The node has ended: sends what can be sent at once and drops all sockets.
    fn end(&mut self, now: Now) {
        self.listeners = Listeners::default();
        for id in self.connections.ids() {
            self.write(id, now);
            self.connections.remove(id);
        }
        self.node.finish();
        wake(&mut self.wakers.end);
    }

    /// Carries out what the node asked for, then wakes whoever has something to do now.
    pub(crate) fn settle(&mut self, now: Now) {
        self.carry_out();
        if self.ended.is_some() {
            return self.end(now);
        }
        if !self.listed.is_empty() {
            wake(&mut self.wakers.flusher);
        }
        if self.wakers.worker.is_some() && self.node.has_work() {
            wake(&mut self.wakers.worker);
        }
        // A later deadline is not worth a wake-up: the timer task looks again when the earlier one has come.
        let deadline = self.node.deadline();
        if deadline.is_some_and(|deadline| self.armed.is_none_or(|armed| deadline < armed)) {
            wake(&mut self.wakers.timer);
        }
    }

    /// Carries out all actions in order, also those that follow from them.
    fn carry_out(&mut self) {
        while !self.effects.is_empty() {
            let mut batch = mem::replace(&mut self.effects, mem::take(&mut self.batch));
            for action in batch.drain() {
                self.carry_out_one(action);
            }
            self.batch = batch;
        }
    }

    fn carry_out_one(&mut self, action: Action) {
        match action {
            Action::OutputReady(id) => self.list(id),
            Action::Dial { conn, host, port } => {
                if let Some(this) = self.this.upgrade() {
                    self.connections.insert_dial(conn, tasks::spawn_dial(this, conn, host, port));
                }
            }
            Action::Close(id) => {
                self.connections.remove(id);
            }
            Action::PauseReading(id) => {
                if let Some(connection) = self.connections.get(id) {
                    connection.is_paused = true;
                }
            }
            Action::ResumeReading(id) => {
                if let Some(connection) = self.connections.get(id) {
                    connection.is_paused = false;
                    connection.wake();
                }
            }
            Action::CollectOutput(id) => {
                if let Some(connection) = self.connections.get(id) {
                    connection.collect_output();
                }
            }
            Action::Disk { ticket, op } => self.disk.submit(ticket, op),
            Action::Listen { bind, port } => self.rebind(&bind, port),
            Action::Note(note) => {
                self.say(note.level(), &note);
                if note == Note::Ready
                    && let Some(line) = supervisor::tell_ready(self.node.config().supervised)
                {
                    self.say(Level::Warning, line);
                }
            }
            Action::Sleep(duration) => clock::stop_the_world(duration),
            Action::ReleaseMemory => allocator::release(),
            Action::Exit(code) => self.ended = self.ended.or(Some(code)),
        }
    }

    /// Listens elsewhere, if that is possible, and tells the node.
    fn rebind(&mut self, bind: &[String], port: u16) {
        let backlog = crate::settings::backlog(self.node.config());
        let outcome = self.listeners.rebind(bind, port, backlog);
        if let Some(this) = self.this.upgrade() {
            self.listeners.serve(&this);
        }
        let outcome = outcome.map_err(|error| {
            self.say(Level::Warning, format_args!("Warning: {error}"));
            ListenFailure
        });
        self.node.handle(Event::Listening { outcome }, clock::now(), &mut self.effects);
    }

    /// Leaves a connection's output to the flusher.
    fn list(&mut self, id: ConnId) {
        if let Some(connection) = self.connections.get(id)
            && !mem::replace(&mut connection.is_listed, true)
        {
            self.listed.push(id);
        }
    }

    /// Writes a connection's output until there is none, the kernel takes no more, or others should have their turn.
    fn write(&mut self, id: ConnId, now: Now) {
        let mut written = 0;
        loop {
            let Some(connection) = self.connections.get(id) else { return };
            if connection.is_blocked {
                return;
            }
            let mut slices: [&[u8]; SLICES_MAX] = [&[]; SLICES_MAX];
            let count = self.node.gather(id, &mut slices);
            if count == 0 {
                if written == 0 {
                    // Announced, and yet there is nothing: the node learns that its queue was seen empty.
                    self.node.sent(id, 0, now, &mut self.effects);
                    self.carry_out();
                }
                return;
            }
            if written >= WRITE_BYTES_PER_TURN {
                return self.list(id);
            }
            match connection.try_write(&slices[..count]) {
                Ok(taken) => {
                    written += taken;
                    self.node.sent(id, taken, now, &mut self.effects);
                    self.carry_out();
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    if connection.poll_blocked().is_pending() {
                        return;
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return self.lost(id, CloseCause::Reset, now),
            }
        }
    }

    /// A connection ended on its own.
    fn lost(&mut self, id: ConnId, cause: CloseCause, now: Now) {
        self.connections.remove(id);
        self.node.handle(Event::Closed { conn: id, cause }, now, &mut self.effects);
        self.carry_out();
    }
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}
