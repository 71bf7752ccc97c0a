//! Users and their profiles.

mod error;
mod leaving;
pub mod ports;
mod profile;
mod profiles;
mod service;
mod viewed_profile;

pub use error::UserError;
pub use leaving::{GRACE_PERIOD, Presence, PurgeReport, Suspension, gone_by};
pub use profile::{Profile, ProfileChange, Region, User, Username, WebUrl};
pub use profiles::Profiles;
pub use service::Users;
pub use viewed_profile::{FoundProfile, ViewedProfile};
