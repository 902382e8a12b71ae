//! Which files make up a recording, and what is in them?

use std::borrow::Cow;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use afterimage_core::recording::{Damage, Ending, Frame, FrameKind, Frames, Head, Packing, Why};

/// More than any head takes.
const HEAD_BYTES_MAX: u64 = 64 * 1024;

/// The segments of one recording.
#[derive(Debug)]
pub struct Recording {
    /// The oldest first, without gaps.
    segments: Vec<(PathBuf, Head)>,
    /// Of all of them, in bytes.
    bytes: u64,
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
    },
    /// There is no more.
    Stop(Stop),
}

/// Why a recording has no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It says so itself.
    Ending(Ending),
    /// The files end, and nothing says that they should: the process was killed, or goes on.
    Open,
    /// A file cannot be read further.
    Damaged(PathBuf, Damage),
    /// Calls are missing.
    Gap {
        /// This one should come next.
        expected: u64,
        /// This one does.
        found: u64,
    },
}

impl std::fmt::Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Stop::Ending(ending) => write!(f, "{ending}"),
            Stop::Open => f.write_str("the process was killed, or is still recording"),
            Stop::Damaged(path, damage) => write!(f, "cut off, {}: {damage}", path.display()),
            Stop::Gap { expected, found } => {
                write!(f, "cut off, calls are missing: {expected} should come next, and {found} does")
            }
        }
    }
}

impl Recording {
    /// Finds the segments that belong to the one at `path`, among those beside it.
    ///
    /// # Errors
    ///
    /// If there is no recording that can be read.
    pub fn find(path: &Path) -> io::Result<Recording> {
        let wanted = read_head(path)?;
        let mut segments = Vec::new();
        let mut bytes = 0;
        for sibling in siblings(path) {
            let Ok(head) = read_head(&sibling) else { continue };
            if head.recording == wanted.recording {
                bytes += fs::metadata(&sibling)?.len();
                segments.push((sibling, head));
            }
        }
        segments.sort_by_key(|(_, head)| head.segment);
        // What lies before a gap belongs to what is gone.
        let is_gap = |pair: &[(PathBuf, Head)]| pair[0].1.segment + 1 != pair[1].1.segment;
        if let Some(gap) = segments.windows(2).rposition(is_gap) {
            segments.drain(..=gap);
        }
        Ok(Recording { segments, bytes })
    }

    /// What its newest segment tells of itself.
    #[must_use]
    pub fn head(&self) -> &Head {
        &self.segments.last().expect("the one that was asked for is there").1
    }

    /// True if it begins with the start of the node, so that it can be run.
    #[must_use]
    pub fn has_beginning(&self) -> bool {
        self.segments[0].1.segment == 0
    }

    /// The limit with which nothing of it would have been removed, roughly: in bytes.
    #[must_use]
    pub fn needed_limit(&self) -> u64 {
        let (path, head) = self.segments.last().expect("there is one");
        let len = fs::metadata(path).map_or(0, |metadata| metadata.len());
        // A segment's share is kept free for the one that is being written.
        (head.bytes_before + len).saturating_mul(9) / 8
    }

    /// Of all files, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many files there are.
    #[must_use]
    pub fn files(&self) -> usize {
        self.segments.len()
    }

    /// Reads it from its beginning, or what is left of it, until `visit` has enough. The last part is the stop.
    ///
    /// # Errors
    ///
    /// If a file cannot be read.
    pub fn read(&self, visit: &mut impl FnMut(Part<'_>) -> io::Result<ControlFlow<()>>) -> io::Result<()> {
        for (path, _) in &self.segments {
            let bytes = fs::read(path)?;
            let damaged = |damage| Part::Stop(Stop::Damaged(path.clone(), damage));
            let (_, head_bytes) = match Head::decode(&bytes) {
                Ok(head) => head,
                Err(damage) => return visit(damaged(damage)).map(|_| ()),
            };
            for frame in Frames::new(&bytes, head_bytes) {
                let frame = match frame {
                    Ok(frame) => frame,
                    Err(damage) => return visit(damaged(damage)).map(|_| ()),
                };
                if let FrameKind::End(ending) = frame.kind {
                    return visit(Part::Stop(Stop::Ending(ending))).map(|_| ());
                }
                let Some(contents) = unpack(&frame) else {
                    let damage = Damage { offset: frame.offset, why: Why::Malformed };
                    return visit(damaged(damage)).map(|_| ());
                };
                let part =
                    Part::Calls { first_call: frame.first_call, bytes: &contents, stored_bytes: frame.stored.len() };
                if visit(part)?.is_break() {
                    return Ok(());
                }
            }
        }
        visit(Part::Stop(Stop::Open)).map(|_| ())
    }
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

fn read_head(path: &Path) -> io::Result<Head> {
    let at = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| io::Error::new(error.kind(), at(&error)))?;
    file.take(HEAD_BYTES_MAX).read_to_end(&mut bytes)?;
    let (head, _) = Head::decode(&bytes).map_err(|damage| io::Error::new(io::ErrorKind::InvalidData, at(&damage)))?;
    Ok(head)
}

/// All files with the name of a recording, with and without numbers, that of `path` among them.
fn siblings(path: &Path) -> Vec<PathBuf> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let has_number = path.extension().and_then(|text| text.to_str()).is_some_and(is_number);
    let numberless = path.with_extension("");
    // A name may end in a number without being an older segment.
    let base = if has_number && !path_with(path, 1).exists() { numberless } else { path.to_owned() };
    let numbered = (1..).map(|number| path_with(&base, number)).take_while(|path| path.exists());
    let mut all: Vec<PathBuf> = [base.clone()].into_iter().filter(|path| path.exists()).chain(numbered).collect();
    if !all.iter().any(|found| found == path) {
        all.push(path.to_owned());
    }
    all
}

fn path_with(base: &Path, number: u32) -> PathBuf {
    let mut name = OsString::from(base);
    name.push(format!(".{number}"));
    name.into()
}
