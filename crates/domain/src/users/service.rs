//! What people do with their profiles.

use time::OffsetDateTime;

use super::error::UserError;
use super::leaving::{GRACE, Purged, gone_by};
use super::profile::{ProfileChange, User};
use crate::batch_outcome::BatchOutcome;
use crate::deps::Deps;
use crate::error::StoreError;
use crate::identity::{KeptAccess, end_access};
use crate::ids::UserId;
use crate::leaderboard::{GATHERED, ask_for_refresh};
use crate::progression::{Change, settle};
use crate::usage;

/// How many rows one transaction of a purge removes: few enough that nobody waits for it.
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

    /// Changes the profile of `user`. A new zone counts the whole history anew before this returns; of a profile that turns
    /// public, whoever asked to follow it does, and boards are refreshed, since those of meanwhile have no place for it. A
    /// profile that is complete may earn something.
    pub async fn change(&self, user: UserId, change: ProfileChange) -> Result<User, UserError> {
        self.deps.retried(|| self.change_once(user, change.clone())).await
    }

    async fn change_once(&self, user: UserId, change: ProfileChange) -> Result<User, UserError> {
        let mut tx = self.deps.begin().await?;
        let locked = tx.accounts().lock(user).await?.ok_or_else(|| unknown(user))?;
        let mut progress = Change::of(locked.clone());
        if let Some(zone) = change.zone.clone() {
            progress.account = usage::move_to(&mut *tx, user, locked, zone).await?;
        }
        let mut account = tx.users().find(user).await?.ok_or_else(|| unknown(user))?;
        let (was_public, now) = (account.is_public, self.deps.now());
        account.apply(change, now);
        let is_shown = account.is_public && !was_public;
        if is_shown {
            tx.follows().accept_all(user, now).await?;
        }
        tx.users().update(&account).await.map_err(|error| match error {
            StoreError::Conflict { constraint } if constraint == "users_username_key" => {
                UserError::UsernameTaken(account.username.to_string())
            }
            other => other.into(),
        })?;
        settle(&mut *tx, &*self.deps.ids, now, user, progress).await?;
        if is_shown {
            ask_for_refresh(&mut *tx, &*self.deps.ids, now + GATHERED, now).await?;
        }
        tx.commit().await?;
        Ok(account)
    }

    /// Deletes the account of `user`: from now on nobody finds it, and whatever it was signed in with has ended. Returns when
    /// it is gone for good; until then, its owner brings it back by signing in.
    pub async fn leave(&self, user: UserId) -> Result<OffsetDateTime, UserError> {
        self.deps.retried(|| self.leave_once(user)).await
    }

    async fn leave_once(&self, user: UserId) -> Result<OffsetDateTime, UserError> {
        let mut tx = self.deps.begin().await?;
        // Whatever changes the account at this moment is done before, or finds nobody.
        tx.accounts().lock(user).await?.ok_or_else(|| unknown(user))?;
        // A sign-in that came first is ended here, and one that comes later brings the account back.
        end_access(&mut *tx, user, KeptAccess::WAYS_TO_SIGN_IN).await?;
        let now = self.deps.now();
        tx.users().set_left(user, Some(now)).await?;
        tx.follows().set_counted(user, false).await?;
        tx.commit().await?;
        Ok(now + GRACE)
    }

    /// Removes the accounts that are gone for good, with everything they owned, batch by batch, each in a transaction of its
    /// own, until none is left or `stop` says so; returns how much that was. One that is stopped or killed is gone on with by
    /// the next. A failure with one account keeps no other from going, and is told at the end.
    pub async fn purge(&self, stop: impl Fn() -> bool) -> Result<Purged, UserError> {
        let (mut purged, mut failed, mut round) = (Purged::default(), Vec::new(), BatchOutcome::default());
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
