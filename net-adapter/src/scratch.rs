//! Where do tests put their files?

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};

/// A directory that goes with its scope.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// An empty one, of this process and this name.
    pub(crate) fn new(name: &str) -> Scratch {
        let directory = std::env::temp_dir().join(format!("afterimage-{}-{name}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        Scratch(fs::canonicalize(directory).unwrap())
    }
}

impl Deref for Scratch {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
