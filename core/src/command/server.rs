//! The rows of administrative commands; the node carries them out.
use super::Command;
pub(super) const COMMANDS: &[Command] = &[];
