//! Ports of dashboards.

use std::collections::BTreeSet;

use async_trait::async_trait;
use time::{Date, OffsetDateTime};

use super::favourites::Favourites;
use super::views::{DayUsage, MachineUsage, ModelUsage, PlatformTotals, ProjectUsage, ToolUsage, TopList};
use crate::days::Window;
use crate::error::StoreError;
use crate::ids::UserId;
use crate::progression::EventXp;
use crate::usage::Sums;
use crate::users::{User, Username};

/// The stored figures of an account.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AccountFigures {
    /// Lifetime totals.
    pub totals: Sums,
    pub active_days: BTreeSet<Date>,
    /// Tokens of the requested days.
    pub window_tokens: i64,
    /// XP of events.
    pub event_xp: EventXp,
    /// Unlocked achievements.
    pub achievements: u32,
    /// Different models.
    pub models: u32,
    /// Different tools.
    pub sources: u32,
}

/// A user that was looked up by name, with figures.
#[derive(Debug, Clone, PartialEq)]
pub struct ProfileFigures {
    pub user: User,
    /// `None` if the viewer may not see them.
    pub figures: Option<AccountFigures>,
}

/// Reads projections. Each method is one statement and decides itself whether `viewer` (`None` is anonymous) may see the account
/// (I7). A hidden account yields nothing.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait DashboardReader: Send + Sync {
    /// The user `name`, with the figures that `viewer` may see, whose window is the month of the user's local day at `now`.
    async fn profile(
        &self,
        name: &Username,
        viewer: Option<UserId>,
        now: OffsetDateTime,
    ) -> Result<Option<ProfileFigures>, StoreError>;

    /// The figures of the visible accounts, with the tokens of their windows.
    async fn figures(
        &self,
        windows: &[Window],
        viewer: Option<UserId>,
    ) -> Result<Vec<(UserId, AccountFigures)>, StoreError>;

    /// The models and tools with the highest cost of the visible accounts, up to `count` each, by cost, then tokens.
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

    /// Usage by tool, by cost, then tokens. Like all lists by name, it has up to [`MOST_LISTED`](super::MOST_LISTED) rows.
    async fn tools(&self, window: Window, viewer: Option<UserId>) -> Result<TopList<ToolUsage>, StoreError>;

    /// Usage by model, by cost, then tokens.
    async fn models(&self, window: Window, viewer: Option<UserId>) -> Result<TopList<ModelUsage>, StoreError>;

    /// Usage by machine, for the owner, the last synced first.
    async fn machines(&self, user: UserId) -> Result<TopList<MachineUsage>, StoreError>;

    /// Usage by project, for the owner, by cost, then tokens.
    async fn projects(&self, window: Window) -> Result<TopList<ProjectUsage>, StoreError>;

    /// The last computed totals of the instance; zero before the first computation.
    async fn platform(&self) -> Result<PlatformTotals, StoreError>;
}

/// Computes the totals of the instance.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait PlatformRepository: Send {
    /// Replaces the stored totals by those of `now`.
    async fn refresh(&mut self, now: OffsetDateTime) -> Result<PlatformTotals, StoreError>;
}
