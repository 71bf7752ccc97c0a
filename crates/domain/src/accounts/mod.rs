//! Accounts: the state that usage and progress change, and the account lock, which serialises these changes (I1).

mod account;
mod lock_together;
pub mod ports;

pub use account::Account;
pub(crate) use lock_together::lock_together;
