//! The projects of messages: stored once, summed by day, bounded, and read by their owner alone.

use std::collections::{BTreeMap, BTreeSet};

use domain::days::{Period, Zone};
use domain::usage::room::MOST_PROJECT_NAMES;
use domain::usage::testing::{NOW, batch, sent};
use domain::usage::{ProjectName, SentMessage, SyncBatch, SyncReport, UsageSelection};
use time::Duration;
use time::macros::date;

use crate::common::{Fixture, fixture};
use crate::ledger::{counts, nothing_to_repair, rows_of};

fn of_project(project: &str, message: SentMessage) -> SentMessage {
    SentMessage { project: Some(ProjectName::trusted(project)), ..message }
}

/// `count` messages over several days; those of every third have no project if `named`, and none has otherwise.
fn history(count: usize, named: bool) -> Vec<SentMessage> {
    let message = |n: usize| {
        let hours = Duration::hours(i64::try_from(n).unwrap_or_default() * 5);
        let message = SentMessage { at: NOW - hours, input: n as u64, ..sent(&format!("m{n}")) };
        match n % 3 {
            1 if named => of_project("shop", message),
            2 if named => of_project("#0d5c", message),
            _ => message,
        }
    };
    (0..count).map(message).collect()
}

fn warned(report: &SyncReport) -> Vec<(&str, &str)> {
    report.warnings.iter().map(|warning| (warning.code, warning.field.as_str())).collect()
}

impl Fixture {
    async fn project_keys(&self) -> BTreeMap<String, i16> {
        let rows = self.client().await.query("SELECT name, key FROM usage_projects", &[]).await.expect("projects");
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sync_with_projects_later_adds_them_in_every_order() {
    let fixture = fixture();
    let usage = fixture.usage();
    let (named, unnamed) = (|| batch(history(60, true)), || batch(history(60, false)));
    let mut expected = None;
    for (name, syncs) in [
        ("once", vec![(named(), (60, 0, 0, 0))]),
        ("later", vec![(unnamed(), (60, 0, 0, 0)), (named(), (0, 40, 20, 0)), (named(), (0, 0, 60, 0))]),
        ("no_longer", vec![(named(), (60, 0, 0, 0)), (unnamed(), (0, 0, 60, 0))]),
        ("in_one", vec![(batch([history(60, false), history(60, true)].concat()), (60, 0, 60, 0))]),
    ] {
        let user = fixture.create_user(name, Some("Asia/Tokyo")).await.id;
        for (sync, expected) in syncs {
            let report = usage.sync(user, sync).await.expect("a sync");
            assert_eq!((counts(&report), warned(&report)), (expected, vec![]), "{name}");
            nothing_to_repair(&usage, user).await;
        }
        let rows = rows_of(&fixture, user).await;
        assert_eq!(expected.get_or_insert_with(|| rows.clone()), &rows, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sync_that_only_names_projects_leaves_other_rows() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.create_user("ada", Some("UTC")).await.id);
    let first = usage.sync(ada, batch(history(60, false))).await.expect("a sync");
    let rows = |projects: bool| {
        let rows = rows_of(&fixture, ada);
        async move {
            let rows = rows.await.into_iter();
            rows.filter(|row| row.starts_with("project") == projects && !row.starts_with("message")).collect::<Vec<_>>()
        }
    };
    let before = rows(false).await;
    let second = usage.sync(ada, batch(history(60, true))).await.expect("a sync");
    assert_eq!(second.standing, first.standing);
    assert_eq!((second.new_rollups, second.updated_rollups), (0, 0));
    assert_eq!(rows(false).await, before);
    assert!(!rows(true).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn superseding_copy_moves_its_message_to_another_project_or_none() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.create_user("ada", Some("UTC")).await.id);
    let names = || async {
        let list = fixture.dashboard().projects(&fixture.own(ada).await.user, Period::All).await.expect("projects");
        list.items.iter().map(|usage| (usage.project.to_string(), usage.tokens)).collect::<Vec<_>>()
    };
    let copy = |output, message: SentMessage| batch(vec![SentMessage { output, ..message }]);
    for (name, sync, expected) in [
        ("first", copy(10, of_project("shop", sent("m"))), vec![("shop".to_owned(), 20)]),
        ("another name", copy(10, of_project("blog", sent("m"))), vec![("blog".to_owned(), 20)]),
        ("a larger name", copy(10, of_project("zoo", sent("m"))), vec![("blog".to_owned(), 20)]),
        ("a larger copy", copy(11, of_project("zoo", sent("m"))), vec![("zoo".to_owned(), 21)]),
        ("a larger copy without", copy(12, sent("m")), vec![]),
    ] {
        usage.sync(ada, sync).await.expect("a sync");
        assert_eq!(names().await, expected, "{name}");
        nothing_to_repair(&usage, ada).await;
    }
    let days = "SELECT count(*) FROM usage_project_days";
    assert_eq!(fixture.client().await.query_one(days, &[]).await.expect("a row").get::<_, i64>(0), 0, "no empty day");
}

#[tokio::test(flavor = "multi_thread")]
async fn dry_run_with_projects_stores_nothing() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.create_user("ada", Some("UTC")).await.id);
    let dry = usage.sync(ada, SyncBatch { dry_run: true, ..batch(history(9, true)) }).await.expect("a dry run");
    assert_eq!(fixture.project_keys().await, BTreeMap::new());
    assert_eq!(usage.sync(ada, batch(history(9, true))).await.expect("a sync"), dry);
}

#[tokio::test(flavor = "multi_thread")]
async fn days_of_projects_follow_the_zone() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.create_user("ada", None).await.id);
    let evening = SentMessage { at: NOW - Duration::hours(14), ..sent("late on the 21st in UTC") };
    usage.sync(ada, batch(vec![of_project("shop", evening)])).await.expect("a sync");
    usage.sync(ada, SyncBatch { zone: Zone::parse("Asia/Tokyo"), ..batch(vec![sent("b")]) }).await.expect("a sync");
    let list = fixture.dashboard().projects(&fixture.own(ada).await.user, Period::All).await.expect("projects");
    assert_eq!((list.items[0].first_used, list.items[0].days_active), (date!(2026 - 11 - 22), 1));
    nothing_to_repair(&usage, ada).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn projects_are_listed_by_cost_with_the_tokens_of_the_period() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.create_user("ada", Some("UTC")).await);
    let eve = fixture.create_user("eve", Some("UTC")).await;
    // Per project: the days before today, and the output of a message on each.
    let used: [(Option<&str>, &[i64], u64); 4] = [
        (Some("shop"), &[0, 1, 40], 1_000),
        (Some("blog"), &[0, 3], 5_000),
        (Some("past"), &[90], 9_000),
        (None, &[0, 2, 8], 300),
    ];
    let message = |project: Option<&str>, day: i64, output| SentMessage {
        at: NOW - Duration::days(day),
        project: project.map(ProjectName::trusted),
        input: 0,
        output,
        ..sent(&format!("{project:?} {day}"))
    };
    let all = used.iter().flat_map(|(project, days, output)| days.iter().map(|day| message(*project, *day, *output)));
    usage.sync(ada.id, batch(all.collect())).await.expect("a sync");
    usage.sync(eve.id, batch(vec![of_project("secret", sent("m"))])).await.expect("a sync");

    let owner = fixture.own(ada.id).await.user;
    for (period, days, expected) in [
        (Period::Week, 7, vec![("blog", 10_000, 2), ("shop", 2_000, 2)]),
        (Period::Month, 30, vec![("blog", 10_000, 2), ("shop", 2_000, 2)]),
        (Period::All, 1_000, vec![("blog", 10_000, 2), ("past", 9_000, 1), ("shop", 3_000, 3)]),
    ] {
        let list = fixture.dashboard().projects(&owner, period).await.expect("projects");
        let found: Vec<_> = list.items.iter().map(|row| (row.project.as_str(), row.tokens, row.days_active)).collect();
        assert_eq!((found, list.total as usize), (expected.clone(), expected.len()), "{period:?}");
        let tokens: u64 =
            used.iter().map(|(_, used, output)| used.iter().filter(|day| **day < days).count() as u64 * output).sum();
        assert_eq!(list.tokens.unsigned_abs(), tokens, "{period:?}: usage without a project counts");
        // 15 USD for a million tokens of output.
        let cost = |row: &domain::dashboard::ProjectUsage| row.cost.atto() / 15_000_000_000_000;
        assert!(list.items.iter().all(|row| cost(row) == i128::from(row.tokens)), "{list:?}");
    }
    let all = fixture.dashboard().projects(&owner, Period::All).await.expect("projects");
    let today = NOW.date();
    let range = (all.items[2].first_used, all.items[2].last_used);
    assert_eq!(range, (today - Duration::days(40), today));
}

#[tokio::test(flavor = "multi_thread")]
async fn projects_of_an_account_are_limited_and_their_keys_are_given_again() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.create_user("ada", Some("UTC")).await.id);
    let of = |range: std::ops::Range<usize>| {
        batch(range.map(|n| of_project(&format!("p{n}"), sent(&format!("m{n}")))).collect())
    };
    let most = MOST_PROJECT_NAMES;
    let first = usage.sync(ada, of(0..most - 2)).await.expect("a sync");
    assert_eq!((counts(&first), warned(&first)), ((most - 2, 0, 0, 0), vec![]));
    // In the order of the request: two more fit, and what the account has always fits.
    let last = usage.sync(ada, of(most - 4..most + 3)).await.expect("a sync");
    assert_eq!((counts(&last), warned(&last)), ((5, 0, 2, 0), vec![("too_many_projects", "messages[4].project")]));
    assert_eq!(
        last.warnings[0].message,
        "The project of 3 messages was ignored: an account has at most 1,000 projects."
    );
    nothing_to_repair(&usage, ada).await;
    let keys = fixture.project_keys().await;
    assert!(keys.contains_key(&format!("p{}", most - 1)) && !keys.contains_key(&format!("p{most}")));
    let every: BTreeSet<i16> = keys.values().copied().collect();
    assert_eq!((every.len(), every.first(), every.last()), (most, Some(&1), Some(&1_000)));
    // Another account is not concerned.
    let bob = fixture.create_user("bob", Some("UTC")).await.id;
    assert_eq!(warned(&usage.sync(bob, of(0..3)).await.expect("a sync")), []);

    usage.forget(ada, &UsageSelection::default()).await.expect("it is gone");
    assert_eq!(fixture.project_keys().await.len(), 3, "those of the other account");
    let again = usage.sync(ada, of(most..most + 2)).await.expect("a sync");
    assert_eq!((counts(&again), warned(&again)), ((2, 0, 0, 0), vec![]));
    assert_eq!(fixture.project_keys().await.get(&format!("p{most}")), Some(&1));
    nothing_to_repair(&usage, ada).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn project_of_a_message_without_tokens_is_kept_and_counts_nothing() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.create_user("ada", Some("UTC")).await.id);
    let empty = SentMessage { input: 0, output: 0, ..sent("empty") };
    let day_ago = SentMessage { at: NOW - Duration::DAY, ..sent("m") };
    usage.sync(ada, batch(vec![of_project("idle", empty), of_project("shop", day_ago)])).await.expect("a sync");
    let user = fixture.own(ada).await.user;
    let list = fixture.dashboard().projects(&user, Period::All).await.expect("projects");
    assert_eq!(list.items.iter().map(|row| row.project.as_str()).collect::<Vec<_>>(), ["shop"]);
    let yesterday = UsageSelection { to: (NOW - Duration::DAY).date().into(), ..UsageSelection::default() };
    usage.forget(ada, &yesterday).await.expect("it is gone");
    assert_eq!(fixture.project_keys().await.into_keys().collect::<Vec<_>>(), ["idle"]);
    nothing_to_repair(&usage, ada).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rebuild_repairs_days_of_projects() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.create_user("ada", Some("UTC")).await.id);
    usage.sync(ada, batch(history(60, true))).await.expect("a sync");
    let right = rows_of(&fixture, ada).await;
    for damage in [
        "UPDATE usage_project_days SET cost = cost + 1 WHERE day = (SELECT max(day) FROM usage_project_days)",
        "DELETE FROM usage_project_days WHERE tokens > 50",
        "INSERT INTO usage_project_days SELECT user_key, '2020-02-02', project_key, 1, 7, 0 FROM usage_project_days LIMIT 1",
        "DELETE FROM usage_project_days",
    ] {
        fixture.run(damage).await;
        let repair = usage.rebuild(ada).await.expect("a rebuild");
        assert!(
            repair.projects > 0 && repair.rollups == 0 && !repair.totals && !repair.summaries,
            "{damage}: {repair:?}"
        );
        assert_eq!(rows_of(&fixture, ada).await, right, "{damage}");
        nothing_to_repair(&usage, ada).await;
    }
}

// On one thread no answer arrives before all statements of a round trip have begun.
#[tokio::test]
async fn sync_without_projects_runs_no_statement_about_them() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.create_user("ada", Some("UTC")).await.id);
    let count = fixture.store.queries();
    let sync = |range: std::ops::Range<usize>, project: Option<&str>| {
        let message = |n: usize| SentMessage { project: project.map(ProjectName::trusted), ..sent(&n.to_string()) };
        batch(range.map(message).collect())
    };
    // So that all statements are prepared.
    usage.sync(ada, sync(0..90, None)).await.expect("a sync");
    usage.sync(ada, sync(90..95, Some("shop"))).await.expect("a sync");
    usage.sync(ada, sync(95..100, None)).await.expect("a sync");
    let mut cost = Vec::new();
    for project in [None, Some("shop"), Some("new")] {
        let (trips, statements) = (count.round_trips(), count.statements());
        let start = 100 + 10 * cost.len();
        let report = usage.sync(ada, sync(start..start + 10, project)).await.expect("a sync");
        assert!(counts(&report) == (10, 0, 0, 0) && report.unlocks.is_empty(), "{report:?}");
        cost.push((count.round_trips() - trips, count.statements() - statements));
    }
    let without = cost[0].1;
    // The keys with the lock, the days with the write.
    assert_eq!(cost, [(2, without), (2, without + 2), (2, without + 2)]);
}
