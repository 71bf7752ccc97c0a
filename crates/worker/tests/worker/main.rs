//! Workers on a real database.

mod common;
mod queue;
mod retention;
mod year;
