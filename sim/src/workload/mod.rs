//! Which commands does a client send, and what may come back?
//!
//! Commands over a small key space and two databases, chosen so that keys are often written, expire, change their type
//! and disappear. For each the writer notes which replies fit.

mod expected;
mod patience;
pub(crate) mod script;
mod table;

use afterimage_core::codec::random::Random;

use crate::plan::ClientPlan;

pub(crate) use expected::Expected;
use table::{
    DISK_REQUESTS, EXPIRY_REQUESTS, Hole, KINDS, POP_REQUESTS, QUESTION_REQUESTS, READ_REQUESTS, REQUESTS, Requests,
    Word,
};

/// One key in so many is used as if it had another type.
const CROSSED_ONE_IN: u32 = 40;

/// Writes commands.
#[derive(Debug)]
pub(crate) struct Workload {
    plan: ClientPlan,
    random: Random,
    /// The words of the request at hand, one behind the other, and where each ends.
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Workload {
    /// The workload of one client.
    pub(crate) fn new(plan: ClientPlan, random: Random) -> Workload {
        Workload { plan, random, text: Vec::new(), ends: Vec::new() }
    }

    /// Time to the next burst.
    pub(crate) fn think(&mut self) -> u64 {
        self.random.exponential(self.plan.think_us) + 1
    }

    /// How many commands the next burst has.
    pub(crate) fn burst(&mut self) -> u32 {
        if self.plan.pipeline == 0 {
            return 0;
        }
        self.random.range(1..=u64::from(self.plan.pipeline)) as u32
    }

    /// Writes the next command, or MULTI block, and now and then asks behind it who has it. Says what is expected for each.
    pub(crate) fn next(&mut self, out: &mut Vec<u8>, expected: &mut impl FnMut(Expected)) {
        if self.plan.asks_of_ten > 0 && self.random.below(10) < u64::from(self.plan.asks_of_ten) {
            return expected(self.question(out));
        }
        if self.plan.pops_of_ten > 0 && self.random.below(10) < u64::from(self.plan.pops_of_ten) {
            expected(self.request(&POP_REQUESTS, out));
            return expected(self.question(out));
        }
        self.next_step(out, expected);
        if self.plan.wait_one_in > 0 && self.random.chance(1, self.plan.wait_one_in) {
            expected(self.question(out));
        }
    }

    /// Writes a SET of so many bytes.
    pub(crate) fn set(&mut self, value_bytes: u32, out: &mut Vec<u8>) -> Expected {
        self.text.clear();
        self.push_name(b'k', u64::from(self.plan.keys.max(1)));
        let key = self.text.len();
        self.push_letters(value_bytes as usize);
        command(out, &[b"SET", &self.text[..key], &self.text[key..]]);
        Expected::SET
    }

    fn question(&mut self, out: &mut Vec<u8>) -> Expected {
        let is_of_disks = self.plan.disks_of_ten > 0 && self.random.below(10) < u64::from(self.plan.disks_of_ten);
        self.request(if is_of_disks { &DISK_REQUESTS } else { &QUESTION_REQUESTS }, out)
    }

    fn next_step(&mut self, out: &mut Vec<u8>, expected: &mut impl FnMut(Expected)) {
        if self.plan.multi_one_in == 0 || !self.random.chance(1, self.plan.multi_one_in) {
            return expected(self.single(out));
        }
        let count = self.random.range(1..=5) as u32;
        command(out, &[b"MULTI"]);
        expected(Expected::MULTI);
        for _ in 0..count {
            expected(self.single(out).queued());
        }
        command(out, &[b"EXEC"]);
        expected(Expected::exec(count));
    }

    fn single(&mut self, out: &mut Vec<u8>) -> Expected {
        if self.plan.reads_of_ten > 0 && self.random.below(10) < u64::from(self.plan.reads_of_ten) {
            return self.request(&READ_REQUESTS, out);
        }
        let is_expiry = self.plan.expire_one_in > 0 && self.random.chance(1, self.plan.expire_one_in);
        self.request(if is_expiry { &EXPIRY_REQUESTS } else { &REQUESTS }, out)
    }

    fn request(&mut self, requests: &'static Requests, out: &mut Vec<u8>) -> Expected {
        let request = requests.at(self.random.below(u64::from(requests.weight)) as u32);
        self.text.clear();
        self.ends.clear();
        for word in &request.words {
            match word {
                Word::Text(text) => self.text.extend_from_slice(text.as_bytes()),
                Word::Hole(hole) => self.fill(*hole),
                Word::Behind(text, hole) => {
                    self.text.extend_from_slice(text.as_bytes());
                    self.fill(*hole);
                }
            }
            self.ends.push(self.text.len());
        }
        let mut start = 0;
        let words = self.ends.iter().map(|end| &self.text[core::mem::replace(&mut start, *end)..*end]);
        if !request.expected.may_wait() {
            push_command(out, words);
            return request.expected;
        }
        let words: Vec<&[u8]> = words.collect();
        command(out, &words);
        request.expected.of_words(&words)
    }

    fn fill(&mut self, hole: Hole) {
        match hole {
            Hole::Key(kind) => self.push_key(kind),
            Hole::AnyKey => {
                let kind = self.kind();
                self.push_key(kind);
            }
            Hole::Value => {
                let big = self.plan.big_one_in > 0 && self.random.chance(1, self.plan.big_one_in);
                let len = match big {
                    true => self.random.range(1000..=u64::from(self.plan.big_bytes_max)),
                    false => self.random.below(24),
                };
                self.push_letters(len as usize);
            }
            Hole::Short => self.push_letters(12),
            Hole::Field => self.push_name(b'f', 10),
            Hole::Counter => self.push_name(b'c', 3),
            Hole::Member => self.push_name(b'm', 10),
            Hole::Digit => self.push_number_below(10),
            Hole::Number => self.push_number_below(1000),
            Hole::Bit | Hole::Database => self.push_number_below(2),
            Hole::Millis => {
                let millis = 1 + self.random.exponential(2_000);
                self.push_number(millis);
            }
            Hole::Seconds => {
                let seconds = self.random.exponential(2_000) / 1000;
                self.push_number(seconds);
            }
            Hole::WaitSeconds => self.text.extend_from_slice(b"0.05"),
            Hole::WaitMillis => self.text.extend_from_slice(b"50"),
            Hole::Replicas => {
                let replicas = self.random.range(1..=3);
                self.push_number(replicas);
            }
            Hole::Few => self.push_number_below(3),
            Hole::Patience => {
                let millis = 1 + self.random.exponential(200);
                self.push_number(millis);
            }
        }
    }

    fn kind(&mut self) -> u8 {
        self.random.pick(KINDS).map_or(b's', |(kind, _)| *kind)
    }

    fn push_key(&mut self, kind: u8) {
        let kind = if self.random.chance(1, CROSSED_ONE_IN) { self.kind() } else { kind };
        self.text.extend_from_slice(&[kind, b':']);
        self.push_number_below(u64::from(self.plan.keys.max(1)));
    }

    fn push_name(&mut self, letter: u8, limit: u64) {
        self.text.push(letter);
        self.push_number_below(limit);
    }

    fn push_number_below(&mut self, limit: u64) {
        let number = self.random.below(limit);
        self.push_number(number);
    }

    fn push_number(&mut self, number: u64) {
        self.text.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }

    fn push_letters(&mut self, len: usize) {
        let words = self.random.next_u64();
        self.text.extend((0..len).map(|at| b'a' + ((words >> (at % 60)) & 15) as u8));
    }
}

/// Writes one command as an array of texts.
pub(crate) fn command(out: &mut Vec<u8>, parts: &[&[u8]]) {
    push_command(out, parts.iter().copied());
}

fn push_command<'a>(out: &mut Vec<u8>, parts: impl ExactSizeIterator<Item = &'a [u8]>) {
    let mut digits = itoa::Buffer::new();
    out.push(b'*');
    out.extend_from_slice(digits.format(parts.len()).as_bytes());
    for part in parts {
        out.extend_from_slice(b"\r\n$");
        out.extend_from_slice(digits.format(part.len()).as_bytes());
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(part);
    }
    out.extend_from_slice(b"\r\n");
}
