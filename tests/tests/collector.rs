//! The command line of a user: from logs on a machine to the dashboard, through real processes.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{Batch, Server, TestMessage, TestUser, noon_zone, now, program};

/// Runs the program in a home directory.
struct Machine {
    home: TempDir,
    zone: String,
}

impl Machine {
    fn new() -> Self {
        let zone = noon_zone().iana_name().expect("a name").to_owned();
        Self { home: TempDir::new().expect("a directory"), zone }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program("burntop"));
        command.args(arguments).env_clear().env("HOME", self.home.path()).env("TZ", &self.zone);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.command(&[arguments, &["--json"]].concat()).output().expect("it runs");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// Adds `lines` to the file `below` the home directory.
    fn log(&self, below: &str, lines: &[Value]) {
        let path = self.home.path().join(below);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("created");
        let mut text = std::fs::read_to_string(&path).unwrap_or_default();
        for line in lines {
            text += &line.to_string();
            text += "\n";
        }
        std::fs::write(path, text).expect("written");
    }

    /// Signs in as `user`, who confirms the code that the program shows.
    async fn login(&self, server: &Server, user: &TestUser) {
        let url = format!("http://{}", server.client().address());
        let mut child = self.command(&["login", &url]).spawn().expect("it starts");
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let shown = lines.next().expect("a line").expect("readable");
        let code = shown.rsplit_once("code ").expect("a code").1.trim_end_matches('.').to_owned();
        user.client.post("/auth/device/confirm", &json!({ "user_code": code })).await.expect(204);
        let status = tokio::task::spawn_blocking(move || child.wait()).await.expect("it ends").expect("a status");
        assert!(status.success(), "{:?}", lines.collect::<Vec<_>>());
    }
}

/// The two lines that Claude writes of a response: its beginning, and its end.
fn claude(id: &str, at: Timestamp, output: u64) -> [Value; 2] {
    [(1, Value::Null), (output, json!("end_turn"))].map(|(output, stop)| {
        json!({
            "type": "assistant", "uuid": format!("{id}-{output}"), "requestId": format!("req_{id}"), "sessionId": "s1",
            "timestamp": at.to_string(), "isSidechain": false, "cwd": "/home/eve/shop", "version": "2.1.289",
            "message": {
                "id": format!("msg_{id}"), "type": "message", "role": "assistant", "model": "claude-opus-4-5-20251101",
                "stop_reason": stop, "content": [],
                "usage": {
                    "input_tokens": 1_000, "output_tokens": output, "cache_read_input_tokens": 200,
                    "cache_creation_input_tokens": 30,
                },
            },
        })
    })
}

/// A thread of Codex with one response: 5,000 input tokens, 4,000 of them cached, and 300 output tokens, 100 of them reasoning.
fn codex(at: Timestamp) -> Vec<Value> {
    let thread = "019a0000-0000-7000-8000-00000000aaaa";
    let usage = json!({
        "input_tokens": 5_000, "cached_input_tokens": 4_000, "output_tokens": 300, "reasoning_output_tokens": 100,
        "total_tokens": 5_300,
    });
    let line = |kind: &str, payload: Value| json!({"timestamp": at.to_string(), "type": kind, "payload": payload});
    vec![
        line(
            "session_meta",
            json!({"id": thread, "timestamp": at.to_string(), "cwd": "/home/eve/shop", "model_provider": "openai"}),
        ),
        line("turn_context", json!({"turn_id": "t1", "cwd": "/home/eve/shop", "model": "gpt-5-codex"})),
        line(
            "event_msg",
            json!({
                "type": "token_count", "info": {"total_token_usage": usage, "last_token_usage": usage, "model_context_window": 272_000},
            }),
        ),
    ]
}

const CLAUDE_LOG: &str = ".claude/projects/-home-eve-shop/5d0c0000-0000-4000-8000-000000000001.jsonl";
const CODEX_LOG: &str =
    ".codex/sessions/2026/11/20/rollout-2026-11-20T10-00-00-019a0000-0000-7000-8000-00000000aaaa.jsonl";

#[tokio::test]
async fn newcomer_sees_own_numbers_after_login_and_sync() {
    let server = Server::start().await;
    let ada = TestUser::register_with(&server, "ada", json!({})).await;
    let machine = Machine::new();
    let at = |hours: i64| now() - SignedDuration::from_hours(hours);
    machine.log(CLAUDE_LOG, &[claude("a", at(26), 50), claude("b", at(1), 70)].concat());
    machine.log(CODEX_LOG, &codex(at(1)));
    machine.login(&server, &ada).await;
    assert_eq!(machine.json(&["whoami"])["username"], "ada");

    let synced = machine.json(&["sync"]);
    assert_eq!(synced["sources"].as_array().map(Vec::len), Some(2), "{synced}");
    let overview = ada.overview().await;
    let claude_tokens = 2 * 1_230 + 50 + 70;
    for (name, expected) in [
        ("total_tokens", claude_tokens + 5_300),
        ("total_input_tokens", 2_000 + 1_000),
        ("total_cache_read_tokens", 400 + 4_000),
        ("total_cache_write_tokens", 60),
        ("total_output_tokens", 120 + 300),
        ("current_streak", 2),
    ] {
        assert_eq!(overview[name], expected, "{name}");
    }
    // What the machine computes offline is what the server computes.
    let stats = machine.json(&["stats"]);
    assert_eq!(stats["total"]["cost"], overview["total_cost"]);
    assert_eq!(stats["total"]["tokens"], overview["total_tokens"]);
    assert_eq!(stats["current_streak"], overview["current_streak"]);

    // Nothing that is sent again adds anything: neither a full sync, nor one after a lost state.
    machine.json(&["sync", "--full"]);
    std::fs::remove_dir_all(machine.home.path().join(".local/state")).expect("removed");
    machine.json(&["sync"]);
    assert_eq!(ada.overview().await["total_tokens"], claude_tokens + 5_300);

    machine.log(CLAUDE_LOG, &claude("c", at(0), 5));
    machine.json(&["sync"]);
    assert_eq!(ada.overview().await["total_tokens"], claude_tokens + 5_300 + 1_235);
    server.assert_rebuild_changes_nothing("ada");
}

/// The messages that the npm client sends of Claude's `lines`: one a line, by its `uuid`.
fn npm_messages(lines: &[Value]) -> Vec<TestMessage> {
    let message = |line: &Value| {
        let count = |name: &str| line["message"]["usage"][name].as_u64().expect("a count");
        TestMessage::new(line["uuid"].as_str().expect("an id"))
            .at(line["timestamp"].as_str().and_then(|text| text.parse().ok()).expect("an instant"))
            .model("claude-opus-4-5-20251101")
            .input(count("input_tokens"))
            .output(count("output_tokens"))
            .cache(count("cache_read_input_tokens"), count("cache_creation_input_tokens"))
    };
    lines.iter().map(message).collect()
}

#[tokio::test]
async fn collector_after_npm_client_lowers_totals_to_the_truth() {
    let server = Server::start().await;
    let ada = TestUser::register_with(&server, "ada", json!({})).await;
    let machine = Machine::new();
    let at = |hours: i64| now() - SignedDuration::from_hours(hours);
    // The tool has deleted the oldest log: the npm client's messages of it are all that is left.
    let deleted = claude("old", at(40 * 24), 10);
    let logged = [claude("a", at(26), 50), claude("b", at(1), 70)].concat();
    machine.log(CLAUDE_LOG, &logged);
    std::fs::create_dir_all(machine.home.path().join(".config/burntop")).expect("created");
    std::fs::write(machine.home.path().join(".config/burntop/machine-id"), "abcd1234").expect("written");
    let npm = Batch::of(npm_messages(&[&deleted[..], &logged].concat())).machine("abcd1234");
    let (of_deleted, truth) = (2 * 1_230 + 11, 2 * 1_230 + 50 + 70);
    ada.sync(&npm).await;
    assert_eq!(ada.overview().await["total_tokens"], of_deleted + 2 * truth - 50 - 70 + 2);

    machine.login(&server, &ada).await;
    let synced = machine.json(&["sync"]);
    let handover = &synced["sources"][0]["handed_over"];
    assert_eq!((&handover["removed"], &handover["kept"]), (&json!(4), &json!(2)), "{synced}");
    assert_eq!(ada.overview().await["total_tokens"], of_deleted + truth);
    let state = ada.get("/sync/state?source=claude-code&machineId=abcd1234").await;
    assert_eq!((&state["messages"], &state["messages_protocol_2"]), (&json!(4), &json!(2)), "{state}");

    // Whatever comes again, in whatever order, changes nothing.
    for _ in 0..2 {
        let again = ada.sync(&npm).await;
        assert_eq!((&again["messagesDuplicate"], &again["messagesSuperseded"]), (&json!(6), &json!(4)), "{again}");
        machine.json(&["sync", "--full"]);
        std::fs::remove_dir_all(machine.home.path().join(".local/state")).expect("removed");
        machine.json(&["sync"]);
        assert_eq!(ada.overview().await["total_tokens"], of_deleted + truth);
    }
    server.assert_rebuild_changes_nothing("ada");
}

#[tokio::test]
async fn project_names_are_sent_as_the_user_wants_them() {
    let server = Server::start().await;
    let ada = TestUser::register_with(&server, "ada", json!({})).await;
    let machine = Machine::new();
    let at = now() - SignedDuration::from_hours(1);
    machine.log(CLAUDE_LOG, &claude("a", at, 50));
    machine.log(CODEX_LOG, &codex(at));
    machine.login(&server, &ada).await;
    let projects = async || {
        let list = ada.get("/dashboard/projects").await["projects"].clone();
        let shown = |row: &Value| (row["project"].as_str().expect("a name").to_owned(), row["tokens"].clone());
        list.as_array().expect("a list").iter().map(shown).collect::<Vec<_>>()
    };
    machine.json(&["sync"]);
    assert_eq!(projects().await, [], "no name is sent unless the user wants it");

    let settings = machine.home.path().join(".config/burntop/config.toml");
    std::fs::write(&settings, "projects = \"plain\"").expect("written");
    machine.json(&["sync", "--full"]);
    // The response of Claude and that of Codex are in the same directory.
    let tokens = json!(1_230 + 50 + 5_300);
    assert_eq!(projects().await, [("shop".to_owned(), tokens.clone())]);

    // The name ends with the usage; the hash is the same for both tools.
    ada.client.delete("/users/me/usage").await.expect(200);
    std::fs::write(&settings, "projects = \"hashed\"").expect("written");
    machine.json(&["sync", "--full"]);
    let hashed = projects().await;
    assert_eq!(hashed.len(), 1, "{hashed:?}");
    let (name, counted) = &hashed[0];
    assert!(name.starts_with('#') && !name.contains("shop") && *counted == tokens, "{hashed:?}");
    server.assert_rebuild_changes_nothing("ada");
}

#[tokio::test]
async fn login_leaves_api_token_and_no_session() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let machine = Machine::new();
    machine.login(&server, &ada).await;
    assert_eq!(ada.get("/auth/sessions").await.as_array().map(Vec::len), Some(1), "that of the test");
    let tokens = ada.get("/auth/tokens").await;
    assert_eq!(tokens[0]["scopes"], json!(["sync", "read"]), "{tokens}");
    assert!(Path::new(&machine.home.path().join(".config/burntop/credentials.toml")).exists());
    ada.client.delete(&format!("/auth/tokens/{}", tokens[0]["id"].as_str().expect("an id"))).await.expect(204);
    let refused = machine.command(&["sync"]).output().expect("it runs");
    assert_eq!(refused.status.code(), Some(0), "without logs nothing is sent");
    assert_eq!(machine.command(&["whoami"]).output().expect("it runs").status.code(), Some(3));
}
