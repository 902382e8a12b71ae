//! Which directives can a simulated node be given?
//!
//! Those that the engine takes, but for a few that are about what is not simulated, or that the world decides. They are asked before anything is run: a node that refuses its
//! configuration does not start, and that would be told of each host of each seed.

use afterimage_core::Config;

use super::{Plan, Setting};

/// What the world decides: names, and why not.
const OF_THE_WORLD: [(&[&str], &str); 7] = [
    (
        &[
            "port",
            "bind",
            "bind-source-addr",
            "protected-mode",
            "unixsocket",
            "unixsocketperm",
            "tls-port",
            "maxclients",
            "timeout",
        ],
        "whom a node listens to, and for how long, is the simulated network's part",
    ),
    (
        &["replica-announce-ip", "replica-announce-port", "slave-announce-ip", "slave-announce-port"],
        "nodes know each other by their addresses in the simulated network",
    ),
    (
        &["requirepass", "masterauth", "masteruser", "user", "aclfile"],
        "simulated clients, replicas and operators have no passwords",
    ),
    (&["rename-command"], "simulated clients and operators say commands by their names"),
    (&["dir", "include"], "a simulated node has a disk of its own, and no other files"),
    (
        &["daemonize", "supervised", "pidfile", "logfile", "syslog-enabled"],
        "a simulated node is no process, and its log is in the replay",
    ),
    (
        &["replicaof", "slaveof"],
        "who follows whom at the start stands in `hosts`, and then the operator's orders decide",
    ),
];
/// Clients write to two.
const DATABASES_MIN: u32 = 2;

impl Plan {
    /// Asks the engine whether it takes the directives.
    ///
    /// # Errors
    ///
    /// Says which it does not take, and why.
    pub fn check_settings(&self) -> Result<(), String> {
        check(&self.settings)?;
        self.hosts.iter().try_for_each(|host| check(&host.settings))
    }
}

/// Asks it of some, each by itself.
pub(super) fn check(settings: &[Setting]) -> Result<(), String> {
    settings.iter().try_for_each(|setting| check_one(setting).map_err(|why| format!("`{setting}`: {why}")))
}

fn check_one(setting: &Setting) -> Result<(), String> {
    let Setting { name, value } = setting;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if name.is_empty() || !name.bytes().all(is_name) || value.contains(['\n', '\r']) {
        return Err("that is not one directive".into());
    }
    let is_it = |known: &&str| known.eq_ignore_ascii_case(name);
    if let Some((_, why)) = OF_THE_WORLD.iter().find(|(names, _)| names.iter().any(is_it)) {
        return Err(format!("it cannot be set here: {why}"));
    }
    let text = format!("{name} {value}\n");
    let mut include = |file: &str| Err(format!("there is no file {file}"));
    let config = Config::load(Some(("plan", text.as_bytes())), &[], &mut include);
    let config = config.map_err(|error| error.reason.to_string())?;
    if config.databases < DATABASES_MIN {
        return Err(format!("simulated clients write to {DATABASES_MIN} databases"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_seeds_draw_is_taken_by_the_engine() {
        for seed in 0..300 {
            assert_eq!(Plan::draw(seed).check_settings(), Ok(()), "{seed}");
        }
    }

    #[test]
    fn a_directive_that_the_engine_refuses_or_the_world_decides_is_refused_with_the_reason() {
        for (name, value, why) in [
            ("foo", "bar", "Bad directive"),
            ("repl-timeout", "0", "argument must be between 1 and"),
            ("cluster-enabled", "yes", "cluster"),
            ("appendfsync", "sometimes", "one of the following"),
            ("save", "\"", "Unbalanced quotes"),
            ("Port", "6380", "network's part"),
            ("maxclients", "3", "network's part"),
            ("requirepass", "hush", "no passwords"),
            ("user", "default on nopass ~* &* +@all", "no passwords"),
            ("dir", "/tmp", "a disk of its own"),
            ("daemonize", "no", "no process"),
            ("replicaof", "10.1.0.1 6379", "`hosts`"),
            ("databases", "1", "2 databases"),
            ("hz", "10\nport 1", "not one directive"),
            ("", "10", "not one directive"),
            ("# hz", "10", "not one directive"),
            ("\"port\"", "10", "not one directive"),
        ] {
            let told = check(&[Setting::new(name, value)]).expect_err(name);
            assert!(told.contains(why) && told.starts_with(&format!("`{name} ")), "{told:?}: {why}");
        }
        for (name, value) in
            [("repl-timeout", "5"), ("save", "\"\""), ("hz", "10"), ("client-output-buffer-limit", "replica 1mb 0 0")]
        {
            assert_eq!(check(&[Setting::new(name, value)]), Ok(()));
        }
    }
}
