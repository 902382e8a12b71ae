//! How does a test talk to a server?

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use crate::reply::Reply;

/// A server that does not answer for so long has hung.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// One connection. What it panics about is what a test would have to panic about anyway.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Client {
    /// Connects to a port of this machine.
    ///
    /// # Errors
    /// If nobody listens there.
    pub fn try_connect(port: u16) -> io::Result<Client> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        Client::over(stream)
    }

    /// Takes over a connection that was accepted.
    ///
    /// # Errors
    /// If it is closed already.
    pub fn over(stream: TcpStream) -> io::Result<Client> {
        stream.set_read_timeout(Some(READ_TIMEOUT))?;
        stream.set_write_timeout(Some(READ_TIMEOUT))?;
        Ok(Client { stream, unread: Vec::new() })
    }

    /// Sends a command and reads its reply.
    #[track_caller]
    pub fn call<A: AsRef<[u8]>>(&mut self, arguments: &[A]) -> Reply {
        self.send(&encode(arguments));
        self.read()
    }

    /// Sends a command of words without spaces and reads its reply: `client.line("set key value")`.
    #[track_caller]
    pub fn line(&mut self, line: &str) -> Reply {
        self.call(&line.split_whitespace().collect::<Vec<_>>())
    }

    /// Sends bytes as they are.
    #[track_caller]
    pub fn send(&mut self, bytes: &[u8]) {
        self.try_send(bytes).expect("the server takes the request");
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// If the connection is closed, or full for too long.
    pub fn try_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Reads one reply.
    #[track_caller]
    pub fn read(&mut self) -> Reply {
        self.try_read().expect("the server answers")
    }

    /// Reads one reply.
    ///
    /// # Errors
    /// If the connection is closed, or silent for too long.
    pub fn try_read(&mut self) -> io::Result<Reply> {
        self.try_read_raw().map(|(reply, _)| reply)
    }

    /// Reads one reply: what it says, and its bytes.
    ///
    /// # Errors
    /// If the connection is closed, or silent for too long.
    pub fn try_read_raw(&mut self) -> io::Result<(Reply, Vec<u8>)> {
        loop {
            if let Some((reply, length)) = Reply::read(&self.unread) {
                let rest = self.unread.split_off(length);
                return Ok((reply, std::mem::replace(&mut self.unread, rest)));
            }
            self.fill()?;
        }
    }

    /// Reads as many bytes as asked for.
    ///
    /// # Errors
    /// If the connection is closed, or silent for too long.
    pub fn try_read_exact(&mut self, count: usize) -> io::Result<Vec<u8>> {
        while self.unread.len() < count {
            self.fill()?;
        }
        let rest = self.unread.split_off(count);
        Ok(std::mem::replace(&mut self.unread, rest))
    }

    /// Sends commands in one write and reads their replies.
    #[track_caller]
    pub fn pipeline(&mut self, commands: &[Vec<Vec<u8>>]) -> Vec<Reply> {
        let bytes: Vec<u8> = commands.iter().flat_map(|command| encode(command)).collect();
        self.send(&bytes);
        commands.iter().map(|_| self.read()).collect()
    }

    /// Whether the server closes the connection, whatever it says before.
    pub fn is_closed_by_server(&mut self) -> bool {
        loop {
            match self.fill() {
                Ok(()) => self.unread.clear(),
                Err(error) => return error.kind() != io::ErrorKind::WouldBlock,
            }
        }
    }

    /// The connection itself.
    #[must_use]
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    fn fill(&mut self) -> io::Result<()> {
        let mut chunk = [0; 64 * 1024];
        match self.stream.read(&mut chunk)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                self.unread.extend_from_slice(&chunk[..count]);
                Ok(())
            }
        }
    }
}

/// A request as clients send it.
#[must_use]
pub fn encode<A: AsRef<[u8]>>(arguments: &[A]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", arguments.len()).into_bytes();
    for argument in arguments {
        let argument = argument.as_ref();
        bytes.extend_from_slice(format!("${}\r\n", argument.len()).as_bytes());
        bytes.extend_from_slice(argument);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}
