//! Does a state in which nothing is under way come to rest?
//!
//! Nothing fails from there on: who is down is started, who was not told whom to follow is told, all that is sent arrives, and each timer is due in its turn. In bounded time
//! all hosts must be in step then. The way there is one way, so ways that meet are followed once.

use super::engine::{Broken, Engine};
use super::index::{Name, name_of};
use super::state::{Act, Piece, State};
use super::terms::HOSTS;
use crate::check::{Breach, Property, Standing, find_straggler};
use crate::queue::{Micros, SECOND};

/// How long it may take: the longest wait before another attempt, a few times, and a timeout of a link.
const BOUND: Micros = 120 * SECOND;
/// And how many steps, should time stand still.
const STEPS_MAX: usize = 2000;

impl Engine<'_> {
    /// True if nothing is under way.
    pub(super) fn is_quiet(&self, state: &State) -> bool {
        self.deliveries(state).is_empty()
    }

    /// Lets a world come to rest.
    ///
    /// # Errors
    ///
    /// Tells who does not, or what was broken on the way.
    pub(super) fn settle(&mut self, state: &State) -> Result<State, Broken> {
        let begun: [Micros; HOSTS] = std::array::from_fn(|host| self.host(state, host as u8).clock());
        // Timers are not counted here.
        let mut state = State { timers: [u8::MAX; HOSTS], ..state.clone() };
        let mut passed = Vec::new();
        for _ in 0..STEPS_MAX {
            let name = name_at_rest(&state);
            if self.known.restful.get(name).or_else(|| self.fresh.restful.get(name)).is_some() && self.journal.is_none()
            {
                break;
            }
            let straggler = find_straggler(&self.standings(&state));
            let act = self.act_to_rest(&state, begun);
            let is_late = act.is_none();
            match (straggler, act) {
                (None, None | Some(Act::Timer { .. })) => {
                    passed.push(name);
                    break;
                }
                (Some((host, why)), None) if is_late => {
                    let explanation = format!("all was delivered, and after {} s {why}", BOUND / SECOND);
                    let breach = Breach::new(Property::Converges, explanation);
                    return Err(Broken { host: u8::try_from(host).ok(), breach });
                }
                (_, act) => {
                    passed.push(name);
                    let act = act.expect("it is no end");
                    self.note_act(&state, act);
                    state = self.step(&state, act)?;
                    state.timers = [u8::MAX; HOSTS];
                }
            }
        }
        for name in passed {
            self.fresh.restful.insert(name, ());
        }
        Ok(state)
    }

    /// The one thing that happens next; none if time is up.
    fn act_to_rest(&self, state: &State, begun: [Micros; HOSTS]) -> Option<Act> {
        let hosts = 0..HOSTS as u8;
        if let Some(host) = hosts.clone().find(|host| self.host(state, *host).probe().is_none()) {
            return Some(Act::Start { host });
        }
        if let Some(act) =
            self.deliveries(state).into_iter().find(|act| matches!(act, Act::Deliver { piece: Piece::All, .. }))
        {
            return Some(act);
        }
        let is_untold = |host: &u8| state.told[usize::from(*host)] != self.terms.follows(*host, state.master);
        if let Some(host) = hosts.clone().find(|host| is_untold(host) && self.host(state, *host).is_serving()) {
            return Some(Act::Point { host });
        }
        let due = |host: u8| {
            let local = self.host(state, host);
            Some((local.clock() - begun[usize::from(host)] + local.timer_in()?, host))
        };
        let (at, host) = hosts.filter_map(due).min()?;
        (at <= BOUND).then_some(Act::Timer { host })
    }

    fn standings(&self, state: &State) -> [Standing; HOSTS] {
        std::array::from_fn(|host| Standing {
            is_outside: false,
            master: self.terms.follows(host as u8, state.master).map(u16::from),
            probe: self.host(state, host as u8).probe().copied(),
            has_work: false,
            is_synced_first: false,
        })
    }
}

/// A state without what may still be done in it.
fn name_at_rest(state: &State) -> Name {
    let State { hosts, links, oracle, master, told, .. } = state;
    name_of(&(hosts, links, oracle, master, told))
}
