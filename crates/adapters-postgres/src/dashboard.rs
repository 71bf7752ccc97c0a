//! What dashboards show: each method one statement.

use std::collections::BTreeSet;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date as SqlDate, Integer, Numeric, SmallInt, Text, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;
use domain::dashboard::ports::{DashboardReader, Figures, Person};
use domain::dashboard::{DayUsage, MachineUsage, ModelUsage, PlatformTotals, ToolUsage};
use domain::ids::UserId;
use domain::progression::EventXp;
use domain::store::StoreError;
use domain::usage::{MachineId, ModelName, Source, Sums};
use domain::users::{User, Username};
use time::{Date, OffsetDateTime};

use crate::database::Database;
use crate::error::store_error;
use crate::numeric::Money;
use crate::schema::users;
use crate::statement::{Statement, statement};
use crate::sums::{SumsColumns, SumsRow};
use crate::users::{UserRow, lower};

type FiguresColumns = (SumsColumns, (BigInt, Integer, BigInt, BigInt, BigInt, Array<SqlDate>));

#[derive(Queryable)]
struct FiguresRow {
    totals: SumsRow,
    /// Event XP, achievements, tokens of the window, models, sources, active days.
    rest: (i64, i32, i64, i64, i64, Vec<Date>),
}

impl From<FiguresRow> for Figures {
    fn from(row: FiguresRow) -> Self {
        let (event_xp, achievements, window_tokens, models, sources, active_days) = row.rest;
        let count = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
        Self {
            totals: row.totals.into(),
            active_days: active_days.into_iter().collect::<BTreeSet<_>>(),
            window_tokens,
            event_xp: EventXp(event_xp),
            achievements: achievements.unsigned_abs(),
            models: count(models),
            sources: count(sources),
        }
    }
}

/// A name with what it was used for: the sums, the number of days, the first and the last of them.
type UsedColumns = (Text, SumsColumns, (BigInt, SqlDate, SqlDate));
type Used = (String, SumsRow, (i64, Date, Date));

/// `text` about the usage of `user` from `from` to `to`.
fn window<Columns>(text: &'static str, user: UserId, from: Date, to: Date) -> Statement<'static, Columns> {
    statement(text).bind::<Uuid, _>(user.0).bind::<SqlDate, _>(from).bind::<SqlDate, _>(to)
}

fn days(count: i64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[async_trait]
impl DashboardReader for Database {
    async fn person(&self, name: &Username, viewer: Option<UserId>) -> Result<Option<Person>, StoreError> {
        let mut connection = self.connection().await?;
        let row: Option<UserRow> = users::table
            .filter(lower(users::username).eq(name.as_str().to_ascii_lowercase()))
            .filter(users::deleted_at.is_null())
            .select(UserRow::as_select())
            .first(&mut connection.pg)
            .await
            .optional()
            .map_err(store_error)?;
        Ok(row.map(User::from).map(|user| Person { visible: user.is_public || viewer == Some(user.id), user }))
    }

    async fn account(&self, user: UserId) -> Result<Option<User>, StoreError> {
        let mut connection = self.connection().await?;
        let row: Option<UserRow> = users::table
            .find(user.0)
            .filter(users::deleted_at.is_null())
            .select(UserRow::as_select())
            .first(&mut connection.pg)
            .await
            .optional()
            .map_err(store_error)?;
        Ok(row.map(User::from))
    }

    async fn figures(&self, user: UserId, from: Date, to: Date) -> Result<Figures, StoreError> {
        let mut connection = self.connection().await?;
        let query = window::<FiguresColumns>(include_str!("sql/figures.sql"), user, from, to);
        let rows: Vec<FiguresRow> = query.load(&mut connection.pg).await.map_err(store_error)?;
        Ok(rows.into_iter().next().map(Figures::from).unwrap_or_default())
    }

    async fn days(&self, user: UserId, from: Date, to: Date) -> Result<Vec<DayUsage>, StoreError> {
        let mut connection = self.connection().await?;
        let query = window::<(SqlDate, SumsColumns)>(include_str!("sql/days.sql"), user, from, to);
        let rows: Vec<(Date, SumsRow)> = query.load(&mut connection.pg).await.map_err(store_error)?;
        Ok(rows.into_iter().map(|(date, sums)| DayUsage { date, sums: sums.into() }).collect())
    }

    async fn hours(&self, user: UserId, from: Date, to: Date) -> Result<[i64; 24], StoreError> {
        let mut connection = self.connection().await?;
        let query = window::<(SmallInt, BigInt)>(include_str!("sql/hours.sql"), user, from, to);
        let rows: Vec<(i16, i64)> = query.load(&mut connection.pg).await.map_err(store_error)?;
        let mut hours = [0; 24];
        for (hour, tokens) in rows {
            if let Some(shown) = usize::try_from(hour).ok().and_then(|hour| hours.get_mut(hour)) {
                *shown = tokens;
            }
        }
        Ok(hours)
    }

    async fn tools(&self, user: UserId, from: Date, to: Date) -> Result<Vec<ToolUsage>, StoreError> {
        let mut connection = self.connection().await?;
        let query = window::<UsedColumns>(include_str!("sql/tools.sql"), user, from, to);
        let rows: Vec<Used> = query.load(&mut connection.pg).await.map_err(store_error)?;
        let tool = |(source, sums, (active, first_used, last_used)): Used| {
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
        Ok(rows.into_iter().map(tool).collect())
    }

    async fn models(&self, user: UserId, from: Date, to: Date) -> Result<Vec<ModelUsage>, StoreError> {
        let mut connection = self.connection().await?;
        let query = window::<UsedColumns>(include_str!("sql/models.sql"), user, from, to);
        let rows: Vec<Used> = query.load(&mut connection.pg).await.map_err(store_error)?;
        let model = |(name, sums, (active, first_used, last_used)): Used| {
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
        Ok(rows.into_iter().map(model).collect())
    }

    async fn machines(&self, user: UserId) -> Result<Vec<MachineUsage>, StoreError> {
        let mut connection = self.connection().await?;
        let query =
            statement::<(Text, Timestamptz, BigInt, Numeric)>(include_str!("sql/machines.sql")).bind::<Uuid, _>(user.0);
        let rows: Vec<(String, OffsetDateTime, i64, Money)> =
            query.load(&mut connection.pg).await.map_err(store_error)?;
        let machine = |(name, last_synced_at, tokens, cost): (String, OffsetDateTime, i64, Money)| MachineUsage {
            machine: MachineId::trusted(name),
            tokens,
            cost: cost.0,
            last_synced_at,
        };
        Ok(rows.into_iter().map(machine).collect())
    }

    async fn platform(&self) -> Result<PlatformTotals, StoreError> {
        let mut connection = self.connection().await?;
        let query = statement::<(Text, BigInt, BigInt)>(include_str!("sql/platform.sql"));
        let (tokens, users, tools): (String, i64, i64) =
            query.get_result(&mut connection.pg).await.map_err(store_error)?;
        Ok(PlatformTotals {
            tokens: tokens.parse().map_err(|_| StoreError::Internal(format!("{tokens} is not a count")))?,
            users: users.unsigned_abs(),
            tools: tools.unsigned_abs(),
        })
    }
}
