//! The edge and the routes, tried over the wire against a real server.

mod auth;
mod dashboard;
mod edge;
mod errors;
mod oauth;
mod social;
mod support;
mod sync;
mod users;
