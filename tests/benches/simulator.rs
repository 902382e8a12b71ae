//! How fast is the simulator? Delivered messages, seeds and simulated seconds per second of CPU time, engine and all checks included.
//!
//! `cargo bench --bench simulator`; with a number behind `--`, so many seeds of the last table.

use std::process::ExitCode;
use std::time::Duration;

use afterimage_sim::crowd::Comparison;
use afterimage_sim::{Outcome, Plan, SECOND, Totals, run_plan, run_seed, yardstick};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Seeds by default: a few seconds.
const SEEDS: u64 = 300;
const SHORT_SEEDS: u64 = 4000;
/// Each load is run so often; the median counts.
const ROUNDS: usize = 3;

/// What runs have done, and what it took of the processor.
#[derive(Default)]
struct Measured {
    totals: Totals,
    runs: u64,
    events: u64,
    simulated_us: u64,
    failed: u64,
    cpu: Duration,
}

impl Measured {
    fn of(runs: impl Iterator<Item = Outcome>) -> Measured {
        let begun = cpu_time::ProcessTime::now();
        let mut measured = Measured::default();
        for outcome in runs {
            measured.totals.add(&outcome.totals);
            measured.runs += 1;
            measured.events += outcome.events;
            measured.simulated_us += outcome.simulated_us;
            measured.failed += u64::from(!outcome.passed());
        }
        measured.cpu = begun.elapsed();
        measured
    }

    /// The run of median cost.
    fn of_plan(plan: &Plan) -> Measured {
        let mut rounds: Vec<Measured> =
            (0..ROUNDS).map(|_| Measured::of(std::iter::once_with(|| run_plan(plan.clone())))).collect();
        rounds.sort_by_key(|measured| measured.cpu);
        rounds.swap_remove(ROUNDS / 2)
    }

    fn per_second(&self, count: u64) -> u64 {
        (count as f64 / self.cpu.as_secs_f64()).round() as u64
    }

    fn messages(&self) -> u64 {
        self.per_second(self.totals.messages())
    }

    fn simulated(&self) -> u64 {
        self.per_second(self.simulated_us / SECOND)
    }
}

fn main() -> ExitCode {
    let wanted = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(SEEDS);
    let mut failed = 0;
    println!(
        "Per CPU second, engine and all checks included:\n\n| load | messages | simulated seconds | seeds |\n| --- | ---: | ---: | ---: |"
    );
    let loads = [
        ("ping-pong, a node and 4 clients", yardstick::ping_pong(4, 1000)),
        ("stream, a master and 4 replicas", yardstick::stream(4, 0, 20)),
        ("stream, a master and 64 replicas", yardstick::stream(64, 0, 2)),
        ("stream, a master and 4 replicas, beside 256 idle nodes", yardstick::stream(4, 256, 20)),
        ("at rest, a master and 8 replicas", yardstick::rest(8, 5000)),
        ("at rest, a master and 64 replicas", yardstick::rest(64, 500)),
    ];
    for (name, plan) in &loads {
        let measured = Measured::of_plan(plan);
        failed += measured.failed;
        println!("| {name} | {} | {} | |", measured.messages(), measured.simulated());
    }
    let short = Measured::of((0..SHORT_SEEDS).map(|seed| run_plan(yardstick::short(seed))));
    let seeds = |measured: &Measured| measured.per_second(measured.runs);
    let per_seed = short.totals.messages() / short.runs;
    println!(
        "| short lives of a master and 8 replicas, {per_seed} messages each | {} | {} | {} |",
        short.messages(),
        short.simulated(),
        seeds(&short)
    );
    let drawn = Measured::of((0..wanted).map(run_seed));
    println!("| drawn seeds, with faults | {} | {} | {} |", drawn.messages(), drawn.simulated(), seeds(&drawn));
    failed += short.failed + drawn.failed;
    let begun = cpu_time::ProcessTime::now();
    let crowd = Comparison::of(1000);
    failed += u64::from(crowd.complaint().is_some());
    println!(
        "\nA thousand replicas in one world (`cargo sim crowd`): {:.1} s of CPU time.",
        begun.elapsed().as_secs_f64()
    );
    println!("{wanted} drawn seeds in {:.2} s of CPU time; {failed} runs failed.", drawn.cpu.as_secs_f64());
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
