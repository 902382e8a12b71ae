//! What waits for what on a disk, and what does not?

use std::process::Command;
use std::time::Duration;

use super::*;
use crate::scratch::Scratch;

/// Longer than any machine takes: only a lane that is held up is not done by then.
const PATIENCE: Duration = Duration::from_secs(60);

/// Both lanes over a directory with two directories in it: `logs`, and `next`, which has its own `logs`.
struct Bench {
    /// Ends before the disk does, so that a test that fails does not hang.
    blocked: Blocked,
    disk: Disk,
    answers: UnboundedReceiver<Answer>,
    tickets: u64,
    /// Goes after the disk has ended.
    directory: Scratch,
}

/// Pipes whose readers wait for a writer.
#[derive(Default)]
struct Blocked(Vec<PathBuf>);

impl Blocked {
    /// Lets the readers go on, to an immediate end. Opening a pipe waits for its reader.
    fn release(&mut self) {
        for pipe in self.0.drain(..) {
            OpenOptions::new().write(true).open(pipe).expect("the pipe is there");
        }
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        self.release();
    }
}

impl Bench {
    fn new(name: &str) -> Bench {
        let directory = Scratch::new(&format!("lanes-{name}"));
        fs::create_dir_all(directory.join("logs")).unwrap();
        fs::create_dir_all(directory.join("next/logs")).unwrap();
        let (disk, answers) = Disk::start(directory.to_str().unwrap(), "").unwrap();
        Bench { blocked: Blocked::default(), disk, answers, tickets: 0, directory }
    }

    /// Asks for an operation; its ticket.
    fn ask(&mut self, op: DiskOp) -> Ticket {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.disk.submit(ticket, op);
        ticket
    }

    /// Lets the lane to which a name belongs wait, until it is released: the ticket that is not answered before.
    fn block(&mut self, name: &str) -> Ticket {
        let pipe = self.directory.join(name);
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        self.blocked.0.push(pipe);
        self.ask(DiskOp::Read { file: name.into(), offset: 0, len: 10 })
    }

    /// The next answer; panics if there is none for too long.
    fn answer(&mut self) -> Answer {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let answer = runtime.block_on(async { tokio::time::timeout(PATIENCE, self.answers.recv()).await });
        answer.expect("the lane is not held up").expect("the lanes are there")
    }

    fn done(&mut self, op: DiskOp) {
        let ticket = self.ask(op.clone());
        assert_eq!(self.answer(), (ticket, DiskOutcome::Done), "{op:?}");
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.directory.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn has(&self, name: &str) -> bool {
        self.directory.join(name).exists()
    }
}

fn create(file: &str) -> DiskOp {
    DiskOp::Create { file: file.into() }
}

fn append(file: &str, bytes: &'static str) -> DiskOp {
    DiskOp::Append { file: file.into(), bytes: Bytes::from_static(bytes.as_bytes()) }
}

fn rename(from: &str, to: &str) -> DiskOp {
    DiskOp::Rename { from: from.into(), to: to.into() }
}

fn enter(path: &str) -> DiskOp {
    DiskOp::EnterDirectory { path: path.into() }
}

fn nothing() -> DiskOutcome {
    DiskOutcome::Bytes(Bytes::new())
}

#[test]
fn a_slow_operation_holds_up_its_own_lane_in_order_and_not_the_other() {
    for (slow, fast) in [("", "logs/"), ("logs/", "")] {
        let mut bench = Bench::new(&format!("slow-{}", slow.len()));
        let name = |lane: &str, file: &str| format!("{lane}{file}");
        let blocked = bench.block(&name(slow, "pipe"));
        let behind = [create(&name(slow, "a")), append(&name(slow, "a"), "one"), append(&name(slow, "a"), "two")];
        let behind = behind.map(|op| bench.ask(op));
        bench.done(create(&name(fast, "b")));
        bench.done(append(&name(fast, "b"), "text"));
        bench.done(DiskOp::Sync { file: name(fast, "b") });
        bench.done(DiskOp::SyncDirectory { directory: fast.trim_end_matches('/').into() });
        assert!(!bench.has(&name(slow, "a")));
        bench.blocked.release();
        assert_eq!(bench.answer(), (blocked, nothing()));
        for ticket in behind {
            assert_eq!(bench.answer(), (ticket, DiskOutcome::Done));
        }
        assert_eq!(bench.text(&name(slow, "a")), "onetwo");
    }
}

#[test]
fn a_directory_within_is_made_beside_the_files_in_it() {
    let mut bench = Bench::new("made");
    let blocked = bench.block("pipe");
    bench.done(DiskOp::CreateDirectory { directory: "more".into() });
    bench.done(create("more/a"));
    bench.blocked.release();
    assert_eq!(bench.answer(), (blocked, nothing()));
    assert!(bench.has("more/a"));
}

#[test]
fn a_directory_is_entered_by_both_lanes_at_the_same_place() {
    for slow in ["pipe", "logs/pipe"] {
        let mut bench = Bench::new(&format!("enter-{}", slow.len()));
        let blocked = bench.block(slow);
        let ops = [
            create("old"),
            create("logs/old"),
            enter("nowhere"),
            create("still"),
            create("logs/still"),
            enter("next"),
            create("new"),
            create("logs/new"),
        ];
        let entered = bench.directory.join("next").display().to_string();
        let mut missing: BTreeMap<Ticket, DiskOutcome> = BTreeMap::from([(blocked, nothing())]);
        for op in ops {
            let outcome = match &op {
                DiskOp::EnterDirectory { path } if path == "next" => DiskOutcome::Entered(entered.clone()),
                DiskOp::EnterDirectory { .. } => DiskOutcome::Failed(DiskFailure::NotFound),
                _ => DiskOutcome::Done,
            };
            missing.insert(bench.ask(op), outcome);
        }
        bench.blocked.release();
        while !missing.is_empty() {
            let (ticket, outcome) = bench.answer();
            assert_eq!(missing.remove(&ticket), Some(outcome), "{ticket:?}");
        }
        for name in ["old", "logs/old", "still", "logs/still", "next/new", "next/logs/new"] {
            assert!(bench.has(name), "{name}");
        }
        assert!(!bench.has("new") && !bench.has("logs/new"));
    }
}

#[test]
fn files_that_were_open_in_a_directory_are_not_appended_to_from_another() {
    let mut bench = Bench::new("left");
    for name in ["a", "logs/a"] {
        bench.done(create(name));
        bench.done(append(name, "old"));
    }
    let ticket = bench.ask(enter("next"));
    assert_eq!(bench.answer().0, ticket);
    for name in ["a", "logs/a"] {
        let ticket = bench.ask(append(name, "lost"));
        assert_eq!(bench.answer(), (ticket, DiskOutcome::Failed(DiskFailure::NotFound)), "{name}");
        bench.done(create(name));
        bench.done(append(name, "new"));
        assert_eq!((bench.text(name), bench.text(&format!("next/{name}"))), ("old".into(), "new".into()));
    }
}

#[test]
fn a_file_changes_lanes_by_its_name_and_neither_lane_takes_another_for_it() {
    for (from, to) in [("a", "logs/b"), ("logs/a", "b")] {
        let mut bench = Bench::new(&format!("rename-{}", from.len()));
        for name in [from, to] {
            bench.done(create(name));
            bench.done(append(name, name));
        }
        bench.done(rename(from, to));
        bench.done(append(to, "+"));
        assert_eq!(bench.text(to), format!("{from}+"));
        let ticket = bench.ask(append(from, "lost"));
        assert_eq!(bench.answer(), (ticket, DiskOutcome::Failed(DiskFailure::NotFound)));
        bench.done(create(from));
        bench.done(append(from, "anew"));
        assert_eq!((bench.text(from), bench.text(to)), ("anew".into(), format!("{from}+")));
        let ticket = bench.ask(DiskOp::Read { file: to.into(), offset: 0, len: 99 });
        assert_eq!(bench.answer(), (ticket, DiskOutcome::Bytes(format!("{from}+").into_bytes().into())));
    }
}

#[test]
fn the_end_waits_for_all_that_was_asked_of_both_lanes() {
    const APPENDS: usize = 200;
    let Bench { mut blocked, disk, answers, directory, .. } = {
        let mut bench = Bench::new("end");
        for name in ["pipe", "logs/pipe"] {
            bench.block(name);
        }
        for name in ["a", "logs/a"] {
            bench.ask(create(name));
            for _ in 0..APPENDS {
                bench.ask(append(name, "x"));
            }
        }
        bench
    };
    // Nobody listens any more.
    drop(answers);
    let releaser = thread::spawn(move || blocked.release());
    drop(disk);
    releaser.join().unwrap();
    for name in ["a", "logs/a"] {
        assert_eq!(fs::read_to_string(directory.join(name)).unwrap().len(), APPENDS);
    }
}
