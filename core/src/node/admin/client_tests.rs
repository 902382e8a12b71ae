use alloc::format;
use alloc::vec::Vec;
use core::time::Duration;

use super::super::super::bench::Bench;
use crate::config::Config;

#[test]
fn a_connection_is_described_by_the_fields_of_redis_in_their_order() {
    let mut bench = Bench::new();
    bench.run("CLIENT SETNAME me");
    bench.run("CLIENT SETINFO LIB-NAME lib");
    bench.run("SELECT 3");
    let line = bench.run("CLIENT LIST");
    let fields: Vec<(&str, &str)> =
        line.trim_end().split(' ').skip(1).map(|field| field.split_once('=').expect(field)).collect();
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names.join(" "),
        "id addr laddr fd name age idle flags db sub psub ssub multi qbuf qbuf-free argv-mem multi-mem rbs rbp obl oll \
         omem tot-mem events cmd user redir resp lib-name lib-ver"
    );
    for (name, value) in [
        ("id", "1"),
        ("addr", "127.0.0.1:50000"),
        ("laddr", "127.0.0.1:6379"),
        ("name", "me"),
        ("flags", "N"),
        ("db", "3"),
        ("multi", "-1"),
        ("cmd", "client|list"),
        ("user", "default"),
        ("resp", "2"),
        ("lib-name", "lib"),
    ] {
        assert!(fields.contains(&(name, value)), "{name} in {line}");
    }
}

#[test]
fn age_is_counted_from_the_beginning_and_idleness_from_the_last_request() {
    let mut bench = Bench::new();
    let idle = bench.connect();
    bench.pass(Duration::from_secs(3));
    bench.run_on(idle, "PING");
    bench.pass(Duration::from_millis(2100));
    let line = bench.run("CLIENT LIST ID 2");
    assert!(line.contains(" age=5 idle=2 "), "{line}");
}

#[test]
fn replicas_and_transactions_show_in_the_flags() {
    let mut bench = Bench::new();
    let replica = bench.connect();
    bench.run_on(replica, "REPLCONF capa eof");
    bench.run_on(replica, "PSYNC ? -1");
    let other = bench.connect();
    bench.run_on(other, "MULTI");
    bench.run_on(other, "PING");
    let list = bench.run("CLIENT LIST");
    assert!(list.contains(" flags=S ") && list.contains(" cmd=psync "), "{list}");
    assert!(list.contains(" flags=x ") && list.contains(" multi=1 "), "{list}");
    let list = bench.run("CLIENT LIST TYPE replica");
    assert_eq!(list.matches("id=").count(), 1);
    assert!(list.contains(" flags=S "));
    let list = bench.run("CLIENT LIST ID 1 3 99");
    assert_eq!(list.matches("id=").count(), 2);
}

#[test]
fn errors_have_the_words_of_redis_and_the_connection_goes_on() {
    let mut bench = Bench::new();
    for (line, answer) in [
        ("CLIENT FOO", "-ERR unknown subcommand 'FOO'. Try CLIENT HELP. "),
        ("CLIENT REPLY x", "-ERR syntax error "),
        ("CLIENT KILL 1.2.3.4:5", "-ERR No such client "),
        ("CLIENT KILL ID 0", "-ERR client-id should be greater than 0 "),
        ("CLIENT KILL ID x", "-ERR client-id should be greater than 0 "),
        ("CLIENT KILL ID 99", ":0 "),
        ("CLIENT KILL TYPE x", "-ERR Unknown client type 'x' "),
        ("CLIENT KILL USER x", "-ERR No such user 'x' "),
        ("CLIENT KILL SKIPME x", "-ERR syntax error "),
        ("CLIENT KILL ID 3 ADDR", "-ERR syntax error "),
        ("CLIENT LIST TYPE x", "-ERR Unknown client type 'x' "),
        ("CLIENT LIST ID x", "-ERR Invalid client ID "),
        ("CLIENT LIST ID 99", "$0  "),
        ("CLIENT LIST ID", "-ERR syntax error "),
        ("CLIENT NO-EVICT x", "-ERR syntax error "),
        ("CLIENT NO-EVICT ON", "+OK "),
        ("CLIENT GETREDIR", ":-1 "),
        ("CLIENT GETNAME", "$-1 "),
        ("CLIENT ID", ":1 "),
        ("CLIENT SETINFO FOO x", "-ERR Unrecognized option 'FOO' "),
        ("CLIENT SETINFO LIB-VER \"1 2\"", "-ERR lib-ver cannot contain spaces, newlines or special characters. "),
        ("PING", "+PONG "),
    ] {
        assert_eq!(bench.run(line), answer, "{line}");
    }
}

#[test]
fn a_killed_connection_closes_and_its_killer_reads_the_reply_first() {
    let mut bench = Bench::new();
    let (other, third) = (bench.connect(), bench.connect());
    assert_eq!(bench.run("CLIENT KILL 127.0.0.1:50001"), "+OK ");
    assert_eq!(bench.closed, [other]);
    assert_eq!(bench.run("CLIENT KILL ID 3 LADDR 127.0.0.1:6379"), ":1 ");
    assert_eq!(bench.closed, [other, third]);
    assert_eq!(bench.run("CLIENT KILL ID 1"), ":0 ", "the caller is skipped");
    assert_eq!(bench.run("CLIENT KILL TYPE normal SKIPME no"), ":1 ");
    assert_eq!(bench.closed, [other, third, bench.client]);
}

#[test]
fn killing_the_master_link_makes_the_replica_dial_again() {
    let mut bench = Bench::with(Config::default());
    bench.run("REPLICAOF 127.0.0.1 7000");
    let link = bench.answer_dial(true);
    assert_eq!(bench.run("CLIENT KILL TYPE master"), ":0 ", "it does not stand yet");
    for answer in ["+PONG", "+OK", "+OK", "+OK"] {
        bench.send(link, format!("{answer}\r\n").as_bytes());
    }
    let id = "0123456789012345678901234567890123456789";
    bench.send(link, format!("+CONTINUE {id}\r\n").as_bytes());
    let list = bench.run("CLIENT LIST TYPE master");
    assert!(list.contains(" flags=M ") && list.contains(" user=(superuser) "), "{list}");
    assert_eq!(bench.run("CLIENT KILL USER default"), ":0 ", "our master is no user");
    assert_eq!(bench.run("CLIENT KILL TYPE master"), ":1 ");
    assert_eq!(bench.closed, [link]);
    bench.pass(core::time::Duration::from_secs(1));
    assert_eq!(bench.dialled.len(), 1);
}

#[test]
fn client_reply_switches_replies_off_on_and_skips_one() {
    let mut bench = Bench::new();
    assert_eq!(bench.run("CLIENT REPLY SKIP"), "");
    assert_eq!(bench.run("PING"), "");
    assert_eq!(bench.run("PING"), "+PONG ");
    assert_eq!(bench.run("CLIENT REPLY SKIP"), "");
    assert_eq!(bench.run("NOSUCH"), "", "an error is a reply, too");
    assert_eq!(bench.run("PING"), "+PONG ");
    assert_eq!(bench.run("CLIENT REPLY SKIP"), "");
    assert_eq!(bench.run("CLIENT ID"), "");
    assert_eq!(bench.run("CLIENT ID"), ":1 ");
    assert_eq!(bench.run("CLIENT REPLY OFF"), "");
    assert_eq!(bench.run("PING"), "");
    assert_eq!(bench.run("SET key value"), "");
    assert_eq!(bench.run("CLIENT REPLY ON"), "+OK ");
    assert_eq!(bench.run("GET key"), "$5 value ");
}
