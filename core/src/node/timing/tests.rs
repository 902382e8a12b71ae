use super::super::bench::Bench;

fn slow(bench: &mut Bench) -> alloc::string::String {
    bench.run("SLOWLOG GET -1")
}

#[test]
fn what_takes_as_long_as_the_limit_is_logged_with_its_sender() {
    let mut bench = Bench::new();
    bench.run("CLIENT SETNAME bob");
    bench.run("CONFIG SET slowlog-log-slower-than 0 requirepass secret");
    bench.run("HELLO 2 AUTH user word");
    bench.run("DEBUG SLEEP 0.25");
    bench.run("CONFIG SET slowlog-log-slower-than 250000");
    bench.run("GET k");
    bench.run("DEBUG SLEEP 0.25");
    assert_eq!(bench.run("SLOWLOG LEN"), ":4 ");
    let tail = ":1700000000";
    let who = "$15 127.0.0.1:50000 $3 bob";
    assert_eq!(
        slow(&mut bench),
        alloc::format!(
            "*4 *6 :3 {tail} :250000 *3 $5 DEBUG $5 SLEEP $4 0.25 {who} \
             *6 :2 {tail} :250000 *3 $5 DEBUG $5 SLEEP $4 0.25 {who} \
             *6 :1 {tail} :0 *5 $5 HELLO $1 2 $4 AUTH $10 (redacted) $10 (redacted) {who} \
             *6 :0 {tail} :0 *6 $6 CONFIG $3 SET $23 slowlog-log-slower-than $1 0 $11 requirepass $10 (redacted) {who} "
        )
    );
    bench.run("CONFIG SET slowlog-max-len 2");
    assert_eq!(bench.run("SLOWLOG LEN"), ":2 ");
    assert_eq!(bench.run("SLOWLOG RESET"), "+OK ");
    assert_eq!(slow(&mut bench), "*0 ");
}

#[test]
fn a_transaction_is_logged_command_by_command_and_a_wait_when_it_is_over() {
    let mut bench = Bench::new();
    let waiting = bench.connect();
    bench.run("CONFIG SET slowlog-log-slower-than 0");
    bench.run_on(waiting, "BLPOP l 0");
    for line in ["MULTI", "RPUSH l a", "EXEC"] {
        bench.run(line);
    }
    let log = slow(&mut bench);
    let order: alloc::vec::Vec<_> = ["CONFIG", "BLPOP", "MULTI", "RPUSH", "EXEC"].map(|word| log.find(word)).into();
    assert!(order[4].is_none() && order[1] < order[3] && order[3] < order[2] && order[2] < order[0], "{log}");
}

#[test]
fn spikes_are_told_by_event() {
    let mut bench = Bench::new();
    bench.run("DEBUG SLEEP 0.25");
    assert_eq!(bench.run("LATENCY LATEST"), "*0 ");
    bench.run("CONFIG SET latency-monitor-threshold 100");
    bench.run("DEBUG SLEEP 0.25");
    bench.run("DEBUG SLEEP 0.05");
    for (line, answer) in [
        ("LATENCY LATEST", "*1 *4 $7 command :1700000000 :250 :250 "),
        ("LATENCY HISTORY command", "*1 *2 :1700000000 :250 "),
        ("LATENCY HISTORY fast-command", "*0 "),
        ("LATENCY GRAPH nosuch", "-ERR No samples available for event 'nosuch' "),
        ("LATENCY RESET nosuch", ":0 "),
        ("LATENCY RESET", ":1 "),
        ("LATENCY LATEST", "*0 "),
        ("SLOWLOG GET -2", "-ERR count should be greater than or equal to -1 "),
        ("SLOWLOG GET 1 2", "-ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP. "),
    ] {
        assert_eq!(bench.run(line), answer, "{line}");
    }
}

#[test]
fn times_are_told_by_subcommand() {
    let mut bench = Bench::new();
    bench.run("CONFIG RESETSTAT");
    bench.run("DEBUG SLEEP 0.25");
    bench.run("CONFIG GET port");
    bench.run("CONFIG GET");
    bench.run("CONFIG NOSUCH");
    bench.run("GET k");
    bench.run("GET k");
    assert_eq!(
        bench.run("LATENCY HISTOGRAM nosuch debug config"),
        "*6 $5 debug *4 $5 calls :1 $14 histogram_usec *2 :270532 :1 \
         $10 config|get *4 $5 calls :1 $14 histogram_usec *2 :1 :1 \
         $16 config|resetstat *4 $5 calls :1 $14 histogram_usec *2 :1 :1 "
    );
    let info = bench.run("INFO latencystats");
    assert!(info.contains(" latency_percentiles_usec_get:p50=0.000,p99=0.000,p99.9=0.000 "), "{info}");
    let info = bench.run("INFO commandstats");
    assert!(info.contains(" cmdstat_config|get:calls=1,usec=0,usec_per_call=0.00,rejected_calls=1,"), "{info}");
    assert!(!info.contains("cmdstat_config:"), "{info}");
    bench.run("CONFIG SET latency-tracking no");
    assert_eq!(bench.run("INFO latencystats"), "$16 # Latencystats  ");
}
