//! Whole accounts on PostgreSQL: read as they are at one moment, and taken in once.

use std::collections::BTreeMap;

use domain::achievements::Tier;
use domain::achievements::ports::ProgressEvent;
use domain::ids::{AchievementId, ActivityId, NotificationId};
use domain::notifications::{Channels, NotificationKind};
use domain::payload::StoredData;
use domain::portability::ports::{ExportReader, ExportSnapshot, SnapshotOpened};
use domain::portability::{
    ExportPart, Exports, Machine, PastActivity, PastEvent, PastNotification, PastUnlock, PortabilityError,
};
use domain::progression::EventXp;
use domain::social::ports::FeedReader;
use domain::store::Store;
use domain::testing::variant;
use domain::usage::testing::{batch, sent};
use domain::usage::{MachineId, SentMessage};
use domain::users::User;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::common::{Fixture, NOW, fixture};

/// Begins to read `user`.
async fn open(fixture: &Fixture, user: &User) -> Option<Box<dyn ExportSnapshot>> {
    match fixture.store.open(user.id, NOW).await.expect("an answer") {
        SnapshotOpened::Begun(snapshot) => Some(snapshot),
        SnapshotOpened::UnderWay => None,
    }
}

async fn begun(fixture: &Fixture, user: &User) -> Box<dyn ExportSnapshot> {
    open(fixture, user).await.expect("no other export")
}

/// How many things there are of each kind, and how many of each are a part.
async fn counts(mut snapshot: Box<dyn ExportSnapshot>) -> BTreeMap<&'static str, Vec<usize>> {
    let mut counts = BTreeMap::<_, Vec<usize>>::new();
    while let Some(part) = snapshot.next().await.expect("a part") {
        let (kind, count) = match part {
            ExportPart::Account(_) => ("account", 1),
            ExportPart::ExternalAccounts(all) => ("external accounts", all.len()),
            ExportPart::ApiTokens(all) => ("tokens", all.len()),
            ExportPart::Sessions(all) => ("sessions", all.len()),
            ExportPart::Preferences(all) => ("preferences", all.len()),
            ExportPart::Code(_) => ("code", 1),
            ExportPart::Referrals(all) => ("referrals", all.len()),
            ExportPart::Projects(all) => ("projects", all.len()),
            ExportPart::Machines(all) => ("machines", all.len()),
            ExportPart::Handovers(all) => ("handovers", all.len()),
            ExportPart::Messages(all) => ("messages", all.len()),
            ExportPart::Follows(all) => ("follows", all.len()),
            ExportPart::Followers(all) => ("followers", all.len()),
            ExportPart::Events(all) => ("events", all.len()),
            ExportPart::Unlocks(all) => ("unlocks", all.len()),
            ExportPart::Activities(all) => ("activities", all.len()),
            ExportPart::Notifications(all) => ("notifications", all.len()),
        };
        counts.entry(kind).or_default().push(count);
    }
    counts
}

/// Stores `count` messages of `user`, called after `prefix`.
async fn sync(fixture: &Fixture, user: &User, prefix: &str, count: usize) {
    let messages = (0..count).map(|n| SentMessage { input: 100, ..sent(&format!("{prefix}{n}")) }).collect();
    fixture.usage().sync(user.id, batch(messages)).await.expect("a sync");
}

#[tokio::test(flavor = "multi_thread")]
async fn export_reads_all_rows_of_one_account_in_pages() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_user("ada", None).await, fixture.create_user("bob", None).await);
    let (eve, shy) = (fixture.create_user("eve", None).await, fixture.create_private_user("shy").await);
    for (who, whom) in [(&ada, &bob), (&eve, &ada), (&ada, &shy), (&bob, &eve)] {
        fixture.social().follow(who.id, &whom.username).await.expect("a follow or a request");
    }
    for user in [&ada, &bob] {
        sync(&fixture, user, "m", 4_000).await;
        let messages = vec![sent("only one")];
        let elsewhere = domain::usage::SyncBatch {
            machine: MachineId::parse("another").expect("a name"),
            source: domain::usage::Source::parse("codex").expect("a name"),
            ..batch(messages)
        };
        fixture.usage().sync(user.id, elsewhere).await.expect("a sync");
    }
    fixture
        .run(
            "INSERT INTO activities (id, user_id, kind, data, created_at)
             SELECT gen_random_uuid(), id, 'level_up', '{}', timestamptz '2026-01-01' + n / 3 * interval '1 s'
             FROM users, generate_series(1, 4100) AS n;
             INSERT INTO notifications (id, user_id, kind, title, message, data, dedup_key, created_at)
             SELECT gen_random_uuid(), id, 'level_up', '', '', '{}', 'test:' || n, timestamptz '2026-01-01'
             FROM users, generate_series(1, 2000) AS n;
             INSERT INTO notification_preferences SELECT id, 'level_up', true, false FROM users;
             INSERT INTO external_accounts SELECT 'github', username, id, username, now(), now() FROM users;
             INSERT INTO api_tokens (id, user_id, token_hash, name, may_sync, may_read, created_at)
             SELECT gen_random_uuid(), id, sha256(convert_to(username, 'UTF8')), '', true, false, now() FROM users;
             INSERT INTO sessions (id, user_id, token_hash, created_at, expires_at, last_used_at)
             SELECT gen_random_uuid(), id, sha256(convert_to(username || n, 'UTF8')), now(),
                    timestamptz '2026-11-22 12:00Z' + (n - 1) * interval '1 h', now()
             FROM users, generate_series(1, 2) AS n;
             INSERT INTO profile_projects (id, user_id, title, url, is_featured, created_at, updated_at)
             SELECT gen_random_uuid(), id, 'burntop', 'https://example.org', true, now(), now()
             FROM users, generate_series(1, 3);
             INSERT INTO handovers SELECT now(), machines.key, sources.key FROM machines, sources;
             INSERT INTO referral_codes SELECT id, upper(substr(md5(username), 1, 8)), now() FROM users;
             INSERT INTO referrals SELECT ada.id, bob.id, now(), now() FROM users AS ada, users AS bob
             WHERE (ada.username, bob.username) IN (('ada', 'bob'), ('eve', 'ada'), ('shy', 'ada'));",
        )
        .await;
    let client = fixture.client().await;
    let stored = async |table: &str| {
        let query = format!("SELECT count(*) FROM {table} WHERE user_id = '{}'", ada.id);
        usize::try_from(client.query_one(&query, &[]).await.expect("a count").get::<_, i64>(0)).expect("a count")
    };

    let found = counts(begun(&fixture, &ada).await).await;
    let of = |kind: &str| found.get(kind).cloned().unwrap_or_default();
    for (kind, pages) in [
        ("account", &[1][..]),
        ("external accounts", &[1]),
        ("tokens", &[1]),
        // One of the two has ended.
        ("sessions", &[1]),
        ("preferences", &[1]),
        ("code", &[1]),
        ("referrals", &[1, 2]),
        ("projects", &[3]),
        ("machines", &[2]),
        // Of each machine and tool.
        ("handovers", &[4]),
        ("messages", &[2_000, 2_000, 1]),
        ("follows", &[1, 1]),
        ("followers", &[1]),
    ] {
        assert_eq!(of(kind), pages, "{kind}");
    }
    for (kind, table) in [
        ("events", "progress_events"),
        ("unlocks", "unlocked_achievements"),
        ("activities", "activities"),
        ("notifications", "notifications"),
    ] {
        assert_eq!(of(kind).iter().sum::<usize>(), stored(table).await, "{kind}");
    }
    assert!(of("activities").len() == 3 && of("notifications").len() == 2, "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn export_does_not_see_later_changes() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    sync(&fixture, &ada, "before", 2_100).await;
    let before = counts(begun(&fixture, &ada).await).await;
    let mut snapshot = begun(&fixture, &ada).await;
    assert!(matches!(snapshot.next().await.expect("a part"), Some(ExportPart::Account(_))));

    sync(&fixture, &ada, "after", 300).await;
    fixture.happens(&ada, 5).await;
    let left = fixture.users_at(NOW).leave(ada.id).await;
    left.expect("an export blocks no deletion");
    let mut seen = counts(snapshot).await;
    seen.insert("account", vec![1]);
    assert_eq!(seen, before);
    assert_eq!(counts(begun(&fixture, &ada).await).await, BTreeMap::new(), "a deleted account is unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn export_runs_once_per_account_and_releases_its_connection() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_user("ada", None).await, fixture.create_user("bob", None).await);
    let exports = Exports::new(fixture.deps());
    let first = exports.begin(ada.id).await.expect("an export");
    let error = exports.begin(ada.id).await.err().expect("a refusal");
    assert!(matches!(error, PortabilityError::UnderWay), "{error}");
    exports.begin(bob.id).await.expect("another account is not in the way");
    fixture.sync(&ada, &["m1"]).await;
    drop(first);

    // Many more than there are connections, each given up at another place.
    for round in 0..60 {
        let mut export = loop {
            match exports.begin(ada.id).await {
                Ok(export) => break export,
                // The one before is being rolled back.
                Err(error) => assert_eq!(variant(&error), "UnderWay"),
            }
            tokio::task::yield_now().await;
        };
        for _ in 0..round % 4 {
            export.next().await.expect("a part");
        }
    }
    let client = fixture.client().await;
    let begun = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'";
    while client.query_one(begun, &[]).await.expect("a count").get::<_, i64>(0) > 0 {
        tokio::task::yield_now().await;
    }
    let locks = client.query_one("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())", &[]);
    assert_eq!(locks.await.expect("a count").get::<_, i64>(0), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn export_writes_nothing() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    sync(&fixture, &ada, "m", 10).await;
    let before = fixture.everything().await;
    counts(begun(&fixture, &ada).await).await;
    assert_eq!(fixture.everything().await, before);
}

fn happened(seconds: i64, data: &str) -> (ActivityId, PastActivity) {
    let at = NOW + Duration::seconds(seconds);
    (ActivityId(Uuid::now_v7()), PastActivity { kind: "level_up".into(), data: StoredData(data.into()), at })
}

#[tokio::test(flavor = "multi_thread")]
async fn import_stores_past_activities_once_and_counts_them() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_user("ada", None).await, fixture.create_user("bob", None).await);
    fixture.follow(&bob, &ada).await;
    let activity = fixture.happens(&ada, 0).await;
    let mark = fixture.store.mark(activity).await.expect("a mark").expect("it is there");
    let before = fixture.store.missed(bob.id, mark, None, 100).await.expect("missed");

    for expected in [3, 0] {
        let past = [
            happened(-30, r#"{"level": 1}"#),
            happened(-30, r#"{"level":1}"#),
            happened(-20, r#"{"level": 1}"#),
            happened(-20, r#"{"level": 2}"#),
        ];
        let mut tx = fixture.store.begin().await.expect("a transaction");
        assert_eq!(tx.imports().keep_activities(ada.id, &past).await.expect("they are kept"), expected);
        tx.commit().await.expect("a commit");
    }
    let after = fixture.store.missed(bob.id, mark, None, 100).await.expect("missed");
    assert_eq!(after.activities.len(), before.activities.len(), "it is not sent as news");
    let mut tx = fixture.store.begin().await.expect("a transaction");
    assert!(!tx.follows().recount(ada.id).await.expect("counts"), "it is counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn import_never_lowers_stored_unlocks() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    let (stream, other) = (AchievementId(Uuid::from_u128(1)), AchievementId(Uuid::from_u128(2)));
    let unlock = |id, tier, days: i64, pinned: Option<i64>| PastUnlock {
        id,
        tier: Tier::of(tier),
        at: NOW + Duration::days(days),
        pinned_at: pinned.map(|days| NOW + Duration::days(days)),
    };
    let machine = |name: &str, hours: i64| Machine {
        id: MachineId::parse(name).expect("a name"),
        last_synced_at: NOW + Duration::hours(hours),
    };
    let past_notification = |key: &str, title: &str, read_at: Option<OffsetDateTime>| {
        let past = PastNotification {
            kind: "level_up".into(),
            title: title.into(),
            message: String::new(),
            data: StoredData("{}".into()),
            dedup_key: key.into(),
            created_at: NOW,
            read_at,
        };
        (NotificationId(Uuid::now_v7()), past)
    };
    let wanted = |in_app| [(NotificationKind::LevelUp, Channels { in_app, email: true })];
    let mut tx = fixture.store.begin().await.expect("a transaction");
    let imports = tx.imports();
    imports.keep_preferences(ada.id, &wanted(false)).await.expect("it is kept");
    imports.keep_preferences(ada.id, &wanted(true)).await.expect("it is kept");
    imports.upsert_machines(ada.id, &[machine("a", 1), machine("a", 2), machine("b", 5)]).await.expect("they are kept");
    imports.upsert_machines(ada.id, &[machine("a", 3), machine("b", 4)]).await.expect("they are kept");
    imports.keep_unlocks(ada.id, &[unlock(stream, 2, 0, Some(1)), unlock(other, 0, 0, None)]).await.expect("kept");
    imports.keep_unlocks(ada.id, &[unlock(stream, 1, -1, Some(0)), unlock(other, 0, 1, Some(2))]).await.expect("kept");
    let event = ProgressEvent { reason: "level:2".into(), xp: EventXp(7) };
    imports.keep_events(ada.id, &[PastEvent { event, at: NOW }]).await.expect("it is kept");
    for (expected, past_notification) in [
        (2, [past_notification("1", "first", Some(NOW)), past_notification("2", "first", None)]),
        (1, [past_notification("2", "then", None), past_notification("3", "then", None)]),
    ] {
        assert_eq!(imports.keep_notifications(ada.id, &past_notification).await.expect("they are kept"), expected);
    }
    tx.commit().await.expect("a commit");

    let client = fixture.client().await;
    let rows = async |query: &str| -> Vec<String> {
        client.query(query, &[]).await.expect("rows").iter().map(|row| row.get(0)).collect()
    };
    let since = "extract(epoch FROM {} - timestamptz '2026-11-22 12:00Z')::integer / 3600";
    let hours = |column: &str| since.replace("{}", column);
    assert_eq!(
        rows("SELECT in_app::text FROM notification_preferences").await,
        ["false"],
        "the preference stored here"
    );
    let machines = format!("SELECT name || ' ' || {} FROM machines ORDER BY name", hours("last_synced_at"));
    assert_eq!(rows(&machines).await, ["a 3", "b 5"]);
    let unlocks = format!(
        "SELECT concat_ws(' ', tier, {}, {}) FROM unlocked_achievements ORDER BY achievement_id",
        hours("unlocked_at"),
        hours("pinned_at")
    );
    assert_eq!(rows(&unlocks).await, ["2 -24 24", "0 48"]);
    let notifications =
        "SELECT dedup_key || ' ' || title || ' ' || (read_at IS NOT NULL) FROM notifications ORDER BY dedup_key";
    assert_eq!(rows(notifications).await, ["1 first true", "2 first false", "3 then false"]);
    assert_eq!(rows("SELECT reason || ' ' || xp FROM progress_events").await, ["level:2 7"]);
}
