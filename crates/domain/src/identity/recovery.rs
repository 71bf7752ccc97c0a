//! Verification of email addresses, and resets of forgotten passwords.

use std::sync::Arc;

use time::OffsetDateTime;

use super::access::{KeptAccess, end_access};
use super::attempts::AttemptKey;
use super::credentials::{Password, PasswordHash, SignInName};
use super::email::Email;
use super::error::IdentityError;
use super::ports::PasswordHasher;
use crate::deps::Deps;
use crate::ids::UserId;
use crate::mail::{EmailJob, RequestedEmail, access_mark, bound_to_access, bound_to_password};
use crate::signed_token::{Purpose, TokenKey, UnverifiedToken};
use crate::store::UnitOfWork;
use crate::users::{Presence, User};

/// The use cases of addresses and forgotten passwords.
#[derive(Clone)]
pub struct Recovery {
    deps: Deps,
    passwords: Arc<dyn PasswordHasher>,
    tickets: TokenKey,
    sends_email: bool,
}

impl Recovery {
    /// Accepts tokens that `tickets` signed. No email is sent.
    pub fn new(deps: Deps, passwords: Arc<dyn PasswordHasher>, tickets: TokenKey) -> Self {
        Self { deps, passwords, tickets, sends_email: false }
    }

    /// The same, with emails if `sends` says so.
    #[must_use]
    pub fn with_email(self, sends: bool) -> Self {
        Self { sends_email: sends, ..self }
    }

    /// Queues an email that asks `user` to verify the address, unless it is verified. At most one is sent in five minutes and a
    /// few a day.
    pub async fn ask_for_verification(&self, user: UserId) -> Result<(), IdentityError> {
        self.deps.retried(|| self.ask_for_verification_once(user)).await
    }

    async fn ask_for_verification_once(&self, user: UserId) -> Result<(), IdentityError> {
        let now = self.deps.now();
        let mut tx = self.deps.begin().await?;
        let account = tx.users().find(user).await?.ok_or(IdentityError::NotSignedIn)?;
        if account.email.is_none() {
            return Err(IdentityError::NoAddress);
        }
        if self.sends_email && !account.email_verified {
            RequestedEmail::verification(&*self.deps.ids, user).enqueue(&mut *tx, now).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Marks the address that `ticket` was sent to as verified. A repetition changes nothing.
    pub async fn verify_email(&self, ticket: &str) -> Result<(), IdentityError> {
        self.deps.retried(|| self.verify_email_once(ticket)).await
    }

    async fn verify_email_once(&self, ticket: &str) -> Result<(), IdentityError> {
        let (unverified, user) = read(ticket, &[Purpose::VerifyEmail])?;
        let now = self.deps.now();
        let mut tx = self.deps.begin().await?;
        let account = tx.users().find(user).await?.ok_or(IdentityError::BadLink)?;
        let email = account.email.ok_or(IdentityError::BadLink)?;
        if !self.tickets.confirms(&unverified, &[email.as_str()], now) {
            return Err(IdentityError::BadLink);
        }
        // The account may have lost the address this moment.
        if !tx.users().verify_email(user, &email, now).await? {
            return Err(IdentityError::BadLink);
        }
        Ok(tx.commit().await?)
    }

    /// Queues a reset email to `email` if it is the verified address of an account. At most one is sent in five minutes and some
    /// a day. An unknown address takes the same steps and the same time.
    pub async fn forgot_password(&self, email: &Email) -> Result<(), IdentityError> {
        self.deps.retried(|| self.forgot_password_once(email)).await
    }

    async fn forgot_password_once(&self, email: &Email) -> Result<(), IdentityError> {
        if !self.sends_email {
            return Ok(());
        }
        let now = self.deps.now();
        let mut tx = self.deps.begin().await?;
        // Only active accounts: a deleted account returns by signing in.
        let found = tx.users().find_for_sign_in(&SignInName::Email(email.clone()), now).await?;
        let user = found.map(|(user, _)| user).filter(|user| user.email_verified).map(|user| user.id);
        RequestedEmail::password_reset(&*self.deps.ids, user, email).enqueue(&mut *tx, now).await?;
        Ok(tx.commit().await?)
    }

    /// Sets the password `new` on the account that `ticket` was made for, and ends all access to it: afterwards this password is
    /// the only way to sign in. Failed attempts are forgotten. A ticket works once, because it is bound to the old password. An
    /// email informs the owner.
    ///
    /// Links to providers end too: an attacker who registered with the victim's address may have linked an account. An external
    /// account with the same verified address is linked again at its next sign-in.
    pub async fn reset_password(&self, ticket: &str, new: Password) -> Result<(), IdentityError> {
        let (unverified, user) = read(ticket, &[Purpose::ResetPassword, Purpose::SetPassword])?;
        let mut tx = self.deps.begin().await?;
        self.require_owner(&mut *tx, user, &unverified, self.deps.now()).await?;
        drop(tx);
        // Hashing is costly: it needs a valid ticket and runs outside the transaction.
        let new = self.passwords.hash(new).await?;
        self.deps.retried(|| self.reset_password_once(user, &unverified, &new)).await
    }

    async fn reset_password_once(
        &self,
        user: UserId,
        unverified: &UnverifiedToken,
        new: &PasswordHash,
    ) -> Result<(), IdentityError> {
        let mut tx = self.deps.begin().await?;
        if end_access(&mut *tx, user, KeptAccess::NONE).await? != Some(Presence::Here) {
            return Err(IdentityError::BadLink);
        }
        self.require_owner(&mut *tx, user, unverified, self.deps.now()).await?;
        tx.users().set_password(user, new.clone()).await?;
        tx.login_attempts().forget(AttemptKey::account(user)).await?;
        if self.sends_email {
            let now = self.deps.now();
            tx.jobs().enqueue(&[EmailJob::password_changed(&*self.deps.ids, user, now)], now).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Fails unless `unverified` was signed for the account `user`, its address and its password.
    async fn require_owner(
        &self,
        tx: &mut dyn UnitOfWork,
        user: UserId,
        unverified: &UnverifiedToken,
        now: OffsetDateTime,
    ) -> Result<(), IdentityError> {
        let found: Option<(User, Option<PasswordHash>)> = tx.users().find_with_password(user).await?;
        let (account, password) = found.ok_or(IdentityError::BadLink)?;
        let is_owner = if unverified.claims().purpose == Purpose::SetPassword {
            let mark = access_mark(tx.users().password_links_ended_at(user).await?);
            self.tickets.confirms(unverified, &bound_to_access(password.as_ref(), &mark), now)
        } else {
            let email = account.email.filter(|_| account.email_verified).ok_or(IdentityError::BadLink)?;
            self.tickets.confirms(unverified, &bound_to_password(&email, password.as_ref()), now)
        };
        if is_owner { Ok(()) } else { Err(IdentityError::BadLink) }
    }
}

/// Reads `ticket`, unverified, if it is for one of `purposes`.
fn read(ticket: &str, purposes: &[Purpose]) -> Result<(UnverifiedToken, UserId), IdentityError> {
    let unverified = UnverifiedToken::parse(ticket).filter(|token| purposes.contains(&token.claims().purpose));
    let unverified = unverified.ok_or(IdentityError::BadLink)?;
    let user = unverified.claims().user;
    Ok((unverified, user))
}
