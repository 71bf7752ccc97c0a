//! Boards: computed set by set from the roll-ups ([`refreshing`]), and read ([`reading`]).

mod reading;
mod refreshing;

use diesel::sql_types::{Date, Text, Timestamptz};
use domain::days::Period;
use domain::leaderboard::ports::ZoneDay;
use domain::leaderboard::{Measure, SortBy};
use time::OffsetDateTime;

use crate::statement::{Statement, statement};

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

/// The index of a board in the ranks of a day, from 1.
fn history_number(period: Period, sort_by: SortBy) -> i16 {
    3 * (period_number(period) - 1) + measure_number(sort_by.measure())
}

/// The statement `text` that makes the table of the accounts to compute, with the local date of each.
pub(crate) fn people<'a>(text: &'static str, todays: &'a [ZoneDay], now: OffsetDateTime) -> Statement<'a> {
    statement(text)
        .bind_array::<Text>(todays.iter().map(|zone| zone.zone.as_str()))
        .bind_array::<Date>(todays.iter().map(|zone| zone.today))
        .bind::<Timestamptz>(now)
}
