//! What may come back for a command?

use super::patience::Patience;
use crate::reply::Reply;

/// What fits as the reply to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A status, `+OK` say.
    Status,
    /// A number.
    Integer,
    /// A text or nil.
    Bulk,
    /// An array.
    Array,
    /// An array, or the null of one.
    MaybeArray,
    /// A text, or either null.
    MaybeBulk,
    /// `+QUEUED`.
    Queued,
    /// An array of so many results.
    Results(u32),
    /// Whatever it is, the reader of a story sees it.
    Anything,
}

/// How errors begin that fit a command.
pub(crate) type Excuses = &'static [&'static str];

/// What a command expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    /// The name, for explanations.
    pub(crate) name: &'static str,
    /// The shape of its reply.
    pub(crate) shape: Shape,
    /// Errors that fit, beside those that fit any command.
    pub(crate) excuses: Excuses,
    /// True if a replica must refuse it.
    pub(crate) writes: bool,
    /// How long it waits at most, and for what, if it does.
    pub(crate) patience: Option<Patience>,
}

impl Expected {
    /// What MULTI expects.
    pub(crate) const MULTI: Expected =
        Expected { name: "MULTI", shape: Shape::Status, excuses: &[], writes: false, patience: None };

    /// What a plain SET expects.
    pub(crate) const SET: Expected =
        Expected { name: "SET", shape: Shape::Status, excuses: &[], writes: true, patience: None };

    /// True for the names of commands that may wait.
    pub(super) fn may_wait(&self) -> bool {
        self.name.starts_with("WAIT") || self.name.starts_with('B') || self.name.starts_with("XREAD")
    }

    /// The same of a command of these words.
    pub(super) fn of_words(self, words: &[&[u8]]) -> Expected {
        Expected { patience: Patience::of(words), ..self }
    }

    /// What is said in a story. WAIT and WAITAOF alone are known by their names.
    pub(crate) fn said(line: &str) -> Expected {
        let name = match line.split(' ').next() {
            Some("WAIT") => "WAIT",
            Some("WAITAOF") => "WAITAOF",
            _ => "a command of a story",
        };
        Expected { name, shape: Shape::Anything, excuses: &[], writes: false, patience: None }
    }

    /// What a command in a block expects when it is queued.
    pub(crate) fn queued(self) -> Expected {
        Expected { shape: Shape::Queued, excuses: &[], patience: None, ..self }
    }

    /// What EXEC expects of a block of `count` commands.
    pub(crate) fn exec(count: u32) -> Expected {
        Expected { name: "EXEC", shape: Shape::Results(count), excuses: &[], writes: true, patience: None }
    }

    /// Whether a reply fits, whatever the role of who sent it.
    pub(crate) fn fits(&self, reply: &Reply<'_>) -> bool {
        match (self.shape, reply) {
            (Shape::Anything, _) => true,
            (_, Reply::Error(text)) => self.excuses(text),
            (Shape::Status, Reply::Status(text)) => *text == b"OK" || *text == b"PONG",
            (Shape::Queued, Reply::Status(text)) => *text == b"QUEUED",
            (Shape::Integer, Reply::Integer(_))
            | (Shape::Bulk, Reply::Bulk(_))
            | (Shape::MaybeBulk, Reply::Bulk(_) | Reply::Array(None))
            | (Shape::MaybeArray, Reply::Array(_))
            | (Shape::Array, Reply::Array(Some(_))) => true,
            (Shape::Results(count), Reply::Array(Some(results))) => count as usize == *results,
            _ => false,
        }
    }

    fn excuses(&self, text: &[u8]) -> bool {
        /// A node that is loading or has lost its master says so to any command that may be about data.
        const TO_MOST: Excuses = &["LOADING ", "MASTERDOWN "];
        /// A replica, and a node that cannot save or has too few replicas, to one that writes.
        const TO_WRITES: Excuses = &["READONLY ", "MISCONF ", "NOREPLICAS "];
        /// What any node carries out, whatever has become of its data.
        const WITHOUT_DATA: &[&str] = &["MULTI", "SELECT", "PUBLISH"];
        /// What writes and takes no memory by Redis's table of commands.
        const NEVER_GROW: &[&str] = &[
            "BLMPOP",
            "BLPOP",
            "BZMPOP",
            "BZPOPMAX",
            "DEL",
            "EXPIRE",
            "GETDEL",
            "GETEX",
            "HDEL",
            "HGETDEL",
            "HGETEX",
            "HPERSIST",
            "LMPOP",
            "LPOP",
            "LREM",
            "LTRIM",
            "MOVE",
            "PERSIST",
            "PEXPIRE",
            "RENAME",
            "SMOVE",
            "SPOP",
            "SREM",
            "SWAPDB",
            "XAUTOCLAIM",
            "XREADGROUP",
            "XTRIM",
            "ZPOPMIN",
            "ZREMRANGEBYRANK",
        ];
        let is_one_of = |excuses: Excuses| excuses.iter().any(|start| text.starts_with(start.as_bytes()));
        if matches!(self.shape, Shape::Results(_)) {
            // Whatever the reason, EXEC tells that the block is discarded.
            return is_one_of(&["EXECABORT "]);
        }
        // Without memory nothing is queued, whatever it is.
        let may_grow = self.shape == Shape::Queued || self.writes && !NEVER_GROW.contains(&self.name);
        // Whoever watches a node by it is to find out.
        let is_ping = self.name == "PING" && is_one_of(&["MISCONF "]);
        is_one_of(self.excuses)
            || is_ping
            || !WITHOUT_DATA.contains(&self.name) && is_one_of(TO_MOST)
            || self.writes && is_one_of(TO_WRITES)
            || may_grow && is_one_of(&["OOM "])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_refused_only_for_what_it_does() {
        let named = |name, writes| Expected { name, shape: Shape::Integer, excuses: &[], writes, patience: None };
        let (set, del, get, select) = (Expected::SET, named("DEL", true), named("GET", false), named("SELECT", false));
        let cases = [
            ("LOADING x", [true, true, true, false]),
            ("MASTERDOWN x", [true, true, true, false]),
            ("READONLY x", [true, true, false, false]),
            ("MISCONF x", [true, true, false, false]),
            ("NOREPLICAS x", [true, true, false, false]),
            ("OOM x", [true, false, false, false]),
        ];
        for (text, fit) in cases {
            let told = [set, del, get, select].map(|expected| expected.fits(&Reply::Error(text.as_bytes())));
            assert_eq!(told, fit, "{text}");
        }
        let oom = Reply::Error(b"OOM x");
        assert!(get.queued().fits(&oom) && !Expected::exec(1).fits(&oom), "nothing is queued without room");
        assert!(named("PING", false).fits(&Reply::Error(b"MISCONF x")));
    }
}
