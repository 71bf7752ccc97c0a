//! People and their profiles.

mod error;
pub mod ports;
mod profile;
mod service;

pub use error::UserError;
pub use profile::{Profile, ProfileChange, Region, User, Username, WebUrl};
pub use service::Users;
