//! Sorted sets: what several have together, in common, or not. Sets take part, each member with a score of one.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::codec::double;
use crate::codec::number::parse_i64;
use crate::command::exec::{Exec, int_arg, is_word};
use crate::command::reply_error::{LIMIT_NEGATIVE, SYNTAX, WEIGHT_NOT_A_FLOAT, WRONG_TYPE, no_input_key};
use crate::command::{Command, CommandError, Group, Keys, Outcome};
use crate::resp::Args;
use crate::value::{Blob, Set, Text, Value, Zset};

use super::range::{keep_result, reply_header, reply_member};

pub(super) const COMMANDS: &[Command] = &[
    Command::data(Group::SortedSet, "zunion", -3, "readonly", Keys::Numbered { at: 1 }, |exec, args| {
        run(exec, args, Operation::Union, "zunion")
    })
    .docs("6.2.0", "O(N)+O(M*log(M))", "Get the members that any of several sorted sets has"),
    Command::data(Group::SortedSet, "zinter", -3, "readonly", Keys::Numbered { at: 1 }, |exec, args| {
        run(exec, args, Operation::Intersection, "zinter")
    })
    .docs("6.2.0", "O(N*K)+O(M*log(M))", "Get the members that all of several sorted sets have"),
    Command::data(Group::SortedSet, "zdiff", -3, "readonly", Keys::Numbered { at: 1 }, |exec, args| {
        run(exec, args, Operation::Difference, "zdiff")
    })
    .docs("6.2.0", "O(L+(N-K)log(N))", "Get the members of the first sorted set that no other has"),
    Command::data(Group::SortedSet, "zunionstore", -4, "write denyoom", Keys::DestinationAndNumbered, |exec, args| {
        store(exec, args, Operation::Union, "zunionstore")
    })
    .docs("2.0.0", "O(N)+O(M*log(M))", "Keep the members that any of several sorted sets has"),
    Command::data(Group::SortedSet, "zinterstore", -4, "write denyoom", Keys::DestinationAndNumbered, |exec, args| {
        store(exec, args, Operation::Intersection, "zinterstore")
    })
    .docs("2.0.0", "O(N*K)+O(M*log(M))", "Keep the members that all of several sorted sets have"),
    Command::data(Group::SortedSet, "zdiffstore", -4, "write denyoom", Keys::DestinationAndNumbered, |exec, args| {
        store(exec, args, Operation::Difference, "zdiffstore")
    })
    .docs("6.2.0", "O(L+(N-K)log(N))", "Keep the members of the first sorted set that no other has"),
    Command::data(Group::SortedSet, "zintercard", -3, "readonly", Keys::Numbered { at: 1 }, zintercard).docs(
        "7.0.0",
        "O(N*K)",
        "Count the members that all of several sorted sets have",
    ),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Union,
    Intersection,
    Difference,
}

/// How the scores of one member become one.
#[derive(Clone, Copy, Debug)]
enum Aggregate {
    Sum,
    Min,
    Max,
}

impl Aggregate {
    fn join(self, left: f64, right: f64) -> f64 {
        match self {
            // Infinities of both signs cancel out.
            Aggregate::Sum => number_or_zero(left + right),
            Aggregate::Min => {
                if right < left {
                    right
                } else {
                    left
                }
            }
            Aggregate::Max => {
                if right > left {
                    right
                } else {
                    left
                }
            }
        }
    }
}

fn number_or_zero(score: f64) -> f64 {
    if score.is_nan() { 0.0 } else { score }
}

/// A set or sorted set that takes part.
#[derive(Clone, Copy)]
enum Source<'k> {
    Zset(&'k Zset),
    Set(&'k Set),
    Missing,
}

impl<'k> Source<'k> {
    fn len(&self) -> usize {
        match self {
            Source::Zset(zset) => zset.len(),
            Source::Set(set) => set.len(),
            Source::Missing => 0,
        }
    }

    fn score(&self, member: &[u8]) -> Option<f64> {
        match self {
            Source::Zset(zset) => zset.score(member),
            Source::Set(set) => set.contains(member).then_some(1.0),
            Source::Missing => None,
        }
    }

    fn for_each(&self, mut visit: impl FnMut(Text<'k>, f64)) {
        match self {
            Source::Zset(zset) => zset.for_each(visit),
            Source::Set(set) => set.for_each(|member| visit(member, 1.0)),
            Source::Missing => {}
        }
    }
}

/// A source and the weight of its scores.
#[derive(Clone, Copy)]
struct Weighted<'k> {
    source: Source<'k>,
    weight: f64,
}

/// What is asked for beside the keys.
struct Options {
    weights: Vec<f64>,
    aggregate: Aggregate,
    with_scores: bool,
    limit: usize,
}

/// Which options a command has.
#[derive(Clone, Copy)]
struct Allowed {
    weights: bool,
    with_scores: bool,
    limit: bool,
}

/// How many keys there are, by the number at `at`.
fn key_count(args: Args<'_>, at: usize, name: &str) -> Result<usize, CommandError> {
    let count = int_arg(&args[at])?;
    let count = usize::try_from(count).ok().filter(|&count| count > 0).ok_or_else(|| no_input_key(name))?;
    if count > args.len() - at - 1 { Err(SYNTAX) } else { Ok(count) }
}

/// The sources of `count` keys from `first` on.
fn sources<'k>(
    exec: &'k mut Exec<'_>,
    args: Args<'_>,
    first: usize,
    count: usize,
) -> Result<Vec<Source<'k>>, CommandError> {
    // A look-up may remove a key whose time has come: places are taken only when all were looked up.
    for key in args.iter_from(first).take(count) {
        exec.find_to_read(key);
    }
    let places: Vec<_> = args.iter_from(first).take(count).map(|key| exec.peek(key)).collect();
    let keyspace = &*exec.keyspace;
    let source = |place: Option<_>| match place.map(|place| &keyspace.entry(place).value) {
        None => Ok(Source::Missing),
        Some(Value::Zset(zset)) => Ok(Source::Zset(zset)),
        Some(Value::Set(set)) => Ok(Source::Set(set)),
        Some(_) => Err(WRONG_TYPE),
    };
    places.into_iter().map(source).collect()
}

fn parse_options(args: Args<'_>, at: usize, keys: usize, allowed: Allowed) -> Result<Options, CommandError> {
    let mut parsed =
        Options { weights: alloc::vec![1.0; keys], aggregate: Aggregate::Sum, with_scores: false, limit: 0 };
    let mut options = args.iter_from(at);
    while let Some(option) = options.next() {
        if allowed.weights && is_word(option, "WEIGHTS") && options.len() >= keys {
            for weight in &mut parsed.weights {
                let given = double::parse(options.next().unwrap_or_default()).filter(|weight| !weight.is_nan());
                *weight = given.ok_or(WEIGHT_NOT_A_FLOAT)?;
            }
        } else if allowed.weights && is_word(option, "AGGREGATE") && options.len() >= 1 {
            parsed.aggregate = match options.next().unwrap_or_default() {
                word if is_word(word, "SUM") => Aggregate::Sum,
                word if is_word(word, "MIN") => Aggregate::Min,
                word if is_word(word, "MAX") => Aggregate::Max,
                _ => return Err(SYNTAX),
            };
        } else if allowed.with_scores && is_word(option, "WITHSCORES") {
            parsed.with_scores = true;
        } else if allowed.limit && is_word(option, "LIMIT") && options.len() >= 1 {
            let limit = parse_i64(options.next().unwrap_or_default()).and_then(|limit| usize::try_from(limit).ok());
            parsed.limit = limit.ok_or(LIMIT_NEGATIVE)?;
        } else {
            return Err(SYNTAX);
        }
    }
    Ok(parsed)
}

/// The members that all have, with their scores, as far as `visit` wants them.
fn intersect(sources: &[Weighted<'_>], aggregate: Aggregate, mut visit: impl FnMut(&[u8], f64) -> bool) {
    let Some((first, others)) = sources.split_first() else { return };
    let mut wants_more = true;
    first.source.for_each(|member, score| {
        if !wants_more {
            return;
        }
        member.with_bytes(|member| {
            let mut total = Some(number_or_zero(first.weight * score));
            for other in others {
                let score = other.source.score(member).map(|score| number_or_zero(other.weight * score));
                total = total.zip(score).map(|(total, score)| aggregate.join(total, score));
            }
            if let Some(total) = total {
                wants_more = visit(member, total);
            }
        });
    });
}

fn unite(sources: &[Weighted<'_>], aggregate: Aggregate) -> BTreeMap<Blob, f64> {
    let mut all: BTreeMap<Blob, f64> = BTreeMap::new();
    for weighted in sources {
        weighted.source.for_each(|member, score| {
            let score = number_or_zero(weighted.weight * score);
            let member = member.with_bytes(Blob::new);
            all.entry(member).and_modify(|total| *total = aggregate.join(*total, score)).or_insert(score);
        });
    }
    all
}

/// The result of a command whose number of keys stands at `at`, and its options.
fn compute(
    exec: &mut Exec<'_>,
    args: Args<'_>,
    at: usize,
    operation: Operation,
    name: &str,
) -> Result<(Zset, Options), CommandError> {
    let (limits, order) = (exec.limits().zset, exec.keyspace.order());
    let count = key_count(args, at, name)?;
    let sources = sources(exec, args, at + 1, count)?;
    let allowed = Allowed { weights: operation != Operation::Difference, with_scores: at == 1, limit: false };
    let options = parse_options(args, at + 1 + count, count, allowed)?;
    let mut weighted: Vec<Weighted<'_>> = sources
        .iter()
        .zip(&options.weights)
        .map(|(source, weight)| Weighted { source: *source, weight: *weight })
        .collect();
    let mut result = Zset::default();
    match operation {
        Operation::Difference => {
            if let Some((first, others)) = weighted.split_first() {
                first.source.for_each(|member, score| {
                    member.with_bytes(|member| {
                        if others.iter().all(|other| other.source.score(member).is_none()) {
                            result.set(member, score, limits, order);
                        }
                    });
                });
            }
        }
        Operation::Intersection => {
            // Sums of floats depend on their order: the smallest first, as in Redis.
            weighted.sort_by_key(|weighted| weighted.source.len());
            intersect(&weighted, options.aggregate, |member, score| {
                result.set(member, score, limits, order);
                true
            });
        }
        Operation::Union => {
            weighted.sort_by_key(|weighted| weighted.source.len());
            for (member, score) in unite(&weighted, options.aggregate) {
                result.set(&member, score, limits, order);
            }
        }
    }
    Ok((result, options))
}

fn run(exec: &mut Exec<'_>, args: Args<'_>, operation: Operation, name: &str) -> Outcome {
    let (result, options) = compute(exec, args, 1, operation, name)?;
    let reply = &mut exec.reply;
    reply_header(reply, result.len(), options.with_scores);
    result.for_each(|member, score| reply_member(reply, member, score, options.with_scores));
    Ok(())
}

fn store(exec: &mut Exec<'_>, args: Args<'_>, operation: Operation, name: &'static str) -> Outcome {
    let (result, _) = compute(exec, args, 2, operation, name)?;
    keep_result(exec, &args[1], result, name);
    Ok(())
}

fn zintercard(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let count = key_count(args, 1, "zintercard")?;
    let sources = sources(exec, args, 2, count)?;
    let allowed = Allowed { weights: false, with_scores: false, limit: true };
    let options = parse_options(args, 2 + count, count, allowed)?;
    let mut weighted: Vec<Weighted<'_>> = sources.into_iter().map(|source| Weighted { source, weight: 1.0 }).collect();
    weighted.sort_by_key(|weighted| weighted.source.len());
    let mut found = 0;
    intersect(&weighted, Aggregate::Sum, |_, _| {
        found += 1;
        found != options.limit
    });
    exec.reply.count(found);
    Ok(())
}
