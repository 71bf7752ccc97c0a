//! What the statements cost: how many there are, and that none reads a whole table that grows.

use std::sync::Arc;

use crate::common::{Fixture, fixture};
use domain::clock::FixedClock;
use domain::dashboard::{Dashboard, Period, TrendDays};
use domain::ids::UserId;
use domain::usage::SentMessage;
use domain::usage::testing::{NOW, batch, sent};
use time::Duration;
use tokio_postgres::NoTls;

/// Forty people with a year of usage each, among others; returns one of them. Of fewer, a plan would rightly read everybody.
async fn community(fixture: &Fixture) -> UserId {
    let usage = fixture.usage();
    let mut last = None;
    for person in 0..40 {
        let user = fixture.person(&format!("person{person}"), Some("Europe/Berlin")).await.id;
        let at = |n: i64| SentMessage { at: NOW - Duration::hours(n * 24), ..sent(&n.to_string()) };
        usage.sync(user, batch((0..365).map(at).collect())).await.expect("a sync");
        last = Some(user);
    }
    // Everybody follows a tenth of the others, and many things happened to each.
    let more = "
        INSERT INTO follows SELECT a.id, b.id, now() FROM users AS a, users AS b WHERE a.id <> b.id AND (a.key + b.key) % 10 = 0;
        INSERT INTO activities (id, user_id, kind, data, created_at)
        SELECT gen_random_uuid(), id, 'level_up', '{}', now() FROM users, generate_series(1, 100);
        INSERT INTO users (id, username, created_at, updated_at)
        SELECT gen_random_uuid(), 'silent' || n, now(), now() FROM generate_series(1, 5000) AS n;
        INSERT INTO social_counts (user_id) SELECT id FROM users WHERE username LIKE 'silent%';";
    fixture.client().await.batch_execute(more).await.expect("more");
    last.expect("somebody")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_read_takes_at_most_four_statements() {
    let fixture = fixture();
    let user = community(&fixture).await;
    let dashboard = Dashboard::new(Arc::new(fixture.store.clone()), Arc::new(FixedClock(NOW)));
    let account = dashboard.account(user).await.expect("an account");
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
    dashboard.platform().await.expect("totals");
    note("platform");
    // A request first looks up whose figures are asked for: one statement more.
    assert!(taken.iter().all(|(_, statements)| *statements <= 3), "{taken:?}");
}

/// The heavy statements of the ledger and the dashboards with the types of their values.
const STATEMENTS: [(&str, &str, &str); 17] = [
    ("find_messages", include_str!("../../src/sql/find_messages.sql"), "uuid, int, uuid[]"),
    ("page_messages", include_str!("../../src/sql/page_messages.sql"), "uuid, int, uuid, bigint"),
    ("read_rollups", include_str!("../../src/sql/read_rollups.sql"), "uuid"),
    ("usage_facts", include_str!("../../src/sql/usage_facts.sql"), "uuid"),
    ("person_facts", include_str!("../../src/sql/person_facts.sql"), "uuid, date, date, uuid"),
    ("unlocked", include_str!("../../src/sql/unlocked.sql"), "uuid"),
    ("feed", include_str!("../../src/sql/feed.sql"), "uuid, bigint, bigint"),
    ("heard", include_str!("../../src/sql/heard.sql"), "uuid[], uuid[]"),
    (
        "missed",
        include_str!("../../src/sql/missed.sql"),
        "uuid[], timestamptz, text, uuid, timestamptz, timestamptz, uuid, bigint",
    ),
    ("follow_stats", include_str!("../../src/sql/follow_stats.sql"), "uuid, uuid"),
    ("figures", include_str!("../../src/sql/figures.sql"), "uuid[], date[], date[], uuid"),
    ("days", include_str!("../../src/sql/days.sql"), "uuid, date, date, uuid"),
    ("hours", include_str!("../../src/sql/hours.sql"), "uuid, date, date, uuid"),
    ("tools", include_str!("../../src/sql/tools.sql"), "uuid, date, date, uuid"),
    ("models", include_str!("../../src/sql/models.sql"), "uuid, date, date, uuid"),
    ("favourites", include_str!("../../src/sql/favourites.sql"), "uuid[], uuid, bigint"),
    ("machines", include_str!("../../src/sql/machines.sql"), "uuid"),
];

#[tokio::test(flavor = "multi_thread")]
async fn no_statement_reads_everybodys_usage() {
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
                (0, "uuid[]") => format!("ARRAY['{user}']::uuid[]"),
                (0, _) => format!("'{user}'"),
                (_, "date[]") => "ARRAY['2026-06-01']::date[]".to_owned(),
                (_, "date" | "timestamptz") => "'2026-06-01'".to_owned(),
                (_, "uuid") => "'00000000-0000-0000-0000-000000000000'".to_owned(),
                (_, "uuid[]") => "ARRAY['00000000-0000-0000-0000-000000000000']::uuid[]".to_owned(),
                _ => "'1'".to_owned(),
            })
            .collect();
        client.batch_execute(&format!("PREPARE {name} ({types}) AS {text}")).await.expect(name);
        let explain = format!("EXPLAIN EXECUTE {name} ({})", values.join(", "));
        let plan: Vec<String> =
            client.query(&explain, &[]).await.expect(name).iter().map(|row| row.get::<_, String>(0)).collect();
        let plan = plan.join("\n");
        for table in ["usage_messages", "usage_rollups", "usage_hours", "usage_days", "activities", "social_counts"] {
            assert!(!plan.contains(&format!("Seq Scan on {table}")), "{name}:\n{plan}");
        }
    }
}
