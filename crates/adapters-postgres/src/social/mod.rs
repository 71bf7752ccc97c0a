//! Follows, the feed, and live activities.

mod account_lists;
mod feed;
mod follows;
mod hub;

pub use hub::{Hub, HubLimits};
