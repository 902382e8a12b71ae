//! May a server come back with this, after it was told all that, and was killed?

use std::time::{Duration, Instant};

use super::history::History;

/// What a server promises to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Promise {
    /// The moment of a BGSAVE: of the last one that was done, or of a later one.
    Snapshot,
    /// The same, and it also saves when it likes.
    SnapshotOrLater,
    /// All that it has acknowledged.
    Everything,
    /// All that it had acknowledged two seconds before.
    AllButTwoSeconds,
}

/// A BGSAVE.
#[derive(Clone, Copy, Debug)]
pub(super) struct Save {
    pub(super) asked_at: Instant,
    /// It had begun by then.
    pub(super) answered_at: Instant,
    pub(super) is_done: bool,
}

/// What happened in the life of a server, but for what was written.
#[derive(Clone, Debug)]
pub(super) struct Life {
    pub(super) saves: Vec<Save>,
    pub(super) killed_at: Instant,
}

/// Looks whether the places to which the writers are thrown back are such as were promised.
///
/// # Errors
/// In words, if they are not.
pub(super) fn check(promise: Promise, life: &Life, histories: &[History], places: &[usize]) -> Result<(), String> {
    check_one_moment(histories, places)?;
    match promise {
        Promise::Snapshot => check_snapshot(life, histories, places),
        Promise::SnapshotOrLater => {
            let last = life.saves.iter().rfind(|save| save.is_done);
            check_least(histories, places, |history| {
                last.map_or(history.base, |save| history.acknowledged_before(save.asked_at))
            })
        }
        Promise::Everything => check_least(histories, places, History::acknowledged),
        Promise::AllButTwoSeconds => {
            const GRACE: Duration = Duration::from_secs(2);
            let since = life.killed_at.checked_sub(GRACE);
            check_least(histories, places, |history| {
                since.map_or(history.base, |since| history.acknowledged_before(since))
            })
        }
    }
}

/// There was a moment at which all writers were at these places: whatever was acknowledged before something was sent that is there, is there, too.
fn check_one_moment(histories: &[History], places: &[usize]) -> Result<(), String> {
    for (later, later_place) in histories.iter().zip(places) {
        let Some(last) = later_place.checked_sub(1).filter(|_| *later_place > later.base) else { continue };
        let sent_at = later.told[last].sent_at;
        for (earlier, place) in histories.iter().zip(places) {
            let least = earlier.acknowledged_before(sent_at);
            if *place < least {
                return Err(format!(
                    "no moment: step {later_place} of writer {} is there, and was sent after step {least} of writer {} was acknowledged, of which {place} are there",
                    later.writer, earlier.writer
                ));
            }
        }
    }
    Ok(())
}

fn check_least(histories: &[History], places: &[usize], least: impl Fn(&History) -> usize) -> Result<(), String> {
    for (history, place) in histories.iter().zip(places) {
        let least = least(history);
        if *place < least {
            return Err(format!(
                "lost: writer {} is back at step {place}, and {least} were to be kept (it had {} at the start, {} are acknowledged, {} were sent)",
                history.writer,
                history.base,
                history.acknowledged(),
                history.told.len()
            ));
        }
    }
    Ok(())
}

/// The moment is that of the last snapshot that was done, or of one that was begun later; if none was done, the life may never have been.
fn check_snapshot(life: &Life, histories: &[History], places: &[usize]) -> Result<(), String> {
    let last = life.saves.iter().rposition(|save| save.is_done);
    let is_start = || histories.iter().zip(places).all(|(history, place)| *place == history.base);
    if last.is_none() && is_start() {
        return Ok(());
    }
    let is_moment = |save: &Save| {
        histories.iter().zip(places).all(|(history, place)| {
            (history.acknowledged_before(save.asked_at)..=history.sent_before(save.answered_at)).contains(place)
        })
    };
    if life.saves[last.unwrap_or(0)..].iter().any(is_moment) {
        return Ok(());
    }
    Err(format!("not the moment of a snapshot: the writers are back at {places:?}"))
}

#[cfg(test)]
mod tests {
    use super::super::history::{Held, Step, Told};
    use super::*;

    /// Moments in milliseconds, long enough ago that two seconds before them can be told.
    fn at(ms: u64) -> Instant {
        static BEGIN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        *BEGIN.get_or_init(Instant::now) + Duration::from_secs(10) + Duration::from_millis(ms)
    }

    /// A writer whose steps are sent and acknowledged at these times.
    fn history(writer: usize, times: &[(u64, Option<u64>)]) -> History {
        let told = times.iter().enumerate().map(|(index, (sent, acknowledged))| Told {
            step: Step::ALL[index % Step::ALL.len()],
            sent_at: at(*sent),
            acknowledged_at: acknowledged.map(at),
        });
        History { writer, told: told.collect(), base: 0 }
    }

    fn save(asked: u64, answered: u64, is_done: bool) -> Save {
        Save { asked_at: at(asked), answered_at: at(answered), is_done }
    }

    /// Two writers: a step each 10 ms, by turns, the last of each without an answer.
    fn two_writers() -> [History; 2] {
        [
            history(0, &[(0, Some(5)), (20, Some(25)), (40, Some(45)), (60, None)]),
            history(1, &[(10, Some(15)), (30, Some(35)), (50, Some(55)), (70, None)]),
        ]
    }

    #[test]
    fn everything_that_is_acknowledged_must_be_there_and_what_was_sent_may_be() {
        let life = Life { saves: Vec::new(), killed_at: at(80) };
        for (places, is_allowed) in [
            ([3, 3], true),
            ([4, 3], true),
            ([3, 4], true),
            ([4, 4], true),
            ([2, 3], false),
            ([3, 2], false),
            ([0, 0], false),
        ] {
            let outcome = check(Promise::Everything, &life, &two_writers(), &places);
            assert_eq!(outcome.is_ok(), is_allowed, "{places:?}: {outcome:?}");
        }
    }

    #[test]
    fn the_last_two_seconds_may_be_missing_and_no_more() {
        let life = Life { saves: Vec::new(), killed_at: at(2030) };
        for (places, is_allowed) in [([2, 1], true), ([3, 3], true), ([1, 1], false), ([2, 0], false), ([0, 0], false)]
        {
            let outcome = check(Promise::AllButTwoSeconds, &life, &two_writers(), &places);
            assert_eq!(outcome.is_ok(), is_allowed, "{places:?}: {outcome:?}");
        }
    }

    #[test]
    fn places_that_were_never_reached_together_are_no_moment() {
        let life = Life { saves: Vec::new(), killed_at: at(80) };
        for (places, is_allowed) in [([1, 1], true), ([2, 1], true), ([3, 1], false), ([0, 1], false), ([1, 0], true)] {
            let outcome = check(Promise::SnapshotOrLater, &life, &two_writers(), &places);
            assert_eq!(outcome.is_ok(), is_allowed, "{places:?}: {outcome:?}");
        }
    }

    #[test]
    fn a_snapshot_is_the_last_that_was_done_or_one_that_was_begun_later() {
        let between = |saves: &[Save], places: [usize; 2]| {
            let life = Life { saves: saves.to_vec(), killed_at: at(80) };
            check(Promise::Snapshot, &life, &two_writers(), &places).is_ok()
        };
        let (first, second) = (save(16, 17, true), save(36, 42, true));
        assert!(between(&[], [0, 0]), "without a snapshot nothing is kept");
        assert!(!between(&[], [1, 1]), "and nothing can be");
        assert!(between(&[first], [1, 1]));
        assert!(!between(&[first], [0, 0]), "the last one that is done is kept");
        assert!(!between(&[first], [2, 1]), "what was sent after it had begun is not in it");
        assert!(between(&[first, second], [2, 2]));
        assert!(between(&[first, second], [3, 2]), "what was under way when it was asked for may be in it");
        assert!(!between(&[first, second], [1, 1]), "an older one has been replaced");
        let unfinished = save(36, 42, false);
        assert!(between(&[first, unfinished], [1, 1]));
        assert!(between(&[first, unfinished], [2, 2]), "it may have been done and not been seen to be");
        assert!(!between(&[unfinished], [1, 1]), "between two snapshots there is none");
    }

    #[test]
    fn half_a_block_and_a_gap_are_no_moment_of_a_history() {
        let history = history(0, &[(0, None); 9]);
        let whole = Held { set: 5, count: 2, left: 1, right: 1, spread: [4; 4], list: vec![3], shared: vec![4] };
        assert_eq!(whole.place_in(&history), Ok(6));
        for (what, held) in [
            ("half a block", Held { right: 0, ..whole.clone() }),
            ("one key of a block", Held { spread: [4, 4, 0, 4], ..whole.clone() }),
            ("a step that is left out", Held { list: Vec::new(), ..whole.clone() }),
            ("a step that was done twice", Held { list: vec![3, 3], ..whole.clone() }),
            ("a block without the list that all share", Held { shared: Vec::new(), ..whole.clone() }),
            ("a step that was never sent", Held { count: 9, ..whole }),
        ] {
            assert!(held.place_in(&history).is_err(), "{what}");
        }
    }
}
