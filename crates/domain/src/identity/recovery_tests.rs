//! Verification and password resets over mocked ports.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use pollster::block_on;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::attempts::AttemptKey;
use super::credentials::{Password, PasswordHash, SignInName};
use super::email::Email;
use super::error::IdentityError;
use super::ports::MockPasswordHasher;
use super::recovery::Recovery;
use crate::error::{DomainError, ErrorKind};
use crate::ids::UserId;
use crate::jobs::{Job, NewJob};
use crate::mail::{EmailJob, EmailSubject};
use crate::signed_token::{Purpose, SignedToken, TokenKey};
use crate::testing::{TestUnitOfWork, test_user, variant};
use crate::usage::testing::NOW;
use crate::users::{Presence, User};

const ADA: UserId = UserId(Uuid::from_u128(1));

type WithPassword = (User, Option<PasswordHash>);

/// An account, its password's hash, and the recorded changes.
#[derive(Clone, Default)]
struct World {
    account: Arc<Mutex<Option<WithPassword>>>,
    queued: Arc<Mutex<Vec<NewJob>>>,
    done: Arc<Mutex<Vec<&'static str>>>,
    commits: Arc<AtomicUsize>,
}

impl World {
    fn with(account: Option<WithPassword>) -> Self {
        Self { account: Arc::new(Mutex::new(account)), ..Self::default() }
    }

    fn commits(&self) -> usize {
        self.commits.load(Ordering::SeqCst)
    }

    fn queued(&self) -> Vec<EmailJob> {
        let queued = self.queued.lock().expect("jobs");
        queued
            .iter()
            .map(|job| if let Job::Mail(email) = &job.job { email.clone() } else { panic!("{job:?}") })
            .collect()
    }

    fn recovery(&self, sends: bool) -> Recovery {
        let world = self.clone();
        let store = TestUnitOfWork::store(move || world.open());
        let mut passwords = MockPasswordHasher::new();
        passwords.expect_hash().returning(|password| Ok(PasswordHash(password.expose().to_owned())));
        Recovery::new(store.deps(), Arc::new(passwords), key()).with_email(sends)
    }

    fn open(&self) -> TestUnitOfWork {
        let mut tx = TestUnitOfWork { commits: self.commits.clone(), ..TestUnitOfWork::default() };
        let found = |world: &Self, id| world.account.lock().expect("an account").clone().filter(|_| id == ADA);
        let world = self.clone();
        tx.users.expect_find().returning(move |id| Ok(found(&world, id).map(|(user, _)| user)));
        let world = self.clone();
        tx.users.expect_find_with_password().returning(move |id| Ok(found(&world, id)));
        let world = self.clone();
        tx.users.expect_find_for_sign_in().returning(move |name, left_after| {
            assert_eq!(left_after, NOW, "who left is not found");
            let known = world.account.lock().expect("an account").clone();
            let is = |user: &User| user.email.clone().map(SignInName::Email).as_ref() == Some(name);
            Ok(known.filter(|(user, _)| is(user)))
        });
        let world = self.clone();
        tx.users.expect_hold().returning(move |id| Ok(found(&world, id).map(|_| Presence::Here)));
        let world = self.clone();
        tx.users.expect_verify_email().returning(move |_, email, at| {
            assert_eq!((email.as_str(), at), ("ada@example.org", NOW));
            world.done.lock().expect("done").push("verified");
            Ok(true)
        });
        let world = self.clone();
        tx.users.expect_set_password().returning(move |_, hash| {
            world.account.lock().expect("an account").as_mut().expect("an account").1 = Some(hash);
            world.done.lock().expect("done").push("password");
            Ok(())
        });
        let world = self.clone();
        tx.sessions.expect_delete_all().returning(move |_| {
            world.done.lock().expect("done").push("sessions");
            Ok(())
        });
        let world = self.clone();
        tx.api_tokens.expect_delete_all().returning(move |_| {
            world.done.lock().expect("done").push("API tokens");
            Ok(())
        });
        let world = self.clone();
        tx.external_accounts.expect_delete_all().returning(move |_| {
            world.done.lock().expect("done").push("linked accounts");
            Ok(())
        });
        let world = self.clone();
        tx.device_logins.expect_delete_approved().returning(move |_| {
            world.done.lock().expect("done").push("device logins");
            Ok(())
        });
        let world = self.clone();
        tx.login_attempts.expect_forget().returning(move |key| {
            assert_eq!(key, AttemptKey::account(ADA));
            world.done.lock().expect("done").push("failed logins");
            Ok(())
        });
        tx.jobs.expect_count_known().returning(|_, _| Ok(0));
        let world = self.clone();
        tx.jobs.expect_enqueue().returning(move |jobs, now| {
            assert_eq!(now, NOW);
            world.queued.lock().expect("jobs").extend(jobs.iter().map(|(_, job)| job.clone()));
            Ok(jobs.len() as u64)
        });
        tx
    }
}

fn key() -> TokenKey {
    TokenKey::of(b"a secret")
}

fn ada(email_verified: bool) -> (User, Option<PasswordHash>) {
    (User { email_verified, ..test_user(ADA, "ada") }, Some(PasswordHash("old".into())))
}

fn without_email() -> (User, Option<PasswordHash>) {
    (User { email: None, ..test_user(ADA, "ada") }, None)
}

/// A ticket of Ada's for `purpose` that ends at `end` and is bound to `bound`.
fn ticket(purpose: Purpose, end: OffsetDateTime, bound: &[&str]) -> String {
    key().seal(&SignedToken { purpose, user: ADA, ends_at: Some(end) }, bound)
}

const LATER: OffsetDateTime = NOW.saturating_add(Duration::MINUTE);

#[test]
fn verification_email_is_queued_only_for_unverified_address() {
    for (account, sends, emails, error) in [
        (Some(ada(false)), true, 1, None),
        (Some(ada(false)), false, 0, None),
        (Some(ada(true)), true, 0, None),
        (Some(without_email()), true, 0, Some("NoAddress")),
        (None, true, 0, Some("NotSignedIn")),
    ] {
        let world = World::with(account);
        let result = block_on(world.recovery(sends).ask_for_verification(ADA));
        assert_eq!(result.err().map(|error| variant(&error)), error);
        let queued = world.queued();
        assert_eq!((queued.len(), world.commits()), (emails, emails));
        assert!(queued.iter().all(|email| email.to == ADA && email.about == EmailSubject::Verification));
    }
}

#[test]
fn verify_email_valid_link_verifies_address() {
    let good = || ticket(Purpose::VerifyEmail, LATER, &["ada@example.org"]);
    for (what, account, link, works) in [
        ("as it should be", Some(ada(false)), good(), true),
        ("followed again", Some(ada(true)), good(), true),
        ("another address by now", Some(ada(false)), ticket(Purpose::VerifyEmail, LATER, &["old@example.org"]), false),
        ("too late", Some(ada(false)), ticket(Purpose::VerifyEmail, NOW, &["ada@example.org"]), false),
        ("for a password", Some(ada(false)), ticket(Purpose::ResetPassword, LATER, &["ada@example.org"]), false),
        ("no address by now", Some(without_email()), good(), false),
        ("the account is gone", None, good(), false),
        ("no link at all", Some(ada(false)), "x".to_owned(), false),
    ] {
        let world = World::with(account);
        let verified = block_on(world.recovery(true).verify_email(&link));
        assert_eq!((verified.is_ok(), world.commits()), (works, usize::from(works)), "{what}");
        if let Err(error) = verified {
            assert_eq!(
                (error.kind(), variant(&error), error.details().subject),
                (ErrorKind::Invalid, "BadLink", None),
                "{what}"
            );
        }
    }
}

#[test]
fn verify_email_address_lost_meanwhile_is_refused() {
    let world = World::with(Some(ada(false)));
    let store = TestUnitOfWork::store(move || {
        let (mut tx, account) = (TestUnitOfWork::default(), ada(false).0);
        tx.users.expect_find().returning(move |_| Ok(Some(account.clone())));
        tx.users.expect_verify_email().returning(|_, _, _| Ok(false));
        tx
    });
    let recovery = Recovery::new(store.deps(), Arc::new(MockPasswordHasher::new()), key());
    let link = ticket(Purpose::VerifyEmail, LATER, &["ada@example.org"]);
    assert!(matches!(block_on(recovery.verify_email(&link)), Err(IdentityError::BadLink)));
    assert_eq!(world.commits(), 0);
}

#[test]
fn forgot_password_unknown_address_takes_same_steps() {
    for (account, typed, is_ada) in [
        (Some(ada(true)), "ada@example.org", true),
        (Some(ada(false)), "ada@example.org", false),
        (Some(ada(true)), "bob@example.org", false),
        (None, "ada@example.org", false),
    ] {
        let world = World::with(account);
        block_on(world.recovery(true).forgot_password(&Email::trusted(typed))).expect("nothing is told");
        let [email] = &world.queued()[..] else { panic!("one email, to somebody or nobody") };
        assert_eq!((email.to == ADA, &email.about), (is_ada, &EmailSubject::PasswordReset), "{typed}");
        assert_eq!(world.commits(), 1, "writing takes its time, also in vain");
    }
    let world = World::with(Some(ada(true)));
    block_on(world.recovery(false).forgot_password(&Email::trusted("ada@example.org"))).expect("nothing is told");
    assert_eq!((world.queued().len(), world.commits()), (0, 0), "there is no mail");
}

#[test]
fn password_reset_works_once_and_ends_all_access() {
    let world = World::with(Some(ada(true)));
    let link = ticket(Purpose::ResetPassword, LATER, &["ada@example.org", "old"]);
    let reset = |new: &str| block_on(world.recovery(true).reset_password(&link, Password::typed(new)));
    reset("incorrect zebra").expect("another password");
    let expected = ["device logins", "linked accounts", "sessions", "API tokens", "password", "failed logins"];
    assert_eq!((&world.done.lock().expect("done")[..], world.commits()), (&expected[..], 1));
    assert!(matches!(reset("yet another"), Err(IdentityError::BadLink)));
    assert_eq!(world.commits(), 1);
    let hash = world.account.lock().expect("an account").clone().and_then(|(_, hash)| hash);
    assert_eq!(hash, Some(PasswordHash("incorrect zebra".into())));
    let queued_emails: Vec<_> = world.queued().into_iter().map(|email| (email.to, email.about)).collect();
    assert_eq!(queued_emails, [(ADA, EmailSubject::PasswordChanged)]);
}

#[test]
fn password_reset_without_password_sets_one_and_bad_link_changes_nothing() {
    let good = || ticket(Purpose::ResetPassword, LATER, &["ada@example.org", "old"]);
    let without = || (ada(true).0, None);
    for (what, account, link, works) in [
        ("as it should be", Some(ada(true)), good(), true),
        ("no password yet", Some(without()), ticket(Purpose::ResetPassword, LATER, &["ada@example.org", ""]), true),
        (
            "a password meanwhile",
            Some(ada(true)),
            ticket(Purpose::ResetPassword, LATER, &["ada@example.org", ""]),
            false,
        ),
        ("another address", Some(ada(true)), ticket(Purpose::ResetPassword, LATER, &["old@example.org", "old"]), false),
        ("an address of who knows whom", Some(ada(false)), good(), false),
        ("too late", Some(ada(true)), ticket(Purpose::ResetPassword, NOW, &["ada@example.org", "old"]), false),
        (
            "for something else",
            Some(ada(true)),
            ticket(Purpose::VerifyEmail, LATER, &["ada@example.org", "old"]),
            false,
        ),
        ("no address", Some(without_email()), good(), false),
        ("nobody", None, good(), false),
        ("no link", Some(ada(true)), String::new(), false),
    ] {
        let world = World::with(account);
        let reset = block_on(world.recovery(true).reset_password(&link, Password::typed("incorrect zebra")));
        assert_eq!((reset.is_ok(), world.commits()), (works, usize::from(works)), "{what}");
        assert!(reset.is_ok() || matches!(reset, Err(IdentityError::BadLink)), "{what}");
    }
}
