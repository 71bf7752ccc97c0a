//! Measures the baseline: the same rows written by plain SQL, which no server can exceed on one connection.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use rust_decimal::Decimal;
use time::OffsetDateTime;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Statement};
use uuid::Uuid;

use crate::environment::{Environment, RunLocation, clear, database};
use crate::messages::{message, run_number, today};
use crate::report::{ms, percentile, rate, thousands};

/// Rows of one statement.
const CHUNK: u32 = 5_000;

/// The decimals of a cost: prices are hundredths of a dollar for a million tokens.
const COST_DECIMALS: u32 = 8;

/// Above the keys of all accounts, so that the rows belong to none.
const FIRST_KEY: i32 = 1_000_000_000;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: RunLocation,
    /// The messages that each round writes
    #[arg(long, default_value_t = 200_000)]
    messages: u32,
    /// The number of rounds
    #[arg(long, default_value_t = 3)]
    rounds: u32,
}

/// Measures the baseline and prints it.
pub(crate) async fn run(args: &Args) -> Result<()> {
    let environment = Environment::start(&args.place).await?;
    let client = database(environment.database_url()).await?;
    for round in 1..=args.rounds {
        clear(&client).await?;
        let reached = rows_per_second(&client, args.messages, 8).await?;
        println!("round {round}: {} messages/s by plain SQL", thousands(reached));
    }
    let mut commits = Commits::prepare(&client).await?;
    let mut times = Vec::new();
    for _ in 0..500 {
        times.push(commits.commit().await?);
    }
    println!("an empty commit: p50 {:.2} ms", ms(percentile(&mut times, 50)));
    Ok(())
}

/// Writes `messages` rows of `people` accounts in turn, with a commit per 5,000; returns rows per second.
pub(crate) async fn rows_per_second(client: &Client, messages: u32, people: u32) -> Result<f64> {
    let insert = client.prepare(include_str!("sql/insert_baseline.sql")).await?;
    let (run, today) = (run_number(), today());
    let chunks: Vec<Columns> = (0..messages / CHUNK)
        .map(|chunk| {
            let (account, first) = (chunk % people, chunk / people * CHUNK);
            Columns::of(run + u64::from(account), i32::try_from(account).unwrap_or(0), first, today)
        })
        .collect();
    let begin = Instant::now();
    for chunk in &chunks {
        let written = chunk.insert(client, &insert).await?;
        ensure!(written == u64::from(CHUNK), "{written} rows were written instead of {CHUNK}");
    }
    Ok(rate(messages / CHUNK * CHUNK, begin.elapsed()))
}

/// The columns of one chunk, in the order of the primary key.
struct Columns {
    users: Vec<i32>,
    keys: Vec<Uuid>,
    instants: Vec<OffsetDateTime>,
    input: Vec<i64>,
    output: Vec<i64>,
    cache_read: Vec<i64>,
    cache_write: Vec<i64>,
    nothing: Vec<i64>,
    sources: Vec<i32>,
    models: Vec<i32>,
    machines: Vec<i32>,
    flags: Vec<i16>,
    costs: Vec<Decimal>,
}

impl Columns {
    fn of(account: u64, user: i32, first: u32, today: OffsetDateTime) -> Self {
        let mut messages: Vec<_> = (first..first + CHUNK).map(|n| message(account, n, today)).collect();
        messages.sort_unstable_by_key(|message| message.id);
        let count = messages.len();
        let all =
            |of: fn(&crate::messages::SyntheticMessage) -> u32| messages.iter().map(|m| i64::from(of(m))).collect();
        Self {
            users: vec![FIRST_KEY + user; count],
            keys: messages.iter().map(|m| Uuid::from_u128(m.id)).collect(),
            instants: messages.iter().map(|m| m.at).collect(),
            input: all(|m| m.input),
            output: all(|m| m.output),
            cache_read: all(|m| m.cache_read),
            cache_write: all(|m| m.cache_write),
            nothing: vec![0; count],
            sources: vec![1; count],
            models: messages.iter().map(|m| i32::try_from(m.model).unwrap_or(0)).collect(),
            machines: vec![user; count],
            flags: vec![1; count],
            costs: messages
                .iter()
                .map(|m| {
                    let parts = [(m.input, 300), (m.output, 1_500), (m.cache_read, 30), (m.cache_write, 375)];
                    let units = parts.iter().map(|(tokens, price)| i64::from(*tokens) * price).sum();
                    Decimal::new(units, COST_DECIMALS)
                })
                .collect(),
        }
    }

    async fn insert(&self, client: &Client, insert: &Statement) -> Result<u64> {
        let columns: [&(dyn ToSql + Sync); 14] = [
            &self.users,
            &self.keys,
            &self.instants,
            &self.input,
            &self.output,
            &self.cache_read,
            &self.cache_write,
            &self.nothing,
            &self.nothing,
            &self.sources,
            &self.models,
            &self.machines,
            &self.flags,
            &self.costs,
        ];
        Ok(client.execute(insert, &columns).await?)
    }
}

/// Commits of one small row: the cost of a transaction on this disk.
pub(crate) struct Commits<'a> {
    client: &'a Client,
    insert: Statement,
}

impl<'a> Commits<'a> {
    /// Creates the table.
    pub(crate) async fn prepare(client: &'a Client) -> Result<Self> {
        client.batch_execute("CREATE TABLE IF NOT EXISTS loadgen_commits (number integer NOT NULL)").await?;
        let insert = client.prepare("INSERT INTO loadgen_commits VALUES (1)").await?;
        Ok(Self { client, insert })
    }

    /// Commits once; returns the time taken.
    pub(crate) async fn commit(&mut self) -> Result<Duration> {
        let begin = Instant::now();
        self.client.execute(&self.insert, &[]).await?;
        Ok(begin.elapsed())
    }
}
