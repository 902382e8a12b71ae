//! Lists.

use crate::command::Command;

/// All commands of the family, file by file.
pub(super) const FAMILY: &[&[Command]] = &[];
