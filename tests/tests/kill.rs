//! Does a server that was killed in the midst of writes come back with one moment of what it was told, and with all that it promised to keep?
//!
//! Each configuration is killed a few times in every test run. `AFTERIMAGE_KILLS=100` says how often instead. A real Redis is held to the same: where it
//! passes and ours does not, the server is to blame and not the check.

mod check;
mod history;
mod life;

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Instant;

use afterimage_tests::{Draw, Options, Release};

use check::{Life, Save};
use history::Step;
use life::{Keeping, World};

const KILLS_BY_DEFAULT: u64 = 3;
/// Over the same files: longer, and they only become larger.
const LIVES: u64 = 10;

fn kills() -> u64 {
    let Ok(text) = env::var("AFTERIMAGE_KILLS") else { return KILLS_BY_DEFAULT };
    text.parse().unwrap_or_else(|_| panic!("AFTERIMAGE_KILLS={text}: a number is expected"))
}

fn kill_again_and_again(keeping: Keeping, options: impl Fn() -> Options) {
    let mut world = None;
    let mut draw = Draw::new(0);
    for number in 0..kills() {
        if number % LIVES == 0 {
            draw = Draw::new(number);
            world = None;
        }
        let world = world.get_or_insert_with(|| World::new(keeping, options()));
        let (life, told) = world.live_and_be_killed(&mut draw);
        let (acknowledged, sent) = world.steps();
        eprintln!("{keeping:?}, kill {number}, {told}: {acknowledged} of {sent} steps acknowledged");
        if draw.below(2) == 1 {
            world.be_killed_at_the_start(&mut draw);
        }
        if let Err(error) = world.come_back(&life) {
            panic!("{keeping:?}, kill {number}, {told}: {error}");
        }
    }
}

#[test]
fn a_killed_server_comes_back_at_the_moment_of_a_snapshot() {
    kill_again_and_again(Keeping::Snapshots, Options::ours);
}

#[test]
fn a_killed_server_with_save_points_comes_back_at_one_moment() {
    kill_again_and_again(Keeping::SnapshotsBySavePoints, Options::ours);
}

#[test]
fn a_killed_server_that_always_syncs_comes_back_with_all_that_it_acknowledged() {
    kill_again_and_again(Keeping::Always, Options::ours);
}

#[test]
fn a_killed_server_that_syncs_every_second_comes_back_with_all_but_the_last_two_seconds() {
    kill_again_and_again(Keeping::EverySecond, Options::ours);
}

#[test]
fn a_killed_redis_passes_the_same_checks() {
    if Options::real(Release::Redis7).is_some() {
        for keeping in [Keeping::Snapshots, Keeping::Always] {
            kill_again_and_again(keeping, || Options::real(Release::Redis7).expect("it was there"));
        }
    }
}

fn nothing_saved() -> Life {
    Life { saves: Vec::new(), killed_at: Instant::now() }
}

/// The append-only file that was written to last.
fn last_increment(dir: &Path) -> PathBuf {
    let files = fs::read_dir(dir.join("appendonlydir")).expect("there is a directory for it");
    let files = files.map(|file| file.expect("it can be listed").path());
    // Their numbers have one digit: a server that has just been started has made two or three.
    files.filter(|file| file.to_string_lossy().ends_with(".incr.aof")).max().expect("there is an append-only file")
}

/// What the check is worth: bytes that are missing are noticed.
fn loses_its_end(options: Options) {
    let mut world = World::new(Keeping::Always, options);
    for steps in [[Step::Set, Step::Push], [Step::Count, Step::Block]] {
        world.tell(0, &steps);
        world.tell(1, &steps);
    }
    world.be_killed();
    let places = world.come_back(&nothing_saved());
    assert_eq!(places, Ok(vec![4, 4, 0, 0]), "nothing is missing");

    let before = fs::metadata(last_increment(world.dir())).expect("it has a length").len();
    world.tell(1, &[Step::Set, Step::Block]);
    world.be_killed();
    let after = fs::metadata(last_increment(world.dir())).expect("it has a length").len();
    let file = File::options().write(true).open(last_increment(world.dir())).expect("it can be opened");
    file.set_len(before + (after - before) / 2).expect("it can be cut");
    let outcome = world.come_back(&nothing_saved());
    let error = outcome.expect_err("a transaction is missing as a whole");
    // Ours writes what came together as one, and loses it as one.
    let begins =
        |step: u64| error.starts_with(&format!("lost: writer 1 is back at step {step}, and 6 were to be kept"));
    assert!(begins(4) || begins(5), "{error}");
}

#[test]
fn the_check_notices_that_an_append_only_file_has_lost_its_end() {
    if let Some(options) = Options::real(Release::Redis7) {
        loses_its_end(options);
    }
    loses_its_end(Options::ours());
}

/// What the check is worth: a snapshot that has been replaced is noticed.
fn has_an_older_snapshot(options: Options) {
    let mut world = World::new(Keeping::Snapshots, options);
    let rdb = world.dir().join("dump.rdb");
    world.tell(0, &Step::ALL);
    let older: Save = world.save();
    let kept = fs::read(&rdb).expect("there is a snapshot");
    world.tell(1, &Step::ALL);
    let newer = world.save();
    world.be_killed();
    let last = fs::read(&rdb).expect("there is a snapshot");

    let life = Life { saves: vec![older, newer], killed_at: Instant::now() };
    fs::write(&rdb, kept).expect("it can be written");
    let error = world.come_back(&life).expect_err("the newer snapshot is missing");
    assert!(error.starts_with("not the moment of a snapshot"), "{error}");

    world.be_killed();
    fs::write(&rdb, last).expect("it can be written");
    assert_eq!(world.come_back(&life), Ok(vec![4, 4, 0, 0]), "nothing is missing");
}

#[test]
fn the_check_notices_that_a_snapshot_is_an_older_one() {
    has_an_older_snapshot(Options::ours());
    if let Some(options) = Options::real(Release::Redis7) {
        has_an_older_snapshot(options);
    }
}
