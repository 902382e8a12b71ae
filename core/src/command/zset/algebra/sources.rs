//! The inputs of ZUNION and its kin, and how their members and scores become one.

use alloc::vec::Vec;
use core::cmp::Ordering;

use crate::codec::double;
use crate::codec::number::parse_i64;
use crate::codec::siphash::HashKey;
use crate::command::CommandError;
use crate::command::exec::{Exec, int_arg, is_word};
use crate::command::reply_error::{LIMIT_NEGATIVE, SYNTAX, WEIGHT_NOT_A_FLOAT, WRONG_TYPE, no_input_key};
use crate::keyspace::{Keyspace, Place};
use crate::resp::Args;
use crate::table::Table;
use crate::value::{Set, Text, Value, Zset};

/// What is made of several sorted sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Union,
    Intersection,
    Difference,
}

/// Which options a command takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowed {
    /// WEIGHTS and AGGREGATE.
    weights: bool,
    /// WITHSCORES.
    scores: bool,
    /// LIMIT.
    limit: bool,
}

/// The options of ZINTERCARD.
pub(super) const COUNT_OPTIONS: Allowed = Allowed { weights: false, scores: false, limit: true };

impl Operation {
    /// The options of the command that replies with the result.
    pub(super) fn reply_options(self) -> Allowed {
        Allowed { weights: self != Operation::Difference, scores: true, limit: false }
    }

    /// The options of the command that keeps the result.
    pub(super) fn store_options(self) -> Allowed {
        Allowed { scores: false, ..self.reply_options() }
    }
}

/// How the scores of a member that several inputs have become one.
#[derive(Clone, Copy, Debug)]
enum Aggregate {
    Sum,
    Min,
    Max,
}

impl Aggregate {
    fn parse(arg: &[u8]) -> Result<Aggregate, CommandError> {
        match arg {
            word if is_word(word, "SUM") => Ok(Aggregate::Sum),
            word if is_word(word, "MIN") => Ok(Aggregate::Min),
            word if is_word(word, "MAX") => Ok(Aggregate::Max),
            _ => Err(SYNTAX),
        }
    }

    /// What is no number gives way: to zero in a sum, to the other score in a comparison.
    fn join(self, so_far: f64, score: f64) -> f64 {
        match self {
            Aggregate::Sum => number_or_zero(so_far + score),
            Aggregate::Min if score < so_far => score,
            Aggregate::Max if score > so_far => score,
            Aggregate::Min | Aggregate::Max => so_far,
        }
    }
}

fn number_or_zero(score: f64) -> f64 {
    if score.is_nan() { 0.0 } else { score }
}

/// A request to combine inputs.
pub(super) struct Request {
    /// One for each input, or none: all are 1.
    weights: Vec<f64>,
    aggregate: Aggregate,
    pub(super) with_scores: bool,
    /// How many members are counted at most; all, if it is zero.
    pub(super) limit: usize,
}

impl Request {
    /// Reads `numkeys key [key ...] [option ...]`, which begins at `at`, and looks the keys up. As in Redis, an input of another type is
    /// found before options are looked at.
    pub(super) fn parse(
        exec: &mut Exec<'_>,
        args: Args<'_>,
        at: usize,
        name: &str,
        allowed: Allowed,
    ) -> Result<(Request, Vec<Option<Place>>), CommandError> {
        let numkeys = int_arg(&args[at])?;
        let numkeys = usize::try_from(numkeys).ok().filter(|&numkeys| numkeys > 0);
        let numkeys = numkeys.ok_or_else(|| no_input_key(name))?;
        if numkeys > args.len() - at - 1 {
            return Err(SYNTAX);
        }
        let keys = args.iter_from(at + 1).take(numkeys);
        for key in keys.clone() {
            if let Some(place) = exec.find_to_read(key)
                && !matches!(exec.value(place), Value::Zset(_) | Value::Set(_))
            {
                return Err(WRONG_TYPE);
            }
        }
        // A look-up may remove a key whose time has come: places are taken only when all were looked up.
        let places = keys.map(|key| exec.peek(key)).collect();
        Ok((Request::parse_options(args.tail(at + 1 + numkeys), numkeys, allowed)?, places))
    }

    fn parse_options(args: Args<'_>, numkeys: usize, allowed: Allowed) -> Result<Request, CommandError> {
        let mut request = Request { weights: Vec::new(), aggregate: Aggregate::Sum, with_scores: false, limit: 0 };
        let mut words = args.iter();
        while let Some(word) = words.next() {
            if allowed.weights && words.len() >= numkeys && is_word(word, "WEIGHTS") {
                let weight = |arg: &[u8]| double::parse(arg).ok_or(WEIGHT_NOT_A_FLOAT);
                request.weights = words.by_ref().take(numkeys).map(weight).collect::<Result<_, _>>()?;
            } else if allowed.scores && is_word(word, "WITHSCORES") {
                request.with_scores = true;
            } else if allowed.weights && is_word(word, "AGGREGATE") {
                request.aggregate = Aggregate::parse(words.next().ok_or(SYNTAX)?)?;
            } else if allowed.limit && is_word(word, "LIMIT") {
                let limit = parse_i64(words.next().ok_or(SYNTAX)?).and_then(|limit| usize::try_from(limit).ok());
                request.limit = limit.ok_or(LIMIT_NEGATIVE)?;
            } else {
                return Err(SYNTAX);
            }
        }
        Ok(request)
    }
}

/// A sorted set, or a set.
#[derive(Clone, Copy)]
enum Members<'k> {
    Zset(&'k Zset),
    Set(&'k Set),
    None,
}

impl<'k> Members<'k> {
    fn len(self) -> usize {
        match self {
            Members::Zset(zset) => zset.len(),
            Members::Set(set) => set.len(),
            Members::None => 0,
        }
    }

    fn score(self, member: Text<'_>) -> Option<f64> {
        match self {
            Members::Zset(zset) => member.with_bytes(|member| zset.score(member)),
            Members::Set(set) => set.contains_text(member).then_some(1.0),
            Members::None => None,
        }
    }

    fn iter(self) -> impl Iterator<Item = (Text<'k>, f64)> {
        let (zset, set) = match self {
            Members::Zset(zset) => (Some(zset), None),
            Members::Set(set) => (None, Some(set)),
            Members::None => (None, None),
        };
        let of_zset = zset.into_iter().flat_map(|zset| zset.iter_up(0));
        of_zset.chain(set.into_iter().flat_map(Set::iter).map(|member| (member, 1.0)))
    }
}

/// One input.
#[derive(Clone, Copy)]
struct Source<'k> {
    members: Members<'k>,
    weight: f64,
}

/// The inputs of an operation, in the order of their keys.
pub(super) struct Sources<'k> {
    list: Vec<Source<'k>>,
    aggregate: Aggregate,
}

impl<'k> Sources<'k> {
    /// The inputs at these places.
    pub(super) fn new(keyspace: &'k Keyspace, places: &[Option<Place>], request: &Request) -> Sources<'k> {
        let one = |(index, place): (usize, &Option<Place>)| {
            let members = match place.map(|place| &keyspace.entry(place).value) {
                Some(Value::Zset(zset)) => Members::Zset(zset),
                Some(Value::Set(set)) => Members::Set(set),
                _ => Members::None,
            };
            Source { members, weight: request.weights.get(index).copied().unwrap_or(1.0) }
        };
        Sources { list: places.iter().enumerate().map(one).collect(), aggregate: request.aggregate }
    }

    /// The result, in ascending order.
    pub(super) fn combine(&self, operation: Operation, order: HashKey) -> Vec<(Text<'k>, f64)> {
        let mut result = match operation {
            Operation::Union => self.unite(order),
            Operation::Difference => self.subtract(),
            Operation::Intersection => {
                let mut result = Vec::new();
                self.intersect(|member, score| {
                    result.push((member, score));
                    true
                });
                result
            }
        };
        result.sort_unstable_by(|left, right| {
            let by_score = left.1.partial_cmp(&right.1).unwrap_or(Ordering::Equal);
            by_score.then_with(|| left.0.with_bytes(|left| right.0.with_bytes(|right| left.cmp(right))))
        });
        result
    }

    /// The inputs, the smallest first. Sums of scores depend on their order, in which we follow Redis.
    fn by_len(&self) -> Vec<Source<'k>> {
        let mut list = self.list.clone();
        list.sort_by_key(|source| source.members.len());
        list
    }

    /// Shows `visit` the members that all inputs have, as long as it wants more.
    pub(super) fn intersect(&self, mut visit: impl FnMut(Text<'k>, f64) -> bool) {
        let list = self.by_len();
        let Some((smallest, others)) = list.split_first() else { return };
        for (member, score) in smallest.members.iter() {
            let own = number_or_zero(smallest.weight * score);
            let joined = others.iter().try_fold(own, |so_far, source| {
                Some(self.aggregate.join(so_far, source.members.score(member)? * source.weight))
            });
            if joined.is_some_and(|score| !visit(member, score)) {
                return;
            }
        }
    }

    fn unite(&self, order: HashKey) -> Vec<(Text<'k>, f64)> {
        let mut result: Vec<(Text<'k>, f64)> = Vec::new();
        let mut index: Table<u32> = Table::new();
        let hash_of = |member: Text<'_>| member.with_bytes(|member| order.hash(member));
        for source in self.by_len() {
            for (member, score) in source.members.iter() {
                let score = number_or_zero(source.weight * score);
                let hash = hash_of(member);
                let found = index.find(hash, |&at| result[at as usize].0 == member);
                if let Some(&at) = found {
                    let so_far = &mut result[at as usize].1;
                    *so_far = self.aggregate.join(*so_far, score);
                } else {
                    index.insert_new(hash, result.len() as u32, |&at| hash_of(result[at as usize].0));
                    result.push((member, score));
                }
            }
        }
        result
    }

    fn subtract(&self) -> Vec<(Text<'k>, f64)> {
        let Some((first, others)) = self.list.split_first() else { return Vec::new() };
        let is_left = |member: Text<'_>| others.iter().all(|source| source.members.score(member).is_none());
        first.members.iter().filter(|(member, _)| is_left(*member)).collect()
    }
}
