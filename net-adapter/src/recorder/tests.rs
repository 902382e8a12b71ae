//! What is left of a recording whose process panics, or whose disk does not keep up.

use std::fs;
use std::thread;

use afterimage_core::port::{ConnId, Event, Mono, Now, Wall};
use afterimage_core::recording::{Calls, Ending, Frame, FrameKind, Frames, Head, Packing};

use super::writer::{CHUNKS_MAX, Writer};
use super::{CHUNK_BYTES, Order, Recorder, rescue_on_panic};
use crate::scratch::Scratch;

fn order_in(directory: &Scratch) -> Order {
    Order { file: directory.join("life.recording"), limit: 1 << 30 }
}

/// A recording as it lies in its only segment.
struct Kept {
    /// The check behind each call, `None` for one that never ended.
    checks: Vec<Option<u16>>,
    ending: Option<Ending>,
}

impl Kept {
    fn read(order: &Order) -> Kept {
        let bytes = fs::read(&order.file).unwrap();
        let (_, head_bytes) = Head::decode(&bytes).unwrap();
        let mut kept = Kept { checks: Vec::new(), ending: None };
        for frame in Frames::new(&bytes, head_bytes) {
            let frame = frame.expect("no frame is damaged");
            assert_eq!(kept.ending, None, "nothing comes behind the end");
            assert_eq!(frame.first_call, kept.checks.len() as u64);
            match frame.kind {
                FrameKind::Calls => kept.add(frame),
                FrameKind::End(ending) => kept.ending = Some(ending),
            }
        }
        kept
    }

    fn add(&mut self, frame: Frame<'_>) {
        let calls = match frame.packing {
            Packing::Plain => frame.stored.to_vec(),
            Packing::Lz4 => lz4_flex::block::decompress(frame.stored, frame.len).unwrap(),
        };
        let calls = Calls::new(&calls, frame.first_call).unwrap();
        self.checks.extend(calls.map(|call| call.expect("each call can be read").check));
    }
}

const NOW: Now = Now { mono: Mono(1), wall: Wall(1) };

fn record(recorder: Recorder, bytes: &[u8]) {
    recorder.begin(|encoder| encoder.begin_event(&received(bytes), NOW));
    recorder.end(|encoder| encoder.end(&[], None));
}

fn received(bytes: &[u8]) -> Event<'_> {
    Event::Received { conn: ConnId { slot: 1, generation: 1 }, bytes }
}

#[test]
fn a_panic_loses_nothing_and_the_call_that_panics_is_the_last() {
    let directory = Scratch::new("panic");
    let order = order_in(&directory);
    rescue_on_panic();
    let life = thread::spawn({
        let order = order.clone();
        move || {
            let recorder = Recorder::start(&order, 6379).unwrap();
            record(recorder, b"PING\r\n");
            record(recorder, b"SET k v\r\n");
            recorder.begin(|encoder| encoder.begin_event(&received(b"GET k\r\n"), NOW));
            panic!("on purpose: what a recording keeps of this is under test");
        }
    });
    life.join().unwrap_err();
    let kept = Kept::read(&order);
    assert!(matches!(kept.checks[..], [Some(_), Some(_), None]), "{:?}", kept.checks);
    assert_eq!(kept.ending, None);
}

#[test]
fn a_disk_that_does_not_keep_up_ends_the_recording_and_not_the_node() {
    let directory = Scratch::new("overrun");
    let order = order_in(&directory);
    // Its thread gets to nothing until all is over: no disk is slower.
    let (writer, work) = Writer::prepare(&order, 6379, NOW).unwrap();
    let recorder = Recorder::with(writer);
    let call = vec![b'x'; CHUNK_BYTES];
    for _ in 0..CHUNKS_MAX {
        record(recorder, &call);
        assert_eq!(recorder.tend(), None);
    }
    record(recorder, &call);
    assert_eq!(recorder.tend(), Some(Ending::Overrun));
    // The node goes on, and nobody is told twice.
    record(recorder, b"PING\r\n");
    assert_eq!(recorder.tend(), None);
    recorder.finish();

    work();
    let kept = Kept::read(&order);
    assert_eq!(kept.ending, Some(Ending::Overrun));
    assert_eq!(kept.checks.len(), CHUNKS_MAX, "what was handed over is written, and no more");
    assert!(kept.checks.iter().all(Option::is_some));
}
