//! How is a study told in a terminal?

use std::fmt;

use super::cell::FACTORS;
use super::statistics::{Mean, Quantiles, Share};
use super::study::{Against, CellReport, Report};

/// What the columns mean. The page tells it, too.
pub const LEGEND: [(&str, &str); 9] = [
    ("total loss", "of the keys whose write was acknowledged before the crash no node has a single one in the end"),
    ("partial loss", "no node has some of them, but not all are gone"),
    ("master empty", "the node that serves as master in the end has none of them"),
    (
        "lost writes",
        "acknowledged writes, before the crash or after it, that the node that serves as master in the end has not",
    ),
    ("gone for good", "those of them that no other node has either, and no archive"),
    ("wiped", "of the two replicas, those that have none of the endangered keys in the end"),
    (
        "no writes",
        "seconds from the crash to the next acknowledged write, the median and what 95 of a hundred runs are not above; all that was watched if there was none",
    ),
    ("held off", "a replica refuses its master's data in the end, and somebody has to decide"),
    ("falsely", "it does so although its master has all that it has, or refused what would have taken nothing from it"),
];

/// Headings, and how wide each column is.
const COLUMNS: [(&str, usize); 9] = [
    ("total loss %", 16),
    ("partial loss %", 16),
    ("master empty %", 16),
    ("lost writes", 16),
    ("gone for good", 16),
    ("wiped", 6),
    ("no writes, s", 13),
    ("held off %", 16),
    ("falsely %", 10),
];

impl Report {
    /// The rows of the table: each cell with what its columns say.
    fn rows(&self) -> impl Iterator<Item = (&CellReport, [String; 9])> {
        self.cells.iter().map(|cell| {
            let row = [
                percent(cell.total_loss.as_ref()),
                percent(cell.partial_loss.as_ref()),
                percent(cell.master_empty.as_ref()),
                number(cell.lost_writes.as_ref()),
                number(cell.unrecoverable.as_ref()),
                cell.wiped_replicas.map_or_else(|| "-".into(), |wiped| format!("{:.1}", wiped.mean)),
                seconds(cell),
                percent(Some(&cell.held_off)),
                format!("{:.0}", cell.falsely_held_off.share * 100.0),
            ];
            (cell, row)
        })
    }

    /// The table in Markdown, without what is the same in all rows.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let rows: Vec<_> = self.rows().collect();
        let differs = |column: usize| rows.iter().any(|(_, row)| row[column] != rows[0].1[column]);
        let columns: Vec<usize> = (0..COLUMNS.len()).filter(|column| differs(*column)).collect();
        let headings: Vec<&str> = columns.iter().map(|column| COLUMNS[*column].0).collect();
        let mut text = format!("| cell | {} |\n| --- |{}\n", headings.join(" | "), " ---: |".repeat(columns.len()));
        for (cell, row) in &rows {
            let row: Vec<&str> = columns.iter().map(|column| row[*column].as_str()).collect();
            text += &format!("| `{}` | {} |\n", cell.name, row.join(" | "));
        }
        text
    }
}

/// A share in percent, and its interval.
fn percent(share: Option<&Share>) -> String {
    let Some(Share { share, low, high, .. }) = share else { return "-".into() };
    format!("{:.0} [{:.0}..{:.0}]", share * 100.0, low * 100.0, high * 100.0)
}

/// A mean, and its interval.
fn number(mean: Option<&Mean>) -> String {
    let Some(Mean { mean, low, high }) = mean else { return "-".into() };
    let digits = usize::from(*mean > 0.0 && *mean < 9.95);
    // Neither end is below zero, nor is a zero.
    let [mean, low, high] = [mean, low, high].map(|value| format!("{:.digits$}", value.max(0.0)));
    if low == high { mean } else { format!("{mean} [{low}..{high}]") }
}

fn seconds(cell: &CellReport) -> String {
    let never = if cell.never_resumed.is_some_and(|never| never.count > 0) { "!" } else { "" };
    cell.without_writes_quantiles_s
        .map_or_else(|| "-".into(), |Quantiles { median, p95 }| format!("{median:.1} / {p95:.1}{never}"))
}

fn signed(mean: Option<Mean>, scale: f64) -> String {
    mean.map_or_else(
        || "-".into(),
        |Mean { mean, low, high }| {
            // No zero is below zero.
            let [mean, low, high] = [mean, low, high].map(|value| (scale * value * 10.0).round() / 10.0 + 0.0);
            if low == high { format!("{mean:+.1}") } else { format!("{mean:+.1} [{low:+.1}..{high:+.1}]") }
        },
    )
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = FACTORS.join("/");
        let width = self.cells.iter().map(|cell| cell.name.len()).max().unwrap_or(0).max(names.len());
        write!(f, "{names:width$}")?;
        for (heading, columns) in COLUMNS {
            write!(f, "  {heading:>columns$}")?;
        }
        writeln!(f, "  example")?;
        for (cell, row) in self.rows() {
            write!(f, "{:width$}", cell.name)?;
            for (text, (_, columns)) in row.iter().zip(COLUMNS) {
                write!(f, "  {text:>columns$}")?;
            }
            writeln!(f, "  seed {}: {}", cell.example.seed, cell.example.what.in_words())?;
        }
        writeln!(f)?;
        for (name, meaning) in LEGEND {
            writeln!(f, "{name:>14}: {meaning}")?;
        }
        writeln!(
            f,
            "  Intervals in brackets: 95 % (Wilson, Student). `!`: in some runs nobody could write again as long as they were watched. `-`: no run tells of it."
        )?;
        for untold in self.cells.iter().filter(|cell| cell.at_risk < self.runs) {
            writeln!(
                f,
                "  NOTHING AT RISK in {} of {} runs of {}: no write was acknowledged before the crash, so that they tell nothing of losses, and are not counted",
                self.runs - untold.at_risk,
                self.runs,
                untold.name
            )?;
        }
        for policy in &self.against_allow {
            let Against { total_loss, lost_writes, unrecoverable, without_writes_s } = policy.against;
            writeln!(
                f,
                "  {} against allow, the same accidents ({} pairs): total loss {} points, lost writes {}, gone for good {}, without writes {} s",
                policy.guard,
                policy.pairs,
                signed(total_loss, 100.0),
                signed(lost_writes, 1.0),
                signed(unrecoverable, 1.0),
                signed(without_writes_s, 1.0)
            )?;
        }
        for broken in self.cells.iter().filter(|cell| cell.broken.count > 0) {
            writeln!(f, "  BROKEN in {}, {} runs: cargo sim hazard --example {0}", broken.name, broken.broken.count)?;
        }
        let (first, last) = (self.first_seed, self.first_seed + u64::from(self.runs));
        writeln!(
            f,
            "{} cells, {} runs in each (seeds {first}..{last}); a run to look at: cargo sim hazard --example CELL",
            self.cells.len(),
            self.runs
        )?;
        self.risks.iter().try_for_each(|risk| writeln!(f, "- {risk}"))
    }
}
