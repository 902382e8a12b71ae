//! Is what a real server did, and what it knew of its process, done again by the same engine at a desk?
//!
//! A master and two replicas live through writes, cuts, a failover, a kill and a restart; then each of their recordings is run again. `AFTERIMAGE_RECORDING_SECONDS=600`
//! says how long redis-benchmark writes in the longer one of these lives.

use std::env;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use afterimage_core::recording::Head;
use afterimage_tests::{Options, Proxy, Reply, Server, find_tool, our_simulator, wait_until};

/// What the simulator tells of a recording.
struct Told {
    status: Option<i32>,
    text: String,
}

impl Told {
    #[track_caller]
    fn of(file: &Path, more: &[&str]) -> Told {
        let output = Command::new(our_simulator()).arg("replay-recording").arg(file).args(more).output();
        let output = output.expect("the simulator can be run");
        let text = [output.stdout, output.stderr].concat();
        Told { status: output.status.code(), text: String::from_utf8_lossy(&text).into_owned() }
    }

    #[track_caller]
    fn expect(&self, status: i32, words: &[&str]) {
        assert_eq!(self.status, Some(status), "{}", self.text);
        for word in words {
            assert!(self.text.contains(word), "{word:?} is missing in:\n{}", self.text);
        }
    }
}

fn recorded() -> Options {
    let options = Options::ours();
    let file = file_of(&options);
    options.with("record", file.to_str().expect("its name is plain"))
}

fn file_of(options: &Options) -> PathBuf {
    options.dir().join("life.recording")
}

/// That the node does the same again, and holds the same at the end.
#[track_caller]
fn expect_identical(options: &Options, digest: &str, ending: &str) {
    Told::of(&file_of(options), &["--ask", "debug digest"]).expect(0, &["\nidentical: all ", digest, ending]);
}

/// Everything of which the answer depends on the process, the time or chance.
fn ask_for_figures(server: &Server) {
    let mut client = server.client();
    for line in [
        "config set slowlog-log-slower-than 0",
        "config set latency-monitor-threshold 1",
        "ping",
        "slowlog get 128",
        "slowlog len",
        "info everything",
        "info commandstats",
        "memory stats",
        "memory malloc-stats",
        "memory doctor",
        "latency histogram",
        "client list",
        "randomkey",
        "time",
        "lastsave",
        "role",
        "debug sleep 0.01",
        "config set slowlog-log-slower-than 10000",
    ] {
        client.line(line);
    }
}

/// Writes of many kinds: transactions, expiry, waiting, values that are large, commands that fail.
fn write_things(server: &Server, round: u32) {
    let mut client = server.client();
    for number in 0..200 {
        client.line(&format!("set key:{number} {round}"));
        client.line(&format!("zadd scores {number} member:{round}:{number}"));
        client.line(&format!("xadd stream * round {round}"));
    }
    client.call(&["set".to_owned(), "large".to_owned(), "x".repeat(1 << 20)]);
    client.line("get large");
    for line in
        ["multi", "incr counter", "lpush list a b c", "spop nothing", "exec", "incr list", "nonsense", "spop set 2"]
    {
        client.line(line);
    }
    client.line("sadd set a b c d e");
    client.line("spop set 2");
    client.line(&format!("set brief:{round} x px 20"));
    wait_until("a key to expire", || client.line(&format!("exists brief:{round}")) == Reply::Integer(0));
    // One who waits is served by another.
    let mut waiting = server.client();
    waiting.send(b"blpop queue 0\r\n");
    wait_until("one to wait", || server.count("clients", "blocked_clients") == 1);
    client.line("rpush queue served");
    waiting.read();
}

#[test]
fn a_master_and_its_replicas_do_the_same_again() {
    let with_aof = |options: Options| options.with("appendonly", "yes").with("auto-aof-rewrite-percentage", "0");
    let master_options = with_aof(recorded());
    let (first_options, second_options) = (recorded(), recorded());
    let master = master_options.clone().start();
    let (first, second) = (first_options.clone().start(), second_options.clone().start());
    let line = Proxy::to(master.port());
    first.follow(line.port());
    second.follow(master.port());
    write_things(&master, 0);
    ask_for_figures(&master);
    for replica in [&first, &second] {
        replica.wait_until_equal_to(&master);
        ask_for_figures(replica);
    }
    line.cut();
    write_things(&master, 1);
    first.wait_until_equal_to(&master);
    second.wait_until_equal_to(&master);
    assert!(master.line("bgrewriteaof").text().contains("started"));
    wait_until("the rewrite to end", || master.count("persistence", "aof_rewrite_in_progress") == 0);

    // The master goes, a replica takes over, the other one follows it, and the master comes back with its files as a replica.
    let master_digest = master.digest();
    assert!(master.terminate().success());
    second.promote();
    first.follow(second.port());
    write_things(&second, 2);
    expect_identical(&master_options, &master_digest, "the node has ended");
    let again = master_options.clone().start();
    assert_eq!(again.digest(), master_digest);
    again.follow(second.port());
    for replica in [&first, &again] {
        replica.wait_until_equal_to(&second);
    }
    let digest = second.digest();
    // One is killed; a tenth of a second later all that it did is in its recording.
    wait_until("the recording to rest", || {
        let len = || fs::metadata(file_of(&first_options)).map(|metadata| metadata.len()).unwrap_or(0);
        let before = len();
        std::thread::sleep(Duration::from_millis(300));
        len() == before
    });
    first.kill();
    assert!(again.terminate().success());
    assert!(second.terminate().success());
    expect_identical(&first_options, &digest, "the process was killed");
    expect_identical(&second_options, &digest, "the node has ended");
    expect_identical(&master_options, &digest, "the node has ended");
    // What it did before its restart is a recording of its own.
    let before = master_options.dir().join("life.recording.1");
    Told::of(&before, &["--ask", "debug digest"]).expect(0, &["\nidentical: all ", &master_digest]);

    let told = Told::of(&file_of(&second_options), &["--log", "--verbose", "--from", "0.0s"]);
    told.expect(
        0,
        &["starts: pid", "accepted from 127.0.0.1", "dials 127.0.0.1", "MASTER MODE enabled", "-> 24 bytes"],
    );
    let json = Told::of(&file_of(&second_options), &["--json", "--until", "20"]);
    json.expect(0, &["\"identical\":true", "\"calls\":21", "\"role\":"]);
}

/// A life under load, as long as one likes: two replicas, a cut, a failover.
#[test]
fn a_life_under_load_is_the_same_again() {
    const SECONDS_BY_DEFAULT: u64 = 2;
    let Some(benchmark) = find_tool("redis-benchmark") else { return };
    let seconds = match env::var("AFTERIMAGE_RECORDING_SECONDS") {
        Ok(text) => {
            text.parse().unwrap_or_else(|_| panic!("AFTERIMAGE_RECORDING_SECONDS={text}: a number is expected"))
        }
        Err(_) => SECONDS_BY_DEFAULT,
    };
    let all = [(); 3].map(|()| recorded().with("record-limit", "32gb"));
    let [master, first, second] = all.clone().map(Options::start);
    let line = Proxy::to(master.port());
    first.follow(line.port());
    second.follow(master.port());
    let load = |port: u16, until: Instant| {
        while Instant::now() < until {
            let arguments = ["-n", "20000", "-r", "10000", "-P", "4", "-q", "-t", "set,get,incr,lpush,lpop,zadd", "-p"];
            let mut command = Command::new(&benchmark);
            command.args(arguments).arg(port.to_string()).stdout(Stdio::null());
            assert!(command.status().expect("redis-benchmark runs").success());
        }
    };
    let half = Duration::from_secs(seconds) / 2;
    load(master.port(), Instant::now() + half);
    line.cut();
    load(master.port(), Instant::now() + Duration::from_millis(1));
    first.wait_until_equal_to(&master);
    second.wait_until_equal_to(&master);
    second.promote();
    first.follow(second.port());
    master.follow(second.port());
    load(second.port(), Instant::now() + half);
    for replica in [&first, &master] {
        replica.wait_until_equal_to(&second);
    }
    let digest = second.digest();
    for server in [master, first, second] {
        assert!(server.terminate().success());
    }
    for options in &all {
        expect_identical(options, &digest, "the node has ended");
    }
}

#[test]
fn a_recording_beyond_its_limit_loses_its_beginning_and_is_told() {
    const LIMIT: u64 = 1 << 20;
    let options = recorded().with("record-limit", "1mb");
    let server = options.clone().start();
    let mut client = server.client();
    // Values that cannot be packed.
    let mut state = 1_u64;
    for number in 0..60 {
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        let value: Vec<u8> = (0..40_000).map(|_| next()).collect();
        client.call(&[b"set".to_vec(), format!("key:{number}").into_bytes(), value]);
        let _ = server.line("ping");
    }
    assert!(server.terminate().success());
    let parts = fs::read_dir(options.dir()).expect("it is there").map(|entry| entry.expect("it is there"));
    let parts: Vec<_> = parts.filter(|entry| entry.file_name().to_string_lossy().starts_with("life")).collect();
    let bytes: u64 = parts.iter().map(|entry| entry.metadata().expect("it is there").len()).sum();
    assert!(parts.len() > 1 && bytes <= LIMIT + LIMIT / 4, "{bytes} bytes in {} files", parts.len());
    let told = Told::of(&file_of(&options), &["--verbose", "--log"]);
    told.expect(1, &["--record-limit", "not run", "key:59", "the node has ended"]);
    assert!(!told.text.contains("key:1 "), "{}", told.text);
}

#[test]
fn only_the_owner_can_read_a_recording_and_no_other_file_is_touched() {
    let options = recorded();
    let server = options.clone().start();
    let file = file_of(&options);
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&file), 0o600);
    let also = Options::ours().with("record", file.to_str().expect("its name is plain")).run_to_exit();
    assert!(also.log.contains("another process is recording to this file"), "{}", also.log);
    assert!(server.terminate().success());
    fs::write(&file, "something else").expect("it can be written");
    let refused = options.clone().run_to_exit();
    assert!(!refused.status.success() && refused.log.contains("is no recording"), "{}", refused.log);
    assert_eq!(fs::read(&file).expect("it is there"), b"something else");
}

#[test]
fn a_disk_that_is_full_ends_the_recording_and_not_the_server() {
    let options = recorded().with_file_limit(600);
    let server = options.clone().start();
    let mut client = server.client();
    let mut state = 1_u64;
    wait_until("the recording to end", || {
        let value: Vec<u8> = (0..100_000)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 56) as u8
            })
            .collect();
        assert!(client.call(&[b"set".to_vec(), b"key".to_vec(), value]).is_ok());
        server.options().log().contains("The recording has come to an end")
    });
    assert!(client.line("set still there").is_ok());
    assert!(server.terminate().success());
    Told::of(&file_of(&options), &[]).expect(0, &["identical", "could not be written"]);
}

#[test]
fn a_torn_end_is_cut_off_and_told_with_its_place_and_what_is_damaged_before_the_end_as_damage() {
    let options = recorded();
    let server = options.clone().start();
    write_things(&server, 0);
    assert!(server.terminate().success());
    let file = file_of(&options);
    let whole = fs::read(&file).expect("it is there");
    let copy = options.dir().join("torn");
    let (_, head_bytes) = Head::decode(&whole).expect("it is a recording");
    for cut in [head_bytes + 5, whole.len() / 2, whole.len() - 1] {
        fs::write(&copy, &whole[..cut]).expect("it can be written");
        Told::of(&copy, &[]).expect(0, &["identical", "cut off", "the file ends in the midst of a part"]);
    }
    let mut turned = whole.clone();
    turned[whole.len() / 2] ^= 4;
    fs::write(&copy, &turned).expect("it can be written");
    let told = Told::of(&copy, &[]);
    told.expect(1, &["identical up to there", "cut off", "the checksum does not hold", "DAMAGED: not read are"]);
    fs::File::create(&copy).expect("it can be made").write_all(b"REDIS0011").expect("it can be written");
    Told::of(&copy, &[]).expect(2, &["this is no recording"]);
}
