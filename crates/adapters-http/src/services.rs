//! The use cases and settings of the routes, and the table of all routes.

use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig};
use domain::achievements::Achievements;
use domain::administration::{Administration, Invitations, UserAdministration};
use domain::dashboard::Dashboard;
use domain::identity::{ApiTokens, DeviceLogins, Identity, OAuth, Recovery};
use domain::insights::Insights;
use domain::leaderboard::Leaderboard;
use domain::notifications::{Notifications, Unsubscribing};
use domain::plausibility::Plausibility;
use domain::pricing::{PriceOverrides, UnpricedModels};
use domain::projects::Projects;
use domain::referrals::Referrals;
use domain::social::{Feed, Social};
use domain::usage::Usage;
use domain::users::{Profiles, Users};

use crate::body::{BodyLimits, ByteBudget};
use crate::client_ip::TrustedProxies;
use crate::health::Readiness;
use crate::identity::{Browser, PublicUrl};
use crate::leaderboard::BoardPages;
use crate::limits::{Limits, Shares, SignInRequirement};
use crate::referrals::ReferralLinks;
use crate::routes::Routes;
use crate::users::Downloads;
use crate::{
    achievements, administration, dashboard, feed, health, identity, insights, leaderboard, notifications, projects,
    referrals, social, stats, usage, users,
};

/// The data of the handlers. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Services {
    /// Sign-in.
    pub identity: Identity,
    /// Verification of addresses, and reset of passwords.
    pub recovery: Recovery,
    /// API tokens.
    pub api_tokens: ApiTokens,
    /// Device sign-in.
    pub device_logins: DeviceLogins,
    /// The public address of this server.
    pub public_url: PublicUrl,
    /// Sign-in through providers.
    pub oauth: OAuth,
    /// Redirects of browsers that sign in through a provider.
    pub browser: Browser,
    /// Accounts.
    pub users: Users,
    /// Visibility of profiles.
    pub profiles: Profiles,
    /// Exports.
    pub downloads: Downloads,
    /// Projects on profiles.
    pub projects: Projects,
    /// Follows.
    pub social: Social,
    /// The feed.
    pub feed: Feed,
    /// Referrals.
    pub referrals: Referrals,
    /// The target of referral links.
    pub referral_links: ReferralLinks,
    /// The ledger.
    pub usage: Usage,
    /// Achievements.
    pub achievements: Achievements,
    /// Notifications.
    pub notifications: Notifications,
    /// Unsubscribe links of emails.
    pub unsubscribing: Unsubscribing,
    /// Boards.
    pub leaderboard: Leaderboard,
    /// Written pages of boards.
    pub board_pages: BoardPages,
    /// Figures of usage.
    pub dashboard: Dashboard,
    /// Comparison with the community.
    pub insights: Insights,
    /// Plausibility of usage.
    pub plausibility: Plausibility,
    /// Operations for administrators.
    pub administration: Administration,
    /// Users for administrators.
    pub user_administration: UserAdministration,
    /// Invitations.
    pub invitations: Invitations,
    /// Price overrides.
    pub price_overrides: PriceOverrides,
    /// Models without a price.
    pub unpriced_models: UnpricedModels,
    /// Readiness of this process.
    pub readiness: Arc<dyn Readiness>,
    /// Limits of bodies.
    pub body_limits: BodyLimits,
    /// The budget of bytes for bodies in progress.
    pub byte_budget: ByteBudget,
    /// Proxies whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: TrustedProxies,
    /// Rate limits.
    pub limits: Limits,
    /// Whether routes that show users require a caller.
    pub sign_in_requirement: SignInRequirement,
    /// Shares of concurrent requests.
    pub shares: Shares,
}

impl Services {
    /// Registers everything: `app(&edge, api()).configure(|config| services.clone().install(config))`.
    pub fn install(self, config: &mut ServiceConfig) {
        config
            .app_data(Data::new(self.identity))
            .app_data(Data::new(self.recovery))
            .app_data(Data::new(self.api_tokens))
            .app_data(Data::new(self.device_logins))
            .app_data(Data::new(self.public_url))
            .app_data(Data::new(self.oauth))
            .app_data(Data::new(self.browser))
            .app_data(Data::new(self.users))
            .app_data(Data::new(self.profiles))
            .app_data(Data::new(self.downloads))
            .app_data(Data::new(self.projects))
            .app_data(Data::new(self.social))
            .app_data(Data::new(self.feed))
            .app_data(Data::new(self.referrals))
            .app_data(Data::new(self.referral_links))
            .app_data(Data::new(self.usage))
            .app_data(Data::new(self.achievements))
            .app_data(Data::new(self.notifications))
            .app_data(Data::new(self.unsubscribing))
            .app_data(Data::new(self.leaderboard))
            .app_data(Data::new(self.board_pages))
            .app_data(Data::new(self.dashboard))
            .app_data(Data::new(self.insights))
            .app_data(Data::new(self.plausibility))
            .app_data(Data::new(self.administration))
            .app_data(Data::new(self.user_administration))
            .app_data(Data::new(self.invitations))
            .app_data(Data::new(self.price_overrides))
            .app_data(Data::new(self.unpriced_models))
            .app_data(Data::from(self.readiness))
            .app_data(Data::new(self.body_limits))
            .app_data(Data::new(self.byte_budget))
            .app_data(Data::new(self.trusted_proxies))
            .app_data(Data::new(self.limits))
            .app_data(Data::new(self.sign_in_requirement))
            .app_data(Data::new(self.shares));
    }
}

/// All routes of the API, relative to `/api/v1`.
pub fn api() -> Routes {
    identity::routes()
        .and(users::routes())
        .and(projects::routes())
        .and(social::routes())
        .and(feed::routes())
        .and(referrals::routes())
        .and(dashboard::routes())
        .and(usage::routes())
        .and(achievements::routes())
        .and(leaderboard::routes())
        .and(insights::routes())
        .and(notifications::routes())
        .and(administration::routes())
        .and(stats::routes())
        .and(health::routes())
}
