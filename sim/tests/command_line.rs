//! Claims about the binary: campaigns in shards, files that are compared, plans that are replayed, errors in words.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use afterimage_sim::captured::{Capture, Kind};
use afterimage_sim::{KeptPlan, Plan, Print};
use serde_json::Value;

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_afterimage-sim"));
    command.args(arguments).stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    command(arguments).output().expect("it runs")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("it prints text")
}

/// Runs it, and expects an exit status.
fn expect(status: i32, arguments: &[&str]) -> Output {
    let output = run(arguments);
    let said = || format!("{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(status), "{}", said());
    output
}

fn path(path: &Path) -> &str {
    path.to_str().expect("temporary directories have plain names")
}

/// A summary without what it took, which is never the same.
fn sums(output: &Output) -> Value {
    let mut summary: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    summary["cpu_milliseconds"] = Value::Null;
    for failure in summary["failures"].as_array_mut().into_iter().flatten() {
        failure["cpu_us"] = Value::Null;
    }
    summary
}

#[test]
fn shards_of_a_campaign_run_by_several_processes_add_up_to_one_run() {
    let dir = tempfile::tempdir().expect("a directory");
    let (shared, own) = (dir.path().join("shared"), dir.path().join("own"));
    let shards = [("0/3", &shared), ("1/3", &shared), ("2/3", &own)];
    let processes = shards.map(|(shard, out)| {
        let arguments = ["run", "--seeds", "3..21", "--shard", shard, "--jobs", "1", "--out", path(out)];
        command(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it runs")
    });
    for mut process in processes {
        assert!(process.wait().expect("it ends").success());
    }
    let whole = expect(0, &["run", "--seeds", "3..21", "--json"]);
    let merged = expect(0, &["merge", path(&shared), path(&own), "--json"]);
    assert_eq!(sums(&merged), sums(&whole));
    let half = expect(1, &["merge", path(&shared)]);
    assert!(text(&half.stdout).contains("6 seeds were not run: 5 8 11 14 17 20\n"), "{}", text(&half.stdout));
}

#[test]
fn a_run_that_was_cut_off_in_the_midst_of_a_line_goes_on_there() {
    let dir = tempfile::tempdir().expect("a directory");
    let out = path(dir.path());
    let whole = expect(0, &["run", "--seeds", "12", "--out", out, "--json", "--jobs", "1"]);
    let file = dir.path().join("shard-0.jsonl");
    let lines = fs::read_to_string(&file).expect("there are results");
    assert_eq!(lines.lines().count(), 12);
    let kept = lines.lines().take(7).map(str::len).sum::<usize>() + 7;
    fs::write(&file, &lines[..kept + 20]).expect("it is cut");
    let merged = expect(1, &["merge", out]);
    assert!(text(&merged.stdout).contains("5 seeds were not run"), "{}", text(&merged.stdout));
    let again = expect(0, &["run", "--seeds", "12", "--out", out, "--json"]);
    assert_eq!(sums(&again), sums(&whole));
    let now = fs::read_to_string(&file).expect("there are results");
    assert_eq!((&now[..kept], now.lines().count()), (&lines[..kept], 12));
}

/// The smallest seed that many programs read as another one.
const WIDE: u64 = (1 << 53) + 1;

#[test]
fn seeds_and_fingerprints_get_through_programs_that_read_numbers_with_53_bits() {
    let dir = tempfile::tempdir().expect("a directory");
    let out = path(dir.path());
    let (wide, seeds) = (WIDE.to_string(), format!("{WIDE}..{}", WIDE + 2));
    let run = ["run", "--seeds", &seeds, "--out", out, "--json"];
    let summary = sums(&expect(0, &run));
    assert_eq!((summary["first_seed"].as_str(), summary["end_seed"].is_string()), (Some(wide.as_str()), true));
    let print = Print(afterimage_sim::run_seed(WIDE).fingerprint).to_string();
    let (terms, shard) = (dir.path().join("terms.json"), dir.path().join("shard-0.jsonl"));
    let kept: Value = serde_json::from_slice(&fs::read(&terms).expect("there are terms")).expect("it is JSON");
    assert_eq!((kept["from"].as_str(), kept["build"].as_str()), (Some(wide.as_str()), Some(print.as_str())));
    let lines = fs::read_to_string(&shard).expect("there are results");
    assert!(lines.contains(&format!("\"seed\":\"{wide}\",\"fingerprint\":\"{print}\"")), "{lines}");
    // Older directories have plain numbers, and are gone on with.
    let mut old = String::new();
    for line in lines.lines() {
        let mut line: Value = serde_json::from_str(line).expect("it is JSON");
        let seed: u64 = line["seed"].as_str().expect("a text").parse().expect("a number");
        let fingerprint = line["fingerprint"].as_str().expect("a text").parse::<Print>().expect("a fingerprint").0;
        (line["seed"], line["fingerprint"]) = (seed.into(), fingerprint.into());
        old += &format!("{line}\n");
    }
    fs::write(&shard, &old).expect("it is written");
    let text_of_terms = fs::read_to_string(&terms).expect("there are terms").replace(&format!("\"{wide}\""), &wide);
    fs::write(&terms, text_of_terms).expect("it is written");
    assert_eq!(sums(&expect(0, &run)), summary);
    assert_eq!(sums(&expect(0, &["merge", out, "--json"])), summary);
    assert_eq!(fs::read_to_string(&shard).expect("there are results"), old);
}

#[test]
fn a_plan_a_replay_and_a_crowd_tell_seeds_and_fingerprints_likewise() {
    let wide = WIDE.to_string();
    let output = expect(0, &["plan", &wide]);
    let plan: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(plan["seed"].as_str(), Some(wide.as_str()));
    assert_eq!(Plan::from_json(text(&output.stdout)), Ok(Plan::draw(WIDE)));
    let replayed = expect(0, &["replay", "3", "--json"]);
    let last: Value =
        serde_json::from_str(text(&replayed.stdout).lines().last().expect("there are lines")).expect("it is JSON");
    let print = Print(afterimage_sim::run_seed(3).fingerprint).to_string();
    assert_eq!((last["seed"].as_u64(), last["fingerprint"].as_str()), (Some(3), Some(print.as_str())));
    let crowd = expect(0, &["crowd", "--replicas", "2", "--json"]);
    let crowd: Value = serde_json::from_slice(&crowd.stdout).expect("it is JSON");
    let print = crowd["crowd"]["outcome"]["fingerprint"].as_str().expect("a text");
    assert!(print.parse::<Print>().is_ok(), "{print}");
}

#[test]
fn a_directory_of_another_campaign_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let out = path(dir.path());
    expect(0, &["run", "--seeds", "2", "--out", out]);
    for others in [&["--seeds", "3"][..], &["--seeds", "2", "--shard", "0/2"], &["--seeds", "2", "--check-determinism"]]
    {
        let refused = expect(2, &[&["run", "--out", out], others].concat());
        assert!(text(&refused.stderr).contains("holds another campaign"), "{}", text(&refused.stderr));
    }
    // Another build: it makes something else of the first seed.
    let terms = dir.path().join("terms.json");
    let told = fs::read_to_string(&terms).expect("there are terms");
    let build = Print(afterimage_sim::run_seed(0).fingerprint).to_string();
    assert!(told.contains(&build), "{told}");
    fs::write(&terms, told.replace(&build, "0123456789abcdef")).expect("it is written");
    let refused = expect(2, &["run", "--seeds", "2", "--out", out]);
    assert!(text(&refused.stderr).contains("0123456789abcdef"), "{}", text(&refused.stderr));
}

#[test]
fn a_run_whose_time_is_over_begins_no_seed_and_says_which_are_missing() {
    let output = expect(0, &["run", "--seeds", "5..9", "--time-limit", "0"]);
    assert!(text(&output.stdout).contains("4 seeds were not run: 5..9\n"), "{}", text(&output.stdout));
}

#[test]
fn a_report_for_programs_counts_the_seeds_that_were_not_run() {
    let output = expect(0, &["run", "--seeds", "5..9", "--time-limit", "0", "--json"]);
    let summary: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!((summary["seeds"].as_u64(), summary["not_run"].as_u64()), (Some(0), Some(4)), "{summary}");
}

#[test]
fn where_there_is_nothing_to_do_that_is_said() {
    let dir = tempfile::tempdir().expect("a directory");
    let [one, other] = ["one", "other"].map(|name| dir.path().join(name));
    [&one, &other].iter().for_each(|file| fs::write(file, "").expect("it is written"));
    let refused = expect(2, &["compare", path(&one), path(&other)]);
    assert!(text(&refused.stderr).contains("there is nothing to compare"), "{}", text(&refused.stderr));
    fs::write(&one, "afterimage-capture 1\nserver redis 7.0.15\nsession nothing\nhosts 2\nbacklog 1048576\n")
        .expect("it is written");
    for more in [&[][..], &["--sweep", "1"]] {
        let refused = expect(2, &[&["replay-capture", path(&one)], more].concat());
        assert!(text(&refused.stderr).contains("in which nothing was said"), "{}", text(&refused.stderr));
    }
    let none = expect(0, &["run", "--seeds", "3", "--shard", "5/1000", "--json"]);
    assert!(text(&none.stderr).contains("Shard 5/1000 has none of the seeds 0..3."), "{}", text(&none.stderr));
}

#[test]
fn a_search_that_comes_to_its_bound_has_a_status_of_its_own() {
    let none = ["explore", "--promotions", "0", "--crashes", "0", "--saves", "0", "--waits", "0", "--timers", "0"];
    let small = ["--writes", "1", "--cuts", "1", "--pieces", "1", "--json"];
    let explore = |status: i32, bound: &[&str]| {
        let output = expect(status, &[&none[..], &small, bound].concat());
        serde_json::from_slice::<Value>(&output.stdout).expect("it is JSON")["end"].clone()
    };
    assert_eq!(explore(0, &[]), "closed");
    assert_eq!(explore(3, &["--depth", "2"]), "depth_bound");
    assert_eq!(explore(3, &["--states", "10"]), "states_bound");
}

#[test]
fn a_result_of_a_seed_that_is_not_the_campaigns_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let out = path(dir.path());
    expect(0, &["run", "--seeds", "3", "--out", out]);
    let file = dir.path().join("shard-0.jsonl");
    let lines = fs::read_to_string(&file).expect("there are results");
    fs::write(&file, lines.replacen("\"seed\":2,", "\"seed\":999999,", 1)).expect("it is written");
    for command in [&["merge", out][..], &["run", "--seeds", "3", "--out", out]] {
        let refused = expect(2, command);
        let told = text(&refused.stderr);
        assert!(told.contains("shard-0.jsonl: line ") && told.contains("is of seed 999999"), "{told}");
        assert!(told.contains("the campaign has the seeds 0..3"), "{told}");
    }
}

#[test]
fn seeds_do_the_same_twice_and_in_two_processes() {
    let dir = tempfile::tempdir().expect("a directory");
    let [one, other] = ["one", "other"].map(|name| dir.path().join(name));
    expect(0, &["run", "--seeds", "6", "--check-determinism", "--prints", path(&one)]);
    expect(0, &["run", "--seeds", "6", "--prints", path(&other), "--jobs", "1"]);
    let same = expect(0, &["compare", path(&one), path(&other)]);
    assert_eq!(text(&same.stdout), "6 seeds compared: 0 differ\n");
    // One value of one seed is another: as if the runs had parted there.
    let lines = fs::read_to_string(&other).expect("there are hashes");
    let mut line: Value = serde_json::from_str(lines.lines().next().expect("there are lines")).expect("it is JSON");
    let recorded = &mut line["recorded"];
    recorded["fingerprint"] = "0000000000000000".into();
    let mut prints: Vec<String> = recorded["prints"].as_str().expect("a text").split(' ').map(str::to_string).collect();
    prints[9..].fill("0000000000000000".into());
    recorded["prints"] = prints.join(" ").into();
    let every = recorded["every"].as_u64().expect("a number");
    let rest: String = lines.lines().skip(2).map(|line| format!("{line}\n")).collect();
    fs::write(&other, format!("{line}\n{rest}")).expect("it is written");
    let differing = expect(1, &["compare", path(&one), path(&other)]);
    let told = text(&differing.stdout);
    assert!(
        told.contains(&format!("the same up to event {}, no longer at event {}\n", 9 * every, 10 * every)),
        "{told}"
    );
    assert!(told.contains("1 seeds are only in") && told.contains("5 seeds compared: 1 differ"), "{told}");
}

#[test]
fn a_replay_says_where_it_parts_from_what_was_recorded_with_the_plan() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("plan.json");
    let mut kept = KeptPlan::of(Plan::draw(9));
    fs::write(&file, kept.to_json()).expect("it is written");
    let same = expect(0, &["replay", path(&file)]);
    assert!(!text(&same.stdout).contains("This build"), "{}", text(&same.stdout));
    kept.plan.clients[0].commands /= 2;
    fs::write(&file, kept.to_json()).expect("it is written");
    let other = expect(0, &["replay", path(&file)]);
    let told = text(&other.stdout);
    assert!(told.contains("This build does not do what the build did that wrote the plan"), "{told}");
    let command = told.lines().find_map(|line| line.split_once("cargo sim replay ")).expect("it says how to look").1;
    let words: Vec<&str> = ["replay"].into_iter().chain(command.split(' ')).collect();
    let events = text(&expect(0, &words).stdout).lines().filter(|line| line.contains("  event ")).count();
    assert!((1..100_000).contains(&events), "{events}");
}

#[test]
fn a_replay_says_that_a_plan_does_not_break_what_it_was_kept_for() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("plan.json");
    let mut kept = KeptPlan::untold(Plan::draw(9));
    fs::write(&file, kept.to_json()).expect("it is written");
    assert!(!text(&expect(0, &["replay", path(&file)]).stdout).contains("was kept for"));
    kept.breaks = Some("wait-holds/master".into());
    fs::write(&file, kept.to_json()).expect("it is written");
    let remark = "The plan was kept for breaking wait-holds/master, and breaks nothing now.\n";
    let told = expect(0, &["replay", path(&file)]);
    assert!(text(&told.stdout).contains(remark), "{}", text(&told.stdout));
    let page = dir.path().join("plan.html");
    let told = expect(0, &["replay", path(&file), "--html", path(&page), "--to", "1"]);
    assert!(text(&told.stdout).contains(remark), "{}", text(&told.stdout));
    let told = expect(0, &["replay", path(&file), "--json"]);
    let last: Value = serde_json::from_str(text(&told.stdout).lines().last().expect("a line")).expect("it is JSON");
    assert_eq!(last["once_broke"], "wait-holds/master");
    // With other directives it is another plan.
    let changed = expect(0, &["replay", path(&file), "--set", "hz 20"]);
    assert!(!text(&changed.stdout).contains("was kept for"), "{}", text(&changed.stdout));
}

#[cfg(feature = "museum")]
#[test]
fn a_replay_says_what_a_plan_breaks_instead_of_what_it_was_kept_for() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("plan.json");
    let of_the_folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/plans/wait-across-histories.json");
    let mut kept = KeptPlan::from_json(&fs::read_to_string(of_the_folder).expect("it is kept")).expect("it is sound");
    kept.breaks = Some("no-wipe/replica".into());
    fs::write(&file, kept.to_json()).expect("it is written");
    let told = expect(1, &["replay", path(&file)]);
    let remark = "The plan was kept for breaking no-wipe/replica, and breaks wait-holds/master now.\n";
    assert!(text(&told.stdout).contains(remark), "{}", text(&told.stdout));
}

#[test]
fn of_a_range_in_which_nothing_happens_a_replay_says_so() {
    let refused = expect(2, &["replay", "1", "--from", "13", "--to", "12"]);
    assert!(
        text(&refused.stderr).contains("there is no time from 13.000000s to 12.000000s"),
        "{}",
        text(&refused.stderr)
    );
    for range in [&["--from", "90000"][..], &["--events", "900000000..900000001"]] {
        let told = expect(0, &[&["replay", "1"], range].concat());
        assert!(text(&told.stderr).contains("Nothing happens in that range: the run ends with event"), "{range:?}");
    }
    assert!(expect(0, &["replay", "1", "--from", "1"]).stderr.is_empty());
}

#[test]
fn a_directive_that_no_node_can_be_given_is_refused_once_before_anything_is_run() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("plan.json");
    for (directive, why) in [
        ("foo bar", "`foo bar`: Bad directive or wrong number of arguments"),
        ("repl-timeout 0", "`repl-timeout 0`: argument must be between 1 and"),
        ("cluster-enabled yes", "cluster mode is not supported"),
        ("requirepass hush", "it cannot be set here: simulated clients, replicas and operators have no passwords"),
    ] {
        for command in [&["run", "--seeds", "3"][..], &["plan", "3"], &["replay", "3"], &["shrink", "3"]] {
            let refused = expect(2, &[command, &["--set", directive]].concat());
            assert!(text(&refused.stderr).contains(why), "{command:?}: {}", text(&refused.stderr));
            assert!(refused.stdout.is_empty(), "{command:?}");
        }
        let (name, value) = directive.split_once(' ').expect("both");
        let mut plan = Plan::draw(3);
        plan.hosts[1].settings.push(afterimage_sim::Setting::new(name, value));
        fs::write(&file, plan.to_json()).expect("it is written");
        let refused = expect(2, &["replay", path(&file)]);
        assert!(text(&refused.stderr).contains(why), "{}", text(&refused.stderr));
    }
    expect(0, &["run", "--seeds", "2", "--set", "repl-timeout 10"]);
}

#[test]
fn a_plan_with_a_value_that_cannot_be_played_is_refused_with_its_range() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("plan.json");
    let mut plan = Plan::draw(3);
    plan.network.pace.bytes_per_second = 1;
    fs::write(&file, plan.to_json()).expect("it is written");
    for command in ["replay", "shrink"] {
        let refused = expect(2, &[command, path(&file)]);
        let why = "plan.json: network.pace.bytes_per_second is 1, and must be from 100 to";
        assert!(text(&refused.stderr).contains(why), "{}", text(&refused.stderr));
    }
}

#[test]
fn what_makes_no_sense_is_refused_in_words() {
    let refused = expect(2, &["shrink", "1"]);
    assert!(text(&refused.stderr).contains("breaks no property"), "{}", text(&refused.stderr));
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("known");
    fs::write(&file, "wait-holds/master\nwhatever\n").expect("it is written");
    let refused = expect(2, &["run", "--seeds", "1", "--known", path(&file)]);
    assert!(text(&refused.stderr).contains("line 2: `whatever` is no signature"), "{}", text(&refused.stderr));
    let refused = expect(2, &["merge", path(dir.path())]);
    assert!(text(&refused.stderr).contains("terms.json"), "{}", text(&refused.stderr));
}

/// Mistakes that many seeds find, each by another check.
#[cfg(feature = "museum")]
const DEFECTS: [&str; 3] = ["newline_counted", "paused_replica_advances", "wait_zero_offset"];

#[cfg(feature = "museum")]
#[test]
fn known_failures_are_counted_and_told_and_hide_no_others() {
    let dir = tempfile::tempdir().expect("a directory");
    let defects = DEFECTS.map(|defect| ["--defect", defect]).concat();
    let out = dir.path().join("campaign");
    let arguments = [&["run", "--seeds", "60", "--json", "--out", path(&out)], &defects[..]].concat();
    let found: Value = serde_json::from_slice(&expect(1, &arguments).stdout).expect("it is JSON");
    let signatures: Vec<&String> = found["signatures"].as_object().expect("a table").keys().collect();
    assert!(signatures.len() > 1, "{signatures:?}");
    let known = dir.path().join("known");
    let merge = ["merge", path(&out), "--known", path(&known)];
    let all: String = signatures.iter().map(|signature| format!("{signature} # seen\n")).collect();
    fs::write(&known, all + "one-writer/nobody\n").expect("it is written");
    let told = expect(0, &merge);
    assert!(text(&told.stdout).contains("one-writer/nobody  (known, and not seen"), "{}", text(&told.stdout));
    assert!(text(&told.stdout).contains("of them as known"), "{}", text(&told.stdout));
    fs::write(&known, signatures[0]).expect("it is written");
    let told = expect(1, &merge);
    assert!(text(&told.stdout).contains(&format!("{}  (known)", signatures[0])), "{}", text(&told.stdout));
}

#[cfg(feature = "museum")]
#[test]
fn a_seed_that_found_a_defect_shrinks_to_a_plan_that_fails_alike_and_only_with_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("plan.json");
    let defect = "reply_before_sync";
    let seed = (0..).find(|seed| {
        let plan = Plan { defects: vec![defect.into()], ..Plan::draw(*seed) };
        !afterimage_sim::run_plan(plan).passed()
    });
    let seed = seed.expect("there are many").to_string();
    let output = expect(0, &["shrink", &seed, "--defect", defect, "--out", path(&file), "--json", "--cpu", "300"]);
    let summary: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let left = |what: &str| summary["after"][what].as_u64().expect("a number");
    assert!(left("faults") + left("orders") <= 3 && left("commands") <= 10 && left("hosts") <= 3, "{summary}");
    let kept = KeptPlan::from_json(&fs::read_to_string(&file).expect("a plan")).expect("it is sound");
    assert_eq!(kept.breaks.as_deref(), summary["signature"].as_str());
    let replayed = expect(1, &["replay", path(&file)]);
    assert!(!text(&replayed.stdout).contains("This build"), "{}", text(&replayed.stdout));
    assert!(afterimage_sim::run_plan(Plan { defects: Vec::new(), ..kept.plan }).passed());
}

#[cfg(feature = "marks")]
#[test]
fn a_campaign_keeps_what_its_seeds_have_come_to_and_a_merge_adds_it_up() {
    let dir = tempfile::tempdir().expect("a directory");
    let out = path(dir.path());
    let whole = expect(0, &["run", "--seeds", "12", "--json"]);
    expect(0, &["run", "--seeds", "12", "--out", out]);
    let merged = sums(&expect(0, &["merge", out, "--json"]));
    assert_eq!(merged["marks"], sums(&whole)["marks"]);
    let told = &merged["marks"];
    let (reached, never) = (told["reached"].as_object().expect("a table"), told["never"].as_array().expect("a list"));
    assert!(reached.len() > 20 && reached.len() + never.len() == told["known"], "{told}");
    let words = expect(0, &["merge", out, "--marks"]);
    let summary = format!("marks: {} of {} reached; never: ", reached.len(), told["known"]);
    assert!(text(&words.stdout).contains(&summary), "{}", text(&words.stdout));
    for name in reached.keys().map(String::as_str).chain(never.iter().filter_map(Value::as_str)) {
        assert!(text(&words.stdout).lines().any(|line| line.contains(&format!("  {name} "))), "{name}");
    }
    // Results of a build that keeps none say nothing of marks, and are as good otherwise.
    let (terms, shard) = (dir.path().join("terms.json"), dir.path().join("shard-0.jsonl"));
    let kept = [&terms, &shard].map(|file| fs::read_to_string(file).expect("it is there"));
    let mut old: Value = serde_json::from_str(&kept[0]).expect("it is JSON");
    old.as_object_mut().expect("a table").remove("marks").expect("a list is named");
    fs::write(&terms, old.to_string()).expect("it is written");
    let without = kept[1].lines().map(|line| {
        let mut line: Value = serde_json::from_str(line).expect("it is JSON");
        line.as_object_mut().expect("a table").remove("marks").expect("each seed reaches something");
        format!("{line}\n")
    });
    fs::write(&shard, without.collect::<String>()).expect("it is written");
    let merged = sums(&expect(0, &["merge", out, "--json"]));
    assert_eq!((&merged["marks"], &merged["seeds"]), (&Value::Null, &sums(&whole)["seeds"]));
    // Those of another list cannot be told from ours.
    old["marks"] = "0123456789abcdef".into();
    fs::write(&terms, old.to_string()).expect("it is written");
    let refused = expect(2, &["merge", out]);
    assert!(text(&refused.stderr).contains("merge it by the build that ran it"), "{}", text(&refused.stderr));
}

#[test]
fn what_real_servers_said_passes_and_with_one_byte_altered_it_does_not() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/captures/redis-7.0-small.capture");
    let capture: Capture = fs::read_to_string(file).expect("it is kept").parse().expect("it is a capture");
    let passed = expect(0, &["replay-capture", file]);
    assert!(text(&passed.stdout).contains("nothing was broken"), "{}", text(&passed.stdout));
    let answer = capture.kinds().iter().position(|kind| *kind == Kind::Answer).expect("PSYNC is answered");
    let broken = expect(1, &["replay-capture", file, "--log", "--flip", &(answer + 20).to_string()]);
    assert!(text(&broken.stdout).contains("broken: "), "{}", text(&broken.stdout));
    expect(2, &["replay-capture", file, "--flip", &capture.len().to_string()]);
    expect(2, &["replay-capture", "no-such-file"]);
}

#[test]
fn seeds_can_be_restricted_to_crashes_and_given_directives_and_the_summary_says_how_to_see_one_again() {
    let guard_off = ["--only", "crashes", "--set", "replica-wipe-guard allow"];
    let plan = expect(0, &[&["plan", "7"], guard_off.as_slice()].concat());
    let plan = Plan::from_json(text(&plan.stdout)).expect("it is a plan");
    let is_crash =
        |planned: &afterimage_sim::plan::FaultPlan| matches!(planned.fault, afterimage_sim::plan::Fault::Crash { .. });
    assert!(plan.faults.iter().all(is_crash) && plan.orders.is_empty());
    assert!(plan.settings.iter().any(|setting| setting.name == "replica-wipe-guard" && setting.value == "allow"));
    let wiped = |arguments: &[&str]| {
        let output = expect(0, &[&["run", "--seeds", "0..10", "--json"], arguments].concat());
        let summary: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
        (summary["wiped_unasked"].as_u64().expect("a number"), summary["only"].as_str() == Some("crashes"))
    };
    assert!(wiped(&guard_off).0 > 0, "a wipe is found within ten seeds");
    assert_eq!(wiped(&guard_off[..2]), (0, true));
    assert!(text(&expect(2, &["run", "--set", "hz"]).stderr).contains("has no value"));
}

#[test]
fn a_study_says_the_same_with_any_number_of_threads() {
    let study = |jobs: &str| {
        let arguments = ["hazard", "--preset", "bare-supervisor", "--only", "guard=default", "--only", "guard=allow"];
        let arguments = [&arguments[..], &["--runs", "3", "--json", "--jobs", jobs]].concat();
        expect(0, &arguments).stdout
    };
    let (one, three) = (study("1"), study("3"));
    assert!(one == three, "the order in which threads are done changes nothing");
    let report: Value = serde_json::from_slice(&one).expect("it is JSON");
    let cells = report["cells"].as_array().expect("there are cells");
    let share = |cell: &Value| cell["total_loss"]["share"].as_f64().expect("it is a number");
    for cell in cells {
        let is_lost = cell["persistence"] == "off" && cell["guard"] == "allow";
        assert_eq!(share(cell), if is_lost { 1.0 } else { 0.0 }, "{}", cell["name"]);
        assert_eq!(cell["broken"]["count"], 0);
    }
}

#[test]
fn a_run_of_a_study_is_an_ordinary_plan_that_can_be_replayed_and_an_example_that_is_told() {
    let cell = "off/0.1s/none/default/star/idle";
    let plan = expect(0, &["hazard", "--plan-of", cell, "1"]);
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("plan.json");
    fs::write(&file, &plan.stdout).expect("it is written");
    let replayed = expect(0, &["replay", path(&file)]);
    assert!(text(&replayed.stdout).contains("The master offers an empty data set"), "the guard sees the wipe");
    let page = dir.path().join("example.html");
    let told = expect(0, &["hazard", "--example", cell, "--seed", "1", "--html", path(&page)]);
    assert!(text(&told.stdout).contains("Nothing is dropped"), "{}", text(&told.stdout));
    assert!(text(&told.stdout).contains("seed 1: master empty, data at a replica"), "{}", text(&told.stdout));
    assert!(page.exists());
}

#[test]
fn a_study_of_a_configuration_says_what_that_risks_and_what_helps() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = dir.path().join("redis.conf");
    fs::write(&config, "save \"\"\nappendonly no\nrepl-backlog-size 16mb\n").expect("it is written");
    let arguments = ["hazard", "--config", path(&config), "--runs", "2", "--only", "supervisor=0.1s"];
    let told = expect(0, &[&arguments[..], &["--only", "detector=none"]].concat());
    let told = text(&told.stdout);
    assert!(told.contains("everything is lost on every node in 100 % of the runs"), "{told}");
    assert!(told.contains("With replica-wipe-guard as it is given that never happens"), "{told}");
    assert!(told.contains("`appendonly yes` with `appendfsync always` helps without any guard"), "{told}");
    let given = ["--only", "detector=none", "--only", "guard=given", "--only", "persistence=off", "--json"];
    let told = expect(0, &[&arguments[..], &given].concat());
    let report: Value = serde_json::from_slice(&told.stdout).expect("it is JSON");
    assert_eq!(report["cells"].as_array().map(Vec::len), Some(1));
    assert_eq!(report["cells"][0]["guard"], "given");
    fs::write(&config, "daemonize yes\nsave \"\"\nmin-replicas-to-write 3\n").expect("it is written");
    let cell = ["hazard", "--config", path(&config), "--plan-of", "off/0.1s/none/given/star/writing", "1"];
    let plan = expect(0, &cell);
    assert!(text(&plan.stderr).contains("passed over: line 1 'daemonize yes'."), "{}", text(&plan.stderr));
    assert!(text(&plan.stderr).contains("`min-replicas-to-write 3` is played as 2"), "{}", text(&plan.stderr));
    let plan = Plan::from_json(text(&plan.stdout)).expect("it is a plan");
    assert!(plan.settings.iter().any(|setting| setting.name == "min-replicas-to-write" && setting.value == "2"));
    fs::write(&config, "appendonly perhaps\n").expect("it is written");
    let refused = expect(2, &arguments);
    assert!(text(&refused.stderr).contains("appendonly perhaps"), "{}", text(&refused.stderr));
}

#[test]
fn a_study_that_makes_no_sense_is_refused_with_a_reason() {
    for (arguments, why) in [
        (&["--only", "guard=maybe"][..], "`maybe` is no guard: allow, archive, quarantine"),
        (&["--only", "colour=red"], "`colour` is no factor"),
        (&["--runs", "1"], "1 is not in 2..=1000000"),
        (&["--jobs", "0"], "0 is not in 1..=1024"),
        (&["--preset", "cloud"], "bare-supervisor"),
        (&["--example", "off/0.1s"], "one value for each of persistence, supervisor"),
        (&["--plan-of", "off/0.1s/none/allow/star/idle", "x"], "`x` is no seed"),
        (&["--config", "/nowhere/redis.conf"], "/nowhere/redis.conf"),
        (&["--seed", "3"], "--example <CELL>"),
        (&["--only", "guard=given"], "only by a configuration: --config FILE"),
        (&["--plan-of", "off/0.1s/none/given/star/writing", "1"], "only by a configuration: --config FILE"),
        (&["--example", "off/0.1s/none/given/star/writing"], "only by a configuration: --config FILE"),
        (&["--html", "-"], "has to be the name of a file"),
    ] {
        let refused = expect(2, &[&["hazard"], arguments].concat());
        assert!(text(&refused.stderr).contains(why), "{arguments:?}: {}", text(&refused.stderr));
    }
}
