//! What people do with their profiles.

use std::sync::Arc;

use super::error::UserError;
use super::profile::{ProfileChange, User};
use crate::clock::Clock;
use crate::ids::{Ids, UserId};
use crate::progression::{Change, settle};
use crate::store::{Store, StoreError};
use crate::usage;

/// The use cases of profiles.
#[derive(Clone)]
pub struct Users {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl Users {
    /// Keeps profiles in `store`.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self { store, clock, ids }
    }

    /// Changes the profile of `user`. A new zone counts the whole history anew before this returns; of a profile that turns
    /// public, whoever asked to follow it does. A profile that is complete may earn something.
    pub async fn change(&self, user: UserId, change: ProfileChange) -> Result<User, UserError> {
        let mut tx = self.store.begin().await?;
        let locked = tx.ledger().lock(user).await?.ok_or_else(|| unknown(user))?;
        let mut progress = Change::of(locked.clone());
        if let Some(zone) = change.zone.clone() {
            progress.account = usage::move_to(&mut *tx, user, locked, zone).await?;
        }
        let mut account = tx.users().find(user).await?.ok_or_else(|| unknown(user))?;
        let (was_public, now) = (account.is_public, self.clock.now());
        account.apply(change, now);
        if account.is_public && !was_public {
            tx.follows().accept_all(user, now).await?;
        }
        tx.users().update(&account).await.map_err(|error| match error {
            StoreError::Conflict { constraint } if constraint == "users_username_key" => {
                UserError::UsernameTaken(account.username.to_string())
            }
            other => other.into(),
        })?;
        settle(&mut *tx, &*self.ids, now, user, progress).await?;
        tx.commit().await?;
        Ok(account)
    }
}

fn unknown(user: UserId) -> UserError {
    UserError::Unknown { field: "id", value: user.to_string() }
}
