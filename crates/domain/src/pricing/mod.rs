//! Pricing: the cost of a message, exact to the last digit, and unknown where the book has no price.
//!
//! A [`PriceBook`] holds effective-dated [`PriceRow`]s. [`PriceBook::find`] resolves a model's name once; the [`PricedModel`] it
//! returns prices each message at its own time.
//!
//! The live table ([`PriceRefresh`]) and administrators' decisions ([`PriceOverrides`]) extend the shipped book; every process
//! follows ([`Editions`]). Rows are never deleted.

pub mod aliases;
pub mod book;
pub mod cost;
mod current;
mod editions;
mod error;
mod history;
mod hours;
pub mod line;
mod look_up;
pub mod makers;
pub mod names;
mod naming;
pub mod off_peak;
mod overrides;
pub mod ports;
pub mod price;
mod price_override;
mod price_update;
pub mod rates;
mod refresh;
pub mod table;
mod unpriced;
mod unpriced_model;

pub use book::PriceBook;
pub use cost::Cost;
pub use current::{CurrentBook, Edition};
pub use editions::Editions;
pub use error::PricingError;
pub use history::PricedModel;
pub use hours::WeeklyHours;
pub use line::{LineError, PriceRow};
pub use naming::ModelNaming;
pub use overrides::PriceOverrides;
pub use price::Price;
pub use price_override::{ListedPriceDecision, PriceDecision, PriceDecisionId, PriceOverride};
pub use price_update::{PriceUpdate, PriceUpdateOutcome};
pub use rates::{OffPeak, PriceTier, Prices, Rates};
pub use refresh::{MaxChangedShare, PriceRefresh};
pub use unpriced::UnpricedModels;
pub use unpriced_model::UnpricedModel;
