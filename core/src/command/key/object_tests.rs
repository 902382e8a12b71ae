use super::*;
use crate::command::bench::Bench;
use crate::config::MaxmemoryPolicy;

#[test]
fn encodings_and_references_are_told_as_redis_tells_them() {
    let mut bench = Bench::new();
    let long = "x".repeat(45);
    let cases = [
        ("12", "$3 int ", ":2147483647 "),
        ("9999", "$3 int ", ":2147483647 "),
        ("10000", "$3 int ", ":1 "),
        ("-1", "$3 int ", ":1 "),
        ("abc", "$6 embstr ", ":1 "),
        (&long[..44], "$6 embstr ", ":1 "),
        (&long, "$3 raw ", ":1 "),
    ];
    for (value, encoding, references) in cases {
        bench.run(&alloc::format!("SET k {value}"));
        assert_eq!(bench.run("OBJECT ENCODING k"), encoding, "{value}");
        assert_eq!(bench.run("object refcount k"), references, "{value}");
    }
}

#[test]
fn idle_time_grows_until_a_read_and_is_not_reset_by_looking_at_it() {
    let mut bench = Bench::new();
    bench.run("SET k v");
    bench.now_ms += 5_000;
    assert_eq!(bench.run("OBJECT IDLETIME k"), ":5 ");
    for line in ["EXISTS k", "TYPE k", "TTL k"] {
        bench.run(line);
        assert_eq!(bench.run("OBJECT IDLETIME k"), ":5 ", "{line}");
    }
    bench.run("TOUCH k");
    assert_eq!(bench.run("OBJECT IDLETIME k"), ":0 ");
}

#[test]
fn frequency_and_idle_time_exclude_each_other_by_policy() {
    let mut bench = Bench::new();
    for line in ["OBJECT FREQ k", "OBJECT IDLETIME k", "OBJECT ENCODING k", "OBJECT REFCOUNT k"] {
        assert_eq!(bench.run(line), "$-1 ");
    }
    bench.run("SET k v");
    assert_eq!(bench.run("OBJECT FREQ k"), alloc::format!("-{LFU_NOT_SELECTED} "));
    bench.config.maxmemory_policy = MaxmemoryPolicy::AllkeysLfu;
    assert_eq!(bench.run("OBJECT IDLETIME k"), alloc::format!("-{LFU_SELECTED} "));
    bench.run("SET l v");
    assert_eq!(bench.run("OBJECT FREQ l"), ":5 ");
}

#[test]
fn help_names_every_subcommand() {
    let text = Bench::new().run("OBJECT HELP");
    for row in SUBCOMMANDS {
        assert!(text.contains(&row.name.to_uppercase()), "{}", row.name);
    }
}
