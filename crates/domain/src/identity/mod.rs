//! Who is who: registration, sign-in, sessions.
//!
//! A session is an opaque bearer token of 256 random bits that lasts 30 days; only its SHA-256 is stored.

mod credentials;
mod error;
pub mod ports;
mod service;
mod session;

pub use credentials::{Email, Password, PasswordHash};
pub use error::IdentityError;
pub use service::{Identity, Registration};
pub use session::{Device, Principal, Session, SessionToken, SignedIn, TokenHash};
