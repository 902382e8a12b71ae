//! What of the engine has a run come to, and what has no run come to?
//!
//! Nodes keep [marks](afterimage_core::marks) if the engine was built with the feature `marks`, as `cargo sim` builds it. Without it nothing is known of them,
//! and nothing is told.

use std::collections::BTreeMap;
use std::fmt;

use afterimage_core::Node;
use serde::{Deserialize, Serialize, Serializer};

use crate::fingerprint::hash_bytes;
use crate::prints::Print;

/// The marks that a run has reached. In text it is a hexadecimal number, the lowest bit of which is the first mark of the engine's list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reached(u128);

/// How many runs have reached each mark.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// By the mark's place in the list.
    seen: BTreeMap<usize, Seen>,
}

/// Who has reached a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// In how many seeds.
    pub seeds: u64,
    /// The first of them.
    #[serde(with = "crate::wide")]
    pub first_seed: u64,
}

/// A mark, as reports tell of it.
#[derive(Clone, Copy, Debug)]
struct Known {
    name: &'static str,
    description: &'static str,
}

#[cfg(feature = "marks")]
fn known() -> Vec<Known> {
    let all = afterimage_core::marks::Mark::ALL.iter();
    all.map(|mark| Known { name: mark.name(), description: mark.card() }).collect()
}

#[cfg(not(feature = "marks"))]
fn known() -> Vec<Known> {
    Vec::new()
}

/// The names of all marks that this build knows, in the order of their bits.
#[must_use]
pub fn names() -> Vec<&'static str> {
    known().into_iter().map(|mark| mark.name).collect()
}

/// What is known of a mark.
#[must_use]
pub fn describe(name: &str) -> Option<&'static str> {
    known().into_iter().find(|mark| mark.name == name).map(|mark| mark.description)
}

/// Tells two lists of marks apart: the same bits are the same marks only if this is the same. None in a build that knows no marks.
#[must_use]
pub fn list() -> Option<Print> {
    let names = names();
    (!names.is_empty()).then(|| Print(hash_bytes(names.join(" ").as_bytes())))
}

impl Reached {
    /// True if nothing was reached, or nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0 == 0
    }

    /// Adds what a node has reached in its life.
    #[cfg(feature = "marks")]
    pub(crate) fn add(&mut self, node: &Node) {
        self.0 |= node.marks().bits();
    }

    /// Nothing: the engine keeps no marks.
    #[cfg(not(feature = "marks"))]
    pub(crate) fn add(&mut self, _: &Node) {}

    fn places(self) -> impl Iterator<Item = usize> {
        (0..u128::BITS as usize).filter(move |place| self.0 >> place & 1 == 1)
    }
}

impl TryFrom<String> for Reached {
    type Error = String;

    fn try_from(text: String) -> Result<Reached, String> {
        u128::from_str_radix(&text, 16).map(Reached).map_err(|_| format!("`{text}` is no hexadecimal number of marks"))
    }
}

impl From<Reached> for String {
    fn from(reached: Reached) -> String {
        format!("{:x}", reached.0)
    }
}

impl Coverage {
    /// Adds a run.
    pub fn add(&mut self, seed: u64, reached: Reached) {
        for place in reached.places() {
            let seen = self.seen.entry(place).or_insert(Seen { seeds: 0, first_seed: seed });
            seen.seeds += 1;
            seen.first_seed = seen.first_seed.min(seed);
        }
    }

    /// True if there is nothing to be told: no run has reached anything, or this build knows no marks.
    #[must_use]
    pub fn is_untold(&self) -> bool {
        self.seen.is_empty() || known().is_empty()
    }

    /// The names of the marks that no run has reached.
    #[must_use]
    pub fn never(&self) -> Vec<&'static str> {
        self.rows().into_iter().filter(|(_, seen)| seen.is_none()).map(|(mark, _)| mark.name).collect()
    }

    /// All marks with who has reached them, a line each.
    #[must_use]
    pub fn table(&self) -> impl fmt::Display {
        Table(self.rows())
    }

    fn rows(&self) -> Vec<(Known, Option<Seen>)> {
        known().into_iter().enumerate().map(|(place, mark)| (mark, self.seen.get(&place).copied())).collect()
    }
}

/// How many were reached, and which were not.
impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (known, never) = (known().len(), self.never());
        write!(f, "marks: {} of {known} reached", known - never.len())?;
        if never.is_empty() { Ok(()) } else { write!(f, "; never: {}", never.join(", ")) }
    }
}

impl Serialize for Coverage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Told {
            known: usize,
            reached: BTreeMap<&'static str, Seen>,
            never: Vec<&'static str>,
        }
        let rows = self.rows();
        let reached = rows.iter().filter_map(|(mark, seen)| Some((mark.name, (*seen)?)));
        Told { known: rows.len(), reached: reached.collect(), never: self.never() }.serialize(serializer)
    }
}

struct Table(Vec<(Known, Option<Seen>)>);

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>8}  {:>10}  mark", "seeds", "first")?;
        for (Known { name, description }, seen) in &self.0 {
            let meaning = description.lines().next().unwrap_or_default().trim();
            match seen {
                Some(Seen { seeds, first_seed }) => write!(f, "{seeds:>8}  {first_seed:>10}  ")?,
                None => write!(f, "{:>8}  {:>10}  ", "never", "")?,
            }
            writeln!(f, "{name:<32}  {meaning}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_reached_comes_back_from_text() {
        for bits in [1, 0xdead_beef, 1 << 127] {
            let text = serde_json::to_string(&Reached(bits)).expect("it is text");
            assert_eq!(serde_json::from_str::<Reached>(&text).expect("it reads its own text"), Reached(bits));
        }
        assert!(serde_json::from_str::<Reached>("\"marks\"").is_err());
    }

    #[cfg(feature = "marks")]
    #[test]
    fn the_report_names_what_no_run_has_reached_and_counts_what_some_have() {
        let names = names();
        let mut coverage = Coverage::default();
        assert!(coverage.is_untold());
        // All but the second one, the first one twice.
        let all = (1 << names.len()) - 1;
        coverage.add(9, Reached(all & !2));
        coverage.add(4, Reached(1));
        let (reached, known) = (names.len() - 1, names.len());
        assert_eq!(coverage.to_string(), format!("marks: {reached} of {known} reached; never: {}", names[1]));
        let told = serde_json::to_value(&coverage).expect("it is JSON");
        assert_eq!(told["never"], serde_json::json!([names[1]]));
        assert_eq!(told["reached"][names[0]], serde_json::json!({ "seeds": 2, "first_seed": 4 }));
        assert_eq!(told["reached"][names[2]], serde_json::json!({ "seeds": 1, "first_seed": 9 }));
        let table = coverage.table().to_string();
        let line = |name: &str| table.lines().find(|line| line.contains(name)).expect("each has a line").to_owned();
        assert!(line(names[1]).trim_start().starts_with("never "), "{table}");
        assert!(line(names[0]).trim_start().starts_with("2 "), "{table}");
        coverage.add(5, Reached(2));
        assert_eq!(coverage.to_string(), format!("marks: {known} of {known} reached"));
    }
}
