//! The ports against a real PostgreSQL, each test on a database of its own.
#![expect(clippy::disallowed_methods, reason = "tests mint their own ids")]

mod administration;
mod common;
mod counts;
mod emails;
mod extremes;
mod feed;
mod handovers;
mod hub;
mod insights;
mod jobs;
mod leaderboard;
mod leaving;
mod ledger;
mod login_attempts;
mod migrations;
mod model_names;
mod names;
mod notifications;
mod oauth;
mod plans;
mod plausibility;
mod pools;
mod portability;
mod prices;
mod profiles;
mod progress;
mod projects;
mod referrals;
mod schema;
mod sessions;
mod social;
mod unit_of_work;
mod usage_projects;
mod visibility;
mod weeks;
