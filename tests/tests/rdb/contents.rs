//! What does a server hold that a digest does not tell?
//!
//! Encodings, what groups of consumers know, libraries, and scores whatever their digits.

use std::collections::BTreeMap;

use afterimage_tests::{Client, Reply, Server};

use super::shapes::{AWKWARD, DATABASE, Shape};

/// A client in the database of the shapes.
pub(super) fn client(server: &Server) -> Client {
    let mut client = server.client();
    assert!(client.line(&format!("select {DATABASE}")).is_ok());
    client
}

/// Both tell the same, line by line; if not, only what differs is shown.
#[track_caller]
pub(super) fn assert_same(what: &str, left: &[String], right: &[String]) {
    let pairs: Vec<_> = left.iter().zip(right).filter(|(left, right)| left != right).collect();
    assert!(pairs.is_empty() && left.len() == right.len(), "{what}: {pairs:#?}");
}

/// The encoding of each key.
pub(super) fn encodings<'a>(server: &Server, shapes: impl Iterator<Item = &'a Shape>) -> Vec<String> {
    let mut client = client(server);
    shapes.map(|shape| format!("{}: {}", shape.key, client.call(&["object", "encoding", shape.key]).text())).collect()
}

/// The encodings that the table states.
pub(super) fn expected_encodings<'a>(shapes: impl Iterator<Item = &'a Shape>) -> Vec<String> {
    shapes.map(|shape| format!("{}: {}", shape.key, shape.encoding)).collect()
}

/// The scores of the awkward keys, by the numbers that their digits name.
pub(super) fn awkward_scores(server: &Server) -> Vec<String> {
    let mut client = client(server);
    let replies =
        AWKWARD.iter().flat_map(|shape| client.call(&["zrange", shape.key, "0", "-1", "withscores"]).elements());
    let texts: Vec<Vec<u8>> = replies.map(bytes).collect();
    let pairs = texts.chunks(2).map(|pair| {
        let score: f64 = String::from_utf8_lossy(&pair[1]).parse().expect("a score");
        format!("{}: {score:e}", pair[0].escape_ascii())
    });
    pairs.collect()
}

/// The digest of everything but the awkward keys, which are removed for it.
pub(super) fn digest_without_awkward(server: &Server) -> String {
    let mut client = client(server);
    for shape in AWKWARD {
        client.call(&["del", shape.key]);
    }
    server.digest()
}

/// What groups know: of each where it is, whom it has, and what is pending for whom; not how long ago that was.
pub(super) fn groups<'a>(server: &Server, shapes: impl Iterator<Item = &'a Shape>) -> Vec<String> {
    let mut client = client(server);
    let mut lines = Vec::new();
    for shape in shapes.filter(|shape| shape.encoding == "stream") {
        for group in client.call(&["xinfo", "groups", shape.key]).elements() {
            let fields = fields(group);
            let name = text(&fields["name"]);
            let last = text(&fields["last-delivered-id"]);
            lines.push(format!("{} {name}: at {last}, {:?} pending", shape.key, fields["pending"]));
            for consumer in client.call(&["xinfo", "consumers", shape.key, &name]).elements() {
                let consumer = self::fields(consumer);
                lines.push(format!("  {}: {:?}", text(&consumer["name"]), consumer["pending"]));
            }
            for pending in client.call(&["xpending", shape.key, &name, "-", "+", "1000"]).elements() {
                let parts = pending.elements();
                lines.push(format!("  {} of {}, {:?} times", text(&parts[0]), text(&parts[1]), parts[3]));
            }
        }
    }
    lines
}

/// What a Redis 7.0 tells of its streams beside: where each began, what was deleted, how far groups have read.
pub(super) fn stream_counters<'a>(server: &Server, shapes: impl Iterator<Item = &'a Shape>) -> Vec<String> {
    const COUNTERS: [&str; 6] =
        ["length", "entries-added", "max-deleted-entry-id", "recorded-first-entry-id", "last-generated-id", "groups"];
    let mut client = client(server);
    let mut lines = Vec::new();
    for shape in shapes.filter(|shape| shape.encoding == "stream") {
        let fields = fields(client.call(&["xinfo", "stream", shape.key]));
        lines.push(format!("{}: {:?}", shape.key, COUNTERS.map(|name| fields[name].clone())));
        for group in client.call(&["xinfo", "groups", shape.key]).elements() {
            let group = self::fields(group);
            lines.push(format!("  {}: read {:?}, lag {:?}", text(&group["name"]), group["entries-read"], group["lag"]));
        }
    }
    lines
}

/// The libraries with their code.
pub(super) fn libraries(server: &Server) -> Vec<String> {
    let libraries = server.client().line("function list withcode").elements();
    libraries.into_iter().map(|library| text(&fields(library)["library_code"])).collect()
}

fn fields(reply: Reply) -> BTreeMap<String, Reply> {
    let elements = reply.elements();
    elements.chunks(2).map(|pair| (pair[0].text(), pair[1].clone())).collect()
}

fn text(reply: &Reply) -> String {
    reply.text()
}

fn bytes(reply: Reply) -> Vec<u8> {
    match reply {
        Reply::Bulk(bytes) => bytes,
        other => panic!("no bytes: {other:?}"),
    }
}
