//! The kinds of lines. Instants are RFC 3339 in UTC.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::serde::rfc3339;
use uuid::Uuid;

use crate::key::Key;

macro_rules! lines {
    ($($(#[$doc:meta])* $kind:ident($struct:ident) = $name:literal),+ $(,)?) => {
        /// One line.
        #[derive(Debug, Clone, Serialize)]
        #[serde(tag = "type")]
        pub enum Line {
            $($(#[$doc])* #[serde(rename = $name)] $kind($struct),)+
        }

        impl Line {
            /// The name of its type.
            pub fn kind(&self) -> &'static str {
                match self {
                    $(Self::$kind(_) => $name,)+
                }
            }

            /// Reads the fields of a line whose type is called `kind`; `None` where there is no such type.
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
    /// What the file is: the first line.
    Manifest(Manifest) = "manifest",
    /// Whose it is: the second line.
    Account(Account) = "account",
    /// An account elsewhere that they sign in with.
    ExternalAccount(ExternalAccount) = "external_account",
    /// An API token, without its secret.
    ApiToken(ApiToken) = "api_token",
    /// An open session, without its secret.
    Session(Session) = "session",
    /// What they want to be told.
    Preference(Preference) = "preference",
    /// Their referral code.
    ReferralCode(ReferralCode) = "referral_code",
    /// By whom they came.
    ReferredBy(Referral) = "referred_by",
    /// Who came by them.
    Referred(Referral) = "referred",
    /// A project on their profile.
    Project(Project) = "project",
    /// One of their machines.
    Machine(Machine) = "machine",
    /// One of their messages.
    Message(Message) = "message",
    /// Whom they follow.
    Follow(Person) = "follow",
    /// Who follows them.
    Follower(Person) = "follower",
    /// What paid XP or was announced.
    Event(Event) = "event",
    /// What they unlocked.
    Achievement(Achievement) = "achievement",
    /// What happened to them.
    Activity(Activity) = "activity",
    /// What they were told.
    Notification(Notification) = "notification",
    /// How many lines of each type there were: the last line.
    End(End) = "end",
}

/// What the file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`](crate::FORMAT).
    pub format: String,
    /// [`VERSION`](crate::VERSION).
    pub version: u32,
    /// The moment it shows.
    #[serde(with = "rfc3339")]
    pub exported_at: OffsetDateTime,
    /// Whose it is.
    pub username: String,
    /// The release that wrote it.
    pub release: String,
}

/// An account with its profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its id where it comes from.
    pub id: Uuid,
    /// Its name in addresses.
    pub username: String,
    /// Its e-mail address.
    pub email: Option<String>,
    /// Whether that was shown to be its owner's.
    pub email_verified: bool,
    /// A name to show.
    pub name: Option<String>,
    /// A few sentences.
    pub bio: Option<String>,
    /// A place.
    pub location: Option<String>,
    /// The part of the world.
    pub region: Option<String>,
    /// A web site.
    pub website_url: Option<String>,
    /// The address of a picture.
    pub image: Option<String>,
    /// Whether strangers may see its statistics.
    pub is_public: bool,
    /// The IANA name of its zone.
    pub timezone: Option<String>,
    /// When it was made.
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    /// When its profile last changed.
    #[serde(with = "rfc3339")]
    pub updated_at: OffsetDateTime,
}

/// An account elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalAccount {
    /// Where.
    pub provider: String,
    /// Names the account there for good.
    pub subject: String,
    /// What its owner is called there.
    pub login: String,
    /// When the two were linked.
    #[serde(with = "rfc3339")]
    pub linked_at: OffsetDateTime,
}

/// An API token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiToken {
    /// What its owner calls it.
    pub name: String,
    /// What it may be used for.
    pub scopes: Vec<String>,
    /// When it was made.
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it ends by itself.
    #[serde(with = "rfc3339::option")]
    pub expires_at: Option<OffsetDateTime>,
    /// When it was last used.
    #[serde(with = "rfc3339::option")]
    pub last_used_at: Option<OffsetDateTime>,
}

/// A session, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// When it was opened.
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it ends by itself.
    #[serde(with = "rfc3339")]
    pub expires_at: OffsetDateTime,
    /// When it was last used.
    #[serde(with = "rfc3339")]
    pub last_used_at: OffsetDateTime,
    /// The client's address.
    pub ip: Option<String>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
}

/// Where news of one kind goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preference {
    /// The kind.
    pub kind: String,
    /// Into the inbox.
    pub in_app: bool,
    /// To the e-mail address.
    pub email: bool,
}

/// A referral code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReferralCode {
    /// The code.
    pub code: String,
    /// When it was made.
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    /// How often its link was followed.
    pub clicks: u64,
    /// After how many of these somebody signed up.
    pub converted: u64,
}

/// A referral.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Referral {
    /// The other person.
    pub username: String,
    /// When it was.
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it was paid.
    #[serde(with = "rfc3339::option")]
    pub paid_at: Option<OffsetDateTime>,
}

/// A project on a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Its title.
    pub title: Option<String>,
    /// Its description.
    pub description: Option<String>,
    /// Where it is.
    pub url: String,
    /// Whether it is listed first.
    pub is_featured: bool,
    /// When it was added.
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    /// When its details last changed.
    #[serde(with = "rfc3339")]
    pub updated_at: OffsetDateTime,
}

/// A machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Its name.
    pub name: String,
    /// When it last synced.
    #[serde(with = "rfc3339")]
    pub last_synced_at: OffsetDateTime,
}

/// A message as the ledger keeps it. Its kinds of tokens are disjoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The first 128 bits of the SHA-256 of its id, the same in every instance.
    pub key: Key,
    /// The tool that logged it.
    pub source: String,
    /// When the model answered.
    #[serde(with = "rfc3339")]
    pub at: OffsetDateTime,
    /// The model that answered.
    pub model: String,
    /// Who served the model.
    pub provider: Option<String>,
    /// The machine it came from.
    pub machine: String,
    /// Input tokens that no cache had.
    pub input: u64,
    /// Output tokens.
    pub output: u64,
    /// Input tokens from a cache.
    pub cache_read: u64,
    /// Input tokens that a cache now has.
    pub cache_write: u64,
    /// The part of these that it keeps for an hour.
    pub cache_write_1h: u64,
    /// Tokens the model thought with.
    pub reasoning: u64,
    /// Whether these are part of the output.
    pub reasoning_in_output: bool,
    /// What it cost in USD, exactly; nothing while no price is known. For the reader: whoever takes the message in prices it.
    #[serde(default)]
    pub cost: Option<String>,
    /// `priced`, `estimated` or `unpriced`.
    #[serde(default)]
    pub cost_status: String,
}

/// Somebody who follows or is followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// What they are called.
    pub username: String,
    /// Since when, or when it was asked.
    #[serde(with = "rfc3339")]
    pub since: OffsetDateTime,
    /// Whether it was only asked.
    pub requested: bool,
}

/// Something that paid XP or was announced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// What it was; an account has each reason once.
    pub reason: String,
    /// What it paid, in hundredths of an XP.
    pub xp_hundredths: u64,
    /// When.
    #[serde(with = "rfc3339")]
    pub at: OffsetDateTime,
}

/// An achievement that is unlocked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Achievement {
    /// Names it in every instance.
    pub id: Uuid,
    /// Its name in addresses, where the release that wrote it knew one.
    pub slug: Option<String>,
    /// The highest tier reached, from 1.
    pub tier: Option<u8>,
    /// When it was unlocked.
    #[serde(with = "rfc3339")]
    pub unlocked_at: OffsetDateTime,
    /// When it was pinned.
    #[serde(with = "rfc3339::option")]
    pub pinned_at: Option<OffsetDateTime>,
}

/// Something that happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Activity {
    /// Its kind.
    pub kind: String,
    /// The particulars, as a JSON object.
    pub data: Box<RawValue>,
    /// When.
    #[serde(with = "rfc3339")]
    pub at: OffsetDateTime,
}

/// Something that was told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Notification {
    /// Its kind.
    pub kind: String,
    /// A few words.
    pub title: String,
    /// A sentence.
    pub message: String,
    /// The particulars, as a JSON object.
    pub data: Box<RawValue>,
    /// What it is about: nobody is told twice of the same.
    pub dedup_key: String,
    /// When it was written.
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it was marked as read.
    #[serde(with = "rfc3339::option")]
    pub read_at: Option<OffsetDateTime>,
}

/// How many lines there were before this one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct End {
    /// By type; types without a line are left out.
    pub counts: BTreeMap<String, u64>,
}
