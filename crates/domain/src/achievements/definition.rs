//! The definition of an achievement: its name, its condition and its reward.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use super::metrics::Metric;
use crate::ids::AchievementId;

/// The prefix of the slug when the id is derived from it.
const NAMESPACE: &str = "burntop achievement ";

macro_rules! words {
    ($(#[$doc:meta])* $type:ident { $($(#[$of:meta])* $variant:ident $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $type {
            $($(#[$of])* $variant,)*
        }

        impl $type {
            /// In order.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// The name in the API.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The value with that name.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|one| one.name() == name)
            }
        }
    };
}

words! {
    /// The subject of an achievement.
    Category {
        Onboarding "onboarding",
        Usage "usage",
        /// Followers, referrals and ranks.
        Social "social",
        /// Consistency: streaks, whole weeks, and comebacks.
        Streaks "streaks",
        /// Cache efficiency.
        Efficiency "efficiency",
        /// Variety of models and tools.
        Diversity "diversity",
        /// Level, collection, age of the account.
        Milestones "milestones",
        /// Hours, weekends, oddities.
        Special "special",
    }
}

words! {
    /// How hard an achievement is to unlock.
    Rarity {
        /// Most accounts get it.
        Common "common",
        /// Takes some weeks, or some care.
        Uncommon "uncommon",
        /// Takes months.
        Rare "rare",
        /// Few accounts get it.
        Epic "epic",
        /// Hardly any account gets it.
        Legendary "legendary",
    }
}

words! {
    /// The level of a tiered achievement.
    Tier {
        Bronze "bronze",
        Silver "silver",
        Gold "gold",
        Platinum "platinum",
        Diamond "diamond",
    }
}

impl Rarity {
    /// The XP for unlocking an achievement of this rarity.
    pub const fn xp(self) -> u64 {
        match self {
            Self::Common => 50,
            Self::Uncommon => 100,
            Self::Rare => 250,
            Self::Epic => 500,
            Self::Legendary => 1_000,
        }
    }
}

impl Tier {
    /// From 1 to 5.
    pub const fn number(self) -> u8 {
        self as u8 + 1
    }

    /// The tier with that number, 1 to 5.
    pub fn of(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| tier.number() == number)
    }

    /// The XP that this tier adds. The first adds none: it pays by rarity.
    pub const fn bonus(self) -> u64 {
        match self {
            Self::Bronze => 0,
            Self::Silver => 100,
            Self::Gold => 200,
            Self::Platinum => 500,
            Self::Diamond => 1_000,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AchievementDefinition {
    /// The stable name that the id is derived from.
    pub slug: &'static str,
    pub name: &'static str,
    /// The condition, as a sentence.
    pub description: &'static str,
    pub category: Category,
    pub rarity: Rarity,
    /// Whether it is masked until unlocked.
    pub hidden: bool,
    pub metric: Metric,
    /// The values that the metric has to reach, the easiest first: one, or two to five for tiers.
    pub thresholds: &'static [u64],
}

/// The visible parts of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefinitionView {
    /// The slug; the id while masked, which reveals nothing.
    pub slug: Cow<'static, str>,
    pub name: &'static str,
    pub description: &'static str,
    /// Whether it is masked for the viewer.
    pub masked: bool,
}

impl AchievementDefinition {
    /// A version 8 UUID from the SHA-256 of the slug, the same on every instance.
    pub fn id(&self) -> AchievementId {
        let digest = Sha256::digest(format!("{NAMESPACE}{}", self.slug).as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        AchievementId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// Whether the rewards do not depend on the order in which data arrives.
    pub const fn monotone(&self) -> bool {
        self.metric.is_monotone()
    }

    /// The first threshold.
    pub fn target(&self) -> u64 {
        self.thresholds.first().copied().unwrap_or(1)
    }

    pub const fn is_tiered(&self) -> bool {
        self.thresholds.len() > 1
    }

    /// The tiers with threshold and XP, ascending; empty without tiers.
    pub fn tiers(&self) -> impl Iterator<Item = (Tier, u64, u64)> + '_ {
        let tiers = Tier::ALL.into_iter().zip(self.thresholds).filter(|_| self.is_tiered());
        tiers.map(|(tier, threshold)| (tier, *threshold, self.xp_of(tier)))
    }

    /// The number of thresholds that `value` reaches.
    pub(super) fn reached(&self, value: u64) -> usize {
        self.thresholds.iter().take_while(|threshold| self.meets(value, **threshold)).count()
    }

    /// Whether `value` reaches `threshold`.
    pub(super) const fn meets(&self, value: u64, threshold: u64) -> bool {
        if self.metric.fewer_is_better() { value != 0 && value <= threshold } else { value >= threshold }
    }

    /// The tier after `thresholds` reached thresholds; `None` without tiers, and before the first.
    pub(super) fn tier(&self, thresholds: usize) -> Option<Tier> {
        Tier::ALL.into_iter().take(thresholds).next_back().filter(|_| self.is_tiered())
    }

    /// The XP for the thresholds after `before` up to `after`.
    pub(crate) fn xp_between(&self, before: usize, after: usize) -> u64 {
        Tier::ALL.into_iter().take(after).skip(before).map(|tier| self.xp_of(tier)).sum()
    }

    /// The XP of one threshold: the rarity's for the first, its tier's for any other.
    const fn xp_of(&self, tier: Tier) -> u64 {
        match tier {
            Tier::Bronze => self.rarity.xp(),
            tier => tier.bonus(),
        }
    }

    /// The visible parts, for an achievement that is `unlocked` or not. A hidden one is masked until it is unlocked.
    pub fn face(&self, unlocked: bool) -> DefinitionView {
        if self.hidden && !unlocked {
            return DefinitionView {
                slug: Cow::Owned(self.id().to_string()),
                name: "Hidden achievement",
                description: "Keep going to find out.",
                masked: true,
            };
        }
        DefinitionView { slug: Cow::Borrowed(self.slug), name: self.name, description: self.description, masked: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIERED: AchievementDefinition = AchievementDefinition {
        slug: "tiered",
        name: "Tiered",
        description: "Climb 3 or 9 steps.",
        category: Category::Usage,
        rarity: Rarity::Rare,
        hidden: false,
        metric: Metric::Tokens,
        thresholds: &[3, 9],
    };
    const PLAIN: AchievementDefinition = AchievementDefinition { slug: "plain", thresholds: &[3], ..TIERED };
    const RANK: AchievementDefinition =
        AchievementDefinition { metric: Metric::BestRank, thresholds: &[10, 1], ..TIERED };

    #[test]
    fn category_rarity_and_tier_round_trip_by_name() {
        assert!(Category::ALL.into_iter().all(|category| Category::parse(category.name()) == Some(category)));
        assert!(Rarity::ALL.into_iter().all(|rarity| Rarity::parse(rarity.name()) == Some(rarity)));
        assert_eq!((Category::parse("Usage"), Rarity::parse("")), (None, None));
        for (number, tier) in [(0, None), (1, Some("bronze")), (5, Some("diamond")), (6, None)] {
            assert_eq!(Tier::of(number).map(Tier::name), tier);
        }
        assert_eq!(Tier::ALL.map(Tier::number), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn xp_first_threshold_by_rarity_and_others_by_tier() {
        assert_eq!(Rarity::ALL.map(Rarity::xp), [50, 100, 250, 500, 1_000]);
        assert_eq!(Tier::ALL.map(Tier::bonus), [0, 100, 200, 500, 1_000]);
        let all = AchievementDefinition { thresholds: &[1, 2, 3, 4, 5], ..TIERED };
        for (before, after, xp) in
            [(0, 0, 0), (0, 1, 250), (0, 5, 2_050), (1, 2, 100), (1, 3, 300), (4, 5, 1_000), (5, 5, 0), (3, 1, 0)]
        {
            assert_eq!(all.xp_between(before, after), xp, "{before} to {after}");
        }
        assert_eq!(TIERED.tiers().collect::<Vec<_>>(), [(Tier::Bronze, 3, 250), (Tier::Silver, 9, 100)]);
        assert_eq!(PLAIN.tiers().count(), 0);
        assert_eq!([PLAIN, TIERED, RANK].map(|definition| definition.target()), [3, 3, 10]);
    }

    #[test]
    fn threshold_is_reached_at_its_value() {
        for (definition, value, reached) in [
            (TIERED, 0, 0),
            (TIERED, 2, 0),
            (TIERED, 3, 1),
            (TIERED, 8, 1),
            (TIERED, 9, 2),
            (TIERED, u64::MAX, 2),
            (PLAIN, 2, 0),
            (PLAIN, 3, 1),
            (RANK, 0, 0),
            (RANK, 11, 0),
            (RANK, 10, 1),
            (RANK, 2, 1),
            (RANK, 1, 2),
        ] {
            assert_eq!(definition.reached(value), reached, "{} {value}", definition.metric.name());
        }
        assert_eq!([0, 1, 2].map(|reached| TIERED.tier(reached)), [None, Some(Tier::Bronze), Some(Tier::Silver)]);
        assert_eq!([0, 1].map(|reached| PLAIN.tier(reached)), [None, None]);
    }

    #[test]
    fn face_hidden_is_masked_until_unlocked() {
        let hidden = AchievementDefinition { hidden: true, ..PLAIN };
        let open =
            DefinitionView { slug: "plain".into(), name: "Tiered", description: "Climb 3 or 9 steps.", masked: false };
        assert_eq!([PLAIN.face(false), PLAIN.face(true), hidden.face(true)], [open.clone(), open.clone(), open]);
        let masked = hidden.face(false);
        assert!(masked.masked);
        assert_eq!((masked.name, &*masked.slug), ("Hidden achievement", &*hidden.id().to_string()));
        assert!(!masked.description.contains('3'));
    }

    #[test]
    fn achievement_id_is_derived_from_slug() {
        assert_eq!(PLAIN.id(), AchievementDefinition { name: "Renamed", rarity: Rarity::Epic, ..PLAIN }.id());
        assert_ne!(PLAIN.id(), TIERED.id());
        assert_eq!(PLAIN.id().0.get_version_num(), 8);
    }
}
