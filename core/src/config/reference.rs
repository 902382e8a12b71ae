//! What does the documentation say about the directives?

use alloc::format;
use alloc::string::String;

use super::directive::Access;
use super::{Directive, directives};

/// Every directive as a row of a Markdown table.
#[must_use]
pub fn reference() -> String {
    let mut table =
        String::from("| Directive | Value | Default | Changes | Meaning |\n| --- | --- | --- | --- | --- |\n");
    for row in directives() {
        table.push_str(&reference_row(row));
    }
    table
}

fn reference_row(row: &Directive) -> String {
    let name = match row.alias {
        Some(alias) => format!("`{}` (`{alias}`)", row.name),
        None => format!("`{}`", row.name),
    };
    let default = match row.default_value().as_str() {
        "" => String::from("empty"),
        value => format!("`{value}`"),
    };
    let changes = match row.access {
        Access::Startup => "at start",
        Access::Runtime => "at any time",
        Access::Protected => "at any time, if `enable-protected-configs` allows",
    };
    let note = row.without_effect.map_or_else(String::new, |why| format!(" Accepted, without effect here: {why}."));
    let (words, summary) = (row.type_words(), row.summary());
    format!("| {name} | {words} | {default} | {changes} | {summary}{note} |\n")
}
