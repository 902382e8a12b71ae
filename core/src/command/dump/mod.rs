//! DUMP and RESTORE: a value as bytes, and back.

use crate::command::Command;

/// All commands of the family, file by file.
pub(super) const FAMILY: &[&[Command]] = &[];
