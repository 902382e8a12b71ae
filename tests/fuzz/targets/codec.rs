//! Bytes into the reader of one compact encoding, which the first byte chooses.
#![no_main]

use afterimage_tests::harm;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    match choice % 5 {
        0 => harm::listpack(bytes),
        1 => harm::ziplist(bytes),
        2 => harm::zipmap(bytes),
        3 => harm::intset(bytes),
        _ => harm::lzf(bytes),
    };
});
