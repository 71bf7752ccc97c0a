//! `burntop sync`: reads the logs, and sends what the server has not seen.

use std::collections::BTreeSet;
use std::io::{self, Write};

use clap::Args;
use domain::clock::Clock;
use domain::text::plural;
use serde::Serialize;
use time::OffsetDateTime;

use crate::api::Api;
use crate::clock::SystemClock;
use crate::context::Context;
use crate::credentials::Credentials;
use crate::day::parse_since;
use crate::delivery::{BATCH, Delivery, Sender, chosen_sources};
use crate::failure::{Failure, FailureKind};
use crate::figures::Today;
use crate::machine::Machine;
use crate::output::{Report, Style, count, finished, harmless_json};
use crate::scan::{ScanSummary, scan_into};
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
    /// Sources whose handover waits until all files can be read.
    incomplete_sources: BTreeSet<&'static str>,
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
            if source.handed_over {
                writeln!(out, "  The messages that the npm client sent are replaced.")?;
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
        for source in &self.incomplete_sources {
            let text = format!("Not all files of {source} could be read, so the messages of the npm client stay.");
            writeln!(out, "{}", style.warning(text))?;
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

pub(crate) fn sync(context: &Context, args: &SyncArgs) -> Result<(), Failure> {
    let settings = Settings::load(&context.paths.settings())?;
    let sources = chosen_sources(&args.source)?;
    let today = Today::new();
    let since = args.since.as_deref().map(|text| parse_since(text, &today)).transpose()?;
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
        let sender = Sender {
            machine: &machine,
            zone: &today.zone,
            projects: settings.projects,
            user_id: credentials.as_ref().map_or("", |credentials| &credentials.user_id),
            since,
            everything,
            incomplete_sources: &incomplete_sources,
        };
        match credentials.as_ref().filter(|_| !args.dry_run) {
            Some(credentials) => deliver(context, store, &sender, credentials, &sources, &scanned),
            None => show(store, &sender, &sources, &mut has_printed),
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
    let refused = delivery.refused.first().map(|refused| {
        Failure::new(
            FailureKind::Refused,
            format!("The messages of {} were not accepted. {}", refused.source, refused.reason),
        )
    });
    if refused.is_none() {
        store.set_last_sync(SystemClock.now())?;
    }
    let incomplete_sources =
        if sender.machine.has_npm_history { sender.incomplete_sources.clone() } else { BTreeSet::new() };
    context.output.print(&SyncReport { delivery, problems: scanned.problem_count(), incomplete_sources })?;
    refused.map_or(Ok(()), Err)
}

/// Prints the bodies that a sync would send, and says whether there are any.
fn show(store: &Store, sender: &Sender<'_>, sources: &[&str], has_printed: &mut bool) -> Result<(), Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for source in sources {
        let handover_from: Option<OffsetDateTime> = sender.handover_from(store, source)?;
        let mut after = None;
        while let Some(batch) = sender.next_batch(store, source, after.as_ref(), handover_from, BATCH)? {
            *has_printed = true;
            let written = writeln!(out, "{}", harmless_json(&batch.body.to_json()?));
            if written.is_err() {
                return finished(written);
            }
            after = batch.records.into_iter().next_back();
        }
    }
    finished(out.flush())
}
