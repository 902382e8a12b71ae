//! Which commands does it take, and how plain can they be?

use super::lists::{minimise, thin};
use super::search::Search;
use crate::plan::script::long_word;
use crate::plan::{ClientPlan, Plan, Step};

/// The plainest thing that a client can say.
const PLAINEST: &str = "SET s:0 a";

/// Numbers of writes by which all that a client says is tried to be replaced.
const FEW: [usize; 5] = [1, 2, 4, 8, 16];

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

/// Lets nothing, or a few writes, stand for all that a client says. Many failures take no more, and then there is nothing left to be left out one by one.
pub(super) fn stand_in(search: &mut Search<'_>) {
    search.pass = "few writes";
    for client in 0..search.plan.clients.len() {
        let Some(script) = search.plan.clients[client].script.clone() else { continue };
        let plain = FEW.map(|count| in_groups(&script, count, |_| PLAINEST.into()));
        let as_long = FEW.map(|count| in_groups(&script, count, write_of));
        let candidates = std::iter::once(Vec::new()).chain(plain).chain(as_long);
        let mut shorter = candidates.filter(|candidate| candidate.len() < script.len());
        shorter.any(|shorter| search.change(|plan| plan.clients[client].script = Some(shorter)));
    }
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
    fuse(search, 16);
    thin(search, steps(&search.plan), put);
    merge_clients(search);
    fuse(search, usize::MAX);
    open_blocks(search);
    search.pass = "plainer commands";
    for (client, index) in places(&search.plan) {
        search.change(|plan| step_at(plan, client, index).say = vec![PLAINEST.into()]);
    }
}

/// Gives each step the time at which it was said. One that had to wait for the answers to others would hold on to them otherwise.
fn tell_when_it_was_said(search: &mut Search<'_>) {
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
}
