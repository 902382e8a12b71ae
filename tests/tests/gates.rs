//! When several things stand in the way of a command, is it refused for the reason that Redis names?
//!
//! All combinations of what can stand in the way are set up on a real server and on ours; each command is tried on a fresh connection, and the
//! replies are compared word for word.

use std::fs;

use afterimage_tests::{Client, Options, Release, Reply, Server, wait_until};

const PASSWORD: &str = "secret";

/// Whether the node follows another, and what it says to that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Master,
    /// Its link is down.
    Replica {
        serves_stale: bool,
        is_writable: bool,
    },
}

const ROLES: [Role; 4] = [
    Role::Master,
    Role::Replica { serves_stale: true, is_writable: false },
    Role::Replica { serves_stale: false, is_writable: false },
    Role::Replica { serves_stale: false, is_writable: true },
];

/// What the connection is in the midst of.
const CONTEXTS: [&str; 4] = ["ping", "subscribe channel", "multi", "monitor"];

const COMMANDS: [&str; 18] = [
    "unheard-of",
    "get",
    "get k",
    "set k v",
    "del k",
    "lpush l a",
    "watch k",
    "ping",
    "echo x",
    "publish c m",
    "subscribe c",
    "config get maxmemory",
    "config unheard-of",
    "debug set-active-expire 1",
    "multi",
    "exec",
    "wait 0 0",
    "replconf listening-port",
];

/// Both servers, side by side.
struct Sides([Server; 2]);

impl Sides {
    /// None if there is no real server here.
    fn start() -> Option<Sides> {
        let configure =
            |options: Options| options.with("enable-debug-command", "no").with("enable-protected-configs", "yes");
        let sides = [Options::real(Release::Redis7)?, Options::ours()].map(|options| configure(options).start());
        Some(Sides(sides))
    }

    /// A line said by somebody to whom everything is allowed.
    fn order(&self, line: &str) {
        for server in &self.0 {
            let mut admin = admin(server);
            let reply = admin.line(line);
            assert!(matches!(&reply, Reply::Simple(text) if text.starts_with("OK")), "{line}: {reply:?}");
        }
    }

    fn take_role(&self, role: Role) {
        let Role::Replica { serves_stale, is_writable } = role else { return self.order("replicaof no one") };
        let word = |is_so: bool| if is_so { "yes" } else { "no" };
        // Nobody listens there.
        self.order("replicaof 127.0.0.1 1");
        self.order(&format!("config set replica-serve-stale-data {}", word(serves_stale)));
        self.order(&format!("config set replica-read-only {}", word(!is_writable)));
    }

    /// Makes the next snapshot fail, or succeed, and waits until it has.
    fn break_disk(&self, is_broken: bool) {
        for server in &self.0 {
            let path = server.options().dir().join("taken");
            if is_broken {
                fs::create_dir_all(path.join("by-something")).expect("a directory can be made");
            }
            let mut admin = admin(server);
            let name = if is_broken { "taken" } else { "dump.rdb" };
            assert!(admin.line(&format!("config set dbfilename {name}")).is_ok());
            let save = if is_broken { "3600 1" } else { "" };
            assert!(admin.call(&["config", "set", "save", save]).is_ok());
            admin.line("bgsave");
            let status = if is_broken { "rdb_last_bgsave_status:err" } else { "rdb_last_bgsave_status:ok" };
            wait_until("the snapshot to fail or not", || {
                let text = admin.line("info persistence").text();
                text.contains(status) && text.contains("rdb_bgsave_in_progress:0")
            });
        }
    }

    fn compare(&self, state: &str, is_authenticated: bool) -> Vec<String> {
        let mut differences = Vec::new();
        for context in CONTEXTS {
            for command in COMMANDS {
                let [real, ours] = [0, 1].map(|side| reply_of(&self.0[side], context, command, is_authenticated));
                if real != ours {
                    differences.push(format!("{state}, after {context}: {command}: {real} there, {ours} here"));
                }
            }
        }
        differences
    }
}

fn admin(server: &Server) -> Client {
    let mut client = server.client();
    // It fails while there is no password, which does no harm.
    client.line(&format!("auth {PASSWORD}"));
    client
}

fn reply_of(server: &Server, context: &str, command: &str, is_authenticated: bool) -> String {
    let mut client = if is_authenticated { admin(server) } else { server.client() };
    client.line(context);
    let reply = match client.line(command) {
        // What a monitor is shown of its own command, with the time.
        Reply::Simple(text) if text.starts_with(|first: char| first.is_ascii_digit()) => "shown".to_owned(),
        reply => format!("{reply:?}"),
    };
    // The one text that differs on purpose.
    reply.replace("read only slave", "read only replica")
}

#[test]
fn a_command_is_refused_for_the_reason_that_redis_names() {
    let Some(sides) = Sides::start() else { return };
    let mut differences = Vec::new();
    for is_disk_broken in [false, true] {
        sides.break_disk(is_disk_broken);
        for role in ROLES {
            sides.take_role(role);
            for replicas in [0, 1] {
                sides.order(&format!("config set min-replicas-to-write {replicas}"));
                for memory in [0, 1] {
                    sides.order(&format!("config set maxmemory {memory}"));
                    // A password that is missing comes before all of these: it is enough to see that once where all of them would refuse.
                    let all_refuse = is_disk_broken && replicas == 1 && memory == 1;
                    for is_authenticated in if all_refuse { &[true, false][..] } else { &[true] } {
                        sides.order(&format!("config set requirepass {PASSWORD}"));
                        let state = format!(
                            "{role:?}, disk broken: {is_disk_broken}, min-replicas {replicas}, maxmemory {memory}, authenticated: {is_authenticated}"
                        );
                        differences.extend(sides.compare(&state, *is_authenticated));
                    }
                }
                sides.order("config set maxmemory 0");
            }
            sides.order("config set min-replicas-to-write 0");
        }
        sides.take_role(Role::Master);
    }
    let shown = differences.iter().take(30).cloned().collect::<Vec<_>>().join("\n");
    assert!(differences.is_empty(), "{} differences:\n{shown}", differences.len());
}

/// What may have been queued while nothing stood in the way.
const QUEUES: [&[&str]; 7] =
    [&[], &["get k"], &["select 1"], &["ping"], &["select 1", "get k"], &["set k v"], &["publish c m"]];

#[test]
fn what_was_queued_before_is_refused_by_exec_if_it_may_not_be_done_any_more() {
    let Some(sides) = Sides::start() else { return };
    let mut differences = Vec::new();
    for role in ROLES {
        for order in ["replicaof no one", "config set replica-serve-stale-data yes", "config set replica-read-only yes"]
        {
            sides.order(order);
        }
        let queued = QUEUES.map(|queue| {
            sides.0.each_ref().map(|server| {
                let mut client = admin(server);
                client.line("multi");
                queue.iter().for_each(|command| assert_eq!(client.line(command).text(), "QUEUED"));
                client
            })
        });
        sides.take_role(role);
        for (queue, mut clients) in QUEUES.iter().zip(queued) {
            let [real, ours] = clients.each_mut().map(|client| format!("{:?}", client.line("exec")));
            let ours = ours.replace("read only slave", "read only replica");
            let real = real.replace("read only slave", "read only replica");
            if real != ours {
                differences.push(format!("{role:?}, {queue:?}: {real} there, {ours} here"));
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
