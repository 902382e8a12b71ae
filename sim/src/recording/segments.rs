//! Which files make up a recording?
//!
//! All that have its name, with and without a number, and its identity in their heads. A file of which the head is damaged is known by its place among them.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use afterimage_core::recording::{Damage, Head, Why};

/// More than any head takes.
const HEAD_BYTES_MAX: u64 = 64 * 1024;

/// A file of a recording.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    /// Which one of the recording it is, from 0.
    pub(super) ordinal: u64,
    pub(super) path: PathBuf,
    /// That behind its name, or 0: the higher, the older.
    pub(super) number: u64,
    /// In bytes.
    pub(super) len: u64,
    pub(super) head: Result<Head, Damage>,
}

/// A file that has the name of a recording.
struct Candidate {
    path: PathBuf,
    number: u64,
    len: u64,
    head: Result<Head, Damage>,
}

/// The segments of the recording to which the file at `named` belongs, the oldest first, that file among them.
///
/// # Errors
///
/// If that file has no head that can be read, or one beside it cannot be read at all.
pub(super) fn find_segments(named: &Path) -> io::Result<Vec<Segment>> {
    let base = base_of(named);
    let anchor = look_at(named, number_within(&base, named).unwrap_or(0))?;
    let wanted = anchor
        .head
        .map_err(|damage| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {damage}", named.display())))?;
    let mut segments = Vec::new();
    let mut headless = Vec::new();
    for Candidate { path, number, len, head } in candidates(&base)? {
        match head {
            Ok(head) if head.recording != wanted.recording => {}
            Ok(head) => segments.push(Segment { ordinal: head.segment, path, number, len, head: Ok(head) }),
            Err(damage) => {
                // The numbers go down from file to file, unless somebody has renamed them.
                let ordinal = (wanted.segment + anchor.number).checked_sub(number);
                headless.extend(ordinal.map(|ordinal| Segment { ordinal, path, number, len, head: Err(damage) }));
            }
        }
    }
    // Of copies one is taken, and that is the one that was asked for.
    segments.sort_by_key(|segment| (segment.ordinal, segment.path != named));
    segments.dedup_by_key(|segment| segment.ordinal);
    take_in(&mut segments, headless);
    Ok(segments)
}

/// Puts those without a head where they are missed: between others, or right before or behind them if they begin as a segment does.
fn take_in(segments: &mut Vec<Segment>, mut headless: Vec<Segment>) {
    headless.sort_by_key(|segment| segment.ordinal);
    let ends = |segments: &[Segment]| Some((segments.first()?.ordinal, segments.last()?.ordinal));
    let is_segment = |segment: &Segment| matches!(&segment.head, Err(damage) if matches!(damage.why, Why::Checksum | Why::Malformed | Why::Torn));
    let is_wanted = |segments: &[Segment], segment: &Segment| {
        let Some((first, last)) = ends(segments) else { return false };
        let place = segment.ordinal;
        let is_beside = place + 1 == first || place == last + 1;
        (first..=last).contains(&place) || (is_beside && is_segment(segment))
    };
    let (newer, older): (Vec<_>, Vec<_>) =
        headless.into_iter().partition(|segment| ends(segments).is_some_and(|(first, _)| segment.ordinal > first));
    for segment in newer.into_iter().chain(older.into_iter().rev()) {
        if let Err(at) = segments.binary_search_by_key(&segment.ordinal, |segment| segment.ordinal)
            && is_wanted(segments, &segment)
        {
            segments.insert(at, segment);
        }
    }
}

/// The names of the files that should lie between two neighbours, the oldest first; none if the numbers of these do not tell.
pub(super) fn names_between(older: &Segment, newer: &Segment) -> Vec<PathBuf> {
    if older.number.checked_sub(newer.number) != Some(newer.ordinal - older.ordinal) {
        return Vec::new();
    }
    let base = older.path.with_extension("");
    (newer.number + 1..older.number).rev().map(|number| path_with(&base, number)).collect()
}

fn look_at(path: &Path, number: u64) -> io::Result<Candidate> {
    let at = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(at)?;
    let len = file.metadata().map_err(at)?.len();
    file.take(HEAD_BYTES_MAX).read_to_end(&mut bytes).map_err(at)?;
    let head = Head::decode(&bytes).map(|(head, _)| head);
    Ok(Candidate { path: path.to_owned(), number, len, head })
}

/// The name without the number of an older segment.
fn base_of(named: &Path) -> PathBuf {
    let numberless = named.with_extension("");
    // A name may end in a number without being an older segment.
    let is_older = number_within(&numberless, named).is_some() && !path_with(named, 1).exists();
    if is_older { numberless } else { named.to_owned() }
}

/// All files with that name, with and without numbers.
fn candidates(base: &Path) -> io::Result<Vec<Candidate>> {
    let dir = base.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let at = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", dir.display()));
    let mut numbered = Vec::new();
    for entry in fs::read_dir(dir).map_err(at)? {
        let path = base.with_file_name(entry.map_err(at)?.file_name());
        let number = if path == base { Some(0) } else { number_within(base, &path) };
        numbered.extend(number.filter(|_| path.is_file()).map(|number| (number, path)));
    }
    numbered.sort();
    numbered.into_iter().map(|(number, path)| look_at(&path, number)).collect()
}

/// The number behind a name, if the name is `base` but for that.
fn number_within(base: &Path, path: &Path) -> Option<u64> {
    let text = path.extension()?.to_str()?;
    let is_number = path.with_extension("") == base && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

fn path_with(base: &Path, number: u64) -> PathBuf {
    let mut name = OsString::from(base);
    name.push(format!(".{number}"));
    name.into()
}
