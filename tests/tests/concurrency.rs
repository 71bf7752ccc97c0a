//! The same messages at the same time: from many connections, tasks and machines.

use std::sync::Arc;

use futures_util::future::join_all;
use tests::{AccountRows, Batch, Random, Server, TestMessage, TestUser};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_equal_syncs_count_once() {
    let server = Server::start().await;
    let (ada, once) = (TestUser::register(&server, "ada").await, TestUser::register(&server, "once").await);
    let batch = Batch::of(Random::seeded(21).history("m", 300));
    once.sync(&batch).await;

    let batch = Arc::new(batch.json());
    let syncs = (0..32).map(|_| {
        // Each client has its own connection.
        let client = server.client().with_token(ada.client.token().expect("a session"));
        let batch = batch.clone();
        tokio::spawn(async move { client.post("/sync", &batch).await.expect(200) })
    });
    let mut synced = 0;
    let mut duplicates = 0;
    for answer in join_all(syncs).await {
        let answer = answer.expect("the task ends");
        synced += answer["messagesSynced"].as_u64().expect("a count");
        duplicates += answer["messagesDuplicate"].as_u64().expect("a count");
    }
    assert_eq!((synced, duplicates), (300, 31 * 300));
    AccountRows::of(server.database(), "ada").assert_same(&AccountRows::of(server.database(), "once"));
    server.assert_rebuild_changes_nothing("ada");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_split_and_repeated_syncs_count_as_sent_once() {
    let server = Server::start().await;
    let mut random = Random::seeded(22);
    let (ada, once) = (TestUser::register(&server, "ada").await, TestUser::register(&server, "once").await);
    let machines = ["laptop", "desktop", "server"];

    // Each message is logged on one machine, and some have earlier copies too.
    let mut logged: Vec<(&str, Vec<TestMessage>)> = Vec::new();
    for machine in machines {
        let mut messages = random.history(machine, 250);
        for message in messages.clone().iter().step_by(3) {
            messages.push(random.earlier_copy(message));
        }
        logged.push((machine, messages));
    }
    let total: u64 = logged.iter().flat_map(|(_, messages)| &messages[..250]).map(TestMessage::total).sum();
    for (machine, messages) in &logged {
        once.sync(&Batch::of(messages.clone()).machine(machine)).await;
    }

    let mut tasks = vec![Vec::new(); 8];
    for (machine, messages) in &logged {
        for _repetition in 0..3 {
            let mut messages = messages.clone();
            random.shuffle(&mut messages);
            for part in random.split(&messages, 40) {
                let task = usize::try_from(random.number(0..8)).expect("small");
                tasks[task].push(Batch::of(part).machine(machine).json());
            }
        }
    }
    let running = tasks.into_iter().map(|mut batches| {
        random.shuffle(&mut batches);
        let client = server.client().with_token(ada.client.token().expect("a session"));
        tokio::spawn(async move {
            for batch in batches {
                client.post("/sync", &batch).await.expect(200);
            }
        })
    });
    let running: Vec<_> = running.collect();
    for task in join_all(running).await {
        task.expect("every sync is accepted");
    }
    let facts = AccountRows::of(server.database(), "ada");
    assert_eq!(facts.messages(), 750);
    assert_eq!(ada.overview().await["total_tokens"], total);
    facts.assert_same(&AccountRows::of(server.database(), "once"));
    server.assert_rebuild_changes_nothing("ada");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_syncs_of_accounts_do_not_block_each_other() {
    let server = Server::start().await;
    let histories: Vec<_> = (0..6_u64).map(|seed| Random::seeded(30 + seed).history("m", 400)).collect();
    let mut people = Vec::new();
    for number in 0..histories.len() {
        people.push(TestUser::register(&server, &format!("person{number}")).await);
    }
    // All accounts use the same names of models, tools and machines, which are new to the database.
    let syncs = people.iter().zip(&histories).map(|(user, history)| {
        let (user, history) = (user.clone(), history.clone());
        tokio::spawn(async move {
            for part in history.chunks(50) {
                user.sync(&Batch::of(part.to_vec())).await;
            }
        })
    });
    for task in join_all(syncs.collect::<Vec<_>>()).await {
        task.expect("every sync is accepted");
    }
    for (user, history) in people.iter().zip(&histories) {
        let total: u64 = history.iter().map(TestMessage::total).sum();
        assert_eq!(user.overview().await["total_tokens"], total);
        server.assert_rebuild_changes_nothing(&user.username);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn zone_changed_during_syncs_leaves_days_correct() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let history = Random::seeded(23).history("m", 600);
    let parts: Vec<Batch> = history.chunks(30).map(|part| Batch::of(part.to_vec())).collect();
    let syncing = tokio::spawn({
        let ada = ada.clone();
        async move { join_all(parts.iter().map(|part| ada.sync(part))).await.len() }
    });
    let zones = ["Asia/Tokyo", "America/Los_Angeles", "Europe/Berlin", "Asia/Kathmandu"];
    for zone in zones {
        ada.change(serde_json::json!({ "timezone": zone })).await;
    }
    assert_eq!(syncing.await.expect("every sync is accepted"), 20);
    server.assert_rebuild_changes_nothing("ada");

    let once = TestUser::register_in(&server, "once", zones[3]).await;
    once.sync(&Batch::of(history)).await;
    AccountRows::of(server.database(), "ada").assert_same(&AccountRows::of(server.database(), "once"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_first_syncs_with_shared_new_names_are_accepted() {
    let server = Server::start().await;
    let mut syncs = Vec::new();
    for number in 0..24_usize {
        let user = TestUser::register(&server, &format!("person{number}")).await;
        // The same 60 new models, starting at a different one, alternately forward and backward.
        let model = |n: usize| {
            let place = (n / 25 + number) % 60;
            format!("new-model-{}", if number.is_multiple_of(2) { place } else { 59 - place })
        };
        let messages: Vec<_> = (0..1_500).map(|n| TestMessage::new(format!("m{n}")).model(model(n)).input(1)).collect();
        let batch = Batch::of(messages).json();
        let client = server.client().with_token(user.client.token().expect("signed in"));
        syncs.push(async move { client.post("/sync", &batch).await.expect(200)["messagesSynced"].clone() });
    }
    let synced = join_all(syncs.into_iter().map(tokio::spawn)).await;
    assert!(synced.iter().all(|synced| synced.as_ref().is_ok_and(|synced| *synced == 1_500)), "{synced:?}");
}
