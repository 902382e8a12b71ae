//! How is everything written down that servers and their clients say to each other?
//!
//! Each of them reaches each server by a door of its own, so that it is known who has dialled. A byte is written down before it is passed on; so whoever has acted upon a byte has done so behind it.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, mpsc};
use std::thread;
use std::time::Instant;

use afterimage_sim::captured::{Happening, Party, Record, Speaker};

/// The longest piece that is written down at once.
const PIECE_BYTES_MAX: usize = 4096;

/// Writes down what happens. Clones write into one book.
#[derive(Clone, Debug)]
pub struct Recorder {
    shared: Arc<Mutex<Book>>,
}

#[derive(Debug)]
struct Book {
    began: Instant,
    records: Vec<Record>,
    conns: u32,
    /// Those that stand.
    open: BTreeSet<u32>,
}

/// A way by which one party reaches one server. It ends with the process that runs the tests.
#[derive(Debug)]
pub struct Door {
    port: u16,
    gate: Arc<Gate>,
}

/// What a door and those that pass through it share.
#[derive(Debug)]
struct Gate {
    line: Mutex<Line>,
    let_go: Condvar,
}

#[derive(Debug)]
struct Line {
    target: u16,
    is_open: bool,
    /// How many more bytes may come from the server before its connections are cut.
    budget: Option<usize>,
    /// What comes from the server stays under way.
    is_held: bool,
    /// The ends at the server.
    connections: Vec<TcpStream>,
}

/// Nobody panics while he holds a lock.
fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().expect("nobody panics while he holds the lock")
}

impl Recorder {
    /// An empty book.
    #[must_use]
    pub fn begin() -> Recorder {
        let book = Book { began: Instant::now(), records: Vec::new(), conns: 0, open: BTreeSet::new() };
        Recorder { shared: Arc::new(Mutex::new(book)) }
    }

    /// Writes down that something has happened.
    pub fn note(&self, what: Happening) {
        lock(&self.shared).note(what);
    }

    /// All that was written down.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        lock(&self.shared).records.clone()
    }

    /// A way for `from` to the server `to`, which listens on `target`.
    ///
    /// # Panics
    /// If no port is free.
    #[must_use]
    pub fn open(&self, from: Party, to: u16, target: u16) -> Door {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let port = listener.local_addr().expect("a listener has an address").port();
        let line = Line { target, is_open: true, budget: None, is_held: false, connections: Vec::new() };
        let gate = Arc::new(Gate { line: Mutex::new(line), let_go: Condvar::new() });
        let (book, relayed) = (Arc::clone(&self.shared), Arc::clone(&gate));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                relay(&book, &relayed, stream, from, to);
            }
        });
        Door { port, gate }
    }
}

impl Book {
    fn note(&mut self, what: Happening) {
        let at_us = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.records.push(Record { at_us, what });
    }

    fn dials(&mut self, from: Party, to: u16) -> u32 {
        self.conns += 1;
        let conn = self.conns;
        self.open.insert(conn);
        self.note(Happening::Dials { conn, from, to });
        conn
    }

    /// Behind the end of a connection nothing is said any more.
    fn says(&mut self, conn: u32, speaker: Speaker, bytes: &[u8]) {
        if self.open.contains(&conn) && !bytes.is_empty() {
            self.note(Happening::Says { conn, speaker, bytes: bytes.to_vec() });
        }
    }

    fn hangs(&mut self, conn: u32) {
        if self.open.remove(&conn) {
            self.note(Happening::Hangs { conn });
        }
    }
}

impl Door {
    /// Where it is.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The server listens elsewhere now.
    pub fn turn_to(&self, target: u16) {
        lock(&self.gate.line).target = target;
    }

    /// What has been dialled through it ends, and nobody passes any more. What was read from the server is delivered before.
    pub fn shut(&self) {
        let mut line = lock(&self.gate.line);
        line.is_open = false;
        line.cut();
    }

    /// One can pass again.
    pub fn reopen(&self) {
        lock(&self.gate.line).is_open = true;
    }

    /// Once this many more bytes have come from the server, most likely within a command, what has been dialled through it ends. One can dial again at once.
    pub fn cut_after(&self, bytes: usize) {
        lock(&self.gate.line).budget = Some(bytes);
    }

    /// Whether the cut that was asked for has not happened yet.
    #[must_use]
    pub fn is_about_to_cut(&self) -> bool {
        lock(&self.gate.line).budget.is_some()
    }

    /// What comes from the server is written down, as ever, and stays under way.
    pub fn hold(&self) {
        lock(&self.gate.line).is_held = true;
    }

    /// What is under way arrives, if somebody is still there, and all goes on.
    pub fn let_go(&self) {
        lock(&self.gate.line).is_held = false;
        self.gate.let_go.notify_all();
    }
}

impl Gate {
    /// Whoever has a piece waits here until it may arrive.
    fn wait_while_held(&self) {
        let held = self.let_go.wait_while(lock(&self.line), |line| line.is_held);
        drop(held.expect("nobody panics while he holds the lock"));
    }
}

impl Line {
    /// No more is read from the server. Whoever dialled gets what was read, and then the end.
    fn cut(&mut self) {
        self.budget = None;
        for connection in self.connections.drain(..) {
            // It may be closed already.
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    /// How many of `count` bytes may pass; if these are the last, the line is cut.
    fn pass(&mut self, count: usize) -> (usize, bool) {
        let Some(budget) = &mut self.budget else { return (count, false) };
        let passed = count.min(*budget);
        *budget -= passed;
        let is_over = *budget == 0;
        if is_over {
            self.cut();
        }
        (passed, is_over)
    }
}

fn relay(book: &Arc<Mutex<Book>>, gate: &Arc<Gate>, dialler: TcpStream, from: Party, to: u16) {
    let mut line = lock(&gate.line);
    if !line.is_open {
        return;
    }
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, line.target)) else { return };
    for stream in [&dialler, &server] {
        // Pieces are to stay apart.
        let _ = stream.set_nodelay(true);
    }
    let handles = [&dialler, &server, &server].map(TcpStream::try_clone);
    let [Ok(dialler_in), Ok(server_out), Ok(kept)] = handles else { return };
    line.connections.push(kept);
    drop(line);
    let conn = lock(book).dials(from, to);
    let asking = Arc::clone(book);
    thread::spawn(move || pump(&asking, conn, Speaker::Dialler, dialler_in, server_out, None));
    let (answering, gate) = (Arc::clone(book), Arc::clone(gate));
    thread::spawn(move || pump(&answering, conn, Speaker::Acceptor, server, dialler, Some(gate)));
}

/// Copies until an end closes, or the gate says that it is enough.
fn pump(book: &Mutex<Book>, conn: u32, speaker: Speaker, mut from: TcpStream, to: TcpStream, gate: Option<Arc<Gate>>) {
    let (departs, under_way) = mpsc::channel();
    let holder = gate.clone();
    thread::spawn(move || deliver(&under_way, to, holder.as_deref()));
    let mut piece = [0; PIECE_BYTES_MAX];
    while let Ok(count @ 1..) = from.read(&mut piece) {
        let (passed, is_over) = gate.as_ref().map_or((count, false), |gate| lock(&gate.line).pass(count));
        lock(book).says(conn, speaker, &piece[..passed]);
        if departs.send(piece[..passed].to_vec()).is_err() || is_over {
            break;
        }
    }
    lock(book).hangs(conn);
    // Whoever is at the other end reads what is under way, and then the end.
    drop(departs);
    let _ = from.shutdown(Shutdown::Read);
}

/// Brings pieces to the other end, and then the end.
fn deliver(under_way: &mpsc::Receiver<Vec<u8>>, mut to: TcpStream, gate: Option<&Gate>) {
    for piece in under_way {
        if let Some(gate) = gate {
            gate.wait_while_held();
        }
        if to.write_all(&piece).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
