//! A small server with the parts of the API that the program uses: it counts each message once, and can fail on demand.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use flate2::read::GzDecoder;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// What happens to a sync instead of an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// Answers with this status and `Retry-After: 1`.
    Busy(u16),
    /// Answers with this status.
    Refuse(u16),
    /// Stores the messages and closes the connection without an answer.
    LoseAnswer,
    /// Closes the connection without storing anything.
    HangUp,
    /// Stores the messages, and answers only when the test calls [`FakeServer::release`].
    Hold,
    /// Rejects the first message for this reason.
    RejectFirst(&'static str),
    /// Answers with this text wherever the answer has a text.
    Say(&'static str),
    /// Answers 200 with this JSON, and stores nothing.
    Pretend(&'static str),
    /// Answers with 422 and this text.
    RefuseFor(&'static str),
}

#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Default)]
struct ServerState {
    /// The tokens of each message, by source and id.
    ledger: BTreeMap<(String, String), u64>,
    requests: Vec<Received>,
    faults: VecDeque<Fault>,
    is_held: bool,
    is_released: bool,
    polls: u32,
    device_outcome: Option<&'static str>,
    handover_from: Option<OffsetDateTime>,
    /// The times of the messages that the npm client sent.
    npm_messages: Vec<OffsetDateTime>,
    is_older_release: bool,
    /// The most messages that a request may have.
    limit: Option<usize>,
    /// The name of the user, if it is another one than `ada`.
    username: Option<&'static str>,
    requires_session: bool,
}

/// A received request. The body is decompressed.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) line: String,
    pub(crate) authorization: String,
    pub(crate) encoding: String,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

pub(crate) struct FakeServer {
    address: String,
    shared: Arc<(Mutex<ServerState>, Condvar)>,
}

impl FakeServer {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let shared = Arc::<(Mutex<ServerState>, Condvar)>::default();
        let server = Self { address, shared: Arc::clone(&shared) };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || serve(&shared, stream));
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets the next syncs end so, one after the other.
    pub(crate) fn fail(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state().faults.extend(faults);
    }

    pub(crate) fn limit_messages(&self, limit: usize) {
        self.state().limit = Some(limit);
    }

    pub(crate) fn answer_device_login(&self, outcome: &'static str) {
        self.state().device_outcome = Some(outcome);
    }

    /// Whether the server is of a release without handovers.
    pub(crate) fn set_older_release(&self, is_older: bool) {
        self.state().is_older_release = is_older;
    }

    /// Sets the messages that the npm client sent.
    pub(crate) fn set_npm_messages(&self, times: impl IntoIterator<Item = OffsetDateTime>) {
        self.state().npm_messages = times.into_iter().collect();
    }

    pub(crate) fn npm_messages(&self) -> usize {
        self.state().npm_messages.len()
    }

    /// Forgets messages and handovers, as a server does that was restored from a backup.
    pub(crate) fn forget_everything(&self) {
        let mut state = self.state();
        state.ledger.clear();
        state.handover_from = None;
    }

    /// Forgets handovers: they are those of another machine.
    pub(crate) fn forget_handover(&self) {
        self.state().handover_from = None;
    }

    /// Of each sync, the machine and whether it has a handover.
    pub(crate) fn handovers(&self) -> Vec<(String, bool)> {
        let machine = |body: &Value| body["machineId"].as_str().expect("a machine").to_owned();
        self.syncs().iter().map(|body| (machine(body), body.get("handover").is_some())).collect()
    }

    /// Refuses to end API tokens without a session.
    pub(crate) fn require_session(&self) {
        self.state().requires_session = true;
    }

    pub(crate) fn rename_user(&self, name: &'static str) {
        self.state().username = Some(name);
    }

    /// Waits until a request is held. The time limit is generous, because it does not measure speed.
    pub(crate) fn wait_until_held(&self) {
        let (limit, state) = (Duration::from_mins(5), self.state());
        let (state, _) = self.shared.1.wait_timeout_while(state, limit, |state| !state.is_held).expect("not poisoned");
        assert!(state.is_held, "no request arrived");
    }

    pub(crate) fn release(&self) {
        self.state().is_released = true;
        self.shared.1.notify_all();
    }

    /// The number of messages, and their tokens.
    pub(crate) fn totals(&self) -> (usize, u64) {
        let state = self.state();
        (state.ledger.len(), state.ledger.values().sum())
    }

    pub(crate) fn requests(&self) -> Vec<Received> {
        self.state().requests.clone()
    }

    /// The bodies of all syncs.
    pub(crate) fn syncs(&self) -> Vec<Value> {
        let requests = self.requests();
        requests.iter().filter(|request| request.line.starts_with("POST /api/v1/sync")).map(Received::json).collect()
    }

    fn state(&self) -> MutexGuard<'_, ServerState> {
        self.shared.0.lock().expect("not poisoned")
    }
}

fn serve(shared: &(Mutex<ServerState>, Condvar), mut stream: TcpStream) {
    let Some(request) = receive(&stream) else { return };
    let line = request.line.clone();
    shared.0.lock().expect("not poisoned").requests.push(request.clone());
    let path = line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    let answer = match path.split('?').next().unwrap_or_default() {
        "POST /api/v1/sync" => sync(shared, &request),
        "GET /api/v1/sync/state" if request.authorization == "Bearer t_read" => {
            Some((403, json!({"detail": "The scopes do not permit this."}), ""))
        }
        "GET /api/v1/sync/state" => {
            let state = shared.0.lock().expect("not poisoned");
            let from = state.handover_from.map(|from| from.format(&Rfc3339).expect("a time"));
            let known = (200, json!({"handover_from": from, "messages_protocol_2": state.npm_messages.len()}), "");
            Some(if state.is_older_release { (404, json!({"detail": "Not found."}), "") } else { known })
        }
        "GET /api/v1/auth/me" if request.authorization.is_empty() => Some((401, json!({"detail": "No."}), "")),
        "GET /api/v1/auth/me" if request.authorization == "Bearer t_wrong" => Some((401, json!({"detail": "No."}), "")),
        "GET /api/v1/auth/me" if request.authorization == "Bearer t_sync" => {
            Some((403, json!({"detail": "The scopes do not permit this."}), ""))
        }
        "GET /api/v1/auth/me" => {
            let name = shared.0.lock().expect("not poisoned").username.unwrap_or("ada");
            Some((200, json!({"id": "u1", "username": name, "email": null}), ""))
        }
        "GET /api/v1/health" => Some((200, json!({"status": "ok"}), "")),
        "POST /api/v1/auth/device/code" => Some((
            200,
            json!({
                "device_code": "t_device", "user_code": "BCDF-GHJK", "verification_uri": "http://x/device",
                "verification_uri_complete": "http://x/device?user_code=BCDF-GHJK", "expires_in": 900, "interval": 1,
            }),
            "",
        )),
        "POST /api/v1/auth/device/token" => {
            let mut state = shared.0.lock().expect("not poisoned");
            state.polls += 1;
            let outcome =
                if state.polls == 1 { "authorization_pending" } else { state.device_outcome.unwrap_or_default() };
            Some(match outcome {
                "" => (200, json!({"access_token": "s_session", "token_type": "Bearer", "expires_in": 1}), ""),
                error => (400, json!({"detail": "Not yet.", "details": {"error": error}}), ""),
            })
        }
        "POST /api/v1/auth/tokens" => Some((201, json!({"id": "token-id", "token": "t_issued", "name": "x"}), "")),
        "POST /api/v1/auth/logout" | "DELETE /api/v1/auth/tokens/token-id"
            if request.authorization.starts_with("Bearer t_")
                && shared.0.lock().expect("not poisoned").requires_session =>
        {
            Some((403, json!({"detail": "The scopes do not permit this."}), ""))
        }
        "POST /api/v1/auth/logout" | "DELETE /api/v1/auth/tokens/token-id" => Some((204, Value::Null, "")),
        _ => Some((404, json!({"detail": "Not found."}), "")),
    };
    if let Some((status, body, header)) = answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{header}Connection: close\r\n\r\n"
        );
        let _ = stream.write_all((head + &body).as_bytes());
    }
}

/// The answer to a sync; `None` to close the connection.
fn sync(shared: &(Mutex<ServerState>, Condvar), request: &Received) -> Option<(u16, Value, &'static str)> {
    let body = request.json();
    let mut state = shared.0.lock().expect("not poisoned");
    let messages = body["messages"].as_array().expect("messages");
    if state.limit.is_some_and(|limit| messages.len() > limit) {
        return Some((413, json!({"detail": "Too large."}), ""));
    }
    let fault = state.faults.pop_front();
    match fault {
        Some(Fault::Busy(status)) => return Some((status, json!({"detail": "Busy."}), "Retry-After: 1\r\n")),
        Some(Fault::Refuse(status)) => return Some((status, json!({"detail": "No."}), "")),
        Some(Fault::Pretend(json)) => return Some((200, serde_json::from_str(json).expect("JSON"), "")),
        Some(Fault::RefuseFor(reason)) => return Some((422, json!({"detail": reason}), "")),
        Some(Fault::HangUp) => return None,
        _ => {}
    }
    let (skipped, text) = match fault {
        Some(Fault::RejectFirst(reason)) => (1, reason),
        Some(Fault::Say(text)) => (1, text),
        _ => (0, ""),
    };
    let source = body["source"].as_str().expect("a source").to_owned();
    for message in &messages[skipped..] {
        let kinds = ["inputTokens", "outputTokens", "cacheCreationTokens", "cacheReadTokens"];
        let tokens = kinds.iter().map(|kind| message[kind].as_u64().expect("a count")).sum::<u64>();
        let known =
            state.ledger.entry((source.clone(), message["id"].as_str().expect("an id").to_owned())).or_default();
        *known = tokens.max(*known);
    }
    if let Some(from) = body["handover"]["from"].as_str().filter(|_| messages.len() > skipped) {
        let from = OffsetDateTime::parse(from, &Rfc3339).expect("a time");
        let from = state.handover_from.map_or(from, |earlier| earlier.min(from));
        state.handover_from = Some(from);
        state.npm_messages.retain(|at| *at < from);
    }
    if matches!(fault, Some(Fault::LoseAnswer)) {
        return None;
    }
    if matches!(fault, Some(Fault::Hold)) {
        state.is_held = true;
        shared.1.notify_all();
        state = shared.1.wait_while(state, |state| !state.is_released).expect("not poisoned");
    }
    let rejected = match skipped {
        1 => json!([{"index": 0, "id": "x", "reason": text}]),
        _ => json!([]),
    };
    let (models, warnings) = match fault {
        Some(Fault::Say(text)) => (json!([text]), json!([{"code": text, "field": text, "message": text}])),
        _ => (json!([]), json!([])),
    };
    let total: u64 = state.ledger.values().sum();
    let answer = json!({
        "success": true, "messagesReceived": messages.len(), "messagesSynced": messages.len() - skipped,
        "messagesDuplicate": 0, "messagesRejected": skipped, "rejected": rejected, "unpricedModels": models, "warnings": warnings,
        "stats": {"totalTokens": total, "totalCost": 0.35, "currentStreak": 1},
    });
    Some((200, answer, ""))
}

fn receive(stream: &TcpStream) -> Option<Received> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let (mut length, mut authorization, mut encoding) = (0, String::new(), String::new());
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "authorization" => value.clone_into(&mut authorization),
            "content-encoding" => value.clone_into(&mut encoding),
            _ => {}
        }
    }
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes).ok()?;
    let mut body = String::new();
    if encoding == "gzip" {
        GzDecoder::new(&bytes[..]).read_to_string(&mut body).ok()?;
    } else {
        body = String::from_utf8(bytes).ok()?;
    }
    Some(Received { line: line.trim().to_owned(), authorization, encoding, body })
}
