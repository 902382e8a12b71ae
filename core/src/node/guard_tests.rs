//! What a replica has after its master came back without its data, by class and policy.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use crate::config::{Config, DisklessLoad, Endpoint, GuardPolicies, GuardPolicy};
use crate::persistence::ArchiveName;
use crate::port::{ConnId, DiskFailure};

use super::bench::{Bench, Disk};

pub(super) const HISTORY: &str = "8f9d6c1b0a7e4d3c2b1a09f8e7d6c5b4a3928170";
pub(super) const OTHER: &str = "1111111111111111111111111111111111111111";
pub(super) const THIRD: &str = "2222222222222222222222222222222222222222";
/// Where the data set of the master stands.
pub(super) const OFFSET: u64 = 1000;

/// A data set with so many keys.
pub(super) fn data_set(keys: usize) -> Vec<u8> {
    let writes: Vec<String> = (0..keys).map(|key| format!("SET k:{key} v")).collect();
    data_set_of(&writes)
}

/// The data set that writes leave.
pub(super) fn data_set_of(writes: &[impl AsRef<str>]) -> Vec<u8> {
    let mut master = Bench::new();
    for write in writes {
        master.run(write.as_ref());
    }
    master.run("SAVE");
    master.disk.remove("dump.rdb").expect("it was saved")
}

/// Answers the node's dial with a data set; returns the link.
pub(super) fn offer(bench: &mut Bench, history: &str, offset: u64, keys: usize) -> ConnId {
    let (link, _) = bench.play_master();
    send_data_set(bench, link, history, offset, &data_set(keys));
    link
}

/// Answers PSYNC.
pub(super) fn send_data_set(bench: &mut Bench, link: ConnId, history: &str, offset: u64, data: &[u8]) {
    let head = format!("+FULLRESYNC {history} {offset}\r\n${}\r\n", data.len());
    bench.send(link, &[head.as_bytes(), data].concat());
}

/// Answers INFO.
fn answer_info(bench: &mut Bench, link: ConnId, text: &str) {
    bench.send(link, format!("${}\r\n{text}\r\n", text.len()).as_bytes());
}

/// The same behind an answer to INFO.
fn offer_from(bench: &mut Bench, told: &str, history: &str, offset: u64, keys: usize) {
    let link = bench.greet();
    answer_info(bench, link, &format!("role:master\r\nmaster_replid:{history}\r\n{told}"));
    send_data_set(bench, link, history, offset, &data_set(keys));
}

/// Answers the dialogue of an armed replica with its stream, under a name; returns the link.
fn go_on(bench: &mut Bench, history: &str) -> ConnId {
    let (link, _) = bench.play_master();
    bench.send(link, format!("+CONTINUE {history}\r\n").as_bytes());
    link
}

/// A replica that has had 20 keys of its master, whose link has just broken.
pub(super) fn bereft(policies: GuardPolicies, load: DisklessLoad) -> Bench {
    let mut bench = Bench::with(Config { replica_wipe_guard: policies, repl_diskless_load: load, ..Config::default() });
    bench.run("REPLICAOF 127.0.0.1 7000");
    let link = offer(&mut bench, HISTORY, OFFSET, 20);
    assert_eq!(state(&mut bench), "armed");
    bench.hang_up(link);
    bench.pass(Duration::from_millis(1));
    bench
}

pub(super) fn info(bench: &mut Bench, field: &str) -> String {
    let (client, begin) = (bench.client, format!("{field}:"));
    bench.send(client, b"INFO replication\r\n");
    let text = String::from_utf8(bench.take_received(client)).expect("ASCII");
    text.split("\r\n").find_map(|line| line.strip_prefix(&begin)).unwrap_or("none").to_string()
}

pub(super) fn state(bench: &mut Bench) -> String {
    info(bench, "wipe_guard_state")
}

pub(super) fn archives(disk: &Disk) -> Vec<String> {
    disk.keys().filter(|name| ArchiveName::parse(name).is_some()).cloned().collect()
}

const LOADS: [DisklessLoad; 2] = [DisklessLoad::Disabled, DisklessLoad::Swapdb];

#[test]
fn an_empty_master_takes_nothing_and_our_position_stays() {
    for load in LOADS {
        let mut bench = bereft(GuardPolicies::DEFAULT, load);
        let position = bench.node.history.position();
        offer(&mut bench, OTHER, 0, 0);
        assert_eq!((bench.run("DBSIZE"), state(&mut bench)), (":20 ".into(), "quarantine".into()));
        assert_eq!((bench.run("GET k:3"), info(&mut bench, "master_link_status")), ("$1 v ".into(), "down".into()));
        let reason = info(&mut bench, "wipe_guard_reason");
        assert!(reason.contains("empty data set") && reason.contains("20 keys"), "{reason}");
        assert_eq!(bench.node.history.position(), position);
        assert!(bench.notes.iter().any(|note| note.contains("WIPEGUARD ACCEPT")), "the log names the cure");
        for _ in 0..5 {
            bench.pass(Duration::from_secs(15));
            let (link, asked) = bench.play_master();
            assert_eq!(asked, format!("{HISTORY} {}", OFFSET + 1), "the master is asked to continue what we have");
            send_data_set(&mut bench, link, OTHER, 0, &data_set(0));
            assert_eq!((bench.run("DBSIZE"), state(&mut bench)), (":20 ".into(), "quarantine".into()));
        }
        assert_eq!((info(&mut bench, "wipe_guard_quarantines"), archives(&bench.disk).len()), ("1".into(), 0));
        assert!(bench.disk.keys().all(|name| !name.starts_with("temp-")), "{:?}", bench.disk.keys());
    }
}

#[test]
fn quarantine_ends_when_somebody_says_so() {
    type Say = fn(&mut Bench) -> String;
    let ways: [Say; 3] = [
        |bench| bench.run("REPLICAOF 127.0.0.1 7000"),
        |bench| bench.run("WIPEGUARD ACCEPT"),
        |bench| bench.run(&format!("WIPEGUARD ACCEPT {OTHER}")),
    ];
    for (load, say) in LOADS.into_iter().flat_map(|load| ways.map(|way| (load, way))) {
        let mut bench = bereft(GuardPolicies::DEFAULT, load);
        offer(&mut bench, OTHER, 0, 0);
        assert!(bench.run(&format!("WIPEGUARD ACCEPT {HISTORY}")).starts_with("-ERR That is not"));
        assert_eq!(say(&mut bench), "+OK ");
        offer(&mut bench, OTHER, 0, 0);
        assert_eq!((bench.run("DBSIZE"), state(&mut bench)), (":0 ".into(), "armed".into()));
        assert!(bench.run("WIPEGUARD ACCEPT").starts_with("-ERR Nothing"));
    }
}

#[test]
fn quarantine_ends_when_the_master_has_our_data_again() {
    let mut bench = bereft(GuardPolicies::DEFAULT, DisklessLoad::Disabled);
    offer(&mut bench, OTHER, 0, 0);
    bench.pass(Duration::from_secs(15));
    let (link, _) = bench.play_master();
    bench.send(link, format!("+CONTINUE {OTHER}\r\n").as_bytes());
    assert_eq!((bench.run("DBSIZE"), state(&mut bench)), (":20 ".into(), "armed".into()));

    let mut bench = bereft(GuardPolicies::DEFAULT, DisklessLoad::Disabled);
    offer(&mut bench, OTHER, 0, 0);
    bench.pass(Duration::from_secs(15));
    offer(&mut bench, THIRD, 0, 20);
    assert_eq!((bench.run("DBSIZE"), state(&mut bench)), (":20 ".into(), "armed".into()), "read from a log, say");
}

#[test]
fn what_clients_write_into_an_empty_master_ends_no_quarantine() {
    let mut bench = bereft(GuardPolicies::DEFAULT, DisklessLoad::Disabled);
    for (offset, keys) in [(0, 0), (900, 3), (5000, 20), (50_000, 500)] {
        offer(&mut bench, OTHER, offset, keys);
        assert_eq!((bench.run("DBSIZE"), state(&mut bench)), (":20 ".into(), "quarantine".into()), "{keys}");
        bench.pass(Duration::from_secs(120));
    }
}

#[test]
fn quarantine_ends_when_the_master_says_that_its_history_goes_on_from_ours() {
    for (second, offset, dbsize) in [(HISTORY, OFFSET + 1, ":0 "), (HISTORY, OFFSET, ":20 "), (THIRD, 9999, ":20 ")] {
        let mut bench = bereft(GuardPolicies::DEFAULT, DisklessLoad::Disabled);
        offer(&mut bench, OTHER, OFFSET + 500, 0);
        assert_eq!((bench.run("DBSIZE"), state(&mut bench)), (":20 ".into(), "quarantine".into()));
        bench.pass(Duration::from_secs(15));
        let link = bench.greet();
        let said = String::from_utf8(bench.take_received(link)).expect("ASCII");
        assert!(said.ends_with("INFO\r\n"), "{said}");
        let text = format!(
            "role:master\r\nmaster_replid:{OTHER}\r\nmaster_replid2:{second}\r\nsecond_repl_offset:{offset}\r\n"
        );
        answer_info(&mut bench, link, &text);
        send_data_set(&mut bench, link, OTHER, OFFSET + 500, &data_set(0));
        assert_eq!(bench.run("DBSIZE"), dbsize, "{second} {offset}");
    }
}

#[test]
fn a_relay_in_quarantine_goes_on_serving_its_own_replicas() {
    let mut bench = bereft(GuardPolicies::DEFAULT, DisklessLoad::Disabled);
    let before = bench.connect();
    bench.send(before, format!("REPLCONF capa psync2\r\nPSYNC {HISTORY} {}\r\n", OFFSET + 1).as_bytes());
    assert!(String::from_utf8_lossy(&bench.take_received(before)).contains("NOMASTERLINK"), "its link is down");
    offer(&mut bench, OTHER, 0, 0);
    let replica = bench.connect();
    bench.run_on(replica, "REPLCONF capa psync2");
    let told = bench.run_on(replica, &format!("PSYNC {HISTORY} {}", OFFSET + 1));
    assert_eq!(told, format!("+CONTINUE {HISTORY} "));
    bench.pass(Duration::from_secs(15));
    offer(&mut bench, OTHER, 0, 0);
    assert!(!bench.closed.contains(&replica), "it stays through each offer that is refused");
}

#[test]
fn a_replica_in_quarantine_can_become_the_master() {
    let mut bench = bereft(GuardPolicies::DEFAULT, DisklessLoad::Disabled);
    offer(&mut bench, OTHER, 0, 0);
    assert_eq!(bench.run("REPLICAOF NO ONE"), "+OK ");
    assert_eq!((bench.run("DBSIZE"), bench.run("SET new v")), (":20 ".into(), "+OK ".into()));
    assert_eq!(bench.node.history.second.map(|(_, offset)| offset), Some(OFFSET + 1), "it goes on in our history");
}

#[test]
fn quarantine_ends_in_time_behind_an_archive() {
    for load in LOADS {
        let mut bench = bereft(GuardPolicies::DEFAULT, load);
        bench.run("CONFIG SET replica-wipe-guard-timeout 60");
        offer(&mut bench, OTHER, 0, 0);
        let mut seconds = 0;
        while bench.run("DBSIZE") == ":20 " {
            assert!(seconds < 90, "{}", state(&mut bench));
            bench.pass(Duration::from_secs(1));
            seconds += 1;
            if !bench.dialled.is_empty() {
                offer(&mut bench, OTHER, 0, 0);
            }
        }
        assert!(seconds >= 60, "{seconds}");
        assert_eq!((bench.run("DBSIZE"), archives(&bench.disk).len()), (":0 ".into(), 1));
    }
}

#[test]
fn who_refuses_does_not_ask_again() {
    let mut bench = bereft(GuardPolicies::all(GuardPolicy::Refuse), DisklessLoad::Disabled);
    offer(&mut bench, OTHER, 900, 19);
    bench.pass(Duration::from_secs(600));
    assert_eq!((state(&mut bench), bench.dialled.len(), bench.run("DBSIZE")), ("refused".into(), 0, ":20 ".into()));
    bench.run("WIPEGUARD ACCEPT");
    offer(&mut bench, OTHER, 900, 19);
    assert_eq!((state(&mut bench), bench.run("DBSIZE")), ("armed".into(), ":19 ".into()));
}

#[test]
fn what_is_replaced_by_an_older_snapshot_is_in_the_archive_and_can_be_had_back() {
    for load in LOADS {
        let mut bench = bereft(GuardPolicies::DEFAULT, load);
        bench.hold_disk();
        offer(&mut bench, OTHER, 900, 19);
        assert_eq!((bench.run("DBSIZE"), state(&mut bench)), (":20 ".into(), "archiving".into()));
        while archives(&bench.disk).is_empty() {
            assert_eq!(bench.run("DBSIZE"), ":20 ", "nothing is dropped before the archive is there");
            assert!(bench.release_disk_op());
        }
        bench.release_disk();
        assert_eq!((bench.run("DBSIZE"), state(&mut bench)), (":19 ".into(), "armed".into()));
        let [archive] = &archives(&bench.disk)[..] else { panic!("{:?}", bench.disk.keys()) };
        assert_eq!(info(&mut bench, "wipe_guard_last_archive"), *archive);
        let config = Config { dbfilename: archive.clone(), ..Config::default() };
        let mut restored = Bench::start(config, 9, bench.disk.clone(), bench.now);
        assert_eq!(restored.run("DBSIZE"), ":20 ");
    }
}

#[test]
fn without_room_for_an_archive_nothing_is_replaced() {
    for load in LOADS {
        let mut bench = bereft(GuardPolicies::DEFAULT, load);
        let link = {
            let (link, _) = bench.play_master();
            bench.hold_disk();
            send_data_set(&mut bench, link, OTHER, 900, &data_set(19));
            link
        };
        bench.append_failure = Some(DiskFailure::NoSpace);
        bench.release_disk();
        assert_eq!((bench.run("DBSIZE"), archives(&bench.disk).len()), (":20 ".into(), 0));
        assert!(bench.closed.contains(&link));
        // Where the data set itself is to be in a file, there is no room for that either.
        if load == DisklessLoad::Swapdb {
            let reason = info(&mut bench, "wipe_guard_reason");
            assert!(reason.contains("lost 100 bytes") && reason.contains("cannot be written"), "{reason}");
            let status = info(&mut bench, "wipe_guard_last_archive_status");
            assert_eq!((state(&mut bench), status), ("quarantine".into(), "err".into()));
        }
        bench.append_failure = None;
        bench.pass(Duration::from_secs(10));
        offer(&mut bench, OTHER, 900, 19);
        assert_eq!((bench.run("DBSIZE"), archives(&bench.disk).len()), (":19 ".into(), 1), "it is tried again");
        assert_eq!(
            (state(&mut bench), info(&mut bench, "wipe_guard_last_archive_status")),
            ("armed".into(), "ok".into())
        );
    }
}

#[test]
fn the_newest_archives_are_kept() {
    let mut bench = bereft(GuardPolicies::DEFAULT, DisklessLoad::Disabled);
    let others = ["dump.rdb.pre-resync-notes.txt", "dump.pre-resync-1-2.rdb", "pre-resync-1-2.rdb"];
    others.iter().for_each(|name| drop(bench.disk.insert((*name).into(), Vec::new())));
    for round in 1..=5_u64 {
        let link = offer(&mut bench, &format!("{round}").repeat(40), OFFSET - round, 20);
        bench.hang_up(link);
        bench.pass(Duration::from_secs(1));
    }
    let kept: Vec<String> = archives(&bench.disk).into_iter().filter(|name| name.starts_with("dump.rdb.")).collect();
    let offsets: Vec<&str> = kept.iter().filter_map(|name| name.strip_suffix(".rdb")?.rsplit('-').next()).collect();
    assert_eq!(offsets, ["998", "997", "996"], "{kept:?}");
    assert!(
        others.iter().all(|name| bench.disk.contains_key(*name)),
        "what is no archive, or another node's, is left alone"
    );
}

#[test]
fn another_master_that_is_named_may_be_empty() {
    let mut bench = bereft(GuardPolicies::DEFAULT, DisklessLoad::Disabled);
    bench.run("REPLICAOF 127.0.0.1 7001");
    bench.dialled.remove(0);
    offer(&mut bench, OTHER, 0, 0);
    assert_eq!((bench.run("DBSIZE"), state(&mut bench)), (":0 ".into(), "armed".into()));
}

#[test]
fn another_master_that_is_named_in_quarantine_is_followed_behind_an_archive() {
    for (load, keys) in LOADS.into_iter().flat_map(|load| [0, 1, 5].map(|keys| (load, keys))) {
        let mut bench = bereft(GuardPolicies::DEFAULT, load);
        offer(&mut bench, OTHER, 0, 0);
        assert_eq!(state(&mut bench), "quarantine");
        bench.dialled.clear();
        bench.run("REPLICAOF 127.0.0.1 7001");
        offer(&mut bench, THIRD, OFFSET + 5000, keys);
        assert_eq!((bench.run("DBSIZE"), state(&mut bench)), (format!(":{keys} "), "armed".into()));
        assert_eq!(archives(&bench.disk).len(), 1, "who was emptied may have been promoted");
    }
}

#[test]
fn who_has_no_room_for_an_archive_can_let_go_of_what_it_has() {
    let mut bench = bereft(GuardPolicies::DEFAULT, DisklessLoad::Swapdb);
    bench.append_failure = Some(DiskFailure::NoSpace);
    offer(&mut bench, OTHER, 900, 19);
    bench.append_failure = None;
    assert_eq!((bench.run("DBSIZE"), bench.run("WIPEGUARD ACCEPT")), (":20 ".into(), "+OK ".into()));
    offer(&mut bench, OTHER, 900, 19);
    assert_eq!((bench.run("DBSIZE"), archives(&bench.disk).len()), (":19 ".into(), 0));
}

#[test]
fn a_policy_that_is_changed_is_asked_about_at_once() {
    for policies in [GuardPolicies::DEFAULT, GuardPolicies::all(GuardPolicy::Refuse)] {
        let mut bench = bereft(policies, DisklessLoad::Disabled);
        offer(&mut bench, OTHER, 0, 0);
        bench.dialled.clear();
        bench.pass(Duration::from_millis(1));
        assert_eq!((bench.run("CONFIG SET replica-wipe-guard archive"), bench.dialled.len()), ("+OK ".into(), 1));
        offer(&mut bench, OTHER, 0, 0);
        assert_eq!((bench.run("DBSIZE"), archives(&bench.disk).len()), (":0 ".into(), 1));
    }
}

#[test]
fn a_replica_asks_what_the_history_of_its_master_goes_on_from_before_it_asks_for_the_stream() {
    for (policies, is_asked) in [(GuardPolicies::DEFAULT, true), (GuardPolicies::ALLOW, false)] {
        let mut bench = bereft(policies, DisklessLoad::Disabled);
        let link = bench.greet();
        let said = String::from_utf8(bench.take_received(link)).expect("ASCII");
        assert_eq!(said.ends_with("INFO\r\n"), is_asked, "{said}");
    }
}

#[test]
fn what_its_master_goes_on_from_a_relay_tells_its_own_replicas() {
    let mut bench = bereft(GuardPolicies::DEFAULT, DisklessLoad::Disabled);
    offer_from(
        &mut bench,
        &format!("master_replid2:{HISTORY}\r\nsecond_repl_offset:{}\r\n", OFFSET + 1),
        OTHER,
        OFFSET,
        20,
    );
    assert_eq!((info(&mut bench, "master_replid"), info(&mut bench, "master_replid2")), (OTHER.into(), HISTORY.into()));
    let told = (info(&mut bench, "second_repl_offset"), info(&mut bench, "second_repl_offset_exact"));
    assert_eq!(told, ((OFFSET + 1).to_string(), "1".into()), "as its master has told");
    let replica = bench.connect();
    bench.run_on(replica, "REPLCONF capa psync2");
    let told = bench.run_on(replica, &format!("PSYNC {HISTORY} {}", OFFSET + 1));
    assert_eq!(told, format!("+CONTINUE {OTHER} "), "who was where the two part goes on from there");
}

#[test]
fn clients_that_write_more_than_was_lost_do_not_hide_it() {
    let mut bench = bereft(GuardPolicies::DEFAULT, DisklessLoad::Disabled);
    offer_from(
        &mut bench,
        &format!("master_replid2:{HISTORY}\r\nsecond_repl_offset:901\r\n"),
        OTHER,
        OFFSET + 5000,
        25,
    );
    assert_eq!((bench.run("DBSIZE"), archives(&bench.disk).len()), (":25 ".into(), 1));
    assert!(bench.notes.iter().any(|note| note.contains("has lost 100 bytes")), "{:?}", bench.notes);
}

#[test]
fn a_relay_that_got_into_another_history_after_the_question_is_asked_again() {
    for (role, is_taken) in [("slave", false), ("master", true)] {
        let mut bench = bereft(GuardPolicies::DEFAULT, DisklessLoad::Disabled);
        let link = bench.greet();
        answer_info(&mut bench, link, &format!("role:{role}\r\nmaster_replid:{HISTORY}\r\n"));
        send_data_set(&mut bench, link, OTHER, OFFSET + 5000, &data_set(30));
        assert_eq!(bench.run("DBSIZE"), if is_taken { ":30 " } else { ":20 " }, "{role}");
        if !is_taken {
            bench.pass(Duration::from_secs(1));
            let told = format!("master_replid2:{HISTORY}\r\nsecond_repl_offset:901\r\nsecond_repl_offset_exact:1\r\n");
            offer_from(&mut bench, &told, OTHER, OFFSET + 5000, 30);
            assert_eq!((bench.run("DBSIZE"), archives(&bench.disk).len()), (":30 ".into(), 1));
        }
    }
}

#[test]
fn a_master_that_goes_back_to_one_snapshot_twice_is_known_for_it() {
    for is_restarted in [false, true] {
        let mut bench = bereft(GuardPolicies::DEFAULT, DisklessLoad::Disabled);
        // Nothing was lost the first time.
        let link = go_on(&mut bench, OTHER);
        bench.send(link, b"*3\r\n$3\r\nSET\r\n$8\r\nprecious\r\n$1\r\n1\r\n");
        bench.pass(Duration::from_secs(2));
        if is_restarted {
            bench.run("SAVE");
            let replicaof = Some(Endpoint { host: "127.0.0.1".into(), port: 7000 });
            bench = Bench::start(Config { replicaof, ..Config::default() }, 3, bench.disk.clone(), bench.now);
        } else {
            bench.hang_up(link);
            bench.pass(Duration::from_millis(1));
        }
        let told = format!("master_replid2:{HISTORY}\r\nsecond_repl_offset:{}\r\n", OFFSET + 1);
        offer_from(&mut bench, &told, THIRD, OFFSET + 5000, 100);
        assert_eq!((bench.run("EXISTS precious"), archives(&bench.disk).len()), (":0 ".into(), 1), "{is_restarted}");
    }
}

#[test]
fn pings_that_a_snapshot_lacks_are_no_loss() {
    const PING: &[u8] = b"*1\r\n$4\r\nPING\r\n";
    for (stream, archived) in [(&[][..], 0), (b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n", 1)] {
        let mut bench = bereft(GuardPolicies::all(GuardPolicy::Archive), DisklessLoad::Disabled);
        let link = go_on(&mut bench, HISTORY);
        bench.send(link, &[PING, stream, PING].concat());
        bench.hang_up(link);
        bench.pass(Duration::from_millis(1));
        let told = format!("master_replid2:{HISTORY}\r\nsecond_repl_offset:{}\r\n", OFFSET + 1);
        offer_from(&mut bench, &told, OTHER, OFFSET, 20);
        assert_eq!((bench.run("DBSIZE"), archives(&bench.disk).len()), (":20 ".into(), archived));
    }
}

#[test]
fn who_serves_an_archive_follows_nobody() {
    let dbfilename = "dump.pre-resync-1764500000-48840.rdb".to_string();
    let mut bench = Bench::with(Config { dbfilename, ..Config::default() });
    assert!(bench.run("REPLICAOF 127.0.0.1 7000").starts_with("-ERR 'dbfilename' names an archive"));
    assert_eq!(bench.run("REPLICAOF NO ONE"), "+OK ");
}

#[test]
fn a_flushed_master_of_the_same_history_is_followed() {
    let mut bench = bereft(GuardPolicies::DEFAULT, DisklessLoad::Disabled);
    offer(&mut bench, HISTORY, OFFSET + 500, 0);
    assert_eq!((bench.run("DBSIZE"), state(&mut bench)), (":0 ".into(), "armed".into()));
}

#[test]
fn naming_another_master_while_an_archive_is_written_ends_both() {
    for load in LOADS {
        let mut bench = bereft(GuardPolicies::DEFAULT, load);
        bench.hold_disk();
        offer(&mut bench, OTHER, 900, 19);
        bench.run("REPLICAOF NO ONE");
        bench.release_disk();
        assert_eq!((bench.run("DBSIZE"), bench.run("SET new v")), (":20 ".into(), "+OK ".into()));
        assert!(bench.disk.keys().all(|name| !name.starts_with("temp-")), "{:?}", bench.disk.keys());
    }
}

#[test]
fn a_link_that_breaks_while_an_archive_is_written_keeps_nothing_from_happening() {
    for load in LOADS {
        let mut bench = bereft(GuardPolicies::DEFAULT, load);
        bench.hold_disk();
        let link = offer(&mut bench, OTHER, 900, 19);
        bench.hang_up(link);
        bench.pass(Duration::from_secs(3));
        assert!(bench.dialled.is_empty(), "no other data set is asked for meanwhile");
        bench.release_disk();
        bench.pass(Duration::from_secs(2));
        assert_eq!((bench.run("DBSIZE"), archives(&bench.disk).len()), (":19 ".into(), 1));
        let (_, asked) = bench.play_master();
        assert_eq!(asked, format!("{OTHER} 901"));
    }
}
