//! Periods and windows of local days.

use time::macros::date;
use time::{Date, Duration};

use crate::ids::UserId;

/// The days of monthly figures.
const MONTH: u16 = 30;

/// Before every accepted message.
const FIRST_DAY: Date = date!(2000 - 01 - 01);

/// After every future message.
const LAST_DAY: Date = date!(9999 - 12 - 31);

/// A period of usage, by local date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Period {
    #[default]
    All,
    /// The last 30 local days including today.
    Month,
    /// The last 7 local days including today.
    Week,
}

impl Period {
    pub const ALL: [Self; 3] = [Self::All, Self::Month, Self::Week];

    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Month => "month",
            Self::Week => "week",
        }
    }

    /// `None` for all days.
    pub const fn days(self) -> Option<u16> {
        match self {
            Self::All => None,
            Self::Month => Some(30),
            Self::Week => Some(7),
        }
    }
}

/// The days of an account from `from` to `to`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub user: UserId,
    pub from: Date,
    pub to: Date,
}

impl Window {
    /// The last 30 days of `user`, `today` included.
    pub fn month(user: UserId, today: Date) -> Self {
        Self { user, from: window_start(today, MONTH), to: today }
    }

    /// The days of `period` of `user`. All days end with the last possible one, since a clock may be ahead.
    pub fn of(user: UserId, period: Period, today: Date) -> Self {
        let Some(days) = period.days() else { return Self::lifetime(user) };
        Self { user, from: window_start(today, days), to: today }
    }

    /// All days of `user`.
    pub const fn lifetime(user: UserId) -> Self {
        Self { user, from: FIRST_DAY, to: LAST_DAY }
    }

    pub fn is_lifetime(&self) -> bool {
        *self == Self::lifetime(self.user)
    }
}

/// The first of `days` local days that end with `today`, which is included.
pub fn window_start(today: Date, days: u16) -> Date {
    today.checked_sub(Duration::days(i64::from(days) - 1)).unwrap_or(Date::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn window_includes_today() {
        assert_eq!(window_start(date!(2026 - 03 - 30), 30), date!(2026 - 03 - 01));
        assert_eq!(window_start(date!(2026 - 03 - 07), 7), date!(2026 - 03 - 01));
    }

    #[test]
    fn window_of_all_days_alone_is_lifetime() {
        let user = UserId(uuid::Uuid::from_u128(1));
        for period in Period::ALL {
            let window = Window::of(user, period, date!(2026 - 03 - 30));
            assert_eq!(window.is_lifetime(), period == Period::All, "{period:?}");
        }
        assert!(!Window { to: date!(2026 - 03 - 30), ..Window::lifetime(user) }.is_lifetime());
    }
}
