//! HyperLogLog: how many different elements there were, about.

use crate::command::Command;

/// All commands of the family, file by file.
pub(super) const FAMILY: &[&[Command]] = &[];
