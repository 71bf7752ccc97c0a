//! How long notifications are kept.

use std::ops::AddAssign;

use time::{Duration, OffsetDateTime};

/// From when on notifications are kept; older ones are removed.
///
/// With a notification its dedup key is gone, so what it told of could be told a second time. That harms nobody:
///
/// - achievements and levels are announced only together with a progress event, which is never removed, so they are not
///   announced again; a place on the leaderboard has to be announced the same way;
/// - a streak at risk and a weekly summary are about a day or a week that is over long before;
/// - somebody who stopped following, or took their request back, and months later does it again is news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionCutoffs {
    /// Ones that were read are kept when they were made at this instant or later.
    pub read: OffsetDateTime,
    /// Ones that were not.
    pub unread: OffsetDateTime,
}

impl RetentionCutoffs {
    /// 90 days: it was read, and is old news.
    const READ: Duration = Duration::days(90);

    /// A year: nobody will read it any more.
    const UNREAD: Duration = Duration::days(365);

    /// What is kept at `now`.
    pub fn at(now: OffsetDateTime) -> Self {
        Self { read: now - Self::READ, unread: now - Self::UNREAD }
    }
}

/// How many notifications were removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Forgotten {
    /// Ones that were read.
    pub read: u64,
    /// Ones that were not.
    pub unread: u64,
}

impl Forgotten {
    /// Whether a batch of up to `most` of either has likely left some.
    pub fn is_full(self, most: u32) -> bool {
        self.read.max(self.unread) >= u64::from(most)
    }
}

impl AddAssign for Forgotten {
    fn add_assign(&mut self, batch: Self) {
        self.read += batch.read;
        self.unread += batch.unread;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn read_ones_are_kept_for_ninety_days_and_unread_ones_for_a_year() {
        for (now, read, unread) in [
            (datetime!(2026-11-22 12:00 UTC), datetime!(2026-08-24 12:00 UTC), datetime!(2025-11-22 12:00 UTC)),
            // Days are counted, not months, and a year has 365 of them.
            (datetime!(2026-03-31 0:00 UTC), datetime!(2025-12-31 0:00 UTC), datetime!(2025-03-31 0:00 UTC)),
            (
                datetime!(2024-02-29 23:59:59.999 UTC),
                datetime!(2023-12-01 23:59:59.999 UTC),
                datetime!(2023-03-01 23:59:59.999 UTC),
            ),
            (datetime!(2024-12-31 1:00 UTC), datetime!(2024-10-02 1:00 UTC), datetime!(2024-01-01 1:00 UTC)),
        ] {
            assert_eq!(RetentionCutoffs::at(now), RetentionCutoffs { read, unread }, "{now}");
        }
    }
}
