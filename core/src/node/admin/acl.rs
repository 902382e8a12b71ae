//! ACL: what is true of the one user there is.

use alloc::format;
use alloc::string::{String, ToString};

use crate::codec::number::parse_i64;
use crate::command::reply_error as reply;
use crate::command::{Command, Outcome, find};
use crate::config::{describe_default_user, password_hash};
use crate::port::{ConnId, Now};
use crate::resp::Args;

use super::super::Node;
use super::super::gates::full_name;

/// The one user there is.
const DEFAULT_USER: &[u8] = b"default";
/// Of ACL GENPASS, without a number and at most.
const GENPASS_BITS: i64 = 256;
const GENPASS_BITS_MAX: i64 = 4096;
/// Of ACL LOG without a number.
const LOG_ENTRIES: i64 = 10;

impl Node {
    pub(super) fn acl(&mut self, conn: ConnId, args: Args<'_>, now: Now) -> Outcome {
        match args[1].to_ascii_lowercase().as_slice() {
            b"list" => self.acl_list(conn),
            b"getuser" => self.acl_get_user(conn, &args[2]),
            b"genpass" => self.acl_genpass(conn, args),
            b"dryrun" => self.acl_dry_run(conn, args),
            b"log" => self.acl_log(conn, args, now),
            b"deluser" => self.acl_delete_users(conn, args),
            b"load" | b"save" => Err(reply::NO_ACL_FILE),
            b"setuser" => self.acl_set_user(conn, args),
            _ => find(b"acl").map_or(Ok(()), |container| self.help(conn, container)),
        }
    }

    fn acl_list(&mut self, conn: ConnId) -> Outcome {
        let line = format!("user {}", describe_default_user(self.config.requirepass.as_ref()));
        let Some(connection) = self.connection(conn) else { return Ok(()) };
        let mut reply = connection.reply();
        reply.array(1);
        reply.bulk(line.as_bytes());
        Ok(())
    }

    fn acl_get_user(&mut self, conn: ConnId, user: &[u8]) -> Outcome {
        let hash = self.config.requirepass.as_ref().map(password_hash);
        let Some(connection) = self.connection(conn) else { return Ok(()) };
        let mut reply = connection.reply();
        if user != DEFAULT_USER {
            reply.null();
            return Ok(());
        }
        let flags: &[&str] = if hash.is_some() { &["on"] } else { &["on", "nopass"] };
        reply.map(6);
        reply.bulk(b"flags");
        reply.set(flags.len());
        flags.iter().for_each(|flag| reply.bulk(flag.as_bytes()));
        reply.bulk(b"passwords");
        reply.array(usize::from(hash.is_some()));
        hash.iter().for_each(|hash| reply.bulk(hash.as_bytes()));
        for (name, value) in [("commands", "+@all"), ("keys", "~*"), ("channels", "&*")] {
            reply.bulk(name.as_bytes());
            reply.bulk(value.as_bytes());
        }
        reply.bulk(b"selectors");
        reply.array(0);
        Ok(())
    }

    /// Words of the node's own random stream, which nobody outside can foresee: run ids come from it, too.
    fn acl_genpass(&mut self, conn: ConnId, args: Args<'_>) -> Outcome {
        const BITS_PER_DIGIT: i64 = 4;
        if args.len() > 3 {
            return Err(reply::wrong_subcommand("acl", &args[1]));
        }
        let bits = match args.get(2) {
            Some(bits) => parse_i64(bits).ok_or(reply::NOT_AN_INTEGER)?,
            None => GENPASS_BITS,
        };
        if !(1..=GENPASS_BITS_MAX).contains(&bits) {
            return Err(reply::GENPASS_BITS);
        }
        let digits = (bits as usize).div_ceil(BITS_PER_DIGIT as usize);
        let mut text = String::new();
        while text.len() < digits {
            text.push_str(&format!("{:016x}", self.random.next_u64()));
        }
        text.truncate(digits);
        if let Some(connection) = self.connection(conn) {
            connection.reply().bulk(text.as_bytes());
        }
        Ok(())
    }

    /// The default user may do whatever is a command of the right length.
    fn acl_dry_run(&mut self, conn: ConnId, args: Args<'_>) -> Outcome {
        if &args[2] != DEFAULT_USER {
            return Err(reply::unknown_user(&args[2]));
        }
        let words = args.tail(3);
        let Some((_, container)) = self.renamed.find(&args[3]) else { return Err(reply::no_such_command(&args[3])) };
        let command: &Command = match words.get(1) {
            Some(name) if !container.subcommands.is_empty() => {
                crate::command::subcommand(container, name).ok_or_else(|| reply::no_such_command(&args[3]))?
            }
            _ => container,
        };
        if !command.accepts(words.len()) {
            return Err(reply::wrong_arity(&full_name(container, command)));
        }
        if let Some(connection) = self.connection(conn) {
            connection.reply().ok();
        }
        Ok(())
    }

    fn acl_log(&mut self, conn: ConnId, args: Args<'_>, now: Now) -> Outcome {
        if args.len() > 3 {
            return Err(reply::wrong_subcommand("acl", &args[1]));
        }
        let is_reset = args.get(2).is_some_and(|word| word.eq_ignore_ascii_case(b"reset"));
        let count = match args.get(2).filter(|_| !is_reset) {
            Some(count) => parse_i64(count).ok_or(reply::NOT_AN_INTEGER)?,
            None => LOG_ENTRIES,
        };
        if is_reset {
            self.acl_log.reset();
        }
        let Some(connection) = self.connections.get_mut(conn) else { return Ok(()) };
        let mut reply = connection.reply();
        if is_reset {
            reply.ok();
        } else {
            self.acl_log.tell(&mut reply, usize::try_from(count).unwrap_or(0), now);
        }
        Ok(())
    }

    fn acl_delete_users(&mut self, conn: ConnId, args: Args<'_>) -> Outcome {
        if args.iter_from(2).any(|user| user == DEFAULT_USER) {
            return Err(reply::DEFAULT_USER_STAYS);
        }
        if let Some(connection) = self.connection(conn) {
            connection.reply().int(0);
        }
        Ok(())
    }

    /// Differs: only what the default user is anyway can be said of it.
    fn acl_set_user(&mut self, conn: ConnId, args: Args<'_>) -> Outcome {
        let is_true = |rule: &[u8]| {
            let rule = rule.to_ascii_lowercase();
            [&b"on"[..], b"~*", b"allkeys", b"&*", b"allchannels", b"+@all", b"allcommands", b"sanitize-payload"]
                .contains(&rule.as_slice())
        };
        if &args[2] != DEFAULT_USER || !args.iter_from(3).all(is_true) {
            return Err(reply::ONLY_DEFAULT_USER);
        }
        if let Some(connection) = self.connection(conn) {
            connection.reply().ok();
        }
        Ok(())
    }

    /// A login was refused: it stands in ACL LOG.
    pub(super) fn log_refused_login(&mut self, conn: ConnId, command: &str, user: &[u8], now: Now) {
        let Some(connection) = self.connections.get(conn) else { return };
        let is_in_transaction = connection.transaction.is_some() || self.is_executing;
        let client = self.client_line(connection, now).trim_end().to_string();
        self.acl_log.add(command, user, is_in_transaction, client, self.config.acllog_max_len, now);
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::super::super::bench::Bench;

    #[test]
    fn the_default_user_is_told_as_redis_tells_it() {
        let mut bench = Bench::new();
        let user = "*12 $5 flags *2 $2 on $6 nopass $9 passwords *0 $8 commands $5 +@all $4 keys $2 ~* $8 channels $2 &* $9 selectors *0 ";
        for (line, answer) in [
            ("ACL LIST", "*1 $34 user default on nopass ~* &* +@all "),
            ("ACL GETUSER default", user),
            ("ACL GETUSER nobody", "$-1 "),
            ("ACL DRYRUN default GET x", "+OK "),
            ("ACL DRYRUN default nocmd", "-ERR Command 'nocmd' not found "),
            ("ACL DRYRUN default GET", "-ERR wrong number of arguments for 'get' command "),
            ("ACL DRYRUN default config nosub", "-ERR Command 'config' not found "),
            ("ACL DRYRUN default config set", "-ERR wrong number of arguments for 'config|set' command "),
            ("ACL DRYRUN default acl", "-ERR wrong number of arguments for 'acl' command "),
            ("ACL DRYRUN nobody GET x", "-ERR User 'nobody' not found "),
            ("ACL DELUSER default", "-ERR The 'default' user cannot be removed "),
            ("ACL DELUSER x y", ":0 "),
            ("ACL SETUSER default on", "+OK "),
            ("ACL LOG 1 2", "-ERR unknown subcommand or wrong number of arguments for 'LOG'. Try ACL HELP. "),
            ("ACL LOG x", "-ERR value is not an integer or out of range "),
            ("ACL LOG -1", "*0 "),
            (
                "ACL GENPASS 4097",
                "-ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096 ",
            ),
        ] {
            assert_eq!(bench.run(line), answer, "{line}");
        }
        assert!(bench.run("ACL SETUSER alice on").starts_with("-ERR There is no user but the default one"));
        bench.run("CONFIG SET requirepass foo");
        let hash = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";
        assert_eq!(bench.run("ACL LIST"), alloc::format!("*1 $93 user default on #{hash} ~* &* +@all "));
        assert!(bench.run("ACL GETUSER default").contains(&alloc::format!("*1 $2 on $9 passwords *1 $64 {hash} ")));
    }

    #[test]
    fn passwords_have_the_length_asked_for_and_never_repeat() {
        let mut bench = Bench::new();
        let first = bench.run("ACL GENPASS");
        assert!(first.starts_with("$64 ") && first != bench.run("ACL GENPASS"));
        assert!(bench.run("ACL GENPASS 5").starts_with("$2 "));
        assert!(bench.run("ACL GENPASS 4096").starts_with("$1024 "));
    }

    #[test]
    fn refused_logins_are_counted_and_the_newest_comes_first() {
        let mut bench = Bench::new();
        bench.run("CONFIG SET acllog-max-len 2");
        for line in ["AUTH x y", "AUTH x y", "HELLO 3 AUTH q r"] {
            assert!(bench.run(line).starts_with("-WRONGPASS "), "{line}");
        }
        bench.pass(Duration::from_millis(24));
        let log = bench.run("ACL LOG");
        assert!(log.starts_with("*2 *14 $5 count :1 $6 reason $4 auth $7 context $8 toplevel $6 object $5 HELLO $8 username $1 q $11 age-seconds $5 0.024 $11 client-info "), "{log}");
        assert!(log.contains("$5 count :2 ") && log.contains("$8 username $1 x "));
        bench.pass(Duration::from_secs(61));
        bench.run("AUTH x y");
        assert!(bench.run("ACL LOG 1").starts_with("*1 *14 $5 count :1 "));
        assert!(bench.run("ACL LOG").starts_with("*2 "));
        assert_eq!(bench.run("ACL LOG RESET"), "+OK ");
        assert_eq!(bench.run("ACL LOG"), "*0 ");
    }
}
