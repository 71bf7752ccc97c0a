//! What dashboards need from outside.

use std::collections::BTreeSet;

use async_trait::async_trait;
use time::Date;

use super::views::{DayUsage, MachineUsage, ModelUsage, PlatformTotals, ToolUsage};
use crate::ids::UserId;
use crate::progression::EventXp;
use crate::store::StoreError;
use crate::usage::Sums;
use crate::users::{User, Username};

/// A person as somebody else meets them.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// The account.
    pub user: User,
    /// Whether the one who asks may see more than username, name and image.
    pub visible: bool,
}

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

/// Reads what is shown. Each method is one statement.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait DashboardReader: Send + Sync {
    /// The person called `name`, as `viewer` (nobody, when anonymous) may see them.
    async fn person(&self, name: &Username, viewer: Option<UserId>) -> Result<Option<Person>, StoreError>;

    /// The account of `user`.
    async fn account(&self, user: UserId) -> Result<Option<User>, StoreError>;

    /// The figures of `user`; the window is `from` to `to`, both included.
    async fn figures(&self, user: UserId, from: Date, to: Date) -> Result<Figures, StoreError>;

    /// The days with usage from `from` to `to`, both included, oldest first.
    async fn days(&self, user: UserId, from: Date, to: Date) -> Result<Vec<DayUsage>, StoreError>;

    /// Tokens by local hour from `from` to `to`, both included.
    async fn hours(&self, user: UserId, from: Date, to: Date) -> Result<[i64; 24], StoreError>;

    /// Usage by tool from `from` to `to`, both included, by cost, then tokens.
    async fn tools(&self, user: UserId, from: Date, to: Date) -> Result<Vec<ToolUsage>, StoreError>;

    /// Usage by model from `from` to `to`, both included, by cost, then tokens.
    async fn models(&self, user: UserId, from: Date, to: Date) -> Result<Vec<ModelUsage>, StoreError>;

    /// Usage by machine, the last synced first.
    async fn machines(&self, user: UserId) -> Result<Vec<MachineUsage>, StoreError>;

    /// What the whole instance comes to.
    async fn platform(&self) -> Result<PlatformTotals, StoreError>;
}
