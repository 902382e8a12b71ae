//! How does a seed become a plan?
//!
//! Swarm style: each seed switches families of faults on or off and draws its own settings, so that a fault that is
//! hidden behind another one's noise has seeds in which it stands alone. Each concern draws from its own stream.

use afterimage_core::codec::random::Random;

use super::{
    Broken, Chunking, ClientPlan, ControllerPlan, Crash, DiskPlan, Fault, FaultPlan, Fsync, HandOver, Heal, Held,
    HostPlan, NetworkPlan, Order, OrderPlan, Outside, PLAN_VERSION, Pace, Plan, Setting, Storage, Target, Victims, Way,
    Which, WorkPlan,
};
use crate::disk::DiskTrouble;
use crate::network::Ending;
use crate::queue::{MILLISECOND, Micros, SECOND};
use crate::streams::{Concern, stream};

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
    super::rivals::add(&mut stream(seed, Concern::Orders, 21), &mut plan);
    super::short_lives::add(&mut stream(seed, Concern::Faults, 23), &mut plan);
    super::clocks::add(&mut stream(seed, Concern::Faults, 24), &mut plan);
    super::hung_receivers::add(&mut stream(seed, Concern::Faults, 26), &mut plan);
    plan
}

fn one_of<T: Copy>(random: &mut Random, items: &[T]) -> T {
    *random.pick(items).expect("the choices are written in the code")
}

fn draw_hosts(random: &mut Random) -> Vec<HostPlan> {
    let replicas = random.range(2..=6);
    let deep = random.chance(1, 2);
    let all_alike = random.chance(1, 2).then(|| draw_storage(random));
    let skewed = random.chance(1, 3);
    (0..=replicas)
        .map(|host| HostPlan {
            follows: (host > 0).then(|| if deep { random.below(host) as u16 } else { 0 }),
            storage: all_alike.unwrap_or_else(|| draw_storage(random)),
            clock_offset_us: if skewed { random.below(4_000_000) as i64 - 2_000_000 } else { 0 },
            start_us: 0,
            settings: Vec::new(),
        })
        .collect()
}

/// In a quarter of the seeds the hosts stand in a form that is rare otherwise: a lone replica, one chain through all, or
/// as many as nine.
fn draw_form(random: &mut Random, hosts: &mut Vec<HostPlan>) {
    const HOSTS_MAX: u16 = 9;
    if !random.chance(1, 4) {
        return;
    }
    match random.below(3) {
        0 => hosts.truncate(2),
        1 => (1..hosts.len()).for_each(|host| hosts[host].follows = Some(host as u16 - 1)),
        _ => {
            let deep = random.chance(1, 2);
            for host in hosts.len() as u16..random.range(8..=u64::from(HOSTS_MAX)) as u16 {
                let follows = if deep { random.below(u64::from(host)) as u16 } else { 0 };
                let like = hosts[usize::from(host) % 3].clone();
                hosts.push(HostPlan { follows: Some(follows), ..like });
            }
        }
    }
}

fn draw_storage(random: &mut Random) -> Storage {
    one_of(random, &[Storage::Saved, Storage::Saved, Storage::Unsaved, Storage::Ephemeral])
}

/// In half of the seeds nodes keep append-only files: all of them in the same way, or some.
fn draw_append_files(random: &mut Random, hosts: &mut [HostPlan]) {
    if !random.chance(1, 2) {
        return;
    }
    let all_alike = random.chance(1, 2).then(|| draw_fsync(random));
    for host in hosts {
        let fsync = all_alike.or_else(|| random.chance(2, 3).then(|| draw_fsync(random)));
        if let Some(fsync) = fsync {
            host.storage = Storage::Appended { fsync };
            host.settings.extend(draw_append_settings(random));
        }
    }
}

fn draw_fsync(random: &mut Random) -> Fsync {
    one_of(random, &[Fsync::Always, Fsync::Always, Fsync::Everysec, Fsync::No])
}

fn draw_append_settings(random: &mut Random) -> Vec<Setting> {
    let mut settings = vec![
        Setting::new("auto-aof-rewrite-min-size", one_of(random, &["1kb", "8kb", "64kb", "64mb"])),
        Setting::new("auto-aof-rewrite-percentage", one_of(random, &[20, 100, 100, 0])),
    ];
    let sometimes = [
        ("aof-use-rdb-preamble", "no", 3),
        ("aof-timestamp-enabled", "yes", 4),
        ("no-appendfsync-on-rewrite", "yes", 6),
        ("save", "5 1", 4),
    ];
    for (name, value, one_in) in sometimes {
        if random.chance(1, one_in) {
            settings.push(Setting::new(name, value));
        }
    }
    settings
}

fn draw_settings(random: &mut Random) -> Vec<Setting> {
    let timeout = one_of(random, &[5, 10, 20, 60]);
    let backlog = one_of(random, &["16kb", "16kb", "64kb", "1mb", "16mb"]);
    let diskless_load = one_of(random, &["disabled", "disabled", "on-empty-db", "swapdb"]);
    let mut settings = vec![
        Setting::new("repl-timeout", timeout),
        Setting::new("repl-ping-replica-period", random.range(1..=timeout.min(10) / 2)),
        Setting::new("repl-backlog-size", backlog),
        Setting::new("repl-diskless-sync", one_of(random, &["yes", "yes", "no"])),
        Setting::new("repl-diskless-sync-delay", one_of(random, &[0, 0, 1, 5])),
        Setting::new("repl-diskless-load", diskless_load),
        Setting::new("replica-serve-stale-data", one_of(random, &["yes", "yes", "no"])),
    ];
    if random.chance(1, 4) {
        settings.push(Setting::new("repl-backlog-ttl", one_of(random, &[1, 5, 30])));
    }
    if random.chance(1, 8) {
        settings.push(Setting::new("client-output-buffer-limit", "replica 256kb 64kb 5"));
    }
    if random.chance(1, 3) {
        settings.push(Setting::new("dual-channel-replication-enabled", "yes"));
    }
    settings
}

/// In some seeds a master without good replicas refuses writes.
fn draw_gate(random: &mut Random) -> Vec<Setting> {
    if !random.chance(1, 3) {
        return Vec::new();
    }
    vec![
        Setting::new("min-replicas-to-write", one_of(random, &[1, 1, 2])),
        Setting::new("min-replicas-max-lag", one_of(random, &[1, 1, 2, 5])),
    ]
}

/// In half of the seeds replicas follow their masters into emptiness, as those of a Redis do; in the others they have a guard, as it is by default or with other policies.
fn draw_guard(random: &mut Random) -> Vec<Setting> {
    const POLICIES: [&str; 7] = [
        "quarantine",
        "quarantine",
        "quarantine",
        "archive",
        "refuse",
        "empty quarantine shrunk archive rollback allow",
        "empty archive shrunk allow rollback quarantine",
    ];
    let mut settings = Vec::new();
    if random.chance(1, 2) {
        settings.push(Setting::new("replica-wipe-guard", "allow"));
    } else if random.chance(1, 2) {
        settings.push(Setting::new("replica-wipe-guard", one_of(random, &POLICIES)));
        settings.push(Setting::new("replica-wipe-guard-shrunk-percent", one_of(random, &[10, 50, 100])));
    }
    if random.chance(3, 4) {
        settings.push(Setting::new("master-protected-restart", one_of(random, &[0, 0, 3, 15])));
    }
    settings
}

/// In some seeds single values are larger than what may wait for a replica, and the network takes its time with them.
fn draw_tight_output(
    random: &mut Random,
    settings: &mut Vec<Setting>,
    clients: &mut [ClientPlan],
    network: &mut NetworkPlan,
) {
    if !random.chance(1, 10) {
        return;
    }
    let limit = one_of(random, &["16kb", "64kb"]);
    settings.push(Setting::new("client-output-buffer-limit", format!("replica {limit} 0 0")));
    settings.push(Setting::new("repl-backlog-size", one_of(random, &["16kb", "256kb"])));
    network.pace.bytes_per_second = one_of(random, &[50_000, 200_000]);
    network.buffer_bytes = one_of(random, &[4 * 1024, 64 * 1024]);
    let big_one_in = one_of(random, &[20, 60]);
    for client in clients.iter_mut().filter(|client| client.target == Target::Master) {
        client.big_one_in = big_one_in;
    }
}

/// In some seeds memory is so short that keys give way, or that writes are refused. A replica may keep to a limit of its own, which is one that it never meets: what it would remove
/// by itself its master would still have.
fn draw_memory(random: &mut Random, settings: &mut Vec<Setting>, hosts: &mut [HostPlan]) {
    const POLICIES: [&str; 8] = [
        "allkeys-lru",
        "allkeys-lru",
        "allkeys-lfu",
        "allkeys-random",
        "allkeys-random",
        "volatile-ttl",
        "volatile-lru",
        "noeviction",
    ];
    if !random.chance(1, 8) {
        return;
    }
    // A node without any data takes 512 kB.
    settings.push(Setting::new("maxmemory", one_of(random, &["530kb", "560kb", "620kb", "800kb"])));
    settings.push(Setting::new("maxmemory-policy", one_of(random, &POLICIES)));
    let one_obeys_in = one_of(random, &[0, 3]);
    for host in hosts.iter_mut().skip(1).filter(|_| one_obeys_in > 0 && random.chance(1, one_obeys_in)) {
        host.settings.push(Setting::new("replica-ignore-maxmemory", "no"));
        host.settings.push(Setting::new("maxmemory", "64mb"));
    }
}

/// In some seeds to write or read a data set takes a disk longer than a replica may be silent.
fn draw_thin_disk(random: &mut Random, settings: &mut Vec<Setting>, disk: &mut DiskPlan) {
    if !random.chance(1, 10) {
        return;
    }
    disk.bytes_per_second = one_of(random, &[30_000, 40_000]);
    settings.push(Setting::new("repl-timeout", 5));
    settings.push(Setting::new("repl-ping-replica-period", one_of(random, &[1, 2])));
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

fn draw_clients(seed: u64, hosts: u64, quiet_at_us: Micros) -> Vec<ClientPlan> {
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

fn draw_faults(random: &mut Random, hosts: u64, quiet_at_us: Micros) -> Vec<FaultPlan> {
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
fn draw_outside(random: &mut Random, hosts: u64) -> Vec<Outside> {
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
fn draw_full_disk(random: &mut Random, hosts: u64) -> Option<FaultPlan> {
    let host = random.range(1..=hosts - 1) as u16;
    let for_us = random.range(15..=30) * SECOND;
    let fault = Fault::Disk { host, for_us, trouble: DiskTrouble::Full };
    random.chance(1, 12).then_some(FaultPlan { at_us: 0, fault })
}

/// What a disk has done wrong shows when a node comes back on it: in some seeds nodes lose power soon after their disk has failed, or a bit of an append-only
/// file rots.
fn draw_disk_aftermath(random: &mut Random, faults: &mut Vec<FaultPlan>, hosts: &[HostPlan], quiet_at_us: Micros) {
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

fn way(random: &mut Random) -> Way {
    one_of(random, &[Way::Both, Way::Both, Way::Forward, Way::Backward])
}

fn heal(random: &mut Random) -> Heal {
    one_of(random, &[Heal::Resume, Heal::Reset])
}

/// Crashes, where nothing else is to go wrong.
pub(super) fn draw_crashes(seed: u64, hosts: u64, quiet_at_us: Micros) -> Vec<FaultPlan> {
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
    let ending = one_of(random, &[Ending::Eof, Ending::Reset]);
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

fn draw_orders(random: &mut Random, hosts: u64, quiet_at_us: Micros) -> Vec<OrderPlan> {
    type Family = fn(&mut Random, u64) -> Order;
    /// An order of one of the first families is drawn as often as one of all the others.
    const ROLES: [Family; 4] = [draw_follow, draw_follow, draw_promote, draw_hand_over];
    const OTHERS: [Family; 6] =
        [draw_hold, draw_kill, draw_shutdown, draw_configure, draw_stray, |_, _| Order::FlushAll];
    let count = one_of(random, &[0, 0, 1, 3, 6, 10]);
    let on: Vec<Family> = OTHERS.into_iter().filter(|_| random.chance(1, 3)).collect();
    let mut orders: Vec<OrderPlan> = (0..count)
        .map(|_| {
            let families = if on.is_empty() || random.chance(1, 2) { &ROLES } else { on.as_slice() };
            OrderPlan { at_us: random.below(quiet_at_us), order: one_of(random, families)(random, hosts) }
        })
        .collect();
    orders.sort_by_key(|planned| planned.at_us);
    orders
}

/// What is done about append-only files while nodes run.
fn draw_disk_orders(random: &mut Random, hosts: u64, quiet_at_us: Micros) -> Vec<OrderPlan> {
    let count = one_of(random, &[0, 1, 3, 6]);
    let draw_one = |random: &mut Random| {
        let host = host(random, hosts);
        let setting = match random.below(5) {
            0 | 1 => return Order::Rewrite { host },
            2 | 3 => Setting::new("appendonly", one_of(random, &["yes", "yes", "no"])),
            _ => Setting::new("appendfsync", draw_fsync(random).name()),
        };
        Order::Configure { host, setting }
    };
    (0..count).map(|_| OrderPlan { at_us: random.below(quiet_at_us), order: draw_one(random) }).collect()
}

/// In some seeds a controller promotes replicas.
fn draw_controller(random: &mut Random) -> Option<ControllerPlan> {
    random.chance(1, 3).then(|| ControllerPlan {
        // It looks once a second.
        down_after_us: one_of(random, &[1_200 * MILLISECOND, 1_200 * MILLISECOND, 3 * SECOND]),
        delay_us: random.below(2 * SECOND),
    })
}

fn draw_follow(random: &mut Random, hosts: u64) -> Order {
    let (host, master) = pair(random, hosts);
    Order::Follow { host, master }
}

fn draw_promote(random: &mut Random, hosts: u64) -> Order {
    Order::Promote { host: host(random, hosts) }
}

fn draw_hand_over(random: &mut Random, hosts: u64) -> Order {
    let how = match random.below(4) {
        0 | 1 => HandOver::Timely,
        2 => HandOver::Forced { timeout_ms: one_of(random, &[1, 100, 2000]) },
        _ => HandOver::Aborted { after_us: random.exponential(300 * MILLISECOND) },
    };
    Order::HandOver { host: random.below(hosts) as u16, how }
}

fn draw_hold(random: &mut Random, hosts: u64) -> Order {
    let scope = one_of(random, &[Held::Writes, Held::Everything]);
    Order::Hold { host: host(random, hosts), scope, for_ms: one_of(random, &[100, 2_000, 8_000]) }
}

fn draw_kill(random: &mut Random, hosts: u64) -> Order {
    let victims = one_of(random, &[Victims::Replicas, Victims::Replicas, Victims::Master, Victims::Clients]);
    Order::Kill { host: host(random, hosts), victims }
}

fn draw_shutdown(random: &mut Random, hosts: u64) -> Order {
    Order::Shutdown { host: host(random, hosts), down_us: duration(random) }
}

fn draw_configure(random: &mut Random, hosts: u64) -> Order {
    // No timeout is shorter than two of the longest times between two pings.
    let setting = match random.below(3) {
        0 => Setting::new("repl-backlog-size", one_of(random, &["16kb", "64kb", "1mb"])),
        1 => Setting::new("repl-timeout", one_of(random, &[12, 20, 60])),
        _ => Setting::new("repl-diskless-sync", one_of(random, &["yes", "no"])),
    };
    Order::Configure { host: host(random, hosts), setting }
}

fn draw_stray(random: &mut Random, hosts: u64) -> Order {
    let (host, master) = pair(random, hosts);
    Order::Stray { host, master }
}
