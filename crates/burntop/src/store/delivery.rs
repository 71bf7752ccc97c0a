//! Which records the server has.

use rusqlite::{OptionalExtension, params};
use time::OffsetDateTime;

use super::Store;
use super::usage::{TokenColumns, instant, microseconds};
use crate::failure::Failure;

const DESTINATION: &str = "destination";
const LAST_SYNC: &str = "last_sync";

/// A record that the server has not seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PendingRecord {
    pub(crate) id: String,
    pub(crate) at: OffsetDateTime,
    pub(crate) model: String,
    pub(crate) provider: Option<String>,
    pub(crate) tokens: collector::Tokens,
    pub(crate) project: Option<String>,
    pub(crate) service_tier: Option<String>,
    pub(crate) reported_cost_nanousd: Option<u64>,
    pub(crate) is_incomplete: bool,
    pub(crate) parser_version: u16,
}

/// What the server did with a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DeliveryOutcome {
    Delivered,
    /// Not stored, for this reason. It is sent again only if the record changes.
    Rejected(String),
    /// Not stored, but a later attempt can succeed.
    Postponed,
}

/// A record that the server rejected.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct RejectedRecord {
    pub(crate) source: String,
    pub(crate) reason: String,
    pub(crate) count: u64,
}

impl Store {
    /// Names the account to which records are delivered. For another account than the last one, all records are pending.
    pub(crate) fn set_destination(&mut self, destination: &str) -> Result<(), Failure> {
        if !self.is_destination(destination)? {
            self.set_meta(DESTINATION, destination)?;
            self.forget_deliveries(None)?;
        }
        Ok(())
    }

    /// Whether records were last delivered to this account.
    pub(crate) fn is_destination(&self, destination: &str) -> Result<bool, Failure> {
        Ok(self.meta(DESTINATION)?.as_deref() == Some(destination))
    }

    /// Makes all records of `source`, or of all sources, pending, and their handovers due.
    pub(crate) fn forget_deliveries(&mut self, source: Option<&str>) -> Result<(), Failure> {
        let transaction = self.connection.transaction()?;
        transaction.execute(
            "UPDATE records SET delivery = 0, rejection = NULL WHERE delivery <> 0 AND (?1 IS NULL OR source = ?1)",
            [source],
        )?;
        transaction.execute(
            "DELETE FROM meta WHERE key LIKE 'handover %' AND (?1 IS NULL OR key = 'handover ' || ?1)",
            [source],
        )?;
        transaction.commit()?;
        Ok(())
    }

    /// Up to `limit` pending records of `source` from `since` on, the oldest first, after the record `after`; all records if `everything`
    /// is set.
    pub(crate) fn pending(
        &self,
        source: &str,
        since: Option<OffsetDateTime>,
        everything: bool,
        after: Option<&PendingRecord>,
        limit: usize,
    ) -> Result<Vec<PendingRecord>, Failure> {
        let mut statement = self.connection.prepare_cached(
            "SELECT * FROM records
             WHERE (delivery = 0 OR ?6) AND source = ?1 AND at >= ?2 AND (?3 IS NULL OR (at, id) > (?3, ?4))
             ORDER BY at, id LIMIT ?5",
        )?;
        let columns = TokenColumns::find(&statement)?;
        let rows = statement.query_map(
            params![
                source,
                since.map_or(i64::MIN, microseconds),
                after.map(|record| microseconds(record.at)),
                after.map(|record| &record.id),
                i64::try_from(limit).unwrap_or(i64::MAX),
                everything,
            ],
            |row| pending(row, columns),
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The number of pending records of `source`.
    pub(crate) fn pending_count(&self, source: &str, since: Option<OffsetDateTime>) -> Result<u64, Failure> {
        let count: i64 = self.connection.query_row(
            "SELECT count(*) FROM records WHERE delivery = 0 AND source = ?1 AND at >= ?2",
            params![source, since.map_or(i64::MIN, microseconds)],
            |row| row.get(0),
        )?;
        Ok(count.unsigned_abs())
    }

    /// The newest record of `source`, delivered or not.
    pub(crate) fn newest(&self, source: &str) -> Result<Option<PendingRecord>, Failure> {
        let sql = "SELECT * FROM records WHERE source = ?1 AND delivery <> 2 ORDER BY at DESC, id LIMIT 1";
        let mut statement = self.connection.prepare(sql)?;
        let columns = TokenColumns::find(&statement)?;
        Ok(statement.query_row([source], |row| pending(row, columns)).optional()?)
    }

    /// The instant of the first record of `source`.
    pub(crate) fn first_at(&self, source: &str) -> Result<Option<OffsetDateTime>, Failure> {
        let sql = "SELECT min(at) FROM records WHERE source = ?1";
        let first: Option<i64> = self.connection.query_row(sql, [source], |row| row.get(0))?;
        Ok(first.map(instant))
    }

    /// Stores what the server did with `records` of `source`, and that it has taken a handover if `handover` is set. The lock is held
    /// since the records were read, so no scan has changed them.
    pub(crate) fn settle(
        &mut self,
        source: &str,
        records: &[PendingRecord],
        outcomes: &[DeliveryOutcome],
        handover: bool,
    ) -> Result<(), Failure> {
        let transaction = self.connection.transaction()?;
        if handover {
            // The server may have kept the npm client's copy instead of an incomplete one, and the handover removed it.
            transaction.execute(
                "UPDATE records SET delivery = 0 WHERE source = ?1 AND incomplete AND delivery = 1",
                [source],
            )?;
        }
        {
            let mut statement = transaction
                .prepare_cached("UPDATE records SET delivery = ?3, rejection = ?4 WHERE source = ?1 AND id = ?2")?;
            for (record, outcome) in records.iter().zip(outcomes) {
                let (delivery, rejection) = match outcome {
                    DeliveryOutcome::Delivered => (1, None),
                    DeliveryOutcome::Rejected(reason) => (2, Some(reason)),
                    DeliveryOutcome::Postponed => continue,
                };
                statement.execute(params![source, record.id, delivery, rejection])?;
            }
        }
        if handover {
            transaction.execute(super::schema::SET_META, params![handover_key(source), "done"])?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Whether the server has taken a handover of `source`.
    pub(crate) fn has_handed_over(&self, source: &str) -> Result<bool, Failure> {
        Ok(self.meta(&handover_key(source))?.is_some())
    }

    /// What the server rejected, by source and reason.
    pub(crate) fn rejections(&self) -> Result<Vec<RejectedRecord>, Failure> {
        let mut statement = self.connection.prepare(
            "SELECT source, coalesce(rejection, ''), count(*) FROM records WHERE delivery = 2 GROUP BY 1, 2 ORDER BY 1, 2",
        )?;
        let rows = statement.query_map([], |row| {
            let count = row.get::<_, i64>(2)?.unsigned_abs();
            Ok(RejectedRecord { source: row.get(0)?, reason: row.get(1)?, count })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Remembers that everything was delivered at `at`.
    pub(crate) fn set_last_sync(&self, at: OffsetDateTime) -> Result<(), Failure> {
        self.set_meta(LAST_SYNC, &microseconds(at).to_string())
    }

    pub(crate) fn last_sync(&self) -> Result<Option<OffsetDateTime>, Failure> {
        Ok(self.meta(LAST_SYNC)?.and_then(|text| text.parse().ok()).map(instant))
    }
}

fn handover_key(source: &str) -> String {
    format!("handover {source}")
}

fn pending(row: &rusqlite::Row<'_>, columns: TokenColumns) -> rusqlite::Result<PendingRecord> {
    Ok(PendingRecord {
        id: row.get("id")?,
        at: instant(row.get("at")?),
        model: row.get("model")?,
        provider: row.get("provider")?,
        tokens: columns.read(row)?,
        project: row.get("project")?,
        service_tier: row.get("service_tier")?,
        reported_cost_nanousd: row.get::<_, Option<i64>>("reported_cost_nanousd")?.map(i64::unsigned_abs),
        is_incomplete: row.get("incomplete")?,
        parser_version: row.get("parser_version")?,
    })
}
