//! A recording of which something is damaged or missing does not pass for a whole one, and what is told of it is true.

use std::fs;
use std::path::PathBuf;

use afterimage_core::port::{Effects, Environment, Mono, Now, Peer, Wall};
use afterimage_core::recording::{Encoder, Ending, FRAME_HEAD_BYTES, FrameKind, Head, Packing, Start, frame_head};
use afterimage_core::{Config, Node};

use super::*;

/// Frames in each file.
const FRAMES: usize = 3;
/// Calls in each frame.
const CALLS: usize = 4;
const LIMIT: u64 = 1 << 30;

fn at(millis: usize) -> Now {
    let micros = millis as u64 * 1000;
    Now { mono: Mono(micros), wall: Wall(1_700_000_000_000_000 + micros) }
}

/// A recording in so many files, the oldest first, of a node that takes in connections and ends.
fn files(count: usize, limit: u64) -> Vec<Vec<u8>> {
    let (environment, config) = (Environment::default(), Config { port: 7000, ..Config::default() });
    let (mut encoder, mut effects) = (Encoder::default(), Effects::new());
    encoder.begin_start(&Start::of(&config, &environment, 42).unwrap(), at(0));
    let mut node = Node::start(config, environment, 42, at(0), &mut effects);
    encoder.end(effects.actions(), node.deadline());
    let mut head = Head::first(1, limit, 7000, at(0));
    let mut files = Vec::new();
    for ordinal in 0..count {
        head.segment = ordinal as u64;
        let mut file = head.encode();
        let mut next_call = 0;
        for frame in 0..FRAMES {
            // The start is the first call.
            let calls = if ordinal + frame == 0 { 1..CALLS } else { 0..CALLS };
            for call in calls {
                let now = at((ordinal * FRAMES + frame) * CALLS + call);
                effects.drain();
                encoder.begin_accept(Peer::UNIX_SOCKET, now);
                let conn = node.accept(Peer::UNIX_SOCKET, now, &mut effects);
                encoder.end_accept(conn, effects.actions(), node.deadline());
            }
            let chunk = encoder.take(Vec::new());
            let len = u32::try_from(chunk.bytes.len()).unwrap();
            file.extend(frame_head(FrameKind::Calls, Packing::Plain, chunk.first_call, len, &chunk.bytes));
            file.extend(chunk.bytes);
            next_call = chunk.next_call;
        }
        if ordinal + 1 == count {
            file.extend(frame_head(FrameKind::End(Ending::Exit), Packing::Plain, next_call, 0, &[]));
        }
        head.bytes_before += file.len() as u64;
        files.push(file);
    }
    files
}

/// Files that are named as a server names them.
struct Disk {
    dir: tempfile::TempDir,
    /// The oldest first.
    files: Vec<Vec<u8>>,
}

/// What was told.
struct Seen {
    is_good: bool,
    text: String,
}

impl Disk {
    fn with(files: Vec<Vec<u8>>) -> Disk {
        let disk = Disk { dir: tempfile::tempdir().unwrap(), files };
        (0..disk.files.len()).for_each(|ordinal| fs::write(disk.path(ordinal), &disk.files[ordinal]).unwrap());
        disk
    }

    fn path(&self, ordinal: usize) -> PathBuf {
        let number = self.files.len() - 1 - ordinal;
        self.dir.path().join(if number == 0 { "e.rec".to_owned() } else { format!("e.rec.{number}") })
    }

    /// Alters a bit.
    fn flip(&mut self, ordinal: usize, offset: usize) {
        self.files[ordinal][offset] ^= 4;
        fs::write(self.path(ordinal), &self.files[ordinal]).unwrap();
    }

    fn cut(&self, ordinal: usize, len: usize) {
        fs::write(self.path(ordinal), &self.files[ordinal][..len]).unwrap();
    }

    fn remove(&self, ordinal: usize) {
        fs::remove_file(self.path(ordinal)).unwrap();
    }

    fn len(&self, ordinals: std::ops::Range<usize>) -> usize {
        self.files[ordinals].iter().map(Vec::len).sum()
    }

    /// Where the frames begin, and where the last one ends.
    fn frames(&self, ordinal: usize) -> Vec<usize> {
        let bytes = &self.files[ordinal];
        let begins = afterimage_core::recording::Frames::new(bytes, Head::decode(bytes).unwrap().1);
        let begins = begins.map(|frame| usize::try_from(frame.unwrap().offset).unwrap());
        begins.chain([bytes.len()]).collect()
    }

    fn tell(&self, change: impl FnOnce(&mut RecordingArguments)) -> Seen {
        let mut arguments = asking_for(self.path(self.files.len() - 1));
        change(&mut arguments);
        let mut out = Vec::new();
        let is_good = replay(&arguments, &mut out).unwrap();
        // The names without their directory.
        let dir = format!("{}/", self.dir.path().display());
        Seen { is_good, text: String::from_utf8(out).unwrap().replace(&dir, "") }
    }
}

impl Seen {
    #[track_caller]
    fn expect(&self, is_good: bool, words: &[&str]) {
        assert_eq!(self.is_good, is_good, "{}", self.text);
        for word in words {
            assert!(self.text.contains(word), "{word:?} is missing in:\n{}", self.text);
        }
    }
}

fn asking_for(file: PathBuf) -> RecordingArguments {
    RecordingArguments { file, log: false, verbose: false, from: None, until: None, ask: Vec::new(), json: false }
}

#[test]
fn a_whole_recording_is_identical_by_whichever_name() {
    let disk = Disk::with(files(6, LIMIT));
    let all = format!("identical: all {} calls", 6 * FRAMES * CALLS);
    let seen = disk.tell(|_| {});
    seen.expect(true, &[&all, "of 6 files", "the node has ended"]);
    assert!(!seen.text.contains("is one of"), "{}", seen.text);
    let older = disk.path(3);
    disk.tell(|arguments| arguments.file = older)
        .expect(true, &[&all, "e.rec.2 is one of 6 files of it, which is read from e.rec.5 on."]);
    disk.tell(|arguments| arguments.json = true)
        .expect(true, &["\"identical\":true", "\"damaged\":false", "\"left_out_bytes\":0"]);
}

#[test]
fn a_bit_that_turned_in_a_middle_file_is_damage_and_all_behind_it_is_named() {
    let mut disk = Disk::with(files(6, LIMIT));
    let frame = disk.frames(3)[1];
    disk.flip(3, frame + FRAME_HEAD_BYTES + 3);
    let left_out = disk.len(3..6) - frame;
    disk.tell(|_| {}).expect(
        false,
        &[
            &format!("cut off, e.rec.2: the checksum does not hold (byte {frame})"),
            &format!("DAMAGED: not read are {left_out} bytes in e.rec.2, e.rec.1, e.rec\n"),
            &format!("identical up to there: {} calls", (3 * FRAMES + 1) * CALLS),
        ],
    );
    disk.tell(|arguments| arguments.json = true)
        .expect(false, &["\"identical\":true", "\"damaged\":true", &format!("\"left_out_bytes\":{left_out},")]);
    // What is wrong behind the place that was asked for does not matter.
    disk.tell(|arguments| arguments.until = Some(Place::Call(3))).expect(true, &["identical: all 4 calls"]);
}

#[test]
fn a_bit_that_turned_in_the_only_file_is_damage_if_something_good_comes_behind_it() {
    for at in [FRAME_HEAD_BYTES + 3, 0, 9] {
        let mut disk = Disk::with(files(1, LIMIT));
        let frame = disk.frames(0)[1];
        disk.flip(0, frame + at);
        let left_out = disk.len(0..1) - frame;
        disk.tell(|_| {}).expect(false, &[&format!("DAMAGED: not read are {left_out} bytes in e.rec\n")]);
    }
}

#[test]
fn an_end_that_was_torn_off_is_cut_and_no_damage() {
    let disk = Disk::with(files(2, LIMIT));
    let frames = disk.frames(1);
    let last = frames[FRAMES - 1];
    for len in [last + 1, last + FRAME_HEAD_BYTES + 3, frames[FRAMES] - 1] {
        disk.cut(1, len);
        disk.tell(|_| {}).expect(true, &["cut off, e.rec: the file ends in the midst of a part", "identical: all"]);
    }
    // The last frame was written in part: with a hole.
    let mut disk = Disk::with(files(2, LIMIT));
    disk.files[1].truncate(frames[FRAMES]);
    disk.flip(1, last + FRAME_HEAD_BYTES + 3);
    disk.tell(|_| {}).expect(true, &["cut off, e.rec: the checksum does not hold", "identical: all"]);
}

#[test]
fn a_middle_file_that_is_too_short_is_damage() {
    let disk = Disk::with(files(3, LIMIT));
    let later = disk.len(2..3);
    for len in [disk.frames(1)[2], disk.frames(1)[2] - 1] {
        disk.cut(1, len);
        let seen = disk.tell(|_| {});
        seen.expect(false, &["cut off, e.rec.1: the file ends in the midst of a part", "identical up to there"]);
        assert!(seen.text.contains("in e.rec\n") == (len == disk.frames(1)[2]), "{}", seen.text);
    }
    disk.cut(1, disk.frames(1)[2]);
    disk.tell(|_| {}).expect(false, &[&format!("DAMAGED: not read are {later} bytes in e.rec\n")]);
}

#[test]
fn a_middle_file_that_is_missing_is_named() {
    let disk = Disk::with(files(6, LIMIT));
    disk.remove(3);
    let behind = format!("DAMAGED: not read are {} bytes in e.rec.1, e.rec\n", disk.len(4..6));
    let ran = format!("identical up to there: {} calls", 3 * FRAMES * CALLS);
    disk.tell(|_| {}).expect(false, &["it ends there: cut off, e.rec.2 is missing\n", &behind, &ran]);
    let newer = disk.path(4);
    disk.tell(|arguments| arguments.file = newer).expect(false, &["which is read from e.rec.5 on", &behind, &ran]);
    disk.remove(2);
    disk.tell(|_| {}).expect(false, &["cut off, e.rec.3, e.rec.2 are missing\n", &behind]);
}

#[test]
fn a_file_without_a_head_that_can_be_read_is_damaged_and_not_missing() {
    let mut disk = Disk::with(files(4, LIMIT));
    disk.flip(1, 20);
    disk.tell(|_| {}).expect(
        false,
        &[
            "cut off, e.rec.2: the checksum does not hold (byte 0)",
            &format!("not read are {} bytes in e.rec.2, e.rec.1, e.rec\n", disk.len(1..4)),
        ],
    );
    let mut disk = Disk::with(files(4, LIMIT));
    disk.flip(0, 20);
    disk.tell(|_| {}).expect(false, &["not run again: e.rec.3 cannot be read, the checksum does not hold (byte 0)"]);
}

#[test]
fn a_beginning_that_is_gone_is_told_with_its_reason_and_the_log_only_if_asked_for() {
    // Each file is far smaller than the least share of a limit.
    let disk = Disk::with(files(4, 1000));
    disk.remove(0);
    let seen = disk.tell(|_| {});
    seen.expect(false, &["--record-limit 1mb", "not run: its beginning was removed"]);
    assert!(!seen.text.contains("accepted from"), "{}", seen.text);
    disk.tell(|arguments| arguments.log = true).expect(false, &["#12  accepted from", "#47  accepted from"]);
    let seen = disk.tell(|arguments| arguments.from = Some(Place::Call(40)));
    seen.expect(false, &["#40  accepted from", "not run: "]);
    assert!(!seen.text.contains("#39 "), "{}", seen.text);

    let disk = Disk::with(files(4, LIMIT));
    disk.remove(0);
    let seen = disk.tell(|_| {});
    seen.expect(false, &["not run again: its first file is missing.", "not run: its first file is missing"]);
    assert!(!seen.text.contains("--record-limit"), "{}", seen.text);
    // Then a file that is missing in the midst parts what can be told.
    disk.remove(2);
    disk.tell(|_| {}).expect(false, &["not run: e.rec.1 is missing"]);
}

#[test]
fn what_makes_no_sense_is_refused_in_words() {
    let disk = Disk::with(files(1, LIMIT));
    let refused = |change: &dyn Fn(&mut RecordingArguments)| {
        let mut arguments = asking_for(disk.path(0));
        change(&mut arguments);
        replay(&arguments, &mut Vec::new()).unwrap_err().to_string()
    };
    let between =
        |from: Place, until: Place| refused(&|arguments| (arguments.from, arguments.until) = (Some(from), Some(until)));
    assert_eq!(
        between(Place::Call(5), Place::Call(2)),
        "--from 5 lies behind --until 2: there would be nothing to tell"
    );
    assert_eq!(
        between(Place::Time(2_500_000), Place::Time(1_000_000)),
        "--from 2.5s lies behind --until 1s: there would be nothing to tell"
    );
    let dir = disk.dir.path().to_owned();
    let words = refused(&|arguments| arguments.file = dir.clone());
    assert!(words.starts_with(&format!("{}: ", dir.display())), "{words}");
    disk.tell(|arguments| (arguments.from, arguments.until) = (Some(Place::Call(2)), Some(Place::Call(2))))
        .expect(true, &["#2  ", "identical: all 3 calls"]);
}
