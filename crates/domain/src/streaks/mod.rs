//! Streaks: runs of consecutive active days. The current one is computed when it is read; the longest one is stored by
//! [`settle`](crate::progression) whenever an account changes.

pub mod ports;
mod reminders;

use std::collections::BTreeSet;

use time::Date;

use crate::days::LocalTime;

pub use reminders::StreakReminders;
pub(crate) use reminders::streak_at_risk;

/// The local hour from which a streak without usage today is at risk.
const AT_RISK_HOUR: u8 = 22;

/// The streaks of an account in days, as of a local date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Streak {
    /// The run that ends today or yesterday; 0 without one.
    pub current: u32,
    /// The longest run ever.
    pub longest: u32,
    /// Whether today is active.
    pub fed_today: bool,
}

impl Streak {
    /// The runs of consecutive days in `active`, as of `today`. A day after `today` (a clock that is ahead) counts for the
    /// longest run, but not yet for the current one.
    pub fn of(active: &BTreeSet<Date>, today: Date) -> Self {
        let fed_today = active.contains(&today);
        let mut current = 0;
        let mut day = if fed_today { Some(today) } else { today.previous_day() };
        while let Some(date) = day.filter(|date| active.contains(date)) {
            current += 1;
            day = date.previous_day();
        }
        Self { current, longest: longest_run(active), fed_today }
    }

    /// Whether the streak ends at midnight unless a message arrives: at least two days, none today, and 22:00 or later. `now` is
    /// the local time at which the streak was computed.
    pub fn at_risk(self, now: LocalTime) -> bool {
        self.current >= 2 && !self.fed_today && Self::is_late(now)
    }

    /// Whether a streak can be at risk at `now`.
    pub fn is_late(now: LocalTime) -> bool {
        now.hour >= AT_RISK_HOUR
    }
}

/// The longest run of consecutive days in `active`.
pub fn longest_run(active: &BTreeSet<Date>) -> u32 {
    let (mut longest, mut run, mut next) = (0, 0, None);
    for &day in active {
        run = if next == Some(day) { run + 1 } else { 1 };
        longest = longest.max(run);
        next = day.next_day();
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        let (month, day) = text.split_once('-').expect("MM-DD");
        let month = month.parse::<u8>().expect("a month");
        Date::from_calendar_date(2026, month.try_into().expect("a month"), day.parse().expect("a day")).expect("a date")
    }

    fn streak(active: &[&str], today: &str) -> (u32, u32) {
        let streak = Streak::of(&active.iter().map(|text| day(text)).collect(), day(today));
        (streak.current, streak.longest)
    }

    #[test]
    fn streak_current_ends_today_or_yesterday() {
        let three = ["03-01", "03-02", "03-03"];
        for (today, expected) in
            [("03-03", (3, 3)), ("03-04", (3, 3)), ("03-05", (0, 3)), ("03-02", (2, 3)), ("02-28", (0, 3))]
        {
            assert_eq!(streak(&three, today), expected, "{today}");
        }
        assert_eq!(streak(&[], "03-01"), (0, 0));
    }

    #[test]
    fn streak_late_day_closes_gap() {
        assert_eq!(streak(&["03-01", "03-03"], "03-03"), (1, 1));
        assert_eq!(streak(&["03-01", "03-02", "03-03"], "03-03"), (3, 3));
    }

    #[test]
    fn streak_longest_may_be_past_and_cross_month() {
        assert_eq!(streak(&["01-30", "01-31", "02-01", "03-09"], "03-10"), (1, 3));
    }

    #[test]
    fn streak_future_day_does_not_change_current() {
        assert_eq!(streak(&["03-01", "03-02", "03-04"], "03-03"), (2, 2));
        assert_eq!(streak(&["03-02", "03-03", "03-04"], "03-03"), (2, 3));
    }

    #[test]
    fn streak_is_at_risk_late_on_day_without_usage() {
        let at = |hour| LocalTime { date: day("03-03"), hour, minute: 0 };
        let streak = Streak { current: 2, longest: 2, fed_today: false };
        assert!(streak.at_risk(at(22)) && streak.at_risk(at(23)));
        assert!(!streak.at_risk(at(21)));
        assert!(!Streak { fed_today: true, ..streak }.at_risk(at(22)));
        assert!(!Streak { current: 1, ..streak }.at_risk(at(22)));
    }
}
