//! Does a replica acknowledge only what it has applied?
//!
//! What is read and waits, for the rest of a command, for EXEC or for the end of a pause, is lost with the next crash or promotion. WAIT, the gate for writes and a failover
//! rely on the offset that is told.

use afterimage_core::replication::Position;

use super::{Breach, Property};

/// Judges what a replica that stands at a position has told its master.
///
/// # Errors
///
/// Tells by how much it told too much.
pub(crate) fn judge_ack(told: u64, position: Position) -> Result<(), Breach> {
    if told <= position.offset {
        return Ok(());
    }
    let Position { history, offset } = position;
    Err(Breach::new(
        Property::AcksHold,
        format!(
            "it has told its master that it has {told} bytes of history {history:?}, and has applied {offset}: {} bytes are only read",
            told - offset
        ),
    ))
}

#[cfg(test)]
mod tests {
    use afterimage_core::replication::ReplicationId;

    use super::*;

    #[test]
    fn whoever_tells_more_than_he_has_is_found() {
        let position = Position { history: ReplicationId::new([b'a'; 40]), offset: 100 };
        assert_eq!(judge_ack(100, position), Ok(()));
        assert_eq!(judge_ack(0, position), Ok(()));
        let breach = judge_ack(101, position).expect_err("a byte too many");
        assert_eq!(breach.property, Property::AcksHold);
    }
}
