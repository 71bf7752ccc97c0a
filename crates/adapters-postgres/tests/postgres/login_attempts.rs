//! Attempts to give a password that have not succeeded: counted together by all servers of a database.

use domain::identity::ports::AttemptOutcome;
use domain::identity::{AttemptKey, FailedLogins};
use domain::store::Store;
use time::{Duration, OffsetDateTime};

use crate::common::{Fixture, NOW, fixture};

const LIMIT: FailedLogins = FailedLogins(5);

impl Fixture {
    /// Tries to sign in as `name`.
    async fn try_login(&self, name: &str, at: OffsetDateTime) -> AttemptOutcome {
        let mut tx = self.store.begin().await.expect("a transaction");
        let since = FailedLogins::over_by(at);
        let recorded =
            tx.login_attempts().note(AttemptKey::unknown_name(name), at, since, LIMIT.0).await.expect("an answer");
        tx.commit().await.expect("a commit");
        recorded
    }

    async fn tried_names(&self) -> i64 {
        let (client, driver) =
            tokio_postgres::connect(self.database.url(), tokio_postgres::NoTls).await.expect("a connection");
        tokio::spawn(driver);
        client.query_one("SELECT count(*) FROM login_attempts", &[]).await.expect("a count").get(0)
    }
}

fn after(seconds: i64) -> OffsetDateTime {
    NOW + Duration::seconds(seconds)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn login_attempts_at_once_are_limited() {
    let fixture = std::sync::Arc::new(fixture());
    let tries: Vec<_> = (0..32)
        .map(|_| {
            let fixture = fixture.clone();
            tokio::spawn(async move { fixture.try_login("ada", NOW).await.let_through })
        })
        .collect();
    let mut let_through = 0;
    for one in tries {
        let_through += usize::from(one.await.expect("a task"));
    }
    assert_eq!(let_through, 5);
}

/// What the statement lets through is what the rule lets through, try by try.
#[tokio::test(flavor = "multi_thread")]
async fn login_attempts_statement_agrees_with_the_rule() {
    let fixture = fixture();
    let mut known: Vec<OffsetDateTime> = Vec::new();
    for seconds in [0, 0, 10, 20, 30, 40, 59, 60, 61, 69, 70, 100, 119, 120, 120, 120, 120, 120, 121, 3600] {
        let wait = LIMIT.wait(&known, after(seconds));
        let recorded = fixture.try_login("ada", after(seconds)).await;
        assert_eq!(recorded.let_through, wait.is_none(), "{seconds}");
        if recorded.let_through {
            known.push(after(seconds));
        }
        known.retain(|at| *at > FailedLogins::over_by(after(seconds)));
        assert_eq!(recorded.tries, known, "{seconds}");
        if !recorded.let_through {
            assert_eq!(LIMIT.wait(&recorded.tries, after(seconds)), wait);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn login_attempts_of_a_key_are_counted_apart_and_forgotten() {
    let fixture = fixture();
    for _ in 0..5 {
        assert!(fixture.try_login("ada", NOW).await.let_through);
        assert!(fixture.try_login("ada@example.org", NOW).await.let_through);
    }
    assert!(!fixture.try_login("ADA", NOW).await.let_through);
    assert!(fixture.try_login("bob", NOW).await.let_through);

    let mut tx = fixture.store.begin().await.expect("a transaction");
    for name in ["ada", "ada@example.org", "nobody"] {
        tx.login_attempts().forget(AttemptKey::unknown_name(name)).await.expect("it is done");
    }
    tx.commit().await.expect("a commit");
    assert_eq!(fixture.try_login("ada", NOW).await.tries, [NOW]);
    assert_eq!(fixture.try_login("bob", NOW).await.tries, [NOW, NOW]);
}

#[tokio::test(flavor = "multi_thread")]
async fn login_attempt_that_is_taken_back_does_not_count() {
    let fixture = fixture();
    for seconds in [0, 1, 2] {
        fixture.try_login("ada", after(seconds)).await;
    }
    let mut tx = fixture.store.begin().await.expect("a transaction");
    for name in ["ada", "nobody"] {
        tx.login_attempts().take_back(AttemptKey::unknown_name(name), after(1)).await.expect("it is done");
    }
    tx.commit().await.expect("a commit");
    assert_eq!(fixture.try_login("ada", after(3)).await.tries, [after(0), after(2), after(3)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn login_attempts_that_are_old_are_removed_by_new_ones() {
    let fixture = fixture();
    for number in 0..20 {
        fixture.try_login(&format!("old{number}"), NOW).await;
    }
    assert_eq!(fixture.tried_names().await, 20);
    for number in 0..4 {
        fixture.try_login(&format!("new{number}"), after(30)).await;
    }
    assert_eq!(fixture.tried_names().await, 24, "these still count");
    for _ in 0..5 {
        fixture.try_login("ada", after(60)).await;
    }
    assert_eq!(fixture.tried_names().await, 5);
}
