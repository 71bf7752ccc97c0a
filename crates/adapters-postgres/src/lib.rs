//! The domain's ports on PostgreSQL: diesel and diesel-async over a pool of our own.
//!
//! [`Database`] opens transactions ([`unit_of_work`]) and serves the read models. Ordinary queries are written in diesel
//! beside their row struct; heavy statements are files beside the code that runs them, through [`statement::Statement`].

mod accounts;
mod administration;
mod auth_guard;
mod backup;
mod channel_binding;
mod connect;
mod counts;
mod dashboard;
mod database;
mod day_runs;
mod dictionary;
mod error;
mod error_codes;
mod identity;
mod insights;
mod inspection;
mod instance;
mod jobs;
mod key_fingerprint;
mod leaderboard;
mod ledger;
mod listening;
pub mod metrics;
mod migrations;
mod notifications;
mod numeric;
mod payload;
mod plausibility;
mod pool;
mod portability;
mod prelude;
mod pricing;
mod progress;
mod projects;
mod query;
mod reads;
mod referrals;
mod schema;
mod shared_look_ups;
mod social;
mod statement;
mod streaks;
mod sums;
mod tls;
mod unit_of_work;
mod users;
mod wake;
mod work_class;

pub use backup::{ExportedSnapshot, LibpqConnection};
pub use connect::DatabaseAddress;
pub use database::{Database, PoolSettings};
pub use error::ConnectError;
pub use identity::BatchedSessionReader;
pub use inspection::{InspectedDatabase, SchemaState};
pub use instance::InstanceState;
pub use migrations::{DroppedData, MigrationError, MigrationState, Migrations, Reversal, create_database};
pub use pool::QueryCount;
pub use social::{Hub, HubLimits};
pub use wake::wake_on_jobs;
pub use work_class::WorkClass;
