//! What a transaction promises: all or nothing, and never a commit that was none.

use crate::common::{fixture, person};
use domain::store::{Store, StoreError};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_committed_never_happened() {
    let fixture = fixture();
    let ada = person("ada");
    let mut tx = fixture.store.begin().await.expect("a transaction");
    tx.users().insert(&ada, None).await.expect("an insert");
    drop(tx);

    let mut tx = fixture.store.begin().await.expect("a transaction");
    assert_eq!(tx.users().find(ada.id).await.expect("a lookup"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_with_a_swallowed_failure_refuses_to_commit() {
    let fixture = fixture();
    fixture.person("ada", None).await;
    let bob = person("bob");
    let mut tx = fixture.store.begin().await.expect("a transaction");
    tx.users().insert(&bob, None).await.expect("an insert");
    let collided = tx.users().insert(&person("ADA"), None).await;
    let email = matches!(&collided, Err(StoreError::Conflict { constraint }) if constraint == "users_email_key");
    let name = matches!(&collided, Err(StoreError::Conflict { constraint }) if constraint == "users_username_key");
    assert!(email || name, "{collided:?}");
    assert!(matches!(tx.commit().await, Err(StoreError::Internal(_))));

    let mut tx = fixture.store.begin().await.expect("a transaction");
    assert_eq!(tx.users().find(bob.id).await.expect("a lookup"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_whose_transaction_was_dropped_serves_the_next_one() {
    let fixture = fixture();
    // Many more than there are connections: each must come back, clean.
    for round in 0..60 {
        let mut tx = fixture.store.begin().await.expect("a transaction");
        tx.users().insert(&person(&format!("round{round}")), None).await.expect("an insert");
        drop(tx);
    }
    assert_eq!(fixture.store.count_accounts().await.expect("a count"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_transaction_is_not_blamed_for_a_failure_before_it() {
    let fixture = fixture();
    fixture.person("ada", None).await;
    for name in ["one", "two", "three"] {
        let mut tx = fixture.store.begin().await.expect("a transaction");
        assert!(tx.users().insert(&person("ada"), None).await.is_err());
        drop(tx);
        fixture.person(name, None).await;
    }
    assert_eq!(fixture.store.count_accounts().await.expect("a count"), 4);
}
