//! COMMAND DOCS: what people are told of a command.

use crate::command::{Argument, Docs};
use crate::resp::Reply;

use super::{Named, reply_words};

impl Named {
    /// The name and a map of what is told, in Redis's order. What says nothing is left out.
    ///
    /// Differs: summaries, histories and costs are told in words of our own.
    pub(super) fn reply_docs(self, reply: &mut Reply<'_>) {
        let (command, name) = (self.command, self.full_name());
        let docs = Docs::find(self.container.unwrap_or(command).group, &name);
        let deprecated = docs.and_then(Docs::deprecated);
        let history = docs.into_iter().flat_map(Docs::history);
        let arguments = docs.map(Docs::arguments).unwrap_or_default();
        let is_system_command = docs.is_some_and(Docs::is_system_command);

        let group = command.group.name();
        let words = [
            ("summary", command.summary),
            ("since", command.since),
            ("group", group),
            ("complexity", command.complexity),
        ];
        let words = words.into_iter().filter(|(_, text)| !text.is_empty());
        let flags = deprecated.map(|_| "deprecated").into_iter().chain(is_system_command.then_some("syscmd"));
        let history_len = history.clone().count();
        let has =
            [flags.clone().next().is_some(), history_len > 0, !arguments.is_empty(), !command.subcommands.is_empty()];
        let deprecated_len = if deprecated.is_some() { 2 } else { 0 };

        reply.bulk(name.as_bytes());
        reply.map(words.clone().count() + deprecated_len + has.into_iter().filter(|has| *has).count());
        words.for_each(|(name, text)| reply_text(reply, name, text));
        if has[0] {
            reply.bulk(b"doc_flags");
            reply_words(reply, flags);
        }
        if let Some((since, replacement)) = deprecated {
            reply_text(reply, "deprecated_since", since);
            reply_text(reply, "replaced_by", replacement);
        }
        if has[1] {
            reply.bulk(b"history");
            reply.set(history_len);
            for (version, change) in history {
                reply.array(2);
                reply.bulk(version.as_bytes());
                reply.bulk(change.as_bytes());
            }
        }
        if has[2] {
            reply_arguments(reply, &arguments);
        }
        if has[3] {
            reply.bulk(b"subcommands");
            reply.map(command.subcommands.len());
            self.subcommands().for_each(|named| named.reply_docs(reply));
        }
    }
}

fn reply_text(reply: &mut Reply<'_>, name: &str, text: &str) {
    reply.bulk(name.as_bytes());
    reply.bulk(text.as_bytes());
}

/// The arguments of a command, or of which one is made. Their nesting is that of our own texts.
fn reply_arguments(reply: &mut Reply<'_>, arguments: &[Argument]) {
    reply.bulk(b"arguments");
    reply.array(arguments.len());
    for argument in arguments {
        let flags = [
            (argument.is_optional, "optional"),
            (argument.is_multiple, "multiple"),
            (argument.repeats_token, "multiple_token"),
        ];
        let flags = flags.into_iter().filter(|(is_set, _)| *is_set).map(|(_, word)| word);
        let texts =
            [("token", argument.token), ("since", argument.since), ("deprecated_since", argument.deprecated_since)];
        let texts = texts.into_iter().filter_map(|(name, text)| Some((name, text?)));
        let has = [argument.key_spec.is_some(), flags.clone().next().is_some(), !argument.arguments.is_empty()];
        reply.map(2 + texts.clone().count() + has.into_iter().filter(|has| *has).count());
        reply_text(reply, "name", &argument.name);
        reply_text(reply, "type", argument.kind);
        if let Some(number) = argument.key_spec {
            reply.bulk(b"key_spec_index");
            reply.int(number);
        }
        texts.for_each(|(name, text)| reply_text(reply, name, text));
        if has[1] {
            reply.bulk(b"flags");
            reply_words(reply, flags);
        }
        if has[2] {
            reply_arguments(reply, &argument.arguments);
        }
    }
}
