//! Which hosts are there, whom do they follow, and what do their disks keep?

use afterimage_core::codec::random::Random;

use super::one_of;
use crate::plan::{Fsync, HostPlan, Setting, Storage};

/// What a crystal does that nobody corrects, and what a virtual machine does whose host is not well.
const DRIFTS_PPM: [i32; 6] = [0, 0, 100, -100, 50_000, -50_000];

pub(super) fn draw_hosts(random: &mut Random) -> Vec<HostPlan> {
    let replicas = random.range(2..=6);
    let deep = random.chance(1, 2);
    let all_alike = random.chance(1, 2).then(|| draw_storage(random));
    let skewed = random.chance(1, 3);
    (0..=replicas)
        .map(|host| HostPlan {
            follows: (host > 0).then(|| if deep { random.below(host) as u16 } else { 0 }),
            storage: all_alike.unwrap_or_else(|| draw_storage(random)),
            clock_offset_us: if skewed { random.below(4_000_000) as i64 - 2_000_000 } else { 0 },
            clock_drift_ppm: if skewed { one_of(random, &DRIFTS_PPM) } else { 0 },
            start_us: 0,
            settings: Vec::new(),
        })
        .collect()
}

/// In a quarter of the seeds the hosts stand in a form that is rare otherwise: a lone replica, one chain through all, or
/// as many as nine.
pub(super) fn draw_form(random: &mut Random, hosts: &mut Vec<HostPlan>) {
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
pub(super) fn draw_append_files(random: &mut Random, hosts: &mut [HostPlan]) {
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

pub(super) fn draw_fsync(random: &mut Random) -> Fsync {
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
