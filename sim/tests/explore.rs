//! Is a small world closed, and is what is wrong in it found by the fewest steps?

#[cfg(feature = "museum")]
use afterimage_sim::Property;
use afterimage_sim::explore::retrace;
use afterimage_sim::explore::{Budget, End, Explored, Shape, Terms, explore};

const NONE: Budget = Budget { writes: 0, cuts: 0, crashes: 0, promotions: 0, pieces: 0, saves: 0, waits: 0, timers: 0 };

fn explored(terms: &Terms) -> Explored {
    explore(terms, &mut |_| {})
}

#[test]
fn small_worlds_are_closed_and_nothing_is_broken_in_them() {
    let worlds = [
        (Shape::Star, Budget { writes: 1, cuts: 1, pieces: 1, ..NONE }),
        (Shape::Chain, Budget { writes: 1, cuts: 1, pieces: 1, ..NONE }),
        (Shape::Star, Budget { writes: 1, promotions: 1, ..NONE }),
        (Shape::Chain, Budget { promotions: 1, pieces: 1, ..NONE }),
        (Shape::Star, Budget { crashes: 1, saves: 1, ..NONE }),
    ];
    for (shape, budget) in worlds {
        let Explored { end, states, transitions, quiet, found, .. } = explored(&Terms::new(shape, budget));
        let what = found.map(|found| found.violation);
        assert_eq!((end, what), (End::Closed, None), "{shape:?} {budget:?}");
        assert!(transitions >= states - 1 && quiet > 1, "{shape:?} {budget:?}: {states}, {transitions}, {quiet}");
    }
}

/// Whatever is counted or noted beside what decides anything, marks above all, must not tell states apart: a build with them comes to the same.
#[test]
fn a_small_world_has_as_many_states_as_ever() {
    let states = [Shape::Star, Shape::Chain].map(|shape| {
        let Explored { states, transitions, depth, .. } =
            explored(&Terms::new(shape, Budget { writes: 1, cuts: 1, pieces: 1, ..NONE }));
        (states, transitions, depth)
    });
    assert_eq!(states, [(624, 1387, 10), (406, 764, 10)]);
}

#[test]
fn a_bound_that_leaves_something_is_told() {
    let terms = Terms::new(Shape::Star, Budget { writes: 1, cuts: 1, ..NONE });
    let shallow = explored(&Terms { depth_max: 3, ..terms.clone() });
    assert_eq!((shallow.end, shallow.depth), (End::DepthBound, 3));
    assert_eq!(explored(&Terms { states_max: 50, ..terms.clone() }).end, End::StatesBound);
    assert_eq!(explored(&Terms { bytes_max: 1 << 16, ..terms }).end, End::MemoryBound);
}

#[test]
fn how_many_threads_look_makes_no_difference() {
    let terms = Terms::new(Shape::Star, Budget { writes: 1, cuts: 1, pieces: 1, ..NONE });
    let by = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("there are threads");
        let Explored { states, transitions, depth, quiet, host_states, .. } = pool.install(|| explored(&terms));
        (states, transitions, depth, quiet, host_states)
    };
    assert_eq!(by(1), by(3));
}

#[cfg(feature = "museum")]
fn with_defect(shape: Shape, budget: Budget, defect: &str) -> Terms {
    Terms { defects: vec![defect.to_owned()], ..Terms::new(shape, budget) }
}

#[cfg(feature = "museum")]
#[test]
fn a_defect_is_found_by_the_fewest_steps_and_its_trace_leads_there_again() {
    let cut = Budget { writes: 1, cuts: 1, pieces: 1, ..NONE };
    let promotion = Budget { writes: 1, promotions: 1, ..NONE };
    let cases = [
        (cut, "proxy_on_read", Property::WholeCommands, 2),
        (cut, "select_lost_on_psync", Property::SameData, 5),
        (promotion, "promotion_keeps_replid", Property::FreshId, 1),
        (Budget { crashes: 1, ..NONE }, "seed_reused", Property::FreshId, 2),
    ];
    for (budget, defect, property, steps) in cases {
        let terms = with_defect(Shape::Star, budget, defect);
        let found = explored(&terms).found.unwrap_or_else(|| panic!("{defect} is not found"));
        assert_eq!((found.violation.property, found.violation.event), (property, steps), "{defect}: {}", found.trace);
        let again = retrace(&terms, &found.trace).expect("it is a trace").expect("it leads there");
        assert_eq!((again.violation, again.journal), (found.violation, found.journal), "{defect}");
        let sound = Terms { defects: Vec::new(), ..terms };
        assert!(retrace(&sound, &found.trace).expect("the steps are there").is_err(), "{defect}: it is the defect's");
    }
}

#[test]
fn a_step_that_is_none_is_named_with_those_that_there_are() {
    let terms = Terms::new(Shape::Star, NONE);
    let why = retrace(&terms, "write@A,A>B,A>B").expect_err("B has it already");
    assert!(why.contains("no step `A>B`") && why.contains("A>C") && why.contains("crash@A:empty"), "{why}");
}
