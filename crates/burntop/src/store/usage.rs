//! The records of responses: stored once per (source, id), and read for figures.

use std::collections::HashSet;
use std::sync::Arc;

use collector::{Record, Tokens};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, Statement, params, params_from_iter};
use time::OffsetDateTime;

use super::Store;
use crate::failure::Failure;

/// Stores `record` unless the stored copy is as good, with what the worse copy adds, as [`Record::merge`] does. Returns 1 if the stored copy is
/// another one now, which has to be delivered again.
const UPSERT: &str = "
    INSERT INTO records (source, id, at, model, provider, input, cache_read, cache_write, cache_write_1h, output, reasoning,
        session, project, service_tier, reported_cost_nanousd, incomplete, parser_version)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
    ON CONFLICT (source, id) DO UPDATE SET
        at = CASE WHEN records.parser_version > excluded.parser_version
            THEN min(excluded.at, records.at) ELSE excluded.at END,
        model = excluded.model, provider = excluded.provider,
        input = excluded.input, cache_read = excluded.cache_read, cache_write = excluded.cache_write,
        cache_write_1h = CASE
            WHEN records.parser_version > excluded.parser_version AND excluded.cache_write_1h = 0
                AND excluded.cache_write = records.cache_write
            THEN records.cache_write_1h ELSE excluded.cache_write_1h END,
        output = excluded.output, reasoning = excluded.reasoning,
        session = excluded.session,
        project = CASE WHEN records.parser_version > excluded.parser_version
            THEN coalesce(excluded.project, records.project) ELSE excluded.project END,
        service_tier = excluded.service_tier,
        reported_cost_nanousd = excluded.reported_cost_nanousd,
        incomplete = excluded.incomplete, parser_version = excluded.parser_version,
        delivery = 0, rejection = NULL
    WHERE (NOT excluded.incomplete, excluded.parser_version,
           excluded.input + excluded.cache_read + excluded.cache_write + excluded.output, -excluded.at)
        > (NOT records.incomplete, records.parser_version,
           records.input + records.cache_read + records.cache_write + records.output, -records.at)";

/// Adds to a complete copy of an older reader what an incomplete copy of a newer one knows.
const ADD: &str = "
    UPDATE records SET
        at = min(at, ?3),
        project = coalesce(project, ?4),
        cache_write_1h = CASE WHEN cache_write_1h = 0 AND cache_write = ?5 THEN ?6 ELSE cache_write_1h END,
        delivery = 0, rejection = NULL
    WHERE source = ?1 AND id = ?2 AND parser_version < ?7
        AND (at > ?3 OR (project IS NULL AND ?4 IS NOT NULL) OR (cache_write_1h = 0 AND cache_write = ?5 AND ?6 > 0))";

pub(super) fn upsert(connection: &Connection, record: &Record) -> Result<u64, Failure> {
    let tokens = record.tokens;
    let count = |tokens: u64| i64::try_from(tokens).unwrap_or(i64::MAX);
    let changed = connection.prepare_cached(UPSERT)?.execute(params![
        &*record.source,
        record.id,
        microseconds(record.timestamp),
        &*record.model,
        record.provider.as_deref(),
        count(tokens.input),
        count(tokens.cache_read),
        count(tokens.cache_write),
        count(tokens.cache_write_1h),
        count(tokens.output),
        count(tokens.reasoning),
        record.session.as_deref(),
        record.project.as_deref(),
        record.service_tier.as_deref(),
        record.reported_cost_nanousd.map(count),
        record.incomplete,
        record.parser_version,
    ])?;
    if changed > 0 || !record.incomplete {
        return Ok(changed as u64);
    }
    let added = connection.prepare_cached(ADD)?.execute(params![
        &*record.source,
        record.id,
        microseconds(record.timestamp),
        record.project.as_deref(),
        count(tokens.cache_write),
        count(tokens.cache_write_1h),
        record.parser_version,
    ])?;
    Ok(added as u64)
}

/// Which records are read.
#[derive(Debug, Clone, Default)]
pub(crate) struct UsageFilter<'a> {
    /// From this instant on.
    pub(crate) from: Option<OffsetDateTime>,
    /// Before this instant.
    pub(crate) before: Option<OffsetDateTime>,
    pub(crate) session: Option<&'a str>,
}

/// A model at a provider.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ModelUse {
    pub(crate) model: Arc<str>,
    pub(crate) provider: Option<Arc<str>>,
}

/// A response, as far as figures need it.
#[derive(Debug, Clone)]
pub(crate) struct UsageRow {
    pub(crate) source: Arc<str>,
    pub(crate) at: OffsetDateTime,
    pub(crate) model: ModelUse,
    pub(crate) tokens: Tokens,
    pub(crate) session: Option<Arc<str>>,
    pub(crate) project: Option<Arc<str>>,
    pub(crate) is_incomplete: bool,
}

/// Shares the equal names of a column: a history has hundreds of thousands of rows with few names, and neighbours are mostly equal.
#[derive(Default)]
struct SharedNames {
    latest: Option<Arc<str>>,
    known: HashSet<Arc<str>>,
}

impl SharedNames {
    fn share(&mut self, text: &str) -> Arc<str> {
        if let Some(latest) = self.latest.as_ref().filter(|latest| ***latest == *text) {
            return Arc::clone(latest);
        }
        let name = self.known.get(text).cloned().unwrap_or_else(|| {
            let name: Arc<str> = text.into();
            self.known.insert(Arc::clone(&name));
            name
        });
        self.latest = Some(Arc::clone(&name));
        name
    }

    fn text(&mut self, row: &Row<'_>, column: usize) -> rusqlite::Result<Arc<str>> {
        Ok(self.share(row.get_ref(column)?.as_str()?))
    }

    fn optional(&mut self, row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Arc<str>>> {
        Ok(row.get_ref(column)?.as_str_or_null()?.map(|text| self.share(text)))
    }
}

/// Where the counts stand in a row. Names are looked up once a statement, because a look-up costs as much as the rest of a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct TokenColumns {
    input: usize,
    cache_read: usize,
    cache_write: usize,
    cache_write_1h: usize,
    output: usize,
    reasoning: usize,
}

impl TokenColumns {
    pub(super) fn find(statement: &Statement<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            input: statement.column_index("input")?,
            cache_read: statement.column_index("cache_read")?,
            cache_write: statement.column_index("cache_write")?,
            cache_write_1h: statement.column_index("cache_write_1h")?,
            output: statement.column_index("output")?,
            reasoning: statement.column_index("reasoning")?,
        })
    }

    pub(super) fn read(self, row: &Row<'_>) -> rusqlite::Result<Tokens> {
        let count = |column: usize| Ok::<_, rusqlite::Error>(row.get::<_, i64>(column)?.unsigned_abs());
        Ok(Tokens {
            input: count(self.input)?,
            cache_read: count(self.cache_read)?,
            cache_write: count(self.cache_write)?,
            cache_write_1h: count(self.cache_write_1h)?,
            output: count(self.output)?,
            reasoning: count(self.reasoning)?,
        })
    }
}

/// Reads rows of [`UsageRow`]s.
struct UsageReader {
    tokens: TokenColumns,
    at: usize,
    incomplete: usize,
    source: (usize, SharedNames),
    model: (usize, SharedNames),
    provider: (usize, SharedNames),
    session: (usize, SharedNames),
    project: (usize, SharedNames),
}

impl UsageReader {
    fn new(statement: &Statement<'_>) -> rusqlite::Result<Self> {
        let names = |column: &str| Ok::<_, rusqlite::Error>((statement.column_index(column)?, SharedNames::default()));
        Ok(Self {
            tokens: TokenColumns::find(statement)?,
            at: statement.column_index("at")?,
            incomplete: statement.column_index("incomplete")?,
            source: names("source")?,
            model: names("model")?,
            provider: names("provider")?,
            session: names("session")?,
            project: names("project")?,
        })
    }

    fn read(&mut self, row: &Row<'_>) -> rusqlite::Result<UsageRow> {
        Ok(UsageRow {
            source: self.source.1.text(row, self.source.0)?,
            at: instant(row.get(self.at)?),
            model: ModelUse {
                model: self.model.1.text(row, self.model.0)?,
                provider: self.provider.1.optional(row, self.provider.0)?,
            },
            tokens: self.tokens.read(row)?,
            session: self.session.1.optional(row, self.session.0)?,
            project: self.project.1.optional(row, self.project.0)?,
            is_incomplete: row.get(self.incomplete)?,
        })
    }
}

impl Store {
    /// Calls `visit` with each record that `filter` selects, in no order.
    pub(crate) fn each_usage(&self, filter: &UsageFilter<'_>, mut visit: impl FnMut(UsageRow)) -> Result<(), Failure> {
        let (mut conditions, mut values) = (Vec::new(), Vec::new());
        let mut condition = |text: &str, value: Value| {
            conditions.push(text.to_owned());
            values.push(value);
        };
        if let Some(from) = filter.from {
            condition("at >= ?", Value::Integer(microseconds(from)));
        }
        if let Some(before) = filter.before {
            condition("at < ?", Value::Integer(microseconds(before)));
        }
        if let Some(session) = filter.session {
            condition("session = ?", Value::Text(session.to_owned()));
        }
        let condition = if conditions.is_empty() { "TRUE".to_owned() } else { conditions.join(" AND ") };
        let mut statement = self.connection.prepare(&format!(
            "SELECT source, at, model, provider, input, cache_read, cache_write, cache_write_1h, output, reasoning, session,
                project, incomplete
             FROM records WHERE {condition}"
        ))?;
        let mut reader = UsageReader::new(&statement)?;
        let mut rows = statement.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            visit(reader.read(row)?);
        }
        Ok(())
    }

    /// The instants of all records with tokens, one for each quarter of an hour: zones differ by multiples of that, so the days are
    /// those of all records.
    pub(crate) fn active_quarters(&self) -> Result<Vec<OffsetDateTime>, Failure> {
        let mut statement = self.connection.prepare(
            "SELECT DISTINCT at / 900000000 FROM records WHERE input + cache_read + cache_write + output > 0",
        )?;
        let quarters = statement.query_map([], |row| row.get::<_, i64>(0))?;
        quarters.map(|quarter| Ok(instant(quarter? * 900_000_000))).collect()
    }

    /// The sources with records, with the number of their records.
    pub(crate) fn record_counts(&self) -> Result<Vec<(String, u64)>, Failure> {
        let mut statement =
            self.connection.prepare("SELECT source, count(*) FROM records GROUP BY source ORDER BY source")?;
        let counts = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?;
        Ok(counts.collect::<Result<_, _>>()?)
    }
}

pub(super) fn microseconds(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000).unwrap_or_default()
}

pub(super) fn instant(microseconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(microseconds) * 1_000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{DeliveryOutcome, KnownHandover};
    use time::macros::datetime;

    fn record() -> Record {
        Record {
            source: "codex".into(),
            id: "a".to_owned(),
            timestamp: datetime!(2026-11-30 12:00 UTC),
            model: "gpt-5".into(),
            provider: None,
            tokens: Tokens { input: 10, output: 5, ..Tokens::default() },
            session: None,
            project: None,
            agent: None,
            service_tier: None,
            reported_cost_nanousd: None,
            incomplete: false,
            cumulative: false,
            parser_version: 2,
        }
    }

    /// Copies of one response that differ in what decides.
    fn copies() -> Vec<Record> {
        let with_output = |output| Tokens { input: 10, output, ..Tokens::default() };
        let with_write = |cache_write_1h| Tokens { cache_write: 9, cache_write_1h, ..Tokens::default() };
        let mut copies = Vec::new();
        for incomplete in [false, true] {
            for parser_version in [1, 2] {
                for tokens in [with_output(5), with_output(6), with_write(0), with_write(4)] {
                    for timestamp in [datetime!(2026-11-30 12:00 UTC), datetime!(2026-11-30 13:00 UTC)] {
                        for project in [None, Some("shop".into())] {
                            copies.push(Record { incomplete, parser_version, tokens, timestamp, project, ..record() });
                        }
                    }
                }
            }
        }
        copies
    }

    fn store_with(record: &Record) -> Store {
        let store = Store::in_memory().expect("a store");
        assert_eq!(upsert(&store.connection, record), Ok(1));
        store
    }

    #[test]
    fn stored_copy_is_merged_by_rule_of_collector() {
        for stored in copies() {
            for offered in copies() {
                let store = store_with(&stored);
                let changed = upsert(&store.connection, &offered).expect("stored");
                let mut expected = stored.clone();
                assert_eq!(changed == 1, expected.merge(offered.clone()), "{offered:?} over {stored:?}");
                let kept = store.pending("codex", None, false, None, 10).expect("read").remove(0);
                let kept = (kept.at, kept.tokens, kept.project, kept.is_incomplete, kept.parser_version);
                let project = expected.project.as_deref().map(str::to_owned);
                let expected =
                    (expected.timestamp, expected.tokens, project, expected.incomplete, expected.parser_version);
                assert_eq!(kept, expected, "{offered:?} over {stored:?}");
            }
        }
    }

    #[test]
    fn better_copy_of_delivered_record_is_pending_again() {
        let unfinished = Record { incomplete: true, ..record() };
        let mut store = store_with(&unfinished);
        let pending = store.pending("codex", None, false, None, 10).expect("read");
        store.settle("codex", &pending, &[DeliveryOutcome::Delivered]).expect("stored");
        upsert(&store.connection, &unfinished).expect("stored");
        assert_eq!(store.pending_count("codex", None), Ok(0), "the same copy again");
        upsert(&store.connection, &record()).expect("stored");
        let pending = store.pending("codex", None, false, None, 10).expect("read");
        assert_eq!(pending.iter().map(|record| record.is_incomplete).collect::<Vec<_>>(), [false]);
    }

    #[test]
    fn incomplete_records_sent_before_a_handover_are_pending_again() {
        let (earlier, last) = (Record { incomplete: true, ..record() }, Record { id: "b".to_owned(), ..record() });
        let mut store = store_with(&earlier);
        let pending = |store: &Store| store.pending("codex", None, false, None, 10).expect("read");
        let sent = pending(&store);
        store.settle("codex", &sent, &[DeliveryOutcome::Delivered]).expect("stored");
        upsert(&store.connection, &last).expect("stored");
        let sent = pending(&store);
        store.settle("codex", &sent, &[DeliveryOutcome::Delivered]).expect("stored");
        let handover = KnownHandover { from: earlier.timestamp, floor: None };
        for (handover, again) in [
            (handover, vec!["a"]),
            (handover, vec![]),
            (KnownHandover { floor: Some(handover.from), ..handover }, vec![]),
            (KnownHandover { from: handover.from - time::Duration::DAY, floor: None }, vec!["a"]),
        ] {
            store.keep_handover("codex", "abcd1234", handover).expect("stored");
            let sent = pending(&store);
            assert_eq!(sent.iter().map(|record| record.id.as_str()).collect::<Vec<_>>(), again, "{handover:?}");
            store.settle("codex", &sent, &[DeliveryOutcome::Delivered]).expect("stored");
            assert_eq!(store.handover("codex", "abcd1234"), Ok(Some(handover)));
        }
    }

    #[test]
    fn active_quarters_leave_out_records_without_tokens() {
        let store = store_with(&record());
        let empty = Record {
            id: "b".to_owned(),
            tokens: Tokens::default(),
            timestamp: datetime!(2026-11-29 12:00 UTC),
            ..record()
        };
        upsert(&store.connection, &empty).expect("stored");
        assert_eq!(store.active_quarters(), Ok(vec![datetime!(2026-11-30 12:00 UTC)]));
    }
}
