//! COMMAND: what the rows of all commands tell about them.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::codec::glob;
use crate::command::reply_error as reply;
use crate::command::{Command, Flags, Group, Keys, Outcome, command_count, commands, find, subcommand};
use crate::port::ConnId;
use crate::resp::{Args, Reply};

use super::super::Node;
use super::super::dispatch::resolve;

/// A command with the container it is a subcommand of, if it is one.
#[derive(Clone, Copy)]
struct Named {
    container: Option<&'static Command>,
    command: &'static Command,
}

impl Named {
    /// `config|get`, `get`.
    fn full_name(&self) -> String {
        match self.container {
            Some(container) => format!("{}|{}", container.name, self.command.name),
            None => self.command.name.to_string(),
        }
    }

    /// Finds `get` and `config|get`.
    fn find(name: &[u8]) -> Option<Named> {
        let mut words = name.splitn(2, |&b| b == b'|');
        let command = find(words.next()?)?;
        match words.next() {
            None => Some(Named { container: None, command }),
            Some(word) => Some(Named { container: Some(command), command: subcommand(command, word)? }),
        }
    }

    fn subcommands(self) -> impl ExactSizeIterator<Item = Named> {
        self.command.subcommands.iter().map(move |command| Named { container: Some(self.command), command })
    }

    /// The ACL categories in Redis's order. Nearly all follow from flags and group.
    fn categories(&self) -> impl Iterator<Item = &'static str> + use<> {
        let Named { container, command } = *self;
        let name = container.unwrap_or(command).name;
        let is = |flag| command.flags.has(flag);
        // Of a container only the subcommands are sorted into groups; COMMAND does something itself.
        let is_bare = !command.subcommands.is_empty() && name != "command";
        let is_of = |group| command.group == group && !is_bare;
        let is_of_connection = is_of(Group::Connection) || matches!(name, "command" | "wait");
        let is_dangerous = matches!(name, "info" | "keys" | "flushall" | "flushdb" | "swapdb" | "role" | "lastsave");
        let is_admin = is(Flags::ADMIN) || matches!(name, "role" | "lastsave");
        let table = [
            (
                "@keyspace",
                (is_of(Group::Generic) && name != "wait") || matches!(name, "flushall" | "flushdb" | "dbsize"),
            ),
            ("@read", is(Flags::READONLY)),
            ("@write", is(Flags::WRITE)),
            ("@set", is_of(Group::Set)),
            ("@sortedset", is_of(Group::SortedSet)),
            ("@list", is_of(Group::List)),
            ("@hash", is_of(Group::Hash)),
            ("@string", is_of(Group::String)),
            ("@bitmap", is_of(Group::Bitmap)),
            ("@hyperloglog", is_of(Group::HyperLogLog)),
            ("@geo", is_of(Group::Geo)),
            ("@stream", is_of(Group::Stream)),
            ("@pubsub", is(Flags::PUBSUB)),
            ("@admin", is_admin),
            ("@fast", is(Flags::FAST)),
            ("@slow", !is(Flags::FAST)),
            ("@blocking", is(Flags::BLOCKING)),
            ("@dangerous", is_admin || is_dangerous),
            ("@connection", is_of_connection),
            ("@transaction", is_of(Group::Transactions)),
            ("@scripting", is_of(Group::Scripting)),
        ];
        table.into_iter().filter(|(_, has)| *has).map(|(category, _)| category)
    }

    /// The ten elements of Redis 7.0. Differs: key specifications are left out; the three numbers say the same for
    /// every command there is.
    fn reply_info(self, reply: &mut Reply<'_>) {
        let (first, last, step) = match self.command.keys {
            Keys::None => (0, 0, 0),
            Keys::Range { first, last, step } => (first, last, step),
            Keys::DestinationAndNumbered | Keys::FirstAndStore | Keys::FirstAndStores { .. } => (1, 1, 1),
            Keys::Numbered { .. } | Keys::Streams => (0, 0, 0),
        };
        reply.array(10);
        reply.bulk(self.full_name().as_bytes());
        reply.int(i64::from(self.command.arity));
        let movable = self.command.keys.are_movable().then_some("movablekeys");
        reply_words(reply, self.command.flags.names().chain(movable));
        for number in [first, last, step] {
            reply.int(i64::from(number));
        }
        reply_words(reply, self.categories());
        let is_nondeterministic = self.command.flags.has(Flags::NONDETERMINISTIC);
        reply.set(usize::from(is_nondeterministic));
        if is_nondeterministic {
            reply.bulk(b"nondeterministic_output");
        }
        reply.set(0);
        match self.command.subcommands {
            [] => reply.set(0),
            rows => reply.array(rows.len()),
        }
        for named in self.subcommands() {
            named.reply_info(reply);
        }
    }

    /// The name and a map of words about it, as COMMAND DOCS has them.
    fn reply_docs(self, reply: &mut Reply<'_>) {
        let command = self.command;
        let words = [
            ("summary", command.summary),
            ("since", command.since),
            ("group", command.group.name()),
            ("complexity", command.complexity),
        ];
        let words = words.into_iter().filter(|(_, text)| !text.is_empty());
        let has_subcommands = !command.subcommands.is_empty();
        reply.bulk(self.full_name().as_bytes());
        reply.map(words.clone().count() + usize::from(has_subcommands));
        for (name, text) in words {
            reply.bulk(name.as_bytes());
            reply.bulk(text.as_bytes());
        }
        if has_subcommands {
            reply.bulk(b"subcommands");
            reply.map(command.subcommands.len());
            for named in self.subcommands() {
                named.reply_docs(reply);
            }
        }
    }
}

fn reply_words(reply: &mut Reply<'_>, words: impl Iterator<Item = &'static str>) {
    let words: Vec<&str> = words.collect();
    reply.set(words.len());
    for word in words {
        reply.simple(word);
    }
}

/// All commands, without subcommands.
fn all() -> impl Iterator<Item = Named> {
    commands().map(|command| Named { container: None, command })
}

/// Which names LIST tells.
enum Choice<'a> {
    All,
    Module,
    Category(&'a [u8]),
    Pattern(&'a [u8]),
}

impl Choice<'_> {
    fn accepts(&self, named: Named) -> bool {
        match self {
            Choice::All => true,
            // There are no modules.
            Choice::Module => false,
            Choice::Category(name) => {
                named.categories().any(|category| category.as_bytes()[1..].eq_ignore_ascii_case(name))
            }
            Choice::Pattern(pattern) => glob::matches_ignoring_case(pattern, named.full_name().as_bytes()),
        }
    }
}

impl Node {
    pub(super) fn command(&mut self, conn: ConnId, args: Args<'_>) -> Outcome {
        match args[1].to_ascii_lowercase().as_slice() {
            b"" => self.command_info(conn, args.tail(1)),
            b"info" => self.command_info(conn, args.tail(2)),
            b"docs" => self.command_docs(conn, args.tail(2)),
            b"count" => {
                if let Some(connection) = self.connection(conn) {
                    connection.reply().count(command_count());
                }
                Ok(())
            }
            b"getkeys" => self.command_getkeys(conn, args.tail(2)),
            b"list" => self.command_list(conn, args.tail(2)),
            _ => find(b"command").map_or(Ok(()), |container| self.help(conn, container)),
        }
    }

    fn command_info(&mut self, conn: ConnId, names: Args<'_>) -> Outcome {
        let Some(connection) = self.connection(conn) else { return Ok(()) };
        let mut reply = connection.reply();
        if names.is_empty() {
            reply.array(command_count());
            all().for_each(|named| named.reply_info(&mut reply));
            return Ok(());
        }
        reply.array(names.len());
        for name in names.iter() {
            match Named::find(name) {
                Some(named) => named.reply_info(&mut reply),
                None => reply.null(),
            }
        }
        Ok(())
    }

    fn command_docs(&mut self, conn: ConnId, names: Args<'_>) -> Outcome {
        let Some(connection) = self.connection(conn) else { return Ok(()) };
        let mut reply = connection.reply();
        if names.is_empty() {
            reply.map(command_count());
            all().for_each(|named| named.reply_docs(&mut reply));
            return Ok(());
        }
        // Names that are no command's are left out.
        let found: Vec<Named> = names.iter().filter_map(Named::find).collect();
        reply.map(found.len());
        found.into_iter().for_each(|named| named.reply_docs(&mut reply));
        Ok(())
    }

    fn command_getkeys(&mut self, conn: ConnId, request: Args<'_>) -> Outcome {
        let container = find(&request[0]).ok_or(reply::GETKEYS_UNKNOWN_COMMAND)?;
        let command = resolve(container, request).map_err(|_| reply::GETKEYS_WRONG_ARITY)?;
        let keys: Vec<&[u8]> =
            command.keys.indices(request).into_iter().filter_map(|index| request.get(index)).collect();
        if keys.is_empty() {
            return Err(reply::GETKEYS_NO_KEYS);
        }
        let Some(connection) = self.connection(conn) else { return Ok(()) };
        let mut reply = connection.reply();
        reply.array(keys.len());
        keys.into_iter().for_each(|key| reply.bulk(key));
        Ok(())
    }

    fn command_list(&mut self, conn: ConnId, options: Args<'_>) -> Outcome {
        let choice = match options.len() {
            0 => Choice::All,
            3 if options[0].eq_ignore_ascii_case(b"FILTERBY") => match options[1].to_ascii_lowercase().as_slice() {
                b"module" => Choice::Module,
                b"aclcat" => Choice::Category(&options[2]),
                b"pattern" => Choice::Pattern(&options[2]),
                _ => return Err(reply::SYNTAX),
            },
            _ => return Err(reply::SYNTAX),
        };
        let is_filtered = !matches!(choice, Choice::All);
        let mut names = Vec::new();
        for named in all() {
            let subcommands = named.subcommands().filter(|_| is_filtered);
            let accepted = core::iter::once(named).chain(subcommands).filter(|named| choice.accepts(*named));
            names.extend(accepted.map(|named| named.full_name()));
        }
        let Some(connection) = self.connection(conn) else { return Ok(()) };
        let mut reply = connection.reply();
        reply.set(names.len());
        names.iter().for_each(|name| reply.bulk(name.as_bytes()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::bench::Bench;

    /// Replies of Redis 7.0.15, key specifications left out.
    const INFO: &[(&str, &str)] = &[
        ("get", "$3 get :2 *2 +readonly +fast :1 :1 :1 *3 +@read +@string +@fast *0 *0 *0 "),
        ("set", "$3 set :-3 *2 +write +denyoom :1 :1 :1 *3 +@write +@string +@slow *0 *0 *0 "),
        (
            "ttl",
            "$3 ttl :2 *2 +readonly +fast :1 :1 :1 *3 +@keyspace +@read +@fast *1 $23 nondeterministic_output *0 *0 ",
        ),
        ("flushall", "$8 flushall :-1 *1 +write :0 :0 :0 *4 +@keyspace +@write +@slow +@dangerous *0 *0 *0 "),
        ("role", "$4 role :1 *4 +noscript +loading +stale +fast :0 :0 :0 *3 +@admin +@fast +@dangerous *0 *0 *0 "),
        (
            "psync",
            "$5 psync :-3 *4 +admin +noscript +no_async_loading +no_multi :0 :0 :0 *3 +@admin +@slow +@dangerous *0 *0 *0 ",
        ),
        (
            "multi",
            "$5 multi :1 *5 +noscript +loading +stale +fast +allow_busy :0 :0 :0 *2 +@fast +@transaction *0 *0 *0 ",
        ),
        (
            "client|kill",
            "$11 client|kill :-3 *4 +admin +noscript +loading +stale :0 :0 :0 *4 +@admin +@slow +@dangerous +@connection *0 *0 *0 ",
        ),
        ("select", "$6 select :2 *3 +loading +stale +fast :0 :0 :0 *2 +@fast +@connection *0 *0 *0 "),
        ("georadius_ro", "$12 georadius_ro :-6 *1 +readonly :1 :1 :1 *3 +@read +@geo +@slow *0 *0 *0 "),
        (
            "georadiusbymember",
            "$17 georadiusbymember :-5 *3 +write +denyoom +movablekeys :1 :1 :1 *3 +@write +@geo +@slow *0 *0 *0 ",
        ),
        ("geosearchstore", "$14 geosearchstore :-8 *2 +write +denyoom :1 :2 :1 *3 +@write +@geo +@slow *0 *0 *0 "),
        ("bitpos", "$6 bitpos :-3 *1 +readonly :1 :1 :1 *3 +@read +@bitmap +@slow *0 *0 *0 "),
        ("lolwut", "$6 lolwut :-1 *2 +readonly +fast :0 :0 :0 *2 +@read +@fast *0 *0 *0 "),
    ];

    #[test]
    fn the_rows_tell_what_redis_tells() {
        let mut bench = Bench::new();
        for (name, row) in INFO {
            assert_eq!(bench.run(&alloc::format!("COMMAND INFO {name}")), alloc::format!("*1 *10 {row}"));
        }
        let config = bench.run("COMMAND INFO config nosuch");
        assert!(
            config.starts_with("*2 *10 $6 config :-2 *0 :0 :0 :0 *1 +@slow *0 *0 *5 *10 $10 config|get "),
            "{config}"
        );
        assert!(config.ends_with(" $-1 "), "{config}");
    }

    #[test]
    fn docs_name_subcommands_by_both_words() {
        let mut bench = Bench::new();
        let docs = bench.run("COMMAND DOCS config nosuch");
        assert!(docs.starts_with("*2 $6 config *10 $7 summary "), "{docs}");
        assert!(docs.contains(" $5 since $5 2.0.0 $5 group $6 server $10 complexity "), "{docs}");
        assert!(docs.contains(" $11 subcommands *10 $10 config|get *8 $7 summary "), "{docs}");
        bench.run("HELLO 3");
        assert!(bench.run("COMMAND DOCS ping").starts_with("%1 $4 ping %4 $7 summary "));
    }

    #[test]
    fn keys_are_told_and_what_has_none_is_an_error() {
        let mut bench = Bench::new();
        for (line, answer) in [
            ("COMMAND GETKEYS get a", "*1 $1 a "),
            ("COMMAND GETKEYS mset a b c d", "*2 $1 a $1 c "),
            ("COMMAND GETKEYS georadius k 1 2 store m storedist a store b store c", "*3 $1 k $1 b $1 a "),
            ("COMMAND GETKEYS georadius k 1 2 3 m storedist a store", "*2 $1 k $1 a "),
            ("COMMAND GETKEYS georadiusbymember k store 1 store store a", "*2 $1 k $1 a "),
            ("COMMAND GETKEYS ping", "-ERR wrong number of arguments for 'command|getkeys' command "),
            ("COMMAND GETKEYS nosuch a", "-ERR Invalid command specified "),
            ("COMMAND GETKEYS get a b", "-ERR Invalid number of arguments specified for command "),
            ("COMMAND GETKEYS config get a", "-ERR The command has no key arguments "),
            ("COMMAND LIST FOO", "-ERR syntax error "),
            ("COMMAND LIST FILTERBY MODULE x", "*0 "),
            ("COMMAND LIST FILTERBY PATTERN get", "*1 $3 get "),
            ("COMMAND LIST FILTERBY PATTERN config|r*", "*2 $14 config|rewrite $16 config|resetstat "),
            ("COMMAND FOO", "-ERR unknown subcommand 'FOO'. Try COMMAND HELP. "),
        ] {
            assert_eq!(bench.run(line), answer, "{line}");
        }
    }

    #[test]
    fn the_list_is_as_long_as_the_count() {
        let mut bench = Bench::new();
        let count = bench.run("COMMAND COUNT").replace(':', "*");
        assert!(bench.run("COMMAND LIST").starts_with(&count));
        assert!(bench.run("COMMAND").starts_with(&count));
        assert!(bench.run("COMMAND INFO").starts_with(&count));
    }
}
