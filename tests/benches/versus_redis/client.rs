//! How does the bench itself talk to a server?

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// Filling a server with a million keys is one command.
const REPLY_TIMEOUT: Duration = Duration::from_secs(60);

/// A connection that sends one request at a time.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    /// Connects to a server of this machine.
    pub(crate) fn connect(port: u16) -> Result<Client> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(REPLY_TIMEOUT))?;
        Ok(Client { stream: BufReader::new(stream) })
    }

    /// Sends the words of `request`, none of which holds a blank, and returns the reply: a string's content, or what
    /// follows the type's sign. An error reply is an error.
    pub(crate) fn call(&mut self, request: &str) -> Result<String> {
        let line = format!("{request}\r\n");
        self.stream.get_mut().write_all(line.as_bytes())?;
        self.reply().with_context(|| format!("the answer to {request:?}"))
    }

    /// Sends requests in one write and reads their replies, none of which may be an error.
    pub(crate) fn call_all(&mut self, requests: impl Iterator<Item = String>) -> Result<()> {
        let (mut bytes, mut count) = (Vec::new(), 0);
        for request in requests {
            let words: Vec<&str> = request.split(' ').collect();
            write!(bytes, "*{}\r\n", words.len())?;
            for word in words {
                write!(bytes, "${}\r\n{word}\r\n", word.len())?;
            }
            count += 1;
        }
        self.stream.get_mut().write_all(&bytes)?;
        (0..count).try_for_each(|_| self.reply().map(drop))
    }

    /// Sends a request that is answered by an array, and returns its first text. The rest, an array of texts, is read and forgotten.
    pub(crate) fn call_for_first(&mut self, request: &str) -> Result<String> {
        self.stream.get_mut().write_all(format!("{request}\r\n").as_bytes())?;
        ensure!(self.reply_array_len()? == 2, "the answer to {request:?} is no pair");
        let first = self.reply()?;
        for _ in 0..self.reply_array_len()? {
            self.reply()?;
        }
        Ok(first)
    }

    fn reply_array_len(&mut self) -> Result<usize> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let len = line.trim_end().strip_prefix('*').with_context(|| format!("{line:?} is no array"))?;
        Ok(len.parse()?)
    }

    fn reply(&mut self) -> Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let line = line.trim_end();
        match line.split_at_checked(1) {
            Some(("+" | ":", rest)) => Ok(rest.to_owned()),
            Some(("$", len)) => {
                let mut content = vec![0; len.parse::<usize>().context("a missing string")?];
                self.stream.read_exact(&mut content)?;
                self.stream.read_exact(&mut [0; 2])?;
                Ok(String::from_utf8_lossy(&content).into_owned())
            }
            Some(("-", error)) => bail!("{error}"),
            _ => bail!("{line:?} is no reply that the bench asked for"),
        }
    }

    /// The value of a field of INFO.
    pub(crate) fn info(&mut self, section: &str, field: &str) -> Result<String> {
        let text = self.call(&format!("INFO {section}"))?;
        let mut fields = text.lines().filter_map(|line| line.split_once(':'));
        let found = fields.find(|(name, _)| *name == field);
        found.map(|(_, value)| value.to_owned()).with_context(|| format!("INFO {section} has no {field}"))
    }

    /// How many keys there are.
    pub(crate) fn key_count(&mut self) -> Result<u64> {
        Ok(self.call("DBSIZE")?.parse()?)
    }
}
