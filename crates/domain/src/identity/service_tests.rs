//! Signing in over mocked ports.

use super::*;
use crate::clock::FixedClock;
use crate::error::{DomainError, ErrorKind};
use crate::identity::ports::{MockPasswordHasher, MockSessionReader, MockSessionRepository, Noted};
use crate::identity::{Secret, Via};
use crate::ids::MockIds;
use crate::jobs::Job;
use crate::mail::About;
use crate::testing::TestUnitOfWork;
use crate::users::Presence;
use crate::users::ports::MockUserRepository;
use std::sync::Mutex;
use time::macros::datetime;
use uuid::Uuid;

const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

fn ada() -> User {
    User {
        id: UserId(Uuid::from_u128(1)),
        username: Username::trusted("ada"),
        email: Some(Email::trusted("ada@example.org")),
        email_verified: false,
        profile: Profile::default(),
        is_public: true,
        is_admin: false,
        zone: None,
        created_at: NOW,
        updated_at: NOW,
    }
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
    let store = TestUnitOfWork::store(open);
    Identity::new(
        Arc::new(store),
        Arc::new(sessions),
        Arc::new(passwords),
        Arc::new(FixedClock(NOW)),
        Arc::new(ids),
        VisitorSalt::of(b"a secret"),
    )
}

/// A transaction in which ada exists, with the password `correct horse`.
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
fn whoever_registers_is_asked_whether_the_address_is_theirs_where_letters_are_sent() {
    for (sends, letters) in [(true, 1), (false, 0)] {
        let identity = identity(plain(), MockSessionReader::new(), move || {
            let mut tx = TestUnitOfWork::default();
            tx.users.expect_insert().returning(|_, _| Ok(()));
            tx.sessions.expect_insert().returning(|_| Ok(()));
            tx.jobs.expect_enqueue().times(letters).returning(|jobs, _| {
                assert!(matches!(&jobs[0].1.job, Job::Mail(letter) if letter.to.0 == Uuid::from_u128(42)));
                Ok(1)
            });
            tx
        });
        let registration = Registration {
            email: Email::trusted("ada@example.org"),
            password: Password::typed("correct horse"),
            username: Username::trusted("ada"),
            name: None,
            zone: None,
            referral_code: None,
        };
        let identity = identity.with_letters(sends);
        assert!(pollster::block_on(identity.register(registration, Device::default())).is_ok());
    }
}

#[test]
fn the_right_password_opens_a_session_by_address_or_username() {
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
fn a_password_that_was_changed_while_it_was_checked_opens_and_changes_nothing() {
    let identity = identity(plain(), MockSessionReader::new(), || {
        let mut tx = with_ada();
        tx.users = MockUserRepository::new();
        tx.users.expect_find().returning(|_| Ok(Some(ada())));
        let known = |hash: &str| Some((ada(), Some(PasswordHash(hash.into()))));
        tx.users.expect_find_for_sign_in().returning(move |_, _| Ok(known("correct horse")));
        tx.users.expect_hold().returning(|_| Ok(Some(Presence::Here)));
        tx.users.expect_find_with_password().returning(move |_| Ok(known("another one")));
        tx.sessions = MockSessionRepository::new();
        tx
    });
    let typed = || Password::typed("correct horse");
    let login = pollster::block_on(identity.login("ada", typed(), Device::default()));
    assert!(matches!(login, Err(IdentityError::WrongCredentials)), "{login:?}");
    let here = SessionId(Uuid::from_u128(5));
    let change = pollster::block_on(identity.change_password(ada().id, here, typed(), Password::typed("mine now")));
    assert!(matches!(change, Err(IdentityError::WrongCredentials)), "{change:?}");
}

#[test]
fn who_is_wrong_learns_not_what_and_a_password_is_always_checked() {
    for (name, password) in [("ada", "wrong"), ("nobody", "correct horse"), ("no name at all", "x"), ("\0", "")] {
        let mut passwords = MockPasswordHasher::new();
        passwords.expect_verify().times(1).returning(|_, _| Ok(false));
        let identity = identity(passwords, MockSessionReader::new(), with_ada);
        let error = pollster::block_on(identity.login(name, Password::typed(password), Device::default()));
        assert_eq!(error.expect_err("refused").to_string(), IdentityError::WrongCredentials.to_string(), "{name}");
    }
}

/// A store in which tries are let through or not; `forgotten` learns which names were forgotten.
fn noting(let_through: bool, forgotten: &Arc<Mutex<Vec<TriedName>>>) -> impl Fn() -> TestUnitOfWork + use<> {
    let forgotten = forgotten.clone();
    move || {
        let mut tx = with_ada();
        tx.login_attempts.expect_note().returning(move |_, now, since, most| {
            assert_eq!((now - since, most), (Duration::minutes(1), 2));
            Ok(Noted { let_through, tries: vec![now - Duration::seconds(50), now - Duration::seconds(20)] })
        });
        let forgotten = forgotten.clone();
        tx.login_attempts.expect_forget().returning(move |names| {
            forgotten.lock().expect("a lock").extend_from_slice(names);
            Ok(())
        });
        tx
    }
}

#[test]
fn who_succeeds_starts_anew_under_every_name_of_the_account_and_who_fails_does_not() {
    for (password, names) in [("correct horse", &["ada@example.org", "ada"][..]), ("wrong", &[])] {
        let forgotten = Arc::default();
        let identity = identity(plain(), MockSessionReader::new(), noting(true, &forgotten));
        let identity = identity.with_failed_logins(Some(FailedLogins(2)));
        let login = pollster::block_on(identity.login("ADA", Password::typed(password), Device::default()));
        assert_eq!(login.is_ok(), !names.is_empty(), "{password}");
        let names: Vec<TriedName> = names.iter().map(|name| TriedName::of(name)).collect();
        assert_eq!(*forgotten.lock().expect("a lock"), names);
    }
}

#[test]
fn one_try_too_many_is_not_even_looked_at_whether_or_not_the_account_exists() {
    for name in ["ADA", "ada@example.org", "nobody", "no name at all"] {
        let forgotten = Arc::default();
        // Neither a password nor an account may be looked at: these mocks expect nothing.
        let open = noting(false, &forgotten);
        let identity = identity(MockPasswordHasher::new(), MockSessionReader::new(), move || TestUnitOfWork {
            users: MockUserRepository::new(),
            ..open()
        });
        let identity = identity.with_failed_logins(Some(FailedLogins(2)));
        let login = pollster::block_on(identity.login(name, Password::typed("correct horse"), Device::default()));
        let error = login.expect_err("it is refused");
        assert_eq!(error.kind(), ErrorKind::RateLimited { retry_after: Duration::seconds(10) }, "{name}");
    }
}

#[test]
fn collisions_are_told_by_the_field() {
    for (constraint, code) in
        [("users_email_key", "email_taken"), ("users_username_key", "username_taken"), ("users_pkey", "store_conflict")]
    {
        let identity = identity(plain(), MockSessionReader::new(), move || {
            let mut tx = TestUnitOfWork::default();
            tx.users
                .expect_insert()
                .returning(move |_, _| Err(StoreError::Conflict { constraint: constraint.to_owned() }));
            tx
        });
        let registration = Registration {
            email: Email::trusted("ada@example.org"),
            password: Password::typed("correct horse"),
            username: Username::trusted("ada"),
            name: None,
            zone: None,
            referral_code: None,
        };
        let error = pollster::block_on(identity.register(registration, Device::default())).expect_err("taken");
        assert_eq!(crate::error::DomainError::code(&error), code);
    }
}

#[test]
fn the_last_use_is_noted_now_and_then() {
    let token = Secret::session([7; 32]);
    for (minutes_ago, noted) in [(Some(0), 0), (Some(4), 0), (Some(5), 1), (Some(600), 1), (None, 1)] {
        let mut sessions = MockSessionReader::new();
        sessions.expect_principal().returning(move |_, now| {
            Ok(Some(Principal {
                user: ada().id,
                via: Via::Session(SessionId(Uuid::nil())),
                is_admin: false,
                last_used_at: minutes_ago.map(|minutes| now - Duration::minutes(minutes)),
            }))
        });
        sessions.expect_touch().times(noted).returning(|_, _| Ok(()));
        let identity = identity(plain(), sessions, TestUnitOfWork::default);
        let principal = pollster::block_on(identity.authenticate(token.expose())).expect("a principal");
        assert_eq!(principal.user, ada().id);
    }
}

#[test]
fn a_password_is_changed_by_who_knows_it_and_ends_the_other_sessions() {
    let here = SessionId(Uuid::from_u128(5));
    for (current, stored, expected) in [
        ("right", Some("right"), Ok(())),
        ("wrong", Some("right"), Err("wrong_credentials")),
        ("right", None, Err("no_password")),
    ] {
        let told = Arc::new(Mutex::new(Vec::new()));
        let noted = told.clone();
        let identity = identity(plain(), MockSessionReader::new(), move || {
            let mut tx = TestUnitOfWork::default();
            tx.users.expect_find().returning(|_| Ok(Some(ada())));
            tx.users
                .expect_find_for_sign_in()
                .returning(move |_, _| Ok(Some((ada(), stored.map(|hash| PasswordHash(hash.into()))))));
            tx.users.expect_hold().returning(|_| Ok(Some(Presence::Here)));
            tx.users
                .expect_find_with_password()
                .returning(move |_| Ok(Some((ada(), stored.map(|hash| PasswordHash(hash.into()))))));
            tx.users.expect_set_password().withf(|_, hash| hash.0 == "a new one").returning(|_, _| Ok(()));
            tx.sessions.expect_delete_others().withf(move |_, kept| *kept == here).returning(|_, _| Ok(()));
            let told = noted.clone();
            tx.jobs.expect_enqueue().returning(move |jobs, _| {
                let Job::Mail(letter) = &jobs[0].1.job else { panic!("a letter") };
                told.lock().expect("letters").push((letter.to, letter.about.clone()));
                Ok(1)
            });
            tx
        });
        let identity = identity.with_letters(true);
        let change = identity.change_password(ada().id, here, Password::typed(current), Password::typed("a new one"));
        let outcome = pollster::block_on(change).map_err(|error| error.code());
        assert_eq!(outcome, expected, "{current} {stored:?}");
        let letters = expected.map_or_else(|_| Vec::new(), |()| vec![(ada().id, About::PasswordChanged)]);
        assert_eq!(*told.lock().expect("letters"), letters);
    }
}

#[test]
fn a_session_is_ended_by_its_owner_and_one_that_is_gone_is_told_from_the_one_that_calls() {
    let session = SessionId(Uuid::from_u128(5));
    for (is_there, ended, logged_out) in [(true, Ok(()), Ok(())), (false, Err("unknown_session"), Err("not_signed_in"))]
    {
        let commits = Arc::default();
        let counter = Arc::clone(&commits);
        let identity = identity(plain(), MockSessionReader::new(), move || {
            let mut tx = TestUnitOfWork { commits: Arc::clone(&counter), ..TestUnitOfWork::default() };
            let delete = tx.sessions.expect_delete();
            delete.withf(move |user, id| (*user, *id) == (ada().id, session)).returning(move |_, _| Ok(is_there));
            tx
        });
        let end = pollster::block_on(identity.end_session(ada().id, session));
        assert_eq!(end.map_err(|error| error.code()), ended);
        let logout = pollster::block_on(identity.logout(ada().id, session));
        assert_eq!(logout.map_err(|error| error.code()), logged_out);
        assert_eq!(commits.load(std::sync::atomic::Ordering::SeqCst), if is_there { 2 } else { 0 });
    }
}

#[test]
fn sessions_are_listed_that_are_open_now() {
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
fn what_is_no_token_is_not_even_looked_up() {
    let identity = identity(plain(), MockSessionReader::new(), TestUnitOfWork::default);
    for token in ["", "s_short", "bearer"] {
        assert!(matches!(pollster::block_on(identity.authenticate(token)), Err(IdentityError::NotSignedIn)));
    }
}
