//! What lies within a distance, a box or a polygon, and in which cells is it to be looked for?

use alloc::vec::Vec;

use super::cell::{Area, Cell, Step};
use super::polygon;
use super::sphere::{EARTH_RADIUS_M, degrees, distance_m, radians};
use super::{LATITUDE_MAX, Point, SCORES, STEPS_MAX, trig};

/// How far a search goes from its centre, in a unit of its own.
#[derive(Clone, Debug)]
pub enum Extent {
    /// A circle.
    Radius(f64),
    /// A box, as wide and as high.
    Box(f64, f64),
    /// A polygon of these corners, which stand where they stand, in degrees.
    Polygon(Vec<Point>),
}

/// What is searched.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Its middle.
    pub centre: Point,
    /// How far it reaches.
    pub extent: Extent,
    /// The unit of that.
    pub unit_m: f64,
}

/// Half the width of a Mercator map, in metres.
const MERCATOR_MAX_M: f64 = 20_037_726.37;

/// The neighbours of a cell, to the east and north, in the order in which they are searched.
const NEIGHBOURS: [(Step, Step); 8] = [
    (Step::Stay, Step::Ahead),
    (Step::Stay, Step::Back),
    (Step::Ahead, Step::Stay),
    (Step::Back, Step::Stay),
    (Step::Ahead, Step::Ahead),
    (Step::Back, Step::Ahead),
    (Step::Ahead, Step::Back),
    (Step::Back, Step::Back),
];

impl Shape {
    /// A polygon, around the middle of its corners. Distances are told in metres.
    #[must_use]
    pub fn polygon(corners: Vec<Point>) -> Shape {
        Shape { centre: polygon::middle(&corners), extent: Extent::Polygon(corners), unit_m: 1.0 }
    }

    /// How far a place is from the centre, in metres, if it lies within.
    #[must_use]
    pub fn distance_m(&self, point: Point) -> Option<f64> {
        let centre = self.centre;
        match &self.extent {
            Extent::Radius(radius) => {
                Some(distance_m(centre, point)).filter(|distance| *distance <= radius * self.unit_m)
            }
            Extent::Box(width, height) => {
                // Each way along one line: how far it is along a circle of latitude depends on which.
                let east = distance_m(point, Point { longitude: centre.longitude, ..point });
                let north = distance_m(point, Point { latitude: centre.latitude, ..point });
                let is_within = east <= width * self.unit_m / 2.0 && north <= height * self.unit_m / 2.0;
                is_within.then(|| distance_m(centre, point))
            }
            Extent::Polygon(corners) => polygon::holds(corners, point).then(|| distance_m(centre, point)),
        }
    }

    /// The cells that hold all of it, in the order in which Redis searches them: at most nine, none twice.
    pub fn cells(&self) -> impl Iterator<Item = Cell> {
        let bounds = self.bounds();
        let mut steps = self.estimate_steps();
        if steps > 1 && !self.do_neighbours_cover(bounds, steps) {
            steps -= 1;
        }
        let cell = SCORES.cell(self.centre_on_map(), steps);
        let area = SCORES.area(cell);
        let is_needed = move |(east, north): &(Step, Step)| {
            let reaches_east = match east {
                Step::Ahead => area.east <= bounds.east,
                Step::Back => area.west >= bounds.west,
                Step::Stay => true,
            };
            let reaches_north = match north {
                Step::Ahead => area.north <= bounds.north,
                Step::Back => area.south >= bounds.south,
                Step::Stay => true,
            };
            // Cells of a single halving are few: all are searched.
            steps < 2 || (reaches_east && reaches_north)
        };
        let mut before = None;
        let others = NEIGHBOURS.into_iter().filter(is_needed).map(move |(east, north)| cell.beside(east, north));
        // Of a few large cells, neighbours on both sides are the same.
        let different = others.filter(move |&other| before.replace(other) != Some(other));
        core::iter::once(cell).chain(different)
    }

    /// The centre, or the place on the map that is next to it: the middle of a polygon may be near a pole.
    ///
    /// Differs: Valkey then searches wherever memory says, and finds something else each time.
    fn centre_on_map(&self) -> Point {
        Point { latitude: self.centre.latitude.clamp(-LATITUDE_MAX, LATITUDE_MAX), ..self.centre }
    }

    /// A box around it.
    fn bounds(&self) -> Area {
        let Point { longitude, latitude } = self.centre;
        // Half its width and height, in metres.
        let (half_width_m, half_height_m) = match &self.extent {
            Extent::Radius(radius) => (self.unit_m * radius, self.unit_m * radius),
            Extent::Box(width, height) => (self.unit_m * (width / 2.0), self.unit_m * (height / 2.0)),
            Extent::Polygon(corners) => return polygon::bounds(corners),
        };
        let north = degrees(half_height_m / EARTH_RADIUS_M);
        // Towards the pole, where circles of latitude are shorter, it is wider in degrees.
        let widest = if latitude < 0.0 { latitude - north } else { latitude + north };
        let east = degrees(half_width_m / EARTH_RADIUS_M / trig::cos(radians(widest)));
        Area { west: longitude - east, east: longitude + east, south: latitude - north, north: latitude + north }
    }

    /// How often the map may be halved, about, so that nine cells still hold it.
    fn estimate_steps(&self) -> u32 {
        let mut range_m = match &self.extent {
            Extent::Radius(radius) => radius * self.unit_m,
            Extent::Box(width, height) => {
                let diagonal = (width / 2.0) * (width / 2.0) + (height / 2.0) * (height / 2.0);
                libm::sqrt(diagonal) * self.unit_m
            }
            Extent::Polygon(corners) => polygon::reach_m(self.centre, polygon::bounds(corners)),
        };
        if range_m == 0.0 {
            return STEPS_MAX;
        }
        let mut steps = 1_i32;
        while range_m < MERCATOR_MAX_M {
            range_m *= 2.0;
            steps += 1;
        }
        // Two fewer, so that the range is covered wherever in its cell the centre is; and fewer near the poles, where cells are narrow.
        steps -= 2;
        let latitude = self.centre.latitude.abs();
        steps -= i32::from(latitude > 66.0) + i32::from(latitude > 80.0);
        steps.clamp(1, STEPS_MAX as i32) as u32
    }

    /// True if the four next cells reach as far as the box around it.
    fn do_neighbours_cover(&self, bounds: Area, steps: u32) -> bool {
        let cell = SCORES.cell(self.centre_on_map(), steps);
        let area = |east, north| SCORES.area(cell.beside(east, north));
        let is_short = area(Step::Stay, Step::Ahead).north < bounds.north
            || area(Step::Stay, Step::Back).south > bounds.south
            || area(Step::Ahead, Step::Stay).east < bounds.east
            || area(Step::Back, Step::Stay).west > bounds.west;
        !is_short
    }
}
