//! What dashboards show: each method one statement.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{
    Array, BigInt, Bool, Date as SqlDate, Integer, Nullable, Numeric, SmallInt, Text, Timestamptz, Uuid,
};
use diesel_async::RunQueryDsl;
use domain::dashboard::ports::{DashboardReader, Figures, PlatformRepository};
use domain::dashboard::{
    DayUsage, Favourites, MOST_LISTED, MachineUsage, ModelUsage, PlatformTotals, ToolUsage, Top, TopList,
};
use domain::days::Window;
use domain::error::StoreError;
use domain::ids::UserId;
use domain::progression::EventXp;
use domain::usage::{MachineId, ModelName, Source, Sums};
use time::{Date, OffsetDateTime};

use crate::database::Database;
use crate::error::store_error;
use crate::numeric::Money;
use crate::statement::{Statement, statement};
use crate::sums::{SumsColumns, SumsRow};
use crate::unit_of_work::PgUnitOfWork;

type FiguresColumns = (Uuid, SumsColumns, (BigInt, Integer, BigInt, BigInt, BigInt, Array<SqlDate>));

#[derive(Queryable)]
struct FiguresRow {
    person: uuid::Uuid,
    totals: SumsRow,
    /// Event XP, achievements, tokens of the window, models, sources, active days.
    rest: (i64, i32, i64, i64, i64, Vec<Date>),
}

impl From<FiguresRow> for (UserId, Figures) {
    fn from(row: FiguresRow) -> Self {
        let (event_xp, achievements, window_tokens, models, sources, active_days) = row.rest;
        let count = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
        let figures = Figures {
            totals: row.totals.into(),
            active_days: active_days.into_iter().collect::<BTreeSet<_>>(),
            window_tokens,
            event_xp: EventXp(event_xp),
            achievements: achievements.unsigned_abs(),
            models: count(models),
            sources: count(sources),
        };
        (UserId(row.person), figures)
    }
}

/// A name with what it was used for: the sums, the number of days, the first and the last of them; and of the whole list how
/// many rows it has, and their tokens.
type UsedColumns = (Text, SumsColumns, (BigInt, SqlDate, SqlDate), (BigInt, BigInt));
type Used = (String, SumsRow, (i64, Date, Date), (i64, i64));

/// The first rows of a list, `whole` being how many rows it has and their tokens: the same beside each row.
fn top_list<T>(items: Vec<T>, whole: Option<(i64, i64)>) -> TopList<T> {
    let (total, tokens) = whole.unwrap_or_default();
    TopList { items, total: u32::try_from(total).unwrap_or(u32::MAX), tokens }
}

/// `text` about the usage in `window`, as `viewer` may see it.
fn seen<Columns>(text: &'static str, window: Window, viewer: Option<UserId>) -> Statement<'static, Columns> {
    statement(text)
        .bind::<Uuid, _>(window.person.0)
        .bind::<SqlDate, _>(window.from)
        .bind::<SqlDate, _>(window.to)
        .bind::<Nullable<Uuid>, _>(viewer.map(|viewer| viewer.0))
}

fn days_of(window: Window, viewer: Option<UserId>) -> Statement<'static, (SqlDate, SumsColumns)> {
    seen(include_str!("days.sql"), window, viewer)
}

fn used_days(rows: Vec<(Date, SumsRow)>) -> Vec<DayUsage> {
    rows.into_iter().map(|(date, sums)| DayUsage { date, sums: sums.into() }).collect()
}

fn hours_of(window: Window, viewer: Option<UserId>) -> Statement<'static, (SmallInt, BigInt)> {
    seen(include_str!("hours.sql"), window, viewer)
}

/// The tokens of each hour, from rows of those that have any.
fn used_hours(rows: Vec<(i16, i64)>) -> [i64; 24] {
    let mut hours = [0; 24];
    for (hour, tokens) in rows {
        if let Some(shown) = usize::try_from(hour).ok().and_then(|hour| hours.get_mut(hour)) {
            *shown = tokens;
        }
    }
    hours
}

fn days(count: i64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[async_trait]
impl DashboardReader for Database {
    async fn figures(&self, windows: &[Window], viewer: Option<UserId>) -> Result<Vec<(UserId, Figures)>, StoreError> {
        let mut connection = self.connection().await?;
        let rows: Vec<FiguresRow> = statement::<FiguresColumns>(include_str!("figures.sql"))
            .bind::<Array<Uuid>, _>(windows.iter().map(|window| window.person.0).collect::<Vec<_>>())
            .bind::<Array<SqlDate>, _>(windows.iter().map(|window| window.from).collect::<Vec<_>>())
            .bind::<Array<SqlDate>, _>(windows.iter().map(|window| window.to).collect::<Vec<_>>())
            .bind::<Nullable<Uuid>, _>(viewer.map(|viewer| viewer.0))
            .load(&mut connection.pg)
            .await
            .map_err(store_error)?;
        Ok(rows.into_iter().map(FiguresRow::into).collect())
    }

    async fn favourites(
        &self,
        people: &[UserId],
        viewer: Option<UserId>,
        count: u32,
    ) -> Result<Vec<(UserId, Favourites)>, StoreError> {
        let mut connection = self.connection().await?;
        let query = statement::<(Uuid, Bool, Text, BigInt, Numeric)>(include_str!("favourites.sql"))
            .bind::<Array<Uuid>, _>(people.iter().map(|person| person.0).collect::<Vec<_>>())
            .bind::<Nullable<Uuid>, _>(viewer.map(|viewer| viewer.0))
            .bind::<BigInt, _>(i64::from(count));
        let rows: Vec<(uuid::Uuid, bool, String, i64, Money)> =
            query.load(&mut connection.pg).await.map_err(store_error)?;
        let mut found = BTreeMap::<UserId, Favourites>::new();
        for (person, is_model, name, tokens, cost) in rows {
            let favourites = found.entry(UserId(person)).or_default();
            if is_model {
                favourites.models.push(Top { what: ModelName::trusted(name), tokens, cost: cost.0 });
            } else {
                favourites.sources.push(Top { what: Source::trusted(name), tokens, cost: cost.0 });
            }
        }
        Ok(found.into_iter().collect())
    }

    async fn days(&self, window: Window, viewer: Option<UserId>) -> Result<Vec<DayUsage>, StoreError> {
        let mut connection = self.connection().await?;
        Ok(used_days(days_of(window, viewer).load(&mut connection.pg).await.map_err(store_error)?))
    }

    async fn days_and_hours(
        &self,
        days: Window,
        hours: Window,
        viewer: Option<UserId>,
    ) -> Result<(Vec<DayUsage>, [i64; 24]), StoreError> {
        let connection = self.connection().await?;
        // Sent together: one round trip.
        let (mut c1, mut c2) = (&connection.pg, &connection.pg);
        let (days, hours) =
            futures_util::try_join!(days_of(days, viewer).load(&mut c1), hours_of(hours, viewer).load(&mut c2))
                .map_err(store_error)?;
        Ok((used_days(days), used_hours(hours)))
    }

    async fn tools(&self, window: Window, viewer: Option<UserId>) -> Result<TopList<ToolUsage>, StoreError> {
        let mut connection = self.connection().await?;
        let query =
            seen::<UsedColumns>(include_str!("tools.sql"), window, viewer).bind::<BigInt, _>(i64::from(MOST_LISTED));
        let rows: Vec<Used> = query.load(&mut connection.pg).await.map_err(store_error)?;
        let whole = rows.as_slice().first().map(|row| row.3);
        let tool = |(source, sums, (active, first_used, last_used), _): Used| {
            let sums = Sums::from(sums);
            ToolUsage {
                source: Source::trusted(source),
                tokens: sums.tokens,
                cost: sums.cost,
                days_active: days(active),
                first_used,
                last_used,
            }
        };
        Ok(top_list(rows.into_iter().map(tool).collect(), whole))
    }

    async fn models(&self, window: Window, viewer: Option<UserId>) -> Result<TopList<ModelUsage>, StoreError> {
        let mut connection = self.connection().await?;
        let query =
            seen::<UsedColumns>(include_str!("models.sql"), window, viewer).bind::<BigInt, _>(i64::from(MOST_LISTED));
        let rows: Vec<Used> = query.load(&mut connection.pg).await.map_err(store_error)?;
        let whole = rows.as_slice().first().map(|row| row.3);
        let model = |(name, sums, (active, first_used, last_used), _): Used| {
            let sums = Sums::from(sums);
            ModelUsage {
                model: ModelName::trusted(name),
                tokens: sums.tokens,
                cost: sums.cost,
                cost_status: sums.cost_status(),
                days_active: days(active),
                first_used,
                last_used,
            }
        };
        Ok(top_list(rows.into_iter().map(model).collect(), whole))
    }

    async fn machines(&self, user: UserId) -> Result<TopList<MachineUsage>, StoreError> {
        type Columns = (Text, Timestamptz, BigInt, Numeric, (BigInt, BigInt));
        type Row = (String, OffsetDateTime, i64, Money, (i64, i64));

        let mut connection = self.connection().await?;
        let query = statement::<Columns>(include_str!("machines.sql"))
            .bind::<Uuid, _>(user.0)
            .bind::<BigInt, _>(i64::from(MOST_LISTED));
        let rows: Vec<Row> = query.load(&mut connection.pg).await.map_err(store_error)?;
        let whole = rows.as_slice().first().map(|row| row.4);
        let machine = |(name, last_synced_at, tokens, cost, _): Row| MachineUsage {
            machine: MachineId::trusted(name),
            tokens,
            cost: cost.0,
            last_synced_at,
        };
        Ok(top_list(rows.into_iter().map(machine).collect(), whole))
    }

    async fn platform(&self) -> Result<PlatformTotals, StoreError> {
        let mut connection = self.connection().await?;
        let text = "SELECT tokens::text, users, tools FROM platform_totals";
        let query = statement::<PlatformColumns>(text);
        let row: Option<PlatformRow> = query.get_result(&mut connection.pg).await.optional().map_err(store_error)?;
        row.map_or_else(|| Ok(PlatformTotals::default()), platform_totals)
    }
}

/// Tokens, which may be more than a bigint holds and are read as text; people; tools.
type PlatformColumns = (Text, BigInt, BigInt);
type PlatformRow = (String, i64, i64);

fn platform_totals((tokens, users, tools): PlatformRow) -> Result<PlatformTotals, StoreError> {
    Ok(PlatformTotals {
        tokens: tokens.parse().map_err(|_| StoreError::Internal(format!("{tokens} is not a count")))?,
        users: users.unsigned_abs(),
        tools: tools.unsigned_abs(),
    })
}

#[async_trait]
impl PlatformRepository for PgUnitOfWork {
    async fn refresh(&mut self, now: OffsetDateTime) -> Result<PlatformTotals, StoreError> {
        let text = concat!(include_str!("keep_platform.sql"), "RETURNING tokens::text, users, tools");
        let query = statement::<PlatformColumns>(text).bind::<Timestamptz, _>(now);
        platform_totals(query.get_result(self.connection()?).await.map_err(store_error)?)
    }
}
