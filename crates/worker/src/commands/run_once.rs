//! `worker run-once`: runs a scheduled job in this process, even if a worker is running too.

use adapters_postgres::Database;
use bootstrap::out::print_line;
use bootstrap::store::deps;
use bootstrap::{Settings, StartupError};
use domain::jobs::Job;
use worker::{Handlers, JobRunner};

use super::interrupted;
use crate::failed;

pub(crate) async fn run_once(settings: &Settings, store: &Database, job: &Job) -> Result<(), StartupError> {
    let handlers = Handlers::new(settings, store, &deps(store), interrupted()?)?;
    let report = handlers.run(job, None).await.map_err(|error| failed(job.kind().name(), error.to_string()))?;
    print_line(format_args!("{}: {report}", job.kind().name()));
    Ok(())
}
