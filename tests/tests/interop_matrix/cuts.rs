//! What becomes of a write that the line is cut in, byte by byte?

use afterimage_tests::{Draw, Proxy, Release, Server, wait_until};

use super::{Ours, for_each_release, partial_resyncs, snapshots_sent, start_family, wait_until_one};

/// A master and its replica, with a line between them that is cut at will.
struct Pair {
    master: Server,
    replica: Server,
    line: Proxy,
}

impl Pair {
    fn start(release: Release, ours: Ours) -> Option<Pair> {
        let [master, replica] = start_family(ours.kinds(release))?;
        let line = Proxy::to(master.port());
        replica.follow(line.port());
        wait_until_one(&[&master, &replica]);
        Some(Pair { master, replica, line })
    }

    /// Lets that many bytes of what the master writes pass, shows `look` the replica then, and heals the line.
    fn cut_after(&self, bytes: u64, write: impl FnOnce(&Server), look: impl FnOnce(&Server)) {
        let before = (snapshots_sent(&[&self.master]), partial_resyncs(&self.master));
        self.line.shut_after(usize::try_from(bytes).expect("a few bytes"));
        write(&self.master);
        wait_until("the replica to notice the cut", || !self.replica.is_linked());
        look(&self.replica);
        self.line.release();
        wait_until_one(&[&self.master, &self.replica]);
        assert_eq!((snapshots_sent(&[&self.master]), partial_resyncs(&self.master)), (before.0, before.1 + 1));
    }
}

/// What the master adds to its stream by a write.
fn measure(master: &Server, write: impl FnOnce(&Server)) -> u64 {
    let before = master.offset();
    write(master);
    master.offset() - before
}

/// `SELECT` in the stream of a master, for a database of one digit.
const SELECT_BYTES: u64 = b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n".len() as u64;

/// Writes into a database other than the first, at which the stream stands.
fn write_into(master: &Server, database: u64, value: u64) {
    let mut client = master.client();
    assert!(client.line(&format!("select {database}")).is_ok());
    assert!(client.line(&format!("set key {value}")).is_ok());
}

/// The cut is before, in, right behind and beyond the SELECT that stands before a write: the write reaches the database that it is for.
fn selects_once(release: Release, ours: Ours) {
    let Some(pair) = Pair::start(release, ours) else { return };
    write_into(&pair.master, 0, 10);
    let both = measure(&pair.master, |master| write_into(master, 1, 10));
    assert!(both > SELECT_BYTES);
    wait_until_one(&[&pair.master, &pair.replica]);
    let cuts = [1, SELECT_BYTES - 1, SELECT_BYTES, SELECT_BYTES + 1, both - 1];
    for (value, cut) in (11..).zip(cuts) {
        write_into(&pair.master, 0, value);
        wait_until_one(&[&pair.master, &pair.replica]);
        let offset = pair.replica.offset();
        let write = |master: &Server| write_into(master, 1, value + 50);
        pair.cut_after(cut, write, |replica| {
            let applied = if cut < SELECT_BYTES { 0 } else { SELECT_BYTES };
            assert_eq!(replica.offset() - offset, applied, "a SELECT counts once it is whole");
        });
        let mut client = pair.replica.client();
        assert_eq!(client.line("get key").text(), value.to_string());
        assert!(client.line("select 1").is_ok());
        assert_eq!(client.line("get key").text(), (value + 50).to_string());
    }
}

/// Counts in two databases and moves a word from one list to another, in one go.
fn transact(master: &Server) {
    let lines = ["multi", "incr counted", "rpoplpush from to", "select 1", "incr counted", "exec", "select 0"];
    let replies = master.client().pipeline(&lines.map(|line| Draw::new(0).fill(line)));
    assert_eq!(replies[5].clone().elements().len(), 4);
}

/// What a transaction changes, as a reader sees it.
fn read_counted(server: &Server) -> Vec<String> {
    let mut client = server.client();
    let mut seen = vec![client.line("get counted").text()];
    seen.extend(["from", "to"].map(|list| format!("{:?}", client.line(&format!("lrange {list} 0 -1")))));
    assert!(client.line("select 1").is_ok());
    seen.push(client.line("get counted").text());
    seen
}

/// The cut is somewhere within a transaction: nothing of it is seen and nothing counted before all of it is there.
fn applies_all_or_nothing(release: Release, ours: Ours) {
    const MULTI_BYTES: u64 = b"*1\r\n$5\r\nMULTI\r\n".len() as u64;
    const EXEC_BYTES: u64 = b"*1\r\n$4\r\nEXEC\r\n".len() as u64;
    let Some(pair) = Pair::start(release, ours) else { return };
    assert_eq!(pair.master.line("lpush from a b c d e f g h").integer(), 8);
    // Twice, so that the second stands for all that follow: each begins with a SELECT of the first database.
    transact(&pair.master);
    let whole = measure(&pair.master, transact);
    wait_until_one(&[&pair.master, &pair.replica]);
    let cuts = [SELECT_BYTES + MULTI_BYTES, whole / 2, whole - EXEC_BYTES - 1, whole - EXEC_BYTES, whole - 1];
    for cut in cuts {
        let before = (read_counted(&pair.replica), pair.replica.offset());
        pair.cut_after(cut, transact, |replica| {
            assert_eq!(read_counted(replica), before.0, "nothing of it is seen");
            assert!(replica.offset() - before.1 <= SELECT_BYTES, "nothing of it is counted");
        });
        assert_eq!(read_counted(&pair.replica), read_counted(&pair.master));
        assert_ne!(read_counted(&pair.replica), before.0);
    }
}

for_each_release! { {
    it_follows_ours_into_the_right_database: |release| selects_once(release, Ours::Master);
    ours_follows_it_into_the_right_database: |release| selects_once(release, Ours::Replica);
    it_applies_all_of_a_transaction_of_ours_or_nothing: |release| applies_all_or_nothing(release, Ours::Master);
    ours_applies_all_of_its_transaction_or_nothing: |release| applies_all_or_nothing(release, Ours::Replica);
} }
