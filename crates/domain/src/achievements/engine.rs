//! The engine: derives new unlocks and progress from an account's metrics and unlocked achievements.

use std::collections::BTreeMap;

use super::catalogue;
use super::definition::{AchievementDefinition, Tier};
use super::metrics::{Metric, Metrics};
use crate::ids::AchievementId;
use crate::progression::{Level, whole_xp};

/// The unlocked achievements of an account with their tiers; `None` for those without tiers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UnlockedTiers(BTreeMap<AchievementId, Option<Tier>>);

impl UnlockedTiers {
    /// Adds `id` with its tier, if it has tiers. A held tier is never lowered.
    pub fn insert(&mut self, id: AchievementId, tier: Option<Tier>) {
        let held = self.0.entry(id).or_default();
        *held = (*held).max(tier);
    }

    /// Adds what was unlocked.
    pub fn take(&mut self, unlocks: &[Unlock]) {
        for unlock in unlocks {
            self.insert(unlock.definition.id(), unlock.tier);
        }
    }

    pub fn contains(&self, id: AchievementId) -> bool {
        self.0.contains_key(&id)
    }

    /// The held tier of `id`; `None` if it has no tiers or is not held.
    pub fn tier(&self, id: AchievementId) -> Option<Tier> {
        self.0.get(&id).copied().flatten()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The thresholds of `id` that are held. An achievement that was unlocked before it had tiers has the first.
    fn reached(&self, id: AchievementId) -> usize {
        self.0.get(&id).map_or(0, |tier| tier.map_or(1, |tier| usize::from(tier.number())))
    }
}

impl FromIterator<(AchievementId, Option<Tier>)> for UnlockedTiers {
    fn from_iter<I: IntoIterator<Item = (AchievementId, Option<Tier>)>>(all: I) -> Self {
        let mut held = Self::default();
        all.into_iter().for_each(|(id, tier)| held.insert(id, tier));
        held
    }
}

/// A newly unlocked achievement, or a newly reached tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unlock {
    pub definition: &'static AchievementDefinition,
    /// The tier held before; `None` if it was not held or has no tiers.
    pub before: Option<Tier>,
    /// Whether it was not held at all.
    pub is_new: bool,
    /// The highest tier reached now; `None` without tiers.
    pub tier: Option<Tier>,
    /// The XP for all newly reached thresholds.
    pub xp: u64,
}

/// The new unlocks of `metrics` beyond `held`, in the order of the catalogue: each achievement once, with the highest tier.
/// Nothing is withdrawn.
///
/// `hundredths` are the account's XP in hundredths before the rewards ([`crate::progression::xp_in_hundredths`]). Rewards raise
/// the level and the number of unlocks, which can unlock more, so the rule is repeated until nothing changes. The values of
/// these two in `metrics` are ignored.
pub fn judge(metrics: &Metrics, hundredths: i64, held: &UnlockedTiers) -> Vec<Unlock> {
    let mut unlocks = Vec::new();
    loop {
        let metrics = lifted(metrics, hundredths, held, &unlocks);
        let more = reached(&metrics, held);
        // Each round reaches all of the previous one, so an equal list means that nothing was added.
        if more == unlocks {
            return unlocks;
        }
        unlocks = more;
    }
}

/// `metrics` with the level of `hundredths` of XP and the number of achievements in `held`.
pub fn standing(metrics: &Metrics, hundredths: i64, held: &UnlockedTiers) -> Metrics {
    lifted(metrics, hundredths, held, &[])
}

fn lifted(metrics: &Metrics, hundredths: i64, held: &UnlockedTiers, unlocks: &[Unlock]) -> Metrics {
    let awarded: u64 = unlocks.iter().map(|unlock| unlock.xp).sum();
    let unlocked = held.len() + unlocks.iter().filter(|unlock| unlock.is_new).count();
    let level = Level::of(whole_xp(hundredths).saturating_add(awarded)).level;
    metrics.clone().with(Metric::Level, level).with(Metric::Unlocked, unlocked as u64)
}

/// What `metrics` reach beyond `held`, without the effect of rewards.
fn reached(metrics: &Metrics, held: &UnlockedTiers) -> Vec<Unlock> {
    let unlock = |(id, definition): &(AchievementId, &'static AchievementDefinition)| {
        let before = held.reached(*id);
        let after = definition.reached(metrics.get(definition.metric));
        (after > before).then(|| Unlock {
            definition,
            before: held.tier(*id),
            is_new: before == 0,
            tier: definition.tier(after),
            xp: definition.xp_between(before, after),
        })
    };
    catalogue::by_id().iter().filter_map(unlock).collect()
}

/// The progress towards an achievement or its next tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AchievementProgress {
    /// The metric, at most `target`. Where fewer is better, 1 if reached, else 0.
    pub current: u64,
    /// The next threshold, or the last if all are reached. Where fewer is better, 1.
    pub target: u64,
    /// `current` in whole percent of `target`, rounded down.
    pub percentage: u8,
}

/// The progress of `metrics` towards the next threshold of `definition` beyond `held`. Level and number of unlocks are taken
/// from `metrics`: see [`standing`].
pub fn progress(definition: &AchievementDefinition, metrics: &Metrics, held: &UnlockedTiers) -> AchievementProgress {
    let next = definition.thresholds.get(held.reached(definition.id()));
    let value = metrics.get(definition.metric);
    let (current, target) = match next {
        Some(next) if definition.metric.fewer_is_better() => (u64::from(definition.meets(value, *next)), 1),
        Some(next) => (value.min(*next), *next),
        None if definition.metric.fewer_is_better() => (1, 1),
        None => definition.thresholds.last().map_or((1, 1), |last| (*last, *last)),
    };
    let percentage = u128::from(current) * 100 / u128::from(target.max(1));
    AchievementProgress { current, target, percentage: u8::try_from(percentage).unwrap_or(100) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(slug: &str) -> &'static AchievementDefinition {
        catalogue::find_by_slug(slug).expect("a definition")
    }

    fn held(slugs: &[(&str, u8)]) -> UnlockedTiers {
        slugs.iter().map(|(slug, tier)| (definition(slug).id(), Tier::of(*tier))).collect()
    }

    /// Slug, tier and XP of the unlocks.
    fn unlocks(metrics: &Metrics, hundredths: i64, held: &UnlockedTiers) -> Vec<(&'static str, u8, u64)> {
        let content = |unlock: Unlock| (unlock.definition.slug, unlock.tier.map_or(0, Tier::number), unlock.xp);
        judge(metrics, hundredths, held).into_iter().map(content).collect()
    }

    fn metrics(values: &[(Metric, u64)]) -> Metrics {
        values.iter().fold(Metrics::default(), |metrics, (metric, value)| metrics.with(*metric, *value))
    }

    #[test]
    fn judge_zero_metrics_unlock_nothing() {
        assert_eq!(unlocks(&Metrics::default(), 0, &UnlockedTiers::default()), []);
    }

    #[test]
    fn judge_threshold_unlocks_once() {
        let one = metrics(&[(Metric::Messages, 1)]);
        assert_eq!(unlocks(&one, 0, &UnlockedTiers::default()), [("first-sync", 0, 50)]);
        assert_eq!(unlocks(&one, 0, &held(&[("first-sync", 0)])), []);
    }

    #[test]
    fn judge_jump_over_tiers_pays_all_in_one_unlock() {
        for (tokens, before, expected) in [
            (9_999, 0, None),
            (10_000, 0, Some((1, 50))),
            (1_000_000, 0, Some((3, 50 + 100 + 200))),
            (1_000_000, 1, Some((3, 100 + 200))),
            (1_000_000, 3, None),
            (5, 3, None),
            (100_000_000, 3, Some((5, 500 + 1_000))),
        ] {
            let before = if before == 0 { UnlockedTiers::default() } else { held(&[("token-stream", before)]) };
            let found = unlocks(&metrics(&[(Metric::Tokens, tokens)]), 0, &before);
            let stream = found.into_iter().find(|(slug, ..)| *slug == "token-stream");
            assert_eq!(stream.map(|(_, tier, xp)| (tier, xp)), expected, "{tokens}");
        }
    }

    #[test]
    fn judge_unlock_states_tier_before() {
        let metrics = metrics(&[(Metric::Tokens, 1_000_000)]);
        let stream = |held: &UnlockedTiers| {
            let found = judge(&metrics, 0, held).into_iter().find(|unlock| unlock.definition.slug == "token-stream");
            found.map(|unlock| (unlock.before, unlock.is_new))
        };
        assert_eq!(stream(&UnlockedTiers::default()), Some((None, true)));
        assert_eq!(stream(&held(&[("token-stream", 2)])), Some((Some(Tier::Silver), false)));
        assert_eq!(stream(&held(&[("token-stream", 0)])), Some((None, false)), "unlocked before it had tiers");
    }

    #[test]
    fn judge_better_rank_is_smaller() {
        for (rank, expected) in [
            (0, &[][..]),
            (101, &[]),
            (100, &["top-100"]),
            (10, &["top-100", "top-50", "top-10"]),
            (1, &["top-100", "top-50", "top-10", "top-3", "number-one"]),
        ] {
            let found = judge(&metrics(&[(Metric::BestRank, rank)]), 0, &held(&[("collector", 5), ("climber", 5)]));
            let slugs: Vec<_> = found.iter().map(|unlock| unlock.definition.slug).collect();
            assert_eq!(slugs, expected, "{rank}");
        }
    }

    #[test]
    fn judge_rewards_raise_level_and_unlock_more() {
        // 50 XP short of level 5: the first sync pays them, and that unlocks the level's achievement.
        let almost = 245_000;
        assert_eq!(unlocks(&Metrics::default(), almost - 1, &UnlockedTiers::default()), []);
        let one = metrics(&[(Metric::Messages, 1)]);
        assert_eq!(unlocks(&one, almost - 1, &UnlockedTiers::default()), [("first-sync", 0, 50)]);
        assert_eq!(unlocks(&one, almost, &UnlockedTiers::default()), [("first-sync", 0, 50), ("climber", 1, 100)]);
    }

    #[test]
    fn judge_unlocks_raise_collection_and_unlock_more() {
        let four = [("top-100", 0), ("top-50", 0), ("top-10", 0), ("top-3", 0)];
        let one = metrics(&[(Metric::Messages, 1)]);
        assert_eq!(unlocks(&one, 0, &held(&four[..3])), [("first-sync", 0, 50)]);
        assert_eq!(unlocks(&one, 0, &held(&four)), [("first-sync", 0, 50), ("collector", 1, 50)]);
        assert_eq!(unlocks(&Metrics::default(), 0, &held(&four)), []);
    }

    #[test]
    fn judge_ignores_given_level_and_collection() {
        assert_eq!(
            unlocks(&metrics(&[(Metric::Level, 500), (Metric::Unlocked, 60)]), 0, &UnlockedTiers::default()),
            []
        );
        let standing = standing(&Metrics::default(), 250_099, &held(&[("top-100", 0)]));
        assert_eq!((standing.get(Metric::Level), standing.get(Metric::Unlocked)), (5, 1));
    }

    #[test]
    fn judge_held_stays_when_metric_falls() {
        let mut held = held(&[("token-stream", 3)]);
        held.insert(definition("token-stream").id(), Some(Tier::Bronze));
        assert_eq!(held.tier(definition("token-stream").id()), Some(Tier::Gold));
        held.take(&judge(&Metrics::default(), 0, &held));
        assert_eq!((held.len(), held.contains(definition("token-stream").id())), (1, true));
        assert!(!held.is_empty() && UnlockedTiers::default().is_empty());
    }

    #[test]
    fn progress_leads_to_next_threshold() {
        for (slug, tier, metric, value, expected) in [
            ("streak-7", None, Metric::LongestStreak, 0, (0, 7, 0)),
            ("streak-7", None, Metric::LongestStreak, 3, (3, 7, 42)),
            ("streak-7", None, Metric::LongestStreak, 9, (7, 7, 100)),
            ("streak-7", Some(0), Metric::LongestStreak, 2, (7, 7, 100)),
            ("token-stream", None, Metric::Tokens, 9_999, (9_999, 10_000, 99)),
            ("token-stream", Some(1), Metric::Tokens, 50_000, (50_000, 100_000, 50)),
            ("token-stream", Some(1), Metric::Tokens, 500, (500, 100_000, 0)),
            ("token-stream", Some(5), Metric::Tokens, 500, (100_000_000, 100_000_000, 100)),
            ("token-ocean", None, Metric::Tokens, u64::MAX, (1_000_000_000, 1_000_000_000, 100)),
            ("top-10", None, Metric::BestRank, 0, (0, 1, 0)),
            ("top-10", None, Metric::BestRank, 11, (0, 1, 0)),
            ("top-10", None, Metric::BestRank, 10, (1, 1, 100)),
            ("top-10", Some(0), Metric::BestRank, 0, (1, 1, 100)),
        ] {
            let held = tier.map_or(UnlockedTiers::default(), |tier| held(&[(slug, tier)]));
            let progress = progress(definition(slug), &metrics(&[(metric, value)]), &held);
            assert_eq!((progress.current, progress.target, progress.percentage), expected, "{slug} {value}");
        }
    }
}
