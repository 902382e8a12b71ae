//! DEBUG's looks at how values are kept: OBJECT, LISTPACK, QUICKLIST, HTSTATS, HTSTATS-KEY, SDSLEN and STRUCTSIZE.
//!
//! Each has Redis's form. What Redis has and this engine has not is left out, or told as nothing: addresses, chains of a hash table, room behind a
//! string.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::codec::listpack::Listpack;
use crate::codec::number::parse_i64;
use crate::command::reply_error as reply;
use crate::command::{CommandError, Outcome, reference_count};
use crate::keyspace::{Entry, usage};
use crate::port::{Effects, Level};
use crate::value::footprint::allocated;
use crate::value::hash::Form;
use crate::value::list::NodeRef;
use crate::value::rdb::push_value;
use crate::value::set::Texts;
use crate::value::{List, Set, Value, Zset};

use super::super::super::Node;
use super::Call;

/// OBJECT shows the clock of last use in as many bits as Redis keeps of it.
const LRU_CLOCK_MASK: u32 = (1 << 24) - 1;
/// As many entries or nodes are told in the log, a line each.
const LINES_MAX: usize = 128;

impl Node {
    fn entry_named(&self, call: &Call<'_>) -> Result<&Entry, CommandError> {
        let database = self.connections.get(call.conn).map_or(0, |connection| connection.database);
        let place = self.keyspace.locate(database, &call.args[2]).ok_or(reply::NO_SUCH_KEY)?;
        Ok(self.keyspace.entry(place))
    }

    fn answer_line(&mut self, call: &Call<'_>, text: &str) -> Outcome {
        if let Some(connection) = self.connection(call.conn) {
            connection.reply().simple(text);
        }
        Ok(())
    }

    fn answer_verbatim(&mut self, call: &Call<'_>, text: &str) -> Outcome {
        if let Some(connection) = self.connection(call.conn) {
            connection.reply().verbatim(text.as_bytes());
        }
        Ok(())
    }

    pub(super) fn debug_object(&mut self, call: Call<'_>) -> Outcome {
        let entry = self.entry_named(&call)?;
        let mut serialized = Vec::new();
        push_value(&mut serialized, &entry.value, self.config.rdbcompression);
        let idle = usage::seconds(call.now.wall).wrapping_sub(entry.usage) & LRU_CLOCK_MASK;
        let mut text = format!(
            "Value at:0x0 refcount:{} encoding:{} serializedlength:{} lru:{} lru_seconds_idle:{idle}",
            reference_count(&entry.value),
            entry.value.encoding_name(),
            serialized.len(),
            entry.usage & LRU_CLOCK_MASK,
        );
        if let Value::List(list) = &entry.value {
            text.push_str(&self.about_nodes(list));
        }
        self.answer_line(&call, &text)
    }

    fn about_nodes(&self, list: &List) -> String {
        let (nodes, len) = (list.node_count().max(1), list.len());
        let mut bytes = 0;
        list.for_each_node(|node| {
            bytes += match node {
                NodeRef::Packed(pack) => pack.byte_len(),
                NodeRef::Plain(value) => value.len(),
            };
        });
        // With two digits behind the point, rounded.
        let hundredths = (len * 200 + nodes) / (nodes * 2);
        format!(
            " ql_nodes:{nodes} ql_avg_node:{}.{:02} ql_listpack_max:{} ql_compressed:{} ql_uncompressed_size:{bytes}",
            hundredths / 100,
            hundredths % 100,
            self.config.list_max_listpack_size,
            i32::from(self.config.list_compress_depth != 0),
        )
    }

    /// LISTPACK: what it says goes to the log, which is the standard output unless a file is configured.
    pub(super) fn debug_listpack(&mut self, call: Call<'_>) -> Outcome {
        match &self.entry_named(&call)?.value {
            Value::Zset(Zset::Packed(pack)) => note_entries(call.effects, pack),
            Value::Hash(hash) => match hash.form() {
                Form::Packed(pack) => note_entries(call.effects, pack),
                Form::Few(_) | Form::Table(_) => return Err(reply::NOT_A_LISTPACK),
            },
            _ => return Err(reply::NOT_A_LISTPACK),
        }
        self.answer_line(&call, "Listpack structure printed on stdout")
    }

    /// QUICKLIST: as LISTPACK, a line for each node.
    pub(super) fn debug_quicklist(&mut self, call: Call<'_>) -> Outcome {
        let Value::List(list) = &self.entry_named(&call)?.value else { return Err(reply::NOT_A_QUICKLIST) };
        note(call.effects, format!("{{count : {}, nodes : {}}}", list.len(), list.node_count()));
        let mut number = 0;
        list.for_each_node(|node| {
            if number < LINES_MAX {
                let (container, bytes, count) = match node {
                    NodeRef::Packed(pack) => ("PACKED", pack.byte_len(), pack.len()),
                    NodeRef::Plain(value) => ("PLAIN", value.len(), 1),
                };
                let size = format!("container : {container}, encoding: RAW, size: {bytes}, count: {count}");
                note(call.effects, format!("{{quicklist node({number})}} {{{size}}}"));
            }
            number += 1;
        });
        self.answer_line(&call, "Quicklist structure printed on stdout")
    }

    pub(super) fn debug_table_of_database(&mut self, call: Call<'_>) -> Outcome {
        let database = u32::try_from(parse_i64(&call.args[2]).ok_or(reply::NOT_AN_INTEGER)?).ok();
        let database = database.filter(|&database| database < self.keyspace.database_count());
        let database = database.ok_or(reply::DEBUG_NO_SUCH_DATABASE)?;
        let (volatile, _) = self.keyspace.volatile(database);
        let keys = about_table(self.keyspace.capacity(database), self.keyspace.len(database));
        let text = format!("[Dictionary HT]\n{keys}[Expires HT]\n{}", about_table(volatile, volatile));
        self.answer_verbatim(&call, &text)
    }

    pub(super) fn debug_table_of_key(&mut self, call: Call<'_>) -> Outcome {
        let (capacity, len) = match &self.entry_named(&call)?.value {
            Value::Hash(hash) => match hash.form() {
                Form::Few(_) => (hash.len(), hash.len()),
                Form::Table(fields) => (fields.table.capacity(), hash.len()),
                Form::Packed(_) => return Err(reply::NOT_A_HASH_TABLE),
            },
            Value::Set(set @ Set::Texts(texts)) => match &**texts {
                Texts::Few(_) => (set.len(), set.len()),
                Texts::Many(members) => (members.table.capacity(), set.len()),
            },
            Value::Zset(zset) if !zset.is_packed() => (zset.len(), zset.len()),
            _ => return Err(reply::NOT_A_HASH_TABLE),
        };
        self.answer_verbatim(&call, &about_table(capacity, len))
    }

    pub(super) fn debug_string_length(&mut self, call: Call<'_>) -> Outcome {
        let entry = self.entry_named(&call)?;
        let Value::String(value) = &entry.value else { return Err(reply::NOT_AN_SDS) };
        if entry.value.encoding_name() == "int" {
            return Err(reply::NOT_AN_SDS);
        }
        let key = entry.key.len();
        let text = format!(
            "key_sds_len:{key}, key_sds_avail:0, key_zmalloc: {}, val_sds_len:{}, val_sds_avail:0, val_zmalloc: {}",
            allocated(key),
            value.len(),
            allocated(value.len()),
        );
        self.answer_line(&call, &text)
    }

    pub(super) fn debug_sizes(&mut self, call: Call<'_>) -> Outcome {
        let text = format!(
            "bits:{} entry:{} value:{} list:{} hash:{} set:{} zset:{}",
            usize::BITS,
            size_of::<Entry>(),
            size_of::<Value>(),
            size_of::<List>(),
            size_of::<crate::value::Hash>(),
            size_of::<Set>(),
            size_of::<Zset>(),
        );
        self.answer_line(&call, &text)
    }
}

/// A table in Redis's form. There are no chains of which to tell the lengths.
fn about_table(capacity: usize, len: usize) -> String {
    let head = "Hash table 0 stats (main hash table):\n";
    if len == 0 {
        return format!("{head}No stats available for empty dictionaries\n");
    }
    format!("{head} table size: {capacity}\n number of elements: {len}\n")
}

fn note_entries(effects: &mut Effects, pack: &Listpack) {
    note(effects, format!("{{total bytes {}}} {{num entries {}}}", pack.byte_len(), pack.len()));
    for (number, entry) in pack.iter().enumerate().take(LINES_MAX) {
        let text = crate::value::Text::from(entry).with_bytes(|bytes| format!("{}", bytes.escape_ascii()));
        note(effects, format!("{{{number} {text}}}"));
    }
}

fn note(effects: &mut Effects, text: String) {
    effects.say(Level::Notice, || text);
}
