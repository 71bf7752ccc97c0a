//! A worker on a real queue, in normal operation and during failures.

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use adapters_postgres::{Database, Migrations, PoolSettings, WorkClass};
use async_trait::async_trait;
use bootstrap::StartupError;
use bootstrap::system::{SystemClock, SystemIds};
use domain::clock::Clock;
use domain::error::StoreError;
use domain::ids::{Ids, JobId};
use domain::jobs::{Job, JobAttempt, JobError, JobKind, JobStatus, JobStore, NewJob};
use embedded_postgres::{Cluster, ClusterOptions, DataDir, PathOrigin};
use rustix::process::{Pid, Signal, kill_process};
use time::OffsetDateTime;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use worker::{JobRunner, LeaseConfig, Worker};

use crate::common::Fixture;

/// Longer than any step of a test.
const LONG: Duration = Duration::from_mins(1);

/// The poll interval in tests that wait for a poll.
const QUICK: Duration = Duration::from_millis(50);

type Schedule = fn(OffsetDateTime) -> Vec<NewJob>;

/// The work of a test's jobs: waits for a permit, then ends with the next outcome.
struct ScriptedRunner {
    begun: AtomicUsize,
    concurrency: AtomicUsize,
    most_at_once: AtomicUsize,
    gate: Semaphore,
    outcomes: Mutex<Vec<Outcome>>,
}

#[derive(Clone, Copy)]
enum Outcome {
    Failing,
    Panicking,
    Stopping,
}

impl ScriptedRunner {
    /// The jobs end with `outcomes` in order, and succeed after that. No job waits.
    fn to(outcomes: &[Outcome]) -> Arc<Self> {
        let runner = Self::to_wait(outcomes);
        runner.gate.add_permits(1_000);
        runner
    }

    /// The jobs end with `outcomes` once they have permits.
    fn to_wait(outcomes: &[Outcome]) -> Arc<Self> {
        let outcomes = Mutex::new(outcomes.iter().rev().copied().collect());
        let zero = || AtomicUsize::new(0);
        Arc::new(Self { begun: zero(), concurrency: zero(), most_at_once: zero(), gate: Semaphore::new(0), outcomes })
    }
}

#[async_trait]
impl JobRunner for ScriptedRunner {
    async fn run(&self, _: &Job, attempt: Option<JobAttempt>) -> Result<String, JobError> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        let concurrency = self.concurrency.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(concurrency, Ordering::SeqCst);
        self.gate.acquire().await.expect("a permit").forget();
        self.concurrency.fetch_sub(1, Ordering::SeqCst);
        let outcome = self.outcomes.lock().expect("outcomes").pop();
        match outcome {
            None => Ok("done".to_owned()),
            Some(Outcome::Failing) => Err(JobError::new(StoreError::Unavailable(format!("not now, in {attempt:?}")))),
            Some(Outcome::Stopping) => Err(JobError::Interrupted),
            Some(Outcome::Panicking) => panic!("a job that panics"),
        }
    }
}

struct Bench(Fixture);

struct Running {
    worker: JoinHandle<Result<(), StartupError>>,
    end: oneshot::Sender<()>,
}

impl Running {
    async fn end(self) {
        self.end.send(()).expect("a worker");
        self.worker.await.expect("an end").expect("a good one");
    }
}

impl Bench {
    async fn new() -> Self {
        Self(Fixture::new().await)
    }

    fn start(&self, work: Arc<dyn JobRunner>, leases: LeaseConfig, drain: Duration) -> Running {
        self.start_with(|_| Vec::new(), work, leases, drain)
    }

    fn start_with(
        &self,
        schedule: Schedule,
        work: Arc<dyn JobRunner>,
        leases: LeaseConfig,
        drain: Duration,
    ) -> Running {
        start(&self.0.store, self.0.database.url(), schedule, work, leases, drain)
    }

    async fn queue(&self, keys: &[&str]) {
        queue(&self.0.store, keys).await.expect("queued");
    }

    /// The states of the jobs with these keys.
    async fn states(&self, keys: &[&str]) -> Vec<&'static str> {
        let listed = self.0.store.list(None, 100).await.expect("a list");
        let states: BTreeMap<_, _> = listed.into_iter().map(|job| (job.key, job.status.name())).collect();
        keys.iter().map(|key| states.get(*key).copied().unwrap_or_default()).collect()
    }

    async fn until(&self, keys: &[&str], state: &str) {
        until(async || self.states(keys).await.iter().all(|now| *now == state)).await;
    }
}

/// Starts a worker on `store`, whose URL is `url`.
fn start(
    store: &Database,
    url: &str,
    schedule: Schedule,
    work: Arc<dyn JobRunner>,
    leases: LeaseConfig,
    drain: Duration,
) -> Running {
    let (clock, ids) = (Arc::new(SystemClock), Arc::new(SystemIds));
    let worker = Worker { database: store.clone(), url: url.to_owned(), work, schedule, clock, ids, leases, drain };
    let (end, ended) = oneshot::channel();
    let worker = tokio::spawn(worker.run(CancellationToken::new(), async {
        let _ = ended.await;
    }));
    Running { worker, end }
}

/// Queues a job for each of `keys`.
async fn queue(store: &Database, keys: &[&str]) -> Result<u64, StoreError> {
    let now = SystemClock.now();
    let job =
        |key: &&str| (JobId(SystemIds.fresh()), NewJob { job: Job::Cleanup, key: (*key).to_owned(), run_at: now });
    store.enqueue_now(&keys.iter().map(job).collect::<Vec<_>>(), now).await
}

/// Waits until `condition` holds.
async fn until(condition: impl AsyncFn() -> bool) {
    let holds = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(LONG, holds).await.expect("the condition never held");
}

/// A worker that polls only after a notification.
fn lazy() -> LeaseConfig {
    LeaseConfig { lease: LONG, round: LONG * 60, concurrency: 4 }
}

fn quick() -> LeaseConfig {
    LeaseConfig { round: QUICK, ..lazy() }
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_notified_of_a_job_runs_it_at_once() {
    let bench = Bench::new().await;
    bench.queue(&["before"]).await;
    let runner = ScriptedRunner::to(&[]);
    let running = bench.start(runner.clone(), lazy(), LONG);
    bench.until(&["before"], "done").await;
    bench.queue(&["later"]).await;
    bench.until(&["later"], "done").await;
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_restarted_runs_a_scheduled_job_once() {
    let bench = Bench::new().await;
    let runner = ScriptedRunner::to(&[]);
    let job = |now| vec![NewJob { job: Job::Cleanup, key: "today".to_owned(), run_at: now }];
    for _ in 0..2 {
        let running = bench.start_with(job, runner.clone(), lazy(), LONG);
        bench.until(&["today"], "done").await;
        running.end().await;
    }
    assert_eq!(runner.begun.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn job_that_fails_or_panics_is_retried_and_stops_no_other() {
    let bench = Bench::new().await;
    bench.queue(&["a", "b", "c"]).await;
    let running = bench.start(ScriptedRunner::to(&[Outcome::Failing, Outcome::Panicking]), quick(), LONG);
    bench.until(&["c"], "done").await;
    let listed = bench.0.store.list(Some(JobStatus::Pending), 9).await.expect("a list");
    let mut errors: Vec<_> = listed.iter().filter_map(|job| job.last_error.clone()).collect();
    errors.sort();
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(errors[0].contains("panicked") && errors[1].contains("not now"), "{errors:?}");
    let failed = listed.iter().find(|job| job.last_error.as_deref() == Some(&*errors[1])).expect("a job");
    let attempt = JobAttempt { job: failed.id, number: 1 };
    assert!(errors[1].contains(&format!("{:?}", Some(attempt))), "the job knows its attempt: {}", errors[1]);
    assert!(listed.iter().filter(|job| job.last_error.is_some()).all(|job| job.run_at > SystemClock.now()));
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_keeps_the_concurrency_of_a_kind() {
    let bench = Bench::new().await;
    let keys = ["a", "b", "c", "d"];
    bench.queue(&keys).await;
    let runner = ScriptedRunner::to_wait(&[]);
    let running = bench.start(runner.clone(), quick(), LONG);
    until(async || runner.begun.load(Ordering::SeqCst) > 0).await;
    runner.gate.add_permits(1_000);
    bench.until(&keys, "done").await;
    assert_eq!(runner.most_at_once.load(Ordering::SeqCst), JobKind::Cleanup.concurrency());
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_shutting_down_finishes_running_jobs() {
    let bench = Bench::new().await;
    bench.queue(&["a"]).await;
    let runner = ScriptedRunner::to_wait(&[]);
    let running = bench.start(runner.clone(), quick(), LONG);
    bench.until(&["a"], "running").await;
    let outcome = tokio::spawn(running.end());
    runner.gate.add_permits(1_000);
    outcome.await.expect("an end");
    assert_eq!(bench.states(&["a"]).await, ["done"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn job_interrupted_by_shutdown_loses_no_attempt() {
    let bench = Bench::new().await;
    bench.queue(&["a"]).await;
    // The job may be taken again before the worker ends.
    let runner = ScriptedRunner::to_wait(&[Outcome::Stopping; 100]);
    let running = bench.start(runner.clone(), quick(), LONG);
    bench.until(&["a"], "running").await;
    let outcome = tokio::spawn(running.end());
    runner.gate.add_permits(1_000);
    outcome.await.expect("an end");
    let [job] = &bench.0.store.list(None, 9).await.expect("a list")[..] else { panic!("one job") };
    assert_eq!((job.status, job.attempts, job.last_error.as_deref()), (JobStatus::Pending, 0, None));
    assert!(job.run_at <= SystemClock.now(), "the job is due at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_in_a_long_shutdown_keeps_its_leases() {
    let bench = Bench::new().await;
    bench.queue(&["a"]).await;
    let lease = QUICK * 40;
    let runner = ScriptedRunner::to_wait(&[]);
    let running = bench.start(runner.clone(), LeaseConfig { lease, ..quick() }, LONG);
    bench.until(&["a"], "running").await;
    let other = bench.start(runner.clone(), LeaseConfig { lease, ..quick() }, LONG);
    let (outcome, began) = (tokio::spawn(running.end()), Instant::now());
    until(async || began.elapsed() > lease * 2).await;
    assert_eq!(runner.begun.load(Ordering::SeqCst), 1, "a job with a valid lease was taken");
    runner.gate.add_permits(1_000);
    outcome.await.expect("an end");
    assert_eq!(bench.states(&["a"]).await, ["done"]);
    other.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn job_unfinished_at_shutdown_is_requeued() {
    let bench = Bench::new().await;
    bench.queue(&["a"]).await;
    let runner = ScriptedRunner::to_wait(&[]);
    let running = bench.start(runner.clone(), quick(), Duration::ZERO);
    bench.until(&["a"], "running").await;
    running.end().await;
    assert_eq!(bench.states(&["a"]).await, ["pending"]);
    // The aborted job is dropped, although it still waits for its permit.
    until(async || Arc::strong_count(&runner) == 1).await;
    let running = bench.start(ScriptedRunner::to(&[]), quick(), LONG);
    bench.until(&["a"], "done").await;
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn job_of_a_dead_worker_is_run_once_by_another() {
    let bench = Bench::new().await;
    bench.queue(&["a"]).await;
    let dying = bench.start(ScriptedRunner::to_wait(&[]), LeaseConfig { lease: QUICK, ..lazy() }, LONG);
    bench.until(&["a"], "running").await;
    dying.worker.abort();
    let runner = ScriptedRunner::to(&[]);
    let workers = [bench.start(runner.clone(), quick(), LONG), bench.start(runner.clone(), quick(), LONG)];
    bench.queue(&["b", "c", "d"]).await;
    bench.until(&["a", "b", "c", "d"], "done").await;
    for worker in workers {
        worker.end().await;
    }
    assert_eq!(runner.begun.load(Ordering::SeqCst), 4, "a job ran twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn job_of_an_unknown_kind_stays_pending() {
    let bench = Bench::new().await;
    bench.queue(&["a"]).await;
    let database = bench.0.database.url().to_owned();
    let (client, connection) = tokio_postgres::connect(&database, tokio_postgres::NoTls).await.expect("a connection");
    let driving = tokio::spawn(connection);
    client.batch_execute("UPDATE jobs SET queue = 'dishes'").await.expect("an update");
    drop(client);
    driving.await.expect("a driver").expect("an end");
    let running = bench.start(ScriptedRunner::to(&[]), quick(), LONG);
    bench.queue(&["b"]).await;
    bench.until(&["b"], "done").await;
    assert_eq!(bench.states(&["a"]).await, ["pending"], "another release may know it");
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_survives_a_crash_of_its_database() {
    let top = tempfile::tempdir().expect("a directory");
    std::fs::set_permissions(top.path(), Permissions::from_mode(0o711)).expect("permissions");
    let dir = DataDir::resolve(&top.path().join("data"), PathOrigin::Explicit).expect("a data directory");
    let mut cluster = Cluster::start(&dir, &ClusterOptions::default()).expect("a cluster");
    Migrations::at(cluster.url()).up().await.expect("a schema");
    let pool = PoolSettings { max_connections: 4, wait: Duration::from_secs(1), work: WorkClass::Jobs, name: "test" };
    let store = Database::new(cluster.url(), pool).expect("a pool");
    let runner = ScriptedRunner::to_wait(&[]);
    let running = start(&store, cluster.url(), |_| Vec::new(), runner.clone(), quick(), LONG);
    queue(&store, &["before"]).await.expect("queued");
    until(async || runner.begun.load(Ordering::SeqCst) == 1).await;

    let file = std::fs::read_to_string(top.path().join("data/cluster/postmaster.pid")).expect("it runs");
    let pid = file.lines().next().and_then(|line| line.parse().ok()).and_then(Pid::from_raw).expect("a pid");
    kill_process(pid, Signal::KILL).expect("it runs");
    until(async || store.states().await.is_err()).await;
    // The outcome cannot be stored now; the worker stores it later.
    runner.gate.add_permits(1_000);
    until(async || runner.concurrency.load(Ordering::SeqCst) == 0).await;
    // The process ends a moment after its connections do, and until then there is nothing to revive.
    loop {
        match tokio::task::block_in_place(|| cluster.revive()) {
            Ok(true) => break,
            Ok(false) => {}
            Err(error) => eprintln!("{error}"),
        }
        tokio::time::sleep(QUICK).await;
    }
    until(async || queue(&store, &["after"]).await.is_ok()).await;
    until(async || {
        let listed = store.list(Some(JobStatus::Done), 9).await.unwrap_or_default();
        listed.len() == 2
    })
    .await;
    assert_eq!(runner.begun.load(Ordering::SeqCst), 2, "a job ran twice");
    running.end().await;
    store.close();
    cluster.stop().expect("an end");
}
