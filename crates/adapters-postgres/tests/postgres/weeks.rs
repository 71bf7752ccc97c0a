//! Weekly summaries: their accounts and their time.

use std::sync::Arc;

use domain::insights::WeeklySummaries;
use domain::users::User;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use tokio::task::JoinSet;

use crate::common::{Fixture, fixture};
use crate::leaderboard::community::used;

/// When the week of the fixtures' today is over where it is UTC.
const MONDAY_AT_NINE: OffsetDateTime = datetime!(2026-11-23 9:00 UTC);

impl Fixture {
    fn summaries_at(&self, now: OffsetDateTime) -> WeeklySummaries {
        WeeklySummaries::new(self.deps_at(now))
    }

    /// How many summaries are sent at `now`.
    async fn summarise_due(&self, now: OffsetDateTime) -> u64 {
        self.summaries_at(now).summarise_due(|| false).await.expect("summaries")
    }

    /// The names of the accounts with summaries, once per summary.
    async fn summaries(&self) -> String {
        let names =
            "SELECT string_agg(username, ' ' ORDER BY username) FROM notifications JOIN users ON users.id = user_id
                     WHERE kind = 'weekly_summary'";
        self.client().await.query_one(names, &[]).await.expect("names").get(0)
    }

    /// An account in `zone` that was created at `created_at`.
    async fn member(&self, name: &str, zone: Option<&str>, created_at: OffsetDateTime) -> User {
        let user = self.create_user(name, zone).await;
        self.run(&format!("UPDATE users SET created_at = '{created_at}' WHERE id = '{}'", user.id)).await;
        user
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn weekly_summary_goes_to_accounts_that_existed_on_monday_at_nine() {
    let fixture = fixture();
    let just_before = fixture.member("ada", None, MONDAY_AT_NINE - Duration::MICROSECOND).await;
    let just_then = fixture.member("bob", None, MONDAY_AT_NINE).await;
    // Nine o'clock in Berlin is eight, in New York fourteen o'clock of UTC.
    let after_berlins = fixture.member("eve", Some("Europe/Berlin"), MONDAY_AT_NINE - Duration::HOUR).await;
    let before_new_yorks = fixture.member("joe", Some("America/New_York"), MONDAY_AT_NINE + Duration::HOUR * 4).await;
    let all_users = [just_before, just_then, after_berlins, before_new_yorks];
    // All have used something in the week that is over, by what they send now.
    fixture.use_up(&all_users.each_ref().map(|user| used(user, 2, 1_000))).await;
    assert_eq!(fixture.summarise_due(MONDAY_AT_NINE - Duration::MINUTE).await, 0);
    assert_eq!(fixture.summarise_due(MONDAY_AT_NINE + Duration::HOUR * 7).await, 2);
    let [ada, _, _, joe] = all_users;
    assert_eq!(fixture.summaries().await, format!("{} {}", ada.username, joe.username));
}

#[tokio::test(flavor = "multi_thread")]
async fn weekly_summary_is_caught_up_until_wednesday() {
    let wednesday = datetime!(2026-11-25 23:59 UTC);
    for (now, summaries) in [
        (MONDAY_AT_NINE + Duration::DAY, 1),
        (wednesday, 1),
        (wednesday + Duration::MINUTE, 0),
        (datetime!(2026-11-28 22:00 UTC), 0),
        (datetime!(2026-11-30 8:59 UTC), 0),
        // The next one tells of it as of the week before.
        (datetime!(2026-11-30 9:00 UTC), 1),
    ] {
        let fixture = fixture();
        let ada = fixture.member("ada", None, datetime!(2026-01-01 0:00 UTC)).await;
        fixture.use_up(&[used(&ada, 2, 1_000)]).await;
        assert_eq!(fixture.summarise_due(now).await, summaries, "{now}");
        assert_eq!(fixture.summarise_due(now).await, 0, "{now}, again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn weekly_summary_at_once_is_sent_once() {
    let fixture = Arc::new(fixture());
    let mut rows = Vec::new();
    for name in ["ada", "bob", "eve", "joe", "kim"] {
        rows.push(used(&fixture.member(name, None, datetime!(2026-01-01 0:00 UTC)).await, 2, 1_000));
    }
    fixture.use_up(&rows).await;
    let mut tasks = JoinSet::new();
    for _ in 0..6 {
        let fixture = fixture.clone();
        tasks.spawn(async move { fixture.summarise_due(MONDAY_AT_NINE).await });
    }
    assert_eq!(tasks.join_all().await.into_iter().sum::<u64>(), 5);
    assert_eq!(fixture.summaries().await, "ada bob eve joe kim");
    let costs =
        "SELECT DISTINCT jsonb_typeof(data -> 'cost'), jsonb_typeof(data -> 'previous_cost') FROM notifications";
    let sorts = fixture.client().await.query_one(costs, &[]).await.expect("one sort");
    assert_eq!((sorts.get(0), sorts.get(1)), ("number", "number"));
}
