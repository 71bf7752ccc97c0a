//! What people are told: once per subject, unless they do not want to be.
//!
//! A notification is written in the transaction of what it tells of. Its owner reads it in their [`Notifications`], says what they
//! have read and which kinds they want. What is old enough is removed ([`RetentionCutoffs`]).

mod error;
mod listing;
mod notification;
pub mod ports;
mod preferences;
mod retention;
mod service;
mod unsubscribing;

pub use error::NotificationError;
pub use listing::{Listed, Listing, MOST_MARKED, Received, Which};
pub use notification::{Notification, NotificationContent, NotificationKind};
pub use preferences::{Channels, ChannelsChange, Preferences, PreferencesChange};
pub use retention::{Forgotten, RetentionCutoffs};
pub use service::Notifications;
pub use unsubscribing::Unsubscribing;
