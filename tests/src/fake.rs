//! How does a test play the other end of a replication link?

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use crate::client::{Client, encode};
use crate::reply::Reply;
use crate::wait::wait_for;

/// A command of the stream, with the database that it is about.
pub type Streamed = (u64, Vec<Vec<u8>>);

/// A replica that keeps what it is sent.
#[derive(Debug)]
pub struct FakeReplica {
    client: Client,
    /// The snapshot.
    pub rdb: Vec<u8>,
    /// The replication id of its master.
    pub history: String,
    database: u64,
}

impl FakeReplica {
    /// Connects to a master and takes its snapshot, framed by a length (it does not say `capa eof`).
    ///
    /// # Panics
    /// If the master does something else.
    #[must_use]
    #[track_caller]
    pub fn attach(port: u16) -> FakeReplica {
        let mut client = Client::try_connect(port).expect("the master accepts connections");
        assert!(client.line("replconf capa psync2").is_ok());
        client.send(&encode(&["psync", "?", "-1"]));
        let answer = read_line(&mut client).expect("an answer to PSYNC");
        let words: Vec<&str> = answer.split_whitespace().collect();
        assert!(matches!(words[..], ["+FULLRESYNC", _, _]), "{answer:?}");
        let history = words[1].to_owned();
        let header = read_line(&mut client).expect("a snapshot");
        let length: usize = header[1..].parse().unwrap_or_else(|_| panic!("no length: {header:?}"));
        let rdb = client.try_read_exact(length).expect("the whole snapshot");
        FakeReplica { client, rdb, history, database: 0 }
    }

    /// Reads the stream up to and without the command that sets the key `marker`. Its PINGs and SELECTs are taken out.
    ///
    /// # Panics
    /// If the stream ends before.
    #[track_caller]
    pub fn read_to_marker(&mut self, marker: &str) -> Vec<Streamed> {
        let mut commands = Vec::new();
        loop {
            let command = self.next_command();
            match command[0].to_ascii_lowercase().as_slice() {
                b"ping" | b"replconf" => {}
                b"select" => {
                    let word = String::from_utf8_lossy(&command[1]);
                    self.database = word.parse().expect("SELECT has a number");
                }
                b"set" if command[1] == marker.as_bytes() => return commands,
                _ => commands.push((self.database, command)),
            }
        }
    }

    /// Reads the stream up to and without the command that sets the key `marker`, as it is but for the PINGs.
    ///
    /// # Panics
    /// If the stream ends before.
    #[track_caller]
    pub fn read_raw_to_marker(&mut self, marker: &str) -> Vec<Vec<Vec<u8>>> {
        let mut commands = Vec::new();
        loop {
            let command = self.next_command();
            match command[0].as_slice() {
                b"ping" => {}
                b"set" if command[1] == marker.as_bytes() => return commands,
                _ => commands.push(command),
            }
        }
    }

    /// The connection, for a replica that behaves badly.
    pub fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    #[track_caller]
    fn next_command(&mut self) -> Vec<Vec<u8>> {
        let words = self.client.read().elements();
        let bytes = words.into_iter().map(|word| match word {
            Reply::Bulk(bytes) => bytes,
            other => panic!("the stream has {other:?} in a command"),
        });
        bytes.collect()
    }
}

/// A line that is not empty: a master sends empty ones to show that it is alive.
fn read_line(client: &mut Client) -> io::Result<String> {
    let mut line = String::new();
    loop {
        match client.try_read_exact(1)?[0] {
            b'\n' if line.is_empty() => {}
            b'\n' => return Ok(line),
            b'\r' => {}
            byte => line.push(char::from(byte)),
        }
    }
}

/// A master that shakes hands as it should; what comes then is up to the test.
#[derive(Debug)]
pub struct FakeMaster {
    listener: TcpListener,
}

impl FakeMaster {
    /// Listens on a free port.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn listen() -> FakeMaster {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        listener.set_nonblocking(true).expect("a listener can be polled");
        FakeMaster { listener }
    }

    /// Where it listens.
    ///
    /// # Panics
    /// Never: a listener has an address.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.listener.local_addr().expect("a listener has an address").port()
    }

    /// Waits for a replica and answers it up to its PSYNC.
    ///
    /// # Panics
    /// If the replica does not ask as replicas do.
    #[must_use]
    #[track_caller]
    pub fn accept(&self) -> Client {
        loop {
            let stream = self.accept_stream();
            // A replica that dialled for an earlier case may have hung up since.
            if let Ok(client) = shake_hands(stream) {
                return client;
            }
        }
    }

    /// Waits for a replica and says nothing.
    ///
    /// # Panics
    /// If none comes.
    #[must_use]
    #[track_caller]
    pub fn accept_stream(&self) -> TcpStream {
        let (stream, _) = wait_for("a replica to connect", || self.listener.accept().ok());
        stream.set_nonblocking(false).expect("a connection can block");
        stream
    }
}

fn shake_hands(stream: TcpStream) -> io::Result<Client> {
    let mut client = Client::over(stream)?;
    loop {
        let request = client.try_read()?.elements();
        match request[0].text().to_ascii_lowercase().as_str() {
            "ping" => client.try_send(b"+PONG\r\n")?,
            "replconf" => client.try_send(b"+OK\r\n")?,
            "info" => client.try_send(b"-NOPERM no\r\n")?,
            "psync" => return Ok(client),
            other => panic!("a replica asks for {other:?}"),
        }
    }
}
