//! Which mistakes can a node be made to repeat?
//!
//! A [`Defect`] is a bug that a replicated server has had, or has to this day. With the cargo feature `museum` it can be switched on, for one node
//! at a time, by what the node is told of its [environment](crate::Environment); then it tells so in its log. Without the feature, and that is
//! how everything is shipped, no node has any: [`Defects`] takes no room, and the question is answered by a constant.
//!
//! Each defect lives in one line, at the place where the bug was, which asks `self.has(Defect::...)`. The simulator proves by them that its
//! checks can fail.

catalogue! {
    /// A mistake on purpose. Its card tells what happens, when it did, and where it was reported.
    Defect, listed with "museum":

    // Promises to clients.

    /// `wait_across_histories`: WAIT compares bare offsets.
    ///
    /// *What:* the offset of a client's last write is kept when its node becomes a replica and takes over other data. Promoted again, the node
    /// counts every replica that is beyond that number, though none has ever seen the write. *When:* Redis 7.0.15, Valkey 8 and 9. *Reported:*
    /// nowhere that we know of; found and measured here.
    WaitAcrossHistories = "wait_across_histories",
    /// `good_replica_is_heartbeat`: a replica counts for `min-replicas-to-write` as long as it acknowledges anything.
    ///
    /// *What:* the lag of a replica is the time since its last acknowledgement, whatever offset that told. One that applies nothing any more
    /// acknowledges the same offset once a second, and writes go on that it will never have. *When:* all of Redis and Valkey
    /// since 2.8 (`refreshGoodSlavesCount`). *Reported:* nowhere as such that we know of; around it, Redis issues 1434 and 9993.
    GoodReplicaIsHeartbeat = "good_replica_is_heartbeat",
    /// `wait_zero_offset`: who was served after a wait is asked for by where it stood before.
    ///
    /// *What:* a command that had to wait writes when it is served; the offset that WAIT asks for behind it stays that of before, and replicas
    /// count that have not seen the write. *When:* the same by other ways: Valkey until 8.0 with WAIT behind a script, Redis until 7.0.12 with modules. *Reported:*
    /// Valkey pull request 776, Redis pull request 12220.
    WaitZeroOffset = "wait_zero_offset",
    /// `failover_discards_tail`: FAILOVER takes any replica that is online for one that has everything.
    ///
    /// *What:* what was written last was answered, and is gone when the old master comes back as a replica. *When:* wherever a replica is promoted without
    /// waiting for it: by REPLICAOF NO ONE in all versions, by Sentinel, and by FAILOVER with FORCE, which says so; without FORCE no
    /// release is known. *Reported:* Redis issues 4819, 6062 and 12113, Valkey issues 1238 and 2587.
    FailoverDiscardsTail = "failover_discards_tail",
    /// `shutdown_forgets_replicas`: a master that is told to end ends at once, whatever its replicas have.
    ///
    /// *What:* what was answered last is in nobody's data but its own; if it does not come back, or another is promoted meanwhile, that is gone, though
    /// everything went in good order. *When:* Redis until 7.0, 2022, and all that went before `shutdown-timeout`. *Reported:* Redis issue 9693, pull request
    /// 9872.
    ShutdownForgetsReplicas = "shutdown_forgets_replicas",
    /// `served_and_timed_out`: who was served while waiting is told, when the time is over, that it waited in vain.
    ///
    /// *What:* one command has two answers, and each one behind them is taken for that of the command before. *When:* Redis 6.0 to 6.2.1 with modules, whose clients were served and
    /// timed out in one turn of the loop; Garnet until 2026, with BLMPOP and CLIENT UNBLOCK. *Reported:* Redis pull request 8618, Garnet pull request 2030.
    ServedAndTimedOut = "served_and_timed_out",
    // What a replica has, and its master has lost.

    /// `guard_judges_late`: what the master offers is compared with what is left when that was dropped.
    ///
    /// *What:* whoever has nothing has nothing to lose, so that an empty data set is taken by everybody. *When:* the guard is our own, so no release has it; Redis and Valkey drop
    /// what they have before they have looked at what comes. *Reported:* Valkey pull request 2600, which has the head of the file looked at first.
    GuardJudgesLate = "guard_judges_late",
    /// `guard_forgets_at_redial`: what is known of a master is known of the link to it.
    ///
    /// *What:* a master that comes back empty is dialled anew, and so is one of which nothing is known. *When:* no release; it is what becomes of a guard that is kept where handshakes
    /// keep what they know. *Reported:* nowhere.
    GuardForgetsAtRedial = "guard_forgets_at_redial",
    /// `guard_stops_at_new_name`: whatever comes under another name than before is taken for a wipe.
    ///
    /// *What:* a replica that was promoted, or a master that was started again with all that it had, has a new name, too, and its replicas wait for somebody to tell them. *When:* Dragonfly with
    /// `break_replication_on_master_restart`, whose documentation says so. *Reported:* Dragonfly pull request 2753.
    GuardStopsAtNewName = "guard_stops_at_new_name",
    /// `quarantine_for_ever`: a replica that has refused a data set does not ask for another one.
    ///
    /// *What:* the master has its data again, or was only behind, and the replica waits for somebody to tell it. *When:* Dragonfly with `break_replication_on_master_restart`, by design.
    /// *Reported:* Dragonfly issue 2636, which asked for it.
    QuarantineForEver = "quarantine_for_ever",
    /// `guard_trusts_offset`: who has come as far as we have is taken to have gone on from where we are, although it says itself that it has left before.
    ///
    /// *What:* a master that went back to its snapshot, and that clients have written more to than it had lost, takes the rest from its replicas unseen. *When:* no release; the guard
    /// was so at first. *Reported:* found by the study of what a crash costs, one run in fourteen.
    GuardTrustsOffset = "guard_trusts_offset",

    // What is read.

    /// `exec_passes_gates`: EXEC is judged by its own flags, not by those of what it carries out.
    ///
    /// *What:* what was queued while a replica was in step is carried out when it is not any more: with `replica-serve-stale-data no` a client is told what is old, and in
    /// the middle of loading what is not there yet. *When:* Redis 6.0.0 to 6.0.5, 2020; mended in 6.0.6. *Reported:* Redis pull request 6933, which let EXEC through.
    ExecPassesGates = "exec_passes_gates",
    /// `loading_serves_reads`: a replica serves while it loads what its master has sent, as if that were built beside what it had.
    ///
    /// *What:* by way of a file what it had is dropped first, so that clients find nothing, or half of it. *When:* no release that we know of; Redis 7.0 serves while it loads,
    /// and has to tell by a second flag when what it had is still there. *Reported:* Redis pull requests 9323 and 9878, where each gate was looked at for it.
    LoadingServesReads = "loading_serves_reads",

    /// `group_read_is_no_write`: XREADGROUP is taken for a command that only reads.
    ///
    /// *What:* a replica carries it out, though it moves the group on and remembers who was given what: data that no stream has changed. *When:* Dragonfly until 2026; Redisson took it
    /// for a read, too, and had replicas of Redis refuse it. *Reported:* Dragonfly issue 6493, Redisson issue 2663.
    GroupReadIsNoWrite = "group_read_is_no_write",

    // What is refused.

    /// `cancelled_save_is_failure`: a snapshot that is given up, since another is to be written in its place, counts as one that could not be written.
    ///
    /// *What:* the disk is well, and every write is refused with MISCONF until the next snapshot is done. *When:* Redis 2.6.5 to 2.6.9, 2013: FLUSHALL ended the child that was
    /// saving. *Reported:* Redis issue 875.
    CancelledSaveIsFailure = "cancelled_save_is_failure",
    /// `good_replicas_kept`: good replicas are counted when one comes or goes, and not again when one has acknowledged.
    ///
    /// *What:* with `min-replicas-to-write` a master refuses every write while all its replicas are in step. *When:* no release; this engine counted once a second at first, which with a lag of
    /// one second could be the wrong moment each time. *Reported:* found by the simulator.
    GoodReplicasKept = "good_replicas_kept",

    // The name of a history, and how far it reaches.

    /// `restart_keeps_replid`: a master that has loaded a snapshot goes on under the name that its history had when that was made.
    ///
    /// *What:* what was written behind the snapshot in the life before and what is written now bear the same offsets of one name. *When:* Redis 4.0.0 and
    /// 4.0.1, 2017. *Reported:* Redis issue 4316.
    RestartKeepsReplid = "restart_keeps_replid",
    /// `seed_reused`: a life begins with the entropy of the life before.
    ///
    /// *What:* a node that has lost its data calls its new history as it called the first one, and whoever has that is sent on from another data set. *When:* of
    /// servers none is known; it is what becomes of a virtual machine that is started twice from one image, and the reason why a node is
    /// handed a seed at each start. *Reported:* Everspaugh and others, "Not-So-Random Numbers in Virtualized Linux", 2014, for the like with keys.
    SeedReused = "seed_reused",
    /// `promotion_keeps_replid`: a replica that is promoted goes on under its master's name.
    ///
    /// *What:* the old master may live and write, and two histories bear one name. *When:* no release; it is the reason that Redis 4.0 gave for its
    /// second id. *Reported:* Redis's documentation of replication, "Replication ID explained".
    PromotionKeepsReplid = "promotion_keeps_replid",
    /// `replid2_unbounded`: a node continues the history it was in before, however far who asks went with it.
    ///
    /// *What:* who had more than the node that was promoted is sent on behind bytes that this one never had. *When:* Redis 6.0.0 to 6.0.3, 2020, where the bound was set to what it had
    /// been before the offset was turned back. *Reported:* Redis pull request 7320.
    Replid2Unbounded = "replid2_unbounded",
    /// `replid2_one_short`: the byte at which two histories part may not be asked for.
    ///
    /// *What:* whoever has exactly what the promoted node had, which after an orderly switch all have, is sent everything. *When:* no release that we
    /// know of; it is the other way to be wrong with the bound. (To allow one byte more does nothing: no command has one byte.) *Reported:* as
    /// `replid2_unbounded`.
    Replid2OneShort = "replid2_one_short",
    /// `backlog_freed_keeps_replid`: a backlog goes for want of replicas, and the history keeps its name.
    ///
    /// *What:* the offset stands still from then on while writes go on; as a replica of one that had it before the node is sent on from there, with what it wrote
    /// alone. *When:* Redis 4.0.0 to 4.0.2, 2017. *Reported:* Redis issue 4407.
    BacklogFreedKeepsReplid = "backlog_freed_keeps_replid",
    /// `chained_psync_after_fullresync`: a replica whose data were replaced leads its own replicas on.
    ///
    /// *What:* they are sent the stream of a data set that they have not got. *When:* Redis 2.8 to 2.8.21 and 3.0 to 3.0.3, 2015. *Reported:* Redis issue
    /// 2694.
    ChainedPsyncAfterFullresync = "chained_psync_after_fullresync",
    /// `subreplica_misses_new_replid`: a replica that is told a new name of its history keeps it from its own replicas.
    ///
    /// *What:* they go on with the stream and call it by the old name, under which the old master may write something else. *When:* Redis 4.0 before its
    /// first release candidate, 2016. *Reported:* by the commit that mends it (eab865a0a).
    SubreplicaMissesNewReplid = "subreplica_misses_new_replid",
    /// `psync_from_future`: a node continues its history for one that is ahead of it.
    ///
    /// *What:* only the beginning of the backlog is compared, not its end. *When:* the release candidates of Redis 2.8, 2013. *Reported:* by
    /// the commit that mends it (37e06bd95).
    PsyncFromFuture = "psync_from_future",
    /// `psync_state_dropped_early`: a replica forgets where it stands as soon as everything is to be sent to it, not when its data are replaced.
    ///
    /// *What:* if nothing comes of that, and another master has its history, it is sent everything in vain. *When:* Redis until 6.2. *Reported:* Redis pull
    /// request 9398.
    PsyncStateDroppedEarly = "psync_state_dropped_early",
    /// `transient_error_is_full_resync`: a master that cannot answer now has refused to continue.
    ///
    /// *What:* the replica asks for everything the next time. *When:* Redis 4.0 before its release and, for a master that is silent, until 7.0.0, 2022. *Reported:* Redis
    /// pull request 10726.
    TransientErrorIsFullResync = "transient_error_is_full_resync",
    /// `promoted_loses_backlog`: since when there are no replicas is counted from before the node was promoted.
    ///
    /// *What:* its backlog goes before its siblings have come, and all of them are sent everything. *When:* Redis 4.0.0 to 4.0.6, 2018. *Reported:*
    /// Redis issue 4607.
    PromotedLosesBacklog = "promoted_loses_backlog",
    /// `meaningful_offset`: a master that is made a replica takes the PINGs at the end of its stream back.
    ///
    /// *What:* it was to spare a full synchronisation behind heartbeats that the new master lacks; but whoever follows it has them, and offsets of one name
    /// come to mean two things. *When:* Redis 6.0.0 to 6.0.3, taken out in 6.0.4, 2020. *Reported:* Redis issues 7306 and 7320.
    MeaningfulOffset = "meaningful_offset",
    /// `pings_taken_back_late`: a replica that is promoted takes back the PINGs at the end of its stream when it has begun its own history.
    ///
    /// *What:* the history begins behind bytes that are gone, so that its offset goes back, and what is written next bears offsets that the others know as the PINGs'. *When:* Redis 6.0.0 to
    /// 6.0.3, 2020, where the link to the master, and with it the PINGs, was given up behind the change of the name. *Reported:* Redis pull request 7320.
    PingsTakenBackLate = "pings_taken_back_late",
    /// `fullresync_offset_too_late`: who joins a snapshot under way is told where the stream is by now.
    ///
    /// *What:* the data and the stream that follows are those of the snapshot's beginning; every offset that the replica names from then on is too great. *When:* Redis
    /// 2.8.0 to 2.8.21 and 3.0.0 to 3.0.3, 2015. *Reported:* Redis issue 2724.
    FullresyncOffsetTooLate = "fullresync_offset_too_late",
    /// `attach_without_buffer_copy`: who joins a snapshot under way is sent what is written from then on.
    ///
    /// *What:* it lacks what was written between the snapshot's beginning and its coming. *When:* Redis until 2.4.5, 2011, where a part of the first replica's
    /// output was not copied. *Reported:* Redis issue 141.
    AttachWithoutBufferCopy = "attach_without_buffer_copy",

    // Bytes of the stream.

    /// `proxy_on_read`: a replica feeds its own log with what it reads from its master, not with what it has applied.
    ///
    /// *What:* half a command, or half a transaction, stands in its log and has gone to its replicas. If the master ends just then and the replica is promoted, a new
    /// history goes on behind it. *When:* the release candidates 1 and 2 of Redis 4.0. *Reported:* Redis issue 3899.
    ProxyOnRead = "proxy_on_read",
    /// `ack_on_read`: a replica acknowledges what it has read, applied or not.
    ///
    /// *What:* WAIT counts a replica that has a write in its input buffer, or in a transaction of which EXEC has not come, and that loses it with its next crash or promotion.
    /// *When:* Redis from 2.8 to the second release candidate of 4.0. *Reported:* the change that mended issue 3899 mended it, too.
    AckOnRead = "ack_on_read",
    /// `cached_master_half_parse`: what was read of a command or a transaction when the link broke waits for what the next link brings.
    ///
    /// *What:* the stream goes on behind the last whole command, so the beginning comes twice, and commands are made of it that nobody has sent. *When:* the release candidates of Redis
    /// 4.0; again in a development version of Valkey 9.0. *Reported:* with Redis issue 3899; Valkey pull request 2548.
    CachedMasterHalfParse = "cached_master_half_parse",
    /// `newline_eats_star`: an empty line is taken to be two bytes long.
    ///
    /// *What:* the newlines by which a loading replica keeps its link alive are one byte each. If an acknowledgement follows in the same read its first byte is lost, and the rest is
    /// garbage. *When:* Redis before 4.0.11, which answered the garbage by errors that the replica took for a part of the stream; here the replica is hung up on. *Reported:* Redis issue 5135.
    NewlineEatsStar = "newline_eats_star",
    /// `newline_counted`: the newlines by which a master keeps a link alive while it writes a snapshot are counted as a part of the stream.
    ///
    /// *What:* the replica stands beyond its master, by a byte for each second that it has waited. *When:* a bug of Redis 2.8 to 3.2 in what the newlines were taken off again; the development version of 4.0,
    /// where relays sent newlines into the middle of commands. *Reported:* the change that took them out of chains, for 4.0 (eab865a0a).
    NewlineCounted = "newline_counted",
    /// `relay_makes_own_stream`: a replica with replicas puts PINGs of its own into the stream that it passes on.
    ///
    /// *What:* its offsets are no longer those of its master, so that the same offset of the same history means two things. *When:* Redis up to 3.2, where each level of a chain had offsets of its own; a mistake
    /// since offsets are common to a chain. *Reported:* Redis pull request 6029 is its kin, of a master that pings while it hands over.
    RelayMakesOwnStream = "relay_makes_own_stream",
    /// `select_lost_on_psync`: a replica whose stream goes on starts in database 0.
    ///
    /// *What:* which database the stream is about is said once, by SELECT, and is a part of the state that must outlive the link. *When:* Redis 4.0.0 and 4.0.1. *Reported:* Redis issue 4316; of the same kind are Valkey issue
    /// 2188 and KeyDB issue 80.
    SelectLostOnPsync = "select_lost_on_psync",
    /// `select_not_reemitted`: the stream behind a snapshot does not begin with a SELECT.
    ///
    /// *What:* the master knows one present database for all of its replicas. A new one, who has not heard the last SELECT and is not told of it by the snapshot, applies to database 0 what belongs elsewhere.
    /// *When:* Redis up to 2.8.21 and 3.0.3. *Reported:* the changes 15de6b108 and a5a06a8ec of 2015.
    SelectNotReemitted = "select_not_reemitted",
    /// `paused_replica_advances`: a command of the stream that a pause holds back moves the offset, and is passed on, before it is applied.
    ///
    /// *What:* a replica that is promoted during a pause has never applied what it says that it has. *When:* Redis up to 6.2.5. *Reported:* Redis pull request 9448.
    PausedReplicaAdvances = "paused_replica_advances",

    /// `no_ack_after_resume`: a link that goes on where the last one was remembers that its output is being written, which nobody does.
    ///
    /// *What:* no acknowledgement ever leaves, and the master ends the link for the replica's silence, over and over. *When:* the release candidates of Redis 2.8. *Reported:* Redis issue 1400.
    NoAckAfterResume = "no_ack_after_resume",

    /// `replica_replies_to_master`: what a command of the stream answers goes up the link if it is large.
    ///
    /// *What:* small replies were held back; larger ones took another way into the output, which nobody had closed. The master takes them for commands, and here it hangs
    /// up. *When:* Redis until 5.0.4, 2019; masters of the time before PSYNC answered the acknowledgements, too. *Reported:* the change acba2fc9b; Redis
    /// issue 1488 is its kin.
    ReplicaRepliesToMaster = "replica_replies_to_master",
    /// `backlog_trims_too_much`: how much the backlog holds is counted when all has been trimmed, not with each block.
    ///
    /// *What:* as long as it is counted as too long, blocks go, so that hardly anything is left for those who come back. *When:* the release candidates of Redis 7.0,
    /// 2021. *Reported:* Redis pull request 9713.
    BacklogTrimsTooMuch = "backlog_trims_too_much",
    /// `backlog_one_short`: the oldest byte of the backlog may not be asked for.
    ///
    /// *What:* whoever lacks exactly what the backlog holds is sent everything; so is the first replica, if its link breaks before anything was written. *When:* the release candidates
    /// of Redis 2.8, 2013. *Reported:* Redis issue 1221; the change c151eb6d9.
    BacklogOneShort = "backlog_one_short",

    // Full synchronisation.

    /// `eof_mark_split`: the mark behind a snapshot is looked for at the end of each read, and the stream does not wait until it was found.
    ///
    /// *What:* if a byte of the stream comes in the read that ends the mark, the replica takes everything from there on for a snapshot without end. *When:* Redis 2.8.18 and 2.8.19, the first with
    /// diskless synchronisation; with another reader 7.0.0 to 7.0.5. *Reported:* the changes bb7fea0d5 and 159875b5a; Redis issue 11296.
    EofMarkSplit = "eof_mark_split",
    /// `swap_on_bad_eof`: a data set that was built beside the old one takes its place before the mark behind it was read.
    ///
    /// *What:* the replica has the new data under the old name of its history, and keeps them so if the mark does not come. *When:* the development version of Redis 7.0. *Reported:*
    /// Redis pull request 9752.
    SwapOnBadEof = "swap_on_bad_eof",
    /// `flush_before_valid`: a replica drops what it has at the first byte of what is to take its place.
    ///
    /// *What:* if the rest never comes, or is of no use, it has nothing, and can be promoted like that. *When:* Valkey before 8.0 and all of Redis drop it before the file was looked at. *Reported:* Redis issue
    /// 5420, Valkey pull requests 926 and 2600.
    FlushBeforeValid = "flush_before_valid",
    /// `one_drop_aborts_all`: of a snapshot that goes to several replicas, one that has left is counted as a failure with each further piece.
    ///
    /// *What:* after some pieces as many have failed as there were receivers, and the snapshot is given up for all. *When:* Redis 8. *Reported:* Redis issue 15767, open in September 2026.
    OneDropAbortsAll = "one_drop_aborts_all",
    /// `snapshot_load_expires`: a replica leaves out what has expired by its own clock when it loads a snapshot of its master.
    ///
    /// *What:* commands of the stream that follow find nothing to act on. *When:* Redis before 2.4.7; replicas in a cluster, at their start, before 6.0. *Reported:* Redis issue 4950 is its kin, of
    /// snapshots that are written without such keys.
    SnapshotLoadExpires = "snapshot_load_expires",
    /// `silent_while_loading`: a replica that loads a data set says nothing meanwhile.
    ///
    /// *What:* if that takes longer than `repl-timeout` its master ends the link, and it begins anew, over and over. *When:* Redis up to 2.8.2. *Reported:* the change 27db38d06; issue 7830 is its kin.
    SilentWhileLoading = "silent_while_loading",
    /// `output_limit_loop`: a replica is ended when it lags more than `client-output-buffer-limit`, however large the last write and the backlog are.
    ///
    /// *What:* a value larger than the limit ends every link. Each comes back, goes on before the value, and is ended again. *When:* all of Redis and Valkey; before 7.0.10 Redis counted the whole block of the
    /// log in which a replica reads. *Reported:* Redis issues 4697, 11534 and 11666.
    OutputLimitLoop = "output_limit_loop",
    /// `dead_replica_pins_backlog`: a replica that is to be ended holds the log until it is.
    ///
    /// *What:* it is marked and freed later, and in between nothing that it has not read can be forgotten: the limit that it broke bounds nothing. *When:* Redis 7.0 to the first release candidate of 7.4. *Reported:* Redis
    /// pull request 13363.
    DeadReplicaPinsBacklog = "dead_replica_pins_backlog",
    /// `resync_hammer`: a replica whose synchronisation has come to nothing asks again after a second, and is let in at once.
    ///
    /// *What:* what made it come to nothing is made worse by each attempt, which costs the master a snapshot. *When:* all of Redis and Valkey. *Reported:* Redis issue 2756, Valkey issues 3893 and 4718.
    ResyncHammer = "resync_hammer",
    /// `diskless_hung_receiver`: a replica that takes nothing of its snapshot keeps it going for ever, and no other is begun meanwhile.
    ///
    /// *What:* only replicas that follow the stream were ended for their silence. One that hangs in the middle of its snapshot, with its socket open, has all others wait that come
    /// after it. *When:* Redis 6.0.0 to 6.0.14, 6.2.0 and 6.2.1, 2021. *Reported:* Redis pull request 8762.
    DisklessHungReceiver = "diskless_hung_receiver",

    // Memory.

    /// `evict_feedback_loop`: what waits for replicas counts as memory, too.
    ///
    /// *What:* the removals of keys that give way are sent to replicas. While one is slow they take memory, for which more keys give way, until none is left. *When:* Redis until 2.4.7, 2012; counted
    /// wrongly again from 4.0 to the third release candidate of 5.0, 2018. *Reported:* Redis issues 327 and 4213, pull request 5126.
    EvictFeedbackLoop = "evict_feedback_loop",
    /// `replica_evicts_alone`: a replica whose memory is above `maxmemory` lets keys give way by itself.
    ///
    /// *What:* a replica takes memory for other things than its master does, and draws other keys. It lacks what the stream goes on to change. *When:* Redis until 4.0, 2018; since 5.0
    /// `replica-ignore-maxmemory` is on. *Reported:* Redis issues 1393 and 1875, pull requests 882, 4583 and 4954.
    ReplicaEvictsAlone = "replica_evicts_alone",

    // What a command leaves.

    /// `replica_expires_alone`: commands of the stream find no key whose time has come by the replica's own clock.
    ///
    /// *What:* the master's clock, or its earlier time, let it live: what it did to the key then, PERSIST say, is done to nothing here. *When:* a rule
    /// since Redis 2.2, with leaks: EXPIRE and others in the first release candidate of 7.2. *Reported:* Redis issues 187 and 11997, pull request 9572.
    ReplicaExpiresAlone = "replica_expires_alone",
    /// `replica_serves_expired`: a replica shows a key until its removal arrives.
    ///
    /// *What:* it must not remove the key itself, and did not look at its time either; with a late stream clients read what is long over. *When:* Redis until 3.2,
    /// 2015. *Reported:* Redis issue 1768.
    ReplicaServesExpired = "replica_serves_expired",
    /// `lazy_expire_not_propagated`: a key that is found to be expired when a command meets it is removed, and nobody is told.
    ///
    /// *What:* replicas keep it for ever, out of sight until they are promoted. *When:* Redis 6.2.0 and 6.2.1, 2021, for look-ups outside of commands that were propagated. *Reported:*
    /// Redis pull request 8816.
    LazyExpireNotPropagated = "lazy_expire_not_propagated",
    /// `expire_del_order`: the removal of a key that a command has found expired is sent behind what the command did.
    ///
    /// *What:* if that was to set the key anew, replicas remove it. *When:* Redis 7.0.0 to 7.0.8, 2023; the like before 2.6.12. *Reported:* Redis pull request 11788, the change
    /// 71f3e7431.
    ExpireDelOrder = "expire_del_order",
    /// `relative_ttl`: replicas are told how long a key has to live, not until when.
    ///
    /// *What:* each counts from when it hears of it, so that keys outlive their time by the lag, and by all of an outage. *When:* Redis until 6.2, for what was not rewritten in its
    /// append-only file alone. *Reported:* Redis issues 5171 and 8433, pull request 8474.
    RelativeTtl = "relative_ttl",
    /// `pop_as_asked`: SPOP is sent as it was said, not as what it took.
    ///
    /// *What:* a replica draws another member. *When:* no release with replication; it is why SPOP has been sent as SREM from the beginning, and what
    /// made the rules for scripts. *Reported:* Redis pull request 9812 tells of all commands of the kind.
    PopAsAsked = "pop_as_asked",
    /// `effects_without_multi`: the several commands that tell what one has done are sent without MULTI and EXEC around them.
    ///
    /// *What:* a replica can be read, cut off or promoted between them. *When:* Redis until 6.0, 2020, with SPOP of several members. *Reported:* Redis pull request
    /// 6152.
    EffectsWithoutMulti = "effects_without_multi",
    /// `rewrite_drops_ttl`: INCRBYFLOAT is sent as a plain SET.
    ///
    /// *What:* SET makes the key live for ever; on replicas alone, and on the master after its next promotion. *When:* Redis until 5, 2018; the like with HINCRBYFLOAT of fields that
    /// expire, 7.4 to 8.0, 2025. *Reported:* Redis issues 5256 and 14218.
    RewriteDropsTtl = "rewrite_drops_ttl",
    /// `noop_looks_clean`: SETBIT that sets a bit to what it was is not sent.
    ///
    /// *What:* behind the end of a string each bit is zero, and to set it so makes the string longer. *When:* the second release candidate of Redis 7.0, 2022. *Reported:* Redis pull request
    /// 10459.
    NoopLooksClean = "noop_looks_clean",
    /// `blocked_client_survives_demotion`: who waits for a key goes on waiting when its node becomes a replica.
    ///
    /// *What:* the next push that comes by the stream serves it, and it takes from the replica what its master keeps. *When:* Redis until 2.8.19, 2015. *Reported:* Redis
    /// issue 2473.
    BlockedClientSurvivesDemotion = "blocked_client_survives_demotion",

    /// `new_keys_wake_nobody`: who waits for a key is told when something is pushed to it, and not when it comes in another way.
    ///
    /// *What:* a list that SORT with STORE, RENAME or MOVE makes lies there, and whoever waits for it waits on, until it is emptied and pushed to. *When:* Redis until June 2014, 2.8.
    /// *Reported:* Redis issue 1668.
    NewKeysWakeNobody = "new_keys_wake_nobody",
    /// `wait_timer_moves_back`: whoever begins to wait sets the timer to the end of its own time.
    ///
    /// *What:* those whose time is over before are told when that is. *When:* no release that we know of; in Redis 7.2.0 to 7.2.4, 2024, the time of a wait began anew whenever its key was
    /// looked at. *Reported:* Redis issue 12998.
    WaitTimerMovesBack = "wait_timer_moves_back",
    /// `tail_not_synced`: with `appendfsync everysec` a sync is begun only by what is appended.
    ///
    /// *What:* what is written less than a second after a sync waits for one until somebody writes again, be that in an hour, and a loss of power takes it. *When:* Redis until
    /// 2019 (6.0). *Reported:* Redis pull requests 5985, 6053.
    TailNotSynced = "tail_not_synced",

    // Time, and the wire.

    /// `timer_rounds_down`: when a node wants to be called next is told in whole milliseconds, and when something is due is not.
    ///
    /// *What:* it is called too early, finds nothing to do, and asks for the same moment, again and again until the millisecond is over. *When:* Redis 6.2.0 and 6.2.1, 2021. *Reported:* Redis
    /// pull request 8764.
    TimerRoundsDown = "timer_rounds_down",
    /// `checksum_not_verified`: a bit that has flipped on the way is delivered.
    ///
    /// *What:* TCP's checksum is taken for verified where nobody has looked at it. No server can do much about that; what is read is garbage, or another value. *When:* Linux from 2013 or before to 2016, between the
    /// network card and containers (`veth`). *Reported:* V. Pandurangan, "Linux kernel bug delivers corrupt TCP/IP data to Mesos, Kubernetes, Docker containers", 2016.
    ChecksumNotVerified = "checksum_not_verified",

    // What outlives a crash.

    /// `reply_before_sync`: with `appendfsync always` a reply leaves when what it tells of is appended.
    ///
    /// *What:* the answer is a promise, and a loss of power right behind it breaks it. *When:* Redis with `appendfsync always` where a reply could be
    /// written in the turn of the event loop in which the command was read, before the file was: with threads for I/O, for clients that were
    /// unblocked, and while a script was running too long; until 7.0. *Reported:* Redis pull requests 4890 and 9678.
    ReplyBeforeSync = "reply_before_sync",
    /// `replicas_before_sync`: with `appendfsync always` replicas are sent what is not on the disk yet.
    ///
    /// *What:* after a loss of power a replica has what its master has not. *When:* as `reply_before_sync`, and with the other policies by design.
    /// *Reported:* for those, Redis issue 7795; for `always` nowhere as such that we know of.
    ReplicasBeforeSync = "replicas_before_sync",
    /// `waitaof_counts_appended`: WAITAOF, and what a replica tells its master by FACK, take what was appended for what was synced.
    ///
    /// *What:* both answer too early. *When:* Redis 7.4 with `appendfsync everysec`, within a second after a sync. *Reported:* Redis pull request
    /// 13793, which mends what 12622 had brought in.
    WaitAofCountsAppended = "waitaof_counts_appended",
    /// `snapshot_not_synced`: an RDB file takes its name before what is in it is on the disk.
    ///
    /// *What:* a loss of power leaves the new name with half a file, or none, and the old file is gone. *When:* replicas of Redis until 2020, with the
    /// file that they had got from their master: the kernel was only asked to begin to write it (`sync_file_range`). *Reported:* Redis pull request 7839.
    SnapshotNotSynced = "snapshot_not_synced",
    /// `rename_without_directory_sync`: an RDB file counts as saved before its directory is synced.
    ///
    /// *What:* what SAVE has answered is undone with the renaming. *When:* Redis before 7.0.3. *Reported:* Redis issue 3487 (of the append-only file) and
    /// pull request 10737.
    RenameWithoutDirectorySync = "rename_without_directory_sync",
    /// `manifest_not_synced`: a manifest takes its name before what is in it is on the disk.
    ///
    /// *What:* a loss of power leaves a manifest of nothing or of zeros, and no file is found through it. *When:* LevelDB of 2012, with the file
    /// that names its manifest. *Reported:* LevelDB issue 74. Of Redis none is known.
    ManifestNotSynced = "manifest_not_synced",
    /// `old_increment_not_synced`: the manifest names the next increment while the end of the one before is not on the disk.
    ///
    /// *What:* a loss of power leaves a gap between the two. *When:* the first releases of Redis 7.0, with `appendfsync everysec`. *Reported:* Redis pull request
    /// 11004.
    OldIncrementNotSynced = "old_increment_not_synced",
    /// `history_removed_first`: files are removed while the manifest on the disk still names them.
    ///
    /// *What:* a loss of power in between leaves a manifest of files that are gone. *When:* LevelDB, where nothing keeps a file system from removing
    /// before it renames; RocksDB, where a manifest whose sync had failed was there nevertheless. *Reported:* LevelDB issue 195, RocksDB issue 4990 and pull
    /// request 5379. Of Redis none is known.
    HistoryRemovedFirst = "history_removed_first",
    /// `failed_sync_ignored`: after a sync that failed the next one is believed.
    ///
    /// *What:* a kernel may drop what it could not write and report the failure once: the next sync succeeds, and the data are nowhere. *When:* Redis
    /// did not even look at the outcome until 2021; with `everysec` it goes on after the next success to this day. *Reported:* Redis issue 8111 and pull
    /// request 8419; PostgreSQL's fsyncgate; Rebello and others, "Can Applications Recover from fsync Failures?", 2020.
    FailedSyncIgnored = "failed_sync_ignored",
    /// `partial_append_left`: after an append that failed, what of it was written is not cut off before it is made again.
    ///
    /// *What:* half a command stands before the whole one, and the file cannot be loaded. *When:* Redis until 2012, when the disk was full. *Reported:*
    /// Redis pull request 587.
    PartialAppendLeft = "partial_append_left",
    /// `half_transaction_loaded`: of a transaction that a crash has cut off, the commands that are there are carried out at load.
    ///
    /// *What:* a client sees half of what was to be all or nothing. *When:* Redis until 2018. *Reported:* Redis pull request 5201; its kin, where what is left of the transaction
    /// stays in the file, Valkey pull request 4342.
    HalfTransactionLoaded = "half_transaction_loaded",
    /// `position_beyond_data`: the place that an increment tells to begin at is where the history ended when it was created, not when it was planned.
    ///
    /// *What:* a replica that starts on it asks its master for what comes behind commands that it has not seen, or has seen twice. *When:* the same by other ways: Redis until 2.8.21 and 3.0.3
    /// told a replica the offset of the moment, not that of the snapshot; Valkey's development branch of late 2025 counted bytes of the append-only file as
    /// bytes of the stream. *Reported:* Redis issue 2724; Valkey issue 2904 and pull requests 2366 and 2925.
    PositionBeyondData = "position_beyond_data",
    /// `seal_not_checked`: checksums of what was appended are not compared at load.
    ///
    /// *What:* a flipped bit is served, and passed on to replicas. *When:* all of Redis and Valkey, whose append-only files have none. *Reported:* Redis issue
    /// 3730, Valkey issue 3885.
    SealNotChecked = "seal_not_checked",
    /// `names_not_secured`: a node that starts does not sync the directory of the append-only file that it finds.
    ///
    /// *What:* the life before was killed between naming its files and syncing the name. What this one has answered for goes with the name when the power does. *When:*
    /// Redis and Valkey since 7.0, which sync the directory only when the manifest changes. *Reported:* not there; found by random seeds here.
    NamesNotSecured = "names_not_secured",
}

/// The defects of one node. None without the feature `museum`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Defects {
    #[cfg(feature = "museum")]
    bits: u128,
}

#[cfg(not(feature = "museum"))]
impl Defects {
    /// False: this build has no defects on purpose.
    #[inline(always)]
    #[must_use]
    pub const fn contain(self, _: Defect) -> bool {
        false
    }
}

#[cfg(feature = "museum")]
impl Defects {
    /// True if a defect is among them.
    #[must_use]
    pub const fn contain(self, defect: Defect) -> bool {
        self.bits & (1 << defect as u32) != 0
    }

    /// These and one more.
    #[must_use]
    pub const fn with(self, defect: Defect) -> Defects {
        Defects { bits: self.bits | (1 << defect as u32) }
    }

    /// Those that are in the set.
    pub fn iter(self) -> impl Iterator<Item = Defect> {
        Defect::ALL.iter().copied().filter(move |defect| self.contain(*defect))
    }
}

/// What a defect remembers and a sound node has forgotten. Without the feature `museum` it takes no room, and is what it was at first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Leftover<T> {
    #[cfg(feature = "museum")]
    left: T,
    #[cfg(not(feature = "museum"))]
    nothing: core::marker::PhantomData<T>,
}

#[cfg(feature = "museum")]
impl<T: Default> Leftover<T> {
    /// Remembers this, and returns what was remembered before.
    pub(crate) fn replace(&mut self, left: T) -> T {
        core::mem::replace(&mut self.left, left)
    }

    /// Returns what was remembered, and forgets it.
    pub(crate) fn take(&mut self) -> T {
        core::mem::take(&mut self.left)
    }
}

#[cfg(not(feature = "museum"))]
impl<T: Default> Leftover<T> {
    /// Nothing is remembered.
    #[inline(always)]
    pub(crate) fn replace(&mut self, _: T) -> T {
        T::default()
    }

    /// Nothing was remembered.
    #[inline(always)]
    pub(crate) fn take(&mut self) -> T {
        T::default()
    }
}

#[cfg(all(test, not(feature = "museum")))]
mod tests {
    use super::*;

    #[test]
    fn a_build_without_the_feature_has_no_room_for_defects() {
        assert_eq!(size_of::<Defects>(), 0);
        assert!(!Defects::default().contain(Defect::WaitAcrossHistories));
    }
}
