//! How does a server live under writes, is killed, and comes back?

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use afterimage_tests::{Draw, Options, Reply, Server, wait_for, wait_until};

use super::check::{Life, Promise, Save, check};
use super::history::{History, Step, read_all};

const WRITERS: usize = 4;
/// Keys that nobody writes later: they make a snapshot last.
const OTHERS: u64 = 20_000;

/// What writes all data to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Save,
    Rewrite,
}

impl Work {
    fn command(self) -> &'static str {
        match self {
            Work::Save => "bgsave",
            Work::Rewrite => "bgrewriteaof",
        }
    }

    fn status(self) -> &'static str {
        match self {
            Work::Save => "rdb_last_bgsave_status",
            Work::Rewrite => "aof_last_bgrewrite_status",
        }
    }

    fn is_under_way(self, server: &Server) -> bool {
        let fields: &[&str] = match self {
            Work::Save => &["rdb_bgsave_in_progress"],
            Work::Rewrite => &["aof_rewrite_in_progress", "aof_rewrite_scheduled"],
        };
        fields.iter().any(|field| server.count("persistence", field) > 0)
    }
}

/// How a server keeps its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeping {
    Snapshots,
    /// And others whenever a second has passed.
    SnapshotsBySavePoints,
    Always,
    EverySecond,
}

impl Keeping {
    fn promise(self) -> Promise {
        match self {
            Keeping::Snapshots => Promise::Snapshot,
            Keeping::SnapshotsBySavePoints => Promise::SnapshotOrLater,
            Keeping::Always => Promise::Everything,
            Keeping::EverySecond => Promise::AllButTwoSeconds,
        }
    }

    fn of(self, options: Options) -> Options {
        let with_aof = |policy| options.clone().with("appendonly", "yes").with("appendfsync", policy);
        match self {
            Keeping::Snapshots => options,
            Keeping::SnapshotsBySavePoints => options.with("save", "1 1"),
            Keeping::Always => with_aof("always"),
            Keeping::EverySecond => with_aof("everysec"),
        }
    }

    fn works(self) -> &'static [Work] {
        match self {
            Keeping::Snapshots | Keeping::SnapshotsBySavePoints => &[Work::Save],
            Keeping::Always | Keeping::EverySecond => &[Work::Save, Work::Rewrite],
        }
    }

    /// Before anything may happen to it: where the last two seconds may be lost, there must be something before them.
    fn quiet(self) -> Duration {
        Duration::from_secs(if self == Keeping::EverySecond { 2 } else { 0 })
    }

    /// Within which its moments are drawn: where it saves by itself, it has time to.
    fn span(self) -> Duration {
        Duration::from_millis(match self {
            Keeping::Snapshots | Keeping::Always => 150,
            Keeping::SnapshotsBySavePoints => 1500,
            Keeping::EverySecond => 500,
        })
    }
}

/// A server that is killed and comes back, and those who write.
pub(super) struct World {
    keeping: Keeping,
    options: Options,
    is_redis: bool,
    /// None between two lives.
    server: Option<Server>,
    histories: Vec<History>,
    /// How long it took last to write all data to the disk.
    work_lasts: Duration,
    /// How long it took last until it answered.
    start_lasts: Duration,
}

impl World {
    /// Over new files, with data that is on the disk already.
    pub(super) fn new(keeping: Keeping, options: Options) -> World {
        const PER_COMMAND: u64 = 500;
        let is_redis = !options.is_ours();
        let options = keeping.of(options);
        let started_at = Instant::now();
        let server = options.clone().start();
        let start_lasts = started_at.elapsed();
        for first in (0..OTHERS).step_by(PER_COMMAND as usize) {
            let pairs = (first..first + PER_COMMAND)
                .flat_map(|number| [format!("other:{number}"), format!("{}:{number}", "other".repeat(20))]);
            let command: Vec<String> = ["mset".to_owned()].into_iter().chain(pairs).collect();
            assert!(server.client().call(&command).is_ok());
        }
        let begun_at = Instant::now();
        for work in keeping.works() {
            perform(*work, &server);
        }
        let histories = (0..WRITERS).map(History::new).collect();
        World {
            keeping,
            options,
            is_redis,
            server: Some(server),
            histories,
            work_lasts: begun_at.elapsed(),
            start_lasts,
        }
    }

    /// Lets all writers write and kills the server somewhere: what happened, and in words where that was.
    pub(super) fn live_and_be_killed(&mut self, draw: &mut Draw) -> (Life, String) {
        let server = self.server.take().expect("a server runs");
        let World { keeping, histories, work_lasts, .. } = self;
        thread::scope(|scope| {
            for history in histories {
                let (mut client, draw) = (server.client(), Draw::new(draw.below(u64::MAX)));
                scope.spawn(move || history.tell_until_killed(&mut client, draw));
            }
            operate(*keeping, work_lasts, server, draw)
        })
    }

    /// Lets one writer take steps, all of which are acknowledged.
    pub(super) fn tell(&mut self, writer: usize, steps: &[Step]) {
        let mut client = self.server().client();
        self.histories[writer].tell(steps, &mut client).expect("the server answers");
    }

    /// Has a snapshot made, to its end.
    pub(super) fn save(&mut self) -> Save {
        perform(Work::Save, self.server())
    }

    /// Kills the server while nothing goes on.
    pub(super) fn be_killed(&mut self) {
        self.server.take().expect("a server runs").kill();
    }

    /// Starts the server again and kills it at once, mostly before it is ready.
    pub(super) fn be_killed_at_the_start(&mut self, draw: &mut Draw) {
        self.close_blocks();
        let server = self.options.spawn();
        thread::sleep(below(self.start_lasts, draw));
        server.kill();
    }

    /// A Redis that finds half a command within a transaction cuts off only that, and writes on behind the MULTI that nobody ends: what it acknowledges from then
    /// on is lost with the next start, or done twice. Its tool cuts off the transaction.
    fn close_blocks(&self) {
        if self.is_redis && matches!(self.keeping, Keeping::Always | Keeping::EverySecond) {
            self.options.mend_aof();
        }
    }

    /// Starts the server again: where each writer is thrown back to.
    ///
    /// # Errors
    /// If what is there is not what was promised.
    pub(super) fn come_back(&mut self, life: &Life) -> Result<Vec<usize>, String> {
        self.close_blocks();
        let started_at = Instant::now();
        let server = self.options.clone().start();
        self.start_lasts = started_at.elapsed();
        let held = read_all(&mut server.client(), WRITERS, OTHERS);
        self.server = Some(server);
        let places = held?.into_iter().zip(&self.histories).map(|(held, history)| held.place_in(history));
        let places: Vec<usize> = places.collect::<Result<_, _>>()?;
        check(self.keeping.promise(), life, &self.histories, &places)?;
        for (history, place) in self.histories.iter_mut().zip(&places) {
            history.survive(*place);
        }
        Ok(places)
    }

    /// How many steps were acknowledged and sent in this life.
    pub(super) fn steps(&self) -> (usize, usize) {
        let of =
            |count: fn(&History) -> usize| self.histories.iter().map(|history| count(history) - history.base).sum();
        (of(History::acknowledged), of(|history| history.told.len()))
    }

    /// Where its files lie.
    pub(super) fn dir(&self) -> &Path {
        self.options.dir()
    }

    fn server(&self) -> &Server {
        self.server.as_ref().expect("a server runs")
    }
}

/// Has the data written to the disk, or not, and kills the server while that goes on, or not.
fn operate(keeping: Keeping, work_lasts: &mut Duration, server: Server, draw: &mut Draw) -> (Life, String) {
    const CHANGES: u64 = 20;
    wait_until("writers to write", || server.count("persistence", "rdb_changes_since_last_save") > CHANGES);
    let work = *draw.pick(keeping.works());
    let is_done_before = draw.below(2) == 1;
    let is_under_way = draw.below(3) > 0;
    let mut saves = Vec::new();
    thread::sleep(keeping.quiet() + below(keeping.span(), draw));
    if is_done_before {
        let begun_at = Instant::now();
        saves.push(perform(work, &server));
        *work_lasts = begun_at.elapsed();
        thread::sleep(below(keeping.span(), draw));
    }
    if is_under_way {
        saves.extend(begin(work, &server));
        thread::sleep(below(*work_lasts, draw));
    }
    let killed_at = Instant::now();
    server.kill();
    if work != Work::Save {
        saves.clear();
    }
    let place = if is_under_way { "within" } else { "without" };
    let before = if is_done_before { ", after one that was done" } else { "" };
    (Life { saves, killed_at }, format!("{place} {}{before}", work.command()))
}

/// Asks for it; none if there is another one under way.
fn begin(work: Work, server: &Server) -> Option<Save> {
    let asked_at = Instant::now();
    match server.line(work.command()) {
        Reply::Simple(_) => Some(Save { asked_at, answered_at: Instant::now(), is_done: false }),
        // The second is what Redis says when it rewrites its file by itself.
        Reply::Error(text)
            if ["already in progress", "Another child process"].iter().any(|part| text.contains(part)) =>
        {
            None
        }
        other => panic!("{}: {other:?}", work.command()),
    }
}

/// Has it done, to its end.
fn perform(work: Work, server: &Server) -> Save {
    let begun = wait_for("nothing else to be under way", || begin(work, server));
    wait_until("all data to be written", || !work.is_under_way(server));
    assert_eq!(server.info("persistence")[work.status()], "ok");
    Save { is_done: true, ..begun }
}

fn below(limit: Duration, draw: &mut Draw) -> Duration {
    Duration::from_micros(draw.below(1 + u64::try_from(limit.as_micros()).expect("a short time")))
}
