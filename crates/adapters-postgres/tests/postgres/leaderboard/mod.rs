//! Boards: who is on them, in which order, and who sees it.

pub(crate) mod community;
mod golden;
mod oracle;
mod rewards;
mod seasons;
