//! Who stands above a replica, and does the line of masters lead back to it?
//!
//! In a circle of replicas that follow one another there is no master, and nobody in it can see that by himself. There are two ways to find out.
//!
//! While the links are up, nothing flows by them. A replica that hears nothing sends a [`Question`] to its master, as an option of REPLCONF that
//! is not answered. Whoever follows somebody passes it on to his own master; a node that follows nobody lets it drop. Only in a circle it comes
//! back to who has asked, by links that all are up, and it has the names of all whom it has met.
//!
//! A node whose link to its own master is down refuses its replicas (`NOMASTERLINK`), and in a circle they refuse each other for ever. So a replica
//! that is refused asks by INFO whom the other follows, and passes on what it learns in an INFO field of its own (`master_path`). Of a Redis only
//! its own master is known, so that a circle is seen if no two of them follow one another in it.
//!
//! A Redis would break off the link of a replica that sends an option that it does not know. So a question is sent to those alone who know it: a
//! replica names the capability ([`ANCESTRY`]) beside `eof` and `psync2`, where every server passes over words that it does not know; and a master
//! that knows it, too, adds the word to its answer to that replica's PSYNC.
//!
//! Differs: a Redis says `NOMASTERLINK` for ever, or nothing, and leaves it to the operator to find out why.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::codec::number::parse_u64;

use super::position::ReplicationId;

/// The capability of asking and of being asked, and the option of REPLCONF by which it is done.
pub const ANCESTRY: &str = "ancestry";
/// So many nodes of a line are told of and passed on; no line in use is longer.
const PATH_NODES_MAX: usize = 32;
/// The longest question that is read: each name in it may be as long as a name of the DNS.
const QUESTION_BYTES_MAX: usize = PATH_NODES_MAX * 320;
/// The longest answer to INFO that is read.
const ANSWER_BYTES_MAX: u64 = 1 << 20;
/// What follows each line of the answer.
const LINE_END_BYTES: u64 = 2;

/// A node that is followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ancestor {
    /// Its name in this life of it (`run_id`), if it is known.
    pub run_id: Option<String>,
    /// As its follower calls it.
    pub host: String,
    /// As its follower calls it.
    pub port: u16,
}

impl fmt::Display for Ancestor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// A line of masters as one INFO field: `<run id>@<host>:<port>`, the nearest first, with commas between them.
#[must_use]
pub fn format_path(path: &[Ancestor]) -> String {
    let mut text = String::new();
    for ancestor in path.iter().take(PATH_NODES_MAX) {
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(ancestor.run_id.as_deref().unwrap_or_default());
        text.push('@');
        text.push_str(&ancestor.to_string());
    }
    text
}

/// Reads what [`format_path`] writes, up to what is no part of it.
fn parse_path(text: &str) -> Vec<Ancestor> {
    let parse = |part: &str| {
        let (run_id, place) = part.split_once('@')?;
        let (host, port) = place.rsplit_once(':')?;
        let run_id = (!run_id.is_empty()).then(|| run_id.to_string());
        Some(Ancestor { run_id, host: host.to_string(), port: port.parse().ok()? })
    };
    text.split(',').map_while(parse).take(PATH_NODES_MAX).collect()
}

/// "Whom do we follow in the end?", on its way up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Who has asked: its name in this life.
    asker: String,
    /// To whom it was sent, one after the other; the last is who reads it.
    path: Vec<Ancestor>,
}

/// What becomes of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It goes on to the master of who has read it.
    GoesOn(Question),
    /// Who reads it has asked it himself: this is the line of his masters, and he is its end.
    IsBack(Vec<Ancestor>),
    /// It was here before, or has come from farther away than any line is long.
    Ends,
}

impl Question {
    /// A question of ours to our master.
    #[must_use]
    pub fn new(run_id: &str, host: &str, port: u16) -> Question {
        let master = Ancestor { run_id: None, host: host.to_string(), port };
        Question { asker: run_id.to_string(), path: Vec::from([master]) }
    }

    /// Reads what Display writes, all of it or nothing.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Question> {
        let text = core::str::from_utf8(text).ok().filter(|text| text.len() <= QUESTION_BYTES_MAX)?;
        let (asker, rest) = text.split_once(',')?;
        let path = parse_path(rest);
        let is_all = path.len() == rest.split(',').count();
        (is_all && !asker.is_empty()).then(|| Question { asker: asker.to_string(), path })
    }

    /// It has come to the node of this name, which follows another.
    #[must_use]
    pub fn come_to(mut self, run_id: &str, host: &str, port: u16) -> Fate {
        let was_here = self.path.iter().any(|ancestor| ancestor.run_id.as_deref() == Some(run_id));
        if let Some(here) = self.path.last_mut() {
            here.run_id = Some(run_id.to_string());
        }
        if self.asker == run_id {
            // What was asked on the way to a master of before tells nothing any more.
            let is_ours = self.path.first().is_some_and(|master| master.port == port && master.host == host);
            return if is_ours { Fate::IsBack(self.path) } else { Fate::Ends };
        }
        if was_here || self.path.len() >= PATH_NODES_MAX {
            return Fate::Ends;
        }
        self.path.push(Ancestor { run_id: None, host: host.to_string(), port });
        Fate::GoesOn(self)
    }
}

impl fmt::Display for Question {
    /// `<run id of who asks>,<path>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.asker, format_path(&self.path))
    }
}

/// The answer to INFO of one who has refused us, or whose data set we have refused, line by line.
#[derive(Clone, Debug, Default)]
pub struct Inquiry {
    /// Bytes of the answer that are still to come, once its length is known.
    left: Option<u64>,
    run_id: Option<String>,
    host: Option<String>,
    port: Option<u16>,
    path: Vec<Ancestor>,
    is_master: bool,
    history: Option<ReplicationId>,
    second_id: Option<ReplicationId>,
    second_offset: Option<u64>,
    is_second_exact: bool,
}

/// What a node tells of the history in which it is, and of the one that this goes on from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lineage {
    /// `master_replid`.
    pub history: ReplicationId,
    /// `master_replid2`.
    pub before: ReplicationId,
    /// `second_repl_offset`: the first offset at which the two may differ.
    pub first_other: u64,
    /// The two differ from there on. A master knows that. A replica that came late to a history under a new name tells how far it had come itself, unless it is one of ours, and was told
    /// (`second_repl_offset_exact`).
    pub is_exact: bool,
}

/// Why nothing is learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoAnswer;

impl Inquiry {
    /// What is asked.
    pub const REQUEST: &'static [u8] = b"*1\r\n$4\r\nINFO\r\n";

    /// Takes in a line without its end; true after the last one.
    pub fn on_line(&mut self, line: &[u8]) -> Result<bool, NoAnswer> {
        let Some(left) = &mut self.left else {
            // Keepalives may come before the answer.
            if line.is_empty() {
                return Ok(false);
            }
            let bytes = line.strip_prefix(b"$").and_then(parse_u64).filter(|bytes| *bytes <= ANSWER_BYTES_MAX);
            self.left = Some(bytes.ok_or(NoAnswer)?);
            return Ok(false);
        };
        *left = left.saturating_sub(line.len() as u64 + LINE_END_BYTES);
        let is_last = *left == 0;
        self.take_field(line);
        Ok(is_last)
    }

    fn take_field(&mut self, line: &[u8]) {
        let Some((name, value)) = core::str::from_utf8(line).ok().and_then(|line| line.split_once(':')) else { return };
        match name {
            "role" => self.is_master = value == "master",
            "master_replid" => self.history = ReplicationId::parse(value.as_bytes()),
            "run_id" => self.run_id = Some(value.to_string()),
            "master_host" => self.host = Some(value.to_string()),
            "master_port" => self.port = value.parse().ok(),
            "master_path" => self.path = parse_path(value),
            "master_replid2" => self.second_id = ReplicationId::parse(value.as_bytes()),
            "second_repl_offset" => self.second_offset = parse_u64(value.as_bytes()),
            "second_repl_offset_exact" => self.is_second_exact = value == "1",
            _ => {}
        }
    }

    /// The history of a node that follows another: it may be in that one's the next moment.
    #[must_use]
    pub fn history_of_replica(&self) -> Option<ReplicationId> {
        self.history.filter(|_| !self.is_master)
    }

    /// The history in which the node is that was asked, and what it goes on from, if it goes on from anything.
    #[must_use]
    pub fn lineage(&self) -> Option<Lineage> {
        let (history, before, first_other) = (self.history?, self.second_id?, self.second_offset?);
        Some(Lineage { history, before, first_other, is_exact: self.is_master || self.is_second_exact })
    }

    /// The line of masters that begins with the node that was asked, which its follower calls by this host and port.
    #[must_use]
    pub fn path_from(self, host: &str, port: u16) -> Vec<Ancestor> {
        let mut path = Vec::from([Ancestor { run_id: self.run_id, host: host.to_string(), port }]);
        if self.path.is_empty() {
            if let (Some(host), Some(port)) = (self.host, self.port) {
                path.push(Ancestor { run_id: None, host, port });
            }
        } else {
            path.extend(self.path);
        }
        path.truncate(PATH_NODES_MAX);
        path
    }
}

/// Who asks whether he is in a circle.
#[derive(Clone, Debug)]
pub struct Oneself<'a> {
    /// The name in this life.
    pub run_id: &'a str,
    /// How others may call him: hosts.
    pub hosts: &'a [String],
    /// How others may call him: ports.
    pub ports: &'a [u16],
}

impl Oneself<'_> {
    fn is(&self, ancestor: &Ancestor) -> bool {
        match &ancestor.run_id {
            Some(run_id) => run_id == self.run_id,
            None => {
                let is_ours = |host: &String| host.eq_ignore_ascii_case(&ancestor.host);
                self.ports.contains(&ancestor.port) && self.hosts.iter().any(is_ours)
            }
        }
    }
}

/// Replicas that follow one another in a circle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circle {
    /// Those that are followed, from our master on, up to where it closes.
    line: Vec<String>,
    /// Where it closes: at a node of the line, or at us.
    closes_at: Option<String>,
}

impl Circle {
    /// Looks for one in a line of masters, the nearest first.
    #[must_use]
    pub fn find(path: &[Ancestor], oneself: &Oneself<'_>) -> Option<Circle> {
        let names = |ancestors: &[Ancestor]| ancestors.iter().map(ToString::to_string).collect();
        for (index, ancestor) in path.iter().enumerate() {
            let before = &path[..index];
            if oneself.is(ancestor) {
                return Some(Circle { line: names(before), closes_at: None });
            }
            let is_same = |other: &&Ancestor| other.run_id.is_some() && other.run_id == ancestor.run_id;
            if let Some(same) = before.iter().find(is_same) {
                return Some(Circle { line: names(before), closes_at: Some(same.to_string()) });
            }
        }
        None
    }
}

impl fmt::Display for Circle {
    /// As the log and INFO tell it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cycle of replicas without a master: this node follows ")?;
        for name in &self.line {
            write!(f, "{name}, which follows ")?;
        }
        match &self.closes_at {
            None => f.write_str("this node")?,
            Some(name) => write!(f, "{name} again")?,
        }
        f.write_str(". Make one of them a master by REPLICAOF NO ONE")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::vec;

    fn ancestor(run_id: &str, port: u16) -> Ancestor {
        let run_id = (!run_id.is_empty()).then(|| run_id.to_string());
        Ancestor { run_id, host: "10.0.0.1".to_string(), port }
    }

    fn found(path: &[Ancestor]) -> Option<String> {
        let oneself = Oneself { run_id: "me", hosts: &["10.0.0.1".to_string()], ports: &[1] };
        Circle::find(path, &oneself).map(|circle| circle.to_string())
    }

    #[test]
    fn a_line_that_leads_back_is_a_circle_and_named() {
        let told = |line: &str| {
            Some(format!(
                "Cycle of replicas without a master: this node follows {line}. Make one of them a master by REPLICAOF NO ONE"
            ))
        };
        let (b, c, d) = (ancestor("b", 2), ancestor("c", 3), ancestor("d", 4));
        assert_eq!(found(&[]), None);
        assert_eq!(found(&[b.clone(), c.clone(), d.clone()]), None);
        let two = "10.0.0.1:2, which follows this node";
        assert_eq!(found(&[b.clone(), ancestor("me", 9)]), told(two), "by its name in this life");
        assert_eq!(found(&[b.clone(), ancestor("", 1)]), told(two), "by its address, where nothing else is known");
        assert_eq!(found(&[b.clone(), ancestor("other", 1)]), None, "another node at what looks like our address");
        assert_eq!(found(&[ancestor("me", 1)]), told("this node"));
        let three = [b.clone(), c.clone(), d, ancestor("me", 1)];
        assert_eq!(
            found(&three),
            told("10.0.0.1:2, which follows 10.0.0.1:3, which follows 10.0.0.1:4, which follows this node")
        );
        let above = "10.0.0.1:2, which follows 10.0.0.1:3, which follows 10.0.0.1:2 again";
        assert_eq!(found(&[b.clone(), c, b]), told(above));
    }

    #[test]
    fn what_is_told_of_a_line_is_understood_again() {
        let path = vec![ancestor("b", 2), Ancestor { run_id: None, host: "fe80::1".to_string(), port: 3 }];
        assert_eq!(format_path(&path), "b@10.0.0.1:2,@fe80::1:3");
        assert_eq!(parse_path(&format_path(&path)), path);
        for (nonsense, count) in [("", 0), ("b@x", 0), ("b@x:y", 0), ("b@x:1,", 1), ("b@x:1,c@y:99999", 1)] {
            assert_eq!(parse_path(nonsense).len(), count, "{nonsense}");
        }
        let long = vec![ancestor("b", 2); 1000];
        assert_eq!(parse_path(&format_path(&long)).len(), PATH_NODES_MAX);
    }

    #[test]
    fn a_question_comes_back_in_a_circle_alone_with_all_whom_it_has_met() {
        let on = |question: &Question, run_id: &str, port: u16| question.clone().come_to(run_id, "10.0.0.1", port);
        let asked = Question::new("me", "10.0.0.1", 2);
        let Fate::GoesOn(above) = on(&asked, "b", 3) else { panic!("b follows c") };
        let Fate::GoesOn(farther) = on(&above, "c", 1) else { panic!("c follows us") };
        assert_eq!(farther.to_string(), "me,b@10.0.0.1:2,c@10.0.0.1:3,@10.0.0.1:1");
        assert_eq!(Question::parse(farther.to_string().as_bytes()), Some(farther.clone()));
        let line = vec![ancestor("b", 2), ancestor("c", 3), ancestor("me", 1)];
        assert_eq!(on(&farther, "me", 2), Fate::IsBack(line));
        assert_eq!(on(&farther, "me", 9), Fate::Ends, "we follow another by now");
        assert_eq!(on(&asked, "me", 2), Fate::IsBack(vec![ancestor("me", 2)]), "we follow ourselves");
        // Who hangs on a circle is not in it: its question goes around once.
        let Fate::GoesOn(around) = on(&farther, "d", 2) else { panic!("d is new") };
        assert_eq!(on(&around, "b", 3), Fate::Ends);
        let mut long = asked;
        for node in 1..PATH_NODES_MAX {
            long = match on(&long, &format!("n{node}"), 7) {
                Fate::GoesOn(next) => next,
                other => panic!("{node}: {other:?}"),
            };
        }
        assert_eq!(on(&long, "last", 7), Fate::Ends);
    }

    #[test]
    fn a_question_that_is_wrong_in_any_part_is_none() {
        let (long, many) = ("h".repeat(QUESTION_BYTES_MAX), ",@h:1".repeat(PATH_NODES_MAX + 1));
        for text in
            ["", "me", "me,", ",@h:1", "me,h:1", "me,@h:x", "me,@h:1,", &format!("me,@{long}:1"), &format!("me{many}")]
        {
            assert_eq!(Question::parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(Question::parse(b"me,@\xff:1"), None);
    }

    fn ask(answer: &str) -> Result<Option<Vec<Ancestor>>, NoAnswer> {
        let mut inquiry = Inquiry::default();
        for line in answer.split("\r\n") {
            if inquiry.on_line(line.as_bytes())? {
                return Ok(Some(inquiry.path_from("10.0.0.1", 2)));
            }
        }
        Ok(None)
    }

    #[test]
    fn an_answer_tells_whom_the_other_follows() {
        let bulk = |text: &str| format!("\r\n${}\r\n{text}\r\n", text.len());
        let redis = "# Server\r\nrun_id:b\r\n\r\n# Replication\r\nmaster_host:h\r\nmaster_port:3\r\nrole:slave\r\n";
        let expected = vec![ancestor("b", 2), Ancestor { run_id: None, host: "h".to_string(), port: 3 }];
        assert_eq!(ask(&bulk(redis)), Ok(Some(expected)));
        let ours = format!("{redis}master_path:c@10.0.0.1:3,me@10.0.0.1:1\r\n");
        assert_eq!(ask(&bulk(&ours)), Ok(Some(vec![ancestor("b", 2), ancestor("c", 3), ancestor("me", 1)])));
        assert_eq!(ask(&bulk("run_id:b\r\n")), Ok(Some(vec![ancestor("b", 2)])), "a master follows nobody");
        assert_eq!(ask("$500\r\nrun_id:b\r\n"), Ok(None), "more is to come");
        for refusal in ["-NOAUTH Authentication required.", "$-1", "$99999999999", "+OK"] {
            assert_eq!(ask(refusal), Err(NoAnswer), "{refusal}");
        }
    }
}
