//! Do payloads of DUMP mean the same here and elsewhere?

use afterimage_tests::{Options, Release, Reply, Server};

use super::contents::{assert_same, awkward_scores, client, digest_without_awkward, groups};
use super::shapes::{AWKWARD, OTHER_DATABASE, fill, shapes_of};

/// Every key of one server is restored in the other.
fn carry(from: &Server, to: &Server, release: Release) {
    let (mut from, mut to) = (client(from), client(to));
    for shape in shapes_of(Some(release)).chain(AWKWARD) {
        let Reply::Bulk(payload) = from.call(&["dump", shape.key]) else { panic!("{} is there", shape.key) };
        let reply = to.call(&[b"restore", shape.key.as_bytes(), b"0", &payload]);
        assert!(reply.is_ok(), "{}: {reply:?} {}", shape.key, payload.escape_ascii());
    }
}

fn assert_equal(release: Release, left: &Server, right: &Server) {
    let all = || shapes_of(Some(release)).chain(AWKWARD);
    for server in [left, right] {
        let mut client = client(server);
        // Expiries do not travel in payloads.
        for shape in all().filter(|shape| shape.key.starts_with("expires")) {
            client.call(&["persist", shape.key]);
        }
        // Neither do other databases.
        assert!(client.line(&format!("select {OTHER_DATABASE}")).is_ok());
        assert!(client.line("flushdb").is_ok());
    }
    assert_same("scores", &awkward_scores(left), &awkward_scores(right));
    if release >= Release::Redis50 {
        assert_same("groups", &groups(left, all()), &groups(right, all()));
    }
    assert_eq!(digest_without_awkward(left), digest_without_awkward(right), "{release:?}");
}

fn ours_restores_from(release: Release) {
    let Some(real) = Options::real(release) else { return };
    let (real, ours) = (real.start(), Options::ours().start());
    fill(&real, Some(release));
    carry(&real, &ours, release);
    assert_equal(release, &ours, &real);
}

fn ours_is_restored_in(release: Release) {
    let Some(real) = Options::real(release) else { return };
    let (real, ours) = (real.start(), Options::ours().start());
    fill(&ours, None);
    carry(&ours, &real, release);
    assert_equal(release, &real, &ours);
}

#[test]
fn payloads_of_every_release_are_restored_in_ours() {
    use Release::*;
    for release in [Redis30, Redis32, Redis50, Redis62, Redis7, Redis8, Valkey8, Valkey9] {
        ours_restores_from(release);
    }
}

#[test]
fn our_payloads_are_restored_in_every_release_that_reads_version_10() {
    for release in [Release::Redis7, Release::Redis8, Release::Valkey8, Release::Valkey9] {
        ours_is_restored_in(release);
    }
}
