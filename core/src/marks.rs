//! Which of its decisions has a node come to?
//!
//! A [`Mark`] names a decision that a reader of Redis's replication would name, at the one line where it is made: `self.mark(Mark::...)`. With the cargo
//! feature `marks` each node keeps the set of those that it has come to in its life, and the simulator adds them up: so one sees what a campaign never
//! tried. A mark decides nothing: with the feature or without, a node does the same. Without it, and that is how everything is shipped,
//! [`Marks`] takes no room, and to set one is nothing.
//!
//! Where random seeds never come, or rarely, the mark says so, and why: `Random seeds: never. ...`

use core::fmt;

catalogue! {
    /// A decision. Its card tells what it is, and perhaps why random seeds do not come there.
    Mark, listed with "marks":

    // What a replica is answered.

    /// A replica goes on by the name that our history has.
    ContinuedByFirstId = "continued_by_first_id",
    /// A replica goes on by the name that our history had before, from a place before the two part.
    ContinuedBySecondId = "continued_by_second_id",
    /// The same, from the very place at which they part.
    ContinuedAtSecondIdLimit = "continued_at_second_id_limit",
    /// A replica goes on with the first byte that the backlog still has.
    ContinuedAtBacklogBegin = "continued_at_backlog_begin",
    /// A replica goes on and lacks nothing.
    ContinuedAtEnd = "continued_at_end",
    /// A replica is sent everything: it went on with our old history beyond where we left that.
    RefusedPastSecondIdLimit = "refused_past_second_id_limit",
    /// A replica is sent everything: we do not know its history.
    RefusedOtherHistory = "refused_other_history",
    /// A replica is sent everything: what it lacks is before the backlog's begin.
    RefusedBeforeBacklog = "refused_before_backlog",
    /// A replica is sent everything: it is ahead of us in our own history.
    RefusedFromFuture = "refused_from_future",
    /// A replica is told to come later: we have no link to our own master.
    RefusedWithoutMasterLink = "refused_without_master_link",
    /// A replica is told to come later: we are handing over.
    ///
    /// Random seeds: rarely. A target is in step within milliseconds, as a rule, and it takes one who comes just then.
    RefusedDuringFailover = "refused_during_failover",

    // The backlog.

    /// The first replica asks: a backlog begins, and a history with it.
    BacklogBegun = "backlog_begun_for_replica",
    /// The backlog goes for want of replicas, and the history's name with it.
    BacklogFreed = "backlog_freed_for_want",
    /// The backlog forgets its beginning.
    BacklogWrapped = "backlog_wrapped_round",
    /// A slow reader keeps more of the log than the backlog has.
    BacklogPinned = "backlog_pinned_by_reader",
    /// A snapshot begins while the stream is about some database: the next command repeats the SELECT for who joins.
    SelectRepeated = "select_repeated_for_snapshot",

    // Snapshots for replicas.

    /// A snapshot begins that goes to sockets as it is made.
    SnapshotToSockets = "snapshot_to_sockets",
    /// Several replicas share one.
    SnapshotShared = "snapshot_shared_by_several",
    /// A snapshot waits for `repl-diskless-sync-delay`.
    SnapshotDelayed = "snapshot_delayed_for_more",
    /// A snapshot begins that goes to a file first.
    SnapshotToFile = "snapshot_to_file",
    /// A replica joins a snapshot that is being written to a file.
    SnapshotJoined = "snapshot_joined_under_way",
    /// A replica is sent a file that was made for others.
    SnapshotJoinedComplete = "snapshot_joined_complete",
    /// There is a file, and a replica cannot join it: the log no longer has what follows, or the history is another by now.
    ///
    /// Random seeds: never. A file has receivers, for whose sake the log is kept; and whoever takes up another history drops them.
    SnapshotNotJoined = "snapshot_not_joined",
    /// A file for replicas cannot be written.
    SnapshotFileFailed = "snapshot_file_failed",
    /// The last receiver has gone, and the snapshot with it.
    ///
    /// Random seeds: rarely. A data set of a seed is on its way for some milliseconds, and a link must end just then.
    SnapshotWithoutReceivers = "snapshot_without_receivers",
    /// One of several receivers has gone, and the others are sent the rest.
    ///
    /// Random seeds: rarely. As `snapshot_without_receivers`, and others must have come together with it.
    SnapshotGoesOnForOthers = "snapshot_goes_on_for_others",
    /// The log has outrun a full synchronisation.
    ///
    /// Random seeds: rarely. The limit is out of reach in most seeds, and a data set must be slower than the writes behind it.
    SnapshotOutrun = "snapshot_outrun_by_log",
    /// A replica waits for its snapshot because the last ones came to nothing.
    SnapshotHeldBack = "snapshot_held_back",
    /// A replica waits for its snapshot because too many are under way.
    SnapshotWithoutRoom = "snapshot_without_room",
    /// A replica is given up for those that share its snapshot, or wait for room.
    ///
    /// Random seeds: never. One may be a whole megabyte behind the others before it holds them up, and data sets of seeds are smaller.
    ReplicaLeftBehind = "replica_left_behind",
    /// The connection of a snapshot ends before its replica has come for the stream: the log is kept all the same.
    SnapshotKept = "snapshot_kept_for_stream",

    // How the link of a replica ends, and what it tells.

    /// A replica in step was silent for too long.
    ReplicaSilent = "replica_silent_in_stream",
    /// A replica was silent for too long while it was sent everything.
    ///
    /// Random seeds: rarely. It takes a path that stops while everything is sent, for longer than `repl-timeout`.
    ReplicaSilentInSync = "replica_silent_in_sync",
    /// A replica in step lags more than the hard limit of its output.
    ///
    /// Random seeds: rarely. The limit is out of reach in most seeds, and a slow path is needed besides.
    OutputLimitHard = "output_limit_hard",
    /// A replica lags more than the soft limit for too long.
    ///
    /// Random seeds: rarely. One seed in eight has a soft limit, and a replica must lag by it for five seconds.
    OutputLimitSoft = "output_limit_soft",
    /// A replica goes while it loads what it was sent.
    ReplicaLostWhileLoading = "replica_lost_while_loading",

    // Promises.

    /// WAIT is answered at once.
    WaitAtOnce = "wait_answered_at_once",
    /// WAIT is answered when enough replicas have acknowledged.
    WaitLater = "wait_answered_later",
    /// WAIT is answered because its time is over.
    WaitTimedOut = "wait_answered_by_time",
    /// WAIT ends because the node becomes a replica.
    WaitDemoted = "wait_ended_by_role",
    /// WAIT is about a write that went with the data it was made in.
    WaitForLostWrite = "wait_for_lost_write",
    /// WAITAOF is answered when enough disks have it.
    WaitAofLater = "waitaof_answered_later",
    /// WAITAOF is answered because its time is over.
    WaitAofTimedOut = "waitaof_answered_by_time",
    /// A write is refused: fewer good replicas than `min-replicas-to-write`.
    RefusedNoReplicas = "write_refused_no_replicas",
    /// A write is refused: the last snapshot, or the append-only file, could not be written.
    RefusedMisconf = "write_refused_misconf",

    // Who waits.

    /// A pause holds a client's request back.
    RequestHeld = "request_held_by_pause",
    /// A pause holds the stream of our master back.
    StreamHeld = "stream_held_by_pause",
    /// The link to our master ends while a pause holds its stream back.
    LinkEndedWhileHeld = "link_ended_while_held",
    /// A client that waited for a key is served.
    BlockedServed = "blocked_client_served",
    /// A client that waited for a key is told that the node is a replica by now.
    BlockedDemoted = "blocked_client_demoted",

    // Changes of roles.

    /// A replica is promoted with half a transaction read, which it forgets.
    ///
    /// Random seeds: rarely. A transaction comes in one piece, as a rule, and the promotion must come between two.
    PromotedInTransaction = "promoted_in_transaction",
    /// A replica is promoted while a data set is coming, and keeps its own.
    PromotedInSync = "promoted_in_sync",
    /// A replica is promoted while it loads what took the place of its data.
    PromotedWhileLoading = "promoted_while_loading",
    /// The target of FAILOVER is in step: it is asked to take over.
    FailoverInStep = "failover_target_in_step",
    /// The target of FAILOVER had its time, and is to take over with what it has.
    FailoverForced = "failover_forced",
    /// No target was in step in time.
    ///
    /// Random seeds: rarely. It takes a target that was there when FAILOVER was said, and is not heard of any more.
    FailoverTimedOut = "failover_timed_out",
    /// FAILOVER ABORT while a target is waited for.
    FailoverAborted = "failover_aborted_waiting",
    /// FAILOVER ABORT while the target is being asked to take over.
    ///
    /// Random seeds: rarely. A target takes over within milliseconds, and the ABORT must come just then.
    FailoverAbortedInProgress = "failover_aborted_in_progress",
    /// The target will not take over.
    ///
    /// Random seeds: rarely. It takes a target that was in step and has lost its data or its master by the time that it is asked.
    FailoverRefused = "failover_refused_by_target",
    /// The link broke before the target had answered: it is asked again.
    ///
    /// Random seeds: rarely. It takes a fault between a master and its target within the milliseconds that a change of roles takes.
    FailoverAskedAgain = "failover_asked_again",
    /// The target says that it is a master already: it is asked to continue our history.
    ///
    /// Random seeds: rarely. As `failover_asked_again`, behind the promotion of the target.
    FailoverTargetIsMaster = "failover_target_is_master",
    /// A replica takes over for its master.
    TookOver = "took_over_from_master",

    // The link to our master.

    /// The stream goes on, and the history has a new name: our replicas are sent away to learn it.
    WentOnUnderNewName = "went_on_under_new_name",
    /// The link ends within a command: what came of it is forgotten.
    LinkEndedInCommand = "link_ended_in_command",
    /// The link ends between MULTI and EXEC: what came of it is forgotten.
    ///
    /// Random seeds: rarely. One of some ninety: a transaction is in one piece, as a rule.
    LinkEndedInTransaction = "link_ended_in_transaction",
    /// After several dials in vain the next one is made later.
    RedialBackedOff = "redial_backed_off",
    /// After several data sets that came to nothing the master is asked later.
    ResyncBackedOff = "resync_backed_off",
    /// Our master is silent for too long.
    MasterSilent = "master_silent_in_stream",
    /// A data set stops coming for too long.
    ///
    /// Random seeds: rarely. As `replica_silent_in_sync`, seen from the other end.
    DataSetStalled = "data_set_stalled",
    /// Our master cannot serve us now: what we have stays good.
    MasterNotNow = "master_not_now",
    /// A circle is found by asking a master whom it follows.
    CircleByInquiry = "circle_found_by_inquiry",
    /// A circle is found by a question of ours that comes back.
    CircleByQuestion = "circle_found_by_question",

    // The data set from our master.

    /// A data set is expected that goes to a file.
    DataSetToFile = "data_set_to_file",
    /// A data set that was built beside ours takes its place.
    DataSetSwapped = "data_set_swapped_in",
    /// A data set that was being built beside ours is thrown away.
    ///
    /// Random seeds: rarely. As `snapshot_without_receivers`, with `repl-diskless-load` that builds data sets beside the old one.
    DataSetThrownAway = "data_set_thrown_away",
    /// A data set is refused: its checksum, or something else within it, is wrong.
    ///
    /// Random seeds: never. A link delivers what was written to it, and an engine that made wrong bytes would be a defect.
    DataSetDamaged = "data_set_damaged",
    /// The mark that ends a data set comes in two pieces.
    EofMarkSplit = "data_set_mark_split",
    /// The file for a data set cannot be written.
    IncomingDiskFailed = "data_set_disk_failed",
    /// The data that go have to be freed before the file is loaded.
    EmptiedFirst = "data_set_waits_for_emptying",
    /// The link ends while the file is loaded: the data are taken over all the same.
    LinkEndedWhileLoading = "link_ended_while_loading",
    /// A snapshot that is being saved is given up, since it would replace newer data.
    SaveGivenUp = "save_given_up_for_data_set",
    /// The stream behind a data set goes on in another database than 0.
    StreamInOtherDatabase = "data_set_in_other_database",
    /// So much of the stream waits for a data set that no more is read.
    HeldStreamFull = "held_stream_full",
    /// A data set has come by a second connection, and the stream by the first.
    DualSyncThrough = "dual_sync_through",
    /// One of two connections is lost: both are given up.
    DualSyncGivenUp = "dual_sync_given_up",

    // The guard.

    /// The master offers nothing, and we have something.
    GuardFoundEmpty = "guard_found_empty",
    /// The master offers a small part of what we have.
    GuardFoundShrunk = "guard_found_shrunk",
    /// The master offers what lies behind us.
    GuardFoundRollback = "guard_found_rollback",
    /// The master offers more of a history that was refused before.
    GuardFoundSuspect = "guard_found_suspect_again",
    /// What we have is written to a file before it is replaced.
    ArchiveWritten = "archive_written_first",
    /// It cannot be written, so that it is not replaced.
    ///
    /// Random seeds: rarely. A disk must be full or fail just when a master goes back.
    ArchiveFailed = "archive_failed_on_disk",
    /// A master that was held off has what we have again, and is followed.
    QuarantineLeft = "quarantine_left_by_itself",
    /// Somebody has said that what the master has is to be taken.
    QuarantineAccepted = "quarantine_left_by_word",
    /// The file that tells of the life before arms the guard.
    EvidenceArms = "evidence_arms_at_start",
    /// That file is passed over, since it is damaged.
    ///
    /// Random seeds: never. It is replaced as a whole, and rot is drawn for append-only files alone.
    EvidenceDamaged = "evidence_passed_over",
    /// A master comes back without what it had, and holds its replicas off.
    RestartProtected = "restart_protected",

    // Keys whose time has come.

    /// A command on a master meets such a key, and removes it.
    ExpiredWhenMet = "expired_when_met",
    /// A client of a replica, or during a pause, is told that such a key is missing.
    ExpiredHidden = "expired_hidden",
    /// A command of the stream meets a key that is expired by our own clock, and finds it alive.
    ExpiredMetByStream = "expired_met_by_stream",

    // Beginning and end.

    /// A replica takes up its place in a history from a file.
    StartResumed = "start_resumed_place",
    /// A master takes up a history from a file, and begins one of its own there.
    StartForked = "start_forked_history",
    /// A snapshot is loaded without keys that have expired since.
    StartDroppedExpired = "start_dropped_expired",
    /// A snapshot to keep cannot be written.
    SaveFailed = "save_failed_on_disk",
    /// A shutdown waits for its replicas.
    ShutdownWaits = "shutdown_waits_for_replicas",
    /// All replicas have come to be in step with a node that ends.
    ShutdownInStep = "shutdown_replicas_in_step",
    /// Replicas had their time, and the node ends without them.
    ///
    /// Random seeds: rarely. `shutdown-timeout` is ten seconds, and a replica that is silent for so long is gone by then in most seeds.
    ShutdownTimedOut = "shutdown_timed_out",
    /// The last snapshot, or the end of the append-only file, cannot be written: the node goes on.
    ///
    /// Random seeds: rarely. It takes a disk that fails when a node is told to end.
    ShutdownGivenUp = "shutdown_given_up",

    // The append-only file.

    /// A base begins in the form of a snapshot.
    AofBaseRdb = "aof_base_as_snapshot",
    /// A base begins in the form of commands.
    AofBaseCommands = "aof_base_as_commands",
    /// A rewrite is over, and the manifest names what it made.
    AofRewritten = "aof_rewrite_finished",
    /// A rewrite has failed.
    AofRewriteFailed = "aof_rewrite_failed",
    /// A rewrite begins because the file has grown.
    AofGrown = "aof_rewrite_for_growth",
    /// The manifest names the next increment.
    AofIncrementNamed = "aof_increment_named",
    /// What was appended in part was cut off, and is appended again.
    AofAppendedAgain = "aof_appended_again",
    /// A sync has failed: all data are written anew.
    AofSyncFailed = "aof_sync_failed",
    /// A reply waits for the disk.
    AofReplyHeld = "aof_reply_held",
    /// The file is switched off while something of it was missing: it is completed.
    AofCompleted = "aof_increment_completed",
    /// The end of a file is cut off, which a crash has left unfinished.
    AofTornTail = "aof_torn_tail_cut",
    /// What a file does not tell to be on the disk is written again at start, since a sync may have failed.
    AofTailWrittenAgain = "aof_tail_written_again",
    /// Half a transaction at the end of a file is not carried out.
    ///
    /// Random seeds: never. What is written at once is sealed as a whole, so a transaction that a crash has cut ends within its seal. It takes a file that a Redis has written.
    AofHalfTransaction = "aof_half_transaction_dropped",
    /// A file is refused since it has rotted.
    AofRotten = "aof_rot_refused",
    /// A place in a history is taken from a file.
    AofPositionTaken = "aof_position_taken",
}

#[cfg(feature = "marks")]
const _: () = assert!(Mark::ALL.len() <= u128::BITS as usize, "each has a bit");

/// The decisions that a node has come to. Nothing without the feature `marks`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Marks {
    #[cfg(feature = "marks")]
    bits: u128,
}

/// The same whatever was reached: who tells nodes apart by what they look like, as [`Node::imprint`](crate::Node::imprint) does, is not to see it.
impl fmt::Debug for Marks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Marks")
    }
}

#[cfg(not(feature = "marks"))]
impl Marks {
    /// Nothing: this build keeps none.
    #[inline(always)]
    pub(crate) const fn set(&mut self, _: Mark) {}
}

#[cfg(feature = "marks")]
impl Marks {
    /// A node has come to a decision.
    #[inline(always)]
    pub(crate) const fn set(&mut self, mark: Mark) {
        self.bits |= 1 << mark as u32;
    }

    /// One bit for each, the first one's being the lowest.
    #[must_use]
    pub const fn bits(self) -> u128 {
        self.bits
    }

    /// These and those.
    #[must_use]
    pub const fn and(self, others: Marks) -> Marks {
        Marks { bits: self.bits | others.bits }
    }
}
