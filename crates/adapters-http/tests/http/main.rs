//! The edge and the routes, tried over the wire against a real server.

mod achievements;
mod administration;
mod auth;
mod dashboard;
mod device;
mod edge;
mod errors;
mod feed;
mod forget;
mod leaderboard;
mod leaving;
mod limits;
mod notifications;
mod oauth;
mod referrals;
mod social;
mod support;
mod sync;
mod tokens;
mod users;
