//! The unsubscribe link of an email: stops emails of its kind without a sign-in.

use super::error::NotificationError;
use super::notification::NotificationKind;
use super::preferences::PreferencesChange;
use crate::deps::Deps;
use crate::ids::UserId;
use crate::signed_token::{Purpose, TokenKey, UnverifiedToken};

/// The use cases of the unsubscribe link.
#[derive(Clone)]
pub struct Unsubscribing {
    deps: Deps,
    tickets: TokenKey,
}

impl Unsubscribing {
    /// Accepts tokens that `tickets` signed.
    pub fn new(deps: Deps, tickets: TokenKey) -> Self {
        Self { deps, tickets }
    }

    /// The kind of emails that `ticket` stops. Nothing is changed.
    pub fn kind(&self, ticket: &str) -> Result<NotificationKind, NotificationError> {
        self.read(ticket).map(|(_, kind)| kind)
    }

    /// Stops the emails that `ticket` names and returns their kind. The link can be used repeatedly. It changes nothing for a
    /// deleted account.
    pub async fn unsubscribe(&self, ticket: &str) -> Result<NotificationKind, NotificationError> {
        self.deps.retried(|| self.unsubscribe_once(ticket)).await
    }

    async fn unsubscribe_once(&self, ticket: &str) -> Result<NotificationKind, NotificationError> {
        let (user, kind) = self.read(ticket)?;
        let mut tx = self.deps.begin().await?;
        if tx.users().find(user).await?.is_some() {
            tx.notifications().change_preferences(user, &PreferencesChange::of([], [(kind, false)])).await?;
            tx.commit().await?;
        }
        Ok(kind)
    }

    fn read(&self, ticket: &str) -> Result<(UserId, NotificationKind), NotificationError> {
        let unverified = UnverifiedToken::parse(ticket).ok_or(NotificationError::BadLink)?;
        match unverified.claims().purpose {
            Purpose::Unsubscribe(kind) if self.tickets.confirms(&unverified, &[], self.deps.now()) => {
                Ok((unverified.claims().user, kind))
            }
            _ => Err(NotificationError::BadLink),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use pollster::block_on;
    use uuid::Uuid;

    use super::super::preferences::Preferences;
    use super::*;
    use crate::error::{DomainError, ErrorKind};
    use crate::signed_token::SignedToken;
    use crate::testing::{TestUnitOfWork, test_user, variant};

    const ADA: UserId = UserId(Uuid::from_u128(1));

    fn key() -> TokenKey {
        TokenKey::of(b"a secret")
    }

    fn ticket(purpose: Purpose) -> String {
        key().seal(&SignedToken { purpose, user: ADA, ends_at: None }, &[])
    }

    fn unsubscribing(is_there: bool) -> (Unsubscribing, Arc<AtomicUsize>) {
        let commits = Arc::new(AtomicUsize::new(0));
        let counter = commits.clone();
        let store = TestUnitOfWork::store(move || {
            let mut tx = TestUnitOfWork { commits: counter.clone(), ..TestUnitOfWork::default() };
            tx.users.expect_find().returning(move |id| Ok(is_there.then(|| test_user(id, "ada"))));
            tx.notifications.expect_change_preferences().returning(|user, change| {
                assert_eq!(
                    (user, change),
                    (ADA, &PreferencesChange::of([], [(NotificationKind::WeeklySummary, false)]))
                );
                Ok(Preferences::default())
            });
            tx
        });
        (Unsubscribing::new(store.deps(), key()), commits)
    }

    #[test]
    fn unsubscribe_link_stops_its_kind_and_can_be_repeated() {
        let kind = NotificationKind::WeeklySummary;
        let link = ticket(Purpose::Unsubscribe(kind));
        for (is_there, committed) in [(true, 2), (false, 0)] {
            let (unsubscribing, commits) = unsubscribing(is_there);
            assert_eq!(unsubscribing.kind(&link).expect("a kind"), kind);
            assert_eq!(commits.load(Ordering::SeqCst), 0, "looking changes nothing");
            for _ in 0..2 {
                assert_eq!(block_on(unsubscribing.unsubscribe(&link)).expect("a kind"), kind);
            }
            assert_eq!(commits.load(Ordering::SeqCst), committed);
        }
    }

    #[test]
    fn unsubscribe_other_link_is_refused() {
        let (unsubscribing, commits) = unsubscribing(true);
        let foreign =
            SignedToken { purpose: Purpose::Unsubscribe(NotificationKind::WeeklySummary), user: ADA, ends_at: None };
        let foreign = TokenKey::of(b"another").seal(&foreign, &[]);
        for bad in ["", "x", &foreign, &ticket(Purpose::VerifyEmail), &ticket(Purpose::ResetPassword)] {
            for error in
                [unsubscribing.kind(bad), block_on(unsubscribing.unsubscribe(bad))].map(|end| end.expect_err(bad))
            {
                assert_eq!(
                    (error.kind(), variant(&error), error.details().subject),
                    (ErrorKind::Invalid, "BadLink", None)
                );
            }
        }
        assert_eq!(commits.load(Ordering::SeqCst), 0);
    }
}
