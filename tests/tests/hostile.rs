//! Does our server live on, with its data and within bounds, whatever a peer sends?

use std::io::Write;
use std::thread;

use afterimage_tests::fake::{FakeMaster, FakeReplica};
use afterimage_tests::{Client, Draw, Options, Reply, Server, encode, wait_until};

const MIB: u64 = 1024 * 1024;

/// A server with one key, and the memory it had then.
struct Target {
    server: Server,
    resident_before: u64,
}

impl Target {
    fn start(options: Options) -> Target {
        let server = options.start();
        assert!(server.line("set witness alive").is_ok());
        let resident_before = server.resident_bytes();
        Target { server, resident_before }
    }

    /// It answers, has its data, and has grown by no more than `growth_max` bytes.
    #[track_caller]
    fn assert_unharmed(&self, growth_max: u64) {
        let mut client = self.server.client();
        assert_eq!(client.line("ping"), Reply::Simple("PONG".into()));
        assert_eq!(client.line("get witness").text(), "alive");
        let growth = self.server.resident_bytes().saturating_sub(self.resident_before);
        assert!(growth <= growth_max, "it has grown by {} MiB", growth / MIB);
    }
}

/// Sends `bytes` and hangs up without reading.
fn throw(server: &Server, bytes: &[u8]) {
    // The server may close the connection before it has been sent everything.
    let _ = server.client().try_send(bytes);
}

#[test]
fn random_bytes_do_no_harm() {
    let target = Target::start(Options::ours());
    let mut draw = Draw::new(1);
    for _ in 0..300 {
        let count = usize::try_from(draw.below(4_000)).expect("small");
        let prefix = *draw.pick(&["", "*", "$", "*2\r\n$3\r\nget\r\n$", "PSYNC ? -1\r\n", "*3\r\n", "\r\n"]);
        let bytes = [prefix.as_bytes().to_vec(), draw.bytes(count)].concat();
        throw(&target.server, &bytes);
    }
    target.assert_unharmed(32 * MIB);
}

#[test]
fn half_requests_of_many_clients_do_no_harm() {
    let target = Target::start(Options::ours());
    let request = encode(&["set", "key", &"x".repeat(1_000)]);
    let mut draw = Draw::new(2);
    let mut clients = Vec::new();
    for _ in 0..500 {
        let mut client = target.server.client();
        let length = usize::try_from(draw.below(request.len() as u64)).expect("small");
        client.send(&request[..length]);
        clients.push(client);
    }
    target.assert_unharmed(32 * MIB);
    drop(clients);
    target.assert_unharmed(32 * MIB);
}

#[test]
fn announced_lengths_do_not_size_memory() {
    let target = Target::start(Options::ours());
    let lengths = ["9223372036854775808", "9223372036854775807", "18446744073709551616", "-9223372036854775808"];
    for length in lengths.into_iter().chain(["4294967296", "536870912", "1000000000", "-2", "", "1x", " 1"]) {
        throw(&target.server, format!("*{length}\r\n").as_bytes());
        throw(&target.server, format!("*2\r\n${length}\r\nabc").as_bytes());
        let mut client = target.server.client();
        client.send(format!("*3\r\n$3\r\nset\r\n$1\r\nk\r\n${length}\r\nabc").as_bytes());
    }
    let mut waiting = Vec::new();
    for _ in 0..100 {
        let mut client = target.server.client();
        client.send(b"*1000000\r\n$536870912\r\nabc");
        waiting.push(client);
    }
    target.assert_unharmed(32 * MIB);
}

#[test]
fn lengths_beyond_the_limits_are_refused_in_words() {
    let server = Options::ours().start();
    for (request, words) in [
        ("*1000000000000\r\n", "invalid multibulk length"),
        ("*1\r\n$9223372036854775808\r\n", "invalid bulk length"),
        ("*1\r\n$-1\r\n", "invalid bulk length"),
        ("*1\r\n:1\r\n", "expected '$', got ':'"),
    ] {
        let mut client = server.client();
        client.send(request.as_bytes());
        let reply = client.read();
        assert!(matches!(&reply, Reply::Error(text) if text.contains(words)), "{request:?}: {reply:?}");
        assert!(client.is_closed_by_server(), "{request:?}");
    }
}

#[test]
fn an_endless_line_is_cut_off() {
    let target = Target::start(Options::ours());
    let mut client = target.server.client();
    while client.try_send(&[b'x'; 16 * 1024]).is_ok() {}
    target.assert_unharmed(32 * MIB);
}

#[test]
fn ten_thousand_connections_leave_nothing_behind() {
    let target = Target::start(Options::ours());
    let port = target.server.port();
    for number in 0..10_000 {
        let mut client = Client::try_connect(port).expect("the server accepts connections");
        match number % 4 {
            0 => client.send(b"*1\r\n"),
            1 => assert_eq!(client.line("ping"), Reply::Simple("PONG".into())),
            _ => {}
        }
    }
    wait_until("the connections to go", || target.server.count("clients", "connected_clients") == 1);
    target.assert_unharmed(32 * MIB);
}

#[test]
fn clients_that_do_not_read_do_not_fill_the_memory() {
    let directive = ("client-output-buffer-limit", "normal 4mb 4mb 1");
    let target = Target::start(Options::ours().with(directive.0, directive.1));
    let value = "x".repeat(1_000_000);
    assert!(target.server.client().call(&["set", "large", &value]).is_ok());
    let mut clients: Vec<Client> = (0..20).map(|_| target.server.client()).collect();
    for client in &mut clients {
        // The server closes the connection while requests are on their way.
        let _ = client.try_send(&encode(&["get", "large"]).repeat(200));
    }
    target.assert_unharmed(128 * MIB);
}

/// The master writes much more than the limits allow to a replica that does not read: it is dropped.
#[test]
fn a_replica_that_never_reads_is_dropped() {
    let options = Options::ours().with("client-output-buffer-limit", "replica 16mb 16mb 10");
    let target = Target::start(options.with("repl-backlog-size", "1mb"));
    let deaf = FakeReplica::attach(target.server.port());
    let value = "x".repeat(100_000);
    let mut client = target.server.client();
    for _ in 0..2_000 {
        assert!(client.call(&["set", "key", &value]).is_ok());
    }
    wait_until("it to be dropped", || target.server.count("replication", "connected_slaves") == 0);
    target.assert_unharmed(64 * MIB);
    drop(deaf);
}

#[test]
fn a_replica_that_talks_nonsense_does_no_harm() {
    let target = Target::start(Options::ours());
    let mut draw = Draw::new(6);
    for round in 0..30 {
        let mut replica = FakeReplica::attach(target.server.port());
        let nonsense = match round % 5 {
            0 => draw.bytes(500),
            1 => encode(&["replconf", "ack", "9223372036854775807"]),
            2 => encode(&["replconf", "ack", "-1", "fack", "99999999999999999999"]),
            3 => encode(&["psync", &replica.history.clone(), "9223372036854775807"]),
            _ => encode(&["set", "witness", "dead"]),
        };
        let _ = replica.client().try_send(&nonsense);
        assert!(target.server.line("set key value").is_ok());
    }
    let ids = ["?", "x", "0000000000000000000000000000000000000000"];
    for (id, offset) in ids.iter().flat_map(|id| ["-1", "-2", "0", "1", "9223372036854775807"].map(|at| (*id, at))) {
        throw(&target.server, &encode(&["psync", id, offset]));
    }
    for offset in ["x", "", "9223372036854775808"] {
        let reply = target.server.client().call(&["psync", "?", offset]);
        assert!(matches!(reply, Reply::Error(_)), "{offset:?}: {reply:?}");
    }
    let mut client = target.server.client();
    assert_eq!(client.line("wait 1 1").integer(), 0);
    wait_until("them to be gone", || target.server.count("replication", "connected_slaves") == 0);
    target.assert_unharmed(64 * MIB);
}

const HISTORY: &str = "0123456789abcdef0123456789abcdef01234567";

/// What a master may send instead of a snapshot and its stream.
fn bad_synchronisations(rdb: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let full = format!("+FULLRESYNC {HISTORY} 100\r\n").into_bytes();
    let framed = |length: &str, body: &[u8]| [&full, format!("${length}\r\n").as_bytes(), body].concat();
    let mut flipped = rdb.to_vec();
    flipped[rdb.len() / 2] ^= 0x10;
    let length = rdb.len().to_string();
    let noise = Draw::new(7).bytes(2_000);
    vec![
        ("it hangs up", Vec::new()),
        ("half an answer", b"+FULLRES".to_vec()),
        ("an answer without an offset", b"+FULLRESYNC x\r\n".to_vec()),
        ("an offset beyond numbers", format!("+FULLRESYNC {HISTORY} 99999999999999999999\r\n").into_bytes()),
        ("a negative offset", [format!("+FULLRESYNC {HISTORY} -5\r\n").as_bytes(), b"$0\r\n"].concat()),
        ("an id of the wrong length", b"+FULLRESYNC abc 1\r\n$5\r\nREDIS".to_vec()),
        ("half a snapshot", framed(&length, &rdb[..rdb.len() / 2])),
        ("a snapshot with a flipped bit", framed(&length, &flipped)),
        ("a length that is too short", framed(&(rdb.len() / 2).to_string(), rdb)),
        ("a length of 2^63", framed("9223372036854775808", rdb)),
        ("a length of 2^63-1", framed("9223372036854775807", rdb)),
        ("a negative length", framed("-5", rdb)),
        ("no snapshot at all", framed("0", b"")),
        ("noise with a length", framed("2000", &noise)),
        ("noise without one", [&full, noise.as_slice()].concat()),
        ("a mark that never comes again", framed(&format!("EOF:{}", "m".repeat(40)), &rdb[..rdb.len() / 2])),
        ("a short mark", framed("EOF:mm", rdb)),
        ("an error", b"-NOMASTERLINK Can't SYNC while not connected with my master\r\n".to_vec()),
        ("an endless line", vec![b'+'; 200_000]),
        ("noise instead of an answer", noise.clone()),
    ]
}

/// A snapshot as our own master sends it, of data that must not replace the witness.
fn snapshot() -> Vec<u8> {
    let source = Options::ours().start();
    assert!(source.line("set witness dead").is_ok());
    FakeReplica::attach(source.port()).rdb
}

#[test]
fn a_master_that_lies_costs_a_replica_none_of_its_data() {
    let rdb = snapshot();
    for load in ["disabled", "swapdb"] {
        let target = Target::start(Options::ours().with("repl-diskless-load", load));
        for (what, bytes) in bad_synchronisations(&rdb) {
            // A new master each time: to one that failed, a node goes back after pauses that grow.
            let master = FakeMaster::listen();
            target.server.follow(master.port());
            let mut replica = master.accept();
            // The replica may hang up as soon as it has seen enough.
            let _ = replica.try_send(&bytes);
            drop(replica);
            eprintln!("{load}: {what}");
            assert_eq!(target.server.line("get witness").text(), "alive", "{load}: {what}");
        }
        assert!(target.server.line("replicaof no one").is_ok());
        target.assert_unharmed(64 * MIB);
    }
}

#[test]
fn a_master_whose_stream_is_noise_is_left() {
    let rdb = snapshot();
    let server = Options::ours().start();
    let mut draw = Draw::new(8);
    let noise = draw.bytes(1_000);
    let streams: Vec<&[u8]> = vec![
        &noise,
        b"*3\r\n$3\r\nset\r\n$9223372036854775807\r\n",
        b"*1000000000\r\n$3\r\nset\r\n",
        b"*2\r\n$3\r\nset\r\n$3\r\nkey\r\n",
        b"*1\r\n$7\r\nnonsens\r\n",
        b"*1\r\n$4\r\nexec\r\n*1\r\n$5\r\nmulti\r\n",
        b"*2\r\n$6\r\nselect\r\n$7\r\n9999999\r\n",
        b"-ERR\r\n:1\r\n+OK\r\n",
    ];
    for stream in streams {
        let master = FakeMaster::listen();
        server.follow(master.port());
        let mut replica = master.accept();
        replica.send(format!("+FULLRESYNC {HISTORY} 100\r\n${}\r\n", rdb.len()).as_bytes());
        replica.send(&rdb);
        let _ = replica.try_send(stream);
        assert_eq!(server.line("ping"), Reply::Simple("PONG".into()), "{stream:?}");
        drop(replica);
    }
    assert!(server.line("replicaof no one").is_ok());
    assert_eq!(server.line("ping"), Reply::Simple("PONG".into()));
}

/// A master that takes connections and never says a word does not keep the node from anything else.
#[test]
fn a_silent_master_does_not_hold_up_clients() {
    let target = Target::start(Options::ours());
    let master = FakeMaster::listen();
    target.server.follow(master.port());
    let mut stream = master.accept_stream();
    target.assert_unharmed(32 * MIB);
    stream.write_all(b"+").expect("the replica listens");
    target.assert_unharmed(32 * MIB);
    assert!(target.server.line("replicaof no one").is_ok());
    assert!(target.server.line("set witness alive").is_ok());
}

#[test]
fn hostile_clients_in_parallel_do_no_harm() {
    let target = Target::start(Options::ours());
    thread::scope(|scope| {
        for seed in 0..4 {
            let server = &target.server;
            scope.spawn(move || {
                let mut draw = Draw::new(100 + seed);
                for _ in 0..100 {
                    let mut request = encode(&["set", "key", "some value of some length"]).repeat(20);
                    let at = usize::try_from(draw.below(request.len() as u64)).expect("small");
                    request[at] = draw.bytes(1)[0];
                    throw(server, &request);
                }
            });
        }
    });
    target.assert_unharmed(32 * MIB);
}
