//! Which calls does a chunk hold?

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::digest::Digest;
use super::encoder::mark;
use super::event::{kind, read_conn, read_event, read_peer};
use super::start::Start;
use super::varint::{Malformed, Reader};
use crate::port::{ConnId, Event, Mono, Now, Peer, ProcessorTime, ProcessorTimes, Wall};

/// A call as it was made.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// Counted from the start of the node, which is call 0.
    pub number: u64,
    /// When it was made.
    pub now: Now,
    /// What it was.
    pub input: Input<'a>,
    /// What the environment answered meanwhile, in order.
    pub answers: Vec<Answer>,
    /// Of the digest after it; `None` if the recording ends within the call.
    pub check: Option<u16>,
}

/// What a node was called for.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// To start.
    Start(Box<Start>),
    /// To take in a connection.
    Accept(Peer),
    /// To handle an event.
    Event(Event<'a>),
    /// To do background work.
    Work {
        /// So much.
        units: u32,
    },
    /// To hear how much the network has taken.
    Sent {
        /// Of the output of this connection.
        conn: ConnId,
        /// In bytes.
        count: usize,
    },
}

/// What a function of the environment answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The stopwatch, in nanoseconds.
    Stopwatch(u64),
    /// The resident memory, in bytes.
    ResidentMemory(u64),
    /// The processor time.
    ProcessorTime(ProcessorTimes),
    /// The allocator's report.
    AllocatorReport(String),
}

/// The calls of a chunk, in order. What cannot be understood is told of once, and is the end.
#[derive(Clone, Debug)]
pub struct Calls<'a> {
    reader: Reader<'a>,
    next: u64,
    last: Now,
    stopwatch: u64,
    digest: Digest,
}

impl<'a> Calls<'a> {
    /// Of the contents of a frame of which the first call has that number.
    ///
    /// # Errors
    ///
    /// If it does not begin as a chunk does.
    pub fn new(bytes: &'a [u8], first_call: u64) -> Result<Calls<'a>, Malformed> {
        let mut reader = Reader::new(bytes);
        let last = Now { mono: Mono(reader.varint()?), wall: Wall(reader.varint()?) };
        let stopwatch = reader.varint()?;
        let digest = Digest(u64::from_le_bytes(reader.array()?));
        Ok(Calls { reader, next: first_call, last, stopwatch, digest })
    }

    /// The digest before the first call.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    fn read(&mut self) -> Result<Call<'a>, Malformed> {
        let kind = self.reader.byte()?;
        let mono = self.reader.signed()?;
        let wall = self.reader.signed()?.wrapping_add(mono);
        let now = Now {
            mono: Mono(self.last.mono.0.wrapping_add_signed(mono)),
            wall: Wall(self.last.wall.0.wrapping_add_signed(wall)),
        };
        self.last = now;
        let input = self.read_input(kind)?;
        let mut answers = Vec::new();
        let check = loop {
            match self.reader.peek() {
                None => break None,
                Some(mark::END) => {
                    self.reader.byte()?;
                    break Some(u16::from_le_bytes(self.reader.array()?));
                }
                Some(_) => answers.push(self.read_answer()?),
            }
        };
        let number = self.next;
        self.next = self.next.saturating_add(1);
        Ok(Call { number, now, input, answers, check })
    }

    fn read_input(&mut self, kind: u8) -> Result<Input<'a>, Malformed> {
        let reader = &mut self.reader;
        Ok(match kind {
            kind::START => Input::Start(Box::new(Start::read(reader)?)),
            kind::ACCEPT => Input::Accept(read_peer(reader)?),
            kind::WORK => Input::Work { units: reader.small()? },
            kind::SENT => Input::Sent { conn: read_conn(reader)?, count: reader.small()? },
            event => Input::Event(read_event(event, reader)?),
        })
    }

    fn read_answer(&mut self) -> Result<Answer, Malformed> {
        let reader = &mut self.reader;
        Ok(match reader.byte()? {
            mark::STOPWATCH => {
                self.stopwatch = self.stopwatch.wrapping_add_signed(reader.signed()?);
                Answer::Stopwatch(self.stopwatch)
            }
            mark::RESIDENT_MEMORY => Answer::ResidentMemory(reader.varint()?),
            mark::PROCESSOR_TIME => {
                let (process, children, thread) = (read_time(reader)?, read_time(reader)?, read_time(reader)?);
                Answer::ProcessorTime(ProcessorTimes { process, children, thread })
            }
            mark::ALLOCATOR_REPORT => Answer::AllocatorReport(reader.text()?),
            _ => return Err(Malformed),
        })
    }
}

impl<'a> Iterator for Calls<'a> {
    type Item = Result<Call<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.reader.is_empty() {
            return None;
        }
        let call = self.read();
        if call.is_err() {
            self.reader = Reader::new(&[]);
        }
        Some(call)
    }
}

fn read_time(reader: &mut Reader<'_>) -> Result<ProcessorTime, Malformed> {
    Ok(ProcessorTime { system: read_duration(reader)?, user: read_duration(reader)? })
}

fn read_duration(reader: &mut Reader<'_>) -> Result<Duration, Malformed> {
    const NANOS_PER_SECOND: u32 = 1_000_000_000;
    let (seconds, nanos) = (reader.varint()?, reader.small()?);
    if nanos < NANOS_PER_SECOND { Ok(Duration::new(seconds, nanos)) } else { Err(Malformed) }
}
