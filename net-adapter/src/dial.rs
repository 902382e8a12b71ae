//! How is a master dialled?

use std::io::ErrorKind;
use std::time::Duration;

use afterimage_core::port::{DialFailure, Peer};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

/// An upper bound for a dial. The node has its own, shorter or longer, and calls a dial off when that has passed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Resolves `host` and tries its addresses in the resolver's order until one answers.
pub(crate) async fn dial(host: &str, port: u16) -> Result<(TcpStream, Peer), DialFailure> {
    timeout(PATIENCE, try_all(host, port)).await.unwrap_or(Err(DialFailure::Unreachable))
}

async fn try_all(host: &str, port: u16) -> Result<(TcpStream, Peer), DialFailure> {
    let addresses = lookup_host((host, port)).await.map_err(|_| DialFailure::UnknownHost)?;
    let mut failure = DialFailure::UnknownHost;
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => match (stream.set_nodelay(true), stream.peer_addr(), stream.local_addr()) {
                (Ok(()), Ok(remote), Ok(local)) => return Ok((stream, Peer { remote, local })),
                // It was closed in the same moment.
                _ => failure = DialFailure::Refused,
            },
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => failure = DialFailure::Refused,
            Err(_) => failure = DialFailure::Unreachable,
        }
    }
    Err(failure)
}
