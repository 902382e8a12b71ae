//! SORT and SORT_RO: in which order do elements come, by themselves or by what other keys say of them?

mod pattern;
mod query;
#[cfg(test)]
mod tests;
mod texts;

use alloc::vec::Vec;
use core::cmp::Ordering;
use core::ops::Range;

use crate::command::exec::{Exec, stored};
use crate::command::reply_error::{SORT_SCORE_NOT_A_FLOAT, WRONG_TYPE};
use crate::command::{Class, Command, CommandError, Group, Keys, Outcome};
use crate::keyspace::{NO_EXPIRY, Place};
use crate::resp::Args;
use crate::value::list::End;
use crate::value::zset::Direction;
use crate::value::{List, Set, Text, Value, Zset};

use pattern::Pattern;
use query::{MayStore, Query};
use texts::{Texts, parse_score};

/// All commands of the family, file by file.
pub(super) const FAMILY: &[&[Command]] = &[COMMANDS];

const COMMANDS: &[Command] = &[
    Command::data(Group::Generic, "sort", -2, "write denyoom", Keys::FirstPatternsAndStore, sort)
        .in_categories("set sortedset list dangerous")
        .access("RO access; RO access: keys of `BY` and `GET` follow from the elements; OW update: `STORE` may stand anywhere")
        .docs("1.0.0", "O(N+M*log(M))", "Tells or keeps the elements of a list, a set or a sorted set in order"),
    Command::data(Group::Generic, "sort_ro", -2, "readonly", Keys::FirstAndPatterns, sort_ro)
        .in_categories("set sortedset list dangerous")
        .access("RO access; RO access: keys of `BY` and `GET` follow from the elements")
        .docs("7.0.0", "O(N+M*log(M))", "Tells the elements of a list, a set or a sorted set in order"),
];

fn sort(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    run(exec, args, MayStore::Yes)
}

fn sort_ro(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    run(exec, args, MayStore::No)
}

fn run(exec: &mut Exec<'_>, args: Args<'_>, may_store: MayStore) -> Outcome {
    let mut query = Query::parse(args, may_store)?;
    let mut texts = Texts::default();
    let mut window = 0..0;
    if let Some(place) = exec.find_to_read(&args[1]) {
        window = load(exec, place, &mut query, &mut texts)?;
    }
    let order = if query.is_unsorted { (0..texts.len()).collect() } else { ordered(exec, &query, &texts)? };
    let chosen = order.get(window).unwrap_or_default();
    match query.destination {
        Some(key) => store(exec, &query, &texts, chosen, key),
        None => tell(exec, &query, &texts, chosen),
    }
    Ok(())
}

/// Copies the elements that are needed, for looking at other keys may remove some, and returns which of them, once in order, are asked for.
fn load(
    exec: &mut Exec<'_>,
    place: Place,
    query: &mut Query<'_>,
    texts: &mut Texts,
) -> Result<Range<usize>, CommandError> {
    // As in Redis, a sorted set leaves its compact encoding.
    if let Value::Zset(zset) = exec.value(place)
        && zset.is_packed()
    {
        let order = exec.keyspace.order();
        if let Value::Zset(zset) = exec.keyspace.recode(place) {
            zset.make_large(order);
        }
    }
    match exec.value(place) {
        Value::Set(_) => {
            let set = stored::<Set>(exec.keyspace, place)?;
            // What is kept must not depend on the order of a table.
            if query.is_unsorted && query.destination.is_some() {
                query.sort_by_name();
            }
            set.for_each(|text| texts.push(text));
            Ok(query.window(set.len()))
        }
        Value::List(_) => {
            let list = stored::<List>(exec.keyspace, place)?;
            let end = if query.is_unsorted && query.is_descending { End::Tail } else { End::Head };
            Ok(load_sequence(query, list.len(), texts, |skip| list.iter_from(end, skip)))
        }
        Value::Zset(_) => {
            let zset = stored::<Zset>(exec.keyspace, place)?;
            let is_down = query.is_unsorted && query.is_descending;
            Ok(load_sequence(query, zset.len(), texts, |skip| {
                let (rank, direction) =
                    if is_down { (zset.len() - 1 - skip, Direction::Down) } else { (skip, Direction::Up) };
                zset.iter(rank, direction).map(|(member, _)| member)
            }))
        }
        Value::String(_) | Value::Hash(_) | Value::Stream(_) => Err(WRONG_TYPE),
    }
}

/// Loads what has an order of its own: if that one is asked for, no more than the part that is.
fn load_sequence<'v, I: Iterator<Item = Text<'v>>>(
    query: &Query<'_>,
    len: usize,
    texts: &mut Texts,
    from: impl FnOnce(usize) -> I,
) -> Range<usize> {
    let window = query.window(len);
    let (skip, count) = if query.is_unsorted { (window.start, window.len()) } else { (0, len) };
    if count > 0 {
        from(skip).take(count).for_each(|text| texts.push(text));
    }
    window.start - skip..window.end - skip
}

/// The indices of the elements in order.
///
/// Differs: elements of which the texts that decide are equal stay in the order in which they are kept; in Redis that is so only without
/// LIMIT.
fn ordered(exec: &mut Exec<'_>, query: &Query<'_>, texts: &Texts) -> Result<Vec<usize>, CommandError> {
    let mut order: Vec<usize> = (0..texts.len()).collect();
    let directed = |order: Ordering| if query.is_descending { order.reverse() } else { order };
    if !query.is_alphabetic {
        let scores = scores(exec, query, texts)?;
        order.sort_by(|&one, &other| {
            let by_score = scores[one].partial_cmp(&scores[other]).unwrap_or(Ordering::Equal);
            directed(by_score.then_with(|| texts[one].cmp(&texts[other])))
        });
        return Ok(order);
    }
    let compare = if query.destination.is_some() { <[u8]>::cmp } else { compare_as_shown };
    if query.by.is_none() {
        order.sort_by(|&one, &other| directed(compare(&texts[one], &texts[other])));
        return Ok(order);
    }
    let mut weights = Texts::default();
    let found: Vec<bool> =
        (0..texts.len()).map(|index| push_weight(exec, query, &texts[index], &mut weights)).collect();
    order.sort_by(|&one, &other| {
        // What has no weight comes first.
        let by_weight = found[one].cmp(&found[other]).then_with(|| compare(&weights[one], &weights[other]));
        directed(by_weight)
    });
    Ok(order)
}

/// The order of texts that are told. Redis compares them as C does, up to the first zero byte.
fn compare_as_shown(one: &[u8], other: &[u8]) -> Ordering {
    let shown = |text: &[u8]| text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
    one[..shown(one)].cmp(&other[..shown(other)])
}

/// The number that decides about each element: its own, or that of the key that BY names; zero where there is none.
fn scores(exec: &mut Exec<'_>, query: &Query<'_>, texts: &Texts) -> Result<Vec<f64>, CommandError> {
    let mut scores = Vec::with_capacity(texts.len());
    let mut is_any_wrong = false;
    let mut weight = Texts::default();
    for index in 0..texts.len() {
        let score = if query.by.is_none() {
            parse_score(&texts[index])
        } else {
            weight.clear();
            let is_found = push_weight(exec, query, &texts[index], &mut weight);
            if is_found { parse_score(&weight[0]) } else { Some(0.0) }
        };
        is_any_wrong |= score.is_none();
        scores.push(score.unwrap_or(0.0));
    }
    // Only after all keys were looked at: those whose time has come are gone.
    if is_any_wrong { Err(SORT_SCORE_NOT_A_FLOAT) } else { Ok(scores) }
}

/// Adds what the key that BY names for an element holds, or nothing; true if there is such a key.
fn push_weight(exec: &mut Exec<'_>, query: &Query<'_>, element: &[u8], weights: &mut Texts) -> bool {
    let by = query.by.unwrap_or(Pattern::Element);
    let place = by.locate(exec, element);
    let value = by.value(exec.keyspace, place, element, exec.dead_before_ms());
    weights.push(value.unwrap_or(Text::Bytes(b"")));
    value.is_some()
}

/// Replies with the chosen elements, or with what GET makes of each.
fn tell(exec: &mut Exec<'_>, query: &Query<'_>, texts: &Texts, chosen: &[usize]) {
    exec.reply.array(chosen.len() * query.gets.len());
    for (element, get) in results(query, texts, chosen) {
        let place = get.locate(exec, element);
        match get.value(exec.keyspace, place, element, exec.dead_before_ms()) {
            Some(value) => value.reply_to(&mut exec.reply),
            None => exec.reply.null(),
        }
    }
}

/// Puts a list of the chosen elements, or of what GET makes of each, in the place of a key.
fn store(exec: &mut Exec<'_>, query: &Query<'_>, texts: &Texts, chosen: &[usize], key: &[u8]) {
    let limits = exec.limits().list;
    let mut list = List::default();
    for (element, get) in results(query, texts, chosen) {
        let place = get.locate(exec, element);
        let value = get.value(exec.keyspace, place, element, exec.dead_before_ms()).unwrap_or(Text::Bytes(b""));
        value.with_bytes(|value| list.push(End::Tail, value, limits));
    }
    let len = list.len();
    if len > 0 {
        exec.put(key, list, NO_EXPIRY);
        exec.notify(Class::List, "sortstore", key);
        exec.changed(len as u64);
    } else if let Some(place) = exec.keyspace.locate(exec.database, key) {
        // One whose time has come is removed like any other, as in Redis.
        exec.remove_emptied(place, key);
        exec.changed(1);
    }
    exec.reply.count(len);
}

/// The parts of the result: an element and what is made of it.
fn results<'t, 'q: 't>(
    query: &'t Query<'q>,
    texts: &'t Texts,
    chosen: &'t [usize],
) -> impl Iterator<Item = (&'t [u8], Pattern<'q>)> {
    chosen.iter().flat_map(move |&index| query.gets.iter().map(move |get| (&texts[index], *get)))
}
