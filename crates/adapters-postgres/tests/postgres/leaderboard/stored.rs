//! Boards by tool, by model and of a region whose order a refresh stores show what ranking them on reading shows.

use domain::days::Period;
use domain::ids::UserId;
use domain::leaderboard::{Board, BoardFilter, BoardKind, BoardQuery, BoardScope, BoardSlice, SortBy};
use domain::usage::{ModelName, Source};
use domain::users::Region;

use super::community::line;
use crate::common::{Fixture, NOW, fixture};

/// `:people` accounts whose usage depends on `:seed`: many have equal scores, one in seven is private and one in eleven flagged.
/// The tool `rare` has three accounts.
const COMMUNITY: &str = "
    INSERT INTO sources (name) VALUES ('codex'), ('cursor'), ('rare');
    INSERT INTO models (name, provider) VALUES ('gpt-5', ''), ('o3', '');
    INSERT INTO users (id, username, is_public, region, created_at, updated_at)
    SELECT gen_random_uuid(), 'person' || n, n % 7 <> 0, (ARRAY['EU', 'NA', NULL])[1 + n % 3], '2026-01-01Z', '2026-01-01Z'
    FROM generate_series(1, :people) AS n;
    INSERT INTO usage_totals (user_key) SELECT key FROM users ON CONFLICT DO NOTHING;
    INSERT INTO social_counts (user_id) SELECT id FROM users ON CONFLICT DO NOTHING;
    INSERT INTO account_flags (id, user_id, reason, created_at)
    SELECT gen_random_uuid(), id, 'no', '2026-01-01Z' FROM users WHERE substr(username, 7)::int % 11 = 0;";

/// The usage of the community, which a second seed replaces.
const USAGE: &str = "
    DELETE FROM usage_rollups; DELETE FROM usage_days;
    INSERT INTO usage_rollups
    SELECT
        users.key, DATE '2026-11-22' - (noise % 40)::int, sources.key, models.key,
        1, 1, 1 + noise % 9, 0, 0, 0, 0, 0, 0, 0, 0, (noise / 64 % 5) * 0.1
    FROM users
    CROSS JOIN sources
    CROSS JOIN models
    CROSS JOIN generate_series(1, 3) AS n,
        LATERAL (
            SELECT hashint8extended(users.key * 1000 + sources.key * 100 + models.key * 10 + n, :seed) & 65535 AS noise
        ) AS hashed
    WHERE noise % 5 <> 0 AND (sources.name <> 'rare' OR username IN ('person1', 'person2', 'person3'))
    ON CONFLICT DO NOTHING;
    INSERT INTO usage_days
    SELECT user_key, day, count(*), sum(tokens), 0, 0, 0, 0, 0, 0, 0, 0, sum(cost) FROM usage_rollups GROUP BY user_key, day;";

impl Fixture {
    async fn populate(&self, people: u32) {
        self.run(&COMMUNITY.replace(":people", &people.to_string())).await;
    }

    /// Replaces all usage and refreshes the boards.
    async fn use_and_refresh(&self, seed: u32) {
        self.run(&USAGE.replace(":seed", &seed.to_string())).await;
        self.refresh().await;
    }

    async fn id_of(&self, name: &str) -> UserId {
        let row = self.client().await.query_one("SELECT id::text FROM users WHERE username = $1", &[&name]).await;
        UserId(row.expect("an account").get::<_, &str>(0).parse().expect("an id"))
    }

    async fn part(&self, query: &BoardQuery, part: BoardSlice, viewer: UserId) -> Board {
        self.leaderboard().board(query, part, Some(viewer)).await.expect("a board")
    }

    /// Makes readers rank the boards by tool, by model and of regions themselves.
    async fn forget_pages(&self) {
        self.run("DELETE FROM boards WHERE tool <> 0 OR model <> 0").await;
    }
}

fn filters() -> [BoardFilter; 6] {
    let scoped = |scope| BoardFilter { scope, region: None };
    [
        scoped(BoardScope::Tool(Source::trusted("codex"))),
        scoped(BoardScope::Tool(Source::trusted("rare"))),
        scoped(BoardScope::Model(ModelName::trusted("o3"))),
        BoardFilter { scope: BoardScope::Everything, region: Some(Region::Eu) },
        scoped(BoardScope::Tool(Source::trusted("unknown"))),
        scoped(BoardScope::Model(ModelName::trusted("unknown"))),
    ]
}

fn queries() -> Vec<BoardQuery> {
    let mut queries = Vec::new();
    for filter in filters() {
        for period in Period::ALL {
            for sort_by in SortBy::ALL {
                queries.push(BoardQuery::new(BoardKind::Global, sort_by, period, filter.clone()));
            }
            queries.push(BoardQuery::new(BoardKind::Streak, SortBy::Tokens, period, filter.clone()));
        }
    }
    queries
}

const PARTS: [BoardSlice; 3] = [
    BoardSlice { limit: 1000, offset: 0 },
    BoardSlice { limit: 7, offset: 96 },
    BoardSlice { limit: 10, offset: 100_000 },
];

async fn all_parts(fixture: &Fixture, viewers: &[UserId]) -> Vec<(String, Board)> {
    let mut boards = Vec::new();
    for query in queries() {
        for part in PARTS {
            for viewer in viewers {
                boards.push((format!("{query:?} {part:?} {viewer}"), fixture.part(&query, part, *viewer).await));
            }
        }
    }
    boards
}

#[tokio::test(flavor = "multi_thread")]
async fn board_with_pages_equals_a_ranking_on_reading() {
    let fixture = fixture();
    fixture.populate(400).await;
    // A shown and a private account.
    let viewers = [fixture.id_of("person1").await, fixture.id_of("person7").await];
    for seed in [1, 2] {
        fixture.use_and_refresh(seed).await;
        let pages = fixture.client().await.query_one("SELECT count(*) FROM board_pages", &[]).await.expect("a count");
        assert!(pages.get::<_, i64>(0) > 50, "large boards have pages");
        let stored = all_parts(&fixture, &viewers).await;
        fixture.forget_pages().await;
        let ranked = all_parts(&fixture, &viewers).await;
        for ((what, stored), (_, ranked)) in stored.iter().zip(&ranked) {
            assert_eq!(stored, ranked, "{what}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn board_with_pages_hides_accounts_immediately() {
    let fixture = fixture();
    fixture.populate(400).await;
    fixture.use_and_refresh(1).await;
    let viewer = fixture.id_of("person1").await;
    let hide = format!(
        "UPDATE users SET is_public = false, updated_at = '{NOW}' WHERE substr(username, 7)::int BETWEEN 20 AND 40;
         UPDATE users SET deleted_at = '{NOW}' WHERE substr(username, 7)::int BETWEEN 41 AND 50;
         INSERT INTO account_flags (id, user_id, reason, created_at)
         SELECT gen_random_uuid(), id, 'no', '{NOW}' FROM users WHERE substr(username, 7)::int BETWEEN 51 AND 60
         ON CONFLICT DO NOTHING"
    );
    fixture.run(&hide).await;
    let stored = all_parts(&fixture, &[viewer]).await;
    fixture.forget_pages().await;
    let ranked = all_parts(&fixture, &[viewer]).await;
    // Ranks keep gaps until the next refresh.
    let order = |board: &Board| board.entries.iter().map(|entry| entry.user).collect::<Vec<_>>();
    for ((what, stored), (_, ranked)) in stored.iter().zip(&ranked) {
        assert_eq!((order(stored), stored.total), (order(ranked), ranked.total), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn board_with_pages_is_one_statement() {
    let fixture = fixture();
    fixture.populate(400).await;
    fixture.use_and_refresh(1).await;
    let viewer = fixture.id_of("person1").await;
    let statements = fixture.store.queries();
    for query in queries() {
        let before = statements.statements();
        fixture.part(&query, PARTS[0], viewer).await;
        let has_pages = [0, 2, 3].iter().any(|index| query.filter == filters()[*index]);
        assert_eq!(statements.statements() - before, if has_pages { 1 } else { 2 }, "{query:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn board_that_shrinks_or_grows_stays_complete() {
    let fixture = fixture();
    fixture.populate(150).await;
    let viewer = fixture.id_of("person1").await;
    let query = |sort_by| BoardQuery::new(BoardKind::Global, sort_by, Period::All, filters()[0].clone());
    for fewer in ["", "DELETE FROM usage_rollups WHERE user_key % 3 <> 0", ""] {
        fixture.run(&USAGE.replace(":seed", "1")).await;
        fixture.run(fewer).await;
        fixture.refresh().await;
        for sort_by in SortBy::ALL {
            let stored = fixture.part(&query(sort_by), PARTS[0], viewer).await;
            let (entries, total) = (stored.entries.len(), stored.total);
            assert_eq!((entries as u64, entries > 70), (total, fewer.is_empty()), "{fewer}");
            assert!(stored.entries.is_sorted_by_key(|entry| entry.standing.rank), "{fewer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn board_of_an_unknown_tool_or_model_is_empty() {
    let fixture = fixture();
    fixture.populate(400).await;
    fixture.use_and_refresh(1).await;
    let viewer = fixture.id_of("person1").await;
    for query in queries() {
        let board = fixture.part(&query, PARTS[0], viewer).await;
        let is_unknown = filters()[4..].contains(&query.filter);
        assert_eq!((board.entries.is_empty(), board.total == 0), (is_unknown, is_unknown), "{query:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn account_that_leaves_a_region_leaves_its_board_immediately() {
    let fixture = fixture();
    fixture.populate(400).await;
    fixture.use_and_refresh(1).await;
    let viewer = fixture.id_of("person3").await;
    let region = BoardQuery::new(BoardKind::Global, SortBy::Tokens, Period::All, filters()[3].clone());
    let board = fixture.part(&region, PARTS[0], viewer).await;
    assert_eq!(board.me.as_ref().map(|me| me.user), Some(viewer), "{:?}", board.entries.first().map(line));
    fixture.run(&format!("UPDATE users SET region = 'NA' WHERE id = '{viewer}'")).await;
    let left = fixture.part(&region, PARTS[0], viewer).await;
    assert_eq!((left.me, left.entries.len()), (None, board.entries.len() - 1));
    assert!(left.entries.iter().all(|entry| entry.user != viewer));
}
