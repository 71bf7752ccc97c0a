//! People whose usage is written straight into the roll-ups.

use std::fmt::Write;

use domain::days::Period;
use domain::ids::UserId;
use domain::leaderboard::ranking::DayUsageByModel;
use domain::leaderboard::{
    Board, BoardEntry, BoardFilter, BoardKind, BoardQuery, BoardScope, BoardSlice, Leaderboard, SortBy,
};
use domain::money::Usd;
use domain::usage::{ModelName, Source};
use domain::users::User;
use time::{Date, Duration, OffsetDateTime};

use crate::common::{Fixture, NOW};

/// The local date in UTC.
pub(crate) const TODAY: Date = NOW.date();

/// `tokens` tokens of `user`, so many days ago.
pub(crate) fn used(user: &User, days_ago: i64, tokens: i64) -> DayUsageByModel {
    DayUsageByModel {
        user: user.id,
        day: TODAY - Duration::days(days_ago),
        tool: Source::trusted("codex"),
        model: ModelName::trusted("gpt-5"),
        tokens,
        cost: Usd::ZERO,
        input: 0,
        cache_read: 0,
        reasoning: 0,
    }
}

/// The same with the tool `tool` and the model `model`.
pub(crate) fn with(used: &DayUsageByModel, tool: &str, model: &str) -> DayUsageByModel {
    DayUsageByModel { tool: Source::trusted(tool), model: ModelName::trusted(model), ..used.clone() }
}

impl Fixture {
    /// Writes `rows` into the roll-ups, and what follows from them.
    pub(crate) async fn use_up(&self, rows: &[DayUsageByModel]) {
        let mut sql = String::from(
            "CREATE TEMP TABLE used (owner uuid, day date, tool text, model text, tokens bigint, cost numeric,
                                     input bigint, cached bigint, reasoning bigint);",
        );
        for row in rows {
            let DayUsageByModel { user, day, tool, model, tokens, cost, input, cache_read, reasoning } = row;
            writeln!(
                sql,
                "INSERT INTO used VALUES ('{user}', '{day}', '{tool}', '{model}', {tokens}, {cost}, {input}, {cache_read},
                                          {reasoning});"
            )
            .expect("text");
        }
        // Every model is served by two providers: it is one by its name.
        sql.push_str(
            "INSERT INTO sources (name) SELECT DISTINCT tool FROM used ON CONFLICT DO NOTHING;
             INSERT INTO models (name, provider)
             SELECT DISTINCT model, provider FROM used, unnest(ARRAY['', 'azure']) AS provider ON CONFLICT DO NOTHING;
             INSERT INTO usage_rollups
             SELECT users.key, day, sources.key,
                    (SELECT key FROM models WHERE models.name = model
                     ORDER BY (provider = '') = (extract(day FROM day)::int % 2 = 0) LIMIT 1),
                    1, 1, sum(tokens), sum(input), 0, sum(cached), 0, sum(reasoning), 0, 0, 0, sum(cost)
             FROM used JOIN users ON users.id = owner JOIN sources ON sources.name = tool
             GROUP BY users.key, day, sources.key, model;
             INSERT INTO usage_days
             SELECT user_key, day, sum(messages), sum(tokens), sum(input), 0, sum(cache_read), 0, sum(reasoning), 0, 0, 0, sum(cost)
             FROM usage_rollups WHERE user_key IN (SELECT key FROM users WHERE id IN (SELECT owner FROM used))
             GROUP BY user_key, day
             ON CONFLICT (user_key, day) DO UPDATE SET tokens = excluded.tokens, cost = excluded.cost;
             DROP TABLE used;",
        );
        self.run(&sql).await;
    }

    /// The use cases of boards at `now`.
    pub(crate) fn leaderboard_at(&self, now: OffsetDateTime) -> Leaderboard {
        Leaderboard::new(self.deps_at(now))
    }

    /// The use cases of boards.
    pub(crate) fn leaderboard(&self) -> Leaderboard {
        self.leaderboard_at(NOW)
    }

    /// Refreshes the boards.
    pub(crate) async fn refresh(&self) {
        self.leaderboard().refresh().await.expect("a refresh");
    }

    /// All of the board, as `viewer` sees it.
    pub(crate) async fn board(&self, query: &BoardQuery, viewer: Option<UserId>) -> Board {
        let part = BoardSlice { limit: 1000, offset: 0 };
        self.leaderboard().board(query, part, viewer).await.expect("a board")
    }

    /// Who is on the board, with rank and score.
    pub(crate) async fn lines(&self, query: &BoardQuery, viewer: Option<UserId>) -> Vec<String> {
        self.board(query, viewer).await.entries.iter().map(line).collect()
    }

    /// From now on, the first account was made at `at`.
    pub(crate) async fn opened(&self, at: OffsetDateTime) {
        self.run(&format!("UPDATE account_counter SET first_at = '{at}'")).await;
    }

    /// Keeps `user` off the boards, until then if there is an end.
    pub(crate) async fn flag(&self, user: &User, expires_at: Option<OffsetDateTime>) {
        let end = expires_at.map_or("NULL".to_owned(), |end| format!("'{end}'"));
        let (id, user) = (uuid::Uuid::now_v7(), user.id);
        let flag = "INSERT INTO account_flags (id, user_id, reason, created_at, expires_at)";
        self.run(&format!("{flag} VALUES ('{id}', '{user}', 'no', now(), {end})")).await;
    }
}

/// `1 ada 100`.
pub(crate) fn line(entry: &BoardEntry) -> String {
    format!("{} {} {}", entry.standing.rank, entry.username, entry.standing.score.rounded())
}

/// The global board by tokens of all time.
pub(crate) fn by_tokens() -> BoardQuery {
    BoardQuery::global(SortBy::Tokens, Period::All)
}

/// A board of that kind.
pub(crate) fn of_kind(kind: BoardKind, period: Period) -> BoardQuery {
    BoardQuery::new(kind, SortBy::Tokens, period, BoardFilter::default())
}

/// The global board by tokens of all time, filtered.
pub(crate) fn of_scope(scope: BoardScope) -> BoardQuery {
    BoardQuery::new(BoardKind::Global, SortBy::Tokens, Period::All, BoardFilter { scope, region: None })
}
