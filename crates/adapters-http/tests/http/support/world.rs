//! The whole API over mocked ports: Ada is public, Bob is private and followed by Ada, and there are no other accounts.

use std::sync::Arc;

use adapters_http::app::app;
use adapters_http::body::{BodyLimits, ByteBudget};
use adapters_http::client_ip::TrustedProxies;
use adapters_http::edge::{Edge, EdgeSettings};
use adapters_http::identity::{Browser, PublicUrl};
use adapters_http::leaderboard::BoardPages;
use adapters_http::limits::{Limits, Rates, ShareSizes, Shares, SignInRequirement};
use adapters_http::referrals::ReferralLinks;
use adapters_http::services::{Services, api};
use adapters_http::users::Downloads;
use domain::achievements::Achievements;
use domain::achievements::ports::MockAchievementReader;
use domain::administration::ports::MockAdministrationReader;
use domain::administration::{Administration, Invitations, UserAdministration};
use domain::dashboard::ports::{AccountFigures, MockDashboardReader, ProfileFigures};
use domain::dashboard::{
    Dashboard, DayUsage, Favourite, Favourites, MachineUsage, ModelUsage, PlatformTotals, ProjectUsage, ToolUsage,
    TopList,
};
use domain::days::{Window, Zone};
use domain::deps::Deps;
use domain::identity::ports::{MockIdentityProvider, MockPasswordHasher, MockSessionReader};
use domain::identity::{
    ApiTokens, AuthMethod, Credential, DeviceLogins, Email, FailedLogins, Identity, OAuth, Principal, ProviderName,
    Providers, Recovery, Scopes, Secret,
};
use domain::ids::{ApiTokenId, SessionId, UserId};
use domain::insights::Insights;
use domain::insights::ports::MockInsightReader;
use domain::jobs::ports::MockJobStore;
use domain::leaderboard::Leaderboard;
use domain::leaderboard::ports::MockLeaderboardReader;
use domain::money::Usd;
use domain::notifications::ports::MockNotificationReader;
use domain::notifications::{Notifications, Unsubscribing};
use domain::page::Page;
use domain::plausibility::Plausibility;
use domain::plausibility::ports::MockPlausibilityReader;
use domain::portability::Exports;
use domain::portability::ports::MockExportReader;
use domain::pricing::ports::MockPriceReader;
use domain::pricing::{CurrentBook, PriceBook, PriceOverrides, UnpricedModels};
use domain::progression::{EventXp, Level};
use domain::projects::Projects;
use domain::projects::ports::MockProjectReader;
use domain::referrals::ports::MockReferralReader;
use domain::referrals::{
    ClickStats, ReferralCode, ReferralStats, Referrals, ReferredDetails, ReferredUser, VisitorSalt,
};
use domain::signed_token::TokenKey;
use domain::social::ports::{MockActivityHub, MockFeedReader, MockFollowReader};
use domain::social::{Contact, Feed, FollowStats, Relation, Social};
use domain::testing::{TestReads, TestUnitOfWork};
use domain::usage::ports::MockSyncStateReader;
use domain::usage::{CostStatus, MachineId, ModelName, ProjectName, Source, Sums, Usage};
use domain::users::ports::MockProfileReader;
use domain::users::{FoundProfile, Profile, Profiles, Region, User, Username, Users, WebUrl};
use time::OffsetDateTime;
use time::macros::{date, datetime};
use uuid::Uuid;

use super::{Client, OneId, ReadinessSwitch, listen};

pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-22 12:34:56.789 UTC);
pub(crate) const ADA: UserId = UserId(Uuid::from_u128(0xada));
pub(crate) const BOB: UserId = UserId(Uuid::from_u128(0xb0b));

/// What a test can change before it serves.
pub(crate) struct World {
    pub(crate) open: Box<dyn Fn() -> TestUnitOfWork + Send + Sync>,
    pub(crate) sessions: MockSessionReader,
    pub(crate) passwords: MockPasswordHasher,
    pub(crate) profiles: MockProfileReader,
    pub(crate) reader: MockDashboardReader,
    pub(crate) achievements: MockAchievementReader,
    pub(crate) leaderboard: MockLeaderboardReader,
    pub(crate) insights: MockInsightReader,
    pub(crate) plausibility: MockPlausibilityReader,
    pub(crate) notifications: MockNotificationReader,
    pub(crate) administration: MockAdministrationReader,
    pub(crate) queue: MockJobStore,
    pub(crate) prices: MockPriceReader,
    pub(crate) sync_state: MockSyncStateReader,
    /// Nothing is limited unless a test says so.
    pub(crate) limits: Limits,
    pub(crate) shares: Shares,
    pub(crate) failed_logins: Option<FailedLogins>,
    pub(crate) sends_email: bool,
    pub(crate) github: MockIdentityProvider,
    /// Whether the public address is https.
    pub(crate) https: bool,
    pub(crate) exports: MockExportReader,
    pub(crate) projects: MockProjectReader,
    pub(crate) feed: MockFeedReader,
    pub(crate) hub: MockActivityHub,
}

/// The token of Ada's session.
pub(crate) fn ada() -> String {
    Secret::session([1; 32]).expose().to_owned()
}

/// What API tokens can have.
pub(crate) const ALL_SCOPES: [Scopes; 3] =
    [Scopes { sync: true, read: false }, Scopes { sync: false, read: true }, Scopes { sync: true, read: true }];

/// An API token of Ada's with these scopes.
pub(crate) fn api_token(scopes: Scopes) -> String {
    Secret::api_token([u8::from(scopes.sync) + 2 * u8::from(scopes.read); 32]).expose().to_owned()
}

/// The token of Bob's session.
pub(crate) fn bob() -> String {
    Secret::session([2; 32]).expose().to_owned()
}

/// A token of the right form that opens nothing.
pub(crate) fn stranger() -> String {
    Secret::session([3; 32]).expose().to_owned()
}

pub(crate) fn session_of(user: UserId) -> SessionId {
    SessionId(Uuid::from_u128(user.0.as_u128() + 1))
}

pub(crate) fn user(id: UserId) -> User {
    let is_ada = id == ADA;
    let name = if is_ada { "Ada" } else { "Bob" };
    User {
        id,
        username: Username::trusted(name),
        email: Some(Email::trusted(format!("{}@example.org", name.to_lowercase()))),
        email_verified: is_ada,
        profile: Profile {
            name: Some(format!("{name} Example")),
            bio: Some("Counts tokens.".into()),
            location: Some("London".into()),
            region: Some(Region::Eu),
            website_url: Some(WebUrl::trusted("https://example.org")),
            image: Some(WebUrl::trusted("https://example.org/me.png")),
        },
        is_public: is_ada,
        is_admin: is_ada,
        zone: is_ada.then(|| Zone::parse("Europe/London").expect("a zone")),
        created_at: NOW,
        updated_at: NOW,
    }
}

pub(crate) fn dollars(text: &str) -> Usd {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    Usd::from_atto(format!("{whole}{fraction:0<18}").parse().expect("an amount"))
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            open: Box::new(TestUnitOfWork::default),
            sessions: sessions(),
            passwords: MockPasswordHasher::new(),
            profiles: profiles(),
            reader: reader(),
            achievements: MockAchievementReader::new(),
            leaderboard: MockLeaderboardReader::new(),
            insights: MockInsightReader::new(),
            plausibility: MockPlausibilityReader::new(),
            notifications: MockNotificationReader::new(),
            administration: administration(),
            queue: MockJobStore::new(),
            prices: MockPriceReader::new(),
            sync_state: MockSyncStateReader::new(),
            limits: Limits::new(Rates::default()),
            shares: Shares::new(ShareSizes::of_pool(30)),
            failed_logins: None,
            sends_email: true,
            github: github(),
            https: true,
            exports: MockExportReader::new(),
            projects: MockProjectReader::new(),
            feed: MockFeedReader::new(),
            hub: MockActivityHub::new(),
        }
    }

    /// Transactions as `prepare` makes them.
    pub(crate) fn storing(mut self, prepare: impl Fn(&mut TestUnitOfWork) + Send + Sync + 'static) -> Self {
        self.open = Box::new(move || {
            let mut tx = TestUnitOfWork::default();
            prepare(&mut tx);
            tx
        });
        self
    }

    pub(crate) fn serve(self) -> Client {
        let reads = TestReads {
            profiles: self.profiles,
            dashboard: self.reader,
            achievements: self.achievements,
            leaderboard: self.leaderboard,
            insights: self.insights,
            plausibility: self.plausibility,
            notifications: self.notifications,
            administration: self.administration,
            prices: self.prices,
            sync_state: self.sync_state,
            exports: self.exports,
            projects: self.projects,
            feed: self.feed,
            follows: follows(),
            referrals: codes(),
            ..TestReads::default()
        };
        let deps = TestUnitOfWork::store(self.open).with_reads(reads).deps_at(NOW);
        let deps = Deps { ids: Arc::new(OneId), ..deps };
        let passwords = Arc::new(self.passwords);
        let book = Arc::new(CurrentBook::new(PriceBook::new([])));
        let providers = Providers::new([Arc::new(self.github) as _]);
        let salt = salt();
        let services = Services {
            identity: Identity::new(deps.clone(), Arc::new(self.sessions), passwords.clone(), salt)
                .with_failed_logins(self.failed_logins),
            recovery: Recovery::new(deps.clone(), passwords, tickets()).with_email(self.sends_email),
            api_tokens: ApiTokens::new(deps.clone()),
            device_logins: DeviceLogins::new(deps.clone()),
            public_url: PublicUrl::new("https://burntop.example.org"),
            oauth: OAuth::new(deps.clone(), providers),
            browser: Browser::new("https://app.example.org", self.https, b"a key for tests alone, 32 long!!"),
            users: Users::new(deps.clone()),
            downloads: Downloads::new(Exports::new(deps.clone())),
            projects: Projects::new(deps.clone()),
            social: Social::new(deps.clone()),
            feed: Feed::new(deps.clone(), Arc::new(self.hub)),
            referrals: Referrals::new(deps.clone(), salt),
            referral_links: ReferralLinks::to("https://app.example.org"),
            usage: Usage::new(deps.clone(), book.clone()),
            achievements: Achievements::new(deps.clone()),
            administration: Administration::new(deps.clone(), Arc::new(self.queue)),
            user_administration: UserAdministration::new(deps.clone(), tickets()),
            invitations: Invitations::new(deps.clone()),
            price_overrides: PriceOverrides::new(deps.clone()),
            unpriced_models: UnpricedModels::new(deps.clone(), book),
            leaderboard: Leaderboard::new(deps.clone()),
            board_pages: BoardPages::default(),
            insights: Insights::new(deps.clone()),
            plausibility: Plausibility::new(deps.clone()),
            unsubscribing: Unsubscribing::new(deps.clone(), tickets()),
            notifications: Notifications::new(deps.clone()),
            profiles: Profiles::new(deps.clone()),
            dashboard: Dashboard::new(deps.clone()),
            readiness: Arc::new(ReadinessSwitch::default()),
            body_limits: BodyLimits::default(),
            byte_budget: ByteBudget::default(),
            trusted_proxies: TrustedProxies::parse(["127.0.0.1"]).expect("an address"),
            limits: self.limits,
            sign_in_requirement: SignInRequirement::default(),
            shares: self.shares,
        };
        let edge = Edge::new(deps.clock, deps.ids, EdgeSettings::default());
        listen(move || {
            let services = services.clone();
            app(&edge, api()).configure(move |config| services.install(config))
        })
    }
}

/// A provider with its address, and without accounts.
pub(crate) fn github() -> MockIdentityProvider {
    let mut github = MockIdentityProvider::new();
    github.expect_name().returning(|| ProviderName::trusted("github"));
    github.expect_display_name().returning(|| "GitHub".to_owned());
    github.expect_authorize_url().returning(|state, verifier| {
        let challenge = verifier.challenge();
        let query = format!("state={}&code_challenge={challenge}", state.as_str());
        Ok(format!("https://github.example/login/oauth/authorize?{query}"))
    });
    github
}

/// What links in emails are signed with.
pub(crate) fn tickets() -> TokenKey {
    TokenKey::of(b"a secret")
}

/// What visitors of links are hashed with.
pub(crate) fn salt() -> VisitorSalt {
    VisitorSalt::of(b"a secret")
}

/// Ada administers, Bob does not.
fn administration() -> MockAdministrationReader {
    let mut administration = MockAdministrationReader::new();
    administration.expect_is_administrator().returning(|user| Ok(user == ADA));
    administration
}

fn sessions() -> MockSessionReader {
    let mut sessions = MockSessionReader::new();
    sessions.expect_principal().returning(|credential, _| {
        let opens = |text: &str| Credential::parse(text) == Some(credential);
        for scopes in ALL_SCOPES {
            if opens(&api_token(scopes)) {
                let via = AuthMethod::ApiToken(ApiTokenId(Uuid::from_u128(1)), scopes);
                let last_used_at = Some(NOW);
                return Ok(Some(Principal { user: user(ADA), level: Level::of(610), via, last_used_at }));
            }
        }
        let caller = if opens(&ada()) { Some(ADA) } else { opens(&bob()).then_some(BOB) };
        Ok(caller.map(|id| Principal {
            user: User { is_admin: id == ADA, ..user(id) },
            level: Level::of(610),
            via: AuthMethod::Session(session_of(id)),
            last_used_at: Some(NOW),
        }))
    });
    sessions
}

fn profiles() -> MockProfileReader {
    let mut reader = MockProfileReader::new();
    reader.expect_find().returning(|name, viewer| {
        let found = [ADA, BOB].map(user).into_iter().find(|user| user.username == *name);
        Ok(found.map(|user| {
            let is_visible = user.is_public || viewer.is_some();
            FoundProfile { user, is_visible }
        }))
    });
    reader.expect_account().returning(|id| Ok(Some(user(id))));
    reader.expect_visible_among().returning(|names, viewer| {
        let seen = [ADA, BOB].map(user).into_iter().filter(|user| user.is_public || viewer.is_some());
        Ok(seen.filter(|user| names.contains(&user.username)).collect())
    });
    reader
}

fn reader() -> MockDashboardReader {
    let mut reader = MockDashboardReader::new();
    reader.expect_figures().returning(|windows, _| Ok(windows.iter().map(|window| (window.user, figures())).collect()));
    reader.expect_profile().returning(|name, viewer, _| {
        let found = [ADA, BOB].map(user).into_iter().find(|user| user.username == *name);
        Ok(found.map(|user| ProfileFigures { figures: (user.is_public || viewer.is_some()).then(figures), user }))
    });
    reader.expect_favourites().returning(|people, _, _| {
        let favourites = Favourites {
            models: vec![Favourite {
                what: ModelName::trusted("claude-sonnet-4-5"),
                tokens: 3,
                cost: dollars("0.3508"),
            }],
            sources: vec![Favourite { what: Source::trusted("claude-code"), tokens: 3, cost: dollars("12") }],
        };
        Ok(people.iter().map(|referred| (*referred, favourites.clone())).collect())
    });
    let day = |date, tokens| DayUsage { date, sums: Sums { tokens, cost: dollars("0.25"), ..Sums::default() } };
    let days = move |window: Window| -> Vec<DayUsage> {
        let days = [day(date!(2026 - 11 - 20), 6), day(date!(2026 - 11 - 22), 12)];
        days.into_iter().filter(|day| day.date >= window.from && day.date <= window.to).collect()
    };
    reader.expect_days().returning(move |window, _| Ok(days(window)));
    reader.expect_days_and_hours().returning(move |window, _, _| Ok((days(window), [1; 24])));
    reader
        .expect_tools()
        .returning(|_, _| Ok(TopList { items: vec![tool("claude-code", 2), tool("codex", 1)], total: 2, tokens: 3 }));
    reader
        .expect_models()
        .returning(|_, _| Ok(TopList { items: vec![model("claude-sonnet-4-5", 3)], total: 1, tokens: 3 }));
    reader.expect_machines().returning(|_| {
        let machine =
            MachineUsage { machine: MachineId::unnamed(), tokens: 3, cost: dollars("0.3508"), last_synced_at: NOW };
        Ok(TopList { items: vec![machine], total: 1, tokens: 3 })
    });
    reader.expect_projects().returning(|_| Ok(TopList { items: vec![project("shop", 1)], total: 1, tokens: 3 }));
    reader.expect_platform().returning(|| Ok(PlatformTotals { tokens: 1 << 70, users: 3, tools: 2 }));
    reader
}

/// Ada's code is `0000ADA0`, Bob's `0000B0B0`; every caller has referred Ada and Bob, and can see Ada.
fn codes() -> MockReferralReader {
    let mut codes = MockReferralReader::new();
    codes
        .expect_code()
        .returning(|id| Ok(Some(ReferralCode::trusted(if id == ADA { "0000ADA0" } else { "0000B0B0" }))));
    codes.expect_stats().returning(|_, _| {
        let seen = ReferredDetails { level: Level::of(610), joined_at: NOW, is_active: true, xp: EventXp(2_500) };
        let referred = |id, seen| {
            let User { id, username, profile, .. } = user(id);
            ReferredUser { id, username, name: profile.name, image: profile.image, seen }
        };
        Ok(ReferralStats {
            totals: [2, 1, 0],
            xp: EventXp(3_125),
            people: vec![referred(ADA, Some(seen)), referred(BOB, None)],
            clicks: ClickStats { total: 8, converted: 1 },
        })
    });
    codes
}

/// Every list of referred users has Ada.
fn follows() -> MockFollowReader {
    let list = |request| {
        let user = user(ADA);
        let ada = Contact {
            id: user.id,
            username: user.username,
            name: user.profile.name,
            image: user.profile.image,
            bio: user.profile.bio,
            level: Some(Level::of(610)),
            since: Some(NOW),
        };
        Ok(Page { items: vec![ada], total: 101, request })
    };
    let mut follows = MockFollowReader::new();
    follows.expect_followers().returning(move |_, _, request| list(request));
    follows.expect_following().returning(move |_, _, request| list(request));
    follows.expect_requests().returning(move |_, request| list(request));
    follows.expect_stats().returning(|_, viewer| {
        let relation = viewer.map(|_| Relation { is_following: true, follows_me: false });
        Ok(Some(FollowStats { followers: 3, following: 2, relation }))
    });
    follows
}

/// 610 XP: 11 for tokens, 30 for active days, 569 for events.
pub(crate) fn figures() -> AccountFigures {
    AccountFigures {
        totals: Sums {
            messages: 5,
            tokens: 112_250,
            input: 3_000,
            output: 6_000,
            cache_read: 9_000,
            cache_write: 12_000,
            reasoning: 1_250,
            cost: dollars("0.3508"),
            unpriced_tokens: 7,
            ..Sums::default()
        },
        active_days: [date!(2026 - 11 - 20), date!(2026 - 11 - 21), date!(2026 - 11 - 22)].into(),
        window_tokens: 10_000_000,
        event_xp: EventXp(56_900),
        achievements: 5,
        models: 2,
        sources: 1,
    }
}

fn tool(source: &str, tokens: i64) -> ToolUsage {
    ToolUsage {
        source: Source::trusted(source),
        tokens,
        cost: dollars("0.3508"),
        days_active: 2,
        first_used: date!(2026 - 11 - 20),
        last_used: date!(2026 - 11 - 22),
    }
}

fn project(name: &str, tokens: i64) -> ProjectUsage {
    ProjectUsage {
        project: ProjectName::trusted(name),
        tokens,
        cost: dollars("0.3508"),
        days_active: 2,
        first_used: date!(2026 - 11 - 20),
        last_used: date!(2026 - 11 - 22),
    }
}

fn model(name: &str, tokens: i64) -> ModelUsage {
    ModelUsage {
        model: ModelName::trusted(name),
        tokens,
        cost: dollars("0.3508"),
        cost_status: CostStatus::Partial,
        days_active: 2,
        first_used: date!(2026 - 11 - 20),
        last_used: date!(2026 - 11 - 22),
    }
}
