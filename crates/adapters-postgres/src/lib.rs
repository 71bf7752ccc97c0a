//! The domain's ports on PostgreSQL: diesel and diesel-async over a pool of our own.
//!
//! [`Database`] opens transactions ([`unit_of_work`]) and serves the read models. Ordinary queries are written in diesel
//! beside their row struct; heavy statements are files in `sql/`, run through [`statement::Statement`].

mod account_lists;
mod accounts;
mod administration;
mod api_tokens;
mod auth_guard;
mod channel_binding;
mod connect;
mod dashboard;
mod database;
mod device_logins;
mod dictionary;
mod error;
mod external_accounts;
mod feed;
mod follows;
mod hub;
mod insights;
mod jobs;
mod leaderboard;
mod ledger;
mod listening;
mod login_attempts;
mod migrations;
mod notifications;
mod numeric;
mod payload;
mod plausibility;
mod pool;
mod portability;
mod prices;
mod principals;
mod progress;
mod projects;
mod purge;
mod readiness;
mod referrals;
mod repricing;
mod schema;
mod sessions;
mod statement;
mod streaks;
mod sums;
mod tls;
mod unit_of_work;
mod users;
mod wake;
mod work_class;

pub use database::{Database, PoolSettings};
pub use error::ConnectError;
pub use hub::{Hub, HubLimits};
pub use migrations::{MigrationError, MigrationState, Migrations, create_database};
pub use pool::QueryCount;
pub use principals::BatchedSessionReader;
pub use wake::wake_on_jobs;
pub use work_class::WorkClass;
