//! Ports of plausibility.

use async_trait::async_trait;
use time::{Date, OffsetDateTime};

use super::evidence::{Evidence, EvidenceKind, Finding, Limits};
use crate::error::StoreError;
use crate::ids::UserId;
use crate::page::{Page, PageRequest};
use crate::users::Username;

/// A reason to doubt the usage of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlagReason {
    pub kind: EvidenceKind,
    /// From 1 to 100.
    pub score: u8,
    pub message: String,
    /// The first finding without a gap since.
    pub first_seen: OffsetDateTime,
    /// The last finding.
    pub last_seen: OffsetDateTime,
}

/// A flag in effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingFlag {
    pub reason: String,
    pub created_at: OffsetDateTime,
    /// `None`: until it is lifted.
    pub expires_at: Option<OffsetDateTime>,
}

/// The reasons and the flag, for the account's owner.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flags {
    /// The reasons, the highest score first.
    pub reasons: Vec<FlagReason>,
    /// The flag that hides the account from the boards.
    pub standing: Option<StandingFlag>,
}

impl Flags {
    /// The highest score; 0 without reasons. Scores are not added, since several reasons often have one cause.
    pub fn score(&self) -> u8 {
        self.reasons.iter().map(|reason| reason.score).max().unwrap_or(0)
    }
}

/// An account with reasons, for administrators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspect {
    pub user: UserId,
    pub username: Username,
    /// The reasons, the highest score first, each with the other account concerned, if it still exists.
    pub reasons: Vec<(FlagReason, Option<Username>)>,
    /// Whether a flag hides the account from the boards.
    pub is_flagged: bool,
}

impl Suspect {
    /// The highest score, as in [`Flags::score`].
    pub fn score(&self) -> u8 {
        self.reasons.iter().map(|(reason, _)| reason.score).max().unwrap_or(0)
    }
}

/// Searches for evidence and stores findings.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait PlausibilityRepository: Send {
    /// Takes the lock of the check until the transaction ends.
    async fn lock(&mut self) -> Result<(), StoreError>;

    /// All evidence beyond `limits` about active accounts, at most one of each kind for each account. Days are compared from
    /// `since` on. Expects the lock.
    async fn look(&mut self, limits: &Limits, since: Date) -> Result<Vec<(UserId, Evidence)>, StoreError>;

    /// Replaces the previous findings. Repeated ones keep the time of their first finding; those of deleted accounts are
    /// skipped. Returns the number of accounts with findings. Expects the lock.
    async fn replace(&mut self, findings: &[Finding], now: OffsetDateTime) -> Result<u64, StoreError>;
}

/// Reads findings. Each method is one statement, or two for a page.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait PlausibilityReader: Send + Sync {
    /// The reasons and the flag of `user` at `now`, for the owner.
    async fn flags(&self, user: UserId, now: OffsetDateTime) -> Result<Flags, StoreError>;

    /// A page of the accounts whose highest score is at least `score` at `now`, the highest first; for administrators.
    async fn suspects(&self, score: u8, now: OffsetDateTime, request: PageRequest)
    -> Result<Page<Suspect>, StoreError>;
}
