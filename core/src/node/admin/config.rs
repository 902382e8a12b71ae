//! CONFIG: the running configuration, and what a node must do when it changes.

use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use crate::command::reply_error as reply;
use crate::command::{CommandError, Outcome, find};
use crate::config::{Config, SetContext};
use crate::port::{ConnId, Effects, Level, Now};
use crate::resp::Args;

use super::super::Node;
use super::super::stats::Stats;
use super::config_host::{concerns_host, owned};

impl Node {
    pub(super) fn config_command(&mut self, conn: ConnId, args: Args<'_>, now: Now, effects: &mut Effects) -> Outcome {
        match args[1].to_ascii_lowercase().as_slice() {
            b"get" => return self.config_get(conn, args),
            b"set" => return self.config_set(conn, args, now, effects),
            b"rewrite" => return self.config_rewrite(conn, now, effects),
            b"resetstat" => self.reset_stats(),
            _ => return find(b"config").map_or(Ok(()), |container| self.help(conn, container)),
        }
        if let Some(connection) = self.connection(conn) {
            connection.reply().ok();
        }
        Ok(())
    }

    fn config_get(&mut self, conn: ConnId, args: Args<'_>) -> Outcome {
        let patterns: Vec<&[u8]> = args.iter_from(2).collect();
        let values = self.config.get_many(&patterns);
        let Some(connection) = self.connection(conn) else { return Ok(()) };
        let mut reply = connection.reply();
        reply.map(values.len());
        for (name, value) in values {
            reply.bulk(name.as_bytes());
            reply.bulk(value.as_bytes());
        }
        Ok(())
    }

    fn config_set(&mut self, conn: ConnId, args: Args<'_>, now: Now, effects: &mut Effects) -> Outcome {
        if !args.len().is_multiple_of(2) {
            return Err(reply::SYNTAX);
        }
        let context = SetContext {
            caller_is_local: self.connection(conn).is_some_and(|connection| connection.is_local()),
            is_loading: self.is_loading() || self.builds_beside(),
        };
        let pairs: Vec<(&[u8], &[u8])> = (2..args.len())
            .step_by(2)
            .map(|at| (args.get(at).unwrap_or_default(), args.get(at + 1).unwrap_or_default()))
            .collect();
        let mut wanted = self.config.clone();
        let changed = wanted.set_many(&pairs, context);
        let changed = changed.map_err(|error| CommandError::with(error.to_string()))?;
        if changed.iter().any(|name| concerns_host(name)) {
            return self.ask_host(conn, owned(&pairs), context, now, effects);
        }
        let before = core::mem::replace(&mut self.config, wanted);
        for name in changed {
            self.on_directive_changed(name, &before, now, effects);
        }
        if let Some(connection) = self.connection(conn) {
            connection.reply().ok();
        }
        Ok(())
    }

    /// What follows from a new value at once. Most directives need nothing here: they are read when they matter.
    pub(super) fn on_directive_changed(&mut self, name: &str, before: &Config, now: Now, effects: &mut Effects) {
        if let Some((_, why)) = self.config.without_effect().find(|(idle, _)| *idle == name) {
            effects.say(Level::Notice, || format!("'{name}' is accepted, without effect here: {why}"));
        }
        match name {
            "repl-backlog-size" => {
                let backlog_bytes = self.config.repl_backlog_size;
                if let Some(log) = &mut self.history.log {
                    log.set_backlog_bytes(backlog_bytes);
                }
                self.end_replicas_over_limit(now, effects);
                self.trim_log();
            }
            "client-output-buffer-limit" => {
                self.end_replicas_over_limit(now, effects);
                self.trim_log();
            }
            "repl-diskless-sync" | "repl-diskless-sync-delay" | "repl-diskless-sync-max-replicas" => {
                self.schedule_transfer(now, effects);
            }
            "min-replicas-to-write" | "min-replicas-max-lag" => {
                self.count_good_replicas(now);
            }
            "appendonly" if self.config.appendonly => self.begin_aof(now, effects),
            "appendonly" => self.end_aof(now, effects),
            "appendfsync" => self.on_appendfsync_changed(now, effects),
            "maxmemory" => self.on_memory_limit_changed(effects),
            "replica-wipe-guard" => self.on_guard_policies_changed(now, effects),
            "slowlog-max-len" => self.timing.slowlog.trim(self.config.slowlog_max_len),
            "notify-keyspace-events" => self.follow_event_classes(),
            // Who was let in while no password was needed stays in, the one who sets it first of all.
            "requirepass" if before.requirepass.is_none() => {
                self.connections.iter_mut().for_each(|connection| connection.is_authenticated = true);
            }
            _ => {}
        }
    }

    /// RESETSTAT. What describes the present, rather than the past, stays.
    fn reset_stats(&mut self) {
        let good_replicas = self.stats.good_replicas;
        self.rates.reset();
        self.keyspace.forget_freed();
        self.stats = Stats { good_replicas, ..Stats::default() };
        self.memory.evicted_keys = 0;
        self.memory.evicted_clients = 0;
        self.storage.saves = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::bench::Bench;

    #[test]
    fn a_value_that_was_set_is_told() {
        let mut bench = Bench::new();
        assert_eq!(
            bench.run("CONFIG GET maxmemory-policy port"),
            "*4 $4 port $4 6379 $16 maxmemory-policy $10 noeviction "
        );
        assert_eq!(bench.run("CONFIG SET timeout 7 repl-timeout 9"), "+OK ");
        assert_eq!(bench.run("CONFIG GET timeout repl-timeout"), "*4 $7 timeout $1 7 $12 repl-timeout $1 9 ");
        bench.run("HELLO 3");
        assert_eq!(bench.run("CONFIG GET timeout"), "%1 $7 timeout $1 7 ");
    }

    #[test]
    fn errors_have_the_words_of_redis() {
        let mut bench = Bench::new();
        for (line, answer) in [
            ("CONFIG SET a b c", "-ERR syntax error "),
            ("CONFIG SET port", "-ERR wrong number of arguments for 'config|set' command "),
            ("CONFIG SET foo bar", "-ERR Unknown option or number of arguments for CONFIG SET - 'foo' "),
            ("CONFIG FOO", "-ERR unknown subcommand 'FOO'. Try CONFIG HELP. "),
            ("CONFIG REWRITE", "-ERR The server is running without a config file "),
        ] {
            assert_eq!(bench.run(line), answer, "{line}");
        }
    }

    #[test]
    fn a_smaller_backlog_takes_effect_at_once() {
        let mut bench = Bench::new();
        let replica = bench.connect();
        bench.run_on(replica, "REPLCONF capa eof");
        bench.run_on(replica, "PSYNC ? -1");
        bench.hang_up(replica);
        bench.run(&alloc::format!("SET key {}", "x".repeat(50_000)));
        bench.run("CONFIG SET repl-backlog-size 16384");
        let info = bench.run("INFO replication");
        assert!(info.contains("repl_backlog_histlen:16384 "), "{info}");
    }

    #[test]
    fn a_first_password_locks_nobody_out_who_is_in() {
        let mut bench = Bench::new();
        assert_eq!(bench.run("CONFIG SET requirepass secret"), "+OK ");
        assert_eq!(bench.run("PING"), "+PONG ");
        let later = bench.connect();
        assert_eq!(bench.run_on(later, "PING"), "-NOAUTH Authentication required. ");
    }

    #[test]
    fn resetstat_forgets_what_was_counted() {
        let mut bench = Bench::new();
        bench.run("GET nothing");
        bench.run("NOSUCH");
        assert!(bench.run("INFO everything").contains("errorstat_ERR:count=1"));
        bench.run("CONFIG RESETSTAT");
        let info = bench.run("INFO everything");
        assert!(info.contains("keyspace_misses:0 ") && !info.contains("errorstat_ERR"), "{info}");
    }
}
