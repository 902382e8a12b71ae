//! Do writable replicas, ours and real ones, expire the same keys of their own, and no key of their master's?

use afterimage_tests::{Options, Release, Server, wait_until};

use super::{Kind, Ours, for_each_release, start_family_with};

/// What a client of a replica sends it, and how many keys with an expiry are its own then, by Redis's count: those whose names it remembers.
const CASES: [(&[&str], u64); 16] = [
    (&["set k v px 300"], 1),
    (&["setex k 1 v"], 1),
    (&["psetex k 300 v"], 1),
    (&["set k v", "pexpire k 300"], 1),
    (&["set k v", "expire k -1"], 1),
    (&["set k v", "getex k px 300"], 1),
    (&["set k v px 300", "append k x"], 1),
    (&["set k v px 300", "set k w keepttl"], 1),
    (&["set k v px 300", "copy k l"], 2),
    (&["rpush k a b", "pexpire k 300"], 1),
    (&["set k v px 300", "set l v px 300", "flushall"], 0),
    (&["set of-master w keepttl"], 0),
    (&["append of-master x"], 0),
    (&["pexpire of-master 300"], 1),
    (&["pexpire lasting 300"], 1),
    (&["set k v"], 0),
];

/// What is left of a database.
fn keys(server: &Server) -> Vec<String> {
    let mut keys: Vec<String> = server.line("keys *").elements().iter().map(|key| key.text()).collect();
    keys.sort_unstable();
    keys
}

/// A master with a key that expires by and by and one that lasts, and two replicas that may be written to.
fn expire_the_same(release: Release, ours: Ours) {
    let writable = |kind: Kind| (kind, kind.options().map(|options: Options| options.with("replica-read-only", "no")));
    let real = Kind::Real(release);
    let Some([master, one, other]) =
        start_family_with([writable(ours.kinds(release)[0]), writable(Kind::Ours), writable(real)])
    else {
        return;
    };
    let count = |server: &Server, field| server.count("stats", field);
    for (lines, own) in CASES {
        assert!(master.line("flushall").is_ok());
        assert!(master.line("set of-master v px 1000000").is_ok());
        assert!(master.line("set lasting v").is_ok());
        let replicas = [&one, &other];
        let expired = replicas.map(|replica| {
            replica.wait_until_equal_to(&master);
            count(replica, "expired_keys") + own + 1
        });
        for (replica, expired) in replicas.into_iter().zip(expired) {
            for line in lines.iter().chain(&["set mark v px 400"]) {
                replica.line(line);
            }
            // Those that are due at once may have gone by now.
            wait_until("its own to be tracked, or to have expired", || {
                count(replica, "slave_expires_tracked_keys") + count(replica, "expired_keys") == expired
            });
        }
        let left = [0, 1].map(|index| {
            let replica = replicas[index];
            wait_until("the replica to expire its own", || count(replica, "expired_keys") == expired[index]);
            wait_until("it to be forgotten", || count(replica, "slave_expires_tracked_keys") == 0);
            (keys(replica), replica.line("dbsize").integer())
        });
        assert_eq!(left[0], left[1], "{lines:?}");
        assert_eq!(left[0].0.len() as i64, left[0].1, "{lines:?}: nothing that is hidden stays");
    }
}

for_each_release! { {
    they_do_as_replicas_of_ours: |release| expire_the_same(release, Ours::Master);
    they_do_as_replicas_of_it: |release| expire_the_same(release, Ours::Replica);
} }
