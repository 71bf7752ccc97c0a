//! The rows of the ledger, in bulk: one statement a chunk, whatever its size.

use std::collections::{BTreeSet, HashMap};

use diesel::Queryable;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Numeric, SmallInt, Text, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;
use domain::error::StoreError;
use domain::ids::UserId;
use domain::pricing::Cost;
use domain::usage::ports::Cursor;
use domain::usage::{Entry, MachineId, Message, MessageKey, Model, Reach, Source, TokenCounts};
use time::OffsetDateTime;

use crate::error::store_error;
use crate::numeric::Money;
use crate::statement::{Statement, statement};
use crate::unit_of_work::PgUnitOfWork;

/// The reasoning is part of the output.
const REASONING_IN_OUTPUT: i16 = 1;

/// The cost is estimated.
const ESTIMATED: i16 = 2;

type Columns = (
    Uuid,
    Timestamptz,
    (BigInt, BigInt, BigInt, BigInt, BigInt, BigInt),
    (Integer, Integer, Integer),
    SmallInt,
    Nullable<Numeric>,
);

/// One row of the ledger: message key, instant, token counts, keys of source, model and machine, flags, cost.
#[derive(Queryable)]
struct Row {
    key: uuid::Uuid,
    at: OffsetDateTime,
    counts: (i64, i64, i64, i64, i64, i64),
    names: (i32, i32, i32),
    flags: i16,
    cost: Option<Money>,
}

pub(super) async fn find(
    tx: &mut PgUnitOfWork,
    user: UserId,
    source: &Source,
    keys: &[MessageKey],
) -> Result<Vec<Entry>, StoreError> {
    let source_key = tx.source_keys([source.clone()].into()).await?.get(source).copied().unwrap_or_default();
    let query = statement::<Columns>(include_str!("find_messages.sql"))
        .bind::<Uuid, _>(user.0)
        .bind::<Integer, _>(source_key)
        .bind::<Array<Uuid>, _>(keys.iter().map(|key| uuid::Uuid::from_bytes(key.0)).collect::<Vec<_>>());
    let rows: Vec<Row> = query.load(tx.connection()?).await.map_err(store_error)?;
    entries(tx, rows).await
}

pub(super) async fn page(
    tx: &mut PgUnitOfWork,
    user: UserId,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Entry>, StoreError> {
    let (source_key, message_key) = place(tx, after).await?;
    let query = statement::<Columns>(include_str!("page_messages.sql"))
        .bind::<Uuid, _>(user.0)
        .bind::<Integer, _>(source_key)
        .bind::<Uuid, _>(message_key)
        .bind::<BigInt, _>(i64::try_from(limit).unwrap_or(i64::MAX));
    let rows: Vec<Row> = query.load(tx.connection()?).await.map_err(store_error)?;
    entries(tx, rows).await
}

pub(super) async fn page_within(
    tx: &mut PgUnitOfWork,
    user: UserId,
    reach: &Reach,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Entry>, StoreError> {
    let (source_key, message_key) = place(tx, after).await?;
    let query = statement::<Columns>(include_str!("page_messages_within.sql"))
        .bind::<Uuid, _>(user.0)
        .bind::<Integer, _>(source_key)
        .bind::<Uuid, _>(message_key)
        .bind::<BigInt, _>(i64::try_from(limit).unwrap_or(i64::MAX))
        .bind::<Nullable<Text>, _>(reach.source.as_ref().map(Source::as_str))
        .bind::<Nullable<Timestamptz>, _>(reach.since)
        .bind::<Nullable<Timestamptz>, _>(reach.until);
    let rows: Vec<Row> = query.load(tx.connection()?).await.map_err(store_error)?;
    entries(tx, rows).await
}

pub(super) async fn page_unpriced(
    tx: &mut PgUnitOfWork,
    user: UserId,
    models: &[Model],
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Entry>, StoreError> {
    let (source_key, message_key) = place(tx, after).await?;
    let models = tx.model_keys(models.iter().cloned().collect()).await?;
    let query = statement::<Columns>(include_str!("page_unpriced.sql"))
        .bind::<Uuid, _>(user.0)
        .bind::<Integer, _>(source_key)
        .bind::<Uuid, _>(message_key)
        .bind::<BigInt, _>(i64::try_from(limit).unwrap_or(i64::MAX))
        .bind::<Array<Integer>, _>(models.into_values().collect::<Vec<_>>());
    let rows: Vec<Row> = query.load(tx.connection()?).await.map_err(store_error)?;
    entries(tx, rows).await
}

/// Where a page begins. Pages go by the source's key, not its name: any order that stays the same will do.
async fn place(tx: &mut PgUnitOfWork, after: Option<Cursor>) -> Result<(i32, uuid::Uuid), StoreError> {
    let Some((source, key)) = after else { return Ok((0, uuid::Uuid::nil())) };
    let keys = tx.source_keys([source.clone()].into()).await?;
    Ok((keys.get(&source).copied().unwrap_or_default(), uuid::Uuid::from_bytes(key.0)))
}

pub(super) async fn remove(tx: &mut PgUnitOfWork, user: UserId, gone: &[Entry]) -> Result<(), StoreError> {
    let messages = || gone.iter().map(|entry| &entry.message);
    let sources = tx.source_keys(messages().map(|message| message.source.clone()).collect()).await?;
    let key = |message: &Message| sources.get(&message.source).copied().unwrap_or_default();
    let removed = statement::<()>(include_str!("remove_messages.sql"))
        .bind::<Uuid, _>(user.0)
        .bind::<Array<Integer>, _>(messages().map(key).collect::<Vec<_>>())
        .bind::<Array<Uuid>, _>(messages().map(|m| uuid::Uuid::from_bytes(m.key.0)).collect::<Vec<_>>())
        .execute(tx.connection()?)
        .await
        .map_err(store_error)?;
    if removed == gone.len() { Ok(()) } else { Err(changed_under_the_lock()) }
}

fn changed_under_the_lock() -> StoreError {
    StoreError::Internal("the ledger changed although its lock was held".to_owned())
}

pub(super) async fn write(
    tx: &mut PgUnitOfWork,
    user: UserId,
    new: &[Entry],
    replacements: &[Entry],
) -> Result<(), StoreError> {
    let all = || new.iter().chain(replacements).map(|entry| &entry.message);
    let sources = tx.source_keys(all().map(|message| message.source.clone()).collect()).await?;
    let models = tx.model_keys(all().map(|message| message.model.clone()).collect()).await?;
    let machines = tx.machine_keys(user, all().map(|message| message.machine.clone()).collect()).await?;
    let keys = Keys { sources: &sources, models: &models, machines: &machines };
    let keep_names = tx.account_names.add(user, sources.values().copied(), models.values().copied());

    let (mut first, mut second, mut third) = (tx.shared()?, tx.shared()?, tx.shared()?);
    let insert = async {
        if new.is_empty() {
            return Ok(0);
        }
        keys.bind(statement::<()>(include_str!("insert_messages.sql")), user, new).execute(&mut first).await
    };
    let update = async {
        if replacements.is_empty() {
            return Ok(0);
        }
        keys.bind(statement::<()>(include_str!("update_messages.sql")), user, replacements).execute(&mut second).await
    };
    let keep_names = async {
        match keep_names {
            Some(keep_names) => keep_names.execute(&mut third).await,
            None => Ok(0),
        }
    };
    let (inserted, updated, _) = futures_util::try_join!(insert, update, keep_names).map_err(store_error)?;
    if (inserted, updated) != (new.len(), replacements.len()) {
        return Err(changed_under_the_lock());
    }
    Ok(())
}

/// What the names of some entries are stored as.
struct Keys<'a> {
    sources: &'a HashMap<Source, i32>,
    models: &'a HashMap<Model, i32>,
    machines: &'a HashMap<MachineId, i32>,
}

impl Keys<'_> {
    /// Binds the owner and `entries` as arrays, in the order of the ledger's columns.
    fn bind<'a>(&self, statement: Statement<'a>, user: UserId, entries: &[Entry]) -> Statement<'a> {
        let counts: [fn(&TokenCounts) -> u64; 6] =
            [|t| t.input, |t| t.output, |t| t.cache_read, |t| t.cache_write, |t| t.cache_write_1h, |t| t.reasoning];
        let messages = || entries.iter().map(|entry| &entry.message);
        let named = statement
            .bind::<Uuid, _>(user.0)
            .bind::<Array<Uuid>, _>(messages().map(|m| uuid::Uuid::from_bytes(m.key.0)).collect::<Vec<_>>())
            .bind::<Array<Timestamptz>, _>(messages().map(|m| m.at).collect::<Vec<_>>());
        let counted = counts.into_iter().fold(named, |statement, count| {
            let values = messages().map(|m| i64::try_from(count(&m.tokens)).unwrap_or(i64::MAX)).collect::<Vec<_>>();
            statement.bind::<Array<BigInt>, _>(values)
        });
        let key = |keys: Option<&i32>| keys.copied().unwrap_or_default();
        counted
            .bind::<Array<Integer>, _>(messages().map(|m| key(self.sources.get(&m.source))).collect::<Vec<_>>())
            .bind::<Array<Integer>, _>(messages().map(|m| key(self.models.get(&m.model))).collect::<Vec<_>>())
            .bind::<Array<Integer>, _>(messages().map(|m| key(self.machines.get(&m.machine))).collect::<Vec<_>>())
            .bind::<Array<SmallInt>, _>(entries.iter().map(flags).collect::<Vec<_>>())
            .bind::<Array<Nullable<Numeric>>, _>(entries.iter().map(|e| e.cost.amount().map(Money)).collect::<Vec<_>>())
    }
}

fn flags(entry: &Entry) -> i16 {
    let reasoning = if entry.message.tokens.reasoning_in_output { REASONING_IN_OUTPUT } else { 0 };
    let estimated = if matches!(entry.cost, Cost::Estimated(_)) { ESTIMATED } else { 0 };
    reasoning | estimated
}

/// The entries that `rows` stand for.
async fn entries(tx: &mut PgUnitOfWork, rows: Vec<Row>) -> Result<Vec<Entry>, StoreError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let keys = |of: fn(&Row) -> i32| rows.iter().map(of).collect::<BTreeSet<_>>();
    let sources: HashMap<i32, Source> = tx.names(keys(|row| row.names.0)).await?;
    let models: HashMap<i32, Model> = tx.names(keys(|row| row.names.1)).await?;
    tx.learn_machines(keys(|row| row.names.2)).await?;
    let name = |kind: &str| StoreError::Internal(format!("a message has an unknown {kind}"));
    rows.into_iter()
        .map(|row| {
            let (source, model, machine) = row.names;
            let count = |count: i64| count.unsigned_abs();
            let message = Message {
                key: MessageKey(row.key.into_bytes()),
                source: sources.get(&source).cloned().ok_or_else(|| name("source"))?,
                at: row.at,
                model: models.get(&model).cloned().ok_or_else(|| name("model"))?,
                machine: tx.machines.get(&machine).cloned().ok_or_else(|| name("machine"))?,
                tokens: TokenCounts {
                    input: count(row.counts.0),
                    output: count(row.counts.1),
                    cache_read: count(row.counts.2),
                    cache_write: count(row.counts.3),
                    cache_write_1h: count(row.counts.4),
                    reasoning: count(row.counts.5),
                    reasoning_in_output: row.flags & REASONING_IN_OUTPUT != 0,
                },
            };
            let cost = match row.cost {
                None => Cost::Unpriced,
                Some(Money(amount)) if row.flags & ESTIMATED != 0 => Cost::Estimated(amount),
                Some(Money(amount)) => Cost::Priced(amount),
            };
            Ok(Entry { message, cost })
        })
        .collect()
}
