//! What real servers say to each other raises no alarm; with one byte altered it does.
//!
//! Captures lie in `tests/captures`. Made again, from the servers that are here, they are by
//!
//!     AFTERIMAGE_CAPTURES=keep cargo test -p afterimage-tests captures::real

mod altered;
mod sessions;
mod stage;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use afterimage_sim::captured::{Capture, judge};
use afterimage_tests::Release;

use sessions::{ALL, LIFE, SMALL, Session};

/// Sessions in which bytes are under way for certain to a replica that leaves its master.
const LEAVING: [&str; 2] = ["handover-forced", "takeover"];

fn dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("captures")
}

fn read(name: &str) -> Capture {
    let path = dir().join(format!("{name}.capture"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.parse().unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// The names of all captures that are kept.
fn kept() -> Vec<String> {
    let entries = fs::read_dir(dir()).expect("there are captures").map(|entry| entry.expect("it can be read").path());
    let captures = entries.filter(|path| path.extension().is_some_and(|kind| kind == "capture"));
    let mut names: Vec<String> =
        captures.map(|path| path.file_stem().expect("it has a name").to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Plays a session, keeps what was said if that is asked for, and gives it to the checks at once.
fn play(session: &Session, release: Release, maker: &str) {
    let Some(mut stage) = session.play(release) else { return };
    let capture = stage.capture(session.about);
    let text = capture.to_string();
    if env::var_os("AFTERIMAGE_CAPTURES").is_some_and(|wish| wish == "keep") {
        let path = dir().join(format!("{maker}-{}.capture", session.name));
        fs::write(&path, &text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
    assert_eq!(text.parse().as_ref(), Ok(&capture));
    let judged = judge(&capture);
    assert!(judged.violation.is_none(), "{maker} {}: {judged}", session.name);
    assert!(judged.seen.compared > 5 && judged.seen.digests > 0 && judged.seen.acks > 0, "{judged}");
    assert!(judged.seen.unread > 0 || !LEAVING.contains(&session.name), "{judged}");
}

mod real {
    use super::*;

    #[test]
    fn redis_7_raises_no_alarm_whatever_it_is_made_to_do() {
        for session in ALL.iter().chain([&SMALL]) {
            play(session, Release::Redis7, "redis-7.0");
        }
    }

    #[test]
    fn the_life_of_redis_6_2_raises_no_alarm() {
        play(&LIFE, Release::Redis62, "redis-6.2");
    }

    #[test]
    fn the_life_of_redis_8_raises_no_alarm() {
        play(&LIFE, Release::Redis8, "redis-8.0");
    }

    #[test]
    fn the_life_of_valkey_8_raises_no_alarm() {
        play(&LIFE, Release::Valkey8, "valkey-8");
    }

    #[test]
    fn the_life_of_valkey_9_raises_no_alarm() {
        play(&LIFE, Release::Valkey9, "valkey-9");
    }
}

#[test]
fn no_kept_capture_raises_an_alarm() {
    let names = kept();
    assert!(names.len() >= ALL.len(), "{names:?}");
    for name in names {
        let judged = judge(&read(&name));
        assert!(judged.violation.is_none(), "{name}: {judged}");
    }
}
