use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::config::{Config, Endpoint};
use crate::node::{Environment, Node};
use crate::port::{
    Action, CloseCause, ConnId, DialFailure, DiskFailure, DiskOp, DiskOutcome, Effects, Event, ExitCode, Level,
    ListenFailure, Mono, Note, Now, Peer, ProcessorTime, ProcessorTimes, Signal, Ticket, Wall,
};

const CONN: ConnId = ConnId { slot: 300, generation: 2 };

fn peer() -> Peer {
    Peer {
        remote: "[fe80::1%3]:40000".parse().expect("an address"),
        local: "10.1.2.3:6379".parse().expect("an address"),
        descriptor: Some(17),
    }
}

fn at(mono: u64, wall: u64) -> Now {
    Now { mono: Mono(mono), wall: Wall(wall) }
}

fn start() -> Start {
    let environment = Environment { process_id: 4711, os: "Linux 6.1".to_string(), ..Environment::default() };
    Start::of(&Config { port: 7000, ..Config::default() }, &environment, u64::MAX).expect("it can be written")
}

/// One event of each kind, with each way in which it can come.
fn events() -> Vec<Event<'static>> {
    let received = Event::Received { conn: CONN, bytes: b"SET a b\r\n" };
    let closed = [CloseCause::Eof, CloseCause::Reset].map(|cause| Event::Closed { conn: CONN, cause });
    let failures = [DialFailure::UnknownHost, DialFailure::Refused, DialFailure::Unreachable];
    let dialled = failures.map(Err).into_iter().chain([Ok(peer()), Ok(Peer::UNIX_SOCKET)]);
    let outcomes = [
        DiskOutcome::Done,
        DiskOutcome::Bytes(bytes::Bytes::from_static(b"\0\xff contents")),
        DiskOutcome::Listed([("a".to_string(), 1), ("b/c".to_string(), u64::MAX)].to_vec()),
        DiskOutcome::Entered("/elsewhere".to_string()),
        DiskOutcome::Failed(DiskFailure::NotFound),
        DiskOutcome::Failed(DiskFailure::NoSpace),
        DiskOutcome::Failed(DiskFailure::Other("worse".to_string())),
    ];
    let mut events = Vec::from([received, Event::Timers]);
    events.extend(closed);
    events.extend(dialled.map(|outcome| Event::Dialled { conn: CONN, outcome }));
    events.extend(outcomes.map(|outcome| Event::Disk { ticket: Ticket(9), outcome }));
    events.extend([Err(ListenFailure), Ok(())].map(|outcome| Event::Listening { outcome }));
    events.extend([Signal::Terminate, Signal::Interrupt].map(Event::Signal));
    events
}

/// Chunks with all that a recording can hold, and the calls in them as they were meant.
fn chunks() -> (Vec<Chunk>, Vec<String>) {
    let mut encoder = Encoder::default();
    let node = Node::start(Config::default(), Environment::default(), 1, Now::default(), &mut Effects::new());
    let mut meant = Vec::new();
    let mut now = at(5, 1_700_000_000_000_000);
    encoder.begin_start(&start(), now);
    meant.push(format!("{:?}", (now, Input::Start(start().into()), Vec::<Answer>::new())));
    encoder.end(&[], None);
    encoder.begin_accept(peer(), now);
    meant.push(format!("{:?}", (now, Input::Accept(peer()), Vec::<Answer>::new())));
    encoder.end_accept(CONN, &[Action::OutputReady(CONN)], Some(Mono(77)));
    let first = encoder.take(Vec::new());
    for (index, event) in events().into_iter().enumerate() {
        // Clocks that go back are written as well.
        now = if index % 3 == 0 {
            at(now.mono.0 - 1, now.wall.0 - 999_999)
        } else {
            at(now.mono.0 + 1000, now.wall.0 + 1001)
        };
        encoder.begin_event(&event, now);
        encoder.note_stopwatch(1_000_000 + index as u64);
        meant.push(format!("{:?}", (now, Input::Event(event), [Answer::Stopwatch(1_000_000 + index as u64)])));
        encoder.end(&[Action::Close(CONN)], Some(Mono(index as u64)));
    }
    let second = encoder.take(Vec::new());
    encoder.begin_work(u32::MAX, now);
    encoder.note_resident_memory(1 << 40);
    let user = Duration::new(3, 999_999_999);
    let times =
        ProcessorTimes { process: ProcessorTime { user, ..ProcessorTime::default() }, ..ProcessorTimes::default() };
    encoder.note_processor_time(&times);
    encoder.note_allocator_report(&"heaps".to_string());
    let answers =
        [Answer::ResidentMemory(1 << 40), Answer::ProcessorTime(times), Answer::AllocatorReport("heaps".to_string())];
    meant.push(format!("{:?}", (now, Input::Work { units: u32::MAX }, answers)));
    encoder.end(&[], None);
    encoder.begin_sent(&node, CONN, 0, now);
    meant.push(format!("{:?}", (now, Input::Sent { conn: CONN, count: 0 }, Vec::<Answer>::new())));
    encoder.end(&[], None);
    (Vec::from([first, second, encoder.take(Vec::new())]), meant)
}

fn segment() -> Vec<u8> {
    let build = "0.0.0+golden".to_string();
    let head = Head { build, is_debug: false, ..Head::first(0xfeed, 1 << 30, 7000, at(5, 6)) };
    let mut segment = head.encode();
    let mut calls = 0;
    for chunk in chunks().0 {
        let len = chunk.bytes.len() as u32;
        segment.extend(frame_head(FrameKind::Calls, Packing::Plain, chunk.first_call, len, &chunk.bytes));
        segment.extend(&chunk.bytes);
        calls = chunk.first_call;
    }
    segment.extend(frame_head(FrameKind::End(Ending::Exit), Packing::Plain, calls + 2, 0, &[]));
    segment
}

/// All that can be read, as words, and what is wrong behind it.
fn read(segment: &[u8]) -> (Vec<String>, Option<Damage>) {
    let (head, head_bytes) = match Head::decode(segment) {
        Ok(head) => head,
        Err(damage) => return (Vec::new(), Some(damage)),
    };
    let mut all = Vec::from([format!("{head:?}")]);
    for frame in Frames::new(segment, head_bytes) {
        let frame = match frame {
            Ok(frame) => frame,
            Err(damage) => return (all, Some(damage)),
        };
        all.push(format!("{frame:?}"));
        if frame.kind == FrameKind::Calls {
            let calls = Calls::new(frame.stored, frame.first_call).expect("what has a checksum is well-formed");
            all.extend(calls.map(|call| format!("{:?}", call.expect("what has a checksum is well-formed"))));
        }
    }
    (all, None)
}

#[test]
fn each_call_is_read_as_it_was_made() {
    let (chunks, meant) = chunks();
    let mut found = Vec::new();
    for chunk in &chunks {
        for call in Calls::new(&chunk.bytes, chunk.first_call).unwrap() {
            let call = call.unwrap();
            assert_eq!(call.number, found.len() as u64);
            assert!(call.check.is_some());
            found.push(format!("{:?}", (call.now, call.input, call.answers)));
        }
    }
    assert_eq!(found, meant);
}

#[test]
fn the_format_is_that_of_the_golden_file() {
    let golden = include_bytes!("golden.recording");
    assert!(segment() == golden, "the format has changed: give FORMAT another number and replace the file");
}

#[test]
fn a_call_that_has_not_ended_is_the_last_one_and_says_so() {
    let mut encoder = Encoder::default();
    encoder.begin_event(&Event::Timers, at(1, 1));
    encoder.note_stopwatch(5);
    let chunk = encoder.take(Vec::new());
    let calls: Vec<_> = Calls::new(&chunk.bytes, 0).unwrap().collect();
    let [Ok(call)] = &calls[..] else { panic!("{calls:?}") };
    assert_eq!((call.check, call.answers.as_slice()), (None, &[Answer::Stopwatch(5)][..]));
}

#[test]
fn a_segment_torn_at_any_byte_is_read_up_to_there() {
    let whole = segment();
    let (expected, damage) = read(&whole);
    assert_eq!(damage, None);
    let mut frames = 0;
    for len in 0..whole.len() {
        let (found, damage) = read(&whole[..len]);
        assert!(expected.starts_with(&found), "{len} bytes");
        match damage {
            Some(damage) => assert_eq!((damage.why, damage.offset <= len as u64), (Why::Torn, true), "{len} bytes"),
            // Between two parts nothing shows it but that there is no end.
            None => frames += 1,
        }
    }
    assert_eq!(frames, 4, "behind the head and each of three chunks");
}

#[test]
fn a_bit_that_has_turned_anywhere_is_found_and_what_lies_before_it_is_good() {
    let whole = segment();
    let (expected, _) = read(&whole);
    for bit in 0..whole.len() * 8 {
        let mut other = whole.clone();
        other[bit / 8] ^= 1 << (bit % 8);
        let (found, damage) = read(&other);
        let damage = damage.unwrap_or_else(|| panic!("bit {bit} was not missed"));
        assert!(damage.offset <= (bit / 8) as u64, "bit {bit}: {damage}");
        assert!(expected.starts_with(&found), "bit {bit}");
    }
}

#[test]
fn another_format_and_other_files_are_told_apart() {
    let mut later = segment();
    later[8..12].copy_from_slice(&(FORMAT + 1).to_le_bytes());
    assert_eq!(Head::decode(&later).unwrap_err().why, Why::OtherFormat(FORMAT + 1));
    assert_eq!(Head::decode(b"REDIS0010").unwrap_err().why, Why::NoRecording);
    assert_eq!(Head::decode(b"AFT").unwrap_err().why, Why::Torn);
}

#[test]
fn the_configuration_comes_back_as_it_was() {
    let configs = [
        "",
        "save ''\nappendonly yes\nappendfsync always\nrequirepass \"a b\\\"c\"\nbind 127.0.0.1 ::1",
        "save 60 5 600 1\nclient-output-buffer-limit replica 1mb 2mb 3\nmaxmemory 100mb\nmaxmemory-policy allkeys-lru",
        "rename-command FLUSHALL \"\"\nrename-command CONFIG other\nenable-debug-command yes\nunixsocket /tmp/x\nlog-format legacy\nhash-seed x",
        "lua-time-limit 7\nlatency-tracking-info-percentiles 1 2.5\nnotify-keyspace-events KEA\noom-score-adj-values 1 2 3",
        "requirepass secret\nuser default on >secret ~* &* +@all\ndir /tmp",
    ];
    for text in configs {
        let mut config = Config::default();
        config.parse_file(text.as_bytes(), "x", &mut |_| Err(String::new())).expect(text);
        config.check().expect(text);
        config.replicaof = Some(Endpoint { host: "10.0.0.1".to_string(), port: 1 });
        let start = Start::of(&config, &Environment::default(), 1);
        assert!(start.is_some(), "{text}: {}", config.rewrite(""));
    }
}

#[test]
fn each_field_of_each_action_makes_another_digest() {
    let other = ConnId { slot: 300, generation: 3 };
    let file = |name: &str| name.to_string();
    let bytes = |text: &'static str| bytes::Bytes::from_static(text.as_bytes());
    let note = |level, text: &str| Action::Note(Note::Text { level, text: text.to_string() });
    let disk = |ticket, op| Action::Disk { ticket: Ticket(ticket), op };
    let actions = [
        Action::OutputReady(CONN),
        Action::OutputReady(other),
        Action::Close(CONN),
        Action::PauseReading(CONN),
        Action::ResumeReading(CONN),
        Action::CollectOutput(CONN),
        Action::Dial { conn: CONN, host: file("a"), port: 1 },
        Action::Dial { conn: CONN, host: file("b"), port: 1 },
        Action::Dial { conn: CONN, host: file("a"), port: 2 },
        Action::Listen { bind: Vec::from([file("a")]), port: 1 },
        Action::Listen { bind: Vec::from([file("b")]), port: 1 },
        Action::Listen { bind: Vec::new(), port: 1 },
        note(Level::Notice, "a"),
        note(Level::Warning, "a"),
        note(Level::Notice, "b"),
        Action::Note(Note::Ready),
        Action::Note(Note::MasterDialFailed { failure: DialFailure::Refused }),
        Action::Note(Note::MasterDialFailed { failure: DialFailure::UnknownHost }),
        Action::Sleep(Duration::from_secs(1)),
        Action::Sleep(Duration::from_secs(2)),
        Action::ReleaseMemory,
        Action::Exit(ExitCode::Orderly),
        Action::Exit(ExitCode::Failed),
        disk(1, DiskOp::ReadConfig),
        disk(2, DiskOp::ReadConfig),
        disk(1, DiskOp::Create { file: file("a") }),
        disk(1, DiskOp::Create { file: file("b") }),
        disk(1, DiskOp::Append { file: file("a"), bytes: bytes("x") }),
        disk(1, DiskOp::Append { file: file("a"), bytes: bytes("y") }),
        disk(1, DiskOp::Sync { file: file("a") }),
        disk(1, DiskOp::Rename { from: file("a"), to: file("b") }),
        disk(1, DiskOp::Rename { from: file("b"), to: file("a") }),
        disk(1, DiskOp::SyncDirectory { directory: file("a") }),
        disk(1, DiskOp::CreateDirectory { directory: file("a") }),
        disk(1, DiskOp::Truncate { file: file("a"), len: 1 }),
        disk(1, DiskOp::Truncate { file: file("a"), len: 2 }),
        disk(1, DiskOp::WriteAgain { file: file("a"), from: 1 }),
        disk(1, DiskOp::WriteAgain { file: file("a"), from: 2 }),
        disk(1, DiskOp::Remove { file: file("a") }),
        disk(1, DiskOp::Read { file: file("a"), offset: 1, len: 1 }),
        disk(1, DiskOp::Read { file: file("a"), offset: 2, len: 1 }),
        disk(1, DiskOp::Read { file: file("a"), offset: 1, len: 2 }),
        disk(1, DiskOp::List { directory: file("a") }),
        disk(1, DiskOp::EnterDirectory { path: file("a") }),
        disk(1, DiskOp::ReplaceConfig { text: bytes("a") }),
    ];
    let digest = |actions: &[Action], deadline| {
        let mut digest = Digest::default();
        digest.mix_outcome(actions, deadline);
        digest.0
    };
    let mut digests: Vec<u64> = actions.iter().map(|action| digest(core::slice::from_ref(action), None)).collect();
    digests.push(digest(&[], None));
    digests.push(digest(&[], Some(Mono(1))));
    digests.push(digest(&actions[..2], None));
    digests.push(digest(&[actions[1].clone(), actions[0].clone()], None));
    let total = digests.len();
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), total);
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(bytes: Vec<u8>) {
        let _ = read(&bytes);
        if let Ok(calls) = Calls::new(&bytes, u64::MAX) {
            calls.for_each(drop);
        }
    }

    #[test]
    fn no_change_of_a_chunk_makes_a_reader_panic(at: prop::sample::Index, byte: u8) {
        for mut chunk in chunks().0 {
            let at = at.index(chunk.bytes.len());
            chunk.bytes[at] = byte;
            if let Ok(calls) = Calls::new(&chunk.bytes, 0) {
                calls.for_each(drop);
            }
        }
    }

    #[test]
    fn integers_come_back(value: u64, signed: i64) {
        let mut out = Vec::new();
        varint::put(&mut out, value);
        varint::put_signed(&mut out, signed);
        let mut reader = varint::Reader::new(&out);
        prop_assert_eq!((reader.varint(), reader.signed()), (Ok(value), Ok(signed)));
        prop_assert!(reader.is_empty());
    }
}
