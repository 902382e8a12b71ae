//! Which mistakes can a node be made to repeat?
//!
//! A [`Defect`] is a bug that a replicated server has had, or has to this day. With the cargo feature `museum` it can be switched on, for one node
//! at a time, by what the node is told of its [environment](crate::Environment); then it tells so in its log. Without the feature, and that is
//! how everything is shipped, no node has any: [`Defects`] takes no room, and the question is answered by a constant.
//!
//! Each defect lives in one line, at the place where the bug was, which asks `self.has(Defect::...)`. The simulator proves by them that its
//! checks can fail.

/// Each with the name by which people switch it on.
macro_rules! defects {
    ($($(#[$doc:meta])+ $defect:ident = $name:literal,)+) => {
        /// A mistake on purpose.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Defect {
            $($(#[$doc])+ $defect,)+
        }

        #[cfg(feature = "museum")]
        impl Defect {
            /// All of them.
            pub const ALL: &[Defect] = &[$(Defect::$defect,)+];

            /// The name by which it is switched on.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Defect::$defect => $name,)+
                }
            }
        }
    };
}

defects! {
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
}

/// The defects of one node. None without the feature `museum`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Defects {
    #[cfg(feature = "museum")]
    bits: u64,
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

#[cfg(all(test, feature = "museum"))]
mod tests {
    use super::*;

    #[test]
    fn a_node_has_the_defects_it_was_given_and_no_other() {
        for chosen in Defect::ALL {
            let defects = Defects::default().with(*chosen);
            assert!(defects.iter().eq([*chosen]), "{chosen:?}");
        }
        assert_eq!(Defects::default().iter().count(), 0);
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
