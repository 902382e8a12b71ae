//! What is drawn at random cannot be equal on two servers. Is it what may be drawn, in the same shape, and is each as likely as every other?

use std::collections::{BTreeMap, BTreeSet};

use afterimage_tests::{Client, Draw, Options, Release, Reply};

use crate::families::number;

/// A collection, by the command that makes it, what reads all of it, and what draws from it.
struct Kind {
    name: &'static str,
    add: fn(usize) -> Vec<String>,
    read: &'static str,
    /// Names and values by turns, as `read` tells them.
    is_paired: bool,
    draws: &'static [&'static str],
}

const KINDS: &[Kind] = &[
    Kind {
        name: "set",
        add: |number| vec!["sadd".into(), "key".into(), format!("member:{number}")],
        read: "smembers key",
        is_paired: false,
        draws: &["srandmember key", "srandmember key {}", "srandmember key -{}", "spop key", "spop key {}"],
    },
    Kind {
        name: "set of integers",
        add: |number| vec!["sadd".into(), "key".into(), format!("{number}")],
        read: "smembers key",
        is_paired: false,
        draws: &["srandmember key", "srandmember key {}", "srandmember key -{}", "spop key", "spop key {}"],
    },
    Kind {
        name: "hash",
        add: |number| vec!["hset".into(), "key".into(), format!("field:{number}"), format!("value:{number}")],
        read: "hgetall key",
        is_paired: true,
        draws: &[
            "hrandfield key",
            "hrandfield key {}",
            "hrandfield key -{}",
            "hrandfield key {} withvalues",
            "hrandfield key -{} withvalues",
        ],
    },
    Kind {
        name: "sorted set",
        add: |number| vec!["zadd".into(), "key".into(), format!("{number}"), format!("member:{number}")],
        read: "zrange key 0 -1 withscores",
        is_paired: true,
        draws: &[
            "zrandmember key",
            "zrandmember key {}",
            "zrandmember key -{}",
            "zrandmember key {} withscores",
            "zrandmember key -{} withscores",
        ],
    },
];

/// Sizes in every encoding, and on both sides of every change of the way of drawing.
const SIZES: &[usize] = &[1, 2, 5, 31, 33, 100, 600, 3_000];

fn texts(reply: Reply) -> Vec<String> {
    match reply {
        Reply::Nil => Vec::new(),
        Reply::Array(elements) => elements.into_iter().flat_map(texts).collect(),
        single => vec![single.text()],
    }
}

/// What is there: each name, with its value if it has one.
fn content(client: &mut Client, kind: &Kind) -> BTreeMap<String, String> {
    let all = texts(client.line(kind.read));
    match kind.is_paired {
        true => all.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect(),
        false => all.into_iter().map(|name| (name, String::new())).collect(),
    }
}

fn fill(client: &mut Client, kind: &Kind, size: usize) {
    client.line("del key");
    let requests: Vec<Vec<Vec<u8>>> =
        (0..size).map(|number| (kind.add)(number).into_iter().map(String::into_bytes).collect()).collect();
    client.pipeline(&requests);
}

/// Draws once from both and checks what came. What was taken out of one is taken out of the other as well.
fn draw_once(sides: &mut [Client; 2], kind: &Kind, request: &str) {
    let before = content(&mut sides[0], kind);
    let drawn = sides.each_mut().map(|side| texts(side.line(request)));
    assert_eq!(drawn[0].len(), drawn[1].len(), "{}: {request} of {}", kind.name, before.len());
    for (side, drawn) in sides.iter_mut().zip(&drawn) {
        let has_values = request.contains(" with");
        let names: Vec<&String> = drawn.iter().step_by(1 + usize::from(has_values)).collect();
        assert!(names.iter().all(|name| before.contains_key(*name)), "{}: {request} gave {names:?}", kind.name);
        if has_values {
            assert!(drawn.chunks(2).all(|pair| before[&pair[0]] == pair[1]), "{}: {request} gave {drawn:?}", kind.name);
        }
        let distinct: BTreeSet<&String> = names.iter().copied().collect();
        assert!(request.contains('-') || distinct.len() == names.len(), "{}: {request} gave {names:?}", kind.name);
        if request.starts_with("spop") {
            let after = content(side, kind);
            let is_gone = |name: &String| !after.contains_key(name);
            assert!(
                distinct.iter().all(|name| is_gone(name)) && after.len() + distinct.len() == before.len(),
                "{request}"
            );
        }
    }
    if request.starts_with("spop") {
        let all = drawn.concat();
        for side in sides {
            all.iter().for_each(|name| drop(side.call(&["srem", "key", name])));
        }
    }
}

#[test]
fn what_is_drawn_is_there_and_as_much_as_redis_draws() {
    let Some(real) = Options::real(Release::Redis7).map(Options::start) else { return };
    let ours = Options::ours().start();
    let mut sides = [ours.client(), real.client()];
    let mut draw = Draw::new(number("AFTERIMAGE_DIFFERENTIAL_SEED", 1));
    for (kind, size) in KINDS.iter().flat_map(|kind| SIZES.iter().map(move |size| (kind, *size))) {
        sides.iter_mut().for_each(|side| fill(side, kind, size));
        for _ in 0..20 {
            let template = *draw.pick(kind.draws);
            let limit = *draw.pick(&[2, size as u64 / 3 + 1, size as u64 + 2, 2 * size as u64 + 1]);
            draw_once(&mut sides, kind, &template.replace("{}", &(1 + draw.below(limit)).to_string()));
        }
    }
}

/// A draw that prefers some is found out by its most and least frequent ones: of 400 expected, seven standard deviations are 140.
#[test]
fn each_is_drawn_as_often_as_every_other() {
    const EXPECTED: usize = 400;
    let server = Options::ours().start();
    let mut client = server.client();
    for (kind, size) in KINDS.iter().flat_map(|kind| [7, 40].map(|size| (kind, size))) {
        fill(&mut client, kind, size);
        for template in
            kind.draws.iter().filter(|template| !template.starts_with("spop") && !template.contains(" with"))
        {
            let count = if template.contains("{}") { 3 } else { 1 };
            let mut times: BTreeMap<String, usize> = BTreeMap::new();
            for _ in 0..EXPECTED * size / count {
                let names = texts(client.line(&template.replace("{}", &count.to_string())));
                names.into_iter().for_each(|name| *times.entry(name).or_default() += 1);
            }
            assert_eq!(times.len(), size, "{}: {template}", kind.name);
            let (least, most) = (times.values().min().copied(), times.values().max().copied());
            assert!(
                least >= Some(260) && most <= Some(540),
                "{} of {size}: {template}: {least:?} to {most:?}",
                kind.name
            );
        }
    }
}
