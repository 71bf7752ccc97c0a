//! The queue: queued once, taken by one, put back when its worker goes away.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use adapters_postgres::{Database, wake_on_jobs};
use domain::ids::JobId;
use domain::jobs::ports::{Capacity, JobOutcome, TakenJob};
use domain::jobs::{Job, JobKind, JobStatus, JobStore, NewJob};
use domain::store::Store;
use time::OffsetDateTime;
use time::ext::NumericalDuration;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::common::{Fixture, NOW, fixture};

/// Longer than any test takes, and over at once.
const LONG_LEASE: Duration = Duration::from_mins(10);
const EXPIRED_LEASE: Duration = Duration::ZERO;

fn id(number: u128) -> JobId {
    JobId(Uuid::from_u128(number))
}

fn new(number: u128, key: &str) -> (JobId, NewJob) {
    (id(number), NewJob { job: Job::Cleanup, key: key.to_owned(), run_at: NOW })
}

fn room(jobs: usize) -> Capacity {
    Capacity { total: jobs, by_kind: vec![(JobKind::Cleanup, jobs)] }
}

async fn take(store: &Database, worker: &str, jobs: usize) -> Vec<TakenJob> {
    store.take(worker, &room(jobs), NOW, LONG_LEASE).await.expect("jobs")
}

/// The states of all jobs, in the order of their ids.
async fn states(store: &Database) -> Vec<&'static str> {
    let mut listed = store.list(None, 1_000).await.expect("a list");
    listed.sort_by_key(|job| job.id);
    listed.into_iter().map(|job| job.status.name()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn job_is_queued_by_commit_and_once_per_key() {
    let fixture = fixture();
    let mut tx = fixture.store.begin().await.expect("a transaction");
    assert_eq!(tx.jobs().enqueue(&[new(1, "a"), new(2, "b")], NOW).await.expect("queued"), 2);
    assert!(take(&fixture.store, "one", 9).await.is_empty(), "nothing is committed yet");
    tx.commit().await.expect("a commit");

    let mut tx = fixture.store.begin().await.expect("a transaction");
    assert_eq!(tx.jobs().waiting(JobKind::Cleanup, NOW).await.expect("found"), Some(id(1)));
    assert_eq!(tx.jobs().waiting(JobKind::Cleanup, NOW - 1.seconds()).await.expect("found"), None, "not due by then");
    assert_eq!(tx.jobs().waiting(JobKind::Prices, NOW).await.expect("found"), None);
    // What waits is held until the end, which a rollback may come to a moment later.
    tx.commit().await.expect("a commit");

    let mut tx = fixture.store.begin().await.expect("a transaction");
    assert_eq!(tx.jobs().enqueue(&[new(3, "b"), new(4, "c")], NOW).await.expect("queued"), 1);
    drop(tx);

    let taken = take(&fixture.store, "one", 9).await;
    assert_eq!(
        taken.iter().map(|job| job.id).collect::<Vec<_>>(),
        [id(1), id(2)],
        "what was not committed is not there"
    );
    assert_eq!(
        (&taken[0].job, taken[0].attempt, taken[0].attempts),
        (&Ok(Job::Cleanup), 1, JobKind::Cleanup.attempts())
    );
    assert_eq!(fixture.store.enqueue_now(&[new(5, "a")], NOW).await.expect("queued"), 0, "not even while it runs");
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_are_due_and_fit_are_taken() {
    let fixture = fixture();
    let later = NewJob { run_at: NOW + 1.seconds(), ..new(1, "later").1 };
    let jobs = [(id(1), later), new(2, "a"), new(3, "b"), new(4, "c")];
    fixture.store.enqueue_now(&jobs, NOW).await.expect("queued");
    let none = Capacity { total: 5, by_kind: vec![(JobKind::Cleanup, 0)] };
    assert!(fixture.store.take("one", &none, NOW, LONG_LEASE).await.expect("jobs").is_empty());
    assert_eq!(take(&fixture.store, "one", 2).await.len(), 2);
    assert_eq!(take(&fixture.store, "one", 2).await.len(), 1);
    assert!(take(&fixture.store, "one", 2).await.is_empty());
    let due = fixture.store.take("one", &room(1), NOW + 1.seconds(), LONG_LEASE).await.expect("jobs");
    assert_eq!(due[0].id, id(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_at_once_take_each_job_once() {
    let fixture = fixture();
    let jobs: Vec<_> = (0..200).map(|number| new(number, &number.to_string())).collect();
    fixture.store.enqueue_now(&jobs, NOW).await.expect("queued");
    let workers: Vec<_> = (0..8)
        .map(|worker| {
            let store = fixture.store.clone();
            tokio::spawn(async move {
                let mut taken = Vec::new();
                loop {
                    let jobs = take(&store, &format!("worker {worker}"), 7).await;
                    if jobs.is_empty() {
                        return taken;
                    }
                    taken.extend(jobs.into_iter().map(|job| job.id));
                }
            })
        })
        .collect();
    let mut taken = Vec::new();
    for worker in workers {
        taken.extend(worker.await.expect("a worker"));
    }
    let distinct: BTreeSet<_> = taken.iter().copied().collect();
    assert_eq!((taken.len(), distinct.len()), (200, 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn job_of_a_lost_worker_is_taken_over_until_its_last_attempt() {
    let fixture = fixture();
    let store = &fixture.store;
    store.enqueue_now(&[new(1, "a")], NOW).await.expect("queued");
    for attempt in 1..=JobKind::Cleanup.attempts() {
        let taken = store.take("gone", &room(1), NOW, EXPIRED_LEASE).await.expect("jobs");
        assert_eq!(taken.iter().map(|job| job.attempt).collect::<Vec<_>>(), [attempt]);
        assert!(take(store, "other", 1).await.is_empty(), "no other worker has it before it is released");
        assert_eq!(store.renew("other", NOW, LONG_LEASE).await.expect("renewed"), 1);
    }
    assert_eq!(states(store).await, ["dead"]);
    let listed = store.list(Some(JobStatus::Dead), 9).await.expect("a list");
    assert_eq!(listed[0].last_error.as_deref(), Some("the lease expired"));
}

#[tokio::test(flavor = "multi_thread")]
async fn lease_that_is_renewed_keeps_the_job() {
    let fixture = fixture();
    let store = &fixture.store;
    store.enqueue_now(&[new(1, "a")], NOW).await.expect("queued");
    assert_eq!(store.take("slow", &room(1), NOW, EXPIRED_LEASE).await.expect("jobs").len(), 1);
    assert_eq!(store.renew("slow", NOW, LONG_LEASE).await.expect("renewed"), 0);
    assert_eq!(store.renew("other", NOW, LONG_LEASE).await.expect("renewed"), 0);
    store.finish("slow", &[(id(1), JobOutcome::Done)], NOW).await.expect("finished");
    assert_eq!(states(store).await, ["done"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_without_the_lease_cannot_finish_the_job() {
    let fixture = fixture();
    let store = &fixture.store;
    store.enqueue_now(&[new(1, "a")], NOW).await.expect("queued");
    store.take("slow", &room(1), NOW, EXPIRED_LEASE).await.expect("jobs");
    store.renew("other", NOW, LONG_LEASE).await.expect("renewed");
    assert_eq!(take(store, "other", 1).await.len(), 1);
    store.finish("slow", &[(id(1), JobOutcome::Done)], NOW).await.expect("finished");
    assert_eq!(states(store).await, ["running"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn attempt_ends_done_pending_or_dead() {
    let fixture = fixture();
    let store = &fixture.store;
    store.enqueue_now(&[new(1, "a"), new(2, "b"), new(3, "c")], NOW).await.expect("queued");
    take(store, "one", 3).await;
    let endings = [
        (id(1), JobOutcome::Done),
        (id(2), JobOutcome::Retry { run_at: NOW + 5.minutes(), error: "not\0 now".to_owned() }),
        (id(3), JobOutcome::Dead { error: "never".to_owned() }),
    ];
    store.finish("one", &endings, NOW).await.expect("finished");
    assert_eq!(states(store).await, ["done", "pending", "dead"]);
    let finished = texts(&fixture, "SELECT status FROM jobs WHERE finished_at IS NOT NULL ORDER BY id").await;
    assert_eq!(finished, ["done", "dead"], "a job that is retried is not finished");
    assert!(take(store, "one", 9).await.is_empty());
    let again = store.take("one", &room(9), NOW + 5.minutes(), LONG_LEASE).await.expect("jobs");
    assert_eq!(again.iter().map(|job| (job.id, job.attempt)).collect::<Vec<_>>(), [(id(2), 2)]);
    let listed = store.list(Some(JobStatus::Running), 9).await.expect("a list");
    assert_eq!(listed[0].last_error.as_deref(), Some("not now"));
}

#[tokio::test(flavor = "multi_thread")]
async fn job_that_a_worker_releases_loses_no_attempt() {
    let fixture = fixture();
    let store = &fixture.store;
    store.enqueue_now(&[new(1, "a"), new(2, "b")], NOW).await.expect("queued");
    take(store, "one", 1).await;
    take(store, "other", 1).await;
    assert_eq!(store.release("one").await.expect("released"), 1);
    assert_eq!(take(store, "other", 9).await.iter().map(|job| job.attempt).collect::<Vec<_>>(), [1]);
}

/// The texts that `query` returns.
async fn texts(fixture: &Fixture, query: &str) -> Vec<String> {
    let rows = fixture.client().await.query(query, &[]).await.expect("rows");
    rows.iter().map(|row| row.get(0)).collect()
}

/// The workers alive, and whether any was ever seen.
async fn workers(store: &Database) -> (u64, bool) {
    let status = store.worker_status().await.expect("a status");
    (status.alive, status.last_seen_at.is_some())
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_is_alive_from_its_first_renewal_until_its_lease_expires_or_it_releases() {
    let fixture = fixture();
    let store = &fixture.store;
    assert_eq!(workers(store).await, (0, false));
    for _ in 0..2 {
        store.renew("one", NOW, LONG_LEASE).await.expect("renewed");
    }
    assert_eq!(workers(store).await, (1, true));
    store.renew("other", NOW, LONG_LEASE).await.expect("renewed");
    assert_eq!(workers(store).await, (2, true));
    store.renew("killed", NOW, EXPIRED_LEASE).await.expect("renewed");
    assert_eq!(workers(store).await, (2, true), "a lease that is over counts no longer");
    store.release("one").await.expect("released");
    assert_eq!(workers(store).await, (1, true));
    store.release("other").await.expect("released");
    assert_eq!(workers(store).await, (0, true), "the last sign of life stays known");
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_that_ended_long_ago_is_forgotten() {
    let fixture = fixture();
    let store = &fixture.store;
    for (worker, ended) in [("old", "25 hours"), ("recent", "23 hours")] {
        store.renew(worker, NOW, LONG_LEASE).await.expect("renewed");
        let ends = format!("SET alive_until = now() - interval '{ended}' WHERE worker = '{worker}'");
        fixture.run(&format!("UPDATE worker_heartbeats {ends}")).await;
    }
    store.renew("new", NOW, LONG_LEASE).await.expect("renewed");
    assert_eq!(texts(&fixture, "SELECT worker FROM worker_heartbeats ORDER BY worker").await, ["new", "recent"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn oldest_due_job_is_pending_and_due_and_of_any_kind() {
    let fixture = fixture();
    let store = &fixture.store;
    let now = OffsetDateTime::now_utc();
    let due_for =
        async || store.worker_status().await.expect("a status").oldest_due_for.map(|due| due.as_secs() / 3_600);
    let job = |number: u128, job: Job, hours: i64| {
        (id(number), NewJob { job, key: number.to_string(), run_at: now - hours.hours() })
    };
    store.enqueue_now(&[job(1, Job::Cleanup, -1)], now).await.expect("queued");
    assert_eq!(due_for().await, None, "nothing is due");
    let jobs = [job(2, Job::Cleanup, 2), job(3, Job::Cleanup, 5), job(4, Job::Prices, 3)];
    store.enqueue_now(&jobs, now).await.expect("queued");
    assert_eq!(due_for().await, Some(5));
    store.take("one", &room(1), now, LONG_LEASE).await.expect("jobs");
    assert_eq!(due_for().await, Some(3), "a running job does not wait");
}

#[tokio::test(flavor = "multi_thread")]
async fn operator_lists_retries_and_removes_jobs() {
    let fixture = fixture();
    let store = &fixture.store;
    store.enqueue_now(&[new(1, "a"), new(2, "b"), new(3, "c")], NOW).await.expect("queued");
    store.take("one", &room(2), NOW, LONG_LEASE).await.expect("jobs");
    store.finish("one", &[(id(1), JobOutcome::Dead { error: "never".to_owned() })], NOW).await.expect("finished");
    let seen: Vec<_> = (store.states().await.expect("states").into_iter())
        .map(|state| (state.queue, state.status.name(), state.jobs, state.next_at.is_some()))
        .collect();
    let state = |status, waits| ("cleanup".to_owned(), status, 1, waits);
    assert_eq!(seen, [state("dead", false), state("pending", true), state("running", false)]);

    assert!(!store.retry(id(2), NOW).await.expect("an answer"), "it runs");
    assert!(!store.remove(id(2)).await.expect("an answer"), "it runs");
    assert!(!store.remove(id(9)).await.expect("an answer"), "there is none");
    assert!(store.retry(id(1), NOW).await.expect("an answer"));
    assert!(store.remove(id(3)).await.expect("an answer"));
    assert_eq!(states(store).await, ["pending", "running"]);
    assert_eq!(take(store, "one", 9).await[0].attempt, 1, "with all its attempts");
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_jobs_are_retried_together_or_by_kind() {
    let fixture = fixture();
    let store = &fixture.store;
    let other = (id(4), NewJob { job: Job::Prices, key: "d".to_owned(), run_at: NOW });
    store.enqueue_now(&[new(1, "a"), new(2, "b"), new(3, "c"), other], NOW).await.expect("queued");
    let room = Capacity { total: 9, by_kind: vec![(JobKind::Cleanup, 2), (JobKind::Prices, 1)] };
    let taken = store.take("one", &room, NOW, LONG_LEASE).await.expect("jobs");
    let dead = || JobOutcome::Dead { error: "away".to_owned() };
    let endings: Vec<_> = taken.iter().map(|job| (job.id, dead())).collect();
    store.finish("one", &endings, NOW).await.expect("finished");

    let later = NOW + 1.hours();
    assert_eq!(store.retry_dead(Some(JobKind::Mail), later).await.expect("an answer"), 0);
    assert_eq!(store.retry_dead(Some(JobKind::Cleanup), later).await.expect("an answer"), 2);
    assert_eq!(store.retry_dead(None, later).await.expect("an answer"), 1);
    let jobs = store.list(None, 9).await.expect("a list");
    let due = jobs.iter().filter(|job| job.run_at == later && job.attempts == 0 && job.status == JobStatus::Pending);
    assert_eq!((due.count(), jobs.len()), (3, 4), "{jobs:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn old_jobs_are_pruned_by_their_status() {
    let fixture = fixture();
    let store = &fixture.store;
    let jobs: Vec<_> = (1..=6).map(|number| new(number, &number.to_string())).collect();
    store.enqueue_now(&jobs, NOW).await.expect("queued");
    take(store, "one", 5).await;
    let dead = || JobOutcome::Dead { error: String::new() };
    for (number, ending, ended) in [
        (1, JobOutcome::Done, NOW - 31.days()),
        (2, JobOutcome::Done, NOW - 29.days()),
        (3, dead(), NOW - 91.days()),
        (4, dead(), NOW - 89.days()),
    ] {
        store.finish("one", &[(id(number), ending)], ended).await.expect("finished");
    }
    let prune = || store.prune(NOW - 30.days(), NOW - 90.days(), 1);
    assert_eq!((prune().await.expect("pruned"), prune().await.expect("pruned")), (1, 1), "a few at a time");
    assert_eq!(prune().await.expect("pruned"), 0);
    assert_eq!(states(store).await, ["done", "dead", "running", "pending"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn listener_is_woken_by_a_commit() {
    let fixture = fixture();
    let woken = Arc::new(Notify::new());
    let url = fixture.database.url().to_owned();
    let wakeups = woken.clone();
    let listening = tokio::spawn(async move { wake_on_jobs(&url, || wakeups.notify_one()).await });
    woken.notified().await;
    let mut tx = fixture.store.begin().await.expect("a transaction");
    tx.jobs().enqueue(&[new(1, "a")], NOW).await.expect("queued");
    tx.commit().await.expect("a commit");
    tokio::time::timeout(LONG_LEASE, woken.notified()).await.expect("woken");
    listening.abort();
}
