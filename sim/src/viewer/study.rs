//! How does a study get onto a page?
//!
//! Its report, and for each cell a film. The films are those of pages about a run, and so is what shows them: the page of a run stands in this one once, without its data, and is given those of the
//! film that is wanted.

use std::collections::BTreeMap;

use serde::Serialize;

use super::columns::Columns;
use super::film::Film;
use super::page::{Page, RUN, RUN_SCRIPTS, RUN_STYLES, STUDY, STUDY_SCRIPTS, STUDY_STYLES};

/// The form of the data of these pages. What reads another one says so.
const FORMAT: u32 = 1;
/// Where the data of a film go in the page that shows it.
const FILM: &str = "<!--film-->";
/// A page is kept below this, whatever it is to show.
pub const STUDY_BYTES_MAX: usize = 2_000_000;
/// What a page takes without films.
const FRAME_BYTES: usize = 300_000;

/// What a page about a study holds.
#[derive(Serialize)]
struct Head<'a, R> {
    page: &'static str,
    format: u32,
    report: &'a R,
    /// What each measure means.
    legend: &'a [(&'a str, &'a str)],
    /// The page of a run.
    template: String,
    /// Films by the names of their cells.
    films: BTreeMap<String, String>,
}

/// Films for a page about a study, as many as there is room for.
#[derive(Debug, Default)]
pub struct Films {
    packed: BTreeMap<String, String>,
    bytes: usize,
}

impl Films {
    /// Adds the film of a cell; false if there is no room for it.
    pub fn add(&mut self, cell: &str, film: Film, title: &str, command: &str) -> bool {
        let packed = film.pack(title, command);
        if self.bytes + packed.len() > STUDY_BYTES_MAX - FRAME_BYTES {
            return false;
        }
        self.bytes += packed.len();
        self.packed.insert(cell.into(), packed);
        true
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.packed.len()
    }

    /// The page: one file of HTML that needs no other, and asks for none.
    #[must_use]
    pub fn page(self, title: &str, report: &impl Serialize, legend: &[(&str, &str)]) -> String {
        let run = Page { title: "An example", body: RUN, styles: RUN_STYLES, scripts: RUN_SCRIPTS, data: FILM };
        let head = Head { page: "study", format: FORMAT, report, legend, template: run.to_html(), films: self.packed };
        let data = Columns::default().pack(&head);
        Page { title, body: STUDY, styles: STUDY_STYLES, scripts: STUDY_SCRIPTS, data: &data }.to_html()
    }
}
