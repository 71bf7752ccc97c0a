//! `DELETE /users/me`, over the wire.

use domain::testing::TestUnitOfWork;
use domain::usage::testing::account;
use domain::users::Presence;
use serde_json::json;

use crate::support::world::{ADA, ALL_SCOPES, NOW, World, ada, api_token, stranger};

const ME: &str = "/api/v1/users/me";

/// A transaction that deletes the caller's account.
fn leaving(tx: &mut TestUnitOfWork) {
    tx.accounts.expect_lock().returning(|user| Ok((user == ADA).then(account)));
    tx.users.expect_hold().returning(|_| Ok(Some(Presence::Here)));
    tx.users.expect_set_left().withf(|user, at| (*user, *at) == (ADA, Some(NOW))).returning(|_, _| Ok(()));
    tx.device_logins.expect_delete_approved().withf(|user| *user == ADA).returning(|_| Ok(()));
    tx.follows.expect_set_counted().withf(|user, counted| (*user, *counted) == (ADA, false)).returning(|_, _| Ok(()));
    tx.sessions.expect_delete_all().withf(|user| *user == ADA).returning(|_| Ok(()));
    tx.api_tokens.expect_delete_all().withf(|user| *user == ADA).returning(|_| Ok(()));
}

#[actix_web::test]
async fn deletion_states_the_instant_of_the_purge() {
    let answer = World::new().storing(leaving).serve().request("DELETE", ME).bearer(&ada()).send().await;
    assert_eq!((answer.status, answer.header("cache-control")), (202, Some("no-store")));
    assert_eq!(answer.json(), json!({"deletion_at": "2026-12-22T12:34:56.789Z"}));
}

#[actix_web::test]
async fn deletion_requires_a_session() {
    let client = World::new().storing(leaving).serve();
    client.request("DELETE", ME).send().await.assert_error(401, "UNAUTHORIZED", &json!({}));
    client.request("DELETE", ME).bearer(&stranger()).send().await.assert_error(401, "UNAUTHORIZED", &json!({}));
    for scopes in ALL_SCOPES {
        let answer = client.request("DELETE", ME).bearer(&api_token(scopes)).send().await;
        answer.assert_error(403, "FORBIDDEN", &json!({}));
    }
}

#[actix_web::test]
async fn deletion_of_a_deleted_account_is_not_found() {
    let world = World::new().storing(|tx| {
        tx.accounts.expect_lock().returning(|_| Ok(None));
    });
    let answer = world.serve().request("DELETE", ME).bearer(&ada()).send().await;
    answer.assert_error(404, "NOT_FOUND", &json!({"resource": "User", "field": "id", "value": ADA.to_string()}));
}
