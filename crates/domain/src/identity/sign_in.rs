//! Who comes in, and who comes back.

use time::OffsetDateTime;

use super::credentials::PasswordHash;
use crate::error::StoreError;
use crate::ids::UserId;
use crate::store::UnitOfWork;
use crate::users::Presence;

/// Who has shown to know a password. To check it takes a while, in which its owner may choose another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recognised {
    /// Whose it is.
    pub user: UserId,
    /// The one that was known.
    pub(super) password: PasswordHash,
}

impl Recognised {
    /// Lets them sign in at `now`, as [`admit`] does, unless the password is another one by now.
    pub(super) async fn authorize_sign_in(
        &self,
        tx: &mut dyn UnitOfWork,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        Ok(authorize_sign_in(tx, self.user, now).await? && self.is_current(tx).await?)
    }

    /// Whether the password is the same still. Asked while the account is held, it stays so until the end of the transaction.
    pub(super) async fn is_current(&self, tx: &mut dyn UnitOfWork) -> Result<bool, StoreError> {
        let found = tx.users().find_with_password(self.user).await?;
        Ok(found.and_then(|(_, password)| password).is_some_and(|password| password == self.password))
    }
}

/// Lets `user` sign in at `now`, and says whether they may: the account stays there until the end of the transaction. One that
/// was deleted, and is not gone for good, comes back as it was.
pub(super) async fn authorize_sign_in(
    tx: &mut dyn UnitOfWork,
    user: UserId,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let Some(presence) = tx.users().hold(user).await? else { return Ok(false) };
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
    use crate::users::GRACE;

    const ADA: UserId = UserId(Uuid::from_u128(1));

    #[test]
    fn who_left_a_while_ago_comes_back_and_nobody_else_does() {
        let left = |ago| Some(Presence::Left(NOW - ago));
        for (presence, admitted, comes_back) in [
            (Some(Presence::Here), true, 0),
            (left(Duration::ZERO), true, 1),
            (left(GRACE - Duration::MICROSECOND), true, 1),
            (left(GRACE), false, 0),
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
