//! `explore`: which small world, and how far.

use afterimage_sim::explore::{Budget, Shape, Terms};
use clap::Args;

use super::values::threads;

/// What `explore` is told.
#[derive(Debug, Args)]
pub(crate) struct ExploreArguments {
    /// A replica follows a replica, instead of both the master
    #[arg(long)]
    pub(crate) chain: bool,
    /// Writes of clients in all
    #[arg(long, value_name = "N", default_value_t = Budget::DEFAULT.writes)]
    pub(crate) writes: u8,
    /// Connections that end
    #[arg(long, value_name = "N", default_value_t = Budget::DEFAULT.cuts)]
    pub(crate) cuts: u8,
    /// Hosts that crash and are started again
    #[arg(long, value_name = "N", default_value_t = Budget::DEFAULT.crashes)]
    pub(crate) crashes: u8,
    /// Replicas that are promoted
    #[arg(long, value_name = "N", default_value_t = Budget::DEFAULT.promotions)]
    pub(crate) promotions: u8,
    /// Deliveries that carry only a part of what is under way
    #[arg(long, value_name = "N", default_value_t = Budget::DEFAULT.pieces)]
    pub(crate) pieces: u8,
    /// Snapshots that are saved to the disk of a host
    #[arg(long, value_name = "N", default_value_t = Budget::DEFAULT.saves)]
    pub(crate) saves: u8,
    /// WAITs for a replica
    #[arg(long, value_name = "N", default_value_t = Budget::DEFAULT.waits)]
    pub(crate) waits: u8,
    /// Timers of each host that are due
    #[arg(long, value_name = "N", default_value_t = Budget::DEFAULT.timers)]
    pub(crate) timers: u8,
    /// Steps at most
    #[arg(long, value_name = "N", default_value_t = u32::MAX, hide_default_value = true)]
    pub(crate) depth: u32,
    /// States at most
    #[arg(long, value_name = "N", default_value_t = 1 << 31, hide_default_value = true)]
    pub(crate) states: u64,
    /// Memory at most, roughly
    #[arg(long, value_name = "MB", default_value_t = 4096)]
    pub(crate) memory: u64,
    /// Threads; as many as there are processors by default
    #[arg(long, value_name = "N", value_parser = threads())]
    pub(crate) jobs: Option<u16>,
    /// Go only this way, as it was told of a violation: steps, separated by commas
    #[arg(long, value_name = "STEPS")]
    pub(crate) trace: Option<String>,
    /// A mistake that all nodes make on purpose; may be given several times
    #[arg(long = "defect", value_name = "NAME")]
    pub(crate) defects: Vec<String>,
    /// One JSON object instead of words
    #[arg(long)]
    pub(crate) json: bool,
}

impl ExploreArguments {
    /// The world that is meant, and its bounds.
    pub(crate) fn terms(&self) -> Terms {
        let ExploreArguments { writes, cuts, crashes, promotions, pieces, saves, waits, timers, .. } = *self;
        let budget = Budget { writes, cuts, crashes, promotions, pieces, saves, waits, timers };
        Terms {
            depth_max: self.depth,
            states_max: self.states,
            bytes_max: self.memory << 20,
            defects: self.defects.clone(),
            ..Terms::new(if self.chain { Shape::Chain } else { Shape::Star }, budget)
        }
    }
}
