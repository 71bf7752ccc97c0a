//! The largest counts that are accepted, and rows that older releases stored: every read and every job survives them.

use domain::achievements::Achievements;
use domain::dashboard::TrendDays;
use domain::days::Period;
use domain::insights::{Insights, WeeklySummaries};
use domain::leaderboard::{BoardFilter, BoardKind, BoardQuery, SortBy};
use domain::plausibility::Plausibility;
use domain::pricing::ports::PriceReader;
use domain::streaks::StreakReminders;
use domain::testing::variant;
use domain::usage::testing::{batch, sent};
use domain::usage::{MAX_COUNT, ModelName, SentMessage, Source, SyncBatch, TokenConventions, UsageSelection};
use domain::users::{User, ViewedProfile};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use time::Duration;
use time::macros::datetime;

use crate::common::{Fixture, NOW, fixture};

const PERIODS: [Period; 3] = [Period::All, Period::Month, Period::Week];

impl Fixture {
    /// Runs every job that goes over all accounts.
    async fn run_every_job(&self) {
        self.refresh().await;
        let (monday, late) = (datetime!(2026-11-23 9:00 UTC), datetime!(2026-11-22 22:30 UTC));
        Insights::new(self.deps()).refresh().await.expect("benchmarks");
        Plausibility::new(self.deps()).check().await.expect("plausibility");
        WeeklySummaries::new(self.deps_at(monday)).summarise_due(|| false).await.expect("weekly summaries");
        StreakReminders::new(self.deps_at(late)).remind(|| false).await.expect("reminders");
    }

    /// Reads everything that shows the usage of `user`.
    async fn read_everything(&self, user: &User) {
        let (dashboard, look) = (self.dashboard(), ViewedProfile::own(user.clone()));
        dashboard.overview(&look).await.expect("the overview");
        dashboard.trends(&look, TrendDays::new(365).expect("a year")).await.expect("trends");
        dashboard.heatmap(&look, None).await.expect("a heatmap");
        dashboard.machines(user.id).await.expect("machines");
        let name = user.username.clone();
        dashboard.compare(&name, &name, Some(user.id)).await.expect("a comparison");
        Achievements::new(self.deps()).of(&look).await.expect("achievements");
        let insights = Insights::new(self.deps());
        for period in PERIODS {
            dashboard.tools(&look, period).await.expect("tools");
            dashboard.models(&look, period).await.expect("models");
            insights.compare(user.id, period).await.expect("insights");
            for kind in BoardKind::ALL {
                let query = BoardQuery::new(kind, SortBy::Tokens, period, BoardFilter::default());
                self.board(&query, Some(user.id)).await;
            }
        }
        self.store.unpriced_models(100).await.expect("unpriced models");
    }
}

/// One kind of message, sent again and again.
#[derive(Debug, Clone)]
struct Shape {
    counts: [u64; 6],
    conventions: (bool, bool),
    model: usize,
    source: usize,
    days_ago: i64,
    times: usize,
}

const MODELS: [&str; 4] = ["claude-sonnet-4-5", "o1-pro", "gpt-5", "nobody-knows-me"];
const SOURCES: [&str; 2] = ["claude-code", "codex"];

fn shapes() -> impl Strategy<Value = Shape> {
    let count = || prop_oneof![Just(0), Just(1), Just(1_000_000), Just(MAX_COUNT - 1), Just(MAX_COUNT)];
    let counts = [count(), count(), count(), count(), count(), count()];
    let times = prop_oneof![Just(1_usize), Just(300), Just(1_100)];
    let days = prop_oneof![0..3_i64, Just(8), Just(40)];
    (counts, any::<(bool, bool)>(), 0..MODELS.len(), 0..SOURCES.len(), days, times).prop_map(
        |(counts, conventions, model, source, days_ago, times)| Shape {
            counts,
            conventions,
            model,
            source,
            days_ago,
            times,
        },
    )
}

impl Shape {
    /// The request with all messages of this shape, the `number`th of its account.
    fn request(&self, number: usize) -> SyncBatch {
        let [input, output, cache_read, cache_write, cache_write_1h, reasoning] = self.counts;
        let (input_includes_cached, reasoning_included_in_output) = self.conventions;
        let message = |n: usize| SentMessage {
            at: NOW - Duration::days(self.days_ago),
            model: ModelName::trusted(MODELS[self.model]),
            input,
            output,
            cache_read,
            cache_write,
            cache_write_1h,
            reasoning,
            ..sent(&format!("{number} {n}"))
        };
        SyncBatch {
            source: Source::trusted(SOURCES[self.source]),
            conventions: TokenConventions { input_includes_cached, reasoning_included_in_output },
            ..batch((0..self.times).map(message).collect())
        }
    }
}

#[test]
fn accepted_messages_of_any_size_leave_reads_and_jobs_working() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let config = Config { cases: 6, max_shrink_iters: 20, failure_persistence: None, ..Config::default() };
    let cases = prop::collection::vec(prop::collection::vec(shapes(), 1..5), 2);
    let held = TestRunner::new(config).run(&cases, |people| {
        runtime.block_on(async {
            let fixture = fixture();
            let usage = fixture.usage();
            let mut users = Vec::new();
            for (number, shapes) in people.iter().enumerate() {
                let user = fixture.create_user(&format!("person{number}"), None).await;
                for (number, shape) in shapes.iter().enumerate() {
                    usage.sync(user.id, shape.request(number)).await.expect("a sync");
                }
                users.push(user);
            }
            fixture.run_every_job().await;
            for user in &users {
                fixture.read_everything(user).await;
                assert!(usage.rebuild(user.id).await.expect("a rebuild").is_clean());
                let codex = UsageSelection { source: Source::parse("codex"), ..UsageSelection::default() };
                usage.forget(user.id, &codex).await.expect("it is gone");
                assert!(usage.rebuild(user.id).await.expect("a rebuild").is_clean());
                fixture.read_everything(user).await;
            }
            fixture.run_every_job().await;
        });
        Ok(())
    });
    held.unwrap_or_else(|failure| panic!("{failure}"));
}

/// What a release before the bound on reasoning stored of `user`: two messages of two models with more reasoning than a sum
/// holds, in rows that saturated.
async fn store_excess_reasoning(fixture: &Fixture, user: &User) {
    let named = |id, model| SentMessage { model: ModelName::trusted(model), ..sent(id) };
    fixture.usage().sync(user.id, batch(vec![named("a", "gpt-5"), named("b", "o1-pro")])).await.expect("a sync");
    let owner = format!("user_key = (SELECT key FROM users WHERE id = '{}')", user.id);
    let most = i64::MAX;
    fixture
        .run(&format!(
            "UPDATE usage_messages SET reasoning = {MAX_COUNT}, flags = flags | 1 WHERE {owner};
             UPDATE usage_rollups SET reasoning = {most} WHERE {owner};
             UPDATE usage_days SET reasoning = {most} WHERE {owner};
             UPDATE usage_totals SET reasoning = {most} WHERE {owner};"
        ))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn excess_reasoning_of_an_older_release_hides_only_its_account_until_repair() {
    let fixture = fixture();
    let usage = fixture.usage();
    let (ada, bob) = (fixture.create_user("ada", None).await, fixture.create_user("bob", None).await);
    fixture.sync(&bob, &["x"]).await;
    store_excess_reasoning(&fixture, &ada).await;

    fixture.run_every_job().await;
    for user in [&ada, &bob] {
        fixture.read_everything(user).await;
    }
    let query = BoardQuery::global(SortBy::Tokens, Period::All);
    let names = |board: domain::leaderboard::Board| -> Vec<String> {
        board.entries.iter().map(|entry| entry.username.to_string()).collect()
    };
    assert_eq!(names(fixture.board(&query, None).await), ["bob"], "an account that cannot be computed is left out");

    fixture.sync(&ada, &["new"]).await;
    assert!(usage.rebuild(ada.id).await.expect("a rebuild").is_clean(), "the sync left nothing to repair");
    fixture.run_every_job().await;
    assert_eq!(names(fixture.board(&query, None).await), ["ada", "bob"]);
    usage.forget(ada.id, &UsageSelection::default()).await.expect("it is gone");
    let left: i64 =
        fixture.client().await.query_one("SELECT min(reasoning) FROM usage_totals", &[]).await.expect("a row").get(0);
    assert_eq!(left, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_with_excess_reasoning_can_be_deleted() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    store_excess_reasoning(&fixture, &ada).await;
    assert_eq!(fixture.usage().forget(ada.id, &UsageSelection::default()).await.expect("it is gone"), 2);
    assert!(fixture.usage().rebuild(ada.id).await.expect("a rebuild").is_clean());
    assert!(fixture.dashboard().overview(&ViewedProfile::own(ada.clone())).await.map_err(|e| variant(&e)).is_ok());
}
