//! The hourly sync: a timer of systemd, an agent of launchd, or a line of cron.

mod cron;
mod launchd;
mod program;
mod systemd;
mod variables;

use std::path::PathBuf;

use clap::ValueEnum;
use serde::Serialize;

use crate::failure::{Failure, FailureKind};
use crate::paths::{HostSystem, Paths};

/// A program that runs others at set times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Scheduler {
    Systemd,
    Launchd,
    Cron,
}

impl Scheduler {
    const ALL: [Self; 3] = [Self::Systemd, Self::Launchd, Self::Cron];

    /// The best one that works for this user.
    fn best() -> Result<Self, Failure> {
        let candidates: &[Self] = match HostSystem::current() {
            HostSystem::Linux => &[Self::Systemd, Self::Cron],
            HostSystem::MacOs => &[Self::Launchd, Self::Cron],
            HostSystem::Windows => &[],
        };
        candidates.iter().copied().find(|scheduler| scheduler.is_available()).ok_or_else(|| {
            let message = match HostSystem::current() {
                HostSystem::Windows => {
                    "Windows has its own scheduler: schtasks /create /tn burntop /sc hourly /tr \"burntop sync\""
                }
                _ => "Neither a service manager of this user nor cron is available. Run `burntop sync` regularly by other means.",
            };
            Failure::new(FailureKind::Local, message)
        })
    }

    fn is_available(self) -> bool {
        match self {
            Self::Systemd => systemd::is_available(),
            Self::Launchd => program::exists("launchctl"),
            Self::Cron => program::exists("crontab"),
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Systemd => "systemd",
            Self::Launchd => "launchd",
            Self::Cron => "cron",
        }
    }
}

/// An installed service.
#[derive(Debug, Serialize)]
pub(crate) struct InstalledService {
    pub(crate) scheduler: Scheduler,
    /// What was written; none for cron, which keeps its table itself.
    pub(crate) files: Vec<PathBuf>,
    pub(crate) is_active: bool,
}

/// Installs the hourly sync of the program at `program` with `wanted`, or the best scheduler. What another one has is removed, so that the
/// sync never runs twice an hour.
pub(crate) fn install(
    paths: &Paths,
    wanted: Option<Scheduler>,
    program: &std::path::Path,
) -> Result<InstalledService, Failure> {
    let scheduler = wanted.map_or_else(Scheduler::best, Ok)?;
    let installed = match scheduler {
        Scheduler::Systemd => systemd::install(paths, program),
        Scheduler::Launchd => launchd::install(paths, program),
        Scheduler::Cron => cron::install(program),
    }?;
    // Last, so that an installation that fails leaves the earlier one.
    for other in Scheduler::ALL.into_iter().filter(|other| *other != scheduler) {
        remove_one(paths, other)?;
    }
    Ok(installed)
}

/// The installed service; `None` without one.
pub(crate) fn status(paths: &Paths) -> Result<Option<InstalledService>, Failure> {
    for scheduler in Scheduler::ALL {
        let found = match scheduler {
            Scheduler::Systemd => systemd::status(paths),
            Scheduler::Launchd => launchd::status(paths),
            Scheduler::Cron => cron::status()?,
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Removes the service of every scheduler; returns those that had one.
pub(crate) fn remove(paths: &Paths) -> Result<Vec<Scheduler>, Failure> {
    let mut removed = Vec::new();
    for scheduler in Scheduler::ALL {
        if remove_one(paths, scheduler)? {
            removed.push(scheduler);
        }
    }
    Ok(removed)
}

fn remove_one(paths: &Paths, scheduler: Scheduler) -> Result<bool, Failure> {
    match scheduler {
        Scheduler::Systemd => systemd::remove(paths),
        Scheduler::Launchd => launchd::remove(paths),
        Scheduler::Cron => cron::remove(),
    }
}
