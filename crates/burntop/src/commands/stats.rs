//! `burntop stats`: usage of this machine, offline and priced.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use domain::days::{Period, window_start};
use domain::display::cleaned_name;
use domain::text::plural;
use serde::Serialize;
use time::Date;

use crate::context::Context;
use crate::failure::{Failure, FailureKind};
use crate::figures::{Figures, Pricer, Today};
use crate::output::{Report, Style, count, note};
use crate::scan::{ScanSummary, scan_into, sources};
use crate::store::{StateLock, Store, UsageFilter, UsageRow};
use crate::summary;
use crate::table::Table;

/// The most characters of a name in a table.
const LONGEST_NAME: usize = 48;

#[derive(Debug, Args)]
pub(crate) struct StatsArgs {
    /// The days that are counted, in the time zone of this machine: today, the last 7 days, the last 30 days, or all
    #[arg(value_enum, default_value_t = StatsPeriod::All)]
    period: StatsPeriod,
    /// One row for each of these
    #[arg(long, value_enum, default_value_t = Grouping::Tool)]
    by: Grouping,
    /// Does not read logs, but shows what was read before
    #[arg(long)]
    no_read: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
enum StatsPeriod {
    Day,
    Week,
    Month,
    All,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
enum Grouping {
    Model,
    Tool,
    Project,
    Session,
    Day,
}

impl StatsPeriod {
    /// The first local day; `None` for all.
    fn first(self, today: Date) -> Option<Date> {
        match self {
            Self::Day => Some(today),
            Self::Week => Period::Week.days().map(|days| window_start(today, days)),
            Self::Month => Period::Month.days().map(|days| window_start(today, days)),
            Self::All => None,
        }
    }
}

impl Grouping {
    const fn heading(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Tool => "tool",
            Self::Project => "project",
            Self::Session => "session",
            Self::Day => "day",
        }
    }

    fn name(self, row: &UsageRow, today: &Today) -> Arc<str> {
        let unknown = || Arc::from("(unknown)");
        match self {
            Self::Model => row.model.model.clone(),
            Self::Tool => row.source.clone(),
            Self::Project => row.project.clone().unwrap_or_else(unknown),
            Self::Session => row.session.clone().unwrap_or_else(unknown),
            Self::Day => today.zone.date(row.at).to_string().into(),
        }
    }
}

#[derive(Serialize)]
struct StatsReport {
    period: StatsPeriod,
    /// The first and the last local day that are counted; the first is null for all.
    from: Option<Date>,
    to: Date,
    zone: String,
    total: Figures,
    by: Grouping,
    groups: Vec<StatsGroup>,
    current_streak: u32,
    longest_streak: u32,
    /// Lines, files and responses that were not taken just now.
    problems: u64,
}

#[derive(Serialize)]
struct StatsGroup {
    name: Arc<str>,
    #[serde(flatten)]
    figures: Figures,
}

impl Report for StatsReport {
    fn write(&self, out: &mut dyn Write, style: Style) -> io::Result<()> {
        let days = match self.from {
            Some(from) if from == self.to => self.to.to_string(),
            Some(from) => format!("{from} to {}", self.to),
            None => "all days".to_owned(),
        };
        writeln!(out, "{} ({})", style.bold(format_args!("Usage of {days}")), self.zone)?;
        let mut table = Table::new([
            self.by.heading(),
            "responses",
            "input",
            "output",
            "cache read",
            "cache write",
            "tokens",
            "cost",
        ]);
        let mut row = |name: &str, figures: &Figures| {
            table.row([
                cleaned_name(name, LONGEST_NAME),
                count(figures.responses),
                count(figures.input_tokens),
                count(figures.output_tokens),
                count(figures.cache_read_tokens),
                count(figures.cache_write_tokens),
                count(figures.tokens),
                figures.shown_cost(),
            ]);
        };
        self.groups.iter().for_each(|group| row(&group.name, &group.figures));
        row("total", &self.total);
        table.write(out, style)?;
        let (current, longest) = (plural(self.current_streak.into(), "day"), plural(self.longest_streak.into(), "day"));
        writeln!(out, "Streak: {current}, longest {longest}.")?;
        if self.total.is_estimated {
            writeln!(out, "~ A part of this cost follows from a rule, because the price list has no price for it.")?;
        }
        if self.total.unpriced_tokens > 0 {
            writeln!(
                out,
                "? The cost of {} tokens is unknown: their models have no price.",
                count(self.total.unpriced_tokens)
            )?;
        }
        if self.total.unfinished_responses > 0 {
            let responses = plural(self.total.unfinished_responses, "response");
            writeln!(out, "The end of {responses} was not logged, so their output is higher than shown.")?;
        }
        if self.problems > 0 {
            writeln!(out, "{} in the logs. Run `burntop doctor`.", plural(self.problems, "problem"))?;
        }
        Ok(())
    }
}

pub(crate) fn stats(context: &Context, args: &StatsArgs) -> Result<(), Failure> {
    let today = Today::new();
    let directory = context.paths.state();
    let mut is_known = args.no_read;
    let stored = StateLock::take(directory).and_then(|lock| {
        lock.with_store(|store| {
            // A second attempt has an empty store.
            if std::mem::take(&mut is_known) {
                return report(store, args, &today, &ScanSummary::default());
            }
            let scanned = scan_into(store, context, &sources())?;
            summary::refresh(store, directory, &today, scanned.changed > 0)?;
            report(store, args, &today, &scanned)
        })
    });
    let report = match stored {
        Err(failure) if failure.kind == FailureKind::Locked => {
            note("Another process is reading logs; these are the figures so far.");
            report(&Store::open(directory)?, args, &today, &ScanSummary::default())
        }
        // Such as in a read-only home directory.
        Err(failure) => {
            note(format_args!("warning: {failure}; reading all logs without keeping the result"));
            let mut store = Store::in_memory()?;
            let scanned = scan_into(&mut store, context, &sources())?;
            report(&store, args, &today, &scanned)
        }
        stored => stored,
    };
    context.output.print(&report?)
}

/// Sums the usage in `store`.
fn report(store: &Store, args: &StatsArgs, today: &Today, scanned: &ScanSummary) -> Result<StatsReport, Failure> {
    let from = args.period.first(today.date);
    let mut filter = UsageFilter { from: from.map(|date| today.start_of(date)), ..UsageFilter::default() };
    if from.is_some() {
        filter.before = today.date.next_day().map(|next| today.start_of(next));
    }
    let (mut groups, mut pricer) = (HashMap::<Arc<str>, Figures>::new(), Pricer::new());
    store.each_usage(&filter, |row| *groups.entry(args.by.name(&row, today)).or_default() += pricer.figures(&row))?;
    let mut total = Figures::default();
    for figures in groups.values() {
        total += *figures;
    }
    let mut groups: Vec<_> = groups.into_iter().map(|(name, figures)| StatsGroup { name, figures }).collect();
    groups.sort_by(|a, b| match args.by {
        Grouping::Day => a.name.cmp(&b.name),
        _ => (b.figures.cost, b.figures.tokens)
            .cmp(&(a.figures.cost, a.figures.tokens))
            .then_with(|| a.name.cmp(&b.name)),
    });
    let streak = today.streak(store)?;
    Ok(StatsReport {
        period: args.period,
        from,
        to: today.date,
        zone: today.zone.name().to_owned(),
        total,
        by: args.by,
        groups,
        current_streak: streak.current,
        longest_streak: streak.longest,
        problems: scanned.problem_count(),
    })
}
