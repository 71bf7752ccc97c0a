//! `burntop doctor`: what is found on this machine, what is missing, and whether the server answers.

use std::io::{self, Write};
use std::path::PathBuf;

use collector::{Environment, NO_TOKEN_DATA, Problem, State, TELEMETRY, readers};
use domain::clock::Clock;
use domain::text::{plural, rfc3339};
use serde::Serialize;
use time::{Date, Duration, OffsetDateTime};

use crate::api::Api;
use crate::clock::{self, SystemClock};
use crate::context::Context;
use crate::credentials::Credentials;
use crate::delivery::unread_root;
use crate::failure::{Failure, FailureKind};
use crate::figures::Today;
use crate::output::{Report, Style, count};
use crate::scan::{environment, scan_into, scan_sources, sources};
use crate::settings::Settings;
use crate::store::{RejectedRecord, StateLock, Store, files_set_aside};
use crate::summary;

/// A sync that is older loses nothing yet, but the service does not run.
const OVERDUE: Duration = Duration::DAY;

/// The server rejects messages that are more than a day ahead; a warning comes earlier.
const CLOCK_SKEW: Duration = Duration::minutes(5);

/// The problems that are shown of each source.
const SHOWN_PROBLEMS: usize = 5;

#[derive(Serialize)]
struct DoctorReport {
    tools: Vec<ToolHealth>,
    /// Tools that are here and store no token counts.
    without_tokens: Vec<ToolWithoutTokens>,
    server: ServerHealth,
    last_sync: Option<String>,
    rejected: Vec<RejectedRecord>,
    /// What needs attention.
    warnings: Vec<String>,
    /// What does not work.
    failures: Vec<String>,
}

#[derive(Serialize)]
struct ToolHealth {
    source: &'static str,
    roots: Vec<PathBuf>,
    files: u64,
    records: u64,
    pending: u64,
    /// Responses that are not sent, because the npm client has sent usage of their time: before this day.
    withheld: u64,
    withheld_before: Option<Date>,
    /// Why the last sync sent nothing.
    #[serde(skip)]
    waiting: Option<String>,
    /// A directory that other clients read.
    unread_root: Option<PathBuf>,
    /// Files, directories and databases that could not be read.
    files_unread: u64,
    /// These, and lines and responses that were not taken.
    problem_count: u64,
    problems: Vec<Problem>,
    retention: Option<ToolRetention>,
    /// Directories that may be the tool's, but are not read.
    suggestions: Vec<PathBuf>,
}

#[derive(Serialize)]
struct ToolRetention {
    days: u32,
    setting: &'static str,
    /// When the tool deletes what it logs today. What burntop has read until then, it keeps.
    deleted_on: Option<Date>,
}

#[derive(Serialize)]
struct ToolWithoutTokens {
    tool: &'static str,
    reason: &'static str,
}

#[derive(Serialize, Default)]
struct ServerHealth {
    address: Option<String>,
    username: Option<String>,
    is_reachable: bool,
    is_signed_in: bool,
    /// How far this machine's clock is ahead of the server's.
    clock_ahead_seconds: Option<i64>,
}

impl Report for DoctorReport {
    fn write(&self, out: &mut dyn Write, style: Style) -> io::Result<()> {
        writeln!(out, "{}", style.bold("Tools"))?;
        if self.tools.is_empty() {
            writeln!(out, "  none found")?;
        }
        for tool in &self.tools {
            let (files, records) = (plural(tool.files, "file"), plural(tool.records, "response"));
            writeln!(out, "  {}: {files}, {records}, {} not sent yet", tool.source, count(tool.pending))?;
            for root in &tool.roots {
                writeln!(out, "    {}", style.dim(root.display()))?;
            }
            if let Some(retention) = &tool.retention {
                let days = plural(retention.days.into(), "day");
                write!(out, "    The tool deletes logs after {days} ({})", retention.setting)?;
                let deleted_on =
                    retention.deleted_on.map_or_else(String::new, |date| format!(": those of today on {date}"));
                writeln!(out, "{deleted_on}. What burntop has read, it keeps.")?;
            }
            for suggestion in &tool.suggestions {
                let path = suggestion.display();
                writeln!(out, "    Not read: {path}. BURNTOP_EXTRA_DIRS={}:{path} adds it.", tool.source)?;
            }
            if tool.problem_count > 0 {
                writeln!(out, "    {}", style.warning(format_args!("{}:", plural(tool.problem_count, "problem"))))?;
            }
            for problem in tool.problems.iter().take(SHOWN_PROBLEMS) {
                let line = problem.line.map_or_else(String::new, |line| format!(":{line}"));
                writeln!(out, "      {}{line}: {}", problem.path.display(), problem.reason)?;
            }
        }
        for tool in &self.without_tokens {
            writeln!(out, "  {}: no token data ({})", tool.tool, tool.reason)?;
        }
        writeln!(out, "{}", style.bold("Server"))?;
        match (&self.server.address, &self.server.username) {
            (Some(address), Some(username)) => writeln!(out, "  {address}, as {username}")?,
            _ => writeln!(out, "  not signed in")?,
        }
        writeln!(out, "  last sync: {}", self.last_sync.as_deref().unwrap_or("never"))?;
        self.warnings.iter().try_for_each(|warning| writeln!(out, "{} {warning}", style.warning("warning:")))?;
        self.failures.iter().try_for_each(|failure| writeln!(out, "{} {failure}", style.warning("problem:")))?;
        if self.warnings.is_empty() && self.failures.is_empty() {
            writeln!(out, "{}", style.good("Everything is in order."))?;
        }
        Ok(())
    }
}

pub(crate) fn doctor(context: &Context) -> Result<(), Failure> {
    let (mut warnings, mut failures) = (Vec::new(), Vec::new());
    if let Err(failure) = Settings::load(&context.paths.settings()) {
        failures.push(failure.to_string());
    }
    let (zone, zone_warning) = clock::zone();
    warnings.extend(zone_warning);
    let today = Today::in_zone(zone);
    let state = state(context, &today, &mut warnings, &mut failures)?;
    warnings.extend(files_set_aside(context.paths.state()).into_iter().map(|file| {
        let file = file.display();
        format!(
            "A damaged state is kept as {file}. Usage whose logs are deleted may be in it alone; delete it if you do not \
             need it."
        )
    }));
    failures.extend(state.tools.iter().filter(|tool| tool.files_unread > 0).map(|tool| {
        let files = plural(tool.files_unread, "file");
        format!("{files} of {} could not be read, so usage is missing.", tool.source)
    }));
    warnings.extend(state.tools.iter().filter(|tool| tool.problem_count > tool.files_unread).map(|tool| {
        let problems = plural(tool.problem_count - tool.files_unread, "problem");
        format!("{problems} with lines in the logs of {}. What these lines say does not count.", tool.source)
    }));
    for tool in &state.tools {
        warnings.extend(tool.waiting.clone());
        warnings.extend(tool.unread_root.as_ref().map(|root| {
            let (root, source) = (root.display(), tool.source);
            format!(
                "{root} is not read, but it is where {source} usually logs. BURNTOP_EXTRA_DIRS={source}:{root} adds it."
            )
        }));
        warnings.extend(tool.withheld_before.map(|day| {
            let responses = plural(tool.withheld, "response");
            format!(
                "{responses} of {} before {day} are not sent, because the npm client has sent usage of that time. If all \
                 logs since an earlier day are there, `burntop sync --replace-from DAY` sends them in its place.",
                tool.source
            )
        }));
    }
    warnings.extend(state.rejected.iter().map(|rejected| {
        let messages = plural(rejected.count, "message");
        format!("The server has rejected {messages} of {}: {}.", rejected.source, rejected.reason)
    }));
    let server = server(context, &mut warnings, &mut failures);
    let last_sync = state.last_sync;
    let is_overdue = last_sync.is_none_or(|last_sync| today.now - last_sync > OVERDUE);
    if is_overdue {
        warnings.extend(retention_warnings(&state.tools));
    }
    if let Some(last_sync) = last_sync.filter(|_| is_overdue) {
        let days = (today.now - last_sync).whole_days().unsigned_abs();
        warnings.push(format!(
            "The last sync was {} ago. `burntop service install` syncs every hour.",
            plural(days, "day")
        ));
    }
    let environment = environment()?;
    warnings.extend(extra_dir_warnings(&environment, &state.tools));
    let without_tokens = NO_TOKEN_DATA.iter().filter(|tool| !tool.found(&environment).is_empty());
    let report = DoctorReport {
        without_tokens: without_tokens.map(|tool| ToolWithoutTokens { tool: tool.tool, reason: tool.reason }).collect(),
        tools: state.tools,
        server,
        last_sync: last_sync.map(rfc3339),
        rejected: state.rejected,
        warnings,
        failures,
    };
    context.output.print(&report)?;
    match report.failures.len() as u64 {
        0 => Ok(()),
        count => Err(Failure::new(FailureKind::Unhealthy, format!("{} found", plural(count, "problem")))),
    }
}

/// What the state of burntop says.
#[derive(Default)]
struct StateHealth {
    tools: Vec<ToolHealth>,
    last_sync: Option<OffsetDateTime>,
    rejected: Vec<RejectedRecord>,
}

impl StateHealth {
    fn read(store: &Store, tools: Vec<ToolHealth>) -> Result<Self, Failure> {
        Ok(Self { tools, last_sync: store.last_sync()?, rejected: store.rejections()? })
    }
}

/// Reads the logs and the state. Whatever is wrong with the state, the logs are looked at.
fn state(
    context: &Context,
    today: &Today,
    warnings: &mut Vec<String>,
    failures: &mut Vec<String>,
) -> Result<StateHealth, Failure> {
    let directory = context.paths.state();
    let read = StateLock::take(directory).and_then(|lock| {
        lock.with_store(|store| {
            let tools = tools(context, store, today)?;
            match summary::refresh(store, directory, today, true) {
                Err(failure) if failure.kind != FailureKind::Damaged => failures.push(failure.to_string()),
                refreshed => refreshed?,
            }
            StateHealth::read(store, tools)
        })
    });
    match read {
        Err(failure) if failure.kind == FailureKind::Locked => {
            warnings.push(format!("{failure} The tools are not listed."));
            let health = Store::open(directory).and_then(|store| StateHealth::read(&store, Vec::new()));
            Ok(health.unwrap_or_else(|failure| {
                failures.push(failure.to_string());
                StateHealth::default()
            }))
        }
        Err(failure) => {
            failures.push(failure.to_string());
            let mut store = Store::in_memory()?;
            let tools = tools(context, &mut store, today)?;
            StateHealth::read(&store, tools)
        }
        read => read,
    }
}

/// What is wrong with `BURNTOP_EXTRA_DIRS`.
fn extra_dir_warnings(environment: &Environment, tools: &[ToolHealth]) -> Vec<String> {
    let is_root = |directory: &PathBuf| tools.iter().any(|tool| tool.roots.contains(directory));
    let is_name = |name: &str| name == TELEMETRY || readers().iter().any(|reader| reader.source() == name);
    let mut warnings = Vec::new();
    for (name, directories) in &environment.extra_dirs {
        if !is_name(name) {
            warnings.push(format!("BURNTOP_EXTRA_DIRS names {name}, which is no source, so it adds nothing."));
        }
        for directory in directories {
            let shown = directory.display();
            if !directory.exists() {
                warnings.push(format!("BURNTOP_EXTRA_DIRS names {shown}, which is not there."));
            } else if name == TELEMETRY && !is_root(directory) {
                warnings.push(format!("BURNTOP_EXTRA_DIRS names {shown}, in which is no event of a tool."));
            }
        }
    }
    warnings
}

/// The tools with logs on this machine. All logs are read again apart from the state, because a later scan does not repeat the problems of an
/// earlier one.
fn tools(context: &Context, store: &mut Store, today: &Today) -> Result<Vec<ToolHealth>, Failure> {
    scan_into(store, context, &sources())?;
    let environment = environment()?;
    let scanned = scan_sources(&environment, State::default(), &sources(), &mut |_| {});
    let counts = store.record_counts()?;
    let mut tools = Vec::new();
    for (report, reader) in scanned.sources.into_iter().zip(readers()) {
        let roots: Vec<PathBuf> = report.roots.into_iter().filter(|root| root.exists).map(|root| root.path).collect();
        let records = counts.iter().find(|(source, _)| source == report.source).map_or(0, |(_, count)| *count);
        let suggestions = reader.suggestions(&environment);
        if roots.is_empty() && records == 0 && suggestions.is_empty() {
            continue;
        }
        let withheld = store.withheld(report.source)?;
        tools.push(ToolHealth {
            source: report.source,
            roots,
            files: report.files_found,
            records,
            pending: store.pending_count(report.source, withheld.map(|(floor, _)| floor))?,
            withheld: withheld.map_or(0, |(_, count)| count),
            withheld_before: withheld.filter(|(_, count)| *count > 0).map(|(floor, _)| floor.date()),
            waiting: store.waiting(report.source)?,
            unread_root: unread_root(*reader, &environment),
            files_unread: report.files_unread,
            problem_count: report.problem_count,
            problems: report.problems,
            retention: reader.retention(&environment).map(|retention| ToolRetention {
                days: retention.days,
                setting: retention.setting,
                deleted_on: today.date.checked_add(Duration::days(i64::from(retention.days))),
            }),
            suggestions,
        });
    }
    Ok(tools)
}

/// Usage that is on this machine alone although its tool deletes logs.
fn retention_warnings(tools: &[ToolHealth]) -> impl Iterator<Item = String> {
    tools.iter().filter(|tool| tool.pending > 0).filter_map(|tool| {
        let retention = tool.retention.as_ref()?;
        let (responses, days) = (plural(tool.pending, "response"), plural(retention.days.into(), "day"));
        Some(format!("On this machine only: {responses} of {}. The tool deletes its logs after {days}.", tool.source))
    })
}

fn server(context: &Context, warnings: &mut Vec<String>, failures: &mut Vec<String>) -> ServerHealth {
    let credentials = match Credentials::load(&context.paths.credentials()) {
        Ok(Some(credentials)) => credentials,
        Ok(None) => {
            warnings.push("Not signed in. Figures stay on this machine until `burntop login URL`.".to_owned());
            return ServerHealth::default();
        }
        Err(failure) => {
            failures.push(failure.to_string());
            return ServerHealth::default();
        }
    };
    let mut health = ServerHealth {
        address: Some(credentials.server.to_string()),
        username: Some(credentials.username.clone()),
        ..ServerHealth::default()
    };
    if credentials.server.is_exposed() {
        warnings.push(format!("{} is not encrypted: others in the network can read the token.", credentials.server));
    }
    let answered = Api::signed_in(&credentials).and_then(|api| {
        let answer = api.health()?;
        health.is_reachable = true;
        let ahead = answer.date.map(|date| SystemClock.now() - date);
        health.clock_ahead_seconds = ahead.map(Duration::whole_seconds);
        if ahead.is_some_and(|ahead| ahead.abs() > CLOCK_SKEW) {
            let seconds = health.clock_ahead_seconds.unwrap_or_default();
            let direction = if seconds > 0 { "ahead of" } else { "behind" };
            let minutes = plural(seconds.unsigned_abs() / 60, "minute");
            warnings.push(format!("The clock of this machine is {minutes} {direction} the server's."));
        }
        api.me()
    });
    match answered {
        Ok(_) => health.is_signed_in = true,
        Err(error) => failures.push(error.to_string()),
    }
    health
}
