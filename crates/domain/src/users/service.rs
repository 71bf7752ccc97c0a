//! Changes, deletes and purges accounts.

use time::OffsetDateTime;

use super::error::UserError;
use super::leaving::{GRACE_PERIOD, PurgeReport, gone_by};
use super::profile::{ProfileChange, User};
use crate::batch_outcome::BatchOutcome;
use crate::deps::Deps;
use crate::error::StoreError;
use crate::identity::{KeptAccess, end_access};
use crate::ids::UserId;
use crate::leaderboard::{REFRESH_DELAY, queue_refresh};
use crate::progression::{AccountChange, settle};
use crate::usage;

/// The rows that one transaction of a purge removes: its locks must not delay requests.
const BATCH: u32 = 5_000;

/// The use cases of profiles.
#[derive(Clone)]
pub struct Users {
    deps: Deps,
}

impl Users {
    pub fn new(deps: Deps) -> Self {
        Self { deps }
    }

    /// Changes the profile of `user`. A new zone recounts the whole history first. A profile that turns public accepts its
    /// waiting requests and queues a refresh, because boards computed meanwhile have no rank for it. Settles the account.
    pub async fn change(&self, user: UserId, change: ProfileChange) -> Result<User, UserError> {
        self.deps.retried(|| self.change_once(user, change.clone())).await
    }

    async fn change_once(&self, user: UserId, change: ProfileChange) -> Result<User, UserError> {
        let mut tx = self.deps.begin().await?;
        let locked = tx.accounts().lock(user).await?.ok_or_else(|| unknown(user))?;
        let mut progress = AccountChange::of(locked.clone());
        if let Some(zone) = change.zone.clone() {
            progress.account = usage::move_to(&mut *tx, user, locked, zone).await?;
        }
        let mut account = tx.users().find(user).await?.ok_or_else(|| unknown(user))?;
        let (was_public, now) = (account.is_public, self.deps.now());
        account.apply(change, now);
        let is_shown = account.is_public && !was_public;
        tx.users().update(&account).await.map_err(|error| match error {
            StoreError::Conflict { constraint } if constraint == "users_username_key" => {
                UserError::UsernameTaken(account.username.to_string())
            }
            other => other.into(),
        })?;
        if is_shown {
            tx.follows().accept_all(user, now).await?;
        }
        settle(&mut *tx, &*self.deps.ids, now, user, progress).await?;
        if is_shown {
            queue_refresh(&mut *tx, &*self.deps.ids, now + REFRESH_DELAY, now).await?;
        }
        tx.commit().await?;
        Ok(account)
    }

    /// Deletes the account of `user`: it is invisible at once, and all its access ends. Returns when it will be purged; until
    /// then a sign-in restores it.
    pub async fn leave(&self, user: UserId) -> Result<OffsetDateTime, UserError> {
        self.deps.retried(|| self.leave_once(user)).await
    }

    async fn leave_once(&self, user: UserId) -> Result<OffsetDateTime, UserError> {
        let mut tx = self.deps.begin().await?;
        // A concurrent change of the account is finished, or will not find it.
        tx.accounts().lock(user).await?.ok_or_else(|| unknown(user))?;
        // An earlier sign-in is ended here, and a later one restores the account.
        end_access(&mut *tx, user, KeptAccess::SIGN_IN_METHODS).await?;
        let now = self.deps.now();
        tx.users().set_left(user, Some(now)).await?;
        tx.follows().set_counted(user, false).await?;
        tx.commit().await?;
        Ok(now + GRACE_PERIOD)
    }

    /// Purges deleted accounts after the grace period, in batches, each in a transaction of its own, until none is left or
    /// `stop` returns true. Returns what was removed. A later run continues where a stopped one ended. An account that fails
    /// does not affect others (I11); its error is returned at the end.
    pub async fn purge(&self, stop: impl Fn() -> bool) -> Result<PurgeReport, UserError> {
        let (mut purged, mut failed, mut round) = (PurgeReport::default(), Vec::new(), BatchOutcome::default());
        while !stop() {
            let mut tx = self.deps.begin().await?;
            let Some(user) = tx.purge().take(gone_by(self.deps.now()), &failed).await? else { break };
            match tx.purge().erase(user, BATCH).await {
                Ok(batch) => {
                    tx.commit().await?;
                    purged += batch;
                }
                Err(error) => {
                    round.record(Err(error))?;
                    failed.push(user);
                }
            }
        }
        round.end()?;
        Ok(purged)
    }
}

fn unknown(user: UserId) -> UserError {
    UserError::Unknown { field: "id", value: user.to_string() }
}

#[cfg(test)]
#[path = "service_tests.rs"]
mod tests;
