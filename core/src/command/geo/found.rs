//! Geo: which places does a search find, and in which order?

use alloc::vec::Vec;
use core::cmp::Ordering;

use crate::codec::geohash::Point;
use crate::codec::partial_sort::sort_first;
use crate::value::{Text, Zset};

use super::query::{Order, Query};

/// A place that lies within what is searched.
pub(super) struct Found<'k> {
    pub(super) member: Text<'k>,
    pub(super) score: f64,
    pub(super) point: Point,
    /// From the centre, in metres.
    pub(super) distance_m: f64,
}

/// The places that a query asks for, in its order.
pub(super) fn search<'k>(zset: &'k Zset, query: &Query<'_>) -> Vec<Found<'k>> {
    let limit = query.count.map_or(usize::MAX, |count| usize::try_from(count).unwrap_or(usize::MAX));
    let enough = if query.is_any { limit } else { usize::MAX };
    let mut list = Vec::new();
    for cell in query.shape.cells() {
        if list.len() >= enough {
            break;
        }
        let scores = cell.scores();
        let first = zset.partition_point(|_, score| score < scores.start);
        for (member, score) in zset.iter_up(first).take_while(|(_, score)| *score < scores.end) {
            let point = Point::of_score(score);
            if let Some(distance_m) = query.shape.distance_m(point) {
                list.push(Found { member, score, point, distance_m });
                if list.len() >= enough {
                    break;
                }
            }
        }
    }
    sort(&mut list, query, limit);
    list.truncate(limit);
    list
}

fn sort(list: &mut [Found<'_>], query: &Query<'_>, limit: usize) {
    let nearest = |left: &Found<'_>, right: &Found<'_>| left.distance_m.total_cmp(&right.distance_m);
    let compare = |left: &Found<'_>, right: &Found<'_>| match query.order {
        Order::Farthest => nearest(right, left),
        Order::Nearest => nearest(left, right),
        // The nearest are wanted if some must be left out, unless any will do.
        Order::Found if query.count.is_some() && !query.is_any => nearest(left, right),
        Order::Found => Ordering::Equal,
    };
    if limit < list.len() {
        sort_first(list, limit, compare);
    } else {
        list.sort_by(compare);
    }
}
