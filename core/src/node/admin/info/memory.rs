//! The rows of INFO memory. What is used is calculated from what is kept; only what the process holds is what the operating system says.

use alloc::format;
use alloc::string::String;

use super::Row::Field;
use super::{Row, some, zero};

/// There is no interpreter, and no defragmentation.
pub(super) const MEMORY: &[Row] = &[
    Field("used_memory", |view| some(view.memory.total)),
    Field("used_memory_human", |view| some(human_bytes(view.memory.total))),
    Field("used_memory_rss", |view| some(view.memory.resident)),
    Field("used_memory_rss_human", |view| some(human_bytes(view.memory.resident))),
    Field("used_memory_peak", |view| some(view.memory.peak)),
    Field("used_memory_peak_human", |view| some(human_bytes(view.memory.peak))),
    Field("used_memory_peak_perc", |view| some(format!("{:.2}%", view.memory.peak_percent()))),
    Field("used_memory_overhead", |view| some(view.memory.overhead)),
    Field("used_memory_startup", |view| some(view.memory.parts.base)),
    Field("used_memory_dataset", |view| some(view.memory.dataset)),
    Field("used_memory_dataset_perc", |view| some(format!("{:.2}%", view.memory.dataset_percent()))),
    Field("allocator_allocated", |view| some(view.memory.total)),
    Field("allocator_active", |view| some(view.memory.resident)),
    Field("allocator_resident", |view| some(view.memory.resident)),
    Field("total_system_memory", |view| some(view.node.environment.total_memory)),
    Field("total_system_memory_human", |view| some(human_bytes(view.node.environment.total_memory))),
    Field("used_memory_lua", zero),
    Field("used_memory_vm_eval", zero),
    Field("used_memory_lua_human", |_| some(human_bytes(0))),
    Field("used_memory_scripts_eval", zero),
    Field("number_of_cached_scripts", zero),
    // Libraries are kept as code, and which functions they register is not known.
    Field("number_of_functions", zero),
    Field("number_of_libraries", |view| some(view.node.keyspace.libraries.len())),
    Field("used_memory_vm_functions", zero),
    Field("used_memory_vm_total", zero),
    Field("used_memory_vm_total_human", |_| some(human_bytes(0))),
    Field("used_memory_functions", |view| some(view.memory.functions)),
    Field("used_memory_scripts", |view| some(view.memory.functions)),
    Field("used_memory_scripts_human", |view| some(human_bytes(view.memory.functions))),
    Field("maxmemory", |view| some(view.node.config.maxmemory)),
    Field("maxmemory_human", |view| some(human_bytes(view.node.config.maxmemory))),
    Field("maxmemory_policy", |view| {
        let values = view.node.config.get(b"maxmemory-policy");
        values.into_iter().next().map(|(_, value)| value)
    }),
    Field("allocator_frag_ratio", |view| some(format!("{:.2}", view.memory.fragmentation().0))),
    Field("allocator_frag_bytes", |view| some(view.memory.fragmentation().1)),
    Field("allocator_rss_ratio", |_| some("1.00")),
    Field("allocator_rss_bytes", zero),
    Field("rss_overhead_ratio", |_| some("1.00")),
    Field("rss_overhead_bytes", zero),
    Field("mem_fragmentation_ratio", |view| some(format!("{:.2}", view.memory.fragmentation().0))),
    Field("mem_fragmentation_bytes", |view| some(view.memory.fragmentation().1)),
    Field("mem_not_counted_for_evict", |view| {
        let parts = view.memory.parts;
        some(parts.log + parts.transfers + parts.replicas)
    }),
    Field("mem_replication_backlog", |view| some(view.memory.parts.log)),
    Field("mem_total_replication_buffers", |view| some(view.memory.parts.log + view.memory.parts.transfers)),
    Field("mem_clients_slaves", |view| some(view.memory.parts.replicas)),
    Field("mem_clients_normal", |view| some(view.memory.parts.clients)),
    Field("mem_cluster_links", zero),
    Field("mem_aof_buffer", zero),
    Field("mem_allocator", |view| some(&view.node.environment.allocator)),
    Field("active_defrag_running", zero),
    Field("lazyfree_pending_objects", |view| some(view.node.keyspace.freeing().0)),
    Field("lazyfreed_objects", |view| some(view.node.keyspace.freeing().1)),
];

/// `894.84K`: the form of Redis.
pub(super) fn human_bytes(bytes: u64) -> String {
    const UNITS: [char; 5] = ['K', 'M', 'G', 'T', 'P'];
    if bytes < 1024 {
        return format!("{bytes}B");
    }
    let mut scaled = bytes as f64 / 1024.0;
    let mut unit = 0;
    while scaled >= 1024.0 && unit + 1 < UNITS.len() {
        scaled /= 1024.0;
        unit += 1;
    }
    format!("{scaled:.2}{}", UNITS[unit])
}
