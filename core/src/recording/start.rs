//! What does a node begin with?

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::varint::{Malformed, Reader, put, put_bytes};
use crate::codec::quoting::quote;
use crate::config::{Config, ConfigError};
use crate::port::Environment;

/// What [`Node::start`](crate::Node::start) was handed, but for the functions of the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// The incarnation's entropy.
    pub seed: u64,
    /// The configuration, as a file that says it.
    pub config: String,
    /// What the node was told of its process.
    pub source: Source,
}

/// The fields of [`Environment`] that are no functions.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are told of where they come from")]
pub struct Source {
    pub process_id: u32,
    pub os: String,
    pub executable: String,
    pub config_file: String,
    pub monotonic_clock: String,
    pub multiplexing_api: String,
    pub allocator: String,
    pub total_memory: u64,
}

impl Start {
    /// What a node is about to begin with. `None` if the configuration cannot be written so that reading it gives the same: then nothing
    /// could be run again.
    #[must_use]
    pub fn of(config: &Config, environment: &Environment, seed: u64) -> Option<Start> {
        let source = Source {
            process_id: environment.process_id,
            os: environment.os.clone(),
            executable: environment.executable.clone(),
            config_file: environment.config_file.clone(),
            monotonic_clock: environment.monotonic_clock.to_string(),
            multiplexing_api: environment.multiplexing_api.to_string(),
            allocator: environment.allocator.clone(),
            total_memory: environment.total_memory,
        };
        let start = Start { seed, config: text_of(config), source };
        (start.config().as_ref() == Ok(config)).then_some(start)
    }

    /// The configuration that it tells of.
    ///
    /// # Errors
    ///
    /// If this build does not take it.
    pub fn config(&self) -> Result<Config, ConfigError> {
        let mut config = Config::default();
        let mut include = |name: &str| Err(format!("'{name}' is not part of the recording"));
        config.parse_file(self.config.as_bytes(), "recording", &mut include)?;
        Ok(config)
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        put(out, self.seed);
        put_bytes(out, self.config.as_bytes());
        let source = &self.source;
        put(out, u64::from(source.process_id));
        for text in [
            &source.os,
            &source.executable,
            &source.config_file,
            &source.monotonic_clock,
            &source.multiplexing_api,
            &source.allocator,
        ] {
            put_bytes(out, text.as_bytes());
        }
        put(out, source.total_memory);
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Start, Malformed> {
        Ok(Start {
            seed: reader.varint()?,
            config: reader.text()?,
            source: Source {
                process_id: reader.small()?,
                os: reader.text()?,
                executable: reader.text()?,
                config_file: reader.text()?,
                monotonic_clock: reader.text()?,
                multiplexing_api: reader.text()?,
                allocator: reader.text()?,
                total_memory: reader.varint()?,
            },
        })
    }
}

/// A file that says all of a configuration: CONFIG REWRITE leaves out what only a file can say, and cannot be changed.
fn text_of(config: &Config) -> String {
    let mut text = config.rewrite("");
    for (name, new_name) in &config.renamed_commands {
        text += &format!("rename-command {} {}\n", quote(name.as_bytes()), quote(new_name.as_bytes()));
    }
    for name in &config.later_directives {
        // What it was set to has no effect, and is not known.
        text += &format!("{name} 0\n");
    }
    text
}
