//! Sync: the largest request by far, read in one pass straight into the domain's values.

mod ignored;
mod message;
mod names;
mod parse;
mod shape;
mod slot;

pub use parse::parse;
