//! Progression: XP, levels, titles and the monthly badge as functions of facts, and the rewards of a change ([`settle`]).

pub(crate) mod settle;

pub(crate) use settle::{AccountChange, RANK_MARKS, SettleOutcome, settle, settle_by};

const TOKENS_PER_XP: i64 = 10_000;

const XP_PER_ACTIVE_DAY: i64 = 10;

/// XP of events in hundredths: a referral at the third level pays 2.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct EventXp(pub i64);

/// The XP of an account: 1 per 10,000 tokens of the lifetime total, 10 per active day, and `events`; rounded down once.
pub fn xp(lifetime_tokens: i64, active_days: u32, events: EventXp) -> u64 {
    whole_xp(xp_in_hundredths(lifetime_tokens, active_days, events))
}

/// The XP in hundredths, before rounding.
pub fn xp_in_hundredths(lifetime_tokens: i64, active_days: u32, events: EventXp) -> i64 {
    (lifetime_tokens / TOKENS_PER_XP + XP_PER_ACTIVE_DAY * i64::from(active_days))
        .saturating_mul(100)
        .saturating_add(events.0)
}

/// Rounded down.
pub fn whole_xp(hundredths: i64) -> u64 {
    u64::try_from(hundredths / 100).unwrap_or(0)
}

/// The level of an account, with its XP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// The level, from 1.
    pub level: u64,
    pub xp: u64,
}

impl Level {
    /// The level of `xp`: max(1, isqrt(xp / 100)). Level n starts at 100 n² XP, level 1 at 0.
    pub fn of(xp: u64) -> Self {
        Self { level: (xp / 100).isqrt().max(1), xp }
    }

    pub const fn title(self) -> &'static str {
        match self.level {
            ..=10 => "Novice",
            11..=25 => "Apprentice",
            26..=50 => "Developer",
            51..=75 => "Senior Dev",
            76..=100 => "AI Native",
            _ => "AI Legend",
        }
    }

    /// The XP at which this level starts.
    pub const fn starts_at(self) -> u64 {
        if self.level == 1 { 0 } else { 100 * self.level * self.level }
    }

    /// The XP at which the next level starts.
    pub const fn next_at(self) -> u64 {
        100 * (self.level + 1) * (self.level + 1)
    }

    pub const fn to_next(self) -> u64 {
        self.next_at() - self.xp
    }

    /// The completed part of this level, 0 to 1.
    pub fn progress(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a share for a progress bar")]
        let share = (self.xp - self.starts_at()) as f64 / (self.next_at() - self.starts_at()) as f64;
        share
    }
}

/// The badge of the last 30 local days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MonthlyBadge {
    /// At least 10 million tokens.
    PowerUser,
    /// At least 100 million tokens.
    AiNative,
    /// At least a billion tokens.
    TokenTitan,
}

impl MonthlyBadge {
    /// All badges, the lowest first.
    pub const ALL: [Self; 3] = [Self::PowerUser, Self::AiNative, Self::TokenTitan];

    /// The badge for `tokens` in the last 30 local days; `None` below the first.
    pub const fn of(tokens: i64) -> Option<Self> {
        match tokens {
            1_000_000_000.. => Some(Self::TokenTitan),
            100_000_000.. => Some(Self::AiNative),
            10_000_000.. => Some(Self::PowerUser),
            _ => None,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::PowerUser => "Power User",
            Self::AiNative => "AI Native",
            Self::TokenTitan => "Token Titan",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xp_is_rounded_down_once() {
        for (tokens, days, events, expected) in [
            (0, 0, 0, 0),
            (9_999, 0, 0, 0),
            (10_000, 0, 0, 1),
            (112_250, 3, 0, 41),
            (0, 0, 625, 6),
            (0, 0, 625 + 250, 8),
            (19_999, 1, 99, 11),
            (i64::MAX, 0, 0, 922_337_203_685_477),
        ] {
            assert_eq!(xp(tokens, days, EventXp(events)), expected, "{tokens} {days} {events}");
        }
    }

    #[test]
    fn level_starts_at_hundred_times_its_square() {
        for (xp, level, starts, next) in [
            (0, 1, 0, 400),
            (399, 1, 0, 400),
            (400, 2, 400, 900),
            (899, 2, 400, 900),
            (900, 3, 900, 1_600),
            (610, 2, 400, 900),
            (1_000_000, 100, 1_000_000, 1_020_100),
        ] {
            let reached = Level::of(xp);
            assert_eq!((reached.level, reached.starts_at(), reached.next_at()), (level, starts, next), "{xp}");
            assert_eq!(reached.to_next(), next - xp);
        }
        assert!((Level::of(650).progress() - 0.5).abs() < 1e-12);
        assert!(Level::of(0).progress().abs() < 1e-12);
    }

    #[test]
    fn level_title_changes_after_10_25_50_75_and_100() {
        for (level, title) in [
            (1, "Novice"),
            (10, "Novice"),
            (11, "Apprentice"),
            (25, "Apprentice"),
            (26, "Developer"),
            (50, "Developer"),
            (51, "Senior Dev"),
            (75, "Senior Dev"),
            (76, "AI Native"),
            (100, "AI Native"),
            (101, "AI Legend"),
        ] {
            assert_eq!(Level { level, xp: 0 }.title(), title, "{level}");
        }
    }

    #[test]
    fn monthly_badge_starts_at_ten_million() {
        for (tokens, badge) in [
            (9_999_999, None),
            (10_000_000, Some("Power User")),
            (99_999_999, Some("Power User")),
            (100_000_000, Some("AI Native")),
            (999_999_999, Some("AI Native")),
            (1_000_000_000, Some("Token Titan")),
        ] {
            assert_eq!(MonthlyBadge::of(tokens).map(MonthlyBadge::name), badge, "{tokens}");
        }
    }
}
