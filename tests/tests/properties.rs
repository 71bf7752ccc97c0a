//! A property of all sets of messages, however they are sent through HTTP and PostgreSQL.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::join_all;
use jiff::ToSpan;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use tests::{AccountRows, Batch, MODELS, Random, Server, TestMessage, TestUser, instant};

const SOURCES: [&str; 2] = ["claude-code", "codex"];
const MACHINES: [&str; 3] = ["laptop", "desktop", "server"];
const ZONES: [&str; 4] = ["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Kiritimati"];
const TASKS: usize = 8;

/// A copy of a message, as a machine has logged it.
#[derive(Debug, Clone)]
struct Logged {
    source: &'static str,
    machine: &'static str,
    message: TestMessage,
}

/// Messages and how they are sent.
#[derive(Debug, Clone)]
struct Case {
    copies: Vec<Logged>,
    zone: &'static str,
    /// How the second account gets its zone.
    way: Way,
    /// The order, the parts and the repetitions.
    plan: u64,
}

/// How an account gets its zone.
#[derive(Debug, Clone, Copy)]
enum Way {
    Registers,
    Syncs,
    ChangesLater,
}

fn copies() -> impl Strategy<Value = Logged> {
    // Few ids, times and counts, so that copies of a message often tie in several steps of the merge rule.
    let names = (0..12_u8, 0..SOURCES.len(), 0..MACHINES.len(), 0..MODELS.len(), (0..3_usize, 0..3_usize));
    let instants = (0..6_i64, 0..4_usize);
    let counts = [0..4_u64, 0..4, 0..3, 0..3, 0..2, 0..3];
    (names, instants, counts).prop_map(|((id, source, machine, model, (provider, project)), (slot, tick), counts)| {
        // Days apart, and within the days on which European summer time changes.
        let base =
            instant("2026-03-29T00:59:59Z") + [0, 1, 23, 24, 49, 5000][usize::try_from(slot).unwrap_or(0)].hours();
        // More precise than the stored time.
        let at = base + [0, 999, 1_000, 1_000_400][tick].nanoseconds();
        let [input, output, read, write, hour, reasoning] = counts;
        let mut message = TestMessage::new(format!("m{id}")).at(at).model(MODELS[model]);
        message = message.input(input).output(output).cache(read, write).reasoning(reasoning);
        message.cache_write_1h = hour.min(write);
        message.provider = [None, Some("anthropic"), Some("openai")][provider].map(str::to_owned);
        message.project = [None, Some("shop"), Some("blog")][project].map(str::to_owned);
        Logged { source: SOURCES[source], machine: MACHINES[machine], message }
    })
}

fn cases() -> impl Strategy<Value = Case> {
    let way = prop_oneof![Just(Way::Registers), Just(Way::Syncs), Just(Way::ChangesLater)];
    (vec(copies(), 1..80), 0..ZONES.len(), way, any::<u64>()).prop_map(|(copies, zone, way, plan)| Case {
        copies,
        zone: ZONES[zone],
        way,
        plan,
    })
}

/// Requests with these copies, in this order; each has the copies of one tool and machine.
fn requests(copies: &[Logged]) -> Vec<Batch> {
    let mut groups: BTreeMap<_, Vec<TestMessage>> = BTreeMap::new();
    for copy in copies {
        groups.entry((copy.source, copy.machine)).or_default().push(copy.message.clone());
    }
    let request = |((source, machine), messages)| Batch::of(messages).source(source).machine(machine);
    groups.into_iter().map(request).collect()
}

/// Sends everything once, in order.
async fn send_once(server: &Server, case: &Case, username: &str) {
    let user = TestUser::register_in(server, username, case.zone).await;
    for request in requests(&case.copies) {
        user.sync(&request).await;
    }
}

/// Sends everything up to three times, in any order and parts, from 8 tasks at once.
async fn send_anyhow(server: &Server, case: &Case, username: &str) {
    let user = match case.way {
        Way::Registers => TestUser::register_in(server, username, case.zone).await,
        Way::Syncs | Way::ChangesLater => TestUser::register(server, username).await,
    };
    let mut random = Random::seeded(case.plan);
    let mut copies = Vec::new();
    for copy in &case.copies {
        for _ in 0..random.number(1..4) {
            copies.push(copy.clone());
        }
    }
    random.shuffle(&mut copies);
    let mut parts: Vec<Batch> = random.split(&copies, 12).iter().flat_map(|part| requests(part)).collect();
    random.shuffle(&mut parts);
    let tasks = (0..TASKS).map(|task| {
        let client = server.client().with_token(user.client.token().expect("signed in"));
        let mine = parts.iter().skip(task).step_by(TASKS).cloned();
        let named = matches!(case.way, Way::Syncs);
        let mine: Vec<_> =
            mine.map(|part| if named { part.with("timezone", case.zone) } else { part }.json()).collect();
        tokio::spawn(async move {
            for body in mine {
                client.post("/sync", &body).await.expect(200);
            }
        })
    });
    for task in join_all(tasks.collect::<Vec<_>>()).await {
        task.expect("every sync is accepted");
    }
    if matches!(case.way, Way::ChangesLater) {
        user.change(json!({"timezone": case.zone})).await;
    }
}

/// The number of messages and their sums: of each message the largest copy counts.
fn expected(case: &Case) -> (usize, u64) {
    let mut largest: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for copy in &case.copies {
        let total = largest.entry((copy.source, &copy.message.id)).or_default();
        *total = copy.message.total().max(*total);
    }
    (largest.len(), largest.values().sum())
}

#[test]
fn sync_in_any_order_split_and_repetition_gives_the_same_rows() {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let server = runtime.block_on(Server::start());
    let is_configured = std::env::var_os("PROPTEST_CASES").is_some();
    let default = Config::default();
    let cases_to_try = if is_configured { default.cases } else { 12 };
    let config = Config { cases: cases_to_try, max_shrink_iters: 60, failure_persistence: None, ..default };
    let held = TestRunner::new(config).run(&cases(), |case| {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let (once, anyhow) = (format!("once{number}"), format!("anyhow{number}"));
        runtime.block_on(async {
            send_once(&server, &case, &once).await;
            send_anyhow(&server, &case, &anyhow).await;
        });
        let facts = AccountRows::of(server.database(), &once);
        facts.assert_same(&AccountRows::of(server.database(), &anyhow));
        let (messages, tokens) = expected(&case);
        assert_eq!(facts.messages(), messages);
        let shown = facts.totals.split(',').nth(3).and_then(|text| text.parse().ok());
        assert_eq!(shown, Some(tokens), "{}", facts.totals);
        server.assert_rebuild_changes_nothing(&anyhow);
        AccountRows::of(server.database(), &anyhow).assert_same(&facts);
        Ok(())
    });
    held.unwrap_or_else(|failure| panic!("{failure}"));
}
