//! A configuration file.
#![no_main]

use afterimage_tests::harm;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    harm::config(bytes);
});
