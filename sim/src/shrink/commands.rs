//! Which commands does it take, and how plain can they be?

use std::collections::BTreeSet;

use super::lists::{minimise, minimise_by_runs, thin};
use super::search::Search;
use crate::plan::script::long_word;
use crate::plan::{ClientPlan, Plan, Setting, Step};

/// The plainest thing that a client can say.
const PLAINEST: &str = "SET s:0 a";

/// Numbers of writes by which all that a client says is tried to be replaced while runs are still long.
const FEW: [usize; 2] = [1, 16];

/// Those that are tried besides, once faults and hosts that can go are gone.
const FEW_MORE: [usize; 3] = [2, 4, 8];

/// No more steps than these are as soon left out one by one.
const MANY: usize = 16;

/// Of fewer steps nothing is left to be found out by pairs.
const PAIRS_MIN: usize = 3;

/// Runs of steps that are left out first are no smaller a part of all.
const COARSE: usize = 16;

/// One long write stands for all steps but so many at most, the last ones.
const LAST_MAX: usize = 2;

/// How much shorter the next word is that is tried. Where a failure needs a snapshot that ends at a certain place of a packet, few words do.
const SHORTER: (usize, usize) = (13, 14);

/// Lets clients say what they have said, word by word, instead of drawing it.
pub(super) fn give_scripts(search: &mut Search<'_>) {
    if search.plan.clients.iter().all(|client| client.script.is_some()) {
        return;
    }
    search.pass = "scripts";
    let said = search.what_is_said();
    let give = |plan: &mut Plan, index: usize| {
        if let (Some(client), Some(said)) = (plan.clients.get_mut(index), said.get(index)) {
            client.script.get_or_insert_with(|| said.clone());
            // What it would draw by is of no use any more.
            *client = ClientPlan {
                target: client.target,
                start_us: client.start_us,
                script: client.script.take(),
                lingers_us: client.lingers_us,
                gives_up_after_us: client.gives_up_after_us,
                ..ClientPlan::SILENT
            };
        }
    };
    let mut all = search.plan.clone();
    (0..said.len()).for_each(|client| give(&mut all, client));
    if !search.attempt_by_any_seed(&all) {
        for client in 0..said.len() {
            search.change(|plan| give(plan, client));
        }
    }
}

/// Lets nothing, or a few writes, stand for all that clients say. Many failures take no more, and then there is nothing left to be left out one by one.
pub(super) fn stand_in(search: &mut Search<'_>) {
    search.pass = "few writes";
    silence(search);
    replace_by(search, FEW);
}

/// Lets so many writes stand for all that a client says: the plainest ones, or as many bytes in all as it had said.
fn replace_by<const N: usize>(search: &mut Search<'_>, counts: [usize; N]) {
    for client in 0..search.plan.clients.len() {
        let Some(script) = search.plan.clients[client].script.clone() else { continue };
        let plain = counts.map(|count| in_groups(&script, count, |_| PLAINEST.into()));
        let as_long = counts.map(|count| in_groups(&script, count, write_of));
        let mut shorter = plain.into_iter().chain(as_long).filter(|candidate| candidate.len() < script.len());
        shorter.any(|shorter| search.change(|plan| plan.clients[client].script = Some(shorter)));
    }
}

/// Lets clients say nothing, several of them at once.
fn silence(search: &mut Search<'_>) {
    let scripts = search.plan.clients.iter().map(|client| client.script.as_ref());
    let speakers = (0..).zip(scripts).filter(|(_, script)| script.is_some_and(|script| !script.is_empty()));
    let speakers: Vec<usize> = speakers.map(|(client, _)| client).collect();
    minimise(speakers.clone(), &mut |rest| {
        search.change(|plan| {
            for client in speakers.iter().filter(|client| !rest.contains(client)) {
                plan.clients[*client].script = Some(Vec::new());
            }
        })
    });
}

/// So many steps at most, each in place of as many that follow each other, at the time of the last of these.
fn in_groups(steps: &[Step], count: usize, say: impl Fn(&[Step]) -> String) -> Vec<Step> {
    let groups = steps.chunks(steps.len().div_ceil(count).max(1));
    groups.filter_map(|group| Some(Step { at_us: group.last()?.at_us, say: vec![say(group)] })).collect()
}

/// A write of as many bytes as these steps have.
fn write_of(steps: &[Step]) -> String {
    format!("SET s:0 {}", long_word(steps.iter().map(Step::bytes).sum()))
}

pub(super) fn leave_out(search: &mut Search<'_>) {
    search.pass = "commands";
    tell_when_it_was_said(search);
    replace_by(search, FEW_MORE);
    thin_coarsely(search);
    fuse(search, COARSE);
    thin_by(search, key);
    thin_by(search, name);
    thin(search, steps(&search.plan), put);
    merge_clients(search);
    fuse(search, usize::MAX);
    write_once(search);
    thin_by_pairs(search);
    open_blocks(search);
    search.pass = "plainer commands";
    for (client, index) in places(&search.plan) {
        search.change(|plan| step_at(plan, client, index).say = vec![PLAINEST.into()]);
    }
}

/// Gives each step the time at which it was said. One that had to wait for the answers to others would hold on to them otherwise.
fn tell_when_it_was_said(search: &mut Search<'_>) {
    if search.is_over() {
        return;
    }
    let said = search.what_is_said();
    search.change(|plan| {
        for (client, said) in plan.clients.iter_mut().zip(said) {
            // What was not said before the failure has no part in it.
            client.script = client.script.take().map(|_| said);
        }
    });
}

/// All steps of scripts, with the client that says each.
fn steps(plan: &Plan) -> Vec<(usize, Step)> {
    let scripts =
        plan.clients.iter().enumerate().filter_map(|(client, planned)| Some((client, planned.script.as_ref()?)));
    scripts.flat_map(|(client, script)| script.iter().map(move |step| (client, step.clone()))).collect()
}

/// Where steps stand.
fn places(plan: &Plan) -> Vec<(usize, usize)> {
    let scripts =
        plan.clients.iter().enumerate().filter_map(|(client, planned)| Some((client, planned.script.as_ref()?)));
    scripts.flat_map(|(client, script)| (0..script.len()).map(move |index| (client, index))).collect()
}

fn step_at(plan: &mut Plan, client: usize, index: usize) -> &mut Step {
    let script = plan.clients[client].script.as_mut();
    &mut script.expect("the place was found in a script")[index]
}

fn put(plan: &mut Plan, steps: &[(usize, Step)]) {
    plan.clients.iter_mut().filter_map(|client| client.script.as_mut()).for_each(Vec::clear);
    for (client, step) in steps {
        plan.clients[*client].script.get_or_insert_default().push(step.clone());
    }
}

/// Leaves out all steps of a group at once, where there are many. What a failure needs are often a few steps of one key, which stand far from each other: runs of
/// steps that can go are short then.
fn thin_by(search: &mut Search<'_>, group: fn(&Step) -> &str) {
    let all = steps(&search.plan);
    if all.len() <= MANY {
        return;
    }
    let groups: BTreeSet<&str> = all.iter().map(|(_, step)| group(step)).collect();
    minimise(groups.into_iter().collect(), &mut |rest| {
        let is_left = |step: &Step| rest.binary_search(&group(step)).is_ok();
        let left: Vec<_> = all.iter().filter(|(_, step)| is_left(step)).cloned().collect();
        search.change(|plan| put(plan, &left))
    });
}

/// Leaves out runs of steps that are no small part of all: that costs few tries, and all that comes after it is cheaper then.
fn thin_coarsely(search: &mut Search<'_>) {
    let all = steps(&search.plan);
    if all.len() > MANY {
        let run_min = all.len() / COARSE;
        minimise_by_runs(all, run_min, &mut |rest| search.change(|plan| put(plan, rest)));
    }
}

/// Keeps one step, or two, or leaves out two, whichever they are, where few are left: there are plans of which none goes alone, and the runs of what is left are short.
fn thin_by_pairs(search: &mut Search<'_>) {
    let all = steps(&search.plan);
    if !(PAIRS_MIN..=MANY).contains(&all.len()) {
        return;
    }
    let count = all.len();
    let pairs = || (0..count).flat_map(move |one| (one + 1..count).map(move |other| [one, other]));
    let mut keep = |is_kept: &dyn Fn(usize) -> bool| {
        let rest: Vec<_> = (0..).zip(&all).filter(|(index, _)| is_kept(*index)).map(|(_, step)| step.clone()).collect();
        search.change(|plan| put(plan, &rest))
    };
    let _ = (0..count).any(|one| keep(&|index| index == one))
        || pairs().any(|pair| keep(&|index| pair.contains(&index)))
        || pairs().any(|pair| keep(&|index| !pair.contains(&index)));
}

/// The first line of a step that is no MULTI.
fn first_line(step: &Step) -> &str {
    step.say.get(usize::from(step.is_block())).map_or("", String::as_str)
}

/// The name of a step's first command.
fn name(step: &Step) -> &str {
    first_line(step).split(' ').next().unwrap_or("")
}

/// The key of a step's first command; of one that is about no key whatever follows its name.
fn key(step: &Step) -> &str {
    first_line(step).split(' ').nth(1).unwrap_or("")
}

/// Lets a single long write stand for all commands but the last few, where many are left. It need not be as long as they are: what matters may be how much a
/// snapshot holds, in which keys weigh otherwise than in commands. A long word is packed small there, unless that is forbidden.
fn write_once(search: &mut Search<'_>) {
    let mut all = steps(&search.plan);
    if all.len() <= MANY {
        return;
    }
    all.sort_by_key(|(_, step)| step.at_us);
    for count in 0..=LAST_MAX {
        let (many, last) = all.split_at(all.len() - count);
        let bytes = many.iter().map(|(_, step)| step.bytes()).sum();
        for (client, Step { at_us, .. }) in [&many[0], &many[many.len() - 1]] {
            let written = |bytes| {
                let long = Step { at_us: *at_us, say: vec![format!("SET s:0 {}", long_word(bytes))] };
                [&[(*client, long)][..], last].concat()
            };
            let mut candidates = sizes(bytes).map(written);
            if candidates.any(|steps| {
                search.change(|plan| {
                    put(plan, &steps);
                    plan.settings.push(Setting::new("rdbcompression", "no"));
                })
            }) {
                return;
            }
        }
    }
}

/// Sizes of a word in place of so many bytes, from twice as many downwards.
fn sizes(bytes: usize) -> impl Iterator<Item = usize> {
    let (numerator, denominator) = SHORTER;
    let all = std::iter::successors(Some(2 * bytes), move |bytes| Some(bytes * numerator / denominator));
    all.take_while(|bytes| *bytes > 1)
}

/// Lets one client say what several do.
fn merge_clients(search: &mut Search<'_>) {
    for one in 0..search.plan.clients.len() {
        if search.plan.clients.len() < 2 || search.plan.clients.iter().any(|client| client.script.is_none()) {
            return;
        }
        let is_done = search.change(|plan| {
            let mut all: Vec<Step> = steps(plan).into_iter().map(|(_, step)| step).collect();
            all.sort_by_key(|step| step.at_us);
            let mut client = plan.clients.swap_remove(one);
            client.script = Some(all);
            plan.clients = vec![client];
        });
        if is_done {
            return;
        }
    }
}

/// Lets one write as long as many stand for them, where only the number of bytes matters: for no fewer than this part of all.
fn fuse(search: &mut Search<'_>, part: usize) {
    for client in 0..search.plan.clients.len() {
        let length = |search: &Search<'_>| search.plan.clients[client].script.as_ref().map_or(0, Vec::len);
        let mut run = length(search);
        let fewest = run / part;
        while run > 1.max(fewest) {
            let mut at = 0;
            while at + run <= length(search) {
                let is_done = search.change(|plan| {
                    let Some(script) = &mut plan.clients[client].script else { return };
                    let fused = in_groups(&script[at..at + run], 1, write_of);
                    script.splice(at..at + run, fused);
                });
                at += if is_done { 1 } else { 1 + run / 2 };
            }
            run /= 2;
        }
    }
}

/// Leaves out commands of MULTI blocks, and MULTI and EXEC where one is left.
fn open_blocks(search: &mut Search<'_>) {
    for (client, index) in places(&search.plan) {
        let step = step_at(&mut search.plan, client, index).clone();
        if !step.is_block() {
            continue;
        }
        let inside = step.say[1..step.say.len() - 1].to_vec();
        let say =
            |search: &mut Search<'_>, say: Vec<String>| search.change(|plan| step_at(plan, client, index).say = say);
        if inside.iter().any(|line| say(search, vec![line.clone()])) {
            continue;
        }
        minimise(inside, &mut |rest| {
            let lines = ["MULTI".to_string()].into_iter().chain(rest.iter().cloned()).chain(["EXEC".to_string()]);
            say(search, lines.collect())
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_writes_of_all_the_bytes_stand_for_many_steps() {
        let steps: Vec<Step> = (0..10).map(|at_us| Step { at_us, say: vec!["SET s:1 <100>".into()] }).collect();
        let said = |count| {
            let few = in_groups(&steps, count, write_of);
            few.into_iter().map(|step| (step.at_us, step.say[0].clone())).collect::<Vec<_>>()
        };
        assert_eq!(said(1), [(9, "SET s:0 <1060>".to_owned())]);
        assert_eq!(said(2), [(4, "SET s:0 <530>".to_owned()), (9, "SET s:0 <530>".to_owned())]);
        assert_eq!(said(16).len(), 10);
        assert_eq!(in_groups(&[], 4, write_of), []);
    }

    #[test]
    fn steps_are_grouped_by_the_name_and_the_key_of_their_first_command() {
        let step = |say: &[&str]| Step { at_us: 0, say: say.iter().map(|line| (*line).into()).collect() };
        let of = |say: &[&str]| (name(&step(say)).to_owned(), key(&step(say)).to_owned());
        let pair = |name: &str, key: &str| (name.to_owned(), key.to_owned());
        assert_eq!(of(&["SET s:1 <100>"]), pair("SET", "s:1"));
        assert_eq!(of(&["MULTI", "INCR n:1", "GETDEL s:1", "EXEC"]), pair("INCR", "n:1"));
        assert_eq!(of(&["MULTI", "EXEC"]), pair("EXEC", ""));
        assert_eq!(of(&["PING"]), pair("PING", ""));
    }

    #[test]
    fn the_words_that_are_tried_in_place_of_others_are_close_to_each_other_and_end() {
        let all: Vec<usize> = sizes(1000).collect();
        assert_eq!((all[0], all.last()), (2000, Some(&2)));
        assert!(all.windows(2).all(|pair| pair[1] < pair[0] && pair[0] - pair[1] <= 1 + pair[0] / 14), "{all:?}");
        assert!(all.len() < 100, "{}", all.len());
        assert_eq!(sizes(0).count(), 0);
    }
}
