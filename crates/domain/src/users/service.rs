//! What people do with their profiles.

use std::sync::Arc;

use super::error::UserError;
use super::profile::{ProfileChange, User};
use crate::clock::Clock;
use crate::ids::UserId;
use crate::store::{Store, StoreError};
use crate::usage;

/// The use cases of profiles.
#[derive(Clone)]
pub struct Users {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl Users {
    /// Keeps profiles in `store`.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Changes the profile of `user`. A new zone counts the whole history anew before this returns; of a profile that turns
    /// public, whoever asked to follow it does.
    pub async fn change(&self, user: UserId, change: ProfileChange) -> Result<User, UserError> {
        let mut tx = self.store.begin().await?;
        if let Some(zone) = change.zone.clone() {
            let account = tx.ledger().lock(user).await?.ok_or_else(|| unknown(user))?;
            usage::move_to(&mut *tx, user, account, zone).await?;
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
        tx.commit().await?;
        Ok(account)
    }
}

fn unknown(user: UserId) -> UserError {
    UserError::Unknown { field: "id", value: user.to_string() }
}
