//! What people see of their usage: totals, trends, tools, models, machines. Ready projections, read without a transaction.

mod compare;
mod heatmap;
pub mod ports;
mod service;
mod views;

pub use compare::{Compared, Favourites, Top};
pub use heatmap::{HeatDay, Heatmap};
pub use service::{Dashboard, Look, WebProfile};
pub use views::{
    DayUsage, MachineUsage, ModelUsage, Overview, Period, PlatformTotals, ToolUsage, TrendDays, Trends, share_percent,
};
