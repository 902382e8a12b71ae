//! Which module wrote this?
//!
//! Data of modules begin with an id: nine characters of six bits each, and ten bits for the version of the encoding. Modules are not
//! supported here; to name the one that is missing is all that is done with it.

use alloc::string::String;

const CHARACTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const VERSION_BITS: u32 = 10;
const CHARACTER_BITS: u32 = 6;
const NAME_CHARACTERS: u32 = 9;

/// The name in a module's id: `ReJSON-RL`.
#[must_use]
pub fn module_name(id: u64) -> String {
    let places = (0..NAME_CHARACTERS).rev().map(|place| VERSION_BITS + place * CHARACTER_BITS);
    places.map(|shift| char::from(CHARACTERS[(id >> shift) as usize % CHARACTERS.len()])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_module_is_read_from_its_id() {
        // As redis-server 7.0.15 names them.
        for (id, name) in [(0x45e25238df912c03, "ReJSON-RL"), (0, "AAAAAAAAA"), (u64::MAX, "_________")] {
            assert_eq!(module_name(id), name);
        }
    }
}
