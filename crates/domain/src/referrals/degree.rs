//! The three levels of a referral chain, and their rewards.

use crate::progression::EventXp;

/// The levels that a referral pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Degree {
    /// The owner of the code.
    First,
    /// The referrer of that account.
    Second,
    /// The referrer of the second account.
    Third,
}

impl Degree {
    /// All levels, the nearest first.
    pub const ALL: [Self; 3] = [Self::First, Self::Second, Self::Third];

    /// The reward: 25, 6.25 and 2.5 XP.
    pub const fn xp(self) -> EventXp {
        match self {
            Self::First => EventXp(2_500),
            Self::Second => EventXp(625),
            Self::Third => EventXp(250),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progression::xp;

    #[test]
    fn degree_pays_less_per_level_and_fractions_add_up() {
        assert_eq!(Degree::ALL.map(Degree::xp), [EventXp(2_500), EventXp(625), EventXp(250)]);
        for (events, whole) in [
            (&[Degree::First][..], 25),
            (&[Degree::Second], 6),
            (&[Degree::Third], 2),
            (&[Degree::Third, Degree::Third], 5),
            (&[Degree::First, Degree::Second], 31),
            (&[Degree::Second; 4], 25),
            (&[Degree::First, Degree::Second, Degree::Third], 33),
        ] {
            let sum = events.iter().map(|degree| degree.xp().0).sum();
            assert_eq!(xp(0, 0, EventXp(sum)), whole, "{events:?}");
        }
    }
}
