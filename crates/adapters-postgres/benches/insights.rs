//! Computing benchmarks and looking for implausible usage in a synthetic community with a ledger of a hundred messages a
//! person: `cargo bench -p adapters-postgres --bench insights -- 10000`.
//!
//! Nearly all of it is PostgreSQL's work, with its default durability, so any build profile will do.

mod community;

use std::time::{Duration, Instant};

use community::{Community, Failure};
use domain::days::Period;
use domain::ids::UserId;
use domain::insights::Insights;
use domain::plausibility::Plausibility;

/// How often each is read.
const READS: usize = 200;

/// A hundred messages a person; one person in a hundred has those of the person before.
const LEDGER: &str = "
    INSERT INTO usage_messages
    SELECT gen_random_uuid(), now(), 1, 1, 1, 1, 0, 0, users.key, 1, 1, 1, 0, 0
    FROM users, generate_series(1, 100)
    WHERE users.key % 100 <> 0;
    INSERT INTO usage_messages
    SELECT message_key, at, 1, 1, 1, 1, 0, 0, user_key + 1, 1, 1, 1, 0, 0 FROM usage_messages WHERE user_key % 100 = 99;
    UPDATE usage_totals SET messages = 100;
    INSERT INTO usage_hours SELECT user_key, day, 12, messages, tokens FROM usage_days;";

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let community = Community::start().await?;
    community.run(LEDGER).await?;
    community.settle().await?;
    let insights = Insights::new(community.deps());
    for round in 1..=3 {
        let begin = Instant::now();
        let people = insights.refresh().await?;
        println!("benchmarks {round}: {:.2} s, {people} people", begin.elapsed().as_secs_f64());
    }
    let viewer = community.client.query_one("SELECT id::text FROM users WHERE username = 'person1'", &[]).await?;
    let viewer = UserId(viewer.get::<_, String>(0).parse()?);
    for period in Period::ALL {
        let mut times = Vec::new();
        for _ in 0..READS {
            let begin = Instant::now();
            insights.compare(viewer, period).await?;
            times.push(begin.elapsed());
        }
        print_times(&format!("insights of {}", period.name()), &mut times);
    }

    let plausibility = Plausibility::new(community.deps());
    for round in 1..=3 {
        let begin = Instant::now();
        let checked = plausibility.check().await?;
        println!("plausibility {round}: {:.2} s, {} reasons", begin.elapsed().as_secs_f64(), checked.reasons);
    }
    for (name, text) in [
        ("written", include_str!("../src/plausibility/output_in_a_day.sql")),
        ("used_in_a_day", include_str!("../src/plausibility/used_in_a_day.sql")),
        ("used_in_an_hour", include_str!("../src/plausibility/used_in_an_hour.sql")),
        ("unknown_models", include_str!("../src/plausibility/unknown_models.sql")),
    ] {
        let begin = Instant::now();
        community.client.query(text, &[&1_000_000_000_i64]).await?;
        println!("  {name}: {:.2} s", begin.elapsed().as_secs_f64());
    }
    community.client.batch_execute("SET work_mem = '64MB'; SET jit = off").await?;
    let begin = Instant::now();
    let shared = include_str!("../src/plausibility/shared_messages.sql");
    let shared = community.client.query(shared, &[&100_i64, &50_i64]).await?;
    println!("  shared_messages: {:.2} s, {} accounts", begin.elapsed().as_secs_f64(), shared.len());
    let size = "SELECT count(*), pg_size_pretty(pg_relation_size('usage_messages_sample_idx')) FROM usage_messages";
    let size = community.client.query_one(size, &[]).await?;
    println!("{} messages, usage_messages_sample_idx {}", size.get::<_, i64>(0), size.get::<_, String>(1));
    Ok(())
}

fn print_times(what: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let ms = |percent: usize| times.get(times.len() * percent / 100).map_or(0.0, |time| time.as_secs_f64() * 1000.0);
    println!("{what}: p50 {:.2} ms, p99 {:.2} ms, {} reads", ms(50), ms(99), times.len());
}
