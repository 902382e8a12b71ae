//! A line of a dialogue with our master, as it comes.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Longest line.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// A line of a dialogue, of which the end has not come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    bytes: Vec<u8>,
}

impl Line {
    /// Takes in bytes up to the end of the line: how many they are, and the line without its end if it is whole, or why there will be none.
    pub(super) fn take_in(&mut self, bytes: &[u8]) -> (usize, Option<Result<Vec<u8>, String>>) {
        let end = bytes.iter().position(|&byte| byte == b'\n');
        self.bytes.extend_from_slice(&bytes[..end.unwrap_or(bytes.len())]);
        if self.bytes.len() > LINE_BYTES_MAX {
            return (bytes.len(), Some(Err("Master sent an endless line".to_string())));
        }
        let Some(end) = end else { return (bytes.len(), None) };
        let mut line = core::mem::take(&mut self.bytes);
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        (end + 1, Some(Ok(line)))
    }
}
