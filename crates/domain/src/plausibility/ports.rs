//! What plausibility needs from outside.

use async_trait::async_trait;
use time::{Date, OffsetDateTime};

use super::evidence::{Evidence, Finding, Kind, Limits};
use crate::error::StoreError;
use crate::ids::UserId;
use crate::page::{Page, PageRequest};
use crate::users::Username;

/// Why the usage of an account is hard to believe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Which kind of evidence there is.
    pub kind: Kind,
    /// How hard it is to believe, 1 to 100.
    pub score: u8,
    /// What was found.
    pub message: String,
    /// When it was found first, without a gap since.
    pub first_seen: OffsetDateTime,
    /// When it was found last.
    pub last_seen: OffsetDateTime,
}

/// What an administrator decided, as long as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingFlag {
    /// Why.
    pub reason: String,
    /// Since when.
    pub created_at: OffsetDateTime,
    /// Until when; until it is lifted, where there is no end.
    pub expires_at: Option<OffsetDateTime>,
}

/// What an account's owner may know.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flags {
    /// The reasons, the strongest first.
    pub reasons: Vec<Reason>,
    /// What keeps the account off the boards.
    pub standing: Option<StandingFlag>,
}

impl Flags {
    /// That of the strongest reason; 0 without any. Reasons are not added up: several of them often have one cause.
    pub fn score(&self) -> u8 {
        self.reasons.iter().map(|reason| reason.score).max().unwrap_or(0)
    }
}

/// An account with reasons, for administrators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspect {
    /// The account.
    pub user: UserId,
    /// Its name.
    pub username: Username,
    /// The reasons, the strongest first; each with the other account it is about, where there is one and it is still there.
    pub reasons: Vec<(Reason, Option<Username>)>,
    /// Whether an administrator keeps the account off the boards.
    pub is_flagged: bool,
}

impl Suspect {
    /// That of the strongest reason, as in [`Flags::score`].
    pub fn score(&self) -> u8 {
        self.reasons.iter().map(|(reason, _)| reason.score).max().unwrap_or(0)
    }
}

/// Looks for evidence and keeps what was found.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait PlausibilityRepository: Send {
    /// Waits until nobody else looks; holds until the transaction ends.
    async fn lock(&mut self) -> Result<(), StoreError>;

    /// Everything beyond `limits` among accounts that are not deleted, at most one of each kind for each. Days are compared
    /// from `since` on. Expects the lock.
    async fn look(&mut self, limits: &Limits, since: Date) -> Result<Vec<(UserId, Evidence)>, StoreError>;

    /// Puts `findings` in the place of what was found before; what was there already keeps when it was found first. Those of
    /// accounts that are gone are left out. Returns how many accounts have any. Expects the lock.
    async fn replace(&mut self, findings: &[Finding], now: OffsetDateTime) -> Result<u64, StoreError>;
}

/// Reads what was found. Each method is one statement, or two for a page.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait PlausibilityReader: Send + Sync {
    /// What the owner of `user` may know at `now`.
    async fn flags(&self, user: UserId, now: OffsetDateTime) -> Result<Flags, StoreError>;

    /// A page of the accounts whose strongest reason has at least `score`, as of `now`, those with the strongest ones first;
    /// for administrators.
    async fn suspects(&self, score: u8, now: OffsetDateTime, request: PageRequest)
    -> Result<Page<Suspect>, StoreError>;
}
