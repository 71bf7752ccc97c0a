//! The types of lines. Instants are RFC 3339 in UTC.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::serde::rfc3339;
use uuid::Uuid;

use crate::key::Key;

macro_rules! lines {
    ($($(#[$doc:meta])* $kind:ident($struct:ident) = $name:literal),+ $(,)?) => {
        /// One line of the file.
        #[derive(Debug, Clone, Serialize)]
        #[serde(tag = "type")]
        pub enum Line {
            $($(#[$doc])* #[serde(rename = $name)] $kind($struct),)+
        }

        impl Line {
            /// The value of `type`.
            pub fn kind(&self) -> &'static str {
                match self {
                    $(Self::$kind(_) => $name,)+
                }
            }

            /// Reads the fields of a line whose `type` is `kind`; `None` for an unknown type.
            pub(crate) fn read(kind: &str, text: &str) -> Option<serde_json::Result<Self>> {
                match kind {
                    $($name => Some(serde_json::from_str(text).map(Self::$kind)),)+
                    _ => None,
                }
            }
        }
    };
}

lines! {
    /// The first line.
    Manifest(Manifest) = "manifest",
    /// The second line.
    Account(AccountLine) = "account",
    /// An account at a provider that signs in.
    ExternalAccount(ExternalAccountLine) = "external_account",
    /// An API token without its secret.
    ApiToken(ApiTokenLine) = "api_token",
    /// An open session without its secret.
    Session(SessionLine) = "session",
    /// A preference for notifications.
    Preference(PreferenceLine) = "preference",
    /// The account's referral code.
    ReferralCode(ReferralCodeLine) = "referral_code",
    /// The account that referred this one.
    ReferredBy(ReferralLine) = "referred_by",
    /// An account that this one referred.
    Referred(ReferralLine) = "referred",
    Project(ProjectLine) = "project",
    Machine(MachineLine) = "machine",
    /// An exact reader took the place of a client of protocol 2.
    Handover(HandoverLine) = "handover",
    Message(MessageLine) = "message",
    /// A followed account.
    Follow(FollowLine) = "follow",
    Follower(FollowLine) = "follower",
    /// Something that paid XP or was announced.
    Event(EventLine) = "event",
    /// An unlocked achievement.
    Achievement(AchievementLine) = "achievement",
    Activity(ActivityLine) = "activity",
    Notification(NotificationLine) = "notification",
    /// The last line.
    End(EndLine) = "end",
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`](crate::FORMAT).
    pub format: String,
    /// [`VERSION`](crate::VERSION).
    pub version: u32,
    /// The instant of the snapshot.
    #[serde(with = "rfc3339")]
    pub exported_at: OffsetDateTime,
    pub username: String,
    /// The release that wrote the file.
    pub release: String,
}

/// The account with its profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountLine {
    /// The id on the instance that wrote the file.
    pub id: Uuid,
    pub username: String,
    pub email: Option<String>,
    pub email_verified: bool,
    pub name: Option<String>,
    pub bio: Option<String>,
    pub location: Option<String>,
    pub region: Option<String>,
    pub website_url: Option<String>,
    /// The URL of the image.
    pub image: Option<String>,
    pub is_public: bool,
    /// The IANA name.
    pub timezone: Option<String>,
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    /// The last change of the profile.
    #[serde(with = "rfc3339")]
    pub updated_at: OffsetDateTime,
}

/// An account at a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalAccountLine {
    pub provider: String,
    /// The provider's permanent id of the account.
    pub subject: String,
    pub login: String,
    #[serde(with = "rfc3339")]
    pub linked_at: OffsetDateTime,
}

/// An API token without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiTokenLine {
    pub name: String,
    pub scopes: Vec<String>,
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "rfc3339::option")]
    pub expires_at: Option<OffsetDateTime>,
    #[serde(with = "rfc3339::option")]
    pub last_used_at: Option<OffsetDateTime>,
}

/// A session without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionLine {
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    pub expires_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    pub last_used_at: OffsetDateTime,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
}

/// The channels of one kind of notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreferenceLine {
    pub kind: String,
    pub in_app: bool,
    pub email: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReferralCodeLine {
    pub code: String,
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    /// How often the link was followed.
    pub clicks: u64,
    /// How many of these registered.
    pub converted: u64,
}

/// A referral between this account and another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReferralLine {
    /// The other account.
    pub username: String,
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    /// When the reward was paid.
    #[serde(with = "rfc3339::option")]
    pub paid_at: Option<OffsetDateTime>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectLine {
    pub title: Option<String>,
    pub description: Option<String>,
    pub url: String,
    /// Whether the profile lists it first.
    pub is_featured: bool,
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    pub updated_at: OffsetDateTime,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineLine {
    pub name: String,
    #[serde(with = "rfc3339")]
    pub last_synced_at: OffsetDateTime,
}

/// Messages of protocol 2 of a machine and a tool do not count from an instant on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandoverLine {
    pub source: String,
    pub machine: String,
    #[serde(with = "rfc3339")]
    pub from: OffsetDateTime,
}

/// A message as the ledger keeps it. Its token kinds are disjoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageLine {
    /// The first 128 bits of the SHA-256 of the id, the same on every instance.
    pub key: Key,
    /// The tool that logged it.
    pub source: String,
    #[serde(with = "rfc3339")]
    pub at: OffsetDateTime,
    pub model: String,
    /// The provider that served the model.
    pub provider: Option<String>,
    pub machine: String,
    /// Input tokens that no cache had.
    pub input: u64,
    pub output: u64,
    /// Input tokens from a cache.
    pub cache_read: u64,
    /// Input tokens that were written to a cache.
    pub cache_write: u64,
    /// The part of `cache_write` that is kept for an hour.
    pub cache_write_1h: u64,
    pub reasoning: u64,
    /// Whether `output` includes `reasoning`.
    pub reasoning_in_output: bool,
    /// Whether the client knows that the counts are too small.
    #[serde(default)]
    pub incomplete: bool,
    /// The version of the client's parser; 0 for protocol 2.
    #[serde(default)]
    pub parser_version: u16,
    /// The client's protocol: 2 or 3. Files of earlier releases do not state it.
    #[serde(default)]
    pub protocol: Option<u8>,
    /// The project that the message was for.
    #[serde(default)]
    pub project: Option<String>,
    /// The exact cost in USD; null without a price. For readers of the file: an import prices the message itself.
    #[serde(default)]
    pub cost: Option<String>,
    /// `priced`, `estimated` or `unpriced`.
    #[serde(default)]
    pub cost_status: String,
}

/// A follower or a followed account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowLine {
    pub username: String,
    /// When the follow, or the request, was made.
    #[serde(with = "rfc3339")]
    pub since: OffsetDateTime,
    /// Whether it is a request that waits.
    pub requested: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventLine {
    /// The reason; an account has each reason once.
    pub reason: String,
    pub xp_hundredths: u64,
    #[serde(with = "rfc3339")]
    pub at: OffsetDateTime,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AchievementLine {
    /// The id, the same on every instance.
    pub id: Uuid,
    /// The slug, if the release that wrote the file knew one.
    pub slug: Option<String>,
    /// The highest tier reached, from 1.
    pub tier: Option<u8>,
    #[serde(with = "rfc3339")]
    pub unlocked_at: OffsetDateTime,
    #[serde(with = "rfc3339::option")]
    pub pinned_at: Option<OffsetDateTime>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ActivityLine {
    pub kind: String,
    /// A JSON object.
    pub data: Box<RawValue>,
    #[serde(with = "rfc3339")]
    pub at: OffsetDateTime,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NotificationLine {
    pub kind: String,
    pub title: String,
    pub message: String,
    /// A JSON object.
    pub data: Box<RawValue>,
    /// The subject: an account is notified of each once.
    pub dedup_key: String,
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "rfc3339::option")]
    pub read_at: Option<OffsetDateTime>,
}

/// The number of lines before this one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EndLine {
    /// By type; types without a line are missing.
    pub counts: BTreeMap<String, u64>,
}
