//! What is left to chance in a run?
//!
//! All that is drawn for a run, from its seed alone. No cell is known here: runs of one seed in two cells meet with the same accident in the same weather, at the same time, and differ by
//! what the cells differ in. So the difference between two cells is known far better than each of them (common random numbers).
//!
//! One thing is drawn while a run goes on, in the order in which pieces are sent: the jitter of each, half a millisecond at most. Who sends more, as nodes with a controller do, shifts that.

use serde::{Deserialize, Serialize};

use crate::queue::{MILLISECOND, Micros, SECOND};
use crate::streams::{Concern, stream};

/// Of so many crashes one is of the machine.
const POWER_ONE_IN: u32 = 4;
/// A machine is up again after so long, in seconds.
const REBOOT_SECONDS: (u64, u64) = (20, 60);

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draws {
    /// It decides everything else, too: latencies of each piece, ties, the entropy of nodes.
    #[serde(with = "crate::wide")]
    pub seed: u64,
    /// From one end of a path to the other.
    pub latency_us: Micros,
    /// Added to it, up to this.
    pub jitter_us: Micros,
    /// When within ten seconds the master crashes: where it is with its second, its PING, and the controller's look.
    pub crash_phase_us: Micros,
    /// How much of the time from one snapshot to the next has gone by then, in thousandths.
    pub save_age_permille: u32,
    /// The machine crashes, not only the process: what was not synced may be lost, nobody is told, and it takes the time of a reboot more.
    pub is_of_machine: bool,
    /// That time.
    pub reboot_us: Micros,
    /// How long the supervisor takes, in thousandths of what it takes by its configuration.
    pub supervisor_permille: u32,
    /// What the detector takes longer than by its configuration.
    pub detector_extra_us: Micros,
}

impl Draws {
    /// Those of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Draws {
        // Behind the items of other plans.
        let random = &mut stream(seed, Concern::Faults, 1000);
        Draws {
            seed,
            latency_us: random.range(100..=2000),
            jitter_us: random.range(0..=500),
            crash_phase_us: random.below(10 * SECOND),
            save_age_permille: random.below(1000) as u32,
            is_of_machine: random.chance(1, POWER_ONE_IN),
            reboot_us: random.range(REBOOT_SECONDS.0 * 1000..=REBOOT_SECONDS.1 * 1000) * MILLISECOND,
            supervisor_permille: random.range(900..=1300) as u32,
            detector_extra_us: random.below(SECOND),
        }
    }

    /// How late each write comes in its slot of time, up to `most`.
    pub(super) fn delays(&self, most: Micros) -> impl Iterator<Item = Micros> {
        let mut random = stream(self.seed, Concern::Workload, 1000);
        std::iter::repeat_with(move || random.below(most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_the_same_each_time_and_another_one_something_else() {
        assert_eq!(Draws::of(7), Draws::of(7));
        let all: Vec<Draws> = (0..1000).map(Draws::of).collect();
        let of_machine = all.iter().filter(|draws| draws.is_of_machine).count();
        assert!((200..300).contains(&of_machine), "{of_machine}");
        for part in 0..10 {
            let count = all.iter().filter(|draws| draws.crash_phase_us / SECOND == part).count();
            assert!((60..140).contains(&count), "{count} in second {part}");
        }
    }
}
