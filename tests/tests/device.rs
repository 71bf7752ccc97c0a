//! Sign-in of a program without a browser.

use reqwest::Method;
use serde_json::json;
use tests::{Client, PASSWORD, Server, TestUser};

/// Submits the form of the page.
async fn fill(client: &Client, fields: &[(&str, &str)]) -> (u16, String) {
    let url = format!("http://{}/device", client.address());
    let answer = reqwest::Client::new().request(Method::POST, url).form(fields).send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("a page"))
}

#[tokio::test]
async fn device_login_is_confirmed_on_the_page() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let program = server.client();
    let begun = program.post("/auth/device/code", &json!({"client_name": "cli on a server"})).await.expect(200);
    let (device_code, user_code) = (&begun["device_code"], begun["user_code"].as_str().expect("a code"));
    let ask = async || program.post("/auth/device/token", &json!({ "device_code": device_code })).await;
    assert_eq!(ask().await.expect_error(400, "BAD_REQUEST")["error"], "authorization_pending");
    assert_eq!(ask().await.expect_error(400, "BAD_REQUEST")["error"], "slow_down");

    let form = |password| [("user_code", user_code), ("name", "ada"), ("password", password), ("answer", "yes")];
    assert_eq!(fill(&program, &form("not it at all")).await.0, 401);
    let (status, page) = fill(&program, &form(PASSWORD)).await;
    assert_eq!((status, page.contains("is signed in")), (200, true), "{page}");
    assert_eq!(fill(&program, &form(PASSWORD)).await.0, 404, "a user code works once");

    let token = ask().await.expect(200);
    let signed_in = program.with_token(token["access_token"].as_str().expect("a token"));
    assert_eq!(signed_in.get("/auth/me").await.expect(200)["id"], json!(ada.id));
    assert_eq!(ask().await.expect_error(400, "BAD_REQUEST")["error"], "expired_token", "a session is issued once");
    assert_eq!(ada.get("/auth/sessions").await.as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn device_login_is_confirmed_or_refused_through_api_and_expires() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let program = server.client();
    let start = async || program.post("/auth/device/code", &json!({})).await.expect(200);
    for (approve, outcome) in [(false, "access_denied"), (true, "")] {
        let begun = start().await;
        let confirm = json!({"user_code": begun["user_code"], "approve": approve});
        ada.client.anonymous().post("/auth/device/confirm", &confirm).await.expect_error(401, "UNAUTHORIZED");
        ada.client.post("/auth/device/confirm", &confirm).await.expect(204);
        let answer = program.post("/auth/device/token", &json!({"device_code": begun["device_code"]})).await;
        if approve {
            answer.expect(200);
        } else {
            assert_eq!(answer.expect_error(400, "BAD_REQUEST")["error"], outcome);
        }
    }
    let begun = start().await;
    server.database().rows("UPDATE device_logins SET expires_at = now() - interval '1 second'");
    let confirm = json!({"user_code": begun["user_code"]});
    ada.client.post("/auth/device/confirm", &confirm).await.expect_error(404, "NOT_FOUND");
    let late = program.post("/auth/device/token", &json!({"device_code": begun["device_code"]})).await;
    assert_eq!(late.expect_error(400, "BAD_REQUEST")["error"], "expired_token");
    start().await;
    assert_eq!(server.database().number("SELECT count(*) FROM device_logins"), 1, "ended logins are removed");
}
