//! Which places lie within a polygon, where is its middle, and how far does it reach?
//!
//! As in Valkey 9: its edges are straight lines on a map on which degrees are squares, and none of them crosses the edge of that map; its
//! middle is that of its corners on the sphere.

use super::cell::Area;
use super::sphere::{degrees, distance_m, radians};
use super::{LATITUDE_MAX, LONGITUDE_MAX, Point, trig};

/// True if a place lies within: if a line from it to the east crosses an odd number of edges. Of the edges themselves those in the
/// west and south are within.
pub(super) fn holds(corners: &[Point], place: Point) -> bool {
    let befores = corners.last().into_iter().chain(corners);
    corners.iter().zip(befores).filter(|(corner, before)| is_edge_east(**corner, **before, place)).count() % 2 == 1
}

/// True if the edge between two corners lies east of a place, at its latitude.
fn is_edge_east(from: Point, to: Point, place: Point) -> bool {
    let is_north = |corner: Point| corner.latitude > place.latitude;
    if is_north(from) == is_north(to) {
        return false;
    }
    // The order of the steps decides about what lies on an edge, by their roundings.
    let (east, north) = (to.longitude - from.longitude, to.latitude - from.latitude);
    place.longitude < east * (place.latitude - from.latitude) / north + from.longitude
}

/// The middle of the corners: that of the straight lines through the earth, above which it lies.
pub(super) fn middle(corners: &[Point]) -> Point {
    let (mut x, mut y, mut z) = (0.0, 0.0, 0.0);
    for corner in corners {
        let (longitude, latitude) = (radians(corner.longitude), radians(corner.latitude));
        x += trig::cos(latitude) * trig::cos(longitude);
        y += trig::cos(latitude) * trig::sin(longitude);
        z += trig::sin(latitude);
    }
    let longitude = degrees(trig::atan2(y, x));
    let latitude = degrees(trig::atan2(z, libm::sqrt(x * x + y * y)));
    Point { longitude, latitude }
}

/// The box around the corners, on the map.
pub(super) fn bounds(corners: &[Point]) -> Area {
    let nothing = Area { west: LONGITUDE_MAX, east: -LONGITUDE_MAX, south: LATITUDE_MAX, north: -LATITUDE_MAX };
    corners.iter().fold(nothing, |area, corner| Area {
        west: area.west.min(corner.longitude),
        east: area.east.max(corner.longitude),
        south: area.south.min(corner.latitude),
        north: area.north.max(corner.latitude),
    })
}

/// How far it is from a place to the farthest corner of a box, in metres.
pub(super) fn reach_m(from: Point, area: Area) -> f64 {
    let corners = [(area.west, area.north), (area.east, area.north), (area.west, area.south), (area.east, area.south)];
    let distances = corners.map(|(longitude, latitude)| distance_m(from, Point { longitude, latitude }));
    distances.into_iter().fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corners(places: &[(f64, f64)]) -> alloc::vec::Vec<Point> {
        places.iter().map(|&(longitude, latitude)| Point { longitude, latitude }).collect()
    }

    #[test]
    fn western_and_southern_edges_are_within_and_the_others_are_not() {
        let square = corners(&[(0.0, 0.0), (0.0, 2.0), (2.0, 2.0), (2.0, 0.0)]);
        for (longitude, latitude, is_within) in [
            (1.0, 1.0, true),
            (0.0, 1.0, true),
            (1.0, 0.0, true),
            (0.0, 0.0, true),
            (2.0, 1.0, false),
            (1.0, 2.0, false),
            (2.0, 2.0, false),
            (0.0, 2.0, false),
            (-0.1, 1.0, false),
            (1.0, 2.1, false),
        ] {
            let place = Point { longitude, latitude };
            assert_eq!(holds(&square, place), is_within, "{place:?}");
        }
    }

    #[test]
    fn where_a_polygon_covers_itself_twice_is_outside() {
        let star = corners(&[(0.0, 3.0), (2.0, -3.0), (-3.0, 1.0), (3.0, 1.0), (-2.0, -3.0)]);
        assert!(!holds(&star, Point::default()));
        assert!(holds(&star, Point { longitude: 0.0, latitude: 2.0 }));
    }

    #[test]
    fn the_middle_of_corners_is_that_on_the_sphere() {
        let near_pole = corners(&[(-150.0, 84.0), (-30.0, 80.0), (30.0, 80.0), (150.0, 84.0)]);
        assert!(middle(&near_pole).latitude > LATITUDE_MAX);
        let square = corners(&[(-1.0, -1.0), (-1.0, 1.0), (1.0, 1.0), (1.0, -1.0)]);
        assert_eq!(middle(&square), Point::default());
        let corner = Point { longitude: 30.0, latitude: 40.0 };
        assert!(distance_m(middle(&[corner]), corner) < 1e-8);
        assert_eq!(middle(&[]), Point::default());
    }
}
