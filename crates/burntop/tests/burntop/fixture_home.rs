//! A home directory with logs, and the program that runs in it.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

/// A text that stands in every prompt of the fixtures.
pub(crate) const PROMPT: &str = "the prompt that must stay here";
/// A directory that stands in every path of the fixtures.
pub(crate) const DIRECTORY: &str = "classified-directory";
/// The directory of telemetry.
pub(crate) const TELEMETRY: &str = "telemetry";
/// The address that telemetry has of the user.
pub(crate) const EMAIL: &str = "eve@private.example";
/// The name of the session's file.
pub(crate) const SESSION: &str = "5d0c0000-0000-4000-8000-00000000beef";

pub(crate) struct FixtureHome {
    directory: TempDir,
    /// The tools' variables and the path of programs.
    variables: Vec<(String, String)>,
    pub(crate) now: OffsetDateTime,
}

/// A response of Claude in a fixture: 1,000 input, 200 cached, 30 written and `output` output tokens.
pub(crate) struct Response {
    pub(crate) id: String,
    pub(crate) hours_ago: i64,
    pub(crate) output: u64,
}

impl Response {
    pub(crate) fn new(id: impl Into<String>, hours_ago: i64, output: u64) -> Self {
        Self { id: id.into(), hours_ago, output }
    }

    pub(crate) fn tokens(&self) -> u64 {
        1_230 + self.output
    }
}

impl FixtureHome {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        #[expect(clippy::disallowed_methods, reason = "the program under test has the same clock")]
        let now = OffsetDateTime::now_utc();
        let home = Self { directory, variables: vec![("TZ".to_owned(), noon_zone(now))], now };
        home.set("PATH", "/usr/bin:/bin")
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.directory.path().join(below)
    }

    /// With a variable in the environment of the program.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn write(&self, below: &str, content: &str) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().expect("a parent")).expect("created");
        fs::write(path, content).expect("written");
    }

    pub(crate) fn read(&self, below: &str) -> String {
        fs::read_to_string(self.path(below)).expect("readable")
    }

    /// Signs in to the server at `url` as its user.
    pub(crate) fn sign_in(&self, url: &str) {
        let output = self.run_with_input(&["login", url, "--token"], "t_secret\n");
        assert!(output.status.success(), "{output:?}");
    }

    /// Adds `responses` to the log of a session of Claude, each in two lines after its prompt, as the tool writes them.
    pub(crate) fn log_claude(&self, session: &str, responses: &[Response]) {
        self.log_claude_lines(session, responses, true);
    }

    /// Adds a response to the log of a session of Claude whose last line was not written, as it happens to sub-agents.
    pub(crate) fn log_claude_without_end(&self, session: &str, response: &Response) {
        self.log_claude_lines(session, std::slice::from_ref(response), false);
    }

    fn log_claude_lines(&self, session: &str, responses: &[Response], have_ends: bool) {
        let path = self.path(&format!(".claude/projects/-home-eve-{DIRECTORY}/{session}.jsonl"));
        fs::create_dir_all(path.parent().expect("a parent")).expect("created");
        let file = fs::OpenOptions::new().create(true).append(true).open(path).expect("opened");
        let mut file = std::io::BufWriter::new(file);
        for response in responses {
            let at = (self.now - Duration::hours(response.hours_ago)).format(&Rfc3339).expect("a time");
            let common = json!({
                "parentUuid": null, "sessionId": session, "timestamp": at, "isSidechain": false,
                "cwd": format!("/home/eve/{DIRECTORY}"), "version": "2.1.289",
            });
            let with = |more: Value| {
                let mut line = common.clone();
                line.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
                line
            };
            let prompt = with(json!({"type": "user", "message": {"role": "user", "content": PROMPT}}));
            let line = |output: u64, stop: Value| {
                with(json!({
                    "type": "assistant", "uuid": format!("{}-{output}", response.id), "requestId": response.id,
                    "message": {
                        "id": format!("msg_{}", response.id), "type": "message", "role": "assistant",
                        "model": "claude-opus-4-5-20251101", "stop_reason": stop,
                        "content": [{"type": "text", "text": PROMPT}],
                        "usage": {
                            "input_tokens": 1_000, "output_tokens": output,
                            "cache_read_input_tokens": 200, "cache_creation_input_tokens": 30,
                        },
                    },
                }))
            };
            let end = have_ends.then(|| line(response.output, json!("end_turn")));
            for line in [prompt, line(1, Value::Null)].into_iter().chain(end) {
                writeln!(file, "{line}").expect("written");
            }
        }
    }

    /// Adds the events that Claude sends at the end of `responses` to a file of telemetry, after that of a prompt.
    pub(crate) fn log_telemetry(&self, responses: &[Response]) {
        let attributes = |values: Value| -> Vec<Value> {
            let values = values.as_object().expect("an object").clone();
            values.into_iter().map(|(key, value)| json!({"key": key, "value": {"stringValue": value}})).collect()
        };
        let prompt = attributes(json!({"event.name": "user_prompt", "prompt": PROMPT, "user.email": EMAIL}));
        let mut records = vec![json!({"body": {"stringValue": "claude_code.user_prompt"}, "attributes": prompt})];
        records.extend(responses.iter().map(|response| {
            let at = (self.now - Duration::hours(response.hours_ago)).unix_timestamp_nanos();
            let values = json!({
                "event.name": "api_request", "session.id": SESSION, "request_id": response.id, "user.email": EMAIL,
                "model": "claude-opus-4-5-20251101", "input_tokens": "1000", "cache_read_tokens": "200",
                "cache_creation_tokens": "30", "output_tokens": response.output.to_string(),
            });
            json!({
                "timeUnixNano": at.to_string(), "body": {"stringValue": "claude_code.api_request"},
                "attributes": attributes(values),
            })
        }));
        let path = self.path(TELEMETRY).join("otlp.json");
        fs::create_dir_all(path.parent().expect("a parent")).expect("created");
        let mut file = fs::OpenOptions::new().create(true).append(true).open(path).expect("opened");
        let request = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]});
        writeln!(file, "{request}").expect("written");
    }

    /// Writes the log of a thread of Codex with one response: 1,000 input tokens, 400 of them cached, and 20 output tokens.
    pub(crate) fn log_codex(&self, thread: &str, hours_ago: i64) {
        let at = (self.now - Duration::hours(hours_ago)).format(&Rfc3339).expect("a time");
        let usage = json!({
            "input_tokens": 1_000, "cached_input_tokens": 400, "output_tokens": 20, "reasoning_output_tokens": 5,
            "total_tokens": 1_020,
        });
        let info = json!({"total_token_usage": usage, "last_token_usage": usage, "model_context_window": 272_000});
        let lines = [
            ("session_meta", json!({"id": thread, "timestamp": at, "cwd": format!("/home/eve/{DIRECTORY}")})),
            ("turn_context", json!({"turn_id": "t1", "model": "gpt-5-codex"})),
            (
                "response_item",
                json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": PROMPT}]}),
            ),
            ("event_msg", json!({"type": "token_count", "info": info})),
        ];
        let lines = lines.map(|(kind, payload)| json!({"timestamp": at, "type": kind, "payload": payload}).to_string());
        self.write(
            &format!(".codex/sessions/2026/11/02/rollout-2026-11-02T10-00-00-{thread}.jsonl"),
            &(lines.join("\n") + "\n"),
        );
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.run_with_input(arguments, "")
    }

    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = self.spawn(arguments);
        child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("written");
        child.wait_with_output().expect("it ends")
    }

    pub(crate) fn spawn(&self, arguments: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_burntop"))
            .args(arguments)
            .env_clear()
            .env("HOME", self.directory.path())
            .envs(self.variables.iter().cloned())
            .current_dir(self.directory.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts")
    }

    /// The standard output of a run that succeeds.
    #[track_caller]
    pub(crate) fn text(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(output.status.success(), "{arguments:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
        text
    }

    /// The JSON that a run with `--json` prints.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let arguments = [arguments, &["--json"]].concat();
        serde_json::from_str(&self.text(&arguments)).expect("JSON")
    }

    /// The exit code and standard error of a run that fails.
    #[track_caller]
    pub(crate) fn failure(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.run(arguments);
        assert!(!output.status.success(), "{arguments:?} succeeded: {}", String::from_utf8_lossy(&output.stdout));
        (output.status.code().expect("an exit code"), String::from_utf8(output.stderr).expect("UTF-8"))
    }
}

/// A zone in which it is noon, so that some hours ago is still today.
fn noon_zone(now: OffsetDateTime) -> String {
    match 12 - i32::from(now.hour()) {
        0 => "UTC".to_owned(),
        // The sign in these names is that of POSIX.
        east @ 1.. => format!("Etc/GMT-{east}"),
        west => format!("Etc/GMT+{}", -west),
    }
}
