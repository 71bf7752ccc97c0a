//! `burntop explain`: where the figures of a day or session come from.
//!
//! All logs are read again, apart from the state, so that the answer counts every line once more.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use collector::{DayTotal, Environment, Record, SessionTotal, SourceReport, State, TELEMETRY, Tokens, readers};
use domain::display::cleaned_name;
use domain::text::plural;
use serde::Serialize;
use time::Date;

use crate::context::Context;
use crate::day::{looks_like_date, parse_day};
use crate::delivery::chosen_sources;
use crate::failure::{Failure, FailureKind};
use crate::figures::{Figures, Pricer, Today};
use crate::output::{Report, Style, count};
use crate::scan::{environment, scan_sources};
use crate::store::{ModelUse, UsageRow};
use crate::unlogged::unlogged_calls;

/// The least characters of a session's id that select it.
const SHORTEST_SESSION: usize = 4;

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// A local day (YYYY-MM-DD, today, yesterday), or the id of a session or its beginning
    #[arg(value_name = "DAY|SESSION")]
    subject: String,
    /// Only this tool; can be repeated
    #[arg(long, value_name = "SOURCE")]
    source: Vec<String>,
}

/// What is explained.
#[derive(Debug)]
enum Subject {
    Day(Date),
    Session(String),
}

impl Subject {
    fn parse(text: &str, today: Date) -> Result<Self, Failure> {
        if let Some(date) = parse_day(text, today) {
            return Ok(Self::Day(date));
        }
        if looks_like_date(text) {
            let message = format!("`{text}` is not a day: write YYYY-MM-DD, such as {today}.");
            return Err(Failure::new(FailureKind::Usage, message));
        }
        if text.chars().count() < SHORTEST_SESSION {
            let message = format!(
                "`{text}` is neither a day nor a session: write YYYY-MM-DD, or at least {SHORTEST_SESSION} characters of an id."
            );
            return Err(Failure::new(FailureKind::Usage, message));
        }
        Ok(Self::Session(text.to_owned()))
    }

    fn has(&self, record: &Record, today: &Today) -> bool {
        match self {
            Self::Day(date) => today.zone.date(record.timestamp) == *date,
            Self::Session(session) => {
                record.session.as_deref().is_some_and(|known| known.starts_with(session.as_str()))
            }
        }
    }
}

#[derive(Serialize)]
struct ExplainReport {
    subject: String,
    sources: Vec<SourceExplanation>,
}

/// One tool. The first part is about all of its logs, the second about the subject.
#[derive(Serialize)]
struct SourceExplanation {
    source: &'static str,
    files_read: u64,
    lines_read: u64,
    /// Lines that repeat a response: growing copies, forks, backups.
    copies_merged: u64,
    not_calls: u64,
    problems: u64,
    roots: Vec<PathBuf>,
    subject: Figures,
    sessions: usize,
    /// Calls that the tool makes and does not log.
    unlogged: Option<&'static str>,
    differences: Vec<TotalDifference>,
    /// What the tool itself counted on the day, where it differs.
    day_differences: Vec<DayDifference>,
}

/// The input and output of a day that a tool itself counted for a model, against its records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct DayDifference {
    model: String,
    tool_tokens: u64,
    read_tokens: u64,
}

/// A session's own total of the tool, against its records.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct TotalDifference {
    session: Arc<str>,
    model: Option<Arc<str>>,
    tool_tokens: u64,
    read_tokens: u64,
    tool_output_tokens: u64,
    read_output_tokens: u64,
}

impl Report for ExplainReport {
    fn write(&self, out: &mut dyn Write, style: Style) -> io::Result<()> {
        if self.sources.is_empty() {
            return writeln!(out, "No logs have usage of {}.", self.subject);
        }
        for source in &self.sources {
            writeln!(out, "{}", style.bold(source.source))?;
            let (files, lines) = (plural(source.files_read, "file"), plural(source.lines_read, "line"));
            writeln!(out, "  read              {files}, {lines}")?;
            writeln!(out, "  copies merged     {}", count(source.copies_merged))?;
            if source.not_calls > 0 {
                writeln!(out, "  not calls         {}", count(source.not_calls))?;
            }
            if source.problems > 0 {
                writeln!(out, "  unreadable        {} (see `burntop doctor`)", count(source.problems))?;
            }
            let figures = &source.subject;
            let (responses, sessions) =
                (plural(figures.responses, "response"), plural(source.sessions as u64, "session"));
            writeln!(
                out,
                "  {:<16}  {responses} in {sessions}, {} tokens, {}",
                self.subject,
                count(figures.tokens),
                figures.shown_cost()
            )?;
            if figures.unfinished_responses > 0 {
                writeln!(
                    out,
                    "  unfinished        {}: the tool did not log their end, so their output is higher",
                    count(figures.unfinished_responses)
                )?;
            }
            for difference in &source.differences {
                let model = difference.model.as_deref().unwrap_or("all models");
                writeln!(
                    out,
                    "  tool's own total  session {}, {}: {} tokens, {} of them output; read: {} and {}",
                    cleaned_name(&difference.session, 12),
                    cleaned_name(model, 48),
                    count(difference.tool_tokens),
                    count(difference.tool_output_tokens),
                    count(difference.read_tokens),
                    count(difference.read_output_tokens),
                )?;
            }
            for difference in &source.day_differences {
                writeln!(
                    out,
                    "  tool's own count  {}: {} tokens of input and output; read: {}",
                    cleaned_name(&difference.model, 48),
                    count(difference.tool_tokens),
                    count(difference.read_tokens),
                )?;
            }
            if let Some(unlogged) = source.unlogged {
                writeln!(out, "  never logged      {unlogged}")?;
            }
        }
        Ok(())
    }
}

pub(crate) fn explain(context: &Context, args: &ExplainArgs) -> Result<(), Failure> {
    let today = Today::new();
    let subject = Subject::parse(&args.subject, today.date)?;
    let environment = environment()?;
    let mut explanations = Vec::new();
    for source in chosen_sources(&args.source)? {
        let mut found = HashMap::new();
        let scan =
            scan_sources(&environment, State::default(), &[source], &mut |records| keep_best(&mut found, records));
        let all: Vec<Record> = found.into_values().collect();
        let records: Vec<&Record> = all.iter().filter(|record| subject.has(record, &today)).collect();
        let day_differences = day_differences(&day_totals(source, &subject, &environment), &records);
        if records.is_empty() && day_differences.is_empty() {
            continue;
        }
        explanations.extend(scan.sources.iter().map(|report| SourceExplanation {
            day_differences: day_differences.clone(),
            unlogged: unlogged_calls(source).filter(|_| !has_events(report, &environment)),
            ..explanation(report, &records, &all)
        }));
    }
    let subject = match subject {
        Subject::Day(date) => date.to_string(),
        Subject::Session(session) => cleaned_name(&session, 16),
    };
    context.output.print(&ExplainReport { subject, sources: explanations })
}

/// Whether telemetry was read, which tells of calls that are in no log.
fn has_events(report: &SourceReport, environment: &Environment) -> bool {
    report.roots.iter().any(|root| environment.extra(TELEMETRY).contains(&root.path))
}

/// Adds records of a source, of which a later one may supersede an earlier one.
fn keep_best(found: &mut HashMap<String, Record>, records: Vec<Record>) {
    for record in records {
        match found.entry(record.id.clone()) {
            Entry::Occupied(mut known) => drop(known.get_mut().merge(record)),
            Entry::Vacant(entry) => drop(entry.insert(record)),
        }
    }
}

fn explanation(report: &SourceReport, subject: &[&Record], all: &[Record]) -> SourceExplanation {
    let (mut figures, mut pricer) = (Figures::default(), Pricer::new());
    for record in subject {
        figures += pricer.figures(&usage_row(record));
    }
    let sessions: BTreeSet<Arc<str>> = subject.iter().filter_map(|record| record.session.clone()).collect();
    SourceExplanation {
        source: report.source,
        files_read: report.files_read,
        lines_read: report.lines_read,
        copies_merged: report.copies_merged,
        not_calls: report.not_calls,
        problems: report.problem_count,
        roots: report.roots.iter().filter(|root| root.exists).map(|root| root.path.clone()).collect(),
        subject: figures,
        differences: differences(&report.session_totals, all, &sessions),
        sessions: sessions.len(),
        unlogged: None,
        day_differences: Vec::new(),
    }
}

/// What the tool itself counted on the day that is explained.
fn day_totals(source: &str, subject: &Subject, environment: &Environment) -> Vec<DayTotal> {
    let Subject::Day(date) = subject else { return Vec::new() };
    let reader = readers().iter().find(|reader| reader.source() == source);
    let totals = reader.map_or_else(Vec::new, |reader| reader.day_totals(environment));
    totals.into_iter().filter(|total| total.date == *date).collect()
}

/// The models of a day whose input and output differ from the tool's own count.
fn day_differences(totals: &[DayTotal], records: &[&Record]) -> Vec<DayDifference> {
    let mut counted = BTreeMap::<&str, u64>::new();
    for total in totals {
        *counted.entry(&total.model).or_default() += total.tokens;
    }
    let differing = counted.into_iter().filter_map(|(model, tool_tokens)| {
        let read = records.iter().filter(|record| *record.model == *model);
        let read_tokens = read.map(|record| record.tokens.input + record.tokens.output).sum();
        (tool_tokens != read_tokens).then(|| DayDifference { model: model.to_owned(), tool_tokens, read_tokens })
    });
    differing.collect()
}

fn usage_row(record: &Record) -> UsageRow {
    UsageRow {
        source: record.source.clone(),
        at: record.timestamp,
        model: ModelUse { model: record.model.clone(), provider: record.provider.clone() },
        tokens: record.tokens,
        session: record.session.clone(),
        project: record.project.clone(),
        is_incomplete: record.incomplete,
    }
}

/// A session, and one of its models or all of them.
type SessionModel = (Arc<str>, Option<Arc<str>>);

/// The totals of `sessions` that differ from their records. A total without a model is compared with all models of its session.
fn differences(totals: &[SessionTotal], records: &[Record], sessions: &BTreeSet<Arc<str>>) -> Vec<TotalDifference> {
    let mut read: BTreeMap<SessionModel, (u64, u64)> = BTreeMap::new();
    for record in records {
        let Some(session) = record.session.as_ref().filter(|session| sessions.contains(*session)) else { continue };
        for model in [Some(record.model.clone()), None] {
            let sums = read.entry((session.clone(), model)).or_default();
            *sums = (sums.0 + record.tokens.total(), sums.1 + record.tokens.output);
        }
    }
    let mut counted: BTreeMap<SessionModel, Tokens> = BTreeMap::new();
    for total in totals.iter().filter(|total| sessions.contains(&total.session)) {
        let sums = counted.entry((total.session.clone(), total.model.clone())).or_default();
        sums.input += total.tokens.input;
        sums.cache_read += total.tokens.cache_read;
        sums.cache_write += total.tokens.cache_write;
        sums.output += total.tokens.output;
    }
    let differing = counted.into_iter().filter_map(|((session, model), tool)| {
        let (read_tokens, read_output_tokens) =
            read.get(&(session.clone(), model.clone())).copied().unwrap_or_default();
        (tool.total() != read_tokens).then(|| TotalDifference {
            session,
            model,
            tool_tokens: tool.total(),
            read_tokens,
            tool_output_tokens: tool.output,
            read_output_tokens,
        })
    });
    differing.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    fn tokens(input: u64, output: u64) -> Tokens {
        Tokens { input, output, ..Tokens::default() }
    }

    fn record(session: &str, model: &str, tokens: Tokens) -> Record {
        Record {
            source: "claude-code".into(),
            id: format!("{session}{model}{}", tokens.output),
            timestamp: datetime!(2026-11-30 12:00 UTC),
            model: model.into(),
            provider: None,
            tokens,
            session: Some(session.into()),
            project: None,
            agent: None,
            service_tier: None,
            reported_cost_nanousd: None,
            incomplete: false,
            cumulative: false,
            parser_version: 1,
        }
    }

    fn total(session: &str, model: Option<&str>, tokens: Tokens) -> SessionTotal {
        let model = model.map(Into::into);
        SessionTotal { source: "claude-code".into(), session: session.into(), model, tokens, cost_nanousd: None }
    }

    #[test]
    fn differences_are_per_model_or_session() {
        let records = [
            record("s1", "opus", tokens(10, 1)),
            record("s1", "opus", tokens(10, 2)),
            record("s1", "haiku", tokens(5, 5)),
            record("s2", "opus", tokens(7, 7)),
        ];
        let sessions = BTreeSet::from([Arc::from("s1")]);
        let found = |totals: &[SessionTotal]| {
            let found = differences(totals, &records, &sessions).into_iter();
            found
                .map(|d| (d.tool_tokens, d.read_tokens, d.tool_output_tokens, d.read_output_tokens))
                .collect::<Vec<_>>()
        };
        for (name, totals, expected) in [
            ("equal", vec![total("s1", Some("opus"), tokens(20, 3))], vec![]),
            (
                "two processes add up",
                vec![total("s1", Some("opus"), tokens(10, 1)), total("s1", Some("opus"), tokens(10, 2))],
                vec![],
            ),
            ("the tool counts more", vec![total("s1", Some("opus"), tokens(20, 13))], vec![(33, 23, 13, 3)]),
            ("a model that is in no log", vec![total("s1", Some("sonnet"), tokens(4, 1))], vec![(5, 0, 1, 0)]),
            ("all models of a session", vec![total("s1", None, tokens(25, 9))], vec![(34, 33, 9, 8)]),
            ("another session", vec![total("s2", Some("opus"), tokens(1, 1))], vec![]),
        ] {
            assert_eq!(found(&totals), expected, "{name}");
        }
    }
}
