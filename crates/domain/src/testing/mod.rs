//! A transaction for tests: every repository is a mock.

mod store;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use time::Date;

pub use store::{TestReads, TestStore};

use crate::accounts::ports::{AccountRepository, MockAccountRepository};
use crate::achievements::ports::{MockProgressRepository, ProgressRepository};
use crate::achievements::{AchievementFacts, ProgressEvents, UnlockedTiers, UsageFacts, UserFacts};
use crate::administration::ports::{AdministrationRepository, MockAdministrationRepository};
use crate::dashboard::ports::{MockPlatformRepository, PlatformRepository};
use crate::error::StoreError;
use crate::identity::Email;
use crate::identity::ports::{
    ApiTokenRepository, DeviceLoginRepository, ExternalAccountRepository, InvitationRepository, LoginAttemptRepository,
    MockApiTokenRepository, MockDeviceLoginRepository, MockExternalAccountRepository, MockInvitationRepository,
    MockLoginAttemptRepository, MockSessionRepository, SessionRepository,
};
use crate::ids::UserId;
use crate::insights::ports::{BenchmarkRepository, MockBenchmarkRepository, MockWeeklyRepository, WeeklyRepository};
use crate::jobs::ports::{JobQueue, MockJobQueue};
use crate::leaderboard::ports::{LeaderboardRepository, MockLeaderboardRepository};
use crate::notifications::ports::{MockNotificationRepository, NotificationRepository};
use crate::plausibility::ports::{MockPlausibilityRepository, PlausibilityRepository};
use crate::portability::ports::{ImportRepository, MockImportRepository};
use crate::pricing::ports::{MockPriceRepository, PriceRepository};
use crate::projects::ports::{MockProjectRepository, ProjectRepository};
use crate::referrals::ports::{MockReferralRepository, ReferralRepository};
use crate::social::ports::{FollowRepository, MockFollowRepository};
use crate::store::UnitOfWork;
use crate::usage::ports::{LedgerRepository, MockLedgerRepository, RecordedWrite, RollupChanges};
use crate::usage::testing::NOW;
use crate::users::ports::{MockPurgeRepository, MockUserRepository, PurgeRepository, UserRepository};
use crate::users::{Profile, User, Username};

/// A transaction of mocks.
#[derive(Default)]
pub struct TestUnitOfWork {
    pub users: MockUserRepository,
    pub purge: MockPurgeRepository,
    pub sessions: MockSessionRepository,
    pub device_logins: MockDeviceLoginRepository,
    pub api_tokens: MockApiTokenRepository,
    pub invitations: MockInvitationRepository,
    pub login_attempts: MockLoginAttemptRepository,
    pub external_accounts: MockExternalAccountRepository,
    pub follows: MockFollowRepository,
    pub accounts: MockAccountRepository,
    pub ledger: MockLedgerRepository,
    pub progress: MockProgressRepository,
    pub leaderboard: MockLeaderboardRepository,
    pub notifications: MockNotificationRepository,
    pub jobs: MockJobQueue,
    pub weekly: MockWeeklyRepository,
    pub benchmarks: MockBenchmarkRepository,
    pub platform: MockPlatformRepository,
    pub plausibility: MockPlausibilityRepository,
    pub referrals: MockReferralRepository,
    pub prices: MockPriceRepository,
    pub imports: MockImportRepository,
    pub projects: MockProjectRepository,
    pub administration: MockAdministrationRepository,
    /// The number of commits; transactions can share a counter.
    pub commits: Arc<AtomicUsize>,
}

impl TestUnitOfWork {
    /// Lets every account be settled by `active_days` and no other facts or events.
    pub fn expect_settling(&mut self, active_days: BTreeSet<Date>) {
        self.expect_settling_by(facts(active_days), ProgressEvents::default());
    }

    /// Lets every account be settled by `facts`, after `events`.
    pub fn expect_settling_by(&mut self, facts: AchievementFacts, events: ProgressEvents) {
        self.progress.expect_facts().returning(move |_| Ok(Some((facts.clone(), events.clone()))));
        self.progress.expect_award().returning(|_, _, _| Ok(()));
    }

    /// Lets syncs be recorded as `rollups`, and then be settled like [`expect_settling`](Self::expect_settling).
    pub fn expect_recording(&mut self, rollups: RollupChanges, active_days: BTreeSet<Date>) {
        self.expect_recording_by(rollups, facts(active_days), ProgressEvents::default());
    }

    /// Lets syncs be recorded as `rollups`, and then be settled by `facts`, after `events`.
    pub fn expect_recording_by(&mut self, rollups: RollupChanges, facts: AchievementFacts, events: ProgressEvents) {
        let recorded = RecordedWrite { rollups, facts: Some((facts, events)) };
        self.ledger.expect_record().returning(move |_, _, _| Ok(recorded.clone()));
        self.progress.expect_award().returning(|_, _, _| Ok(()));
    }

    /// A store each of whose transactions comes from `open`.
    pub fn store(open: impl Fn() -> Self + Send + Sync + 'static) -> TestStore {
        TestStore::new(move || Ok(open()))
    }
}

/// A public account called `name` with an address and nothing else.
pub fn test_user(id: UserId, name: &str) -> User {
    User {
        id,
        username: Username::trusted(name),
        email: Some(Email::trusted(format!("{name}@example.org"))),
        email_verified: false,
        profile: Profile::default(),
        is_public: true,
        is_admin: false,
        zone: None,
        created_at: NOW,
        updated_at: NOW,
    }
}

/// The facts of an account with `active_days` and nothing else.
pub fn facts(active_days: BTreeSet<Date>) -> AchievementFacts {
    AchievementFacts {
        active_days,
        monthly_tokens: 0,
        usage: UsageFacts::default(),
        user: UserFacts {
            followers: 0,
            following: 0,
            referrals: 0,
            referral_network: 0,
            profile_fields: 0,
            account_number: 1_000_000,
            registered_at: NOW,
            best_rank: 0,
            rank: None,
        },
        held: UnlockedTiers::default(),
    }
}

/// The name of the variant of `error`, such as `UnknownUser`.
pub fn variant(error: &impl Debug) -> &'static str {
    let text = format!("{error:?}");
    let name = text.split(|character: char| !character.is_alphanumeric()).next().unwrap_or_default();
    name.to_owned().leak()
}

#[async_trait]
impl UnitOfWork for TestUnitOfWork {
    fn users(&mut self) -> &mut dyn UserRepository {
        &mut self.users
    }

    fn purge(&mut self) -> &mut dyn PurgeRepository {
        &mut self.purge
    }

    fn sessions(&mut self) -> &mut dyn SessionRepository {
        &mut self.sessions
    }

    fn device_logins(&mut self) -> &mut dyn DeviceLoginRepository {
        &mut self.device_logins
    }

    fn api_tokens(&mut self) -> &mut dyn ApiTokenRepository {
        &mut self.api_tokens
    }

    fn invitations(&mut self) -> &mut dyn InvitationRepository {
        &mut self.invitations
    }

    fn login_attempts(&mut self) -> &mut dyn LoginAttemptRepository {
        &mut self.login_attempts
    }

    fn external_accounts(&mut self) -> &mut dyn ExternalAccountRepository {
        &mut self.external_accounts
    }

    fn follows(&mut self) -> &mut dyn FollowRepository {
        &mut self.follows
    }

    fn accounts(&mut self) -> &mut dyn AccountRepository {
        &mut self.accounts
    }

    fn ledger(&mut self) -> &mut dyn LedgerRepository {
        &mut self.ledger
    }

    fn progress(&mut self) -> &mut dyn ProgressRepository {
        &mut self.progress
    }

    fn leaderboard(&mut self) -> &mut dyn LeaderboardRepository {
        &mut self.leaderboard
    }

    fn notifications(&mut self) -> &mut dyn NotificationRepository {
        &mut self.notifications
    }

    fn jobs(&mut self) -> &mut dyn JobQueue {
        &mut self.jobs
    }

    fn weekly(&mut self) -> &mut dyn WeeklyRepository {
        &mut self.weekly
    }

    fn benchmarks(&mut self) -> &mut dyn BenchmarkRepository {
        &mut self.benchmarks
    }

    fn platform(&mut self) -> &mut dyn PlatformRepository {
        &mut self.platform
    }

    fn plausibility(&mut self) -> &mut dyn PlausibilityRepository {
        &mut self.plausibility
    }

    fn referrals(&mut self) -> &mut dyn ReferralRepository {
        &mut self.referrals
    }

    fn prices(&mut self) -> &mut dyn PriceRepository {
        &mut self.prices
    }

    fn imports(&mut self) -> &mut dyn ImportRepository {
        &mut self.imports
    }

    fn projects(&mut self) -> &mut dyn ProjectRepository {
        &mut self.projects
    }

    fn administration(&mut self) -> &mut dyn AdministrationRepository {
        &mut self.administration
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.commits.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}
