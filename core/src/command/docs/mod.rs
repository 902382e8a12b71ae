//! What are people told of a command beyond its row: its arguments, its history, what took its place?
//!
//! Each group of commands has a text beside this file with an entry for each of its commands, and none of it is read before somebody asks:
//!
//! ```text
//! getset key@0 value
//!     deprecated 6.2.0 `SET` with the `!GET` argument
//! lpop key@0 [count:integer^6.2.0]
//!     since 6.2.0 `count`
//! ```
//!
//! The first line is a command's name and its arguments, in the notation of [`syntax`]. What is indented below it: `syscmd` for commands that only
//! servers and their makers use, `deprecated` with a version and what is to be used instead, and `since` with a version and what it brought.

mod syntax;

pub use syntax::Argument;

use alloc::vec::Vec;

use super::Group;

/// What begins a line that belongs to the entry above it.
const INDENT: &str = "    ";

/// The entry of a command.
#[derive(Clone, Copy, Debug)]
pub struct Docs {
    syntax: &'static str,
    /// From below the first line to the end of the group's text.
    below: &'static str,
}

impl Docs {
    /// The entry of a command of a group, by its full name (`lpop`, `config|get`); subcommands stand in their container's group.
    #[must_use]
    pub fn find(group: Group, name: &str) -> Option<Docs> {
        let mut rest = text(group);
        while let Some((line, below)) = rest.split_once('\n') {
            match line.strip_prefix(name) {
                Some(syntax) if syntax.is_empty() || syntax.starts_with(' ') => return Some(Docs { syntax, below }),
                _ => rest = below,
            }
        }
        None
    }

    /// Its arguments.
    #[must_use]
    pub fn arguments(self) -> Vec<Argument> {
        syntax::parse(self.syntax)
    }

    /// Versions that changed it, each with what it brought.
    pub fn history(self) -> impl Iterator<Item = (&'static str, &'static str)> + Clone {
        self.lines().filter_map(|line| line.strip_prefix("since ")?.split_once(' '))
    }

    /// The version from which on it should not be used, and what takes its place.
    #[must_use]
    pub fn deprecated(self) -> Option<(&'static str, &'static str)> {
        self.lines().find_map(|line| line.strip_prefix("deprecated ")?.split_once(' '))
    }

    /// True if only servers and their makers use it.
    #[must_use]
    pub fn is_system_command(self) -> bool {
        self.lines().any(|line| line == "syscmd")
    }

    fn lines(self) -> impl Iterator<Item = &'static str> + Clone {
        self.below.lines().map_while(|line| line.strip_prefix(INDENT))
    }
}

fn text(group: Group) -> &'static str {
    match group {
        Group::Generic => include_str!("generic.txt"),
        Group::String => include_str!("string.txt"),
        Group::Hash => include_str!("hash.txt"),
        Group::Connection => include_str!("connection.txt"),
        Group::Server => include_str!("server.txt"),
        Group::Transactions => include_str!("transactions.txt"),
        Group::List => include_str!("list.txt"),
        Group::Set => include_str!("set.txt"),
        Group::SortedSet => include_str!("sorted-set.txt"),
        Group::Stream => include_str!("stream.txt"),
        Group::Bitmap => include_str!("bitmap.txt"),
        Group::HyperLogLog => include_str!("hyperloglog.txt"),
        Group::Geo => include_str!("geo.txt"),
        Group::PubSub => include_str!("pubsub.txt"),
        Group::Scripting => include_str!("scripting.txt"),
        Group::Cluster => include_str!("cluster.txt"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Command, numbered_rows};

    fn full_name(command: &Command, container: Option<&Command>) -> alloc::string::String {
        match container {
            Some(container) => alloc::format!("{}|{}", container.name, command.name),
            None => command.name.into(),
        }
    }

    #[test]
    fn every_row_has_its_entry_and_every_entry_its_row() {
        let mut names = Vec::new();
        let is_of_tests =
            |command: &Command| crate::command::waiting::COMMANDS.iter().any(|row| row.name == command.name);
        for (_, command, container) in numbered_rows().filter(|(_, command, _)| !is_of_tests(command)) {
            let (name, group) = (full_name(command, container), container.unwrap_or(command).group);
            let docs = Docs::find(group, &name).unwrap_or_else(|| panic!("{name} has no entry"));
            let (written, read) = (docs.syntax.trim(), syntax::written(&docs.arguments()));
            assert_eq!(written, read, "{name} is not read whole");
            let known = docs.history().count()
                + usize::from(docs.deprecated().is_some())
                + usize::from(docs.is_system_command());
            assert_eq!(docs.lines().count(), known, "{name} has a line that nobody reads");
            names.push((group.name(), name));
        }
        let mut groups: Vec<Group> = numbered_rows().map(|(_, command, _)| command.group).collect();
        groups.dedup();
        for group in groups {
            for line in text(group).lines().filter(|line| !line.starts_with(' ')) {
                let name = line.split(' ').next().expect("a line");
                assert!(names.iter().any(|known| *known == (group.name(), name.into())), "{name} has no row");
            }
        }
    }

    #[test]
    fn an_entry_tells_its_history_and_what_takes_its_place() {
        let docs = Docs::find(Group::List, "brpoplpush").expect("an entry");
        assert_eq!(docs.deprecated(), Some(("6.2.0", "`BLMOVE` with the `RIGHT` and `LEFT` arguments")));
        assert_eq!(docs.history().collect::<Vec<_>>(), [("6.0.0", "fractions of seconds")]);
        assert!(!docs.is_system_command());
        assert!(Docs::find(Group::Server, "replconf").expect("an entry").is_system_command());
        assert!(Docs::find(Group::List, "brpop").expect("an entry").deprecated().is_none());
        assert!(Docs::find(Group::List, "brpoplpus").is_none());
    }
}
