//! Sessions and tokens that have ended are removed, a few at a time.

use domain::identity::{ApiToken, Device, Scopes, Session, TokenHash};
use domain::ids::{ApiTokenId, SessionId, UserId};
use domain::store::Store;
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
async fn what_has_ended_is_removed_and_nothing_else() {
    let fixture = fixture();
    let ada = fixture.person("ada", None).await.id;
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
    let (ada, bob) = (fixture.person("ada", None).await.id, fixture.person("bob", None).await.id);
    let id = SessionId(Uuid::from_u128(1));
    let mut tx = fixture.store.begin().await.expect("a transaction");
    tx.sessions().insert(&session(ada, 1, NOW + 1.days())).await.expect("a session");
    for (name, user, session, now, is_open) in [
        ("open", ada, id, NOW, true),
        ("ended", ada, id, NOW + 1.days(), false),
        ("somebody else's", bob, id, NOW, false),
        ("unknown", ada, SessionId(Uuid::from_u128(2)), NOW, false),
    ] {
        assert_eq!(tx.sessions().is_open(user, session, now).await.expect("an answer"), is_open, "{name}");
    }
}
