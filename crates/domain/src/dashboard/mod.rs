//! Dashboards: totals, trends, tools, models, machines and projects, as projections that are read without a transaction.

mod compare;
#[cfg(test)]
mod compare_tests;
mod favourites;
mod heatmap;
mod platform;
pub mod ports;
mod service;
#[cfg(test)]
mod service_tests;
mod views;

pub use compare::ComparedUser;
pub use favourites::{Favourite, Favourites};
pub use heatmap::{HeatDay, Heatmap};
pub use platform::PlatformFigures;
pub use service::{Dashboard, WebProfile};
pub use views::{
    DayUsage, MOST_LISTED, MachineUsage, ModelUsage, Overview, PlatformTotals, ProjectUsage, ToolUsage, TopList,
    TrendDays, Trends, share_percent,
};
