//! What does INFO tell while a data set comes and is loaded? At each moment the fields that Redis 7.0 tells then.

use afterimage_core::Config;
use afterimage_core::config::{DisklessLoad, EnableDebug};
use afterimage_core::port::ConnId;
use afterimage_tests::{Disk, Inside, Options, Release, Server, encode, wait_until};

use crate::observability::is_ours_alone;

/// So many keys that take a real server so long each, to write or to load, that nothing is over before it was looked at.
const KEYS: &str = "100000";
const MICROSECONDS: &str = "1000";
const HISTORY: &str = "0123456789abcdef0123456789abcdef01234567";

/// The sections that tell of it.
const SECTIONS: [&str; 2] = ["persistence", "replication"];

/// The names of the fields in the order in which they are told.
fn names(sections: [String; 2]) -> Vec<String> {
    let text = sections.concat();
    let named = text.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| name);
    named.filter(|name| !is_ours_alone(name)).map(str::to_owned).collect()
}

fn names_of_server(server: &Server) -> Vec<String> {
    let mut client = server.client();
    names(SECTIONS.map(|section| client.line(&format!("info {section}")).text()))
}

fn names_of_node(node: &mut Inside) -> Vec<String> {
    names(SECTIONS.map(|section| node.line(&format!("info {section}")).text()))
}

/// A real server that stops for the events of the world after each few keys that it loads.
fn real() -> Option<Options> {
    Some(Options::real(Release::Redis7)?.with("loading-process-events-interval-bytes", "1024"))
}

/// A master whose keys take their time.
fn full_master(slow: &str) -> Option<Server> {
    let master = real()?.with(slow, MICROSECONDS).start();
    assert!(master.line(&format!("debug populate {KEYS}")).is_ok());
    Some(master)
}

fn tells(server: &Server, section: &str, field: &str) -> bool {
    server.count(section, field) > 0
}

/// A node of ours, and its master's connection, on which it has been promised everything.
fn asked_for_everything(load: DisklessLoad, is_disk_held: bool) -> (Inside, ConnId) {
    let config = Config {
        repl_diskless_load: load,
        save: Vec::new(),
        enable_debug_command: EnableDebug::Yes,
        ..Config::default()
    };
    let mut node =
        if is_disk_held { Inside::over_held_disk(config, Disk::new()) } else { Inside::with(config, Disk::new()) };
    while node.move_disk() {}
    assert!(node.line("replicaof 127.0.0.1 7000").is_ok());
    let master = node.answer_dial().expect("a replica dials its master at once");
    node.send_on(master, b"+PONG\r\n");
    let options = node.take_said().windows(8).filter(|word| word == b"REPLCONF").count();
    node.send_on(master, "+OK\r\n".repeat(options).as_bytes());
    node.send_on(master, format!("+FULLRESYNC {HISTORY} 100\r\n").as_bytes());
    (node, master)
}

/// A data set of several reads of a file.
fn data_set() -> Vec<u8> {
    let mut node = Inside::start(Disk::new());
    assert!(node.line("config set rdbcompression no").is_ok());
    assert!(node.line("debug populate 10000 key 100").is_ok());
    assert!(node.line("save").is_ok());
    node.file("dump.rdb").expect("it was saved").to_vec()
}

/// Sends a part of a data set: half of it, or all.
fn send(node: &mut Inside, master: ConnId, data: &[u8], is_all: bool) {
    node.send_on(master, format!("${}\r\n", data.len()).as_bytes());
    node.send_on(master, if is_all { data } else { &data[..data.len() / 2] });
}

fn value(node: &mut Inside, name: &str) -> u64 {
    let text = node.line("info persistence").text();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    value.and_then(|value| value.parse().ok()).unwrap_or(0)
}

#[test]
fn a_data_set_that_comes_is_told_as_by_redis() {
    let Some(master) = full_master("rdb-key-save-delay") else { return };
    for (name, load) in [
        ("disabled", DisklessLoad::Disabled),
        ("on-empty-db", DisklessLoad::OnEmptyDb),
        ("swapdb", DisklessLoad::Swapdb),
    ] {
        let Some(options) = real() else { return };
        let replica = options.with("repl-diskless-load", name).start();
        replica.follow(master.port());
        let (section, field) = match load {
            DisklessLoad::Disabled => ("replication", "master_sync_read_bytes"),
            DisklessLoad::OnEmptyDb | DisklessLoad::Swapdb => ("persistence", "loading_loaded_bytes"),
        };
        wait_until("data to come", || tells(&replica, section, field));
        let (mut node, link) = asked_for_everything(load, false);
        send(&mut node, link, &data_set(), false);
        assert_eq!(names_of_node(&mut node), names_of_server(&replica), "repl-diskless-load {name}");
    }
}

#[test]
fn a_data_set_that_is_loaded_from_the_masters_file_is_told_as_by_redis() {
    let Some(master) = full_master("key-load-delay") else { return };
    let Some(options) = real() else { return };
    let replica = options.with("key-load-delay", MICROSECONDS).start();
    replica.follow(master.port());
    wait_until("it to be loaded", || tells(&replica, "persistence", "loading_loaded_bytes"));
    let (mut node, link) = asked_for_everything(DisklessLoad::Disabled, true);
    send(&mut node, link, &data_set(), true);
    while value(&mut node, "loading_loaded_bytes") == 0 {
        assert!(node.move_disk(), "it comes to be loaded");
    }
    assert_eq!(names_of_node(&mut node), names_of_server(&replica));
}

#[test]
fn a_data_set_that_is_loaded_at_start_is_told_as_by_redis() {
    let Some(server) = full_master("key-load-delay") else { return };
    let mut waiting = server.client();
    waiting.send(&encode(&["debug", "reload"]));
    wait_until("it to be loaded", || tells(&server, "persistence", "loading_loaded_bytes"));
    let data = data_set();
    let config = Config { save: Vec::new(), ..Config::default() };
    let mut node = Inside::over_held_disk(config, Disk::from([("dump.rdb".to_owned(), data.clone())]));
    while value(&mut node, "loading_loaded_bytes") == 0 || value(&mut node, "loading_total_bytes") == 0 {
        assert!(node.move_disk(), "it comes to be loaded");
    }
    assert_eq!(names_of_node(&mut node), names_of_server(&server));
    assert_eq!(value(&mut node, "loading_total_bytes"), data.len() as u64);
    while node.move_disk() {}
    assert_eq!(value(&mut node, "loading_start_time"), 0);
}
