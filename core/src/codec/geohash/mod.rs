//! How does a place on the earth become a number, and what lies near it?
//!
//! As in Redis: longitude and latitude, each halved 26 times, with their bits by turns are the 52 bits of a score. Places that share the
//! first bits of their scores share a [`Cell`], and a search looks through the nine cells around its centre. On all of this, replies
//! depend bit by bit; so the steps of the arithmetic, roundings included, are Redis's.

mod cell;
mod polygon;
mod shape;
mod sphere;
mod trig;

pub use cell::Cell;
pub use shape::{Extent, Shape};
pub use sphere::distance_m;

use cell::Grid;

/// Longitudes are from minus this to this, in degrees.
pub const LONGITUDE_MAX: f64 = 180.0;
/// Latitudes are from minus this to this, in degrees: where the Mercator projection is a square. Poles have no place.
pub const LATITUDE_MAX: f64 = 85.051_128_78;

/// How often both coordinates are halved for a score.
const STEPS_MAX: u32 = 26;
/// The bits of a score.
const SCORE_BITS: u32 = 2 * STEPS_MAX;

/// The grid of scores.
const SCORES: Grid = Grid { longitude_max: LONGITUDE_MAX, latitude_max: LATITUDE_MAX };
/// The grid of the geohashes that others know, as in <https://en.wikipedia.org/wiki/Geohash>.
const STANDARD: Grid = Grid { longitude_max: LONGITUDE_MAX, latitude_max: 90.0 };

/// A place on the earth, in degrees.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// East of Greenwich; negative if west.
    pub longitude: f64,
    /// North of the equator; negative if south.
    pub latitude: f64,
}

impl Point {
    /// True if it is on the map.
    #[must_use]
    pub fn is_valid(self) -> bool {
        self.longitude.abs() <= LONGITUDE_MAX && self.latitude.abs() <= LATITUDE_MAX
    }

    /// The score of a place on the map.
    #[must_use]
    pub fn score(self) -> u64 {
        SCORES.cell(self, STEPS_MAX).bits
    }

    /// The place of a score: the middle of the smallest cell. Any score has one.
    #[must_use]
    pub fn of_score(score: f64) -> Point {
        let cell = Cell { bits: bits_of(score), steps: STEPS_MAX };
        SCORES.area(cell).middle()
    }

    /// The geohash that others know, of eleven letters. The last one would need more bits than there are, and is always `0`.
    #[must_use]
    pub fn text(self) -> [u8; 11] {
        const LETTERS: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";
        let bits = STANDARD.cell(self, STEPS_MAX).bits;
        let mut text = [b'0'; 11];
        for (index, letter) in text.iter_mut().take(10).enumerate() {
            let shift = SCORE_BITS - 5 * (index as u32 + 1);
            *letter = LETTERS[(bits >> shift & 0x1f) as usize];
        }
        text
    }
}

/// A score as the bits of a cell. Scores that no place has, since ZADD has set them, are read as the processors do that Redis mostly
/// runs on: negative ones as if they were positive and huge, infinity as zero.
fn bits_of(score: f64) -> u64 {
    const HALF: f64 = (1_u64 << 63) as f64;
    if score < HALF { whole(score) as u64 } else { whole(score - HALF) as u64 ^ 1 << 63 }
}

/// A number without its fraction; the least one stands for those that do not fit.
#[must_use]
pub fn whole(number: f64) -> i64 {
    const LIMIT: f64 = (1_u64 << 63) as f64;
    if (-LIMIT..LIMIT).contains(&number) { number as i64 } else { i64::MIN }
}

#[cfg(test)]
mod tests;
