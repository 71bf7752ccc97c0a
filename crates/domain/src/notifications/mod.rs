//! What people are told: once per subject, unless they do not want to be.

mod notification;

pub use notification::{Notification, NotificationKind, Told};
