//! Notifications: ordered, private to their owner, stored once and marked once.

use std::sync::Arc;

use domain::achievements::ports::ProgressChanges;
use domain::ids::{NotificationId, UserId};
use domain::notifications::ports::NotificationReader;
use domain::notifications::{
    Channels, Forgotten, Notification, NotificationContent, NotificationKind, NotificationPage, NotificationQuery,
    NotificationSelection, Notifications, Preferences, PreferencesChange, RetentionCutoffs, RetentionPeriods,
};
use domain::store::Store;
use domain::users::User;
use time::{Duration, OffsetDateTime};
use tokio::task::JoinSet;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::common::{Fixture, NOW, fixture};

const FIRST: NotificationQuery = NotificationQuery { limit: 100, offset: 0, unread_only: false };

/// News of `kind` about `subject`.
fn content(kind: NotificationKind, subject: &str) -> NotificationContent {
    let data = vec![("subject", subject.into())];
    NotificationContent {
        kind,
        title: "News".into(),
        message: "There is news.".into(),
        data,
        subject: subject.to_owned(),
    }
}

impl Fixture {
    fn notifications(&self) -> Notifications {
        Notifications::new(self.deps())
    }

    /// Tells `user` all of this at `at`, as far as they want it and do not know it; returns the ids in the same order.
    async fn tell_at(&self, user: &User, news: Vec<NotificationContent>, at: OffsetDateTime) -> Vec<NotificationId> {
        let notifications: Vec<_> = (news.into_iter())
            .map(|content| Notification { id: NotificationId(Uuid::now_v7()), user: user.id, content, created_at: at })
            .collect();
        let ids = notifications.iter().map(|notification| notification.id).collect();
        let mut tx = self.store.begin().await.expect("a transaction");
        tx.progress()
            .award(user.id, &ProgressChanges { notifications, ..ProgressChanges::default() }, at)
            .await
            .expect("an award");
        tx.commit().await.expect("a commit");
        ids
    }

    async fn notify(&self, user: &User, news: Vec<NotificationContent>) -> Vec<NotificationId> {
        self.tell_at(user, news, NOW).await
    }

    /// Tells `user` `count` things.
    async fn tell_many(&self, user: &User, count: usize) -> Vec<NotificationId> {
        let news = |n: usize| content(NotificationKind::WeeklySummary, &n.to_string());
        self.notify(user, (0..count).map(news).collect()).await
    }

    async fn listed(&self, user: &User, listing: NotificationQuery) -> NotificationPage {
        self.notifications().list(user.id, listing).await.expect("a list")
    }

    /// The ids of the notifications of `user`, the newest first.
    async fn ids(&self, user: &User) -> Vec<NotificationId> {
        self.listed(user, FIRST).await.notifications.into_iter().map(|received| received.id).collect()
    }

    async fn mark(&self, user: UserId, which: NotificationSelection) -> u64 {
        self.notifications().mark_read(user, &which).await.expect("a mark")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn notification_reads_back_as_written() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    let [id] = fixture.notify(&ada, vec![content(NotificationKind::LevelUp, "2")]).await[..] else { panic!("one") };
    let read = async || fixture.listed(&ada, FIRST).await.notifications.remove(0);
    let first = read().await;
    assert_eq!((first.id, &*first.kind, &*first.title), (id, "level_up", "News"));
    assert_eq!((&*first.message, &*first.data.0), ("There is news.", r#"{"subject": "2"}"#));
    assert_eq!((first.created_at, first.read_at), (NOW, None));
    assert_eq!(fixture.mark(ada.id, NotificationSelection::All).await, 1);
    assert_eq!(read().await.read_at, Some(NOW));
}

#[tokio::test(flavor = "multi_thread")]
async fn notification_pages_hold_each_once_newest_first() {
    let fixture = fixture();
    let (ada, eve) = (fixture.create_user("ada", None).await, fixture.create_user("eve", None).await);
    let mut written = Vec::new();
    for n in 0..12 {
        // Three each at the same instant: of those the later ids come first.
        let at = NOW - Duration::seconds(n / 3);
        let id = fixture.tell_at(&ada, vec![content(NotificationKind::NewFollower, &n.to_string())], at).await[0];
        written.push((at, id));
    }
    fixture.tell_many(&eve, 3).await;
    written.sort();
    let newest_first: Vec<NotificationId> = written.into_iter().rev().map(|(_, id)| id).collect();
    let read: Vec<NotificationId> = newest_first.iter().copied().step_by(3).collect();
    let unread: Vec<NotificationId> = newest_first.iter().copied().filter(|id| !read.contains(id)).collect();
    assert_eq!(fixture.mark(ada.id, NotificationSelection::These(read)).await, 4);

    let queries = fixture.store.queries();
    for (unread_only, expected) in [(false, &newest_first), (true, &unread)] {
        let mut seen = Vec::new();
        for offset in [0, 5, 10, 15, u64::MAX] {
            let before = queries.statements();
            let page = fixture.listed(&ada, NotificationQuery { limit: 5, offset, unread_only }).await;
            assert_eq!(queries.statements() - before, 2, "{unread_only} {offset}");
            assert_eq!((page.total, page.unread), (expected.len() as u64, 8), "{unread_only} {offset}");
            seen.extend(page.notifications.into_iter().map(|received| received.id));
        }
        assert_eq!(&seen, expected, "{unread_only}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn notifications_of_another_account_are_neither_read_nor_marked() {
    let fixture = fixture();
    let (ada, eve) = (fixture.create_user("ada", None).await, fixture.create_user("eve", None).await);
    let hers = fixture.tell_many(&ada, 3).await;
    assert_eq!((fixture.listed(&eve, FIRST).await.total, fixture.ids(&eve).await.len()), (0, 0));
    let unknown = NotificationId(Uuid::now_v7());
    assert_eq!(fixture.mark(eve.id, NotificationSelection::These(hers.clone())).await, 0);
    assert_eq!(fixture.mark(eve.id, NotificationSelection::All).await, 0);
    assert_eq!(fixture.mark(ada.id, NotificationSelection::These(vec![unknown])).await, 0);
    assert_eq!(fixture.mark(ada.id, NotificationSelection::These(vec![])).await, 0);
    assert_eq!(fixture.listed(&ada, FIRST).await.unread, 3);
    // Named twice, and among others, one counts once.
    assert_eq!(fixture.mark(ada.id, NotificationSelection::These(vec![hers[1], unknown, hers[1]])).await, 1);
    assert_eq!(fixture.mark(ada.id, NotificationSelection::These(hers)).await, 2);
    assert_eq!(fixture.mark(ada.id, NotificationSelection::All).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn notification_marked_many_times_at_once_counts_once() {
    let fixture = Arc::new(fixture());
    let ada = fixture.create_user("ada", None).await;
    let mut ids = fixture.tell_many(&ada, 200).await;
    let mut marks = JoinSet::new();
    for n in 0..16 {
        let fixture = fixture.clone();
        ids.reverse();
        let which =
            if n % 4 == 0 { NotificationSelection::All } else { NotificationSelection::These(ids[n..].to_vec()) };
        marks.spawn(async move { fixture.mark(ada.id, which).await });
    }
    assert_eq!(marks.join_all().await.into_iter().sum::<u64>(), 200);
    assert_eq!(fixture.listed(&ada, FIRST).await.unread, 0);
}

/// A transaction that waits holds no row with a later id, so of two that mark the same rows one can always proceed.
#[tokio::test(flavor = "multi_thread")]
async fn marking_locks_in_the_order_of_the_ids() {
    for all in [true, false] {
        let fixture = Arc::new(fixture());
        let ada = fixture.create_user("ada", None).await;
        let ids = fixture.tell_many(&ada, 10).await;
        let client = fixture.client().await;
        // In the table the first one comes last.
        let moved = format!("UPDATE notifications SET title = 'Moved' WHERE id = '{}'", ids[0]);
        client.batch_execute(&moved).await.expect("a change");
        let mut holding = fixture.store.begin().await.expect("a transaction");
        let first = NotificationSelection::These(vec![ids[0]]);
        assert_eq!(holding.notifications().mark_read(ada.id, &first, NOW).await.expect("a mark"), 1);

        let (waiting, which) =
            (fixture.clone(), if all { NotificationSelection::All } else { NotificationSelection::These(ids) });
        let mark = tokio::spawn(async move { waiting.mark(ada.id, which).await });
        let count = async |query: &str| -> i64 { client.query_one(query, &[]).await.expect(query).get(0) };
        let stuck = "SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'";
        while count(stuck).await == 0 {
            tokio::task::yield_now().await;
        }
        let free = "SELECT count(*) FROM (SELECT FROM notifications FOR UPDATE SKIP LOCKED) AS free";
        assert_eq!(count(free).await, 9, "all: {all}");
        holding.commit().await.expect("a commit");
        assert_eq!(mark.await.expect("a mark"), 9, "all: {all}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn marking_is_one_statement() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    let ids = fixture.tell_many(&ada, 50).await;
    for which in [NotificationSelection::These(ids), NotificationSelection::All] {
        let mut tx = fixture.store.begin().await.expect("a transaction");
        let (queries, before) = (fixture.store.queries(), fixture.store.queries().statements());
        tx.notifications().mark_read(ada.id, &which, NOW).await.expect("a mark");
        assert_eq!(queries.statements() - before, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn notification_with_the_same_subject_is_stored_once() {
    let fixture = fixture();
    let (ada, eve) = (fixture.create_user("ada", None).await, fixture.create_user("eve", None).await);
    let level = |number| content(NotificationKind::LevelUp, number);
    let first = fixture.notify(&ada, vec![level("2")]).await;
    fixture.mark(ada.id, NotificationSelection::All).await;
    let again = fixture.notify(&ada, vec![level("2"), level("3"), content(NotificationKind::StreakAtRisk, "2")]).await;
    let mut known = fixture.ids(&ada).await;
    known.sort();
    assert_eq!(known, [first[0], again[1], again[2]], "the first of its subject stays, read as it is");
    assert_eq!(fixture.listed(&ada, FIRST).await.unread, 2);
    fixture.notify(&eve, vec![level("2")]).await;
    assert_eq!(fixture.listed(&eve, FIRST).await.total, 1, "other accounts have their own");
}

#[tokio::test(flavor = "multi_thread")]
async fn notification_kind_switched_off_is_not_stored() {
    let fixture = fixture();
    let notifications = fixture.notifications();
    for unwanted in NotificationKind::ALL {
        let ada = fixture.create_user(unwanted.name(), None).await;
        let notify = async |subject: &str| {
            fixture.notify(&ada, NotificationKind::ALL.map(|kind| content(kind, subject)).into()).await;
            let listed = fixture.listed(&ada, FIRST).await;
            assert_eq!(listed.total, listed.unread);
            (listed.total, listed.notifications.iter().filter(|received| received.kind == unwanted.name()).count())
        };
        let want = async |in_app, email| {
            let change = PreferencesChange::of([(unwanted, in_app)], [(unwanted, email)]);
            notifications.change_preferences(ada.id, &change).await.expect("a change");
        };
        assert_eq!(notify("first").await, (7, 1), "{unwanted:?}");
        want(false, true).await;
        assert_eq!(notify("second").await, (13, 1), "{unwanted:?}");
        want(true, false).await;
        assert_eq!(notify("third").await, (20, 2), "{unwanted:?}: e-mail is another matter");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn preferences_change_affects_only_named_kinds_of_one_account() {
    use NotificationKind::{FollowRequest, LevelUp, NewFollower};
    let fixture = fixture();
    let (ada, eve) = (fixture.create_user("ada", None).await, fixture.create_user("eve", None).await);
    let notifications = fixture.notifications();
    let wanted = |kinds: &[(NotificationKind, bool, bool)]| -> Preferences {
        kinds.iter().map(|(kind, in_app, email)| (*kind, Channels { in_app: *in_app, email: *email })).collect()
    };
    assert_eq!(
        notifications.preferences(ada.id).await.expect("preferences").iter().collect::<Vec<_>>(),
        wanted(&[]).iter().collect::<Vec<_>>()
    );
    for (in_app, email, after) in [
        (vec![], vec![], wanted(&[])),
        (vec![(LevelUp, false)], vec![], wanted(&[(LevelUp, false, false)])),
        (vec![], vec![(LevelUp, true)], wanted(&[(LevelUp, false, true)])),
        (
            vec![(NewFollower, false), (LevelUp, true)],
            vec![(FollowRequest, false)],
            wanted(&[(LevelUp, true, true), (NewFollower, false, false), (FollowRequest, true, false)]),
        ),
        (vec![], vec![], wanted(&[(LevelUp, true, true), (NewFollower, false, false), (FollowRequest, true, false)])),
    ] {
        let change = PreferencesChange::of(in_app, email);
        let mut tx = fixture.store.begin().await.expect("a transaction");
        let (queries, before) = (fixture.store.queries(), fixture.store.queries().statements());
        let answer = tx.notifications().change_preferences(ada.id, &change).await.expect("a change");
        assert_eq!(queries.statements() - before, 1, "{change:?}");
        tx.commit().await.expect("a commit");
        assert_eq!(answer, after, "{change:?}");
        assert_eq!(fixture.store.preferences(ada.id).await.expect("preferences"), after, "{change:?}");
    }
    assert_eq!(notifications.preferences(eve.id).await.expect("preferences"), Preferences::default());

    let newer = "INSERT INTO notification_preferences SELECT id, 'of_a_newer_release', false, false FROM users";
    fixture.client().await.batch_execute(newer).await.expect("a kind that only a newer release knows");
    assert_eq!(notifications.preferences(eve.id).await.expect("preferences"), Preferences::default());
    let none = PreferencesChange::default();
    assert_eq!(notifications.change_preferences(eve.id, &none).await.expect("preferences"), Preferences::default());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn preferences_concurrent_changes_are_all_stored() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    let mut changes = JoinSet::new();
    for round in 0..4 {
        for kind in NotificationKind::ALL {
            // Each names one kind for itself, and all of them the same two, in either order.
            let shared = [(NotificationKind::LevelUp, true), (NotificationKind::AchievementUnlocked, true)];
            let shared = if round % 2 == 0 { shared } else { [shared[1], shared[0]] };
            let own = [(kind, false)];
            let change = if round < 2 { PreferencesChange::of(own, shared) } else { PreferencesChange::of([], own) };
            let notifications = fixture.notifications();
            changes.spawn(async move { notifications.change_preferences(ada.id, &change).await.expect("a change") });
        }
    }
    changes.join_all().await;
    for (kind, channels) in fixture.notifications().preferences(ada.id).await.expect("preferences").iter() {
        assert!(!channels.in_app, "{kind:?}");
        let contested = [NotificationKind::LevelUp, NotificationKind::AchievementUnlocked].contains(&kind);
        assert!(contested || !channels.email, "{kind:?}");
    }
}

const PERIODS: RetentionPeriods = RetentionPeriods { read: Duration::days(90), unread: Duration::days(365) };

/// Every age around the ends of both terms, read and unread.
#[tokio::test(flavor = "multi_thread")]
async fn notifications_past_retention_are_removed() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    let (days, tick) = (Duration::days, Duration::microseconds(1));
    let mut kept = Vec::new();
    for (n, (age, read, stays)) in [
        (days(0), true, true),
        (days(90) - tick, true, true),
        (days(90), true, true),
        (days(90) + tick, true, false),
        (days(90) + tick, false, true),
        (days(365) - tick, false, true),
        (days(365), false, true),
        (days(365) + tick, false, false),
        (days(365) + tick, true, false),
        (days(4_000), false, false),
    ]
    .into_iter()
    .enumerate()
    {
        let news = vec![content(NotificationKind::WeeklySummary, &n.to_string())];
        let ids = fixture.tell_at(&ada, news, NOW - age).await;
        if read {
            // Only now: it is the age of the news that counts.
            fixture.mark(ada.id, NotificationSelection::These(ids.clone())).await;
        }
        kept.extend(ids.into_iter().filter(|_| stays));
    }
    let forgotten = fixture.notifications().forget(PERIODS, || false).await.expect("removed");
    assert_eq!(forgotten, Forgotten { read: 2, unread: 2 });
    let mut left = fixture.ids(&ada).await;
    left.sort();
    kept.sort();
    assert_eq!(left, kept);
    assert_eq!(fixture.notifications().forget(PERIODS, || false).await.expect("nothing"), Forgotten::default());

    let again = fixture.notify(&ada, vec![content(NotificationKind::WeeklySummary, "9")]).await;
    assert_eq!(fixture.ids(&ada).await[0], again[0], "of what is gone, news is news again");
}

#[tokio::test(flavor = "multi_thread")]
async fn notifications_past_retention_are_removed_in_batches_without_waiting() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    let mut ids = Vec::new();
    for n in 0..5 {
        let news = vec![content(NotificationKind::WeeklySummary, &n.to_string())];
        ids.extend(fixture.tell_at(&ada, news, NOW - Duration::days(1_000 - n)).await);
    }
    let forget = async |most| {
        let mut tx = fixture.store.begin().await.expect("a transaction");
        let forgotten = tx.notifications().forget(RetentionCutoffs::at(NOW, PERIODS), most).await.expect("removed");
        tx.commit().await.expect("a commit");
        (forgotten.read, forgotten.unread)
    };
    let mut marking = fixture.store.begin().await.expect("a transaction");
    marking.notifications().mark_read(ada.id, &NotificationSelection::These(vec![ids[1]]), NOW).await.expect("a mark");
    assert_eq!(forget(2).await, (0, 2));
    assert_eq!(fixture.ids(&ada).await, [ids[4], ids[3], ids[1]], "the locked one is left");
    marking.commit().await.expect("a commit");
    assert_eq!(forget(2).await, (1, 2));
    assert_eq!(forget(2).await, (0, 0));
}

/// Two hundred people with five hundred notifications each, a tenth of them unread; returns one of them.
async fn community(fixture: &Fixture, client: &Client) -> UserId {
    let ada = fixture.create_user("ada", None).await;
    let many = "
        INSERT INTO users (id, username, created_at, updated_at)
        SELECT gen_random_uuid(), 'user' || n, now(), now() FROM generate_series(1, 199) AS n;
        INSERT INTO notifications (id, user_id, kind, title, message, data, dedup_key, created_at, read_at)
        SELECT gen_random_uuid(), users.id, 'level_up', 'Level', 'You have reached a level.', '{}', n,
               timestamptz '2025-11-22Z' + n * interval '16 hours', CASE WHEN n % 10 > 0 THEN now() END
        FROM generate_series(1, 500) AS n, users;
        ANALYZE notifications;";
    client.batch_execute(many).await.expect("many notifications");
    ada.id
}

/// The statements about notifications, the types of their values and values; `U` is a user.
const STATEMENTS: [(&str, &str, &str, &str); 6] = [
    ("page", include_str!("../../src/notifications/notifications.sql"), "uuid, bigint, bigint", "U, 50, 450"),
    ("unread", include_str!("../../src/notifications/unread_notifications.sql"), "uuid, bigint, bigint", "U, 10, 40"),
    ("counts", include_str!("../../src/notifications/count_notifications.sql"), "uuid, boolean", "U, false"),
    (
        "mark",
        include_str!("../../src/notifications/mark_read.sql"),
        "uuid, timestamptz, uuid[]",
        "U, now(), ARRAY[U, '00000000-0000-0000-0000-000000000000']::uuid[]",
    ),
    ("mark_all", include_str!("../../src/notifications/mark_all_read.sql"), "uuid, timestamptz", "U, now()"),
    (
        "forget",
        include_str!("../../src/notifications/prune_notifications.sql"),
        "timestamptz, timestamptz, bigint",
        "'2025-11-25Z', '2025-11-25Z', 100",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn plans_of_notification_statements_scan_no_table() {
    let fixture = fixture();
    let client = fixture.client().await;
    let ada = community(&fixture, &client).await;
    for (name, text, types, _) in STATEMENTS {
        client.batch_execute(&format!("PREPARE {name} ({types}) AS {text}")).await.expect(name);
    }
    for mode in ["force_generic_plan", "force_custom_plan"] {
        client.batch_execute(&format!("SET plan_cache_mode = {mode}")).await.expect("a setting");
        for (name, _, _, values) in STATEMENTS {
            let explain = format!("EXPLAIN EXECUTE {name} ({})", values.replace('U', &format!("'{ada}'")));
            let plan: Vec<String> =
                client.query(&explain, &[]).await.expect(name).iter().map(|row| row.get(0)).collect();
            let plan = plan.join("\n");
            assert!(!plan.contains("Seq Scan on notifications"), "{mode} {name}:\n{plan}");
            // A page comes in the order of its index. Where the values are known and most of a person's rows are passed over,
            // it may be cheaper to sort them: theirs alone, found by an index too.
            let sorted = mode == "force_generic_plan" && (plan.contains("Sort") || plan.contains("Bitmap"));
            assert!(!(sorted && ["page", "unread"].contains(&name)), "{mode} {name}:\n{plan}");
        }
    }
}
