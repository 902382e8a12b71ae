//! Geo: places on the earth as members of a sorted set.

use crate::command::Command;

/// All commands of the family, file by file.
pub(super) const FAMILY: &[&[Command]] = &[];
