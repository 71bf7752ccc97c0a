//! Ends access to an account: sessions, API tokens, confirmed device logins and linked accounts of providers.
//!
//! Links in emails are bound to a password and an address, so they end with these ([`crate::mail::bound_to_password`]). A
//! waiting device login belongs to no account until it is confirmed.

use time::OffsetDateTime;

use super::error::IdentityError;
use crate::error::StoreError;
use crate::ids::{SessionId, UserId};
use crate::store::UnitOfWork;
use crate::users::Presence;

/// What survives when the access to an account ends. Confirmed device logins never survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeptAccess {
    /// The session that stays open.
    pub(crate) session: Option<SessionId>,
    /// Whether API tokens stay valid.
    pub(crate) api_tokens: bool,
    /// Whether sign-in through linked accounts of providers stays possible.
    pub(crate) linked_accounts: bool,
}

impl KeptAccess {
    /// Only the password opens the account afterwards.
    pub(crate) const NONE: Self = Self { session: None, api_tokens: false, linked_accounts: false };

    /// Ways to sign in survive; everything that is signed in ends.
    pub(crate) const SIGN_IN_METHODS: Self = Self { linked_accounts: true, ..Self::NONE };
}

/// Ends the access to `user`, except for `kept`, and holds the user's row until the end of the transaction. Returns the
/// account's presence, or `None` if the account does not exist.
///
/// Device logins and links are removed before the row is locked (I13): a device poll and a sign-in through a provider lock them
/// in this order too. Sessions and tokens are removed after it: one that is created at the same moment is either found here or
/// refused by [`require_open_session`].
pub(crate) async fn end_access(
    tx: &mut dyn UnitOfWork,
    user: UserId,
    kept: KeptAccess,
) -> Result<Option<Presence>, StoreError> {
    tx.device_logins().delete_approved(user).await?;
    if !kept.linked_accounts {
        tx.external_accounts().delete_all(user).await?;
    }
    let presence = tx.users().hold(user).await?;
    match kept.session {
        Some(session) => tx.sessions().delete_others(user, session).await?,
        None => tx.sessions().delete_all(user).await?,
    }
    if !kept.api_tokens {
        tx.api_tokens().delete_all(user).await?;
    }
    Ok(presence)
}

/// Fails unless `session` of `user` is open at `now`, and holds the user's row until the end of the transaction. A use case that
/// grants further access by a session calls this last, so that a session that [`end_access`] has just ended grants nothing.
pub(super) async fn require_open_session(
    tx: &mut dyn UnitOfWork,
    user: UserId,
    session: SessionId,
    now: OffsetDateTime,
) -> Result<(), IdentityError> {
    tx.users().hold(user).await?;
    if tx.sessions().is_open(user, session, now).await? { Ok(()) } else { Err(IdentityError::NotSignedIn) }
}

#[cfg(test)]
mod tests {
    use mockall::Sequence;
    use pollster::block_on;
    use uuid::Uuid;

    use super::*;
    use crate::testing::TestUnitOfWork;
    use crate::usage::testing::NOW;

    const ADA: UserId = UserId(Uuid::from_u128(1));
    const CURRENT_SESSION: SessionId = SessionId(Uuid::from_u128(5));

    #[test]
    fn end_access_removes_all_but_kept_in_lock_order() {
        let current = KeptAccess { session: Some(CURRENT_SESSION), ..KeptAccess::SIGN_IN_METHODS };
        for (name, kept, links, all, others, tokens) in [
            ("none", KeptAccess::NONE, 1, 1, 0, 1),
            ("ways to sign in", KeptAccess::SIGN_IN_METHODS, 0, 1, 0, 1),
            ("current session", current, 0, 0, 1, 1),
            ("current session and tokens", KeptAccess { api_tokens: true, ..current }, 0, 0, 1, 0),
        ] {
            let (mut tx, mut order) = (TestUnitOfWork::default(), Sequence::new());
            let is_ada = |user: &UserId| *user == ADA;
            let logins = tx.device_logins.expect_delete_approved().withf(is_ada).times(1).in_sequence(&mut order);
            logins.returning(|_| Ok(()));
            if links > 0 {
                let linked = tx.external_accounts.expect_delete_all().withf(is_ada).times(1).in_sequence(&mut order);
                linked.returning(|_| Ok(()));
            }
            let hold = tx.users.expect_hold().withf(is_ada).times(1).in_sequence(&mut order);
            hold.returning(|_| Ok(Some(Presence::Here)));
            tx.sessions.expect_delete_all().withf(is_ada).times(all).returning(|_| Ok(()));
            let others = tx.sessions.expect_delete_others().times(others);
            others.withf(|user, kept| (*user, *kept) == (ADA, CURRENT_SESSION)).returning(|_, _| Ok(()));
            tx.api_tokens.expect_delete_all().withf(is_ada).times(tokens).returning(|_| Ok(()));
            let presence = block_on(end_access(&mut tx, ADA, kept)).expect("access ends");
            assert_eq!(presence, Some(Presence::Here), "{name}");
        }
    }

    #[test]
    fn require_open_session_ended_session_is_refused() {
        for (is_open, code) in [(true, None), (false, Some("NotSignedIn"))] {
            let mut tx = TestUnitOfWork::default();
            tx.users.expect_hold().times(1).returning(|_| Ok(Some(Presence::Here)));
            tx.sessions.expect_is_open().returning(move |user, session, now| {
                assert_eq!((user, session, now), (ADA, CURRENT_SESSION, NOW));
                Ok(is_open)
            });
            let granted = block_on(require_open_session(&mut tx, ADA, CURRENT_SESSION, NOW));
            assert_eq!(granted.err().map(|error| crate::testing::variant(&error)), code);
        }
    }
}
