//! Administrators on PostgreSQL: acts and their entries in one transaction, a log that is kept, flags that stand once.

use std::sync::Arc;

use domain::administration::ports::AdministrationReader;
use domain::administration::{
    AdminAction, AdminActionKind, Administration, AdministrationError, Administrator, AuditEntry, AuditFilter,
    AuditReason, AuditTarget, Flag, FlagOrder, FlagState,
};
use domain::days::Period;
use domain::deps::Deps;
use domain::error::StoreError;
use domain::identity::{AuthMethod, Scopes};
use domain::ids::{ApiTokenId, Ids, JobId, SessionId};
use domain::jobs::ports::{Capacity, JobOutcome, ListedJob};
use domain::jobs::{Job, JobKind, JobStatus, JobStore, NewJob};
use domain::leaderboard::{BoardQuery, BoardSlice, Leaderboard, SortBy};
use domain::page::PageRequest;
use domain::store::Store;
use domain::testing::variant;
use domain::users::{GRACE_PERIOD, User, Username};
use time::{Duration, OffsetDateTime};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::common::{Fixture, NOW, fixture};
use crate::leaderboard::community::{by_tokens, used};

const PAGE: PageRequest = PageRequest { page: 1, size: 100 };

/// Ids that are new in every process.
struct UniqueIds;

impl Ids for UniqueIds {
    fn fresh(&self) -> Uuid {
        Uuid::now_v7()
    }

    fn secret(&self) -> [u8; 32] {
        [7; 32]
    }
}

impl Fixture {
    /// What use cases are built from whose ids no other test has.
    fn fresh_deps(&self, now: OffsetDateTime) -> Deps {
        Deps { ids: Arc::new(UniqueIds), ..self.deps_at(now) }
    }

    fn administration_at(&self, now: OffsetDateTime) -> Administration {
        Administration::new(self.fresh_deps(now), Arc::new(self.store.clone()))
    }

    fn administration(&self) -> Administration {
        self.administration_at(NOW)
    }

    /// An administrator called root, made without an audit record.
    async fn root(&self) -> (User, Administrator) {
        let root = self.create_user("root", None).await;
        self.run("UPDATE users SET is_admin = true WHERE username = 'root'").await;
        let via = AuthMethod::Session(SessionId(Uuid::nil()));
        let admitted = self.administration().admit(root.id, via, Some("192.0.2.7".to_owned())).await;
        (root, admitted.expect("an administrator"))
    }

    /// The entries that `filter` asks for.
    async fn log(&self, filter: &AuditFilter) -> Vec<AuditEntry> {
        self.store.audit(filter, PAGE).await.expect("the log").items
    }

    /// What was done, the latest first.
    async fn actions(&self) -> Vec<String> {
        self.log(&AuditFilter::default()).await.into_iter().map(|entry| entry.action).collect()
    }

    async fn decided_flags(&self) -> Vec<Flag> {
        self.store.flags(PAGE).await.expect("flags").items
    }
}

fn order(expires_at: Option<OffsetDateTime>) -> FlagOrder {
    FlagOrder { reason: AuditReason::trusted("made up"), expires_at }
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_are_made_by_an_operator_and_checked_on_each_request() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_user("Ada", None).await, fixture.create_user("bob", None).await);
    let administration = fixture.administration();
    let session = AuthMethod::Session(SessionId(Uuid::nil()));
    let admitted = async |user: &User, via| administration.admit(user.id, via, None).await.is_ok();
    assert!(!admitted(&ada, session).await);
    assert_eq!(
        [administration.grant("ADA").await.ok(), administration.grant("ada").await.ok()],
        [Some(true), Some(false)]
    );
    let token = AuthMethod::ApiToken(ApiTokenId(Uuid::nil()), Scopes { sync: true, read: true });
    assert_eq!(
        (admitted(&ada, session).await, admitted(&ada, token).await, admitted(&bob, session).await),
        (true, false, false)
    );
    assert!(matches!(administration.grant("nobody").await, Err(AdministrationError::UnknownUser(_))));

    // A deleted administrator has no rights, is still listed, and can lose the role before a restore.
    fixture.users_at(NOW).leave(ada.id).await.expect("a date");
    assert!(!admitted(&ada, session).await);
    let listed = administration.administrators().await.expect("a list");
    let listed: Vec<_> = listed.iter().map(|listed| (listed.username.as_str(), listed.has_left)).collect();
    assert_eq!(listed, [("Ada", true)]);
    assert!(administration.revoke("ada").await.expect("it is revoked"));
    assert!(!administration.revoke("ada").await.expect("nothing"), "a second time");
    assert!(administration.administrators().await.expect("a list").is_empty());

    let log = fixture.log(&AuditFilter::default()).await;
    let lines: Vec<_> =
        log.iter().map(|entry| (entry.action.as_str(), entry.by_operator, entry.target.clone())).collect();
    let id = ada.id.to_string();
    assert_eq!(lines, [("administrator_revoked", true, id.clone()), ("administrator_granted", true, id)]);
    assert!(log.iter().all(|entry| entry.actor.is_none() && entry.ip.is_none()));
}

#[tokio::test(flavor = "multi_thread")]
async fn action_and_audit_record_are_stored_together_or_not_at_all() {
    let fixture = fixture();
    let (_, root) = fixture.root().await;
    let ada = fixture.create_user("ada", None).await;
    let administration = fixture.administration();
    let nothing_happened = async || fixture.actions().await.is_empty() && fixture.decided_flags().await.is_empty();

    let unflagged = administration.unflag(&root, &ada.username, None).await;
    assert_eq!(unflagged.map_err(|error| variant(&error)).expect_err("nothing stands"), "NotFlagged");
    let retried = administration.retry_job(&root, JobId(Uuid::nil())).await;
    assert_eq!(retried.map_err(|error| variant(&error)).expect_err("no job"), "UnknownJob");
    assert!(nothing_happened().await);

    // The transaction is dropped after the act and its entry.
    let mut tx = fixture.store.begin().await.expect("a transaction");
    tx.administration().insert_flag(Uuid::now_v7(), ada.id, &order(None), root.id(), NOW).await.expect("a flag");
    let action = AdminAction::new(AdminActionKind::FlagAccount, AuditTarget::User(ada.id), Vec::new());
    action.record(tx.administration(), &UniqueIds, &root, NOW).await.expect("an entry");
    drop(tx);
    assert!(nothing_happened().await);

    // The entry cannot be written.
    fixture.run("ALTER TABLE audit_log ADD CONSTRAINT nothing CHECK (action <> 'account_flagged')").await;
    let flagged = administration.flag(&root, &ada.username, order(None)).await;
    assert!(matches!(flagged, Err(AdministrationError::Store(StoreError::Internal(_)))), "{flagged:?}");
    assert!(nothing_happened().await);

    fixture.run("ALTER TABLE audit_log DROP CONSTRAINT nothing").await;
    administration.flag(&root, &ada.username, order(None)).await.expect("a flag");
    assert_eq!((fixture.actions().await, fixture.decided_flags().await.len()), (vec!["account_flagged".to_owned()], 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn flag_set_concurrently_is_stored_once() {
    let fixture = Arc::new(fixture());
    let (_, root) = fixture.root().await;
    let ada = fixture.create_user("ada", None).await;
    // An expired flag does not prevent a new one.
    fixture.administration_at(NOW - Duration::DAY).flag(&root, &ada.username, order(Some(NOW))).await.expect("a flag");
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let (fixture, root, name) = (fixture.clone(), root.clone(), ada.username.clone());
        tasks.spawn(async move { fixture.administration().flag(&root, &name, order(None)).await });
    }
    let (mut made, mut refused) = (0, 0);
    while let Some(done) = tasks.join_next().await {
        match done.expect("no panic") {
            Ok(_) => made += 1,
            Err(AdministrationError::FlaggedAlready) => refused += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!((made, refused), (1, 7));
    let states: Vec<_> = fixture.decided_flags().await.iter().map(|flag| flag.state(NOW)).collect();
    assert_eq!(states, [FlagState::Standing, FlagState::Expired]);
    assert_eq!(fixture.actions().await, ["account_flagged"; 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn flag_hides_immediately_until_it_is_lifted_or_expires() {
    let fixture = fixture();
    let (_, root) = fixture.root().await;
    let (ada, bob) = (fixture.create_user("ada", None).await, fixture.create_user("bob", None).await);
    fixture.sync(&ada, &["a", "b"]).await;
    fixture.sync(&bob, &["a"]).await;
    fixture.refresh().await;
    let by_tokens = BoardQuery::global(SortBy::Tokens, Period::All);
    let shown = async |now: OffsetDateTime| {
        let part = BoardSlice { limit: 10, offset: 0 };
        let board = fixture.leaderboard_at(now).board(&by_tokens, part, Some(ada.id)).await.expect("a board");
        assert_eq!(board.me.expect("her own entry").standing.rank, 1, "her own view goes on");
        assert_eq!(board.total, board.entries.len() as u64);
        board.entries.iter().map(|entry| entry.username.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(shown(NOW).await, ["ada", "bob"]);
    let end = NOW + Duration::DAY;
    let flag = fixture.administration().flag(&root, &ada.username, order(Some(end))).await.expect("a flag");
    assert_eq!(
        (shown(NOW).await, shown(end).await),
        (vec!["bob".to_owned()], vec!["ada".to_owned(), "bob".to_owned()])
    );
    assert_eq!(fixture.decided_flags().await, [flag]);
    let late = fixture.administration_at(end).unflag(&root, &ada.username, None).await;
    assert_eq!(late.map_err(|error| variant(&error)).expect_err("it is over"), "NotFlagged");

    let lifted = fixture.administration().unflag(&root, &ada.username, Some(AuditReason::trusted("a mistake"))).await;
    lifted.expect("it is lifted");
    assert_eq!(shown(NOW).await, ["ada", "bob"]);
    let flags = fixture.decided_flags().await;
    assert_eq!((flags.len(), flags[0].state(NOW), flags[0].lifted_at), (1, FlagState::Lifted, Some(NOW)));
    assert_eq!(flags[0].by.as_ref().map(Username::as_str), Some("root"));
}

#[tokio::test(flavor = "multi_thread")]
async fn audit_log_is_append_only_and_outlives_accounts() {
    let fixture = fixture();
    let (root_user, root) = fixture.root().await;
    let ada = fixture.create_user("ada", None).await;
    fixture.administration().flag(&root, &ada.username, order(None)).await.expect("a flag");
    let client = fixture.client().await;
    for statement in [
        "UPDATE audit_log SET action = 'nothing'",
        "UPDATE audit_log SET ip = NULL",
        "UPDATE audit_log SET actor = NULL, action = 'nothing'",
        "UPDATE audit_log SET actor = NULL, details = '{}'",
        "DELETE FROM audit_log",
    ] {
        let refused = client.batch_execute(statement).await.expect_err(statement);
        let refused = refused.as_db_error().map(|error| error.message().to_owned());
        assert_eq!(refused.as_deref(), Some("the audit log is only ever added to"), "{statement}");
    }
    let written = fixture.log(&AuditFilter::default()).await;
    assert_eq!(written[0].actor, Some((root_user.id, root_user.username.clone())));
    assert_eq!(
        (written[0].target_username.as_ref(), written[0].ip.as_deref()),
        (Some(&ada.username), Some("192.0.2.7"))
    );
    assert!(written[0].details.0.contains("\"reason\": \"made up\""), "{:?}", written[0].details);

    for deleted in [ada.id, root_user.id] {
        fixture.users_at(NOW).leave(deleted).await.expect("a date");
    }
    let later = fixture.users_at(NOW + GRACE_PERIOD + Duration::DAY);
    assert_eq!(later.purge(|| false).await.expect("a purge").accounts, 2);
    let kept = fixture.log(&AuditFilter::default()).await;
    let expected = AuditEntry { actor: None, target_username: None, ip: None, ..written[0].clone() };
    assert_eq!(kept, [expected]);
    assert!(!kept[0].by_operator, "a deleted administrator is no operator");
    client.batch_execute("DELETE FROM audit_log").await.expect_err("it is still kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn audit_log_is_pruned_by_age_and_only_through_the_repository() {
    let fixture = fixture();
    let (_, root) = fixture.root().await;
    for (name, at) in [("ada", NOW - Duration::days(3)), ("bob", NOW - Duration::days(2)), ("cyd", NOW)] {
        let user = fixture.create_user(name, None).await;
        fixture.administration_at(at).flag(&root, &user.username, order(None)).await.expect("a flag");
    }
    let prune = async |before, most, commit| {
        let mut tx = fixture.store.begin().await.expect("a transaction");
        let pruned = tx.administration().prune_audit_log(before, most).await.expect("pruned");
        if commit {
            tx.commit().await.expect("a commit");
        }
        pruned
    };
    let cutoff = NOW - Duration::days(2);
    assert_eq!(prune(NOW, 10, false).await, 2);
    assert_eq!(fixture.log(&AuditFilter::default()).await.len(), 3, "not committed");
    assert_eq!(prune(cutoff, 10, true).await, 1, "a record of the cutoff stays");
    assert_eq!(prune(NOW, 1, true).await, 1);
    assert_eq!(prune(NOW, 1, true).await, 0);
    assert_eq!(fixture.log(&AuditFilter::default()).await.len(), 1);

    let client = fixture.client().await;
    let younger = "SELECT set_config('burntop.prune_audit_log_before', '2000-01-01Z', false); DELETE FROM audit_log";
    for statement in ["DELETE FROM audit_log", younger, "UPDATE audit_log SET ip = NULL"] {
        let refused = client.batch_execute(statement).await.expect_err(statement);
        let refused = refused.as_db_error().map(|error| error.message().to_owned());
        assert_eq!(refused.as_deref(), Some("the audit log is only ever added to"), "{statement}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn audit_log_is_filtered_by_actor_action_and_subject() {
    let fixture = fixture();
    let (_, root) = fixture.root().await;
    let (ada, bob) = (fixture.create_user("Ada", None).await, fixture.create_user("bob", None).await);
    let at = |seconds| fixture.administration_at(NOW + Duration::seconds(seconds));
    at(1).grant("bob").await.expect("an administrator");
    let bob_admin = Administrator::unchecked(bob.id);
    at(2).flag(&root, &ada.username, order(None)).await.expect("a flag");
    at(3).unflag(&bob_admin, &ada.username, None).await.expect("none");
    at(4).flag(&bob_admin, &bob.username, order(None)).await.expect("a flag");

    let all = AuditFilter::default;
    let name = |name: &str| Some(Username::trusted(name));
    let target = |target: &str| Some(target.to_owned());
    for (filter, seconds) in [
        (all(), &[4, 3, 2, 1][..]),
        (AuditFilter { actor: name("BOB"), ..all() }, &[4, 3]),
        (AuditFilter { actor: name("nobody"), ..all() }, &[]),
        (AuditFilter { action: Some(AdminActionKind::FlagAccount), ..all() }, &[4, 2]),
        (AuditFilter { target: target("ada"), ..all() }, &[3, 2]),
        (AuditFilter { target: target(&bob.id.to_string()), ..all() }, &[4, 1]),
        (AuditFilter { target: target("house-model"), ..all() }, &[]),
        (AuditFilter { actor: name("root"), action: Some(AdminActionKind::FlagAccount), target: target("ada") }, &[2]),
        (AuditFilter { actor: name("root"), action: Some(AdminActionKind::UnflagAccount), ..all() }, &[]),
    ] {
        let found: Vec<_> = fixture.log(&filter).await.iter().map(|entry| (entry.at - NOW).whole_seconds()).collect();
        assert_eq!(found, seconds, "{filter:?}");
    }
    let second = fixture.store.audit(&all(), PageRequest { page: 2, size: 3 }).await.expect("the log");
    assert_eq!((second.total, second.items.len(), second.items[0].by_operator), (4, 1, true));
    let second = fixture.store.flags(PageRequest { page: 2, size: 1 }).await.expect("flags");
    assert_eq!((second.total, second.items[0].username.as_str()), (2, "Ada"));
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_job_is_retried_and_running_job_is_not() {
    let fixture = fixture();
    let (_, root) = fixture.root().await;
    let (dead, running) = (JobId(Uuid::now_v7()), JobId(Uuid::now_v7()));
    let job = |id, key: &str| (id, NewJob { job: Job::Cleanup, key: key.to_owned(), run_at: NOW });
    fixture.store.enqueue_now(&[job(dead, "dead"), job(running, "running")], NOW).await.expect("jobs");
    let state = "UPDATE jobs SET status = idempotency_key, attempts = 5, finished_at = now(), last_error = 'no'";
    fixture.run(state).await;
    let administration = fixture.administration();
    let view = administration.queue(&root).await.expect("the queue");
    let states: Vec<_> = view.states.iter().map(|state| (state.status.name(), state.jobs)).collect();
    assert_eq!(states, [("dead", 1), ("running", 1)]);
    assert_eq!((view.dead.len(), view.dead[0].id, view.dead[0].last_error.as_deref()), (1, dead, Some("no")));

    for refused in [administration.retry_job(&root, running).await, administration.remove_job(&root, running).await] {
        assert_eq!(refused.map_err(|error| variant(&error)).expect_err("it runs"), "JobIs");
    }
    administration.retry_job(&root, dead).await.expect("it is tried again");
    let listed = fixture.store.list(Some(JobStatus::Pending), 5).await.expect("jobs");
    assert_eq!((listed.len(), listed[0].id, listed[0].attempts), (1, dead, 0));
    administration.remove_job(&root, dead).await.expect("it is removed");
    let deleted = administration.remove_job(&root, dead).await;
    assert_eq!(deleted.map_err(|error| variant(&error)).expect_err("it is gone"), "UnknownJob");
    assert_eq!(fixture.actions().await, ["job_removed", "job_retried"]);
}

/// The jobs that compute boards, the first that is due first.
async fn refreshes(fixture: &Fixture) -> Vec<ListedJob> {
    let mut jobs = fixture.store.list(None, 99).await.expect("jobs");
    assert!(jobs.iter().all(|job| job.queue == "leaderboard"), "{jobs:?}");
    jobs.reverse();
    jobs
}

/// A worker that begins the refreshes that are due at `now`.
async fn begin(fixture: &Fixture, now: OffsetDateTime) -> Vec<JobId> {
    let room = Capacity { total: 9, by_kind: vec![(JobKind::Leaderboard, 9)] };
    let taken = fixture.store.take("worker", &room, now, std::time::Duration::from_mins(10)).await.expect("jobs");
    taken.into_iter().map(|job| job.id).collect()
}

async fn end(fixture: &Fixture, jobs: &[JobId], ending: JobOutcome) {
    let endings: Vec<_> = jobs.iter().map(|job| (*job, ending.clone())).collect();
    fixture.store.finish("worker", &endings, NOW).await.expect("an end");
}

#[tokio::test(flavor = "multi_thread")]
async fn board_refreshes_requested_at_once_are_one_job() {
    let fixture = Arc::new(fixture());
    let (_, root) = fixture.root().await;
    let ask = |fixture: Arc<Fixture>, root: Administrator, now| async move {
        let boards = Leaderboard::new(fixture.fresh_deps(now));
        boards.request_refresh(&root).await.expect("a job")
    };
    let mut tasks = JoinSet::new();
    for _ in 0..4 {
        tasks.spawn(ask(fixture.clone(), root.clone(), NOW));
    }
    let mut jobs = tasks.join_all().await;
    jobs.dedup();
    assert_eq!(jobs.len(), 1);
    let later = ask(fixture.clone(), root.clone(), NOW + Duration::MINUTE).await;
    assert_eq!(later, jobs[0], "it waits still");
    assert_eq!(fixture.actions().await, ["boards_refreshed"; 5], "each asking is written down");
    assert_eq!(refreshes(&fixture).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn board_refresh_requested_while_one_runs_is_another_job() {
    let ended: [(&str, Option<JobOutcome>); 4] = [
        ("it runs, and may have read already", None),
        ("it is done", Some(JobOutcome::Done)),
        ("it was given up", Some(JobOutcome::Dead { error: "no".to_owned() })),
        ("it failed, and may have ranked already", Some(JobOutcome::Retry { run_at: NOW, error: "no".to_owned() })),
    ];
    for (why, ending) in ended {
        let fixture = fixture();
        let (_, root) = fixture.root().await;
        let ask = async || {
            let boards = Leaderboard::new(fixture.fresh_deps(NOW));
            boards.request_refresh(&root).await.expect("a job")
        };
        let first = ask().await;
        assert_eq!(begin(&fixture, NOW).await, [first]);
        if let Some(ending) = ending {
            end(&fixture, &[first], ending).await;
        }
        let second = ask().await;
        assert_ne!(first, second, "{why}");
        assert_eq!(ask().await, second, "one waits: {why}");
        let state = refreshes(&fixture).await.into_iter().find(|job| job.id == second).expect("a job");
        assert_eq!((state.status, state.run_at), (JobStatus::Pending, NOW), "{why}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shared_refresh_waits_for_the_commit_of_its_requester() {
    let fixture = fixture();
    let (_, root) = fixture.root().await;
    let first = fixture.leaderboard().request_refresh(&root).await.expect("a job");
    let mut tx = fixture.store.begin().await.expect("a transaction");
    assert_eq!(tx.jobs().waiting(JobKind::Leaderboard, NOW).await.expect("a job"), Some(first));
    assert_eq!(begin(&fixture, NOW).await, [], "it is held");
    tx.commit().await.expect("a commit");
    assert_eq!(begin(&fixture, NOW).await, [first]);
}

#[tokio::test(flavor = "multi_thread")]
async fn lifted_flag_gets_a_rank_by_the_next_refresh() {
    let fixture = fixture();
    let (_, root) = fixture.root().await;
    let (ada, bob) = (fixture.create_user("ada", None).await, fixture.create_user("bob", None).await);
    fixture.use_up(&[used(&ada, 0, 9), used(&bob, 0, 5)]).await;
    let administration = fixture.administration();
    administration.flag(&root, &ada.username, order(None)).await.expect("a flag");
    fixture.refresh().await;
    assert_eq!(refreshes(&fixture).await, [], "hiding an account takes no refresh");
    administration.unflag(&root, &ada.username, None).await.expect("it is lifted");
    assert_eq!(fixture.lines(&by_tokens(), None).await, ["1 bob 5"], "the refresh gave her no place");
    let due: Vec<_> = refreshes(&fixture).await.into_iter().map(|job| (job.status, job.run_at)).collect();
    assert_eq!(due, [(JobStatus::Pending, NOW)]);
    fixture.refresh().await;
    assert_eq!(fixture.lines(&by_tokens(), None).await, ["1 ada 9", "2 bob 5"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn profiles_that_turn_public_queue_one_delayed_refresh() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_private_user("ada").await, fixture.create_private_user("bob").await);
    fixture.use_up(&[used(&ada, 0, 9), used(&bob, 0, 5)]).await;
    fixture.refresh().await;
    assert_eq!(refreshes(&fixture).await, [], "to hide takes no refresh");
    for user in [&ada, &bob, &ada] {
        fixture.set_public(user, true).await;
    }
    assert_eq!(fixture.lines(&by_tokens(), None).await, [] as [&str; 0], "the refresh gave them no place");
    let due: Vec<_> = refreshes(&fixture).await.into_iter().map(|job| (job.status, job.run_at)).collect();
    assert_eq!(due, [(JobStatus::Pending, NOW + Duration::minutes(10))]);
    fixture.refresh().await;
    assert_eq!(fixture.lines(&by_tokens(), None).await, ["1 ada 9", "2 bob 5"]);

    // An administrator does not wait for it.
    let (_, root) = fixture.root().await;
    let boards = Leaderboard::new(fixture.fresh_deps(NOW));
    boards.request_refresh(&root).await.expect("a job");
    assert_eq!(refreshes(&fixture).await.len(), 2);
}
