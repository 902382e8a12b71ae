//! With which directives do nodes run?

use afterimage_core::codec::random::Random;

use super::one_of;
use crate::plan::{ClientPlan, DiskPlan, HostPlan, NetworkPlan, Setting, Target};

pub(super) fn draw_settings(random: &mut Random) -> Vec<Setting> {
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
pub(super) fn draw_gate(random: &mut Random) -> Vec<Setting> {
    if !random.chance(1, 3) {
        return Vec::new();
    }
    vec![
        Setting::new("min-replicas-to-write", one_of(random, &[1, 1, 2])),
        Setting::new("min-replicas-max-lag", one_of(random, &[1, 1, 2, 5])),
    ]
}

/// In half of the seeds replicas follow their masters into emptiness, as those of a Redis do; in the others they have a guard, as it is by default or with other policies.
pub(super) fn draw_guard(random: &mut Random) -> Vec<Setting> {
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
pub(super) fn draw_tight_output(
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
pub(super) fn draw_memory(random: &mut Random, settings: &mut Vec<Setting>, hosts: &mut [HostPlan]) {
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
pub(super) fn draw_thin_disk(random: &mut Random, settings: &mut Vec<Setting>, disk: &mut DiskPlan) {
    if !random.chance(1, 10) {
        return;
    }
    disk.bytes_per_second = one_of(random, &[30_000, 40_000]);
    settings.push(Setting::new("repl-timeout", 5));
    settings.push(Setting::new("repl-ping-replica-period", one_of(random, &[1, 2])));
}
