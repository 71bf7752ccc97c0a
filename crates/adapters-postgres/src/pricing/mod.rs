//! Prices, and the pricing of messages that had none.

mod prices;
mod repricing;
