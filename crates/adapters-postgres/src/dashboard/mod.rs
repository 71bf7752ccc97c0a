//! The figures of dashboards: one statement a method.

pub(crate) mod look_up;
mod profiles;

use std::collections::BTreeMap;

use diesel::sql_types::Datemultirange;
use domain::dashboard::ports::{AccountFigures, DashboardReader, PlatformRepository, ProfileFigures};
use domain::dashboard::{
    DayUsage, Favourite, Favourites, MOST_LISTED, MachineUsage, ModelUsage, PlatformTotals, ProjectUsage, ToolUsage,
    TopList,
};
use domain::days::Window;
use domain::progression::EventXp;
use domain::usage::{MachineId, ModelName, ProjectName, Source, Sums};
use domain::users::Username;

use self::look_up::ProfileLookUp;
use self::profiles::profiles;
use crate::accounts::uuids;
use crate::database::Database;
use crate::day_runs::DayRuns;
use crate::prelude::*;
use crate::schema::{machines, platform_totals, usage_days, usage_hours, usage_totals};
use crate::sums::SumsRow;
use crate::unit_of_work::PgUnitOfWork;

#[derive(QueryableByName)]
struct FiguresRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(embed)]
    figures: FiguresColumns,
    #[diesel(sql_type = BigInt)]
    window_tokens: i64,
}

#[derive(QueryableByName)]
#[diesel(table_name = usage_totals)]
struct FiguresColumns {
    #[diesel(embed)]
    totals: SumsRow,
    event_xp: i64,
    achievements: i32,
    #[diesel(sql_type = BigInt)]
    models: i64,
    #[diesel(sql_type = BigInt)]
    sources: i64,
    #[diesel(sql_type = Datemultirange)]
    active: DayRuns,
}

impl FiguresColumns {
    fn figures(self, window_tokens: i64) -> AccountFigures {
        AccountFigures {
            totals: self.totals.into(),
            active_days: self.active.days(),
            window_tokens,
            event_xp: EventXp(self.event_xp),
            achievements: self.achievements.unsigned_abs(),
            models: to_u32(self.models),
            sources: to_u32(self.sources),
        }
    }
}

/// A model or a tool that an account spent most on.
#[derive(QueryableByName)]
#[diesel(table_name = usage_totals)]
struct FavouriteRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Bool)]
    is_model: bool,
    #[diesel(sql_type = Text)]
    name: String,
    tokens: i64,
    cost: Money,
}

/// The size of a list of which only the first rows are read; the same in each row.
#[derive(Clone, Copy, Default, QueryableByName)]
struct ListSize {
    #[diesel(sql_type = BigInt)]
    list_rows: i64,
    #[diesel(sql_type = BigInt)]
    list_tokens: i64,
}

/// The usage of a tool or a model.
#[derive(QueryableByName)]
struct UsedRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(embed)]
    sums: SumsRow,
    #[diesel(sql_type = BigInt)]
    days_active: i64,
    #[diesel(sql_type = SqlDate)]
    first_used: Date,
    #[diesel(sql_type = SqlDate)]
    last_used: Date,
    #[diesel(embed)]
    list: ListSize,
}

#[derive(QueryableByName)]
#[diesel(table_name = machines)]
struct MachineRow {
    name: String,
    last_synced_at: OffsetDateTime,
    #[diesel(sql_type = BigInt)]
    tokens: i64,
    #[diesel(sql_type = Numeric)]
    cost: Money,
    #[diesel(embed)]
    list: ListSize,
}

#[derive(QueryableByName)]
struct ProjectRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    tokens: i64,
    #[diesel(sql_type = Numeric)]
    cost: Money,
    #[diesel(sql_type = BigInt)]
    days_active: i64,
    #[diesel(sql_type = SqlDate)]
    first_used: Date,
    #[diesel(sql_type = SqlDate)]
    last_used: Date,
    #[diesel(embed)]
    list: ListSize,
}

#[derive(QueryableByName)]
#[diesel(table_name = usage_days)]
pub(crate) struct DayRow {
    pub(crate) day: Date,
    #[diesel(embed)]
    pub(crate) sums: SumsRow,
}

/// Tokens of an hour of the day.
#[derive(QueryableByName)]
#[diesel(table_name = usage_hours)]
struct HourRow {
    hour: i16,
    tokens: i64,
}

fn top_list<Row, Item>(rows: Vec<Row>, size: fn(&Row) -> ListSize, item: fn(Row) -> Item) -> TopList<Item> {
    let ListSize { list_rows, list_tokens } = rows.first().map(size).unwrap_or_default();
    TopList { items: rows.into_iter().map(item).collect(), total: to_u32(list_rows), tokens: list_tokens }
}

/// `text` about the usage in `window`, as `viewer` may see it.
fn seen(text: &'static str, window: Window, viewer: Option<UserId>) -> Statement<'static> {
    statement(text)
        .bind::<SqlUuid>(window.user.0)
        .bind::<SqlDate>(window.from)
        .bind::<SqlDate>(window.to)
        .bind::<Nullable<SqlUuid>>(viewer.map(|viewer| viewer.0))
}

/// Reads [`UsedRow`]s: by `lifetime` for all time, which reads stored sums, else by `within` a window.
fn used(window: Window, viewer: Option<UserId>, within: &'static str, lifetime: &'static str) -> Statement<'static> {
    let query = if window.is_lifetime() {
        statement(lifetime).bind::<SqlUuid>(window.user.0).bind::<Nullable<SqlUuid>>(viewer.map(|viewer| viewer.0))
    } else {
        seen(within, window, viewer)
    };
    query.bind::<BigInt>(i64::from(MOST_LISTED))
}

fn days_of(window: Window, viewer: Option<UserId>) -> Statement<'static> {
    seen(include_str!("days.sql"), window, viewer)
}

fn used_days(rows: Vec<DayRow>) -> Vec<DayUsage> {
    rows.into_iter().map(|row| DayUsage { date: row.day, sums: row.sums.into() }).collect()
}

/// The tokens of each hour; hours without a row have none.
fn used_hours(rows: Vec<HourRow>) -> [i64; 24] {
    let mut hours = [0; 24];
    for HourRow { hour, tokens } in rows {
        if let Some(shown) = usize::try_from(hour).ok().and_then(|hour| hours.get_mut(hour)) {
            *shown = tokens;
        }
    }
    hours
}

#[async_trait]
impl DashboardReader for Database {
    async fn figures(
        &self,
        windows: &[Window],
        viewer: Option<UserId>,
    ) -> Result<Vec<(UserId, AccountFigures)>, StoreError> {
        let rows: Vec<FiguresRow> =
            statement(concat!(include_str!("figures_columns.sql"), include_str!("figures.sql")))
                .bind_array::<SqlUuid>(windows.iter().map(|window| window.user.0))
                .bind_array::<SqlDate>(windows.iter().map(|window| window.from))
                .bind_array::<SqlDate>(windows.iter().map(|window| window.to))
                .bind::<Nullable<SqlUuid>>(viewer.map(|viewer| viewer.0))
                .rows(&self.connection().await?.pg)
                .await?;
        Ok(rows.into_iter().map(|row| (UserId(row.id), row.figures.figures(row.window_tokens))).collect())
    }

    async fn profile(
        &self,
        name: &Username,
        viewer: Option<UserId>,
        now: OffsetDateTime,
    ) -> Result<Option<ProfileFigures>, StoreError> {
        let look_up = ProfileLookUp { name: name.clone(), viewer, now };
        match &self.profiles {
            Some(shared) => shared.value(look_up).await,
            None => Ok(profiles(self, vec![look_up]).await?.pop().flatten()),
        }
    }

    async fn favourites(
        &self,
        people: &[UserId],
        viewer: Option<UserId>,
        count: u32,
    ) -> Result<Vec<(UserId, Favourites)>, StoreError> {
        let rows: Vec<FavouriteRow> = statement(include_str!("favourites.sql"))
            .bind_array::<SqlUuid>(uuids(people))
            .bind::<Nullable<SqlUuid>>(viewer.map(|viewer| viewer.0))
            .bind::<BigInt>(i64::from(count))
            .rows(&self.connection().await?.pg)
            .await?;
        let mut found = BTreeMap::<UserId, Favourites>::new();
        for FavouriteRow { id, is_model, name, tokens, cost: Money(cost) } in rows {
            let favourites = found.entry(UserId(id)).or_default();
            if is_model {
                favourites.models.push(Favourite { what: ModelName::trusted(name), tokens, cost });
            } else {
                favourites.sources.push(Favourite { what: Source::trusted(name), tokens, cost });
            }
        }
        Ok(found.into_iter().collect())
    }

    async fn days(&self, window: Window, viewer: Option<UserId>) -> Result<Vec<DayUsage>, StoreError> {
        Ok(used_days(days_of(window, viewer).rows(&self.connection().await?.pg).await?))
    }

    async fn days_and_hours(
        &self,
        days: Window,
        hours: Window,
        viewer: Option<UserId>,
    ) -> Result<(Vec<DayUsage>, [i64; 24]), StoreError> {
        let connection = self.connection().await?;
        let c = &connection.pg;
        let hours = seen(include_str!("hours.sql"), hours, viewer);
        let (days, hours) = futures_util::try_join!(days_of(days, viewer).rows(c), hours.rows(c))?;
        Ok((used_days(days), used_hours(hours)))
    }

    async fn tools(&self, window: Window, viewer: Option<UserId>) -> Result<TopList<ToolUsage>, StoreError> {
        let query = used(window, viewer, include_str!("tools.sql"), include_str!("lifetime_tools.sql"));
        let tool = |row: UsedRow| {
            let sums = Sums::from(row.sums);
            ToolUsage {
                source: Source::trusted(row.name),
                tokens: sums.tokens,
                cost: sums.cost,
                days_active: to_u32(row.days_active),
                first_used: row.first_used,
                last_used: row.last_used,
            }
        };
        Ok(top_list(query.rows(&self.connection().await?.pg).await?, |row| row.list, tool))
    }

    async fn models(&self, window: Window, viewer: Option<UserId>) -> Result<TopList<ModelUsage>, StoreError> {
        let query = used(window, viewer, include_str!("models.sql"), include_str!("lifetime_models.sql"));
        let model = |row: UsedRow| {
            let sums = Sums::from(row.sums);
            ModelUsage {
                model: ModelName::trusted(row.name),
                tokens: sums.tokens,
                cost: sums.cost,
                cost_status: sums.cost_status(),
                days_active: to_u32(row.days_active),
                first_used: row.first_used,
                last_used: row.last_used,
            }
        };
        Ok(top_list(query.rows(&self.connection().await?.pg).await?, |row| row.list, model))
    }

    async fn machines(&self, user: UserId) -> Result<TopList<MachineUsage>, StoreError> {
        let query =
            statement(include_str!("machines.sql")).bind::<SqlUuid>(user.0).bind::<BigInt>(i64::from(MOST_LISTED));
        let machine = |row: MachineRow| MachineUsage {
            machine: MachineId::trusted(row.name),
            tokens: row.tokens,
            cost: row.cost.0,
            last_synced_at: row.last_synced_at,
        };
        Ok(top_list(query.rows(&self.connection().await?.pg).await?, |row| row.list, machine))
    }

    async fn projects(&self, window: Window) -> Result<TopList<ProjectUsage>, StoreError> {
        let query = statement(include_str!("projects.sql"))
            .bind::<SqlUuid>(window.user.0)
            .bind::<SqlDate>(window.from)
            .bind::<SqlDate>(window.to)
            .bind::<BigInt>(i64::from(MOST_LISTED));
        let project = |row: ProjectRow| ProjectUsage {
            project: ProjectName::trusted(row.name),
            tokens: row.tokens,
            cost: row.cost.0,
            days_active: to_u32(row.days_active),
            first_used: row.first_used,
            last_used: row.last_used,
        };
        Ok(top_list(query.rows(&self.connection().await?.pg).await?, |row| row.list, project))
    }

    async fn platform(&self) -> Result<PlatformTotals, StoreError> {
        let query = statement("SELECT tokens::text, users, tools FROM platform_totals");
        let row: Option<PlatformRow> = query.optional(&self.connection().await?.pg).await?;
        row.map_or_else(|| Ok(PlatformTotals::default()), PlatformTotals::try_from)
    }
}

#[derive(QueryableByName)]
#[diesel(table_name = platform_totals)]
struct PlatformRow {
    /// As text: it may be more than a bigint holds.
    #[diesel(sql_type = Text)]
    tokens: String,
    users: i64,
    tools: i64,
}

impl TryFrom<PlatformRow> for PlatformTotals {
    type Error = StoreError;

    fn try_from(row: PlatformRow) -> Result<Self, StoreError> {
        let PlatformRow { tokens, users, tools } = row;
        Ok(Self {
            tokens: tokens.parse().map_err(|_| StoreError::Internal(format!("{tokens} is not a count")))?,
            users: users.unsigned_abs(),
            tools: tools.unsigned_abs(),
        })
    }
}

#[async_trait]
impl PlatformRepository for PgUnitOfWork {
    async fn refresh(&mut self, now: OffsetDateTime) -> Result<PlatformTotals, StoreError> {
        let text = concat!(include_str!("upsert_platform_totals.sql"), "RETURNING tokens::text, users, tools");
        let row: PlatformRow = statement(text).bind::<Timestamptz>(now).row(self.connection()?).await?;
        row.try_into()
    }
}
