//! `summary.json`: what the status line shows, small enough to be read on every prompt.

use std::path::Path;

use domain::money::Usd;
use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};

use crate::failure::Failure;
use crate::figures::{Figures, Pricer, Today};
use crate::files;
use crate::store::{Store, UsageFilter};

/// The shape of the file. A file of another version counts as missing.
const VERSION: u32 = 1;

const FILE: &str = "summary.json";

/// The figures of the latest day with a scan, and the streak at its end. On a later day, today has no figures yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Summary {
    version: u32,
    /// The name of the zone whose days these are.
    zone: String,
    date: Date,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) updated_at: OffsetDateTime,
    tokens: u64,
    /// In units of 1e-18 USD.
    cost_atto: String,
    unpriced_tokens: u64,
    is_estimated: bool,
    /// The latest day with usage, and the run of days that ends with it.
    last_active: Option<Date>,
    run_days: u32,
}

/// What the status line shows of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SummaryOfDay {
    pub(crate) figures: Figures,
    pub(crate) streak_days: u32,
}

impl Summary {
    /// The summary in `directory`; `None` without a usable one.
    pub(crate) fn load(directory: &Path) -> Option<Self> {
        let text = files::read(&directory.join(FILE)).ok()??;
        serde_json::from_str(&text).ok().filter(|summary: &Self| summary.version == VERSION)
    }

    /// Computes the summary of `today`.
    pub(crate) fn compute(store: &Store, today: &Today) -> Result<Self, Failure> {
        let (mut figures, mut pricer) = (Figures::default(), Pricer::new());
        let from = Some(today.start_of(today.date));
        let before = today.date.next_day().map(|next| today.start_of(next));
        store.each_usage(&UsageFilter { from, before, session: None }, |row| figures += pricer.figures(&row))?;
        let active = today.active_days(store)?;
        // A clock that was ahead leaves later days behind; they count when they come.
        let last_active = active.range(..=today.date).next_back().copied();
        let run_days = last_active.map_or(0, |day| domain::streaks::Streak::of(&active, day).current);
        Ok(Self {
            version: VERSION,
            zone: today.zone.name().to_owned(),
            date: today.date,
            updated_at: today.now,
            tokens: figures.tokens,
            cost_atto: figures.cost.atto().to_string(),
            unpriced_tokens: figures.unpriced_tokens,
            is_estimated: figures.is_estimated,
            last_active,
            run_days,
        })
    }

    pub(crate) fn save(&self, directory: &Path) -> Result<(), Failure> {
        let text = serde_json::to_string(self)
            .map_err(|error| Failure::new(crate::failure::FailureKind::Local, error.to_string()))?;
        files::replace(&directory.join(FILE), text.as_bytes())
    }

    /// Whether a scan that changed nothing would compute the same.
    pub(crate) fn is_of(&self, today: &Today) -> bool {
        self.date == today.date && self.zone == today.zone.name()
    }

    /// The figures of the local date `date`, and the streak on it.
    pub(crate) fn on(&self, date: Date) -> SummaryOfDay {
        let is_alive = self.last_active.is_some_and(|last| last == date || last.next_day() == Some(date));
        let streak_days = if is_alive { self.run_days } else { 0 };
        if date != self.date {
            return SummaryOfDay { figures: Figures::default(), streak_days };
        }
        let figures = Figures {
            tokens: self.tokens,
            cost: Usd::from_atto(self.cost_atto.parse().unwrap_or_default()),
            unpriced_tokens: self.unpriced_tokens,
            is_estimated: self.is_estimated,
            ..Figures::default()
        };
        SummaryOfDay { figures, streak_days }
    }
}

/// Writes the summary of today, unless the scan changed nothing and the present one is of today.
pub(crate) fn refresh(store: &Store, directory: &Path, today: &Today, has_changed: bool) -> Result<(), Failure> {
    if !has_changed && Summary::load(directory).is_some_and(|summary| summary.is_of(today)) {
        return Ok(());
    }
    Summary::compute(store, today)?.save(directory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::{date, datetime};

    fn summary(last_active: Option<Date>, run_days: u32) -> Summary {
        Summary {
            version: VERSION,
            zone: "UTC".to_owned(),
            date: date!(2026 - 11 - 30),
            updated_at: datetime!(2026-11-30 12:00 UTC),
            tokens: 1_000,
            cost_atto: "1500000000000000000".to_owned(),
            unpriced_tokens: 0,
            is_estimated: false,
            last_active,
            run_days,
        }
    }

    #[test]
    fn summary_ages_without_new_scan() {
        let today = date!(2026 - 11 - 30);
        let yesterday = date!(2026 - 11 - 29);
        for (name, last_active, asked, tokens, streak) in [
            ("the same day", Some(today), today, 1_000, 5),
            ("no usage yet today", Some(yesterday), today, 1_000, 5),
            ("the next day", Some(today), date!(2026 - 12 - 01), 0, 5),
            ("a day later the streak is over", Some(today), date!(2026 - 12 - 02), 0, 0),
            ("never used", None, today, 1_000, 0),
        ] {
            let shown = summary(last_active, 5).on(asked);
            assert_eq!((shown.figures.tokens, shown.streak_days), (tokens, streak), "{name}");
        }
    }

    #[test]
    fn summary_survives_file_and_other_versions_count_as_missing() {
        let directory = tempfile::tempdir().expect("a directory");
        assert_eq!(Summary::load(directory.path()), None);
        let written = summary(Some(date!(2026 - 11 - 30)), 2);
        written.save(directory.path()).expect("written");
        assert_eq!(Summary::load(directory.path()), Some(written.clone()));
        Summary { version: VERSION + 1, ..written }.save(directory.path()).expect("written");
        assert_eq!(Summary::load(directory.path()), None);
    }
}
