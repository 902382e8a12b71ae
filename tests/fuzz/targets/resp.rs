//! Bytes of a client into a node.
#![no_main]

use std::sync::LazyLock;

use afterimage_tests::{Inside, harm};
use libfuzzer_sys::fuzz_target;

thread_local! {
    static VICTIM: LazyLock<Inside> = const { LazyLock::new(harm::victim) };
}

fuzz_target!(|bytes: &[u8]| {
    VICTIM.with(|victim| harm::request(victim, bytes));
});
