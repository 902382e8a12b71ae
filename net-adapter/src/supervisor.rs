//! How does a service manager learn that the server is ready (`supervised`)?

use std::env;
use std::io;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use afterimage_core::config::Supervised;

/// Names the socket on which systemd wants to be told.
const SOCKET_VARIABLE: &str = "NOTIFY_SOCKET";

/// Tells the service manager, once, that clients are served. What comes back is worth a line in the log.
#[expect(
    clippy::disallowed_methods,
    reason = "systemd tells its socket by the environment: it is no input of the node"
)]
pub(crate) fn tell_ready(supervised: Supervised) -> Option<String> {
    let socket = env::var(SOCKET_VARIABLE).ok();
    match (supervised, socket) {
        (Supervised::No, _) | (Supervised::Auto, None) => None,
        (Supervised::Upstart, _) => {
            Some("supervised upstart is not supported: use 'expect none', or systemd".to_owned())
        }
        (Supervised::Systemd, None) => {
            Some("systemd supervision requested or auto-detected, but NOTIFY_SOCKET is not set".to_owned())
        }
        (Supervised::Systemd | Supervised::Auto, Some(socket)) => {
            match notify(&socket, b"STATUS=Ready to accept connections\nREADY=1\n") {
                Ok(()) => None,
                Err(error) => Some(format!("Can't send to systemd socket '{socket}': {error}")),
            }
        }
    }
}

fn notify(socket: &str, text: &[u8]) -> io::Result<()> {
    UnixDatagram::unbound()?.send_to_addr(text, &address(socket)?).map(|_| ())
}

/// A name that begins with `@` is one of no file.
fn address(socket: &str) -> io::Result<SocketAddr> {
    #[cfg(target_os = "linux")]
    if let Some(name) = socket.strip_prefix('@') {
        use std::os::linux::net::SocketAddrExt;
        return SocketAddr::from_abstract_name(name);
    }
    SocketAddr::from_pathname(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_manager_is_told_over_its_socket_of_either_kind() {
        let path = env::temp_dir().join(format!("afterimage-notify-{}", std::process::id()));
        let of_file = path.display().to_string();
        let of_no_file = format!("@afterimage-notify-{}", std::process::id());
        for name in [of_file, of_no_file] {
            let socket = UnixDatagram::bind_addr(&address(&name).unwrap()).unwrap();
            notify(&name, b"READY=1\n").unwrap();
            let mut text = [0; 16];
            let count = socket.recv(&mut text).unwrap();
            assert_eq!(&text[..count], b"READY=1\n");
        }
        std::fs::remove_file(path).unwrap();
    }
}
