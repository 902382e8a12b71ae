//! When does a collection leave its compact encoding? The directives, as the types understand them.

use crate::config::Config;

/// The limits of all types.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of hashes.
    pub hash: HashLimits,
    /// Of lists.
    pub list: ListLimits,
    /// Of sets.
    pub set: SetLimits,
    /// Of sorted sets.
    pub zset: ZsetLimits,
    /// Of streams.
    pub stream: StreamLimits,
}

/// When a hash leaves its compact encoding.
#[derive(Clone, Copy, Debug)]
pub struct HashLimits {
    /// Most fields of a compact hash (`hash-max-listpack-entries`).
    pub listpack_entries_max: usize,
    /// Longest field or value of a compact hash in bytes (`hash-max-listpack-value`).
    pub listpack_value_bytes_max: usize,
}

/// When a node of a list is full.
#[derive(Clone, Copy, Debug)]
pub struct ListLimits {
    /// `list-max-listpack-size`: so many elements if positive; -1 to -5 are 4, 8, 16, 32 and 64 kB.
    pub fill: i32,
}

/// When a set leaves its compact encoding.
#[derive(Clone, Copy, Debug)]
pub struct SetLimits {
    /// Most members of a set of integers (`set-max-intset-entries`).
    pub intset_entries_max: usize,
}

/// When a sorted set leaves its compact encoding.
#[derive(Clone, Copy, Debug)]
pub struct ZsetLimits {
    /// Most members of a compact sorted set (`zset-max-listpack-entries`).
    pub listpack_entries_max: usize,
    /// Longest member of a compact sorted set in bytes (`zset-max-listpack-value`).
    pub listpack_value_bytes_max: usize,
}

/// When a node of a stream is full. Zero is no limit.
#[derive(Clone, Copy, Debug)]
pub struct StreamLimits {
    /// Bytes (`stream-node-max-bytes`).
    pub node_bytes_max: usize,
    /// Entries (`stream-node-max-entries`).
    pub node_entries_max: usize,
}

#[cfg(test)]
impl Limits {
    /// The limits of the default configuration.
    pub(crate) const DEFAULT: Limits = Limits {
        hash: HashLimits { listpack_entries_max: 512, listpack_value_bytes_max: 64 },
        list: ListLimits { fill: -2 },
        set: SetLimits { intset_entries_max: 512 },
        zset: ZsetLimits { listpack_entries_max: 128, listpack_value_bytes_max: 64 },
        stream: StreamLimits { node_bytes_max: 4096, node_entries_max: 100 },
    };
}

impl Limits {
    /// Those that are configured.
    #[must_use]
    pub fn of(config: &Config) -> Limits {
        let size = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
        Limits {
            hash: HashLimits {
                listpack_entries_max: size(config.hash_max_listpack_entries),
                listpack_value_bytes_max: size(config.hash_max_listpack_value),
            },
            list: ListLimits { fill: config.list_max_listpack_size },
            set: SetLimits { intset_entries_max: size(config.set_max_intset_entries) },
            zset: ZsetLimits {
                listpack_entries_max: size(config.zset_max_listpack_entries),
                listpack_value_bytes_max: size(config.zset_max_listpack_value),
            },
            stream: StreamLimits {
                node_bytes_max: size(config.stream_node_max_bytes),
                node_entries_max: size(config.stream_node_max_entries),
            },
        }
    }
}
