//! `worker run-once`: does a job of the schedule here and now, beside whatever a running worker does.

use std::sync::Arc;

use adapters_postgres::Database;
use bootstrap::out::say;
use bootstrap::system::{SystemClock, SystemIds};
use bootstrap::{Settings, StartupError};
use domain::clock::Clock;
use domain::ids::Ids;
use domain::jobs::Job;
use worker::{Handlers, Work};

use super::interrupted;
use crate::failed;

pub(crate) async fn run_once(settings: &Settings, store: &Database, job: &Job) -> Result<(), StartupError> {
    let (clock, ids): (Arc<dyn Clock>, Arc<dyn Ids>) = (Arc::new(SystemClock), Arc::new(SystemIds));
    let handlers = Handlers::new(settings, store, &clock, &ids, interrupted()?)?;
    let report = handlers.run(job, None).await.map_err(|error| failed(job.kind().name(), error.to_string()))?;
    say(format_args!("{}: {report}", job.kind().name()));
    Ok(())
}
