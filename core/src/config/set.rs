//! How do CONFIG GET and CONFIG SET work on a configuration?

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::directive::{Access, Directive, Mode, Reason};
use super::{Config, directives, find_directive, fixed};
use crate::codec::glob;

/// Who sets, and when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetContext {
    /// The connection is a unix socket or comes from a loopback address.
    pub caller_is_local: bool,
    /// A data set is being loaded.
    pub is_loading: bool,
}

/// Why CONFIG SET changed nothing. `Display` is the error reply of Redis 7.0, without its `-`.
///
/// Names are the client's own bytes, made UTF-8: the reply must still drop line ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetError {
    /// No such directive.
    Unknown(String),
    /// It changes only in the file or on the command line.
    Immutable(String),
    /// `enable-protected-configs` does not let the caller through.
    Protected(String),
    /// Refused while a data set is being loaded.
    Loading,
    /// Named twice.
    Duplicate(String),
    /// Its value is not accepted.
    Value(&'static str, Reason),
}

impl fmt::Display for SetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut failed = |name: &str, reason: &dyn fmt::Display| {
            let about = "ERR CONFIG SET failed (possibly related to argument";
            write!(f, "{about} '{name}') - {reason}")
        };
        match self {
            SetError::Unknown(name) => {
                write!(f, "ERR Unknown option or number of arguments for CONFIG SET - '{name}'")
            }
            SetError::Loading => f.write_str("LOADING Redis is loading the dataset in memory"),
            SetError::Immutable(name) => failed(name, &"can't set immutable config"),
            SetError::Protected(name) => failed(name, &"can't set protected config"),
            SetError::Duplicate(name) => failed(name, &"duplicate parameter"),
            SetError::Value(name, reason) => failed(name, reason),
        }
    }
}

impl core::error::Error for SetError {}

impl Config {
    /// The names that match `pattern`, aliases included, with their values as CONFIG GET shows them.
    ///
    /// Differs: a name that is asked for in capitals comes back in lower case.
    #[must_use]
    pub fn get(&self, pattern: &[u8]) -> Vec<(&'static str, String)> {
        self.get_many(&[pattern])
    }

    /// As [`Config::get`] for several patterns; each name comes once.
    #[must_use]
    pub fn get_many(&self, patterns: &[&[u8]]) -> Vec<(&'static str, String)> {
        let shows = |row: &Directive, name: &str| {
            patterns.iter().any(|pattern| match has_wildcard(pattern) {
                true => !row.hidden && glob::matches_ignoring_case(pattern, name.as_bytes()),
                false => name.as_bytes().eq_ignore_ascii_case(pattern),
            })
        };
        let named = directives().flat_map(|row| row.names().map(move |name| (row, name)));
        let shown = named.filter(|(row, name)| shows(row, name));
        shown.map(|(row, name)| (name, row.value(self))).collect()
    }

    /// Sets all `pairs` of name and value, or none. Gives the rows whose value has changed, by their names.
    ///
    /// # Errors
    /// The first name that may not be set, else the first value that is not accepted.
    pub fn set_many(&mut self, pairs: &[(&[u8], &[u8])], context: SetContext) -> Result<Vec<&'static str>, SetError> {
        let mut rows: Vec<(&'static Directive, &'static str)> = Vec::new();
        for (name, _) in pairs {
            let found = self.find_settable(name, context)?;
            // As in Redis a name and its alias may stand side by side; the later one counts.
            if rows.iter().any(|(_, known)| *known == found.1) {
                return Err(SetError::Duplicate(lossy(name)));
            }
            rows.push(found);
        }
        let mut changed = self.clone();
        for ((row, name), (_, value)) in rows.iter().zip(pairs) {
            let result = set_value(&mut changed, row, value);
            result.map_err(|reason| SetError::Value(name, reason))?;
        }
        let before = core::mem::replace(self, changed);
        let mut names: Vec<&'static str> = Vec::new();
        for (row, _) in rows {
            if row.value(&before) != row.value(self) && !names.contains(&row.name) {
                names.push(row.name);
            }
        }
        Ok(names)
    }

    /// The directives that differ from their defaults and of which nothing comes, each with the reason.
    pub fn without_effect(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let inert = directives().filter_map(|row| row.without_effect.map(|why| (row, why)));
        let changed = inert.filter(|(row, _)| !(row.is_default)(self));
        let later = self.later_directives.iter().map(|name| (*name, fixed::OF_LATER_VERSION));
        changed.map(|(row, why)| (row.name, why)).chain(later)
    }

    fn find_settable(&self, name: &[u8], context: SetContext) -> Result<(&'static Directive, &'static str), SetError> {
        let Some((row, known)) = find_directive(name) else {
            return Err(SetError::Unknown(lossy(name)));
        };
        let may_protected = self.enable_protected_configs.allows(context.caller_is_local);
        match row.access {
            Access::Startup => return Err(SetError::Immutable(lossy(name))),
            Access::Protected if !may_protected => return Err(SetError::Protected(lossy(name))),
            Access::Protected | Access::Runtime => {}
        }
        if row.denied_while_loading && context.is_loading {
            return Err(SetError::Loading);
        }
        Ok((row, known))
    }
}

fn has_wildcard(pattern: &[u8]) -> bool {
    pattern.iter().any(|byte| b"*?[".contains(byte))
}

fn lossy(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

/// Sets one value out of one text; that of several arguments is split at spaces, where quotes mean nothing.
///
/// Differs: spaces in excess separate as one, where Redis sees empty arguments.
fn set_value(config: &mut Config, row: &Directive, value: &[u8]) -> Result<(), Reason> {
    if !(row.is_multi_argument)() {
        return (row.parse)(config, &[value], Mode::Replace);
    }
    let arguments = value.split(|byte| *byte == b' ');
    let arguments: Vec<&[u8]> = arguments.filter(|argument| !argument.is_empty()).collect();
    (row.parse)(config, &arguments, Mode::Replace)
}
