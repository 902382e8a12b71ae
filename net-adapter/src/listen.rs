//! Where does a node listen, and with which socket options?

use std::fmt;
use std::fs;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpStream};

/// Why a node cannot listen.
#[derive(Debug)]
pub(crate) struct ListenError {
    /// As in `bind`, or the path of a Unix socket.
    host: String,
    /// None of a Unix socket.
    port: Option<u16>,
    cause: io::Error,
}

impl ListenError {
    pub(crate) fn unix(path: &str, cause: io::Error) -> ListenError {
        ListenError { host: path.to_owned(), port: None, cause }
    }

    /// True if another socket is in the way.
    pub(crate) fn is_address_in_use(&self) -> bool {
        self.cause.kind() == ErrorKind::AddrInUse
    }
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ListenError { host, port, cause } = self;
        let Some(port) = port else {
            return write!(f, "Failed opening Unix socket {host}: {cause}. Check 'unixsocket' and 'unixsocketperm'.");
        };
        write!(f, "Could not create server TCP listening socket {host}:{port}: {cause}. ")?;
        match cause.kind() {
            ErrorKind::AddrInUse => {
                write!(f, "Another process listens there: stop it, or choose another port with --port.")
            }
            ErrorKind::AddrNotAvailable => {
                write!(
                    f,
                    "This host has no such address: correct 'bind', or put '-' before an address that may be missing."
                )
            }
            ErrorKind::PermissionDenied => {
                write!(f, "Ports below 1024 are reserved: choose another port with --port.")
            }
            _ => write!(f, "Check 'bind' and 'port'."),
        }
    }
}

/// Opens a listening socket for each address of `bind`, with Redis's rules: an address after a `-` may be one that this
/// host does not have, and a protocol that this host does not speak is passed over. Port 0 opens nothing. That all are passed over is a
/// failure if `needs_one`. Differs: Redis listens nowhere then.
pub(crate) fn listen(
    bind: &[String],
    port: u16,
    backlog: i32,
    needs_one: bool,
) -> Result<Vec<(String, TcpListener)>, ListenError> {
    let mut listeners = Vec::new();
    if port == 0 {
        return Ok(listeners);
    }
    let mut passed_over = None;
    for entry in bind {
        let (host, is_optional) = entry.strip_prefix('-').map_or((entry.as_str(), false), |host| (host, true));
        match address(host, port).and_then(|address| open(address, backlog)) {
            Ok(listener) => listeners.push((entry.clone(), listener)),
            Err(cause) => {
                let is_tolerated = is_unsupported(&cause) || is_optional && cause.kind() == ErrorKind::AddrNotAvailable;
                let error = ListenError { host: host.to_owned(), port: Some(port), cause };
                if !is_tolerated {
                    return Err(error);
                }
                passed_over = Some(error);
            }
        }
    }
    match passed_over {
        Some(error) if listeners.is_empty() && needs_one => Err(error),
        _ => Ok(listeners),
    }
}

/// The address at which a client in this process's host reaches a node with this `bind`.
pub(crate) fn local_host(bind: &[String]) -> String {
    let hosts = || bind.iter().map(|entry| entry.strip_prefix('-').unwrap_or(entry));
    match hosts().find(|host| matches!(*host, "*" | "0.0.0.0" | "127.0.0.1" | "localhost")) {
        Some(_) => "127.0.0.1".into(),
        None => {
            hosts().next().map_or("127.0.0.1", |host| if matches!(host, "::*" | "::") { "::1" } else { host }).into()
        }
    }
}

/// What to warn of if the kernel will not honour the backlog.
pub(crate) fn backlog_warning(backlog: i32) -> Option<String> {
    let max: i32 = fs::read_to_string("/proc/sys/net/core/somaxconn").ok()?.trim().parse().ok()?;
    (max < backlog).then(|| {
        format!(
            "WARNING: The TCP backlog setting of {backlog} cannot be enforced because /proc/sys/net/core/somaxconn \
             is set to the lower value of {max}."
        )
    })
}

/// Sets the options of an accepted connection. `keepalive` of zero leaves dead peers to the timeouts of the node.
pub(crate) fn prepare_accepted(stream: &TcpStream, keepalive: Duration) -> io::Result<()> {
    stream.set_nodelay(true)?;
    if keepalive.is_zero() {
        return Ok(());
    }
    // As Redis: three probes, so that a dead peer is known after twice the time.
    const PROBES: u32 = 3;
    let interval = (keepalive / PROBES).max(Duration::from_secs(1));
    let options = TcpKeepalive::new().with_time(keepalive).with_interval(interval).with_retries(PROBES);
    SockRef::from(stream).set_tcp_keepalive(&options)
}

fn address(host: &str, port: u16) -> io::Result<SocketAddr> {
    let ip: IpAddr = match host {
        "*" => Ipv4Addr::UNSPECIFIED.into(),
        "::*" => Ipv6Addr::UNSPECIFIED.into(),
        _ => {
            let mut found = (host, port).to_socket_addrs()?;
            return found.next().ok_or_else(|| io::Error::new(ErrorKind::NotFound, "the name has no address"));
        }
    };
    Ok(SocketAddr::new(ip, port))
}

fn open(address: SocketAddr, backlog: i32) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        // `*` and `::*` stand side by side.
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(backlog)?;
    TcpListener::from_std(socket.into())
}

/// True for the errors with which a kernel says that it lacks a protocol.
fn is_unsupported(error: &io::Error) -> bool {
    /// ENOPROTOOPT, EPROTONOSUPPORT, ESOCKTNOSUPPORT, EPFNOSUPPORT and EAFNOSUPPORT of Linux.
    const ERRNOS: [i32; 5] = [92, 93, 94, 96, 97];
    error.raw_os_error().is_some_and(|errno| ERRNOS.contains(&errno))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bind(entries: &[&str]) -> Vec<String> {
        entries.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_replica_in_the_same_host_dials_an_address_that_its_master_listens_on() {
        for (entries, expected) in [
            (&["*", "-::*"][..], "127.0.0.1"),
            (&["127.0.0.1", "-::1"], "127.0.0.1"),
            (&["10.1.2.3"], "10.1.2.3"),
            (&["10.1.2.3", "127.0.0.1"], "127.0.0.1"),
            (&["-::*"], "::1"),
            (&[], "127.0.0.1"),
        ] {
            assert_eq!(local_host(&bind(entries)), expected, "{entries:?}");
        }
    }

    #[test]
    fn an_error_names_address_cause_and_cure() {
        let cause = io::Error::from(ErrorKind::AddrInUse);
        let text = ListenError { host: "*".into(), port: Some(6379), cause }.to_string();
        for part in ["*:6379", "in use", "--port"] {
            assert!(text.contains(part), "{part:?} is missing in {text:?}");
        }
    }
}
