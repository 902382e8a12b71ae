//! What is said of the one user there is, `default`, in a file and in ACL LIST?
//!
//! Redis's CONFIG REWRITE leaves a `user default ...` line in every file, so that such a line is read where it says what this
//! server does anyway: the user is on, may do everything, and needs the password of `requirepass` or none.
//!
//! Differs: Redis knows more users, and passwords of which it has the hash alone.

use alloc::format;
use alloc::string::String;

use sha2::{Digest, Sha256};

use super::directive::Reason;
use super::types::Password;

const ONLY_DEFAULT: &str = "there is no user but the default one, which may do everything: remove the line, or put a proxy with users in front";
const ONLY_ALL: &str =
    "the default user is on and may do everything (on ~* &* +@all): remove the line and use 'requirepass'";

/// What a `user default` line says of the password. The password itself stands in `requirepass`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum UserLine {
    /// There is no such line.
    #[default]
    Absent,
    /// None is needed.
    NoPassword,
    /// Its SHA-256, in hexadecimal.
    Hash(String),
}

/// Reads what follows `user`; a password in the clear is returned.
pub(super) fn parse(arguments: &[&[u8]]) -> Result<(UserLine, Option<Password>), Reason> {
    let [name, rules @ ..] = arguments else { return Err(Reason::BadDirective) };
    if *name != b"default" {
        return Err(Reason::Unsupported(ONLY_DEFAULT));
    }
    let mut said = UserLine::Absent;
    let mut password = None;
    for rule in rules {
        match rule.to_ascii_lowercase().as_slice() {
            b"on" | b"sanitize-payload" | b"~*" | b"allkeys" | b"&*" | b"allchannels" | b"+@all" | b"allcommands" => {}
            b"nopass" => (said, password) = (UserLine::NoPassword, None),
            [b'#', hash @ ..] if hash.len() == 64 && hash.iter().all(u8::is_ascii_hexdigit) => {
                said = UserLine::Hash(String::from_utf8_lossy(hash).into_owned());
            }
            [b'>', ..] => {
                let text = core::str::from_utf8(&rule[1..]).map_err(|_| Reason::NotUtf8)?;
                password = Some(Password::from(text));
            }
            _ => return Err(Reason::Unsupported(ONLY_ALL)),
        }
    }
    Ok((said, password))
}

/// Why what was said cannot hold beside `requirepass`.
pub(super) fn contradiction(said: &UserLine, password: Option<&Password>) -> Option<&'static str> {
    match (said, password) {
        (UserLine::NoPassword, Some(_)) => Some("'nopass' contradicts 'requirepass': remove one of them"),
        (UserLine::Hash(said), known) if known.is_none_or(|known| password_hash(known) != *said) => {
            Some("a password is needed as it is, not its hash alone: set it with 'requirepass'")
        }
        _ => None,
    }
}

/// The user as ACL LIST and a file describe it, after the word `user`.
#[must_use]
pub fn describe_default_user(password: Option<&Password>) -> String {
    match password {
        Some(password) => format!("default on #{} ~* &* +@all", password_hash(password)),
        None => String::from("default on nopass ~* &* +@all"),
    }
}

/// The SHA-256 of a password in hexadecimal, by which Redis shows it.
#[must_use]
pub fn password_hash(password: &Password) -> String {
    let digest = Sha256::digest(password.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use alloc::borrow::ToOwned;

    use super::super::tests::{from_file, value};

    const FOO: &str = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";

    #[test]
    fn a_line_that_redis_wrote_is_read_where_it_says_what_holds() {
        for (text, password) in [
            ("user default on nopass ~* &* +@all".to_owned(), ""),
            ("user default on nopass sanitize-payload ~* &* +@all".to_owned(), ""),
            (alloc::format!("user default on #{FOO} ~* &* +@all\nrequirepass \"foo\""), "foo"),
            (alloc::format!("requirepass foo\nuser default on #{FOO} ~* &* +@all"), "foo"),
            ("user default on >bar ~* &* +@all".to_owned(), "bar"),
        ] {
            let config = from_file(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(value(&config, "requirepass"), password, "{text}");
        }
    }

    #[test]
    fn a_line_that_promises_something_else_is_refused() {
        for text in [
            "user alice on".to_owned(),
            "user default off".to_owned(),
            "user default on nopass ~a* &* +@all".to_owned(),
            "user default on nopass ~* &* +@all -flushall".to_owned(),
            "user default on nopass ~* &* +@all\nrequirepass foo".to_owned(),
            alloc::format!("user default on #{FOO} ~* &* +@all"),
            alloc::format!("user default on #{FOO} ~* &* +@all\nrequirepass bar"),
            "user".to_owned(),
        ] {
            assert!(from_file(&text).is_err(), "{text}");
        }
    }
}
