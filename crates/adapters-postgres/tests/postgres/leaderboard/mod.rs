//! Boards: their accounts, order and visibility.

pub(crate) mod community;
mod golden;
mod oracle;
mod rewards;
mod seasons;
mod stored;
mod versions;
