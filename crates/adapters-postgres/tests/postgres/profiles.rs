//! Profiles on PostgreSQL.

use domain::store::Store;
use domain::users::ProfileChange;

use crate::common::{NOW, fixture};

#[tokio::test(flavor = "multi_thread")]
async fn profile_update_keeps_a_concurrent_email_verification() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    let email = ada.email.clone().expect("an address");
    assert!(!ada.email_verified);
    let mut verifying = fixture.store.begin().await.expect("a transaction");
    assert!(verifying.users().verify_email(ada.id, &email, NOW).await.expect("verified"));
    verifying.commit().await.expect("committed");

    let mut read_before = ada.clone();
    read_before.apply(ProfileChange { bio: Some(Some("I count.".into())), ..ProfileChange::default() }, NOW);
    let mut tx = fixture.store.begin().await.expect("a transaction");
    tx.users().update(&read_before).await.expect("written");
    tx.commit().await.expect("committed");

    let mut tx = fixture.store.begin().await.expect("a transaction");
    let now = tx.users().find(ada.id).await.expect("a lookup").expect("an account");
    assert_eq!((now.email, now.email_verified), (Some(email), true));
    assert_eq!((now.profile.bio.as_deref(), now.created_at), (Some("I count."), ada.created_at));
}
