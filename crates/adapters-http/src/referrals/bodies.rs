//! The bodies of `/referrals`.

use domain::progression::Level;
use domain::referrals::{ClickStats, PaidXp, ReferralStats, ReferredUser};
use domain::users::WebUrl;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::json::{Instant, Xp};
use crate::validation::{Text, body};

body! {
    /// A referral code.
    pub(super) struct ReferralBody as "Referral" {
        /// The code, in whatever case.
        pub(super) referral_code: Text<1, 100>,
    }
}

/// The caller's code.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReferralCode)]
pub(super) struct CodeBody {
    pub(super) code: String,
    /// The frontend's first page with the code.
    pub(super) url: String,
}

/// A recorded click.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReferralClick)]
pub(super) struct ClickedBody {
    pub(super) success: bool,
}

/// The caller has a referrer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReferralTracked)]
pub(super) struct TrackedBody {
    success: bool,
    xp_awarded: AwardedBody,
}

/// The XP awarded to the three levels of the referral chain. 0 until the caller's first sync, and for a level without an account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReferralXp)]
struct AwardedBody {
    level1: Xp,
    level2: Xp,
    level3: Xp,
}

impl From<PaidXp> for TrackedBody {
    fn from(PaidXp(paid): PaidXp) -> Self {
        let [level1, level2, level3] = paid.map(Xp);
        Self { success: true, xp_awarded: AwardedBody { level1, level2, level3 } }
    }
}

/// The results of the caller's referrals.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReferralStats)]
pub(super) struct StatsBody {
    total_referrals: TotalsBody,
    /// With fractions.
    total_xp_earned: Xp,
    /// The users who registered with the caller's code, the newest first, up to a hundred.
    referred_users: Vec<PersonBody>,
    click_stats: ClicksBody,
}

/// The number of referred users on the three levels of the referral chain.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReferralTotals)]
struct TotalsBody {
    level1: u64,
    level2: u64,
    level3: u64,
}

/// A user who registered with the caller's code. Where the caller cannot see the profile, all fields but id, username, name and image
/// are null.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReferredUser)]
struct PersonBody {
    id: Uuid,
    username: String,
    name: Option<String>,
    image: Option<String>,
    level: Option<u64>,
    /// When the user registered with the code, or set the referrer.
    joined_at: Option<Instant>,
    /// Whether the user has synced.
    active: Option<bool>,
    /// The XP awarded to the caller for the user.
    xp_earned: Option<Xp>,
}

impl From<ReferredUser> for PersonBody {
    fn from(user: ReferredUser) -> Self {
        let seen = user.seen;
        let number = |level: Level| level.level;
        Self {
            id: user.id.0,
            username: user.username.to_string(),
            name: user.name,
            image: user.image.as_ref().map(WebUrl::as_str).map(str::to_owned),
            level: seen.map(|seen| number(seen.level)),
            joined_at: seen.map(|seen| seen.joined_at.into()),
            active: seen.map(|seen| seen.is_active),
            xp_earned: seen.map(|seen| Xp(seen.xp)),
        }
    }
}

/// Clicks on the caller's link: one visitor counts once a day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReferralClicks)]
struct ClicksBody {
    total: u64,
    /// The number of clicks that led to a registration.
    converted: u64,
    /// The share of clicks that led to a registration, 0 to 1.
    conversion_rate: f64,
}

impl From<ClickStats> for ClicksBody {
    fn from(clicks: ClickStats) -> Self {
        Self { total: clicks.total, converted: clicks.converted, conversion_rate: clicks.conversion_rate() }
    }
}

impl From<ReferralStats> for StatsBody {
    fn from(stats: ReferralStats) -> Self {
        let [level1, level2, level3] = stats.totals;
        Self {
            total_referrals: TotalsBody { level1, level2, level3 },
            total_xp_earned: Xp(stats.xp),
            referred_users: stats.people.into_iter().map(PersonBody::from).collect(),
            click_stats: stats.clicks.into(),
        }
    }
}

/// Statistics for the API's document.
pub(super) fn stats_example() -> Value {
    json!({
        "total_referrals": {"level1": 1, "level2": 1, "level3": 0}, "total_xp_earned": 31.25,
        "referred_users": [{
            "id": "019a9f2e-7d4b-7c3a-9a55-1c2d3e4f5a6b", "username": "grace", "name": "Grace", "image": null, "level": 1,
            "joined_at": "2026-11-22T12:34:56.789Z", "active": true, "xp_earned": 25,
        }],
        "click_stats": {"total": 4, "converted": 1, "conversion_rate": 0.25},
    })
}
