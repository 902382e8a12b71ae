//! Do our snapshots load elsewhere, theirs here, and broken ones nowhere?

use std::fs;
use std::path::Path;
use std::process::Command;

use afterimage_tests::{Draw, Exit, Options, Release, Reply, Server, Workload, find_tool};

/// Several databases, all encodings of strings and hashes, expiries; nothing that is gone before it is compared.
fn fill(server: &Server) {
    let mut client = server.client();
    for commands in [Workload::lasting(1).take(3_000), shapes()] {
        let replies = client.pipeline(&commands);
        let errors = replies.iter().filter(|reply| matches!(reply, Reply::Error(_))).count();
        assert!(errors < commands.len() / 4, "{errors} errors");
    }
    assert!(server.info("keyspace").len() > 1, "several databases have keys");
}

/// One key for each way in which a value can be written.
fn shapes() -> Vec<Vec<Vec<u8>>> {
    let mut draw = Draw::new(2);
    let mut commands = vec![draw.fill("select 9")];
    for number in [0i64, -1, 127, -128, 128, 32_767, -32_769, 2_147_483_647, -2_147_483_649, i64::MAX, i64::MIN] {
        commands.push(draw.fill(&format!("set integer:{number} {number}")));
    }
    for length in [0, 1, 20, 21, 63, 64, 16_383, 16_384, 100_000] {
        let key = |kind: &str| format!("{kind}:{length}").into_bytes();
        commands.push(vec![b"set".to_vec(), key("even"), vec![b'a'; length]]);
        commands.push(vec![b"set".to_vec(), key("noise"), draw.bytes(length)]);
        commands.push(vec![b"hset".to_vec(), b"long-fields".to_vec(), key("field"), draw.bytes(length)]);
    }
    for field in 0..2_000 {
        commands.push(draw.fill(&format!("hset many-fields field:{field} {field}")));
    }
    commands.push(draw.fill("hset small-hash one 1 two two negative -70000"));
    commands.push(draw.fill("pexpireat small-hash 4102444800123"));
    commands.push(draw.fill("set with-expiry value pxat 4102444800001"));
    commands
}

/// The file of a server that was filled and then saved and stopped: its options, and the digest of its data.
fn save(options: Options) -> (Options, String) {
    let server = options.start();
    fill(&server);
    let digest = server.digest();
    let reply = server.line("save");
    assert!(reply.is_ok(), "{reply:?}");
    (server.options().clone(), digest)
}

#[track_caller]
fn assert_passes_redis_check_rdb(file: &Path) {
    let Some(program) = find_tool("redis-check-rdb") else { return };
    let output = Command::new(program).arg(file).output().expect("redis-check-rdb can be run");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("RDB looks OK"), "{text}");
}

fn ours_loads_in(release: Release) {
    let Some(real) = Options::real(release) else { return };
    let (ours, digest) = save(Options::ours());
    assert_eq!(real.in_dir_of(&ours).start().digest(), digest);
}

fn ours_loads_from(release: Release) {
    let Some(real) = Options::real(release) else { return };
    let (real, digest) = save(real);
    assert_eq!(Options::ours().in_dir_of(&real).start().digest(), digest);
}

#[test]
fn redis_7_loads_our_file() {
    ours_loads_in(Release::Redis7);
}

#[test]
fn redis_8_loads_our_file() {
    ours_loads_in(Release::Redis8);
}

#[test]
fn valkey_8_loads_our_file() {
    ours_loads_in(Release::Valkey8);
}

#[test]
fn valkey_9_loads_our_file() {
    ours_loads_in(Release::Valkey9);
}

#[test]
fn the_file_of_redis_7_loads_in_ours() {
    ours_loads_from(Release::Redis7);
}

#[test]
fn the_file_of_redis_6_2_loads_in_ours() {
    ours_loads_from(Release::Redis62);
}

#[test]
fn the_file_of_redis_8_loads_in_ours() {
    ours_loads_from(Release::Redis8);
}

#[test]
fn the_file_of_valkey_8_loads_in_ours() {
    ours_loads_from(Release::Valkey8);
}

#[test]
fn the_file_of_valkey_9_loads_in_ours() {
    ours_loads_from(Release::Valkey9);
}

#[test]
fn our_file_passes_redis_check_rdb_and_loads_in_ours() {
    let (ours, digest) = save(Options::ours());
    assert_passes_redis_check_rdb(&ours.rdb());
    assert_eq!(ours.start().digest(), digest);
}

#[test]
fn sigterm_saves_when_save_points_are_set() {
    let ours = Options::ours().with("save", "3600 1");
    let server = ours.clone().start();
    fill(&server);
    let digest = server.digest();
    assert!(server.terminate().success());
    assert_passes_redis_check_rdb(&ours.rdb());
    assert_eq!(ours.start().digest(), digest);
}

#[test]
fn sigterm_leaves_no_file_when_none_are() {
    let ours = Options::ours();
    let server = ours.clone().start();
    fill(&server);
    assert!(server.terminate().success());
    assert!(!ours.rdb().exists());
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
