//! The edge and the routes, tried over the wire against a real server.

mod achievements;
mod administration;
mod auth;
mod dashboard;
mod device;
mod edge;
mod emails;
mod errors;
mod export;
mod feed;
mod forget;
mod insights;
mod leaderboard;
mod leaving;
mod limits;
mod metrics;
mod notifications;
mod oauth;
mod referrals;
mod social;
mod support;
mod sync;
mod tokens;
mod users;
