//! How does a seed become a plan?
//!
//! Swarm style: each seed switches families of faults on or off and draws its own settings, so that a fault that is
//! hidden behind another one's noise has seeds in which it stands alone. Each concern draws from its own stream.

mod clients;
mod clocks;
mod faults;
mod hosts;
mod hung_receivers;
mod orders;
mod rivals;
mod settings;
mod short_lives;

use afterimage_core::codec::random::Random;

use crate::plan::{Chunking, DiskPlan, NetworkPlan, PLAN_VERSION, Pace, Plan, Storage, WorkPlan};
use crate::queue::{MILLISECOND, Micros, SECOND};
use crate::streams::{Concern, stream};

use clients::draw_clients;
pub(super) use faults::draw_crashes;
use faults::{draw_disk_aftermath, draw_faults, draw_full_disk, draw_outside};
use hosts::{draw_append_files, draw_form, draw_hosts};
use orders::{draw_controller, draw_disk_orders, draw_orders};
use settings::{draw_gate, draw_guard, draw_memory, draw_settings, draw_thin_disk, draw_tight_output};

pub(super) fn draw(seed: u64) -> Plan {
    let mut hosts = draw_hosts(&mut stream(seed, Concern::Topology, 0));
    draw_form(&mut stream(seed, Concern::Topology, 3), &mut hosts);
    draw_append_files(&mut stream(seed, Concern::Topology, 2), &mut hosts);
    let mut timing = stream(seed, Concern::Topology, 1);
    let quiet_at_us = timing.range(10..=50) * SECOND;
    let mut settings = draw_settings(&mut stream(seed, Concern::Configuration, 0));
    settings.extend(draw_gate(&mut stream(seed, Concern::Configuration, 2)));
    settings.extend(draw_guard(&mut stream(seed, Concern::Configuration, 25)));
    let count = hosts.len() as u64;
    let mut clients = draw_clients(seed, count, quiet_at_us);
    let mut orders = draw_orders(&mut stream(seed, Concern::Orders, 0), count, quiet_at_us);
    if hosts.iter().any(|host| matches!(host.storage, Storage::Appended { .. })) {
        let disks_of_ten = one_of(&mut stream(seed, Concern::Clients, 3), &[0, 5, 9]);
        clients.iter_mut().for_each(|client| client.disks_of_ten = disks_of_ten);
        orders.extend(draw_disk_orders(&mut stream(seed, Concern::Orders, 2), count, quiet_at_us));
        orders.sort_by_key(|planned| planned.at_us);
    }
    draw_memory(&mut stream(seed, Concern::Configuration, 23), &mut settings, &mut hosts);
    let mut network = draw_network(&mut stream(seed, Concern::Network, 0));
    draw_tight_output(&mut stream(seed, Concern::Configuration, 3), &mut settings, &mut clients, &mut network);
    let mut disk = draw_disk(&mut stream(seed, Concern::Disk, 0));
    if hosts.iter().all(|host| !matches!(host.storage, Storage::Appended { .. })) {
        draw_thin_disk(&mut stream(seed, Concern::Configuration, 4), &mut settings, &mut disk);
    }
    let mut faults = draw_faults(&mut stream(seed, Concern::Faults, 0), count, quiet_at_us);
    faults.splice(0..0, draw_full_disk(&mut stream(seed, Concern::Faults, 2), count));
    draw_disk_aftermath(&mut stream(seed, Concern::Faults, 3), &mut faults, &hosts, quiet_at_us);
    let mut plan = Plan {
        version: PLAN_VERSION,
        seed,
        settings,
        network,
        disk,
        work: draw_work(&mut stream(seed, Concern::Configuration, 1)),
        clients,
        faults,
        orders,
        outside: draw_outside(&mut stream(seed, Concern::Faults, 1), count),
        hosts,
        controller: draw_controller(&mut stream(seed, Concern::Orders, 1)),
        quiet_at_us,
        defects: Vec::new(),
    };
    rivals::add(&mut stream(seed, Concern::Orders, 21), &mut plan);
    short_lives::add(&mut stream(seed, Concern::Faults, 23), &mut plan);
    clocks::add(&mut stream(seed, Concern::Faults, 24), &mut plan);
    hung_receivers::add(&mut stream(seed, Concern::Faults, 26), &mut plan);
    plan
}

fn one_of<T: Copy>(random: &mut Random, items: &[T]) -> T {
    *random.pick(items).expect("the choices are written in the code")
}

fn draw_network(random: &mut Random) -> NetworkPlan {
    let latency_us = one_of(random, &[50, 200, 1_000, 5_000, 40_000]);
    NetworkPlan {
        pace: Pace {
            latency_us,
            jitter_us: one_of(random, &[0, latency_us / 4, latency_us]),
            bytes_per_second: one_of(random, &[200_000, 2_000_000, 100_000_000, 1_000_000_000]),
        },
        chunking: match random.below(6) {
            0..=2 => Chunking::Whole,
            3 | 4 => Chunking::Packets { bytes: one_of(random, &[536, 1448]) },
            _ => Chunking::Ragged { bytes_max: one_of(random, &[16, 200, 4000]) },
        },
        buffer_bytes: one_of(random, &[4 * 1024, 64 * 1024, 256 * 1024, 1024 * 1024]),
        dial_timeout_us: 20 * SECOND,
    }
}

fn draw_disk(random: &mut Random) -> DiskPlan {
    DiskPlan {
        latency_us: one_of(random, &[20, 100, 2_000]),
        sync_us: one_of(random, &[500, 5_000, 80_000, 1_500_000]),
        bytes_per_second: one_of(random, &[2_000_000, 100_000_000, 1_000_000_000]),
    }
}

fn draw_work(random: &mut Random) -> WorkPlan {
    WorkPlan { units: one_of(random, &[4, 64, 512]), interval_us: one_of(random, &[50, 200, 1_000]) }
}

/// Mostly short, now and then longer than most timeouts.
fn duration(random: &mut Random) -> Micros {
    let mean = one_of(random, &[50 * MILLISECOND, SECOND, 8 * SECOND]);
    random.exponential(mean) + 1
}

fn host(random: &mut Random, hosts: u64) -> u16 {
    // The master is where it hurts most.
    if random.chance(1, 3) { 0 } else { random.below(hosts) as u16 }
}

fn pair(random: &mut Random, hosts: u64) -> (u16, u16) {
    let a = host(random, hosts);
    let b = random.below(hosts - 1) as u16;
    (a, if b >= a { b + 1 } else { b })
}
