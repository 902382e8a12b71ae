//! What did a writer tell the server, and what must be there after how much of it?

use std::collections::BTreeMap;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use afterimage_tests::{Client, Draw, Reply, encode};

/// Keys that a block sets to one value, so that a mixture of two moments shows.
const SPREAD: usize = 4;

/// What a writer does at once. The number of the step within its history is what it writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// SET of a value that tells the number.
    Set,
    /// INCR.
    Count,
    /// RPUSH of the number.
    Push,
    /// A transaction: counters on either side of keys that are set to the number, and a list that all writers share.
    Block,
}

impl Step {
    pub(super) const ALL: [Step; 4] = [Step::Set, Step::Count, Step::Push, Step::Block];

    /// The commands of step `number` of `writer`.
    fn commands(self, writer: usize, number: u64) -> Vec<Vec<String>> {
        let own = |name: &str| format!("writer:{writer}:{name}");
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        match self {
            Step::Set => vec![words(&["set", &own("set"), &value(number)])],
            Step::Count => vec![words(&["incr", &own("count")])],
            Step::Push => vec![words(&["rpush", &own("list"), &number.to_string()])],
            Step::Block => {
                let mut block = vec![words(&["multi"]), words(&["incr", &own("left")])];
                block.extend(
                    (0..SPREAD).map(|key| words(&["set", &own(&format!("spread:{key}")), &number.to_string()])),
                );
                block.push(words(&["rpush", "shared:list", &format!("{writer}:{number}")]));
                block.push(words(&["incr", "shared:count"]));
                block.push(words(&["incr", &own("right")]));
                block.push(words(&["exec"]));
                block
            }
        }
    }
}

/// What SET stores: of many lengths, so that writes end anywhere in a block of the disk.
fn value(number: u64) -> String {
    const LENGTHS: u64 = 1500;
    let length = usize::try_from(number * 37 % LENGTHS).expect("small");
    format!("{number}:{}", "v".repeat(length))
}

/// A step, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    pub(super) step: Step,
    /// Not later than it left.
    pub(super) sent_at: Instant,
    /// Not earlier than the reply came, if one came.
    pub(super) acknowledged_at: Option<Instant>,
}

/// All that one writer has told, in order. What was lost with one life of the server is not in it when the next one begins.
#[derive(Clone, Debug)]
pub(super) struct History {
    pub(super) writer: usize,
    pub(super) told: Vec<Told>,
    /// How many steps the server had when its life began: they are in its files.
    pub(super) base: usize,
}

impl History {
    pub(super) fn new(writer: usize) -> History {
        History { writer, told: Vec::new(), base: 0 }
    }

    /// Steps that were acknowledged before a moment. Replies come in order.
    pub(super) fn acknowledged_before(&self, moment: Instant) -> usize {
        self.count(|told| told.acknowledged_at.is_some_and(|at| at < moment))
    }

    /// Steps that have left before a moment.
    pub(super) fn sent_before(&self, moment: Instant) -> usize {
        self.count(|told| told.sent_at < moment)
    }

    /// Steps that were acknowledged.
    pub(super) fn acknowledged(&self) -> usize {
        self.count(|told| told.acknowledged_at.is_some())
    }

    fn count(&self, holds: impl Fn(&Told) -> bool) -> usize {
        self.base + self.told[self.base..].partition_point(holds)
    }

    /// The server lives on with `count` steps: the others have never been.
    pub(super) fn survive(&mut self, count: usize) {
        self.told.truncate(count);
        self.base = count;
    }

    /// Tells the server a few steps and reads the replies.
    ///
    /// # Errors
    /// If the connection ends.
    ///
    /// # Panics
    /// If the server refuses something or does not answer.
    pub(super) fn tell(&mut self, steps: &[Step], client: &mut Client) -> io::Result<()> {
        let first = self.told.len();
        let mut bytes = Vec::new();
        let mut replies = Vec::new();
        for (step, number) in steps.iter().zip(first as u64 + 1..) {
            let commands = step.commands(self.writer, number);
            replies.push(commands.len());
            bytes.extend(commands.iter().flat_map(|command| encode(command)));
        }
        let sent_at = Instant::now();
        self.told.extend(steps.iter().map(|step| Told { step: *step, sent_at, acknowledged_at: None }));
        client.try_send(&bytes)?;
        for (told, replies) in self.told[first..].iter_mut().zip(replies) {
            for _ in 0..replies {
                let reply = client.try_read()?;
                assert!(!is_refusal(&reply), "writer {}: {reply:?}", self.writer);
            }
            told.acknowledged_at = Some(Instant::now());
        }
        Ok(())
    }

    /// Tells the server one batch after another until its end.
    pub(super) fn tell_until_killed(&mut self, client: &mut Client, mut draw: Draw) {
        const BATCH_MAX: u64 = 8;
        /// Who has taken so many steps is in no hurry any more: where the disk lets everybody wait, the data would only grow.
        const STEPS: usize = 10_000;
        const PAUSE: Duration = Duration::from_millis(5);
        loop {
            if self.told.len() > self.base + STEPS {
                thread::sleep(PAUSE);
            }
            let count = 1 + draw.below(BATCH_MAX);
            let steps: Vec<Step> = (0..count).map(|_| *draw.pick(&Step::ALL)).collect();
            if let Err(error) = self.tell(&steps, client) {
                assert_ne!(error.kind(), io::ErrorKind::WouldBlock, "the server does not answer");
                return;
            }
        }
    }
}

fn is_refusal(reply: &Reply) -> bool {
    match reply {
        Reply::Error(_) | Reply::Nil => true,
        Reply::Array(replies) => replies.iter().any(is_refusal),
        _ => false,
    }
}

/// What there is of one writer's doing. Numbers come first: they tell most moments apart, and comparing ends at the first difference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) set: u64,
    pub(super) count: u64,
    pub(super) left: u64,
    pub(super) right: u64,
    pub(super) spread: [u64; SPREAD],
    pub(super) list: Vec<u64>,
    pub(super) shared: Vec<u64>,
}

impl Held {
    fn apply(&mut self, step: Step, number: u64) {
        match step {
            Step::Set => self.set = number,
            Step::Count => self.count += 1,
            Step::Push => self.list.push(number),
            Step::Block => {
                self.left += 1;
                self.right += 1;
                self.spread = [number; SPREAD];
                self.shared.push(number);
            }
        }
    }

    /// After how many of its steps a writer finds this: the least number, and there is no other, since each step changes something.
    ///
    /// # Errors
    /// If it is no moment of this history.
    pub(super) fn place_in(&self, history: &History) -> Result<usize, String> {
        let mut held = Held::default();
        for (place, told) in history.told.iter().enumerate() {
            if held == *self {
                return Ok(place);
            }
            held.apply(told.step, place as u64 + 1);
        }
        if held == *self {
            return Ok(history.told.len());
        }
        Err(format!(
            "what is there of writer {} is no moment of its history: {}",
            history.writer,
            self.moments(history)
        ))
    }

    /// After which steps each part would be as it is here, and which steps are the last of all.
    fn moments(&self, history: &History) -> String {
        type Part = (&'static str, fn(&Held, &Held) -> bool);
        const PARTS: [Part; 7] = [
            ("set", |a, b| a.set == b.set),
            ("count", |a, b| a.count == b.count),
            ("left", |a, b| a.left == b.left),
            ("right", |a, b| a.right == b.right),
            ("spread", |a, b| a.spread == b.spread),
            ("list", |a, b| a.list == b.list),
            ("shared list", |a, b| a.shared == b.shared),
        ];
        const STEPS_TOLD: usize = 24;
        let mut spans: [Option<(usize, usize)>; PARTS.len()] = [None; PARTS.len()];
        let mut held = Held::default();
        for place in 0..=history.told.len() {
            for (span, (_, is_same)) in spans.iter_mut().zip(PARTS) {
                if is_same(&held, self) {
                    *span = Some((span.map_or(place, |(first, _)| first), place));
                }
            }
            if let Some(told) = history.told.get(place) {
                held.apply(told.step, place as u64 + 1);
            }
        }
        let parts = PARTS.iter().zip(spans).map(|((name, _), span)| match span {
            Some((first, last)) => format!("{name} as after {first} to {last}"),
            None => format!("{name} as never"),
        });
        let last = history.told.len().saturating_sub(STEPS_TOLD);
        let steps: Vec<_> = history.told[last..].iter().map(|told| told.step).collect();
        let told = history.told.len();
        format!(
            "{}; of {told} steps, {} at the start, the last are {steps:?}",
            parts.collect::<Vec<_>>().join(", "),
            history.base
        )
    }

    fn keys(&self) -> u64 {
        let block = if self.left > 0 { 2 + SPREAD as u64 } else { 0 };
        u64::from(self.set > 0) + u64::from(self.count > 0) + u64::from(!self.list.is_empty()) + block
    }
}

/// Reads what there is of each writer, beside `others` keys that nobody touches.
///
/// # Errors
/// If it cannot be of any moment.
pub(super) fn read_all(client: &mut Client, writers: usize, others: u64) -> Result<Vec<Held>, String> {
    let mut shared = read_shared(client, writers)?;
    let blocks: u64 = shared.values().map(|numbers| numbers.len() as u64).sum();
    let counted = number(client, "shared:count")?;
    if counted != blocks {
        return Err(format!("{blocks} blocks are in the shared list, and {counted} are counted"));
    }
    let mut all = Vec::new();
    for writer in 0..writers {
        all.push(read_one(client, writer, shared.remove(&writer).unwrap_or_default())?);
    }
    let expected = others + all.iter().map(Held::keys).sum::<u64>() + if blocks > 0 { 2 } else { 0 };
    let found = client.line("dbsize").integer();
    if found != i64::try_from(expected).expect("a small number") {
        return Err(format!("there are {found} keys instead of {expected}"));
    }
    Ok(all)
}

fn read_shared(client: &mut Client, writers: usize) -> Result<BTreeMap<usize, Vec<u64>>, String> {
    let mut shared: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
    for element in client.line("lrange shared:list 0 -1").elements() {
        let text = element.text();
        let told = text.split_once(':').and_then(|(writer, number)| Some((writer.parse().ok()?, number.parse().ok()?)));
        match told {
            Some((writer, number)) if writer < writers => shared.entry(writer).or_default().push(number),
            _ => return Err(format!("nobody has written {text:?}")),
        }
    }
    Ok(shared)
}

fn read_one(client: &mut Client, writer: usize, shared: Vec<u64>) -> Result<Held, String> {
    let own = |name: &str| format!("writer:{writer}:{name}");
    let set = match client.call(&["get", &own("set")]) {
        Reply::Nil => 0,
        reply => {
            let text = reply.text();
            let number = text.split(':').next().and_then(|number| number.parse().ok()).unwrap_or(0);
            if text != value(number) {
                return Err(format!("writer {writer} has never set {text:?}"));
            }
            number
        }
    };
    let mut spread = [0; SPREAD];
    for (key, found) in spread.iter_mut().enumerate() {
        *found = number(client, &own(&format!("spread:{key}")))?;
    }
    let list = client.call(&["lrange", &own("list"), "0", "-1"]).elements();
    let list = list.into_iter().map(|element| element.text().parse().map_err(|_| format!("{element:?} in a list")));
    Ok(Held {
        set,
        count: number(client, &own("count"))?,
        left: number(client, &own("left"))?,
        right: number(client, &own("right"))?,
        spread,
        list: list.collect::<Result<_, _>>()?,
        shared,
    })
}

/// The number that a key holds; zero if there is no such key.
fn number(client: &mut Client, key: &str) -> Result<u64, String> {
    match client.call(&["get", key]) {
        Reply::Nil => Ok(0),
        reply => reply.text().parse().map_err(|_| format!("{key} is {reply:?}")),
    }
}
