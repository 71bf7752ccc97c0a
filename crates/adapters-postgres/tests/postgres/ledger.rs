//! The ledger on PostgreSQL: counted once, derived rows in step, few round trips.

use crate::common::fixture;
use domain::days::Zone;
use domain::ids::UserId;
use domain::usage::testing::{NOW, batch, sent};
use domain::usage::{Batch, MachineId, ModelName, Provider, SentMessage, Source, SyncReport, Usage};
use time::Duration;

fn messages(count: usize) -> Vec<SentMessage> {
    let days = |n: usize| Duration::minutes(i64::try_from(n % 50_000).unwrap_or_default() * 7);
    (0..count).map(|n| SentMessage { at: NOW - days(n), input: n as u64, ..sent(&format!("message {n}")) }).collect()
}

fn counts(report: &SyncReport) -> (usize, usize, usize, usize) {
    (report.new, report.updated, report.duplicates, report.rejected)
}

async fn nothing_to_repair(usage: &Usage, user: UserId) {
    let repair = usage.rebuild(user).await.expect("a rebuild");
    assert!(repair.is_clean(), "{repair:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_messages_again_add_nothing() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.person("ada", None).await.id);
    let first = usage.sync(ada, batch(messages(12_000))).await.expect("a sync");
    assert_eq!(counts(&first), (12_000, 0, 0, 0));
    let again = usage.sync(ada, batch(messages(12_000))).await.expect("a sync");
    assert_eq!(counts(&again), (0, 0, 12_000, 0));
    assert_eq!(again.standing, first.standing);
    assert_eq!((again.new_rollups, again.updated_rollups), (0, 0));
    nothing_to_repair(&usage, ada).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_winning_copy_moves_its_message_to_another_day_model_and_machine() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.person("ada", Some("Asia/Tokyo")).await.id);
    let old = SentMessage { at: NOW - Duration::days(3), ..sent("m") };
    usage.sync(ada, batch(vec![old, sent("other")])).await.expect("a sync");
    let grown = SentMessage {
        output: 99,
        model: ModelName::trusted("gpt-5-mini"),
        provider: Some(Provider::trusted("openai")),
        ..sent("m")
    };
    let laptop = Batch { machine: MachineId::trusted("laptop"), ..batch(vec![grown]) };
    let report = usage.sync(ada, laptop).await.expect("a sync");
    assert_eq!(counts(&report), (0, 1, 0, 0));
    // One row for the new day and model, one that goes away.
    assert_eq!((report.new_rollups, report.updated_rollups), (1, 1));
    assert_eq!((report.standing.tokens, report.standing.streak.longest), (109 + 20, 1));
    nothing_to_repair(&usage, ada).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_answers_the_same_and_keeps_nothing() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.person("ada", None).await.id);
    let named = || Batch {
        source: Source::trusted("a new tool"),
        zone: Zone::parse("Asia/Tokyo"),
        ..batch(vec![SentMessage { model: ModelName::trusted("a-new-model"), ..sent("m") }])
    };
    let dry = usage.sync(ada, Batch { dry_run: true, ..named() }).await.expect("a dry run");
    let real = usage.sync(ada, named()).await.expect("a sync");
    assert_eq!(dry, real);
    assert_eq!(counts(&real), (1, 0, 0, 0));
    assert_eq!(real.unpriced_models, [ModelName::trusted("a-new-model")]);
    nothing_to_repair(&usage, ada).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_sync_that_names_a_zone_counts_the_history_in_it() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.person("ada", None).await.id);
    let evening = SentMessage { at: NOW - Duration::hours(14), ..sent("late on the 21st in UTC") };
    usage.sync(ada, batch(vec![evening, sent("b")])).await.expect("a sync");
    let tokyo = Batch { zone: Zone::parse("Asia/Tokyo"), ..batch(vec![sent("c")]) };
    // In Tokyo the 21st at 22:00 UTC is the 22nd: two days become one.
    let report = usage.sync(ada, tokyo).await.expect("a sync");
    assert_eq!(report.standing.streak.longest, 1);
    nothing_to_repair(&usage, ada).await;
    let berlin = Batch { zone: Zone::parse("Europe/Berlin"), ..batch(vec![sent("d")]) };
    assert_eq!(usage.sync(ada, berlin).await.expect("a sync").standing.streak.longest, 1, "the zone is set by now");
    nothing_to_repair(&usage, ada).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_repaired_and_said() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.person("ada", None).await.id);
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

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_takes_few_round_trips_whatever_its_size() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.person("ada", None).await.id);
    let count = fixture.store.queries();
    let mut trips = Vec::new();
    // The first one meets every name for the first time; the last one replaces every message.
    for (size, output) in [(1, 10), (10, 10), (5_000, 10), (5_000, 10), (5_000, 11)] {
        let before = count.round_trips();
        let sent = messages(size).into_iter().map(|message| SentMessage { output, ..message }).collect();
        let report = usage.sync(ada, batch(sent)).await.expect("a sync");
        trips.push((count.round_trips() - before, !report.unlocks.is_empty()));
    }
    assert!(trips[0].1 && !trips[4].1, "one unlocks something, one does not: {trips:?}");
    assert!(trips.iter().all(|(trips, unlocks)| *trips <= if *unlocks { 12 } else { 8 }), "{trips:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn amounts_at_the_edge_of_what_is_kept_survive() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.person("ada", None).await.id);
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
