//! Real servers whose every word is written down, and what they can be told to do.

use std::collections::BTreeMap;
use std::fs;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use afterimage_sim::captured::{Capture, Happening, Party};
use afterimage_sim::host_name;
use afterimage_tests::{Client, Door, Options, PATIENCE, Recorder, Release, Reply, Server, encode, wait_until};

/// Who follows whom, speaks to whom, and what was said so far.
pub(super) struct Stage {
    recorder: Recorder,
    servers: Vec<Option<Server>>,
    options: Vec<Options>,
    doors: BTreeMap<(Party, u16), Door>,
    clients: BTreeMap<(u16, u16), Client>,
    backlog_bytes: u64,
}

impl Stage {
    /// Servers that follow nobody; `None` if there are none of that release here, and they may be missing.
    pub(super) fn set(release: Release, hosts: u16, directives: &[(&str, &str)]) -> Option<Stage> {
        let mut options = Vec::new();
        let mut backlog_bytes = 1 << 20;
        for _ in 0..hosts {
            // A master says nothing by itself; one that is asked to end saves its data.
            let mut option =
                Options::real(release)?.with("repl-ping-replica-period", "3600").with("save", "3600 1000000");
            if release == Release::Redis8 {
                // A data set by a connection of its own is not followed.
                option = option.with("repl-rdb-channel", "no");
            }
            for (directive, value) in directives {
                option = option.with(directive, value);
                if *directive == "repl-backlog-size" {
                    backlog_bytes = value.parse().expect("a size in bytes");
                }
            }
            options.push(option);
        }
        let recorder = Recorder::begin();
        let servers = (0..hosts).map(|_| None).collect();
        let mut stage =
            Stage { recorder, servers, options, doors: BTreeMap::new(), clients: BTreeMap::new(), backlog_bytes };
        (0..hosts).for_each(|host| stage.start(host, None));
        Some(stage)
    }

    fn hosts(&self) -> u16 {
        u16::try_from(self.servers.len()).expect("they are few")
    }

    pub(super) fn server(&self, host: u16) -> &Server {
        self.servers[usize::from(host)].as_ref().expect("it is up")
    }

    fn door(&mut self, from: Party, to: u16) -> &Door {
        let port = self.servers[usize::from(to)].as_ref().map_or(0, Server::port);
        let recorder = &self.recorder;
        self.doors.entry((from, to)).or_insert_with(|| recorder.open(from, to, port))
    }

    /// A server starts on what it has left on its disk, and follows another or nobody.
    pub(super) fn start(&mut self, host: u16, master: Option<u16>) {
        let mut options = self.options[usize::from(host)].clone();
        if let Some(master) = master {
            let port = self.door(Party::Host(host), master).port();
            options = options.with("replicaof", &format!("127.0.0.1 {port}"));
        }
        let snapshot = fs::read(options.rdb()).ok();
        self.recorder.note(Happening::Starts { host, snapshot });
        let server = options.start();
        for (_, door) in self.doors.iter().filter(|((_, to), _)| *to == host) {
            door.turn_to(server.port());
        }
        self.servers[usize::from(host)] = Some(server);
    }

    /// A server is asked to end, and saves its data.
    pub(super) fn stop(&mut self, host: u16) {
        self.clients.retain(|(_, to), _| *to != host);
        let server = self.servers[usize::from(host)].take().expect("it is up");
        server.terminate();
        self.recorder.note(Happening::Ends { host });
    }

    /// The line by which one server follows another.
    pub(super) fn line(&mut self, from: u16, to: u16) -> &Door {
        self.door(Party::Host(from), to)
    }

    /// What a client is answered.
    pub(super) fn ask(&mut self, client: u16, host: u16, words: &[&str]) -> Reply {
        let port = self.door(Party::Client(client), host).port();
        let talk = self.clients.entry((client, host));
        talk.or_insert_with(|| Client::try_connect(port).expect("the door is open")).call(words)
    }

    /// The first client says something, word by word.
    pub(super) fn say(&mut self, host: u16, line: &str) -> Reply {
        let words: Vec<&str> = line.split(' ').collect();
        let reply = self.ask(0, host, &words);
        assert!(!matches!(reply, Reply::Error(_)), "{line}: {reply:?}");
        reply
    }

    pub(super) fn say_all(&mut self, host: u16, lines: &[&str]) {
        for line in lines {
            self.say(host, line);
        }
    }

    pub(super) fn follow(&mut self, host: u16, master: u16) {
        let port = self.door(Party::Host(host), master).port().to_string();
        let reply = self.ask(0, host, &["REPLICAOF", "127.0.0.1", &port]);
        assert!(reply.text().starts_with("OK"), "{reply:?}");
    }

    /// A server is told to follow nobody, and tells what it is then.
    pub(super) fn promote(&mut self, host: u16) {
        self.say(host, "REPLICAOF NO ONE");
        self.say(host, "INFO replication");
    }

    /// Two servers tell whichever of them is the other's master by which line it reaches them, as if they listened there. A master dials its successor where that says that it listens.
    pub(super) fn acquaint(&mut self, one: u16, other: u16) {
        for (host, master) in [(one, other), (other, one)] {
            let port = self.line(master, host).port();
            self.say(host, &format!("CONFIG SET replica-announce-port {port}"));
        }
    }

    /// A master is told to hand over to its replica; it may try that in the way that is told behind.
    pub(super) fn hand_over(&mut self, host: u16, successor: u16, how: &str) {
        let port = self.line(host, successor).port();
        // A replica that had all of a data set is online once it has said so, within a second.
        let online = format!("port={port},state=online");
        wait_until("the successor to be online", || {
            self.server(host).info("replication").values().any(|replica| replica.contains(&online))
        });
        self.say(host, format!("FAILOVER TO 127.0.0.1 {port} {how}").trim_end());
    }

    /// Waits until a server follows another and is in step, without a record of the questions.
    pub(super) fn wait_for_link(&self, host: u16) {
        wait_until("a link to be up", || self.server(host).is_linked());
    }

    /// Waits until a master has given up to hand over.
    pub(super) fn wait_for_refusal(&self, host: u16) {
        wait_until("the failover to be given up", || {
            let info = self.server(host).info("replication");
            info["master_failover_state"] == "no-failover" && info["role"] == "master"
        });
    }

    /// A client writes to a server from now on, as fast as that answers.
    pub(super) fn writes(&mut self, client: u16, host: u16) -> Writer {
        let port = self.door(Party::Client(client), host).port();
        let mut talk = Client::try_connect(port).expect("the door is open");
        let (answered, rounds) = mpsc::channel();
        let thread = thread::spawn(move || {
            for number in 0.. {
                if !write_round(&mut talk, number) || answered.send(()).is_err() {
                    break;
                }
            }
        });
        Writer { thread, rounds }
    }

    /// Waits until a client's writes have reached so many replicas, as WAIT tells.
    pub(super) fn wait(&mut self, client: u16, host: u16, replicas: i64) {
        self.ask(client, host, &["INFO", "replication"]);
        let told = self.ask(client, host, &["WAIT", &replicas.to_string(), "0"]).integer();
        assert_eq!(told, replicas);
    }

    /// Waits until each server that is up stands where its master does, and has them all tell of themselves. `masters` has the master of each.
    pub(super) fn rest(&mut self, masters: &[Option<u16>]) {
        let is_level = |host: u16, master: u16| {
            let (replica, master) = (self.server(host), self.server(master));
            replica.is_linked() && replica.history() == master.history() && replica.offset() == master.offset()
        };
        // Whoever has a new master may still leave it to those behind him to get a new name.
        let all_are =
            || (0..self.hosts()).zip(masters).all(|(host, master)| master.is_none_or(|master| is_level(host, master)));
        // While one is looked at, another may get a new name; a second look sees that.
        wait_until("all to stand where their masters do", || all_are() && all_are());
        for host in (0..self.hosts()).filter(|host| self.servers[usize::from(*host)].is_some()).collect::<Vec<_>>() {
            self.say_all(host, &["INFO replication", "DEBUG DIGEST", "INFO replication"]);
        }
        self.recorder.note(Happening::Rests);
    }

    /// What was written down.
    pub(super) fn capture(&mut self, session: &str) -> Capture {
        let version = self.server(0).info("server");
        let server = match version.get("valkey_version") {
            Some(valkey) => format!("valkey {valkey}"),
            None => format!("redis {}", version["redis_version"]),
        };
        let (session, backlog_bytes) = (session.to_owned(), self.backlog_bytes);
        Capture { server, session, hosts: self.hosts(), backlog_bytes, records: self.recorder.records() }
    }
}

/// Somebody who writes all the time, until that is refused.
#[derive(Debug)]
pub(super) struct Writer {
    thread: JoinHandle<()>,
    /// A word for each round of writes that was answered.
    rounds: mpsc::Receiver<()>,
}

impl Writer {
    /// Waits until a few more writes were answered.
    pub(super) fn goes_on(&self) {
        const MORE: usize = 5;
        let _before = self.rounds.try_iter().count();
        for _ in 0..MORE {
            self.rounds.recv_timeout(PATIENCE).expect("a client's writes are answered");
        }
    }

    /// Waits until the server refuses its writes.
    pub(super) fn stops_refused(self) {
        wait_until("a client's writes to be refused", || self.thread.is_finished());
        self.thread.join().expect("a writer does not panic");
    }
}

/// One write alone and a block, in one piece. True if all was carried out.
fn write_round(talk: &mut Client, number: usize) -> bool {
    let lines =
        [format!("SET k{} {number}", number % 16), "MULTI".into(), "INCR n".into(), "SADD m a b".into(), "EXEC".into()];
    let bytes: Vec<u8> = lines.iter().flat_map(|line| encode(&line.split(' ').collect::<Vec<_>>())).collect();
    talk.try_send(&bytes).is_ok()
        && lines
            .map(|_| talk.try_read())
            .iter()
            .all(|reply| matches!(reply, Ok(reply) if !matches!(reply, Reply::Error(_))))
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let up = (0..self.hosts()).filter(|host| self.servers[usize::from(*host)].is_some()).map(host_name);
        f.debug_list().entries(up).finish()
    }
}
