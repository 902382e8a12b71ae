//! Which mistakes on purpose does a plan ask for?
//!
//! They are in the engine, and only if that was built with the feature `museum`, as `cargo sim` builds it.

#[cfg(feature = "museum")]
mod hunt;

use afterimage_core::museum::Defects;

#[cfg(feature = "museum")]
pub use hunt::{Find, Hunt};

/// The names of all defects that this build knows.
#[must_use]
pub fn names() -> Vec<&'static str> {
    #[cfg(feature = "museum")]
    return afterimage_core::museum::Defect::ALL.iter().map(|defect| defect.name()).collect();
    #[cfg(not(feature = "museum"))]
    Vec::new()
}

/// Looks for names that this build does not know.
///
/// # Errors
///
/// Says which name is unknown.
pub fn check(wanted: &[String]) -> Result<(), String> {
    defects(wanted).map(drop)
}

/// The defects of these names.
///
/// # Errors
///
/// Says which name is unknown.
pub(crate) fn defects(wanted: &[String]) -> Result<Defects, String> {
    wanted.iter().try_fold(Defects::default(), |defects, name| {
        with(defects, name).ok_or_else(|| match names().as_slice() {
            [] => format!(
                "this build makes no mistakes on purpose, and none called {name}: build it with --features museum"
            ),
            known => format!("there is no defect {name}; there are {}", known.join(", ")),
        })
    })
}

#[cfg(feature = "museum")]
fn with(defects: Defects, name: &str) -> Option<Defects> {
    let all = afterimage_core::museum::Defect::ALL.iter();
    all.copied().find(|defect| defect.name() == name).map(|defect| defects.with(defect))
}

#[cfg(not(feature = "museum"))]
fn with(_: Defects, _: &str) -> Option<Defects> {
    None
}
