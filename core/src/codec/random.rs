//! Where does a decision that must be random, yet replayable, come from?
//!
//! From a ChaCha8 stream, named by a seed and a stream number, of which only raw 64-bit words are
//! drawn. The reductions (ranges, shuffles, distributions) are made here, in integers: a seed kept
//! with a bug report must mean the same for years, and published samplers have changed between
//! versions. The golden test pins every one of them.

use core::ops::RangeInclusive;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// ln 2 with 32 fractional bits.
const LN_2_Q32: u64 = 0xb172_17f7;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// One deterministic stream of random choices.
#[derive(Clone, Debug)]
pub struct Random {
    words: ChaCha8Rng,
}

impl Random {
    /// The stream `stream` of `seed`, from its beginning. Streams of one seed are independent of
    /// each other.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut words = ChaCha8Rng::seed_from_u64(seed);
        words.set_stream(stream);
        Self { words }
    }

    /// A word of 64 random bits.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        self.words.next_u64()
    }

    /// A number from 0 up to, without, `n`, each equally likely; 0 if `n` is 0.
    ///
    /// Multiplies instead of dividing, and draws again only from the few words that would make it
    /// uneven (Lemire 2019).
    pub fn below(&mut self, n: u64) -> u64 {
        let mut product = u128::from(self.next_u64()) * u128::from(n);
        if (product as u64) < n {
            let uneven = n.wrapping_neg() % n;
            while (product as u64) < uneven {
                product = u128::from(self.next_u64()) * u128::from(n);
            }
        }
        (product >> 64) as u64
    }

    /// A number of `range`, each equally likely; its start if it is empty.
    pub fn range(&mut self, range: RangeInclusive<u64>) -> u64 {
        let (low, high) = range.into_inner();
        match high.saturating_sub(low).checked_add(1) {
            Some(count) => low + self.below(count),
            None => self.next_u64(),
        }
    }

    /// True `numerator` times in `denominator`; never if the denominator is 0.
    pub fn chance(&mut self, numerator: u32, denominator: u32) -> bool {
        let drawn = self.below(u64::from(denominator));
        denominator != 0 && drawn < u64::from(numerator)
    }

    /// One of `items`, each equally likely; `None` if there are none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len() as u64) as usize)
    }

    /// Puts `items` into an order of which each is equally likely.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last as u64 + 1) as usize;
            items.swap(last, other);
        }
    }

    /// A time to the next of events that come independently, every `mean` on average; in the unit
    /// of `mean`.
    ///
    /// Exponentially distributed and rounded down. The longest that can be drawn is about 44 means.
    pub fn exponential(&mut self, mean: u64) -> u64 {
        // A uniform word w stands for u = (w + 1) / 2^64, so that -ln u = (64 - log2(w + 1)) * ln
        // 2.
        let word = u128::from(self.next_u64()) + 1;
        let minus_log2_q32 = (64 << 32) - log2_q32(word);
        let means_q32 = (u128::from(minus_log2_q32) * u128::from(LN_2_Q32)) >> 32;
        u64::try_from((means_q32 * u128::from(mean)) >> 32).unwrap_or(u64::MAX)
    }

    /// Fills `bytes` with random bytes, drawing a word for every eight, little end first.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for piece in bytes.chunks_mut(8) {
            piece.copy_from_slice(&self.next_u64().to_le_bytes()[..piece.len()]);
        }
    }

    /// Forty lower-case hexadecimal digits: the shape of a replication id and of a run id.
    pub fn hex40(&mut self) -> [u8; 40] {
        let mut bytes = [0; 20];
        self.fill(&mut bytes);
        let mut digits = [0; 40];
        for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
            *pair = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
        }
        digits
    }
}

/// The binary logarithm of `value`, from 1 to 2^64, with 32 fractional bits, rounded down.
fn log2_q32(value: u128) -> u64 {
    let whole = value.ilog2();
    // The mantissa, from 1 to just under 2, with 63 fractional bits. Squaring it doubles its
    // logarithm, which brings the next binary digit of that in front of the point.
    let mut mantissa = (value << (127 - whole)) >> 64;
    let mut log2 = u64::from(whole);
    for _ in 0..32 {
        mantissa = (mantissa * mantissa) >> 63;
        let digit = (mantissa >> 64) as u64;
        mantissa >>= digit;
        log2 = log2 << 1 | digit;
    }
    log2
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::vec::Vec;

    #[test]
    fn every_sampler_is_pinned() {
        let mut random = Random::new(42, 7);
        let words: Vec<u64> = (0..32).map(|_| random.next_u64()).collect();
        assert_eq!(words, GOLDEN_WORDS, "{words:#018x?}");

        let mut draw10 =
            |sampler: fn(&mut Random) -> u64| -> Vec<u64> { (0..10).map(|_| sampler(&mut random)).collect() };
        let drawn = [
            draw10(|random| random.below(1000)),
            draw10(|random| random.below(u64::MAX / 3 * 2)),
            draw10(|random| random.range(5..=9)),
            draw10(|random| random.range(0..=u64::MAX)),
            draw10(|random| random.chance(1, 3).into()),
            draw10(|random| random.exponential(1_000_000)),
            draw10(|random| *random.pick(&[2, 3, 5, 7, 11]).expect("there are five")),
        ];
        for (drawn, golden) in drawn.iter().zip(GOLDEN_DRAWS) {
            assert_eq!(drawn, golden);
        }

        let mut order: Vec<u32> = (0..10).collect();
        random.shuffle(&mut order);
        assert_eq!(order, [1, 6, 8, 5, 3, 0, 7, 4, 9, 2]);
        let mut bytes = [0; 11];
        random.fill(&mut bytes);
        assert_eq!(bytes, [19, 246, 239, 143, 157, 187, 99, 240, 14, 200, 167]);
        let id = random.hex40();
        assert_eq!(core::str::from_utf8(&id), Ok("c6fb5de1ac9b6f4fcb917e1f0c67e9366cfab43d"));
    }

    const GOLDEN_WORDS: [u64; 32] = [
        0x20e5_cc88_35be_27d0,
        0x538a_68c1_6dbb_833d,
        0x9d8d_c577_cebf_4400,
        0x7e6b_b95a_5d65_b364,
        0x6485_6b98_cf2b_a911,
        0x3861_c731_fb4c_f3f9,
        0x39c5_4aa3_5734_4e5c,
        0x4062_2c8b_88a4_5839,
        0x4c1e_fa5e_4302_9707,
        0x6f6b_2132_9653_3bc6,
        0x9288_cd85_bb9e_569e,
        0x4485_f59e_73b1_4fa7,
        0x2b3e_fd95_356c_b6a4,
        0xc36a_773e_cad9_0e67,
        0x840e_0397_42f1_4190,
        0x8e59_5e74_5dfa_705b,
        0x5795_c949_1e2f_c995,
        0x6777_4d0b_3415_b92d,
        0x4777_f042_f88b_c9cc,
        0x1cdc_0a94_4b19_d09f,
        0xc0eb_0977_b09b_3529,
        0xdebd_f755_5d87_eded,
        0x2749_e91d_1935_99ed,
        0xfb30_11a1_c286_e48e,
        0xed7c_bd4a_eb8c_ea7d,
        0xa76b_d707_031c_89fe,
        0x7ea6_8e9d_d265_ac46,
        0x2f52_d9ec_52ea_02f0,
        0x675b_ba46_0a1d_26a7,
        0x51ae_e081_005f_db9d,
        0xef41_75ca_e074_3861,
        0x7767_b50a_3de2_4d78,
    ];

    const GOLDEN_DRAWS: [&[u64]; 7] = [
        &[383, 551, 905, 196, 940, 524, 233, 876, 766, 80],
        &[
            6_241_193_055_618_796_941,
            5_390_877_585_480_267_880,
            3_244_368_906_420_864_183,
            11_528_482_218_457_042_640,
            12_193_872_355_029_068_456,
            6_941_284_168_740_472_017,
            413_099_651_929_941_962,
            11_232_301_871_823_615_623,
            3_351_641_368_077_719_223,
            3_577_119_292_987_395_193,
        ],
        &[6, 8, 5, 8, 7, 5, 9, 8, 7, 5],
        &[
            7_776_500_797_500_553_008,
            6_020_267_935_276_148_198,
            7_305_979_329_293_693_051,
            9_063_488_929_050_354_104,
            4_851_870_721_779_941_636,
            13_175_770_820_930_030_231,
            18_304_680_255_370_770_168,
            13_144_866_503_150_362_056,
            2_525_134_690_410_850_408,
            4_828_087_260_695_658_468,
        ],
        &[0, 0, 0, 0, 0, 1, 0, 0, 0, 0],
        &[893_637, 503_987, 912_573, 4484, 2_049_807, 64837, 2_000_469, 2_074_995, 573_635, 31036],
        &[2, 7, 7, 3, 11, 5, 3, 11, 7, 3],
    ];

    #[test]
    fn streams_and_seeds_differ_and_clones_agree() {
        let first = |seed, stream| Random::new(seed, stream).next_u64();
        assert_ne!(first(1, 0), first(1, 1));
        assert_ne!(first(1, 0), first(2, 0));
        let mut one = Random::new(1, 0);
        one.next_u64();
        let mut other = one.clone();
        assert_eq!(one.hex40(), other.hex40());
    }

    #[test]
    #[expect(clippy::reversed_empty_ranges, reason = "that is the case tested")]
    fn empty_choices_are_answered_without_panic() {
        let mut random = Random::new(1, 1);
        assert_eq!(random.below(0), 0);
        assert_eq!(random.below(1), 0);
        assert_eq!(random.range(9..=3), 9);
        assert_eq!(random.range(4..=4), 4);
        assert_eq!(random.pick::<u8>(&[]), None);
        assert!(!random.chance(0, 0) && !random.chance(1, 0) && !random.chance(0, 5));
        assert!(random.chance(5, 5) && random.chance(u32::MAX, 1));
        assert_eq!(random.exponential(0), 0);
        random.shuffle::<u8>(&mut []);
        random.fill(&mut []);
    }

    #[test]
    fn below_is_even_where_taking_a_remainder_would_not_be() {
        // Of n = 3/4 * 2^64 a remainder would fall into the lowest third half of the time.
        let n = (1u64 << 63) + (1 << 62);
        let mut random = Random::new(3, 3);
        let low = (0..30_000).filter(|_| random.below(n) < n / 3).count();
        assert!((9_700..10_300).contains(&low), "{low}");
    }

    #[test]
    fn exponential_has_its_mean_and_its_tail() {
        let mut random = Random::new(5, 5);
        let mean = 1_000_000;
        let draws: Vec<u64> = (0..40_000).map(|_| random.exponential(mean)).collect();
        let average = draws.iter().sum::<u64>() / draws.len() as u64;
        assert!((980_000..1_020_000).contains(&average), "{average}");
        // A share of 1/e lasts longer than the mean: 14715 of 40000.
        let longer = draws.iter().filter(|time| **time > mean).count();
        assert!((14_400..15_000).contains(&longer), "{longer}");
    }

    #[test]
    fn log2_is_exact_at_powers_and_close_between() {
        for power in 0..=64 {
            assert_eq!(log2_q32(1 << power), power << 32);
        }
        let three = format!("{:.8}", log2_q32(3) as f64 / (1u64 << 32) as f64);
        assert_eq!(three, "1.58496250");
    }
}
