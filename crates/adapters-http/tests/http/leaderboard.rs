//! `/leaderboard`, over the wire.

use domain::days::Period;
use domain::ids::UserId;
use domain::leaderboard::{
    Board, BoardEntry, BoardKind, BoardVersion, RankPosition, RankedDay, Score, Season, SeasonBoard, SeasonEntry,
    SeasonMonth, SortBy,
};
use domain::progression::Level;
use domain::usage::Source;
use serde_json::{Value, json};
use time::macros::date;

use crate::support::world::{ADA, BOB, NOW, World, ada, bob, dollars, stranger, user};

fn entry(id: UserId, rank: u32, before: Option<u32>, viewer: Option<UserId>) -> BoardEntry {
    let user = user(id);
    BoardEntry {
        user: id,
        username: user.username,
        name: user.profile.name,
        image: user.profile.image,
        standing: RankPosition { rank, before, score: Score::millionths(66_666_666) },
        tokens: 112_250,
        cost: dollars("0.3508"),
        streak: 3,
        level: Level::of(610),
        preferred_tool: Some(Source::trusted("claude-code")),
        followers: 1,
        is_following: viewer.filter(|viewer| *viewer != id).map(|_| true),
        created_at: NOW,
        updated_at: NOW,
    }
}

fn of_ada() -> Value {
    json!({
        "id": ADA.0, "user_id": ADA.0, "username": "Ada", "display_name": "Ada Example",
        "image": "https://example.org/me.png", "rank": 1, "rank_change": 2, "score": 66.666_666,
        "total_tokens": 112_250, "total_cost": 0.3508, "streak_days": 3, "level": 2, "preferred_tool": "claude-code",
        "followers_count": 1, "is_following": null, "created_at": "2026-11-22T12:34:56.789Z",
        "updated_at": "2026-11-22T12:34:56.789Z",
    })
}

/// Ada leads the boards; Bob sees himself second.
fn world() -> World {
    let mut world = World::new();
    world.leaderboard.expect_board().returning(|_, part, viewer, now| {
        assert_eq!(now, NOW);
        let entries = if part.offset == 0 { vec![entry(ADA, 1, Some(3), viewer)] } else { Vec::new() };
        let me = viewer.filter(|viewer| *viewer == BOB).map(|bob| entry(bob, 2, None, viewer));
        Ok(Board { entries, total: 2, computed_at: Some(NOW), me, version: None })
    });
    world.leaderboard.expect_entry().returning(|name, period, sort_by, viewer, _| {
        let query = (period, sort_by) == (Period::Week, SortBy::Cost) || (period, sort_by) == Default::default();
        let found =
            [ADA, BOB].into_iter().find(|id| user(*id).username == *name && (*id == ADA || viewer == Some(BOB)));
        Ok(found.filter(|_| query).map(|id| entry(id, 1, Some(3), viewer)))
    });
    world.leaderboard.expect_history().returning(|_, period, sort_by, from, _, _| {
        assert_eq!((period, sort_by, from), (Period::Month, SortBy::Streak, date!(2026 - 11 - 21)));
        Ok(Some(vec![RankedDay { date: date!(2026 - 11 - 21), rank: 4 }]))
    });
    let season = Season { month: SeasonMonth::of(date!(2026 - 10 - 01)), frozen_at: NOW, people: 3 };
    world.leaderboard.expect_seasons().returning(move || Ok(vec![season]));
    world.leaderboard.expect_season().returning(move |month, _| {
        let first = entry(ADA, 1, None, None);
        let entries = vec![SeasonEntry {
            user: first.user,
            username: first.username,
            name: first.name,
            image: first.image,
            rank: 1,
            tokens: 7,
            cost: dollars("0.5"),
        }];
        Ok((month == season.month).then_some(SeasonBoard { season, entries }))
    });
    world
}

#[actix_web::test]
async fn board_has_the_fields_of_the_contract() {
    let client = world().serve();
    let mut expected = json!({
        "entries": [of_ada()], "pagination": {"total": 2, "limit": 100, "offset": 0, "has_more": true},
        "period": "all", "sort_by": "tokens", "kind": "global", "computed_at": "2026-11-22T12:34:56.789Z", "me": null,
    });
    assert_eq!(client.get("/api/v1/leaderboard").await.json(), expected);
    assert_eq!(
        client.get("/api/v1/leaderboard/?tool=&model=&region=").await.json(),
        expected,
        "empty filters are none"
    );
    expected["entries"][0]["is_following"] = json!(true);
    let path = "/api/v1/leaderboard?kind=efficient&period=month&sort_by=cost&limit=1&region=EU&model=GPT-5";
    let seen = client.request("GET", path).bearer(&bob()).send().await.json();
    assert_eq!(seen["entries"], expected["entries"]);
    assert_eq!(seen["pagination"], json!({"total": 2, "limit": 1, "offset": 0, "has_more": true}));
    assert_eq!(
        (&seen["kind"], &seen["period"], &seen["sort_by"]),
        (&json!("efficient"), &json!("month"), &json!("cost"))
    );
    assert_eq!((&seen["me"]["username"], &seen["me"]["rank"]), (&json!("Bob"), &json!(2)));
    assert_eq!((&seen["me"]["rank_change"], &seen["me"]["is_following"]), (&Value::Null, &Value::Null));
    let beyond = client.get("/api/v1/leaderboard?offset=7").await.json();
    assert_eq!(beyond["pagination"], json!({"total": 2, "limit": 100, "offset": 7, "has_more": false}));
    assert_eq!(client.get("/api/v1/leaderboard?kind=rising").await.json()["period"], "week");
}

/// A world whose board has `boards`, one after the other, each of its version, while the version is that of `versions`.
fn changing_world(boards: Vec<BoardVersion>, versions: Vec<Option<BoardVersion>>) -> World {
    let mut world = World::new();
    let (mut boards, mut versions) = (boards.into_iter(), versions.into_iter());
    world.leaderboard.expect_board().returning(move |_, _, viewer, _| {
        let version = boards.next().expect("a further board");
        let entries = vec![entry(ADA, u32::try_from(version.changes).expect("small"), None, viewer)];
        Ok(Board { entries, total: 1, computed_at: Some(NOW), me: None, version: Some(version) })
    });
    world.leaderboard.expect_version().returning(move |_| Ok(versions.next().expect("a further version")));
    world
}

#[actix_web::test]
async fn board_page_is_written_once_for_callers_without_token_until_it_changes() {
    let version = |changes| BoardVersion { snapshot: 1, changes, expired_flags: 0 };
    let known = |changes| Some(version(changes));
    let client = changing_world(
        vec![version(1), version(1), version(2), version(3), version(3)],
        vec![known(1), known(1), known(2), known(2), known(3), None, known(3)],
    )
    .serve();
    let rank = async |query: &str| {
        client.get(&format!("/api/v1/leaderboard{query}")).await.json()["entries"][0]["rank"].clone()
    };
    assert_eq!(rank("").await, 1);
    assert_eq!(rank("").await, 1, "known");
    assert_eq!(rank("?offset=0&limit=100&period=all").await, 1, "the same page");
    assert_eq!(rank("?limit=99").await, 1, "another page");
    assert_eq!(rank("").await, 2, "changed");
    assert_eq!(rank("").await, 2);
    let tag = client.get("/api/v1/leaderboard").await.header("etag").expect("a tag").to_owned();
    assert_eq!(rank("").await, 3, "no refresh any more, so nothing is known");
    let seen = client.request("GET", "/api/v1/leaderboard").header("If-None-Match", &tag).send().await;
    assert_eq!(seen.status, 304);
}

#[actix_web::test]
async fn board_page_of_a_caller_with_token_is_read_each_time() {
    let version = BoardVersion { snapshot: 1, changes: 1, expired_flags: 0 };
    let client = changing_world(vec![version, version, version], vec![Some(version)]).serve();
    let path = "/api/v1/leaderboard";
    for bearer in [Some(ada()), None, Some(ada()), None] {
        let request = client.request("GET", path);
        let answer = match &bearer {
            Some(token) => request.bearer(token).send().await,
            None => request.send().await,
        };
        let follows = answer.json()["entries"][0]["is_following"].clone();
        assert_eq!((answer.status, follows), (200, Value::Null), "one's own entry");
        let policy = if bearer.is_some() { "private, no-store" } else { "public, no-cache" };
        assert_eq!(answer.header("cache-control"), Some(policy));
    }
}

#[actix_web::test]
async fn board_of_every_kind_can_be_requested() {
    let client = world().serve();
    for kind in BoardKind::ALL {
        let path = format!("/api/v1/leaderboard?kind={}", kind.name());
        let answer = client.request("GET", &path).bearer(&ada()).send().await;
        assert_eq!((answer.status, &answer.json()["kind"]), (200, &json!(kind.name())));
    }
}

#[actix_web::test]
async fn board_of_friends_requires_a_token_before_validation() {
    let client = world().serve();
    for query in ["kind=friends", "kind=friends&limit=x&tool=a&model=b"] {
        let path = format!("/api/v1/leaderboard?{query}");
        client.get(&path).await.assert_error(401, "UNAUTHORIZED", &json!({}));
        let answer = client.request("GET", &path).bearer(&stranger()).send().await;
        answer.assert_error(401, "UNAUTHORIZED", &json!({}));
    }
}

#[actix_web::test]
async fn board_invalid_parameters_are_listed_together() {
    let client = world().serve();
    for (query, places) in [
        ("tool=codex&model=gpt-5", &["model"][..]),
        ("limit=0", &["limit"]),
        ("limit=1001&offset=-1", &["limit", "offset"]),
        ("period=year&sort_by=xp&kind=best&region=XX", &["kind", "period", "region", "sort_by"]),
        ("kind=Friends", &["kind"]),
        ("tool=%00", &["tool"]),
        (&format!("tool={}", "x".repeat(51)), &["tool"]),
    ] {
        let answer = client.get(&format!("/api/v1/leaderboard?{query}")).await;
        assert_eq!(answer.status, 422, "{query}");
        let body = answer.json();
        let mut found: Vec<&str> =
            body["detail"].as_array().expect("problems").iter().filter_map(|one| one["loc"][1].as_str()).collect();
        found.sort_unstable();
        assert_eq!(found, places, "{query}");
    }
    for path in ["/leaderboard/ada?period=x", "/users/ada/rank-history?days=0", "/leaderboard/seasons/2026-13"] {
        assert_eq!(client.get(&format!("/api/v1{path}")).await.status, 422, "{path}");
    }
}

#[actix_web::test]
async fn board_entry_is_found_by_username_unless_hidden() {
    let client = world().serve();
    assert_eq!(client.get("/api/v1/leaderboard/aDa").await.json(), of_ada());
    assert_eq!(client.get("/api/v1/leaderboard/ada?period=week&sort_by=cost").await.status, 200);
    for name in ["bob", "nobody", "no-such-name"] {
        let details = json!({"resource": "LeaderboardEntry", "field": "username", "value": name});
        client.get(&format!("/api/v1/leaderboard/{name}")).await.assert_error(404, "NOT_FOUND", &details);
    }
    let own = client.request("GET", "/api/v1/leaderboard/bob").bearer(&bob()).send().await;
    assert_eq!((own.status, &own.json()["username"]), (200, &json!("Bob")));
}

#[actix_web::test]
async fn rank_history_is_as_visible_as_statistics() {
    let client = world().serve();
    let query = "rank-history?period=month&sort_by=streak&days=2";
    assert_eq!(
        client.get(&format!("/api/v1/users/ada/{query}")).await.json(),
        json!({
            "id": ADA.0, "username": "Ada", "period": "month", "sort_by": "streak",
            "history": [{"date": "2026-11-21", "rank": 4}],
        })
    );
    client.get("/api/v1/users/bob/rank-history?days=x").await.assert_error(403, "FORBIDDEN", &json!({}));
    let own = client.request("GET", &format!("/api/v1/users/bob/{query}")).bearer(&bob()).send().await;
    assert_eq!(own.status, 200);
    assert_eq!(client.get("/api/v1/users/nobody/rank-history").await.status, 404);
}

#[actix_web::test]
async fn seasons_are_public() {
    let client = world().serve();
    let season = json!({
        "season": "2026-10", "starts_on": "2026-10-01", "ends_on": "2026-10-31",
        "frozen_at": "2026-11-22T12:34:56.789Z", "people": 3,
    });
    assert_eq!(client.get("/api/v1/leaderboard/seasons").await.json(), json!({"seasons": [season], "total": 1}));
    let mut expected = season;
    expected["entries"] = json!([{
        "user_id": ADA.0, "username": "Ada", "display_name": "Ada Example", "image": "https://example.org/me.png",
        "rank": 1, "total_tokens": 7, "total_cost": 0.5,
    }]);
    assert_eq!(client.get("/api/v1/leaderboard/seasons/2026-10").await.json(), expected);
    let details = json!({"resource": "Season", "field": "season", "value": "2026-09"});
    client.get("/api/v1/leaderboard/seasons/2026-09").await.assert_error(404, "NOT_FOUND", &details);
}

#[actix_web::test]
async fn board_is_revalidated_by_etag() {
    let client = world().serve();
    let paths = [
        "/leaderboard",
        "/leaderboard/ada",
        "/leaderboard/seasons",
        "/leaderboard/seasons/2026-10",
        "/users/ada/rank-history?period=month&sort_by=streak&days=2",
    ];
    for path in paths.map(|path| format!("/api/v1{path}")) {
        let answer = client.get(&path).await;
        assert_eq!((answer.status, answer.header("cache-control")), (200, Some("public, no-cache")), "{path}");
        assert!(answer.header("vary").is_some_and(|vary| vary.to_lowercase().contains("authorization")), "{path}");
        let tag = answer.header("etag").expect("a tag").to_owned();
        let again = client.request("GET", &path).header("If-None-Match", &tag).send().await;
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        let known = client.request("GET", &path).bearer(&ada()).send().await;
        assert_eq!((known.header("cache-control"), known.header("etag")), (Some("private, no-store"), None), "{path}");
    }
}
