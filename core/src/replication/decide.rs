//! Continue or start over: what a node answers to PSYNC. A pure function of the request and the node's standing.

use core::fmt;

use super::position::ReplicationId;

/// What a replica asks for by `PSYNC <id> <offset>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The history it knows; none for `?`.
    pub history: Option<ReplicationId>,
    /// The first byte it wants, counted from 1.
    pub first_byte: i64,
}

/// What a node knows and holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The history it is in.
    pub history: ReplicationId,
    /// The history it was in before, and the first byte, counted from 1, at which the two may differ.
    pub second: Option<(ReplicationId, u64)>,
    /// The offsets from and up to which its log can continue a stream; none if it has no log.
    pub held: Option<(u64, u64)>,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Send the stream from this offset on: so many bytes the replica has already.
    Continue {
        /// Bytes of the history that the replica has.
        from: u64,
    },
    /// Send everything.
    Full(Reason),
}

/// Why everything must be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The replica asked for it.
    Asked,
    /// The replica's history is not ours.
    OtherHistory,
    /// Its history was ours, but it went on where we parted from it.
    PastTheFork,
    /// We hold no log.
    NoBacklog,
    /// What it lacks is no longer held.
    TooOld,
    /// It has more than we have.
    FromTheFuture,
}

impl Reason {
    /// All of them.
    pub const ALL: [Reason; 6] = [
        Reason::Asked,
        Reason::OtherHistory,
        Reason::PastTheFork,
        Reason::NoBacklog,
        Reason::TooOld,
        Reason::FromTheFuture,
    ];

    /// A word for INFO.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Reason::Asked => "asked",
            Reason::OtherHistory => "other_history",
            Reason::PastTheFork => "past_the_fork",
            Reason::NoBacklog => "no_backlog",
            Reason::TooOld => "too_old",
            Reason::FromTheFuture => "from_the_future",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::Asked => "it asked for everything",
            Reason::OtherHistory => "its replication id is not ours",
            Reason::PastTheFork => "it went past the offset at which our histories part",
            Reason::NoBacklog => "we have no backlog",
            Reason::TooOld => "the backlog no longer has what it lacks",
            Reason::FromTheFuture => "its offset is ahead of ours",
        })
    }
}

/// Decides.
#[must_use]
pub fn decide(request: &Request, standing: &Standing) -> Verdict {
    let Some(history) = request.history else { return Verdict::Full(Reason::Asked) };
    let Some(from) = u64::try_from(request.first_byte).ok().and_then(|first| first.checked_sub(1)) else {
        return Verdict::Full(Reason::TooOld);
    };
    if history != standing.history {
        match standing.second {
            Some((second, fork)) if second == history => {
                // Bytes from `fork` on are of another history: he may ask for the byte at the fork, not beyond it.
                if from + 1 > fork {
                    return Verdict::Full(Reason::PastTheFork);
                }
            }
            _ => return Verdict::Full(Reason::OtherHistory),
        }
    }
    match standing.held {
        None => Verdict::Full(Reason::NoBacklog),
        Some((oldest, _)) if from < oldest => Verdict::Full(Reason::TooOld),
        Some((_, end)) if from > end => Verdict::Full(Reason::FromTheFuture),
        Some(_) => Verdict::Continue { from },
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn the_answer_follows_from_history_and_offset_alone() {
        let (ours, before, foreign) =
            (ReplicationId::new([b'a'; 40]), ReplicationId::new([b'b'; 40]), ReplicationId::new([b'c'; 40]));
        let standing = Standing { history: ours, second: Some((before, 151)), held: Some((100, 200)) };
        let first = Standing { second: None, ..standing };
        let empty = Standing { held: None, ..standing };
        let go = |from| Verdict::Continue { from };
        let full = Verdict::Full;
        let cases = [
            (None, -1, &standing, full(Reason::Asked)),
            (Some(ours), 101, &standing, go(100)),
            (Some(ours), 100, &standing, full(Reason::TooOld)),
            (Some(ours), 201, &standing, go(200)),
            (Some(ours), 202, &standing, full(Reason::FromTheFuture)),
            (Some(ours), 0, &standing, full(Reason::TooOld)),
            (Some(ours), -1, &standing, full(Reason::TooOld)),
            (Some(ours), i64::MIN, &standing, full(Reason::TooOld)),
            (Some(ours), i64::MAX, &standing, full(Reason::FromTheFuture)),
            (Some(before), 151, &standing, go(150)),
            (Some(before), 152, &standing, full(Reason::PastTheFork)),
            (Some(before), 101, &standing, go(100)),
            (Some(before), 151, &first, full(Reason::OtherHistory)),
            (Some(foreign), 151, &standing, full(Reason::OtherHistory)),
            (Some(ours), 151, &empty, full(Reason::NoBacklog)),
        ];
        for (history, first_byte, standing, expected) in cases {
            let request = Request { history, first_byte };
            assert_eq!(decide(&request, standing), expected, "{request:?} {standing:?}");
        }
    }

    /// The bytes that whoever stands at `len` bytes of a history has, each told apart by the history that wrote it: `fork` is the first byte,
    /// counted from 1, that `second` did not write.
    fn bytes_of(writer: u8, second: Option<(u8, u64)>, len: u64) -> Vec<(u8, u64)> {
        let writer_of = |place| match second {
            Some((second, fork)) if place < fork => second,
            _ => writer,
        };
        (1..=len).map(|place| (writer_of(place), place)).collect()
    }

    /// The rule: a replica may go on if what it has is, byte for byte, the beginning of what we have, and we hold all that follows. It tells its
    /// bytes by the name of their history, so we must know the name.
    #[test]
    fn a_replica_goes_on_exactly_if_it_has_a_beginning_of_ours_and_we_hold_the_rest() {
        let id = |letter| ReplicationId::new([letter; 40]);
        let (mut granted, mut refused) = (0, 0);
        let seconds = core::iter::once(None).chain((1..=8).map(|fork| Some((b'b', fork))));
        for second in seconds {
            for (oldest, end) in (0..=6).flat_map(|end| (0..=end).map(move |oldest| (oldest, end))) {
                for has_log in [false, true] {
                    let held = has_log.then_some((oldest, end));
                    let standing =
                        Standing { history: id(b'a'), second: second.map(|(name, fork)| (id(name), fork)), held };
                    let ours = bytes_of(b'a', second, end);
                    for (name, first_byte) in b"abc?".iter().flat_map(|name| (-2..=9).map(move |first| (*name, first)))
                    {
                        let request = Request { history: (name != b'?').then(|| id(name)), first_byte };
                        let may_go_on = u64::try_from(first_byte - 1).is_ok_and(|has| {
                            let theirs = bytes_of(name, second.filter(|_| name == b'a'), has);
                            let is_known = name == b'a' || second.is_some_and(|(second, _)| second == name);
                            is_known && ours.starts_with(&theirs) && has_log && oldest <= has
                        });
                        let verdict = decide(&request, &standing);
                        match verdict {
                            Verdict::Continue { from } => {
                                granted += 1;
                                assert_eq!(
                                    i64::try_from(from),
                                    Ok(first_byte - 1),
                                    "it gets the byte it asked for first"
                                );
                            }
                            Verdict::Full(_) => refused += 1,
                        }
                        let is_granted = matches!(verdict, Verdict::Continue { .. });
                        assert_eq!(is_granted, may_go_on, "{} {request:?} {standing:?}: {verdict:?}", char::from(name));
                    }
                }
            }
        }
        assert!(granted > 500 && refused > 10_000, "both happen: {granted}, {refused}");
    }
}
