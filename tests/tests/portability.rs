//! Portability: the export of one instance, imported into another.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{AccountRows, Batch, Client, Database, PASSWORD, Server, TestMessage, TestUser};

/// The lines of the export of the account of `client`.
async fn export(client: &Client) -> Vec<Value> {
    let answer = client.get("/users/me/export").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect()
}

fn text(lines: &[Value]) -> String {
    lines.iter().fold(String::new(), |text, line| text + &line.to_string() + "\n")
}

/// A file with `bytes` that exists as long as `database`.
fn file(database: &Database, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = database.home().join(name);
    std::fs::write(&path, bytes).expect("a file");
    path
}

/// Runs `worker import`; returns its output, and whether it succeeded.
fn import(database: &Database, path: &Path, options: &[&str]) -> (bool, String) {
    let path = path.to_str().expect("text");
    let output = database.run("worker", &[&["import", path], options].concat());
    let printed = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(printed).expect("text"))
}

#[track_caller]
fn imported(database: &Database, path: &Path, options: &[&str]) -> String {
    let (success, printed) = import(database, path, options);
    assert!(success, "{printed}");
    assert!(printed.contains("nothing to repair"), "{printed}");
    printed
}

/// Signs in to an imported account with the password of the other instance.
async fn sign_in(from: &Server, to: &Server, username: &str) -> Client {
    let hash = from.database().rows(&format!("SELECT password_hash FROM users WHERE username = '{username}'"));
    let hash = hash.trim().trim_matches('"');
    to.database().rows(&format!("UPDATE users SET password_hash = '{hash}' WHERE username = '{username}'"));
    let session = to.client().post("/auth/login", &json!({"email": username, "password": PASSWORD})).await.expect(200);
    to.client().with_token(session["token"].as_str().expect("a token"))
}

/// `json` without the ids, which each instance assigns.
fn without_ids(mut json: Value) -> Value {
    match &mut json {
        Value::Object(fields) => {
            fields.retain(|name, _| name != "id" && name != "user_id");
            fields.values_mut().for_each(|value| *value = without_ids(value.take()));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = without_ids(item.take())),
        _ => {}
    }
    json
}

/// The answers of the API about the account `username`, by path.
async fn visible_data(client: &Client, username: &str) -> Vec<(String, Value)> {
    let mut visible_data = Vec::new();
    for path in [
        "/dashboard/overview",
        "/dashboard/trends?days=365",
        "/dashboard/tools",
        "/dashboard/models",
        "/dashboard/machines",
        "/users/{u}",
        "/users/{u}/stats",
        "/users/{u}/level",
        "/users/{u}/heatmap?year=2026",
        "/users/{u}/achievements",
        "/users/{u}/follow-stats",
        "/notifications/preferences",
        "/referrals/code",
    ] {
        let path = path.replace("{u}", username);
        let answer = client.get(&path).await.expect(200);
        visible_data.push((path, without_ids(answer)));
    }
    visible_data
}

#[track_caller]
fn assert_same(left: &[(String, Value)], right: &[(String, Value)]) {
    for ((path, left), (_, right)) in left.iter().zip(right) {
        assert_eq!(left, right, "{path}");
    }
}

/// The lines that an import keeps, sorted and without ids.
fn kept(lines: &[Value]) -> BTreeSet<String> {
    const NOT_IMPORTED: [&str; 7] = ["manifest", "session", "api_token", "follow", "follower", "referred", "end"];
    let is_kept = |line: &&Value| !NOT_IMPORTED.contains(&line["type"].as_str().expect("a type"));
    lines
        .iter()
        .filter(is_kept)
        .map(|line| if line["type"] == "account" { without_ids(line.clone()) } else { line.clone() }.to_string())
        .collect()
}

/// The recorded requests of the real client, one of each tool.
fn samples() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let files = std::fs::read_dir(folder).expect("the samples are there").map(|entry| entry.expect("a file").path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|kind| kind == "json")).collect();
    files.sort();
    let read = |path: &PathBuf| serde_json::from_slice(&std::fs::read(path).expect("it can be read")).expect("JSON");
    files.iter().map(read).collect()
}

/// The account ada with all samples, a profile, a pin, a follower and followed accounts.
async fn life(server: &Server) -> (TestUser, TestUser) {
    let ada = TestUser::register_in(server, "ada", "Europe/Berlin").await;
    let bob = TestUser::register(server, "bob").await;
    ada.change(json!({"name": "Ada", "bio": "Counts \"tokens\".", "region": "EU", "is_public": false})).await;
    ada.change(json!({"is_public": true})).await;
    let mut unlocked = Value::Null;
    for sample in samples() {
        let answer = ada.try_sync(&sample).await.expect(200);
        if unlocked.is_null() {
            unlocked = answer["newAchievements"][0]["id"].clone();
        }
    }
    let unpriced = TestMessage::new("odd").model("unknown-model").output(7).reasoning(3).project("a \"shop\"");
    ada.sync(&Batch::of([unpriced]).machine("desk\"top\"").with("reasoningIncludedInOutput", true)).await;
    let exact = Batch::of([TestMessage::new("exact").output(9)]).machine("desk").with("version", "3.0.0");
    ada.sync(&exact.with("parserVersion", 2).with("handover", json!({"from": "2026-01-01T00:00:00Z"}))).await;
    let pin = format!("/users/me/achievements/{}/pin", unlocked.as_str().expect("an id"));
    ada.client.send(ada.client.request(Method::PUT, &pin)).await.expect(200);
    ada.client.patch("/notifications/preferences", &json!({"email": {"level_up": false}})).await.expect(200);
    ada.client.post("/notifications/read", &json!({"all": true})).await.expect(200);
    ada.client.post("/auth/tokens", &json!({"name": "my laptop", "scopes": ["sync"]})).await.expect(201);
    ada.client.post("/projects", &json!({"url": "https://example.org", "title": "burntop"})).await.expect(201);
    ada.client.post("/projects", &json!({"url": "https://example.org/2", "is_featured": true})).await.expect(201);
    ada.get("/referrals/code").await;
    ada.client.post("/users/bob/follow", &json!({})).await.expect(201);
    bob.client.post("/users/ada/follow", &json!({})).await.expect(201);
    (ada, bob)
}

#[tokio::test]
async fn export_imported_elsewhere_gives_equal_account() {
    let (here, there) = (Server::start().await, Server::start().await);
    let (ada, bob) = life(&here).await;
    let new_bob = TestUser::register(&there, "bob").await;
    let exported = export(&ada.client).await;
    assert_eq!((&exported[0]["type"], &exported[0]["username"]), (&json!("manifest"), &json!("ada")));
    let secrets =
        here.database().rows("SELECT password_hash FROM users UNION SELECT encode(token_hash, 'hex') FROM sessions");
    for secret in secrets.lines().map(|secret| secret.trim_matches('"')) {
        assert!(!text(&exported).contains(secret), "the export contains a secret");
    }
    assert!(!text(&exported).contains(ada.client.token().expect("a token")));

    let path = file(there.database(), "ada.ndjson", text(&exported));
    let printed = imported(there.database(), &path, &[]);
    let messages = exported.iter().filter(|line| line["type"] == "message").count();
    assert!(printed.contains(&format!("messages: {messages} new, 0 updated, 0 known before")), "{printed}");
    assert!(printed.contains("follows: 1 new, 0 requested, 0 known before, 0 unknown accounts"), "{printed}");

    let moved = sign_in(&here, &there, "ada").await;
    let notifications = async |client: &Client| without_ids(client.get("/notifications?limit=100").await.expect(200));
    assert_eq!(notifications(&ada.client).await, notifications(&moved).await);
    let again = export(&moved).await;
    let (before, after) = (kept(&exported), kept(&again));
    assert_eq!(before.difference(&after).collect::<Vec<_>>(), Vec::<&String>::new());
    assert_eq!(after.difference(&before).collect::<Vec<_>>(), Vec::<&String>::new());
    AccountRows::of(here.database(), "ada").assert_same(&AccountRows::of(there.database(), "ada"));

    // The npm client of a machine that was handed over counts nowhere.
    let npm = Batch::of([TestMessage::new("a line").output(9)]).machine("desk").with("dryRun", true);
    assert_eq!(moved.post("/sync", &npm.json()).await.expect(200)["messagesSuperseded"], 1);

    // Followers are not imported. What they earned on the other instance is kept and not paid again.
    new_bob.client.post("/users/ada/follow", &json!({})).await.expect(201);
    assert_same(&visible_data(&ada.client, "ada").await, &visible_data(&moved, "ada").await);
    let feed = async |bob: &TestUser| {
        let feed = without_ids(bob.get("/feed?size=100").await);
        let item = |item: &Value| format!("{} {} {}", item["created_at"], item["type"], item["data"]);
        feed["items"].as_array().expect("items").iter().map(item).collect::<BTreeSet<_>>()
    };
    assert_eq!(feed(&bob).await, feed(&new_bob).await);

    let before = (export(&moved).await, AccountRows::of(there.database(), "ada"));
    for options in [&["--user", "ada"][..], &["--user", "ADA"]] {
        let printed = imported(there.database(), &path, options);
        assert!(printed.contains(&format!("messages: 0 new, 0 updated, {messages} known before")), "{printed}");
        assert!(
            printed.contains("also new: 0 unlocks, 0 events, 0 activities, 0 notifications, 0 projects of the profile"),
            "{printed}"
        );
        assert!(printed.contains("follows: 0 new, 0 requested, 1 known before, 0 unknown accounts"), "{printed}");
    }
    let after = export(&moved).await;
    let but_first = |lines: &[Value]| text(&lines[1..]);
    assert_eq!(but_first(&after), but_first(&before.0));
    before.1.assert_same(&AccountRows::of(there.database(), "ada"));
    assert_same(&visible_data(&ada.client, "ada").await, &visible_data(&moved, "ada").await);
}

#[tokio::test]
async fn import_into_existing_account_awards_nothing_twice() {
    let (here, there) = (Server::start().await, Server::start().await);
    let samples = samples();
    let whole = TestUser::register(&here, "whole").await;
    for sample in &samples {
        whole.try_sync(sample).await.expect(200);
    }
    // The other account has the first sample and some usage of its own.
    let other = TestUser::register(&there, "other").await;
    other.change(json!({"bio": "My own words."})).await;
    other.try_sync(&samples[0]).await.expect(200);
    let own = Batch::of([TestMessage::new("own").output(70_000)]).machine("another");
    other.sync(&own).await;
    whole.sync(&own).await;

    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(text(&export(&whole.client).await).as_bytes()).expect("it is packed");
    let path = file(there.database(), "whole", packed.finish().expect("it is packed"));
    let printed = imported(there.database(), &path, &["--user", "Other"]);
    assert!(!printed.contains("new account"), "{printed}");
    for path in ["/dashboard/overview", "/dashboard/models", "/dashboard/tools"] {
        assert_eq!(whole.get(path).await, other.get(path).await, "{path}");
    }
    let profile = other.get("/users/other").await;
    assert_eq!((&profile["bio"], &profile["email"]), (&json!("My own words."), &json!("other@example.org")));
    AccountRows::of(here.database(), "whole").assert_same(&AccountRows::of(there.database(), "other"));
    let tiers = |server: &Server| {
        server.database().rows("SELECT achievement_id, tier FROM unlocked_achievements ORDER BY achievement_id")
    };
    assert_eq!(tiers(&here), tiers(&there));

    let (success, printed) = import(there.database(), &path, &["--user", "eve"]);
    assert!(!success && printed.contains("There is no account called eve"), "{printed}");
    there.client().get("/users/whole").await.expect_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn import_of_new_account_takes_nothing_of_other_accounts() {
    let (here, there) = (Server::start().await, Server::start().await);
    let ada = TestUser::register(&here, "ada").await;
    ada.sync(&Batch::of([TestMessage::new("m1").output(7)])).await;
    let shy = TestUser::register(&here, "shy").await;
    ada.client.post("/users/shy/follow", &json!({})).await.expect(201);
    let github =
        "INSERT INTO external_accounts SELECT 'github', '7', id, 'ada', now(), now() FROM users WHERE username = 'ada'";
    here.database().rows(github);
    here.database().rows("UPDATE users SET email_verified = true");
    let path = file(there.database(), "ada.ndjson", text(&export(&ada.client).await));

    // Another account holds the address there, and a followed account has become private.
    let holder = TestUser::register(&there, "holder").await;
    there.database().rows("UPDATE users SET email = 'ada@example.org'");
    let new_shy = TestUser::register(&there, &shy.username).await;
    new_shy.change(json!({"is_public": false})).await;
    let printed = imported(there.database(), &path, &["--trust-email"]);
    assert!(printed.contains("ada: new account without a password"), "{printed}");
    assert!(printed.contains("ada: email address left out: another account has it"), "{printed}");
    assert!(printed.contains("follows: 0 new, 1 requested, 0 known before, 0 unknown accounts"), "{printed}");
    assert_eq!(new_shy.get("/users/me/follow-requests").await["items"][0]["username"], "ada");
    assert_eq!(holder.get("/auth/me").await["email"], "ada@example.org");
    let database = there.database();
    assert_eq!(database.rows("SELECT email, email_verified, is_admin FROM users WHERE username = 'ada'"), ",f,f\n");
    assert_eq!(database.number("SELECT count(*) FROM external_accounts"), 1, "trusted, and not another account's");

    let (success, printed) = import(database, &path, &[]);
    assert!(
        !success && printed.contains("There is already an account called ada. To import into it, use --user."),
        "{printed}"
    );
    let (success, printed) = import(database, &path, &["--user", "ada", "--trust-email"]);
    assert!(!success && printed.contains("cannot be used with"), "{printed}");

    // On a third instance nothing conflicts, and the address is not trusted.
    let third = Server::start().await;
    imported(third.database(), &path, &[]);
    assert_eq!(third.database().rows("SELECT email, email_verified FROM users"), "ada@example.org,f\n");
    assert_eq!(third.database().number("SELECT count(*) FROM external_accounts"), 0);
}

/// All rows of all tables, as text.
fn everything(database: &Database) -> String {
    let tables = database
        .rows("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1");
    let rows = |table: &str| database.rows(&format!("SELECT '{table}', to_jsonb(t) FROM \"{table}\" t ORDER BY 2"));
    tables.lines().map(rows).collect()
}

#[tokio::test]
async fn import_of_damaged_file_changes_nothing_and_names_line() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    ada.sync(&Batch::of((0..20).map(|n| TestMessage::new(format!("m{n}")).output(7)))).await;
    let lines = export(&ada.client).await;
    let whole = text(&lines);
    let database = server.database();
    database.rows("UPDATE users SET username = 'old_ada'");
    let before = everything(database);

    let place = lines.iter().position(|line| line["type"] == "message").expect("a message");
    let with = |change: &dyn Fn(&mut Value)| {
        let mut lines = lines.clone();
        change(&mut lines[place]);
        text(&lines)
    };
    let number = place + 1;
    let last = lines.len();
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(whole.as_bytes()).expect("it is packed");
    let packed = packed.finish().expect("it is packed");
    let table: Vec<(Vec<u8>, String)> = vec![
        (Vec::new(), "the file was cut off after line 0".to_owned()),
        (text(&lines[..last - 1]).into(), format!("the file was cut off after line {}", last - 1)),
        (whole[..whole.len() / 2].into(), "EOF while parsing".to_owned()),
        (packed[..packed.len() / 2].into(), "reading the file after line".to_owned()),
        (whole.replacen("\"version\":1", "\"version\":2", 1).into(), "line 1, field `version`: is 2".to_owned()),
        (with(&|line| *line = json!("garbage")).into(), format!("line {number}")),
        (with(&|line| line["input"] = json!(-1)).into(), format!("line {number}, field `input`: ")),
        (with(&|line| line["source"] = json!("")).into(), format!("line {number}, field `source`: ")),
        (with(&|line| line["type"] = json!("planet")).into(), format!("line {number}, field `type`: ")),
        (with(&|line| line["source"] = json!("x".repeat(100 << 20))).into(), format!("line {number}: is longer than")),
        (
            [text(&lines[..place]), text(&lines[place + 1..])].concat().into(),
            format!("line {}, field `counts`: ", last - 1),
        ),
    ];
    for (number, (bytes, reason)) in table.into_iter().enumerate() {
        let path = file(database, &format!("file-{number}"), bytes);
        for options in [&[][..], &["--user", "old_ada"]] {
            let (success, printed) = import(database, &path, options);
            assert!(!success && printed.contains(&reason), "{number}, not {reason}: {printed}");
            assert!(printed.contains("nothing was changed"), "{printed}");
        }
    }
    let (success, printed) = import(database, Path::new("/nowhere/at/all"), &[]);
    assert!(!success && printed.contains("No such file"), "{printed}");
    assert_eq!(everything(database), before);
    assert!(server.client().get("/users/ada").await.status == 404);
    server.assert_rebuild_changes_nothing("old_ada");
}
