//! Measures syncs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use tokio::task::JoinSet;

use crate::environment::{Environment, RunLocation, clear, database, register};
use crate::http::{Connection, Request, ServerResponse, post};
use crate::messages::{body, run_number, today};
use crate::report::{rate, thousands};
use crate::{latency, memory};

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Load {
    /// Concurrent connections, each of another account
    #[arg(long, default_value_t = 8)]
    pub(crate) connections: u32,
    /// New messages for each size of request, on all connections together
    #[arg(long, default_value_t = 200_000)]
    pub(crate) messages: u32,
    /// Small syncs, in sequence
    #[arg(long, default_value_t = 500)]
    pub(crate) small: u32,
    /// The number of rounds
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: u32,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: RunLocation,
    /// Measure the server at this address, such as 127.0.0.1:8000, without its memory. Its rate limits must be off
    #[arg(long, value_name = "HOST:PORT")]
    url: Option<String>,
    #[command(flatten)]
    load: Load,
    /// Messages in one request; can be repeated
    #[arg(long = "batch", default_values_t = [5_000, 1_000])]
    batches: Vec<u32>,
}

/// Messages per second.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Throughput {
    pub(crate) new: f64,
    pub(crate) again: f64,
}

/// Measures syncs and prints the figures.
pub(crate) async fn run(args: &Args) -> Result<()> {
    if let Some(url) = &args.url {
        let address = url.trim_start_matches("http://").trim_end_matches('/');
        for round in 1..=args.load.rounds {
            batches(args, address, round).await?;
        }
        return latency::small(address, None, args.load.small).await.map(|found| found.print());
    }
    let mut environment = Environment::start(&args.place).await?;
    let client = database(environment.database_url()).await?;
    for round in 1..=args.load.rounds {
        clear(&client).await?;
        batches(args, &environment.server()?.address, round).await?;
    }
    latency::small(&environment.server()?.address, Some(&client), args.load.small).await?.print();
    memory::measure(&mut environment).await?.print();
    Ok(())
}

async fn batches(args: &Args, address: &str, round: u32) -> Result<()> {
    for batch in &args.batches {
        let reached = throughput(address, &args.load, *batch).await?;
        let (new, again) = (thousands(reached.new), thousands(reached.again));
        println!("round {round}, {batch} a request: {new} new messages/s, {again} known messages/s");
    }
    Ok(())
}

/// Registers `count` accounts; returns their numbers and tokens.
pub(crate) async fn people(address: &str, count: u32) -> Result<Vec<(u64, String)>> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut people = Vec::new();
    for _ in 0..count {
        let account = run_number() * 1_000 + NEXT.fetch_add(1, Ordering::Relaxed);
        people.push((account, register(address, account).await?));
    }
    Ok(people)
}

/// Syncs new messages over all connections, `batch` a request, then the same messages again.
pub(crate) async fn throughput(address: &str, load: &Load, batch: u32) -> Result<Throughput> {
    let requests = load.messages / load.connections / batch;
    let today = today();
    let plans: Vec<Arc<Vec<Request>>> = people(address, load.connections)
        .await?
        .into_iter()
        .map(|(account, token)| {
            let one = |n| post("/api/v1/sync", Some(&token), body(account, n * batch..(n + 1) * batch, today));
            Ok(Arc::new((0..requests).map(one).collect::<Result<_>>()?))
        })
        .collect::<Result<_>>()?;
    let total = requests * batch * load.connections;
    let all = u64::from(batch);
    let mut reached = [0.0; 2];
    for (figure, expected) in reached.iter_mut().zip([(all, 0), (0, all)]) {
        let mut connections = Vec::new();
        for plan in &plans {
            connections.push((Connection::open(address).await?, Arc::clone(plan)));
        }
        let begin = Instant::now();
        let mut running = JoinSet::new();
        for (connection, plan) in connections {
            running.spawn(send_all(connection, plan));
        }
        let mut answers = Vec::new();
        while let Some(done) = running.join_next().await {
            answers.extend(done??);
        }
        *figure = rate(total, begin.elapsed());
        check(answers, expected)?;
    }
    Ok(Throughput { new: reached[0], again: reached[1] })
}

async fn send_all(mut connection: Connection, requests: Arc<Vec<Request>>) -> Result<Vec<ServerResponse>> {
    let mut answers = Vec::with_capacity(requests.len());
    for request in requests.iter() {
        answers.push(connection.send(request).await?);
    }
    Ok(answers)
}

/// Fails unless each answer reports `expected` numbers of new and known messages.
pub(crate) fn check(answers: Vec<ServerResponse>, expected: (u64, u64)) -> Result<()> {
    for answer in answers {
        let answered = answer.success()?.json()?;
        let count = |name: &str| answered[name].as_u64().with_context(|| format!("no {name}"));
        let found = (count("messagesSynced")?, count("messagesDuplicate")?);
        ensure!(found == expected, "{found:?} new and known messages instead of {expected:?}");
    }
    Ok(())
}
