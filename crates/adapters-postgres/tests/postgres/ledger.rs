//! The ledger on PostgreSQL: counted once, derived rows in step, few round trips.

use std::sync::Arc;

use crate::common::fixture;
use domain::achievements::Metric;
use domain::days::Window;
use domain::days::Zone;
use domain::deps::Deps;
use domain::ids::UserId;
use domain::pricing::CurrentBook;
use domain::store::Store;
use domain::usage::testing::{NOW, batch, sent};
use domain::usage::{
    MachineId, ModelName, ProjectName, Protocol, Provider, SentMessage, Source, SyncBatch, SyncReport, Usage,
    UsageSelection,
};
use domain::users::ViewedProfile;
use time::macros::date;
use time::{Date, Duration};

fn messages(count: usize) -> Vec<SentMessage> {
    let days = |n: usize| Duration::minutes(i64::try_from(n % 50_000).unwrap_or_default() * 7);
    (0..count).map(|n| SentMessage { at: NOW - days(n), input: n as u64, ..sent(&format!("message {n}")) }).collect()
}

pub(crate) fn counts(report: &SyncReport) -> (usize, usize, usize, usize) {
    (report.new, report.updated, report.duplicates, report.rejected)
}

pub(crate) async fn nothing_to_repair(usage: &Usage, user: UserId) {
    let repair = usage.rebuild(user).await.expect("a rebuild");
    assert!(repair.is_clean(), "{repair:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sync_same_messages_twice_counts_once() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.create_user("ada", None).await.id);
    let first = usage.sync(ada, batch(messages(12_000))).await.expect("a sync");
    assert_eq!(counts(&first), (12_000, 0, 0, 0));
    let again = usage.sync(ada, batch(messages(12_000))).await.expect("a sync");
    assert_eq!(counts(&again), (0, 0, 12_000, 0));
    assert_eq!(again.standing, first.standing);
    assert_eq!((again.new_rollups, again.updated_rollups), (0, 0));
    nothing_to_repair(&usage, ada).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn superseding_copy_moves_its_message_to_another_day_model_and_machine() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.create_user("ada", Some("Asia/Tokyo")).await.id);
    let old = SentMessage { at: NOW - Duration::days(3), ..sent("m") };
    usage.sync(ada, batch(vec![old, sent("other")])).await.expect("a sync");
    let grown = SentMessage {
        output: 99,
        model: ModelName::trusted("gpt-5-mini"),
        provider: Some(Provider::trusted("openai")),
        ..sent("m")
    };
    let laptop = SyncBatch { machine: MachineId::trusted("laptop"), ..batch(vec![grown]) };
    let report = usage.sync(ada, laptop).await.expect("a sync");
    assert_eq!(counts(&report), (0, 1, 0, 0));
    // One row for the new day and model, one that goes away.
    assert_eq!((report.new_rollups, report.updated_rollups), (1, 1));
    assert_eq!((report.standing.tokens, report.standing.streak.longest), (109 + 20, 1));
    nothing_to_repair(&usage, ada).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dry_run_reports_the_same_and_stores_nothing() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.create_user("ada", None).await.id);
    let named = || SyncBatch {
        source: Source::trusted("a new tool"),
        zone: Zone::parse("Asia/Tokyo"),
        ..batch(vec![SentMessage { model: ModelName::trusted("a-new-model"), ..sent("m") }])
    };
    let dry = usage.sync(ada, SyncBatch { dry_run: true, ..named() }).await.expect("a dry run");
    let real = usage.sync(ada, named()).await.expect("a sync");
    assert_eq!(dry, real);
    assert_eq!(counts(&real), (1, 0, 0, 0));
    assert_eq!(real.unpriced_models, [ModelName::trusted("a-new-model")]);
    nothing_to_repair(&usage, ada).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn first_sync_with_a_zone_counts_the_history_in_it() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.create_user("ada", None).await.id);
    let evening = SentMessage { at: NOW - Duration::hours(14), ..sent("late on the 21st in UTC") };
    usage.sync(ada, batch(vec![evening, sent("b")])).await.expect("a sync");
    let tokyo = SyncBatch { zone: Zone::parse("Asia/Tokyo"), ..batch(vec![sent("c")]) };
    // In Tokyo the 21st at 22:00 UTC is the 22nd: two days become one.
    let report = usage.sync(ada, tokyo).await.expect("a sync");
    assert_eq!(report.standing.streak.longest, 1);
    nothing_to_repair(&usage, ada).await;
    let berlin = SyncBatch { zone: Zone::parse("Europe/Berlin"), ..batch(vec![sent("d")]) };
    assert_eq!(usage.sync(ada, berlin).await.expect("a sync").standing.streak.longest, 1, "the zone is set by now");
    nothing_to_repair(&usage, ada).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rebuild_repairs_and_reports_wrong_sums() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.create_user("ada", None).await.id);
    let right = usage.sync(ada, batch(messages(500))).await.expect("a sync");
    let (client, driver) =
        tokio_postgres::connect(fixture.database.url(), tokio_postgres::NoTls).await.expect("a connection");
    tokio::spawn(driver);
    let damage = "
        UPDATE usage_rollups SET tokens = tokens + 7 WHERE day = (SELECT min(day) FROM usage_rollups);
        DELETE FROM usage_days WHERE day = (SELECT max(day) FROM usage_days);
        UPDATE usage_totals SET cost = 0, longest_streak = 99;";
    client.batch_execute(damage).await.expect("damage");

    let repair = usage.rebuild(ada).await.expect("a rebuild");
    assert_eq!((repair.messages, repair.rollups, repair.days, repair.hours, repair.totals), (500, 1, 1, 0, true));
    nothing_to_repair(&usage, ada).await;
    let again = usage.sync(ada, batch(messages(500))).await.expect("a sync");
    assert_eq!(again.standing, right.standing);
}

fn protocol_of(parser_version: u16) -> Protocol {
    if parser_version == 0 { Protocol::V2 } else { Protocol::V3 }
}

#[tokio::test(flavor = "multi_thread")]
async fn copy_of_newer_parser_lowers_totals_in_every_order() {
    let fixture = fixture();
    let usage = fixture.usage();
    // The parser, whether the copy is incomplete, and its input: the last one wins.
    let copies = [(9, true, 900), (0, false, 800), (1, false, 300), (2, false, 100)];
    let mut expected = None;
    for (n, order) in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]].into_iter().enumerate() {
        let user = fixture.create_user(&format!("person{n}"), Some("UTC")).await.id;
        for place in order {
            let (parser_version, is_incomplete, input) = copies[place];
            let copy = SentMessage { is_incomplete, input, ..sent("m") };
            let sync = SyncBatch { parser_version, protocol: protocol_of(parser_version), ..batch(vec![copy]) };
            usage.sync(user, sync).await.expect("a sync");
        }
        nothing_to_repair(&usage, user).await;
        let rows = rows_of(&fixture, user).await;
        assert!(rows.iter().any(|row| row.starts_with("totals") && row.contains("\"input\": 100,")), "{rows:?}");
        assert_eq!(*expected.get_or_insert(rows.clone()), rows, "{order:?}");
    }
    // An unfinished copy is raised by any finished one, also by protocol 2.
    let ada = fixture.create_user("ada", Some("UTC")).await.id;
    for (parser_version, is_incomplete, expected) in
        [(9, true, (1, 0, 0, 0)), (0, false, (0, 1, 0, 0)), (9, true, (0, 0, 1, 0))]
    {
        let copy = SentMessage { is_incomplete, ..sent("m") };
        let sync = SyncBatch { parser_version, protocol: protocol_of(parser_version), ..batch(vec![copy]) };
        let report = usage.sync(ada, sync).await.expect("a sync");
        assert_eq!(counts(&report), expected);
    }
}

// On one thread no answer arrives before all statements of a round trip have begun.
#[tokio::test]
async fn sync_of_any_size_takes_few_round_trips() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.create_user("ada", None).await.id);
    let count = fixture.store.queries();
    let mut trips = Vec::new();
    // The first one meets every name for the first time; the last one replaces every message.
    for (size, output) in [(1, 10), (10, 10), (5_000, 10), (5_000, 10), (5_000, 11)] {
        let before = count.round_trips();
        let sent = messages(size).into_iter().map(|message| SentMessage { output, ..message }).collect();
        let report = usage.sync(ada, batch(sent)).await.expect("a sync");
        trips.push((count.round_trips() - before, !report.unlocks.is_empty()));
    }
    // One with a new model.
    let before = count.round_trips();
    let new_model = SentMessage { model: ModelName::trusted("brand-new"), ..sent("of a new model") };
    let report = usage.sync(ada, batch(vec![new_model])).await.expect("a sync");
    trips.push((count.round_trips() - before, !report.unlocks.is_empty()));
    assert!(trips[0].1 && !trips[4].1, "one unlocks something, one does not: {trips:?}");
    assert!(trips.iter().all(|(trips, unlocks)| *trips <= if *unlocks { 12 } else { 8 }), "{trips:?}");
}

// They are the lock with the stored copies of the messages, and the write with the facts to judge. BEGIN and COMMIT are not counted.
#[tokio::test]
async fn small_sync_that_earns_nothing_takes_two_round_trips() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.create_user("ada", Some("UTC")).await.id);
    let count = fixture.store.queries();
    let some = |numbers: std::ops::Range<usize>| -> Vec<SentMessage> {
        numbers.map(|n| SentMessage { input: 1, output: 1, ..sent(&n.to_string()) }).collect()
    };
    // Twice, so that all statements are prepared.
    usage.sync(ada, batch(some(0..90))).await.expect("a sync");
    usage.sync(ada, batch(some(80..100))).await.expect("a sync");
    for (sent, expected) in [(some(100..110), (10, 0, 0, 0)), (some(100..110), (0, 0, 10, 0))] {
        let before = count.round_trips();
        let report = usage.sync(ada, batch(sent)).await.expect("a sync");
        assert!(counts(&report) == expected && report.unlocks.is_empty(), "{report:?}");
        assert_eq!(count.round_trips() - before, 2, "{expected:?}");
    }
}

/// Each process learns that the tool has no name yet before it waits for the lock; the first one makes it.
#[tokio::test(flavor = "multi_thread")]
async fn first_syncs_of_two_processes_count_once() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await.id;
    let mut lock = fixture.client().await;
    let held = lock.transaction().await.expect("a transaction");
    held.execute("SELECT FROM usage_totals FOR UPDATE", &[]).await.expect("a lock");
    let syncs: Vec<_> = [fixture.store.clone(), fixture.another_process()]
        .into_iter()
        .map(|store| {
            let deps = Deps { store: Arc::new(store), ..fixture.deps() };
            let usage = Usage::new(deps, Arc::new(CurrentBook::shipped()));
            tokio::spawn(async move { counts(&usage.sync(ada, batch(messages(20))).await.expect("a sync")) })
        })
        .collect();
    fixture.wait_for_locks(2).await;
    held.commit().await.expect("the lock is free");
    let mut found = Vec::new();
    for sync in syncs {
        found.push(sync.await.expect("it ends"));
    }
    found.sort_unstable();
    assert_eq!(found, [(0, 0, 20, 0), (20, 0, 0, 0)]);
    nothing_to_repair(&fixture.usage(), ada).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn first_syncs_with_the_same_new_models_do_not_collide() {
    const MODELS: usize = 60;
    let fixture = fixture();
    for round in 0..3 {
        let mut syncs = tokio::task::JoinSet::new();
        for index in 0..4 {
            let user = fixture.create_user(&format!("person{round}{index}"), None).await.id;
            // Each chunk of a request meets some of the names, and the requests meet them in opposite orders.
            let model = move |n: usize| {
                let place = n * MODELS / 12_000;
                let place = if index % 2 == 0 { place } else { MODELS - 1 - place };
                ModelName::trusted(format!("model-{round}-{place}"))
            };
            let named = move |(n, message)| SentMessage { model: model(n), ..message };
            let messages: Vec<_> = messages(12_000).into_iter().enumerate().map(named).collect();
            let usage = fixture.usage();
            syncs.spawn(async move { usage.sync(user, batch(messages)).await.expect("a sync").new });
        }
        assert_eq!(syncs.join_all().await, [12_000; 4]);
    }
    let collided: i64 = fixture
        .client()
        .await
        .query_one("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()", &[])
        .await
        .expect("a row")
        .get(0);
    assert_eq!(collided, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn amounts_at_the_limits_are_stored_exactly() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.create_user("ada", None).await.id);
    let most = domain::usage::MAX_COUNT;
    let huge = |n: usize| SentMessage {
        input: most,
        output: most,
        cache_read: most,
        cache_write: most,
        cache_write_1h: most,
        reasoning: most,
        ..sent(&format!("huge {n}"))
    };
    let report = usage.sync(ada, batch((0..150).map(huge).collect())).await.expect("a sync");
    assert_eq!(report.new + report.rejected, 150);
    assert!(report.rejections.iter().all(|rejection| rejection.reason.code() == "account_total_out_of_range"));
    assert_eq!(
        report.standing.tokens,
        i64::try_from(5 * most).expect("fits") * i64::try_from(report.new).expect("fits")
    );
    nothing_to_repair(&usage, ada).await;
}

/// Whether a message of a tool on a day is kept.
type Expected = fn(&str, Date) -> bool;

#[tokio::test(flavor = "multi_thread")]
async fn deleted_usage_leaves_the_rows_of_a_ledger_without_it() {
    const FROM: Date = date!(2026 - 11 - 17);
    const TO: Date = date!(2026 - 11 - 19);
    let fixture = fixture();
    let usage = fixture.usage();
    let zone = Zone::parse("Asia/Tokyo");
    // Two tools on two machines; in Tokyo, every other message of the evening is of the next day.
    let parts = |keep: fn(&str, Date) -> bool| {
        let mut parts = Vec::new();
        for (tool, machine) in [("claude-code", "laptop"), ("codex", "desktop")] {
            let at = |n: i64| NOW - Duration::hours(6 * n);
            let local = |n: i64| zone.as_ref().expect("a zone").date(at(n));
            let kept = (0..40).filter(|n| keep(tool, local(*n)));
            let project = |n| (n % 3 > 0).then(|| ProjectName::trusted(format!("{tool} {}", n % 3)));
            let sent: Vec<_> =
                kept.map(|n| SentMessage { at: at(n), project: project(n), ..sent(&format!("{tool} {n}")) }).collect();
            if !sent.is_empty() {
                let (source, machine) = (Source::trusted(tool), MachineId::trusted(machine));
                parts.push(SyncBatch { source, machine, ..batch(sent) });
            }
        }
        parts
    };
    let all = UsageSelection::default;
    let table: [(UsageSelection, Expected); 5] = [
        (UsageSelection { source: Source::parse("codex"), ..all() }, |tool, _| tool != "codex"),
        (UsageSelection { from: Some(FROM), to: Some(TO), ..all() }, |_, day| day < FROM || day > TO),
        (UsageSelection { from: Some(FROM), source: Source::parse("codex"), to: None }, |tool, day| {
            tool != "codex" || day < FROM
        }),
        (UsageSelection { to: Some(TO), ..all() }, |_, day| day > TO),
        (all(), |_, _| false),
    ];
    for (number, (selection, keep)) in table.into_iter().enumerate() {
        let deleted = fixture.create_user(&format!("gone{number}"), Some("Asia/Tokyo")).await.id;
        let never = fixture.create_user(&format!("never{number}"), Some("Asia/Tokyo")).await.id;
        let mut kept = 0;
        for part in parts(|_, _| true) {
            usage.sync(deleted, part).await.expect("a sync");
        }
        for part in parts(keep) {
            kept += part.messages.len();
            usage.sync(never, part).await.expect("a sync");
        }
        assert_eq!(usage.forget(deleted, &selection).await.expect("it is gone"), 80 - kept as u64, "{selection:?}");
        assert_eq!(usage.forget(deleted, &selection).await.expect("nothing"), 0, "again");
        nothing_to_repair(&usage, deleted).await;
        assert_eq!(rows_of(&fixture, deleted).await, rows_of(&fixture, never).await, "{selection:?}");
    }
}

/// The ledger of `user` and all rows derived from it, with names in the place of keys.
pub(crate) async fn rows_of(fixture: &crate::common::Fixture, user: UserId) -> Vec<String> {
    let query = "
        WITH owner AS (SELECT key FROM users WHERE id = $1::text::uuid),
        messages AS (SELECT * FROM usage_messages JOIN owner ON owner.key = user_key),
        rollups AS (SELECT * FROM usage_rollups JOIN owner ON owner.key = user_key)
        SELECT 'message' || (to_jsonb(m) - '{user_key,key,machine_key,project_key}'::text[])::text || a.name || coalesce(p.name, '')
        FROM messages m JOIN machines a ON a.key = m.machine_key
        LEFT JOIN usage_projects p ON p.user_key = m.user_key AND p.key = m.project_key
        UNION ALL
        SELECT 'rollup' || (to_jsonb(r) - '{user_key,key,machine_key}'::text[])::text || a.name
        FROM rollups r JOIN machines a ON a.key = r.machine_key
        UNION ALL
        SELECT 'day' || (to_jsonb(d) - '{user_key,key}'::text[])::text FROM usage_days d JOIN owner ON owner.key = user_key
        UNION ALL
        SELECT 'hour' || (to_jsonb(h) - '{user_key,key}'::text[])::text FROM usage_hours h JOIN owner ON owner.key = user_key
        UNION ALL
        SELECT 'totals' || (to_jsonb(t) - '{user_key,key,event_xp,achievements,cost}'::text[])::text || trim_scale(cost)
        FROM usage_totals t JOIN owner ON owner.key = user_key
        UNION ALL
        SELECT 'source' || (to_jsonb(s) - '{user_key,key,cost}'::text[])::text || trim_scale(cost)
        FROM usage_sources s JOIN owner ON owner.key = user_key
        UNION ALL
        SELECT 'model' || (to_jsonb(m) - '{user_key,key,cost}'::text[])::text || trim_scale(cost)
        FROM usage_models m JOIN owner ON owner.key = user_key
        UNION ALL
        SELECT 'calendar' || (to_jsonb(c) - '{user_key,key}'::text[])::text
        FROM usage_calendars c JOIN owner ON owner.key = user_key
        UNION ALL
        SELECT 'project' || p.name || coalesce((to_jsonb(d) - '{user_key,project_key,cost}'::text[])::text || trim_scale(cost), '')
        FROM usage_projects p JOIN owner ON owner.key = p.user_key
        LEFT JOIN usage_project_days d ON d.user_key = p.user_key AND d.project_key = p.key
        UNION ALL
        SELECT 'machine' || name FROM machines JOIN owner ON owner.key = user_key
        ORDER BY 1";
    let rows = fixture.client().await.query(query, &[&user.to_string()]).await.expect("rows");
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rebuild_repairs_lifetime_sums_and_calendar() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.create_user("ada", None).await.id);
    usage.sync(ada, batch(messages(300))).await.expect("a sync");
    nothing_to_repair(&usage, ada).await;
    let right = rows_of(&fixture, ada).await;
    for damage in [
        "UPDATE usage_sources SET tokens = tokens + 1",
        "UPDATE usage_models SET days = days + datemultirange(daterange('2020-02-02', '2020-02-03'))",
        "UPDATE usage_calendars SET hours = hours # 1",
        "DELETE FROM usage_sources",
        "DELETE FROM usage_calendars",
        "INSERT INTO usage_models SELECT user_key, 999, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, '{}' FROM usage_models",
    ] {
        fixture.run(damage).await;
        let repair = usage.rebuild(ada).await.expect("a rebuild");
        assert!(repair.summaries && !repair.totals && repair.rollups == 0, "{damage}: {repair:?}");
        assert_eq!(rows_of(&fixture, ada).await, right, "{damage}");
        nothing_to_repair(&usage, ada).await;
    }
}

/// The lists of all time come from stored sums, those of a window from the roll-ups.
#[tokio::test(flavor = "multi_thread")]
async fn lifetime_lists_equal_lists_of_a_window_with_all_days() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.create_user("ada", None).await);
    for source in ["claude-code", "codex"] {
        let some = if source == "codex" { messages(40) } else { messages(300) };
        usage.sync(ada.id, SyncBatch { source: Source::trusted(source), ..batch(some) }).await.expect("a sync");
    }
    let lifetime = Window::lifetime(ada.id);
    let days = Window { from: lifetime.from.next_day().expect("a day"), ..lifetime };
    let reads = fixture.store.reads();
    let tools = reads.dashboard().tools(lifetime, Some(ada.id)).await.expect("tools");
    assert_eq!(tools, reads.dashboard().tools(days, Some(ada.id)).await.expect("tools"));
    let models = reads.dashboard().models(lifetime, Some(ada.id)).await.expect("models");
    assert_eq!(models, reads.dashboard().models(days, Some(ada.id)).await.expect("models"));
    assert!(tools.items.len() == 2 && tools.items[0].days_active > 1, "{tools:?}");
    let hidden = reads.dashboard().tools(lifetime, None).await.expect("tools");
    assert_eq!(hidden.items.len(), 2, "a public profile");
}

#[tokio::test(flavor = "multi_thread")]
async fn deletion_of_an_unknown_tool_makes_no_name() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.create_user("ada", None).await.id);
    usage.sync(ada, batch(messages(3))).await.expect("a sync");
    let before = fixture.everything().await;
    let selection = UsageSelection { source: Source::parse("nobody-uses-this"), ..UsageSelection::default() };
    assert_eq!(usage.forget(ada, &selection).await.expect("nothing"), 0);
    assert_eq!(fixture.everything().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_usage_keeps_achievements_and_lowers_xp() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.create_user("ada", None).await.id);
    let earned = usage.sync(ada, batch(messages(12_000))).await.expect("a sync").standing;
    usage.forget(ada, &UsageSelection::default()).await.expect("it is gone");
    let after = usage.sync(ada, batch(messages(1))).await.expect("a sync").standing;
    assert_eq!((after.tokens, after.streak.longest, after.achievements), (10, 1, earned.achievements));
    assert!(after.achievements > 0 && after.level.xp < earned.level.xp, "{after:?} {earned:?}");
}

/// A message of `model` without tokens.
fn empty(id: &str, model: &str) -> SentMessage {
    SentMessage { model: ModelName::trusted(model), input: 0, output: 0, ..sent(id) }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_without_tokens_are_stored_and_not_counted() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.create_user("ada", None).await);
    let laptop = |messages| SyncBatch { machine: MachineId::trusted("laptop"), ..batch(messages) };
    let nothing = vec![empty("a", "<synthetic>"), empty("b", "nobody-knows-me")];
    let report = usage.sync(ada.id, laptop(nothing.clone())).await.expect("a sync");
    assert_eq!(counts(&report), (2, 0, 0, 0));
    assert_eq!(report.unpriced_models, []);
    // What the account has for being an early one comes with whatever happens first.
    let is_for_usage = |unlock: &domain::achievements::Unlock| unlock.definition.metric != Metric::AccountNumber;
    assert!(!report.unlocks.iter().any(is_for_usage), "{:?}", report.unlocks);
    assert_eq!((report.new_rollups, report.standing.streak.longest), (0, 0));
    assert_eq!(counts(&usage.sync(ada.id, laptop(nothing)).await.expect("a sync")), (0, 0, 2, 0), "they are stored");
    nothing_to_repair(&usage, ada.id).await;

    let look = ViewedProfile::own(ada.clone());
    let (dashboard, all) = (fixture.dashboard(), domain::days::Period::All);
    let overview = dashboard.overview(&look).await.expect("an overview");
    assert_eq!((overview.models, overview.sources, overview.active_days), (0, 0, 0));
    assert_eq!(dashboard.models(&look, all).await.expect("models").total, 0);
    assert_eq!(dashboard.tools(&look, all).await.expect("tools").total, 0);

    // The first message with tokens, from another machine, is the first sync.
    let first = usage.sync(ada.id, batch(vec![sent("c")])).await.expect("a sync");
    let slugs: Vec<_> = first.unlocks.iter().map(|unlock| unlock.definition.slug).collect();
    assert!(slugs.contains(&"first-sync") && !slugs.contains(&"second-machine"), "{slugs:?}");
    // A copy with tokens takes the place of one without.
    let grown = usage.sync(ada.id, laptop(vec![sent("a")])).await.expect("a sync");
    assert_eq!((counts(&grown), grown.standing.tokens), ((0, 1, 0, 0), 40));
    assert!(grown.unlocks.iter().any(|unlock| unlock.definition.slug == "second-machine"));
    nothing_to_repair(&usage, ada.id).await;

    // Their machine stays as long as they name it.
    let other_tool = SyncBatch { source: Source::trusted("codex"), ..laptop(vec![empty("d", "<synthetic>")]) };
    usage.sync(ada.id, other_tool).await.expect("a sync");
    let claude = UsageSelection { source: Source::parse("claude-code"), ..UsageSelection::default() };
    assert_eq!(usage.forget(ada.id, &claude).await.expect("it is gone"), 3);
    nothing_to_repair(&usage, ada.id).await;
    assert_eq!(usage.forget(ada.id, &UsageSelection::default()).await.expect("it is gone"), 1);
    assert!(rows_of(&fixture, ada.id).await.iter().all(|row| row.starts_with("totals")));
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_without_tokens_of_an_older_release_are_corrected_by_the_upgrade() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.create_user("ada", None).await.id);
    usage
        .sync(ada, batch(vec![sent("a"), empty("b", "claude-sonnet-4-5"), empty("c", "<synthetic>")]))
        .await
        .expect("a sync");
    // What the older release counted: one more message in the row of a model that was used, and a row of nothing else.
    let upgrade = include_str!("../../../../migrations/2026-11-29-000013_messages_without_tokens/up.sql");
    let upgrade: String = upgrade.split("-- Whether a machine").next().expect("its beginning").to_owned();
    fixture
        .run(&format!(
            "UPDATE usage_messages SET cost = NULL WHERE output = 0;
             UPDATE usage_rollups SET messages = 2, unpriced_messages = 1;
             INSERT INTO usage_rollups
             SELECT user_key, day, source_key, (SELECT key FROM models WHERE name = '<synthetic>'), machine_key,
                 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0
             FROM usage_rollups;
             UPDATE usage_days SET messages = 3, unpriced_messages = 2;
             UPDATE usage_hours SET messages = 3;
             UPDATE usage_totals SET messages = 3, unpriced_messages = 2;
             {upgrade}"
        ))
        .await;
    let models: i64 =
        fixture.client().await.query_one("SELECT count(*) FROM usage_rollups", &[]).await.expect("a row").get(0);
    assert_eq!(models, 1, "the row of nothing is gone at once");
    usage.sync(ada, batch(vec![sent("d")])).await.expect("a sync");
    nothing_to_repair(&usage, ada).await;
    usage.forget(ada, &UsageSelection::default()).await.expect("it is gone");
    assert!(rows_of(&fixture, ada).await.iter().all(|row| row.starts_with("totals")));
}
