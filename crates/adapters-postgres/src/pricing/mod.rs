//! Prices, and the re-pricing of messages without one.

mod prices;
mod repricing;
