//! How long does a command wait, and for what?
//!
//! That it was in vain may be heard late, since answers travel and nodes stand still, and never before its time is over.

use crate::queue::{MILLISECOND, Micros, SECOND};
use crate::reply::Reply;

/// What a command waits for, and how long at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patience {
    wanted: Wanted,
    /// The time that it gives, in µs; without end if that is [`Micros::MAX`].
    pub(crate) for_us: Micros,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// What a key is to hold.
    Contents,
    /// So many replicas that have what the client wrote.
    Replicas(i64),
    /// The node's own disk, if that is 1, and the disks of so many replicas.
    Disks { own: i64, replicas: i64 },
}

impl Patience {
    /// That of a command, if it may wait.
    pub(super) fn of(words: &[&[u8]]) -> Option<Patience> {
        let number = |word: &[u8]| std::str::from_utf8(word).ok()?.parse::<f64>().ok();
        let waits_for = |wanted: Wanted, word: Option<&&[u8]>, unit: Micros| {
            let for_us = (number(word?)? * unit as f64).round() as Micros;
            Some(Patience { wanted, for_us: if for_us == 0 { Micros::MAX } else { for_us } })
        };
        let whole = |at: usize| number(words.get(at)?).map(|number| number as i64);
        match *words.first()? {
            b"WAIT" => waits_for(Wanted::Replicas(whole(1)?), words.get(2), MILLISECOND),
            b"WAITAOF" => waits_for(Wanted::Disks { own: whole(1)?, replicas: whole(2)? }, words.get(3), MILLISECOND),
            b"BLPOP" | b"BRPOP" | b"BLMOVE" | b"BZPOPMIN" | b"BZPOPMAX" => {
                waits_for(Wanted::Contents, words.last(), SECOND)
            }
            b"BLMPOP" | b"BZMPOP" => waits_for(Wanted::Contents, words.get(1), SECOND),
            b"XREAD" | b"XREADGROUP" => {
                let before = words.iter().position(|word| *word == b"BLOCK")?;
                waits_for(Wanted::Contents, words.get(before + 1), MILLISECOND)
            }
            _ => None,
        }
    }

    /// True if an answer tells that not all of what was waited for has come. `text` is the answer as it was sent.
    pub(crate) fn is_in_vain(&self, answer: &Reply<'_>, text: &[u8]) -> bool {
        match (self.wanted, answer) {
            (Wanted::Contents, Reply::Bulk(None) | Reply::Array(None)) => true,
            (Wanted::Replicas(wanted), Reply::Integer(found)) => *found < wanted,
            (Wanted::Disks { own, replicas }, Reply::Array(Some(2))) => {
                let mut found = text.split(|byte| *byte == b':').skip(1).map(|number| {
                    let end = number.iter().position(|byte| *byte == b'\r').unwrap_or(number.len());
                    std::str::from_utf8(&number[..end]).ok().and_then(|number| number.parse::<i64>().ok())
                });
                let mut is_less = |wanted: i64| found.next().flatten().is_none_or(|found| found < wanted);
                is_less(own) | is_less(replicas)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::read_reply;

    fn patience(line: &str) -> Option<Patience> {
        Patience::of(&line.split(' ').map(str::as_bytes).collect::<Vec<_>>())
    }

    #[test]
    fn what_a_command_waits_for_and_how_long_is_told_by_its_words() {
        let time = |line| patience(line).map(|patience| patience.for_us);
        assert_eq!(time("WAIT 1 50"), Some(50_000));
        assert_eq!(time("WAITAOF 1 2 7"), Some(7_000));
        assert_eq!(time("BLPOP l:1 l:2 0.05"), Some(50_000));
        assert_eq!(time("BLMPOP 0.25 2 l:1 l:2 LEFT COUNT 3"), Some(250_000));
        assert_eq!(time("XREADGROUP GROUP g m1 BLOCK 50 STREAMS x:1 >"), Some(50_000));
        assert_eq!(time("WAIT 1 0"), Some(Micros::MAX));
        assert_eq!([time("XREAD STREAMS x:1 0"), time("LPOP l:1"), time("WAIT")], [None; 3]);
    }

    #[test]
    fn an_answer_is_in_vain_if_less_came_than_was_wanted() {
        let is_in_vain = |line: &str, text: &str| {
            let (answer, _) = read_reply(text.as_bytes()).expect("it is sound").expect("it is whole");
            patience(line).expect("it waits").is_in_vain(&answer, text.as_bytes())
        };
        assert!(is_in_vain("WAIT 2 50", ":1\r\n") && !is_in_vain("WAIT 2 50", ":2\r\n"));
        assert!(is_in_vain("BLPOP l:1 1", "*-1\r\n") && !is_in_vain("BLPOP l:1 1", "*2\r\n$1\r\nl\r\n$1\r\na\r\n"));
        for (found, wanted) in
            [("*2\r\n:0\r\n:2\r\n", true), ("*2\r\n:1\r\n:0\r\n", true), ("*2\r\n:1\r\n:1\r\n", false)]
        {
            assert_eq!(is_in_vain("WAITAOF 1 1 50", found), wanted);
        }
        assert!(!is_in_vain("WAIT 2 50", "-UNBLOCKED by a change of role\r\n"));
    }
}
