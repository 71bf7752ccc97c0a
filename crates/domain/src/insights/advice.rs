//! Recommendations that follow from a comparison.

use super::comparison::Comparison;
use super::observations::POOR_CACHE;
use crate::text::plural;

/// The most recommendations that are given.
const MOST: usize = 3;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recommendation {
    /// A few words.
    pub title: String,
    /// The reason, in a sentence or two.
    pub message: String,
    /// What to do, in a sentence.
    pub action: String,
}

impl Recommendation {
    fn new(title: impl Into<String>, message: impl Into<String>, action: impl Into<String>) -> Self {
        Self { title: title.into(), message: message.into(), action: action.into() }
    }
}

impl Comparison {
    /// Up to three recommendations, the most urgent first.
    pub fn recommendations(&self) -> Vec<Recommendation> {
        let rules: [fn(&Self) -> Option<Recommendation>; 5] =
            [Self::keep_the_streak, Self::begin, Self::use_the_cache, Self::name_the_price, Self::begin_a_streak];
        rules.into_iter().filter_map(|rule| rule(self)).take(MOST).collect()
    }

    fn keep_the_streak(&self) -> Option<Recommendation> {
        let streak = self.streak();
        (streak.current >= 2 && !streak.fed_today).then(|| {
            let days = plural(streak.current.into(), "day");
            let message = format!("One message today continues your streak of {days}.");
            Recommendation::new("Keep your streak", message, "Use a tool before midnight and sync.")
        })
    }

    fn begin(&self) -> Option<Recommendation> {
        self.own.active_days.is_empty().then(|| {
            let message =
                "Everything here is counted from what the client sends; a first sync sends the whole history.";
            Recommendation::new("Sync your usage", message, "Run the client on each of your machines.")
        })
    }

    fn use_the_cache(&self) -> Option<Recommendation> {
        let efficiency = self.cache_efficiency().filter(|_| self.has_enough_input())?;
        (efficiency < POOR_CACHE).then(|| {
            let message = "Providers keep the beginning of a prompt for some minutes and bill what they already know at about a \
                           tenth of the price. That works as long as the beginning stays the same.";
            let action = "Continue a session instead of starting new ones, and leave the instructions and files at its \
                          beginning unchanged.";
            Recommendation::new("Let prompt caching work for you", message, action)
        })
    }

    fn name_the_price(&self) -> Option<Recommendation> {
        (self.own.unpriced_tokens > 0).then(|| {
            let message = "Usage of models that have no known price counts as tokens, and not as cost.";
            let action = "See which of your models have no price, and ask an administrator to set one.";
            Recommendation::new("Complete your costs", message, action)
        })
    }

    fn begin_a_streak(&self) -> Option<Recommendation> {
        (self.streak().current == 0 && !self.own.active_days.is_empty()).then(|| {
            let message = "Each day with at least one message counts, in your own time zone.";
            Recommendation::new("Begin a streak", message, "Use a tool today, and tomorrow again.")
        })
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::super::OwnFigures;
    use super::super::comparison::testing::{NOON, beside, days_until};

    fn titles(own: OwnFigures) -> Vec<String> {
        beside(own, 30, [1; 5]).recommendations().into_iter().map(|advice| advice.title).collect()
    }

    #[test]
    fn recommendations_follow_from_figures() {
        let fed = || days_until(NOON.date, 5);
        for (own, expected) in [
            (OwnFigures::default(), vec!["Sync your usage"]),
            (OwnFigures { active_days: fed(), ..OwnFigures::default() }, vec![]),
            (
                OwnFigures { active_days: days_until(date!(2026 - 11 - 21), 2), ..OwnFigures::default() },
                vec!["Keep your streak"],
            ),
            (OwnFigures { active_days: days_until(date!(2026 - 11 - 21), 1), ..OwnFigures::default() }, vec![]),
            (
                OwnFigures { active_days: days_until(date!(2026 - 11 - 20), 9), ..OwnFigures::default() },
                vec!["Begin a streak"],
            ),
            (
                OwnFigures { active_days: fed(), input: 1_000_000, ..OwnFigures::default() },
                vec!["Let prompt caching work for you"],
            ),
            (OwnFigures { active_days: fed(), input: 700_000, cache_read: 300_000, ..OwnFigures::default() }, vec![]),
            (OwnFigures { active_days: fed(), input: 999_999, ..OwnFigures::default() }, vec![]),
            (
                OwnFigures { active_days: fed(), unpriced_tokens: 1, ..OwnFigures::default() },
                vec!["Complete your costs"],
            ),
        ] {
            assert_eq!(titles(own.clone()), expected, "{own:?}");
        }
    }

    #[test]
    fn recommendations_are_at_most_three_by_urgency() {
        let own = OwnFigures { input: 2_000_000, unpriced_tokens: 7, ..OwnFigures::default() };
        let late = OwnFigures { active_days: days_until(date!(2026 - 11 - 21), 3), ..own.clone() };
        assert_eq!(titles(late), ["Keep your streak", "Let prompt caching work for you", "Complete your costs"]);
        assert_eq!(titles(own).len(), 3);
    }
}
