//! How well is a number known?
//!
//! Only what all machines compute alike: the four operations and square roots.

use serde::{Deserialize, Serialize};

/// The standard normal distribution has 95 % within so many standard deviations of its middle.
const Z: f64 = 1.959_963_984_540_054;

/// A share of all runs, and where it is by a confidence of 95 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// Runs of which it is true.
    pub count: u32,
    /// Of all of them, from 0 to 1.
    pub share: f64,
    /// The lower end of Wilson's interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Share {
    /// Of `count` runs among `of` something is true.
    #[must_use]
    pub fn of(count: u32, of: u32) -> Share {
        if of == 0 {
            return Share { count, share: 0.0, low: 0.0, high: 1.0 };
        }
        let (n, share) = (f64::from(of), f64::from(count) / f64::from(of));
        let scale = 1.0 + Z * Z / n;
        let middle = (share + Z * Z / (2.0 * n)) / scale;
        let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt() / scale;
        // At the ends rounding may leave a rest.
        let low = if count == 0 { 0.0 } else { middle - half };
        let high = if count == of { 1.0 } else { middle + half };
        Share { count, share, low, high }
    }
}

/// A mean over runs, and where it is by a confidence of 95 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mean {
    /// The mean.
    pub mean: f64,
    /// The lower end of Student's interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Mean {
    /// Of some values; `None` of less than two, of which nothing is known.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Mean> {
        if values.len() < 2 {
            return None;
        }
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let spread = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (n - 1.0);
        let half = student(n - 1.0) * (spread / n).sqrt();
        Some(Mean { mean, low: mean - half, high: mean + half })
    }
}

/// What half of some values lie below, and all but a twentieth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quantiles {
    /// The middle one.
    pub median: f64,
    /// The one that 95 of a hundred are not above.
    pub p95: f64,
}

impl Quantiles {
    /// Of some values; `None` of none.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Quantiles> {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        let at = |percent: usize| values.get((values.len() * percent).div_ceil(100).saturating_sub(1)).copied();
        Some(Quantiles { median: at(50)?, p95: at(95)? })
    }
}

/// How many standard errors to each side hold 95 % of Student's distribution with so many degrees of freedom (Abramowitz and Stegun, 26.7.5); exact formulas for one and two.
fn student(freedom: f64) -> f64 {
    if freedom < 2.0 {
        return 12.706_204_736;
    }
    if freedom < 3.0 {
        return 4.302_652_730;
    }
    let (z2, v) = (Z * Z, freedom);
    let first = Z * (z2 + 1.0) / 4.0;
    let second = Z * (z2 * (5.0 * z2 + 16.0) + 3.0) / 96.0;
    let third = Z * (z2 * (z2 * (3.0 * z2 + 19.0) + 17.0) - 15.0) / 384.0;
    let fourth = Z * (z2 * (z2 * (z2 * (79.0 * z2 + 776.0) + 1482.0) - 1920.0) - 945.0) / 92160.0;
    Z + first / v + second / (v * v) + third / (v * v * v) + fourth / (v * v * v * v)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_near(one: f64, other: f64, by: f64) -> bool {
        (one - other).abs() <= by
    }

    /// R. G. Newcombe, Two-sided confidence intervals for the single proportion (1998), table I: the score method without continuity correction.
    #[test]
    fn wilsons_interval_has_its_published_values() {
        for (count, of, low, high) in
            [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
        {
            let share = Share::of(count, of);
            assert!(is_near(share.low, low, 5e-5) && is_near(share.high, high, 5e-5), "{share:?}");
        }
    }

    #[test]
    fn wilsons_interval_is_symmetric_and_ends_where_shares_do() {
        let (few, most) = (Share::of(3, 50), Share::of(47, 50));
        assert!(is_near(few.low, 1.0 - most.high, 1e-12) && is_near(few.high, 1.0 - most.low, 1e-12));
        assert_eq!((Share::of(0, 9).low, Share::of(9, 9).high), (0.0, 1.0));
        assert_eq!((Share::of(0, 0).low, Share::of(0, 0).high), (0.0, 1.0), "nothing is known");
    }

    /// Any table of Student's distribution, two-sided, 5 %.
    #[test]
    fn students_factors_are_those_of_the_tables() {
        for (freedom, factor, by) in [
            (1.0, 12.706, 1e-3),
            (2.0, 4.303, 1e-3),
            (3.0, 3.182, 2e-2),
            (4.0, 2.776, 3e-3),
            (9.0, 2.262, 1e-3),
            (29.0, 2.045, 1e-3),
            (99.0, 1.984, 1e-3),
        ] {
            assert!(is_near(student(freedom), factor, by), "{freedom}: {}", student(freedom));
        }
    }

    #[test]
    fn quantiles_are_values_that_there_are() {
        let values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(Quantiles::of(&values), Some(Quantiles { median: 50.0, p95: 95.0 }));
        assert_eq!(Quantiles::of(&[7.0]), Some(Quantiles { median: 7.0, p95: 7.0 }));
        assert_eq!(Quantiles::of(&[]), None);
    }

    #[test]
    fn a_mean_of_equal_values_is_certain_and_of_one_value_nothing_is_known() {
        assert_eq!(Mean::of(&[3.0, 3.0, 3.0]), Some(Mean { mean: 3.0, low: 3.0, high: 3.0 }));
        assert_eq!((Mean::of(&[]), Mean::of(&[1.0])), (None, None));
        let mean = Mean::of(&[1.0, 2.0, 3.0, 4.0, 5.0]).expect("there are some");
        assert!(is_near(mean.low, 3.0 - 1.963, 3e-3) && is_near(mean.high, 3.0 + 1.963, 3e-3), "{mean:?}");
    }
}
