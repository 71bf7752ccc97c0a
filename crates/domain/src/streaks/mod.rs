//! Streaks: runs of consecutive active days, judged when read.

pub mod ports;
mod reminders;

use std::collections::BTreeSet;

use time::Date;

use crate::days::LocalTime;

pub use reminders::StreakReminders;
pub(crate) use reminders::streak_at_risk;

/// The local hour from which an unfed streak is at risk.
const LATE: u8 = 22;

/// A person's streaks in days, as of some local date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Streak {
    /// The run that ends today or yesterday; 0 when there is none.
    pub current: u32,
    /// The longest run ever.
    pub longest: u32,
    /// Whether today is active.
    pub fed_today: bool,
}

impl Streak {
    /// The runs of consecutive days in `active`, judged on `today`. A day after `today` (a clock that runs ahead) counts
    /// for the longest run, not yet for the current one.
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

    /// Whether the streak is lost unless something happens before midnight: at least two days, nothing yet today, and
    /// 22:00 or later. `now` is the local time the streak was judged at.
    pub fn at_risk(self, now: LocalTime) -> bool {
        self.current >= 2 && !self.fed_today && Self::is_late(now)
    }

    /// Whether it is so late at `now` that a streak can be at risk.
    pub fn is_late(now: LocalTime) -> bool {
        now.hour >= LATE
    }
}

/// The longest run of consecutive days in `active`, in days.
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
    fn the_current_streak_ends_today_or_yesterday_and_decays() {
        let three = ["03-01", "03-02", "03-03"];
        for (today, expected) in
            [("03-03", (3, 3)), ("03-04", (3, 3)), ("03-05", (0, 3)), ("03-02", (2, 3)), ("02-28", (0, 3))]
        {
            assert_eq!(streak(&three, today), expected, "{today}");
        }
        assert_eq!(streak(&[], "03-01"), (0, 0));
    }

    #[test]
    fn a_day_that_arrives_late_closes_the_gap() {
        assert_eq!(streak(&["03-01", "03-03"], "03-03"), (1, 1));
        assert_eq!(streak(&["03-01", "03-02", "03-03"], "03-03"), (3, 3));
    }

    #[test]
    fn the_longest_run_may_be_long_ago_and_cross_a_month() {
        assert_eq!(streak(&["01-30", "01-31", "02-01", "03-09"], "03-10"), (1, 3));
    }

    #[test]
    fn a_day_ahead_neither_breaks_nor_feeds_the_current_streak() {
        assert_eq!(streak(&["03-01", "03-02", "03-04"], "03-03"), (2, 2));
        assert_eq!(streak(&["03-02", "03-03", "03-04"], "03-03"), (2, 3));
    }

    #[test]
    fn a_streak_is_at_risk_late_on_an_unfed_day() {
        let at = |hour| LocalTime { date: day("03-03"), hour, minute: 0 };
        let streak = Streak { current: 2, longest: 2, fed_today: false };
        assert!(streak.at_risk(at(22)) && streak.at_risk(at(23)));
        assert!(!streak.at_risk(at(21)));
        assert!(!Streak { fed_today: true, ..streak }.at_risk(at(22)));
        assert!(!Streak { current: 1, ..streak }.at_risk(at(22)));
    }
}
