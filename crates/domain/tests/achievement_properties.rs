//! Achievements and XP do not depend on how often and in which steps an account is judged.

use domain::achievements::{
    AchievementDefinition, Metric, Metrics, UnlockedTiers, catalogue, find, judge, progress, standing,
};
use proptest::prelude::*;

/// An account's metrics at some time, and its XP in hundredths without rewards.
type Snapshot = (Metrics, i64);

/// An account that is judged from time to time.
#[derive(Debug, Clone, PartialEq, Default)]
struct Person {
    held: UnlockedTiers,
    awarded: u64,
}

impl Person {
    /// Judges the account and returns the paid XP.
    fn judge(&mut self, (metrics, base): &Snapshot) -> u64 {
        let unlocks = judge(metrics, self.hundredths(*base), &self.held);
        let paid = unlocks.iter().map(|unlock| unlock.xp).sum();
        self.held.take(&unlocks);
        self.awarded += paid;
        paid
    }

    fn judged(snapshots: &[Snapshot]) -> Self {
        let mut user = Self::default();
        for snapshot in snapshots {
            user.judge(snapshot);
        }
        user
    }

    fn hundredths(&self, base: i64) -> i64 {
        base + 100 * i64::try_from(self.awarded).expect("few XP")
    }

    /// The held monotone achievements, as slugs and tiers.
    fn monotone(&self) -> Vec<(&'static str, u8)> {
        let held = |definition: &&AchievementDefinition| definition.monotone() && self.held.contains(definition.id());
        let tier = |definition: &AchievementDefinition| {
            self.held.tier(definition.id()).map_or(0, domain::achievements::Tier::number)
        };
        catalogue().iter().filter(held).map(|definition| (definition.slug, tier(definition))).collect()
    }
}

/// The values of `metric` at which something changes, and their neighbours.
fn telling(metric: Metric) -> Vec<u64> {
    let of_metric = catalogue().iter().filter(|definition| definition.metric == metric);
    let near = of_metric.flat_map(|definition| definition.thresholds).flat_map(|value| [value - 1, *value, value + 1]);
    let mut values: Vec<u64> = near.chain([0, 0]).collect();
    values.sort_unstable();
    values
}

fn snapshot() -> impl Strategy<Value = Snapshot> {
    let picks = prop::collection::vec(any::<prop::sample::Index>(), Metric::ALL.len());
    // Up to level 110; most accounts are at the beginning.
    let base = prop_oneof![0..1_000_000_i64, 0..121_000_000_i64];
    (picks, base).prop_map(|(picks, base)| {
        let metrics = Metric::ALL
            .into_iter()
            .zip(picks)
            .fold(Metrics::default(), |metrics, (metric, pick)| metrics.with(metric, *pick.get(&telling(metric))));
        (metrics, base)
    })
}

fn snapshots() -> impl Strategy<Value = Vec<Snapshot>> {
    prop::collection::vec(snapshot(), 1..6)
}

/// The better of two values of `metric`.
fn better(metric: Metric, one: u64, other: u64) -> u64 {
    match (one, other) {
        (0, value) | (value, 0) => value,
        (one, other) if metric.fewer_is_better() => one.min(other),
        (one, other) => one.max(other),
    }
}

/// The snapshots, with XP and the metrics of `growing` never getting worse.
fn growing(mut snapshots: Vec<Snapshot>, growing: impl Fn(Metric) -> bool) -> Vec<Snapshot> {
    for next in 1..snapshots.len() {
        let (before, base) = snapshots[next - 1].clone();
        let (metrics, next_base) = &mut snapshots[next];
        for metric in Metric::ALL.into_iter().filter(|metric| growing(*metric)) {
            metrics.set(metric, better(metric, before.get(metric), metrics.get(metric)));
        }
        *next_base = base.max(*next_base);
    }
    snapshots
}

proptest! {
    #[test]
    fn judge_growing_metrics_in_steps_equals_judging_last(snapshots in snapshots()) {
        let snapshots = growing(snapshots, |_| true);
        let last = &snapshots[snapshots.len() - 1..];
        prop_assert_eq!(Person::judged(&snapshots), Person::judged(last));
    }

    #[test]
    fn judge_monotone_achievements_ignore_other_metrics(snapshots in snapshots()) {
        let snapshots = growing(snapshots, Metric::is_monotone);
        let last = &snapshots[snapshots.len() - 1..];
        prop_assert_eq!(Person::judged(&snapshots).monotone(), Person::judged(last).monotone());
    }

    #[test]
    fn judge_twice_awards_nothing_more(snapshots in snapshots()) {
        let mut user = Person::judged(&snapshots);
        let judged = user.clone();
        prop_assert_eq!(user.judge(&snapshots[snapshots.len() - 1]), 0);
        prop_assert_eq!(user, judged);
    }

    #[test]
    fn judge_withdraws_nothing_and_pays_once(snapshots in snapshots()) {
        let mut user = Person::default();
        for snapshot in &snapshots {
            let before = user.clone();
            user.judge(snapshot);
            for definition in catalogue() {
                let id = definition.id();
                prop_assert!(user.held.contains(id) || !before.held.contains(id), "{}", definition.slug);
                prop_assert!(user.held.tier(id) >= before.held.tier(id), "{}", definition.slug);
            }
        }
        let worth = |definition: &AchievementDefinition| {
            let tiers = definition.tiers().filter(|(tier, ..)| user.held.tier(definition.id()) >= Some(*tier));
            if definition.is_tiered() { tiers.map(|(_, _, xp)| xp).sum() } else { definition.rarity.xp() }
        };
        let held = catalogue().iter().filter(|definition| user.held.contains(definition.id()));
        prop_assert_eq!(user.awarded, held.map(worth).sum::<u64>());
    }

    #[test]
    fn progress_is_complete_only_for_held_achievements(snapshots in snapshots()) {
        let snapshot = snapshots.last().expect("at least one");
        let user = Person::judged(&snapshots);
        let metrics = standing(&snapshot.0, user.hundredths(snapshot.1), &user.held);
        for definition in catalogue() {
            let id = definition.id();
            let tiers = definition.tiers().last().map(|(tier, ..)| tier);
            let done = user.held.contains(id) && user.held.tier(id) == tiers;
            let progress = progress(definition, &metrics, &user.held);
            prop_assert_eq!(progress.percentage == 100, done, "{} {:?}", definition.slug, progress);
            prop_assert_eq!(progress.current == progress.target, done, "{} {:?}", definition.slug, progress);
            prop_assert!(find(id) == Some(definition) && progress.current <= progress.target);
        }
    }
}
