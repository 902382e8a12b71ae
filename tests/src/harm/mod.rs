//! Does a node that met damaged bytes refuse them, or else hold data that can be used?
//!
//! Each function takes any bytes and panics if they did harm. The tests give it golden files that they damage, the fuzzer whatever it finds.

mod codecs;
mod damage;
mod read;
mod use_up;

use afterimage_core::Config;
use afterimage_core::codec::crc64;
use afterimage_core::port::ExitCode;

use crate::inside::Inside;
use crate::reply::Reply;

pub use codecs::{intset, listpack, lzf, ziplist, zipmap};
pub use damage::Damage;

/// What became of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// They were refused in words.
    Refused,
    /// They were taken, and are good.
    Taken,
}

/// The bytes are the snapshot that a node starts with.
///
/// # Panics
/// If they did harm.
pub fn load(bytes: &[u8]) -> Fate {
    let mut node = Inside::over(bytes);
    if let Some(exit) = node.exit() {
        assert_eq!(exit, ExitCode::Failed);
        let last = node.log().last().expect("it says why");
        assert!(last.contains("(at byte "), "{last}");
        return Fate::Refused;
    }
    let keys = read::everything(&mut node);
    assert!(matches!(node.line("save"), Reply::Simple(_)));
    let saved = node.file("dump.rdb").expect("SAVE wrote a file");
    let mut again = Inside::over(saved);
    assert_eq!(again.exit(), None, "{:?}", again.log().last());
    assert_eq!(again.line("debug digest"), node.line("debug digest"), "it comes back as it was saved");
    drop(again);
    use_up::everything(&mut node, keys);
    Fate::Taken
}

/// A node with something to lose, which payloads are restored over.
#[must_use]
pub fn victim() -> Inside {
    let mut node = Inside::start([].into());
    assert!(node.line("set k before").is_ok());
    node
}

/// The bytes are a payload for RESTORE, which gets its checksum here.
///
/// # Panics
/// If they did harm.
pub fn restore(victim: &Inside, bytes: &[u8]) -> Fate {
    let mut node = victim.clone();
    let mut payload = bytes.to_vec();
    payload.extend_from_slice(&[10, 0]);
    payload.extend_from_slice(&crc64::update(0, &payload).to_le_bytes());
    if let Reply::Error(error) = node.call(&[b"restore".as_slice(), b"k", b"0", &payload, b"replace"]) {
        assert_eq!(error, "ERR Bad data format");
        assert_eq!(node.line("get k"), Reply::Bulk(b"before".to_vec()), "what was there is there");
        return Fate::Refused;
    }
    let keys = read::everything(&mut node);
    let Reply::Bulk(dumped) = node.line("dump k") else { panic!("what was restored can be dumped") };
    assert!(node.call(&[b"restore".as_slice(), b"twin", b"0", &dumped]).is_ok());
    let digests = node.line("debug digest-value k twin").elements();
    assert_eq!(digests[0], digests[1], "its payload says the same");
    assert_eq!(node.line("del twin").integer(), 1);
    use_up::everything(&mut node, keys);
    Fate::Taken
}

/// The bytes are the snapshot that a master sends to a replica with data of its own.
///
/// # Panics
/// If they did harm.
pub fn synchronise(victim: &Inside, bytes: &[u8]) -> Fate {
    const HISTORY: &str = "0123456789abcdef0123456789abcdef01234567";
    let mut node = victim.clone();
    let before = node.line("debug digest");
    assert!(node.line("replicaof 127.0.0.1 7000").is_ok());
    let master = node.answer_dial().expect("a replica dials its master at once");
    node.send_on(master, b"+PONG\r\n");
    // Whatever it says of itself is fine.
    let said = node.take_said();
    let options = said.windows(8).filter(|word| word == b"REPLCONF").count();
    node.send_on(master, "+OK\r\n".repeat(options).as_bytes());
    // Where its history comes from it does not tell.
    if node.take_said().ends_with(b"INFO\r\n") {
        node.send_on(master, b"-NOPERM no\r\n");
    }
    node.send_on(master, format!("+FULLRESYNC {HISTORY} 100\r\n${}\r\n", bytes.len()).as_bytes());
    // In two pieces, so that something is begun when the rest comes.
    let (first, second) = bytes.split_at(bytes.len() / 2);
    node.send_on(master, first);
    assert_eq!(node.line("debug digest"), before, "half a snapshot changes nothing");
    node.send_on(master, second);
    if !node.line("info replication").text().contains("master_link_status:up") {
        assert_eq!(node.line("debug digest"), before, "what was refused changes nothing");
        return Fate::Refused;
    }
    assert!(node.line("replicaof no one").is_ok());
    let keys = read::everything(&mut node);
    use_up::everything(&mut node, keys);
    Fate::Taken
}

/// The bytes come from a client.
///
/// # Panics
/// If they did harm.
pub fn request(victim: &Inside, bytes: &[u8]) -> Fate {
    let mut node = victim.clone();
    node.send(bytes);
    while node.take_reply().is_some() {}
    if node.exit().is_some() || node.is_closed() {
        return Fate::Refused;
    }
    node.reconnect();
    assert!(node.take_reply().is_none());
    Fate::Taken
}

/// The bytes are a configuration file.
///
/// # Panics
/// If they did harm.
pub fn config(bytes: &[u8]) -> Fate {
    let loaded = Config::load(Some(("redis.conf", bytes)), &[], &mut |_| Ok(String::new()));
    match loaded {
        Err(error) => {
            assert!(!error.to_string().is_empty());
            Fate::Refused
        }
        Ok(config) => {
            // What is written is read as the same.
            let written = config.rewrite(&String::from_utf8_lossy(bytes));
            let again = Config::load(Some(("redis.conf", written.as_bytes())), &[], &mut |_| Ok(String::new()));
            assert_eq!(again.as_ref(), Ok(&config), "{written}");
            Fate::Taken
        }
    }
}
