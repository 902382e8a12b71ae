//! What of a plan is other than its seed has drawn?

use serde::{Deserialize, Serialize};

use super::draw::draw_crashes;
use super::{Plan, Setting};

/// A kind of trouble to which runs are restricted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Only {
    /// Nodes crash and are started again, and the guard is as it is by default. Nothing else goes wrong, and nobody gives an order.
    Crashes,
}

/// What is asked for besides the seed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// Mistakes that all nodes make on purpose.
    pub defects: Vec<String>,
    /// All other trouble is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<Only>,
    /// Directives of all nodes, in place of what is drawn.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<Setting>,
}

impl Changes {
    /// Defects alone.
    #[must_use]
    pub fn defects(defects: &[String]) -> Changes {
        Changes { defects: defects.to_vec(), ..Changes::default() }
    }

    /// The plan of a seed.
    #[must_use]
    pub fn draw(&self, seed: u64) -> Plan {
        let mut plan = Plan::draw(seed);
        self.apply(&mut plan);
        plan
    }

    /// Changes a plan.
    pub fn apply(&self, plan: &mut Plan) {
        if self.only == Some(Only::Crashes) {
            plan.faults = draw_crashes(plan.seed, plan.hosts.len() as u64, plan.quiet_at_us);
            plan.orders.clear();
            plan.controller = None;
            plan.outside.clear();
            plan.settings.retain(|setting| !is_of_guard(&setting.name));
        }
        for setting in &self.settings {
            plan.settings.retain(|drawn| drawn.name != setting.name);
            plan.hosts.iter_mut().for_each(|host| host.settings.retain(|drawn| drawn.name != setting.name));
            plan.settings.push(setting.clone());
        }
        plan.defects.extend_from_slice(&self.defects);
    }

    /// Asks the engine whether it takes the directives.
    ///
    /// # Errors
    ///
    /// Says which it does not take, and why.
    pub fn check_settings(&self) -> Result<(), String> {
        super::settings::check(&self.settings)
    }

    /// True if there are none.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Changes::default()
    }

    /// The same as options of the command line, each with a blank before it.
    #[must_use]
    pub fn in_options(&self) -> String {
        let defects = self.defects.iter().map(|defect| format!(" --defect {defect}"));
        let only = self.only.map(|Only::Crashes| " --only crashes".to_string());
        let settings = self.settings.iter().map(|setting| format!(" --set '{setting}'"));
        defects.chain(only).chain(settings).collect()
    }
}

fn is_of_guard(name: &str) -> bool {
    name.starts_with("replica-wipe-guard") || name == "master-protected-restart"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Fault;

    #[test]
    fn nothing_but_crashes_is_left_and_the_guard_is_the_default_one_unless_it_is_set() {
        let guard = Setting::new("replica-wipe-guard", "allow");
        for (settings, left) in [(Vec::new(), 0), (vec![guard], 1)] {
            let changes = Changes { only: Some(Only::Crashes), settings, ..Changes::default() };
            for seed in 0..50 {
                let plan = changes.draw(seed);
                assert!(!plan.faults.is_empty() && plan.orders.is_empty() && plan.controller.is_none());
                assert!(plan.faults.iter().all(|planned| matches!(planned.fault, Fault::Crash { .. })));
                let count = plan.settings.iter().filter(|setting| is_of_guard(&setting.name)).count();
                assert_eq!(count, left, "seed {seed}");
                assert_eq!(plan.check(), Ok(()));
            }
        }
    }
}
