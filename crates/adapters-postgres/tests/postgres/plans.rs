//! What the statements cost: how many there are, and that none reads a whole table that grows.

use crate::common::{Fixture, fixture};
use domain::dashboard::TrendDays;
use domain::days::Period;
use domain::ids::UserId;
use domain::leaderboard::Leaderboard;
use domain::usage::SentMessage;
use domain::usage::testing::{NOW, batch, sent};
use time::Duration;
use tokio_postgres::{Client, NoTls};

/// Forty accounts with a year of usage each, among others; returns one of them. With fewer, a sequential scan would be right.
async fn community(fixture: &Fixture) -> UserId {
    let usage = fixture.usage();
    let mut last = None;
    for index in 0..40 {
        let user = fixture.create_user(&format!("person{index}"), Some("Europe/Berlin")).await.id;
        let at = |n: i64| SentMessage { at: NOW - Duration::hours(n * 24), ..sent(&n.to_string()) };
        usage.sync(user, batch((0..365).map(at).collect())).await.expect("a sync");
        last = Some(user);
    }
    // Each account follows a tenth of the others and has many activities.
    let more = "
        INSERT INTO follows SELECT a.id, b.id, now() FROM users AS a, users AS b WHERE a.id <> b.id AND (a.key + b.key) % 10 = 0;
        INSERT INTO activities (id, user_id, kind, data, created_at)
        SELECT gen_random_uuid(), id, 'level_up', '{}', now() FROM users, generate_series(1, 100);
        INSERT INTO users (id, username, created_at, updated_at)
        SELECT gen_random_uuid(), 'silent' || n, now(), now() FROM generate_series(1, 5000) AS n;
        INSERT INTO social_counts (user_id) SELECT id FROM users WHERE username LIKE 'silent%';";
    fixture.client().await.batch_execute(more).await.expect("more");
    last.expect("an account")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_read_takes_at_most_four_statements() {
    let fixture = fixture();
    let user = community(&fixture).await;
    let dashboard = fixture.dashboard();
    let account = fixture.own(user).await;
    let count = fixture.store.queries();
    let name = account.user.username.clone();

    let mut taken = Vec::new();
    let mut before = count.statements();
    let mut note = |what: &'static str| {
        let now = count.statements();
        taken.push((what, now - before));
        before = now;
    };
    dashboard.profile(&name, None).await.expect("a profile");
    note("profile");
    dashboard.overview(&account).await.expect("an overview");
    note("overview");
    dashboard.trends(&account, TrendDays::new(365).expect("a year")).await.expect("trends");
    note("trends");
    dashboard.tools(&account, Period::Month).await.expect("tools");
    note("tools");
    dashboard.models(&account, Period::All).await.expect("models");
    note("models");
    dashboard.machines(user).await.expect("machines");
    note("machines");
    dashboard.projects(&account.user, Period::Month).await.expect("projects");
    note("projects");
    dashboard.platform().await.expect("totals");
    note("platform");
    // A request first looks up the account: one statement more.
    assert!(taken.iter().all(|(_, statements)| *statements <= 3), "{taken:?}");
}

/// The plan of the statement `text` with parameters of `types` and the `values`.
async fn plan(client: &Client, name: &str, text: &str, types: &str, values: &str) -> String {
    client.batch_execute(&format!("PREPARE {name} ({types}) AS {text}")).await.expect(name);
    let lines = client.query(&format!("EXPLAIN EXECUTE {name} ({values})"), &[]).await.expect(name);
    lines.iter().map(|line| line.get::<_, String>(0)).collect::<Vec<_>>().join("\n")
}

/// A statement that reads figures, by the files it is put together from.
macro_rules! figures {
    ($file:literal) => {
        concat!(
            include_str!("../../src/dashboard/figures_columns.sql"),
            include_str!(concat!("../../src/dashboard/", $file, ".sql"))
        )
    };
}

/// The heavy statements of the ledger and the dashboards with the types of their values.
const STATEMENTS: [(&str, &str, &str); 19] = [
    ("find_messages", include_str!("../../src/ledger/find_messages.sql"), "uuid, int, uuid[]"),
    ("page_messages", include_str!("../../src/ledger/page_messages.sql"), "uuid, int, uuid, bigint"),
    ("read_rollups", include_str!("../../src/ledger/read_rollups.sql"), "uuid"),
    ("usage_facts", include_str!("../../src/progress/usage_facts.sql"), "uuid"),
    ("person_facts", include_str!("../../src/progress/person_facts.sql"), "uuid, date, date, uuid"),
    ("unlocked", include_str!("../../src/progress/unlocked_achievements.sql"), "uuid"),
    ("feed", include_str!("../../src/social/feed.sql"), "uuid, bigint, bigint, uuid"),
    ("heard", include_str!("../../src/social/stream_recipients.sql"), "uuid[], uuid[]"),
    (
        "missed",
        include_str!("../../src/social/missed.sql"),
        "uuid[], timestamptz, text, uuid, timestamptz, timestamptz, uuid, bigint, text",
    ),
    ("follow_stats", include_str!("../../src/social/follow_stats.sql"), "uuid, uuid"),
    ("figures", figures!("figures"), "uuid[], date[], date[], uuid"),
    ("profile", figures!("profile"), "text[], uuid[], date[], date[]"),
    ("days", include_str!("../../src/dashboard/days.sql"), "uuid, date, date, uuid"),
    ("hours", include_str!("../../src/dashboard/hours.sql"), "uuid, date, date, uuid"),
    ("tools", include_str!("../../src/dashboard/tools.sql"), "uuid, date, date, uuid, bigint"),
    ("models", include_str!("../../src/dashboard/models.sql"), "uuid, date, date, uuid, bigint"),
    ("favourites", include_str!("../../src/dashboard/favourites.sql"), "uuid[], uuid, bigint"),
    ("machines", include_str!("../../src/dashboard/machines.sql"), "uuid, bigint"),
    ("projects", include_str!("../../src/dashboard/projects.sql"), "uuid, date, date, bigint"),
];

#[tokio::test(flavor = "multi_thread")]
async fn plans_of_usage_statements_scan_no_table() {
    let fixture = fixture();
    let user = community(&fixture).await;
    let (client, driver) = tokio_postgres::connect(fixture.database.url(), NoTls).await.expect("a connection");
    tokio::spawn(driver);
    client.batch_execute("ANALYZE; SET plan_cache_mode = force_generic_plan").await.expect("statistics");
    for (name, text, types) in STATEMENTS {
        let values: Vec<String> = types
            .split(", ")
            .enumerate()
            .map(|(place, kind)| match (place, kind) {
                (_, "text[]") => "ARRAY['person1']".to_owned(),
                (0, "uuid[]") => format!("ARRAY['{user}']::uuid[]"),
                (0, _) => format!("'{user}'"),
                (_, "date[]") => "ARRAY['2026-06-01']::date[]".to_owned(),
                (_, "date" | "timestamptz") => "'2026-06-01'".to_owned(),
                (_, "uuid") => "'00000000-0000-0000-0000-000000000000'".to_owned(),
                (_, "uuid[]") => "ARRAY['00000000-0000-0000-0000-000000000000']::uuid[]".to_owned(),
                _ => "'1'".to_owned(),
            })
            .collect();
        let plan = plan(&client, name, text, types, &values.join(", ")).await;
        for table in ["usage_messages", "usage_rollups", "usage_hours", "usage_days", "activities", "social_counts"] {
            assert!(!plan.contains(&format!("Seq Scan on {table}")), "{name}:\n{plan}");
        }
        // The tokens of the period are summed once, not for each project.
        assert!(name != "projects" || !plan.contains("SubPlan"), "{plan}");
    }
}

/// The statements about referrals, with the types of their values.
const REFERRAL_PLANS: [(&str, &str, &str); 9] = [
    ("try_lock_accounts", include_str!("../../src/accounts/try_lock_accounts.sql"), "uuid[]"),
    ("read_accounts", include_str!("../../src/accounts/read_accounts.sql"), "uuid[]"),
    ("person_facts", include_str!("../../src/progress/person_facts.sql"), "uuid, date, date, uuid"),
    ("referrers_above", include_str!("../../src/referrals/referrers_above.sql"), "uuid, int"),
    ("is_above", include_str!("../../src/referrals/is_above.sql"), "uuid, uuid"),
    ("referral_stats", include_str!("../../src/referrals/referral_stats.sql"), "uuid"),
    ("referred_people", include_str!("../../src/referrals/referred_people.sql"), "uuid, bigint"),
    (
        "insert_click",
        include_str!("../../src/referrals/insert_click.sql"),
        "text, bytea, timestamptz, date, bigint, bytea, bigint",
    ),
    ("convert_click", include_str!("../../src/referrals/convert_click.sql"), "uuid, bytea, timestamptz"),
];

/// Twenty thousand accounts, each with three referrals as far as they reach, and clicks on each link.
const MANY_REFERRALS: &str = "
    INSERT INTO users (id, username, created_at, updated_at)
    SELECT lpad(n::text, 32, '0')::uuid, 'user' || n, now(), now() FROM generate_series(1, 20000) AS n;
    INSERT INTO usage_totals (user_key) SELECT key FROM users;
    INSERT INTO referral_codes (user_id, code, created_at) SELECT id, right(id::text, 8), now() FROM users;
    INSERT INTO referrals (referred_id, referrer_id, created_at)
    SELECT lpad(n::text, 32, '0')::uuid, lpad((n / 3)::text, 32, '0')::uuid, now() FROM generate_series(3, 20000) AS n;
    INSERT INTO referral_clicks (user_id, visitor, day, clicked_at)
    SELECT id, decode(lpad(to_hex(n), 32, '0'), 'hex'), '2026-11-22', now() FROM users, generate_series(1, 2) AS n;
    ANALYZE; SET plan_cache_mode = force_generic_plan";

#[tokio::test(flavor = "multi_thread")]
async fn plans_of_referral_statements_scan_no_table() {
    let fixture = fixture();
    let (client, driver) = tokio_postgres::connect(fixture.database.url(), NoTls).await.expect("a connection");
    tokio::spawn(driver);
    client.batch_execute(MANY_REFERRALS).await.expect("many people");
    for (name, text, types) in REFERRAL_PLANS {
        let value = |kind| match kind {
            "uuid[]" => "ARRAY['00000000-0000-0000-0000-000000000042']::uuid[]",
            "uuid" => "'00000000-0000-0000-0000-000000000042'",
            "date" => "'2026-11-22'",
            "timestamptz" => "now()",
            "bytea" => r"'\x00'",
            "text" => "'00000042'",
            _ => "3",
        };
        let values: Vec<&str> = types.split(", ").map(value).collect();
        let plan = plan(&client, name, text, types, &values.join(", ")).await;
        for table in ["referrals", "referral_clicks", "referral_codes", "users", "usage_totals"] {
            assert!(!plan.contains(&format!("Seq Scan on {table}")), "{name}:\n{plan}");
        }
    }
}

/// A board, by the files it is put together from.
macro_rules! board {
    ($($file:literal),+) => {
        concat!($(include_str!(concat!("../../src/leaderboard/", $file, ".sql"))),+)
    };
}

/// The statements that read boards, except those that rank all their accounts: name, text, and the types and values of the
/// parameters after measure, period and part.
const BOARD_PLANS: [(&str, &str, &str, &str); 5] = [
    ("of_whole", board!("board_overall", "board_gaps", "board_stored"), "", ""),
    (
        "of_tool",
        board!("board_query", "board_scope", "board_gaps", "board_pages", "board_entries"),
        ", text, text, text",
        ", 'codex', NULL, NULL",
    ),
    (
        "of_small_tool",
        board!("board_query", "board_small", "board_ranked", "board_entries"),
        ", text, text, text",
        ", 'codex', NULL, NULL",
    ),
    (
        "of_friends",
        board!("board_query", "board_friends", "board_ranked", "board_entries"),
        ", text, text, text",
        ", 'codex', NULL, NULL",
    ),
    (
        "of_all_friends",
        board!("board_query", "board_friends", "board_ranked", "board_entries"),
        ", text, text, text",
        ", NULL, NULL, NULL",
    ),
];

/// Five thousand accounts with usage, one in a hundred of them private; each follows six others.
const MANY_ON_BOARDS: &str = "
    INSERT INTO users (id, username, is_public, created_at, updated_at)
    SELECT gen_random_uuid(), 'ranked' || n, n % 100 <> 0, now(), now() FROM generate_series(1, 5000) AS n;
    INSERT INTO usage_totals (user_key) SELECT key FROM users;
    INSERT INTO social_counts (user_id) SELECT id FROM users;
    INSERT INTO sources (name) VALUES ('codex');
    INSERT INTO models (name, provider) VALUES ('gpt-5', '');
    INSERT INTO usage_rollups
    SELECT users.key, DATE '2026-11-20', sources.key, models.key, 1, 1, users.key, 0, 0, 0, 0, 0, 0, 0, 0, 0
    FROM users, sources, models;
    INSERT INTO usage_days
    SELECT user_key, day, count(*), sum(tokens), 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM usage_rollups GROUP BY user_key, day;
    INSERT INTO follows
    SELECT one.id, other.id, now()
    FROM users AS one
    JOIN users AS other ON other.key IN (one.key + 1, one.key + 3, one.key + 5, one.key + 8, one.key + 13, one.key + 21);";

#[tokio::test(flavor = "multi_thread")]
async fn plans_of_board_statements_scan_no_table() {
    let fixture = fixture();
    let client = fixture.client().await;
    client.batch_execute(MANY_ON_BOARDS).await.expect("many people");
    let boards = Leaderboard::new(fixture.deps());
    for _ in 0..2 {
        boards.refresh().await.expect("boards");
    }
    client.batch_execute("ANALYZE; SET plan_cache_mode = force_generic_plan").await.expect("statistics");
    let viewer: String = (client.query_one("SELECT id::text FROM users WHERE username = 'ranked1'", &[]).await)
        .expect("a viewer")
        .get(0);
    for (name, text, types, values) in BOARD_PLANS {
        let types = format!("smallint, smallint, bigint, bigint, uuid, timestamptz{types}");
        let values = format!("1, 1, 4000, 100, '{viewer}', now(){values}");
        let plan = plan(&client, name, text, &types, &values).await;
        for table in ["users", "board_scores", "board_entries", "usage_totals", "social_counts"] {
            assert!(!plan.contains(&format!("Seq Scan on {table}")), "{name}:\n{plan}");
        }
    }
}

/// The rows of `table` that each node of an `EXPLAIN (ANALYZE)` read: those it kept, at least one a loop, and those it removed.
fn rows_of(plan: &str, table: &str) -> Vec<u64> {
    let number = |line: &str, after: &str| {
        let digits = line.split(after).nth(1)?.split([' ', '.', ')']).next()?;
        digits.parse::<u64>().ok()
    };
    let mut rows = Vec::new();
    let mut is_of_table = false;
    for line in plan.lines() {
        if let Some(loops) = number(line, " loops=") {
            is_of_table = line.contains(&format!(" on {table} "));
            if is_of_table {
                rows.push(loops * number(line, "actual rows=").expect("rows").max(1));
            }
        } else if let Some(removed) = number(line, "Rows Removed by Filter: ").filter(|_| is_of_table) {
            rows.push(removed);
        }
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn board_with_many_private_accounts_reads_few_rows() {
    let fixture = fixture();
    let client = fixture.client().await;
    client.batch_execute(&MANY_ON_BOARDS.replace("n % 100 <> 0", "n % 10 > 2")).await.expect("many people");
    client.batch_execute("UPDATE users SET updated_at = '2026-03-01'").await.expect("long ago");
    let boards = Leaderboard::new(fixture.deps());
    for _ in 0..2 {
        boards.refresh().await.expect("boards");
    }
    // Three accounts turn private after the refresh.
    let hide = format!(
        "UPDATE users SET is_public = false, updated_at = '{NOW}' WHERE username IN ('ranked5', 'ranked7', 'ranked4989')"
    );
    client.batch_execute(&hide).await.expect("private profiles");
    let settings = "VACUUM ANALYZE; SET plan_cache_mode = force_generic_plan";
    for statement in settings.split("; ") {
        client.batch_execute(statement).await.expect("statistics");
    }
    let text = format!(
        "PREPARE of_whole (smallint, smallint, bigint, bigint, uuid, timestamptz) AS {}",
        board!("board_overall", "board_gaps", "board_stored")
    );
    client.batch_execute(&text).await.expect("a statement");
    for offset in [0, 3_000] {
        let explain = format!(
            "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF)
             EXECUTE of_whole (1, 1, {offset}, 100, NULL, '{NOW}')"
        );
        let lines = client.query(&explain, &[]).await.expect("a plan");
        let plan = lines.iter().map(|line| line.get::<_, String>(0)).collect::<Vec<_>>().join("\n");
        let looked: Vec<u64> =
            ["users", "board_scores", "board_entries"].iter().flat_map(|table| rows_of(&plan, table)).collect();
        assert!(looked.len() >= 5, "{looked:?}\n{plan}");
        assert!(looked.iter().all(|rows| *rows <= 200), "{looked:?}\n{plan}");
    }
    let shown = client.query("EXECUTE of_whole (1, 1, 0, 1, NULL, now())", &[]).await.expect("a board");
    assert_eq!(shown[0].get::<_, i64>("total"), 3_500 - 3);
}
