//! The REST API: the edge between HTTP and the domain.

pub mod body;
pub mod error;
pub mod instants;
pub mod sync;
pub mod validation;
