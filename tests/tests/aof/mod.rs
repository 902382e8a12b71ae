//! Do append-only files mean the same here and in real servers, whole, torn and broken, and is what they promise true?

mod damage;
mod full_disk;
mod old_files;
mod resumption;
mod run_time;
mod told;
mod torn_ends;
mod written_elsewhere;
mod written_here;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use afterimage_tests::{Options, Server, Workload, find_tool, wait_for, wait_until, wait_until_or_explain};

use crate::field_expiry::contents;
use crate::interop::write_out;

/// The directory of append-only files, and the manifest in it.
const DIRECTORY: &str = "appendonlydir";
const MANIFEST: &str = "appendonlydir/appendonly.aof.manifest";

/// With an append-only file that is rewritten only when it is asked for.
fn keeping(options: Options) -> Options {
    options.with("appendonly", "yes").with("auto-aof-rewrite-percentage", "0")
}

/// How a server is told to write.
#[derive(Clone, Copy)]
enum Writing {
    Preamble,
    Commands,
    Timestamps,
}

impl Writing {
    fn of(self, options: Options) -> Options {
        let options = keeping(options);
        match self {
            Writing::Preamble => options,
            Writing::Commands => options.with("aof-use-rdb-preamble", "no"),
            Writing::Timestamps => options.with("aof-timestamp-enabled", "yes"),
        }
    }
}

/// What is written leaves keys of all types, in several databases, with expiries of which none comes soon.
fn write(server: &Server, seed: u64, count: usize) {
    write_out(server, Workload::lasting(seed), count);
}

/// Waits until no new base is being written.
#[track_caller]
fn wait_until_rewritten(server: &Server) {
    let fields = ["aof_rewrite_in_progress", "aof_rewrite_scheduled"];
    wait_until("the rewrite to end", || fields.iter().all(|field| server.count("persistence", field) == 0));
    assert_eq!(server.info("persistence")["aof_last_bgrewrite_status"], "ok");
}

#[track_caller]
fn rewrite(server: &Server) {
    // A Redis begins a rewrite by itself when an append-only file is switched on.
    wait_until_rewritten(server);
    let reply = server.line("bgrewriteaof");
    assert!(reply.text().starts_with("Background append only file rewriting"), "{reply:?}");
    wait_until_rewritten(server);
}

/// Until all that was written is with the kernel. A Redis, too, answers before that while it syncs.
#[track_caller]
fn settle(server: &Server) {
    wait_until("nothing to be buffered", || server.count("persistence", "aof_buffer_length") == 0);
}

/// Waits until hashes have the same fields, with the same values and times. The digest of a Valkey does not tell of times as that of a Redis does.
#[track_caller]
fn wait_until_same_fields(one: &Server, other: &Server) {
    let all = |server: &Server| contents(server).into_iter().collect::<BTreeSet<_>>();
    let differing = || {
        let (one, other) = (all(one), all(other));
        let lines: Vec<String> = one.symmetric_difference(&other).take(6).cloned().collect();
        lines.join("\n")
    };
    wait_until_or_explain(|| contents(one) == contents(other), || format!("the fields differ:\n{}", differing()));
}

/// Ends it as a service manager does. What it should be started with again.
#[track_caller]
fn end(server: Server) -> Options {
    let options = server.options().clone();
    assert!(server.terminate().success(), "{}", options.log());
    options
}

/// All files of a server but its log, by their names from its directory on.
fn files(options: &Options) -> BTreeMap<String, Vec<u8>> {
    fn collect(root: &Path, dir: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(dir).expect("a directory can be listed") {
            let path = entry.expect("it can be listed").path();
            if path.is_dir() {
                collect(root, &path, files);
            } else if let Ok(bytes) = fs::read(&path) {
                // What is there no more was a file of a moment.
                let name = path.strip_prefix(root).expect("it lies there").to_string_lossy().into_owned();
                files.insert(name, bytes);
            }
        }
    }
    let mut found = BTreeMap::new();
    collect(options.dir(), options.dir(), &mut found);
    found.remove("log");
    found
}

/// The files of a server that goes on, once all that was written is in them and they belong together: old ones may still be being removed.
fn settled_files(server: &Server) -> BTreeMap<String, Vec<u8>> {
    settle(server);
    wait_for("files that belong together", || {
        let taken = files(server.options());
        let named = named_files(&taken);
        (!named.is_empty() && named.iter().all(|name| taken.contains_key(name))).then_some(taken)
    })
}

/// Puts files into the directory of a server that has none yet.
fn put(files: &BTreeMap<String, Vec<u8>>, options: &Options) {
    for (name, bytes) in files {
        let path = options.dir().join(name);
        fs::create_dir_all(path.parent().expect("it lies somewhere")).expect("a directory can be made");
        fs::write(path, bytes).expect("a file can be written");
    }
}

/// The names of the files that the manifest tells of and that are loaded, in their order, from the directory of the server on.
fn named_files(files: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let manifest = String::from_utf8_lossy(files.get(MANIFEST).map_or(&[], Vec::as_slice));
    let loaded = manifest.lines().filter(|line| line.ends_with("type b") || line.ends_with("type i"));
    loaded.map(|line| format!("{DIRECTORY}/{}", line.split(' ').nth(1).expect("it has a name"))).collect()
}

#[track_caller]
fn last_increment(files: &BTreeMap<String, Vec<u8>>) -> String {
    let last = named_files(files).pop().filter(|name| name.ends_with(".incr.aof"));
    last.expect("there is an increment")
}

/// Redis's own checker finds nothing wrong with what the manifest in the directory of `options` tells of.
#[track_caller]
fn assert_passes_redis_check_aof(options: &Options) {
    let Some(program) = find_tool("redis-check-aof") else { return };
    let output = Command::new(program).arg(options.dir().join(MANIFEST)).output().expect("redis-check-aof can be run");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("All AOF files and manifest are valid"), "{text}");
}
