//! What becomes of a master and its replicas when its disk is full, and when there is room again?

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use afterimage_core::Config;
use afterimage_core::port::DiskOp;
use afterimage_tests::{Disk, Inside, Options, Release, Reply, Server, wait_until};

/// Files that cannot be written, since their names are taken.
struct FullDisk(Vec<PathBuf>);

impl FullDisk {
    /// Whatever is written for replicas finds no space; what is to be kept cannot even be created.
    fn under(master: &Server) -> FullDisk {
        const FILES: usize = 100;
        let dir = master.options().dir();
        let pid = master.count("server", "process_id");
        let mut taken = Vec::new();
        for number in 1..=FILES {
            let path = dir.join(format!("temp-sync-{pid}-{number}.rdb"));
            symlink("/dev/full", &path).expect("a link can be made");
            taken.push(path);
        }
        let path = dir.join(format!("temp-{pid}.rdb"));
        fs::create_dir_all(path.join("by-something")).expect("a directory can be made");
        taken.push(path);
        FullDisk(taken)
    }

    fn make_room(self) {
        for path in self.0 {
            // The links that were tried are gone.
            let _ = if path.is_dir() && !path.is_symlink() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        }
    }
}

fn status(server: &Server) -> String {
    server.info("persistence")["rdb_last_bgsave_status"].clone()
}

/// A master whose disk is full, and a real replica that asks it for everything.
fn pair(save: &str) -> Option<(Server, FullDisk, Server)> {
    let replica = Options::real(Release::Redis7)?;
    let master = Options::ours().with("repl-diskless-sync", "no").with("save", save).start();
    assert!(master.line("set key value").is_ok());
    let disk = FullDisk::under(&master);
    let replica = replica.start();
    replica.follow(master.port());
    Some((master, disk, replica))
}

fn failures(master: &Server) -> usize {
    master.options().log().matches("No space left on device").count()
}

#[test]
fn a_replica_of_a_master_with_a_full_disk_makes_no_storm_and_is_there_soon_after_there_is_room() {
    let begun_at = Instant::now();
    let Some((master, disk, replica)) = pair("") else { return };
    // It is back at once each time: the fourth begins after waits of at least 0.5, 1 and 2 s.
    wait_until("a few attempts", || failures(&master) >= 4);
    assert!(begun_at.elapsed() > Duration::from_millis(3500));
    assert!(master.count("stats", "sync_full") <= 5, "there is no other attempt than those");
    assert_eq!(status(&master), "err");

    disk.make_room();
    wait_until("the replica to be there", || replica.is_linked());
    assert_eq!(status(&master), "ok");
    replica.wait_until_equal_to(&master);
}

/// A replica begins by a PING, which is refused, too: it cannot ask for the snapshot that would show that there is room.
#[test]
fn a_master_that_refuses_writes_because_of_its_disk_finds_out_by_itself_that_there_is_room() {
    let Some((master, disk, replica)) = pair("3600 1000") else { return };
    wait_until("the first attempt", || failures(&master) >= 1);
    assert_eq!(status(&master), "err");
    assert!(matches!(master.line("set key other"), Reply::Error(text) if text.starts_with("MISCONF ")));

    disk.make_room();
    wait_until("the replica to be there", || replica.is_linked());
    assert_eq!(status(&master), "ok");
    assert!(master.line("set key other").is_ok());
    replica.wait_until_equal_to(&master);
}

/// The bytes that reach the disk by each sync of a snapshot of 13 MB.
fn bytes_by_sync(rdb_save_incremental_fsync: bool) -> Vec<usize> {
    let config = Config { rdb_save_incremental_fsync, rdbcompression: false, save: Vec::new(), ..Config::default() };
    let mut node = Inside::over_held_disk(config, Disk::new());
    while node.move_disk() {}
    let value = vec![b'x'; 10_000];
    for number in 0..1300 {
        node.call(&["set".as_bytes(), format!("key{number}").as_bytes(), &value]);
    }
    node.call(&["bgsave"]);
    let (mut synced, mut unsynced) = (Vec::new(), 0);
    while let Some(op) = node.next_disk_op() {
        match op {
            DiskOp::Append { bytes, .. } => unsynced += bytes.len(),
            DiskOp::Sync { .. } => synced.push(std::mem::take(&mut unsynced)),
            _ => {}
        }
        node.move_disk();
    }
    assert!(node.log().iter().any(|line| line.contains("DB saved on disk")));
    assert_eq!(unsynced, 0, "all of it is synced in the end");
    synced
}

#[test]
fn a_snapshot_is_synced_on_its_way_if_so_configured() {
    let on_its_way = bytes_by_sync(true);
    assert!(on_its_way.len() == 3 && on_its_way.iter().all(|bytes| *bytes <= 5 << 20), "{on_its_way:?}");
    let at_its_end = bytes_by_sync(false);
    assert!(at_its_end.len() == 1 && at_its_end[0] > 13_000_000, "{at_its_end:?}");
}
