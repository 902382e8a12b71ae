//! Is the configuration of our server that of Redis 7.0: names, defaults, what can be set and what is answered, the file that is written back?

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::Path;

use afterimage_tests::{Client, Options, Release, Reply, Server, free_port};

/// Both servers, with all directives open.
fn start_both() -> Option<(Server, Server)> {
    let open = |options: Options| options.with("enable-protected-configs", "yes").start();
    let real = Options::real(Release::Redis7)?;
    Some((open(Options::ours()), open(real)))
}

/// What CONFIG GET told.
fn told(reply: Reply) -> BTreeMap<String, String> {
    let words = reply.elements();
    words.chunks_exact(2).map(|pair| (pair[0].text(), pair[1].text())).collect()
}

fn all_directives(server: &Server) -> BTreeMap<String, String> {
    told(server.line("config get *"))
}

/// Directives that Redis 7.0 does not have, and what Valkey has for them by default.
const OF_VALKEY: &[(&str, &str)] = &[("dual-channel-replication-enabled", "no")];

/// Directives that nobody else has.
fn is_of_guard(name: &str) -> bool {
    name.starts_with("replica-wipe-guard") || name == "master-protected-restart"
}

#[test]
fn names_and_defaults_are_those_of_redis() {
    /// What each server has for itself, or was given by this test.
    const OWN: &[&str] = &["port", "dir"];
    let Some((ours, real)) = start_both() else { return };
    let (mut here, mut there) = (all_directives(&ours), all_directives(&real));
    for name in OWN {
        assert!(here.remove(*name).is_some() && there.remove(*name).is_some(), "{name}");
    }
    for (name, default) in OF_VALKEY {
        assert_eq!(here.remove(*name).as_deref(), Some(*default), "{name}");
    }
    here.retain(|name, _| !is_of_guard(name));
    assert_eq!(here, there);
}

/// What CONFIG SET, GET and ACL answer, a request at a time; `{}` is a directory that is there.
const REQUESTS: &[&str] = &[
    "config set slave-priority 3 replica-priority 4",
    "config get *-priority",
    "config set replica-priority 5 slave-priority 6",
    "config get *-priority",
    "config set hz 20 HZ 30",
    "config set hz 20 nosuch 1",
    "config set hz 20 timeout x",
    "config get hz timeout",
    "config set unixsocket /tmp/x",
    "config set io-threads 4",
    "config set cluster-port 70000",
    "config set cluster-config-file x",
    "config set cluster-enabled yes",
    "config set aclfile x",
    "config set cluster-node-timeout 5",
    "config set cluster-node-timeout x",
    "config set cluster-link-sendbuf-limit -1",
    "config set cluster-link-sendbuf-limit 1kb",
    "config set cluster-preferred-endpoint-type foo",
    "config set cluster-preferred-endpoint-type unknown-endpoint",
    "config set cluster-announce-hostname a_b",
    "config set cluster-announce-hostname a-b.c",
    "config set cluster-announce-port 70000",
    "config set cluster-slave-no-failover yes",
    "config set tls-cert-file /x",
    "config set tls-session-caching no",
    "config set tls-auth-clients foo",
    "config set tls-auth-clients optional",
    "config set tls-port 70000",
    "config set tls-key-file-pass x",
    "config get cluster-*failover",
    "config get cluster-link-sendbuf-limit",
    "config get tls-key-file-pass",
    "config set dir /nonexistent",
    "config set dir {}/redis.conf",
    "config set dir {}/nonexistent hz 33",
    "config set dir {}",
    "config get hz",
    "config set lua-time-limit 7",
    "config get busy-reply-threshold",
    "config rewrite",
    "acl list",
    "acl users",
    "acl whoami",
    "acl getuser default",
    "acl getuser nobody",
    "acl genpass 0",
    "acl genpass x",
    "acl genpass 1 2",
    "acl dryrun default get x",
    "acl dryrun default nosuch",
    "acl dryrun default get",
    "acl dryrun default config nosuch",
    "acl dryrun default config set",
    "acl dryrun nobody get x",
    "acl dryrun default",
    "acl load",
    "acl save",
    "acl deluser default",
    "acl deluser x",
    "acl setuser default on",
    "acl log x",
    "acl log 1 2",
    "acl log reset",
    "config set requirepass foo",
    "acl list",
    "acl getuser default",
    "hello 3",
    "acl getuser default",
    "acl getuser nobody",
    "config set requirepass bar",
    "auth foo",
    "auth bar",
    "reset",
    "acl whoami",
    "auth bar",
];

#[test]
fn requests_about_configuration_and_users_are_answered_as_by_redis() {
    let Some((ours, real)) = start_both() else { return };
    let mut sides = [&ours, &real].map(|server| {
        fs::write(server.options().config_file(), "").expect("a file can be written");
        (server.client(), server.options().dir().display().to_string())
    });
    for request in REQUESTS {
        let [here, there] = sides.each_mut().map(|(client, directory)| client.line(&request.replace("{}", directory)));
        // Redis tells directives in the order of a hash table.
        match request.split(' ').next() {
            // It tells the number of the client.
            Some("hello") => {}
            Some("config") if request.contains(" get ") => assert_eq!(told(here), told(there), "{request}"),
            _ => assert_eq!(here, there, "{request}"),
        }
    }
}

/// An entry of ACL LOG without what differs from client to client.
fn refused(client: &mut Client) -> Vec<BTreeMap<String, String>> {
    let entries = client.line("acl log").elements();
    let entry = |entry: Reply| {
        let words = entry.elements();
        let pairs = words.chunks_exact(2).map(|pair| (pair[0].text(), format!("{:?}", pair[1])));
        pairs.filter(|(name, _)| name != "age-seconds" && name != "client-info").collect()
    };
    entries.into_iter().map(entry).collect()
}

#[test]
fn refused_logins_stand_in_the_log_as_in_that_of_redis() {
    let Some((ours, real)) = start_both() else { return };
    let [here, there] = [&ours, &real].map(|server| {
        let mut client = server.client();
        assert!(client.line("config set requirepass foo acllog-max-len 3").is_ok());
        for line in ["auth a b", "auth a b", "auth c d", "multi", "auth e f", "exec", "hello 3 auth g h", "auth a b"] {
            client.line(line);
        }
        assert!(client.line("auth foo").is_ok());
        let log = refused(&mut client);
        assert!(client.line("config set acllog-max-len 1").is_ok());
        (log, refused(&mut client).len(), client.line("auth x y"), refused(&mut client))
    });
    assert_eq!(here, there);
    assert_eq!((here.0.len(), here.3.len()), (3, 1));
}

#[test]
fn a_port_is_changed_at_run_time_or_not_at_all() {
    let Some((ours, real)) = start_both() else { return };
    for server in [ours, real] {
        let mut client = server.client();
        let taken = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
        let taken_port = taken.local_addr().expect("a listener has an address").port();
        let refused = |name: &str, why: &str| {
            Reply::Error(format!("ERR CONFIG SET failed (possibly related to argument '{name}') - {why}"))
        };
        let refusal = client.line(&format!("config set hz 20 port {taken_port}"));
        assert_eq!(refusal, refused("port", "Unable to listen on this port. Check server logs."));
        assert_eq!(client.line("config get hz").elements()[1].text(), "10");
        assert!(Client::try_connect(server.port()).is_ok(), "it still listens where it did");
        let refusal = client.line("config set bind 192.0.2.1");
        assert_eq!(refusal, refused("bind", "Failed to bind to specified addresses."));
        let port = free_port();
        assert!(client.line(&format!("config set port {port}")).is_ok());
        assert!(Client::try_connect(server.port()).is_err(), "nobody listens there any more");
        for bind in ["*", "127.0.0.1", "*"] {
            assert!(client.line(&format!("config set bind {bind}")).is_ok(), "{bind}");
            let mut moved = Client::try_connect(port).expect("it listens there");
            assert!(moved.line("ping").text() == "PONG");
        }
    }
}

/// Directives that only make sense where a distribution or another version put them.
fn overruled(options: Options) -> Options {
    options.with("daemonize", "no").with("logfile", "").with("pidfile", "").with("supervised", "no")
}

#[test]
fn the_files_of_distributions_are_accepted() {
    let Some(real) = Options::real(Release::Redis7) else { return };
    let path = Path::new("/etc/redis/redis.conf");
    let Ok(text) = fs::read(path) else {
        eprintln!("not run: {} cannot be read", path.display());
        return;
    };
    let ours = overruled(Options::ours()).with_file(&text).start();
    let real = overruled(real).with_file(&text).start();
    let (mut here, mut there) = (all_directives(&ours), all_directives(&real));
    let of_valkey = OF_VALKEY.iter().map(|(name, _)| *name);
    for own in ["port", "dir", "enable-debug-command"].into_iter().chain(of_valkey) {
        here.remove(own);
        there.remove(own);
    }
    here.retain(|name, _| !is_of_guard(name));
    assert_eq!(here, there);
    for name in ["redis/redis.conf", "valkey/valkey.conf"] {
        let Some(peers) = std::env::var_os("AFTERIMAGE_PEERS") else { continue };
        for system in [".trixie", ".sid"] {
            let path = Path::new(&peers).join(system).join("root/etc").join(name);
            let Ok(text) = fs::read(&path) else { continue };
            let server = overruled(Options::ours()).with_file(&text).start();
            assert!(
                server.options().log().contains("'locale-collate' is accepted, without effect"),
                "{}",
                path.display()
            );
        }
    }
}

#[test]
fn a_rewritten_file_says_in_redis_what_redis_would_have_written() {
    const FILE: &str = "# head\nhz 11\nslave-priority 7\n\nsave 900 1\nsave 300 10\nclient-output-buffer-limit pubsub 1mb 2mb 3\n\
        rename-command FLUSHALL nuke\nuser default on nopass ~* &* +@all\nproc-title-template \"{title} x\"\n# tail\n";
    const SETS: &[&str] = &[
        "timeout 77 maxmemory 100mb",
        "hz 10",
        "slave-priority 9",
        "requirepass foo",
        "masterauth bar",
        "notify-keyspace-events KEA",
        "repl-backlog-size 12345678",
        "cluster-node-timeout 5",
        "tls-cert-file /x",
        "appendfsync always",
        "stream-node-max-bytes 4096",
        "latency-tracking-info-percentiles 50",
    ];
    let Some(real) = Options::real(Release::Redis7) else { return };
    let rewritten = |options: Options| {
        let server = options.with_file(FILE.as_bytes()).start();
        let mut client = server.client();
        for set in SETS {
            assert!(client.line(&format!("config set {set}")).is_ok(), "{set}");
            let _ = client.line("auth foo");
        }
        for (value, words) in [("save", "10 5"), ("client-output-buffer-limit", "replica 1kb 2kb 3")] {
            assert!(client.call(&["config", "set", value, words]).is_ok());
        }
        assert!(client.line("config rewrite").is_ok());
        let text = fs::read_to_string(server.options().config_file()).expect("the file is there");
        // The file names the directory, which is to stay.
        (text, server.options().clone())
    };
    let sides = [rewritten(Options::ours()), rewritten(real.clone())];
    let ours = &sides[0].0;
    assert!(ours.starts_with("# head\n") && ours.contains("\nreplica-priority 9\n"), "{ours}");
    const USER: &str =
        "\nuser default on #2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae ~* &* +@all\n";
    assert!(ours.contains("\nrequirepass \"foo\"\n") && ours.contains(USER), "{ours}");
    assert!(ours.contains("# tail\n") && ours.contains("rename-command FLUSHALL nuke\n"), "{ours}");
    let loaded = sides.each_ref().map(|(text, _)| {
        // The password was looked at above; without it the server can be asked whether it is up.
        let is_open = |line: &&str| !line.starts_with("user ") && !line.starts_with("requirepass ");
        let text: String = text.lines().filter(is_open).map(|line| format!("{line}\n")).collect();
        let server = Options::real(Release::Redis7).expect("it was there").with_file(text.as_bytes()).start();
        let mut told = all_directives(&server);
        told.retain(|name, _| !["port", "dir"].contains(&name.as_str()));
        told
    });
    assert_eq!(loaded[0], loaded[1], "{ours}");
}

#[test]
fn what_would_be_dangerous_to_ignore_is_refused_with_its_cause_and_cure() {
    for (directive, value, words) in [
        ("cluster-enabled", "yes", "cluster mode is not supported: set 'cluster-enabled no'"),
        ("tls-port", "6380", "TLS is not supported: set 'tls-port 0'"),
        ("loadmodule", "/x.so", "modules are not supported: remove the line"),
        ("aclfile", "/x", "there is no user but the default one"),
        ("rename-command", "nosuch x", "No such command in rename-command"),
        ("rename-command", "get set", "Target command name already exists"),
    ] {
        let exit = Options::ours().with(directive, value).run_to_exit();
        assert!(!exit.status.success() && exit.log.contains(words), "{directive}: {}", exit.log);
    }
    let server = Options::ours().with("io-threads", "4").start();
    let line = "'io-threads' is accepted, without effect here: one thread serves all";
    assert!(server.options().log().contains(line), "{}", server.options().log());
}

#[test]
fn renamed_commands_answer_to_their_new_names() {
    let Some(real) = Options::real(Release::Redis7) else { return };
    let sides = [Options::ours(), real].map(|options| {
        let server = options.with_file(b"rename-command FLUSHALL nuke\nrename-command CONFIG \"\"\n").start();
        ["flushall", "NUKE", "config get x", "nuke a b", "acl dryrun default nuke", "acl dryrun default flushall"]
            .map(|line| server.line(line))
    });
    assert_eq!(sides[0], sides[1]);
}

#[test]
fn a_unix_socket_is_listened_on() {
    let base = Options::ours();
    let path = base.dir().join("socket");
    let server = base.with("unixsocket", &path.display().to_string()).with("unixsocketperm", "700").start();
    let cli = |words: &[&str]| {
        let output = std::process::Command::new("redis-cli").arg("-s").arg(&path).args(words).output();
        output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let Ok(pong) = cli(&["ping"]) else {
        eprintln!("not run: there is no redis-cli");
        return;
    };
    assert_eq!(pong, "PONG\n");
    let line = cli(&["client", "info"]).expect("it ran before");
    let ends = format!(" addr={0}:0 laddr={0}:0 ", path.display());
    assert!(line.contains(&ends) && line.contains(" flags=U "), "{line}");
    assert!(server.terminate().success());
    assert!(!path.exists(), "the socket goes with the server");
}
