//! What an account owns.

use time::OffsetDateTime;

use crate::achievements::Tier;
use crate::achievements::ports::ProgressEvent;
use crate::identity::{Device, ExternalLink, Scopes};
use crate::ids::AchievementId;
use crate::notifications::{Channels, NotificationKind};
use crate::payload::StoredData;
use crate::projects::ProjectDetails;
use crate::referrals::ReferralCode;
use crate::usage::{LedgerEntry, MachineId};
use crate::users::{User, Username};

/// A piece of what an account owns: some things of one kind.
#[derive(Debug, Clone, PartialEq)]
pub enum ExportPart {
    /// The account with its profile. The first part of an export, and only the first.
    Account(Box<User>),
    /// What its owner signs in with elsewhere.
    ExternalAccounts(Vec<ExternalLink>),
    /// Its API tokens.
    ApiTokens(Vec<IssuedBefore>),
    /// Its open sessions.
    Sessions(Vec<SignedIn>),
    /// What its owner said of the news they want.
    Preferences(Vec<(NotificationKind, Channels)>),
    /// Its referral code.
    Code(OwnCode),
    /// By whom its owner came, and who came by them.
    Referrals(Vec<Referred>),
    /// The projects on its profile.
    Projects(Vec<PastProject>),
    /// Its machines.
    Machines(Vec<Machine>),
    /// Its messages.
    Messages(Vec<LedgerEntry>),
    /// Whom its owner follows or asks to.
    Follows(Vec<PastFollow>),
    /// Who follows its owner or asks to.
    Followers(Vec<PastFollow>),
    /// What paid XP or was announced.
    Events(Vec<PastEvent>),
    /// What is unlocked.
    Unlocks(Vec<PastUnlock>),
    /// What happened to its owner.
    Activities(Vec<PastActivity>),
    /// What its owner was told.
    Notifications(Vec<PastNotification>),
}

/// An API token without what it opens anything with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedBefore {
    /// What its owner calls it.
    pub name: String,
    /// What it may be used for.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it ends by itself.
    pub expires_at: Option<OffsetDateTime>,
    /// When it was last used.
    pub last_used_at: Option<OffsetDateTime>,
}

/// A session without what opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// When it was opened.
    pub created_at: OffsetDateTime,
    /// When it ends by itself.
    pub expires_at: OffsetDateTime,
    /// When it was last used.
    pub last_used_at: OffsetDateTime,
    /// Where it was opened from.
    pub device: Device,
}

/// The code that somebody gives to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnCode {
    /// The code.
    pub code: ReferralCode,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// How often its link was followed.
    pub clicks: u64,
    /// After how many of these somebody signed up.
    pub converted: u64,
}

/// Which way a referral went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferralDirection {
    /// The account's owner came by the other person.
    ByThem,
    /// The other person came by the account's owner.
    ByOwner,
}

/// A referral between the account's owner and another person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referred {
    /// Which way.
    pub came: ReferralDirection,
    /// The other person.
    pub username: Username,
    /// When it was.
    pub created_at: OffsetDateTime,
    /// When it was paid.
    pub paid_at: Option<OffsetDateTime>,
}

/// A project on a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastProject {
    /// What its owner says about it.
    pub details: ProjectDetails,
    /// When it was added.
    pub created_at: OffsetDateTime,
    /// When its details last changed.
    pub updated_at: OffsetDateTime,
}

/// One of a person's machines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Its name.
    pub id: MachineId,
    /// When it last synced.
    pub last_synced_at: OffsetDateTime,
}

/// Somebody who follows or is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastFollow {
    /// What they are called.
    pub username: Username,
    /// Since when, or when it was asked.
    pub since: OffsetDateTime,
    /// Whether it was only asked.
    pub is_requested: bool,
}

/// Something that paid XP or was announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastEvent {
    /// What it was and what it paid.
    pub event: ProgressEvent,
    /// When.
    pub at: OffsetDateTime,
}

/// An achievement that is unlocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PastUnlock {
    /// Which.
    pub id: AchievementId,
    /// The highest tier reached; `None` without tiers.
    pub tier: Option<Tier>,
    /// When it was unlocked.
    pub at: OffsetDateTime,
    /// When it was pinned; `None` while it is not.
    pub pinned_at: Option<OffsetDateTime>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastActivity {
    /// The name of its kind.
    pub kind: String,
    /// The particulars.
    pub data: StoredData,
    /// When.
    pub at: OffsetDateTime,
}

/// Something that was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastNotification {
    /// The name of its kind.
    pub kind: String,
    /// A few words.
    pub title: String,
    /// A sentence.
    pub message: String,
    /// The particulars.
    pub data: StoredData,
    /// What it is about: nobody is told twice of the same.
    pub dedup_key: String,
    /// When it was written.
    pub created_at: OffsetDateTime,
    /// When it was marked as read; `None` while it is not.
    pub read_at: Option<OffsetDateTime>,
}
