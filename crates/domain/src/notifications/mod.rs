//! Notifications: one per event, unless the account has switched its kind off.
//!
//! A notification is written in the transaction of its event. [`Notifications`] lists them, marks them as read and changes
//! preferences. Old ones are removed ([`RetentionCutoffs`]).

mod error;
mod listing;
mod notification;
pub mod ports;
mod preferences;
mod retention;
mod service;
mod unsubscribing;

pub use error::NotificationError;
pub use listing::{ListedNotification, MOST_MARKED, NotificationPage, NotificationQuery, NotificationSelection};
pub use notification::{Notification, NotificationContent, NotificationKind};
pub use preferences::{Channels, ChannelsChange, Preferences, PreferencesChange};
pub use retention::{Forgotten, RetentionCutoffs, RetentionPeriods};
pub use service::Notifications;
pub use unsubscribing::Unsubscribing;
