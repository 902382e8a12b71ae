//! Kept plans: do the runs that once found a defect go well without it, and in the same way as before?
//!
//! `tests/plans` holds plans that `cargo sim shrink` has made of seeds that found defects. Each names what it breaks with its defects, which the tests of the
//! simulator look at; here nodes have none.

use std::fs;
use std::path::{Path, PathBuf};

use afterimage_sim::{KeptPlan, replay, story};

fn plans() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("plans");
    let entries = fs::read_dir(dir).expect("there are plans").map(|entry| entry.expect("it can be read").path());
    let mut plans: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|kind| kind == "json")).collect();
    plans.sort();
    plans
}

#[test]
fn each_kept_plan_breaks_nothing_without_its_defects_and_goes_as_it_went() {
    let plans = plans();
    assert!(plans.len() >= 5, "{plans:?}");
    for path in plans {
        let text = fs::read_to_string(&path).expect("it can be read");
        let kept = KeptPlan::from_json_without_defects(&text).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        let (outcome, lines) = replay(kept.plan);
        assert!(outcome.passed(), "{}: {outcome}", path.display());
        let name = path.file_stem().expect("it has a name").to_string_lossy();
        insta::assert_snapshot!(name.into_owned(), story(&lines));
    }
}
