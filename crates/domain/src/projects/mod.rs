//! Projects: up to twenty links on a profile, visible to the viewers of the profile's figures.
//!
//! The server never requests the address of a project, so it has no picture or description from there.

mod error;
pub mod ports;
mod project;
mod service;

pub use error::ProjectError;
pub use project::{Description, MOST_PROJECTS, Project, ProjectChange, ProjectDetails, Title};
pub use service::Projects;
