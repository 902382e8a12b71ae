//! The disk threads' operations on real files.

use super::*;
use crate::scratch::Scratch;

struct Bench {
    directory: Scratch,
    files: Files,
}

impl Bench {
    fn new(name: &str) -> Bench {
        let directory = Scratch::new(&format!("disk-{name}"));
        Bench { files: Files::new(directory.to_path_buf(), directory.join("redis.conf")), directory }
    }

    fn done(&mut self, op: DiskOp) {
        assert_eq!(self.files.carry_out(op.clone(), Vec::new()), DiskOutcome::Done, "{op:?}");
    }

    fn read(&mut self, file: &str, offset: u64, len: u32) -> DiskOutcome {
        self.files.carry_out(DiskOp::Read { file: file.into(), offset, len }, Vec::new())
    }
}

fn create(file: &str) -> DiskOp {
    DiskOp::Create { file: file.into() }
}

fn append(file: &str, bytes: &'static [u8]) -> DiskOp {
    DiskOp::Append { file: file.into(), bytes: Bytes::from_static(bytes) }
}

fn bytes(bytes: &'static [u8]) -> DiskOutcome {
    DiskOutcome::Bytes(Bytes::from_static(bytes))
}

#[test]
fn a_file_is_read_back_as_it_was_appended() {
    let mut disk = Bench::new("append");
    disk.done(create("a"));
    disk.done(append("a", b"hello "));
    disk.done(append("a", b"world"));
    disk.done(DiskOp::Sync { file: "a".into() });
    assert_eq!(disk.read("a", 6, 100), bytes(b"world"));
    assert_eq!(disk.read("a", 0, 5), bytes(b"hello"));
    assert_eq!(disk.read("a", 11, 5), bytes(b""));
    assert_eq!(disk.read("a", u64::MAX, u32::MAX), bytes(b""));
}

#[test]
fn appends_follow_a_file_through_a_rename() {
    let mut disk = Bench::new("rename");
    disk.done(create("old"));
    disk.done(append("old", b"stale"));
    assert_eq!(disk.read("old", 0, 9), bytes(b"stale"));
    disk.done(create("new"));
    disk.done(append("new", b"fresh"));
    disk.done(DiskOp::Rename { from: "new".into(), to: "old".into() });
    disk.done(DiskOp::SyncDirectory { directory: String::new() });
    disk.done(append("old", b"er"));
    assert_eq!(disk.read("old", 0, 9), bytes(b"fresher"));
    assert_eq!(disk.read("new", 0, 9), DiskOutcome::Failed(DiskFailure::NotFound));
}

#[test]
fn creating_a_file_anew_empties_it() {
    let mut disk = Bench::new("create");
    disk.done(create("a"));
    disk.done(append("a", b"one"));
    disk.done(create("a"));
    disk.done(append("a", b"2"));
    assert_eq!(disk.read("a", 0, 9), bytes(b"2"));
}

#[test]
fn what_is_not_there_is_not_found() {
    let mut disk = Bench::new("missing");
    for op in [append("a", b"x"), DiskOp::Sync { file: "a".into() }, DiskOp::Remove { file: "a".into() }] {
        assert_eq!(disk.files.carry_out(op.clone(), Vec::new()), DiskOutcome::Failed(DiskFailure::NotFound), "{op:?}");
    }
}

#[test]
fn names_that_lead_out_of_the_directory_are_refused() {
    let mut disk = Bench::new("escape");
    for name in ["", ".", "..", "../a", "/a", "a/b/c", "a/..", "a//b", "a/", "./a"] {
        let outcome = disk.files.carry_out(create(name), Vec::new());
        assert!(matches!(outcome, DiskOutcome::Failed(DiskFailure::Other(_))), "{name:?}: {outcome:?}");
    }
}

#[test]
fn files_lie_in_directories_within_the_directory() {
    let mut disk = Bench::new("within");
    let create_directory = DiskOp::CreateDirectory { directory: "logs".into() };
    assert_eq!(disk.files.carry_out(create("logs/1"), Vec::new()), DiskOutcome::Failed(DiskFailure::NotFound));
    disk.done(create_directory.clone());
    disk.done(create_directory);
    disk.done(create("1"));
    disk.done(append("1", b"moved"));
    disk.done(DiskOp::Rename { from: "1".into(), to: "logs/1".into() });
    disk.done(DiskOp::SyncDirectory { directory: "logs".into() });
    disk.done(append("logs/1", b" in"));
    disk.done(DiskOp::Truncate { file: "logs/1".into(), len: 7 });
    disk.done(DiskOp::Truncate { file: "logs/1".into(), len: 100 });
    disk.done(append("logs/1", b"n"));
    for from in [0, 3, 8, 100] {
        disk.done(DiskOp::WriteAgain { file: "logs/1".into(), from });
    }
    assert_eq!(disk.read("logs/1", 0, 99), bytes(b"moved in"));
    disk.done(create("file"));
    let taken = disk.files.carry_out(DiskOp::CreateDirectory { directory: "file".into() }, Vec::new());
    assert!(matches!(taken, DiskOutcome::Failed(DiskFailure::Other(_))), "{taken:?}");
}

#[test]
fn files_are_listed_by_name_with_their_sizes() {
    let mut disk = Bench::new("list");
    for name in ["b", "a", "c"] {
        disk.done(create(name));
    }
    disk.done(append("b", b"12"));
    disk.done(DiskOp::Remove { file: "c".into() });
    fs::create_dir(disk.directory.join("sub")).unwrap();
    let listed = disk.files.carry_out(DiskOp::List { directory: String::new() }, Vec::new());
    assert_eq!(listed, DiskOutcome::Listed(vec![("a".into(), 0), ("b".into(), 2)]));
}

#[test]
fn more_files_than_stay_open_can_be_appended_to() {
    let mut disk = Bench::new("many");
    let names: Vec<String> = (0..2 * OPEN_FILES_MAX).map(|n| format!("f{n}")).collect();
    for name in &names {
        disk.done(create(name));
    }
    for _ in 0..2 {
        for name in &names {
            disk.done(append(name, b"x"));
        }
    }
    assert!(disk.files.appending.len() <= OPEN_FILES_MAX);
    for name in &names {
        assert_eq!(disk.read(name, 0, 9), bytes(b"xx"));
    }
}

#[test]
fn a_directory_is_entered_as_seen_from_the_present_one_and_only_if_it_is_there() {
    let mut bench = Bench::new("enter");
    let inner = bench.directory.join("inner");
    fs::create_dir_all(&inner).unwrap();
    fs::write(bench.directory.join("file"), b"x").unwrap();
    for (path, reason) in [("nowhere", "No such file or directory"), ("file", "Not a directory")] {
        let outcome = bench.files.carry_out(DiskOp::EnterDirectory { path: path.into() }, Vec::new());
        assert!(matches!(&outcome, DiskOutcome::Failed(failure) if failure.to_string() == reason), "{outcome:?}");
    }
    let full_name = fs::canonicalize(&inner).unwrap().display().to_string();
    let outcome = bench.files.carry_out(DiskOp::EnterDirectory { path: "inner/../inner".into() }, Vec::new());
    assert_eq!(outcome, DiskOutcome::Entered(full_name));
    bench.done(create("here"));
    assert!(inner.join("here").exists());
}

#[test]
fn the_configuration_file_is_replaced_as_a_whole_and_keeps_its_mode() {
    use std::os::unix::fs::PermissionsExt;
    let mut bench = Bench::new("config");
    let path = bench.directory.join("redis.conf");
    assert_eq!(bench.files.carry_out(DiskOp::ReadConfig, Vec::new()), DiskOutcome::Failed(DiskFailure::NotFound));
    fs::write(&path, b"hz 10").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(bench.files.carry_out(DiskOp::ReadConfig, Vec::new()), bytes(b"hz 10"));
    bench.done(DiskOp::ReplaceConfig { text: Bytes::from_static(b"hz 20") });
    assert_eq!(fs::read(&path).unwrap(), b"hz 20");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(&*bench.directory).unwrap().count(), 1, "nothing temporary is left");
}
