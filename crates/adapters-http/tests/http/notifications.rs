//! `/notifications`, over the wire.

use domain::ids::NotificationId;
use domain::notifications::{
    Channels, ListedNotification, NotificationKind, NotificationPage, NotificationQuery, NotificationSelection,
    Preferences, PreferencesChange,
};
use domain::payload::StoredData;
use domain::testing::TestUnitOfWork;
use serde_json::{Value, json};
use time::Duration;
use uuid::Uuid;

use crate::support::client::TestResponse;
use crate::support::world::{ADA, NOW, World, ada, stranger};

const LIST: &str = "/api/v1/notifications";
const READ: &str = "/api/v1/notifications/read";
const PREFERENCES: &str = "/api/v1/notifications/preferences";

const ONE: Uuid = Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0011);
const OTHER: Uuid = Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0012);

fn received(id: Uuid, kind: &str, read: bool) -> ListedNotification {
    ListedNotification {
        id: NotificationId(id),
        kind: kind.to_owned(),
        title: "New follower".into(),
        message: "bob follows you.".into(),
        data: StoredData(r#"{"username": "bob", "n": 9007199254740993}"#.into()),
        created_at: NOW,
        read_at: read.then(|| NOW + Duration::hours(1)),
    }
}

/// A world where Ada has two notifications, and the use case receives `expected_query`.
fn with_notifications(expected_query: NotificationQuery) -> World {
    let mut world = World::new();
    world.notifications.expect_notifications().returning(move |user, listing| {
        assert_eq!((user, listing), (ADA, expected_query));
        let notifications = vec![received(ONE, "new_follower", true), received(OTHER, "of_a_newer_release", false)];
        Ok(NotificationPage { notifications, total: 17, unread: 9 })
    });
    world
}

async fn get(world: World, path: &str) -> TestResponse {
    world.serve().request("GET", path).bearer(&ada()).send().await
}

async fn send(world: World, method: &str, path: &str, body: &Value) -> TestResponse {
    world.serve().request(method, path).bearer(&ada()).body(body.to_string()).send().await
}

#[actix_web::test]
async fn notifications_are_listed_and_counted() {
    let answer = get(with_notifications(NotificationQuery { limit: 50, offset: 0, unread_only: false }), LIST).await;
    let text = String::from_utf8_lossy(&answer.body);
    assert!(text.contains("9007199254740993"), "the particulars are passed on as they are: {text}");
    assert_eq!(
        (answer.status, answer.json()),
        (
            200,
            json!({
                "notifications": [
                    {"id": ONE, "type": "new_follower", "title": "New follower", "message": "bob follows you.",
                     "data": {"username": "bob", "n": 9_007_199_254_740_993_u64}, "read": true,
                     "read_at": "2026-11-22T13:34:56.789Z", "created_at": "2026-11-22T12:34:56.789Z"},
                    {"id": OTHER, "type": "of_a_newer_release", "title": "New follower",
                     "message": "bob follows you.", "data": {"username": "bob", "n": 9_007_199_254_740_993_u64},
                     "read": false, "read_at": null, "created_at": "2026-11-22T12:34:56.789Z"},
                ],
                "total": 17, "unread_count": 9,
            })
        )
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[actix_web::test]
async fn notifications_are_listed_by_limit_and_offset() {
    for (query, limit, offset, unread_only) in [
        ("?limit=1&offset=7", 1, 7, false),
        ("?limit=100&offset=9007199254740991&unread_only=true", 100, 9_007_199_254_740_991, true),
        ("?unread_only=1&colour=red", 50, 0, true),
        ("?unread_only=false", 50, 0, false),
    ] {
        let world = with_notifications(NotificationQuery { limit, offset, unread_only });
        assert_eq!(get(world, &format!("{LIST}{query}")).await.status, 200, "{query}");
    }
    for (query, problems) in [
        (
            "?limit=0&offset=-1&unread_only=maybe",
            &[
                r#"["query","limit"] greater_than_equal"#,
                r#"["query","offset"] greater_than_equal"#,
                r#"["query","unread_only"] value_error"#,
            ][..],
        ),
        ("?limit=101", &[r#"["query","limit"] less_than_equal"#]),
        ("?offset=9007199254740992", &[r#"["query","offset"] less_than_equal"#]),
        ("?limit=ten&offset=", &[r#"["query","limit"] int_parsing"#, r#"["query","offset"] int_parsing"#]),
    ] {
        assert_eq!(get(World::new(), &format!("{LIST}{query}")).await.problems(), problems, "{query}");
    }
}

/// A world that is to mark `which` of Ada's notifications, three of which are unread.
fn marking(which: NotificationSelection) -> World {
    World::new().storing(move |tx: &mut TestUnitOfWork| {
        let expected = which.clone();
        tx.notifications.expect_mark_read().returning(move |user, which, now| {
            assert_eq!((user, which, now), (ADA, &expected, NOW));
            Ok(3)
        });
    })
}

#[actix_web::test]
async fn mark_read_accepts_both_spellings_on_both_paths() {
    let these = |ids: &[Uuid]| NotificationSelection::These(ids.iter().copied().map(NotificationId).collect());
    for path in [LIST, READ] {
        for (body, which) in [
            (json!({"ids": [ONE, OTHER]}), these(&[ONE, OTHER])),
            (json!({"notificationIds": [ONE]}), these(&[ONE])),
            (json!({"ids": []}), these(&[])),
            (json!({"all": true}), NotificationSelection::All),
            (json!({"markAll": true, "colour": "red"}), NotificationSelection::All),
            // Clients that always send both fields.
            (json!({"ids": [ONE], "all": false}), these(&[ONE])),
            (json!({"notificationIds": [ONE], "markAll": false}), these(&[ONE])),
            (json!({"ids": vec![ONE; 1000]}), these(&[ONE; 1000])),
        ] {
            let answer = send(marking(which), "POST", path, &body).await;
            assert_eq!((answer.status, answer.json()), (200, json!({"marked_count": 3})), "{path} {body}");
            assert_eq!(answer.header("cache-control"), Some("no-store"));
        }
    }
}

#[actix_web::test]
async fn mark_read_without_exactly_one_selection_is_refused() {
    let client = World::new().serve();
    let ask = async |path: &'static str, body: Value| {
        client.request("POST", path).bearer(&ada()).body(body.to_string()).send().await.problems()
    };
    for (path, missing) in [(READ, r#"["body","ids"] missing"#), (LIST, r#"["body","notificationIds"] missing"#)] {
        for body in [json!({}), json!({"all": false}), json!({"markAll": false, "all": false}), json!({"id": ONE})] {
            assert_eq!(ask(path, body.clone()).await, [missing], "{path} {body}");
        }
    }
    for (body, problems) in [
        (json!({"ids": [ONE], "all": true}), &[r#"["body","all"] value_error"#][..]),
        (json!({"ids": [], "markAll": true}), &[r#"["body","markAll"] value_error"#]),
        (json!({"ids": [ONE], "notificationIds": [ONE]}), &[r#"["body","notificationIds"] value_error"#]),
        (json!({"all": true, "markAll": true}), &[r#"["body","markAll"] value_error"#]),
        (
            json!({"ids": [ONE, "no id", OTHER, 7, null]}),
            &[r#"["body","ids",1] value_error"#, r#"["body","ids",3] string_type"#, r#"["body","ids",4] string_type"#],
        ),
        (json!({"notificationIds": ["", ONE]}), &[r#"["body","notificationIds",0] value_error"#]),
        (json!({"ids": ONE}), &[r#"["body","ids"] value_error"#]),
        (json!({"ids": null, "all": null}), &[r#"["body","ids"] value_error"#, r#"["body","all"] value_error"#]),
        (json!({"all": "true"}), &[r#"["body","all"] value_error"#]),
        (json!({"ids": vec![ONE; 1001]}), &[r#"["body","ids"] too_long"#]),
        (json!([]), &[r#"["body"] value_error"#]),
    ] {
        assert_eq!(ask(READ, body.clone()).await, problems, "{body}");
    }
}

/// As it is usual, but level-ups by e-mail, too.
fn preferences() -> Preferences {
    [(NotificationKind::LevelUp, Channels { in_app: true, email: true })].into_iter().collect()
}

fn every_kind() -> Value {
    let every = |wanted: fn(&str) -> bool| -> Value {
        let kinds = [
            "achievement_unlocked",
            "level_up",
            "leaderboard_rank",
            "streak_at_risk",
            "weekly_summary",
            "new_follower",
            "follow_request",
        ];
        kinds.into_iter().map(|kind| (kind.to_owned(), json!(wanted(kind)))).collect()
    };
    let by_mail = |kind: &str| ["level_up", "streak_at_risk", "weekly_summary", "follow_request"].contains(&kind);
    json!({"in_app": every(|_| true), "email": every(by_mail)})
}

#[actix_web::test]
async fn preferences_show_every_kind() {
    let mut world = World::new();
    world.notifications.expect_preferences().returning(|user| {
        assert_eq!(user, ADA);
        Ok(preferences())
    });
    let answer = get(world, PREFERENCES).await;
    assert_eq!((answer.status, answer.json()), (200, every_kind()));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[actix_web::test]
async fn preferences_change_names_the_changed_kinds() {
    use NotificationKind::{FollowRequest, LevelUp};
    for (body, change) in [
        (json!({}), PreferencesChange::default()),
        (json!({"in_app": {}, "sms": {"level_up": true}}), PreferencesChange::default()),
        (json!({"email": {"level_up": false}}), PreferencesChange::of([], [(LevelUp, false)])),
        (
            json!({"in_app": {"follow_request": true, "level_up": false}, "email": {"level_up": true}}),
            PreferencesChange::of([(LevelUp, false), (FollowRequest, true)], [(LevelUp, true)]),
        ),
    ] {
        let world = World::new().storing(move |tx: &mut TestUnitOfWork| {
            let expected = change.clone();
            tx.notifications.expect_change_preferences().returning(move |user, change| {
                assert_eq!((user, change), (ADA, &expected));
                Ok(preferences())
            });
        });
        let answer = send(world, "PATCH", PREFERENCES, &body).await;
        assert_eq!((answer.status, answer.json()), (200, every_kind()), "{body}");
    }
}

#[actix_web::test]
async fn preferences_problems_are_listed_together() {
    let client = World::new().serve();
    for (body, problems) in [
        (
            json!({"in_app": {"birthday": true, "level_up": null}, "email": {"LEVEL_UP": "yes", "new_follower": 1}}),
            &[
                r#"["body","in_app","birthday"] enum"#,
                r#"["body","in_app","level_up"] value_error"#,
                r#"["body","email","LEVEL_UP"] enum"#,
                r#"["body","email","new_follower"] value_error"#,
            ][..],
        ),
        (
            json!({"in_app": null, "email": [true]}),
            &[r#"["body","in_app"] value_error"#, r#"["body","email"] value_error"#],
        ),
        (json!(null), &[r#"["body"] value_error"#]),
    ] {
        let request = client.request("PATCH", PREFERENCES).bearer(&ada()).body(body.to_string());
        assert_eq!(request.send().await.problems(), problems, "{body}");
    }
}

#[actix_web::test]
async fn notification_document_examples_equal_responses() {
    let document = World::new().serve().get("/api/v1/openapi.json").await.json();
    let shown = |path: &str, method: &str| {
        document["paths"][path][method]["responses"]["200"]["content"]["application/json"]["example"].clone()
    };
    let names = |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    let list =
        get(with_notifications(NotificationQuery { limit: 50, offset: 0, unread_only: false }), LIST).await.json();
    assert_eq!(names(&list), names(&shown(LIST, "get")));
    assert_eq!(names(&list["notifications"][0]), names(&shown(LIST, "get")["notifications"][0]));
    let wanted = every_kind();
    for channel in ["in_app", "email"] {
        assert_eq!(names(&wanted[channel]), names(&shown(PREFERENCES, "get")[channel]));
    }
}

#[actix_web::test]
async fn notifications_require_a_token() {
    let client = World::new().serve();
    for (method, path) in [("GET", LIST), ("POST", LIST), ("POST", READ), ("GET", PREFERENCES), ("PATCH", PREFERENCES)]
    {
        // A request without a token learns nothing about validation.
        let path = format!("{path}?limit=0");
        let unsigned = client.request(method, &path).body("{").send().await;
        unsigned.assert_error(401, "UNAUTHORIZED", &json!({}));
        let unknown = client.request(method, &path).bearer(&stranger()).body("{").send().await;
        unknown.assert_error(401, "UNAUTHORIZED", &json!({}));
    }
    assert_eq!(client.request("DELETE", LIST).send().await.header("allow"), Some("GET, HEAD, OPTIONS, POST"));
}
