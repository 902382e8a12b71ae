//! Where can what is under way be cut?
//!
//! Behind the first command or line, and in the middle of that: a node that has a whole command and one that has half of one differ, and who has more of
//! it differs from neither in anything that it does.

use super::state::Piece;

/// How many bytes a piece has; none if it is no other than a larger one.
pub(super) fn piece_len(bytes: &[u8], piece: Piece) -> Option<usize> {
    let first = first_len(bytes);
    match piece {
        Piece::All => Some(bytes.len()),
        Piece::First => Some(first).filter(|len| *len < bytes.len()),
        Piece::Half => Some(first / 2).filter(|len| *len > 0),
    }
}

/// The length of the first command; of the first line, if that begins none; of all, if neither is there as a whole.
fn first_len(bytes: &[u8]) -> usize {
    let Some(mut at) = line_len(bytes, 0) else { return bytes.len() };
    if bytes[0] != b'*' {
        return at;
    }
    let Some(words) = number(&bytes[1..at]) else { return at };
    for _ in 0..words {
        let Some(end) = line_len(bytes, at) else { return bytes.len() };
        let Some(len) = number(bytes.get(at + 1..end).unwrap_or_default()) else { return end };
        at = end.saturating_add(len).saturating_add(2);
        if at > bytes.len() {
            return bytes.len();
        }
    }
    at
}

/// Where the line that begins at a place ends.
fn line_len(bytes: &[u8], at: usize) -> Option<usize> {
    let found = bytes.get(at..)?.iter().position(|byte| *byte == b'\n')?;
    Some(at + found + 1)
}

fn number(line: &[u8]) -> Option<usize> {
    std::str::from_utf8(line).ok()?.trim_end().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_command_is_one_piece_and_half_of_it_another() {
        let two = b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n*1\r\n$4\r\nping\r\n";
        let lens = |bytes: &[u8]| [Piece::All, Piece::First, Piece::Half].map(|piece| piece_len(bytes, piece));
        assert_eq!(lens(two), [Some(34), Some(20), Some(10)]);
        assert_eq!(lens(&two[20..]), [Some(14), None, Some(7)], "the last one is all there is");
        assert_eq!(lens(&two[..9]), [Some(9), None, Some(4)], "the rest of it is not there");
        assert_eq!(lens(b"+CONTINUE\r\n*1\r\n"), [Some(15), Some(11), Some(5)]);
        assert_eq!(lens(b"$EOF:aa\r\nREDIS"), [Some(14), Some(9), Some(4)]);
        assert_eq!(lens(b""), [Some(0), None, None]);
    }
}
