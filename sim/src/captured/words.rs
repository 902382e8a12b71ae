//! Which command stands at the front of some bytes?

/// The longest word, and the most words, of a command that is looked at.
const WORD_BYTES_MAX: usize = 1 << 20;
const WORDS_MAX: usize = 1 << 12;

/// What stands there.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Front {
    /// A command, and how many bytes it takes.
    Command(Vec<Vec<u8>>, usize),
    /// A newline, by which one shows that one is there.
    Newline,
    /// Its rest is missing.
    Incomplete,
    /// No command.
    Nonsense,
}

/// Looks.
pub(super) fn front(bytes: &[u8]) -> Front {
    match bytes.first() {
        None => Front::Incomplete,
        Some(b'\n') => Front::Newline,
        Some(b'*') => words(bytes).unwrap_or(Front::Nonsense),
        // Inline, as SYNC of old is.
        Some(byte) if byte.is_ascii_alphabetic() => match bytes.iter().position(|byte| *byte == b'\n') {
            Some(end) => {
                let line = bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]);
                Front::Command(line.split(|byte| *byte == b' ').map(<[u8]>::to_vec).collect(), end + 1)
            }
            None if bytes.len() > WORD_BYTES_MAX => Front::Nonsense,
            None => Front::Incomplete,
        },
        Some(_) => Front::Nonsense,
    }
}

struct Nonsense;

fn words(bytes: &[u8]) -> Result<Front, Nonsense> {
    let Some((count, mut at)) = number_line(bytes, b'*', WORDS_MAX)? else { return Ok(Front::Incomplete) };
    let mut words = Vec::new();
    for _ in 0..count {
        let Some((len, used)) = number_line(&bytes[at..], b'$', WORD_BYTES_MAX)? else { return Ok(Front::Incomplete) };
        let (start, end) = (at + used, at + used + len);
        let Some(after) = bytes.get(end..end + 2) else { return Ok(Front::Incomplete) };
        if after != b"\r\n" {
            return Err(Nonsense);
        }
        words.push(bytes[start..end].to_vec());
        at = end + 2;
    }
    if words.is_empty() { Err(Nonsense) } else { Ok(Front::Command(words, at)) }
}

/// `*3\r\n`: the number, and the length of the line.
fn number_line(bytes: &[u8], kind: u8, max: usize) -> Result<Option<(usize, usize)>, Nonsense> {
    let Some(first) = bytes.first() else { return Ok(None) };
    if *first != kind {
        return Err(Nonsense);
    }
    let Some(end) = bytes.iter().position(|byte| *byte == b'\r') else {
        return if bytes.len() > 32 { Err(Nonsense) } else { Ok(None) };
    };
    let digits = &bytes[1..end];
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let number = std::str::from_utf8(digits).ok().filter(|_| is_number).and_then(|digits| digits.parse().ok());
    let number = number.filter(|number| *number <= max).ok_or(Nonsense)?;
    match bytes.get(end + 1) {
        None => Ok(None),
        Some(b'\n') => Ok(Some((number, end + 2))),
        Some(_) => Err(Nonsense),
    }
}

/// Cuts a stream where a command may begin, so that whoever is given the parts one by one can be looked at between two commands. (Within a value the same may stand; there it does no harm.)
pub(super) fn commands(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let end = bytes.windows(3).position(|three| three == b"\r\n*").map_or(bytes.len(), |at| at + 2);
        let (first, rest) = bytes.split_at(end);
        bytes = rest;
        Some(first)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_beginning_of_a_command_is_incomplete_and_the_whole_is_read() {
        let whole = b"*2\r\n$3\r\nGET\r\n$5\r\na\r\n*b\r\n";
        for end in 0..whole.len() {
            assert_eq!(front(&whole[..end]), Front::Incomplete, "{end}");
        }
        assert_eq!(front(whole), Front::Command(vec![b"GET".to_vec(), b"a\r\n*b".to_vec()], whole.len()));
        assert_eq!(front(b"SYNC\r\n*1"), Front::Command(vec![b"SYNC".to_vec()], 6));
        assert_eq!(front(b"\n*1"), Front::Newline);
        for nonsense in [&b"\r\n"[..], b"*0\r\n", b"*x\r\n", b"*1\r\n+OK\r\n", b"*1\r\n$1\r\nabc", b"*1\rx"] {
            assert_eq!(front(nonsense), Front::Nonsense, "{}", nonsense.escape_ascii());
        }
    }

    #[test]
    fn a_stream_is_cut_before_each_command_and_nothing_is_lost() {
        let stream = b"\r\n*1\r\n$4\r\nping\r\n*1\r\n$4\r\nping\r\n*1";
        let parts: Vec<&[u8]> = commands(stream).collect();
        assert_eq!(parts, [&b"\r\n"[..], b"*1\r\n$4\r\nping\r\n", b"*1\r\n$4\r\nping\r\n", b"*1"]);
    }
}
