//! Do CONFIG GET and CONFIG SET answer as Redis does?

use super::*;

#[test]
fn config_get_of_every_changeable_row_can_be_set_again() {
    let config = unusual();
    let context = SetContext { caller_is_local: true, is_loading: false };
    let mut copy = Config { enable_protected_configs: ProtectedAction::Local, ..Config::default() };
    let shown: Vec<_> =
        directives().filter(|row| row.access != Access::Startup).map(|row| (row.name, row.value(&config))).collect();
    let pairs: Vec<(&[u8], &[u8])> = shown.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
    let changed = copy.set_many(&pairs, context).expect("every shown value is accepted");
    assert!(changed.len() + fixed::ROWS.len() >= pairs.len());
    assert!(shown.iter().all(|(name, text)| value(&copy, name) == *text));
    assert_eq!(copy.set_many(&pairs, context), Ok(Vec::new()));
}

#[test]
fn config_get_matches_names_and_aliases_and_hides_what_is_for_tests() {
    let config = Config::default();
    let names =
        |pattern: &str| -> Vec<&str> { config.get(pattern.as_bytes()).into_iter().map(|(name, _)| name).collect() };
    assert_eq!(names("*VE-pri*"), ["slave-priority"]);
    assert_eq!(names("re?lica*-port"), ["replica-announce-port"]);
    assert_eq!(names("WATCHDOG-period"), ["watchdog-period"]);
    assert!(names("watchdog*").is_empty() && names("[").is_empty() && names("").is_empty());
    let both = config.get_many(&[b"hz", b"h?", b"dynamic-hz"]);
    assert_eq!(both.len(), 2);
}

#[test]
fn config_set_answers_in_the_words_of_redis() {
    let failed =
        |name: &str, reason: &str| format!("ERR CONFIG SET failed (possibly related to argument '{name}') - {reason}");
    let unknown = "ERR Unknown option or number of arguments for CONFIG SET - 'foo'".to_string();
    let not_integer = "argument couldn't be parsed into an integer";
    let not_memory = "argument must be a memory value";
    let int_range = "argument must be between 0 and 2147483647 inclusive";
    let one_of = |words: &str| format!("argument(s) must be one of the following: {words}");
    let cases: Vec<(&[(&str, &str)], String)> = [
        (&[("hz", "10"), ("foo", "bar"), ("hz", "3")][..], unknown),
        (&[("replica-announce-port", "abc")], failed("replica-announce-port", not_integer)),
        (&[("HZ", "+3")], failed("hz", not_integer)),
        (&[("timeout", " 3")], failed("timeout", not_integer)),
        (&[("timeout", "03")], failed("timeout", not_integer)),
        (&[("timeout", "")], failed("timeout", not_integer)),
        (&[("timeout", "-1")], failed("timeout", int_range)),
        (&[("MIN-slaves-max-lag", "-1")], failed("min-slaves-max-lag", int_range)),
        (
            &[("replica-announce-port", "70000")],
            failed("replica-announce-port", "argument must be between 0 and 65535 inclusive"),
        ),
        (
            &[("maxclients", "0")],
            failed("maxclients", "argument must be between 1 and 4294967295 inclusive"),
        ),
        (
            &[("slowlog-log-slower-than", "-2")],
            failed(
                "slowlog-log-slower-than",
                "argument must be between -1 and 9223372036854775807 inclusive",
            ),
        ),
        (
            &[("repl-backlog-size", "99999999999999999999gb")],
            failed(
                "repl-backlog-size",
                "argument must be between 1 and 9223372036854775807 inclusive",
            ),
        ),
        (
            &[("proto-max-bulk-len", "1")],
            failed(
                "proto-max-bulk-len",
                "argument must be between 1048576 and 9223372036854775807 inclusive",
            ),
        ),
        (&[("maxmemory", "1kx")], failed("maxmemory", not_memory)),
        (&[("maxmemory", "1.5kb")], failed("maxmemory", not_memory)),
        (&[("maxmemory", "-1")], failed("maxmemory", not_memory)),
        (&[("maxmemory", "5%")], failed("maxmemory", not_memory)),
        (
            &[("maxmemory-clients", "-5%")],
            failed("maxmemory-clients", "argument must be a memory or percent value"),
        ),
        (
            &[("maxmemory-clients", "101%")],
            failed("maxmemory-clients", "percentage argument must be less or equal to 100"),
        ),
        (&[("dynamic-hz", "")], failed("dynamic-hz", "argument must be 'yes' or 'no'")),
        (
            &[("loglevel", "loud")],
            failed("loglevel", &one_of("debug, verbose, notice, warning")),
        ),
        (
            &[("appendfsync", "x")],
            failed("appendfsync", &one_of("everysec, always, no")),
        ),
        (
            &[("maxmemory-policy", "foo")],
            failed(
                "maxmemory-policy",
                &one_of(
                    "volatile-lru, volatile-lfu, volatile-random, volatile-ttl, allkeys-lru, allkeys-lfu, allkeys-random, noeviction",
                ),
            ),
        ),
        (
            &[("shutdown-on-sigterm", "foo")],
            failed("shutdown-on-sigterm", &one_of("default, save, nosave, now, force")),
        ),
        (
            &[("shutdown-on-sigterm", "save nosave")],
            failed(
                "shutdown-on-sigterm",
                "shutdown options SAVE and NOSAVE can't be used simultaneously",
            ),
        ),
        (&[("save", "10")], failed("save", "Invalid save parameters")),
        (&[("save", "0 1")], failed("save", "Invalid save parameters")),
        (
            &[("client-output-buffer-limit", "slave 1 2")],
            failed(
                "client-output-buffer-limit",
                "Wrong number of arguments in buffer limit configuration.",
            ),
        ),
        (
            &[("client-output-buffer-limit", "master 1 2 3")],
            failed(
                "client-output-buffer-limit",
                "Invalid client class specified in buffer limit configuration.",
            ),
        ),
        (
            &[("client-output-buffer-limit", "slave 1 2 -3")],
            failed(
                "client-output-buffer-limit",
                "Error in hard, soft or soft_seconds setting in buffer limit configuration.",
            ),
        ),
        (
            &[("notify-keyspace-events", "foo")],
            failed(
                "notify-keyspace-events",
                "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.",
            ),
        ),
        (
            &[("oom-score-adj-values", "1 2")],
            failed("oom-score-adj-values", "wrong number of arguments"),
        ),
        (&[("unixsocket", "/tmp/x")], failed("unixsocket", "can't set immutable config")),
        (&[("cluster-port", "70000")], failed("cluster-port", "can't set immutable config")),
        (&[("cluster-enabled", "yes")], failed("cluster-enabled", "can't set immutable config")),
        (
            &[("cluster-announce-hostname", "a_b")],
            failed(
                "cluster-announce-hostname",
                "Hostnames may only contain alphanumeric characters, hyphens or dots",
            ),
        ),
        (
            &[("cluster-preferred-endpoint-type", "foo")],
            failed("cluster-preferred-endpoint-type", &one_of("ip, hostname, unknown-endpoint")),
        ),
        (
            &[("cluster-node-timeout", "-1")],
            failed(
                "cluster-node-timeout",
                "argument must be between 0 and 9223372036854775807 inclusive",
            ),
        ),
        (&[("tls-auth-clients", "foo")], failed("tls-auth-clients", &one_of("no, yes, optional"))),
        (&[("databases", "3")], failed("databases", "can't set immutable config")),
        (&[("slaveof", "x")], failed("slaveof", "can't set immutable config")),
        (&[("dir", "/x")], failed("dir", "can't set protected config")),
        (&[("dbfilename", "a/b")], failed("dbfilename", "can't set protected config")),
        (&[("Hz", "1"), ("hZ", "2")], failed("hZ", "duplicate parameter")),
        (&[("save", "10 1"), ("hz", "x")], failed("hz", not_integer)),
    ]
    .into();
    for (pairs, expected) in cases {
        let mut config = Config::default();
        let error = set(&mut config, pairs).expect_err("refused by Redis");
        assert_eq!(error.to_string(), expected);
        assert_eq!(config, Config::default(), "a failed CONFIG SET changed something");
    }
}

#[test]
fn a_name_beside_its_alias_is_set_twice() {
    let mut config = Config::default();
    let pairs = [("slave-priority", "3"), ("replica-priority", "4")];
    assert_eq!(set(&mut config, &pairs), Ok(["replica-priority"].to_vec()));
    assert_eq!(value(&config, "slave-priority"), "4");
}

#[test]
fn what_comes_to_nothing_is_told_with_its_reason() {
    let mut config = Config::default();
    assert_eq!(config.without_effect().count(), 0);
    set(&mut config, &[("tls-cert-file", "x"), ("hz", "20"), ("lua-time-limit", "7")]).expect("accepted by Redis");
    let told: Vec<_> = config.without_effect().collect();
    assert_eq!(told, [("busy-reply-threshold", "there are no scripts"), ("tls-cert-file", "TLS is not supported")]);
}

#[test]
fn config_set_while_loading_is_refused_for_what_the_load_depends_on() {
    let context = SetContext { caller_is_local: false, is_loading: true };
    let mut config = Config::default();
    let refused = config.set_many(&[(b"repl-diskless-load", b"swapdb")], context);
    assert_eq!(refused, Err(SetError::Loading));
    assert_eq!(config.set_many(&[(b"hz", b"20")], context), Ok(["hz"].to_vec()));
}

#[test]
fn protected_directives_open_as_far_as_the_file_says() {
    let pairs: [(&[u8], &[u8]); 1] = [(b"dbfilename", b"x.rdb")];
    for (allowed, remote, local) in [("no", false, false), ("local", false, true), ("yes", true, true)] {
        let base = from_file(&format!("enable-protected-configs {allowed}")).expect("valid");
        for (caller_is_local, expected) in [(false, remote), (true, local)] {
            let context = SetContext { caller_is_local, is_loading: false };
            assert_eq!(base.clone().set_many(&pairs, context).is_ok(), expected);
        }
    }
}

#[test]
fn values_are_shown_as_redis_shows_them() {
    let mut config = Config::default();
    for (name, given, shown) in [
        ("maxmemory", "1k", "1000"),
        ("maxmemory", "1KB", "1024"),
        ("maxmemory", "3Gb", "3221225472"),
        ("maxmemory", "2m", "2000000"),
        ("maxmemory-clients", "5%", "5%"),
        ("repl-backlog-size", "10", "16384"),
        ("hz", "0", "1"),
        ("hz", "1000", "500"),
        ("repl-diskless-load", "swapDB", "swapdb"),
        ("save", "", ""),
        ("save", "60 1", "60 1"),
        ("shutdown-on-sigterm", "now nosave", "nosave now"),
        ("notify-keyspace-events", "KEA", "AKE"),
        ("notify-keyspace-events", "KElshzxetdgnm", "glshzxetdnKEm"),
        ("notify-keyspace-events", "g$lshzxetdm", "Am"),
        ("client-output-buffer-limit", "REPLICA 1kb 2 3", "normal 0 0 0 slave 1024 2 3 pubsub 33554432 8388608 60"),
    ] {
        set(&mut config, &[(name, given)]).expect("accepted by Redis");
        assert_eq!(value(&config, name), shown, "{name} {given}");
    }
}
