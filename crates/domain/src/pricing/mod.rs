//! Prices: what a message costs, right to the last digit, and honest when the book does not know.
//!
//! A [`PriceBook`] holds effective-dated [`PriceRow`]s. [`PriceBook::find`] settles a model's name once; the
//! [`PricedModel`] it returns then prices each message on its own, at its own time.

pub mod aliases;
pub mod book;
pub mod cost;
mod current;
mod history;
pub mod line;
pub mod makers;
pub mod names;
pub mod price;
pub mod rates;

pub use book::PriceBook;
pub use cost::Cost;
pub use current::CurrentBook;
pub use history::PricedModel;
pub use line::{LineError, PriceRow};
pub use price::Price;
pub use rates::{Prices, Rates, Tier};
