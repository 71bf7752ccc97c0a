//! Who follows whom, the feed, and the streams that carry it.

mod account_lists;
mod feed;
mod follows;
mod hub;

pub use hub::{Hub, HubLimits};
