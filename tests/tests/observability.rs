//! Can whoever watches a Redis 7.0 watch us in the same way? The fields of INFO, MEMORY STATS and CLIENT LIST, and whether they are true.

use std::path::PathBuf;

use afterimage_tests::{Client, Options, Release, Reply, Server, encode, wait_until};

/// Fields that Redis 7.0 does not have.
const OURS_ALONE: &[(&str, &str)] = &[
    ("server_name", "who looks for a Redis should be able to see that this is none; as in Valkey"),
    ("afterimage_version", "redis_version tells what we are compatible with, not what we are"),
    ("expired_subkeys", "fields of hashes expire, as in Redis 8.0, which tells of them so"),
    ("sync_full_reasons", "why everything had to be sent can be read nowhere in a Redis but its log"),
    ("sync_left_behind", "no replica of a Redis is left behind by others: they go at its pace"),
    ("master_path", "whom a replica follows whose master has no master is found out by nobody else"),
    ("master_link_error", "what last went wrong with the link can be read nowhere in a Redis but its log"),
    ("replica0", "lag in bytes and milliseconds; clients may choke on new facts in the lines of Redis"),
    ("replica1", "as replica0"),
    ("lib-name", "as in Redis 7.2, whose clients introduce themselves"),
    ("lib-ver", "as in Redis 7.2, whose clients introduce themselves"),
];
/// Fields of another form.
const OTHER_FORM: &[(&str, &str)] = &[
    ("redis_build_id", "no build is told from another"),
    ("multiplexing_api", "as the driver's runtime has it"),
    ("atomicvar_api", "there is one thread"),
];
/// Sections whose fields are named by what was done, in an order that is each server's own.
const UNORDERED: &[&str] = &["Commandstats", "Latencystats"];

pub(crate) fn is_ours_alone(name: &str) -> bool {
    // Nobody else has a guard.
    name.starts_with("wipe_guard_") || OURS_ALONE.iter().any(|(ours, _)| *ours == name)
}

/// What kind of value it is: a word, or a number with so many decimals.
fn form(name: &str, value: &str) -> String {
    if OTHER_FORM.iter().any(|(other, _)| *other == name) {
        return "its own".to_owned();
    }
    let (number, unit) = value.strip_suffix('%').map_or((value, ""), |number| (number, "%"));
    if value.is_empty() || number.parse::<f64>().is_err() {
        return match name.ends_with("_human") && number.ends_with(['B', 'K', 'M', 'G', 'T']) {
            true => "a size".to_owned(),
            // A list of facts is compared fact by fact.
            false if value.contains('=') => value.split(',').map(|fact| fact.split('=').next().unwrap_or("")).collect(),
            false => "a word".to_owned(),
        };
    }
    let decimals = number.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    format!("{decimals} decimals{unit}")
}

/// A line for each section and each field, without what only we have.
fn fields(client: &mut Client) -> Vec<String> {
    let text = client.line("info everything").text();
    let mut lines: Vec<String> = Vec::new();
    for part in text.split("\r\n\r\n") {
        let (head, rest) = part.split_once("\r\n").unwrap_or((part, ""));
        let named = rest.split("\r\n").filter_map(|line| line.split_once(':'));
        let named = named.filter(|(name, _)| !is_ours_alone(name));
        let mut told: Vec<String> = named.map(|(name, value)| format!("{name}: {}", form(name, value))).collect();
        if UNORDERED.iter().any(|name| head.ends_with(name)) {
            told.sort();
        }
        lines.push(head.trim().to_owned());
        lines.extend(told);
    }
    lines
}

/// What a value of INFO is.
fn number(server: &Server, section: &str, name: &str) -> f64 {
    let fields = server.info(section);
    let value = fields.get(name).unwrap_or_else(|| panic!("{name} in {fields:?}"));
    value.parse().unwrap_or_else(|_| panic!("{name} is {value:?}"))
}

fn both() -> Option<[Server; 2]> {
    let real = Options::real(Release::Redis7)?.start();
    Some([Options::ours().start(), real])
}

#[test]
fn info_has_the_fields_of_redis_in_their_order_and_form() {
    let Some(servers) = both() else { return };
    let told = servers.each_ref().map(|server| {
        let mut client = server.client();
        for line in [
            "config resetstat",
            "set a 1",
            "set b 2 ex 1000",
            "get a",
            "incr b",
            "lpush a 1",
            "nosuch",
            "get",
            "client id",
        ] {
            client.line(line);
        }
        fields(&mut client)
    });
    assert!(told[0].len() > 150, "{:?}", told[0]);
    assert_eq!(told[0], told[1]);
}

#[test]
fn info_of_masters_and_replicas_has_the_fields_of_redis() {
    let Some(masters) = both() else { return };
    let Some(replicas) = both() else { return };
    for (replica, master) in replicas.iter().zip(&masters) {
        master.line("config set min-replicas-to-write 1");
        master.line("set key value");
        replica.follow(master.port());
        replica.wait_until_equal_to(master);
    }
    let names = |servers: &[Server; 2]| {
        servers.each_ref().map(|server| {
            let text = server.line("info replication").text();
            text.lines()
                .filter(|line| !line.split(':').next().is_some_and(is_ours_alone))
                .map(|line| {
                    line.split_once(':')
                        .map_or_else(String::new, |(name, value)| format!("{name}: {}", form(name, value)))
                })
                .collect::<Vec<_>>()
        })
    };
    let [ours, real] = names(&masters);
    assert_eq!(ours, real, "masters");
    let [ours, real] = names(&replicas);
    assert_eq!(ours, real, "replicas");
    for (servers, class) in [(&masters, "replica"), (&replicas, "master")] {
        let [ours, real] = servers.each_ref().map(|server| {
            let fields = described(&server.line(&format!("client list type {class}")).text());
            let is_told = |(name, _): &(String, String)| {
                ["flags", "db", "multi", "events", "cmd", "user", "redir", "resp"].contains(&name.as_str())
            };
            fields.into_iter().filter(is_told).collect::<Vec<_>>()
        });
        assert_eq!(ours, real, "{class}");
    }
    for replica in &replicas {
        replica.follow(1);
        wait_until("the link to be down", || !replica.is_linked());
    }
    let [ours, real] = names(&replicas);
    assert_eq!(ours, real, "replicas without their master");
}

#[test]
fn memory_stats_has_the_fields_of_redis_in_their_order() {
    fn names(reply: Reply) -> Vec<String> {
        let elements = reply.elements();
        let pairs = elements.chunks(2).flat_map(|pair| {
            let name = pair[0].text();
            match &pair[1] {
                Reply::Array(_) => [vec![name], names(pair[1].clone())].concat(),
                _ => vec![name],
            }
        });
        pairs.collect()
    }
    let Some(servers) = both() else { return };
    for protocol in ["2", "3"] {
        let told = servers.each_ref().map(|server| {
            let mut client = server.client();
            client.line(&format!("hello {protocol}"));
            client.line("set a 1 ex 1000");
            client.line("select 3");
            client.line("set a 1");
            names(client.line("memory stats"))
        });
        assert_eq!(told[0], told[1]);
    }
}

/// Fields whose values do not depend on who serves. How long a connection has been there does depend on who else has
/// the processor.
const EQUAL: &[&str] = &[
    "name", "flags", "db", "sub", "psub", "ssub", "multi", "obl", "oll", "omem", "events", "cmd", "user", "redir",
    "resp",
];

fn described(line: &str) -> Vec<(String, String)> {
    let fields = line.trim_end().split(' ').map(|field| field.split_once('=').expect(field));
    let fields = fields.filter(|(name, _)| !is_ours_alone(name));
    fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn connections_are_described_as_redis_describes_them() {
    let Some(servers) = both() else { return };
    let told = servers.each_ref().map(|server| {
        let mut control = server.client();
        let mut lines = Vec::new();
        for (steps, waits) in [
            (&["client setname me", "select 3", "get a"][..], false),
            (&["multi", "set a 1", "get b"], false),
            (&["subscribe a b"], false),
            (&["psubscribe a*"], false),
            (&["ssubscribe s"], false),
            (&["monitor"], false),
            (&["hello 3", "client tracking on bcast"], false),
            (&["client no-evict on"], false),
            (&["watch a", "get a"], false),
            (&["blpop nosuch 0"], true),
        ] {
            let mut client = server.client();
            let id = client.line("client id").integer();
            for step in steps {
                client.send(&encode(&step.split(' ').collect::<Vec<_>>()));
                if !waits {
                    client.read();
                }
            }
            let line = format!("client list id {id}");
            if waits {
                wait_until("the client to wait", || control.line(&line).text().contains(" flags=b "));
            }
            lines.push(described(&control.line(&line).text()));
        }
        lines.push(described(&control.line("client info").text()));
        lines
    });
    let [ours, real] = told;
    for (ours, real) in ours.iter().zip(&real) {
        let names = |fields: &[(String, String)]| fields.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        assert_eq!(names(ours), names(real));
        for (ours, real) in ours.iter().zip(real).filter(|((name, _), _)| EQUAL.contains(&name.as_str())) {
            assert_eq!(ours, real);
        }
    }
}

#[test]
fn the_descriptor_of_a_connection_is_that_of_its_process() {
    let server = Options::ours().start();
    let mut client = server.client();
    let process = number(&server, "server", "process_id");
    let line = described(&client.line("client info").text());
    let descriptor = &line.iter().find(|(name, _)| name == "fd").expect("it is told").1;
    let path = PathBuf::from(format!("/proc/{process}/fd/{descriptor}"));
    let target = path.read_link().expect("it is open");
    assert!(target.to_string_lossy().starts_with("socket:"), "{target:?}");
}

#[test]
fn the_memory_of_a_process_has_huge_pages_only_if_it_may() {
    for (directive, enabled) in [("yes", "0"), ("no", "1")] {
        let server = Options::ours().with("disable-thp", directive).start();
        let status = std::fs::read_to_string(format!("/proc/{}/status", number(&server, "server", "process_id")))
            .expect("it runs");
        let found = status.lines().find_map(|line| line.strip_prefix("THP_enabled:")).expect("the kernel tells");
        assert_eq!(found.trim(), enabled, "disable-thp {directive}");
    }
}

#[test]
fn processor_time_and_rates_follow_what_is_done() {
    let server = Options::ours().start();
    let mut client = server.client();
    let used = || number(&server, "cpu", "used_cpu_user") + number(&server, "cpu", "used_cpu_sys");
    let before = used();
    let gets = encode(&["set", "key", "value"]).repeat(1000);
    wait_until("rates to be told", || {
        client.send(&gets);
        assert!((0..1000).all(|_| client.read().is_ok()));
        number(&server, "stats", "instantaneous_ops_per_sec") > 1000.0
    });
    assert!(number(&server, "stats", "instantaneous_input_kbps") > 10.0);
    assert!(number(&server, "stats", "instantaneous_output_kbps") > 1.0);
    wait_until("processor time to be counted", || {
        client.send(&gets);
        assert!((0..1000).all(|_| client.read().is_ok()));
        used() > before + 0.02
    });
    let of_thread =
        number(&server, "cpu", "used_cpu_user_main_thread") + number(&server, "cpu", "used_cpu_sys_main_thread");
    assert!(of_thread > 0.0 && of_thread <= used());
    assert!(number(&server, "memory", "total_system_memory") > 1e8);
}

#[test]
fn a_peak_within_one_pipeline_is_seen() {
    let server = Options::ours().start();
    let mut client = server.client();
    let large = vec![b'x'; 50 << 20];
    let request = [encode(&[b"set".as_slice(), b"large", &large]), encode(&["del", "large"])].concat();
    client.send(&request);
    assert!(client.read().is_ok());
    assert_eq!(client.read().integer(), 1);
    assert!(number(&server, "memory", "used_memory_peak") > f64::from(50 << 20));
    wait_until("it to be gone", || number(&server, "memory", "used_memory") < f64::from(5 << 20));
}

#[test]
fn memory_purge_gives_memory_back_to_the_system() {
    let server = Options::ours().start();
    let before = server.resident_bytes();
    assert!(server.line("debug populate 100000 key 1000").is_ok());
    let full = server.resident_bytes();
    assert!(full > before + (100 << 20), "{before} {full}");
    assert!(server.line("flushall sync").is_ok());
    wait_until("everything to be freed", || number(&server, "memory", "lazyfree_pending_objects") == 0.0);
    assert!(server.line("memory purge").is_ok());
    let after = server.resident_bytes();
    assert!(after < before + (20 << 20), "{before} {full} {after}");
    assert!(number(&server, "memory", "lazyfreed_objects") >= 100_000.0);
    assert!(server.line("memory malloc-stats").text().contains("commit"));
}

#[test]
fn functions_are_told_as_far_as_they_are_known() {
    let Some(servers) = both() else { return };
    let code = "#!lua name=mylib\nredis.register_function('f', function() return 1 end)";
    let told = servers.each_ref().map(|server| {
        let mut client = server.client();
        assert_eq!(client.call(&["function", "load", code]).text(), "mylib");
        let mut replies = vec![number(server, "memory", "number_of_libraries").to_string()];
        for line in [
            "list",
            "list withcode",
            "list libraryname MY*",
            "list libraryname none",
            "list withcode libraryname m?lib",
        ] {
            // What the code registers only an interpreter knows.
            let libraries = client.line(&format!("function {line}")).elements().into_iter().map(|library| {
                let known = library.elements().into_iter().map(|part| match part {
                    Reply::Array(_) => Reply::Nil,
                    part => part,
                });
                Reply::Array(known.collect())
            });
            replies.push(format!("{:?}", libraries.collect::<Vec<_>>()));
        }
        for line in
            ["list withcode withcode", "list libraryname", "list libraryname a libraryname b", "stats x", "list x"]
        {
            replies.push(format!("{:?}", client.line(&format!("function {line}"))));
        }
        let stats = client.line("function stats").elements();
        replies.push(format!("{:?} {:?}", stats[..3].to_vec(), stats[3].clone().elements()[0]));
        replies
    });
    assert_eq!(told[0], told[1]);
}
