use super::*;
use proptest::prelude::*;

#[test]
fn places_have_the_scores_and_geohashes_of_redis() {
    // As redis-server 7.0.15 tells them.
    let cases: &[(f64, f64, u64, &str)] = &[
        (13.361389, 38.115556, 3_479_099_956_230_698, "sqc8b49rny0"),
        (15.087269, 37.502669, 3_479_447_370_796_909, "sqdtr74hyu0"),
        (-180.0, -LATITUDE_MAX, 0, "00bh0hbj200"),
        // The far edges are in cells outside of the map.
        (180.0, LATITUDE_MAX, 13_510_798_882_111_488, "bp05b5048p0"),
    ];
    for (longitude, latitude, score, text) in cases {
        let point = Point { longitude: *longitude, latitude: *latitude };
        assert_eq!(point.score(), *score);
        assert_eq!(Point::of_score(*score as f64).text(), text.as_bytes());
    }
}

#[test]
fn the_nine_cells_of_a_place_touch_each_other() {
    let point = Point { longitude: 10.0, latitude: 50.0 };
    let shape = Shape { centre: point, extent: Extent::Radius(100.0), unit_m: 1_000.0 };
    let cells: alloc::vec::Vec<Cell> = shape.cells().collect();
    assert!((2..=9).contains(&cells.len()));
    assert!(cells.iter().all(|cell| cell.steps == cells[0].steps));
    assert!(cells[0].scores().contains(&(point.score() as f64)));
}

#[test]
fn half_the_world_is_searched_in_four_cells() {
    for extent in [Extent::Radius(f64::INFINITY), Extent::Radius(1e300), Extent::Box(1e12, 1e12)] {
        let shape = Shape { centre: Point::default(), extent: extent.clone(), unit_m: 1_000.0 };
        assert_eq!(shape.cells().count(), 4, "{extent:?}");
    }
}

#[test]
fn a_polygon_whose_middle_is_near_the_pole_is_searched_where_it_is() {
    let corners = [(-150.0, 84.0), (-30.0, 80.0), (30.0, 80.0), (150.0, 84.0)];
    let shape = Shape::polygon(corners.map(|(longitude, latitude)| Point { longitude, latitude }).into());
    assert!(!shape.centre.is_valid());
    for (longitude, latitude) in [(0.0, 81.0), (-100.0, 83.0), (100.0, 83.0)] {
        let place = Point { longitude, latitude };
        assert!(shape.distance_m(place).is_some());
        assert!(shape.cells().any(|cell| cell.scores().contains(&(place.score() as f64))), "{place:?}");
    }
}

#[test]
fn opposite_places_are_half_a_circumference_apart() {
    for latitude in 0..=85 {
        let from = Point { longitude: -90.0, latitude: f64::from(latitude) };
        let to = Point { longitude: 90.0, latitude: -f64::from(latitude) };
        let distance = distance_m(from, to);
        assert!((distance - 20_020_734.0).abs() < 1.0, "{latitude}: {distance}");
    }
}

proptest! {
    #[test]
    fn a_place_is_found_again_within_a_metre(longitude in -180.0..180.0, latitude in -85.0..85.0) {
        let point = Point { longitude, latitude };
        let again = Point::of_score(point.score() as f64);
        prop_assert!(distance_m(point, again) < 1.0);
        prop_assert_eq!(again.score(), point.score());
    }

    #[test]
    fn what_lies_within_lies_in_one_of_the_cells(
        longitude in -179.0..179.0,
        latitude in -85.0..85.0,
        east in -0.9..0.9,
        north in -0.9..0.9,
        radius_m in 1.0..60_000.0,
    ) {
        let centre = Point { longitude, latitude };
        let other = Point { longitude: longitude + east, latitude: latitude + north };
        let shape = Shape { centre, extent: Extent::Radius(radius_m), unit_m: 1.0 };
        prop_assume!(other.is_valid());
        let other = Point::of_score(other.score() as f64);
        if shape.distance_m(other).is_some() {
            let score = other.score() as f64;
            prop_assert_eq!(shape.cells().filter(|cell| cell.scores().contains(&score)).count(), 1);
        }
    }

    #[test]
    fn any_number_is_read_as_a_place_on_the_map(bits: u64) {
        let score = f64::from_bits(bits);
        prop_assume!(!score.is_nan());
        prop_assert!(Point::of_score(score).is_valid());
    }
}
