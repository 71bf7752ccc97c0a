//! Achievements: what there is to earn, and what somebody's figures have earned of it.
//!
//! The [`catalogue`] lists the [`Definition`]s, each a [`Metric`] and the thresholds it has to reach. [`calendar`] turns
//! active days into [`Metrics`]; [`judge`] compares them with what is [`Held`] and says what is newly reached. What is held
//! stays, whatever becomes of the metric it was earned with.

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
pub use definition::{Category, Definition, Face, Rarity, Tier};
pub use engine::{Held, Progress, Unlock, judge, progress, standing};
pub use error::AchievementError;
pub use facts::{Events, Facts, PersonFacts, UsageFacts};
pub use metrics::{Metric, Metrics};
pub use service::{AchievementState, Achievements, MOST_PINNED};
