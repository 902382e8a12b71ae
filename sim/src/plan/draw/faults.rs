//! What goes wrong, and when?

use afterimage_core::codec::random::Random;

use super::{duration, host, one_of, pair};
use crate::disk::DiskTrouble;
use crate::network::Ending;
use crate::plan::{Broken, Crash, Fault, FaultPlan, Heal, HostPlan, Outside, Pace, Storage, Way, Which};
use crate::queue::{MILLISECOND, Micros, SECOND};
use crate::streams::{Concern, stream};

pub(super) fn draw_faults(random: &mut Random, hosts: u64, quiet_at_us: Micros) -> Vec<FaultPlan> {
    type Family = fn(&mut Random, u64) -> Fault;
    const FAMILIES: [Family; 9] = [
        draw_crash,
        draw_pause,
        draw_stall,
        draw_black_hole,
        draw_isolation,
        draw_reset,
        draw_cut,
        draw_slow,
        draw_disk_trouble,
    ];
    let mut on: Vec<Family> = FAMILIES.into_iter().filter(|_| random.chance(1, 2)).collect();
    if on.is_empty() {
        on.push(draw_cut);
    }
    if random.chance(1, 16) {
        return Vec::new();
    }
    let mut faults: Vec<FaultPlan> = (0..random.range(3..=12))
        .map(|_| FaultPlan { at_us: random.below(quiet_at_us), fault: one_of(random, &on)(random, hosts) })
        .collect();
    faults.sort_by_key(|planned| planned.at_us);
    faults
}

/// In one seed of three some hosts stay broken for ever. Two at least do not.
pub(super) fn draw_outside(random: &mut Random, hosts: u64) -> Vec<Outside> {
    if !random.chance(1, 3) {
        return Vec::new();
    }
    let mut all: Vec<u16> = (0..hosts as u16).collect();
    let count = random.range(1..=hosts - 2);
    let chosen = (0..count).map(|_| all.swap_remove(random.below(all.len() as u64) as usize));
    let chosen: Vec<u16> = chosen.collect();
    let how = |random: &mut Random| one_of(random, &[Broken::Gone, Broken::Frozen, Broken::CutOff]);
    chosen.into_iter().map(|host| Outside { host, how: how(random) }).collect()
}

/// In some seeds a replica has no room for its first data set, for longer than it has patience.
pub(super) fn draw_full_disk(random: &mut Random, hosts: u64) -> Option<FaultPlan> {
    let host = random.range(1..=hosts - 1) as u16;
    let for_us = random.range(15..=30) * SECOND;
    let fault = Fault::Disk { host, for_us, trouble: DiskTrouble::Full };
    random.chance(1, 12).then_some(FaultPlan { at_us: 0, fault })
}

/// What a disk has done wrong shows when a node comes back on it: in some seeds nodes lose power soon after their disk has failed, or a bit of an append-only
/// file rots.
pub(super) fn draw_disk_aftermath(
    random: &mut Random,
    faults: &mut Vec<FaultPlan>,
    hosts: &[HostPlan],
    quiet_at_us: Micros,
) {
    let (crashes, rots) = (random.chance(1, 2), random.chance(1, 8));
    let mut more = Vec::new();
    for planned in faults.iter().filter(|_| crashes) {
        if let Fault::Disk { host, for_us, trouble: DiskTrouble::Full | DiskTrouble::Errors } = planned.fault {
            let at_us = planned.at_us + for_us + random.exponential(500 * MILLISECOND);
            let fault = Fault::Crash { host, how: Crash::Power, down_us: random.exponential(SECOND) + 1 };
            more.push(FaultPlan { at_us, fault });
        }
    }
    let appends = |host: &&HostPlan| matches!(host.storage, Storage::Appended { .. });
    if rots && hosts.iter().any(|host| appends(&host)) {
        for _ in 0..random.range(1..=3) {
            let host = host(random, hosts.len() as u64);
            let fault = Fault::Rot { host, down_us: duration(random), at: random.next_u64() };
            more.push(FaultPlan { at_us: random.below(quiet_at_us), fault });
        }
    }
    faults.extend(more.into_iter().filter(|planned| planned.at_us < quiet_at_us));
    faults.sort_by_key(|planned| planned.at_us);
}

/// Crashes, where nothing else is to go wrong.
pub(in crate::plan) fn draw_crashes(seed: u64, hosts: u64, quiet_at_us: Micros) -> Vec<FaultPlan> {
    let random = &mut stream(seed, Concern::Faults, 25);
    let mut faults: Vec<FaultPlan> = (0..random.range(1..=10))
        .map(|_| FaultPlan { at_us: random.below(quiet_at_us), fault: draw_crash(random, hosts) })
        .collect();
    faults.sort_by_key(|planned| planned.at_us);
    faults
}

fn draw_crash(random: &mut Random, hosts: u64) -> Fault {
    let how = one_of(random, &[Crash::Process, Crash::Power]);
    Fault::Crash { host: host(random, hosts), how, down_us: duration(random) }
}

fn draw_pause(random: &mut Random, hosts: u64) -> Fault {
    Fault::Pause { host: host(random, hosts), for_us: duration(random) }
}

fn draw_stall(random: &mut Random, hosts: u64) -> Fault {
    let (a, b) = pair(random, hosts);
    Fault::Stall { a, b, way: way(random), for_us: duration(random) }
}

fn draw_black_hole(random: &mut Random, hosts: u64) -> Fault {
    let (a, b) = pair(random, hosts);
    Fault::BlackHole { a, b, way: way(random), for_us: duration(random), heal: heal(random) }
}

fn draw_isolation(random: &mut Random, hosts: u64) -> Fault {
    Fault::Isolate { host: host(random, hosts), for_us: duration(random), heal: heal(random) }
}

fn draw_reset(random: &mut Random, hosts: u64) -> Fault {
    let (a, b) = pair(random, hosts);
    Fault::Reset { a, b }
}

fn draw_cut(random: &mut Random, hosts: u64) -> Fault {
    let (from, to) = pair(random, hosts);
    let magnitude = random.range(1..=14);
    let after_bytes = random.range(1..=1 << magnitude);
    let ending = one_of(random, &[Ending::Eof, Ending::Reset, Ending::HalfClose]);
    Fault::Cut { from, to, after_bytes, ending, which: one_of(random, &[Which::Current, Which::Next]) }
}

fn draw_slow(random: &mut Random, hosts: u64) -> Fault {
    let (a, b) = pair(random, hosts);
    let latency_us = one_of(random, &[20_000, 300_000]);
    let pace = Pace { latency_us, jitter_us: latency_us / 2, bytes_per_second: one_of(random, &[2_000, 50_000]) };
    Fault::Slow { a, b, for_us: duration(random), pace }
}

fn draw_disk_trouble(random: &mut Random, hosts: u64) -> Fault {
    let trouble = one_of(random, &[DiskTrouble::Full, DiskTrouble::Errors, DiskTrouble::Slow, DiskTrouble::Stuck]);
    Fault::Disk { host: host(random, hosts), for_us: duration(random), trouble }
}

fn way(random: &mut Random) -> Way {
    one_of(random, &[Way::Both, Way::Both, Way::Forward, Way::Backward])
}

fn heal(random: &mut Random) -> Heal {
    one_of(random, &[Heal::Resume, Heal::Reset])
}
