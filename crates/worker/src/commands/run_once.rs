//! `worker run-once`: does a job of the schedule here and now, beside whatever a running worker does.

use adapters_postgres::Database;
use bootstrap::out::say;
use bootstrap::store::deps;
use bootstrap::{Settings, StartupError};
use domain::jobs::Job;
use worker::{Handlers, Work};

use super::interrupted;
use crate::failed;

pub(crate) async fn run_once(settings: &Settings, store: &Database, job: &Job) -> Result<(), StartupError> {
    let handlers = Handlers::new(settings, store, &deps(store), interrupted()?)?;
    let report = handlers.run(job, None).await.map_err(|error| failed(job.kind().name(), error.to_string()))?;
    say(format_args!("{}: {report}", job.kind().name()));
    Ok(())
}
