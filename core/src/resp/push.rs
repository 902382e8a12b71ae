//! A message for many, encoded once.

use alloc::vec::Vec;

use bytes::Bytes;

use crate::codec::number::push_u64;

use super::encode::push_bulk;
use super::output::Output;
use super::reply::Proto;

/// An out-of-band message of several texts: in RESP3 a push, in RESP2 an array. The two differ in the first byte alone, and
/// all who get it share the rest if that is large.
#[derive(Clone, Debug)]
pub struct Push {
    /// All bytes but the first.
    rest: Bytes,
}

impl Push {
    /// A message of these texts.
    #[must_use]
    pub fn new(texts: &[&[u8]]) -> Push {
        let mut rest = Vec::with_capacity(texts.iter().map(|text| text.len() + 16).sum());
        push_u64(&mut rest, texts.len() as u64);
        rest.extend_from_slice(b"\r\n");
        for text in texts {
            push_bulk(&mut rest, text);
        }
        Push { rest: rest.into() }
    }

    /// Queues it.
    pub fn write_to(&self, output: &mut Output, proto: Proto) {
        output.tail().push(match proto {
            Proto::Resp2 => b'*',
            Proto::Resp3 => b'>',
        });
        output.extend_shared(&self.rest);
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::super::output::SHARE_BYTES_MIN;
    use super::*;

    #[test]
    fn both_protocols_get_the_same_but_for_the_first_byte() {
        for len in [0, 5, SHARE_BYTES_MIN, 3 * SHARE_BYTES_MIN] {
            let text = vec![b'x'; len];
            let push = Push::new(&[b"message", &text]);
            let written = |proto| {
                let mut output = Output::default();
                push.write_to(&mut output, proto);
                let mut slices = [&[][..]; 4];
                let filled = output.gather(&mut slices);
                slices[..filled].concat()
            };
            let (two, three) = (written(Proto::Resp2), written(Proto::Resp3));
            let head = alloc::format!("*2\r\n$7\r\nmessage\r\n${len}\r\n");
            assert_eq!(two, [head.as_bytes(), &text, b"\r\n"].concat());
            assert_eq!((three[0], &three[1..]), (b'>', &two[1..]));
        }
    }
}
