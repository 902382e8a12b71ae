//! HELP of every container: the syntax of each subcommand, in Redis's words, and below it, in our own, what it is good for.

use alloc::format;

use crate::resp::Reply;

/// A section for each container: its name, then what HELP tells line by line. An empty line ends it.
const SECTIONS: &str = include_str!("help.txt");

/// Replies with the subcommands of a container that has a section.
pub fn reply_help(reply: &mut Reply<'_>, container: &str) {
    let lines = section(container);
    let first = format!("{} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:", container.to_uppercase());
    let last = ["HELP", "    Prints this help."];
    reply.array(1 + lines.clone().count() + last.len());
    reply.simple(&first);
    lines.chain(last).for_each(|line| reply.simple(line));
}

fn section(container: &str) -> impl Iterator<Item = &'static str> + Clone {
    SECTIONS.lines().skip_while(move |line| *line != container).skip(1).take_while(|line| !line.is_empty())
}

/// True if the help of a container tells a subcommand and explains it.
#[cfg(test)]
pub(crate) fn is_explained(container: &str, subcommand: &str) -> bool {
    let mut lines = section(container).skip_while(|line| line.split(' ').next() != Some(subcommand));
    lines.next().is_some() && lines.next().is_some_and(|line| line.starts_with("    "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::commands;

    #[test]
    fn every_subcommand_is_explained() {
        for container in commands().filter(|row| row.name != "cluster") {
            for row in container.subcommands.iter().filter(|row| row.name != "help") {
                let name = row.name.to_uppercase();
                assert!(is_explained(container.name, &name), "{} {name}", container.name);
            }
        }
    }
}
