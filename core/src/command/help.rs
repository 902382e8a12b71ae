//! HELP of every container, made from the rows that carry the subcommands out.

use alloc::format;

use crate::resp::Reply;

/// Replies with the subcommands of a container, given as names and summaries.
pub fn reply_help<'a>(reply: &mut Reply<'_>, container: &str, rows: impl ExactSizeIterator<Item = (&'a str, &'a str)>) {
    reply.array(1 + 2 * rows.len());
    reply.simple(&format!("{} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:", container.to_uppercase()));
    for (name, summary) in rows {
        reply.simple(&name.to_uppercase());
        reply.simple(&format!("    {summary}."));
    }
}
