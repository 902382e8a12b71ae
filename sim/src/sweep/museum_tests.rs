//! Can the checks of the sweep fail? Each defect of persistence is switched on, and the trial that it is for must find it.

use super::*;

/// What is done with a run.
#[derive(Clone, Copy, Debug)]
enum Trial {
    Crash,
    CrashOfSecondLife,
    Rot,
    Failure,
}

/// Which part finds a defect, by what, and what it says.
const FOUND: [(&str, Keeping, Trial, &str); 15] = [
    ("reply_before_sync", Keeping::Always, Trial::Crash, "a promised write is gone"),
    ("replicas_before_sync", Keeping::Always, Trial::Crash, "a promised write is gone"),
    ("waitaof_counts_appended", Keeping::Everysec, Trial::Crash, "a promised write is gone"),
    ("waitaof_counts_appended", Keeping::ReplicaEverysec, Trial::Crash, "a promised write is gone"),
    ("snapshot_not_synced", Keeping::Snapshots, Trial::Crash, "it does not start"),
    ("rename_without_directory_sync", Keeping::Snapshots, Trial::Crash, "a promised write is gone"),
    ("manifest_not_synced", Keeping::Always, Trial::Crash, "it does not start"),
    ("old_increment_not_synced", Keeping::Everysec, Trial::Crash, "it does not start"),
    ("history_removed_first", Keeping::Everysec, Trial::Crash, "it does not start"),
    ("failed_sync_ignored", Keeping::Always, Trial::Failure, "it does not start"),
    ("partial_append_left", Keeping::Always, Trial::Failure, "it does not start"),
    ("half_transaction_loaded", Keeping::Everysec, Trial::Crash, "the data were never like that"),
    ("position_beyond_data", Keeping::Always, Trial::Crash, "where the data were others"),
    ("names_not_secured", Keeping::Always, Trial::CrashOfSecondLife, "what the life before has promised is gone"),
    ("seal_not_checked", Keeping::Always, Trial::Rot, "it serves other data"),
];

/// The first faults that a trial finds; the first alone where each of its cases takes long.
fn faults(defect: &str, keeping: Keeping, trial: Trial) -> Vec<String> {
    let defects = museum::defects(&[defect.to_owned()]).expect("the build knows it");
    let course = Course { keeping, seed: 1, defects, ends_at_first: !matches!(trial, Trial::Rot) };
    let [lanes, ..] = Interleaving::several(1);
    let (mut part, mut restarts) = (Part::default(), Restarts::new(course));
    let run = Run::through(course, &lanes, None);
    match trial {
        Trial::Crash => run.crash_everywhere(Lives::One, &mut restarts, &mut part),
        Trial::CrashOfSecondLife => run.crash_everywhere(Lives::Two, &mut restarts, &mut part),
        Trial::Rot => run.rot_everywhere(&mut part),
        Trial::Failure => run.fail_everywhere(&lanes, &mut restarts, &mut part),
    }
    part.faults
}

#[test]
fn each_defect_of_persistence_is_found_by_the_trial_that_it_is_for() {
    for (defect, keeping, trial, says) in FOUND {
        let faults = faults(defect, keeping, trial);
        assert!(faults.iter().any(|fault| fault.contains(says)), "{defect}, {keeping:?}, {trial:?}: {faults:?}");
    }
}
