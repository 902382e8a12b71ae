//! In which cell of a grid is a place, how far does the cell reach, and which are its neighbours?

use core::ops::Range;

use super::{LATITUDE_MAX, LONGITUDE_MAX, Point, SCORE_BITS};

/// Every second bit: those of the latitude.
const EVEN: u64 = 0x5555_5555_5555_5555;
/// The others: those of the longitude.
const ODD: u64 = EVEN << 1;

/// A part of the map, halved the same number of times in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Which half it is, each time: of the longitude and of the latitude by turns.
    pub(super) bits: u64,
    /// How many times.
    pub(super) steps: u32,
}

/// A step to a neighbour in one direction.
#[derive(Clone, Copy)]
pub(super) enum Step {
    Back,
    Stay,
    Ahead,
}

impl Cell {
    /// The scores of the places in it.
    #[must_use]
    pub fn scores(self) -> Range<f64> {
        let shift = SCORE_BITS - 2 * self.steps;
        (self.bits << shift) as f64..((self.bits + 1) << shift) as f64
    }

    /// The cell beside it. Behind the last one comes the first again, also towards the poles.
    pub(super) fn beside(self, east: Step, north: Step) -> Cell {
        let unused = 64 - 2 * self.steps;
        let longitude = moved(self.bits & ODD, EVEN >> unused, ODD >> unused, east);
        let latitude = moved(self.bits & EVEN, ODD >> unused, EVEN >> unused, north);
        Cell { bits: longitude | latitude, ..self }
    }
}

/// Adds one to the bits of one coordinate, or subtracts it. `gaps` are the bits between its own, over which a carry passes; `kept` are
/// its own.
fn moved(bits: u64, gaps: u64, kept: u64, step: Step) -> u64 {
    match step {
        Step::Stay => bits,
        Step::Ahead => bits.wrapping_add(gaps + 1) & kept,
        Step::Back => (bits | gaps).wrapping_sub(gaps + 1) & kept,
    }
}

/// How far a cell reaches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub(super) west: f64,
    pub(super) east: f64,
    pub(super) south: f64,
    pub(super) north: f64,
}

impl Area {
    /// Its middle, on the map.
    pub(super) fn middle(self) -> Point {
        let longitude = (self.west + self.east) / 2.0;
        let latitude = (self.south + self.north) / 2.0;
        Point {
            longitude: longitude.clamp(-LONGITUDE_MAX, LONGITUDE_MAX),
            latitude: latitude.clamp(-LATITUDE_MAX, LATITUDE_MAX),
        }
    }
}

/// A map that is halved.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    pub(super) longitude_max: f64,
    pub(super) latitude_max: f64,
}

impl Grid {
    /// The cell of a place on the map. One on the eastern or northern edge is in a cell outside of the map.
    pub(super) fn cell(self, point: Point, steps: u32) -> Cell {
        let scale = (1_u64 << steps) as f64;
        let index = |at: f64, max: f64| ((at - -max) / (max - -max) * scale) as u32;
        let longitude = spread(index(point.longitude, self.longitude_max));
        let latitude = spread(index(point.latitude, self.latitude_max));
        Cell { bits: longitude << 1 | latitude, steps }
    }

    pub(super) fn area(self, cell: Cell) -> Area {
        let scale = (1_u64 << cell.steps) as f64;
        let edge = |index: u32, max: f64| -max + f64::from(index) / scale * (max - -max);
        let (longitude, latitude) = (gather(cell.bits >> 1), gather(cell.bits));
        Area {
            west: edge(longitude, self.longitude_max),
            east: edge(longitude.wrapping_add(1), self.longitude_max),
            south: edge(latitude, self.latitude_max),
            north: edge(latitude.wrapping_add(1), self.latitude_max),
        }
    }
}

/// The bits of a number, each followed by a zero.
fn spread(number: u32) -> u64 {
    let mut bits = u64::from(number);
    for (shift, mask) in [
        (16, 0x0000_ffff_0000_ffff),
        (8, 0x00ff_00ff_00ff_00ff),
        (4, 0x0f0f_0f0f_0f0f_0f0f),
        (2, 0x3333_3333_3333_3333),
        (1, EVEN),
    ] {
        bits = (bits | bits << shift) & mask;
    }
    bits
}

/// Every second bit of a number: what [`spread`] has spread.
fn gather(bits: u64) -> u32 {
    let mut bits = bits & EVEN;
    for (shift, mask) in [
        (1, 0x3333_3333_3333_3333),
        (2, 0x0f0f_0f0f_0f0f_0f0f),
        (4, 0x00ff_00ff_00ff_00ff),
        (8, 0x0000_ffff_0000_ffff),
        (16, 0x0000_0000_ffff_ffff),
    ] {
        bits = (bits | bits >> shift) & mask;
    }
    bits as u32
}
