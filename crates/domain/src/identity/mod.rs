//! Who is who: registration, sign-in, sessions.
//!
//! A session is an opaque bearer token of 256 random bits that lasts 30 days; only its SHA-256 is stored.
//! Who fails to sign in under a name too often in a minute waits ([`FailedLogins`]), on every server of the database.

mod attempts;
mod credentials;
mod error;
pub mod ports;
mod service;
mod session;

pub use attempts::{FailedLogins, TriedName};
pub use credentials::{Email, Password, PasswordHash};
pub use error::IdentityError;
pub use service::{Identity, Registration};
pub use session::{Device, Principal, Session, SessionToken, SignedIn, TokenHash};
