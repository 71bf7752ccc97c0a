//! Administration over mocked ports: authorisation, and that each action is logged.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use pollster::block_on;
use time::Duration;
use uuid::Uuid;

use super::audit::AuditRecord;
use super::ports::MockAdministrationReader;
use super::*;
use crate::error::{DomainError, StoreError};
use crate::identity::{AuthMethod, Scopes, SignInName};
use crate::ids::{ApiTokenId, JobId, SessionId, UserId};
use crate::jobs::ports::{HeldJob, ListedJob, MockJobStore, QueueState};
use crate::jobs::{Job, JobStatus};
use crate::page::{Page, PageRequest};
use crate::payload::{Payload, Value};
use crate::testing::{TestReads, TestUnitOfWork, variant};
use crate::text::rfc3339;
use crate::usage::testing::NOW;
use crate::users::{Profile, User, Username, gone_by};

const ADA: UserId = UserId(Uuid::from_u128(1));
const ROOT: UserId = UserId(Uuid::from_u128(7));
const JOB: JobId = JobId(Uuid::from_u128(9));

fn admin() -> Administrator {
    Administrator::unchecked(ROOT)
}

fn user(id: UserId) -> User {
    User {
        id,
        username: Username::trusted(if id == ADA { "ada" } else { "root" }),
        email: None,
        email_verified: false,
        profile: Profile::default(),
        is_public: true,
        is_admin: id == ROOT,
        zone: None,
        created_at: NOW,
        updated_at: NOW,
    }
}

/// The use cases over transactions made by `prepare`, the recorded entries, and the number of commits.
struct Trial {
    administration: Administration,
    recorded: Arc<Mutex<Vec<AuditRecord>>>,
    commits: Arc<AtomicUsize>,
}

impl Trial {
    fn new(prepare: impl Fn(&mut TestUnitOfWork) + Send + Sync + 'static) -> Self {
        Self::reading(MockAdministrationReader::new(), MockJobStore::new(), prepare)
    }

    fn reading(
        reader: MockAdministrationReader,
        queue: MockJobStore,
        prepare: impl Fn(&mut TestUnitOfWork) + Send + Sync + 'static,
    ) -> Self {
        let (recorded, commits) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
        let (kept, counter) = (recorded.clone(), commits.clone());
        let store = TestUnitOfWork::store(move || {
            let mut tx = TestUnitOfWork { commits: counter.clone(), ..TestUnitOfWork::default() };
            let is_ada = |name: &Username| (*name == user(ADA).username).then(|| (user(ADA), None));
            tx.users.expect_find_by_username().returning(move |name| Ok(is_ada(name)));
            tx.users.expect_find().returning(|id| Ok(Some(user(id))));
            prepare(&mut tx);
            let kept = kept.clone();
            tx.administration.expect_record().returning(move |entry| {
                kept.lock().expect("a list").push(entry.clone());
                Ok(())
            });
            tx
        });
        let reads = TestReads { administration: reader, ..TestReads::default() };
        let administration = Administration::new(store.with_reads(reads).deps(), Arc::new(queue));
        Self { administration, recorded, commits }
    }

    /// The committed entries: actor, action, target and details. A recorded entry without a commit fails.
    fn log(&self) -> Vec<(AuditActor, AdminActionKind, AuditTarget, Payload)> {
        let recorded = self.recorded.lock().expect("a list");
        assert_eq!(
            recorded.len(),
            self.commits.load(Ordering::SeqCst),
            "each act with its entry, and no entry without"
        );
        assert!(recorded.iter().all(|entry| entry.at == NOW));
        let line = |entry: &AuditRecord| {
            let AdminAction { kind, target, details } = entry.action.clone();
            (entry.actor.clone(), kind, target, details)
        };
        recorded.iter().map(line).collect()
    }
}

fn by_root() -> AuditActor {
    AuditActor::Administrator(admin())
}

#[test]
fn admit_only_administrator_with_session() {
    let session = AuthMethod::Session(SessionId(Uuid::nil()));
    let token = AuthMethod::ApiToken(ApiTokenId(Uuid::nil()), Scopes { sync: true, read: true });
    for (who, via, admitted) in
        [(ROOT, session, true), (ADA, session, false), (ROOT, token, false), (ADA, token, false)]
    {
        let mut reader = MockAdministrationReader::new();
        reader.expect_is_administrator().returning(|user| Ok(user == ROOT));
        let trial = Trial::reading(reader, MockJobStore::new(), |_| {});
        let ip = Some("192.0.2.7".to_owned());
        match block_on(trial.administration.admit(who, via, ip)) {
            Ok(administrator) => assert!(admitted && administrator == admin(), "{who} {via:?}"),
            Err(error) => assert!(!admitted && variant(&error) == "NotAnAdministrator", "{who} {via:?}"),
        }
    }
}

#[test]
fn grant_is_logged_once() {
    for (administers, is_new) in [(true, true), (true, false), (false, true), (false, false)] {
        let trial = Trial::new(move |tx| {
            let found = |_: &SignInName, left_after| {
                assert_eq!(left_after, gone_by(NOW), "also who left");
                Ok(Some((user(ADA), None)))
            };
            tx.users.expect_find_for_sign_in().returning(found);
            let set = tx.administration.expect_set_administrator();
            set.withf(move |id, is| *id == ADA && *is == administers).returning(move |_, _| Ok(is_new));
        });
        let administration = &trial.administration;
        let done =
            if administers { block_on(administration.grant("ADA")) } else { block_on(administration.revoke("ADA")) };
        assert_eq!(done.expect("done"), is_new);
        let action =
            if administers { AdminActionKind::GrantAdministrator } else { AdminActionKind::RevokeAdministrator };
        let entry = (AuditActor::Operator, action, AuditTarget::User(ADA), Vec::new());
        assert_eq!(trial.log(), if is_new { vec![entry] } else { Vec::new() });
    }
}

#[test]
fn grant_unknown_account_is_refused() {
    for name in ["nobody", "no name", ""] {
        let trial = Trial::new(|tx| {
            tx.users.expect_find_for_sign_in().returning(|_, _| Ok(None));
        });
        for done in [block_on(trial.administration.grant(name)), block_on(trial.administration.revoke(name))] {
            let subject = done.expect_err("nobody").details().subject.expect("a subject");
            assert_eq!((subject.resource, subject.value.as_deref()), ("User", Some(name)));
        }
        assert_eq!(trial.log(), []);
    }
}

/// Flags the account `name`, which has a standing flag or not.
fn flag(name: &str, order: FlagOrder, stands: bool) -> (Result<Flag, &'static str>, Trial) {
    let expected = order.clone();
    let trial = Trial::new(move |tx| {
        let expected = expected.clone();
        let insert = tx.administration.expect_insert_flag();
        insert
            .withf(move |_, user, order, by, now| (*user, order, *by, *now) == (ADA, &expected, ROOT, NOW))
            .returning(move |_, _, _, _, _| Ok(!stands));
    });
    let done = block_on(trial.administration.flag(&admin(), &Username::trusted(name), order));
    (done.map_err(|error| variant(&error)), trial)
}

#[test]
fn flag_has_reason_and_end_and_stands_once() {
    let end = NOW + Duration::DAY;
    let order = |expires_at| FlagOrder { reason: AuditReason::trusted("made up"), expires_at };
    for (expires_at, expected_end) in [(None, Value::Nothing), (Some(end), rfc3339(end).into())] {
        let (flagged, trial) = flag("ADA", order(expires_at), false);
        let flagged = flagged.expect("a flag");
        assert_eq!((flagged.user, flagged.username.as_str(), flagged.created_at), (ADA, "ada", NOW));
        assert_eq!(flagged.by.as_ref().map(Username::as_str), Some("root"));
        let details =
            vec![("flag", flagged.id.to_string().into()), ("reason", "made up".into()), ("expires_at", expected_end)];
        assert_eq!(trial.log(), [(by_root(), AdminActionKind::FlagAccount, AuditTarget::User(ADA), details)]);
    }
    for (name, expires_at, stands, code) in [
        ("ada", None, true, "FlaggedAlready"),
        ("ada", Some(NOW), false, "FlagEndsBefore"),
        ("nobody", None, false, "UnknownUser"),
    ] {
        let (flagged, trial) = flag(name, order(expires_at), stands);
        assert_eq!(flagged, Err(code));
        assert_eq!(trial.log(), []);
    }
}

#[test]
fn unflag_lifts_standing_flag() {
    let id = Uuid::from_u128(3);
    for (name, stands, reason, expected) in [
        ("ada", true, Some("a mistake"), Ok(())),
        ("ada", true, None, Ok(())),
        ("ada", false, None, Err("NotFlagged")),
        ("nobody", true, None, Err("UnknownUser")),
    ] {
        let trial = Trial::new(move |tx| {
            let lift = tx.administration.expect_lift_flag();
            lift.withf(|user, now| (*user, *now) == (ADA, NOW)).returning(move |_, _| Ok(stands.then_some(id)));
            tx.jobs.expect_waiting().returning(|_, _| Ok(None));
            let queued = tx.jobs.expect_enqueue().times(usize::from(stands && name == "ada"));
            queued
                .withf(|jobs, _| jobs[0].1.job == Job::Leaderboard && jobs[0].1.run_at == NOW)
                .returning(|_, _| Ok(1));
        });
        let name = Username::trusted(name);
        let lifted = block_on(trial.administration.unflag(&admin(), &name, reason.map(AuditReason::trusted)));
        assert_eq!(lifted.map_err(|error| variant(&error)), expected);
        let details = vec![("flag", id.to_string().into()), ("reason", reason.into())];
        let entry = (by_root(), AdminActionKind::UnflagAccount, AuditTarget::User(ADA), details);
        assert_eq!(trial.log(), if expected.is_ok() { vec![entry] } else { Vec::new() });
    }
}

#[test]
fn job_action_is_logged_with_kind() {
    for (status, retried, removed) in [
        (Some(JobStatus::Dead), Ok(()), Ok(())),
        (Some(JobStatus::Pending), Ok(()), Ok(())),
        (Some(JobStatus::Done), Err("JobIs"), Ok(())),
        (Some(JobStatus::Running), Err("JobIs"), Err("JobIs")),
        (None, Err("UnknownJob"), Err("UnknownJob")),
    ] {
        for (action, expected) in [(AdminActionKind::RetryJob, retried), (AdminActionKind::RemoveJob, removed)] {
            let trial = Trial::new(move |tx| {
                let job = |status| HeldJob { queue: "prices".into(), key: "k".into(), status };
                tx.jobs.expect_hold().withf(|id| *id == JOB).returning(move |_| Ok(status.map(job)));
                let times = |is: AdminActionKind| usize::from(is == action && expected.is_ok());
                let retry = tx.jobs.expect_retry().times(times(AdminActionKind::RetryJob));
                retry.withf(|id, now| (*id, *now) == (JOB, NOW)).returning(|_, _| Ok(()));
                let remove = tx.jobs.expect_remove().times(times(AdminActionKind::RemoveJob));
                remove.withf(|id| *id == JOB).returning(|_| Ok(()));
            });
            let done = match action {
                AdminActionKind::RetryJob => block_on(trial.administration.retry_job(&admin(), JOB)),
                _ => block_on(trial.administration.remove_job(&admin(), JOB)),
            };
            assert_eq!(done.map_err(|error| variant(&error)), expected, "{status:?} {action:?}");
            let details = vec![
                ("kind", "prices".into()),
                ("key", "k".into()),
                ("status", status.map_or("", JobStatus::name).into()),
            ];
            let entry = (by_root(), action, AuditTarget::Job(JOB), details);
            assert_eq!(trial.log(), if expected.is_ok() { vec![entry] } else { Vec::new() });
        }
    }
}

#[test]
fn action_that_cannot_be_logged_is_not_committed() {
    let store = TestUnitOfWork::store(|| {
        let mut tx = TestUnitOfWork::default();
        tx.users.expect_find_by_username().returning(|_| Ok(Some((user(ADA), None))));
        tx.administration.expect_lift_flag().returning(|_, _| Ok(Some(Uuid::from_u128(3))));
        tx.administration.expect_record().returning(|_| Err(StoreError::Unavailable("away".to_owned())));
        tx
    });
    let administration = Administration::new(store.deps(), Arc::new(MockJobStore::new()));
    let lifted = block_on(administration.unflag(&admin(), &Username::trusted("ada"), None));
    assert!(matches!(lifted, Err(AdministrationError::Store(StoreError::Unavailable(_)))), "{lifted:?}");
}

#[test]
fn queue_lists_every_state_and_latest_hundred_dead() {
    let state = QueueState { queue: "prices".into(), status: JobStatus::Pending, jobs: 2, next_at: Some(NOW) };
    let dead = ListedJob {
        id: JOB,
        queue: "mail".into(),
        key: "k".into(),
        status: JobStatus::Dead,
        attempts: 14,
        run_at: NOW,
        last_error: Some("550 no such mailbox".into()),
    };
    let mut queue = MockJobStore::new();
    let states = vec![state.clone()];
    queue.expect_states().returning(move || Ok(states.clone()));
    let listed = vec![dead.clone()];
    queue
        .expect_list()
        .withf(|status, most| (*status, *most) == (Some(JobStatus::Dead), 100))
        .returning(move |_, _| Ok(listed.clone()));
    let trial = Trial::reading(MockAdministrationReader::new(), queue, |_| {});
    let view = block_on(trial.administration.queue(&admin())).expect("a view");
    assert_eq!(view, QueueView { states: vec![state], dead: vec![dead] });
}

#[test]
fn flags_and_audit_are_paged_and_filtered() {
    let request = PageRequest { page: 2, size: 50 };
    let action_filter = AuditFilter { action: Some(AdminActionKind::FlagAccount), ..AuditFilter::default() };
    let expected = action_filter.clone();
    let mut reader = MockAdministrationReader::new();
    reader.expect_flags().returning(|request| Ok(Page { items: Vec::new(), total: 51, request }));
    reader
        .expect_audit()
        .withf(move |filter, page| (filter, *page) == (&expected, request))
        .returning(|_, request| Ok(Page { items: Vec::new(), total: 52, request }));
    let ada = ListedAdministrator { id: ADA, username: Username::trusted("ada"), has_left: true };
    let listed = vec![ada.clone()];
    reader.expect_administrators().returning(move || Ok(listed.clone()));
    let trial = Trial::reading(reader, MockJobStore::new(), |_| {});
    let (flags, at) = block_on(trial.administration.flags(&admin(), request)).expect("flags");
    let log = block_on(trial.administration.audit(&admin(), &action_filter, request)).expect("a log");
    assert_eq!((flags.total, flags.request, at, log.total), (51, request, NOW, 52));
    assert_eq!(block_on(trial.administration.administrators()).expect("a list"), [ada]);
}

#[test]
fn admit_keeps_address_of_call() {
    for ip in [Some("198.51.100.4"), None] {
        let mut reader = MockAdministrationReader::new();
        reader.expect_is_administrator().returning(|_| Ok(true));
        let trial = Trial::reading(reader, MockJobStore::new(), |_| {});
        let session = AuthMethod::Session(SessionId(Uuid::nil()));
        let admitted = block_on(trial.administration.admit(ROOT, session, ip.map(str::to_owned))).expect("let in");
        assert_eq!((admitted.id(), admitted.ip()), (ROOT, ip));
    }
}
