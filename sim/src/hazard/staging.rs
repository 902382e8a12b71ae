//! What plan does a run play?
//!
//! An ordinary plan, which `replay` runs as any other. A is the master, B and C are its replicas. A data set is written in the first seconds; then, where clients write, they write [`WRITES_PER_SECOND`] keys, each
//! under a name of its own. A crashes; its supervisor starts it again; a controller, if there is one, may have promoted a replica by then. The run is
//! judged when all of that has long been over ([`Moments::judged_at`]), and before the quiet point, at which the simulator's operator would put things right.

use super::cell::{Cell, Detector, Guard, Load, Persistence, Shape};
use super::draws::Draws;
use crate::plan::{
    Chunking, ClientPlan, ControllerPlan, Crash, DiskPlan, Fault, FaultPlan, HostPlan, NetworkPlan, PLAN_VERSION, Pace,
    Plan, Setting, Step, Storage, Target, WorkPlan,
};
use crate::queue::{MILLISECOND, Micros, SECOND};

/// Keys of the data set that is written at first.
pub const DATA_KEYS: u32 = 2000;
/// Keys that clients write in a second, where they write.
pub const WRITES_PER_SECOND: u64 = 10;

/// Keys in one command of those that write the data set.
const KEYS_AT_ONCE: u32 = 100;
/// When the first of these is said.
const DATA_AT: Micros = SECOND;
const DATA_EVERY: Micros = 50 * MILLISECOND;
/// When clients begin to write.
const WRITES_AT: Micros = 3 * SECOND;
/// Replicas are in step by then.
const IN_STEP_BY: Micros = 10 * SECOND;
/// Clients have written for so long when the crash comes, or longer.
const WARM_UP_SECONDS: u32 = 60;
/// After master and controller have done what they do, clients go on for so long, and then more slowly.
const GO_ON_FOR: Micros = 20 * SECOND;
/// And so much later the run is judged: protected restarts are over, and quarantined replicas have asked again.
const SETTLE_FOR: Micros = 90 * SECOND;
/// A controller looks once a second, and gives a connection up after three.
const CONTROLLER_ROUNDS: Micros = 5 * SECOND;
/// A write that could not be said in time is given up by whoever wanted it.
const GIVES_UP_AFTER: Micros = SECOND;

/// How many good replicas a write wants.
pub(super) const MIN_REPLICAS: &str = "min-replicas-to-write";

/// The host that crashes.
pub(super) const MASTER: u16 = 0;
/// The client whose writes are counted.
pub(super) const WRITER: usize = 0;

/// When what happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moments {
    pub(super) crash_at: Micros,
    pub(super) restart_at: Micros,
    /// By then the controller has decided.
    decided_at: Micros,
    pub(super) judged_at: Micros,
}

impl Moments {
    pub(super) fn of(cell: &Cell, draws: &Draws) -> Moments {
        let warm_up = match cell.persistence {
            Persistence::Rdb { seconds } => seconds.max(WARM_UP_SECONDS),
            _ => WARM_UP_SECONDS,
        };
        let crash_at = IN_STEP_BY + Micros::from(warm_up) * SECOND + draws.crash_phase_us;
        let supervised = cell.supervisor_us * Micros::from(draws.supervisor_permille) / 1000;
        let rebooted = if draws.is_of_machine { draws.reboot_us } else { 0 };
        let restart_at = crash_at + (supervised + rebooted).max(1);
        let decided_at = match cell.detector {
            Detector::None => restart_at,
            Detector::Watches { patience_us, delay_us } => {
                restart_at.max(crash_at + patience_us + delay_us + draws.detector_extra_us + CONTROLLER_ROUNDS)
            }
        };
        Moments { crash_at, restart_at, decided_at, judged_at: decided_at + SETTLE_FOR }
    }
}

/// The plan of a seed in a cell; `given` are directives of a configuration file, for all nodes.
#[must_use]
pub fn plan(cell: &Cell, draws: &Draws, given: &[Setting]) -> Plan {
    let moments = Moments::of(cell, draws);
    let how = if draws.is_of_machine { Crash::Power } else { Crash::Process };
    let crash = Fault::Crash { host: MASTER, how, down_us: moments.restart_at - moments.crash_at };
    let follows = match cell.shape {
        Shape::Star => [None, Some(MASTER), Some(MASTER)],
        Shape::Chain => [None, Some(MASTER), Some(MASTER + 1)],
    };
    let controller = match cell.detector {
        Detector::None => None,
        Detector::Watches { patience_us, delay_us } => {
            Some(ControllerPlan { down_after_us: patience_us, delay_us: delay_us + draws.detector_extra_us })
        }
    };
    Plan {
        version: PLAN_VERSION,
        seed: draws.seed,
        hosts: follows.map(|follows| host(follows, cell.persistence)).into(),
        settings: settings(cell, given),
        network: NetworkPlan {
            pace: Pace { latency_us: draws.latency_us, jitter_us: draws.jitter_us, bytes_per_second: 100_000_000 },
            chunking: Chunking::Packets { bytes: 1448 },
            buffer_bytes: 256 * 1024,
            dial_timeout_us: 20 * SECOND,
        },
        disk: DiskPlan::default(),
        work: WorkPlan { units: 256, interval_us: MILLISECOND },
        clients: clients(cell, draws, moments),
        faults: vec![FaultPlan { at_us: moments.crash_at, fault: crash }],
        orders: Vec::new(),
        controller,
        quiet_at_us: moments.judged_at + 1,
        outside: Vec::new(),
        defects: Vec::new(),
    }
}

fn host(follows: Option<u16>, persistence: Persistence) -> HostPlan {
    let storage = match persistence {
        // Save points stand among the settings.
        Persistence::Off | Persistence::Rdb { .. } => Storage::Unsaved,
        Persistence::NoVolume => Storage::Ephemeral,
        Persistence::Aof { fsync } => Storage::Appended { fsync },
    };
    HostPlan::plain(follows, storage)
}

fn settings(cell: &Cell, given: &[Setting]) -> Vec<Setting> {
    let mut settings: Vec<Setting> = given.iter().map(|setting| as_it_is_played(setting, cell.shape)).collect();
    if let Persistence::Rdb { seconds } = cell.persistence {
        settings.push(Setting::new("save", format!("{seconds} 1")));
    }
    let policy = match cell.guard {
        Guard::Default | Guard::Given => return settings,
        Guard::Allow => {
            settings.push(Setting::new("master-protected-restart", 0));
            "allow"
        }
        Guard::Archive => "archive",
        Guard::Quarantine => "quarantine",
        Guard::Refuse => "refuse",
    };
    settings.push(Setting::new("replica-wipe-guard", policy));
    settings
}

/// What a configuration file wants of replicas, it cannot want of more than there are: nobody could ever write.
fn as_it_is_played(setting: &Setting, shape: Shape) -> Setting {
    let wanted = (setting.name == MIN_REPLICAS).then(|| setting.value.parse::<u32>());
    match wanted {
        Some(Ok(wanted)) => Setting::new(MIN_REPLICAS, wanted.min(shape.replicas_of_master())),
        _ => setting.clone(),
    }
}

fn clients(cell: &Cell, draws: &Draws, moments: Moments) -> Vec<ClientPlan> {
    let says = |target, gives_up_after_us, script| ClientPlan {
        target,
        start_us: DATA_AT,
        gives_up_after_us,
        script: Some(script),
        ..ClientPlan::SILENT
    };
    let mut clients = vec![says(Target::Master, GIVES_UP_AFTER, writes(cell, draws, moments))];
    if let Persistence::Rdb { seconds } = cell.persistence {
        let age = Micros::from(seconds) * SECOND * Micros::from(draws.save_age_permille) / 1000;
        let save = Step { at_us: moments.crash_at - age, say: vec!["BGSAVE".into()] };
        clients.push(says(Target::Host { host: MASTER }, 0, vec![save]));
    }
    clients
}

/// All that is written. Its keys are numbered in this order.
fn writes(cell: &Cell, draws: &Draws, moments: Moments) -> Vec<Step> {
    let commands = (0..DATA_KEYS).step_by(KEYS_AT_ONCE as usize).map(|first| {
        let pairs = (first..first + KEYS_AT_ONCE).map(|key| format!(" {KEY}{key} v"));
        Step {
            at_us: DATA_AT + Micros::from(first / KEYS_AT_ONCE) * DATA_EVERY,
            say: vec![pairs.fold("MSET".into(), |line, pair| line + &pair)],
        }
    });
    let mut steps: Vec<Step> = commands.collect();
    if cell.load == Load::Idle {
        return steps;
    }
    const SLOT: Micros = SECOND / WRITES_PER_SECOND;
    let is_slow_from = moments.decided_at + GO_ON_FOR;
    let (mut at, mut key) = (WRITES_AT, DATA_KEYS);
    for delay in draws.delays(SLOT) {
        if at >= moments.judged_at {
            break;
        }
        steps.push(Step { at_us: at + delay, say: vec![format!("SET {KEY}{key} v")] });
        key += 1;
        at += if at < is_slow_from { SLOT } else { SECOND };
    }
    steps
}

/// How the names of keys begin; a number follows.
pub(super) const KEY: &str = "k:";

/// The keys that a step writes.
pub(super) fn keys_of(step: usize) -> std::ops::Range<u32> {
    let commands = (DATA_KEYS / KEYS_AT_ONCE) as usize;
    if step < commands {
        let first = step as u32 * KEYS_AT_ONCE;
        first..first + KEYS_AT_ONCE
    } else {
        let key = DATA_KEYS + (step - commands) as u32;
        key..key + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan_of(name: &str, seed: u64) -> Plan {
        plan(&name.parse().expect("it is a cell"), &Draws::of(seed), &[])
    }

    #[test]
    fn cells_that_differ_in_one_factor_have_plans_that_differ_in_what_it_means_and_in_nothing_else() {
        for seed in 0..20 {
            let allowed = plan_of("off/10s/none/allow/star/writing", seed);
            let mut guarded = plan_of("off/10s/none/quarantine/star/writing", seed);
            assert_ne!(guarded, allowed);
            guarded.settings.clone_from(&allowed.settings);
            assert_eq!(guarded, allowed, "the guard is a setting");

            let mut kept = plan_of("aof-always/10s/none/allow/star/writing", seed);
            kept.hosts.iter_mut().for_each(|host| host.storage = Storage::Unsaved);
            assert_eq!(kept, allowed, "persistence is what hosts keep");

            let mut chained = plan_of("off/10s/none/allow/chain/writing", seed);
            chained.hosts[2].follows = Some(MASTER);
            assert_eq!(chained, allowed, "the shape is whom the third follows");

            // What happens up to the crash, and when that comes, is the same whoever watches and restarts.
            let watched = plan_of("off/60s/30s+1s/allow/star/writing", seed);
            let crash_at = allowed.faults[0].at_us;
            assert_eq!(watched.faults[0].at_us, crash_at);
            let before = |plan: &Plan| {
                let script = plan.clients[WRITER].script.clone().unwrap_or_default();
                script.into_iter().take_while(|step| step.at_us < crash_at).collect::<Vec<_>>()
            };
            assert_eq!(before(&watched), before(&allowed));
            assert_eq!(
                (watched.seed, watched.network, &watched.hosts),
                (allowed.seed, allowed.network, &allowed.hosts)
            );
        }
    }

    #[test]
    fn a_step_writes_the_keys_that_it_is_said_to() {
        let plan = plan_of("rdb-60/0.1s/none/allow/star/writing", 3);
        let script = plan.clients[WRITER].script.clone().expect("it has one");
        for (index, step) in script.iter().enumerate() {
            let keys = keys_of(index).map(|key| format!("{KEY}{key}"));
            let said: Vec<&str> = step.say[0].split(' ').filter(|word| word.starts_with(KEY)).collect();
            assert_eq!(said, keys.collect::<Vec<_>>());
        }
        assert_eq!(plan.check(), Ok(()));
        assert_eq!(Plan::from_json(&plan.to_json()), Ok(plan), "it can be kept in a file");
    }

    #[test]
    fn a_snapshot_has_any_age_up_to_the_interval_when_the_master_crashes() {
        for seed in 0..50 {
            let draws = Draws::of(seed);
            for (name, seconds) in [("rdb-5/1s/none/allow/star/idle", 5), ("rdb-300/1s/none/allow/star/idle", 300)] {
                let plan = plan_of(name, seed);
                let saved = plan.clients[1].script.as_ref().expect("it saves")[0].at_us;
                let age = plan.faults[0].at_us - saved;
                assert_eq!(age, seconds * SECOND * u64::from(draws.save_age_permille) / 1000);
                assert!(saved >= IN_STEP_BY);
            }
        }
    }
}
