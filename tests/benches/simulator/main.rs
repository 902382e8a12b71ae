//! How fast is the simulator? Delivered messages, seeds and simulated seconds per second of CPU time, engine and all checks included.
//!
//! `cargo bench --bench simulator`; `-- --help` tells the rest.

mod rivals;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use afterimage_sim::crowd::Comparison;
use afterimage_sim::{Outcome, Plan, SECOND, Totals, run_plan, run_seed, yardstick};
use clap::Parser;

use crate::rivals::Rival;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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

/// Measures the simulator
#[derive(Parser)]
struct Arguments {
    /// Seeds whose plans are drawn
    #[arg(long, value_name = "N", default_value_t = 300)]
    seeds: u64,
    /// Do without the other simulators, which must be built first
    #[arg(long)]
    no_rivals: bool,
    /// What `cargo bench` adds
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut failed = plain_loads();
    failed += seeds(arguments.seeds);
    if !arguments.no_rivals {
        failed += beside_rivals();
    }
    let begun = cpu_time::ProcessTime::now();
    let crowd = Comparison::of(1000);
    failed += u64::from(crowd.complaint().is_some());
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "\nA thousand replicas in one world (`cargo sim crowd`): {seconds:.1} s of CPU time. {failed} runs failed."
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Worlds without faults, by the load.
fn plain_loads() -> u64 {
    println!("Per CPU second, engine and all checks included:\n");
    println!("| load | messages | simulated seconds | seeds |\n| --- | ---: | ---: | ---: |");
    let loads = [
        ("ping-pong, a node and 4 clients", yardstick::ping_pong(4, 1000)),
        ("stream, a master and 4 replicas", yardstick::stream(4, 0, 20)),
        ("stream, a master and 64 replicas", yardstick::stream(64, 0, 2)),
        ("stream, a master and 4 replicas, beside 256 idle nodes", yardstick::stream(4, 256, 20)),
        ("at rest, a master and 8 replicas", yardstick::rest(8, 5000)),
        ("at rest, a master and 64 replicas", yardstick::rest(64, 500)),
    ];
    let mut failed = 0;
    for (name, plan) in &loads {
        let measured = Measured::of_plan(plan);
        failed += measured.failed;
        println!("| {name} | {} | {} | |", measured.messages(), measured.simulated());
    }
    failed
}

/// Many worlds, each of its own seed.
fn seeds(drawn: u64) -> u64 {
    let short = Measured::of((0..SHORT_SEEDS).map(|seed| run_plan(yardstick::short(seed))));
    let each = short.totals.messages() / short.runs;
    let drawn = Measured::of((0..drawn).map(run_seed));
    let rows = [
        (format!("short lives of a master and 8 replicas, {each} messages each"), &short),
        (format!("{} drawn seeds, with faults", drawn.runs), &drawn),
    ];
    for (name, measured) in rows {
        let seeds = measured.per_second(measured.runs);
        println!("| {name} | {} | {} | {seeds} |", measured.messages(), measured.simulated());
    }
    short.failed + drawn.failed
}

/// The loads that other simulators can carry, by turns with them. What cannot be built is told and left out.
fn beside_rivals() -> u64 {
    println!(
        "\nOther simulators, with neither an engine nor checks: frames per CPU second, and how many times as many messages are ours\n"
    );
    println!(
        "| simulator | ping-pong | ours | ratio | stream | ours | ratio |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    );
    let mut failed = 0;
    for rival in rivals::RIVALS {
        let measured = rival.build().and_then(|program| beside(rival, &program));
        match measured {
            Ok([(theirs, ours), (their_stream, our_stream)]) => println!(
                "| {} | {theirs:.0} | {ours:.0} | {:.2} | {their_stream:.0} | {our_stream:.0} | {:.2} |",
                rival.name,
                ours / theirs,
                our_stream / their_stream
            ),
            Err(error) => {
                println!("| {} | | | | | | |", rival.name);
                eprintln!("{}: {error:#}", rival.name);
                failed += 1;
            }
        }
    }
    failed
}

/// What a rival and we make of ping-pong and of the stream: the median of each, of rounds by turns.
fn beside(rival: &Rival, program: &Path) -> anyhow::Result<[(f64, f64); 2]> {
    let mut rates: [Vec<f64>; 4] = Default::default();
    for _ in 0..ROUNDS {
        rates[0].push(rival.ping_pong(program)?);
        rates[1].push(once(&yardstick::ping_pong(4, 1000)));
        rates[2].push(rival.stream(program)?);
        rates[3].push(once(&yardstick::stream(4, 0, 20)));
    }
    let [theirs, ours, their_stream, our_stream] = rates.map(|mut rates| {
        rates.sort_by(f64::total_cmp);
        rates[ROUNDS / 2]
    });
    Ok([(theirs, ours), (their_stream, our_stream)])
}

/// Messages per CPU second in one run of a plan.
fn once(plan: &Plan) -> f64 {
    Measured::of(std::iter::once_with(|| run_plan(plan.clone()))).messages() as f64
}
