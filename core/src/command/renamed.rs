//! By which names do clients know commands, where `rename-command` changes them?

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;

use crate::config::{Config, ConfigError, Reason};

use super::{Command, find_numbered};

/// A row and its number.
type Row = (u16, &'static Command);

/// The names that differ from the rows' own. As in Redis, what is passed on to replicas bears the name that the client used.
#[derive(Clone, Debug, Default)]
pub struct Renamed {
    /// By name in lower case; no row for a name that nothing answers to any more.
    rows: BTreeMap<String, Option<Row>>,
}

impl Renamed {
    /// Takes the renamings one after another, each on top of those before. Those that cannot be are left out: they were refused at start.
    #[must_use]
    pub fn new(pairs: &[(String, String)]) -> Renamed {
        let mut renamed = Renamed::default();
        for (name, new_name) in pairs {
            // See [`check_renamed`].
            let _ = renamed.rename(name, new_name);
        }
        renamed
    }

    /// The row that clients know by this name, in any case, and its number.
    #[inline]
    #[must_use]
    pub fn find(&self, name: &[u8]) -> Option<Row> {
        if self.rows.is_empty() { find_numbered(name) } else { self.find_changed(name) }
    }

    #[cold]
    fn find_changed(&self, name: &[u8]) -> Option<Row> {
        let text = core::str::from_utf8(name).ok()?.to_ascii_lowercase();
        self.rows.get(&text).copied().unwrap_or_else(|| find_numbered(name))
    }

    fn rename(&mut self, name: &str, new_name: &str) -> Result<(), Reason> {
        let row = self.find(name.as_bytes()).ok_or(Reason::Because("No such command in rename-command"))?;
        self.rows.insert(name.to_ascii_lowercase(), None);
        if new_name.is_empty() {
            return Ok(());
        }
        if self.find(new_name.as_bytes()).is_some() {
            return Err(Reason::Because("Target command name already exists"));
        }
        self.rows.insert(new_name.to_ascii_lowercase(), Some(row));
        Ok(())
    }
}

/// Refuses renamings of commands that are not there, and new names that are taken.
///
/// # Errors
/// The first one that cannot be.
pub fn check_renamed(config: &Config) -> Result<(), ConfigError> {
    let mut renamed = Renamed::default();
    for (name, new_name) in &config.renamed_commands {
        renamed.rename(name, new_name).map_err(|reason| ConfigError {
            file: String::from("configuration"),
            line: 0,
            text: format!("rename-command \"{name}\" \"{new_name}\""),
            reason,
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec::Vec;

    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, new_name)| (String::from(*name), String::from(*new_name))).collect()
    }

    #[test]
    fn a_renamed_command_answers_to_its_new_name_alone() {
        let renamed = Renamed::new(&pairs(&[("flushall", "nuke"), ("config", ""), ("set", "get2"), ("nuke", "last")]));
        let name = |asked: &[u8]| renamed.find(asked).map(|(_, row)| row.name);
        assert_eq!(name(b"LAST"), Some("flushall"));
        assert_eq!(name(b"Get2"), Some("set"));
        assert_eq!(name(b"GET"), Some("get"));
        for gone in [&b"nuke"[..], b"FlushAll", b"config", b"set", b"\xff"] {
            assert_eq!(name(gone), None);
        }
    }

    #[test]
    fn renamings_that_cannot_be_are_refused_in_the_words_of_redis() {
        for (renamings, reason) in [
            (&[("nosuch", "x")][..], "No such command in rename-command"),
            (&[("get", ""), ("get", "x")], "No such command in rename-command"),
            (&[("get", "set")], "Target command name already exists"),
        ] {
            let config = Config { renamed_commands: pairs(renamings), ..Config::default() };
            assert_eq!(check_renamed(&config).expect_err("refused by Redis").reason.to_string(), reason);
        }
        let config = Config { renamed_commands: pairs(&[("get", "GET"), ("set", "")]), ..Config::default() };
        assert_eq!(check_renamed(&config), Ok(()));
    }
}
