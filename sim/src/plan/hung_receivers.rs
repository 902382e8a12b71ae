//! A replica that stands still for ever in the midst of its snapshot, and another that needs one afterwards.
//!
//! Most data sets are so small that a snapshot is in the buffers of its link before anybody can hang. In some seeds the data are large and links narrow; shortly before the quiet point
//! one replica comes back with nothing, and is still being sent its snapshot when it stops for good; another comes back a little later.

use afterimage_core::codec::random::Random;

use super::{Broken, ClientPlan, Crash, Fault, FaultPlan, Outside, Plan, Sets, Setting, Storage, Target};
use crate::queue::{MILLISECOND, Micros, SECOND};

const BYTES_PER_SECOND: u64 = 200_000;
const VALUE_BYTES: u32 = 40_000;
const VALUES: u32 = 20;
/// In less time than this a snapshot of these values does not get through.
const LONGEST: Micros = 3 * SECOND;

/// Adds them to a plan, if the seed has them.
pub(super) fn add(random: &mut Random, plan: &mut Plan) {
    let replicas = plan.hosts.len() as u64 - 1;
    if !random.chance(1, 12) || replicas < 2 {
        return;
    }
    let (hung, further) = (random.below(replicas), random.range(1..=replicas - 1));
    let [hung, other] = [hung, (hung + further) % replicas].map(|replica| replica as u16 + 1);
    plan.outside.retain(|outside| ![0, hung, other].contains(&outside.host));
    plan.outside.push(Outside { host: hung, how: Broken::Frozen });
    for host in [hung, other] {
        plan.hosts[usize::from(host)].storage = Storage::Ephemeral;
    }
    plan.settings.extend([
        Setting::new("rdbcompression", "no"),
        Setting::new("repl-diskless-sync", "yes"),
        Setting::new("repl-diskless-sync-delay", 0),
    ]);
    plan.network.pace.bytes_per_second = BYTES_PER_SECOND;
    plan.network.buffer_bytes = 4 * 1024;
    plan.clients.push(ClientPlan {
        target: Target::Master,
        commands: VALUES,
        start_us: random.below(plan.quiet_at_us / 2),
        keys: VALUES,
        sets: Some(Sets { value_bytes: VALUE_BYTES, window: 1 }),
        ..ClientPlan::SILENT
    });
    let hangs_after = random.range(SECOND / 10..=LONGEST);
    let comes_back_at = plan.quiet_at_us - hangs_after;
    for (host, at_us) in [(hung, comes_back_at), (other, comes_back_at + random.below(hangs_after + SECOND))] {
        let down_us = random.range(50..=500) * MILLISECOND;
        let fault = Fault::Crash { host, how: Crash::Process, down_us };
        plan.faults.push(FaultPlan { at_us: (at_us - down_us).min(plan.quiet_at_us - 1), fault });
    }
    plan.faults.sort_by_key(|planned| planned.at_us);
}
