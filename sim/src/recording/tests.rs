//! A recording that is not what happened does not pass for it.

use std::cell::Cell;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use afterimage_core::port::{DiskFailure, DiskOutcome, Effects, Environment, Event, Mono, Now, Peer, Wall};
use afterimage_core::recording::{Call, Calls, Encoder, Ending, FrameKind, Head, Packing, Start, frame_head};
use afterimage_core::{Config, Node};

use super::*;

fn at(millis: u64) -> Now {
    Now { mono: Mono(millis * 1000), wall: Wall(1_700_000_000_000_000 + millis * 1000) }
}

thread_local! {
    /// How often the stopwatch was looked at.
    static ASKED: Cell<u32> = const { Cell::new(0) };
}

fn stopwatch() -> u64 {
    ASKED.set(ASKED.get() + 1);
    5
}

fn note_asked(encoder: &mut Encoder) {
    for _ in 0..ASKED.take() {
        encoder.note_stopwatch(5);
    }
}

/// A recording of a life in which a client writes `written`, for which `recorded` stands there, and reads it; the network takes the reply, and
/// `sent_more` bytes more as the recording has it.
fn life(written: &[u8], recorded: &[u8], sent_more: usize) -> Vec<u8> {
    let environment = Environment { process_id: 7, stopwatch, ..Environment::default() };
    let config = Config { port: 7000, ..Config::default() };
    let (mut encoder, mut effects) = (Encoder::default(), Effects::new());
    encoder.begin_start(&Start::of(&config, &environment, 42).unwrap(), at(0));
    let mut node = Node::start(config, environment, 42, at(0), &mut effects);
    encoder.end(effects.actions(), node.deadline());
    let handle = |node: &mut Node, encoder: &mut Encoder, event: Event<'_>, told: Event<'_>| {
        let mut effects = Effects::new();
        encoder.begin_event(&told, at(1));
        node.handle(event, at(1), &mut effects);
        note_asked(encoder);
        encoder.end(effects.actions(), node.deadline());
        effects
    };
    loop {
        let asked: Vec<_> = effects.drain().collect();
        let tickets: Vec<_> = asked
            .iter()
            .filter_map(|action| match action {
                afterimage_core::port::Action::Disk { ticket, .. } => Some(*ticket),
                _ => None,
            })
            .collect();
        if tickets.is_empty() {
            break;
        }
        for ticket in tickets {
            let event = Event::Disk { ticket, outcome: DiskOutcome::Failed(DiskFailure::NotFound) };
            let mut more = handle(&mut node, &mut encoder, event.clone(), event);
            more.drain().for_each(|action| effects.push(action));
        }
    }
    encoder.begin_accept(Peer::UNIX_SOCKET, at(2));
    let conn = node.accept(Peer::UNIX_SOCKET, at(2), &mut effects);
    encoder.end_accept(conn, effects.actions(), node.deadline());
    let received = |bytes| Event::Received { conn, bytes };
    handle(&mut node, &mut encoder, received(written), received(recorded));
    handle(&mut node, &mut encoder, received(b"GET a\r\n"), received(b"GET a\r\n"));
    let mut slices = [&[][..]; 8];
    let filled = node.gather(conn, &mut slices);
    let len = slices[..filled].concat().len();
    encoder.begin_sent(&node, conn, len + sent_more, at(3));
    effects.drain();
    node.sent(conn, len, at(3), &mut effects);
    encoder.end(effects.actions(), node.deadline());
    let chunk = encoder.take(Vec::new());
    let mut file = Head::first(1, 1 << 20, 7000, at(0)).encode();
    let len = u32::try_from(chunk.bytes.len()).unwrap();
    file.extend(frame_head(FrameKind::Calls, Packing::Plain, 0, len, &chunk.bytes));
    file.extend(chunk.bytes);
    file.extend(frame_head(FrameKind::End(Ending::Exit), Packing::Plain, chunk.next_call, 0, &[]));
    file
}

/// Plays a recording, with each call changed before, and tells how many calls were made and which one was another.
fn play(file: &Path, change: impl Fn(&mut Call<'_>)) -> (u64, Option<Divergence>) {
    let recording = Recording::find(file).unwrap();
    let (mut player, mut made, mut divergence) = (Player::default(), 0, None);
    let mut visit = |part: Part<'_>| {
        let Part::Calls { first_call, bytes, .. } = part else { return Ok(ControlFlow::Break(())) };
        for call in Calls::new(bytes, first_call).unwrap() {
            let mut call = call.unwrap();
            change(&mut call);
            made += 1;
            if let (_, Err(found)) = player.play(&call) {
                divergence = Some(found);
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    };
    recording.read(&mut visit).unwrap();
    (made, divergence)
}

fn play_bytes(bytes: &[u8]) -> (u64, Option<Divergence>) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("x");
    fs::write(&file, bytes).unwrap();
    play(&file, |_| {})
}

#[test]
fn a_true_recording_is_identical() {
    let (made, divergence) = play_bytes(&life(b"SET a b\r\n", b"SET a b\r\n", 0));
    assert_eq!(divergence, None);
    assert!(made >= 6, "{made}");
}

/// Plays a recording, asks behind each call, and returns the last answers.
fn ask(bytes: &[u8], questions: &[&str]) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("x");
    fs::write(&file, bytes).unwrap();
    let (mut player, mut answers) = (Player::default(), Vec::new());
    let mut visit = |part: Part<'_>| {
        let Part::Calls { first_call, bytes, .. } = part else { return Ok(ControlFlow::Break(())) };
        for call in Calls::new(bytes, first_call).unwrap() {
            assert_eq!(player.play(&call.unwrap()).1, Ok(()), "a question changes nothing");
            answers = questions.iter().map(|line| String::from_utf8(player.ask(line)).unwrap()).collect();
        }
        Ok(ControlFlow::Continue(()))
    };
    Recording::find(&file).unwrap().read(&mut visit).unwrap();
    answers
}

#[test]
fn a_copy_answers_debug_and_wants_no_password_whatever_the_configuration_says() {
    let answers = ask(
        &life(b"SET a b\r\n", b"SET a b\r\n", 0),
        &["Debug DIGEST", "DEBUG OBJECT a", "CONFIG GET enable-debug-command", "GET a"],
    );
    let digest = &answers[0];
    assert!(digest.len() == 43 && digest.starts_with('+') && !digest.contains(&"0".repeat(40)), "{digest}");
    assert!(answers[1].contains("encoding:embstr"), "{}", answers[1]);
    assert!(answers[2].ends_with("$2\r\nno\r\n"), "{}", answers[2]);
    assert_eq!(answers[3], "$1\r\nb\r\n");
    let locks = b"CONFIG SET requirepass secret\r\n";
    assert_eq!(ask(&life(locks, locks, 0), &["GET a", "DBSIZE"]), ["$-1\r\n", ":0\r\n"]);
}

#[test]
fn another_byte_in_an_event_is_found_where_it_shows() {
    let (total, _) = play_bytes(&life(b"SET a b\r\n", b"SET a b\r\n", 0));
    // The reply to the write is the same; that to the read behind it is not, and shows when it is sent.
    let (made, divergence) = play_bytes(&life(b"SET a b\r\n", b"SET a c\r\n", 0));
    let divergence = divergence.expect("it is found");
    assert_eq!((divergence.reason, divergence.call, made), (Reason::Outcome, total - 1, total));
}

#[test]
fn more_sent_than_there_is_and_other_figures_are_found() {
    let (_, divergence) = play_bytes(&life(b"SET a b\r\n", b"SET a b\r\n", 1));
    assert_eq!(divergence.expect("it is found").reason, Reason::Output);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("x");
    fs::write(&file, life(b"SET a b\r\n", b"SET a b\r\n", 0)).unwrap();
    let (_, divergence) = play(&file, |call| {
        call.answers.push(afterimage_core::recording::Answer::ResidentMemory(1));
    });
    assert_eq!(divergence.expect("it is found"), Divergence { call: 0, reason: Reason::Answers });
}
