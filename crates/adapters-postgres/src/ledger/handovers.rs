//! Handovers, and what an account has of a tool and a machine.

use domain::usage::ports::SyncStateReader;
use domain::usage::{Handover, MachineId, Source, SyncState};

use crate::database::Database;
use crate::prelude::*;
use crate::unit_of_work::PgUnitOfWork;

/// The machine of a sync, and the start of its handover of the tool.
#[derive(QueryableByName)]
pub(super) struct TouchedMachine {
    #[diesel(sql_type = Integer)]
    pub(super) key: i32,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub(super) since: Option<OffsetDateTime>,
}

#[derive(QueryableByName)]
struct HandoverRow {
    #[diesel(sql_type = Text)]
    machine: String,
    #[diesel(sql_type = Text)]
    source: String,
    #[diesel(sql_type = Timestamptz)]
    since: OffsetDateTime,
}

#[derive(QueryableByName)]
struct SyncStateRow {
    #[diesel(sql_type = Nullable<Timestamptz>)]
    newest_at: Option<OffsetDateTime>,
    #[diesel(sql_type = BigInt)]
    messages: i64,
    #[diesel(sql_type = BigInt)]
    messages_protocol_2: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    since: Option<OffsetDateTime>,
}

impl PgUnitOfWork {
    pub(super) async fn store_handover(&mut self, user: UserId, handover: &Handover) -> Result<(), StoreError> {
        let Handover { machine, source, from } = handover;
        let sources = self.keys([source.clone()].into()).await?;
        let machines = self.machine_keys(user, [machine.clone()].into()).await?;
        let unknown = || StoreError::Internal("a handover has an unknown machine or tool".to_owned());
        statement(include_str!("keep_handover.sql"))
            .bind::<Timestamptz>(*from)
            .bind::<Integer>(*machines.get(machine).ok_or_else(unknown)?)
            .bind::<Integer>(*sources.get(source).ok_or_else(unknown)?)
            .exec(self.connection()?)
            .await
    }

    pub(super) async fn remove_handovers(&mut self, user: UserId, source: Option<&Source>) -> Result<bool, StoreError> {
        let removed = statement(include_str!("remove_handovers.sql"))
            .bind::<SqlUuid>(user.0)
            .bind::<Nullable<Text>>(source.map(Source::as_str))
            .run(self.connection()?)
            .await?;
        Ok(removed > 0)
    }

    pub(super) async fn stored_handovers(&mut self, user: UserId) -> Result<Vec<Handover>, StoreError> {
        let query = statement(include_str!("handovers.sql")).bind::<SqlUuid>(user.0);
        let rows: Vec<HandoverRow> = query.rows(self.connection()?).await?;
        let handover = |row: HandoverRow| Handover {
            machine: MachineId::trusted(row.machine),
            source: Source::trusted(row.source),
            from: row.since,
        };
        Ok(rows.into_iter().map(handover).collect())
    }
}

#[async_trait]
impl SyncStateReader for Database {
    async fn sync_state(&self, user: UserId, source: &Source, machine: &MachineId) -> Result<SyncState, StoreError> {
        let query = statement(include_str!("sync_state.sql"))
            .bind::<SqlUuid>(user.0)
            .bind::<Text>(source.as_str())
            .bind::<Text>(machine.as_str());
        let row: SyncStateRow = query.row(&self.connection().await?.pg).await?;
        Ok(SyncState {
            newest_message_at: row.newest_at,
            messages: row.messages.unsigned_abs(),
            messages_protocol_2: row.messages_protocol_2.unsigned_abs(),
            handover_from: row.since,
        })
    }
}
