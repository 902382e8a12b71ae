//! What is in the files of a recording, and how much of it can be read?

use std::borrow::Cow;
use std::fs;
use std::io;
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};

use afterimage_core::recording::{Damage, Frame, FrameKind, Frames, Head, Packing, Why};

use super::segments::{Segment, find_segments, names_between};
use super::stop::{LeftOut, Missing, Stop};

/// The segments of one recording.
#[derive(Debug)]
pub struct Recording {
    /// All that there are, the oldest first.
    segments: Vec<Segment>,
    /// Those that are read: without gaps, and with heads.
    run: Range<usize>,
    /// The file that was asked for.
    named: usize,
}

/// What a recording holds.
#[derive(Debug)]
pub enum Part<'a> {
    /// Calls, unpacked.
    Calls {
        /// The number of the first one.
        first_call: u64,
        /// See [`afterimage_core::recording::Calls`].
        bytes: &'a [u8],
        /// As it lies in the file.
        stored_bytes: usize,
        /// The file.
        path: &'a Path,
        /// Where it begins in the file, in bytes.
        offset: u64,
    },
    /// There is no more.
    Stop(Stop),
}

impl Recording {
    /// Finds the segments that belong to the one at `path`, among those beside it.
    ///
    /// # Errors
    ///
    /// If there is no recording that can be read.
    pub fn find(path: &Path) -> io::Result<Recording> {
        let segments = find_segments(path)?;
        let named = segments.iter().position(|segment| segment.path == path).expect("it is among its own segments");
        let has_beginning = segments.first().is_some_and(|first| first.ordinal == 0 && first.head.is_ok());
        let run = run_around(&segments, if has_beginning { 0 } else { named });
        Ok(Recording { segments, run, named })
    }

    /// What the newest segment that is read tells of itself.
    #[must_use]
    pub fn head(&self) -> &Head {
        let newest = self.read_segments().last().and_then(|segment| segment.head.as_ref().ok());
        newest.expect("the one that was asked for has a head, or the first one has")
    }

    /// True if it begins with the start of the node, so that it can be run.
    #[must_use]
    pub fn has_beginning(&self) -> bool {
        self.read_segments().first().is_some_and(|first| first.ordinal == 0)
    }

    /// Why its beginning is not there, as far as that can be seen; `None` if it is there, or was removed for the limit.
    #[must_use]
    pub fn what_became_of_beginning(&self) -> Option<String> {
        let first = self.read_segments().first().filter(|first| first.ordinal > 0)?;
        match self.segments[..self.run.start].last() {
            Some(Segment { path, head: Err(damage), .. }) => {
                Some(format!("{} cannot be read, {damage}", path.display()))
            }
            Some(older) => Some(missing_between(older, first).to_string()),
            None if self.needed_limit() > self.head().limit => None,
            None if first.ordinal == 1 => Some("its first file is missing".to_owned()),
            None => Some(format!("its first {} files are missing", first.ordinal)),
        }
    }

    /// The limit with which nothing of it would have been removed, roughly, and never too low: in bytes.
    #[must_use]
    pub fn needed_limit(&self) -> u64 {
        let newest = self.read_segments().last().map_or(0, |segment| segment.len);
        let all = self.head().bytes_before + newest;
        // Room is kept free for the segment that is being written: an eighth of the limit, within these bounds.
        (all.saturating_mul(8) / 7).clamp(all + 256 * 1024, all + 64 * 1024 * 1024)
    }

    /// Of all files, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.len).sum()
    }

    /// How many files there are.
    #[must_use]
    pub fn files(&self) -> usize {
        self.segments.len()
    }

    /// The file that is read first, if the one that was asked for is not the newest one.
    #[must_use]
    pub fn first_file_of_older(&self) -> Option<&Path> {
        let first = self.read_segments().first()?;
        (self.named + 1 < self.segments.len()).then_some(&first.path)
    }

    /// Reads it from its beginning, or what is left of it, until `visit` has enough. The last part is the stop.
    ///
    /// # Errors
    ///
    /// If a file cannot be read.
    pub fn read(&self, visit: &mut impl FnMut(Part<'_>) -> io::Result<ControlFlow<()>>) -> io::Result<()> {
        for index in self.run.clone() {
            match self.read_segment(index, visit)? {
                ControlFlow::Continue(()) => {}
                ControlFlow::Break(None) => return Ok(()),
                ControlFlow::Break(Some(stop)) => return visit(Part::Stop(stop)).map(|_| ()),
            }
        }
        visit(Part::Stop(self.stop_behind_run())).map(|_| ())
    }

    /// What there is and was not read if it stops there.
    ///
    /// # Errors
    ///
    /// If a file cannot be read.
    pub fn left_out(&self, stop: &Stop) -> io::Result<LeftOut> {
        let mut left_out = LeftOut::default();
        for segment in &self.segments[..self.run.start] {
            left_out.add(&segment.path, segment.len);
        }
        let (place, offset) = match stop {
            Stop::Ending(_) | Stop::Open => return Ok(left_out),
            Stop::Missing(_) => (None, 0),
            Stop::Damaged(path, damage) => (Some(path), damage.offset),
            Stop::Gap { path, offset, .. } => (Some(path), *offset),
        };
        let index = self.segments.iter().position(|segment| Some(&segment.path) == place).unwrap_or(self.run.end);
        let Some(segment) = self.segments.get(index) else { return Ok(left_out) };
        if matches!(stop, Stop::Damaged(..)) && index + 1 == self.segments.len() && is_torn_end(segment, offset)? {
            return Ok(left_out);
        }
        if segment.len > offset {
            left_out.add(&segment.path, segment.len - offset);
        }
        for segment in &self.segments[index + 1..] {
            left_out.add(&segment.path, segment.len);
        }
        Ok(left_out)
    }

    fn read_segments(&self) -> &[Segment] {
        &self.segments[self.run.clone()]
    }

    /// Breaks with the stop within it, or without one if `visit` has enough.
    fn read_segment(
        &self,
        index: usize,
        visit: &mut impl FnMut(Part<'_>) -> io::Result<ControlFlow<()>>,
    ) -> io::Result<ControlFlow<Option<Stop>>> {
        let path = &self.segments[index].path;
        let bytes = read_file(path)?;
        let damaged = |damage| Ok(ControlFlow::Break(Some(Stop::Damaged(path.clone(), damage))));
        let (head, head_bytes) = match Head::decode(&bytes) {
            Ok(decoded) => decoded,
            Err(damage) => return damaged(damage),
        };
        for frame in Frames::new(&bytes, head_bytes) {
            let frame = match frame {
                Ok(frame) => frame,
                Err(damage) => return damaged(damage),
            };
            if let FrameKind::End(ending) = frame.kind {
                return Ok(ControlFlow::Break(Some(Stop::Ending(ending))));
            }
            let Some(contents) = unpack(&frame) else {
                return damaged(Damage { offset: frame.offset, why: Why::Malformed });
            };
            let Frame { first_call, stored, offset, .. } = frame;
            let part = Part::Calls { first_call, bytes: &contents, stored_bytes: stored.len(), path, offset };
            if visit(part)?.is_break() {
                return Ok(ControlFlow::Break(None));
            }
        }
        let len = bytes.len() as u64;
        if self.next_begins_at(index).is_some_and(|next| head.bytes_before + len < next) {
            return damaged(Damage { offset: len, why: Why::Torn });
        }
        Ok(ControlFlow::Continue(()))
    }

    /// How many bytes of the recording lie before the segment that is read next.
    fn next_begins_at(&self, index: usize) -> Option<u64> {
        let next = self.read_segments().get(index + 1 - self.run.start)?;
        next.head.as_ref().ok().map(|head| head.bytes_before)
    }

    fn stop_behind_run(&self) -> Stop {
        let next = self.segments.get(self.run.end);
        let (Some(last), Some(next)) = (self.read_segments().last(), next) else { return Stop::Open };
        match &next.head {
            Err(damage) if next.ordinal == last.ordinal + 1 => Stop::Damaged(next.path.clone(), *damage),
            _ => Stop::Missing(missing_between(last, next)),
        }
    }
}

/// The segments around one that can be read one after another.
fn run_around(segments: &[Segment], index: usize) -> Range<usize> {
    let fits =
        |pair: &[Segment]| pair.iter().all(|segment| segment.head.is_ok()) && pair[0].ordinal + 1 == pair[1].ordinal;
    let before = segments[..=index].windows(2).rev().take_while(|pair| fits(pair)).count();
    let behind = segments[index..].windows(2).take_while(|pair| fits(pair)).count();
    index - before..index + behind + 1
}

fn missing_between(older: &Segment, newer: &Segment) -> Missing {
    Missing { names: names_between(older, newer), count: newer.ordinal - older.ordinal - 1 }
}

/// True if nothing that can be read comes behind the damage in the last segment: a writer that is killed leaves that.
fn is_torn_end(segment: &Segment, offset: u64) -> io::Result<bool> {
    if let Err(damage) = &segment.head {
        return Ok(damage.why == Why::Torn);
    }
    let bytes = read_file(&segment.path)?;
    let from = usize::try_from(offset).map_or(bytes.len(), |offset| offset.saturating_add(1));
    Ok(!(from..bytes.len()).any(|at| matches!(Frames::new(&bytes, at).next(), Some(Ok(_)))))
}

fn read_file(path: &PathBuf) -> io::Result<Vec<u8>> {
    fs::read(path).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

/// The contents of a frame; `None` if they are not what an encoder has packed.
fn unpack<'a>(frame: &Frame<'a>) -> Option<Cow<'a, [u8]>> {
    match frame.packing {
        Packing::Plain => Some(Cow::Borrowed(frame.stored)),
        Packing::Lz4 => {
            // The length is covered by the checksum, and no packed byte stands for more than 255.
            const RATIO_MAX: usize = 256;
            if frame.len > frame.stored.len().saturating_mul(RATIO_MAX) {
                return None;
            }
            let bytes = lz4_flex::block::decompress(frame.stored, frame.len).ok()?;
            (bytes.len() == frame.len).then_some(Cow::Owned(bytes))
        }
    }
}
