//! The parts of an account's data.

use time::OffsetDateTime;

use crate::achievements::Tier;
use crate::achievements::ports::ProgressEvent;
use crate::identity::{Device, ExternalLink, Scopes};
use crate::ids::AchievementId;
use crate::notifications::{Channels, NotificationKind};
use crate::payload::StoredData;
use crate::projects::ProjectDetails;
use crate::referrals::ReferralCode;
use crate::usage::{Handover, LedgerEntry, MachineId};
use crate::users::{User, Username};

/// Some items of one kind of an account's data.
#[derive(Debug, Clone, PartialEq)]
pub enum ExportPart {
    /// The account with its profile: the first part of an export, once.
    Account(Box<User>),
    /// The linked accounts at providers.
    ExternalAccounts(Vec<ExternalLink>),
    ApiTokens(Vec<PastApiToken>),
    /// Its open sessions.
    Sessions(Vec<PastSession>),
    /// The channels of notifications.
    Preferences(Vec<(NotificationKind, Channels)>),
    Code(OwnReferralCode),
    /// The referral of this account, and the referrals by this account.
    Referrals(Vec<PastReferral>),
    Projects(Vec<PastProject>),
    Machines(Vec<Machine>),
    Handovers(Vec<Handover>),
    Messages(Vec<LedgerEntry>),
    /// Accounts that this one follows or has requested to follow.
    Follows(Vec<PastFollow>),
    /// Accounts that follow this one or have requested to.
    Followers(Vec<PastFollow>),
    /// Events that paid XP or were announced.
    Events(Vec<PastEvent>),
    /// Unlocked achievements.
    Unlocks(Vec<PastUnlock>),
    Activities(Vec<PastActivity>),
    Notifications(Vec<PastNotification>),
}

/// An API token without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastApiToken {
    pub name: String,
    pub scopes: Scopes,
    pub created_at: OffsetDateTime,
    /// `None` if it does not expire.
    pub expires_at: Option<OffsetDateTime>,
    pub last_used_at: Option<OffsetDateTime>,
}

/// A session without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastSession {
    pub created_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
    pub last_used_at: OffsetDateTime,
    /// The device that opened the session.
    pub device: Device,
}

/// The account's referral code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnReferralCode {
    pub code: ReferralCode,
    pub created_at: OffsetDateTime,
    /// The counted clicks on its link.
    pub clicks: u64,
    /// The clicks that led to a registration.
    pub converted: u64,
}

/// The direction of a referral.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferralDirection {
    /// The other account referred this one.
    ByThem,
    /// This account referred the other one.
    ByOwner,
}

/// A referral between this account and another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastReferral {
    pub came: ReferralDirection,
    /// The other account.
    pub username: Username,
    pub created_at: OffsetDateTime,
    /// When it paid XP; `None` before the first sync of the referred account.
    pub paid_at: Option<OffsetDateTime>,
}

/// A project on a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastProject {
    pub details: ProjectDetails,
    pub created_at: OffsetDateTime,
    /// The last change of the details.
    pub updated_at: OffsetDateTime,
}

/// A machine of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    pub id: MachineId,
    pub last_synced_at: OffsetDateTime,
}

/// An account that follows this one or is followed by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastFollow {
    pub username: Username,
    /// The time of the follow or of the request.
    pub since: OffsetDateTime,
    /// Whether it is a follow request that is not accepted yet.
    pub is_requested: bool,
}

/// An event that paid XP or was announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastEvent {
    pub event: ProgressEvent,
    pub at: OffsetDateTime,
}

/// An unlocked achievement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PastUnlock {
    pub id: AchievementId,
    /// The highest tier reached; `None` without tiers.
    pub tier: Option<Tier>,
    pub at: OffsetDateTime,
    /// When it was pinned; `None` if it is not.
    pub pinned_at: Option<OffsetDateTime>,
}

/// An activity of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastActivity {
    /// The name of its kind.
    pub kind: String,
    pub data: StoredData,
    pub at: OffsetDateTime,
}

/// A notification of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastNotification {
    /// The name of its kind.
    pub kind: String,
    pub title: String,
    pub message: String,
    pub data: StoredData,
    /// Names the subject; unique per account, so that nothing is announced twice.
    pub dedup_key: String,
    pub created_at: OffsetDateTime,
    /// When it was marked as read; `None` while unread.
    pub read_at: Option<OffsetDateTime>,
}
