//! How is the line between two servers cut?

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

/// A TCP relay in front of a server. It ends with the process that runs the tests.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    line: Arc<Mutex<Line>>,
}

#[derive(Debug)]
struct Line {
    target: u16,
    is_open: bool,
    /// How many more bytes may flow from the server before every connection is cut.
    budget_bytes: Option<usize>,
    /// No new ones are taken after that cut.
    holds_after_cut: bool,
    connections: Vec<TcpStream>,
}

impl Line {
    fn cut(&mut self) {
        if self.budget_bytes.take().is_some() && std::mem::take(&mut self.holds_after_cut) {
            self.is_open = false;
        }
        for connection in self.connections.drain(..) {
            // The other side may have closed it first.
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    /// How many of `count` bytes may pass, and whether the line is to be cut behind them.
    fn pass(&mut self, count: usize) -> (usize, bool) {
        let Some(budget) = &mut self.budget_bytes else { return (count, false) };
        let passed = count.min(*budget);
        *budget -= passed;
        (passed, *budget == 0)
    }
}

impl Proxy {
    /// Relays to `target`, a port of this machine.
    ///
    /// # Panics
    /// If no port is free.
    #[must_use]
    pub fn to(target: u16) -> Proxy {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let port = listener.local_addr().expect("a listener has an address").port();
        let line = Line { target, is_open: true, budget_bytes: None, holds_after_cut: false, connections: Vec::new() };
        let line = Arc::new(Mutex::new(line));
        let shared = Arc::clone(&line);
        thread::spawn(move || listener.incoming().flatten().for_each(|stream| relay(&shared, stream)));
        Proxy { port, line }
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Cuts every connection at once; new ones are relayed.
    pub fn cut(&self) {
        lock(&self.line).cut();
    }

    /// Cuts every connection once this many more bytes have come from the server: most likely within a command.
    pub fn cut_after(&self, bytes: usize) {
        lock(&self.line).budget_bytes = Some(bytes);
    }

    /// As [`Proxy::cut_after`], but new connections are refused from then on.
    pub fn hold_after(&self, bytes: usize) {
        let mut line = lock(&self.line);
        line.budget_bytes = Some(bytes);
        line.holds_after_cut = true;
    }

    /// New connections lead to another server.
    pub fn turn_to(&self, target: u16) {
        lock(&self.line).target = target;
    }

    /// Whether the cut that was asked for has not happened yet.
    #[must_use]
    pub fn is_about_to_cut(&self) -> bool {
        lock(&self.line).budget_bytes.is_some()
    }

    /// Cuts every connection and refuses new ones.
    pub fn hold(&self) {
        let mut line = lock(&self.line);
        line.is_open = false;
        line.cut();
    }

    /// Takes new connections again.
    pub fn release(&self) {
        lock(&self.line).is_open = true;
    }
}

fn lock(line: &Mutex<Line>) -> MutexGuard<'_, Line> {
    line.lock().expect("no relay panics while it holds the lock")
}

fn relay(line: &Arc<Mutex<Line>>, from_client: TcpStream) {
    let mut held = lock(line);
    if !held.is_open {
        return;
    }
    let Ok(to_server) = TcpStream::connect((Ipv4Addr::LOCALHOST, held.target)) else { return };
    let handles = [&from_client, &from_client, &to_server, &to_server].map(TcpStream::try_clone);
    let [Ok(client_in), Ok(client_out), Ok(server_in), Ok(server_out)] = handles else { return };
    held.connections.extend([from_client, to_server]);
    drop(held);
    thread::spawn(move || pump(client_in, server_out, |count| (count, false)));
    let line = Arc::clone(line);
    thread::spawn(move || {
        pump(server_in, client_out, |count| lock(&line).pass(count));
        if lock(&line).budget_bytes == Some(0) {
            lock(&line).cut();
        }
    });
}

/// Copies until an end closes or `pass` says that it is enough; then closes both.
fn pump(mut from: TcpStream, mut to: TcpStream, pass: impl Fn(usize) -> (usize, bool)) {
    let mut chunk = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut chunk) {
        let (passed, is_enough) = pass(count);
        if to.write_all(&chunk[..passed]).is_err() || is_enough {
            break;
        }
    }
    // Either side may be closed already.
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
