//! Do the commands as which a snapshot can be written make the same data everywhere as our RDB of them?

use std::fs;
use std::path::Path;
use std::process::Command;

use afterimage_core::Config;
use afterimage_core::codec::siphash::HashKey;
use afterimage_core::keyspace::{Keyspace, SnapshotForm};
use afterimage_core::persistence::{LoadRules, Loader};
use afterimage_core::port::Wall;
use afterimage_core::rdb::Dialect;
use afterimage_core::resp::{Parsed, RequestLimits, RequestParser};
use afterimage_core::value::Limits;
use afterimage_core::value::rdb::BuildRules;
use afterimage_tests::{Options, Release, Reply, Server, Workload, find_tool};

use super::contents::{
    assert_same, awkward_scores, client, digest_without_awkward, groups, libraries, stream_counters,
};
use super::shapes::{AWKWARD, fill, shapes_of};

/// The data of an RDB file as commands, taken in slices.
fn as_commands(rdb: &[u8]) -> Vec<u8> {
    let order = HashKey::new(3, 4);
    let limits = Limits::of(&Config::default());
    let rules = LoadRules {
        build: BuildRules { limits, order, dialect: Dialect::Redis },
        drop_expired_before_ms: None,
        verify_checksum: true,
        wall: Wall(1),
        counts_frequency: false,
    };
    let mut loader = Loader::new(Keyspace::new(16, order), rules);
    loader.feed(rdb).expect("the file is sound");
    let mut keyspace = loader.finish().expect("the file is whole").keyspace;
    let id = keyspace.begin_snapshot(Vec::new(), SnapshotForm::Commands);
    let mut commands = Vec::new();
    loop {
        keyspace.advance_snapshot(id, 10, 1 << 20);
        let (bytes, is_last) = keyspace.take_snapshot_output(id);
        commands.extend(bytes);
        if is_last {
            return commands;
        }
    }
}

/// The same, one by one.
fn split(mut bytes: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let limits = RequestLimits { bulk_bytes_max: 512 << 20, args_max: u64::MAX };
    let mut commands = Vec::new();
    while !bytes.is_empty() {
        let mut parser = RequestParser::default();
        let Parsed::Complete(length) = parser.advance(bytes, &limits) else { panic!("a command is not whole") };
        commands.push(parser.args(bytes).iter().map(<[u8]>::to_vec).collect());
        bytes = &bytes[length..];
    }
    commands
}

/// Carries commands out on a connection; none may fail.
#[track_caller]
fn carry_out(server: &Server, bytes: &[u8]) {
    let (commands, mut client) = (split(bytes), server.client());
    for commands in commands.chunks(500) {
        for (command, reply) in commands.iter().zip(client.pipeline(commands)) {
            assert!(!matches!(reply, Reply::Error(_)), "{}: {reply:?}", command.concat().escape_ascii());
        }
    }
}

/// Every shape, and what a few thousand commands leave: expiries, several databases, all types.
fn filled() -> Server {
    let ours = Options::ours().start();
    ours.client().pipeline(&Workload::lasting(7).take(3_000));
    fill(&ours, None);
    assert!(ours.info("keyspace").len() > 2, "several databases have keys");
    assert!(ours.line("save").is_ok());
    ours
}

fn rdb_of(server: &Server) -> Vec<u8> {
    fs::read(server.options().rdb()).expect("it was saved")
}

/// Leaves commands as the base of an append-only file.
fn write_base(dir: &Path, commands: &[u8]) {
    let dir = dir.join("appendonlydir");
    fs::create_dir(&dir).expect("a directory can be made");
    let base = dir.join("appendonly.aof.1.base.aof");
    fs::write(base, commands).expect("a file can be written");
    let manifest = dir.join("appendonly.aof.manifest");
    fs::write(&manifest, "file appendonly.aof.1.base.aof seq 1 type b\n").expect("a file can be written");
    let Some(program) = find_tool("redis-check-aof") else { return };
    let output = Command::new(program).arg(manifest).output().expect("redis-check-aof can be run");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("All AOF files and manifest are valid"), "{text}");
}

/// All but encodings and what a digest tells.
#[track_caller]
fn assert_same_beside_digests(left: &Server, right: &Server) {
    let all = || shapes_of(None).chain(AWKWARD);
    assert_same("scores", &awkward_scores(left), &awkward_scores(right));
    assert_same("groups", &groups(left, all()), &groups(right, all()));
    assert_same("libraries", &libraries(left), &libraries(right));
}

#[test]
fn a_redis_7_0_that_is_sent_our_commands_equals_one_that_loads_our_rdb() {
    let Some(real) = Options::real(Release::Redis7) else { return };
    let ours = filled();
    let sent = real.clone().start();
    carry_out(&sent, &as_commands(&rdb_of(&ours)));
    let loaded = Options::real(Release::Redis7).expect("it is there").in_dir_of(ours.options()).start();
    assert_eq!(sent.digest(), loaded.digest());
    assert_same_beside_digests(&sent, &loaded);
    assert_same("streams", &stream_counters(&sent, shapes_of(None)), &stream_counters(&loaded, shapes_of(None)));
}

#[test]
fn ours_that_is_sent_our_commands_equals_the_one_that_wrote_them() {
    let ours = filled();
    let sent = Options::ours().start();
    carry_out(&sent, &as_commands(&rdb_of(&ours)));
    assert_eq!(sent.digest(), ours.digest());
    assert_same_beside_digests(&sent, &ours);
    assert_same("streams", &stream_counters(&sent, shapes_of(None)), &stream_counters(&ours, shapes_of(None)));
}

#[test]
fn our_commands_are_an_append_only_file_to_every_server_that_keeps_several() {
    let ours = filled();
    let commands = as_commands(&rdb_of(&ours));
    for release in [Release::Redis7, Release::Redis8, Release::Valkey8, Release::Valkey9] {
        let Some(real) = Options::real(release) else { continue };
        let real = real.with("appendonly", "yes");
        write_base(real.dir(), &commands);
        let loaded = real.start();
        assert_same_beside_digests(&loaded, &ours);
        // The awkward keys are removed for it, from ours as well.
        let again = Options::ours().in_dir_of(ours.options()).start();
        assert_eq!(digest_without_awkward(&loaded), digest_without_awkward(&again), "{release:?}");
    }
}

#[test]
fn times_of_fields_come_to_redis_8_and_to_ours_by_our_commands() {
    let ours = Options::ours().start();
    let mut filling = client(&ours);
    for number in 0..200 {
        let (field, at_ms) = (format!("f{number}"), format!("{}", 4_102_444_800_000_u64 + number));
        for key in ["small", "large"] {
            if key == "large" || number < 9 {
                filling.call(&["hset", key, &field, "v"]);
            }
            if number % 3 == 0 {
                filling.call(&["hpexpireat", key, &at_ms, "fields", "1", &field]);
            }
        }
    }
    assert!(ours.line("save").is_ok());
    let commands = as_commands(&rdb_of(&ours));
    let sent = Options::ours().start();
    carry_out(&sent, &commands);
    let mut servers = vec![ours, sent];
    if let Some(real) = Options::real(Release::Redis8) {
        let real = real.with("appendonly", "yes");
        write_base(real.dir(), &commands);
        servers.push(real.start());
    }
    let times = servers.iter().map(|server| {
        let mut client = client(server);
        let fields: Vec<String> = (0..200).map(|number| format!("f{number}")).collect();
        let of = |key| ["hpexpiretime", key, "fields", "200"].into_iter().chain(fields.iter().map(String::as_str));
        ["small", "large"].map(|key| client.call(&of(key).collect::<Vec<_>>()))
    });
    let times: Vec<_> = times.collect();
    assert!(times.windows(2).all(|pair| pair[0] == pair[1]), "{times:?}");
    assert!(servers.windows(2).all(|pair| pair[0].digest() == pair[1].digest()));
}
