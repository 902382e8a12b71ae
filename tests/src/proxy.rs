//! How is the line between two servers cut?

use std::io::{Read, Write};
use std::mem;
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;

/// A TCP relay in front of a server. It ends with the process that runs the tests.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    line: Mutex<Line>,
    /// The door was opened.
    opened: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Line> {
        self.line.lock().expect("no relay panics while it holds the lock")
    }
}

/// What becomes of new connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    Open,
    /// They are closed at once.
    Closed,
    /// They wait until it is opened.
    Shut,
}

#[derive(Debug)]
struct Line {
    target: u16,
    door: Door,
    /// How many more bytes may flow from the server before every connection is cut, and how the door is then.
    budget: Option<(usize, Door)>,
    connections: Vec<TcpStream>,
}

impl Line {
    fn cut(&mut self) {
        self.budget = None;
        close(self.connections.drain(..));
    }

    /// How many of `count` bytes may pass, and the connections that are to be cut behind them if that is enough. They are forgotten, and
    /// the door is as it was asked for, at once: who is cut off may be back before all of them are closed.
    fn pass(&mut self, count: usize) -> (usize, Option<Vec<TcpStream>>) {
        let Some((budget_bytes, door)) = &mut self.budget else { return (count, None) };
        let passed = count.min(*budget_bytes);
        *budget_bytes -= passed;
        if *budget_bytes > 0 {
            return (passed, None);
        }
        self.door = *door;
        self.budget = None;
        (passed, Some(mem::take(&mut self.connections)))
    }
}

fn close(connections: impl IntoIterator<Item = TcpStream>) {
    for connection in connections {
        // Its other side may have closed it first.
        let _ = connection.shutdown(Shutdown::Both);
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
        let line = Line { target, door: Door::Open, budget: None, connections: Vec::new() };
        let shared = Arc::new(Shared { line: Mutex::new(line), opened: Condvar::new() });
        let relaying = Arc::clone(&shared);
        thread::spawn(move || listener.incoming().flatten().for_each(|stream| relay(&relaying, stream)));
        Proxy { port, shared }
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Cuts every connection at once; new ones are relayed.
    pub fn cut(&self) {
        self.shared.lock().cut();
    }

    /// Cuts every connection once this many more bytes have come from the server: most likely within a command.
    pub fn cut_after(&self, bytes: usize) {
        self.shared.lock().budget = Some((bytes, Door::Open));
    }

    /// As [`Proxy::cut_after`], but new connections wait from then on for [`Proxy::release`].
    pub fn shut_after(&self, bytes: usize) {
        self.shared.lock().budget = Some((bytes, Door::Shut));
    }

    /// Whether the cut that was asked for has not happened yet.
    #[must_use]
    pub fn is_about_to_cut(&self) -> bool {
        self.shared.lock().budget.is_some()
    }

    /// Cuts every connection and refuses new ones.
    pub fn hold(&self) {
        let mut line = self.shared.lock();
        line.door = Door::Closed;
        line.cut();
    }

    /// New connections wait from now on for [`Proxy::release`]; those that are there stay.
    pub fn shut(&self) {
        self.shared.lock().door = Door::Shut;
    }

    /// Takes new connections again.
    pub fn release(&self) {
        self.shared.lock().door = Door::Open;
        self.shared.opened.notify_all();
    }

    /// New connections lead to another server.
    pub fn turn_to(&self, target: u16) {
        self.shared.lock().target = target;
    }
}

fn relay(shared: &Arc<Shared>, from_client: TcpStream) {
    let line = shared.lock();
    let opened = shared.opened.wait_while(line, |line| line.door == Door::Shut);
    let mut held = opened.expect("no relay panics while it holds the lock");
    if held.door == Door::Closed {
        return;
    }
    let Ok(to_server) = TcpStream::connect((Ipv4Addr::LOCALHOST, held.target)) else { return };
    let handles = [&from_client, &from_client, &to_server, &to_server].map(TcpStream::try_clone);
    let [Ok(client_in), Ok(client_out), Ok(server_in), Ok(server_out)] = handles else { return };
    held.connections.extend([from_client, to_server]);
    drop(held);
    thread::spawn(move || pump(client_in, server_out, |count| (count, None)));
    let shared = Arc::clone(shared);
    thread::spawn(move || pump(server_in, client_out, |count| shared.lock().pass(count)));
}

/// Copies until an end closes or `pass` says that it is enough, and what is to be closed beside the two.
fn pump(mut from: TcpStream, mut to: TcpStream, pass: impl Fn(usize) -> (usize, Option<Vec<TcpStream>>)) {
    let mut chunk = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut chunk) {
        let (passed, cut_off) = pass(count);
        let is_written = to.write_all(&chunk[..passed]).is_ok();
        let is_enough = cut_off.is_some();
        close(cut_off.into_iter().flatten());
        if !is_written || is_enough {
            break;
        }
    }
    close([from, to]);
}
