//! Are files and command lines read as Redis reads them?

use super::*;

fn from_options(options: &[&str]) -> Result<Config, ConfigError> {
    let options: Vec<String> = options.iter().map(ToString::to_string).collect();
    Config::load(None, &options, &mut no_include)
}

#[test]
fn a_bad_line_is_reported_with_file_line_text_and_reason() {
    let error = from_file("# head\n\n  PORT 5x  \nhz 1").expect_err("not a number");
    let expected = "Reading the configuration file, at line 3 of 'a.conf'\n>>> 'PORT 5x'\nargument couldn't be parsed into an integer";
    assert_eq!(error.to_string(), expected);
    let error = from_options(&["--hz", "5", "--port", "x y"]).expect_err("not a number");
    let expected = "Reading the command line\n>>> 'port \"x y\"'\nargument couldn't be parsed into an integer";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_line_is_refused_for_the_reason_redis_gives() {
    for (line, reason) in [
        ("foo 'bar'", "Bad directive or wrong number of arguments"),
        ("\\x41 1", "Bad directive or wrong number of arguments"),
        ("\"\" 5", "Bad directive or wrong number of arguments"),
        ("rename-command get", "Bad directive or wrong number of arguments"),
        ("rename-command get a b", "Bad directive or wrong number of arguments"),
        ("include", "Bad directive or wrong number of arguments"),
        ("port", "wrong number of arguments"),
        ("port 6 # c", "wrong number of arguments"),
        ("replicaof no", "wrong number of arguments"),
        ("replicaof a b c", "wrong number of arguments"),
        ("slaveof \"localhost x\"", "Invalid master port"),
        ("slaveof localhost 99999", "Invalid master port"),
        ("port \"1", "Unbalanced quotes in configuration line"),
        ("port \"1\"2", "Unbalanced quotes in configuration line"),
        ("unixsocketperm 8", "argument couldn't be parsed as an octal number"),
        ("unixsocketperm 7777", "argument must be between 0 and 777 inclusive"),
        ("dbfilename a/b", "dbfilename can't be a path, just a filename"),
        ("appenddirname ..", "appenddirname can't be a path, just a dirname"),
        ("appendfilename \"\"", "appendfilename can't be empty"),
        ("dir \"\"", "No such file or directory"),
        ("save 1", "Invalid save parameters"),
        ("databases 0", "argument must be between 1 and 2147483647 inclusive"),
    ] {
        let error = from_file(line).expect_err("refused by Redis");
        assert_eq!(error.reason.to_string(), reason, "{line}");
    }
}

#[test]
fn what_cannot_be_honoured_is_refused_and_its_off_value_is_accepted() {
    for (bad, good) in [
        ("cluster-enabled yes", "cluster-enabled no"),
        ("tls-port 6380", "tls-port 0"),
        ("aclfile users.acl", "aclfile \"\""),
        ("daemonize yes", "daemonize no"),
        ("activedefrag yes", "activedefrag no"),
        ("loadmodule x.so", ""),
        ("user alice on", ""),
    ] {
        let error = from_file(bad).expect_err(bad);
        assert!(matches!(error.reason, Reason::Unsupported(_)), "{error}");
        assert_eq!(from_file(good), Ok(Config::default()));
    }
}

#[test]
fn a_survey_passes_over_what_a_server_does_not_support_and_tells_the_lines() {
    let text = b"daemonize yes\nsave 5 1\ninclude more.conf\nloadmodule x.so\nappendonly yes\nactivedefrag no\n";
    let mut include = |_: &str| Ok(String::from("tls-port 1\ndaemonize yes\nuser alice on >hush\n"));
    let (config, passed_over) = Config::survey(("a.conf", text), &mut include).expect("all is understood");
    let lines: Vec<_> =
        passed_over.iter().map(|error| (error.file.as_str(), error.line, error.text.as_str())).collect();
    let more = "more.conf";
    assert_eq!(
        lines,
        [
            ("a.conf", 1, "daemonize yes"),
            (more, 1, "tls-port 1"),
            (more, 2, "daemonize yes"),
            (more, 3, "user alice on >hush"),
            ("a.conf", 4, "loadmodule x.so")
        ]
    );
    let rest = from_file("save 5 1\nappendonly yes\n").expect("valid");
    assert_eq!(config, rest);
}

#[test]
fn a_survey_refuses_what_cannot_be_understood() {
    for text in
        ["save 1", "tls-port soon", "apendonly yes", "dir \"", "sentinel monitor m 127.0.0.1 6379 2", "include x"]
    {
        let file = format!("daemonize yes\n{text}");
        let error = Config::survey(("a.conf", file.as_bytes()), &mut no_include).expect_err(text);
        assert_eq!((error.line, error.text.as_str()), (2, text));
    }
}

#[test]
fn a_directive_of_a_later_version_is_passed_over_if_that_is_harmless() {
    let config = from_file("locale-collate \"\"\nset-max-listpack-entries 128\n").expect("of Redis 7.2");
    let told: Vec<_> = config.without_effect().map(|(name, _)| name).collect();
    assert_eq!(told, ["locale-collate", "set-max-listpack-entries"]);
    assert!(from_file("primaryauth hush").is_err());
}

#[test]
fn the_command_line_can_take_back_a_file_that_asks_for_the_background() {
    let options = ["--supervised", "systemd", "--daemonize", "no"].map(String::from);
    let config = Config::load(Some(("f", b"daemonize yes")), &options, &mut no_include);
    assert_eq!(config.map(|config| config.supervised), Ok(Supervised::Systemd));
}

#[test]
fn options_of_the_command_line_are_read_as_redis_reads_them() {
    let master = Some(Endpoint { host: String::from("localhost"), port: 6379 });
    for options in [
        &["--port", "6380", "--slaveof", "localhost 6379"][..],
        &["--port", "6380", "--slaveof", "localhost", "6379"],
        &["--port 6380", "--replicaof localhost 6379"],
        &["--PORT", "1", "--port", "6380", "--replicaof", "localhost", "6379"],
    ] {
        let config = from_options(options).expect("accepted by Redis");
        assert_eq!((config.port, &config.replicaof), (6380, &master));
    }
    for (options, saved) in [
        (&["--save", ""][..], ""),
        (&["--save"], ""),
        (&["--save", "--port", "1"], ""),
        (&["--save", "60", "1"], "60 1"),
        (&["--save", "60 1", "--save", "5 5"], "60 1 5 5"),
        (&["--port", "1"], "3600 1 300 100 60 10000"),
    ] {
        let config = from_options(options).expect("accepted by Redis");
        assert_eq!(value(&config, "save"), saved, "{options:?}");
    }
    let alone = from_options(&["--port", "--hz", "5"]).expect_err("the value is --hz 5");
    assert_eq!(alone.reason, Reason::WrongNumberOfArguments);
    let alone = from_options(&["--hz", "5", "--port"]).expect_err("no value");
    assert_eq!((alone.text.as_str(), alone.reason), ("port", Reason::WrongNumberOfArguments));
    assert!(from_options(&["stray"]).is_err());
}

#[test]
fn the_first_argument_is_the_file_unless_it_is_an_option() {
    let arguments = ["a.conf", "--port", "1"].map(String::from);
    assert_eq!(split_command_line(&arguments), (Some("a.conf"), &arguments[1..]));
    assert_eq!(split_command_line(&arguments[1..]), (None, &arguments[1..]));
    assert_eq!(split_command_line(&[]), (None, &[][..]));
}

#[test]
fn save_lines_add_up_across_file_and_command_line() {
    let options = ["--save", "60", "1"].map(String::from);
    let file = b"save 900 1\nsave 300 10";
    let config = Config::load(Some(("f", file)), &options, &mut no_include).expect("valid");
    assert_eq!(value(&config, "save"), "900 1 300 10 60 1");
    let config = from_file("save 900 1\nsave \"\"").expect("valid");
    assert_eq!(value(&config, "save"), "");
}

#[test]
fn an_included_file_counts_where_its_line_stands_and_names_itself_in_errors() {
    let mut include = |name: &str| match name {
        "b.conf" => Ok(String::from("port 2\nhz 20")),
        _ => Ok(String::from("\nbad")),
    };
    let text = b"port 1\ninclude b.conf\nhz 30";
    let config = Config::load(Some(("a", text)), &[], &mut include).expect("valid");
    assert_eq!((config.port, config.hz), (2, 30));
    let error = Config::load(Some(("a", b"include c.conf")), &[], &mut include);
    let error = error.expect_err("bad line");
    assert_eq!((error.file.as_str(), error.line, error.text.as_str()), ("c.conf", 2, "bad"));
}

#[test]
fn a_file_that_includes_itself_is_refused_soon() {
    let mut count = 0;
    let mut include = |_: &str| {
        count += 1;
        Ok(String::from("include me\ninclude me"))
    };
    assert!(Config::load(Some(("a", b"include me")), &[], &mut include).is_err());
    assert!(count <= 16);
    let mut wide = |name: &str| match name.parse::<u32>() {
        Ok(level) if level < 11 => Ok(format!("include {0}\ninclude {0}", level + 1)),
        _ => Ok(String::new()),
    };
    assert!(Config::load(Some(("a", b"include 0")), &[], &mut wide).is_err());
}

#[test]
fn a_file_in_the_manner_of_a_distribution_is_read() {
    let text = "bind 127.0.0.1 -::1\nprotected-mode yes\npidfile /run/redis/redis-server.pid\n\
        proc-title-template \"{title} {listen-addr} {server-mode}\"\nunixsocketperm 700\n\
        client-output-buffer-limit replica 256mb 64mb 60\noom-score-adj-values 0 200 800\n\
        cluster-node-timeout 15000\ntls-session-caching no\nslave-read-only no\n\
        hash-max-ziplist-entries 12\nmaxmemory-clients 5%\nlua-time-limit 5\n";
    let config = from_file(text).expect("accepted by Redis");
    assert_eq!(config.bind, ["127.0.0.1", "-::1"]);
    assert_eq!(config.unixsocketperm, 0o700);
    assert!(!config.replica_read_only);
    assert_eq!(config.hash_max_listpack_entries, 12);
}
