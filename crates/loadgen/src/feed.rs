//! Measures the feed of an account that follows many others.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::environment::{Environment, RunLocation, database, settle};
use crate::http::{Connection, get};
use crate::reads::community::{Community, token};
use crate::report::{Table, ms, percentile, verdict};

/// The activities of one page.
const PAGE_SIZE: u32 = 100;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: RunLocation,
    /// Accounts, each with 50 activities
    #[arg(long, default_value_t = 20_000)]
    people: u32,
    /// The accounts that account 1 follows
    #[arg(long, default_value_t = 10_000)]
    follows: u32,
    /// Requests for each page, in sequence
    #[arg(long, default_value_t = 200)]
    requests: u32,
}

/// Measures pages of the feed, and prints a Markdown table.
pub(crate) async fn run(args: &Args) -> Result<()> {
    let environment = Environment::start(&args.place).await?;
    let client = database(environment.database_url()).await?;
    // The feed reads no usage, so a small ledger suffices.
    Community { people: args.people, messages: args.people, seed: 1 }.seed(&client).await?;
    let follower = include_str!("sql/seed_follower.sql").replace(":follows", &args.follows.to_string());
    client.batch_execute(&follower).await?;
    settle(&client).await?;

    let mut connection = Connection::open(&environment.server()?.address).await?;
    let last_of_page_99 = page(&mut connection, 1, "&page=99").await?.last_id;
    let table = Table::begin(&["feed, pages of 100, one connection", "p50", "p99", "target", "reached"]);
    let (follower, other) = (1, args.people);
    for (name, account, query, target) in [
        (format!("follows {}, first page", args.follows), follower, String::new(), Some(5.0)),
        (format!("follows {}, hundredth page", args.follows), follower, "&page=100".to_owned(), Some(20.0)),
        (
            format!("follows {}, hundredth page by `before`", args.follows),
            follower,
            format!("&before={last_of_page_99}"),
            Some(20.0),
        ),
        ("follows at most 20, first page".to_owned(), other, String::new(), None),
    ] {
        let mut times = Vec::new();
        for _ in 0..args.requests {
            times.push(page(&mut connection, account, &query).await?.took);
        }
        let [p50, p99] = [50, 99].map(|percent| ms(percentile(&mut times, percent)));
        let figures = [name, format!("{p50:.2} ms"), format!("{p99:.2} ms")];
        let judged = target.map_or_else(Vec::new, |most| vec![format!("p50 ≤ {most} ms"), verdict(p50 <= most)]);
        table.row(&[&figures[..], &judged].concat());
    }
    Ok(())
}

struct FeedPage {
    took: Duration,
    last_id: String,
}

/// Requests a page of the feed of account number `account`.
async fn page(connection: &mut Connection, account: u32, query: &str) -> Result<FeedPage> {
    let request = get(&format!("/api/v1/feed?size={PAGE_SIZE}{query}"), Some(&token(account)))?;
    let begin = Instant::now();
    let answer = connection.send(&request).await?.success()?;
    let took = begin.elapsed();
    let page = answer.json()?;
    let last = page["items"].as_array().and_then(|items| items.last()).context("the page is empty: raise --follows")?;
    Ok(FeedPage { took, last_id: last["id"].as_str().context("an activity has no id")?.to_owned() })
}
