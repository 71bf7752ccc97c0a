//! Authentication by token; sessions and tokens that have ended are removed in batches.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use adapters_postgres::BatchedSessionReader;
use domain::error::StoreError;
use domain::identity::ports::SessionReader;
use domain::identity::{ApiToken, AuthMethod, Credential, Device, Scopes, Session, TokenHash};
use domain::ids::{ApiTokenId, SessionId, UserId};
use domain::store::Store;
use domain::usage::testing::{batch, sent};
use time::OffsetDateTime;
use time::ext::NumericalDuration;
use uuid::Uuid;

use crate::common::{NOW, fixture};

fn session(user: UserId, number: u8, expires_at: OffsetDateTime) -> Session {
    Session {
        id: SessionId(Uuid::from_u128(number.into())),
        user,
        token: TokenHash([number; 32]),
        created_at: NOW - 30.days(),
        expires_at,
        last_used_at: NOW,
        device: Device { ip: None, user_agent: None },
    }
}

fn token(user: UserId, number: u8, expires_at: Option<OffsetDateTime>) -> ApiToken {
    ApiToken {
        id: ApiTokenId(Uuid::from_u128(number.into())),
        user,
        hash: TokenHash([number; 32]),
        name: "script".to_owned(),
        scopes: Scopes { sync: true, read: true },
        created_at: NOW - 30.days(),
        expires_at,
        last_used_at: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_and_tokens_that_ended_are_removed() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await.id;
    let mut tx = fixture.store.begin().await.expect("a transaction");
    for (number, expires_at) in [(1, NOW - 1.days()), (2, NOW), (3, NOW + 1.microseconds())] {
        tx.sessions().insert(&session(ada, number, expires_at)).await.expect("a session");
        tx.api_tokens().insert(&token(ada, number, Some(expires_at))).await.expect("a token");
    }
    tx.api_tokens().insert(&token(ada, 4, None)).await.expect("a token");
    for left in [1, 1, 0] {
        assert_eq!(tx.sessions().forget_ended(NOW, 1).await.expect("removed"), left);
        assert_eq!(tx.api_tokens().forget_ended(NOW, 1).await.expect("removed"), left);
    }
    assert_eq!(tx.api_tokens().of(ada, NOW - 2.days()).await.expect("tokens").len(), 2);
    assert!(tx.sessions().delete(ada, SessionId(Uuid::from_u128(3))).await.expect("an answer"), "it was still there");
}

#[tokio::test(flavor = "multi_thread")]
async fn session_is_open_for_its_owner_until_it_ends() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_user("ada", None).await.id, fixture.create_user("bob", None).await.id);
    let id = SessionId(Uuid::from_u128(1));
    let mut tx = fixture.store.begin().await.expect("a transaction");
    tx.sessions().insert(&session(ada, 1, NOW + 1.days())).await.expect("a session");
    for (name, user, session, now, is_open) in [
        ("open", ada, id, NOW, true),
        ("ended", ada, id, NOW + 1.days(), false),
        ("of another account", bob, id, NOW, false),
        ("unknown", ada, SessionId(Uuid::from_u128(2)), NOW, false),
    ] {
        assert_eq!(tx.sessions().is_open(user, session, now).await.expect("an answer"), is_open, "{name}");
    }
}

/// Whether `future` has no result yet; it has begun then.
async fn is_pending(future: &mut (impl Future + Unpin)) -> bool {
    poll_fn(|context| Poll::Ready(Pin::new(&mut *future).poll(context).is_pending())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn token_look_ups_that_wait_share_a_statement() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_user("ada", None).await.id, fixture.create_user("bob", None).await.id);
    let mut tx = fixture.store.begin().await.expect("a transaction");
    for (number, user, expires_at) in [(1, ada, NOW + 1.days()), (2, bob, NOW + 1.days()), (3, ada, NOW)] {
        tx.sessions().insert(&session(user, number, expires_at)).await.expect("a session");
    }
    tx.api_tokens().insert(&token(bob, 1, None)).await.expect("a token");
    tx.commit().await.expect("a commit");
    let (of_session, of_token) =
        (|n| Credential::Session(TokenHash([n; 32])), |n| Credential::ApiToken(TokenHash([n; 32])));
    let via_session = |n: u8| AuthMethod::Session(SessionId(Uuid::from_u128(n.into())));
    let via_token = AuthMethod::ApiToken(ApiTokenId(Uuid::from_u128(1)), Scopes { sync: true, read: true });
    let table = [
        ("a session", of_session(1), Some((ada, via_session(1)))),
        ("another's session", of_session(2), Some((bob, via_session(2)))),
        ("the same again", of_session(1), Some((ada, via_session(1)))),
        ("an ended session", of_session(3), None),
        ("an API token with the hash of a session", of_token(1), Some((bob, via_token))),
        ("an unknown session", of_session(9), None),
        ("an unknown API token", of_token(2), None),
    ];
    let sessions = BatchedSessionReader::new(fixture.store.clone());
    let client = fixture.client().await;
    client.batch_execute("BEGIN; LOCK TABLE sessions").await.expect("a lock");
    let before = fixture.store.queries().statements();
    let mut first = Box::pin(sessions.principal(of_session(1), NOW));
    assert!(is_pending(&mut first).await);
    while fixture.store.queries().statements() == before {
        tokio::task::yield_now().await;
    }
    let mut dropped = Box::pin(sessions.principal(of_session(2), NOW));
    assert!(is_pending(&mut dropped).await);
    drop(dropped);
    let mut waiting: Vec<_> =
        table.iter().map(|(_, credential, _)| Box::pin(sessions.principal(*credential, NOW))).collect();
    for look_up in &mut waiting {
        assert!(is_pending(look_up).await);
    }
    client.batch_execute("COMMIT").await.expect("the lock is free");
    assert!(first.await.expect("an answer").is_some());
    for ((name, _, expected), look_up) in table.iter().zip(waiting) {
        let principal = look_up.await.expect("an answer");
        assert_eq!(principal.map(|principal| (principal.user.id, principal.via)), *expected, "{name}");
    }
    let statements = fixture.store.queries().statements() - before;
    assert!(
        statements <= 3,
        "{statements}: one for the first, one for all sessions and one for all API tokens after it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn token_look_up_finds_account_and_level_in_one_statement() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", Some("Europe/Berlin")).await;
    let report = fixture.usage().sync(ada.id, batch(vec![sent("a")])).await.expect("a sync");
    let session = session(ada.id, 1, NOW + 1.days());
    let mut tx = fixture.store.begin().await.expect("a transaction");
    tx.sessions().insert(&session).await.expect("a session");
    tx.commit().await.expect("a commit");

    let sessions = BatchedSessionReader::new(fixture.store.clone());
    let (count, before) = (fixture.store.queries(), fixture.store.queries().statements());
    let principal = sessions.principal(Credential::Session(session.token), NOW).await.expect("an answer");
    let principal = principal.expect("a principal");
    assert_eq!(count.statements() - before, 1);
    assert_eq!((&principal.user, principal.level), (&fixture.own(ada.id).await.user, report.standing.level));
}

#[tokio::test(flavor = "multi_thread")]
async fn token_look_ups_without_a_database_fail_and_the_next_one_is_tried() {
    let fixture = fixture();
    let sessions = BatchedSessionReader::new(fixture.store.clone());
    let credential = Credential::Session(TokenHash([1; 32]));
    assert_eq!(sessions.principal(credential, NOW).await.expect("an answer"), None);
    fixture.store.close();
    for _ in 0..2 {
        let failed = sessions.principal(credential, NOW).await;
        assert!(matches!(failed, Err(StoreError::Unavailable(_))), "{failed:?}");
    }
}
