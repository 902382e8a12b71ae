//! COMMAND: what the rows of all commands tell about them.

mod docs;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::codec::glob;
use crate::command::reply_error as reply;
use crate::command::{Begin, Command, Find, Flags, KeySpec, Outcome, command_count, commands, find, subcommand};
use crate::port::ConnId;
use crate::resp::{Args, Reply};

use super::super::Node;

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

    /// The ten elements of Redis 7.0.
    fn reply_info(self, reply: &mut Reply<'_>) {
        let command = self.command;
        let (first, last, step) = command.key_range();
        reply.array(10);
        reply.bulk(self.full_name().as_bytes());
        reply.int(i64::from(command.arity));
        let movable = command.has_movable_keys().then_some("movablekeys");
        reply_words(reply, command.flags.names().chain(movable));
        for number in [first, last, step] {
            reply.int(i64::from(number));
        }
        reply_words(reply, command.categories());
        let tips = command.tips.split(' ').filter(|tip| !tip.is_empty());
        reply.set(tips.clone().count());
        tips.for_each(|tip| reply.bulk(tip.as_bytes()));
        reply.set(command.key_specs().count());
        command.key_specs().for_each(|spec| reply_key_spec(reply, spec));
        match command.subcommands {
            [] => reply.set(0),
            rows => reply.array(rows.len()),
        }
        for named in self.subcommands() {
            named.reply_info(reply);
        }
    }
}

/// A specification of keys.
fn reply_key_spec(reply: &mut Reply<'_>, spec: KeySpec) {
    reply.map(if spec.note.is_some() { 4 } else { 3 });
    if let Some(note) = spec.note {
        reply.bulk(b"notes");
        reply.bulk(note.as_bytes());
    }
    reply.bulk(b"flags");
    reply_words(reply, spec.access.split(' '));
    reply.bulk(b"begin_search");
    match spec.begin {
        Begin::Index(index) => reply_search(reply, "index", &[("index", index)]),
        Begin::Keyword(word, from) => {
            reply.map(2);
            reply.bulk(b"type");
            reply.bulk(b"keyword");
            reply.bulk(b"spec");
            reply.map(2);
            reply.bulk(b"keyword");
            reply.bulk(word.as_bytes());
            reply.bulk(b"startfrom");
            reply.int(i64::from(from));
        }
        Begin::Unknown => reply_search(reply, "unknown", &[]),
    }
    reply.bulk(b"find_keys");
    match spec.find {
        Find::Range { last, step, limit } => {
            reply_search(reply, "range", &[("lastkey", last), ("keystep", step), ("limit", limit)]);
        }
        Find::Number { step } => {
            reply_search(reply, "keynum", &[("keynumidx", 0), ("firstkey", 1), ("keystep", step)]);
        }
        Find::Unknown => reply_search(reply, "unknown", &[]),
    }
}

fn reply_search(reply: &mut Reply<'_>, kind: &str, numbers: &[(&str, i32)]) {
    reply.map(2);
    reply.bulk(b"type");
    reply.bulk(kind.as_bytes());
    reply.bulk(b"spec");
    reply.map(numbers.len());
    for (name, number) in numbers {
        reply.bulk(name.as_bytes());
        reply.int(i64::from(*number));
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
                named.command.categories().any(|category| category.as_bytes()[1..].eq_ignore_ascii_case(name))
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
            b"getkeys" => self.command_getkeys(conn, args.tail(2), false),
            b"getkeysandflags" => self.command_getkeys(conn, args.tail(2), true),
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

    /// GETKEYS, and GETKEYSANDFLAGS, which also tells what is done with each key.
    fn command_getkeys(&mut self, conn: ConnId, request: Args<'_>, has_flags: bool) -> Outcome {
        let container = find(&request[0]).ok_or(reply::GETKEYS_UNKNOWN_COMMAND)?;
        let named = request.get(1).filter(|_| !container.subcommands.is_empty());
        let command = named.map_or(Some(container), |name| subcommand(container, name));
        let command = command.ok_or(reply::GETKEYS_UNKNOWN_COMMAND)?;
        if !command.may_have_keys() {
            return Err(reply::GETKEYS_NO_KEYS);
        }
        if !command.accepts(request.len()) {
            return Err(reply::GETKEYS_WRONG_ARITY);
        }
        let keys = command.keys_in(request);
        if keys.is_empty() && !command.flags.has(Flags::NO_MANDATORY_KEYS) {
            return Err(reply::GETKEYS_WRONG_ARGUMENTS);
        }
        let Some(connection) = self.connection(conn) else { return Ok(()) };
        let mut reply = connection.reply();
        reply.array(keys.len());
        for key in keys {
            if has_flags {
                reply.array(2);
            }
            reply.bulk(&request[key.index]);
            if has_flags {
                reply_words(&mut reply, key.access.split(' ').filter(|word| !word.is_empty()));
            }
        }
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
        let mut names = Vec::new();
        for named in all() {
            let accepted = core::iter::once(named).chain(named.subcommands()).filter(|named| choice.accepts(*named));
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

    /// Replies of Redis 7.0.15. All rows are compared with a real one elsewhere.
    const INFO: &[(&str, &str)] = &[
        (
            "ttl",
            "$3 ttl :2 *2 +readonly +fast :1 :1 :1 *3 +@keyspace +@read +@fast *1 $23 nondeterministic_output \
             *1 *6 $5 flags *2 +RO +access $12 begin_search *4 $4 type $5 index $4 spec *2 $5 index :1 \
             $9 find_keys *4 $4 type $5 range $4 spec *6 $7 lastkey :0 $7 keystep :1 $5 limit :0 *0 ",
        ),
        (
            "xread",
            "$5 xread :-4 *3 +readonly +blocking +movablekeys :0 :0 :0 *4 +@read +@stream +@slow +@blocking *0 \
             *1 *6 $5 flags *2 +RO +access $12 begin_search *4 $4 type $7 keyword $4 spec *4 $7 keyword $7 STREAMS \
             $9 startfrom :1 $9 find_keys *4 $4 type $5 range $4 spec *6 $7 lastkey :-1 $7 keystep :1 $5 limit :2 *0 ",
        ),
        ("role", "$4 role :1 *4 +noscript +loading +stale +fast :0 :0 :0 *3 +@admin +@fast +@dangerous *0 *0 *0 "),
        (
            "client|kill",
            "$11 client|kill :-3 *4 +admin +noscript +loading +stale :0 :0 :0 *4 +@admin +@slow +@dangerous +@connection *0 *0 *0 ",
        ),
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
        assert!(docs.contains(" $11 subcommands *10 $10 config|get *12 $7 summary "), "{docs}");
        bench.run("HELLO 3");
        let ping = bench.run("COMMAND DOCS ping");
        assert!(ping.starts_with("%1 $4 ping %5 $7 summary "), "{ping}");
        let message = "$9 arguments *1 %3 $4 name $7 message $4 type $6 string $5 flags ~1 +optional ";
        assert!(ping.ends_with(message), "{ping}");
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
            ("COMMAND GETKEYS xread block streams streams", "-ERR Invalid arguments specified for command "),
            ("COMMAND GETKEYSANDFLAGS set a b get", "*1 *2 $1 a *3 +RW +access +update "),
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
    fn rows_are_as_many_as_the_count_and_the_list_has_subcommands_too() {
        let mut bench = Bench::new();
        let count = bench.run("COMMAND COUNT").replace(':', "*");
        let list = bench.run("COMMAND LIST");
        assert!(list.contains(" get ") && list.contains(" config|get ") && !list.starts_with(&count), "{list}");
        assert!(bench.run("COMMAND").starts_with(&count));
        assert!(bench.run("COMMAND INFO").starts_with(&count));
    }
}
