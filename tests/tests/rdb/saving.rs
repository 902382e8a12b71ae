//! When does our server leave a file, and is it whole?

use afterimage_tests::{Options, Server, Workload};

use super::damage::assert_passes_redis_check_rdb;
use super::shapes;

/// Every shape, and what a few thousand commands leave: expiries, several databases, all types.
fn fill(server: &Server) {
    shapes::fill(server, None);
    server.client().pipeline(&Workload::lasting(1).take(3_000));
    assert!(server.info("keyspace").len() > 2, "several databases have keys");
}

#[test]
fn our_file_passes_redis_check_rdb_and_loads_in_ours() {
    let server = Options::ours().start();
    fill(&server);
    let digest = server.digest();
    assert!(server.line("save").is_ok());
    let ours = server.options().clone();
    drop(server);
    assert_passes_redis_check_rdb(&ours.rdb());
    assert_eq!(ours.start().digest(), digest);
}

#[test]
fn sigterm_saves_when_save_points_are_set() {
    let ours = Options::ours().with("save", "3600 1");
    let server = ours.clone().start();
    fill(&server);
    let digest = server.digest();
    assert!(server.terminate().success());
    assert_passes_redis_check_rdb(&ours.rdb());
    assert_eq!(ours.start().digest(), digest);
}

#[test]
fn sigterm_leaves_no_file_when_none_are() {
    let ours = Options::ours();
    let server = ours.clone().start();
    fill(&server);
    assert!(server.terminate().success());
    assert!(!ours.rdb().exists());
}
