//! Is an unfinished end of an append-only file cut off where Redis 7.0 cuts it?

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use afterimage_tests::{Draw, Options, Release, Server};

use super::{end, files, keeping, last_increment, put, rewrite, settle, wait_until_rewritten, write};

/// What Redis 7.0 has written: a base, and an increment that ends with a transaction.
fn written_by_redis() -> Option<BTreeMap<String, Vec<u8>>> {
    let real = keeping(Options::real(Release::Redis7)?).start();
    write(&real, 1, 300);
    rewrite(&real);
    write(&real, 2, 100);
    let mut client = real.client();
    for line in ["select 3", "set a 1", "multi", "set b 2", "incr a", "rpush l one two", "exec"] {
        client.line(line);
    }
    Some(files(&end(real)))
}

/// A server over these files, and what is left of their last increment.
fn start_over(options: Options, files: &BTreeMap<String, Vec<u8>>) -> (Server, Vec<u8>) {
    let options = keeping(options);
    put(files, &options);
    let server = options.start();
    let left = fs::read(server.options().dir().join(last_increment(files))).expect("it is still there");
    (server, left)
}

/// What both begin with.
fn kept<'a>(left: &'a [u8], torn: &[u8]) -> &'a [u8] {
    let length = left.iter().zip(torn).take_while(|(left, torn)| left == torn).count();
    &left[..length]
}

/// Within a transaction, Redis forgets its beginning if the command that follows is torn: what it writes later belongs to a transaction that never
/// ends, and is lost with it. We cut that off, too.
#[test]
fn a_torn_increment_is_cut_where_redis_cuts_it() {
    let Some(whole) = written_by_redis() else { return };
    let name = last_increment(&whole);
    let length = whole[&name].len();
    let mut draw = Draw::new(1);
    // Every place within the last commands and the transaction, and some before.
    let mut lengths: Vec<usize> = (length - 170..length).step_by(3).collect();
    lengths.extend((0..20).map(|_| usize::try_from(draw.below(length as u64)).expect("small")));
    lengths.extend([0, 1, 4, 5]);
    let mut seen = BTreeSet::new();
    for length in lengths {
        let mut torn = whole.clone();
        torn.get_mut(&name).expect("it is there").truncate(length);
        let (ours, left) = start_over(Options::ours(), &torn);
        let (theirs, expected) = start_over(Options::real(Release::Redis7).expect("it was there"), &torn);
        assert_eq!(ours.digest(), theirs.digest(), "{length} bytes");
        let kept = kept(&left, &whole[&name]);
        let mark = b"*1\r\n$5\r\nmulti\r\n";
        let begins_block = |rest: &[u8]| rest.len() >= mark.len() && rest[..mark.len()].eq_ignore_ascii_case(mark);
        let differs = kept.len() != expected.len();
        assert!(
            !differs || begins_block(&expected[kept.len()..]),
            "{length} bytes: {} of {}",
            kept.len(),
            expected.len()
        );
        // Ours has written where it is behind that.
        let behind = &left[kept.len()..];
        assert!(behind.is_empty() || behind.starts_with(b"#SUM:"), "{}", behind.escape_ascii());
        seen.insert(expected.len());
    }
    assert!(seen.len() > 10, "{seen:?}");
}

#[test]
fn a_torn_increment_that_may_not_be_cut_is_refused_and_stays_as_it_is() {
    let Some(whole) = written_by_redis() else { return };
    let name = last_increment(&whole);
    for cut in [1, 30, 90] {
        let mut torn = whole.clone();
        let bytes = torn.get_mut(&name).expect("it is there");
        bytes.truncate(bytes.len() - cut);
        let ours = keeping(Options::ours()).with("aof-load-truncated", "no");
        put(&torn, &ours);
        let exit = ours.clone().run_to_exit();
        assert_eq!(exit.status.code(), Some(1), "{}", exit.log);
        assert!(exit.log.contains(&name) && exit.log.contains("aof-load-truncated no"), "{}", exit.log);
        assert_eq!(files(&ours), torn);
    }
}

#[test]
fn our_own_torn_increment_loads_as_a_whole_batch_less_and_loads_in_redis() {
    let ours = keeping(Options::ours()).with("appendfsync", "no").start();
    wait_until_rewritten(&ours);
    write(&ours, 1, 300);
    settle(&ours);
    let options = ours.options().clone();
    ours.kill();
    let whole = files(&options);
    let name = last_increment(&whole);
    let mut draw = Draw::new(2);
    for _ in 0..20 {
        let mut torn = whole.clone();
        let length = 100 + usize::try_from(draw.below(whole[&name].len() as u64 - 100)).expect("small");
        torn.get_mut(&name).expect("it is there").truncate(length);
        let (ours, left) = start_over(Options::ours(), &torn);
        assert!(kept(&left, &torn[&name]).len() <= length);
        let digest = ours.digest();
        let Some(real) = Options::real(Release::Redis7) else { return };
        // What we have cut is whole for Redis as well.
        let real = keeping(real);
        put(&files(&end(ours)), &real);
        assert_eq!(real.start().digest(), digest, "{length} bytes");
    }
}
