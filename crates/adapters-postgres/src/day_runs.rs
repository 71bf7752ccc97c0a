//! Local days as runs: a `datemultirange` column.

use std::collections::BTreeSet;

use diesel::deserialize::{self, FromSql};
use diesel::pg::{Pg, PgValue};
use diesel::sql_types::Datemultirange;
use time::macros::date;
use time::{Date, Duration};

/// Day 0 of PostgreSQL's dates.
const EPOCH: Date = date!(2000 - 01 - 01);

/// The flags of a finite range that includes its lower bound and not its upper one: the canonical form of dates.
const FROM_UNTIL: u8 = 2;

/// Runs of days, each from the first until before the second, ascending and apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DayRuns(Vec<(Date, Date)>);

impl DayRuns {
    /// The number of days.
    pub(crate) fn count(&self) -> u32 {
        let days = |(first, end): &(Date, Date)| u32::try_from((*end - *first).whole_days()).unwrap_or(0);
        self.0.iter().map(days).fold(0, u32::saturating_add)
    }

    pub(crate) fn days(&self) -> BTreeSet<Date> {
        let within = |&(first, end): &(Date, Date)| {
            std::iter::successors(Some(first), |day| day.next_day()).take_while(move |day| *day < end)
        };
        self.0.iter().flat_map(within).collect()
    }
}

// A count, then for each range its length in bytes, its flags, and for each bound a length and the days since 2000-01-01.
impl FromSql<Datemultirange, Pg> for DayRuns {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let mut bytes = value.as_bytes();
        let count = integer(&mut bytes)?;
        let run = |_| {
            let _length = integer(&mut bytes)?;
            let (flags, rest) = bytes.split_first().ok_or("a range has no flags")?;
            bytes = rest;
            if *flags != FROM_UNTIL {
                return Err(format!("a range of days has the flags {flags}").into());
            }
            Ok((bound(&mut bytes)?, bound(&mut bytes)?))
        };
        (0..count).map(run).collect::<deserialize::Result<_>>().map(Self)
    }
}

fn bound(bytes: &mut &[u8]) -> deserialize::Result<Date> {
    let _length = integer(bytes)?;
    let days = Duration::days(integer(bytes)?.into());
    Ok(EPOCH.checked_add(days).ok_or("a day is out of range")?)
}

/// Takes a big-endian integer from the beginning of `bytes`.
fn integer(bytes: &mut &[u8]) -> deserialize::Result<i32> {
    let (first, rest) = bytes.split_first_chunk().ok_or("a multirange ends early")?;
    *bytes = rest;
    Ok(i32::from_be_bytes(*first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_contain_first_day_and_not_end() {
        let runs = DayRuns(vec![
            (date!(2025 - 12 - 31), date!(2026 - 01 - 02)),
            (date!(2026 - 03 - 01), date!(2026 - 03 - 02)),
        ]);
        let days = [date!(2025 - 12 - 31), date!(2026 - 01 - 01), date!(2026 - 03 - 01)];
        assert_eq!((runs.count(), runs.days()), (3, days.into()));
        assert_eq!((DayRuns(Vec::new()).count(), DayRuns(Vec::new()).days()), (0, BTreeSet::new()));
    }
}
