//! The cleanup removes what is older than the settings say, and nothing else.

use std::collections::BTreeSet;
use std::sync::Arc;

use bootstrap::Settings;
use bootstrap::store::deps;
use domain::clock::Clock;
use domain::deps::Deps;
use domain::jobs::Job;
use time::OffsetDateTime;
use time::macros::datetime;
use tokio_postgres::NoTls;
use tokio_util::sync::CancellationToken;
use worker::{Handlers, JobRunner};

use crate::common::Fixture;

const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

/// A clock that stands at [`NOW`].
struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> OffsetDateTime {
        NOW
    }
}

/// A setting, and how a row is inserted that is `$1` days and `$2` microseconds old.
struct Case {
    setting: &'static str,
    default_days: i32,
    changed_days: i32,
    /// Whether a row that is exactly as old as the setting says is removed.
    is_removed_at_limit: bool,
    insert: &'static str,
    /// Counts the rows.
    count: &'static str,
}

const USER: &str = "INSERT INTO users (id, username, created_at, updated_at)
    VALUES ('00000000-0000-0000-0000-000000000001', 'ada', '2020-01-01Z', '2020-01-01Z')";

/// `AT` in a statement is the instant of the row.
const CASES: [Case; 9] = [
    Case {
        setting: "EXPIRED_CREDENTIALS_DAYS",
        default_days: 0,
        changed_days: 3,
        is_removed_at_limit: true,
        insert: "INSERT INTO sessions (id, user_id, token_hash, created_at, expires_at, last_used_at)
                 SELECT gen_random_uuid(), id, decode(md5(random()::text) || md5(random()::text), 'hex'), AT, AT, AT FROM users",
        count: "SELECT count(*) FROM sessions",
    },
    Case {
        setting: "EXPIRED_CREDENTIALS_DAYS",
        default_days: 0,
        changed_days: 3,
        is_removed_at_limit: true,
        insert: "INSERT INTO api_tokens (id, user_id, token_hash, name, may_sync, may_read, created_at, expires_at)
                 SELECT gen_random_uuid(), id, decode(md5(random()::text) || md5(random()::text), 'hex'), 'x', true, true, AT, AT
                 FROM users",
        count: "SELECT count(*) FROM api_tokens",
    },
    Case {
        setting: "EXPIRED_CREDENTIALS_DAYS",
        default_days: 0,
        changed_days: 3,
        is_removed_at_limit: true,
        insert: "INSERT INTO invitations (id, token_hash, is_for_administrator, created_at, expires_at)
                 VALUES (gen_random_uuid(), decode(md5(random()::text) || md5(random()::text), 'hex'), false, AT - interval '1 hour', AT)",
        count: "SELECT count(*) FROM invitations",
    },
    Case {
        setting: "READ_NOTIFICATIONS_DAYS",
        default_days: 90,
        changed_days: 7,
        is_removed_at_limit: false,
        insert: "INSERT INTO notifications (id, user_id, kind, title, message, data, dedup_key, created_at, read_at)
                 SELECT gen_random_uuid(), id, 'level_up', 'Level', 'You.', '{}', gen_random_uuid(), AT, AT FROM users",
        count: "SELECT count(*) FROM notifications",
    },
    Case {
        setting: "UNREAD_NOTIFICATIONS_DAYS",
        default_days: 365,
        changed_days: 90,
        is_removed_at_limit: false,
        insert: "INSERT INTO notifications (id, user_id, kind, title, message, data, dedup_key, created_at)
                 SELECT gen_random_uuid(), id, 'level_up', 'Level', 'You.', '{}', gen_random_uuid(), AT FROM users",
        count: "SELECT count(*) FROM notifications",
    },
    Case {
        setting: "FINISHED_JOBS_DAYS",
        default_days: 30,
        changed_days: 2,
        is_removed_at_limit: false,
        insert: "INSERT INTO jobs (id, queue, idempotency_key, payload, status, priority, attempts, max_attempts, created_at, run_at, finished_at)
                 VALUES (gen_random_uuid(), 'cleanup', gen_random_uuid(), '{}', 'done', 50, 1, 5, AT, AT, AT)",
        count: "SELECT count(*) FROM jobs",
    },
    Case {
        setting: "DEAD_JOBS_DAYS",
        default_days: 90,
        changed_days: 2,
        is_removed_at_limit: false,
        insert: "INSERT INTO jobs (id, queue, idempotency_key, payload, status, priority, attempts, max_attempts, created_at, run_at, finished_at)
                 VALUES (gen_random_uuid(), 'cleanup', gen_random_uuid(), '{}', 'dead', 50, 5, 5, AT, AT, AT)",
        count: "SELECT count(*) FROM jobs",
    },
    Case {
        setting: "AUDIT_LOG_DAYS",
        default_days: 0,
        changed_days: 90,
        is_removed_at_limit: false,
        insert: "INSERT INTO audit_log (id, at, by_operator, action, subject_kind, subject, details)
                 VALUES (gen_random_uuid(), AT, true, 'administrator_granted', 'user', 'ada', '{}')",
        count: "SELECT count(*) FROM audit_log",
    },
    // A day of ranks has no time, so its rows are as old as their day.
    Case {
        setting: "RANK_HISTORY_DAYS",
        default_days: 400,
        changed_days: 366,
        is_removed_at_limit: false,
        insert: "INSERT INTO rank_history (user_key, day, ranks)
                 SELECT key, (AT - interval '12 hours')::date, '{1,1,1,1,1,1,1,1,1}' FROM users ON CONFLICT DO NOTHING",
        count: "SELECT count(*) FROM rank_history",
    },
];

impl Case {
    /// The number of rows that a cleanup with `days` as the value of the setting leaves (`None` is the default), of three rows: a
    /// microsecond younger than `limit` days, exactly as old, and a microsecond older.
    async fn left(&self, fixture: &Fixture, client: &tokio_postgres::Client, days: Option<i32>, limit: i32) -> i64 {
        let reset = "SET session_replication_role = replica; DELETE FROM audit_log; SET session_replication_role = DEFAULT;
            DELETE FROM sessions; DELETE FROM api_tokens; DELETE FROM invitations; DELETE FROM notifications; DELETE FROM jobs;
            DELETE FROM rank_history";
        client.batch_execute(reset).await.expect("an empty database");
        for microseconds in [-1, 0, 1] {
            let at = format!(
                "('2026-11-22 12:00Z'::timestamptz - interval '{limit} days' - interval '{microseconds} microseconds')"
            );
            client.batch_execute(&self.insert.replace("AT", &at)).await.expect(self.insert);
        }
        let setting = days.map(|days| (format!("BURNTOP__RETENTION__{}", self.setting), days.to_string()));
        let settings =
            Settings::from_environment(setting.into_iter().chain([("PRICING_URL".to_owned(), String::new())]));
        let deps = Deps { clock: Arc::new(FixedClock), ..deps(&fixture.store) };
        let handlers = Handlers::new(&settings.expect("settings"), &fixture.store, &deps, CancellationToken::new())
            .expect("handlers");
        handlers.run(&Job::Cleanup, None).await.expect("a cleanup");
        client.query_one(self.count, &[]).await.expect(self.count).get(0)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cleanup_removes_rows_older_than_their_setting() {
    let fixture = Fixture::new().await;
    let (client, connection) = tokio_postgres::connect(fixture.database.url(), NoTls).await.expect("a connection");
    tokio::spawn(connection);
    client.batch_execute(&format!("SET timezone = 'UTC'; {USER}")).await.expect("a user");
    for case in CASES {
        let name = format!("{}: {}", case.setting, case.count);
        let is_by_day = case.setting == "RANK_HISTORY_DAYS";
        let at_limit = if case.is_removed_at_limit { 1 } else { 2 };
        let kept_forever = case.setting == "AUDIT_LOG_DAYS";
        for (days, limit) in [(None, case.default_days), (Some(case.changed_days), case.changed_days)] {
            let expected = match days {
                None if kept_forever => 3,
                // The row that is a microsecond older belongs to the day before.
                _ if is_by_day => 1,
                _ => at_limit,
            };
            assert_eq!(case.left(&fixture, &client, days, limit).await, expected, "{name} {days:?}");
        }
        if !kept_forever && !is_by_day && case.changed_days < case.default_days {
            let old = case.left(&fixture, &client, Some(case.changed_days), case.default_days).await;
            assert_eq!(old, 0, "{name}: rows as old as the default");
        }
    }
}

/// Every key of the section has a case, so that no setting is without effect.
#[test]
fn every_retention_setting_has_a_case() {
    let defaults = include_str!("../../../../config/default.toml");
    let section = defaults.split("[retention]").nth(1).and_then(|rest| rest.split("\n[").next()).expect("a section");
    let keys: BTreeSet<String> =
        section.lines().filter_map(|line| line.split_once(" = ")).map(|(key, _)| key.to_uppercase()).collect();
    let tested: BTreeSet<String> = CASES.iter().map(|case| case.setting.to_owned()).collect();
    assert_eq!(keys, tested);
}
