//! A definition of an achievement: what it is called, what it takes, and what it pays.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use super::metrics::Metric;
use crate::ids::AchievementId;

/// What goes before the slug when an id is made of it.
const NAMESPACE: &str = "burntop achievement ";

macro_rules! words {
    ($(#[$doc:meta])* $type:ident { $($(#[$of:meta])* $variant:ident $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $type {
            $($(#[$of])* $variant,)*
        }

        impl $type {
            /// All of them, in order.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// The name in the API.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The one with that name; `None` for any other.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|one| one.name() == name)
            }
        }
    };
}

words! {
    /// What an achievement is about.
    Category {
        /// Getting started.
        Onboarding "onboarding",
        /// Volume.
        Usage "usage",
        /// Other people.
        Social "social",
        /// Consistency: streaks, whole weeks, and coming back.
        Streaks "streaks",
        /// Doing more with less.
        Efficiency "efficiency",
        /// Variety.
        Diversity "diversity",
        /// Level, collection, years.
        Milestones "milestones",
        /// Hours, weekends, oddities.
        Special "special",
    }
}

words! {
    /// How hard it is to come by.
    Rarity {
        /// Most people get it.
        Common "common",
        /// Takes some weeks, or some care.
        Uncommon "uncommon",
        /// Takes months.
        Rare "rare",
        /// Few get it.
        Epic "epic",
        /// Somebody, some day.
        Legendary "legendary",
    }
}

words! {
    /// How far along a tiered achievement one is.
    Tier {
        /// The first.
        Bronze "bronze",
        /// The second.
        Silver "silver",
        /// The third.
        Gold "gold",
        /// The fourth.
        Platinum "platinum",
        /// The fifth and last.
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
    /// The tier's number, 1 to 5.
    pub const fn number(self) -> u8 {
        self as u8 + 1
    }

    /// The tier with that number; `None` beyond 1 to 5.
    pub fn of(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| tier.number() == number)
    }

    /// The XP this tier adds; the first adds none, it pays by rarity.
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

/// An achievement that can be unlocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Definition {
    /// Its stable name, of which its id is made.
    pub slug: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// What it takes.
    pub description: &'static str,
    /// What it is about.
    pub category: Category,
    /// How hard it is to come by.
    pub rarity: Rarity,
    /// Whether it is kept secret until unlocked.
    pub hidden: bool,
    /// What it is judged by.
    pub metric: Metric,
    /// What the metric has to reach, the easiest first: one threshold, or two to five that are tiers.
    pub thresholds: &'static [u64],
}

/// What somebody is shown of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Face {
    /// The slug; of a hidden one the id, which says nothing.
    pub slug: Cow<'static, str>,
    /// The name.
    pub name: &'static str,
    /// The description.
    pub description: &'static str,
    /// Whether it is hidden from whom it is shown to.
    pub masked: bool,
}

impl Definition {
    /// The id: a version 8 UUID made of the SHA-256 of the slug, so every instance has the same.
    pub fn id(&self) -> AchievementId {
        let digest = Sha256::digest(format!("{NAMESPACE}{}", self.slug).as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        AchievementId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// Whether what it earns does not depend on the order things arrive in.
    pub const fn monotone(&self) -> bool {
        self.metric.is_monotone()
    }

    /// The value of the metric that unlocks it: the first threshold.
    pub fn target(&self) -> u64 {
        self.thresholds.first().copied().unwrap_or(1)
    }

    /// Whether it has tiers.
    pub const fn is_tiered(&self) -> bool {
        self.thresholds.len() > 1
    }

    /// The tiers with threshold and XP, the first first; empty without tiers.
    pub fn tiers(&self) -> impl Iterator<Item = (Tier, u64, u64)> + '_ {
        let tiers = Tier::ALL.into_iter().zip(self.thresholds).filter(|_| self.is_tiered());
        tiers.map(|(tier, threshold)| (tier, *threshold, self.xp_of(tier)))
    }

    /// How many thresholds `value` of the metric reaches.
    pub(super) fn reached(&self, value: u64) -> usize {
        self.thresholds.iter().take_while(|threshold| self.meets(value, **threshold)).count()
    }

    /// Whether `value` of the metric is as good as `threshold`.
    pub(super) const fn meets(&self, value: u64, threshold: u64) -> bool {
        if self.metric.fewer_is_better() { value != 0 && value <= threshold } else { value >= threshold }
    }

    /// The tier of whoever has reached `thresholds` of them; `None` without tiers, and before the first.
    pub(super) fn tier(&self, thresholds: usize) -> Option<Tier> {
        Tier::ALL.into_iter().take(thresholds).next_back().filter(|_| self.is_tiered())
    }

    /// The XP for going from `before` reached thresholds to `after`.
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

    /// What is shown of it to somebody who looks at achievements of which this one is `unlocked` or not: a hidden one
    /// shows nothing before.
    pub fn face(&self, unlocked: bool) -> Face {
        if self.hidden && !unlocked {
            return Face {
                slug: Cow::Owned(self.id().to_string()),
                name: "Hidden achievement",
                description: "Nobody tells. Keep going and find out.",
                masked: true,
            };
        }
        Face { slug: Cow::Borrowed(self.slug), name: self.name, description: self.description, masked: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIERED: Definition = Definition {
        slug: "tiered",
        name: "Tiered",
        description: "Climb 3 or 9 steps.",
        category: Category::Usage,
        rarity: Rarity::Rare,
        hidden: false,
        metric: Metric::Tokens,
        thresholds: &[3, 9],
    };
    const PLAIN: Definition = Definition { slug: "plain", thresholds: &[3], ..TIERED };
    const RANK: Definition = Definition { metric: Metric::BestRank, thresholds: &[10, 1], ..TIERED };

    #[test]
    fn words_are_read_as_they_are_written() {
        assert!(Category::ALL.into_iter().all(|category| Category::parse(category.name()) == Some(category)));
        assert!(Rarity::ALL.into_iter().all(|rarity| Rarity::parse(rarity.name()) == Some(rarity)));
        assert_eq!((Category::parse("Usage"), Rarity::parse("")), (None, None));
        for (number, tier) in [(0, None), (1, Some("bronze")), (5, Some("diamond")), (6, None)] {
            assert_eq!(Tier::of(number).map(Tier::name), tier);
        }
        assert_eq!(Tier::ALL.map(Tier::number), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn rarity_pays_the_first_threshold_and_tiers_the_rest() {
        assert_eq!(Rarity::ALL.map(Rarity::xp), [50, 100, 250, 500, 1_000]);
        assert_eq!(Tier::ALL.map(Tier::bonus), [0, 100, 200, 500, 1_000]);
        let all = Definition { thresholds: &[1, 2, 3, 4, 5], ..TIERED };
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
    fn a_threshold_is_reached_at_its_value() {
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
    fn a_hidden_one_shows_its_face_when_it_is_unlocked() {
        let hidden = Definition { hidden: true, ..PLAIN };
        let open = Face { slug: "plain".into(), name: "Tiered", description: "Climb 3 or 9 steps.", masked: false };
        assert_eq!([PLAIN.face(false), PLAIN.face(true), hidden.face(true)], [open.clone(), open.clone(), open]);
        let masked = hidden.face(false);
        assert!(masked.masked);
        assert_eq!((masked.name, &*masked.slug), ("Hidden achievement", &*hidden.id().to_string()));
        assert!(!masked.description.contains('3'));
    }

    #[test]
    fn ids_are_made_of_the_slug_alone() {
        assert_eq!(PLAIN.id(), Definition { name: "Renamed", rarity: Rarity::Epic, ..PLAIN }.id());
        assert_ne!(PLAIN.id(), TIERED.id());
        assert_eq!(PLAIN.id().0.get_version_num(), 8);
    }
}
