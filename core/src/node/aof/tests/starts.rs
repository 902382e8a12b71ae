//! Cases of starts: what is made of files that are whole, torn, rotten, old, or not all there.

use super::*;

#[test]
fn an_unfinished_end_is_cut_and_told_of_unless_that_is_forbidden() {
    let mut bench = Bench::with(config());
    bench.run("SET k 1");
    let whole = bench.disk[FIRST_INCREMENT].len();
    bench.run("SET k 2");
    bench.disk.get_mut(FIRST_INCREMENT).expect("it is there").truncate(whole + 40);
    let refusing = restart(&bench, 2, Config { aof_load_truncated: false, ..config() });
    assert!(refusing.node.is_loading(), "it does not start");
    for text in ["its last 40 bytes are unfinished (", "), and 'aof-load-truncated no' forbids to cut them off"] {
        assert!(refusing.notes.iter().any(|note| note.contains(text)), "{:?}", refusing.notes);
    }
    let mut again = restart(&bench, 2, config());
    assert_eq!(again.run("GET k"), "$1 1 ");
    assert!(again.notes.iter().any(|note| note.contains("its last 40 bytes are cut off")), "{:?}", again.notes);
    again.run("SET k 3");
    let mut third = restart(&again, 3, config());
    assert_eq!(third.run("GET k"), "$1 3 ");
}

#[test]
fn nothing_gives_way_for_want_of_memory_while_data_are_being_loaded() {
    let mut bench = Bench::with(config());
    bench.run("SET k 1");
    bench.run("SET l 1");
    bench.disk.get_mut(FIRST_INCREMENT).expect("it is there").push(b'*');
    let (maxmemory, maxmemory_policy) = (1, MaxmemoryPolicy::AllkeysRandom);
    // Its end is unfinished, so that it does not go on to start.
    let mut again = restart(&bench, 2, Config { aof_load_truncated: false, maxmemory, maxmemory_policy, ..config() });
    assert_eq!(again.node.keyspace.total_len(), 2);
    assert_eq!(again.run("GET k"), "-LOADING Redis is loading the dataset in memory ");
    assert_eq!(again.node.keyspace.total_len(), 2);
}

#[test]
fn little_is_lost_with_the_end_of_a_file_that_was_written_at_once() {
    let mut bench = Bench::with(config());
    bench.hold_disk();
    for number in 0..1000 {
        bench.run(&format!("SET k{number} {}", "x".repeat(90)));
    }
    bench.release_disk();
    let file = bench.disk.get_mut(FIRST_INCREMENT).expect("it is there");
    assert!(file.len() > 100_000);
    file.truncate(file.len() - 50);
    let mut again = restart(&bench, 2, config());
    let kept: u64 = again.run("DBSIZE").trim_matches([':', ' ']).parse().expect("a number");
    assert!((950..1000).contains(&kept), "{kept}");
}

#[test]
fn a_part_that_has_lost_its_end_or_all_of_it_ends_the_start() {
    for aof_use_rdb_preamble in [true, false] {
        let config = || Config { aof_use_rdb_preamble, ..config() };
        let mut bench = Bench::with(config());
        bench.run("SET k 1");
        bench.run("BGREWRITEAOF");
        let parts: Vec<String> = bench.disk.keys().filter(|name| *name != MANIFEST).cloned().collect();
        assert_eq!(parts.len(), 2);
        for name in parts {
            let mut disk = bench.disk.clone();
            disk.insert(name.clone(), Vec::new());
            let again = start_from(disk.clone(), 2, config());
            assert!(again.node.is_loading(), "{name}");
            assert!(again.notes.iter().any(|note| note.contains("Restore it from a backup")), "{:?}", again.notes);
            assert_eq!(again.disk, disk);
        }
    }
}

#[test]
fn without_their_manifest_parts_are_neither_loaded_nor_overwritten() {
    let mut bench = Bench::with(config());
    bench.run("SET k 1");
    let mut disk = bench.disk.clone();
    disk.remove(MANIFEST);
    let mut again = start_from(disk.clone(), 2, config());
    assert_eq!(again.run("GET k"), "$-1 ");
    assert!(again.notes.iter().any(|note| note.contains("but no manifest that names them")), "{:?}", again.notes);
    again.run("SET k 2");
    again.run("BGREWRITEAOF");
    for (name, contents) in &disk {
        assert_eq!(again.disk.get(name), Some(contents), "{name}");
    }
    assert_eq!(restart(&again, 3, config()).run("GET k"), "$1 2 ");
}

#[test]
fn commands_that_fail_are_told_with_their_place() {
    let file = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n1\r\n*3\r\n$5\r\nLPUSH\r\n$1\r\nk\r\n$1\r\nx\r\n".to_vec();
    let mut bench = start_from(Disk::from([("appendonly.aof".to_string(), file)]), 1, config());
    assert_eq!(bench.run("GET k"), "$1 1 ");
    let told = "'WRONGTYPE Operation against a key holding the wrong kind of value' after processing the command 'LPUSH' (at byte 27)";
    assert!(bench.notes.iter().any(|note| note.contains(told)), "{:?}", bench.notes);
}

#[test]
fn a_file_of_before_redis_7_that_is_refused_stays_as_it_is() {
    for (contents, reason) in [
        (&b"\x7fELF"[..], "bad file format (at byte 0)"),
        (
            b"*1\r\n$4\r\nPING\r\n*1\r\n$7\r\nFOOBARX\r\n",
            "Unknown command 'FOOBARX' reading the append only file (at byte 14)",
        ),
    ] {
        let disk = Disk::from([("appendonly.aof".to_string(), contents.to_vec())]);
        let bench = start_from(disk.clone(), 1, config());
        assert!(bench.node.is_loading());
        assert!(bench.notes.iter().any(|note| note.contains(reason)), "{:?}", bench.notes);
        assert_eq!(bench.disk, disk);
    }
}

#[test]
fn what_has_rotted_ends_the_start_and_stays_as_it_is() {
    let mut bench = Bench::with(always());
    for value in 0..5 {
        bench.run(&format!("SET k {value}"));
    }
    for file in [FIRST_INCREMENT, FIRST_BASE] {
        let mut disk = bench.disk.clone();
        let contents = disk.get_mut(file).expect("it is there");
        let middle = contents.len() / 2;
        contents[middle] ^= 4;
        let again = start_from(disk.clone(), 2, always());
        assert!(again.node.is_loading(), "{file}");
        assert!(
            again.notes.iter().any(|note| note.starts_with(&format!("Fatal error loading the DB '{file}'"))),
            "{:?}",
            again.notes
        );
        assert_eq!(again.disk, disk);
    }
}

#[test]
fn the_first_line_of_an_increment_is_never_cut_off() {
    let bench = Bench::with(config());
    let whole = bench.disk[FIRST_INCREMENT].clone();

    let intact = restart(&bench, 2, config());
    for at in 0..whole.len() {
        let mut disk = bench.disk.clone();
        disk.get_mut(FIRST_INCREMENT).expect("it is there")[at] ^= 1;
        let again = start_from(disk.clone(), 2, config());
        if whole[at] == b'\r' && !again.node.is_loading() {
            // White space at the end of a line is any.
            assert_eq!(again.node.history.standing().second, intact.node.history.standing().second);
            continue;
        }
        assert!(again.node.is_loading(), "byte {at} of {}: {:?}", whole.escape_ascii(), again.notes);
        assert_eq!(again.disk, disk);
    }
    // Without the lines that begin with '#' it is loaded unchecked.
    let mut disk = bench.disk.clone();
    disk.insert(FIRST_INCREMENT.into(), b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n7\r\n".to_vec());
    assert_eq!(start_from(disk, 2, config()).run("GET k"), "$1 7 ");
}

#[test]
fn what_has_rotted_since_an_orderly_end_is_told_up_to_the_last_write() {
    let mut bench = Bench::with(config());
    for value in 0..3 {
        bench.run(&format!("SET k {value}"));
    }
    bench.run("SHUTDOWN");
    let whole = bench.disk[FIRST_INCREMENT].clone();
    let commands = whole.windows(3).enumerate().filter(|(_, three)| *three == b"SET").map(|(at, _)| at);
    assert_eq!(commands.clone().count(), 3);
    for at in commands {
        let mut disk = bench.disk.clone();
        disk.get_mut(FIRST_INCREMENT).expect("it is there")[at] ^= 1;
        let again = start_from(disk, 2, config());
        assert!(again.node.is_loading(), "byte {at} of {}", whole.len());
        assert!(again.notes.iter().any(|note| note.contains("the file has rotted there")), "{:?}", again.notes);
    }
}

#[test]
fn a_file_of_before_redis_7_becomes_the_base() {
    let old = b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n1\r\n";
    let unfinished = [old.as_slice(), b"*3\r\n$3\r\nSE"].concat();
    for contents in [old.as_slice(), &unfinished] {
        let disk = Disk::from([("appendonly.aof".to_string(), contents.to_vec())]);
        let mut bench = start_from(disk, 1, config());
        assert_eq!(bench.run("GET k"), "$1 1 ");
        bench.run("INCR k");
        assert_eq!(manifest(&bench), "file appendonly.aof seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n");
        let mut again = restart(&bench, 2, config());
        assert_eq!(again.run("GET k"), "$1 2 ");
    }
    // The manifest was written, and the file was not moved.
    let mut disk = Disk::from([("appendonly.aof".to_string(), old.to_vec())]);
    disk.insert(MANIFEST.into(), b"file appendonly.aof seq 1 type b\n".to_vec());
    let mut bench = start_from(disk, 1, config());
    assert_eq!(bench.run("GET k"), "$1 1 ");
}

#[test]
fn without_an_append_only_file_the_data_come_from_the_snapshot() {
    let mut bench = Bench::with(Config { appendonly: false, ..config() });
    bench.run("SET k 1");
    bench.run("SAVE");
    let mut again = restart(&bench, 2, config());
    assert_eq!(again.run("GET k"), "$1 1 ");
    again.run("SET k 2");
    let mut third = restart(&again, 3, config());
    assert_eq!(third.run("GET k"), "$1 2 ", "from now on the append-only file counts");
}
