//! How is a script said, and written down?

use super::table::{DISK_REQUESTS, EXPIRY_REQUESTS, POP_REQUESTS, QUESTION_REQUESTS, READ_REQUESTS, REQUESTS};
use super::{Expected, command};
use crate::plan::Step;
use crate::plan::script::{meant, shown};

/// Writes a step's commands. Says what is expected for each.
pub(crate) fn say(step: &Step, out: &mut Vec<u8>, mut expected: impl FnMut(Expected)) {
    let mut queued = None;
    for line in &step.say {
        let words: Vec<&str> = line.split(' ').collect();
        let meant: Vec<Vec<u8>> = words.iter().copied().map(meant).collect();
        command(out, &meant.iter().map(Vec::as_slice).collect::<Vec<_>>());
        expected(match (line.as_str(), &mut queued) {
            ("MULTI", None) => {
                queued = Some(0);
                Expected::MULTI
            }
            ("EXEC", Some(count)) => Expected::exec(std::mem::take(count)),
            (_, Some(count)) => {
                *count += 1;
                what_fits(line, &words).queued()
            }
            (_, None) => what_fits(line, &words),
        });
    }
}

/// What may come back for a command: as for one that is drawn, if one like it is.
fn what_fits(line: &str, words: &[&str]) -> Expected {
    let tables = [&REQUESTS, &EXPIRY_REQUESTS, &READ_REQUESTS, &POP_REQUESTS, &QUESTION_REQUESTS, &DISK_REQUESTS];
    let found = tables.into_iter().find_map(|table| table.find(words)).unwrap_or_else(|| Expected::said(line));
    found.of_words(&words.iter().map(|word| word.as_bytes()).collect::<Vec<_>>())
}

/// The commands that were written, in steps: single ones and MULTI blocks.
pub(crate) fn written(mut bytes: &[u8]) -> Vec<Vec<String>> {
    let mut steps: Vec<Vec<String>> = Vec::new();
    let mut in_block = false;
    while let Some(words) = take_command(&mut bytes) {
        let line = words.join(" ");
        let ends = line == "EXEC";
        match steps.last_mut().filter(|_| in_block) {
            Some(step) => step.push(line),
            None => {
                in_block = line == "MULTI";
                steps.push(vec![line]);
            }
        }
        in_block &= !ends;
    }
    steps
}

/// Takes one command, as [`command`] writes it, off the front.
fn take_command(bytes: &mut &[u8]) -> Option<Vec<String>> {
    let count = take_length(bytes, b'*')?;
    (0..count)
        .map(|_| {
            let len = take_length(bytes, b'$')?;
            let (word, rest) = bytes.split_at_checked(len)?;
            *bytes = rest.strip_prefix(b"\r\n")?;
            Some(shown(word))
        })
        .collect()
}

fn take_length(bytes: &mut &[u8], sign: u8) -> Option<usize> {
    let end = bytes.iter().position(|byte| *byte == b'\r')?;
    let digits = bytes[..end].strip_prefix(&[sign])?;
    *bytes = bytes.get(end + 2..)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_written_down_as_it_was_said() {
        let steps = [vec!["MULTI", "INCR n:1", "XADD x:1 * m1 ", "EXEC"], vec!["WAIT 1 50"], vec!["SET s:0 <5000>"]];
        let steps = steps.map(|say| Step { at_us: 0, say: say.into_iter().map(String::from).collect() });
        let (mut out, mut expected) = (Vec::new(), Vec::new());
        for step in &steps {
            say(step, &mut out, |each| expected.push(each));
        }
        assert_eq!(written(&out), steps.map(|step| step.say));
        let names: Vec<&str> = expected.iter().map(|each| each.name).collect();
        assert_eq!(names, ["MULTI", "INCR", "XADD", "EXEC", "WAIT", "SET"]);
        assert_eq!(expected[3], Expected::exec(2));
        assert!(expected[5].writes);
    }
}
