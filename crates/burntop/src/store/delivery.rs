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

/// A handover that the server has taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct KnownHandover {
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) from: OffsetDateTime,
    /// Records before it are not sent: what the npm client sent of that time stays.
    #[serde(with = "time::serde::rfc3339::option")]
    pub(crate) floor: Option<OffsetDateTime>,
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
        transaction.execute("DELETE FROM meta WHERE key LIKE 'handover ' || coalesce(?1, '%') || ' %'", [source])?;
        transaction.commit()?;
        Ok(())
    }

    /// Up to `limit` pending records of `source` from `since` on, after the record `after`; all records if `everything` is set. They are in the
    /// order of their versions, because a request names one, and then the oldest first.
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
             WHERE (delivery = 0 OR ?7) AND source = ?1 AND at >= ?2
                 AND (?3 IS NULL OR (parser_version, at, id) > (?3, ?4, ?5))
             ORDER BY parser_version, at, id LIMIT ?6",
        )?;
        let columns = TokenColumns::find(&statement)?;
        let rows = statement.query_map(
            params![
                source,
                since.map_or(i64::MIN, microseconds),
                after.map(|record| record.parser_version),
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

    /// The newest record of `source` with tokens, of those that the server has if `is_delivered` is set.
    pub(crate) fn newest(&self, source: &str, is_delivered: bool) -> Result<Option<PendingRecord>, Failure> {
        let sql = "SELECT * FROM records
                   WHERE source = ?1 AND (delivery = 1 OR NOT ?2) AND input + output + cache_read + cache_write > 0
                   ORDER BY at DESC, id LIMIT 1";
        let mut statement = self.connection.prepare(sql)?;
        let columns = TokenColumns::find(&statement)?;
        Ok(statement.query_row(params![source, is_delivered], |row| pending(row, columns)).optional()?)
    }

    /// The instant of the first record of `source`, and the number of records; `None` without records.
    pub(crate) fn extent(&self, source: &str) -> Result<Option<(OffsetDateTime, u64)>, Failure> {
        let sql = "SELECT min(at), count(*) FROM records WHERE source = ?1";
        let (first, count): (Option<i64>, i64) =
            self.connection.query_row(sql, [source], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(first.map(|first| (instant(first), count.unsigned_abs())))
    }

    /// Stores what the server did with `records` of `source`. The lock is held since the records were read, so no scan has changed them.
    pub(crate) fn settle(
        &mut self,
        source: &str,
        records: &[PendingRecord],
        outcomes: &[DeliveryOutcome],
    ) -> Result<(), Failure> {
        let transaction = self.connection.transaction()?;
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
        transaction.commit()?;
        Ok(())
    }

    /// Remembers that the server has taken `handover` of `source` and the npm client's machine. If it is new, incomplete records are pending again: the server may have
    /// kept the npm client's copy instead, and the handover has removed that.
    pub(crate) fn keep_handover(
        &mut self,
        source: &str,
        npm_machine: &str,
        handover: KnownHandover,
    ) -> Result<(), Failure> {
        let earlier = self.handover(source, npm_machine)?;
        if earlier == Some(handover) {
            return Ok(());
        }
        let text = serde_json::to_string(&handover).map_err(|error| super::local(&error))?;
        let transaction = self.connection.transaction()?;
        if earlier.map(|earlier| earlier.from) != Some(handover.from) {
            transaction.execute(
                "UPDATE records SET delivery = 0 WHERE source = ?1 AND incomplete AND delivery = 1",
                [source],
            )?;
        }
        transaction.execute(super::schema::SET_META, params![handover_key(source, npm_machine), text])?;
        transaction.commit()?;
        Ok(())
    }

    /// The handover of `source` and the npm client's machine that the server has taken, as far as is known here.
    pub(crate) fn handover(&self, source: &str, npm_machine: &str) -> Result<Option<KnownHandover>, Failure> {
        let text = self.meta(&handover_key(source, npm_machine))?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// The instant before which records of `source` are not sent, because the npm client has sent usage of that time; and the number of
    /// these records.
    pub(crate) fn withheld(&self, source: &str) -> Result<Option<(OffsetDateTime, u64)>, Failure> {
        let mut statement =
            self.connection.prepare("SELECT value FROM meta WHERE key LIKE 'handover ' || ?1 || ' %'")?;
        let texts = statement.query_map([source], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
        let floors = texts.iter().filter_map(|text| serde_json::from_str::<KnownHandover>(text).ok()?.floor);
        let Some(floor) = floors.max() else { return Ok(None) };
        let all = self.pending_count(source, None)?;
        Ok(Some((floor, all - self.pending_count(source, Some(floor))?)))
    }

    /// Remembers why nothing of `source` is sent; `None` if it is sent.
    pub(crate) fn set_waiting(&mut self, source: &str, reason: Option<&str>) -> Result<(), Failure> {
        if let Some(reason) = reason {
            return self.set_meta(&waiting_key(source), reason);
        }
        self.connection.execute("DELETE FROM meta WHERE key = ?1", [waiting_key(source)])?;
        Ok(())
    }

    /// Why nothing of `source` was sent by the last sync.
    pub(crate) fn waiting(&self, source: &str) -> Result<Option<String>, Failure> {
        self.meta(&waiting_key(source))
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

fn handover_key(source: &str, npm_machine: &str) -> String {
    format!("handover {source} {npm_machine}")
}

fn waiting_key(source: &str) -> String {
    format!("waiting {source}")
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
