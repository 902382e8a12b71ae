//! Does a key give way only for want of memory, and only where it may?
//!
//! With `maxmemory` a master removes keys while its data, and what it keeps for its clients, take more than that. What waits for its replicas does not count: the removals would
//! add to it, and one slow replica would have everything go. A replica that ignores `maxmemory` removes nothing by itself.

use afterimage_core::Config;
use afterimage_core::node::Role;

use super::{Breach, Property};

/// A node has let a key give way while its data and its clients took so many bytes.
///
/// # Errors
///
/// Tells why it should have kept it.
pub(crate) fn judge_eviction(role: Role, held_bytes: u64, config: &Config) -> Result<(), Breach> {
    let limit = config.maxmemory;
    let why = if role == Role::Replica && config.replica_ignore_maxmemory {
        "though it is a replica that ignores maxmemory, and has no key go but those that its master removes".to_string()
    } else if held_bytes <= limit {
        format!("though its data and its clients took {held_bytes} bytes, and maxmemory is {limit}")
    } else {
        return Ok(());
    };
    Err(Breach::new(Property::EvictsWithCause, format!("it has let a key give way, {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_gives_way_only_above_the_limit_and_not_in_a_replica_that_ignores_it() {
        let config = Config { maxmemory: 1000, ..Config::default() };
        let obeying = Config { replica_ignore_maxmemory: false, ..config.clone() };
        for (role, bytes, config, may) in [
            (Role::Master, 1001, &config, true),
            (Role::Master, 1000, &config, false),
            (Role::Replica, 1001, &config, false),
            (Role::Replica, 1001, &obeying, true),
            (Role::Replica, 1000, &obeying, false),
        ] {
            assert_eq!(judge_eviction(role, bytes, config).is_ok(), may, "{role:?} {bytes}");
        }
    }
}
