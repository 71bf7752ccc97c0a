//! Boards: computed set by set from the roll-ups ([`refreshing`]), and read ([`reading`]).

mod reading;
mod refreshing;

use domain::days::Period;
use domain::leaderboard::{Measure, SortBy};

/// The number of a period in the tables, from 1.
pub(crate) fn period_number(period: Period) -> i16 {
    match period {
        Period::All => 1,
        Period::Month => 2,
        Period::Week => 3,
    }
}

/// The number of a measure in the tables, from 1.
fn measure_number(measure: Measure) -> i16 {
    match measure {
        Measure::Tokens => 1,
        Measure::Cost => 2,
        Measure::Streak => 3,
        Measure::Models => 4,
        Measure::Efficiency => 5,
        Measure::Growth => 6,
        Measure::Reasoning => 7,
    }
}

/// The place of a board in the ranks of a day, from 1.
fn history_number(period: Period, sort_by: SortBy) -> i16 {
    3 * (period_number(period) - 1) + measure_number(sort_by.measure())
}
