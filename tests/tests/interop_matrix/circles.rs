//! Replicas that follow one another in a circle, with real servers among them: ours names it.

use afterimage_tests::{Release, Server, wait_until};

use super::Kind;

/// What comes of a link on which nothing comes is seen soon.
fn start(kind: Kind) -> Option<Server> {
    Some(kind.options()?.with("repl-timeout", "2").start())
}

/// Each follows the one before it, and the first the last.
fn close_circle(kinds: &[Kind]) -> Option<Vec<Server>> {
    let servers: Vec<Server> = kinds.iter().map(|kind| start(*kind)).collect::<Option<_>>()?;
    for pair in servers.windows(2) {
        pair[1].follow(pair[0].port());
        wait_until("the link to be up", || pair[1].is_linked());
    }
    servers[0].follow(servers[servers.len() - 1].port());
    Some(servers)
}

fn is_told(server: &Server) -> bool {
    let error = server.info("replication").remove("master_link_error").unwrap_or_default();
    error.starts_with("Cycle of replicas without a master") && error.contains("which follows this node")
}

#[test]
fn ours_and_a_redis_that_follow_each_other_are_named_by_ours() {
    let Some(servers) = close_circle(&[Kind::Ours, Kind::Real(Release::Redis7)]) else { return };
    wait_until("ours to find out", || is_told(&servers[0]));
    assert!(servers[0].line("replicaof no one").is_ok());
    wait_until("the other to follow", || servers[1].is_linked());
    servers[1].wait_until_equal_to(&servers[0]);
}

#[test]
fn two_of_ours_and_a_redis_in_a_circle_are_named_by_who_follows_one_of_ours() {
    let Some(servers) = close_circle(&[Kind::Ours, Kind::Ours, Kind::Real(Release::Redis7)]) else { return };
    // The second follows the first, which knows whom the Redis follows: the second.
    wait_until("the second of ours to find out", || is_told(&servers[1]));
}
