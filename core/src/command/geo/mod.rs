//! Geo: places on the earth as members of a sorted set.
//!
//! Nothing but the scores makes a sorted set one of places: every command on sorted sets works on it, and these work on any.

mod found;
mod query;
mod search;
#[cfg(test)]
mod tests;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::codec::double;
use crate::codec::geohash::{Point, distance_m};
use crate::command::exec::{Exec, is_word, stored};
use crate::command::reply_error::{NOT_A_FLOAT, SYNTAX, UNKNOWN_UNIT, invalid_position};
use crate::command::zset::{Rules, add_pairs};
use crate::command::{Command, CommandError, Group, Keys, Outcome};
use crate::resp::{Args, Reply};
use crate::value::Zset;

/// All commands of the family, file by file.
pub(super) const FAMILY: &[&[Command]] = &[COMMANDS, search::COMMANDS];

const COMMANDS: &[Command] = &[
    Command::data(Group::Geo, "geoadd", -5, "write denyoom", Keys::ONE, geoadd).access("RW update").docs(
        "3.2.0",
        "O(log(N))",
        "Give members places",
    ),
    Command::data(Group::Geo, "geopos", -2, "readonly", Keys::ONE, geopos).access("RO access").docs(
        "3.2.0",
        "O(N)",
        "Tell the longitude and latitude of members",
    ),
    Command::data(Group::Geo, "geohash", -2, "readonly", Keys::ONE, geohash).access("RO access").docs(
        "3.2.0",
        "O(log(N)) for each member",
        "Tell the geohashes of members, as others know them",
    ),
    Command::data(Group::Geo, "geodist", -4, "readonly", Keys::ONE, geodist).access("RO access").docs(
        "3.2.0",
        "O(log(N))",
        "Tell how far one member is from another",
    ),
];

/// Two arguments that must be a place.
fn point_arg(longitude: &[u8], latitude: &[u8]) -> Result<Point, CommandError> {
    let longitude = double::parse(longitude).ok_or(NOT_A_FLOAT)?;
    let latitude = double::parse(latitude).ok_or(NOT_A_FLOAT)?;
    let point = Point { longitude, latitude };
    if point.is_valid() { Ok(point) } else { Err(invalid_position(longitude, latitude)) }
}

/// An argument that must be a unit of length: what it is in metres.
fn unit_arg(arg: &[u8]) -> Result<f64, CommandError> {
    let table = [("M", 1.0), ("KM", 1_000.0), ("FT", 0.3048), ("MI", 1_609.34)];
    table.into_iter().find(|(name, _)| is_word(arg, name)).map(|(_, unit_m)| unit_m).ok_or(UNKNOWN_UNIT)
}

fn reply_distance(reply: &mut Reply<'_>, distance: f64) {
    reply.bulk(format!("{distance:.4}").as_bytes());
}

fn reply_point(reply: &mut Reply<'_>, point: Point) {
    reply.array(2);
    reply.human_double(point.longitude);
    reply.human_double(point.latitude);
}

fn geoadd(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let key = &args[1];
    let mut rules = Rules::default();
    let mut first = 2;
    while ["NX", "XX", "CH"].into_iter().any(|option| is_word(&args[first], option)) {
        rules.take_in(&args[first]);
        first += 1;
    }
    let places = args.len() - first;
    if !places.is_multiple_of(3) || places == 0 || (rules.nx && rules.xx) {
        return Err(SYNTAX);
    }
    let mut pairs = Vec::with_capacity(places / 3);
    let mut digits: Vec<String> = Vec::with_capacity(places / 3);
    for at in (first..args.len()).step_by(3) {
        let score = point_arg(&args[at], &args[at + 1])?.score();
        pairs.push((score as f64, &args[at + 2]));
        digits.push(score.to_string());
    }
    let changes = exec.feed.changes();
    add_pairs(exec, key, rules, &pairs)?;
    if exec.feed.changes() > changes {
        // Replicas need not know how a place becomes a score.
        let options = args.iter_from(2).take(first - 2);
        let scores = digits.iter().zip(&pairs).flat_map(|(digits, (_, member))| [digits.as_bytes(), *member]);
        let words: Vec<&[u8]> = [b"zadd", key].into_iter().chain(options).chain(scores).collect();
        exec.feed.instead_words(exec.database, &words);
    }
    Ok(())
}

fn geopos(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    tell_each(exec, args, reply_point, |reply| reply.null_array())
}

fn geohash(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    tell_each(exec, args, |reply, point| reply.bulk(&point.text()), |reply| reply.null())
}

/// Replies with an array of what there is to tell about each member's place, or of nulls where there is none.
fn tell_each(
    exec: &mut Exec<'_>,
    args: Args<'_>,
    tell: impl Fn(&mut Reply<'_>, Point),
    tell_none: impl Fn(&mut Reply<'_>),
) -> Outcome {
    let zset = match exec.find_to_read(&args[1]) {
        Some(place) => Some(stored::<Zset>(exec.keyspace, place)?),
        None => None,
    };
    let members = args.iter_from(2);
    exec.reply.array(members.len());
    for member in members {
        match zset.and_then(|zset| zset.score(member)) {
            Some(score) => tell(&mut exec.reply, Point::of_score(score)),
            None => tell_none(&mut exec.reply),
        }
    }
    Ok(())
}

fn geodist(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let unit_m = match args.len() {
        4 => 1.0,
        5 => unit_arg(&args[4])?,
        _ => return Err(SYNTAX),
    };
    let scores = match exec.find_to_read(&args[1]) {
        Some(place) => {
            let zset = exec.typed::<Zset>(place)?;
            zset.score(&args[2]).zip(zset.score(&args[3]))
        }
        None => None,
    };
    match scores {
        Some((from, to)) => {
            let distance = distance_m(Point::of_score(from), Point::of_score(to));
            reply_distance(&mut exec.reply, distance / unit_m);
        }
        None => exec.reply.null(),
    }
    Ok(())
}
