//! How do the configuration file and the command line become a configuration?

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::directive::{Mode, Reason};
use super::types::Endpoint;
use super::{Config, find_directive, fixed, user};
use crate::codec::quoting::{quote, split_arguments, trim};
use crate::persistence::ArchiveName;

/// How deep files may include each other: more is a loop.
const INCLUDE_DEPTH_MAX: usize = 16;

/// How many files may be included in all: a file that includes itself twice would else be read 65536 times.
const INCLUDES_MAX: usize = 1024;

const NO_BACKGROUND: &str =
    "running in the background is not supported: use a service manager, or '--daemonize no' and '&' of the shell";

/// A line that could not be used. `Display` gives what an operator needs, in Redis's form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The file, or `command line`, or `configuration` for what only shows when all is read.
    pub file: String,
    /// The line's number from 1; 0 when the text is not from a file.
    pub line: usize,
    /// The line.
    pub text: String,
    /// What is wrong with it.
    pub reason: Reason,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ConfigError { file, line, text, reason } = self;
        match line {
            0 => writeln!(f, "Reading the {file}")?,
            _ => writeln!(f, "Reading the configuration file, at line {line} of '{file}'")?,
        }
        write!(f, ">>> '{text}'\n{reason}")
    }
}

impl core::error::Error for ConfigError {}

/// Gives the text of the file (or of all files, if there are wildcards) that an `include` line names.
type Include<'a> = &'a mut dyn FnMut(&str) -> Result<String, String>;

/// The configuration file and the options in a command line without the program's name.
///
/// The first argument is the file unless it starts with `-`.
#[must_use]
pub fn split_command_line(arguments: &[String]) -> (Option<&str>, &[String]) {
    match arguments {
        [first, options @ ..] if !first.starts_with('-') => (Some(first), options),
        options => (None, options),
    }
}

impl Config {
    /// Defaults, then the file (its name and text) if there is one, then the options of the command line.
    ///
    /// # Errors
    /// The first line or option that cannot be used, or a combined result that [`Config::check`] refuses.
    pub fn load(
        file: Option<(&str, &[u8])>,
        options: &[String],
        include: &mut dyn FnMut(&str) -> Result<String, String>,
    ) -> Result<Config, ConfigError> {
        let mut config = Config::default();
        if let Some((name, text)) = file {
            config.parse_file(text, name, include)?;
        }
        config.parse_arguments(options)?;
        config.check()?;
        Ok(config)
    }

    /// What a configuration file (its name and text) says, for somebody who starts no server by it. Lines that a server refuses for nothing but want of
    /// support are passed over, and returned.
    ///
    /// # Errors
    /// The first line that cannot be understood.
    pub fn survey(
        (name, text): (&str, &[u8]),
        include: &mut dyn FnMut(&str) -> Result<String, String>,
    ) -> Result<(Config, Vec<ConfigError>), ConfigError> {
        let mut config = Config::default();
        let mut loader = Loader::new(&mut config, Some(include));
        loader.passed_over = Some(Vec::new());
        loader.apply_file(text, name, 0)?;
        let mut passed_over = loader.passed_over.unwrap_or_default();
        passed_over.extend(config.check().err());
        Ok((config, passed_over))
    }

    /// Applies a configuration file; `file` is its name in errors. `include` gives the text of included files.
    ///
    /// The first `save` line replaces the default save points, the next ones add to it.
    ///
    /// # Errors
    /// The first line that cannot be used. The lines before it have been applied.
    pub fn parse_file(
        &mut self,
        text: &[u8],
        file: &str,
        include: &mut dyn FnMut(&str) -> Result<String, String>,
    ) -> Result<(), ConfigError> {
        Loader::new(self, Some(include)).apply_file(text, file, 0)
    }

    /// Applies options: `--port 6379`, `--save 60 1`, `--slaveof "localhost 6379"`, `"--port 6379"`.
    ///
    /// What follows an option's name is its value even if it starts with `--`, but for `--save`, which may stand
    /// alone and then means no save points.
    ///
    /// # Errors
    /// The first option that cannot be used. The options before it have been applied.
    pub fn parse_arguments(&mut self, arguments: &[String]) -> Result<(), ConfigError> {
        let mut loader = Loader::new(self, None);
        for line in option_lines(arguments) {
            let result = loader.apply_line(line.as_bytes(), 0);
            result.map_err(|fault| fault.at("command line", 0, line.as_bytes()))?;
        }
        Ok(())
    }

    /// Refuses what a file may say only as long as the command line takes it back.
    ///
    /// A distribution's file says `daemonize yes` and its service manager passes `--daemonize no`.
    ///
    /// # Errors
    /// The directive that stays in the way.
    pub fn check(&self) -> Result<(), ConfigError> {
        let refused = |text: String, reason| {
            Err(ConfigError { file: "configuration".to_owned(), line: 0, text, reason: Reason::Unsupported(reason) })
        };
        if self.daemonize {
            return refused("daemonize yes".to_owned(), NO_BACKGROUND);
        }
        if let Some(Endpoint { host, port }) = &self.replicaof
            && ArchiveName::parse(&self.dbfilename).is_some()
        {
            return refused(
                format!("replicaof {host} {port}"),
                "'dbfilename' names an archive, and what a master sends would take its place. Start without 'replicaof' (or with '--replicaof no one') to serve the archive, or give 'dbfilename' another name",
            );
        }
        match user::contradiction(&self.default_user, self.requirepass.as_ref()) {
            Some(reason) => refused("user default".to_owned(), reason),
            None => Ok(()),
        }
    }
}

/// One line per option, in the syntax of a file.
fn option_lines(arguments: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    // Whether the last line lacks the value that its name calls for.
    let mut is_value_due = false;
    for (index, argument) in arguments.iter().enumerate() {
        let name = argument.strip_prefix("--").filter(|_| !is_value_due);
        let Some(name) = name else {
            let value = quote(argument.as_bytes());
            match lines.last_mut() {
                Some(line) => *line = format!("{line} {value}"),
                None => lines.push(value),
            }
            is_value_due = false;
            continue;
        };
        let is_name_alone = split_arguments(argument.as_bytes()).is_ok_and(|parts| parts.len() == 1);
        let next = arguments.get(index.saturating_add(1));
        let stands_alone = name.eq_ignore_ascii_case("save") && next.is_none_or(|next| next.starts_with("--"));
        is_value_due = is_name_alone && !stands_alone;
        lines.push(if stands_alone { format!("{name} \"\"") } else { name.to_owned() });
    }
    lines
}

/// Why a line failed: its own fault, or one in a file it includes.
enum Fault {
    Here(Reason),
    Within(ConfigError),
}

impl Fault {
    fn at(self, file: &str, line: usize, text: &[u8]) -> ConfigError {
        match self {
            Fault::Here(reason) => {
                ConfigError { file: file.to_owned(), line, text: String::from_utf8_lossy(text).into_owned(), reason }
            }
            Fault::Within(error) => error,
        }
    }
}

impl From<Reason> for Fault {
    fn from(reason: Reason) -> Fault {
        Fault::Here(reason)
    }
}

/// One pass over a file with all it includes, or over the command line.
struct Loader<'a, 'b> {
    config: &'a mut Config,
    include: Option<Include<'b>>,
    /// The directives that it has met.
    met: Vec<&'static str>,
    included: usize,
    /// The lines that want of support has not made an error; `None` if it makes one of the first.
    passed_over: Option<Vec<ConfigError>>,
}

impl<'a, 'b> Loader<'a, 'b> {
    fn new(config: &'a mut Config, include: Option<Include<'b>>) -> Loader<'a, 'b> {
        Loader { config, include, met: Vec::new(), included: 0, passed_over: None }
    }

    fn apply_file(&mut self, text: &[u8], file: &str, depth: usize) -> Result<(), ConfigError> {
        for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let line = trim(line);
            let number = index.saturating_add(1);
            let applied = self.apply_line(line, depth).and_then(|()| self.refuse_background());
            match (applied.map_err(|fault| fault.at(file, number, line)), &mut self.passed_over) {
                (Err(error), Some(passed_over)) if matches!(error.reason, Reason::Unsupported(_)) => {
                    passed_over.push(error);
                }
                (applied, _) => applied?,
            }
        }
        Ok(())
    }

    /// A server finds this out when all is read, since its command line may take it back. Where nobody starts one, the line is to blame.
    fn refuse_background(&mut self) -> Result<(), Fault> {
        match self.passed_over.is_some() && core::mem::take(&mut self.config.daemonize) {
            true => Err(Reason::Unsupported(NO_BACKGROUND).into()),
            false => Ok(()),
        }
    }

    /// Applies one line without white space at its ends.
    fn apply_line(&mut self, line: &[u8], depth: usize) -> Result<(), Fault> {
        if line.is_empty() || line.starts_with(b"#") {
            return Ok(());
        }
        let arguments = split_arguments(line).map_err(|_| Reason::UnbalancedQuotes)?;
        let arguments: Vec<&[u8]> = arguments.iter().map(Vec::as_slice).collect();
        let [name, values @ ..] = arguments.as_slice() else {
            return Ok(());
        };
        if name.eq_ignore_ascii_case(b"include") {
            return self.apply_include(values, depth);
        }
        let result = match name.to_ascii_lowercase().as_slice() {
            b"rename-command" => self.apply_rename(values),
            b"user" => self.apply_user(values),
            _ => self.apply_directive(name, values),
        };
        result.map_err(Fault::Here)
    }

    /// Whether there are such commands is found out when all are known: `check_renamed` of the commands.
    fn apply_rename(&mut self, values: &[&[u8]]) -> Result<(), Reason> {
        let [name, new_name] = values else { return Err(Reason::BadDirective) };
        let text = |bytes| core::str::from_utf8(bytes).map(str::to_ascii_lowercase).map_err(|_| Reason::NotUtf8);
        self.config.renamed_commands.push((text(name)?, text(new_name)?));
        Ok(())
    }

    fn apply_user(&mut self, values: &[&[u8]]) -> Result<(), Reason> {
        let (said, password) = user::parse(values)?;
        self.config.default_user = said;
        if password.is_some() {
            self.config.requirepass = password;
        }
        Ok(())
    }

    fn apply_directive(&mut self, name: &[u8], values: &[&[u8]]) -> Result<(), Reason> {
        let Some((row, _)) = find_directive(name) else {
            if let Some(later) = fixed::find_later(name) {
                if !self.config.later_directives.contains(&later) {
                    self.config.later_directives.push(later);
                }
                return Ok(());
            }
            let is_passed_over = fixed::is_passed_over(name) && values.len() == 1;
            return if is_passed_over { Ok(()) } else { Err(fixed::refusal(name)) };
        };
        // To a value that the operator gave, here or before, the next one is added.
        let is_met = self.met.contains(&row.name);
        let is_given = is_met || !(row.is_default)(self.config);
        let mode = if is_given { Mode::Append } else { Mode::Replace };
        if !is_met {
            self.met.push(row.name);
        }
        match values {
            // One argument may hold all of them: `--replicaof "localhost 6379"`.
            [only] if (row.is_multi_argument)() && !only.is_empty() => {
                let values = split_arguments(only).map_err(|_| Reason::UnbalancedQuotes)?;
                let values: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
                (row.parse)(self.config, &values, mode)
            }
            _ => (row.parse)(self.config, values, mode),
        }
    }

    fn apply_include(&mut self, values: &[&[u8]], depth: usize) -> Result<(), Fault> {
        let [name] = values else {
            return Err(Reason::BadDirective.into());
        };
        let name = core::str::from_utf8(name).map_err(|_| Reason::NotUtf8)?;
        let Some(include) = &mut self.include else {
            return Err(Reason::Because("'include' belongs in a configuration file").into());
        };
        if depth >= INCLUDE_DEPTH_MAX || self.included >= INCLUDES_MAX {
            return Err(Reason::Because("too many nested 'include' lines").into());
        }
        self.included = self.included.saturating_add(1);
        let text = include(name).map_err(Reason::Include)?;
        self.apply_file(text.as_bytes(), name, depth.saturating_add(1)).map_err(Fault::Within)
    }
}
