//! What a node has and says while its master's data set comes by way of a file.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use crate::config::{Config, DisklessLoad};
use crate::port::{ConnId, DiskFailure};

use super::bench::{Bench, Disk};

const HISTORY: &str = "8f9d6c1b0a7e4d3c2b1a09f8e7d6c5b4a3928170";
const MARK: &str = "0123456789012345678901234567890123456789";
/// Where the data set of the master stands.
const OFFSET: u64 = 1000;

/// A node with `SET old data`, and a master that has just agreed to a full synchronisation.
fn asked_for_everything(load: DisklessLoad) -> (Bench, ConnId) {
    let config = Config { repl_diskless_load: load, save: Vec::new(), ..Config::default() };
    let mut bench = Bench::with(config);
    bench.run("SET old data");
    bench.run("REPLICAOF 127.0.0.1 7000");
    let (link, _) = bench.play_master();
    bench.send(link, format!("+FULLRESYNC {HISTORY} {OFFSET}\r\n").as_bytes());
    (bench, link)
}

/// A data set as a master writes it, with `SET new data` and many bytes beside it.
fn data_set(filler_bytes: usize) -> Vec<u8> {
    let mut master = Bench::new();
    master.run("CONFIG SET rdbcompression no");
    master.run("SET new data");
    let filler: String = (0..filler_bytes).map(|index| char::from(b'a' + (index % 26) as u8)).collect();
    for (index, piece) in filler.as_bytes().chunks(16 * 1024).enumerate() {
        master.run(&format!("SET filler:{index} {}", core::str::from_utf8(piece).expect("ASCII")));
    }
    master.run("SAVE");
    master.disk.remove("dump.rdb").expect("it was saved")
}

fn framed(data: &[u8]) -> Vec<u8> {
    [format!("$EOF:{MARK}\r\n").as_bytes(), data, MARK.as_bytes()].concat()
}

fn info(bench: &mut Bench, section: &str, field: &str) -> String {
    let text = bench.run(&format!("INFO {section}"));
    let line = text.split(' ').find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.unwrap_or("none").into()
}

fn temporary_files(disk: &Disk) -> usize {
    disk.keys().filter(|name| name.starts_with("temp-")).count()
}

#[test]
fn old_data_are_served_until_all_has_come_then_nothing_is_until_all_is_loaded() {
    for framing in [framed, |data: &[u8]| [format!("${}\r\n", data.len()).as_bytes(), data].concat()] {
        let (mut bench, link) = asked_for_everything(DisklessLoad::Disabled);
        let before = bench.node.history.position();
        let bytes = framing(&data_set(600_000));
        let (last, all_but_one) = bytes.split_last().expect("it has bytes");
        bench.send(link, all_but_one);
        assert_eq!(bench.run("GET old"), "$4 data ");
        assert_eq!((bench.node.history.position(), temporary_files(&bench.disk)), (before, 1));
        assert_eq!(info(&mut bench, "replication", "master_sync_in_progress"), "1");

        let reader = bench.connect();
        assert_eq!(bench.run_on(reader, "MULTI\r\nGET old"), "+OK +QUEUED ");
        bench.hold_disk();
        bench.send(link, &[*last]);
        while !bench.notes.iter().any(|note| note.contains("Loading DB in memory")) {
            assert_eq!(bench.run("GET old"), "$4 data ", "nothing is dropped before the file is lasting");
            assert!(bench.release_disk_op());
        }
        for command in ["GET old", "GET new", "REPLICAOF NO ONE", "SAVE", "PSYNC ? -1"] {
            assert_eq!(bench.run(command), "-LOADING Redis is loading the dataset in memory ", "{command}");
        }
        let aborted = "-EXECABORT Transaction discarded because of: LOADING Redis is loading the dataset in memory ";
        assert_eq!(bench.run_on(reader, "EXEC"), aborted, "what was queued before is not done now");
        assert_eq!(info(&mut bench, "persistence", "loading"), "1");
        assert!(info(&mut bench, "persistence", "loading_total_bytes").len() >= 6);
        assert_ne!(bench.node.history.position(), before, "the place that it stood at has no data any more");
        bench.send(link, b"\n");
        assert_eq!(bench.paused, [link], "what comes meanwhile waits with the master");
        bench.take_received(link);
        bench.pass(Duration::from_secs(1));
        assert_eq!(bench.take_received(link), b"\n", "and the master hears that we live");

        bench.release_disk();
        assert_eq!((bench.run("GET old"), bench.run("GET new")), ("$-1 ".into(), "$4 data ".into()));
        assert!(bench.paused.is_empty());
        let said = String::from_utf8(bench.take_received(link)).expect("ASCII");
        assert!(said.contains(&format!("ACK\r\n$4\r\n{OFFSET}\r\n")), "{said:?}");
        assert_eq!(info(&mut bench, "replication", "master_link_status"), "up");
        let loaded = info(&mut bench, "persistence", "rdb_last_load_keys_loaded");
        assert_eq!(format!(":{loaded} "), bench.run("DBSIZE"));
        assert_eq!(temporary_files(&bench.disk), 0);
        assert!(bench.disk.contains_key("dump.rdb"));
    }
}

#[test]
fn what_came_behind_the_data_is_applied_behind_them() {
    let (mut bench, link) = asked_for_everything(DisklessLoad::Disabled);
    let data = data_set(0);
    bench.hold_disk();
    let stream = "*3\r\n$6\r\nAPPEND\r\n$3\r\nnew\r\n$1\r\n!\r\n";
    bench.send(link, &[format!("${}\r\n", data.len()).as_bytes(), &data, &stream.as_bytes()[..20]].concat());
    bench.send(link, &stream.as_bytes()[20..]);
    bench.release_disk();
    assert_eq!(bench.run("GET new"), "$5 data! ");
    assert_eq!(bench.node.history.offset(), OFFSET + stream.len() as u64);
}

#[test]
fn a_data_set_that_is_not_sound_costs_nothing() {
    let data = data_set(2000);
    let mut spoilt = data.clone();
    let middle = spoilt.len() / 2;
    spoilt[middle] ^= 1;
    let mut wrong_mark = framed(&data);
    *wrong_mark.last_mut().expect("it has bytes") ^= 1;
    let too_long = [format!("${}\r\n", data.len() + 3).as_bytes(), &data, b"abc"].concat();
    for bytes in [framed(&spoilt), wrong_mark, too_long] {
        let (mut bench, link) = asked_for_everything(DisklessLoad::Disabled);
        let before = bench.node.history.position();
        bench.send(link, &bytes);
        assert_eq!(bench.run("GET old"), "$4 data ");
        assert_eq!((bench.node.history.position(), temporary_files(&bench.disk)), (before, 0));
        assert_eq!(bench.closed, [link]);
        assert!(!bench.disk.contains_key("dump.rdb"));
    }
}

#[test]
fn a_full_disk_costs_nothing_and_is_told() {
    let (mut bench, link) = asked_for_everything(DisklessLoad::Disabled);
    bench.append_failure = Some(DiskFailure::NoSpace);
    bench.send(link, &framed(&data_set(2000)));
    let told = "Write error writing to the DB dump file needed for MASTER <-> REPLICA synchronization: No space left on device";
    assert!(bench.notes.iter().any(|note| note == told), "{:?}", bench.notes);
    assert_eq!(bench.run("GET old"), "$4 data ");
    assert_eq!((bench.closed.as_slice(), temporary_files(&bench.disk)), ([link].as_slice(), 0));
    bench.append_failure = None;
    bench.pass(Duration::from_secs(1));
    let (link, _) = bench.play_master();
    bench.send(link, format!("+FULLRESYNC {HISTORY} {OFFSET}\r\n").as_bytes());
    bench.send(link, &framed(&data_set(2000)));
    assert_eq!(bench.run("GET new"), "$4 data ");
}

#[test]
fn a_disk_that_is_slower_than_the_master_slows_the_master() {
    let (mut bench, link) = asked_for_everything(DisklessLoad::Disabled);
    bench.hold_disk();
    let bytes = framed(&data_set(4_000_000));
    let mut pieces = bytes.chunks(64 * 1024);
    let sent = pieces.by_ref().take_while(|piece| {
        bench.send(link, piece);
        bench.paused.is_empty()
    });
    assert!(sent.count() < 24, "at most six appends are under way");
    bench.release_disk();
    assert!(bench.paused.is_empty());
}

#[test]
fn a_link_that_breaks_before_the_end_leaves_everything_as_it_was_and_after_it_nothing_is_lost() {
    let bytes = framed(&data_set(0));
    for all in [false, true] {
        let (mut bench, link) = asked_for_everything(DisklessLoad::Disabled);
        let before = bench.node.history.position();
        bench.hold_disk();
        bench.send(link, if all { &bytes } else { &bytes[..bytes.len() - 1] });
        bench.hang_up(link);
        bench.pass(Duration::from_millis(300));
        assert_eq!(bench.dialled.len(), usize::from(!all), "a data set that is whole is waited for");
        bench.release_disk();
        let expected = if all { ("$-1 ", "$4 data ") } else { ("$4 data ", "$-1 ") };
        assert_eq!((bench.run("GET old").as_str(), bench.run("GET new").as_str()), expected);
        assert_eq!(temporary_files(&bench.disk), 0);
        bench.pass(Duration::from_millis(10));
        let (_, asked) = bench.play_master();
        let place =
            if all { format!("{HISTORY} {}", OFFSET + 1) } else { format!("{} {}", before.history, before.offset + 1) };
        assert_eq!(asked, place);
    }
}

#[test]
fn who_is_promoted_before_the_file_is_lasting_keeps_what_he_has() {
    let (mut bench, link) = asked_for_everything(DisklessLoad::Disabled);
    bench.hold_disk();
    bench.send(link, &framed(&data_set(0)));
    assert_eq!(bench.run("REPLICAOF NO ONE"), "+OK ");
    bench.release_disk();
    assert_eq!((bench.run("GET old"), bench.run("GET new")), ("$4 data ".into(), "$-1 ".into()));
    assert_eq!(temporary_files(&bench.disk), 0);
}

#[test]
fn a_restart_finds_the_data_and_their_place() {
    let (mut bench, link) = asked_for_everything(DisklessLoad::Disabled);
    let mut master = Bench::new();
    let first = master.connect();
    master.send(first, b"PSYNC ? -1\r\n");
    master.run("SET new data");
    let replica = master.connect();
    master.run_on(replica, "REPLCONF capa eof");
    master.send(replica, b"PSYNC ? -1\r\n");
    master.pass(Duration::from_secs(6));
    let said = master.take_received(replica);
    let head = said.iter().position(|byte| *byte == b'$').expect("a data set");
    bench.send(link, &said[head..]);
    assert_eq!(bench.run("GET new"), "$4 data ");
    let config = bench.node.config.clone();
    let mut again = Bench::start(config, 7, core::mem::take(&mut bench.disk), bench.now);
    assert_eq!(again.run("GET new"), "$4 data ");
    let (_, asked) = again.play_master();
    assert!(asked.starts_with(&format!("{}", master.node.history.id)), "{asked}");
}

#[test]
fn a_file_that_nobody_asked_to_keep_goes() {
    for (save, is_kept) in [("", false), ("3600 1", true)] {
        let (mut bench, link) = asked_for_everything(DisklessLoad::Disabled);
        bench.run("CONFIG SET rdb-del-sync-files yes");
        bench.run(&format!("CONFIG SET save \"{save}\""));
        bench.send(link, &framed(&data_set(0)));
        assert_eq!(bench.run("GET new"), "$4 data ");
        assert_eq!((bench.disk.contains_key("dump.rdb"), temporary_files(&bench.disk)), (is_kept, 0));
    }
}

#[test]
fn a_snapshot_of_the_old_data_never_replaces_the_file_of_the_new_ones() {
    let (mut bench, link) = asked_for_everything(DisklessLoad::Disabled);
    bench.hold_disk();
    let saver = bench.connect();
    bench.send(saver, b"SAVE\r\n");
    bench.send(link, &framed(&data_set(0)));
    bench.release_disk();
    assert_eq!(bench.run("GET new"), "$4 data ");
    let config = Config { replicaof: None, ..bench.node.config.clone() };
    let mut again = Bench::start(config, 7, core::mem::take(&mut bench.disk), bench.now);
    assert_eq!((again.run("GET old"), again.run("GET new")), ("$-1 ".into(), "$4 data ".into()));
    assert!(!bench.take_received(saver).is_empty(), "who waited is answered");
}

#[test]
fn no_file_is_needed_where_the_data_are_built_beside_the_old_or_there_are_none() {
    let cases = [
        (DisklessLoad::Disabled, true, 1),
        (DisklessLoad::Disabled, false, 1),
        (DisklessLoad::OnEmptyDb, true, 0),
        (DisklessLoad::OnEmptyDb, false, 1),
        (DisklessLoad::Swapdb, true, 0),
        (DisklessLoad::Swapdb, false, 0),
    ];
    for (load, is_empty, files) in cases {
        let mut bench = Bench::with(Config { repl_diskless_load: load, ..Config::default() });
        if !is_empty {
            bench.run("SET old data");
        }
        bench.run("REPLICAOF 127.0.0.1 7000");
        let (link, _) = bench.play_master();
        bench.send(link, format!("+FULLRESYNC {HISTORY} {OFFSET}\r\n").as_bytes());
        let bytes = framed(&data_set(0));
        bench.send(link, &bytes[..100]);
        assert_eq!(temporary_files(&bench.disk), files, "{load:?}, empty: {is_empty}");
        assert_eq!(info(&mut bench, "persistence", "async_loading"), if files == 0 { "1" } else { "0" });
        bench.send(link, &bytes[100..]);
        assert_eq!(bench.run("GET new"), "$4 data ");
    }
}

#[test]
fn without_lazy_flush_the_old_data_are_freed_before_the_new_ones_are_built() {
    for is_lazy in [false, true] {
        let (mut bench, link) = asked_for_everything(DisklessLoad::Disabled);
        bench.run(&format!("CONFIG SET replica-lazy-flush {}", if is_lazy { "yes" } else { "no" }));
        bench.hold_disk();
        bench.send(link, &framed(&data_set(0)));
        bench.is_busy = true;
        bench.release_disk();
        assert_eq!(bench.run("DBSIZE") == ":1 ", is_lazy);
        bench.is_busy = false;
        bench.run("CLIENT ID");
        assert_eq!(bench.run("DBSIZE"), ":1 ");
    }
}

#[test]
fn a_key_that_comes_twice_counts_as_it_came_last() {
    let (mut bench, link) = asked_for_everything(DisklessLoad::Disabled);
    // A string and a list of the same name; the checksum of zero says that there is none.
    let data = b"REDIS0009\xfe\x00\x00\x03new\x05first\x01\x03new\x01\x04last\xff\0\0\0\0\0\0\0\0";
    bench.send(link, &framed(data));
    assert_eq!((bench.run("LRANGE new 0 -1"), bench.run("DBSIZE")), ("*1 $4 last ".into(), ":1 ".into()));
    assert!(bench.notes.iter().any(|note| note.starts_with("RDB has duplicated key 'new' in DB 0")));
}

const PROGRESS: [&str; 6] = ["total_bytes", "read_bytes", "left_bytes", "perc", "last_io_seconds_ago", "in_progress"];
const LOADING: [&str; 6] = ["start_time", "total_bytes", "rdb_used_mem", "loaded_bytes", "loaded_perc", "eta_seconds"];

/// What INFO tells of a transfer.
fn transfer(bench: &mut Bench) -> Vec<String> {
    PROGRESS.iter().map(|name| info(bench, "replication", &format!("master_sync_{name}"))).collect()
}

/// What INFO tells of loading: the two flags and the rest.
fn loading(bench: &mut Bench) -> (String, Vec<String>) {
    let flags = ["loading", "async_loading"].map(|name| info(bench, "persistence", name)).concat();
    (flags, LOADING.iter().map(|name| info(bench, "persistence", &format!("loading_{name}"))).collect())
}

/// Memory in use, and keys of the last data set that was loaded or is being loaded.
fn used_and_keys(bench: &mut Bench) -> [u64; 2] {
    let told = [("memory", "used_memory"), ("persistence", "rdb_last_load_keys_loaded")];
    told.map(|(section, name)| info(bench, section, name).parse().expect("a number"))
}

fn none() -> Vec<String> {
    Vec::from(["none"; 6].map(Into::into))
}

#[test]
fn each_moment_of_a_data_set_on_its_way_through_a_file_is_told() {
    let data = data_set(600_000);
    let size = data.len().to_string();
    for is_counted in [true, false] {
        let (mut bench, link) = asked_for_everything(DisklessLoad::Disabled);
        let told = transfer(&mut bench);
        assert_eq!(told, ["-1", "0", "-1", "0.00", "0", "1"], "asked for");
        bench.hold_disk();
        let framed = if is_counted { [format!("${size}\r\n").as_bytes(), &data].concat() } else { framed(&data) };
        let (first, rest) = framed.split_at(100_000);
        bench.send(link, first);
        bench.pass(Duration::from_secs(3));
        let told = transfer(&mut bench);
        assert_eq!((told[0] == size, told[4].as_str(), told[5].as_str()), (is_counted, "3", "1"), "{told:?}");
        let [total, read, left] = [0, 1, 2].map(|index| told[index].parse::<i64>().expect("a number"));
        assert!(read > 80_000 && left == total - read, "{told:?}");
        assert_eq!(told[3] != "0.00", is_counted);
        assert_eq!(loading(&mut bench), ("00".into(), none()), "what is served is what was there");
        bench.send(link, rest);
        let whole = [size.as_str(), &size, "0", "100.00", "0", "1"];
        assert_eq!(transfer(&mut bench), whole, "the disk takes it in");
        assert_eq!(loading(&mut bench), ("00".into(), none()));
        bench.is_busy = true;
        while info(&mut bench, "persistence", "loading") == "0" {
            assert!(bench.release_disk_op());
        }
        bench.pass(Duration::from_secs(2));
        let start = (bench.now.wall.seconds() - 2).to_string();
        let eta = (2 * data.len()).to_string();
        let told = [start.as_str(), &size, "0", "0", "0.00", &eta].map(String::from).to_vec();
        assert_eq!(loading(&mut bench), ("10".into(), told), "the old data are freed");
        assert_eq!(transfer(&mut bench), [size.as_str(), &size, "0", "100.00", "2", "1"]);
        bench.is_busy = false;
        bench.pass(Duration::from_secs(1));
        assert!(bench.release_disk_op() && bench.release_disk_op());
        bench.pass(Duration::from_secs(2));
        let (flags, told) = loading(&mut bench);
        assert_eq!((flags.as_str(), &told[1]), ("10", &size));
        let loaded: u64 = told[3].parse().expect("a number");
        assert!(told[2] != "0" && loaded > 200_000 && loaded < 600_000, "{told:?}");
        assert_eq!(told[4], format!("{:.2}", loaded as f64 * 100.0 / data.len() as f64));
        assert_eq!(transfer(&mut bench)[..4], whole[..4]);
        let [used_memory, keys] = used_and_keys(&mut bench);
        assert!(used_memory > loaded && keys > 10, "{used_memory} bytes, {keys} keys");
        assert!(info(&mut bench, "keyspace", "db0").starts_with(&format!("keys={keys},")), "as it grows");
        bench.hang_up(link);
        assert_eq!(transfer(&mut bench)[5], "1", "what has come is loaded all the same");
        bench.release_disk();
        assert_eq!((loading(&mut bench), transfer(&mut bench)), (("00".into(), none()), at_rest()));
    }
}

fn at_rest() -> Vec<String> {
    let mut told = none();
    told[5] = "0".into();
    told
}

#[test]
fn each_moment_of_a_data_set_that_is_built_beside_the_old_one_is_told() {
    let data = data_set(600_000);
    for is_counted in [true, false] {
        let (mut bench, link) = asked_for_everything(DisklessLoad::Swapdb);
        assert_eq!(loading(&mut bench), ("00".into(), none()), "nothing has come yet");
        let [before, _] = used_and_keys(&mut bench);
        let preamble = if is_counted { format!("${}\r\n", data.len()) } else { format!("$EOF:{MARK}\r\n") };
        bench.send(link, preamble.as_bytes());
        bench.pass(Duration::from_secs(5));
        bench.send(link, &data[..300_000]);
        let (flags, told) = loading(&mut bench);
        assert_eq!(flags, "01", "the old data are served");
        assert_eq!(told[0], (bench.now.wall.seconds() - 5).to_string());
        assert_eq!(told[1], if is_counted { data.len().to_string() } else { "0".into() });
        let [memory, loaded, eta] = [2, 3, 5].map(|index| told[index].parse::<u64>().expect("a number"));
        assert!(memory > 600_000 && (280_000..=300_000).contains(&loaded), "{told:?}");
        let whole = if is_counted { data.len() as u64 } else { memory };
        let share: f64 = told[4].parse().expect("a number");
        assert!((share - loaded as f64 * 100.0 / whole as f64).abs() < 0.02, "{told:?}");
        assert_eq!(eta, 5 * (whole - loaded) / (loaded + 1));
        assert_eq!(transfer(&mut bench)[1], told[3]);
        let [used_memory, keys] = used_and_keys(&mut bench);
        assert!(used_memory > 200_000 + before && keys > 10, "{used_memory} bytes, {keys} keys");
        assert_eq!(bench.run("DBSIZE"), ":1 ", "what is served is told as what is there");
        let refused = "-LOADING Redis is loading the dataset in memory ";
        assert_eq!(bench.run("CONFIG SET repl-diskless-load disabled"), refused);
        bench.send(link, &data[300_000..]);
        if !is_counted {
            bench.send(link, MARK.as_bytes());
        }
        assert_eq!((loading(&mut bench), transfer(&mut bench)), (("00".into(), none()), at_rest()));
    }
}
