//! What does a client do with its connection?
//!
//! It connects to its node, sends bursts of commands with pauses between them, reads the replies in order and checks
//! each. A connection that ends, or on which nothing comes back for long, is replaced by a new one; whatever was under
//! way is forgotten, as its fate is not known.

use std::collections::VecDeque;

use afterimage_core::codec::random::Random;
use afterimage_core::node::Role;

use crate::check::{Breach, Property};
use crate::network::LinkId;
use crate::plan::{ClientPlan, Sets, Step};
use crate::queue::{MILLISECOND, Micros, SECOND};
use crate::reply::{Reply, read_reply};
use crate::workload::{Expected, Workload, command, script};

/// A client gives its connection up after this long without a reply.
pub(crate) const PATIENCE: Micros = 5 * SECOND;
/// Time before a lost connection is replaced.
pub(crate) const RECONNECT: Micros = 200 * MILLISECOND;
/// Commands under way at most; a burst is left out above it.
const OUTSTANDING_MAX: usize = 64;
/// Time after which a script goes on that found so many under way.
const CROWDED: Micros = 10 * MILLISECOND;

/// The end of a block, as it is written.
const EXEC: &[u8] = b"*1\r\n$4\r\nEXEC\r\n";

/// The role of a client's node and since when, as the world knows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownRole {
    /// Its role now.
    pub(crate) role: Role,
    /// Since when it has had it without a break.
    pub(crate) since: Micros,
}

/// A command that was not answered by an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Acknowledged {
    /// The step of the script that it is, or is in.
    pub(crate) step: usize,
    /// When it was said.
    pub(crate) said_at: Micros,
    /// When its answer had arrived.
    pub(crate) at: Micros,
}

/// An answer to WAIT or WAITAOF.
#[derive(Debug)]
struct Told {
    name: &'static str,
    text: String,
    /// The data of who answered had what the client wrote: it was not lost, which is told at once.
    has_all: bool,
}

/// A client.
#[derive(Debug)]
pub(crate) struct Client {
    /// Its plan.
    pub(crate) plan: ClientPlan,
    workload: Workload,
    /// Its connection or dial.
    pub(crate) link: Option<LinkId>,
    /// The host it is connected to.
    pub(crate) host: u16,
    /// True once the dial has succeeded.
    pub(crate) connected: bool,
    /// Grows with each connection.
    pub(crate) epoch: u32,
    /// Written and not yet taken by the network.
    pub(crate) out: Vec<u8>,
    /// The EXEC that it says a while after what comes before it.
    held_back: Vec<u8>,
    input: Vec<u8>,
    expected: VecDeque<(Expected, Micros)>,
    /// What its node has told it by WAIT or WAITAOF and has not arrived yet, as it must arrive.
    told: VecDeque<Told>,
    /// When its last write was carried out; before it has written anything, when it began with its connection.
    pub(crate) wrote_at: Micros,
    sent: u32,
    /// Steps of its script that it has said, or given up.
    steps_said: usize,
    /// The steps of what is under way.
    steps_expected: VecDeque<usize>,
    /// Those of its script's commands that were answered by something else than an error.
    acknowledged: Vec<Acknowledged>,
    /// A replica has refused to write for it.
    pub(crate) is_misplaced: bool,
    /// What it has said, if that is kept.
    record: Option<Vec<Step>>,
    heard_at: Micros,
    /// Replies read.
    pub(crate) replies: u64,
    /// Commands that were answered by something else than an error.
    pub(crate) accepted: u64,
}

impl Client {
    /// A client that has not connected yet.
    pub(crate) fn new(plan: ClientPlan, random: Random) -> Client {
        Client {
            workload: Workload::new(plan.clone(), random),
            plan,
            link: None,
            host: 0,
            connected: false,
            epoch: 0,
            out: Vec::new(),
            held_back: Vec::new(),
            input: Vec::new(),
            expected: VecDeque::new(),
            told: VecDeque::new(),
            wrote_at: 0,
            sent: 0,
            steps_said: 0,
            steps_expected: VecDeque::new(),
            acknowledged: Vec::new(),
            is_misplaced: false,
            record: None,
            heard_at: 0,
            replies: 0,
            accepted: 0,
        }
    }

    /// True if it has sent all it was to send and heard the answers, or need not hear them any more.
    pub(crate) fn is_done(&self) -> bool {
        let has_said_all = match &self.plan.script {
            Some(script) => self.steps_said >= script.len(),
            None => self.sent >= self.plan.commands,
        };
        has_said_all && self.expected.is_empty()
    }

    /// Keeps what it says from now on.
    pub(crate) fn keep_record(&mut self) {
        self.record.get_or_insert_default();
    }

    /// What it has said so far, as a script.
    pub(crate) fn take_record(&mut self) -> Vec<Step> {
        self.record.take().unwrap_or_default()
    }

    /// What of its script was carried out, as it was told.
    pub(crate) fn acknowledged(&self) -> &[Acknowledged] {
        &self.acknowledged
    }

    /// True if no reply is missing.
    pub(crate) fn awaits_nothing(&self) -> bool {
        self.expected.is_empty()
    }

    /// True if it has waited too long.
    pub(crate) fn is_out_of_patience(&self, now: Micros) -> bool {
        !self.expected.is_empty() && now.saturating_sub(self.heard_at) > PATIENCE
    }

    /// Starts over for a new connection to `host`.
    pub(crate) fn begin(&mut self, host: u16, link: LinkId, now: Micros) {
        self.forget();
        self.host = host;
        self.link = Some(link);
        self.wrote_at = now;
        self.heard_at = now;
    }

    /// Forgets its connection.
    pub(crate) fn forget(&mut self) {
        self.link = None;
        self.connected = false;
        self.epoch += 1;
        self.out.clear();
        self.held_back.clear();
        self.input.clear();
        self.expected.clear();
        self.steps_expected.clear();
        self.is_misplaced = false;
        self.told.clear();
    }

    /// Writes a command as one would type it.
    pub(crate) fn say(&mut self, line: &str, now: Micros) {
        self.heard_at = now;
        let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        command(&mut self.out, &words);
        self.expected.push_back((Expected::said(line), now));
    }

    /// Its node, in a role that it is known to have, answers a WAIT of its.
    pub(crate) fn is_told_of(&mut self, replicas: usize, known: Option<KnownRole>) {
        let has_all = self.has_written_to(known);
        self.told.push_back(Told { name: "WAIT", text: format!(":{replicas}\r\n"), has_all });
    }

    /// The same for WAITAOF.
    pub(crate) fn is_told_of_disks(&mut self, is_local: bool, replicas: usize, known: Option<KnownRole>) {
        let text = format!("*2\r\n:{}\r\n:{replicas}\r\n", u8::from(is_local));
        self.told.push_back(Told { name: "WAITAOF", text, has_all: self.has_written_to(known) });
    }

    /// The data of a master that was one already when a client wrote have not been replaced since.
    fn has_written_to(&self, known: Option<KnownRole>) -> bool {
        known.is_some_and(|known| known.role == Role::Master && known.since < self.wrote_at)
    }

    /// True if each answer is followed by the next command.
    pub(crate) fn goes_on_when_answered(&self) -> bool {
        self.plan.sets.is_some() && self.connected
    }

    /// Writes what it has held back. True if there was something.
    pub(crate) fn lets_go(&mut self) -> bool {
        let has_any = !self.held_back.is_empty();
        self.out.append(&mut self.held_back);
        has_any
    }

    /// Writes what it has held back, and the next burst. Returns when the next step is due.
    pub(crate) fn burst(&mut self, now: Micros) -> Micros {
        self.lets_go();
        let begin = self.out.len();
        let next = self.say_more(now);
        if self.plan.lingers_us == 0 || !self.out[begin..].ends_with(EXEC) {
            return next;
        }
        self.held_back = self.out.split_off(self.out.len() - EXEC.len());
        now + self.plan.lingers_us
    }

    fn say_more(&mut self, now: Micros) -> Micros {
        if self.expected.is_empty() {
            self.heard_at = now;
        }
        if self.plan.script.is_some() {
            return self.recite(now);
        }
        let Client { workload, expected, out, sent, plan, record, .. } = self;
        if let Some(Sets { value_bytes, window }) = plan.sets {
            let begin = out.len();
            while expected.len() < window as usize && *sent < plan.commands {
                expected.push_back((workload.set(value_bytes, out), now));
                *sent += 1;
            }
            write_down(record, &out[begin..], now);
            return now + PATIENCE;
        }
        if expected.len() < OUTSTANDING_MAX && out.len() < 1 << 20 {
            for _ in 0..workload.burst() {
                if *sent >= plan.commands {
                    break;
                }
                let begin = out.len();
                workload.next(out, &mut |each| {
                    expected.push_back((each, now));
                    *sent += 1;
                });
                write_down(record, &out[begin..], now);
            }
        }
        now + workload.think()
    }

    /// Says what its script has for now. Returns when the next step is due.
    fn recite(&mut self, now: Micros) -> Micros {
        let Client { expected, steps_expected, out, steps_said, plan, record, .. } = self;
        let steps = plan.script.as_deref().unwrap_or_default();
        while let Some(step) = steps.get(*steps_said).filter(|step| step.at_us <= now) {
            if plan.gives_up_after_us > 0 && step.at_us + plan.gives_up_after_us < now {
                *steps_said += 1;
                continue;
            }
            if expected.len() >= OUTSTANDING_MAX {
                return now + CROWDED;
            }
            script::say(step, out, |each| {
                expected.push_back((each, now));
                steps_expected.push_back(*steps_said);
            });
            *steps_said += 1;
            if let Some(record) = record {
                record.push(Step { at_us: now, say: step.say.clone() });
            }
        }
        steps.get(*steps_said).map_or(now + PATIENCE, |step| step.at_us)
    }

    /// Reads what arrived and checks it.
    ///
    /// # Errors
    ///
    /// Tells which reply does not fit.
    pub(crate) fn received(&mut self, bytes: &[u8], now: Micros, known: Option<KnownRole>) -> Result<(), Breach> {
        self.heard_at = now;
        let kept = !self.input.is_empty();
        let mut input = std::mem::take(&mut self.input);
        if kept {
            input.extend_from_slice(bytes);
        }
        let all = if kept { input.as_slice() } else { bytes };
        let mut used = 0;
        let outcome = loop {
            match read_reply(&all[used..]) {
                Ok(None) => break Ok(()),
                Ok(Some((reply, len))) => {
                    let text = &all[used..used + len];
                    used += len;
                    if let Err(breach) = self.check(&reply, text, known) {
                        break Err(breach);
                    }
                }
                Err(why) => {
                    break Err(Breach::new(Property::FittingReply, format!("it sent {why}")));
                }
            }
        };
        if kept {
            input.drain(..used);
        } else {
            input.extend_from_slice(&bytes[used..]);
        }
        self.input = input;
        outcome
    }

    /// `text` is the reply as it came.
    fn check(&mut self, reply: &Reply<'_>, text: &[u8], known: Option<KnownRole>) -> Result<(), Breach> {
        let Some((expected, sent_at)) = self.expected.pop_front() else {
            // maxclients and the like: an error before anything was asked.
            let explanation = format!("it sent {reply}, and nothing was asked");
            return Err(Breach::new(Property::FittingReply, explanation));
        };
        self.replies += 1;
        let error = matches!(reply, Reply::Error(_));
        self.accepted += u64::from(!error);
        let step = self.steps_expected.pop_front().filter(|_| !error);
        self.acknowledged.extend(step.map(|step| Acknowledged { step, said_at: sent_at, at: self.heard_at }));
        if !expected.fits(reply) {
            let explanation = format!("it answered {} by {reply}", expected.name);
            return Err(Breach::new(Property::FittingReply, explanation));
        }
        // A node that closes the connection in the same event has recorded it for nobody.
        let is_about_writes = matches!(expected.name, "WAIT" | "WAITAOF");
        let told = if is_about_writes && !error { self.told.pop_front() } else { None };
        if let Some(told) = &told
            && (told.name != expected.name || told.text.as_bytes() != text)
        {
            let (name, text, told) = (expected.name, text.escape_ascii(), told.text.escape_debug());
            let explanation = format!("it answered {name} by {text}, and recorded that it was {told}");
            return Err(Breach::new(Property::FittingReply, explanation));
        }
        let waited = self.heard_at - sent_at;
        if let Some(patience) = expected.patience
            && waited < patience.for_us
            && patience.is_in_vain(reply, text)
            && (!is_about_writes || told.is_some_and(|told| told.has_all))
        {
            let (text, name, for_us) = (text.escape_ascii(), expected.name, patience.for_us);
            let explanation = match for_us {
                Micros::MAX => format!("it answered {name} by {text} after {waited} µs, which was to wait without end"),
                _ => format!("it answered {name} by {text} after {waited} µs, which was to wait for {for_us} µs"),
            };
            return Err(Breach::new(Property::WaitsEnd, explanation));
        }
        let refused = matches!(reply, Reply::Error(text) if text.starts_with(b"READONLY"));
        self.is_misplaced |= refused && self.plan.gives_up_after_us > 0;
        let Some(known) = known.filter(|known| known.since < sent_at) else {
            return Ok(());
        };
        match known.role {
            // A block that holds only reads runs on a replica too.
            Role::Replica if expected.writes && !error && expected.name != "EXEC" => Err(Breach::new(
                Property::ReplicaRefusesWrites,
                format!("it has been a replica since {} µs and carried out a {}", known.since, expected.name),
            )),
            Role::Master if refused => Err(Breach::new(
                Property::ReplicaRefusesWrites,
                format!(
                    "it has been a master since {} µs and refused a {} as a replica would",
                    known.since, expected.name
                ),
            )),
            _ => Ok(()),
        }
    }
}

/// Adds what was written to a record, if one is kept.
fn write_down(record: &mut Option<Vec<Step>>, written: &[u8], now: Micros) {
    if let Some(record) = record {
        record.extend(script::written(written).into_iter().map(|say| Step { at_us: now, say }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_application_does_not_say_what_it_should_have_said_long_ago_and_knows_what_was_acknowledged() {
        let step = |at_us: Micros| Step { at_us, say: vec![format!("SET s:{at_us} v")] };
        let script = Some(vec![step(10), step(20), step(100), step(110)]);
        let plan = ClientPlan { script, gives_up_after_us: 50, ..ClientPlan::SILENT };
        let mut client = Client::new(plan, Random::new(1, 0));
        client.burst(10);
        client.forget();
        client.burst(115);
        assert!(!client.is_done(), "two answers are missing");
        client.received(b"+OK\r\n-READONLY You can't write against a read only replica.\r\n", 120, None).expect("fits");
        assert_eq!(client.acknowledged(), [Acknowledged { step: 2, said_at: 115, at: 120 }]);
        assert!(client.is_misplaced && client.is_done());
    }

    #[test]
    fn who_is_told_in_vain_before_the_time_is_over_has_been_told_too_early() {
        let step = |line: &str| Some(vec![Step { at_us: 10, say: vec![line.to_owned()] }]);
        let told = |line: &str, answer: &[u8], at: Micros, known: Option<KnownRole>| {
            let mut client = Client::new(ClientPlan { script: step(line), ..ClientPlan::SILENT }, Random::new(1, 0));
            client.begin(0, LinkId { slot: 0, generation: 0 }, 10);
            client.burst(10);
            client.is_told_of(0, known);
            client.received(answer, at, None).err().map(|breach| breach.property)
        };
        let master = |since| Some(KnownRole { role: Role::Master, since });
        assert_eq!(told("BLPOP l:1 l:1 0.05", b"*-1\r\n", 50_009, None), Some(Property::WaitsEnd));
        assert_eq!(told("BLPOP l:1 l:1 0.05", b"*-1\r\n", 50_010, None), None);
        assert_eq!(told("WAIT 1 50", b":0\r\n", 50_009, master(9)), Some(Property::WaitsEnd));
        assert_eq!(told("WAIT 1 50", b":0\r\n", 50_010, master(9)), None);
        assert_eq!(told("WAIT 1 50", b":0\r\n", 50_009, master(11)), None, "what it wrote may be lost");
    }

    #[test]
    fn a_client_that_lingers_says_exec_later_than_the_rest_of_its_block() {
        let block = |at_us| Step { at_us, say: ["MULTI", "GET s:0", "EXEC"].map(String::from).into() };
        let plan = ClientPlan { script: Some(vec![block(10), block(20)]), lingers_us: 50, ..ClientPlan::SILENT };
        let mut client = Client::new(plan, Random::new(1, 0));
        assert_eq!(client.burst(10), 60);
        assert!(client.out.ends_with(b"s:0\r\n") && !client.is_done());
        client.out.clear();
        assert_eq!(client.burst(60), 110);
        assert!(client.out.starts_with(EXEC) && client.out.ends_with(b"s:0\r\n"));
        client.out.clear();
        assert!(client.lets_go());
        assert_eq!(client.out, EXEC);
        assert!(!client.lets_go());
    }
}
