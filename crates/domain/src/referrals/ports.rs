//! What referrals need from outside.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::click::{ClickLimits, Visitor, VisitorNetwork};
use super::code::ReferralCode;
use super::stats::ReferralStats;
use crate::error::StoreError;
use crate::ids::UserId;

/// Stores codes, clicks, and who came by whom.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait ReferralRepository: Send {
    /// The code of `user`, if they have one by now.
    async fn code(&mut self, user: UserId) -> Result<Option<ReferralCode>, StoreError>;

    /// Gives `user` a code; says no when they have one, or when it is somebody else's.
    async fn give_code(&mut self, user: UserId, code: &ReferralCode, now: OffsetDateTime) -> Result<bool, StoreError>;

    /// Whose code it is; of an account that was deleted, nobody's.
    async fn owner(&mut self, code: &ReferralCode) -> Result<Option<UserId>, StoreError>;

    /// The people above `user`, the nearest first, at most `most`; accounts that were deleted are among them.
    async fn above(&mut self, user: UserId, most: u32) -> Result<Vec<UserId>, StoreError>;

    /// Whether `other` is above `user`, however far; nobody who asks this as well is answered before this transaction
    /// ends. Locks of accounts are taken before.
    async fn is_above(&mut self, other: UserId, user: UserId) -> Result<bool, StoreError>;

    /// Stores that `newcomer` came by `referrer`, not paid yet; says no when they came by somebody before.
    async fn insert(&mut self, newcomer: UserId, referrer: UserId, now: OffsetDateTime) -> Result<bool, StoreError>;

    /// Stores that the referral of `referred` is paid.
    async fn set_paid(&mut self, referred: UserId, now: OffsetDateTime) -> Result<(), StoreError>;

    /// Stores a click on the link of `code`, unless nobody has it, the visitor did so today, or there are as many today as
    /// `limits` say.
    async fn click(
        &mut self,
        code: &ReferralCode,
        visitor: Visitor,
        network: VisitorNetwork,
        now: OffsetDateTime,
        limits: ClickLimits,
    ) -> Result<(), StoreError>;

    /// Stores that somebody signed up for a click on the link of `referrer`: the oldest one of `visitor`, else of anybody,
    /// that nobody signed up for; if there is one.
    async fn convert_click(
        &mut self,
        referrer: UserId,
        visitor: Visitor,
        now: OffsetDateTime,
    ) -> Result<(), StoreError>;
}

/// Reads what is shown to the owner of a code.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait ReferralReader: Send + Sync {
    /// The code of `user`, if they have one by now. One statement.
    async fn code(&self, user: UserId) -> Result<Option<ReferralCode>, StoreError>;

    /// What the referrals of `user` have come to, with the newest `listed` people. Two statements.
    async fn stats(&self, user: UserId, listed: u32) -> Result<ReferralStats, StoreError>;
}
