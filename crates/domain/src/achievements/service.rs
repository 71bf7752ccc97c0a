//! Lists achievements and pins them.

use std::collections::HashMap;

use super::error::AchievementError;
use super::ports::UnlockedAchievement;
use super::{AchievementDefinition, AchievementProgress, catalogue, progress, standing};
use crate::days::Window;
use crate::days::Zone;
use crate::deps::Deps;
use crate::ids::{AchievementId, UserId};
use crate::progression::xp_in_hundredths;
use crate::store::UnitOfWork;
use crate::users::ViewedProfile;

pub const MOST_PINNED: usize = 6;

/// The use cases of achievements.
#[derive(Clone)]
pub struct Achievements {
    deps: Deps,
}

/// A definition and an account's progress towards it.
#[derive(Debug, Clone, PartialEq)]
pub struct AchievementState {
    pub definition: &'static AchievementDefinition,
    /// `None` while it is locked.
    pub unlocked: Option<UnlockedAchievement>,
    /// The progress towards the next tier.
    pub progress: AchievementProgress,
}

impl Achievements {
    pub fn new(deps: Deps) -> Self {
        Self { deps }
    }

    /// All achievements in the order of the catalogue, with the progress of the viewed profile.
    pub async fn of(&self, look: &ViewedProfile) -> Result<Vec<AchievementState>, AchievementError> {
        let now = self.deps.now();
        let today = look.user.zone.clone().unwrap_or_else(Zone::utc).date(now);
        let shown =
            self.deps.reads().achievements().achievements(Window::month(look.user.id, today), look.viewer).await?;
        let shown = shown.ok_or(AchievementError::Private)?;
        let facts = &shown.facts;
        let active_days = u32::try_from(facts.active_days.len()).unwrap_or(u32::MAX);
        let hundredths = xp_in_hundredths(shown.totals.tokens, active_days, shown.event_xp);
        let metrics = standing(&facts.metrics(&shown.totals, now), hundredths, &facts.held);
        let unlocked: HashMap<AchievementId, UnlockedAchievement> =
            shown.unlocked.iter().map(|unlocked| (unlocked.id, *unlocked)).collect();
        let state = |definition: &'static AchievementDefinition| AchievementState {
            definition,
            unlocked: unlocked.get(&definition.id()).copied(),
            progress: progress(definition, &metrics, &facts.held),
        };
        Ok(catalogue().iter().map(state).collect())
    }

    /// Pins an achievement of `user`. Pinning twice changes nothing.
    pub async fn pin(&self, user: UserId, achievement: AchievementId) -> Result<(), AchievementError> {
        self.deps.retried(|| self.pin_once(user, achievement)).await
    }

    async fn pin_once(&self, user: UserId, achievement: AchievementId) -> Result<(), AchievementError> {
        let mut tx = self.deps.begin().await?;
        let unlocked = lock(&mut *tx, user, achievement).await?;
        let pinned = unlocked.iter().filter(|one| one.pinned && one.id != achievement).count();
        if pinned >= MOST_PINNED {
            return Err(AchievementError::TooManyPinned(MOST_PINNED));
        }
        tx.progress().set_pinned(user, achievement, Some(self.deps.now())).await?;
        Ok(tx.commit().await?)
    }

    /// Unpins an achievement of `user`. Unpinning twice changes nothing.
    pub async fn unpin(&self, user: UserId, achievement: AchievementId) -> Result<(), AchievementError> {
        self.deps.retried(|| self.unpin_once(user, achievement)).await
    }

    async fn unpin_once(&self, user: UserId, achievement: AchievementId) -> Result<(), AchievementError> {
        let mut tx = self.deps.begin().await?;
        lock(&mut *tx, user, achievement).await?;
        tx.progress().set_pinned(user, achievement, None).await?;
        Ok(tx.commit().await?)
    }
}

/// The unlocked achievements of `user`, which must include `achievement`. The account lock prevents that two requests both take
/// the last place.
async fn lock(
    tx: &mut dyn UnitOfWork,
    user: UserId,
    achievement: AchievementId,
) -> Result<Vec<UnlockedAchievement>, AchievementError> {
    let locked = AchievementError::Locked(achievement);
    if tx.accounts().lock(user).await?.is_none() {
        return Err(locked);
    }
    let unlocked = tx.progress().unlocked(user).await?;
    if unlocked.iter().any(|one| one.id == achievement) { Ok(unlocked) } else { Err(locked) }
}
