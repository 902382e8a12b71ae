//! A bit flips in a file at rest: is it found, and are other data never served?

use afterimage_core::codec::random::Random;
use afterimage_core::node::Probe;

use crate::alone::Host;
use crate::disk::Disk;

use super::run::Run;
use super::{Part, SEED_AFTER};

/// Of a file so many bytes are damaged; those of a shorter one each.
const PLACES_MAX: u64 = 4096;

impl Run {
    /// Flips a bit in each file that the run has left, at a sample of places.
    pub(super) fn rot_everywhere(&self, part: &mut Part) {
        let mut random = Random::new(SEED_AFTER, 9);
        let last = self.host.states.last().map(|state| state.digest);
        for (name, bytes) in self.host.disk.contents() {
            let step = (bytes.len() as u64 / PLACES_MAX + 1) as usize;
            for at in (0..bytes.len()).step_by(step) {
                if self.course.is_over(part) {
                    return;
                }
                let bit = random.below(8) as u8;
                let mut disk = self.host.disk.clone();
                disk.abandon();
                disk.flip(name, at, bit);
                match self.start_on_rotten(&disk, name, last) {
                    Ok(true) => part.harmless += 1,
                    Ok(false) => part.refused += 1,
                    Err(why) => part.note_fault(format!("bit {bit} of byte {at} of {name} is flipped: {why}")),
                }
            }
        }
    }

    /// True if it starts, false if it refuses.
    fn start_on_rotten(&self, disk: &Disk, name: &str, last: Option<u64>) -> Result<bool, String> {
        let mut host = Host::start(self.course.keeping.config(), self.course.defects, SEED_AFTER, disk.clone());
        host.rest();
        if host.is_ready && host.ended.is_none() {
            let Probe { digest, .. } = host.node.probe();
            if Some(digest) != last {
                return Err("it serves other data".to_owned());
            }
            return self.is_claim_true(&self.course.claim_on(disk)?).map(|_| true);
        }
        if host.disk.contents() != disk.contents() {
            return Err("it refuses to start, and has changed something on the disk".to_owned());
        }
        let told = host.log.iter().find(|line| line.starts_with("Fatal error")).cloned().unwrap_or_default();
        // A manifest may name a file that is not there; where it says so is not known.
        let is_manifest = name.ends_with(".manifest");
        let has_place = ["byte ", "offset ", "line "].iter().any(|word| told.contains(word));
        if is_manifest && told.contains("No such file") || told.contains(name) && has_place {
            return Ok(false);
        }
        Err(format!("it refuses to start, and does not tell where: {}", host.log.join(" | ")))
    }
}
