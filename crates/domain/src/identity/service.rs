//! What people do to be known: register, sign in, sign out.

use std::sync::Arc;

use time::{Duration, OffsetDateTime};

use super::admission::Recognised;
use super::attempts::{FailedLogins, TriedName};
use super::credentials::{Email, Password, PasswordHash, SignInName};
use super::error::IdentityError;
use super::ports::{PasswordHasher, SessionReader};
use super::session::{Credential, Device, Principal, Session, SignedIn};
use crate::clock::Clock;
use crate::days::Zone;
use crate::ids::{Ids, SessionId, UserId};
use crate::mail::Letter;
use crate::referrals::{Join, ReferralCode, Upline, VisitorSalt};
use crate::store::{Store, StoreError, UnitOfWork};
use crate::users::{Profile, User, Username, gone_by};

/// How exactly the last use of a session is known: noting every request would write on every read.
const LAST_USED_GRAIN: Duration = Duration::minutes(5);

/// What a new account is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Registration {
    /// Its address.
    pub email: Email,
    /// Its password.
    pub password: Password,
    /// Its username.
    pub username: Username,
    /// A name to show.
    pub name: Option<String>,
    /// The zone its owner lives in.
    pub zone: Option<Zone>,
    /// By whose code they come, if by one that may be somebody's.
    pub referral_code: Option<ReferralCode>,
}

/// The use cases of sign-in.
#[derive(Clone)]
pub struct Identity {
    store: Arc<dyn Store>,
    sessions: Arc<dyn SessionReader>,
    passwords: Arc<dyn PasswordHasher>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    session_lifetime: Duration,
    failed_logins: Option<FailedLogins>,
    salt: VisitorSalt,
    sends_letters: bool,
}

impl Identity {
    /// Keeps accounts and sessions in `store`, looks tokens up in `sessions`, and finds the clicks of those who come by a
    /// code with `salt`.
    pub fn new(
        store: Arc<dyn Store>,
        sessions: Arc<dyn SessionReader>,
        passwords: Arc<dyn PasswordHasher>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        salt: VisitorSalt,
    ) -> Self {
        let session_lifetime = Session::LIFETIME;
        Self {
            store,
            sessions,
            passwords,
            clock,
            ids,
            session_lifetime,
            failed_logins: None,
            salt,
            sends_letters: false,
        }
    }

    /// The same, with sessions that last for `lifetime` instead of [`Session::LIFETIME`].
    #[must_use]
    pub fn with_session_lifetime(self, lifetime: Duration) -> Self {
        Self { session_lifetime: lifetime, ..self }
    }

    /// The same, where only so many logins under one name may fail within a minute; `None` is no limit.
    #[must_use]
    pub fn with_failed_logins(self, limit: Option<FailedLogins>) -> Self {
        Self { failed_logins: limit, ..self }
    }

    /// The same, where whoever registers gets a letter that asks whether the address is theirs, if `sends` says so.
    #[must_use]
    pub fn with_letters(self, sends: bool) -> Self {
        Self { sends_letters: sends, ..self }
    }

    /// Makes an account and signs it in. A referral code that is nobody's is a link that has become old, and ignored.
    pub async fn register(&self, registration: Registration, device: Device) -> Result<SignedIn, IdentityError> {
        let password = self.passwords.hash(registration.password).await?;
        let now = self.clock.now();
        let user = User {
            id: UserId(self.ids.fresh()),
            username: registration.username,
            email: Some(registration.email),
            email_verified: false,
            profile: Profile { name: registration.name, ..Profile::default() },
            is_public: true,
            is_admin: false,
            zone: registration.zone,
            created_at: now,
            updated_at: now,
        };
        let (mut tx, upline) = match &registration.referral_code {
            Some(code) => Upline::begin_by_code(&*self.store, None, code).await?,
            None => (self.store.begin().await?, None),
        };
        tx.users().insert(&user, Some(password)).await.map_err(|error| match error {
            StoreError::Conflict { constraint } if constraint == "users_email_key" => IdentityError::EmailTaken,
            StoreError::Conflict { constraint } if constraint == "users_username_key" => {
                IdentityError::UsernameTaken(user.username.to_string())
            }
            other => other.into(),
        })?;
        if let Some((upline, code)) = upline.zip(registration.referral_code) {
            let visitor = self.salt.visitor(&code, &device);
            let join = Join { referred: user.id, visitor, now, pays: false };
            upline.join(&mut *tx, &*self.ids, join).await?;
        }
        if self.sends_letters {
            tx.jobs().enqueue(&[Letter::verification(&*self.ids, user.id, now)], now).await?;
        }
        let signed_in = self.open_session(&mut *tx, user.id, device, now).await?;
        tx.commit().await?;
        Ok(signed_in)
    }

    /// Signs in who knows the password of the account with that address or username. An account that was deleted, and is not
    /// gone for good, comes back.
    ///
    /// A try counts as failed from before its password is looked at until it has succeeded, so that of many at the same
    /// time no more are looked at than may fail. It counts under the name that was typed, known or not.
    pub async fn login(&self, name: &str, password: Password, device: Device) -> Result<SignedIn, IdentityError> {
        let known = self.recognise(name, password).await?;
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        if !known.admit(&mut *tx, now).await? {
            return Err(IdentityError::WrongCredentials);
        }
        let signed_in = self.open_session(&mut *tx, known.user, device, now).await?;
        tx.commit().await?;
        Ok(signed_in)
    }

    /// Who knows the password of the account with that address or username; no session is opened, and nobody comes back.
    pub async fn recognise(&self, name: &str, password: Password) -> Result<Recognised, IdentityError> {
        let (user, hash) = match self.try_name(name).await? {
            Some((user, hash)) => (Some(user), hash),
            None => (None, None),
        };
        let fits = self.passwords.verify(password, hash.clone()).await?;
        let (user, password) = user.zip(hash).filter(|_| fits).ok_or(IdentityError::WrongCredentials)?;
        if self.failed_logins.is_some() {
            let email = user.email.as_ref().map(Email::as_str);
            let names: Vec<TriedName> = email.into_iter().chain([user.username.as_str()]).map(TriedName::of).collect();
            let mut tx = self.store.begin().await?;
            tx.login_attempts().forget(&names).await?;
            tx.commit().await?;
        }
        Ok(Recognised { user: user.id, password })
    }

    /// Who calls with `token`.
    pub async fn authenticate(&self, token: &str) -> Result<Principal, IdentityError> {
        let credential = Credential::parse(token).ok_or(IdentityError::NotSignedIn)?;
        let now = self.clock.now();
        let principal = self.sessions.principal(credential, now).await?.ok_or(IdentityError::NotSignedIn)?;
        if principal.last_used_at.is_none_or(|last| now - last >= LAST_USED_GRAIN) {
            self.sessions.touch(principal.via, now).await?;
        }
        Ok(principal)
    }

    /// Gives `user`, who knows the current password, a new one, and ends all their sessions but `session`. API tokens stay.
    /// Wrong passwords count like those of a sign-in. A letter tells the owner.
    pub async fn change_password(
        &self,
        user: UserId,
        session: SessionId,
        current: Password,
        new: Password,
    ) -> Result<(), IdentityError> {
        let name = self.username(user).await?;
        let (_, hash) = self.try_name(name.as_str()).await?.ok_or(IdentityError::NotSignedIn)?;
        let password = hash.ok_or(IdentityError::NoPassword)?;
        if !self.passwords.verify(current, Some(password.clone())).await? {
            return Err(IdentityError::WrongCredentials);
        }
        let new = self.passwords.hash(new).await?;
        let known = Recognised { user, password };
        let mut tx = self.store.begin().await?;
        if tx.users().hold(user).await?.is_none() || !known.is_current(&mut *tx).await? {
            return Err(IdentityError::WrongCredentials);
        }
        if self.failed_logins.is_some() {
            tx.login_attempts().forget(&[TriedName::of(name.as_str())]).await?;
        }
        tx.users().set_password(user, new).await?;
        tx.sessions().delete_others(user, session).await?;
        if self.sends_letters {
            let now = self.clock.now();
            tx.jobs().enqueue(&[Letter::password_changed(&*self.ids, user, now)], now).await?;
        }
        Ok(tx.commit().await?)
    }

    async fn username(&self, user: UserId) -> Result<Username, IdentityError> {
        let mut tx = self.store.begin().await?;
        let user = tx.users().find(user).await?.ok_or(IdentityError::NotSignedIn)?;
        Ok(user.username)
    }

    /// Ends the session that `user` calls through. One that ended meanwhile is no session to call through.
    pub async fn logout(&self, user: UserId, session: SessionId) -> Result<(), IdentityError> {
        self.end_session(user, session).await.map_err(|error| match error {
            IdentityError::UnknownSession(_) => IdentityError::NotSignedIn,
            other => other,
        })
    }

    /// The open sessions of `user`, newest first.
    pub async fn sessions(&self, user: UserId) -> Result<Vec<Session>, IdentityError> {
        Ok(self.sessions.open_sessions(user, self.clock.now()).await?)
    }

    /// Ends one session of `user`.
    pub async fn end_session(&self, user: UserId, session: SessionId) -> Result<(), IdentityError> {
        let mut tx = self.store.begin().await?;
        if !tx.sessions().delete(user, session).await? {
            return Err(IdentityError::UnknownSession(session.to_string()));
        }
        tx.commit().await?;
        Ok(())
    }

    /// Notes a try under `name`, if it may come now, and finds the account.
    async fn try_name(&self, name: &str) -> Result<Option<(User, Option<PasswordHash>)>, IdentityError> {
        let mut tx = self.store.begin().await?;
        if let Some(limit) = self.failed_logins {
            let now = self.clock.now();
            let since = FailedLogins::over_by(now);
            let noted = tx.login_attempts().note(TriedName::of(name), now, since, limit.0).await?;
            if !noted.let_through {
                let retry_after = limit.wait(&noted.tries, now).unwrap_or(Duration::ZERO);
                return Err(IdentityError::TooManyFailures { retry_after });
            }
        }
        let found = match SignInName::parse(name) {
            Some(name) => tx.users().find_for_sign_in(&name, gone_by(self.clock.now())).await?,
            None => None,
        };
        tx.commit().await?;
        Ok(found)
    }

    async fn open_session(
        &self,
        tx: &mut dyn UnitOfWork,
        user: UserId,
        device: Device,
        now: OffsetDateTime,
    ) -> Result<SignedIn, IdentityError> {
        let (id, secret) = (SessionId(self.ids.fresh()), self.ids.secret());
        let signed_in = SignedIn::new(id, user, secret, device, now, self.session_lifetime);
        tx.sessions().insert(&signed_in.session).await?;
        Ok(signed_in)
    }
}

#[cfg(test)]
mod tests {
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
        for (constraint, code) in [
            ("users_email_key", "email_taken"),
            ("users_username_key", "username_taken"),
            ("users_pkey", "store_conflict"),
        ] {
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
            let change =
                identity.change_password(ada().id, here, Password::typed(current), Password::typed("a new one"));
            let outcome = pollster::block_on(change).map_err(|error| error.code());
            assert_eq!(outcome, expected, "{current} {stored:?}");
            let letters = expected.map_or_else(|_| Vec::new(), |()| vec![(ada().id, About::PasswordChanged)]);
            assert_eq!(*told.lock().expect("letters"), letters);
        }
    }

    #[test]
    fn a_session_is_ended_by_its_owner_and_one_that_is_gone_is_told_from_the_one_that_calls() {
        let session = SessionId(Uuid::from_u128(5));
        for (is_there, ended, logged_out) in
            [(true, Ok(()), Ok(())), (false, Err("unknown_session"), Err("not_signed_in"))]
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
}
