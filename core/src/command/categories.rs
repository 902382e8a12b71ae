//! Which ACL categories is a command in?

use super::row::{Command, Flags, Group};

/// All ACL categories, in Redis's order.
pub const CATEGORIES: &[&str] = &[
    "@keyspace",
    "@read",
    "@write",
    "@set",
    "@sortedset",
    "@list",
    "@hash",
    "@string",
    "@bitmap",
    "@hyperloglog",
    "@geo",
    "@stream",
    "@pubsub",
    "@admin",
    "@fast",
    "@slow",
    "@blocking",
    "@dangerous",
    "@connection",
    "@transaction",
    "@scripting",
];

impl Command {
    /// The ACL categories in Redis's order: those that follow from flags, and its own or its group's.
    pub fn categories(&self) -> impl Iterator<Item = &'static str> + use<> {
        let Command { flags, group, .. } = *self;
        // Of a container only the subcommands are sorted into groups.
        let of_group = group.category().filter(|_| self.subcommands.is_empty());
        let own = self.own_categories.or(of_group).unwrap_or_default();
        let follows = move |category: &str| match category {
            // Scripts read what they are told to.
            "@read" => flags.has(Flags::READONLY) && group != Group::Scripting,
            "@write" => flags.has(Flags::WRITE),
            "@pubsub" => flags.has(Flags::PUBSUB),
            "@admin" | "@dangerous" => flags.has(Flags::ADMIN),
            "@fast" => flags.has(Flags::FAST),
            "@slow" => !flags.has(Flags::FAST),
            "@blocking" => flags.has(Flags::BLOCKING),
            _ => false,
        };
        let has = move |category: &str| own.split(' ').any(|word| word == &category[1..]) || follows(category);
        CATEGORIES.iter().copied().filter(move |category| has(category))
    }
}
