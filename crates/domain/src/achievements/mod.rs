//! Achievements: what can be earned, and what an account has earned.
//!
//! The [`catalogue`] lists the [`AchievementDefinition`]s: a [`Metric`] and its thresholds. [`calendar`] derives [`Metrics`] from active
//! days. [`judge`] compares them with what is [`UnlockedTiers`] and returns new unlocks. An unlocked achievement stays, even if its
//! metric falls (I8).

pub mod calendar;
mod catalogue;
#[cfg(test)]
mod catalogue_tests;
mod definition;
mod engine;
mod error;
mod facts;
mod metrics;
pub mod ports;
mod service;
#[cfg(test)]
mod service_tests;

pub use catalogue::{catalogue, find, find_by_slug, of_kind};
pub use definition::{AchievementDefinition, Category, DefinitionView, Rarity, Tier};
pub use engine::{AchievementProgress, Unlock, UnlockedTiers, judge, progress, standing};
pub use error::AchievementError;
pub use facts::{AchievementFacts, ProgressEvents, UsageFacts, UserFacts};
pub use metrics::{Metric, Metrics};
pub use service::{AchievementState, Achievements, MOST_PINNED};
