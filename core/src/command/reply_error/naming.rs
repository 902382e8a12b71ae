//! Errors that name what they are about.

use alloc::format;
use alloc::string::String;

use super::super::error::CommandError;

/// A place that is not on the map.
#[must_use]
pub fn invalid_position(longitude: f64, latitude: f64) -> CommandError {
    CommandError::with(format!("ERR invalid longitude,latitude pair {longitude:.6},{latitude:.6}"))
}

/// GEOSEARCH without one of two options. `command` is as the client spelled it.
#[must_use]
pub fn exactly_one_of(options: &str, command: &[u8]) -> CommandError {
    CommandError::with(format!("ERR exactly one of {options} can be specified for {}", shown(command)))
}

/// Bytes of a client's as an error repeats them: a char for each byte, as [`CommandError`] wants it.
fn shown_bytes(bytes: &[u8]) -> String {
    // Redis repeats them as a C string, which ends at a zero byte.
    bytes.iter().take_while(|&&byte| byte != 0).map(|&byte| char::from(byte)).collect()
}

/// A name that is no command's; `args` are the first of its arguments.
pub fn unknown_command<'a>(name: &[u8], args: impl Iterator<Item = &'a [u8]>) -> CommandError {
    /// How much of a name and of the arguments is repeated, in bytes.
    const SHOWN_BYTES_MAX: usize = 128;
    let shown = &name[..name.len().min(SHOWN_BYTES_MAX)];
    let mut text = format!("ERR unknown command '{}', with args beginning with: ", shown_bytes(shown));
    let prefix = text.len();
    for arg in args {
        let left = SHOWN_BYTES_MAX.saturating_sub(text.len() - prefix);
        if left == 0 {
            break;
        }
        let shown = &arg[..arg.len().min(left)];
        text.push_str(&format!("'{}' ", shown_bytes(shown)));
    }
    CommandError::with(text)
}

/// A container's argument that is no subcommand of it.
#[must_use]
pub fn unknown_subcommand(container: &str, name: &[u8]) -> CommandError {
    let shown = shown_bytes(&name[..name.len().min(128)]);
    let container = container.to_uppercase();
    CommandError::with(format!("ERR unknown subcommand '{shown}'. Try {container} HELP."))
}

/// Too few or too many arguments. `name` is `set`, or `config|get`.
#[must_use]
pub fn wrong_arity(name: &str) -> CommandError {
    CommandError::with(format!("ERR wrong number of arguments for '{name}' command"))
}

/// The append-only file cannot be written, and writes are refused until it can.
#[must_use]
pub fn aof_misconf(why: &impl core::fmt::Display) -> CommandError {
    CommandError::with(format!("MISCONF Errors writing to the AOF file: {why}"))
}

/// EXEC met an error that its queue had not met before.
#[must_use]
pub fn transaction_aborted(error: &CommandError) -> CommandError {
    let text = format!("{error}");
    // A code that says something is told, too.
    let cause = text.strip_prefix("ERR ").unwrap_or(&text);
    CommandError::with(format!("EXECABORT Transaction discarded because of: {cause}"))
}

/// An expiry that is out of range.
#[must_use]
pub fn invalid_expire(command: &str) -> CommandError {
    CommandError::with(format!("ERR invalid expire time in '{command}' command"))
}

/// HSETEX with a word that is no option.
#[must_use]
pub fn unknown_hsetex_argument(word: &[u8]) -> CommandError {
    CommandError::with(format!("ERR unknown argument: {}", shown_bytes(word)))
}

/// An option of EXPIRE and its kin that is none.
#[must_use]
pub fn unsupported_option(option: &[u8]) -> CommandError {
    CommandError::with(format!("ERR Unsupported option {}", shown_bytes(option)))
}

/// A class of connections that does not exist.
#[must_use]
pub fn unknown_client_type(name: &[u8]) -> CommandError {
    CommandError::with(format!("ERR Unknown client type '{}'", shown(name)))
}

/// A user that does not exist.
#[must_use]
pub fn no_such_user(name: &[u8]) -> CommandError {
    CommandError::with(format!("ERR No such user '{}'", shown(name)))
}

/// CLIENT SETINFO of what cannot be set.
#[must_use]
pub fn unrecognized_option(name: &[u8]) -> CommandError {
    CommandError::with(format!("ERR Unrecognized option '{}'", shown(name)))
}

/// CLIENT SETINFO to a text that would break the line of CLIENT LIST.
#[must_use]
pub fn unclean_client_info(attribute: &str) -> CommandError {
    CommandError::with(format!("ERR {attribute} cannot contain spaces, newlines or special characters."))
}

/// ZUNION and its kin of no keys.
#[must_use]
pub fn no_input_key(command: &str) -> CommandError {
    CommandError::with(format!("ERR at least 1 input key is needed for '{command}' command"))
}

/// FUNCTION LOAD with an option that is none.
#[must_use]
pub fn unknown_option_given(name: &[u8]) -> CommandError {
    CommandError::with(format!("ERR Unknown option given: {}", shown(name)))
}

/// FUNCTION LIST with an argument that is none.
#[must_use]
pub fn unknown_argument(name: &[u8]) -> CommandError {
    CommandError::with(format!("ERR Unknown argument {}", shown(name)))
}

/// A command that a listener may not send in RESP2. `name` is `get`, or `client|list`.
#[must_use]
pub fn not_for_listeners(name: &str) -> CommandError {
    CommandError::with(format!(
        "ERR Can't execute '{name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"
    ))
}

/// CLIENT TRACKING with a prefix of which another one is a part, or the other way round.
#[must_use]
pub fn overlapping_prefix(prefix: &[u8], which: &str, other: &[u8]) -> CommandError {
    let (prefix, other) = (shown(prefix), shown(other));
    CommandError::with(format!(
        "ERR Prefix '{prefix}' overlaps with {which} prefix '{other}'. Prefixes for a single client must not overlap."
    ))
}

/// ACL CAT of what is no category.
#[must_use]
pub fn unknown_category(name: &[u8]) -> CommandError {
    CommandError::with(format!("ERR Unknown category '{}'", shown(name)))
}

/// ACL DRYRUN for who is no user.
#[must_use]
pub fn unknown_user(name: &[u8]) -> CommandError {
    CommandError::with(format!("ERR User '{}' not found", shown(name)))
}

/// ACL DRYRUN of what is no command.
#[must_use]
pub fn no_such_command(name: &[u8]) -> CommandError {
    CommandError::with(format!("ERR Command '{}' not found", shown(name)))
}

/// LATENCY GRAPH of an event that has not happened.
#[must_use]
pub fn no_samples(event: &[u8]) -> CommandError {
    CommandError::with(format!("ERR No samples available for event '{}'", shown_bytes(event)))
}

/// The part of an argument that an error repeats.
fn shown(argument: &[u8]) -> String {
    shown_bytes(&argument[..argument.len().min(128)])
}

/// A group of a stream that is not there, or neither is the stream.
#[must_use]
pub fn no_key_or_group(key: &[u8], group: &[u8], context: &str) -> CommandError {
    let (key, group) = (shown_bytes(key), shown_bytes(group));
    CommandError::with(format!("NOGROUP No such key '{key}' or consumer group '{group}'{context}"))
}

/// A group of a stream that is not there.
#[must_use]
pub fn no_group(key: &[u8], group: &[u8]) -> CommandError {
    let (key, group) = (shown_bytes(key), shown_bytes(group));
    CommandError::with(format!("NOGROUP No such consumer group '{group}' for key name '{key}'"))
}

/// XCLAIM with an option that is none.
#[must_use]
pub fn unrecognized_xclaim_option(option: &[u8]) -> CommandError {
    CommandError::with(format!("ERR Unrecognized XCLAIM option '{}'", shown_bytes(option)))
}

/// A subcommand with a word that it does not know, or with too few or too many.
#[must_use]
pub fn wrong_subcommand(container: &str, name: &[u8]) -> CommandError {
    let (name, container) = (shown(name), container.to_uppercase());
    CommandError::with(format!(
        "ERR unknown subcommand or wrong number of arguments for '{name}'. Try {container} HELP."
    ))
}

/// PFDEBUG with a word that is no subcommand.
#[must_use]
pub fn unknown_pfdebug_subcommand(name: &[u8]) -> CommandError {
    CommandError::with(format!("ERR Unknown PFDEBUG subcommand '{}'", shown(name)))
}
