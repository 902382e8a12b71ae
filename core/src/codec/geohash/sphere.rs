//! How far is it from one place to another, on a sphere?

use super::{Point, trig};

/// The earth's radius, as Redis has it.
pub(super) const EARTH_RADIUS_M: f64 = 6_372_797.560_856;

const RADIANS_PER_DEGREE: f64 = core::f64::consts::PI / 180.0;

pub(super) fn radians(degrees: f64) -> f64 {
    degrees * RADIANS_PER_DEGREE
}

pub(super) fn degrees(radians: f64) -> f64 {
    radians / RADIANS_PER_DEGREE
}

/// The length of the shortest way in metres: the haversine formula.
///
/// Differs: places that are opposite to each other are half a circumference apart, where roundings can make Redis say NaN.
#[must_use]
pub fn distance_m(from: Point, to: Point) -> f64 {
    let (from_latitude, to_latitude) = (radians(from.latitude), radians(to.latitude));
    let u = trig::sin((to_latitude - from_latitude) / 2.0);
    let v = trig::sin((radians(to.longitude) - radians(from.longitude)) / 2.0);
    let haversine = u * u + trig::cos(from_latitude) * trig::cos(to_latitude) * v * v;
    2.0 * EARTH_RADIUS_M * trig::asin(libm::sqrt(haversine).min(1.0))
}
