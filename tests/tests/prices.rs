//! Prices: a model that was unknown when its messages were synced gets a price, and all figures follow.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};
use tests::{Batch, Database, Server, TestMessage, TestUser, Worker, wait_until};

/// A server with a price table and its `ETag`.
struct FakeTable {
    url: String,
    table: Arc<Mutex<(String, String)>>,
}

impl FakeTable {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/table.json", listener.local_addr().expect("an address"));
        let table = Arc::new(Mutex::new((String::new(), String::new())));
        let served = Arc::clone(&table);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                serve(stream, &served.lock().expect("no panic"));
            }
        });
        Self { url, table }
    }

    /// Replaces the table.
    fn publish(&self, tag: &str, body: &impl ToString) {
        *self.table.lock().expect("no panic") = (format!("\"{tag}\""), body.to_string());
    }
}

fn serve(mut stream: TcpStream, (tag, body): &(String, String)) {
    let mut head = Vec::new();
    let mut part = [0; 1024];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut part) {
            Ok(read @ 1..) => head.extend_from_slice(&part[..read]),
            _ => return,
        }
    }
    let knows = String::from_utf8_lossy(&head).to_lowercase().contains(&format!("if-none-match: {tag}\r\n"));
    let (status, body) = if knows { (304, "") } else { (200, body.as_str()) };
    let head =
        format!("HTTP/1.1 {status} X\r\nETag: {tag}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    // The client may have closed the connection.
    let _ = stream.write_all((head + body).as_bytes());
}

/// A table with as many models as the real one: `novel-0`, `novel-1`, …, at `output` USD per million output tokens.
fn novels(output: f64) -> Value {
    let entry = json!({"litellm_provider": "novelist", "mode": "chat", "input_cost_per_token": 1e-6,
        "output_cost_per_token": output * 1e-6});
    Value::Object((0..4_000).map(|n| (format!("novel-{n}"), entry.clone())).collect::<Map<_, _>>())
}

/// Runs `worker run-once prices` with the table at `url`; returns whether it succeeded, and its output.
fn look_after_prices(database: &Database, url: &str) -> (bool, String) {
    let command = database.command("worker").args(["run-once", "prices"]).env("PRICING_URL", url).output();
    let output = command.expect("the program runs");
    (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).expect("text"))
}

#[tokio::test]
async fn new_model_is_priced_in_all_figures() {
    let server = Server::start().await;
    let (ada, bob) = (TestUser::register(&server, "ada").await, TestUser::register(&server, "bob").await);
    let novel = |id: &str| TestMessage::new(id).model("novel-1").output(1_000_000);
    let known = TestMessage::new("known").model("gpt-5-mini").output(1_000_000);
    ada.sync(&Batch::of([
        novel("a"),
        novel("b"),
        known.clone(),
        TestMessage::new("c").model("nobody-knows").output(7),
    ]))
    .await;
    bob.sync(&Batch::of([known])).await;
    let before = ada.overview().await;
    assert_eq!((before["unpriced_tokens"].as_u64(), before["total_cost"].as_f64()), (Some(2_000_007), Some(2.0)));

    let table = FakeTable::start();
    table.publish("nonsense", &"<html>");
    let (succeeded, output_text) = look_after_prices(server.database(), &table.url);
    assert!(!succeeded && output_text.contains("prices unchanged: the answer is not a price table"), "{output_text}");
    table.publish("short", &json!({"novel-1": novels(9.0)["novel-1"]}));
    let (succeeded, output_text) = look_after_prices(server.database(), &table.url);
    assert!(!succeeded && output_text.contains("the table was refused: it lists 1 models"), "{output_text}");
    assert_eq!(ada.overview().await, before);

    table.publish("one", &novels(3.0));
    let (succeeded, output_text) = look_after_prices(server.database(), &table.url);
    assert!(succeeded && output_text.contains("4000 new models, 0 new prices"), "{output_text}");
    assert!(output_text.contains("2 messages of 1 account priced: $6.00"), "{output_text}");
    let after = ada.overview().await;
    assert_eq!((after["unpriced_tokens"].as_u64(), after["total_cost"].as_f64()), (Some(7), Some(8.0)));
    assert_eq!((&after["total_tokens"], &after["unique_days"]), (&before["total_tokens"], &before["unique_days"]));
    let models = ada.get("/dashboard/models").await;
    let novel_1 = models["models"].as_array().expect("a list").iter().find(|model| model["model"] == "novel-1");
    let novel_1 = novel_1.expect("it is listed");
    assert_eq!((novel_1["cost"].as_f64(), novel_1["cost_status"].as_str()), (Some(6.0), Some("estimated")));
    assert_eq!(server.client().get("/users/ada/stats").await.expect(200)["total_cost"].as_f64(), Some(8.0));
    for name in ["ada", "bob"] {
        server.assert_rebuild_changes_nothing(name);
    }

    let (succeeded, output_text) = look_after_prices(server.database(), &table.url);
    assert!(
        succeeded && output_text.contains("the table has not changed") && output_text.contains("0 messages"),
        "{output_text}"
    );
    assert_eq!(server.database().number("SELECT sum(messages)::int FROM repricings"), 2);
    let outcomes = server.database().rows("SELECT outcome FROM price_updates ORDER BY at, id");
    assert_eq!(outcomes, "failed\nrefused\napplied\nunchanged\n");
}

#[tokio::test]
async fn new_price_applies_from_its_fetch_on_all_servers() {
    let server = Server::start().await;
    let table = FakeTable::start();
    table.publish("one", &novels(3.0));
    assert!(look_after_prices(server.database(), &table.url).0);
    let mut other = Server::start_on(server.database().clone(), &[]).await;
    let ada = TestUser::register(&other, "ada").await;
    let novel = |id: &str| TestMessage::new(id).model("novel-1").output(1_000_000);
    let answer = ada.sync(&Batch::of([novel("a")])).await;
    assert_eq!(answer["unpricedModels"], json!([]));

    table.publish("dear", &novels(30.0));
    let (succeeded, output_text) = look_after_prices(server.database(), &table.url);
    assert!(!succeeded && output_text.contains("it changes 4000 of 4000 known prices"), "{output_text}");
    let command = server
        .database()
        .command("worker")
        .args(["run-once", "prices"])
        .env("PRICING_URL", &table.url)
        .env("BURNTOP__PRICING__MAX_CHANGED_SHARE", "1")
        .output()
        .expect("the program runs");
    assert!(command.status.success(), "{}", String::from_utf8_lossy(&command.stderr));
    assert_eq!(other.terminate().await, Some(0));
    other.restart().await;
    ada.sync(&Batch::of([novel("b"), novel("c").at(tests::now())])).await;
    // An old message has the old price, a new one the new price.
    assert_eq!(ada.overview().await["total_cost"].as_f64(), Some(3.0 + 3.0 + 30.0));
    other.assert_rebuild_changes_nothing("ada");
}

#[tokio::test]
async fn prices_without_url_are_the_shipped_ones() {
    let database = Database::migrated();
    let (succeeded, output_text) = look_after_prices(&database, "");
    assert!(succeeded && output_text.contains("fetching prices is off"), "{output_text}");
    let (succeeded, output_text) = look_after_prices(&database, "http://127.0.0.1:1/table.json");
    assert!(!succeeded && output_text.contains("prices unchanged: the price table is not available"), "{output_text}");
}

#[tokio::test]
async fn price_table_unreachable_leaves_no_dead_job() {
    let database = Arc::new(Database::migrated());
    let mut worker = Worker::start(&database, &[("PRICING_URL", "http://127.0.0.1:1/table.json")]);
    let jobs = "SELECT status, attempts, last_error IS NULL FROM jobs WHERE queue = 'prices'";
    // The job of the day is due at 04:00.
    let due = "UPDATE jobs SET run_at = created_at WHERE queue = 'prices' AND status = 'pending' AND attempts = 0";
    wait_until("the job of the day is done", async || {
        database.rows(due);
        database.rows(jobs).trim() == "done,1,t"
    })
    .await;
    let updates = database.rows("SELECT outcome, reason FROM price_updates");
    assert!(updates.starts_with("failed,") && updates.contains("the price table is not available"), "{updates}");
    assert_eq!(worker.terminate().await, Some(0));
}
