//! Transactions: [`Store`] opens a [`UnitOfWork`], which is every repository at once.

use std::time::Duration;

use async_trait::async_trait;

use crate::accounts::ports::AccountRepository;
use crate::achievements::ports::{AchievementReader, ProgressRepository};
use crate::administration::ports::{AdministrationReader, AdministrationRepository};
use crate::dashboard::ports::{DashboardReader, PlatformRepository};
use crate::error::StoreError;
use crate::identity::ports::{
    ApiTokenRepository, DeviceLoginRepository, ExternalAccountRepository, LoginAttemptRepository, SessionRepository,
};
use crate::insights::ports::{BenchmarkRepository, InsightReader, WeeklyReader, WeeklyRepository};
use crate::jobs::JobQueue;
use crate::leaderboard::ports::{LeaderboardReader, LeaderboardRepository};
use crate::notifications::ports::{NotificationReader, NotificationRepository};
use crate::plausibility::ports::{PlausibilityReader, PlausibilityRepository};
use crate::portability::ports::{ExportReader, ImportRepository};
use crate::pricing::ports::{PriceReader, PriceRepository};
use crate::projects::ports::{ProjectReader, ProjectRepository};
use crate::referrals::ports::{ReferralReader, ReferralRepository};
use crate::social::ports::{FeedReader, FollowReader, FollowRepository};
use crate::streaks::ports::StreakReader;
use crate::usage::ports::{LedgerRepository, UnpricedReader};
use crate::users::ports::{ProfileReader, PurgeRepository, UserRepository};

/// Opens transactions and reads projections.
#[async_trait]
pub trait Store: Send + Sync {
    /// Begins a transaction on a connection of its own.
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError>;

    /// The projections, each method one read outside any transaction of the caller.
    fn reads(&self) -> &dyn Reads;

    /// Waits for a random time between half of `longest` and all of it, so that transactions that collided do not collide again.
    async fn pause(&self, longest: Duration);
}

/// The readers of projections, by context.
pub trait Reads: Send + Sync {
    /// Accounts, and whom a viewer may see.
    fn profiles(&self) -> &dyn ProfileReader;
    /// Figures of accounts.
    fn dashboard(&self) -> &dyn DashboardReader;
    /// Achievements of an account.
    fn achievements(&self) -> &dyn AchievementReader;
    /// Streaks, by time zone.
    fn streaks(&self) -> &dyn StreakReader;
    /// Positions on boards.
    fn leaderboard(&self) -> &dyn LeaderboardReader;
    /// Follows and requests to follow.
    fn follows(&self) -> &dyn FollowReader;
    /// Activities.
    fn feed(&self) -> &dyn FeedReader;
    /// Notifications and settings of emails.
    fn notifications(&self) -> &dyn NotificationReader;
    /// Referral codes and their figures.
    fn referrals(&self) -> &dyn ReferralReader;
    /// Projects on profiles.
    fn projects(&self) -> &dyn ProjectReader;
    /// Benchmarks.
    fn insights(&self) -> &dyn InsightReader;
    /// Accounts whose weekly summary is due.
    fn weekly(&self) -> &dyn WeeklyReader;
    /// Stored prices.
    fn prices(&self) -> &dyn PriceReader;
    /// Messages without a price.
    fn unpriced(&self) -> &dyn UnpricedReader;
    /// Usage that is checked for plausibility.
    fn plausibility(&self) -> &dyn PlausibilityReader;
    /// Administrators, flags and the audit log.
    fn administration(&self) -> &dyn AdministrationReader;
    /// Snapshots of whole accounts.
    fn exports(&self) -> &dyn ExportReader;
}

/// One transaction. Dropping it without [`commit`](Self::commit) undoes everything.
#[async_trait]
pub trait UnitOfWork: Send {
    /// The accounts.
    fn users(&mut self) -> &mut dyn UserRepository;
    /// The accounts that are gone for good.
    fn purge(&mut self) -> &mut dyn PurgeRepository;
    /// The signed-in sessions.
    fn sessions(&mut self) -> &mut dyn SessionRepository;
    /// Programs that wait for somebody to confirm their sign-in.
    fn device_logins(&mut self) -> &mut dyn DeviceLoginRepository;
    /// The API tokens.
    fn api_tokens(&mut self) -> &mut dyn ApiTokenRepository;
    /// Who failed to sign in.
    fn login_attempts(&mut self) -> &mut dyn LoginAttemptRepository;
    /// The accounts at providers that people sign in through.
    fn external_accounts(&mut self) -> &mut dyn ExternalAccountRepository;
    /// Who follows whom.
    fn follows(&mut self) -> &mut dyn FollowRepository;
    /// The state and the locks of accounts.
    fn accounts(&mut self) -> &mut dyn AccountRepository;
    /// The ledger of messages with its roll-ups.
    fn ledger(&mut self) -> &mut dyn LedgerRepository;
    /// What was earned.
    fn progress(&mut self) -> &mut dyn ProgressRepository;
    /// The boards.
    fn leaderboard(&mut self) -> &mut dyn LeaderboardRepository;
    /// What people are told.
    fn notifications(&mut self) -> &mut dyn NotificationRepository;
    /// What is to be done later.
    fn jobs(&mut self) -> &mut dyn JobQueue;
    /// Which weeks were summed up for whom.
    fn weekly(&mut self) -> &mut dyn WeeklyRepository;
    /// What the community came to.
    fn benchmarks(&mut self) -> &mut dyn BenchmarkRepository;
    /// What the whole instance comes to.
    fn platform(&mut self) -> &mut dyn PlatformRepository;
    /// Whose usage is hard to believe.
    fn plausibility(&mut self) -> &mut dyn PlausibilityRepository;
    /// Who came by whom.
    fn referrals(&mut self) -> &mut dyn ReferralRepository;
    /// The prices that are stored.
    fn prices(&mut self) -> &mut dyn PriceRepository;
    /// What accounts bring along.
    fn imports(&mut self) -> &mut dyn ImportRepository;
    /// The projects on profiles.
    fn projects(&mut self) -> &mut dyn ProjectRepository;
    /// What administrators decide, and the log of it.
    fn administration(&mut self) -> &mut dyn AdministrationRepository;
    /// Makes everything done so far visible to others, or fails and undoes it all.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}
