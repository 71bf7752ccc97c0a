//! Prices on PostgreSQL: stored once, followed, overridden, and given to messages that had none.

use std::sync::Arc;

use async_trait::async_trait;
use domain::administration::{Administrator, AuditReason};
use domain::deps::Deps;
use domain::error::StoreError;
use domain::ids::{CountingIds, UserId};
use domain::pricing::ports::{FetchOutcome, PriceReader, PriceSource, SourceError};
use domain::pricing::table::TableEntry;
use domain::pricing::{
    CurrentBook, Edition, Editions, MaxChangedShare, PriceDecisionId, PriceOverride, PriceOverrides, PriceRefresh,
    PriceUpdateOutcome, PricingError, UnpricedModels, line,
};
use domain::usage::ports::UnpricedReader;
use domain::usage::testing::{batch, sent};
use domain::usage::{
    MachineId, Model, ModelName, ProjectName, Provider, Repriced, Repricing, SentMessage, Source, SyncBatch, Usage,
};
use time::{Duration, OffsetDateTime};

use crate::common::{Fixture, NOW, fixture};

/// A table with as many models as the book that ships, all of them new, at this price for input.
struct Live(&'static str);

#[async_trait]
impl PriceSource for Live {
    fn address(&self) -> &'static str {
        "https://prices.example.org/table.json"
    }

    async fn fetch(&self, _: Option<String>) -> Result<FetchOutcome, SourceError> {
        let field = |name: &str, price: &str| (name.to_owned(), Some(price.to_owned()));
        let entry = |n: usize| TableEntry {
            model: format!("novel-{n}"),
            provider: Some("novelist".to_owned()),
            mode: Some("chat".to_owned()),
            prices: vec![field("input_cost_per_token", self.0), field("output_cost_per_token", "2e-06")],
            ..TableEntry::default()
        };
        Ok(FetchOutcome::Table { etag: Some(format!("\"{}\"", self.0)), entries: (0..4_000).map(entry).collect() })
    }
}

/// The processes of one test: what a worker and a server have.
struct Process {
    prices: Arc<CurrentBook>,
    editions: Editions,
    usage: Usage,
    repricing: Repricing,
}

fn process(fixture: &Fixture) -> Process {
    let prices = Arc::new(CurrentBook::shipped());
    Process {
        editions: Editions::new(fixture.deps(), prices.clone()),
        usage: Usage::new(fixture.deps(), prices.clone()),
        repricing: Repricing::new(fixture.deps(), prices.clone()),
        prices,
    }
}

fn refresh(fixture: &Fixture, live: Live, now: OffsetDateTime) -> PriceRefresh {
    PriceRefresh::new(fresh_deps(fixture, now), Arc::new(live), MaxChangedShare::parse(1.0).expect("a share"))
}

/// What use cases are built from whose ids no other process of the test has.
fn fresh_deps(fixture: &Fixture, now: OffsetDateTime) -> Deps {
    Deps { ids: Arc::new(UniqueIds), ..fixture.deps_at(now) }
}

/// Ids for tests that share a table: those of [`CountingIds`] are counted per process.
struct UniqueIds;

impl domain::ids::Ids for UniqueIds {
    fn fresh(&self) -> uuid::Uuid {
        uuid::Uuid::now_v7()
    }

    fn secret(&self) -> [u8; 32] {
        CountingIds.secret()
    }
}

fn overrides(fixture: &Fixture) -> PriceOverrides {
    PriceOverrides::new(fresh_deps(fixture, NOW))
}

async fn administrator(fixture: &Fixture) -> Administrator {
    Administrator::unchecked(fixture.create_user("root", None).await.id)
}

fn because() -> AuditReason {
    AuditReason::parse("by contract").expect("a reason")
}

fn decided(model: &str, provider: Option<&str>, valid_from: OffsetDateTime, prices: &str) -> PriceOverride {
    let provider = provider.map(Provider::trusted);
    PriceOverride {
        model: ModelName::trusted(model),
        provider,
        valid_from,
        prices: Some(line::prices(prices).expect("prices")),
    }
}

/// Two tools, three models, several days: `count` messages of each.
fn history(count: usize) -> Vec<SyncBatch> {
    let models = ["novel-1", "claude-sonnet-4-5", "nobody-knows"];
    let message = |tool: &str, n: usize| SentMessage {
        at: NOW - Duration::hours(i64::try_from(n % 500).expect("it fits") * 5),
        model: ModelName::trusted(models[n % 3]),
        project: n.is_multiple_of(2).then(|| ProjectName::trusted(tool)),
        input: 1_000 + n as u64,
        cache_read: 7,
        reasoning: 3,
        ..sent(&format!("{tool} {n}"))
    };
    let tools = [("claude-code", "laptop"), ("codex", "desktop")];
    let part = |(tool, machine): (&'static str, &'static str)| SyncBatch {
        source: Source::trusted(tool),
        machine: MachineId::trusted(machine),
        ..batch((0..3 * count).map(|n| message(tool, n)).collect())
    };
    tools.map(part).into()
}

async fn sync(usage: &Usage, user: UserId, parts: Vec<SyncBatch>) {
    for part in parts {
        usage.sync(user, part).await.expect("a sync");
    }
}

async fn nothing_to_repair(usage: &Usage, user: UserId) {
    let repair = usage.rebuild(user).await.expect("a rebuild");
    assert!(repair.is_clean(), "{repair:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn price_refreshes_at_once_store_each_row_once() {
    let fixture = fixture();
    let runs: Vec<_> = (0..4)
        .map(|n| {
            let refresh = refresh(&fixture, Live("3e-06"), NOW + Duration::seconds(n));
            tokio::spawn(async move { refresh.run().await.expect("an update").outcome })
        })
        .collect();
    let mut applied = 0;
    for run in runs {
        applied += usize::from(run.await.expect("a task") == PriceUpdateOutcome::Applied);
    }
    assert_eq!(applied, 1);
    let stored = fixture.store.stored().await.expect("prices");
    assert_eq!((stored.edition, stored.rows.len()), (Edition(1), 4_000));
    assert_eq!(fixture.store.updates(9).await.expect("updates").len(), 4);

    let dearer = refresh(&fixture, Live("4e-06"), NOW + Duration::DAY).run().await.expect("an update");
    assert_eq!((&dearer.outcome, dearer.added, dearer.changed), (&PriceUpdateOutcome::Applied, 0, 4_000));
    let stored = fixture.store.stored().await.expect("prices");
    assert_eq!((stored.edition, stored.rows.len()), (Edition(2), 8_000));
    assert_eq!(fixture.store.updates(1).await.expect("updates"), [dearer]);
}

#[tokio::test(flavor = "multi_thread")]
async fn price_update_outcomes_read_back_as_recorded() {
    struct Away;
    #[async_trait]
    impl PriceSource for Away {
        fn address(&self) -> &'static str {
            "https://away.example.org"
        }

        async fn fetch(&self, known: Option<String>) -> Result<FetchOutcome, SourceError> {
            assert_eq!(known, None, "the tag is another address's");
            Err(SourceError::Unavailable("it is away".to_owned()))
        }
    }
    let fixture = fixture();
    refresh(&fixture, Live("3e-06"), NOW).run().await.expect("an update");
    let share = MaxChangedShare::parse(0.2).expect("a share");
    let deps = fresh_deps(&fixture, NOW + Duration::DAY);
    let away = PriceRefresh::new(deps.clone(), Arc::new(Away), share);
    let refused = PriceRefresh::new(deps, Arc::new(Live("9e-06")), share);
    let mut updates = vec![refused.run().await.expect("an update"), away.run().await.expect("an update")];
    updates.reverse();
    assert_eq!(fixture.store.updates(2).await.expect("updates"), updates);
    assert_eq!(updates.iter().map(|update| update.outcome.name()).collect::<Vec<_>>(), ["failed", "refused"]);
    assert_eq!(fixture.store.stored().await.expect("prices").rows.len(), 4_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn price_book_is_followed_by_every_process_without_queries_in_sync() {
    let fixture = fixture();
    let server = process(&fixture);
    let ada = fixture.create_user("ada", None).await.id;
    assert!(!server.editions.follow().await.expect("it reads"), "nothing is stored yet");
    refresh(&fixture, Live("3e-06"), NOW).run().await.expect("an update");
    assert!(server.editions.follow().await.expect("it reads"));
    assert!(!server.editions.follow().await.expect("it reads"));
    let novel = batch(vec![SentMessage { model: ModelName::trusted("novel-7"), ..sent("m") }]);
    assert!(server.usage.sync(ada, novel).await.expect("a sync").unpriced_models.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn repricing_equals_a_sync_with_the_new_book() {
    let fixture = fixture();
    let (before, worker) = (process(&fixture), process(&fixture));
    let ada = fixture.create_user("ada", Some("Asia/Tokyo")).await.id;
    let late = fixture.create_user("late", Some("Asia/Tokyo")).await.id;
    let without_usage = fixture.create_user("nobody", None).await.id;
    sync(&before.usage, ada, history(40)).await;
    let unknown = SentMessage { model: ModelName::trusted("nobody-knows"), ..sent("m") };
    sync(&before.usage, without_usage, vec![batch(vec![unknown])]).await;

    refresh(&fixture, Live("3e-06"), NOW).run().await.expect("an update");
    worker.editions.follow().await.expect("it reads");
    let repriced = worker.repricing.run(|| false).await.expect("prices");
    assert_eq!((repriced.accounts, repriced.messages), (1, 80));
    sync(&worker.usage, late, history(40)).await;
    let (hers, others) = (figures(&fixture, ada).await, figures(&fixture, late).await);
    assert_eq!(hers.len(), others.len());
    assert_eq!(hers.iter().zip(&others).find(|(one, other)| one != other), None);
    nothing_to_repair(&worker.usage, ada).await;

    assert_eq!(worker.repricing.run(|| false).await.expect("nothing"), Repriced::default(), "again");
    let audit = fixture.store.repriced(9).await.expect("an audit");
    let audited: Vec<_> = audit.iter().map(|row| (row.user, row.edition, row.messages, row.cost)).collect();
    assert_eq!(audited, [(ada, Edition(1), 80, repriced.cost)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn repricing_that_is_interrupted_continues() {
    let fixture = fixture();
    let (before, worker) = (process(&fixture), process(&fixture));
    let ada = fixture.create_user("ada", None).await.id;
    let novel = |n: usize| SentMessage { model: ModelName::trusted("novel-1"), ..sent(&format!("m{n}")) };
    sync(&before.usage, ada, vec![batch((0..12_000).map(novel).collect())]).await;
    refresh(&fixture, Live("3e-06"), NOW).run().await.expect("an update");
    worker.editions.follow().await.expect("it reads");

    // The process is killed in its second batch: after it has written, before it commits.
    fixture
        .run(
            "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN RAISE 'cut off'; END $$;
             CREATE TRIGGER cut BEFORE UPDATE ON repricings FOR EACH ROW EXECUTE FUNCTION cut();",
        )
        .await;
    let cut = worker.repricing.run(|| false).await;
    assert!(cut.is_err(), "{cut:?}");
    nothing_to_repair(&worker.usage, ada).await;
    assert_eq!(unpriced(&fixture).await, 7_000);
    let audit = |fixture: &Fixture| {
        let store = fixture.store.clone();
        async move { store.repriced(9).await.expect("an audit").iter().map(|row| row.messages).collect::<Vec<_>>() }
    };
    assert_eq!(audit(&fixture).await, [5_000]);

    fixture.run("DROP TRIGGER cut ON repricings").await;
    let rest = worker.repricing.run(|| false).await.expect("the rest");
    assert_eq!((rest.messages, unpriced(&fixture).await), (7_000, 0));
    assert_eq!(audit(&fixture).await, [12_000]);
    nothing_to_repair(&worker.usage, ada).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn syncs_and_repricings_at_once_price_each_message_once() {
    let fixture = fixture();
    let (before, one, other) = (process(&fixture), process(&fixture), process(&fixture));
    let mut people = Vec::new();
    for name in ["ada", "bob", "cid"] {
        let user = fixture.create_user(name, None).await.id;
        sync(&before.usage, user, history(30)).await;
        people.push(user);
    }
    refresh(&fixture, Live("3e-06"), NOW).run().await.expect("an update");
    for worker in [&one, &other] {
        worker.editions.follow().await.expect("it reads");
    }
    let more = || async {
        for user in &people {
            sync(&before.usage, *user, history(35)).await;
        }
    };
    let (first, second, ()) = tokio::join!(one.repricing.run(|| false), other.repricing.run(|| false), more());
    let priced = first.expect("prices").messages + second.expect("prices").messages;
    let rest = one.repricing.run(|| false).await.expect("the rest").messages;
    assert_eq!(priced + rest, 3 * 70);
    for user in people {
        nothing_to_repair(&one.usage, user).await;
    }
    let audit: u64 = fixture.store.repriced(9).await.expect("an audit").iter().map(|row| row.messages).sum();
    assert_eq!(audit, 3 * 70);
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_account_is_neither_repriced_nor_listed() {
    let fixture = fixture();
    let (before, worker) = (process(&fixture), process(&fixture));
    let ada = fixture.create_user("ada", None).await.id;
    sync(&before.usage, ada, history(5)).await;
    fixture.users_at(NOW).leave(ada).await.expect("she leaves");
    refresh(&fixture, Live("3e-06"), NOW).run().await.expect("an update");
    worker.editions.follow().await.expect("it reads");
    assert_eq!(worker.repricing.run(|| false).await.expect("nothing"), Repriced::default());
    assert!(fixture.store.unpriced_models(9).await.expect("models").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn models_without_a_price_are_listed_with_their_sums() {
    let fixture = fixture();
    let server = process(&fixture);
    let ada = fixture.create_user("ada", None).await.id;
    let bob = fixture.create_user("bob", None).await.id;
    let of = |id: &str, model: &str, at: OffsetDateTime, output: u64| SentMessage {
        model: ModelName::trusted(model),
        provider: (model == "novel-1").then(|| Provider::trusted("novelist")),
        at,
        output,
        reasoning: 5,
        ..sent(id)
    };
    let early = NOW - Duration::days(9);
    let included = domain::usage::TokenConventions { reasoning_included_in_output: true, ..Default::default() };
    let hers =
        vec![of("a", "novel-1", NOW, 100), of("b", "nobody-knows", NOW, 1), of("c", "claude-sonnet-4-5", NOW, 1)];
    sync(&server.usage, ada, vec![batch(hers)]).await;
    let his = SyncBatch { conventions: included, ..batch(vec![of("a", "novel-1", early, 100)]) };
    sync(&server.usage, bob, vec![his]).await;
    refresh(&fixture, Live("3e-06"), NOW).run().await.expect("an update");
    server.editions.follow().await.expect("it reads");

    let listed = UnpricedModels::new(fixture.deps(), server.prices.clone());
    let listed = listed.list(&administrator(&fixture).await, 9).await.expect("a list");
    let listed_models: Vec<_> = listed
        .iter()
        .map(|m| (m.model.name.as_str(), m.tokens, m.messages, m.people, m.first_seen, m.last_seen, m.is_known_by_now))
        .collect();
    let expected = [("novel-1", 115 + 110, 2, 2, early, NOW, true), ("nobody-knows", 16, 1, 1, NOW, NOW, false)];
    assert_eq!(listed_models, expected);
    assert_eq!(listed[0].model.provider, Some(Provider::trusted("novelist")));
    assert_eq!(fixture.store.unpriced_models(1).await.expect("models").len(), 1);
    let names = |models: Vec<Model>| models.into_iter().map(|model| model.name.to_string()).collect::<Vec<_>>();
    assert_eq!(names(fixture.store.models_to_price().await.expect("models")), ["nobody-knows", "novel-1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn override_prices_only_messages_without_a_price() {
    let fixture = fixture();
    let server = process(&fixture);
    let (ada, admin) = (fixture.create_user("ada", None).await.id, administrator(&fixture).await);
    let of = |id: &str, model: &str| SentMessage { model: ModelName::trusted(model), ..sent(id) };
    let parts =
        |id: &str| batch(vec![of(&format!("{id}1"), "house-model"), of(&format!("{id}2"), "claude-sonnet-4-5")]);
    sync(&server.usage, ada, vec![parts("a")]).await;
    let overrides = overrides(&fixture);
    let since = NOW - Duration::DAY;
    for (model, prices) in [("house-model", "in=1 out=1"), ("claude-sonnet-4-5", "in=500 out=500")] {
        overrides.set(&admin, decided(model, None, since, prices), because()).await.expect("a decision");
    }
    assert!(server.editions.follow().await.expect("it reads"));
    let repriced = server.repricing.run(|| false).await.expect("prices");
    assert_eq!((repriced.messages, repriced.cost.rounded().as_str()), (1, "0.00002"));
    sync(&server.usage, ada, vec![parts("b")]).await;
    let costs = "SELECT trim_scale(cost)::text FROM usage_messages ORDER BY cost";
    let costs = fixture.client().await.query(costs, &[]).await.expect("costs");
    let costs: Vec<String> = costs.iter().map(|row| row.get(0)).collect();
    assert_eq!(costs, ["0.00002", "0.00002", "0.00018", "0.01"]);
    nothing_to_repair(&server.usage, ada).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn override_ends_with_a_row_of_its_own() {
    let fixture = fixture();
    let server = process(&fixture);
    let (ada, admin) = (fixture.create_user("ada", None).await.id, administrator(&fixture).await);
    let overrides = overrides(&fixture);
    let name = || ModelName::trusted("house-model");
    let here = Some(Provider::trusted("house"));
    let set = decided("house-model", Some("house"), NOW - Duration::DAY, "in=0 out=0 >200k in=1 out=2");
    let set = overrides.set(&admin, set, because()).await.expect("a decision");
    let other = overrides.remove(&admin, PriceDecisionId(set.id.0 + 1), because()).await;
    assert!(matches!(other, Err(PricingError::NotOverridden(_))), "{other:?}");
    let removed = overrides.remove(&admin, set.id, because()).await.expect("it ends");
    for ended in [set.id, removed.id] {
        let again = overrides.remove(&admin, ended, because()).await;
        assert!(matches!(again, Err(PricingError::NotOverridden(_))), "{again:?}");
    }
    let queued = "SELECT idempotency_key FROM jobs WHERE queue = 'reprice' ORDER BY 1";
    let queued = fixture.client().await.query(queued, &[]).await.expect("jobs");
    let queued: Vec<String> = queued.iter().map(|row| row.get(0)).collect();
    assert_eq!(queued, [set.id, removed.id].map(|id| format!("override:{id}")), "one for each decision");
    let listed = overrides.list(&admin).await.expect("a list");
    assert!(listed.iter().all(|listed| !listed.stands));
    assert_eq!(listed.into_iter().map(|listed| listed.decision).collect::<Vec<_>>(), [removed, set]);
    assert_eq!(PriceReader::edition(&fixture.store).await.expect("an edition"), Edition(2));

    server.editions.follow().await.expect("it reads");
    let at = |id: &str, at: OffsetDateTime| SentMessage { at, model: name(), provider: here.clone(), ..sent(id) };
    let around = batch(vec![at("before", NOW - Duration::HOUR), at("after", NOW)]);
    let report = server.usage.sync(ada, around).await.expect("a sync");
    assert_eq!(report.unpriced_models, [name()], "the one after the end");
    assert_eq!(unpriced(&fixture).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn price_refresh_ignores_overrides() {
    let fixture = fixture();
    let admin = administrator(&fixture).await;
    refresh(&fixture, Live("3e-06"), NOW).run().await.expect("an update");
    let set = decided("novel-1", Some("novelist"), NOW, "in=9 out=9");
    overrides(&fixture).set(&admin, set, because()).await.expect("a decision");
    let again = refresh(&fixture, Live("3e-06"), NOW + Duration::DAY).run().await.expect("an update");
    assert_eq!((again.outcome, again.changed), (PriceUpdateOutcome::Unchanged, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn stored_price_that_cannot_be_read_is_an_error() {
    let fixture = fixture();
    fixture
        .run(
            "INSERT INTO price_rows (origin, model, provider, valid_from, prices, created_at)
              VALUES ('live', 'x', 'y', now(), 'for a song', now())",
        )
        .await;
    let stored = fixture.store.stored().await;
    assert!(matches!(&stored, Err(StoreError::Internal(reason)) if reason.contains("price of x")), "{stored:?}");
}

async fn unpriced(fixture: &Fixture) -> i64 {
    let count = "SELECT count(*) FROM usage_messages WHERE cost IS NULL";
    fixture.client().await.query_one(count, &[]).await.expect("a count").get(0)
}

/// The ledger of `user` and all that is derived from it, with names in the place of keys. The unlocks depend on how
/// often an account was settled: the XP of an unlock may reach the level of the next one.
async fn figures(fixture: &Fixture, user: UserId) -> Vec<String> {
    let tables = [
        "usage_messages",
        "usage_rollups",
        "usage_days",
        "usage_hours",
        "usage_totals",
        "usage_sources",
        "usage_models",
        "usage_calendars",
        "usage_project_days",
    ];
    let client = fixture.client().await;
    let mut figures = Vec::new();
    for table in tables {
        let machine = if matches!(table, "usage_messages" | "usage_rollups") {
            "(SELECT name FROM machines WHERE key = t.machine_key)"
        } else {
            "''"
        };
        let query = format!(
            "SELECT '{table} ' || (to_jsonb(t) - '{{user_key,machine_key,cost,event_xp,achievements}}'::text[])::text || {machine}
                 || coalesce(trim_scale((to_jsonb(t) ->> 'cost')::numeric)::text, '')
             FROM {table} t WHERE user_key = (SELECT key FROM users WHERE id = $1::text::uuid) ORDER BY 1"
        );
        let rows = client.query(&query, &[&user.to_string()]).await.expect("rows");
        figures.extend(rows.iter().map(|row| row.get::<_, String>(0)));
    }
    figures
}

/// The statements of a re-pricing, with the types and the values they are planned for.
const REPRICING_PLANS: [(&str, &str, &str, &str); 3] = [
    ("models_to_price", include_str!("../../src/pricing/models_to_price.sql"), "", ""),
    (
        "accounts_to_price",
        include_str!("../../src/pricing/accounts_to_price.sql"),
        "(text[], text[])",
        "(ARRAY['claude-sonnet-4-5'], ARRAY[''])",
    ),
    (
        "page_unpriced",
        include_str!("../../src/ledger/page_unpriced.sql"),
        "(uuid, int, uuid, bigint, int[])",
        "('00000000-0000-0000-0000-000000000001', 0, '00000000-0000-0000-0000-000000000000', 5000, ARRAY[1])",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn plans_of_repricing_statements_use_the_index() {
    let fixture = fixture();
    let server = process(&fixture);
    let ada = fixture.create_user("ada", None).await.id;
    sync(&server.usage, ada, vec![batch(vec![sent("m")])]).await;
    // Two hundred people with a thousand messages each, of which every fiftieth has no price.
    let many = "
        INSERT INTO users (id, username, created_at, updated_at)
        SELECT lpad(n::text, 32, '0')::uuid, 'user' || n, now(), now() FROM generate_series(1, 200) AS n;
        INSERT INTO usage_messages
        SELECT gen_random_uuid(), now(), 1, 1, 0, 0, 0, 0, users.key, 1, 1, 1, 0, CASE WHEN n % 50 > 0 THEN 1 END
        FROM users, generate_series(1, 1000) AS n;
        ANALYZE; SET plan_cache_mode = force_generic_plan";
    let client = fixture.client().await;
    client.batch_execute(many).await.expect("many people");
    for (name, text, types, values) in REPRICING_PLANS {
        client.batch_execute(&format!("PREPARE {name} {types} AS {text}")).await.expect(name);
        let plan = client.query(&format!("EXPLAIN EXECUTE {name} {values}"), &[]).await.expect(name);
        let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
        let plan = plan.join("\n");
        assert!(plan.contains("usage_messages_unpriced") && !plan.contains("Seq Scan on usage_messages"), "{plan}");
    }
}
