//! Replicas that follow one another in a circle, with real servers among them: ours names it.

use afterimage_tests::{Release, Server, wait_until};

use super::Kind;

/// What comes of a link on which nothing comes is seen soon.
const SOON: &str = "2";
/// No link is given up for its silence while a test runs.
const NEVER: &str = "3600";

/// Each follows the one before it, and the first the last.
fn close_circle(kinds: &[Kind], timeout: &str) -> Option<Vec<Server>> {
    let start = |kind: &Kind| Some(kind.options()?.with("repl-timeout", timeout).start());
    let servers: Vec<Server> = kinds.iter().map(start).collect::<Option<_>>()?;
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
    let Some(servers) = close_circle(&[Kind::Ours, Kind::Real(Release::Redis7)], SOON) else { return };
    wait_until("ours to find out", || is_told(&servers[0]));
    assert!(servers[0].line("replicaof no one").is_ok());
    wait_until("the other to follow", || servers[1].is_linked());
    servers[1].wait_until_equal_to(&servers[0]);
}

#[test]
fn two_of_ours_and_a_redis_in_a_circle_are_named_by_who_follows_one_of_ours() {
    let Some(servers) = close_circle(&[Kind::Ours, Kind::Ours, Kind::Real(Release::Redis7)], SOON) else { return };
    // The second follows the first, which knows whom the Redis follows: the second.
    wait_until("the second of ours to find out", || is_told(&servers[1]));
}

#[test]
fn two_and_three_of_ours_in_a_circle_whose_links_are_up_are_named_by_each_and_recover_by_these_links() {
    for count in [2, 3] {
        let servers = close_circle(&vec![Kind::Ours; count], NEVER).expect("ours are there");
        for server in &servers {
            wait_until("each to find out", || is_told(server));
            assert!(!server.is_linked(), "a link that carries nothing is not up");
        }
        assert!(servers[1].line("replicaof no one").is_ok());
        servers[1].line("set after circle");
        for server in servers.iter().filter(|server| server.port() != servers[1].port()) {
            server.wait_until_equal_to(&servers[1]);
            assert_eq!(server.info("replication").get("master_link_error"), None);
        }
        let full: Vec<String> = servers.iter().filter_map(|server| server.info("stats").remove("sync_full")).collect();
        assert!(
            full.iter().filter(|count| *count == "1").count() == count - 1,
            "all came back by what they had: {full:?}"
        );
    }
}

#[test]
fn a_redis_is_not_told_what_it_does_not_know_and_takes_no_harm() {
    let Some(redis) = Kind::Real(Release::Redis7).options().map(|options| options.start()) else { return };
    let [relay, last] = [Kind::Ours; 2].map(|kind| kind.options().expect("ours are there").start());
    relay.follow(redis.port());
    wait_until("the relay's link", || relay.is_linked());
    last.follow(relay.port());
    wait_until("the last one's link", || last.is_linked());
    // The relay hears nothing for longer than it takes to become curious.
    wait_until("silence", || number(&relay, "master_last_io_seconds_ago") >= 4);
    assert!(relay.is_linked() && last.is_linked());
    let errors = redis.info("errorstats").remove("errorstat_ERR");
    // VERSION, in the dialogue.
    assert_eq!(errors.as_deref(), Some("count=1"));
    assert_eq!(number(&redis, "connected_slaves"), 1);
}

fn number(server: &Server, field: &str) -> i64 {
    server.info("replication").get(field).and_then(|value| value.parse().ok()).unwrap_or(-1)
}
