//! The catalogue as JSON.

use std::borrow::Cow;
use std::collections::BTreeMap;

use domain::achievements::{AchievementDefinition, Category, Rarity, Tier, of_kind};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

/// The catalogue of achievements.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AchievementCatalogue)]
pub(super) struct CatalogueBody {
    achievements: Vec<DefinitionBody>,
    /// The number of listed achievements.
    total: usize,
    /// The number of listed achievements by category.
    by_category: BTreeMap<&'static str, usize>,
    /// The number of listed achievements by rarity.
    by_rarity: BTreeMap<&'static str, usize>,
}

/// One achievement that can be earned.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AchievementDefinition)]
struct DefinitionBody {
    id: Uuid,
    /// The stable name; the id of a hidden achievement.
    #[schema(value_type = String)]
    slug: Cow<'static, str>,
    name: &'static str,
    description: &'static str,
    #[schema(pattern = "^(onboarding|usage|social|streaks|efficiency|diversity|milestones|special)$")]
    category: &'static str,
    #[schema(pattern = "^(common|uncommon|rare|epic|legendary)$")]
    rarity: &'static str,
    icon_url: Option<String>,
    /// The XP for unlocking it, which is its first tier where it has tiers.
    xp_reward: u64,
    /// Whether it is kept secret until unlocked.
    hidden: bool,
    /// The tiers from the first to the last; empty without tiers.
    tiers: Vec<TierBody>,
    /// The threshold that unlocks it: a number of tokens, days or users, or a rank; efficiency in hundredths of a percent. Null for a
    /// hidden achievement.
    target: Option<u64>,
}

/// A tier of an achievement.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AchievementTier)]
struct TierBody {
    /// 1 to 5.
    tier: u8,
    #[schema(pattern = "^(bronze|silver|gold|platinum|diamond)$")]
    name: &'static str,
    /// The threshold that reaches it.
    threshold: u64,
    /// The XP it pays.
    xp: u64,
}

impl CatalogueBody {
    /// The part of the catalogue that is of `category` and `rarity`.
    pub(super) fn of(category: Option<Category>, rarity: Option<Rarity>) -> Self {
        let mut by_category: BTreeMap<_, _> = Category::ALL.map(|category| (category.name(), 0)).into();
        let mut by_rarity: BTreeMap<_, _> = Rarity::ALL.map(|rarity| (rarity.name(), 0)).into();
        for definition in of_kind(category, rarity) {
            *by_category.entry(definition.category.name()).or_default() += 1;
            *by_rarity.entry(definition.rarity.name()).or_default() += 1;
        }
        let achievements: Vec<_> = of_kind(category, rarity).map(DefinitionBody::from).collect();
        Self { total: achievements.len(), achievements, by_category, by_rarity }
    }
}

impl From<&AchievementDefinition> for DefinitionBody {
    fn from(definition: &AchievementDefinition) -> Self {
        let face = definition.face(false);
        Self {
            id: definition.id().0,
            slug: face.slug,
            name: face.name,
            description: face.description,
            category: definition.category.name(),
            rarity: definition.rarity.name(),
            icon_url: None,
            xp_reward: definition.rarity.xp(),
            hidden: definition.hidden,
            tiers: if face.masked { Vec::new() } else { definition.tiers().map(TierBody::from).collect() },
            target: (!face.masked).then(|| definition.target()),
        }
    }
}

impl From<(Tier, u64, u64)> for TierBody {
    fn from((tier, threshold, xp): (Tier, u64, u64)) -> Self {
        Self { tier: tier.number(), name: tier.name(), threshold, xp }
    }
}

/// What the document shows of it.
pub(super) fn example() -> Value {
    json!({
        "achievements": [{
            "id": "518a5f8f-075e-8bac-b1a4-c9dafb5c2481", "slug": "token-ocean", "name": "Token Ocean",
            "description": "Use 1 billion, 10 billion or 100 billion tokens. Mind the water level.",
            "category": "usage", "rarity": "epic", "icon_url": null, "xp_reward": 500, "hidden": false,
            "tiers": [
                {"tier": 1, "name": "bronze", "threshold": 1_000_000_000, "xp": 500},
                {"tier": 2, "name": "silver", "threshold": 10_000_000_000_i64, "xp": 100},
                {"tier": 3, "name": "gold", "threshold": 100_000_000_000_i64, "xp": 200},
            ],
            "target": 1_000_000_000,
        }],
        "total": 1,
        "by_category": {"diversity": 0, "efficiency": 0, "milestones": 0, "onboarding": 0, "social": 0, "special": 0,
                        "streaks": 0, "usage": 1},
        "by_rarity": {"common": 0, "epic": 1, "legendary": 0, "rare": 0, "uncommon": 0},
    })
}
