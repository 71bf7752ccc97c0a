//! Authorises sign-ins, and restores deleted accounts.

use time::OffsetDateTime;

use super::credentials::PasswordHash;
use super::error::IdentityError;
use crate::error::StoreError;
use crate::ids::UserId;
use crate::store::UnitOfWork;
use crate::users::Presence;

/// An account whose password was verified. Verification takes a while, in which the password can change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedAccount {
    pub user: UserId,
    /// The hash that was verified.
    pub(super) password: PasswordHash,
}

impl VerifiedAccount {
    /// Calls [`authorize_sign_in`], and returns false if the password has changed meanwhile.
    pub(super) async fn authorize_sign_in(
        &self,
        tx: &mut dyn UnitOfWork,
        now: OffsetDateTime,
    ) -> Result<bool, IdentityError> {
        Ok(authorize_sign_in(tx, self.user, now).await? && self.is_current(tx).await?)
    }

    /// Whether the password is unchanged. With the user's row locked, the answer holds until the end of the transaction.
    pub(super) async fn is_current(&self, tx: &mut dyn UnitOfWork) -> Result<bool, StoreError> {
        let found = tx.users().find_with_password(self.user).await?;
        Ok(found.and_then(|(_, password)| password).is_some_and(|password| password == self.password))
    }
}

/// Returns whether `user` can sign in at `now`, and holds the user's row until the end of the transaction. A deleted account
/// within its grace period is restored; a suspended one is an error.
pub(super) async fn authorize_sign_in(
    tx: &mut dyn UnitOfWork,
    user: UserId,
    now: OffsetDateTime,
) -> Result<bool, IdentityError> {
    let Some(presence) = tx.users().hold(user).await? else { return Ok(false) };
    if presence == Presence::Suspended {
        return Err(IdentityError::AccountDisabled);
    }
    if !presence.can_sign_in(now) {
        return Ok(false);
    }
    if presence != Presence::Here {
        tx.users().set_left(user, None).await?;
        tx.follows().set_counted(user, true).await?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use pollster::block_on;
    use time::Duration;
    use uuid::Uuid;

    use super::*;
    use crate::testing::TestUnitOfWork;
    use crate::usage::testing::NOW;
    use crate::users::GRACE_PERIOD;

    const ADA: UserId = UserId(Uuid::from_u128(1));

    #[test]
    fn sign_in_suspended_account_is_refused() {
        let mut tx = TestUnitOfWork::default();
        tx.users.expect_hold().returning(|_| Ok(Some(Presence::Suspended)));
        assert!(matches!(block_on(authorize_sign_in(&mut tx, ADA, NOW)), Err(IdentityError::AccountDisabled)));
    }

    #[test]
    fn sign_in_deleted_account_returns_within_grace_period() {
        let left = |ago| Some(Presence::Left(NOW - ago));
        for (presence, admitted, comes_back) in [
            (Some(Presence::Here), true, 0),
            (left(Duration::ZERO), true, 1),
            (left(GRACE_PERIOD - Duration::MICROSECOND), true, 1),
            (left(GRACE_PERIOD), false, 0),
            (None, false, 0),
        ] {
            let mut tx = TestUnitOfWork::default();
            tx.users.expect_hold().returning(move |_| Ok(presence));
            tx.users.expect_set_left().times(comes_back).withf(|_, at| at.is_none()).returning(|_, _| Ok(()));
            tx.follows.expect_set_counted().times(comes_back).withf(|_, counted| *counted).returning(|_, _| Ok(()));
            assert_eq!(block_on(authorize_sign_in(&mut tx, ADA, NOW)).expect("an answer"), admitted, "{presence:?}");
        }
    }
}
