//! Transactions: [`Store`] opens a [`UnitOfWork`], which is every repository at once.

use async_trait::async_trait;
use thiserror::Error;

use crate::achievements::ports::ProgressRepository;
use crate::administration::ports::AdministrationRepository;
use crate::error::{DomainError, ErrorKind};
use crate::identity::ports::{
    ApiTokenRepository, DeviceLoginRepository, ExternalAccountRepository, LoginAttemptRepository, SessionRepository,
};
use crate::insights::ports::{BenchmarkRepository, WeeklyRepository};
use crate::jobs::JobQueue;
use crate::leaderboard::ports::LeaderboardRepository;
use crate::notifications::ports::NotificationRepository;
use crate::plausibility::ports::PlausibilityRepository;
use crate::portability::ports::ImportRepository;
use crate::pricing::ports::PriceRepository;
use crate::referrals::ports::ReferralRepository;
use crate::social::ports::FollowRepository;
use crate::usage::ports::LedgerRepository;
use crate::users::ports::{PurgeRepository, UserRepository};

/// Opens transactions.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait Store: Send + Sync {
    /// Begins a transaction on a connection of its own.
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError>;
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
    /// Whose usage is hard to believe.
    fn plausibility(&mut self) -> &mut dyn PlausibilityRepository;
    /// Who came by whom.
    fn referrals(&mut self) -> &mut dyn ReferralRepository;
    /// The prices that are stored.
    fn prices(&mut self) -> &mut dyn PriceRepository;
    /// What accounts bring along.
    fn imports(&mut self) -> &mut dyn ImportRepository;
    /// What administrators decide, and the log of it.
    fn administration(&mut self) -> &mut dyn AdministrationRepository;
    /// Makes everything done so far visible to others, or fails and undoes it all.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// Why the database did not do what it was asked.
#[derive(Debug, Clone, Error)]
pub enum StoreError {
    /// It cannot be reached, or has no connection free; asking later may help.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// A unique constraint refused a row; a race that an earlier check lost.
    #[error("a row collided with {constraint}")]
    Conflict {
        /// The constraint's name in the schema, such as `users_email_key`.
        constraint: String,
    },
    /// It refused, or answered something that makes no sense: a defect of ours.
    #[error("the database failed: {0}")]
    Internal(String),
}

impl DomainError for StoreError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Unavailable(_) => ErrorKind::Unavailable,
            Self::Conflict { .. } => ErrorKind::Conflict,
            Self::Internal(_) => ErrorKind::Internal,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "store_unavailable",
            Self::Conflict { .. } => "store_conflict",
            Self::Internal(_) => "store_failed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::assert_promises;

    #[test]
    fn each_error_of_the_store_says_whether_asking_later_may_help() {
        assert_promises([
            (
                StoreError::Unavailable("away".into()),
                ErrorKind::Unavailable,
                "store_unavailable",
                None,
                "the database is not available: away",
            ),
            (
                StoreError::Conflict { constraint: "users_email_key".into() },
                ErrorKind::Conflict,
                "store_conflict",
                None,
                "a row collided with users_email_key",
            ),
            (
                StoreError::Internal("no such column".into()),
                ErrorKind::Internal,
                "store_failed",
                None,
                "the database failed: no such column",
            ),
        ]);
    }
}
