//! In what form do a page's data travel?
//!
//! As columns: all times one after another, then all kinds, and so on, since neighbours in a column are alike and pack well. A column is a run of unsigned
//! numbers in groups of seven bits, the lowest first; what may be negative is folded so that small numbers stay small. The whole begins with its head, JSON
//! that also names each column with its numbers and bytes, is packed by gzip, whose checksum tells a file that was damaged, and is written in base 64.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

/// Columns, in the order in which they were added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Columns {
    directory: Vec<Entry>,
    bytes: Vec<u8>,
}

/// What the head says of a column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Entry {
    name: &'static str,
    /// Numbers in it; a text has none.
    rows: u64,
    bytes: u64,
}

/// The head, and where its columns are.
#[derive(Serialize)]
struct Whole<'a, H> {
    #[serde(flatten)]
    head: &'a H,
    columns: &'a [Entry],
}

impl Columns {
    /// Adds a column of numbers.
    pub(super) fn add(&mut self, name: &'static str, numbers: impl IntoIterator<Item = u64>) {
        let start = self.bytes.len();
        let mut rows = 0;
        for number in numbers {
            rows += 1;
            put(&mut self.bytes, number);
        }
        self.directory.push(Entry { name, rows, bytes: (self.bytes.len() - start) as u64 });
    }

    /// Adds a column of numbers that are told by how much each is more than the one before, or less.
    pub(super) fn add_steps(&mut self, name: &'static str, numbers: impl IntoIterator<Item = u64>) {
        let mut before = 0;
        self.add(
            name,
            numbers.into_iter().map(|number| fold(number.wrapping_sub(std::mem::replace(&mut before, number)))),
        );
    }

    /// Adds texts, a line each.
    pub(super) fn add_lines<'a>(&mut self, name: &'static str, lines: impl IntoIterator<Item = &'a str>) {
        let start = self.bytes.len();
        for line in lines {
            self.bytes.extend(line.bytes().map(|byte| if byte == b'\n' { b' ' } else { byte }));
            self.bytes.push(b'\n');
        }
        self.directory.push(Entry { name, rows: 0, bytes: (self.bytes.len() - start) as u64 });
    }

    /// The text that stands in a page.
    pub(super) fn pack(&self, head: &impl Serialize) -> String {
        let head = serde_json::to_vec(&Whole { head, columns: &self.directory })
            .expect("a head has only strings, numbers and lists");
        let len = u32::try_from(head.len()).expect("a head is some kilobytes long");
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        let parts = [&len.to_le_bytes()[..], &head, &self.bytes];
        let packed = parts.iter().try_for_each(|part| packer.write_all(part)).and_then(|()| packer.finish());
        STANDARD.encode(packed.expect("memory takes what is written"))
    }
}

/// A step up or down as one number: 0, -1, 1, -2, ...
fn fold(step: u64) -> u64 {
    (step << 1) ^ (((step as i64) >> 63) as u64)
}

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    /// Reads a column as the page does.
    fn read(bytes: &[u8]) -> Vec<u64> {
        let mut numbers = Vec::new();
        let (mut number, mut shift) = (0, 0);
        for byte in bytes {
            number |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                numbers.push(std::mem::take(&mut number));
                shift = 0;
            }
        }
        numbers
    }

    fn unfold(steps: &[u64]) -> Vec<u64> {
        let mut at = 0_u64;
        let mut numbers = Vec::new();
        for folded in steps {
            at = at.wrapping_add((folded >> 1) ^ (folded & 1).wrapping_neg());
            numbers.push(at);
        }
        numbers
    }

    #[test]
    fn numbers_of_all_sizes_come_back() {
        let numbers = [0, 1, 127, 128, 16_383, 16_384, u64::from(u32::MAX), 1 << 53, u64::MAX];
        let mut columns = Columns::default();
        columns.add("some", numbers);
        assert_eq!(read(&columns.bytes), numbers);
    }

    #[test]
    fn steps_up_and_down_come_back_and_small_ones_take_a_byte() {
        let numbers = [5, 5, 6, 0, 63, 0, u64::MAX, 1];
        let mut columns = Columns::default();
        columns.add_steps("some", numbers);
        assert_eq!(unfold(&read(&columns.bytes)), numbers);
        let mut near = Columns::default();
        near.add_steps("some", [1000, 1001, 1000, 1060, 1000]);
        assert_eq!(near.bytes.len(), 6);
    }

    #[test]
    fn what_is_packed_has_its_head_first_and_each_column_where_the_head_says() {
        let mut columns = Columns::default();
        columns.add("one", [1, 300]);
        columns.add_lines("two", ["a\nb", "c"]);
        let packed = columns.pack(&serde_json::json!({ "page": "test" }));
        let packed = STANDARD.decode(packed).expect("it is base 64");
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut bytes).expect("it unpacks");
        let len = u32::from_le_bytes(bytes[..4].try_into().expect("four bytes")) as usize;
        let head: serde_json::Value = serde_json::from_slice(&bytes[4..4 + len]).expect("a head is JSON");
        let expected = serde_json::json!({ "page": "test", "columns": [
            { "name": "one", "rows": 2, "bytes": 3 }, { "name": "two", "rows": 0, "bytes": 6 },
        ] });
        assert_eq!(head, expected);
        assert_eq!(read(&bytes[4 + len..][..3]), [1, 300]);
        assert_eq!(&bytes[4 + len + 3..], b"a b\nc\n");
    }
}
