//! Benchmarks: computed set by set from the roll-ups in one transaction, and read.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{
    Array, BigInt, Date as SqlDate, Integer, Nullable, Numeric, SmallInt, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel_async::RunQueryDsl;
use domain::days::Period;
use domain::days::Window;
use domain::error::StoreError;
use domain::insights::ports::{BenchmarkRepository, InsightReader};
use domain::insights::{Benchmark, Cut, Measure, Own, Spread};
use domain::leaderboard::ports::ZoneDay;
use time::{Date, OffsetDateTime};

use crate::database::Database;
use crate::error::store_error;
use crate::leaderboard::period_number;
use crate::numeric::Money;
use crate::schema::benchmark_measures;
use crate::statement::statement;
use crate::unit_of_work::PgUnitOfWork;

/// Names the lock that a refresh holds.
const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtextextended('burntop benchmarks', 0))";

/// What is computed on the way and tells the planner how large it is.
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

/// People and times of the period, then of one measure: people, sum, median, and the table.
type SpreadColumns = (
    (Integer, Timestamptz, Timestamptz),
    (Nullable<SmallInt>, Nullable<Integer>, Nullable<Text>, Nullable<Text>),
    (Nullable<Array<Text>>, Nullable<Array<Integer>>, Nullable<Array<Integer>>),
);

/// Figures, how many people have less, and less or as much.
type Cuts = (Option<Vec<String>>, Option<Vec<i32>>, Option<Vec<i32>>);

#[derive(Queryable)]
struct SpreadRow {
    period: (i32, OffsetDateTime, OffsetDateTime),
    measure: (Option<i16>, Option<i32>, Option<String>, Option<String>),
    table: Cuts,
}

impl SpreadRow {
    /// The measure and its spread; `None` where there is no measure.
    fn spread(self) -> Result<Option<(Measure, Spread)>, StoreError> {
        let (Some(number), Some(people), Some(total), Some(doubled_median)) = self.measure else { return Ok(None) };
        let (Some(values), Some(below), Some(upto)) = self.table else { return Ok(None) };
        let Some(measure) = Measure::ALL.into_iter().find(|measure| measure_number(*measure) == number) else {
            return Ok(None);
        };
        let cuts = values.iter().zip(below).zip(upto).map(|((value, below), upto)| {
            Ok(Cut { value: whole(value)?, below: below.unsigned_abs(), upto: upto.unsigned_abs() })
        });
        let spread = Spread {
            people: people.unsigned_abs(),
            total: whole(&total)?,
            doubled_median: whole(&doubled_median)?,
            cuts: cuts.collect::<Result<_, StoreError>>()?,
        };
        Ok(Some((measure, spread)))
    }
}

fn whole(text: &str) -> Result<i128, StoreError> {
    text.parse().map_err(|_| StoreError::Internal(format!("{text} is not a whole number")))
}

/// Tokens, input, cache reads, unpriced tokens, cost; days, tools; this week, the week before; active days.
type OwnColumns = ((BigInt, BigInt, BigInt, BigInt, Numeric), (BigInt, BigInt), (BigInt, BigInt), Array<SqlDate>);
type OwnRow = ((i64, i64, i64, i64, Money), (i64, i64), (i64, i64), Vec<Date>);

#[async_trait]
impl InsightReader for Database {
    async fn own(&self, window: Window, today: Date) -> Result<Option<Own>, StoreError> {
        let mut connection = self.connection().await?;
        let row: Option<OwnRow> = statement::<OwnColumns>(include_str!("own.sql"))
            .bind::<SqlUuid, _>(window.person.0)
            .bind::<SqlDate, _>(window.from)
            .bind::<SqlDate, _>(window.to)
            .bind::<SqlDate, _>(today)
            .get_result(&mut connection.pg)
            .await
            .optional()
            .map_err(store_error)?;
        let count = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
        Ok(row.map(|(sums, (days, tools), (week, week_before), active_days)| {
            let (tokens, input, cache_read, unpriced_tokens, Money(cost)) = sums;
            Own {
                tokens,
                input,
                cache_read,
                unpriced_tokens,
                cost,
                days: count(days),
                tools: count(tools),
                week,
                week_before,
                active_days: active_days.into_iter().collect(),
            }
        }))
    }

    async fn benchmark(&self, period: Period) -> Result<Option<Benchmark>, StoreError> {
        let mut connection = self.connection().await?;
        let rows: Vec<SpreadRow> = statement::<SpreadColumns>(include_str!("read.sql"))
            .bind::<SmallInt, _>(period_number(period))
            .load(&mut connection.pg)
            .await
            .map_err(store_error)?;
        let Some(&(people, created_at, computed_at)) = rows.as_slice().first().map(|row| &row.period) else {
            return Ok(None);
        };
        let spreads = rows.into_iter().filter_map(|row| row.spread().transpose()).collect::<Result<_, _>>()?;
        Ok(Some(Benchmark { period, people: people.unsigned_abs(), spreads, created_at, computed_at }))
    }
}

#[async_trait]
impl BenchmarkRepository for PgUnitOfWork {
    async fn lock(&mut self) -> Result<(), StoreError> {
        self.batch(LOCK).await
    }

    async fn refresh(&mut self, todays: &[ZoneDay], now: OffsetDateTime) -> Result<u64, StoreError> {
        self.make_room().await?;
        let people = statement::<()>(include_str!("people.sql"))
            .bind::<Array<Text>, _>(todays.iter().map(|zone| zone.zone.as_str()).collect::<Vec<_>>())
            .bind::<Array<SqlDate>, _>(todays.iter().map(|zone| zone.today).collect::<Vec<_>>())
            .bind::<Timestamptz, _>(now);
        self.run(people).await?;
        for step in STEPS {
            self.batch(step).await?;
        }
        self.leave_out(include_str!("leave_out.sql"), "benchmarks").await?;
        self.run(statement::<()>(include_str!("keep.sql")).bind::<Timestamptz, _>(now)).await?;
        // A measure may have nobody any more.
        diesel::delete(benchmark_measures::table).execute(self.connection()?).await.map_err(store_error)?;
        self.run(statement::<()>(include_str!("keep_measures.sql"))).await?;
        let count = "SELECT people::bigint FROM benchmarks WHERE period = 1";
        let people: i64 = statement::<BigInt>(count).get_result(self.connection()?).await.map_err(store_error)?;
        Ok(people.unsigned_abs())
    }
}
