//! What people are told: once per subject, unless they do not want to be.
//!
//! A notification is written in the transaction of what it tells of. Its owner reads it in their [`Inbox`], says what they
//! have read and which kinds they want. What is old enough is removed ([`Expiry`]).

mod error;
mod expiry;
mod listing;
mod notification;
pub mod ports;
mod preferences;
mod service;
mod unsubscribing;

pub use error::NotificationError;
pub use expiry::{Expiry, Forgotten};
pub use listing::{Listed, Listing, MOST_MARKED, Received, Which};
pub use notification::{Notification, NotificationKind, Told};
pub use preferences::{Channels, ChannelsChange, Preferences, PreferencesChange};
pub use service::Inbox;
pub use unsubscribing::Unsubscribing;
