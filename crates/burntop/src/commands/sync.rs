//! `burntop sync`: reads the logs, and sends what the server has not seen.

use std::io::{self, Write};

use clap::Args;
use domain::clock::Clock;
use domain::text::plural;
use serde::Serialize;

use crate::api::Api;
use crate::clock::SystemClock;
use crate::context::Context;
use crate::credentials::Credentials;
use crate::day::parse_since;
use crate::delivery::{BATCH, Delivery, HandedOver, Sender, WaitingSource, chosen_sources};
use crate::failure::{Failure, FailureKind};
use crate::figures::Today;
use crate::handover::{HandoverPlan, WaitReason};
use crate::machine::Machine;
use crate::output::{Report, Style, count, finished, harmless_json, note};
use crate::scan::{ScanSummary, environment, scan_into};
use crate::settings::{ProjectNames, Settings};
use crate::store::{StateLock, Store};
use crate::summary;

#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    /// Only this tool; can be repeated
    #[arg(long, value_name = "SOURCE")]
    source: Vec<String>,
    /// Only usage from this local day on: YYYY-MM-DD, or a number of days such as 7d
    #[arg(long, value_name = "DAY")]
    since: Option<String>,
    /// Replaces what the npm client sent from this local day on: all logs since then are there
    #[arg(long, value_name = "DAY")]
    replace_from: Option<String>,
    /// Sends everything again, also what the server has. It changes no total
    #[arg(long)]
    full: bool,
    /// Prints the bodies of the requests, one a line, and sends nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct SyncReport {
    #[serde(flatten)]
    delivery: Delivery,
    /// Lines and files that could not be read.
    problems: u64,
}

impl Report for SyncReport {
    fn write(&self, out: &mut dyn Write, style: Style) -> io::Result<()> {
        if self.delivery.sources.is_empty() && self.delivery.refused.is_empty() {
            writeln!(out, "Nothing new to send.")?;
        }
        for source in &self.delivery.sources {
            write!(
                out,
                "{}: {} sent, {} new",
                style.bold(&source.source),
                plural(source.sent, "message"),
                source.synced
            )?;
            if source.duplicate > 0 {
                write!(out, ", {} known", source.duplicate)?;
            }
            writeln!(out)?;
            if let Some(handover) = &source.handed_over {
                writeln!(out, "  {}", replacement(handover))?;
            }
            if source.rejected > 0 {
                let reasons: Vec<&str> = source.rejection_reasons.iter().map(String::as_str).collect();
                let text =
                    format!("  The server rejected {}: {}", plural(source.rejected, "message"), reasons.join(", "));
                writeln!(out, "{}", style.warning(text))?;
            }
        }
        for warning in &self.delivery.warnings {
            writeln!(out, "{}", style.warning(format_args!("{}: {}", warning.field, warning.message)))?;
        }
        if !self.delivery.unpriced_models.is_empty() {
            let models: Vec<&str> = self.delivery.unpriced_models.iter().map(String::as_str).collect();
            writeln!(out, "Models without a price: {}", models.join(", "))?;
        }
        for waiting in &self.delivery.waiting {
            writeln!(out, "{}", style.warning(hindrance(waiting)))?;
        }
        if self.problems > 0 {
            writeln!(out, "{} in the logs. Run `burntop doctor`.", plural(self.problems, "problem"))?;
        }
        if let Some(stats) = &self.delivery.stats {
            let tokens = count(stats.total_tokens);
            writeln!(
                out,
                "Total: {tokens} tokens, ${}, streak {}.",
                stats.total_cost,
                plural(stats.current_streak.into(), "day")
            )?;
        }
        Ok(())
    }
}

/// What a handover did, as text.
fn replacement(handover: &HandedOver) -> String {
    let HandedOver { from, removed, kept } = handover;
    let removed = plural(*removed, "message");
    if *kept == 0 {
        return format!("Replaced {removed} of the npm client.");
    }
    let (kept, day) = (plural(*kept, "message"), from.date());
    format!(
        "Replaced {removed} of the npm client. {kept} before {day} stay, because older logs may be deleted. If all are there: \
         `burntop sync --replace-from DAY`."
    )
}

/// Why nothing of a source was sent, and what helps.
fn hindrance(waiting: &WaitingSource) -> String {
    let source = &waiting.source;
    match waiting.reason {
        WaitReason::UnreadFiles => format!(
            "Nothing of {source} was sent: not all of its files could be read, and the npm client has sent them. \
             `burntop doctor` names the files."
        ),
        WaitReason::UnreadRoots => format!(
            "Nothing of {source} was sent: its usual directory is not read, and the npm client has sent what is there. \
             `burntop doctor` names it."
        ),
        WaitReason::PartOnly => format!(
            "Nothing of {source} was sent: the npm client has sent it too, and only all of it together can replace that. Run \
             `burntop sync` without --since once."
        ),
        WaitReason::MissingLogs { messages, responses } => format!(
            "Nothing of {source} was sent: the npm client has sent {}, and the logs have {}, so logs seem to be deleted. \
             `burntop sync --replace-from DAY` replaces what it sent from the day on from which all logs are there.",
            plural(messages, "message"),
            plural(responses, "response")
        ),
    }
}

pub(crate) fn sync(context: &Context, args: &SyncArgs) -> Result<(), Failure> {
    let settings = Settings::load(&context.paths.settings())?;
    let sources = chosen_sources(&args.source)?;
    let today = Today::new();
    let instant = |text: &Option<String>| text.as_deref().map(|text| parse_since(text, &today)).transpose();
    let (since, complete_since) = (instant(&args.since)?, instant(&args.replace_from)?);
    // A dry run shows what a sync would send, so it needs no sign-in.
    let credentials = if args.dry_run {
        Credentials::load(&context.paths.credentials())?
    } else {
        Some(Credentials::require(&context.paths.credentials())?)
    };
    if credentials.is_none() && settings.projects == ProjectNames::Hashed {
        return Err(Failure::new(
            FailureKind::SignedOut,
            "Hashed names of projects depend on the account. Run `burntop login` first.",
        ));
    }
    let directory = context.paths.state();
    let lock = StateLock::take(directory)?;
    let machine = Machine::load_or_create(&context.paths)?;
    let mut has_printed = false;
    lock.with_store(|store| {
        if has_printed {
            let message = "The state was damaged, so what was printed is not complete. Run the command again.";
            return Err(Failure::new(FailureKind::Local, message));
        }
        let destination = credentials.as_ref().map(Credentials::destination).unwrap_or_default();
        // A dry run leaves what is known of the server, and shows what a sync would send regardless.
        let everything = args.dry_run && (args.full || !store.is_destination(&destination)?);
        if !args.dry_run {
            store.set_destination(&destination)?;
            for source in sources.iter().filter(|_| args.full) {
                store.forget_deliveries(Some(source))?;
            }
        }
        let scanned = scan_into(store, context, &sources)?;
        summary::refresh(store, directory, &today, scanned.changed > 0)?;
        let incomplete_sources = scanned.incomplete_sources();
        let (environment, npm_machine) = (environment()?, machine.npm_client(&context.paths)?);
        let sender = Sender {
            environment: &environment,
            machine: &machine,
            npm_machine: npm_machine.as_deref(),
            complete_since,
            now: today.now,
            zone: &today.zone,
            projects: settings.projects,
            user_id: credentials.as_ref().map_or("", |credentials| &credentials.user_id),
            since,
            everything,
            incomplete_sources: &incomplete_sources,
        };
        match credentials.as_ref().filter(|_| !args.dry_run) {
            Some(found) => deliver(context, store, &sender, found, &sources, &scanned),
            None => show(store, &sender, credentials.as_ref(), &sources, &mut has_printed),
        }
    })
}

fn deliver(
    context: &Context,
    store: &mut Store,
    sender: &Sender<'_>,
    credentials: &Credentials,
    sources: &[&str],
    scanned: &ScanSummary,
) -> Result<(), Failure> {
    let api = Api::signed_in(credentials)?;
    let delivery = sender.deliver(store, &api, sources)?;
    for source in sources {
        let waiting = delivery.waiting.iter().find(|waiting| waiting.source == *source).map(hindrance);
        store.set_waiting(source, waiting.as_deref())?;
    }
    let refused = delivery.refused.first().map(|refused| {
        Failure::new(
            FailureKind::Refused,
            format!("The messages of {} were not accepted. {}", refused.source, refused.reason),
        )
    });
    if refused.is_none() {
        store.set_last_sync(SystemClock.now())?;
    }
    context.output.print(&SyncReport { delivery, problems: scanned.problem_count() })?;
    refused.map_or(Ok(()), Err)
}

/// Prints the bodies that a sync would send, and says whether there are any. The server is asked only what it has of the npm client's
/// messages.
fn show(
    store: &Store,
    sender: &Sender<'_>,
    credentials: Option<&Credentials>,
    sources: &[&str],
    has_printed: &mut bool,
) -> Result<(), Failure> {
    let api = credentials.map(Api::signed_in).transpose()?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    for source in sources {
        let plan = sender.plan(store, api.as_ref(), source).or_else(|failure| {
            note(format_args!("{failure} The npm client counts as one that has sent messages."));
            sender.plan(store, None, source)
        })?;
        if let HandoverPlan::Waiting(reason) = plan {
            note(hindrance(&WaitingSource { source: (*source).to_owned(), reason }));
            continue;
        }
        let mut after = None;
        while let Some(batch) = sender.next_batch(store, source, plan.floor(), after.as_ref(), BATCH)? {
            *has_printed = true;
            let written = writeln!(out, "{}", harmless_json(&batch.body.to_json()?));
            if written.is_err() {
                return finished(written);
            }
            after = batch.records.into_iter().next_back();
        }
        let handover = match plan {
            HandoverPlan::Due { from, .. } => sender.handover(store, source, from, false)?,
            _ => None,
        };
        if let Some(body) = handover {
            let written = writeln!(out, "{}", harmless_json(&body.to_json()?));
            if written.is_err() {
                return finished(written);
            }
        }
    }
    finished(out.flush())
}
