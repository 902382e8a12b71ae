//! How does a number of 64 bits get through JSON whole?
//!
//! JSON sets numbers no bounds, but many programs that read it keep 53 bits of them. So a fingerprint is a text of sixteen hexadecimal digits, and a seed is a number as long as such
//! programs read it right, and else a text with its decimal digits. Both are read from either, as older files have plain numbers.

use std::fmt;

use serde::de::{self, Unexpected, Visitor};
use serde::{Deserializer, Serializer};

use crate::prints::Print;

/// From this number on there are some that a program with 53 bits takes for another.
const EXACT_MAX: u64 = 1 << 53;

/// A fingerprint: `#[serde(with = "…")]`.
pub mod hexadecimal {
    use super::{Digits, Print};
    use serde::{Deserializer, Serializer};

    /// Writes sixteen digits.
    ///
    /// # Errors
    ///
    /// If they cannot be written.
    pub fn serialize<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Print(*value))
    }

    /// Reads sixteen digits, or a number.
    ///
    /// # Errors
    ///
    /// Says what there is instead.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        deserializer.deserialize_any(Digits::Hexadecimal)
    }
}

/// Writes a seed: a number, or a text if many programs would not read the number right.
///
/// # Errors
///
/// If it cannot be written.
pub fn serialize<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    if *value <= EXACT_MAX { serializer.serialize_u64(*value) } else { serializer.collect_str(value) }
}

/// Reads a seed from either.
///
/// # Errors
///
/// Says what there is instead.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    deserializer.deserialize_any(Digits::Decimal)
}

/// What a text is taken for. A number is always itself.
enum Digits {
    Decimal,
    Hexadecimal,
}

impl Visitor<'_> for Digits {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Digits::Decimal => "a number of 64 bits, or a text with its digits",
            Digits::Hexadecimal => "a fingerprint of sixteen hexadecimal digits",
        })
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<u64, E> {
        Ok(number)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<u64, E> {
        let number = match self {
            Digits::Decimal => text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit())),
            Digits::Hexadecimal => text.parse().ok().map(|Print(value)| value),
        };
        number.ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Both {
        #[serde(with = "crate::wide")]
        seed: u64,
        #[serde(with = "crate::wide::hexadecimal")]
        fingerprint: u64,
    }

    #[test]
    fn what_is_written_is_exact_in_programs_with_53_bits_and_comes_back() {
        for (seed, written) in [
            (7, json!(7)),
            (1 << 53, json!(9_007_199_254_740_992_u64)),
            ((1 << 53) + 1, json!("9007199254740993")),
            (u64::MAX, json!("18446744073709551615")),
        ] {
            let both = Both { seed, fingerprint: seed };
            let value = serde_json::to_value(&both).expect("it is JSON");
            assert_eq!(value, json!({ "seed": written, "fingerprint": format!("{seed:016x}") }));
            assert_eq!(serde_json::from_value::<Both>(value).expect("it reads what it writes"), both);
        }
    }

    #[test]
    fn plain_numbers_of_older_files_are_read_and_other_texts_are_not() {
        let read = |value| serde_json::from_value::<Both>(value).map_err(|error| error.to_string());
        let old = json!({ "seed": u64::MAX, "fingerprint": u64::MAX });
        assert_eq!(read(old), Ok(Both { seed: u64::MAX, fingerprint: u64::MAX }));
        for (seed, fingerprint) in
            [(json!("+7"), json!(1)), (json!("x"), json!(1)), (json!(-1), json!(1)), (json!(1), json!("12"))]
        {
            read(json!({ "seed": seed, "fingerprint": fingerprint })).expect_err("it is neither");
        }
    }
}
