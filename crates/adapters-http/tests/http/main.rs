//! The edge and the routes, tried over the wire against a real server.

mod achievements;
mod auth;
mod dashboard;
mod edge;
mod errors;
mod limits;
mod oauth;
mod referrals;
mod social;
mod support;
mod sync;
mod users;
