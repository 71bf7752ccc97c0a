//! The rows of the ledger, in bulk: one statement a chunk.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

use domain::pricing::Cost;
use domain::usage::ports::LedgerCursor;
use domain::usage::{LedgerEntry, MachineId, MessageKey, Model, Protocol, Reading, Source, TokenCounts, UsageMessage};

use super::projects::AccountProjects;
use crate::prelude::*;
use crate::schema::usage_messages;
use crate::statement::run_if_any;
use crate::unit_of_work::PgUnitOfWork;

/// The reasoning is part of the output.
const REASONING_IN_OUTPUT: i16 = 1;

/// The cost is estimated.
const ESTIMATED: i16 = 2;

/// The client knows that the counts are too small.
const INCOMPLETE: i16 = 4;

/// The client speaks protocol 3; `page_covered.sql` and `sync_state.sql` test the bit too.
const PROTOCOL_3: i16 = 8;

#[derive(QueryableByName)]
#[diesel(table_name = usage_messages)]
pub(super) struct MessageRow {
    message_key: Uuid,
    at: OffsetDateTime,
    input: i64,
    output: i64,
    cache_read: i64,
    cache_write: i64,
    cache_write_1h: i64,
    reasoning: i64,
    source_key: i32,
    model_key: i32,
    machine_key: i32,
    flags: i16,
    parser_version: i16,
    cost: Option<Money>,
    project_key: i16,
}

pub(super) fn uuid(key: MessageKey) -> Uuid {
    Uuid::from_bytes(key.0)
}

/// `text` with account, place and limit. Pages go by the key of the source, not its name: any stable order will do.
pub(super) async fn page_of(
    tx: &mut PgUnitOfWork,
    text: &'static str,
    user: UserId,
    after: Option<LedgerCursor>,
    limit: usize,
) -> Result<Statement<'static>, StoreError> {
    let (source_key, message_key) = match after {
        None => (0, Uuid::nil()),
        Some((source, key)) => {
            let keys = tx.keys([source.clone()].into()).await?;
            (keys.get(&source).copied().unwrap_or_default(), uuid(key))
        }
    };
    Ok(statement(text)
        .bind::<SqlUuid>(user.0)
        .bind::<Integer>(source_key)
        .bind::<SqlUuid>(message_key)
        .bind::<BigInt>(to_bigint(limit)))
}

pub(super) async fn remove(tx: &mut PgUnitOfWork, user: UserId, deleted: &[LedgerEntry]) -> Result<(), StoreError> {
    let messages = || deleted.iter().map(|entry| &entry.message);
    let sources = tx.keys(messages().map(|message| message.source.clone()).collect()).await?;
    let removed = statement(include_str!("remove_messages.sql"))
        .bind::<SqlUuid>(user.0)
        .bind_array::<Integer>(messages().map(|message| key_of(&sources, &message.source)))
        .bind_array::<SqlUuid>(messages().map(|message| uuid(message.key)))
        .run(tx.connection()?)
        .await?;
    expect_all(removed, deleted.len())
}

/// Fails unless all of `entries` were written: the account lock excludes other changes.
fn expect_all(written: u64, entries: usize) -> Result<(), StoreError> {
    if written == entries as u64 {
        return Ok(());
    }
    Err(StoreError::Internal("the ledger changed although its lock was held".to_owned()))
}

/// The statements that write messages.
pub(super) struct MessageWrites {
    insert: Option<Statement<'static>>,
    update: Option<Statement<'static>>,
    add_names: Option<Statement<'static>>,
    inserted: usize,
    updated: usize,
}

impl MessageWrites {
    /// Stores `new` messages and replaces the stored copies of `replacements`.
    pub(super) async fn prepare(
        tx: &mut PgUnitOfWork,
        user: UserId,
        new: &[LedgerEntry],
        replacements: &[LedgerEntry],
    ) -> Result<Self, StoreError> {
        let all = || new.iter().chain(replacements).map(|entry| &entry.message);
        let sources = tx.keys(all().map(|message| message.source.clone()).collect()).await?;
        let models = tx.keys(all().map(|message| message.model.clone()).collect()).await?;
        let machines = tx.machine_keys(user, all().map(|message| message.machine.clone()).collect()).await?;
        tx.projects.switch_to(user);
        let keys = Keys { sources: &sources, models: &models, machines: &machines, projects: &tx.projects };
        let bound = |text, entries: &[LedgerEntry]| {
            (!entries.is_empty()).then(|| keys.bind(statement(text), user, entries)).transpose()
        };
        let (insert, update) = (
            bound(include_str!("insert_messages.sql"), new)?,
            bound(include_str!("update_messages.sql"), replacements)?,
        );
        let add_names = tx.account_names.add(user, sources.values().copied(), models.values().copied());
        Ok(Self { insert, update, add_names, inserted: new.len(), updated: replacements.len() })
    }

    /// Runs them in one round trip.
    pub(super) async fn run(self, c: &AsyncPgConnection) -> Result<(), StoreError> {
        let (inserted, updated, _) = futures_util::try_join!(
            run_if_any(self.insert, c),
            run_if_any(self.update, c),
            run_if_any(self.add_names, c)
        )?;
        expect_all(inserted, self.inserted)?;
        expect_all(updated, self.updated)
    }
}

/// The keys of the names of some entries.
struct Keys<'a> {
    sources: &'a HashMap<Source, i32>,
    models: &'a HashMap<Model, i32>,
    machines: &'a HashMap<MachineId, i32>,
    projects: &'a AccountProjects,
}

fn key_of<N: Eq + Hash>(keys: &HashMap<N, i32>, name: &N) -> i32 {
    keys.get(name).copied().unwrap_or_default()
}

impl Keys<'_> {
    /// Binds the owner and `entries` as arrays, in the order of the columns of the statements that write them.
    fn bind<'a>(
        &self,
        statement: Statement<'a>,
        user: UserId,
        entries: &[LedgerEntry],
    ) -> Result<Statement<'a>, StoreError> {
        let counts: [fn(&TokenCounts) -> u64; 6] =
            [|t| t.input, |t| t.output, |t| t.cache_read, |t| t.cache_write, |t| t.cache_write_1h, |t| t.reasoning];
        let messages = || entries.iter().map(|entry| &entry.message);
        let projects: Vec<i16> =
            messages().map(|m| self.projects.key(m.project.as_ref())).collect::<Result<_, StoreError>>()?;
        let named = statement
            .bind::<SqlUuid>(user.0)
            .bind_array::<SqlUuid>(messages().map(|m| uuid(m.key)))
            .bind_array::<Timestamptz>(messages().map(|m| m.at));
        let counted = counts.into_iter().fold(named, |statement, count| {
            statement.bind_array::<BigInt>(messages().map(|m| to_bigint(count(&m.tokens))))
        });
        Ok(counted
            .bind_array::<Integer>(messages().map(|m| key_of(self.sources, &m.source)))
            .bind_array::<Integer>(messages().map(|m| key_of(self.models, &m.model)))
            .bind_array::<Integer>(messages().map(|m| key_of(self.machines, &m.machine)))
            .bind_array::<SmallInt>(entries.iter().map(flags))
            .bind_array::<SmallInt>(messages().map(|m| m.reading.parser_version.cast_signed()))
            .bind_array::<Nullable<Numeric>>(entries.iter().map(|e| e.cost.amount().map(Money)))
            .bind_array::<SmallInt>(projects))
    }
}

fn flags(entry: &LedgerEntry) -> i16 {
    let reasoning = if entry.message.tokens.reasoning_in_output { REASONING_IN_OUTPUT } else { 0 };
    let estimated = if matches!(entry.cost, Cost::Estimated(_)) { ESTIMATED } else { 0 };
    let incomplete = if entry.message.reading.is_incomplete { INCOMPLETE } else { 0 };
    let protocol = if entry.message.reading.protocol == Protocol::V3 { PROTOCOL_3 } else { 0 };
    reasoning | estimated | incomplete | protocol
}

/// The stored copies of the messages of `user` and a tool with `keys`.
pub(super) fn find_messages(user: UserId, source_key: i32, keys: &[MessageKey]) -> Statement<'static> {
    statement(include_str!("find_messages.sql"))
        .bind::<SqlUuid>(user.0)
        .bind::<Integer>(source_key)
        .bind_array::<SqlUuid>(keys.iter().copied().map(uuid))
}

/// The entries of `user` that `query` reads.
pub(super) async fn entries(
    tx: &mut PgUnitOfWork,
    user: UserId,
    query: Statement<'_>,
) -> Result<Vec<LedgerEntry>, StoreError> {
    let rows: Vec<MessageRow> = query.rows(tx.connection()?).await?;
    named(tx, user, rows).await
}

/// The entries of `rows` of `user`, whose names are looked up.
pub(super) async fn named(
    tx: &mut PgUnitOfWork,
    user: UserId,
    rows: Vec<MessageRow>,
) -> Result<Vec<LedgerEntry>, StoreError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let keys = |of: fn(&MessageRow) -> i32| rows.iter().map(of).collect::<BTreeSet<_>>();
    let sources: HashMap<i32, Source> = tx.names(keys(|row| row.source_key)).await?;
    let models: HashMap<i32, Model> = tx.names(keys(|row| row.model_key)).await?;
    tx.learn_machines(keys(|row| row.machine_key)).await?;
    tx.learn_projects(user, rows.iter().map(|row| row.project_key).collect()).await?;
    let unknown = |kind: &str| StoreError::Internal(format!("a message has an unknown {kind}"));
    let entry = |row: MessageRow| {
        let message = UsageMessage {
            key: MessageKey(row.message_key.into_bytes()),
            source: sources.get(&row.source_key).cloned().ok_or_else(|| unknown("source"))?,
            at: row.at,
            model: models.get(&row.model_key).cloned().ok_or_else(|| unknown("model"))?,
            machine: tx.machines.get(&row.machine_key).cloned().ok_or_else(|| unknown("machine"))?,
            tokens: TokenCounts {
                input: row.input.unsigned_abs(),
                output: row.output.unsigned_abs(),
                cache_read: row.cache_read.unsigned_abs(),
                cache_write: row.cache_write.unsigned_abs(),
                cache_write_1h: row.cache_write_1h.unsigned_abs(),
                reasoning: row.reasoning.unsigned_abs(),
                reasoning_in_output: row.flags & REASONING_IN_OUTPUT != 0,
            },
            reading: Reading {
                is_incomplete: row.flags & INCOMPLETE != 0,
                parser_version: row.parser_version.cast_unsigned(),
                // An earlier release stored the version without the bit.
                protocol: if row.flags & PROTOCOL_3 != 0 || row.parser_version > 0 {
                    Protocol::V3
                } else {
                    Protocol::V2
                },
            },
            project: tx.projects.name(row.project_key)?,
        };
        let cost = match row.cost {
            None => Cost::Unpriced,
            Some(Money(amount)) if row.flags & ESTIMATED != 0 => Cost::Estimated(amount),
            Some(Money(amount)) => Cost::Priced(amount),
        };
        Ok(LedgerEntry { message, cost })
    };
    rows.into_iter().map(entry).collect()
}
