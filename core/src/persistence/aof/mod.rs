//! The append-only file: which files it consists of, what stands in them, how much of them may be believed.

mod check;
mod manifest;
mod marks;
#[cfg(test)]
mod tests;

pub use check::{Checker, Damage, Fault, Verdict};
pub use manifest::{BaseForm, Manifest, ManifestError, Part, Role, manifest_name, number_of};
pub use marks::{Mark, Seal};
