//! Which commands were slow, and who has sent them?

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Arguments of a command that are kept, the last of them telling how many were not.
const ARGS_MAX: usize = 32;
/// Bytes of an argument that are kept.
const ARG_BYTES_MAX: usize = 128;

/// One slow command.
#[derive(Clone, Debug)]
pub(crate) struct SlowCommand {
    pub(crate) id: u64,
    /// When it ended, in seconds since the epoch.
    pub(crate) seconds: i64,
    pub(crate) microseconds: u64,
    pub(crate) args: Vec<Vec<u8>>,
    pub(crate) address: String,
    /// The name of the connection.
    pub(crate) name: String,
}

/// The last slow commands, the newest first: at most `slowlog-max-len`, each of some 5 KB at most.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slowlog {
    entries: VecDeque<SlowCommand>,
    next_id: u64,
}

impl Slowlog {
    pub(crate) fn push(&mut self, entry: SlowCommand, len_max: u64) {
        self.entries.push_front(SlowCommand { id: self.next_id, ..entry });
        self.next_id += 1;
        self.trim(len_max);
    }

    /// Forgets the oldest entries, if there are more than `len_max`.
    pub(crate) fn trim(&mut self, len_max: u64) {
        self.entries.truncate(usize::try_from(len_max).unwrap_or(usize::MAX));
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The newest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &SlowCommand> {
        self.entries.iter()
    }
}

/// The arguments of a command as they are kept.
pub(super) fn cut_args<'a>(args: impl ExactSizeIterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
    let count = args.len();
    if count <= ARGS_MAX {
        return args.map(cut_arg).collect();
    }
    let mut kept: Vec<Vec<u8>> = args.take(ARGS_MAX - 1).map(cut_arg).collect();
    kept.push(format!("... ({} more arguments)", count - (ARGS_MAX - 1)).into_bytes());
    kept
}

fn cut_arg(arg: &[u8]) -> Vec<u8> {
    match arg.split_at_checked(ARG_BYTES_MAX) {
        Some((kept, rest)) if !rest.is_empty() => {
            let note = format!("... ({} more bytes)", rest.len());
            [kept, note.as_bytes()].concat()
        }
        _ => arg.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_requests_are_cut_with_a_note_of_what_is_left_out() {
        let words: Vec<&[u8]> = (0..33).map(|_| b"x".as_slice()).collect();
        assert_eq!(cut_args(words[..32].iter().copied()).len(), 32);
        let cut = cut_args(words.iter().copied());
        assert_eq!(
            (cut.len(), cut[30].as_slice(), cut[31].as_slice()),
            (32, &b"x"[..], &b"... (2 more arguments)"[..])
        );
        let long = [b'y'; 200];
        assert_eq!(cut_arg(&long[..128]), &long[..128]);
        assert_eq!(cut_arg(&long), [&long[..128], b"... (72 more bytes)"].concat());
    }

    #[test]
    fn no_more_than_the_newest_are_kept_and_their_numbers_go_on() {
        let mut log = Slowlog::default();
        let entry = || SlowCommand {
            id: 0,
            seconds: 0,
            microseconds: 0,
            args: Vec::new(),
            address: String::new(),
            name: String::new(),
        };
        for _ in 0..5 {
            log.push(entry(), 3);
        }
        assert_eq!(log.iter().map(|entry| entry.id).collect::<Vec<_>>(), [4, 3, 2]);
        log.clear();
        log.push(entry(), 3);
        assert_eq!(log.iter().map(|entry| entry.id).collect::<Vec<_>>(), [5]);
        log.push(entry(), 0);
        assert_eq!(log.len(), 0);
    }
}
