//! Ports of referrals.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::click::{ClickLimits, Visitor, VisitorNetwork};
use super::code::ReferralCode;
use super::stats::ReferralStats;
use crate::error::StoreError;
use crate::ids::UserId;

/// Stores codes, clicks and referrals.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait ReferralRepository: Send {
    /// The code of `user`, if it has one.
    async fn code(&mut self, user: UserId) -> Result<Option<ReferralCode>, StoreError>;

    /// Gives `user` a code; returns false if the account has one already, or the code is taken.
    async fn give_code(&mut self, user: UserId, code: &ReferralCode, now: OffsetDateTime) -> Result<bool, StoreError>;

    /// The owner of the code; `None` if the account was deleted.
    async fn owner(&mut self, code: &ReferralCode) -> Result<Option<UserId>, StoreError>;

    /// The accounts above `user`, nearest first, at most `most`, including deleted ones.
    async fn above(&mut self, user: UserId, most: u32) -> Result<Vec<UserId>, StoreError>;

    /// Whether `other` is above `user` at any distance. Takes the advisory lock of referrals until the transaction ends, after
    /// the locks of accounts (I13).
    async fn is_above(&mut self, other: UserId, user: UserId) -> Result<bool, StoreError>;

    /// Stores the unpaid referral of `newcomer` by `referrer`; returns false if `newcomer` has a referrer.
    async fn insert(&mut self, newcomer: UserId, referrer: UserId, now: OffsetDateTime) -> Result<bool, StoreError>;

    async fn set_paid(&mut self, referred: UserId, now: OffsetDateTime) -> Result<(), StoreError>;

    /// Stores a click on the link of `code`, unless no account has the code, the visitor clicked today already, or one of
    /// `limits` is reached for today.
    async fn click(
        &mut self,
        code: &ReferralCode,
        visitor: Visitor,
        network: VisitorNetwork,
        now: OffsetDateTime,
        limits: ClickLimits,
    ) -> Result<(), StoreError>;

    /// Marks a click on the link of `referrer` as converted: the oldest unconverted one of `visitor`, otherwise of any visitor.
    /// Does nothing without one.
    async fn convert_click(
        &mut self,
        referrer: UserId,
        visitor: Visitor,
        now: OffsetDateTime,
    ) -> Result<(), StoreError>;
}

/// Reads the figures of a code for its owner.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait ReferralReader: Send + Sync {
    /// The code of `user`, if it has one. One statement.
    async fn code(&self, user: UserId) -> Result<Option<ReferralCode>, StoreError>;

    /// The results of the referrals of `user`, with the newest `listed` accounts. Two statements.
    async fn stats(&self, user: UserId, listed: u32) -> Result<ReferralStats, StoreError>;
}
