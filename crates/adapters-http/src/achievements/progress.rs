//! The achievements of a user, and the ones that the user pins.

use actix_web::web::Data;
use domain::achievements::{AchievementState, Achievements, Tier};
use domain::ids::AchievementId;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::{Json, Revalidated};
use crate::caller::Caller;
use crate::error::ApiResult;
use crate::input::PathArgs;
use crate::json::Instant;
use crate::openapi::failures;
use crate::routes::Routes;
use crate::users::{UserPath, Visible};

pub(super) fn routes() -> Routes {
    crate::routes![
        achievements: Optional(Read);
        pin: Session;
        unpin: Session;
    ]
    .under("/users")
}

/// Every achievement, with the user's progress.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserAchievements)]
struct AchievementsBody {
    /// In the order of the catalogue.
    achievements: Vec<StateBody>,
    /// The number of unlocked achievements.
    unlocked: usize,
    /// The number of achievements.
    total: usize,
}

/// One achievement of a user. A hidden one is masked until it is unlocked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserAchievement)]
struct StateBody {
    id: Uuid,
    slug: String,
    name: &'static str,
    description: &'static str,
    category: &'static str,
    rarity: &'static str,
    icon_url: Option<String>,
    /// The base reward.
    xp_reward: u64,
    unlocked: bool,
    unlocked_at: Option<Instant>,
    /// The highest tier reached, from 1; null without tiers or while locked.
    tier: Option<u8>,
    tier_name: Option<&'static str>,
    pinned: bool,
    hidden: bool,
    progress: ProgressBody,
}

/// Progress towards the achievement or its next tier.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AchievementProgress)]
struct ProgressBody {
    current: u64,
    target: u64,
    /// In whole percent, rounded down.
    percentage: u8,
}

impl From<Vec<AchievementState>> for AchievementsBody {
    fn from(states: Vec<AchievementState>) -> Self {
        let achievements: Vec<StateBody> = states.into_iter().map(StateBody::from).collect();
        let unlocked = achievements.iter().filter(|state| state.unlocked).count();
        Self { unlocked, total: achievements.len(), achievements }
    }
}

impl From<AchievementState> for StateBody {
    fn from(state: AchievementState) -> Self {
        let AchievementState { definition, unlocked, progress } = state;
        let face = definition.face(unlocked.is_some());
        let tier = unlocked.and_then(|unlocked| unlocked.tier);
        Self {
            id: definition.id().0,
            slug: face.slug.into_owned(),
            name: face.name,
            description: face.description,
            category: definition.category.name(),
            rarity: definition.rarity.name(),
            icon_url: None,
            xp_reward: definition.rarity.xp(),
            unlocked: unlocked.is_some(),
            unlocked_at: unlocked.map(|unlocked| unlocked.at.into()),
            tier: tier.map(Tier::number),
            tier_name: tier.map(Tier::name),
            pinned: unlocked.is_some_and(|unlocked| unlocked.pinned),
            hidden: definition.hidden,
            progress: if face.masked {
                ProgressBody { current: 0, target: 1, percentage: 0 }
            } else {
                ProgressBody { current: progress.current, target: progress.target, percentage: progress.percentage }
            },
        }
    }
}

/// Whether an achievement is pinned.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Pinned)]
struct PinnedBody {
    pinned: bool,
}

/// List a user's achievements
///
/// Unlocked and locked ones, with progress. Hidden ones are masked until they are unlocked.
#[utoipa::path(
    get, path = "/{username}/achievements", tag = "Achievements",
    params(UserPath),
    responses(
        (status = 200, description = "Every achievement", body = AchievementsBody, example = json!(example())),
        failures::NotModified, failures::Forbidden, failures::NotFound,
    )
)]
async fn achievements(
    Visible(profile): Visible,
    achievements: Data<Achievements>,
) -> ApiResult<Revalidated<AchievementsBody>> {
    Ok(Revalidated(achievements.of(&profile).await?.into()))
}

/// Pin an achievement
///
/// A user can pin six unlocked achievements. Pinning a pinned one changes nothing.
#[utoipa::path(
    put, path = "/me/achievements/{id}/pin", tag = "Achievements",
    params(("id" = Uuid, Path, description = "The id of the achievement")),
    responses(
        (status = 200, description = "The achievement is pinned", body = PinnedBody, example = json!({"pinned": true})),
        failures::NotFound, failures::Conflict,
    )
)]
async fn pin(caller: Caller, path: PathArgs, achievements: Data<Achievements>) -> ApiResult<Json<PinnedBody>> {
    achievements.pin(caller.id, AchievementId(path.uuid("id")?)).await?;
    Ok(Json(PinnedBody { pinned: true }))
}

/// Unpin an achievement
#[utoipa::path(
    delete, path = "/me/achievements/{id}/pin", tag = "Achievements",
    params(("id" = Uuid, Path, description = "The id of the achievement")),
    responses(
        (status = 200, description = "The achievement is not pinned", body = PinnedBody, example = json!({"pinned": false})),
        failures::NotFound,
    )
)]
async fn unpin(caller: Caller, path: PathArgs, achievements: Data<Achievements>) -> ApiResult<Json<PinnedBody>> {
    achievements.unpin(caller.id, AchievementId(path.uuid("id")?)).await?;
    Ok(Json(PinnedBody { pinned: false }))
}

fn example() -> Value {
    json!({
        "achievements": [{
            "id": "3f6d2f6e-0d1b-8c55-9a55-1c2d3e4f5a6b", "slug": "first-sync", "name": "First Light",
            "description": "Sync your first message.", "category": "onboarding", "rarity": "common", "icon_url": null,
            "xp_reward": 50, "unlocked": true, "unlocked_at": "2026-11-22T12:34:56.789Z", "tier": null,
            "tier_name": null, "pinned": true, "hidden": false,
            "progress": {"current": 1, "target": 1, "percentage": 100},
        }],
        "unlocked": 1, "total": 75,
    })
}
