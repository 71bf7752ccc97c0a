//! The use cases of referral codes.

use time::Duration;

use super::click::{CLICK_LIMITS, VisitorSalt};
use super::code::ReferralCode;
use super::error::ReferralError;
use super::referral_chain::{NewReferral, PaidXp, ReferralChain};
use super::stats::{MAX_LISTED_USERS, ReferralStats};
use crate::deps::Deps;
use crate::error::StoreError;
use crate::identity::Device;
use crate::ids::UserId;

/// How long after registration a code can be entered.
pub const WINDOW: Duration = Duration::days(1);

/// How many codes are tried until one is free. With a billion accounts, one in a thousand needs a second try.
const TRIES: usize = 8;

/// The use cases of referrals.
#[derive(Clone)]
pub struct Referrals {
    deps: Deps,
    salt: VisitorSalt,
}

impl Referrals {
    /// Hashes visitors with `salt`.
    pub fn new(deps: Deps, salt: VisitorSalt) -> Self {
        Self { deps, salt }
    }

    /// The code of `user`, created at the first call.
    pub async fn code(&self, user: UserId) -> Result<ReferralCode, ReferralError> {
        if let Some(code) = self.deps.reads().referrals().code(user).await? {
            return Ok(code);
        }
        self.deps.retried(|| self.give_code_once(user)).await
    }

    async fn give_code_once(&self, user: UserId) -> Result<ReferralCode, ReferralError> {
        let mut tx = self.deps.begin().await?;
        for _ in 0..TRIES {
            let code = ReferralCode::of(self.deps.ids.secret());
            if tx.referrals().give_code(user, &code, self.deps.now()).await? {
                tx.commit().await?;
                return Ok(code);
            }
            // Another request gave the account a code a moment ago; otherwise the code is taken.
            if let Some(code) = tx.referrals().code(user).await? {
                return Ok(code);
            }
        }
        Err(StoreError::Internal(format!("no free code was found for the account {user}")).into())
    }

    /// The code of `user`, if `viewer` is the same account.
    pub async fn own_code(&self, user: UserId, viewer: Option<UserId>) -> Result<Option<ReferralCode>, ReferralError> {
        if viewer == Some(user) { self.code(user).await.map(Some) } else { Ok(None) }
    }

    /// Stores a click on the link of `code` from `device`. The result does not reveal whether the code exists.
    pub async fn click(&self, code: &str, device: &Device) -> Result<(), ReferralError> {
        self.deps.retried(|| self.click_once(code, device)).await
    }

    async fn click_once(&self, code: &str, device: &Device) -> Result<(), ReferralError> {
        let Some(code) = ReferralCode::parse(code) else { return Ok(()) };
        let (visitor, network) = (self.salt.visitor(&code, device), self.salt.network(&code, device));
        let mut tx = self.deps.begin().await?;
        tx.referrals().click(&code, visitor, network, self.deps.now(), CLICK_LIMITS).await?;
        Ok(tx.commit().await?)
    }

    /// Makes the owner of `code` the referrer of `user`, which registered within [`WINDOW`] and has none. If `user` has synced
    /// before, the referral is paid now.
    pub async fn track(&self, user: UserId, code: &str, device: &Device) -> Result<PaidXp, ReferralError> {
        self.deps.retried(|| self.track_once(user, code, device)).await
    }

    async fn track_once(&self, user: UserId, code: &str, device: &Device) -> Result<PaidXp, ReferralError> {
        let unknown = || ReferralError::UnknownCode(code.to_owned());
        let parsed = ReferralCode::parse(code).ok_or_else(unknown)?;
        let (mut tx, chain) = ReferralChain::begin_by_code(&*self.deps.store, Some(user), &parsed).await?;
        let chain = chain.ok_or_else(unknown)?;
        let referrer = chain.referrer().ok_or_else(unknown)?;
        let account = chain.newcomer.clone().ok_or(ReferralError::UnknownUser(user))?;
        let referred_user = tx.users().find(user).await?.ok_or(ReferralError::UnknownUser(user))?;
        let now = self.deps.now();
        if referrer == user {
            return Err(ReferralError::Yourself);
        }
        if account.referred_by.is_some() {
            return Err(ReferralError::AlreadyReferred);
        }
        if now - referred_user.created_at >= WINDOW {
            return Err(ReferralError::TooLate);
        }
        // A chain can be longer than its locked part, so these checks are serialised.
        if tx.referrals().is_above(user, referrer).await? {
            return Err(ReferralError::Circle);
        }
        let visitor = self.salt.visitor(&parsed, device);
        let join = NewReferral { referred: user, visitor, now, pays: account.totals.messages > 0 };
        let paid = chain.join(&mut *tx, &*self.deps.ids, join).await?.ok_or(ReferralError::AlreadyReferred)?;
        tx.commit().await?;
        Ok(paid)
    }

    /// The results of the referrals of `user`.
    pub async fn stats(&self, user: UserId) -> Result<ReferralStats, ReferralError> {
        Ok(self.deps.reads().referrals().stats(user, MAX_LISTED_USERS).await?)
    }
}
