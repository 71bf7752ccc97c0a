//! Transactions: a [`Store`] opens a [`UnitOfWork`], which hands out every repository.

use std::time::Duration;

use async_trait::async_trait;

use crate::accounts::ports::AccountRepository;
use crate::achievements::ports::{AchievementReader, ProgressRepository};
use crate::administration::ports::{AdministrationReader, AdministrationRepository};
use crate::dashboard::ports::{DashboardReader, PlatformRepository};
use crate::error::StoreError;
use crate::identity::ports::{
    ApiTokenRepository, DeviceLoginRepository, ExternalAccountRepository, InvitationRepository, LoginAttemptRepository,
    SessionRepository,
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
use crate::usage::ports::{LedgerRepository, SyncStateReader, UnpricedReader};
use crate::users::ports::{ProfileReader, PurgeRepository, UserRepository};

/// Opens transactions and reads projections.
#[async_trait]
pub trait Store: Send + Sync {
    /// Begins a transaction on a connection of its own.
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError>;

    /// The projections, each method one read outside any transaction of the caller.
    fn reads(&self) -> &dyn Reads;

    /// Waits for a random time between half of `longest` and all of it, so that collided transactions do not collide again.
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
    /// What was synced.
    fn sync_state(&self) -> &dyn SyncStateReader;
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
    fn users(&mut self) -> &mut dyn UserRepository;
    fn purge(&mut self) -> &mut dyn PurgeRepository;
    fn sessions(&mut self) -> &mut dyn SessionRepository;
    fn device_logins(&mut self) -> &mut dyn DeviceLoginRepository;
    fn api_tokens(&mut self) -> &mut dyn ApiTokenRepository;
    fn invitations(&mut self) -> &mut dyn InvitationRepository;
    fn login_attempts(&mut self) -> &mut dyn LoginAttemptRepository;
    fn external_accounts(&mut self) -> &mut dyn ExternalAccountRepository;
    fn follows(&mut self) -> &mut dyn FollowRepository;
    fn accounts(&mut self) -> &mut dyn AccountRepository;
    fn ledger(&mut self) -> &mut dyn LedgerRepository;
    fn progress(&mut self) -> &mut dyn ProgressRepository;
    fn leaderboard(&mut self) -> &mut dyn LeaderboardRepository;
    fn notifications(&mut self) -> &mut dyn NotificationRepository;
    fn jobs(&mut self) -> &mut dyn JobQueue;
    fn weekly(&mut self) -> &mut dyn WeeklyRepository;
    fn benchmarks(&mut self) -> &mut dyn BenchmarkRepository;
    fn platform(&mut self) -> &mut dyn PlatformRepository;
    fn plausibility(&mut self) -> &mut dyn PlausibilityRepository;
    fn referrals(&mut self) -> &mut dyn ReferralRepository;
    fn prices(&mut self) -> &mut dyn PriceRepository;
    fn imports(&mut self) -> &mut dyn ImportRepository;
    fn projects(&mut self) -> &mut dyn ProjectRepository;
    fn administration(&mut self) -> &mut dyn AdministrationRepository;
    /// Makes all changes visible to others, or fails and undoes them.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}
