//! The REST API: the edge between HTTP and the domain.
//!
//! [`app::app`] puts the layers together; [`routes::Routes`] is the table of operations, one file per context. A handler
//! takes who asks, what is asked ([`body::Body`], [`input::Query`], [`input::PathArgs`]) and a service, and answers with
//! one of [`answer`] or an [`error::ApiError`].

pub mod answer;
pub mod app;
pub mod body;
pub mod edge;
pub mod error;
pub mod health;
pub mod input;
pub mod instants;
pub mod json;
pub mod openapi;
pub mod paging;
pub mod routes;
pub mod server;
pub mod sync;
pub mod validation;

#[doc(hidden)]
pub use pastey;
