//! The state of the instance, for metrics.

use domain::jobs::JobStore;
use domain::jobs::ports::{QueueState, WorkerStatus};

use crate::database::Database;
use crate::prelude::*;

/// The state of an instance, which all its processes share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceState {
    pub jobs: Vec<QueueState>,
    pub workers: WorkerStatus,
    /// When the boards were computed last; `None` before the first time.
    pub boards_computed_at: Option<OffsetDateTime>,
    /// When the live price table was last found to be in the price book; `None` if it never was.
    pub prices_confirmed_at: Option<OffsetDateTime>,
}

#[derive(QueryableByName)]
struct TimesRow {
    #[diesel(sql_type = Nullable<Timestamptz>)]
    boards_computed_at: Option<OffsetDateTime>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    prices_confirmed_at: Option<OffsetDateTime>,
}

impl Database {
    /// Reads the state. The time depends on the number of stored jobs.
    pub async fn instance_state(&self) -> Result<InstanceState, StoreError> {
        let (jobs, workers) = (self.states().await?, self.worker_status().await?);
        let times = "SELECT (SELECT max(computed_at) FROM board_snapshots) AS boards_computed_at,
            (SELECT max(at) FROM price_updates WHERE outcome IN ('applied', 'unchanged')) AS prices_confirmed_at";
        let times: TimesRow = statement(times).row(&self.connection().await?.pg).await?;
        let TimesRow { boards_computed_at, prices_confirmed_at } = times;
        Ok(InstanceState { jobs, workers, boards_computed_at, prices_confirmed_at })
    }

    /// Counts the messages without a price. The time depends on the number of accounts.
    pub async fn count_unpriced_messages(&self) -> Result<u64, StoreError> {
        let count = statement("SELECT coalesce(sum(unpriced_messages), 0)::bigint AS value FROM usage_totals");
        let count: i64 = count.value::<BigInt, _>(&self.connection().await?.pg).await?;
        Ok(count.unsigned_abs())
    }
}
