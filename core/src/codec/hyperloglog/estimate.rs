//! How many different elements leave registers with a given histogram?
//!
//! Otmar Ertl's estimator, which needs neither tables nor corrections: "New cardinality estimation algorithms for HyperLogLog
//! sketches", arXiv:1702.01284, algorithm 6.

use super::{RANK_MAX, REGISTERS};

/// 1 / (2 ln 2).
const ALPHA: f64 = 0.721_347_520_444_481_7;

/// The estimate for so many registers of each rank, rounded to the nearest.
pub(super) fn count(histogram: &[u32; 64]) -> u64 {
    let registers = REGISTERS as f64;
    let mut sum = registers * tau((registers - f64::from(histogram[RANK_MAX])) / registers);
    for of_rank in histogram[1..RANK_MAX].iter().rev() {
        sum = (sum + f64::from(*of_rank)) * 0.5;
    }
    sum += registers * sigma(f64::from(histogram[0]) / registers);
    // Nothing was seen if the sum is infinite: the estimate is zero then.
    libm::round(ALPHA * registers * registers / sum) as u64
}

/// What registers of the highest rank add.
fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut weight, mut sum) = (1.0, 1.0 - x);
    loop {
        let before = sum;
        x = libm::sqrt(x);
        weight *= 0.5;
        sum -= (1.0 - x) * (1.0 - x) * weight;
        if sum == before {
            return sum / 3.0;
        }
    }
}

/// What empty registers add.
fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut weight, mut sum) = (1.0, x);
    loop {
        let before = sum;
        x *= x;
        sum += x * weight;
        weight += weight;
        if sum == before {
            return sum;
        }
    }
}
