//! Everything the routes need, and the table of all of them.

use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig};
use domain::achievements::Achievements;
use domain::administration::Administration;
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
use crate::limits::{Limits, Shares};
use crate::referrals::ReferralLinks;
use crate::routes::Routes;
use crate::users::Downloads;
use crate::{
    achievements, administration, dashboard, feed, health, identity, insights, leaderboard, notifications, projects,
    referrals, social, stats, usage, users,
};

/// What handlers ask for. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Services {
    /// Sign-in.
    pub identity: Identity,
    /// Addresses and forgotten passwords.
    pub recovery: Recovery,
    /// API tokens.
    pub api_tokens: ApiTokens,
    /// Programs that are signed in by somebody elsewhere.
    pub device_logins: DeviceLogins,
    /// Where people reach this server.
    pub public_url: PublicUrl,
    /// Sign-in through providers.
    pub oauth: OAuth,
    /// Where browsers go afterwards.
    pub browser: Browser,
    /// Accounts and what their owners change about them.
    pub users: Users,
    /// Who may see whom.
    pub profiles: Profiles,
    /// What accounts own, to take along.
    pub downloads: Downloads,
    /// Projects on profiles.
    pub projects: Projects,
    /// Who follows whom.
    pub social: Social,
    /// What happens to those one follows.
    pub feed: Feed,
    /// Who came by whom.
    pub referrals: Referrals,
    /// Where links with a code lead.
    pub referral_links: ReferralLinks,
    /// The ledger.
    pub usage: Usage,
    /// What people earn.
    pub achievements: Achievements,
    /// What people are told.
    pub notifications: Notifications,
    /// The links that stop emails.
    pub unsubscribing: Unsubscribing,
    /// Who used most.
    pub leaderboard: Leaderboard,
    /// What is shown of it.
    pub dashboard: Dashboard,
    /// How people do beside each other.
    pub insights: Insights,
    /// Whose usage is hard to believe.
    pub plausibility: Plausibility,
    /// What administrators decide.
    pub administration: Administration,
    /// Prices by decision.
    pub price_overrides: PriceOverrides,
    /// Models without a price.
    pub unpriced_models: UnpricedModels,
    /// Whether this process can do its work.
    pub readiness: Arc<dyn Readiness>,
    /// How much of a body is taken.
    pub body_limits: BodyLimits,
    /// How much of large bodies is held at once.
    pub byte_budget: ByteBudget,
    /// The proxies whose word on the client's address is believed.
    pub trusted_proxies: TrustedProxies,
    /// How many requests a client may make.
    pub limits: Limits,
    /// How much a client may use at once.
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
            .app_data(Data::new(self.dashboard))
            .app_data(Data::new(self.insights))
            .app_data(Data::new(self.plausibility))
            .app_data(Data::new(self.administration))
            .app_data(Data::new(self.price_overrides))
            .app_data(Data::new(self.unpriced_models))
            .app_data(Data::from(self.readiness))
            .app_data(Data::new(self.body_limits))
            .app_data(Data::new(self.byte_budget))
            .app_data(Data::new(self.trusted_proxies))
            .app_data(Data::new(self.limits))
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
