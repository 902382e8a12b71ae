//! Which files of real servers are kept beside the tests, so that they can be read and broken where no such server is?

use std::fs;
use std::path::PathBuf;

use afterimage_core::Config;
use afterimage_core::codec::siphash::HashKey;
use afterimage_core::rdb::{Dialect, Reader, opcode};
use afterimage_core::value::Limits;
use afterimage_core::value::rdb::{BuildRules, Step, read_value};

/// Bytes of the signature at the head of a file.
const SIGNATURE_BYTES: usize = 9;

/// Where they lie.
#[must_use]
pub fn golden_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden")
}

/// All of them, by name.
///
/// # Panics
/// If they cannot be read.
#[must_use]
pub fn golden_files() -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(golden_dir()).expect("golden files lie beside the tests");
    let mut files: Vec<(String, Vec<u8>)> = entries
        .map(|entry| {
            let path = entry.expect("the directory can be read").path();
            let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
            (name, fs::read(&path).expect("golden files can be read"))
        })
        .collect();
    files.sort();
    files
}

/// The values in a file, each as the payload of a DUMP without its footer.
///
/// # Panics
/// If the file is damaged.
#[must_use]
pub fn payloads(file: &[u8]) -> Vec<Vec<u8>> {
    let dialect = if file.starts_with(b"VALKEY") { Dialect::Valkey } else { Dialect::Redis };
    let rules = BuildRules { limits: Limits::of(&Config::default()), order: HashKey::new(1, 2), dialect };
    let mut reader = Reader::new(&file[SIGNATURE_BYTES..]);
    let mut payloads = Vec::new();
    loop {
        let operation = reader.byte().expect("a file ends by its own word");
        let skipped = match operation {
            opcode::EOF => return payloads,
            opcode::SELECTDB | opcode::IDLE => reader.length().map(drop),
            opcode::RESIZEDB => reader.length().and_then(|_| reader.length()).map(drop),
            opcode::EXPIRETIME_MS => reader.take(8).map(drop),
            opcode::EXPIRETIME => reader.take(4).map(drop),
            opcode::FREQ => reader.byte().map(drop),
            opcode::AUX => reader.string().and_then(|_| reader.string()).map(drop),
            opcode::FUNCTION2 => reader.string().map(drop),
            value_type => {
                reader.string().expect("a key");
                let start = reader.position();
                let step = read_value(&mut reader, value_type, &rules).expect("a value");
                if let Step::Begun(mut partial) = step {
                    while partial.advance(&mut reader, &rules).expect("a part of a value").is_none() {}
                }
                let value = &file[SIGNATURE_BYTES + start..SIGNATURE_BYTES + reader.position()];
                payloads.push([&[value_type], value].concat());
                Ok(())
            }
        };
        skipped.expect("an operation with its operands");
    }
}
