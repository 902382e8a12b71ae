//! Is damage of every kind refused, or else harmless, within time and memory that the bytes warrant?
//!
//! Golden files of every release are broken in a few seconds' worth of ways, drawn from a seed. `AFTERIMAGE_FUZZ_SECONDS` gives each test more
//! time, `AFTERIMAGE_FUZZ_SEED` begins elsewhere; a failure names the seed of its case. `tests/fuzz` looks for the same harm with a fuzzer.

use std::env;
use std::panic::{self, AssertUnwindSafe};
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use afterimage_tests::harm::{self, Damage, Fate};
use afterimage_tests::{encode, golden_files, payloads};

/// Seconds for each test, unless the environment says otherwise.
const SECONDS_BY_DEFAULT: u64 = 3;
/// No case takes so long unless it hangs.
const HANG: Duration = Duration::from_secs(60);
/// What one case may hold at a time: a node, and what the bytes amount to, compressed ones included.
const NODE_BYTES: u64 = 8 << 20;
const BYTES_FOR_EACH: u64 = 4096;

fn number(name: &str, default: u64) -> u64 {
    let text = env::var(name).ok();
    text.map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text}: a number is expected")))
}

/// Makes cases from seeds until the time is over; `make` gives the bytes, `meet` panics if they do harm.
fn break_things(what: &'static str, mut make: impl FnMut(&mut Damage) -> Vec<u8>, meet: impl Fn(&[u8]) -> Fate) {
    let until = Instant::now() + Duration::from_secs(number("AFTERIMAGE_FUZZ_SECONDS", SECONDS_BY_DEFAULT));
    let first = number("AFTERIMAGE_FUZZ_SEED", 1);
    let watch = Watch::begin(what);
    let (mut taken, mut refused) = (0_u64, 0_u64);
    for seed in first.. {
        if Instant::now() > until {
            break;
        }
        watch.now_at(seed);
        let bytes = make(&mut Damage::new(seed));
        let mut outcome = Ok(Fate::Refused);
        let used = allocation_counter::measure(|| outcome = panic::catch_unwind(AssertUnwindSafe(|| meet(&bytes))));
        match outcome {
            Ok(Fate::Taken) => taken += 1,
            Ok(Fate::Refused) => refused += 1,
            Err(_) => panic!("{what}: harm by seed {seed}: {}", bytes.escape_ascii()),
        }
        let warranted = NODE_BYTES + BYTES_FOR_EACH * bytes.len() as u64;
        assert!(
            used.bytes_max <= warranted,
            "{what}: seed {seed} took {} bytes of memory: {}",
            used.bytes_max,
            bytes.escape_ascii()
        );
    }
    println!("{what}: {taken} taken, {refused} refused");
    assert!(taken > 0 && refused > 0, "{what}: {taken} taken, {refused} refused: damage of one kind proves nothing");
}

/// Ends the whole run if a case hangs: there is no other way out of it.
struct Watch(Arc<AtomicU64>);

impl Watch {
    fn begin(what: &'static str) -> Watch {
        let at = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&at);
        thread::spawn(move || {
            let (mut last, mut since) = (0, Instant::now());
            // The test has ended when nobody else holds the place.
            while Arc::strong_count(&seen) > 1 {
                thread::sleep(Duration::from_millis(200));
                let now_at = seen.load(Ordering::Relaxed);
                if now_at != last {
                    (last, since) = (now_at, Instant::now());
                } else if since.elapsed() > HANG {
                    eprintln!("{what}: seed {now_at} hangs");
                    process::abort();
                }
            }
        });
        Watch(at)
    }

    fn now_at(&self, seed: u64) {
        self.0.store(seed, Ordering::Relaxed);
    }
}

/// One of `things`, and another.
fn draw_two<'a>(damage: &mut Damage, things: &'a [Vec<u8>]) -> (&'a [u8], &'a [u8]) {
    let [one, other] = [0; 2].map(|_| damage.below(things.len()));
    (&things[one], &things[other])
}

fn files() -> Vec<Vec<u8>> {
    golden_files().into_iter().map(|(_, file)| file).collect()
}

/// Payloads of every release, of those that differ.
fn all_payloads() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = files().iter().flat_map(|file| payloads(file)).collect();
    all.sort();
    all.dedup();
    all
}

#[test]
fn damaged_files_are_refused_or_load_what_can_be_used_and_saved_again() {
    let files = files();
    for file in &files {
        assert_eq!(harm::load(file), Fate::Taken);
    }
    let make = |damage: &mut Damage| {
        let (file, other) = draw_two(damage, &files);
        damage.inflict_on_file(file, other)
    };
    break_things("files", make, harm::load);
}

#[test]
fn damaged_synchronisations_are_refused_and_leave_what_was_there_or_bring_what_can_be_used() {
    let (files, victim) = (files(), harm::victim());
    for file in &files {
        assert_eq!(harm::synchronise(&victim, file), Fate::Taken, "{}", file[..40].escape_ascii());
    }
    let make = |damage: &mut Damage| {
        let (file, other) = draw_two(damage, &files);
        damage.inflict_on_file(file, other)
    };
    break_things("synchronisations", make, |bytes| harm::synchronise(&victim, bytes));
}

#[test]
fn damaged_payloads_are_refused_and_leave_what_was_there_or_restore_what_can_be_used() {
    let (payloads, victim) = (all_payloads(), harm::victim());
    for payload in &payloads {
        assert_eq!(harm::restore(&victim, payload), Fate::Taken, "{}", payload.escape_ascii());
    }
    let make = |damage: &mut Damage| {
        let (payload, other) = draw_two(damage, &payloads);
        damage.inflict(payload, other)
    };
    break_things("payloads", make, |bytes| harm::restore(&victim, bytes));
}

#[test]
fn damaged_requests_end_in_replies_or_a_closed_connection() {
    let lines = [
        "set k v px 5000",
        "lrange list 0 -1",
        "xadd stream * a b c d",
        "zadd z nx 1.5 a 2 b",
        "hset h f v",
        "sadd s 1 2 3",
    ];
    let more = [
        "eval x 0",
        "client list",
        "config get *",
        "object freq k",
        "multi",
        "exec",
        "psync ? -1",
        "bitfield k set u8 0 9",
    ];
    let mut requests: Vec<Vec<u8>> =
        lines.iter().chain(&more).map(|line| encode(&line.split(' ').collect::<Vec<_>>())).collect();
    requests.push(lines.join("\r\n").into_bytes());
    requests.push(requests.concat());
    let victim = harm::victim();
    let make = |damage: &mut Damage| {
        let (request, other) = draw_two(damage, &requests);
        damage.inflict(request, other)
    };
    break_things("requests", make, |bytes| harm::request(&victim, bytes));
}
