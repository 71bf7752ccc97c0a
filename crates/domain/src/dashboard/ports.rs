//! What dashboards need from outside.

use std::collections::BTreeSet;

use async_trait::async_trait;
use time::{Date, OffsetDateTime};

use super::compare::Favourites;
use super::views::{DayUsage, MachineUsage, ModelUsage, PlatformTotals, ToolUsage, TopList};
use crate::days::Window;
use crate::error::StoreError;
use crate::ids::UserId;
use crate::progression::EventXp;
use crate::usage::Sums;

/// The figures of one person, as they are stored.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Figures {
    /// Lifetime totals.
    pub totals: Sums,
    /// The active days.
    pub active_days: BTreeSet<Date>,
    /// Tokens of the days asked for.
    pub window_tokens: i64,
    /// XP awarded for events.
    pub event_xp: EventXp,
    /// How many achievements are unlocked.
    pub achievements: u32,
    /// How many different models were used.
    pub models: u32,
    /// How many different tools were used.
    pub sources: u32,
}

/// Reads what is shown. Each method is one statement, and each asks anew whether `viewer` (nobody, when anonymous) may
/// see it: of who may not be seen there is nothing, whatever an earlier statement said.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait DashboardReader: Send + Sync {
    /// The figures of those people whom `viewer` may see, with the tokens of their windows.
    async fn figures(&self, windows: &[Window], viewer: Option<UserId>) -> Result<Vec<(UserId, Figures)>, StoreError>;

    /// Of those people whom `viewer` may see, the dearest models and tools, up to `count` each, by cost, then tokens.
    async fn favourites(
        &self,
        people: &[UserId],
        viewer: Option<UserId>,
        count: u32,
    ) -> Result<Vec<(UserId, Favourites)>, StoreError>;

    /// The days with usage, oldest first.
    async fn days(&self, window: Window, viewer: Option<UserId>) -> Result<Vec<DayUsage>, StoreError>;

    /// The days of the window `days` with usage, oldest first, and tokens by local hour in the window `hours`.
    async fn days_and_hours(
        &self,
        days: Window,
        hours: Window,
        viewer: Option<UserId>,
    ) -> Result<(Vec<DayUsage>, [i64; 24]), StoreError>;

    /// Usage by tool, by cost, then tokens; up to [`MOST_LISTED`](super::MOST_LISTED) rows, as each of the lists by name.
    async fn tools(&self, window: Window, viewer: Option<UserId>) -> Result<TopList<ToolUsage>, StoreError>;

    /// Usage by model, by cost, then tokens.
    async fn models(&self, window: Window, viewer: Option<UserId>) -> Result<TopList<ModelUsage>, StoreError>;

    /// Usage by machine, for its owner, the last synced first.
    async fn machines(&self, user: UserId) -> Result<TopList<MachineUsage>, StoreError>;

    /// What the whole instance came to when the worker last computed it; nothing before that.
    async fn platform(&self) -> Result<PlatformTotals, StoreError>;
}

/// Computes what the whole instance comes to.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait PlatformRepository: Send {
    /// Stores the figures as of `now` in the place of those before.
    async fn refresh(&mut self, now: OffsetDateTime) -> Result<PlatformTotals, StoreError>;
}
