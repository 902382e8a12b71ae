//! Who talks to the nodes, and how?

use afterimage_core::codec::random::Random;

use super::{host, one_of};
use crate::plan::{ClientPlan, Target};
use crate::queue::{MILLISECOND, Micros, SECOND};
use crate::streams::{Concern, stream};

pub(super) fn draw_clients(seed: u64, hosts: u64, quiet_at_us: Micros) -> Vec<ClientPlan> {
    let mut random = stream(seed, Concern::Clients, 0);
    let count = random.range(2..=4);
    let busy = random.range(200..=1500);
    let keys = one_of(&mut random, &[5, 30, 200]);
    let big_one_in = one_of(&mut random, &[0, 0, 200, 50]);
    let multi_one_in = one_of(&mut random, &[0, 20, 5]);
    let expire_one_in = one_of(&mut random, &[0, 10, 3]);
    let wait_one_in = one_of(&mut stream(seed, Concern::Clients, 1), &[0, 40, 10]);
    (0..count)
        .map(|client| {
            // The last one talks to one host whatever its role, so that replicas are read from and refuse writes.
            let anywhere = client + 1 == count;
            let target = if anywhere { Target::Host { host: random.below(hosts) as u16 } } else { Target::Master };
            let commands = if anywhere { busy / 4 } else { busy };
            let pipeline = one_of(&mut random, &[1, 4, 16]);
            let bursts = commands / u64::from(pipeline / 2 + 1) + 1;
            ClientPlan {
                target,
                commands: commands as u32,
                think_us: (quiet_at_us / bursts).max(100),
                pipeline,
                start_us: random.below(SECOND),
                keys,
                big_one_in,
                big_bytes_max: one_of(&mut random, &[20_000, 100_000]),
                multi_one_in,
                expire_one_in,
                wait_one_in,
                ..ClientPlan::SILENT
            }
        })
        .chain(draw_witness(&mut stream(seed, Concern::Clients, 2), hosts, quiet_at_us, keys))
        .chain(draw_popper(&mut stream(seed, Concern::Clients, 21), quiet_at_us))
        .chain(draw_reader(&mut stream(seed, Concern::Clients, 23), hosts, quiet_at_us, keys))
        .collect()
}

/// In half of the seeds somebody stays with one host, writes little, and asks again and again who has it.
fn draw_witness(random: &mut Random, hosts: u64, quiet_at_us: Micros, keys: u32) -> Option<ClientPlan> {
    let commands = random.range(50..=200);
    random.chance(1, 2).then(|| ClientPlan {
        target: Target::Host { host: host(random, hosts) },
        commands: commands as u32,
        think_us: quiet_at_us / commands,
        pipeline: 1,
        start_us: random.below(SECOND),
        keys,
        big_bytes_max: 20_000,
        asks_of_ten: 8,
        ..ClientPlan::SILENT
    })
}

/// In one seed of three somebody takes what others push, and asks at once who has seen that it is gone.
fn draw_popper(random: &mut Random, quiet_at_us: Micros) -> Option<ClientPlan> {
    let commands = random.range(100..=400);
    random.chance(1, 3).then(|| ClientPlan {
        target: Target::Master,
        commands: commands as u32,
        think_us: 2 * quiet_at_us / commands,
        pipeline: 1,
        start_us: random.below(SECOND),
        keys: one_of(random, &[2, 5]),
        big_bytes_max: 20_000,
        pops_of_ten: 9,
        ..ClientPlan::SILENT
    })
}

/// In one seed of three somebody reads from one host, every other time in blocks, which it may take its time with.
fn draw_reader(random: &mut Random, hosts: u64, quiet_at_us: Micros, keys: u32) -> Option<ClientPlan> {
    let commands = random.range(200..=600);
    random.chance(1, 3).then(|| ClientPlan {
        target: Target::Host { host: random.below(hosts) as u16 },
        commands: commands as u32,
        think_us: 2 * quiet_at_us / commands,
        pipeline: 1,
        start_us: random.below(SECOND),
        keys,
        big_bytes_max: 20_000,
        multi_one_in: 2,
        reads_of_ten: 10,
        lingers_us: one_of(random, &[0, 50 * MILLISECOND, 500 * MILLISECOND]),
        ..ClientPlan::SILENT
    })
}
