//! Is a chain of mixed kinds one history from end to end, whichever of its links is cut?

use afterimage_tests::{Proxy, Release, wait_until};

use super::{Kind, for_each_release, partial_resyncs, snapshots_sent, start_family, wait_until_one, write};

/// Each link is cut in the midst of a command: it heals by a partial resync, and the other is not disturbed.
fn is_one_history(kinds: [Kind; 3]) {
    /// Less than is written in one go.
    const CUT_AFTER_BYTES: usize = 5_001;
    let Some(servers) = start_family(kinds) else { return };
    let [first, relay, last] = servers.each_ref();
    let lines = [Proxy::to(first.port()), Proxy::to(relay.port())];
    relay.follow(lines[0].port());
    relay.wait_until_equal_to(first);
    last.follow(lines[1].port());
    wait_until_one(&[first, relay, last]);
    let sent = snapshots_sent(&[first, relay, last]);
    write(first, 50);
    wait_until_one(&[first, relay, last]);

    let resyncs = || [first, relay].map(partial_resyncs);
    for (link, seed) in [(0, 51), (1, 52)] {
        let before = resyncs();
        lines[link].cut_after(CUT_AFTER_BYTES);
        write(first, seed);
        wait_until("the cut", || !lines[link].is_about_to_cut());
        wait_until("a partial resync", || resyncs()[link] > before[link]);
        wait_until_one(&[first, relay, last]);
        assert_eq!(resyncs()[1 - link], before[1 - link], "the other link is as it was");
    }
    assert_eq!(snapshots_sent(&[first, relay, last]), sent);
}

/// A real server and its real replica: the newer reads what the older writes.
fn two_real(release: Release) -> [Kind; 2] {
    let [older, newer] =
        if release < Release::Redis7 { [release, Release::Redis7] } else { [Release::Redis7, release] };
    [Kind::Real(older), Kind::Real(newer)]
}

for_each_release! { {
    a_chain_of_it_and_ours_and_it: |release| is_one_history([Kind::Real(release), Kind::Ours, Kind::Real(release)]);
    a_chain_of_ours_and_it_and_ours: |release| is_one_history([Kind::Ours, Kind::Real(release), Kind::Ours]);
    a_chain_of_ours_and_ours_and_it: |release| is_one_history([Kind::Ours, Kind::Ours, Kind::Real(release)]);
    a_chain_of_two_real_ones_and_ours: |release| {
        let [first, relay] = two_real(release);
        is_one_history([first, relay, Kind::Ours]);
    };
} }
