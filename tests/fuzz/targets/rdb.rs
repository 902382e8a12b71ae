//! A whole snapshot through the loader, its checksum left out so that every change reaches the readers.
#![no_main]

use afterimage_tests::harm;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let inner = bytes.len().saturating_sub(8);
    harm::load(&[&bytes[..inner], &[0; 8]].concat());
});
