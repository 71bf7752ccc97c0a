//! `burntop service`: the hourly sync.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::context::Context;
use crate::credentials::Credentials;
use crate::failure::{Failure, FailureKind};
use crate::output::{Report, Style, note};
use crate::service::{self, InstalledService, Scheduler};

#[derive(Debug, Args)]
pub(crate) struct ServiceArgs {
    #[command(subcommand)]
    command: ServiceCommand,
}

#[derive(Debug, Subcommand)]
enum ServiceCommand {
    /// Syncs every hour: through systemd, launchd, or cron as the last resort
    Install {
        /// Uses this scheduler
        #[arg(long, value_enum)]
        with: Option<Scheduler>,
    },
    /// Shows whether the hourly sync is installed
    Status,
    /// Removes the hourly sync
    Remove,
}

#[derive(Serialize)]
struct ServiceReport {
    service: Option<InstalledService>,
}

impl Report for ServiceReport {
    fn write(&self, out: &mut dyn Write, _style: Style) -> io::Result<()> {
        let Some(service) = &self.service else {
            return writeln!(out, "The hourly sync is not installed.");
        };
        let state = if service.is_active { "active" } else { "not active" };
        writeln!(out, "The hourly sync is installed with {} and {state}.", service.scheduler.name())?;
        service.files.iter().try_for_each(|file| writeln!(out, "  {}", file.display()))
    }
}

#[derive(Serialize)]
struct RemovedReport {
    removed: Vec<Scheduler>,
}

impl Report for RemovedReport {
    fn write(&self, out: &mut dyn Write, _style: Style) -> io::Result<()> {
        if self.removed.is_empty() {
            return writeln!(out, "The hourly sync was not installed.");
        }
        writeln!(out, "The hourly sync is removed.")
    }
}

pub(crate) fn service(context: &Context, args: &ServiceArgs) -> Result<(), Failure> {
    match args.command {
        ServiceCommand::Install { with } => install(context, with),
        ServiceCommand::Status => context.output.print(&ServiceReport { service: service::status(&context.paths)? }),
        ServiceCommand::Remove => context.output.print(&RemovedReport { removed: service::remove(&context.paths)? }),
    }
}

fn install(context: &Context, with: Option<Scheduler>) -> Result<(), Failure> {
    // Without a sign-in the service would fail every hour, unseen.
    Credentials::require(&context.paths.credentials())?;
    let program = std::env::current_exe()
        .map_err(|error| Failure::new(FailureKind::Local, format!("the path of this program is unknown: {error}")))?;
    if program.components().any(|part| part.as_os_str() == "target") {
        note(format_args!(
            "warning: {} is a build directory; the service stops working when it is removed",
            program.display()
        ));
    }
    let installed = service::install(&context.paths, with, &program)?;
    context.output.print(&ServiceReport { service: Some(installed) })
}
