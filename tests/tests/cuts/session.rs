//! What do a master and its replica go through in the session that is cut everywhere?

use super::pair::{MASTER, Pair, REPLICA, assert_no_error};
use afterimage_core::config::DisklessLoad;
use afterimage_core::port::CloseCause;

/// What the master has before the replica comes: several types, two databases, keys that expire.
pub(super) const MASTERS_DATA: &str = "\
SET text hello\r\nSET number 12345\r\nSET long \
Lorem-ipsum-dolor-sit-amet,-consectetur-adipisici-elit,-sed-eiusmod-tempor-incidunt-ut-labore-et-dolore-magna-aliqua\r\n\
SET noise 7Jq2vX9bLw0ZkT4mRf8YhN1cPd6sGaU3oEiK5yBtWnVx-QzHrMlCjDgSpFuO7e2A4I9b1k6w8T0v3X5z\r\n\
SET repeated {a:[1,2,3],b:[1,2,3]},{a:[1,2,3],b:[1,2,3]},{a:[1,2,3],b:[4,5,6]}\r\n\
RPUSH list a b c d e f 1 2 3 1000000 -70000 a-longer-element-of-the-list\r\n\
SADD numbers 1 2 3 5 8 13 21 34 100000 9999999999\r\n\
SADD words alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu\r\n\
HSET hash field value other 17 third a-longer-value-of-a-field-in-the-hash\r\n\
ZADD sorted 1 one 2 two 2.5 more 1e10 ten-billion -3 minus-three\r\n\
XADD stream 1-1 sensor 1 value 20.5\r\nXADD stream 2-1 sensor 2 value 21\r\nXGROUP CREATE stream readers 1-1\r\n\
SET volatile soon PX 900\r\nSET lasting later EX 100000\r\nPFADD visitors a b c d e f g h\r\n\
SELECT 2\r\nSET text other-database\r\nRPUSH queue job:1 job:2 job:3\r\nHSET user:1 name Ada born 1815 city London\r\n\
SET volatile in-two PX 2500\r\nSELECT 0\r\n";

/// What the replica has before, and must keep until it has its master's data.
pub(super) const REPLICAS_DATA: &str = "SET mine kept\r\nRPUSH list of my own\r\nSELECT 1\r\nSET more 1\r\n";

/// Written while the data set is on its way: behind it in the stream.
const WHILE_THE_DATA_COME: &str =
    "INCR number\r\nMULTI\r\nRPUSH list on-the-way\r\nSELECT 2\r\nINCR counter\r\nEXEC\r\nSELECT 0\r\n";
/// As many bytes of the dialogue and the data set pass before.
const BYTES_BEFORE_THE_FIRST_WRITE: usize = 700;

/// One thing that happens at the master, or to both.
#[derive(Clone, Copy)]
enum Step {
    /// Its client sends these, all at once.
    Request(&'static str),
    /// Milliseconds pass: PINGs go one way, acknowledgements the other, keys expire.
    Pass(u64),
}

use Step::{Pass, Request};

/// What happens while the first link is up; each thing three times.
const ON_THE_FIRST_LINK: &[Step] = &[
    Request("SET after-the-data 1\r\nINCR number\r\n"),
    Request("MULTI\r\nINCR number\r\nRPUSH list in-a-block\r\nSELECT 2\r\nSET text in-a-block\r\nSELECT 0\r\nEXEC\r\n"),
    Pass(1100),
    Request("SPOP words\r\nSPOP numbers 3\r\nSRANDMEMBER words\r\nINCRBYFLOAT float 1.25\r\nAPPEND text -and-more\r\n"),
    Request(
        "SELECT 2\r\nLPOP queue\r\nRPOPLPUSH queue done\r\nHINCRBY user:1 born 1\r\nHDEL user:1 city\r\nSELECT 0\r\n",
    ),
    Request("EXPIRE text 100\r\nSET brief x PX 300\r\nGETEX lasting PERSIST\r\nXADD stream * sensor 3 value 22\r\n"),
    Request("WAIT 1 0\r\n"),
    Pass(1000),
    Request(
        "MULTI\r\nSPOP words 2\r\nDEL hash\r\nSELECT 1\r\nINCR one\r\nINCR one\r\nINCR one\r\nEXEC\r\nSELECT 0\r\n",
    ),
    Request(
        "XREADGROUP GROUP readers me COUNT 1 STREAMS stream >\r\nZADD sorted INCR 5 two\r\nZPOPMIN sorted\r\nSETRANGE long 5 _____\r\n",
    ),
    Request(
        "COPY list list-of-two DB 2\r\nRENAME float floated\r\nSETBIT bits 70 1\r\nSORT numbers STORE in-order\r\nPUBLISH channel message\r\n",
    ),
    Pass(700),
    Request("PFADD visitors x y z\r\nSMOVE words others alpha\r\nLREM list 1 b\r\nLINSERT list BEFORE c new\r\n"),
];

/// What happens while the second link is up, likewise; it begins behind what is written while there is none.
const ON_THE_SECOND_LINK: &[Step] = &[
    Request("INCR number\r\nMULTI\r\nINCR number\r\nINCR number\r\nEXEC\r\n"),
    Pass(10),
    Request(
        "SPOP numbers\r\nRPUSH list on-the-second-link\r\nSELECT 2\r\nPEXPIRE done 200\r\nSELECT 3\r\nSET in-three 3\r\nSELECT 0\r\n",
    ),
    Request("MULTI\r\nSET a 1\r\nSET b 2\r\nSELECT 3\r\nSET c 3\r\nSELECT 0\r\nSPOP others\r\nEXEC\r\nWAIT 1 0\r\n"),
    Pass(1000),
    Request("SWAPDB 1 3\r\nINCR number\r\nSELECT 3\r\nFLUSHDB\r\nSELECT 0\r\nINCR number\r\n"),
];

/// Goes through the session, one byte at a time; `look` sees the world after each, with the link and who has said the byte.
pub(super) fn go_through(load: DisklessLoad, look: &mut dyn FnMut(&mut Pair, usize, usize)) -> Pair {
    let mut pair = Pair::start([MASTERS_DATA, REPLICAS_DATA], load);
    carry(&mut pair, look, BYTES_BEFORE_THE_FIRST_WRITE);
    pair.request(WHILE_THE_DATA_COME);
    carry(&mut pair, look, usize::MAX);
    for steps in [ON_THE_FIRST_LINK, ON_THE_SECOND_LINK] {
        for step in [steps; 3].concat() {
            match step {
                Request(lines) => pair.request(lines),
                Pass(milliseconds) => {
                    let end = pair.after_ms(milliseconds);
                    while !pair.tick(end) {
                        carry(&mut pair, look, usize::MAX);
                    }
                }
            }
            carry(&mut pair, look, usize::MAX);
        }
        if pair.links.len() == 1 {
            for side in [MASTER, REPLICA] {
                pair.end(0, side, CloseCause::Eof);
            }
        }
    }
    pair
}

/// Carries what has been said, but no more than so many bytes of it.
fn carry(pair: &mut Pair, look: &mut dyn FnMut(&mut Pair, usize, usize), bytes_max: usize) {
    for _ in 0..bytes_max {
        let Some((link, from)) = pair.next_delivery() else { break };
        pair.deliver(link, from, 1);
        look(pair, link, from);
    }
    assert_no_error(&pair.take_replies());
}
