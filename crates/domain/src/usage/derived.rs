//! Data derived from the ledger: roll-ups, days, hours, projects and totals. It always equals a fold over the ledger, and follows it by
//! adding and removing single messages (I4).

use std::collections::HashMap;
use std::hash::Hash;
use std::ops::{AddAssign, SubAssign};

use time::Date;

use super::message::{LedgerEntry, Model};
use super::names::{MachineId, ProjectName, Source};
use super::sums::Sums;
use crate::days::Zone;
use crate::money::Usd;

/// The key of a roll-up row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RollupKey {
    /// The local date.
    pub day: Date,
    pub source: Source,
    pub model: Model,
    pub machine: MachineId,
}

/// A local hour of a local date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HourKey {
    /// The local date.
    pub day: Date,
    /// The local hour, 0 to 23.
    pub hour: u8,
}

/// The sums of an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HourSums {
    pub messages: i64,
    pub tokens: i64,
}

impl SubAssign for HourSums {
    fn sub_assign(&mut self, other: Self) {
        self.messages -= other.messages;
        self.tokens -= other.tokens;
    }
}

/// A project on a local date.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProjectKey {
    /// The local date.
    pub day: Date,
    pub project: ProjectName,
}

/// The sums of a project on a day. A message without a price costs nothing here, as in [`Sums::cost`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProjectSums {
    pub messages: i64,
    pub tokens: i64,
    pub cost: Usd,
}

impl AddAssign for ProjectSums {
    fn add_assign(&mut self, other: Self) {
        self.messages += other.messages;
        self.tokens += other.tokens;
        self.cost = self.cost + other.cost;
    }
}

impl SubAssign for ProjectSums {
    fn sub_assign(&mut self, other: Self) {
        self.messages -= other.messages;
        self.tokens -= other.tokens;
        self.cost = self.cost - other.cost;
    }
}

/// The derived data of some messages, or a delta of such data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Derived {
    /// By day, tool, model and machine.
    pub rollups: HashMap<RollupKey, Sums>,
    pub days: HashMap<Date, Sums>,
    /// By day and hour.
    pub hours: HashMap<HourKey, HourSums>,
    /// By day and project, of messages with a project.
    pub projects: HashMap<ProjectKey, ProjectSums>,
    pub totals: Sums,
}

impl Derived {
    /// Adds `entry`, whose owner lives in `zone`.
    pub fn add(&mut self, entry: &LedgerEntry, zone: &Zone) {
        self.count(entry, zone, Sums::of(entry));
    }

    /// Subtracts `entry`.
    pub fn remove(&mut self, entry: &LedgerEntry, zone: &Zone) {
        let mut taken = Sums::default();
        taken -= Sums::of(entry);
        self.count(entry, zone, taken);
    }

    fn count(&mut self, entry: &LedgerEntry, zone: &Zone, sums: Sums) {
        let message = &entry.message;
        // A message without tokens is not usage of a tool, a model or a day.
        if message.tokens.is_empty() {
            return;
        }
        let local = zone.local(message.at);
        let day = local.date;
        let key = RollupKey {
            day,
            source: message.source.clone(),
            model: message.model.clone(),
            machine: message.machine.clone(),
        };
        *self.rollups.entry(key).or_default() += sums;
        *self.days.entry(day).or_default() += sums;
        let hour = self.hours.entry(HourKey { day, hour: local.hour }).or_default();
        hour.messages += sums.messages;
        hour.tokens += sums.tokens;
        if let Some(project) = &message.project {
            let Sums { messages, tokens, cost, .. } = sums;
            let key = ProjectKey { day, project: project.clone() };
            *self.projects.entry(key).or_default() += ProjectSums { messages, tokens, cost };
        }
        self.totals += sums;
    }

    /// The delta from `stored` to `self`, with zero rows where they agree.
    #[must_use]
    pub fn since(mut self, stored: &Self) -> Self {
        subtract(&mut self.rollups, &stored.rollups);
        subtract(&mut self.days, &stored.days);
        subtract(&mut self.hours, &stored.hours);
        subtract(&mut self.projects, &stored.projects);
        self.totals -= stored.totals;
        self
    }

    /// Drops the rows whose sums are zero.
    #[must_use]
    pub fn without_zeros(mut self) -> Self {
        self.rollups.retain(|_, sums| !sums.is_zero());
        self.days.retain(|_, sums| !sums.is_zero());
        self.hours.retain(|_, sums| *sums != HourSums::default());
        self.projects.retain(|_, sums| *sums != ProjectSums::default());
        self
    }

    pub fn is_empty(&self) -> bool {
        self.rollups.is_empty()
            && self.days.is_empty()
            && self.hours.is_empty()
            && self.projects.is_empty()
            && self.totals.is_zero()
    }
}

fn subtract<K: Clone + Eq + Hash, S: Copy + Default + SubAssign>(from: &mut HashMap<K, S>, other: &HashMap<K, S>) {
    for (key, sums) in other {
        *from.entry(key.clone()).or_default() -= *sums;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pricing::Cost;
    use crate::usage::UsageMessage;
    use crate::usage::testing::message;
    use time::macros::{date, datetime};

    #[test]
    fn derived_counts_on_local_day_and_hour() {
        let mut message = message("m", 10);
        message.at = datetime!(2026-11-22 23:30 UTC);
        let entry = LedgerEntry { message, cost: Cost::Unpriced };
        let mut derived = Derived::default();
        derived.add(&entry, &Zone::parse("Europe/Berlin").expect("a zone"));
        assert_eq!(derived.days.keys().copied().collect::<Vec<_>>(), [date!(2026 - 11 - 23)]);
        assert_eq!(derived.hours[&HourKey { day: date!(2026 - 11 - 23), hour: 0 }].messages, 1);
    }

    #[test]
    fn derived_project_that_changes_moves_its_sums_alone() {
        let zone = Zone::utc();
        let entry = |project: Option<&str>| LedgerEntry {
            message: UsageMessage { project: project.map(ProjectName::trusted), ..message("m", 10) },
            cost: Cost::Priced(Usd::from_atto(7)),
        };
        let key = |project| ProjectKey { day: date!(2026 - 11 - 22), project: ProjectName::trusted(project) };
        let sums = ProjectSums { messages: 1, tokens: 20, cost: Usd::from_atto(7) };
        for (name, old, new, expected) in [
            ("named", None, Some("shop"), vec![(key("shop"), sums)]),
            ("renamed", Some("shop"), Some("blog"), vec![(key("blog"), sums)]),
            ("unnamed", Some("shop"), None, vec![]),
        ] {
            let mut before = Derived::default();
            before.add(&entry(old), &zone);
            let mut after = before.clone();
            after.remove(&entry(old), &zone);
            after.add(&entry(new), &zone);
            let after = after.without_zeros();
            assert_eq!(after.projects, expected.into_iter().collect(), "{name}");
            let delta = after.since(&before).without_zeros();
            assert!(!delta.is_empty(), "{name}");
            assert_eq!(Derived { projects: HashMap::new(), ..delta }, Derived::default(), "{name}");
        }
    }

    #[test]
    fn derived_message_without_tokens_counts_nothing() {
        let informational = crate::usage::TokenCounts { reasoning_in_output: true, ..Default::default() };
        for tokens in [crate::usage::TokenCounts::default(), informational] {
            let entry = LedgerEntry { message: UsageMessage { tokens, ..message("m", 0) }, cost: Cost::Unpriced };
            let mut derived = Derived::default();
            derived.add(&entry, &Zone::utc());
            assert_eq!(derived, Derived::default());
            derived.remove(&entry, &Zone::utc());
            assert_eq!(derived, Derived::default());
        }
    }

    #[test]
    fn derived_removal_and_delta_leave_nothing() {
        let zone = Zone::utc();
        let entry = |id: &str| LedgerEntry { message: message(id, 10), cost: Cost::Unpriced };
        let mut derived = Derived::default();
        derived.add(&entry("a"), &zone);
        let one = derived.clone();
        derived.add(&entry("b"), &zone);
        assert_eq!(derived.clone().since(&derived).without_zeros(), Derived::default());
        assert_eq!(derived.clone().since(&one).without_zeros().totals.messages, 1);
        derived.remove(&entry("b"), &zone);
        assert_eq!(derived, one);
        derived.remove(&entry("a"), &zone);
        assert!(derived.without_zeros().is_empty());
    }
}
