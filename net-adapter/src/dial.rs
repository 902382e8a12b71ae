//! How is a master dialled?

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use afterimage_core::port::{DialFailure, Peer};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::timeout;

use crate::connection::descriptor;

/// An upper bound for a dial. The node has its own, shorter or longer, and calls a dial off when that has passed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Resolves `host` and tries its addresses in the resolver's order until one answers. The connection starts from the
/// address `source` if that is possible, as `bind-source-addr` asks.
pub(crate) async fn dial(host: &str, port: u16, source: Option<IpAddr>) -> Result<(TcpStream, Peer), DialFailure> {
    timeout(PATIENCE, try_all(host, port, source)).await.unwrap_or(Err(DialFailure::Unreachable))
}

async fn try_all(host: &str, port: u16, source: Option<IpAddr>) -> Result<(TcpStream, Peer), DialFailure> {
    let addresses = lookup_host((host, port)).await.map_err(|_| DialFailure::UnknownHost)?;
    let mut failure = DialFailure::UnknownHost;
    for address in addresses {
        match connect(address, source).await {
            Ok(established) => return Ok(established),
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => failure = DialFailure::Refused,
            Err(_) => failure = DialFailure::Unreachable,
        }
    }
    Err(failure)
}

async fn connect(remote: SocketAddr, source: Option<IpAddr>) -> io::Result<(TcpStream, Peer)> {
    let socket = if remote.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(source) = source {
        // As in Redis an address that this host does not have is no reason not to dial.
        let _ = socket.bind(SocketAddr::new(source, 0));
    }
    let stream = socket.connect(remote).await?;
    stream.set_nodelay(true)?;
    let peer = Peer { remote: stream.peer_addr()?, local: stream.local_addr()?, descriptor: descriptor(&stream) };
    Ok((stream, peer))
}
