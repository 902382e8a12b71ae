//! Is what a node finds after a crash what it had promised to keep, wherever the crash comes?
//!
//! A node is run once, while clients write, snapshots and rewrites are made and its disk takes one operation after another. It is crashed behind each of
//! these operations, by a loss of power that leaves any of the things that it can leave, and by one of the process alone. The node that starts on what is
//! left must come up, its data must be those of some moment of the run, no earlier than the last write that was promised to last, and the place in a
//! history that it claims must be the one at which the data were like that.
//!
//! Then the run is made once more for each of the operations, which fails this time: the node must recover by itself, and keep what it has promised.
//!
//! On what a crash leaves a second life begins, and is crashed behind each operation until it has promised something: it must not rely on what the first had not secured.
//!
//! The disk has two lanes that may overtake each other. All this is done for several orders in which they come to their operations.

mod crash;
mod failure;
mod master;
#[cfg(all(test, feature = "museum"))]
mod museum_tests;
mod restart;
mod rot;
mod run;
mod script;
mod second;

use std::fmt;

use afterimage_core::museum::Defects;
use serde::Serialize;

use crate::alone::Interleaving;
use crate::museum;

use crash::Lives;
use restart::Restarts;
use run::Run;
use script::Keeping;

/// So many faults are told; the others are counted.
const FAULTS_TOLD_MAX: usize = 20;
/// Seeds of the incarnation that is crashed, of those after it, and of those that are crashed in turn.
const SEED: u64 = 1;
const SEED_AFTER: u64 = 2;
const SEED_SECOND: u64 = 3;

/// What came of all runs.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Sweep {
    /// One for each way to keep data.
    pub parts: Vec<Part>,
}

/// What came of the runs of nodes that keep their data in one way.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Part {
    /// How the data are kept.
    pub keeping: &'static str,
    /// Commands that were carried out.
    pub commands: usize,
    /// Times at which something was promised to last.
    pub promises: usize,
    /// Disk operations, behind each of which there was a crash.
    pub operations: usize,
    /// What was left after a crash, and started on.
    pub cases: usize,
    /// Disks among these, and after failures, that differ: a node was started on each once.
    pub disks: usize,
    /// Cases in which what was left was another state than the last.
    pub older: usize,
    /// Cases in which a place in a history was claimed.
    pub claims: usize,
    /// Lives that were begun on what a crash has left, and crashed in turn.
    pub second_lives: usize,
    /// What was left after these crashes, and started on.
    pub second_crashes: usize,
    /// Bits that were flipped in files at rest: it started with the right data nevertheless.
    pub harmless: usize,
    /// Likewise: it refused to start, and told where the file is damaged.
    pub refused: usize,
    /// Runs in which an operation failed.
    pub failures: usize,
    /// Cases and runs in which something was not as it must be.
    pub failed: usize,
    /// The first of these.
    pub faults: Vec<String>,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Part { keeping, commands, promises, operations, cases, disks, .. } = self;
        let Part { older, claims, second_lives, second_crashes, failures, failed, faults, .. } = self;
        writeln!(f, "{keeping}:")?;
        writeln!(f, "  {commands} commands, {promises} promises that they last, {operations} disk operations")?;
        writeln!(
            f,
            "  {cases} crashes: {older} left an older state than the last, {claims} a place in a history; {disks} disks differ"
        )?;
        writeln!(f, "  {second_lives} second lives on these, with {second_crashes} crashes")?;
        writeln!(f, "  {failures} operations that failed")?;
        let (harmless, refused) = (self.harmless, self.refused);
        writeln!(f, "  {} bits flipped: {refused} starts refused, {harmless} with the right data", harmless + refused)?;
        writeln!(f, "  {failed} of these left what must not be")?;
        faults.iter().try_for_each(|fault| writeln!(f, "    {fault}"))
    }
}

impl fmt::Display for Sweep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| part.fmt(f))
    }
}

impl Sweep {
    /// True if nothing was as it must not be.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.parts.iter().all(|part| part.failed == 0)
    }
}

/// Runs nodes that keep their data in each way, and crashes them everywhere. `seed` draws what clients write; all nodes make the mistakes that `defects` names.
///
/// # Errors
///
/// Says which defect this build does not know.
pub fn sweep(seed: u64, defects: &[String]) -> Result<Sweep, String> {
    let defects = museum::defects(defects)?;
    Ok(sweep_orders(seed, defects, &Interleaving::several(seed)))
}

fn sweep_orders(seed: u64, defects: Defects, orders: &[Interleaving]) -> Sweep {
    let parts =
        Keeping::ALL.into_iter().map(|keeping| Course { keeping, seed, defects, ends_at_first: false }.sweep(orders));
    Sweep { parts: parts.collect() }
}

/// What decides a run, but for the order in which the lanes of the disk come to their operations, and for what fails.
#[derive(Clone, Copy, Debug)]
struct Course {
    keeping: Keeping,
    seed: u64,
    defects: Defects,
    /// Nothing is tried any more once something was not as it must be.
    ends_at_first: bool,
}

impl Course {
    /// True if nothing more is to be tried.
    fn is_over(self, part: &Part) -> bool {
        self.ends_at_first && part.failed > 0
    }

    fn sweep(self, orders: &[Interleaving]) -> Part {
        let mut part = Part { keeping: self.keeping.name(), ..Part::default() };
        let mut restarts = Restarts::new(self);
        for (index, lanes) in orders.iter().enumerate() {
            let faults_before = part.faults.len();
            let run = Run::through(self, lanes, None);
            part.commands += run.commands;
            part.promises += run.promises;
            part.operations += run.crashes.len();
            run.crash_everywhere(Lives::Two, &mut restarts, &mut part);
            run.rot_everywhere(&mut part);
            run.fail_everywhere(lanes, &mut restarts, &mut part);
            for fault in &mut part.faults[faults_before..] {
                fault.insert_str(0, &format!("order {} of the lanes, ", index + 1));
            }
        }
        part.disks = restarts.len();
        part
    }
}

impl Part {
    fn note_fault(&mut self, fault: String) {
        self.failed += 1;
        if self.faults.len() < FAULTS_TOLD_MAX {
            self.faults.push(fault);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_promised_is_found_after_every_crash_and_no_place_is_claimed_that_the_data_are_not_at() {
        // The command tries all orders of the lanes.
        let sweep = sweep_orders(1, Defects::default(), &Interleaving::several(1)[3..4]);
        assert!(sweep.passed(), "{sweep}");
        for part in &sweep.parts {
            assert!(part.promises > 3 && part.cases > 1000 && part.failures > 50, "it shows something: {part}");
            assert!(part.second_lives > 500 && part.second_crashes > 2000, "it shows something: {part}");
            assert!(part.older > 100 && part.claims > 100, "it shows something: {part}");
        }
    }
}
