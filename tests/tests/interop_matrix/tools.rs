//! Do the clients of every release take from ours what they take from a Redis: its snapshot, its functions, its stream?

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use afterimage_tests::{Options, Release, Reply, Server, Workload};

use super::for_each_release;
use crate::interop::write_out;

/// A library of functions, as code.
const LIBRARY: &str = "#!lua name=library\nredis.register_function('answer', function() return 42 end)";

/// Ours with data of all types and with functions.
fn start_filled() -> Server {
    let ours = Options::ours().start();
    write_out(&ours, Workload::lasting(100), 1_000);
    assert_eq!(ours.client().call(&["function", "load", LIBRARY]).text(), "library");
    ours
}

/// The code of its only library. Ours keeps it without running it, and knows of no function in it.
fn library(server: &Server) -> Option<Reply> {
    let mut libraries = server.line("function list withcode").elements();
    assert_eq!(libraries.len(), 1);
    libraries.remove(0).elements().pop()
}

fn cli_to(cli: &Path, server: &Server) -> Command {
    let mut command = Command::new(cli);
    command.args(["-p", &server.port().to_string()]);
    command
}

/// A real server over what the client has taken with `option`.
fn load_what_is_taken(cli: &Path, ours: &Server, option: &str) -> Option<Server> {
    let options = Options::real(Release::Redis7)?;
    let output = cli_to(cli, ours).arg(option).arg(options.rdb()).output().expect("the client runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("Transfer finished with success"), "{said}");
    Some(options.start())
}

fn takes_a_snapshot(release: Release) {
    let Some(cli) = release.find_cli() else { return };
    let ours = start_filled();
    let Some(real) = load_what_is_taken(&cli, &ours, "--rdb") else { return };
    assert_eq!(real.digest(), ours.digest(), "{}", real.difference_from(&ours));
    assert_eq!(library(&real), library(&ours));
}

fn takes_the_functions(release: Release) {
    let Some(cli) = release.find_cli() else { return };
    let ours = start_filled();
    let Some(real) = load_what_is_taken(&cli, &ours, "--functions-rdb") else { return };
    assert_eq!(real.info("keyspace"), [].into(), "functions, and nothing else");
    assert_eq!(library(&real), library(&ours));
}

/// It shows what is written from then on, a command in a line. When it has the snapshot it says so, and takes the first command, a SELECT, for
/// the answer.
fn shows_the_stream(release: Release) {
    const WRITTEN: [&str; 5] = ["select 3", "set first 1", "lpush second a b", "select 2", "incr third"];
    const SHOWN: [&str; 4] =
        [r#""set","first","1""#, r#""lpush","second","a","b""#, r#""SELECT","2""#, r#""incr","third""#];
    let Some(cli) = release.find_cli() else { return };
    let ours = start_filled();
    let mut command = cli_to(&cli, &ours);
    command.arg("--replica").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut showing = command.spawn().expect("the client runs");
    // What it says goes on to be taken: it would end if nobody did.
    let mut said = BufReader::new(showing.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
    let mut shown = BufReader::new(showing.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    assert!(said.any(|line| line.contains("Logging commands from")), "{}", ours.options().log());
    let mut client = ours.client();
    for line in WRITTEN {
        client.line(line);
    }
    let seen: Vec<String> = SHOWN.iter().map_while(|_| shown.next()).collect();
    showing.kill().and_then(|()| showing.wait()).expect("a child can be ended");
    assert_eq!(seen, SHOWN);
}

/// Only since 7.0 there are functions.
mod of_functions {
    use super::*;

    for_each_release! { since_7_0 {
        its_client_takes_our_functions: takes_the_functions;
    } }
}

for_each_release! { {
    its_client_takes_our_snapshot: takes_a_snapshot;
    its_client_shows_our_stream: shows_the_stream;
} }
