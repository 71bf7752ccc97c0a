//! Accounts: the state that usage and progress change, and its lock.
//!
//! Everything that changes an account's usage, zone or progress holds its lock, so changes of one account come one after
//! another.

mod account;
mod lock_together;
pub mod ports;

pub use account::Account;
pub(crate) use lock_together::lock_together;
