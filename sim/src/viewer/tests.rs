//! Is what a page holds what happened?

use super::*;
use crate::run_recorded;

#[test]
fn a_run_that_is_watched_does_what_it_does_unwatched() {
    for seed in 0..10 {
        let Filmed { outcome, recorded, film } = film(Plan::draw(seed), 0..=Micros::MAX);
        let (unwatched, unwatched_recorded) = run_recorded(Plan::draw(seed));
        assert_eq!((&outcome, recorded), (&unwatched, unwatched_recorded));
        // The beginning is told as an event.
        assert_eq!(film.expect("it is not too long").events() as u64, outcome.events + 1);
    }
}

#[test]
fn the_same_run_makes_the_same_page() {
    let page = || film(Plan::draw(3), 0..=Micros::MAX).film.expect("it is not too long").page("seed 3", "cargo sim");
    assert!(page() == page());
}

#[test]
fn a_window_in_which_nothing_happens_is_refused() {
    let why = film(Plan::draw(3), 3_600_000_000..=Micros::MAX).film.expect_err("seeds end before");
    assert_eq!(why, "nothing happens in that time");
}
