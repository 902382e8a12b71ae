//! Why does a recording end where it does, and what is left out behind that?

use std::fmt;
use std::path::{Path, PathBuf};

use afterimage_core::recording::{Damage, Ending};

/// Why a recording has no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It says so itself.
    Ending(Ending),
    /// The files end, and nothing says that they should: the process was killed, or goes on.
    Open,
    /// A file cannot be read further.
    Damaged(PathBuf, Damage),
    /// Files are missing before the next one that is there.
    Missing(Missing),
    /// Calls are missing within a file.
    Gap {
        /// In this one.
        path: PathBuf,
        /// Where the calls begin that do not fit, in bytes.
        offset: u64,
        /// This one should come next.
        expected: u64,
        /// This one does.
        found: u64,
    },
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stop::Ending(ending) => write!(f, "{ending}"),
            Stop::Open => f.write_str("the process was killed, or is still recording"),
            Stop::Damaged(path, damage) => write!(f, "cut off, {}: {damage}", path.display()),
            Stop::Missing(missing) => write!(f, "cut off, {missing}"),
            Stop::Gap { path, offset, expected, found } => write!(
                f,
                "cut off, {}: calls are missing, {expected} should come next, and {found} does (byte {offset})",
                path.display()
            ),
        }
    }
}

/// Files that are not there, between two that are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Their names, the oldest first; none if they cannot be told.
    pub names: Vec<PathBuf>,
    /// How many there are.
    pub count: u64,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Missing { names, count } = self;
        let verb = if *count == 1 { "is" } else { "are" };
        match names.is_empty() {
            true => write!(f, "{count} of its files {verb} missing"),
            false => write!(f, "{} {verb} missing", list(names)),
        }
    }
}

/// What there is of a recording and was not read, because something before it is damaged or missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Of all these files.
    pub bytes: u64,
    /// In which it lies, the oldest first.
    pub files: Vec<PathBuf>,
}

impl LeftOut {
    /// True if all that there is was read.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.files.is_empty()
    }

    pub(super) fn add(&mut self, path: &Path, bytes: u64) {
        self.bytes += bytes;
        self.files.push(path.to_owned());
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes in {}", self.bytes, list(&self.files))
    }
}

fn list(paths: &[PathBuf]) -> String {
    let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    names.join(", ")
}
