//! Does every node let time pass?
//!
//! A node whose deadline never moves ahead would spin on a real machine. Here it would stop the clock: so the events of one host within one microsecond are counted, and those of the world.

use super::{Breach, Property};
use crate::queue::Micros;

/// Timer events of one host in one microsecond. A timer may fire early and be asked for again, but not for ever.
const TIMERS_MAX: u32 = 100;
/// Events of the world in one microsecond.
const EVENTS_MAX: u32 = 1_000_000;

/// Counts events within one microsecond.
#[derive(Debug, Default)]
pub(crate) struct Pacing {
    now: Micros,
    events: u32,
    timers: Vec<u32>,
}

impl Pacing {
    /// For so many hosts.
    pub(crate) fn new(hosts: usize) -> Pacing {
        Pacing { now: 0, events: 0, timers: vec![0; hosts] }
    }

    /// Counts an event.
    ///
    /// # Errors
    ///
    /// Tells that time stands still.
    pub(crate) fn event(&mut self, now: Micros) -> Result<(), Breach> {
        if now != self.now {
            self.now = now;
            self.events = 0;
            self.timers.fill(0);
        }
        self.events += 1;
        if self.events > EVENTS_MAX {
            return Err(Breach::new(Property::TimePasses, format!("more than {EVENTS_MAX} events in one microsecond")));
        }
        Ok(())
    }

    /// Counts a timer event of a host.
    ///
    /// # Errors
    ///
    /// Tells that its deadline does not move.
    pub(crate) fn timer(&mut self, host: u16) -> Result<(), Breach> {
        let count = &mut self.timers[usize::from(host)];
        *count += 1;
        if *count > TIMERS_MAX {
            let explanation = format!("its deadline was still due after {TIMERS_MAX} timer events in one microsecond");
            return Err(Breach::new(Property::TimePasses, explanation));
        }
        Ok(())
    }
}
