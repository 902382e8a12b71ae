//! How are values of one argument read, shown and written back: flags, numbers, sizes, words and texts?

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::directive::{Kind, Mode, Reason, single};
use super::types::{ClientsMemory, Word};
use crate::codec::quoting::quote;

/// `yes` or `no`.
pub(super) struct Flag;

impl Kind<bool> for Flag {
    fn words(&self) -> String {
        String::from("yes / no")
    }

    fn parse(&self, value: &mut bool, arguments: &[&[u8]], _: Mode) -> Result<(), Reason> {
        let argument = single(arguments)?;
        *value = if argument.eq_ignore_ascii_case(b"yes") {
            true
        } else if argument.eq_ignore_ascii_case(b"no") {
            false
        } else {
            return Err(Reason::NotYesOrNo);
        };
        Ok(())
    }

    fn print(&self, value: &bool) -> String {
        String::from(if *value { "yes" } else { "no" })
    }
}

/// A decimal integer in a range; what lies in the range but outside `clamp` is moved to its nearer end.
pub(super) struct Integer {
    min: i64,
    max: i64,
    clamp: Option<(i64, i64)>,
}

impl Integer {
    pub(super) const fn new(min: i64, max: i64) -> Integer {
        let clamp = None;
        Integer { min, max, clamp }
    }

    pub(super) const fn clamped(min: i64, max: i64, low: i64, high: i64) -> Integer {
        let clamp = Some((low, high));
        Integer { min, max, clamp }
    }
}

impl<T: Copy + ToString + TryFrom<i64>> Kind<T> for Integer {
    fn words(&self) -> String {
        let range = format!("integer, {} to {}", self.min, self.max);
        match self.clamp {
            Some((low, high)) => format!("{range}, moved into {low} to {high}"),
            None => range,
        }
    }

    fn parse(&self, value: &mut T, arguments: &[&[u8]], _: Mode) -> Result<(), Reason> {
        let number = parse_integer(single(arguments)?).ok_or(Reason::NotInteger)?;
        let out_of_range = Reason::OutsideRange { min: self.min.into(), max: self.max.into() };
        if number < self.min || number > self.max {
            return Err(out_of_range);
        }
        let number = match self.clamp {
            Some((low, high)) => number.max(low).min(high),
            None => number,
        };
        *value = T::try_from(number).map_err(|_| out_of_range)?;
        Ok(())
    }

    fn print(&self, value: &T) -> String {
        value.to_string()
    }
}

/// An integer in its one canonical spelling: no sign `+`, no leading zero, no space.
pub(super) fn parse_integer(text: &[u8]) -> Option<i64> {
    let text = core::str::from_utf8(text).ok()?;
    let number: i64 = text.parse().ok()?;
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_canonical = !text.starts_with('+') && (text == "0" || !digits.starts_with('0'));
    is_canonical.then_some(number)
}

/// An integer in octal, from 0.
pub(super) struct Octal {
    pub(super) max: u32,
}

impl Kind<u32> for Octal {
    fn words(&self) -> String {
        format!("octal, 0 to {:o}", self.max)
    }

    fn parse(&self, value: &mut u32, arguments: &[&[u8]], _: Mode) -> Result<(), Reason> {
        let text = core::str::from_utf8(single(arguments)?).map_err(|_| Reason::NotOctal)?;
        let number = i64::from_str_radix(text, 8).map_err(|_| Reason::NotOctal)?;
        let too_large = Reason::OutsideOctalRange { max: self.max };
        let number = u32::try_from(number).map_err(|_| too_large.clone())?;
        if number > self.max {
            return Err(too_large);
        }
        *value = number;
        Ok(())
    }

    fn print(&self, value: &u32) -> String {
        format!("{value:o}")
    }
}

/// A number of bytes; less than `floor` means `floor`.
pub(super) struct Memory {
    pub(super) min: u64,
    pub(super) max: u64,
    pub(super) floor: u64,
}

impl Memory {
    pub(super) const fn new(min: u64, max: u64) -> Memory {
        Memory { min, max, floor: 0 }
    }
}

impl Kind<u64> for Memory {
    fn words(&self) -> String {
        let range = format!("memory, {} to {}", self.min, self.max);
        match self.floor {
            0 => range,
            floor => format!("{range}, raised to {floor}"),
        }
    }

    fn parse(&self, value: &mut u64, arguments: &[&[u8]], _: Mode) -> Result<(), Reason> {
        let bytes = parse_memory(single(arguments)?).ok_or(Reason::NotMemory)?;
        *value = in_range(bytes, self.min, self.max)?.max(self.floor);
        Ok(())
    }

    fn print(&self, value: &u64) -> String {
        value.to_string()
    }

    fn lines(&self, value: &u64) -> Vec<String> {
        alloc::vec![short_memory(*value)]
    }
}

/// `bytes` if it lies in the range.
fn in_range(bytes: u128, min: u64, max: u64) -> Result<u64, Reason> {
    match u64::try_from(bytes) {
        Ok(bytes) if (min..=max).contains(&bytes) => Ok(bytes),
        _ => Err(Reason::OutsideRange { min: min.into(), max: max.into() }),
    }
}

/// Bytes as Redis reads them: digits, then `b`, `k` = 1000, `kb` = 1024 and so on, in either case.
///
/// Differs: a missing number is refused where Redis reads it as 0, and a number beyond 64 bits is out of range
/// where Redis wraps it around.
#[must_use]
pub fn parse_memory(text: &[u8]) -> Option<u128> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, unit) = text.split_at(digits);
    let factor: u128 = match unit.to_ascii_lowercase().as_slice() {
        b"" | b"b" => 1,
        b"k" => 1000,
        b"kb" => 1 << 10,
        b"m" => 1_000_000,
        b"mb" => 1 << 20,
        b"g" => 1_000_000_000,
        b"gb" => 1 << 30,
        _ => return None,
    };
    // Only digits are left: what does not parse is larger than the type. No digits are none, as in Redis.
    let number: u128 = match core::str::from_utf8(number).ok()? {
        "" => 0,
        digits => digits.parse().unwrap_or(u128::MAX),
    };
    Some(number.saturating_mul(factor))
}

/// Bytes in the largest unit that divides them, as CONFIG REWRITE writes them.
pub(super) fn short_memory(bytes: u64) -> String {
    for (factor, unit) in [(1 << 30, "gb"), (1 << 20, "mb"), (1 << 10, "kb")] {
        if bytes != 0 && bytes.is_multiple_of(factor) {
            return format!("{}{unit}", bytes / factor);
        }
    }
    bytes.to_string()
}

/// A number of bytes or a percentage.
pub(super) struct MemoryOrPercent;

impl Kind<ClientsMemory> for MemoryOrPercent {
    fn words(&self) -> String {
        String::from("memory, or percentage up to 100%")
    }

    fn parse(&self, value: &mut ClientsMemory, arguments: &[&[u8]], _: Mode) -> Result<(), Reason> {
        let argument = single(arguments)?;
        *value = match argument.strip_suffix(b"%") {
            Some(number) => {
                let percent = parse_integer(number).and_then(|number| u64::try_from(number).ok());
                let percent = percent.ok_or(Reason::NotMemoryOrPercent)?;
                match u8::try_from(percent) {
                    Ok(percent) if percent <= 100 => ClientsMemory::Percent(percent),
                    _ => return Err(Reason::PercentAbove100),
                }
            }
            None => {
                let bytes = parse_memory(argument).ok_or(Reason::NotMemoryOrPercent)?;
                ClientsMemory::Bytes(in_range(bytes, 0, i64::MAX as u64)?)
            }
        };
        Ok(())
    }

    fn print(&self, value: &ClientsMemory) -> String {
        match value {
            ClientsMemory::Bytes(bytes) => bytes.to_string(),
            ClientsMemory::Percent(percent) => format!("{percent}%"),
        }
    }
}

/// One word out of a list.
pub(super) struct Choice;

impl<T: Word> Kind<T> for Choice {
    fn words(&self) -> String {
        T::WORDS.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(" / ")
    }

    fn parse(&self, value: &mut T, arguments: &[&[u8]], _: Mode) -> Result<(), Reason> {
        let argument = single(arguments)?;
        let found = T::WORDS.iter().find(|(word, _)| word.as_bytes().eq_ignore_ascii_case(argument));
        match found {
            Some((_, found)) => *value = *found,
            None => {
                return Err(Reason::NotOneOf(T::WORDS.iter().map(|(word, _)| *word).collect()));
            }
        }
        Ok(())
    }

    fn print(&self, value: &T) -> String {
        String::from(value.word())
    }
}

/// A text that passes a check; it may be empty.
pub(super) struct Text(pub(super) fn(&str) -> Result<(), Reason>);

/// Any text.
pub(super) const ANY_TEXT: Text = Text(|_| Ok(()));

impl Kind<String> for Text {
    fn words(&self) -> String {
        String::from("text")
    }

    fn parse(&self, value: &mut String, arguments: &[&[u8]], _: Mode) -> Result<(), Reason> {
        let text = utf8(single(arguments)?)?;
        self.0(text)?;
        *value = String::from(text);
        Ok(())
    }

    fn print(&self, value: &String) -> String {
        value.clone()
    }

    fn lines(&self, value: &String) -> Vec<String> {
        alloc::vec![quote(value.as_bytes())]
    }
}

/// A text, or nothing when it is empty.
pub(super) struct OptionalText;

impl<T: AsRef<str> + From<String>> Kind<Option<T>> for OptionalText {
    fn words(&self) -> String {
        String::from("text, empty for none")
    }

    fn parse(&self, value: &mut Option<T>, arguments: &[&[u8]], _: Mode) -> Result<(), Reason> {
        let text = utf8(single(arguments)?)?;
        *value = (!text.is_empty()).then(|| T::from(String::from(text)));
        Ok(())
    }

    fn print(&self, value: &Option<T>) -> String {
        value.as_ref().map_or_else(String::new, |text| String::from(text.as_ref()))
    }

    fn lines(&self, value: &Option<T>) -> Vec<String> {
        value.iter().map(|text| quote(text.as_ref().as_bytes())).collect()
    }
}

pub(super) fn utf8(argument: &[u8]) -> Result<&str, Reason> {
    core::str::from_utf8(argument).map_err(|_| Reason::NotUtf8)
}
