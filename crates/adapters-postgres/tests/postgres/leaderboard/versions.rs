//! The version of boards changes with all that their pages show of accounts, and with nothing else.

use domain::leaderboard::BoardVersion;
use time::Duration;

use super::community::by_tokens;
use crate::common::{Fixture, NOW, fixture};

async fn version(fixture: &Fixture) -> Option<BoardVersion> {
    fixture.leaderboard().version().await.expect("a version")
}

#[tokio::test(flavor = "multi_thread")]
async fn board_version_changes_with_what_pages_show() {
    let fixture = fixture();
    assert_eq!(version(&fixture).await, None, "before the first refresh");
    let ada = fixture.create_user("ada", None).await;
    fixture.sync(&ada, &["a"]).await;
    fixture.refresh().await;
    let until = NOW + Duration::SECOND;
    let flag = format!(
        "INSERT INTO account_flags (id, user_id, reason, created_at, expires_at)
         VALUES (gen_random_uuid(), '{}', 'no', now(), '{until}')",
        ada.id
    );
    let mut known = version(&fixture).await.expect("a version");
    for (change, is_seen) in [
        ("UPDATE users SET username = 'countess'", true),
        ("UPDATE users SET name = 'Ada'", true),
        ("UPDATE users SET image = 'https://example.org/a.png'", true),
        ("UPDATE users SET region = 'EU'", true),
        ("UPDATE users SET updated_at = now()", true),
        ("UPDATE users SET is_public = false", true),
        ("UPDATE users SET deleted_at = now()", true),
        ("UPDATE users SET deleted_at = NULL, is_public = true", true),
        (&flag, true),
        ("UPDATE account_flags SET lifted_at = now()", true),
        ("DELETE FROM account_flags", true),
        ("UPDATE users SET timezone = 'Europe/Berlin'", false),
        ("UPDATE users SET bio = 'x'", false),
        ("UPDATE usage_totals SET tokens = tokens + 1", false),
    ] {
        fixture.run(change).await;
        let now = version(&fixture).await.expect("a version");
        assert_eq!((now > known, now == known), (is_seen, !is_seen), "{change}");
        known = now;
    }
    fixture.sync(&ada, &["b"]).await;
    assert_eq!(version(&fixture).await, Some(known), "usage counts from the next refresh on");
    fixture.refresh().await;
    let refreshed = version(&fixture).await.expect("a version");
    assert!(refreshed > known && refreshed.changes == 0, "{refreshed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn board_version_changes_when_a_flag_expires() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    fixture.sync(&ada, &["a"]).await;
    fixture.refresh().await;
    fixture.flag(&ada, Some(NOW + Duration::SECOND)).await;
    let at = async |seconds| {
        let boards = fixture.leaderboard_at(NOW + Duration::seconds(seconds));
        boards.version().await.expect("a version").expect("a version")
    };
    assert_eq!(at(0).await, at(0).await);
    assert!(at(0).await < at(1).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn board_has_the_version_that_is_read_alone() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    fixture.sync(&ada, &["a"]).await;
    assert_eq!(fixture.board(&by_tokens(), None).await.version, None);
    fixture.refresh().await;
    fixture.flag(&ada, None).await;
    for viewer in [None, Some(ada.id)] {
        let board = fixture.board(&by_tokens(), viewer).await;
        assert_eq!((board.version, board.total), (version(&fixture).await, 0));
    }
}

/// A change that has not been committed yet is not seen, and not lost by a refresh.
#[tokio::test(flavor = "multi_thread")]
async fn board_version_keeps_a_change_that_commits_after_a_refresh() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    fixture.sync(&ada, &["a"]).await;
    fixture.refresh().await;
    let client = fixture.client().await;
    client.batch_execute("BEGIN; UPDATE users SET name = 'Ada'").await.expect("an open change");
    fixture.refresh().await;
    let before = version(&fixture).await.expect("a version");
    client.batch_execute("COMMIT").await.expect("it commits");
    assert!(before < version(&fixture).await.expect("a version"));
}
