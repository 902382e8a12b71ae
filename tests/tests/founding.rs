//! Does the session that the project was founded on run as it was written down?

use std::path::{Path, PathBuf};
use std::process::Command;

use afterimage_tests::{Options, Server, find_tool, wait_until};

/// Real redis-cli, printing as it does on a terminal.
struct Cli {
    program: PathBuf,
    port: u16,
}

impl Cli {
    fn new(program: &Path, server: &Server) -> Cli {
        Cli { program: program.to_owned(), port: server.port() }
    }

    fn run(&self, arguments: &[&str]) -> String {
        let port = self.port.to_string();
        let output = Command::new(&self.program).args(["-p", &port, "--no-raw"]).args(arguments).output();
        let output = output.expect("redis-cli can be run");
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("redis-cli escapes what is not text").trim_end().to_owned()
    }
}

const BOOK: &str = "1) \"name\"\n2) \"Infinite Jest\"\n3) \"author\"\n4) \"David Foster Wallace\"";

#[test]
fn a_book_written_on_one_node_is_read_on_its_replica_which_refuses_writes() {
    let Some(program) = find_tool("redis-cli") else { return };
    let first = Options::ours().start();
    let second = Options::ours().start();
    let (master, replica) = (Cli::new(&program, &first), Cli::new(&program, &second));

    assert_eq!(master.run(&["DBSIZE"]), "(integer) 0");
    let book = ["HMSET", "Book:1", "name", "Infinite Jest", "author", "David Foster Wallace"];
    assert_eq!(master.run(&book), "OK");
    assert_eq!(master.run(&["DBSIZE"]), "(integer) 1");
    assert_eq!(master.run(&["HGETALL", "Book:1"]), BOOK);

    assert_eq!(replica.run(&["DBSIZE"]), "(integer) 0");
    assert_eq!(replica.run(&["SLAVEOF", "localhost", &first.port().to_string()]), "OK");
    wait_until("the book to arrive", || replica.run(&["DBSIZE"]) == "(integer) 1");
    assert_eq!(replica.run(&["KEYS", "*"]), "1) \"Book:1\"");
    assert_eq!(replica.run(&["HGETALL", "Book:1"]), BOOK);
    let refusal = "(error) READONLY You can't write against a read only slave.";
    assert_eq!(replica.run(&["HSET", "Book:1", "copyrightYear", "1996"]), refusal);

    assert_eq!(master.run(&["HSET", "Book:1", "copyrightYear", "1996"]), "(integer) 1");
    wait_until("the year to arrive", || replica.run(&["HGET", "Book:1", "copyrightYear"]) == "\"1996\"");
}
