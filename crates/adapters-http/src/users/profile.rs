//! A profile as JSON: as its owner, a follower and any other user see it.

use domain::dashboard::{Overview, WebProfile};
use domain::ids::UserId;
use domain::progression::MonthlyBadge;
use domain::referrals::ReferralCode;
use domain::users::{Profile, Region, User, WebUrl};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::json::Instant;

/// A profile. A field is null when it is not set, and when the profile is private and the caller cannot see the field.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Profile)]
#[expect(clippy::option_option, reason = "not for the caller, not set, set")]
pub(super) struct ProfileBody {
    id: Uuid,
    username: String,
    name: Option<String>,
    image: Option<String>,
    is_public: bool,
    created_at: Option<Instant>,
    updated_at: Option<Instant>,
    bio: Option<String>,
    location: Option<String>,
    region: Option<&'static str>,
    website_url: Option<String>,
    level: Option<u64>,
    xp: Option<u64>,
    title: Option<&'static str>,
    monthly_badge: Option<&'static str>,
    /// Tokens of the last 30 local days.
    monthly_tokens: Option<i64>,
    /// Only for the owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false)]
    email: Option<Option<String>>,
    /// Only for the owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    email_verified: Option<bool>,
    /// Only for the owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false)]
    timezone: Option<Option<String>>,
    /// Only for the owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    referral_code: Option<String>,
}

impl ProfileBody {
    /// `profile` as `viewer` sees it; with its `code`, if it is theirs.
    pub(super) fn seen_by(viewer: Option<UserId>, profile: WebProfile, code: Option<ReferralCode>) -> Self {
        match profile.overview {
            Some(overview) if viewer == Some(profile.user.id) => Self::own(profile.user, &overview, code),
            Some(overview) => Self::open(profile.user, &overview),
            None => Self::closed(profile.user),
        }
    }

    /// What its owner sees.
    pub(super) fn own(user: User, overview: &Overview, code: Option<ReferralCode>) -> Self {
        let email = user.email.as_ref().map(|email| email.as_str().to_owned());
        let timezone = user.zone.as_ref().map(|zone| zone.name().to_owned());
        Self {
            email: Some(email),
            email_verified: Some(user.email_verified),
            timezone: Some(timezone),
            referral_code: code.map(|code| code.to_string()),
            ..Self::open(user, overview)
        }
    }

    fn open(user: User, overview: &Overview) -> Self {
        // `closed` shows name and image.
        let Profile { name: _, bio, location, region, website_url, image: _ } = user.profile.clone();
        Self {
            created_at: Some(user.created_at.into()),
            updated_at: Some(user.updated_at.into()),
            bio,
            location,
            region: region.map(Region::name),
            website_url: website_url.as_ref().map(text),
            level: Some(overview.level.level),
            xp: Some(overview.level.xp),
            title: Some(overview.level.title()),
            monthly_badge: overview.badge().map(MonthlyBadge::name),
            monthly_tokens: Some(overview.monthly_tokens),
            ..Self::closed(user)
        }
    }

    fn closed(user: User) -> Self {
        Self {
            id: user.id.0,
            username: user.username.to_string(),
            name: user.profile.name,
            image: user.profile.image.as_ref().map(text),
            is_public: user.is_public,
            created_at: None,
            updated_at: None,
            bio: None,
            location: None,
            region: None,
            website_url: None,
            level: None,
            xp: None,
            title: None,
            monthly_badge: None,
            monthly_tokens: None,
            email: None,
            email_verified: None,
            timezone: None,
            referral_code: None,
        }
    }
}

fn text(url: &WebUrl) -> String {
    url.as_str().to_owned()
}

/// A profile for the API's document.
pub(super) fn example() -> Value {
    json!({
        "id": "019a9f2e-7d4a-7c3a-9a55-1c2d3e4f5a6b", "username": "ada", "name": "Ada", "image": null,
        "is_public": true, "created_at": "2026-11-22T12:34:56.789Z", "updated_at": "2026-11-22T12:34:56.789Z",
        "bio": "Counts tokens.", "location": "London", "region": "EU", "website_url": "https://example.org",
        "level": 2, "xp": 610, "title": "Novice", "monthly_badge": null, "monthly_tokens": 112_250,
    })
}

/// The same for its owner.
pub(super) fn own_example() -> Value {
    let mut own = example();
    own["email"] = json!("ada@example.org");
    own["email_verified"] = json!(true);
    own["timezone"] = json!("Europe/London");
    own["referral_code"] = json!("7K3M9QXZ");
    own
}
