//! What can happen in a state, and how is it written?
//!
//! Each step has a word, by which a trace is written and read again: `A>B` is a delivery of all that A has sent to B, `A>B:first` and `A>B:half` of a part of it; `A>B/1` means the second of their connections.

use super::engine::Engine;
use super::local::Left;
use super::pieces::piece_len;
use super::state::{Act, Fin, NOTHING, Piece, State};
use super::terms::{HOSTS, Shape};
use crate::journal::host_name;

impl Engine<'_> {
    /// All that can happen, in a fixed order.
    pub(super) fn acts(&self, state: &State) -> Vec<Act> {
        let mut acts = self.deliveries(state);
        self.add_cuts(state, &mut acts);
        for host in 0..HOSTS as u8 {
            self.add_acts_of(state, host, &mut acts);
        }
        acts
    }

    /// Deliveries, of all and of parts.
    pub(super) fn deliveries(&self, state: &State) -> Vec<Act> {
        let mut acts = Vec::new();
        for (number, link) in state.links.iter().enumerate() {
            for from in 0..2 {
                let pipe = link.pipes[from];
                let Some((reader, conn)) = state.reader(number, from) else { continue };
                let has_any = pipe.bytes != NOTHING || pipe.fin != Fin::Open;
                if !has_any || !self.host(state, reader).reads_from(conn) {
                    continue;
                }
                let act = |piece| Act::Deliver { link: number as u8, from: from as u8, piece };
                acts.push(act(Piece::All));
                // What a replica says is a line or two, of which each is about nothing but itself.
                if from == 1 && state.left.pieces > 0 {
                    let bytes = self.bytes(pipe.bytes);
                    let parts =
                        [Piece::First, Piece::Half].into_iter().filter(|piece| piece_len(bytes, *piece).is_some());
                    acts.extend(parts.map(act));
                }
            }
        }
        acts
    }

    /// Before the dialler has asked for the stream a cut is as good as a dial that comes later.
    fn add_cuts(&self, state: &State, acts: &mut Vec<Act>) {
        if state.left.cuts > 0 {
            let whole = (0..).zip(&state.links).filter(|(_, link)| {
                link.has_asked && link.is_whole() && link.pipes.iter().all(|pipe| pipe.fin == Fin::Open)
            });
            acts.extend(whole.map(|(link, _)| Act::Cut { link }));
        }
    }

    fn add_acts_of(&self, state: &State, host: u8, acts: &mut Vec<Act>) {
        let local = self.host(state, host);
        let (left, at) = (&state.left, usize::from(host));
        if local.probe().is_none() {
            acts.push(Act::Start { host });
            return;
        }
        if left.writes > 0 && local.takes_writes() {
            acts.push(Act::Write { host });
        }
        if left.waits > 0 && local.takes_writes() {
            acts.push(Act::Wait { host });
        }
        if left.saves > 0 && local.is_serving() {
            acts.push(Act::Save { host });
        }
        if state.timers[at] > 0 && local.timer_in().is_some() {
            acts.push(Act::Timer { host });
        }
        if left.crashes > 0 {
            acts.extend(self.terms.leavings().iter().map(|left| Act::Crash { host, left: *left }));
        }
        if !local.is_serving() {
            return;
        }
        // As long as nobody was promoted the replicas of a star differ by nothing but their names.
        let is_mirrored =
            self.terms.shape == Shape::Star && left.promotions == self.terms.budget.promotions && host == 2;
        if left.promotions > 0 && host != state.master && !is_mirrored {
            acts.push(Act::Promote { host });
        }
        if state.told[at] != self.terms.follows(host, state.master) {
            acts.push(Act::Point { host });
        }
    }
}

impl Act {
    /// Its word.
    pub(super) fn word(self, state: &State) -> String {
        let name = |host: u8| host_name(u16::from(host));
        let ends = |link: u8, from: u8, between: &str| {
            let of_link = |link: u8| state.links[usize::from(link)].sites;
            let sites = of_link(link);
            let (writer, reader) = (sites[usize::from(from)], sites[1 - usize::from(from)]);
            let same = |other: &u8| {
                let others = of_link(*other);
                others == sites || others == [sites[1], sites[0]]
            };
            let before = (0..link).filter(same).count();
            let which = if before > 0 { format!("/{before}") } else { String::new() };
            format!("{}{between}{}{which}", name(writer), name(reader))
        };
        match self {
            Act::Deliver { link, from, piece } => {
                let part = match piece {
                    Piece::All => "",
                    Piece::First => ":first",
                    Piece::Half => ":half",
                };
                ends(link, from, ">") + part
            }
            Act::Cut { link } => format!("cut@{}", ends(link, 0, "-")),
            Act::Write { host } => format!("write@{}", name(host)),
            Act::Wait { host } => format!("wait@{}", name(host)),
            Act::Save { host } => format!("save@{}", name(host)),
            Act::Timer { host } => format!("timer@{}", name(host)),
            Act::Crash { host, left } => {
                let left = match left {
                    Left::Kept => "kept",
                    Left::Synced => "synced",
                    Left::Empty => "empty",
                };
                format!("crash@{}:{left}", name(host))
            }
            Act::Start { host } => format!("start@{}", name(host)),
            Act::Promote { host } => format!("promote@{}", name(host)),
            Act::Point { host } => format!("point@{}", name(host)),
        }
    }
}
