//! Benchmarks: computed set by set from the roll-ups in one transaction, and read.

use domain::days::{Period, Window};
use domain::insights::ports::{BenchmarkRepository, InsightReader};
use domain::insights::{Benchmark, Cut, Measure, OwnFigures, Spread};
use domain::leaderboard::ports::ZoneDay;

use crate::database::Database;
use crate::leaderboard::{people, period_number};
use crate::prelude::*;
use crate::schema::{benchmark_measures, benchmarks, usage_totals};
use crate::unit_of_work::PgUnitOfWork;

/// The intermediate tables, each with statistics for the planner.
const STEPS: [&str; 5] = [
    "ANALYZE benchmark_people",
    include_str!("streaks.sql"),
    "ANALYZE benchmark_streaks",
    include_str!("figures.sql"),
    "ANALYZE benchmark_figures",
];

/// The number of a measure in the tables, from 1.
fn measure_number(measure: Measure) -> i16 {
    match measure {
        Measure::Tokens => 1,
        Measure::Cost => 2,
        Measure::Streak => 3,
        Measure::Tools => 4,
        Measure::CacheEfficiency => 5,
    }
}

/// A benchmark, and one of its measures unless it has none.
#[derive(QueryableByName)]
#[diesel(table_name = benchmarks)]
struct SpreadRow {
    people: i32,
    created_at: OffsetDateTime,
    computed_at: OffsetDateTime,
    #[diesel(sql_type = Nullable<SmallInt>)]
    measure: Option<i16>,
    #[diesel(sql_type = Nullable<Integer>)]
    measured_people: Option<i32>,
    #[diesel(sql_type = Nullable<Text>)]
    total: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    doubled_median: Option<String>,
    #[diesel(sql_type = Nullable<Array<Text>>)]
    cuts: Option<Vec<String>>,
    #[diesel(sql_type = Nullable<Array<Integer>>)]
    below: Option<Vec<i32>>,
    #[diesel(sql_type = Nullable<Array<Integer>>)]
    upto: Option<Vec<i32>>,
}

impl SpreadRow {
    fn spread(self) -> Result<Option<(Measure, Spread)>, StoreError> {
        let known = |number| Measure::ALL.into_iter().find(|measure| measure_number(*measure) == number);
        let (Some(measure), Some(people)) = (self.measure.and_then(known), self.measured_people) else {
            return Ok(None);
        };
        let cuts = self.cuts.iter().flatten().zip(self.below.iter().flatten().zip(self.upto.iter().flatten()));
        let cuts = cuts.map(|(value, (below, upto))| {
            Ok(Cut { value: whole(value)?, below: below.unsigned_abs(), upto: upto.unsigned_abs() })
        });
        let spread = Spread {
            people: people.unsigned_abs(),
            total: whole(self.total.as_deref().unwrap_or_default())?,
            doubled_median: whole(self.doubled_median.as_deref().unwrap_or_default())?,
            cuts: cuts.collect::<Result<_, StoreError>>()?,
        };
        Ok(Some((measure, spread)))
    }
}

fn whole(text: &str) -> Result<i128, StoreError> {
    text.parse().map_err(|_| StoreError::Internal(format!("{text} is not a whole number")))
}

#[derive(QueryableByName)]
#[diesel(table_name = usage_totals)]
struct OwnRow {
    tokens: i64,
    input: i64,
    cache_read: i64,
    unpriced_tokens: i64,
    cost: Money,
    #[diesel(sql_type = BigInt)]
    days: i64,
    #[diesel(sql_type = BigInt)]
    tools: i64,
    #[diesel(sql_type = BigInt)]
    week: i64,
    #[diesel(sql_type = BigInt)]
    week_before: i64,
    #[diesel(sql_type = Array<SqlDate>)]
    active_dates: Vec<Date>,
}

impl From<OwnRow> for OwnFigures {
    fn from(row: OwnRow) -> Self {
        Self {
            tokens: row.tokens,
            input: row.input,
            cache_read: row.cache_read,
            unpriced_tokens: row.unpriced_tokens,
            cost: row.cost.0,
            days: to_u32(row.days),
            tools: to_u32(row.tools),
            week: row.week,
            week_before: row.week_before,
            active_days: row.active_dates.into_iter().collect(),
        }
    }
}

#[async_trait]
impl InsightReader for Database {
    async fn own(&self, window: Window, today: Date) -> Result<Option<OwnFigures>, StoreError> {
        let row: Option<OwnRow> = statement(include_str!("own_usage.sql"))
            .bind::<SqlUuid>(window.user.0)
            .bind::<SqlDate>(window.from)
            .bind::<SqlDate>(window.to)
            .bind::<SqlDate>(today)
            .optional(&self.connection().await?.pg)
            .await?;
        Ok(row.map(OwnFigures::from))
    }

    async fn benchmark(&self, period: Period) -> Result<Option<Benchmark>, StoreError> {
        let query = statement(include_str!("benchmark.sql")).bind::<SmallInt>(period_number(period));
        let rows: Vec<SpreadRow> = query.rows(&self.connection().await?.pg).await?;
        let Some(&SpreadRow { people, created_at, computed_at, .. }) = rows.first() else { return Ok(None) };
        let spreads = rows.into_iter().filter_map(|row| row.spread().transpose()).collect::<Result<_, _>>()?;
        Ok(Some(Benchmark { period, people: people.unsigned_abs(), spreads, created_at, computed_at }))
    }
}

#[async_trait]
impl BenchmarkRepository for PgUnitOfWork {
    async fn lock(&mut self) -> Result<(), StoreError> {
        self.advisory_lock("burntop benchmarks").await
    }

    async fn refresh(&mut self, todays: &[ZoneDay], now: OffsetDateTime) -> Result<u64, StoreError> {
        self.make_room().await?;
        people(include_str!("people.sql"), todays, now).run(self.connection()?).await?;
        for step in STEPS {
            self.batch(step).await?;
        }
        self.leave_out(include_str!("leave_out.sql"), "benchmarks").await?;
        let c = self.connection()?;
        statement(include_str!("upsert_benchmarks.sql")).bind::<Timestamptz>(now).run(c).await?;
        // A measure may have no accounts any more.
        diesel::delete(benchmark_measures::table).run(c).await?;
        statement(include_str!("insert_measures.sql")).run(c).await?;
        let people: i32 = benchmarks::table.find(period_number(Period::All)).select(benchmarks::people).row(c).await?;
        Ok(people.unsigned_abs().into())
    }
}
