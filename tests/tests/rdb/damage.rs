//! Does a server refuse to start with a broken file, in words that an operator understands?

use std::fs;
use std::path::Path;
use std::process::Command;

use afterimage_tests::{Draw, Exit, Options, Workload, find_tool};

/// Redis's own checker finds nothing wrong with a file.
#[track_caller]
pub(super) fn assert_passes_redis_check_rdb(file: &Path) {
    let Some(program) = find_tool("redis-check-rdb") else { return };
    let output = Command::new(program).arg(file).output().expect("redis-check-rdb can be run");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("RDB looks OK"), "{text}");
}

/// The exit and the words that an operator meets: never a start with less data than there was.
#[track_caller]
fn assert_refused(what: &str, Exit { status, log }: &Exit) {
    assert_eq!(status.code(), Some(1), "{what}: {log}");
    assert!(log.contains("dump.rdb") || log.contains("RDB"), "{what}: {log}");
    assert!(!log.contains("panicked"), "{what}: {log}");
}

/// A file that is small enough to break it in many places.
fn small_file() -> (Options, Vec<u8>) {
    let server = Options::ours().start();
    let mut client = server.client();
    let replies = client.pipeline(&Workload::lasting(3).take(150));
    assert!(replies.len() >= 150);
    assert!(client.line("save").is_ok());
    let bytes = fs::read(server.options().rdb()).expect("SAVE wrote a file");
    (server.options().clone(), bytes)
}

#[test]
fn truncated_files_are_refused() {
    let (ours, whole) = small_file();
    let mut draw = Draw::new(4);
    let random = (0..25).map(|_| draw.below(whole.len() as u64));
    let lengths: Vec<usize> = random.map(|length| usize::try_from(length).expect("small")).collect();
    for length in [1, 5, 8, 9, 10, whole.len() - 9, whole.len() - 8, whole.len() - 1].into_iter().chain(lengths) {
        fs::write(ours.rdb(), &whole[..length]).expect("the file can be written");
        assert_refused(&format!("{length} of {} bytes", whole.len()), &ours.clone().run_to_exit());
    }
}

#[test]
fn files_with_a_flipped_bit_are_refused() {
    let (ours, whole) = small_file();
    let mut draw = Draw::new(5);
    for _ in 0..40 {
        let bit = usize::try_from(draw.below(8 * whole.len() as u64)).expect("small");
        let mut broken = whole.clone();
        broken[bit / 8] ^= 1 << (bit % 8);
        fs::write(ours.rdb(), &broken).expect("the file can be written");
        assert_refused(&format!("bit {bit} of {} bytes", whole.len()), &ours.clone().run_to_exit());
    }
    fs::write(ours.rdb(), &whole).expect("the file can be written");
    assert!(ours.start().line("dbsize").integer() > 0);
}
