//! Whole accounts: read as they are at one moment, and taken in.

mod export;
mod import;
mod rows;
