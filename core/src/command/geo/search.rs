//! Geo: the commands that search.

use alloc::vec::Vec;

use crate::codec::geohash::whole;
use crate::command::exec::{Exec, stored};
use crate::command::zset::keep_result;
use crate::command::{Command, Group, Keys, Outcome};
use crate::resp::{Args, Reply};
use crate::value::{Text, Zset};

use super::found::{Found, search};
use super::query::{Form, Query};
use super::{reply_distance, reply_point};

const COST: &str = "O(N+log(M))";

pub(super) const COMMANDS: &[Command] = &[
    Command::data(Group::Geo, "georadius", -6, "write denyoom", Keys::FirstAndStores { at: 6 }, georadius)
        .access("RO access; OW update; OW update")
        .docs(
            "3.2.0",
            COST,
            "Find the members within a distance of a place: the old form of GEOSEARCH and GEOSEARCHSTORE",
        ),
    Command::data(Group::Geo, "georadius_ro", -6, "readonly", Keys::ONE, georadius_ro).access("RO access").docs(
        "3.2.10",
        COST,
        "Find the members within a distance of a place: the old form of GEOSEARCH",
    ),
    Command::data(
        Group::Geo,
        "georadiusbymember",
        -5,
        "write denyoom",
        Keys::FirstAndStores { at: 5 },
        georadiusbymember,
    )
    .access("RO access; OW update; OW update")
    .docs(
        "3.2.0",
        COST,
        "Find the members within a distance of another: the old form of GEOSEARCH and GEOSEARCHSTORE",
    ),
    Command::data(Group::Geo, "georadiusbymember_ro", -5, "readonly", Keys::ONE, georadiusbymember_ro)
        .access("RO access")
        .docs("3.2.10", COST, "Find the members within a distance of another: the old form of GEOSEARCH"),
    Command::data(Group::Geo, "geosearch", -7, "readonly", Keys::ONE, geosearch).access("RO access").docs(
        "6.2.0",
        COST,
        "Find the members within a distance, a box or a polygon",
    ),
    Command::data(Group::Geo, "geosearchstore", -8, "write denyoom", Keys::TWO, geosearchstore)
        .access("OW update; RO access")
        .docs("6.2.0", COST, "Keep the members within a distance, a box or a polygon"),
];

fn georadius(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    run(exec, args, Form::Radius)
}

fn georadius_ro(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    run(exec, args, Form::RadiusReadOnly)
}

fn georadiusbymember(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    run(exec, args, Form::RadiusByMember)
}

fn georadiusbymember_ro(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    run(exec, args, Form::RadiusByMemberReadOnly)
}

fn geosearch(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    run(exec, args, Form::Search)
}

fn geosearchstore(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    run(exec, args, Form::SearchStore)
}

fn run(exec: &mut Exec<'_>, args: Args<'_>, form: Form) -> Outcome {
    let source = if form == Form::SearchStore { &args[2] } else { &args[1] };
    let zset = match exec.find_to_read(source) {
        Some(place) => Some(stored::<Zset>(exec.keyspace, place)?),
        None => None,
    };
    let query = Query::parse(zset, args, form)?;
    let found = zset.map(|zset| search(zset, &query)).unwrap_or_default();
    let Some(key) = query.store else {
        reply_found(&mut exec.reply, &found, &query);
        return Ok(());
    };
    let score = |place: &Found<'_>| match query.stores_distances {
        true => place.distance_m / query.shape.unit_m,
        false => place.score,
    };
    let members: Vec<(Text<'_>, f64)> = found.iter().map(|place| (place.member, score(place))).collect();
    let result = Zset::of_members(&members, exec.limits().zset, exec.keyspace.order());
    keep_result(exec, key, result, if form.is_search() { "geosearchstore" } else { "georadiusstore" });
    Ok(())
}

fn reply_found(reply: &mut Reply<'_>, found: &[Found<'_>], query: &Query<'_>) {
    let details = query.details;
    reply.array(found.len());
    for place in found {
        if details.count() > 0 {
            reply.array(1 + details.count());
        }
        place.member.reply_to(reply);
        if details.distance {
            reply_distance(reply, place.distance_m / query.shape.unit_m);
        }
        if details.hash {
            reply.int(whole(place.score));
        }
        if details.point {
            reply_point(reply, place.point);
        }
    }
}
