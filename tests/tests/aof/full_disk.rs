//! What becomes of a node whose disk takes no more: writes are refused, reads go on, and nothing that was acknowledged is lost?
//!
//! A limit to the size of files stands for the disk: what exceeds it is written in part, and then fails.

use std::thread;

use afterimage_tests::{Client, Options, Reply, Server, encode, wait_until};

use super::{keeping, rewrite, settle, wait_until_rewritten};

const LIMIT_KIB: u64 = 256;
/// The room that is made: more than what is written while a slow thread has not told yet that the disk takes no more.
const ROOM_KIB: u64 = 8 << 10;
const REFUSED: &str = "MISCONF Errors writing to the AOF file: ";

fn start(policy: &str) -> Server {
    let server = keeping(Options::ours()).with("appendfsync", policy).with_file_limit(LIMIT_KIB).start();
    wait_until_rewritten(&server);
    server
}

fn request(number: u64) -> [String; 3] {
    ["set".to_owned(), format!("key:{number}"), format!("{number}:{}", "v".repeat(1_000))]
}

/// Writes until it is refused; how many writes were acknowledged.
fn write_until_refused(server: &Server) -> u64 {
    let mut client = server.client();
    for number in 0.. {
        match client.call(&request(number)) {
            Reply::Simple(_) => {}
            Reply::Error(text) if text.starts_with(REFUSED) => return number,
            other => panic!("{other:?}"),
        }
        assert!(number < 100_000, "nothing is refused");
    }
    unreachable!("the loop ends")
}

fn assert_all_there(server: &Server, count: u64) {
    let mut client = server.client();
    for number in 0..count {
        assert_eq!(client.line(&format!("strlen key:{number}")).integer(), 1_001 + number.to_string().len() as i64);
    }
}

fn is_failing(server: &Server) -> bool {
    server.info("persistence")["aof_last_write_status"] == "err"
}

#[test]
fn writes_are_refused_and_reads_go_on_until_there_is_room() {
    let server = start("everysec");
    let replica = Options::ours().start();
    replica.follow(server.port());
    replica.wait_until_equal_to(&server);
    for round in 1..=3_u64 {
        let count = write_until_refused(&server);
        assert!(count > 100 || round > 1, "{count}");
        assert!(is_failing(&server));
        assert_all_there(&server, count);
        assert!(server.line("del key:0").text_of_error().starts_with(REFUSED));
        replica.wait_until_equal_to(&server);
        let digest = server.digest();

        server.limit_files_to(LIMIT_KIB + ROOM_KIB * round);
        let mut client = server.client();
        wait_until("writes to be taken again", || client.line("set key:room again").is_ok());
        assert!(!is_failing(&server));
        assert!(client.line("del key:room").integer() == 1);
        assert_eq!(server.digest(), digest);
        replica.wait_until_equal_to(&server);
    }
    server.limit_files_to(1 << 20);
    rewrite(&server);
    settle(&server);
    let digest = server.digest();
    let options = server.options().clone();
    server.kill();
    assert_eq!(options.start().digest(), digest);
}

#[test]
fn what_was_acknowledged_is_there_after_a_kill_on_a_full_disk() {
    let server = start("always");
    let (count, options) = thread::scope(|scope| {
        let mut client = server.client();
        let writing = scope.spawn(move || {
            let mut number = 0;
            while write_one_or_end(&mut client, number) {
                number += 1;
            }
            number
        });
        wait_until("the disk to be full", || is_failing(&server));
        // Its reply waits for the disk; others are refused what they would write, and read.
        let mut other = server.client();
        assert!(other.line("set other 1").text_of_error().starts_with(REFUSED));
        assert_eq!(other.line("get key:0").text().len(), 1_002);
        let options = server.options().clone();
        server.kill();
        (writing.join().expect("it writes"), options)
    });
    assert!(count > 100, "{count}");
    let server = options.start();
    assert_all_there(&server, count);
    let mut client = server.client();
    server.limit_files_to(1 << 20);
    wait_until("writes to be taken again", || client.call(&request(count)).is_ok());
}

fn write_one_or_end(client: &mut Client, number: u64) -> bool {
    client.try_send(&encode(&request(number))).is_ok() && client.try_read().is_ok_and(|reply| reply.is_ok())
}

#[test]
fn a_rewrite_that_has_no_room_fails_and_the_old_files_go_on() {
    let server = start("everysec");
    assert!(server.line("config set rdbcompression no").is_ok());
    assert!(server.line("debug populate 1000 key 1000").is_ok());
    let digest_before = server.digest();
    assert!(server.line("bgrewriteaof").text().contains("started"));
    wait_until("it to fail", || server.info("persistence")["aof_last_bgrewrite_status"] == "err");
    let mut client = server.client();
    assert!(client.line("set a 1").is_ok(), "writes go on");
    assert!(client.line("del a").integer() == 1);
    assert_eq!(server.digest(), digest_before);
    server.limit_files_to(1 << 20);
    assert!(server.line("bgrewriteaof").text().contains("started"));
    wait_until("it to be done", || server.info("persistence")["aof_last_bgrewrite_status"] == "ok");
    let options = server.options().clone();
    server.kill();
    assert_eq!(options.start().digest(), digest_before);
}
