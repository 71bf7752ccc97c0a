//! The rank of an account, day by day.

use time::Date;

/// The length of a requested history: 1 to 365 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryDays(u16);

impl HistoryDays {
    /// The most days.
    pub const MOST: u16 = 365;

    /// Takes 1 to [`MOST`](Self::MOST) days.
    pub const fn new(days: u16) -> Option<Self> {
        if matches!(days, 1..=Self::MOST) { Some(Self(days)) } else { None }
    }

    pub const fn get(self) -> u16 {
        self.0
    }
}

/// The rank at the last refresh of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RankedDay {
    /// The day of the board, in UTC.
    pub date: Date,
    /// The rank, from 1.
    pub rank: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn history_days_are_one_to_365() {
        assert!(HistoryDays::new(0).is_none() && HistoryDays::new(366).is_none());
        assert_eq!(HistoryDays::new(365).map(HistoryDays::get), Some(365));
    }
}
