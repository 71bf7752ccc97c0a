//! Sign-in over mocked ports.

use super::*;
use crate::error::{DomainError, ErrorKind, StoreError};
use crate::identity::ports::{AttemptOutcome, MockPasswordHasher, MockSessionReader, MockSessionRepository};
use crate::identity::{
    AuthMethod, Email, Invitation, NamedInvitation, PasswordHash, RegistrationMode, RegistrationPolicy, Secret,
};
use crate::ids::{InvitationId, MockIds};
use crate::jobs::Job;
use crate::mail::EmailSubject;
use crate::progression::Level;
use crate::testing::{TestUnitOfWork, test_user, variant};
use crate::users::ports::MockUserRepository;
use crate::users::{Presence, Username};
use std::sync::Mutex;
use time::macros::datetime;
use uuid::Uuid;

const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

fn ada() -> User {
    test_user(UserId(Uuid::from_u128(1)), "ada")
}

/// A hasher whose hash of a password is the password.
fn plain() -> MockPasswordHasher {
    let mut passwords = MockPasswordHasher::new();
    passwords.expect_hash().returning(|password| Ok(PasswordHash(password.expose().to_owned())));
    passwords.expect_verify().returning(|password, hash| Ok(hash.is_some_and(|hash| hash.0 == password.expose())));
    passwords
}

fn identity(
    passwords: MockPasswordHasher,
    sessions: MockSessionReader,
    open: impl Fn() -> TestUnitOfWork + Send + Sync + 'static,
) -> Identity {
    let mut ids = MockIds::new();
    ids.expect_fresh().returning(|| Uuid::from_u128(42));
    ids.expect_secret().returning(|| [7; 32]);
    let deps = TestUnitOfWork::store(open).deps_with(ids);
    Identity::new(deps, Arc::new(sessions), Arc::new(passwords), VisitorSalt::of(b"a secret"))
}

/// A transaction with the account ada and the password `correct horse`.
fn with_ada() -> TestUnitOfWork {
    let mut tx = TestUnitOfWork::default();
    let known = || (ada(), Some(PasswordHash("correct horse".into())));
    tx.users.expect_find_for_sign_in().returning(move |name, left_after| {
        assert_eq!(left_after, gone_by(NOW));
        let hers = [SignInName::parse("ada@example.org"), SignInName::parse("ADA")];
        Ok(hers.contains(&Some(name.clone())).then(known))
    });
    tx.users.expect_hold().returning(|_| Ok(Some(Presence::Here)));
    tx.users.expect_find_with_password().returning(move |id| Ok((id == ada().id).then(known)));
    tx.sessions.expect_insert().returning(|_| Ok(()));
    tx
}

#[test]
fn register_queues_verification_only_where_email_is_sent() {
    for (sends, emails) in [(true, 1), (false, 0)] {
        let identity = identity(plain(), MockSessionReader::new(), move || {
            let mut tx = TestUnitOfWork::default();
            tx.users.expect_insert().returning(|_, _| Ok(()));
            tx.sessions.expect_insert().returning(|_| Ok(()));
            tx.jobs.expect_count_known().returning(|_, _| Ok(0));
            tx.jobs.expect_enqueue().times(emails).returning(|jobs, _| {
                assert!(matches!(&jobs[0].1.job, Job::Mail(email) if email.to.0 == Uuid::from_u128(42)));
                Ok(1)
            });
            tx
        });
        let registration = registration(None);
        let identity = identity.with_email(sends);
        assert!(pollster::block_on(identity.register(registration, Device::default())).is_ok());
    }
}

fn registration(invitation: Option<NamedInvitation>) -> Registration {
    Registration {
        email: Email::trusted("ada@example.org"),
        password: Password::typed("correct horse"),
        username: Username::trusted("ada"),
        name: None,
        zone: None,
        referral_code: None,
        invitation,
    }
}

#[test]
fn register_by_invitation_uses_it_up_and_hides_profile() {
    let token = Secret::invitation([1; 32]);
    for (case, named, is_for_administrator, refusal) in [
        ("invited", Some(token.expose()), false, None),
        ("first administrator", Some(token.expose()), true, None),
        ("unknown", Some("i_unknown"), false, Some("InvalidInvitation")),
        ("not invited", None, false, Some("InvitationRequired")),
    ] {
        let mut passwords = MockPasswordHasher::new();
        passwords.expect_hash().times(usize::from(refusal.is_none())).returning(|_| Ok(PasswordHash("hash".into())));
        let hash = token.hash();
        let identity = identity(passwords, MockSessionReader::new(), move || {
            let mut tx = TestUnitOfWork::default();
            tx.invitations.expect_lock().returning(move |asked, now| {
                assert_eq!(now, NOW);
                Ok((asked == hash).then(|| Invitation {
                    id: InvitationId(Uuid::from_u128(3)),
                    hash,
                    email: None,
                    is_for_administrator,
                    created_by: None,
                    created_at: NOW,
                    expires_at: NOW + Invitation::LIFETIME,
                }))
            });
            tx.users.expect_insert().withf(|user, _| !user.is_public && !user.is_admin).returning(|_, _| Ok(()));
            tx.invitations
                .expect_mark_used()
                .withf(|id, by, now| (id.0, by.0, *now) == (Uuid::from_u128(3), Uuid::from_u128(42), NOW))
                .returning(|_, _, _| Ok(()));
            let grants = usize::from(is_for_administrator);
            tx.administration.expect_set_administrator().times(..=grants).returning(|_, _| Ok(true));
            tx.administration.expect_record().times(..=grants).returning(|_| Ok(()));
            tx.sessions.expect_insert().returning(|_| Ok(()));
            tx
        });
        let (mode, are_profiles_private) = (RegistrationMode::Invite, true);
        let identity = identity.with_policy(RegistrationPolicy { mode, are_profiles_private, ..Default::default() });
        let registration = registration(named.and_then(NamedInvitation::typed));
        let registered = pollster::block_on(identity.register(registration, Device::default()));
        assert_eq!(registered.err().map(|error| variant(&error)), refusal, "{case}");
    }
}

#[test]
fn login_right_password_opens_session_by_email_or_username() {
    let identity = identity(plain(), MockSessionReader::new(), with_ada);
    for name in ["Ada@Example.org", "ADA"] {
        let login = identity.login(name, Password::typed("correct horse"), Device::default());
        let signed_in = pollster::block_on(login).expect("a session");
        assert_eq!(signed_in.session.user, ada().id);
        assert_eq!(signed_in.session.expires_at, NOW + Session::LIFETIME);
        assert_eq!(Credential::parse(signed_in.token.expose()), Some(Credential::Session(signed_in.session.token)));
    }
}

#[test]
fn login_password_changed_during_check_changes_nothing() {
    let identity = identity(plain(), MockSessionReader::new(), || {
        let mut tx = with_ada();
        tx.users = MockUserRepository::new();
        tx.users.expect_find().returning(|_| Ok(Some(ada())));
        let known = |hash: &str| Some((ada(), Some(PasswordHash(hash.into()))));
        tx.users.expect_find_for_sign_in().returning(move |_, _| Ok(known("correct horse")));
        tx.users.expect_hold().returning(|_| Ok(Some(Presence::Here)));
        tx.users.expect_find_with_password().returning(move |_| Ok(known("another one")));
        tx.sessions = MockSessionRepository::new();
        tx.device_logins.expect_delete_approved().returning(|_| Ok(()));
        tx.sessions.expect_delete_others().returning(|_, _| Ok(()));
        tx.api_tokens.expect_delete_all().returning(|_| Ok(()));
        tx
    });
    let typed = || Password::typed("correct horse");
    let login = pollster::block_on(identity.login("ada", typed(), Device::default()));
    assert!(matches!(login, Err(IdentityError::WrongCredentials)), "{login:?}");
    let here = SessionId(Uuid::from_u128(5));
    let change = PasswordChange { current: typed(), new: Password::typed("mine now"), keep_api_tokens: false };
    let change = pollster::block_on(identity.change_password(ada().id, here, change, &Device::default()));
    assert!(matches!(change, Err(IdentityError::WrongCredentials)), "{change:?}");
}

#[test]
fn login_unknown_name_and_wrong_password_look_alike() {
    for (name, password) in [("ada", "wrong"), ("nobody", "correct horse"), ("no name at all", "x"), ("\0", "")] {
        let mut passwords = MockPasswordHasher::new();
        passwords.expect_verify().times(1).returning(|_, _| Ok(false));
        let identity = identity(passwords, MockSessionReader::new(), with_ada);
        let error = pollster::block_on(identity.login(name, Password::typed(password), Device::default()));
        assert_eq!(error.expect_err("refused").to_string(), IdentityError::WrongCredentials.to_string(), "{name}");
    }
}

/// The recorded changes of attempts: noted keys, forgotten keys, and keys whose attempt was taken back.
#[derive(Default)]
struct Attempts {
    recorded: Mutex<Vec<(AttemptKey, u32)>>,
    forgotten: Mutex<Vec<AttemptKey>>,
    taken_back: Mutex<Vec<AttemptKey>>,
}

/// A store that permits attempts or not, and records them in `attempts`.
fn noting(let_through: bool, attempts: &Arc<Attempts>) -> impl Fn() -> TestUnitOfWork + use<> {
    let attempts = attempts.clone();
    move || {
        let mut tx = with_ada();
        let log = attempts.clone();
        tx.login_attempts.expect_note().returning(move |key, now, since, most| {
            assert_eq!(now - since, Duration::minutes(1));
            log.recorded.lock().expect("a lock").push((key, most));
            Ok(AttemptOutcome { let_through, tries: vec![now - Duration::seconds(50), now - Duration::seconds(20)] })
        });
        let log = attempts.clone();
        tx.login_attempts.expect_forget().returning(move |key| {
            log.forgotten.lock().expect("a lock").push(key);
            Ok(())
        });
        let log = attempts.clone();
        tx.login_attempts.expect_take_back().returning(move |key, at| {
            assert_eq!(at, NOW);
            log.taken_back.lock().expect("a lock").push(key);
            Ok(())
        });
        tx
    }
}

/// A client with a known address.
fn somewhere() -> Device {
    Device { ip: Some("2001:db8::7".to_owned()), user_agent: None }
}

/// The key of the network of [`somewhere`].
fn network() -> AttemptKey {
    AttemptKey::network(crate::network::ClientNetwork::new("2001:db8::1".parse().expect("an address")))
}

#[test]
fn login_attempts_count_by_account_and_network() {
    let account = AttemptKey::account(ada().id);
    for (name, password, target, succeeds) in [
        ("ADA", "correct horse", account, true),
        ("ada@example.org", "correct horse", account, true),
        ("ada", "wrong", account, false),
        (" Ada@Example.org", "wrong", account, false),
        ("nobody", "wrong", AttemptKey::unknown_name("NOBODY"), false),
        ("no name at all", "wrong", AttemptKey::unknown_name("no name at all"), false),
    ] {
        let attempts = Arc::default();
        let identity = identity(plain(), MockSessionReader::new(), noting(true, &attempts));
        let identity = identity.with_failed_logins(Some(FailedLogins(2)));
        let login = pollster::block_on(identity.login(name, Password::typed(password), somewhere()));
        assert_eq!(login.is_ok(), succeeds, "{name}");
        assert_eq!(*attempts.recorded.lock().expect("a lock"), [(target, 2), (network(), 20)], "{name}");
        let (forgotten, taken_back) = if succeeds { (vec![account], vec![network()]) } else { (vec![], vec![]) };
        assert_eq!(*attempts.forgotten.lock().expect("a lock"), forgotten, "{name}");
        assert_eq!(*attempts.taken_back.lock().expect("a lock"), taken_back, "{name}");
    }
}

#[test]
fn password_change_attempts_share_account_count() {
    for (let_through, expected) in [(true, "WrongCredentials"), (false, "TooManyFailures")] {
        let attempts = Arc::default();
        let identity = identity(plain(), MockSessionReader::new(), noting(let_through, &attempts));
        let identity = identity.with_failed_logins(Some(FailedLogins(2)));
        let change = PasswordChange {
            current: Password::typed("wrong"),
            new: Password::typed("a new one"),
            keep_api_tokens: false,
        };
        let here = SessionId(Uuid::from_u128(5));
        let changed = pollster::block_on(identity.change_password(ada().id, here, change, &somewhere()));
        assert_eq!(changed.map_err(|error| variant(&error)).expect_err("refused"), expected);
        assert_eq!(attempts.recorded.lock().expect("a lock")[0], (AttemptKey::account(ada().id), 2));
    }
}

#[test]
fn login_beyond_limit_checks_no_password() {
    for name in ["ADA", "ada@example.org", "nobody", "no name at all"] {
        let attempts = Arc::default();
        // No password may be checked: this mock expects no call.
        let identity = identity(MockPasswordHasher::new(), MockSessionReader::new(), noting(false, &attempts));
        let identity = identity.with_failed_logins(Some(FailedLogins(2)));
        let login = pollster::block_on(identity.login(name, Password::typed("correct horse"), Device::default()));
        let error = login.expect_err("it is refused");
        assert_eq!(error.kind(), ErrorKind::RateLimited { retry_after: Duration::seconds(10) }, "{name}");
        assert_eq!(attempts.recorded.lock().expect("a lock").len(), 1, "{name}");
    }
}

#[test]
fn register_collision_names_field() {
    for (constraint, code) in
        [("users_email_key", "EmailTaken"), ("users_username_key", "UsernameTaken"), ("users_pkey", "Store")]
    {
        let identity = identity(plain(), MockSessionReader::new(), move || {
            let mut tx = TestUnitOfWork::default();
            tx.users
                .expect_insert()
                .returning(move |_, _| Err(StoreError::Conflict { constraint: constraint.to_owned() }));
            tx
        });
        let registration = registration(None);
        let error = pollster::block_on(identity.register(registration, Device::default())).expect_err("taken");
        assert_eq!(variant(&error), code);
    }
}

#[test]
fn authenticate_records_last_use_every_five_minutes() {
    let token = Secret::session([7; 32]);
    for (minutes_ago, recorded) in [(Some(0), 0), (Some(4), 0), (Some(5), 1), (Some(600), 1), (None, 1)] {
        let mut sessions = MockSessionReader::new();
        sessions.expect_principal().returning(move |_, now| {
            Ok(Some(Principal {
                user: ada(),
                level: Level::of(0),
                via: AuthMethod::Session(SessionId(Uuid::nil())),
                last_used_at: minutes_ago.map(|minutes| now - Duration::minutes(minutes)),
            }))
        });
        sessions.expect_touch().times(recorded).returning(|_, _| Ok(()));
        let identity = identity(plain(), sessions, TestUnitOfWork::default);
        let principal = pollster::block_on(identity.authenticate(token.expose())).expect("a principal");
        assert_eq!(principal.user, ada());
    }
}

#[test]
fn password_change_needs_current_password_and_ends_other_access() {
    let here = SessionId(Uuid::from_u128(5));
    for (current, stored, keep_api_tokens, expected) in [
        ("right", Some("right"), false, Ok(())),
        ("right", Some("right"), true, Ok(())),
        ("wrong", Some("right"), false, Err("WrongCredentials")),
        ("right", None, false, Err("NoPassword")),
    ] {
        let recorded_uses = Arc::new(Mutex::new(Vec::new()));
        let (recorded, ended) = (recorded_uses.clone(), Arc::new(Mutex::new(Vec::new())));
        let ends = ended.clone();
        let identity = identity(plain(), MockSessionReader::new(), move || {
            let mut tx = TestUnitOfWork::default();
            tx.users.expect_hold().returning(|_| Ok(Some(Presence::Here)));
            tx.users
                .expect_find_with_password()
                .returning(move |_| Ok(Some((ada(), stored.map(|hash| PasswordHash(hash.into()))))));
            tx.users.expect_set_password().withf(|_, hash| hash.0 == "a new one").returning(|_, _| Ok(()));
            let end = |what: &'static str| {
                let ends = ends.clone();
                move || {
                    ends.lock().expect("a list").push(what);
                    Ok(())
                }
            };
            let (logins, sessions, tokens) = (end("device logins"), end("other sessions"), end("API tokens"));
            tx.device_logins.expect_delete_approved().returning(move |_| logins());
            tx.sessions.expect_delete_others().withf(move |_, kept| *kept == here).returning(move |_, _| sessions());
            tx.api_tokens.expect_delete_all().returning(move |_| tokens());
            let recorded_uses = recorded.clone();
            tx.jobs.expect_enqueue().returning(move |jobs, _| {
                let Job::Mail(email) = &jobs[0].1.job else { panic!("an email") };
                recorded_uses.lock().expect("emails").push((email.to, email.about.clone()));
                Ok(1)
            });
            tx
        });
        let identity = identity.with_email(true);
        let (current, new) = (Password::typed(current), Password::typed("a new one"));
        let change = PasswordChange { current, new, keep_api_tokens };
        let outcome = pollster::block_on(identity.change_password(ada().id, here, change, &Device::default()));
        assert_eq!(outcome.map_err(|error| variant(&error)), expected, "{stored:?}");
        let all = ["device logins", "other sessions", "API tokens"];
        let expected_ends = if expected.is_err() { &all[..0] } else { &all[..3 - usize::from(keep_api_tokens)] };
        assert_eq!(*ended.lock().expect("a list"), expected_ends);
        let emails = expected.map_or_else(|_| Vec::new(), |()| vec![(ada().id, EmailSubject::PasswordChanged)]);
        assert_eq!(*recorded_uses.lock().expect("emails"), emails);
    }
}

#[test]
fn end_session_unknown_is_not_found_and_logout_is_unauthenticated() {
    let session = SessionId(Uuid::from_u128(5));
    for (is_there, ended, logged_out) in [(true, Ok(()), Ok(())), (false, Err("UnknownSession"), Err("NotSignedIn"))] {
        let commits = Arc::default();
        let counter = Arc::clone(&commits);
        let identity = identity(plain(), MockSessionReader::new(), move || {
            let mut tx = TestUnitOfWork { commits: Arc::clone(&counter), ..TestUnitOfWork::default() };
            let delete = tx.sessions.expect_delete();
            delete.withf(move |user, id| (*user, *id) == (ada().id, session)).returning(move |_, _| Ok(is_there));
            tx
        });
        let end = pollster::block_on(identity.end_session(ada().id, session));
        assert_eq!(end.map_err(|error| variant(&error)), ended);
        let logout = pollster::block_on(identity.logout(ada().id, session));
        assert_eq!(logout.map_err(|error| variant(&error)), logged_out);
        assert_eq!(commits.load(std::sync::atomic::Ordering::SeqCst), if is_there { 2 } else { 0 });
    }
}

#[test]
fn sessions_lists_only_open_ones() {
    let mut sessions = MockSessionReader::new();
    sessions
        .expect_open_sessions()
        .withf(|user, now| (*user, *now) == (ada().id, NOW))
        .times(1)
        .returning(|_, _| Ok(Vec::new()));
    let identity = identity(plain(), sessions, TestUnitOfWork::default);
    assert!(pollster::block_on(identity.sessions(ada().id)).expect("a list").is_empty());
}

#[test]
fn authenticate_malformed_token_is_not_looked_up() {
    let identity = identity(plain(), MockSessionReader::new(), TestUnitOfWork::default);
    for token in ["", "s_short", "bearer"] {
        assert!(matches!(pollster::block_on(identity.authenticate(token)), Err(IdentityError::NotSignedIn)));
    }
}
