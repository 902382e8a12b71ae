//! Do several clients at once meet what they would meet at Redis 7.0: transactions, watched keys, waits and the order of service?
//!
//! Both servers are driven in lockstep. After each request it is settled who waits and who was served, so that what one client's
//! request does to the others is compared as well.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::time::Duration;

use afterimage_tests::grammar::FAMILIES;
use afterimage_tests::{Client, Draw, Options, Release, Reply, Server, encode};

use crate::families::{THRESHOLDS, is_same, number};

type Request = Vec<Vec<u8>>;

const CONNECTIONS: usize = 4;
/// Whose commands are drawn: those that may wait more often than the others.
const DRAWN: &[&str] =
    &["list", "list", "list", "zset", "zset", "stream", "stream", "string", "hash", "set", "generic", "expire"];
/// Requests that wait for ever unless they are served.
const WAITS: &[&str] = &[
    "blpop list:{} list:{} 0",
    "brpop list:{} 0",
    "blmove list:{} list:{} left right 0",
    "brpoplpush list:{} list:{} 0",
    "blmpop 0 2 list:{} list:{} left count 2",
    "bzpopmin zset:{} zset:{} 0",
    "bzpopmax zset:{} 0",
    "bzmpop 0 2 zset:{} zset:{} max count 2",
    "xread block 0 streams stream:{} $",
    "xreadgroup group g:1 m:{} block 0 streams stream:{} >",
];
/// What fills them, on the same keys.
const FILLS: &[&str] = &[
    "rpush list:{} a b c",
    "lpush list:{} d",
    "zadd zset:{} 1 a 2 b",
    "xadd stream:{} 99-* f v",
    "xgroup create stream:{} g:1 $ mkstream",
    "rename list:{} list:{}",
    "copy zset:{} zset:{} replace",
    "lmove list:{} list:{} right left",
    "del list:{} zset:{} stream:{}",
    "sadd list:{} wrong",
    "move list:{} 1",
];

/// One thing that a client does.
#[derive(Clone, Debug)]
enum Step {
    /// It says this, unless it waits.
    Say(usize, Request),
    /// Somebody else ends its wait, as if its time were over or with an error.
    Unblock(usize, &'static str),
}

fn draw_step(draw: &mut Draw) -> Step {
    let connection = draw.below(CONNECTIONS as u64) as usize;
    let numbered = |draw: &mut Draw, template: &str| {
        let parts: Vec<&str> = template.split("{}").collect();
        let (last, firsts) = parts.split_last().expect("a template is not empty");
        let text: String = firsts.iter().map(|part| format!("{part}{}", draw.below(3))).collect();
        Draw::new(0).fill(&(text + last))
    };
    let request = match draw.below(100) {
        0..5 => Draw::new(0).fill("multi"),
        5..12 => Draw::new(0).fill("exec"),
        12 => Draw::new(0).fill("discard"),
        13..18 => numbered(draw, "watch list:{} zset:{} string:{}"),
        18 => Draw::new(0).fill("unwatch"),
        19..21 => Draw::new(0).fill(draw.pick::<&str>(&["select 0", "select 0", "select 1"])),
        21 => Draw::new(0).fill(draw.pick::<&str>(&["flushdb", "flushall", "reset", "ping"])),
        22..24 => return Step::Unblock(connection, draw.pick::<&str>(&["timeout", "error"])),
        24..40 => {
            let template = *draw.pick(WAITS);
            numbered(draw, template)
        }
        40..65 => {
            let template = *draw.pick(FILLS);
            numbered(draw, template)
        }
        _ => {
            let name = *draw.pick(DRAWN);
            let family = FAMILIES.iter().find(|family| family.name == name).expect("a family");
            let mut request = family.request(draw);
            // What a cursor means is each server's own.
            while request[0] == b"scan" {
                request = family.request(draw);
            }
            // A wait that ends by itself could end before or after the next step.
            request.into_iter().map(|word| if word == b"0.001" { b"0".to_vec() } else { word }).collect()
        }
    };
    Step::Say(connection, request)
}

/// A server and its clients.
struct Side {
    clients: Vec<Client>,
    ids: Vec<i64>,
    control: Client,
    /// Who waits, and for the reply to what.
    waiting: Vec<Option<Request>>,
    /// What was queued since MULTI, per client.
    queues: Vec<Option<Vec<Request>>>,
}

/// A reply, to whom, and to what.
type Heard = (usize, Vec<Request>, (Reply, Vec<u8>));

impl Side {
    fn new(server: &Server, protocol: &str) -> Side {
        let mut control = server.client();
        assert!(control.line("flushall").is_ok());
        let mut clients: Vec<Client> = (0..CONNECTIONS).map(|_| server.client()).collect();
        let ids = clients.iter_mut().map(|client| {
            client.line(&format!("hello {protocol}"));
            client.line("client id").integer()
        });
        let ids = ids.collect();
        let nobody = || (0..CONNECTIONS).map(|_| None).collect();
        Side { clients, ids, control, waiting: nobody(), queues: (0..CONNECTIONS).map(|_| None).collect() }
    }

    /// Does a step and returns all that was heard, by whom.
    fn step(&mut self, step: &Step) -> Vec<Heard> {
        let mut heard = Vec::new();
        match step {
            Step::Say(connection, request) if self.waiting[*connection].is_none() => {
                self.clients[*connection].send(&encode(request));
                self.waiting[*connection] = Some(request.clone());
                heard.extend(self.settle(*connection));
            }
            Step::Unblock(connection, how) if self.waiting[*connection].is_some() => {
                let id = self.ids[*connection];
                assert_eq!(self.control.line(&format!("client unblock {id} {how}")).integer(), 1);
            }
            Step::Say(..) | Step::Unblock(..) => {}
        }
        // Whoever was served has its reply by now, or will have it: it is waited for.
        for connection in 0..CONNECTIONS {
            if self.waiting[connection].is_some() && !self.is_blocked(connection) {
                heard.extend(self.settle(connection));
            }
        }
        heard
    }

    /// Waits until a client has its reply or is known to wait.
    fn settle(&mut self, connection: usize) -> Option<Heard> {
        const PATIENCE: usize = 30_000;
        for _ in 0..PATIENCE {
            let client = &mut self.clients[connection];
            client.stream().set_read_timeout(Some(Duration::from_millis(1))).expect("a timeout can be set");
            match client.try_read_raw() {
                Ok(reply) => {
                    let request = self.waiting[connection].take().expect("it has asked");
                    return Some((connection, self.follow(connection, request, &reply.0), reply));
                }
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => panic!("{:?}: {error}", self.waiting[connection]),
            }
            if self.is_blocked(connection) {
                return None;
            }
        }
        panic!("no reply to {:?}", self.waiting[connection]);
    }

    /// Keeps track of transactions: the requests whose results a reply tells.
    fn follow(&mut self, connection: usize, request: Request, reply: &Reply) -> Vec<Request> {
        let queue = &mut self.queues[connection];
        match request[0].to_ascii_lowercase().as_slice() {
            b"multi" if request.len() == 1 && queue.is_none() => *queue = Some(Vec::new()),
            b"exec" if request.len() == 1 => return queue.take().unwrap_or_default(),
            b"discard" | b"reset" if request.len() == 1 => *queue = None,
            _ => {
                if let Some(queue) = queue
                    && *reply == Reply::Simple("QUEUED".to_owned())
                {
                    queue.push(request);
                    return vec![vec![b"queued".to_vec()]];
                }
            }
        }
        vec![request]
    }

    fn is_blocked(&mut self, connection: usize) -> bool {
        let id = self.ids[connection];
        let line = self.control.line(&format!("client list id {id}")).text();
        let flags = line.split(' ').find_map(|word| word.strip_prefix("flags="));
        flags.is_some_and(|flags| flags.contains('b'))
    }
}

fn is_equal(ours: &[Heard], real: &[Heard]) -> bool {
    ours.len() == real.len()
        && ours.iter().zip(real).all(|((a, requests, ours), (b, _, real))| {
            let elementwise = || match (&ours.0, &real.0) {
                (Reply::Array(ours), Reply::Array(real)) => {
                    let of = |reply: &Reply| (reply.clone(), format!("{reply:?}").into_bytes());
                    let pairs = ours.iter().zip(real).zip(requests);
                    ours.len() == real.len()
                        && ours.len() == requests.len()
                        && pairs.into_iter().all(|((ours, real), request)| is_same(request, &of(ours), &of(real)))
                }
                _ => false,
            };
            let single = |request: &Request| is_same(request, ours, real);
            a == b && (ours.1 == real.1 || matches!(&requests[..], [request] if single(request)) || elementwise())
        })
}

/// The first step after which the two differ, and how.
fn difference(servers: &[Server; 2], protocol: &str, steps: &[Step]) -> Option<(usize, String)> {
    let mut sides = servers.each_ref().map(|server| Side::new(server, protocol));
    for (at, step) in steps.iter().enumerate() {
        let [ours, real] = sides.each_mut().map(|side| side.step(step));
        if !is_equal(&ours, &real) {
            let show = |heard: &[Heard]| {
                let lines =
                    heard.iter().map(|(connection, _, reply)| format!("{connection}: {}", reply.1.escape_ascii()));
                lines.collect::<Vec<_>>().join(" | ")
            };
            return Some((at, format!(" ours: {}\nRedis: {}", show(&ours), show(&real))));
        }
    }
    let digests = servers.each_ref().map(Server::digest);
    (digests[0] != digests[1]).then(|| (steps.len() - 1, format!("digests: {digests:?}")))
}

fn shrink(servers: &[Server; 2], protocol: &str, mut steps: Vec<Step>, mut text: String) -> (Vec<Step>, String) {
    let mut piece = steps.len().div_ceil(2);
    while piece > 0 {
        let mut at = 0;
        while at < steps.len() {
            let mut fewer = steps.clone();
            fewer.drain(at..(at + piece).min(steps.len()));
            match difference(servers, protocol, &fewer) {
                Some((last, found)) => {
                    fewer.truncate(last + 1);
                    (steps, text) = (fewer, found);
                }
                None => at += piece,
            }
        }
        piece /= 2;
    }
    (steps, text)
}

fn show(step: &Step) -> String {
    match step {
        Step::Say(connection, request) => {
            let words: Vec<String> = request.iter().map(|word| format!("\"{}\"", word.escape_ascii())).collect();
            format!("{connection}: {}", words.join(" "))
        }
        Step::Unblock(connection, how) => format!("unblock {connection} {how}"),
    }
}

#[test]
fn several_clients_meet_what_they_would_meet_at_redis() {
    const SEQUENCE: u64 = 250;
    let Some(real) = Options::real(Release::Redis7).map(Options::start) else { return };
    let servers = [Options::ours().start(), real];
    let seed = number("AFTERIMAGE_DIFFERENTIAL_SEED", 1);
    let mut names = BTreeSet::new();
    for round in 0..number("AFTERIMAGE_DIFFERENTIAL_COMMANDS", 4_000).div_ceil(SEQUENCE) {
        let protocol = if round % 2 == 0 { "2" } else { "3" };
        for server in &servers {
            for (directive, small, default) in THRESHOLDS {
                let value = if round / 2 % 2 == 0 { default } else { small };
                assert!(server.line(&format!("config set {directive} {value}")).is_ok(), "{directive}");
            }
        }
        let mut draw = Draw::new(seed + round);
        let mut steps: Vec<Step> = (0..SEQUENCE).map(|_| draw_step(&mut draw)).collect();
        names.extend(steps.iter().filter_map(|step| match step {
            Step::Say(_, request) => Some(request[0].to_ascii_lowercase()),
            Step::Unblock(..) => None,
        }));
        if let Some((last, text)) = difference(&servers, protocol, &steps) {
            steps.truncate(last + 1);
            let (steps, text) = shrink(&servers, protocol, steps, text);
            let lines: Vec<String> = steps.iter().map(show).collect();
            panic!(
                "seed {}, hello {protocol}, small thresholds {}:\n{}\n{text}",
                seed + round,
                round / 2 % 2 == 1,
                lines.join("\n")
            );
        }
    }
    assert!(names.contains(b"blmove".as_slice()) && names.contains(b"watch".as_slice()), "the draw is broad");
}
