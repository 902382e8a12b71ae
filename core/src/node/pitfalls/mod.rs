//! Which well-known mistakes of replication does this engine not make?
//!
//! One test for each, named after what would go wrong: `identity` is about the names of histories and who may go on with
//! which, `resync` about data sets, backlogs and files on the way to going on. Each is a mistake that some release of a real
//! server made, or that its documentation warns of. The nodes are real; what lies between them is a [`Fleet`].

mod circles;
mod fleet;
mod identity;
mod resync;

use alloc::string::String;

use crate::replication::Position;

use super::bench::Bench;

use fleet::Fleet;

/// What a node answers to `PSYNC`: the first line.
fn ask(bench: &mut Bench, position: Position) -> String {
    let conn = bench.connect();
    bench.run_on(conn, "REPLCONF capa eof capa psync2");
    let answer = bench.run_on(conn, &alloc::format!("PSYNC {} {}", position.history, position.offset + 1));
    bench.hang_up(conn);
    answer.split(' ').next().unwrap_or_default().into()
}

/// What a node that stands at a position asks for.
fn request_of(position: Position) -> String {
    alloc::format!("{} {}", position.history, position.offset + 1)
}
