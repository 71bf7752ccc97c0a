//! How long notifications are kept.

use std::ops::AddAssign;

use time::{Duration, OffsetDateTime};

/// How long notifications are kept, by age. The setting `retention` has the defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionPeriods {
    pub read: Duration,
    pub unread: Duration,
}

/// The oldest instants from which notifications are kept.
///
/// With a notification its dedup key is removed, so its event could be announced again. That is harmless:
///
/// - Achievements, levels and leaderboard places are announced together with a progress event, which is never removed.
/// - A streak at risk and a weekly summary are about a day or a week that ended long ago.
/// - A follower who unfollows and follows again months later is news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionCutoffs {
    /// For read notifications.
    pub read: OffsetDateTime,
    /// For unread notifications.
    pub unread: OffsetDateTime,
}

impl RetentionCutoffs {
    pub fn at(now: OffsetDateTime, periods: RetentionPeriods) -> Self {
        Self { read: now - periods.read, unread: now - periods.unread }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Forgotten {
    pub read: u64,
    pub unread: u64,
}

impl Forgotten {
    /// Whether a batch with the limit `most` has likely left some.
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
    fn cutoffs_follow_the_periods() {
        let now = datetime!(2026-11-22 12:00 UTC);
        let periods = RetentionPeriods { read: Duration::days(7), unread: Duration::days(8) };
        let expected =
            RetentionCutoffs { read: datetime!(2026-11-15 12:00 UTC), unread: datetime!(2026-11-14 12:00 UTC) };
        assert_eq!(RetentionCutoffs::at(now, periods), expected);
    }

    #[test]
    fn cutoffs_count_days_of_24_hours() {
        let periods = RetentionPeriods { read: Duration::days(90), unread: Duration::days(365) };
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
            assert_eq!(RetentionCutoffs::at(now, periods), RetentionCutoffs { read, unread }, "{now}");
        }
    }
}
