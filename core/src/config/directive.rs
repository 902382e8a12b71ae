//! What is a directive: which facts does its row hold, and why can a value be refused?

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::Config;

/// When a directive may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Only in the configuration file and on the command line.
    Startup,
    /// Also by CONFIG SET.
    Runtime,
    /// Also by CONFIG SET, if `enable-protected-configs` lets the caller through.
    Protected,
}

/// Sets one field from the arguments of its directive.
type Parse = fn(&mut Config, &[&[u8]], Mode) -> Result<(), Reason>;

/// One row of the table.
pub struct Directive {
    /// The name, in lower case.
    pub name: &'static str,
    /// The older name that means the same.
    pub alias: Option<&'static str>,
    /// When it may change.
    pub access: Access,
    /// CONFIG GET shows it only when asked for it by its full name.
    pub hidden: bool,
    /// The value must not appear in logs.
    pub sensitive: bool,
    /// CONFIG SET is refused while a data set is being loaded.
    pub denied_while_loading: bool,
    /// The value is read, kept and shown, and nothing else comes from it: why.
    pub without_effect: Option<&'static str>,
    pub(super) summary: &'static str,
    pub(super) is_multi_argument: fn() -> bool,
    pub(super) type_words: fn() -> String,
    pub(super) parse: Parse,
    pub(super) print: fn(&Config) -> String,
    pub(super) is_default: fn(&Config) -> bool,
    pub(super) lines: fn(&Config) -> Vec<String>,
}

impl Directive {
    /// Name, then alias.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        core::iter::once(self.name).chain(self.alias)
    }

    pub(super) const fn no_effect(mut self, why: &'static str) -> Directive {
        self.without_effect = Some(why);
        self
    }

    pub(super) const fn hidden(mut self) -> Directive {
        self.hidden = true;
        self
    }

    pub(super) const fn sensitive(mut self) -> Directive {
        self.sensitive = true;
        self
    }

    pub(super) const fn denied_while_loading(mut self) -> Directive {
        self.denied_while_loading = true;
        self
    }

    /// What it does, in one line.
    #[must_use]
    pub fn summary(&self) -> &'static str {
        self.summary.trim()
    }

    /// Its type with its range, in words.
    #[must_use]
    pub fn type_words(&self) -> String {
        (self.type_words)()
    }

    /// The value in `config`, as CONFIG GET shows it.
    #[must_use]
    pub fn value(&self, config: &Config) -> String {
        (self.print)(config)
    }

    /// The value it has when nothing sets it, as CONFIG GET shows it.
    #[must_use]
    pub fn default_value(&self) -> String {
        (self.print)(&Config::default())
    }
}

impl fmt::Debug for Directive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Directive").field(&self.name).finish()
    }
}

/// What becomes of the values a directive already has. Only `save` can add to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Replace,
    Append,
}

/// How the values of one type are read, shown and written back.
pub(super) trait Kind<T> {
    /// Whether a directive of this kind takes several arguments.
    fn is_multi_argument(&self) -> bool {
        false
    }

    /// Type and range in words, for the reference.
    fn words(&self) -> String;

    /// Sets `value` from the arguments. A refused argument may leave it half changed.
    fn parse(&self, value: &mut T, arguments: &[&[u8]], mode: Mode) -> Result<(), Reason>;

    /// The value as CONFIG GET shows it.
    fn print(&self, value: &T) -> String;

    /// What follows the name in a configuration file, one element per line.
    fn lines(&self, value: &T) -> Vec<String> {
        alloc::vec![self.print(value)]
    }
}

/// The only argument, or why there is none.
pub(super) fn single<'a>(arguments: &[&'a [u8]]) -> Result<&'a [u8], Reason> {
    match arguments {
        [argument] => Ok(argument),
        _ => Err(Reason::WrongNumberOfArguments),
    }
}

/// Why a directive or its value was refused. `Display` words it as Redis 7.0 does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No such directive, or one that needs other arguments.
    BadDirective,
    /// A directive with one value has none or several.
    WrongNumberOfArguments,
    /// A quote is not closed, or text follows the closing one.
    UnbalancedQuotes,
    /// Not a flag.
    NotYesOrNo,
    /// Not a decimal integer of 64 bits.
    NotInteger,
    /// Not an octal integer.
    NotOctal,
    /// Not a number of bytes with an optional unit.
    NotMemory,
    /// As `NotMemory`, where a percentage would be accepted too.
    NotMemoryOrPercent,
    /// More than 100 %.
    PercentAbove100,
    /// A number outside its range.
    OutsideRange {
        /// The smallest accepted value.
        min: i128,
        /// The largest accepted value.
        max: i128,
    },
    /// An octal number above its range, which starts at 0.
    OutsideOctalRange {
        /// The largest accepted value.
        max: u32,
    },
    /// A word that is not in the list.
    NotOneOf(Vec<&'static str>),
    /// The value is not UTF-8.
    NotUtf8,
    /// Anything that concerns one directive only.
    Because(&'static str),
    /// Redis knows it, this server cannot honour it; the text says what to do instead.
    Unsupported(&'static str),
    /// A file could not be included.
    Include(String),
    /// The host did not agree, in its own words.
    Host(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::BadDirective => f.write_str("Bad directive or wrong number of arguments"),
            Reason::WrongNumberOfArguments => f.write_str("wrong number of arguments"),
            Reason::UnbalancedQuotes => f.write_str("Unbalanced quotes in configuration line"),
            Reason::NotYesOrNo => f.write_str("argument must be 'yes' or 'no'"),
            Reason::NotInteger => f.write_str("argument couldn't be parsed into an integer"),
            Reason::NotOctal => f.write_str("argument couldn't be parsed as an octal number"),
            Reason::NotMemory => f.write_str("argument must be a memory value"),
            Reason::NotMemoryOrPercent => f.write_str("argument must be a memory or percent value"),
            Reason::PercentAbove100 => f.write_str("percentage argument must be less or equal to 100"),
            Reason::OutsideRange { min, max } => {
                write!(f, "argument must be between {min} and {max} inclusive")
            }
            Reason::OutsideOctalRange { max } => {
                write!(f, "argument must be between 0 and {max:o} inclusive")
            }
            Reason::NotOneOf(words) => {
                f.write_str("argument(s) must be one of the following: ")?;
                f.write_str(&words.join(", "))
            }
            Reason::NotUtf8 => f.write_str("argument must be valid UTF-8"),
            Reason::Because(text) | Reason::Unsupported(text) => f.write_str(text),
            Reason::Include(text) | Reason::Host(text) => f.write_str(text),
        }
    }
}
