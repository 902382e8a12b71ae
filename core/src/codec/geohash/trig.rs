//! What are the sine, the cosine, the arc sine and the arc tangent of a number, to the last bit?
//!
//! Distances are told to a tenth of a millimetre, and kept in full. The C library under Redis nearly always gives the number that is
//! nearest to the true value; the usual portable routines are off by one in the last place for one in twenty. So each result is found
//! to some 68 bits, as the sum of two numbers of which the second is what the first lacks, and rounded once.

/// A number and what it lacks.
#[derive(Clone, Copy)]
struct Two(f64, f64);

/// Half of pi, in three parts.
const HALF_PI: Two = Two(core::f64::consts::FRAC_PI_2, 6.123_233_995_736_766e-17);
const HALF_PI_REST: f64 = -1.497_384_904_859_169_8e-33;

/// From here on multiples of half of pi are no longer subtracted exactly.
const EXACT_MAX: f64 = 1_000.0;

impl Two {
    fn sum(a: f64, b: f64) -> Two {
        let sum = a + b;
        let from_b = sum - a;
        Two(sum, (a - (sum - from_b)) + (b - from_b))
    }

    /// The sum of a number and a smaller one.
    fn sum_ordered(large: f64, small: f64) -> Two {
        let sum = large + small;
        Two(sum, small - (sum - large))
    }

    fn product(a: f64, b: f64) -> Two {
        /// Parts a number into two halves of its digits.
        fn halves(a: f64) -> (f64, f64) {
            let scaled = a * 134_217_729.0;
            let high = scaled - (scaled - a);
            (high, a - high)
        }
        let product = a * b;
        let ((a_high, a_low), (b_high, b_low)) = (halves(a), halves(b));
        Two(product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low)
    }

    fn plus(self, other: Two) -> Two {
        let Two(sum, rest) = Two::sum(self.0, other.0);
        Two::sum_ordered(sum, rest + self.1 + other.1)
    }

    fn times(self, other: Two) -> Two {
        let Two(product, rest) = Two::product(self.0, other.0);
        Two::sum_ordered(product, rest + (self.0 * other.1 + self.1 * other.0))
    }

    fn negated(self) -> Two {
        Two(-self.0, -self.1)
    }
}

/// The coefficients of a series in the square of x: the first ones in full, the others as far as they matter.
struct Series {
    first: [Two; 4],
    others: [f64; 6],
}

/// The sine: x minus x^3/3!, plus x^5/5!, and so on, each divided by x.
const SINE: Series = Series {
    first: [
        Two(1.0, 0.0),
        Two(-1.0 / 6.0, -9.251_858_538_542_97e-18),
        Two(1.0 / 120.0, 1.156_482_317_317_871_4e-19),
        Two(-1.0 / 5_040.0, -1.720_955_829_342_070_5e-22),
    ],
    others: [
        1.0 / 362_880.0,
        -1.0 / 39_916_800.0,
        1.0 / 6_227_020_800.0,
        -1.0 / 1_307_674_368_000.0,
        1.0 / 355_687_428_096_000.0,
        -1.0 / 121_645_100_408_832_000.0,
    ],
};

/// The cosine: 1 minus x^2/2!, plus x^4/4!, and so on.
const COSINE: Series = Series {
    first: [
        Two(1.0, 0.0),
        Two(-0.5, 0.0),
        Two(1.0 / 24.0, 2.312_964_634_635_742_7e-18),
        Two(-1.0 / 720.0, 5.300_543_954_373_577e-20),
    ],
    others: [
        1.0 / 40_320.0,
        -1.0 / 3_628_800.0,
        1.0 / 479_001_600.0,
        -1.0 / 87_178_291_200.0,
        1.0 / 20_922_789_888_000.0,
        -1.0 / 6_402_373_705_728_000.0,
    ],
};

impl Series {
    fn at(&self, square: Two) -> Two {
        let rest = self.others.iter().rev().fold(0.0, |sum, coefficient| sum * square.0 + coefficient);
        self.first.iter().rev().fold(Two(rest, 0.0), |sum, coefficient| sum.times(square).plus(*coefficient))
    }
}

/// The sine and the cosine of a number that is not large.
fn sin_cos(x: f64) -> (Two, Two) {
    let quarters = libm::round(x / HALF_PI.0);
    let multiple = Two::product(quarters, HALF_PI.0).plus(Two::product(quarters, HALF_PI.1));
    let rest = Two(x, 0.0).plus(multiple.negated()).plus(Two(-quarters * HALF_PI_REST, 0.0));
    let square = rest.times(rest);
    let (sine, cosine) = (SINE.at(square).times(rest), COSINE.at(square));
    match (quarters as i64).rem_euclid(4) {
        0 => (sine, cosine),
        1 => (cosine, sine.negated()),
        2 => (sine.negated(), cosine.negated()),
        _ => (cosine.negated(), sine),
    }
}

/// The sine of an angle in radians.
pub(super) fn sin(x: f64) -> f64 {
    if x.abs() < EXACT_MAX { sin_cos(x).0.0 } else { libm::sin(x) }
}

/// The cosine of an angle in radians.
pub(super) fn cos(x: f64) -> f64 {
    if x.abs() < EXACT_MAX { sin_cos(x).1.0 } else { libm::cos(x) }
}

/// The angle in radians of which the sine is `x`, from 0 to 1.
pub(super) fn asin(x: f64) -> f64 {
    if x <= 0.5 {
        let Two(angle, _) = asin_small(Two(x, 0.0));
        return angle;
    }
    // Near 1 the sine says little about the angle: by half the angle to it instead.
    let half = (1.0 - x) / 2.0;
    let root = libm::sqrt(half);
    if root == 0.0 {
        return HALF_PI.0;
    }
    let Two(square, rest) = Two::product(root, root);
    let lacking = ((half - square) - rest) / (2.0 * root);
    let Two(angle, lacking) = asin_small(Two(root, lacking));
    HALF_PI.plus(Two(-2.0 * angle, -2.0 * lacking)).0
}

/// The angle in radians from the east to the direction of a point, counted to the north.
pub(super) fn atan2(y: f64, x: f64) -> f64 {
    let angle = libm::atan2(y, x);
    let (sine, cosine) = sin_cos(angle);
    // The point as it is seen in the direction of the angle: how far away, and how far beside.
    let ahead = x * cosine.0 + y * sine.0;
    let Two(beside, rest) = cosine.times(Two(y, 0.0)).plus(sine.times(Two(-x, 0.0)));
    let lacking = (beside + rest) / ahead;
    if lacking.is_finite() { angle + lacking } else { angle }
}

/// One step of Newton's from what is nearly right.
fn asin_small(x: Two) -> Two {
    let angle = libm::asin(x.0);
    let (sine, cosine) = sin_cos(angle);
    let Two(off, rest) = x.plus(sine.negated());
    Two::sum_ordered(angle, (off + rest) / cosine.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::approx_constant, reason = "what a function gives is written in full")]
    fn results_are_the_nearest_to_the_true_ones() {
        type Case = (fn(f64) -> f64, f64, f64);
        // Found with a hundred digits.
        let cases: &[Case] = &[
            (sin, 1e-09, 1e-09),
            (sin, 0.1, 0.09983341664682815),
            (sin, 0.5, 0.479425538604203),
            (sin, 0.7853981633974483, 0.7071067811865475),
            (sin, 1.5707963267948966, 1.0),
            (sin, 3.141592653589793, 1.2246467991473532e-16),
            (sin, -2.5, -0.5984721441039565),
            (sin, 6.0, -0.27941549819892586),
            (sin, 500.25, -0.6718977223341417),
            (sin, 0.393285, 0.3832246845727316),
            (sin, 0.773718, 0.6987996128318217),
            (sin, 0.944619, 0.810273706930031),
            (sin, 1.415841, 0.9880184264421921),
            (sin, 0.767675, 0.6944642163021267),
            (sin, 1.35144, 0.9760377157172787),
            (sin, -1.507183, -0.9979773545441591),
            (sin, -0.110008, -0.10978625248244547),
            (sin, 1.418741, 0.9884618454886075),
            (sin, 0.476719, 0.4588664649060826),
            (sin, 1.282882, 0.9588381937787929),
            (sin, -1.237741, -0.9450478720618734),
            (cos, 1e-09, 1.0),
            (cos, 0.1, 0.9950041652780258),
            (cos, 0.5, 0.8775825618903728),
            (cos, 0.7853981633974483, 0.7071067811865476),
            (cos, 1.5707963267948966, 6.123233995736766e-17),
            (cos, 3.141592653589793, -1.0),
            (cos, -2.5, -0.8011436155469337),
            (cos, 6.0, 0.960170286650366),
            (cos, 500.25, -0.7406439432832707),
            (cos, 0.393285, 0.9236551527134629),
            (cos, 0.773718, 0.7153174827348316),
            (cos, 0.944619, 0.5860516358290166),
            (cos, 1.415841, 0.1543359614953516),
            (cos, 0.767675, 0.7195272422055143),
            (cos, 1.35144, 0.21760141887725962),
            (cos, -1.507183, 0.06357043194002694),
            (cos, -0.110008, 0.9939552196984835),
            (cos, 1.418741, 0.1514700630925344),
            (cos, 0.476719, 0.8885052433073172),
            (cos, 1.282882, 0.2839530210281658),
            (cos, -1.237741, 0.3269319799458674),
            (asin, 0.0, 0.0),
            (asin, 1e-09, 1e-09),
            (asin, 0.25, 0.25268025514207865),
            (asin, 0.5, 0.5235987755982989),
            (asin, 0.5000000000000001, 0.523598775598299),
            (asin, 0.999999, 1.5693821131146521),
            (asin, 0.9999999999999999, 1.5707963118937354),
            (asin, 1.0, 1.5707963267948966),
            (asin, 0.469069, 0.4882363152383398),
            (asin, 0.246573, 0.24914247317589117),
            (asin, 0.543761, 0.5749120719038578),
            (asin, 0.573941, 0.6113103576178562),
            (asin, 0.013114, 0.01311437591348013),
            (asin, 0.21673, 0.21846360280526148),
            (asin, 0.279482, 0.28325456830153994),
            (asin, 0.916345, 1.1588543403053773),
            (asin, 0.765725, 0.8721678077844812),
            (asin, 0.159604, 0.16028949773846798),
            (asin, 0.797147, 0.9225551788710499),
            (asin, 0.138767, 0.13921626001842774),
        ];
        for (function, x, expected) in cases {
            assert_eq!(function(*x).to_bits(), expected.to_bits(), "{x}: {expected}");
        }
    }
}
