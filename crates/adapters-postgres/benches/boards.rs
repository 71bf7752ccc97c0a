//! Refreshing and reading the boards of a synthetic community: `cargo bench -p adapters-postgres --bench boards -- 10000`.
//!
//! Nearly all of it is PostgreSQL's work, with its default durability, so any build profile will do.

mod community;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use community::{Community, Failure};
use domain::days::Period;
use domain::ids::UserId;
use domain::leaderboard::{BoardFilter, BoardKind, BoardQuery, BoardScope, BoardSlice, Leaderboard, SortBy};
use domain::usage::{ModelName, Source};
use domain::users::Region;

/// How often each part is read.
const READS: usize = 60;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let community = Community::start().await?;
    let Community { people, client, .. } = &community;
    let viewer = client.query_one("SELECT id::text FROM users WHERE username = 'person1'", &[]).await?;
    let viewer = UserId(viewer.get::<_, String>(0).parse()?);
    let boards = Leaderboard::new(community.deps());
    for round in 1..=3 {
        let begin = Instant::now();
        let refreshed = boards.refresh().await?;
        println!(
            "refresh {round}: {:.2} s, {} seasons, {} settled",
            begin.elapsed().as_secs_f64(),
            refreshed.frozen.len(),
            refreshed.settled
        );
    }
    read_all(&boards, viewer, *people).await?;

    let query = BoardQuery::global(SortBy::Tokens, Period::All);
    let done = Arc::new(AtomicBool::new(false));
    let (refreshing, over) = (boards.clone(), done.clone());
    let refresh = tokio::spawn(async move {
        let refreshed = refreshing.refresh().await;
        over.store(true, Ordering::Relaxed);
        refreshed
    });
    let mut times = Vec::new();
    while !done.load(Ordering::Relaxed) {
        times.push(read(&boards, &query, 0, None).await?);
    }
    refresh.await??;
    print_times("first page during a refresh", &mut times);
    let sizes = "SELECT pg_size_pretty(pg_total_relation_size('board_scores')), pg_size_pretty(pg_total_relation_size('board_entries'))";
    let sizes = client.query_one(sizes, &[]).await?;
    println!("board_scores {}, board_entries {}", sizes.get::<_, String>(0), sizes.get::<_, String>(1));
    Ok(())
}

async fn read_all(boards: &Leaderboard, viewer: UserId, people: u32) -> Result<(), Failure> {
    let of = |kind, scope, region| BoardQuery::new(kind, SortBy::Tokens, Period::All, BoardFilter { scope, region });
    let last = u64::from(people * 19 / 20).saturating_sub(100);
    let global = BoardQuery::global(SortBy::Tokens, Period::All);
    for (what, query, offset, viewer) in [
        ("first page", global.clone(), 0, None),
        ("first page, signed in", global.clone(), 0, Some(viewer)),
        ("last page", global, last, None),
        ("of a tool", of(BoardKind::Global, BoardScope::Tool(Source::trusted("tool1")), None), 0, None),
        ("of a model", of(BoardKind::Global, BoardScope::Model(ModelName::trusted("model1")), None), 0, None),
        ("of a region", of(BoardKind::Global, BoardScope::Everything, Some(Region::Eu)), 0, None),
        ("of 50 friends", of(BoardKind::Friends, BoardScope::Everything, None), 0, Some(viewer)),
    ] {
        let mut times = Vec::new();
        for _ in 0..READS {
            times.push(read(boards, &query, offset, viewer).await?);
        }
        print_times(what, &mut times);
    }
    Ok(())
}

/// How long a part of 100 entries takes.
async fn read(
    boards: &Leaderboard,
    query: &BoardQuery,
    offset: u64,
    viewer: Option<UserId>,
) -> Result<Duration, Failure> {
    let begin = Instant::now();
    let board = boards.board(query, BoardSlice { limit: 100, offset }, viewer).await?;
    let took = begin.elapsed();
    if board.entries.is_empty() {
        return Err("an empty part".into());
    }
    Ok(took)
}

fn print_times(what: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let ms = |percent: usize| times.get(times.len() * percent / 100).map_or(0.0, |time| time.as_secs_f64() * 1000.0);
    println!("{what}: p50 {:.2} ms, p99 {:.2} ms, {} reads", ms(50), ms(99), times.len());
}
