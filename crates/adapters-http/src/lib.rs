//! The REST API: the edge between HTTP and the domain.
//!
//! [`app::app`] joins the layers. [`routes::Routes`] is the route table, one file per context, joined by [`services::api`];
//! [`services::Services`] are the use cases. A handler takes the [`caller::Caller`], the request's values ([`body::Body`],
//! [`input::Query`], [`input::PathArgs`]) and a use case, and returns one of [`answer`] or an [`error::ApiError`].

pub mod achievements;
pub mod administration;
pub mod answer;
pub mod app;
pub mod body;
pub mod caller;
pub mod client_ip;
pub mod dashboard;
pub mod edge;
pub mod error;
pub mod feed;
pub mod health;
pub mod identity;
pub mod input;
pub mod insights;
pub mod instants;
pub mod json;
pub mod leaderboard;
pub mod limits;
pub mod metrics;
pub mod notifications;
pub mod openapi;
mod page;
pub mod paging;
pub mod projects;
pub mod referrals;
mod request_log;
pub mod routes;
pub mod server;
pub mod services;
pub mod social;
pub mod stats;
pub mod usage;
pub mod users;
pub mod validation;

#[doc(hidden)]
pub use pastey;
