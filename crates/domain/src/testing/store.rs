//! A store whose transactions come from a function, and whose readers are mocks.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use time::OffsetDateTime;

use super::TestUnitOfWork;
use crate::achievements::ports::{AchievementReader, MockAchievementReader};
use crate::administration::ports::{AdministrationReader, MockAdministrationReader};
use crate::clock::FixedClock;
use crate::dashboard::ports::{DashboardReader, MockDashboardReader};
use crate::deps::Deps;
use crate::error::StoreError;
use crate::ids::{CountingIds, Ids};
use crate::insights::ports::{InsightReader, MockInsightReader, MockWeeklyReader, WeeklyReader};
use crate::leaderboard::ports::{LeaderboardReader, MockLeaderboardReader};
use crate::notifications::ports::{MockNotificationReader, NotificationReader};
use crate::plausibility::ports::{MockPlausibilityReader, PlausibilityReader};
use crate::portability::ports::{ExportReader, MockExportReader};
use crate::pricing::ports::{MockPriceReader, PriceReader};
use crate::projects::ports::{MockProjectReader, ProjectReader};
use crate::referrals::ports::{MockReferralReader, ReferralReader};
use crate::social::ports::{FeedReader, FollowReader, MockFeedReader, MockFollowReader};
use crate::store::{Reads, Store, UnitOfWork};
use crate::streaks::ports::{MockStreakReader, StreakReader};
use crate::usage::ports::{MockSyncStateReader, MockUnpricedReader, SyncStateReader, UnpricedReader};
use crate::usage::testing::NOW;
use crate::users::ports::{MockProfileReader, ProfileReader};

/// Declares the readers, each a mock that a test may set.
macro_rules! reads {
    ($($name:ident: $mock:ident is $port:ident),+ $(,)?) => {
        /// Readers that do what a test tells them.
        #[derive(Default)]
        pub struct TestReads {
            $(pub $name: $mock,)+
        }

        impl Reads for TestReads {
            $(fn $name(&self) -> &dyn $port {
                &self.$name
            })+
        }
    };
}

reads! {
    profiles: MockProfileReader is ProfileReader,
    dashboard: MockDashboardReader is DashboardReader,
    achievements: MockAchievementReader is AchievementReader,
    streaks: MockStreakReader is StreakReader,
    leaderboard: MockLeaderboardReader is LeaderboardReader,
    follows: MockFollowReader is FollowReader,
    feed: MockFeedReader is FeedReader,
    notifications: MockNotificationReader is NotificationReader,
    referrals: MockReferralReader is ReferralReader,
    projects: MockProjectReader is ProjectReader,
    insights: MockInsightReader is InsightReader,
    weekly: MockWeeklyReader is WeeklyReader,
    prices: MockPriceReader is PriceReader,
    sync_state: MockSyncStateReader is SyncStateReader,
    unpriced: MockUnpricedReader is UnpricedReader,
    plausibility: MockPlausibilityReader is PlausibilityReader,
    administration: MockAdministrationReader is AdministrationReader,
    exports: MockExportReader is ExportReader,
}

/// A store for tests.
pub struct TestStore {
    begin: Box<dyn Fn() -> Result<TestUnitOfWork, StoreError> + Send + Sync>,
    pause: Box<dyn Fn(Duration) + Send + Sync>,
    reads: TestReads,
}

impl TestStore {
    /// A store each of whose transactions comes from `begin`.
    pub fn new(begin: impl Fn() -> Result<TestUnitOfWork, StoreError> + Send + Sync + 'static) -> Self {
        Self { begin: Box::new(begin), pause: Box::new(|_| ()), reads: TestReads::default() }
    }

    /// A store with empty transactions that reads from `reads`.
    pub fn reading(reads: TestReads) -> Self {
        Self { reads, ..Self::new(|| Ok(TestUnitOfWork::default())) }
    }

    /// Reads from `reads`.
    #[must_use]
    pub fn with_reads(self, reads: TestReads) -> Self {
        Self { reads, ..self }
    }

    /// Calls `pause` instead of waiting.
    #[must_use]
    pub fn with_pauses(self, pause: impl Fn(Duration) + Send + Sync + 'static) -> Self {
        Self { pause: Box::new(pause), ..self }
    }

    /// The store at [`NOW`], with ids that count up.
    pub fn deps(self) -> Deps {
        self.deps_at(NOW)
    }

    /// The store at `now`, with ids that count up.
    pub fn deps_at(self, now: OffsetDateTime) -> Deps {
        Deps { store: Arc::new(self), clock: Arc::new(FixedClock(now)), ids: Arc::new(CountingIds) }
    }

    /// The store at [`NOW`], with `ids`.
    pub fn deps_with(self, ids: impl Ids + 'static) -> Deps {
        Deps { ids: Arc::new(ids), ..self.deps() }
    }
}

#[async_trait]
impl Store for TestStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        Ok(Box::new((self.begin)()?))
    }

    fn reads(&self) -> &dyn Reads {
        &self.reads
    }

    async fn pause(&self, longest: Duration) {
        (self.pause)(longest);
    }
}
