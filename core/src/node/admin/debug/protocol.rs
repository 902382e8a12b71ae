//! DEBUG PROTOCOL: a reply of every type, for those who write clients.

use crate::command::Outcome;
use crate::command::reply_error as reply;
use crate::resp::{Proto, Reply};

use super::super::super::Node;
use super::Call;

/// How many elements the collections have.
const ELEMENTS: i64 = 3;

impl Node {
    pub(super) fn debug_protocol(&mut self, call: Call<'_>) -> Outcome {
        let Some(connection) = self.connection(call.conn) else { return Ok(()) };
        reply_of_type(&mut connection.reply(), &call.args[2].to_ascii_lowercase())
    }
}

fn reply_of_type(reply: &mut Reply<'_>, name: &[u8]) -> Outcome {
    let is_new = reply.proto() == Proto::Resp3;
    match name {
        b"string" => reply.bulk(b"Hello World"),
        b"integer" => reply.int(12345),
        b"double" if is_new => reply.raw(b",3.141\r\n"),
        b"double" => reply.bulk(b"3.141"),
        b"bignum" if is_new => reply.raw(b"(1234567999999999999999999999999999999\r\n"),
        b"bignum" => reply.bulk(b"1234567999999999999999999999999999999"),
        b"null" => reply.null(),
        b"array" => {
            reply.array(ELEMENTS as usize);
            (0..ELEMENTS).for_each(|number| reply.int(number));
        }
        b"set" => {
            reply.set(ELEMENTS as usize);
            (0..ELEMENTS).for_each(|number| reply.int(number));
        }
        b"map" => {
            reply.map(ELEMENTS as usize);
            for number in 0..ELEMENTS {
                reply.int(number);
                reply.boolean(number == 1);
            }
        }
        b"attrib" => {
            if is_new {
                reply.raw(b"|1\r\n");
                reply.bulk(b"key-popularity");
                reply.array(2);
                reply.bulk(b"key:123");
                reply.int(90);
            }
            reply.bulk(b"Some real reply following the attribute");
        }
        b"push" if is_new => {
            reply.push(2);
            reply.bulk(b"server-cpu-usage");
            reply.int(42);
            reply.bulk(b"Some real reply following the push reply");
        }
        b"push" => return Err(reply::NEEDS_RESP3),
        b"verbatim" => reply.verbatim(b"This is a verbatim\nstring"),
        b"true" => reply.boolean(true),
        b"false" => reply.boolean(false),
        _ => return Err(reply::WRONG_PROTOCOL_TYPE),
    }
    Ok(())
}
