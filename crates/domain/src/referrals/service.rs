//! What people do with their codes.

use time::Duration;

use super::click::{CLICK_LIMITS, VisitorSalt};
use super::code::ReferralCode;
use super::error::ReferralError;
use super::referral_chain::{Join, Paid, ReferralChain};
use super::stats::{LISTED, ReferralStats};
use crate::deps::Deps;
use crate::error::StoreError;
use crate::identity::Device;
use crate::ids::UserId;

/// How long after signing up a code may be named.
pub const WINDOW: Duration = Duration::days(1);

/// How many codes are tried for one that is free. Of a billion people one in a thousand needs a second one.
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

    /// The code of `user`, made now if this is the first time it is asked for.
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
            // Made a moment ago by another request; or else the code is somebody's.
            if let Some(code) = tx.referrals().code(user).await? {
                return Ok(code);
            }
        }
        Err(StoreError::Internal(format!("no free code was found for the account {user}")).into())
    }

    /// The code of `person`, if it is they who look.
    pub async fn own_code(
        &self,
        person: UserId,
        viewer: Option<UserId>,
    ) -> Result<Option<ReferralCode>, ReferralError> {
        if viewer == Some(person) { self.code(person).await.map(Some) } else { Ok(None) }
    }

    /// Notes that somebody with `device` followed the link of the code that is spelled `code`. Whether there is such a code
    /// stays untold.
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

    /// Makes whoever has the code that is spelled `code` the referrer of `user`, who signed up within [`WINDOW`] and has
    /// none. If `user` has synced before, it is paid now.
    pub async fn track(&self, user: UserId, code: &str, device: &Device) -> Result<Paid, ReferralError> {
        self.deps.retried(|| self.track_once(user, code, device)).await
    }

    async fn track_once(&self, user: UserId, code: &str, device: &Device) -> Result<Paid, ReferralError> {
        let unknown = || ReferralError::UnknownCode(code.to_owned());
        let parsed = ReferralCode::parse(code).ok_or_else(unknown)?;
        let (mut tx, chain) = ReferralChain::begin_by_code(&*self.deps.store, Some(user), &parsed).await?;
        let chain = chain.ok_or_else(unknown)?;
        let referrer = chain.referrer().ok_or_else(unknown)?;
        let account = chain.newcomer.clone().ok_or(ReferralError::UnknownUser(user))?;
        let person = tx.users().find(user).await?.ok_or(ReferralError::UnknownUser(user))?;
        let now = self.deps.now();
        if referrer == user {
            return Err(ReferralError::Yourself);
        }
        if account.referred_by.is_some() {
            return Err(ReferralError::AlreadyReferred);
        }
        if now - person.created_at >= WINDOW {
            return Err(ReferralError::TooLate);
        }
        // Chains may be longer than what is locked, so this is asked one after another.
        if tx.referrals().is_above(user, referrer).await? {
            return Err(ReferralError::Circle);
        }
        let visitor = self.salt.visitor(&parsed, device);
        let join = Join { referred: user, visitor, now, pays: account.totals.messages > 0 };
        let paid = chain.join(&mut *tx, &*self.deps.ids, join).await?.ok_or(ReferralError::AlreadyReferred)?;
        tx.commit().await?;
        Ok(paid)
    }

    /// What the referrals of `user` have come to.
    pub async fn stats(&self, user: UserId) -> Result<ReferralStats, ReferralError> {
        Ok(self.deps.reads().referrals().stats(user, LISTED).await?)
    }
}
