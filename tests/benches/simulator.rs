//! How fast is the simulator? Delivered messages, seeds and simulated seconds per second of CPU time, checks on.
//!
//! `cargo bench --bench simulator`, or with a number of seeds behind `--`.

use std::process::ExitCode;

use afterimage_sim::{SECOND, Totals, run_seed};

/// Seeds by default: a few seconds.
const SEEDS: u64 = 300;

fn main() -> ExitCode {
    let wanted = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(SEEDS);
    let begun = cpu_time::ProcessTime::now();
    let (mut totals, mut events, mut simulated_us, mut failed) = (Totals::default(), 0, 0, 0);
    for seed in 0..wanted {
        let outcome = run_seed(seed);
        totals.add(&outcome.totals);
        events += outcome.events;
        simulated_us += outcome.simulated_us;
        failed += u64::from(!outcome.passed());
    }
    let seconds = begun.elapsed().as_secs_f64();
    let per_second = |count: u64| (count as f64 / seconds).round();
    println!("| per CPU second, all checks on | |\n| --- | ---: |");
    println!("| delivered messages | {} |", per_second(totals.messages()));
    println!("| events | {} |", per_second(events));
    println!("| seeds | {:.1} |", wanted as f64 / seconds);
    println!("| simulated seconds | {} |", per_second(simulated_us / SECOND));
    println!("\n{wanted} seeds in {seconds:.2} s of CPU time, {failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
