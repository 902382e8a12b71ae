//! What does a step lead to?
//!
//! Hosts are looked up by name: what one does next is worked out once for each of its states and inputs, and so is what the checks say to it. A step of
//! the world is then a few look-ups and a change of connections.

use std::collections::VecDeque;
use std::sync::Arc;

use afterimage_core::port::ConnId;

use super::index::{Index, Name, name_of};
use super::local::{Input, Left, Local, Out, Turn};
use super::oracle::Oracle;
use super::pieces::piece_len;
use super::state::{Act, Fin, Link, NOTHING, Pipe, State};
use super::terms::{HOSTS, Terms};
use crate::check::{Breach, Property};
use crate::journal::{Line, Topic, gist, host_name};

/// Inputs that may follow from one step, at all hosts.
const INPUTS_MAX: usize = 1000;

/// What was worked out so far.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) hosts: Index<Arc<Local>>,
    pub(super) turns: Index<Arc<Turn>>,
    pub(super) bytes: Index<Arc<[u8]>>,
    pub(super) oracles: Index<Arc<Oracle>>,
    pub(super) looks: Index<Result<Name, Arc<Breach>>>,
    /// Quiet states from which the world comes to rest.
    pub(super) restful: Index<()>,
}

impl std::fmt::Debug for Local {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Local").field("name", &self.name()).finish_non_exhaustive()
    }
}

impl Tables {
    /// Takes over what somebody else has worked out.
    pub(super) fn merge(&mut self, other: Tables) {
        let Tables { hosts, turns, bytes, oracles, looks, restful } = other;
        self.hosts.extend(hosts);
        self.turns.extend(turns);
        self.bytes.extend(bytes);
        self.oracles.extend(oracles);
        self.looks.extend(looks);
        self.restful.extend(restful);
    }
}

/// A host that has broken something, and what.
#[derive(Clone, Debug)]
pub(super) struct Broken {
    pub(super) host: Option<u8>,
    pub(super) breach: Breach,
}

/// Works out steps, from what is known to all and what it has found out itself.
pub(super) struct Engine<'a> {
    pub(super) terms: &'a Terms,
    pub(super) known: &'a Tables,
    pub(super) fresh: Tables,
    /// A journal, if one is kept.
    pub(super) journal: Option<Vec<Line>>,
}

impl<'a> Engine<'a> {
    pub(super) fn new(terms: &'a Terms, known: &'a Tables) -> Engine<'a> {
        Engine { terms, known, fresh: Tables::default(), journal: None }
    }

    pub(super) fn host(&self, state: &State, host: u8) -> &Arc<Local> {
        let name = state.hosts[usize::from(host)];
        self.known
            .hosts
            .get(name)
            .or_else(|| self.fresh.hosts.get(name))
            .expect("a state names hosts that were worked out")
    }

    pub(super) fn bytes(&self, name: Name) -> &[u8] {
        match name {
            NOTHING => &[],
            _ => self
                .known
                .bytes
                .get(name)
                .or_else(|| self.fresh.bytes.get(name))
                .expect("bytes are named when they are kept"),
        }
    }

    /// Keeps bytes under their name.
    pub(super) fn keep_bytes(&mut self, bytes: &[u8]) -> Name {
        if bytes.is_empty() {
            return NOTHING;
        }
        let name = name_of(bytes);
        if self.known.bytes.get(name).is_none() {
            self.fresh.bytes.insert(name, bytes.into());
        }
        name
    }

    fn oracle(&self, name: Name) -> &Arc<Oracle> {
        self.known
            .oracles
            .get(name)
            .or_else(|| self.fresh.oracles.get(name))
            .expect("what the checks know is named when it is kept")
    }

    pub(super) fn keep_oracle(&mut self, oracle: Oracle) -> Name {
        let name = name_of(&oracle);
        if self.known.oracles.get(name).is_none() {
            self.fresh.oracles.insert(name, Arc::new(oracle));
        }
        name
    }

    pub(super) fn keep_host(&mut self, name: Name, host: Local) {
        if self.known.hosts.get(name).is_none() {
            self.fresh.hosts.insert(name, Arc::new(host));
        }
    }

    /// What a host does with an input.
    fn turn(&mut self, host: Name, input: &Input) -> Arc<Turn> {
        let key = name_of(&(host, input));
        if let Some(turn) = self.known.turns.get(key).or_else(|| self.fresh.turns.get(key)) {
            return Arc::clone(turn);
        }
        let local = self.known.hosts.get(host).or_else(|| self.fresh.hosts.get(host));
        let local = Arc::clone(local.expect("a state names hosts that were worked out"));
        let bytes = if let Input::Received { bytes, .. } = input { self.bytes(*bytes).to_vec() } else { Vec::new() };
        let (after, turn) = local.take(input, &bytes, self.terms);
        self.keep_host(turn.to, after);
        let turn = Arc::new(turn);
        self.fresh.turns.insert(key, Arc::clone(&turn));
        turn
    }

    /// Carries out a step.
    pub(super) fn step(&mut self, state: &State, act: Act) -> Result<State, Broken> {
        let mut next = state.clone();
        let (host, input) = match act {
            Act::Deliver { link, from, piece } => {
                let whole = self.bytes(state.links[usize::from(link)].pipes[usize::from(from)].bytes);
                let count = piece_len(whole, piece).unwrap_or(0);
                next.left.pieces -= u8::from(count < whole.len());
                return self.deliver(next, usize::from(link), usize::from(from), count);
            }
            Act::Cut { link } => {
                next.left.cuts -= 1;
                next.links[usize::from(link)].pipes = [Pipe { bytes: NOTHING, fin: Fin::Reset }; 2];
                next.tidy();
                return Ok(next);
            }
            Act::Write { host } => {
                next.left.writes -= 1;
                (host, Input::Write)
            }
            Act::Wait { host } => {
                next.left.waits -= 1;
                (host, Input::Wait)
            }
            Act::Save { host } => {
                next.left.saves -= 1;
                (host, Input::Save)
            }
            Act::Timer { host } => {
                next.timers[usize::from(host)] -= 1;
                (host, Input::Timer)
            }
            Act::Crash { host, left } => {
                next.left.crashes -= 1;
                return self.crash(next, host, left);
            }
            Act::Start { host } => {
                let follows = self.terms.follows(host, next.master);
                next.told[usize::from(host)] = follows;
                (host, Input::Start { follows })
            }
            Act::Promote { host } => {
                next.left.promotions -= 1;
                next.master = host;
                next.told[usize::from(host)] = None;
                (host, Input::Follow { master: None })
            }
            Act::Point { host } => {
                let master = self.terms.follows(host, next.master);
                next.told[usize::from(host)] = master;
                (host, Input::Follow { master })
            }
        };
        self.run(next, [(host, input)].into())
    }

    /// A part of what is under way arrives; the end of it, too, if it is all.
    fn deliver(&mut self, mut state: State, link: usize, from: usize, count: usize) -> Result<State, Broken> {
        let Some((reader, conn)) = state.reader(link, from) else { return Ok(state) };
        let Pipe { bytes, fin } = state.links[link].pipes[from];
        let whole = self.bytes(bytes).to_vec();
        let (arrived, rest) = whole.split_at(count);
        let writer = state.links[link].sites[from];
        if !arrived.is_empty() {
            self.tell(&state, reader, Topic::Bytes, || {
                let ends = format!("{} -> {}", host_name(u16::from(writer)), host_name(u16::from(reader)));
                format!("{ends}  {} bytes  {}", arrived.len(), gist(arrived))
            });
        }
        state.links[link].has_asked |= from == 0 && asks(arrived);
        let (arrived, rest) = (self.keep_bytes(arrived), self.keep_bytes(rest));
        state.links[link].pipes[from].bytes = rest;
        let mut inputs = VecDeque::new();
        if arrived != NOTHING {
            inputs.push_back((reader, Input::Received { conn, bytes: arrived }));
        }
        if rest == NOTHING && fin != Fin::Open {
            inputs.push_back((reader, Input::Closed { conn, is_reset: fin == Fin::Reset }));
        }
        self.run(state, inputs)
    }

    /// A host ends: others hear of it, and what it has sent may still arrive.
    fn crash(&mut self, mut state: State, host: u8, left: Left) -> Result<State, Broken> {
        self.tell(&state, host, Topic::Life, || {
            format!("{} crashes; of its disk is left: {left:?}", host_name(u16::from(host)))
        });
        for link in &mut state.links {
            for end in (0..2).filter(|end| link.sites[*end] == host) {
                link.ends[end] = None;
                link.pipes[end].fin = Fin::Reset;
            }
        }
        let turn = self.turn(state.hosts[usize::from(host)], &Input::Crash { left });
        state.hosts[usize::from(host)] = turn.to;
        let mut oracle = Oracle::clone(self.oracle(state.oracle));
        oracle.ends(host);
        state.oracle = self.keep_oracle(oracle);
        state.tidy();
        Ok(state)
    }

    /// Carries out inputs, and all that follows from them before anybody has a choice: dials are answered, and hands are shaken up to the question for the stream.
    pub(super) fn run(&mut self, mut state: State, mut inputs: VecDeque<(u8, Input)>) -> Result<State, Broken> {
        for _ in 0..INPUTS_MAX {
            if let Some((host, input)) = inputs.pop_front() {
                self.give(&mut state, host, &input, &mut inputs)?;
                continue;
            }
            state.tidy();
            let Some((link, from)) = self.find_handshake(&state) else { return Ok(state) };
            let count = self.bytes(state.links[link].pipes[from].bytes).len();
            let (reader, conn) = state.reader(link, from).expect("it was found");
            let bytes = std::mem::replace(&mut state.links[link].pipes[from].bytes, NOTHING);
            debug_assert!(count > 0);
            inputs.push_back((reader, Input::Received { conn, bytes }));
        }
        let breach = Breach::new(Property::TimePasses, format!("one step has led to {INPUTS_MAX} others, and on"));
        Err(Broken { host: None, breach })
    }

    /// What a connection carries before the dialler asks for the stream depends on nothing, and nothing depends on it.
    fn find_handshake(&self, state: &State) -> Option<(usize, usize)> {
        let ways = (0..state.links.len()).flat_map(|link| [(link, 0), (link, 1)]);
        ways.into_iter().find(|&(link, from)| {
            let (pipe, Some((reader, conn))) = (state.links[link].pipes[from], state.reader(link, from)) else {
                return false;
            };
            let is_early = !state.links[link].has_asked && pipe.fin == Fin::Open && pipe.bytes != NOTHING;
            is_early && (from == 1 || !asks(self.bytes(pipe.bytes))) && self.host(state, reader).reads_from(conn)
        })
    }

    /// Gives one host one input, lets the checks look, and carries out what comes out.
    fn give(
        &mut self,
        state: &mut State,
        host: u8,
        input: &Input,
        inputs: &mut VecDeque<(u8, Input)>,
    ) -> Result<(), Broken> {
        if let Input::Closed { conn, .. } = input {
            let Some((link, end)) = state.find_link(host, *conn) else { return Ok(()) };
            let link = &mut state.links[link];
            link.ends[end] = None;
            // Who has heard that the other end has left says nothing more.
            link.pipes[end].fin = Fin::Reset;
        }
        let broken = |breach| Broken { host: Some(host), breach };
        let turn = self.turn(state.hosts[usize::from(host)], input);
        state.hosts[usize::from(host)] = turn.to;
        for line in &turn.log {
            self.tell(state, host, Topic::Node, || format!("{}: {line}", host_name(u16::from(host))));
        }
        if let Some(breach) = &turn.breach {
            return Err(broken(breach.clone()));
        }
        self.look(state, host, &turn).map_err(broken)?;
        for out in &turn.out {
            self.carry_out(state, host, input, out, inputs);
        }
        Ok(())
    }

    /// Lets the checks look at a host behind a turn.
    fn look(&mut self, state: &mut State, host: u8, turn: &Turn) -> Result<(), Breach> {
        let Some(sight) = turn.sight.as_ref().filter(|sight| sight.is_news) else { return Ok(()) };
        let company: Vec<_> = if sight.deeds.is_empty() { Vec::new() } else { self.company(state, host) };
        let others = company.iter().map(|(conn, from, probe)| (*conn, *from, probe.is_some()));
        let others: Vec<_> = others.map(|seen| (seen, state.hosts[usize::from(seen.1)])).collect();
        let key = name_of(&(state.oracle, host, turn.to, &others));
        let known = self.known.looks.get(key).or_else(|| self.fresh.looks.get(key));
        let outcome = known.cloned().unwrap_or_else(|| {
            let mut oracle = Oracle::clone(self.oracle(state.oracle));
            let outcome = oracle.look(host, sight, &company);
            let outcome = outcome.map(|()| self.keep_oracle(oracle)).map_err(Arc::new);
            self.fresh.looks.insert(key, outcome.clone());
            outcome
        });
        state.oracle = outcome.map_err(|breach| Breach::clone(&breach))?;
        Ok(())
    }

    /// Who has dialled a host.
    fn company(&self, state: &State, host: u8) -> Vec<(ConnId, u8, Option<afterimage_core::node::Probe>)> {
        let accepted = state.links.iter().filter(|link| link.sites[1] == host);
        let held = accepted.filter_map(|link| Some((link.ends[1]?, link.sites[0], link.ends[0])));
        held.map(|(conn, from, end)| (conn, from, end.and_then(|_| self.host(state, from).probe().copied()))).collect()
    }

    fn carry_out(&mut self, state: &mut State, host: u8, input: &Input, out: &Out, inputs: &mut VecDeque<(u8, Input)>) {
        match out {
            Out::Accepted(conn) => {
                let Input::Accept { from, slot } = input else { return };
                let knocking = |link: &&mut Link| {
                    link.sites == [*from, host]
                        && link.ends[1].is_none()
                        && link.ends[0].is_some_and(|end| end.slot == *slot)
                };
                if let Some(link) = state.links.iter_mut().rev().find(knocking) {
                    link.ends[1] = Some(*conn);
                }
            }
            Out::Bytes(conn, bytes) => {
                let Some((link, end)) = state.find_link(host, *conn) else { return };
                if state.reader(link, end).is_some() && state.links[link].pipes[end].fin == Fin::Open {
                    let mut all = self.bytes(state.links[link].pipes[end].bytes).to_vec();
                    all.extend_from_slice(bytes);
                    state.links[link].pipes[end].bytes = self.keep_bytes(&all);
                }
            }
            Out::Close(conn) => {
                let Some((link, end)) = state.find_link(host, *conn) else { return };
                let link = &mut state.links[link];
                link.ends[end] = None;
                if link.pipes[end].fin == Fin::Open {
                    link.pipes[end].fin = Fin::Eof;
                }
            }
            Out::Dial(conn, to) => self.dial(state, host, *conn, *to, inputs),
        }
    }

    /// A dial is answered at once.
    fn dial(&mut self, state: &mut State, host: u8, conn: ConnId, to: Option<u8>, inputs: &mut VecDeque<(u8, Input)>) {
        let to = to.filter(|to| usize::from(*to) < HOSTS && self.host(state, *to).probe().is_some());
        if let Some(to) = to {
            let open = Pipe { bytes: NOTHING, fin: Fin::Open };
            state.links.push(Link { sites: [host, to], ends: [Some(conn), None], has_asked: false, pipes: [open; 2] });
            inputs.push_back((to, Input::Accept { from: host, slot: conn.slot }));
        }
        inputs.push_back((host, Input::Dialled { conn, to }));
    }

    /// Writes a line, if a journal is kept.
    pub(super) fn tell(&mut self, state: &State, host: u8, topic: Topic, text: impl FnOnce() -> String) {
        if self.journal.is_some() {
            let line = Line { at_us: self.host(state, host).clock(), topic, text: text() };
            self.journal.get_or_insert_default().push(line);
        }
    }
}

/// True if somebody asks for the stream.
fn asks(bytes: &[u8]) -> bool {
    bytes.windows(4).any(|word| word == b"SYNC")
}
