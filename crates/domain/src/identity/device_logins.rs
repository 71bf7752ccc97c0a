//! Device logins: a program without a browser shows a code, and the user confirms it on another device.

use time::Duration;

use super::access::require_open_session;
use super::device_login::{Confirmation, DeviceLogin, DevicePollState, UserCode};
use super::error::IdentityError;
use super::session::{Credential, Device, IssuedSession, Secret, Session};
use super::sign_in::VerifiedAccount;
use crate::deps::Deps;
use crate::error::StoreError;
use crate::ids::{SessionId, UserId};
use crate::users::Presence;

/// How many user codes are tried if they are taken.
const TRIES: usize = 5;

/// The proof by which a user confirms a login.
#[derive(Clone, Copy)]
enum Authority<'a> {
    Session(SessionId),
    Password(&'a VerifiedAccount),
}

/// The use cases of device logins.
#[derive(Clone)]
pub struct DeviceLogins {
    deps: Deps,
    session_lifetime: Duration,
}

/// A device login that has just begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartedDeviceLogin {
    /// The secret that the program polls with, shown only once.
    pub device_code: Secret,
    pub user_code: UserCode,
}

/// The answer to a program's poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PollAnswer {
    SignedIn(Box<IssuedSession>),
    /// No session, or not yet.
    Not(DevicePollState),
}

impl DeviceLogins {
    pub fn new(deps: Deps) -> Self {
        Self { deps, session_lifetime: Session::LIFETIME }
    }

    /// The same, with sessions that last for `lifetime` instead of [`Session::LIFETIME`].
    #[must_use]
    pub fn with_session_lifetime(self, lifetime: Duration) -> Self {
        Self { session_lifetime: lifetime, ..self }
    }

    /// Begins a login of the program `client_name` on `device`.
    pub async fn begin(&self, client_name: String, device: Device) -> Result<StartedDeviceLogin, IdentityError> {
        self.deps.retried(|| self.begin_once(client_name.clone(), device.clone())).await
    }

    async fn begin_once(&self, client_name: String, device: Device) -> Result<StartedDeviceLogin, IdentityError> {
        let now = self.deps.now();
        let device_code = Secret::api_token(self.deps.ids.secret());
        let mut tx = self.deps.begin().await?;
        tx.device_logins().forget_ended(now).await?;
        for _ in 0..TRIES {
            let Some(user_code) = UserCode::of(self.deps.ids.secret()) else { continue };
            let login = DeviceLogin {
                device_code: device_code.hash(),
                user_code: user_code.clone(),
                client_name: client_name.clone(),
                device: device.clone(),
                created_at: now,
                expires_at: now + DeviceLogin::LIFETIME,
                last_polled_at: None,
                confirmation: Confirmation::Open,
            };
            if tx.device_logins().insert(&login).await? {
                tx.commit().await?;
                return Ok(StartedDeviceLogin { device_code, user_code });
            }
        }
        Err(StoreError::Unavailable("no user code is free".to_owned()).into())
    }

    /// The login that waits for `code`, to be shown before it is confirmed.
    pub async fn waiting(&self, code: &UserCode) -> Result<DeviceLogin, IdentityError> {
        let mut tx = self.deps.begin().await?;
        let login = tx.device_logins().find_by_user_code(code).await?;
        let waits =
            |login: &DeviceLogin| login.confirmation == Confirmation::Open && self.deps.now() < login.expires_at;
        login.filter(waits).ok_or(IdentityError::UnknownUserCode)
    }

    /// Answers the login that waits for `code` for `user`, who calls through `session`.
    pub async fn confirm(
        &self,
        user: UserId,
        session: SessionId,
        code: &UserCode,
        yes: bool,
    ) -> Result<(), IdentityError> {
        self.answer(user, Authority::Session(session), code, yes).await
    }

    /// Answers for the account of `known`. A yes restores a deleted account within its grace period.
    pub async fn confirm_by_password(
        &self,
        known: &VerifiedAccount,
        code: &UserCode,
        yes: bool,
    ) -> Result<(), IdentityError> {
        self.answer(known.user, Authority::Password(known), code, yes).await
    }

    async fn answer(
        &self,
        user: UserId,
        authority: Authority<'_>,
        code: &UserCode,
        yes: bool,
    ) -> Result<(), IdentityError> {
        self.deps.retried(|| self.answer_once(user, authority, code, yes)).await
    }

    async fn answer_once(
        &self,
        user: UserId,
        authority: Authority<'_>,
        code: &UserCode,
        yes: bool,
    ) -> Result<(), IdentityError> {
        let login = self.waiting(code).await?;
        let mut tx = self.deps.begin().await?;
        let confirmation = if yes { Confirmation::Approved(user) } else { Confirmation::Denied };
        if !tx.device_logins().confirm(login.device_code, confirmation).await? {
            return Err(IdentityError::UnknownUserCode);
        }
        // The user's row is locked after the login, as in `ask` and in deletions of accounts (I13).
        if yes {
            let (tx, now) = (&mut *tx, self.deps.now());
            match authority {
                Authority::Session(session) => require_open_session(tx, user, session, now).await?,
                Authority::Password(known) if known.authorize_sign_in(tx, now).await? => {}
                Authority::Password(_) => return Err(IdentityError::WrongCredentials),
            }
        }
        Ok(tx.commit().await?)
    }

    /// Answers a poll with `device_code`. A session is handed out once.
    pub async fn ask(&self, device_code: &str) -> Result<PollAnswer, IdentityError> {
        self.deps.retried(|| self.ask_once(device_code)).await
    }

    async fn ask_once(&self, device_code: &str) -> Result<PollAnswer, IdentityError> {
        let Some(Credential::ApiToken(hash)) = Credential::parse(device_code) else {
            return Ok(PollAnswer::Not(DevicePollState::Expired));
        };
        let now = self.deps.now();
        let mut tx = self.deps.begin().await?;
        let Some(login) = tx.device_logins().lock(hash).await? else {
            return Ok(PollAnswer::Not(DevicePollState::Expired));
        };
        let poll = login.poll(now);
        let DevicePollState::Approved(user) = poll else {
            tx.device_logins().note_poll(hash, now).await?;
            tx.commit().await?;
            return Ok(PollAnswer::Not(poll));
        };
        tx.device_logins().delete(hash).await?;
        if tx.users().hold(user).await? != Some(Presence::Here) {
            // The account was deleted since: polling does not restore it.
            return Ok(PollAnswer::Not(DevicePollState::Expired));
        }
        let id = SessionId(self.deps.ids.fresh());
        let signed_in = IssuedSession::new(id, user, self.deps.ids.secret(), login.device, now, self.session_lifetime);
        tx.sessions().insert(&signed_in.session).await?;
        tx.commit().await?;
        Ok(PollAnswer::SignedIn(Box::new(signed_in)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::identity::PasswordHash;
    use crate::ids::MockIds;
    use crate::testing::{TestUnitOfWork, test_user};
    use crate::usage::testing::NOW;
    use uuid::Uuid;

    const ADA: UserId = UserId(Uuid::from_u128(1));
    const CURRENT_SESSION: SessionId = SessionId(Uuid::from_u128(5));
    const ENDED_SESSION: SessionId = SessionId(Uuid::from_u128(6));

    /// Ada, verified by this password.
    fn known(password: &str) -> VerifiedAccount {
        VerifiedAccount { user: ADA, password: PasswordHash(password.into()) }
    }

    fn logins(taken: usize) -> DeviceLogins {
        logins_of(taken, Arc::new(Mutex::new(Presence::Here)))
    }

    /// Logins over one table, which refuses `taken` user codes before one is free, for an account with `presence`.
    fn logins_of(taken: usize, presence: Arc<Mutex<Presence>>) -> DeviceLogins {
        let table = Arc::new(Mutex::new(Vec::<DeviceLogin>::new()));
        let refusals = Arc::new(Mutex::new(taken));
        let store = TestUnitOfWork::store(move || {
            let mut tx = TestUnitOfWork::default();
            tx.device_logins.expect_forget_ended().returning(|_| Ok(()));
            let (t, left) = (table.clone(), refusals.clone());
            tx.device_logins.expect_insert().returning(move |login| {
                let mut left = left.lock().expect("a number");
                let free = *left == 0;
                *left = left.saturating_sub(1);
                if free {
                    t.lock().expect("a table").push(login.clone());
                }
                Ok(free)
            });
            let t = table.clone();
            tx.device_logins
                .expect_find_by_user_code()
                .returning(move |code| Ok(t.lock().expect("a table").iter().find(|l| l.user_code == *code).cloned()));
            let t = table.clone();
            tx.device_logins.expect_confirm().returning(move |hash, confirmation| {
                let mut table = t.lock().expect("a table");
                let login = table.iter_mut().find(|login| login.device_code == hash);
                Ok(login.map(|login| login.confirmation = confirmation).is_some())
            });
            let t = table.clone();
            tx.device_logins
                .expect_lock()
                .returning(move |hash| Ok(t.lock().expect("a table").iter().find(|l| l.device_code == hash).cloned()));
            tx.device_logins.expect_note_poll().returning(|_, _| Ok(()));
            let t = table.clone();
            tx.device_logins.expect_delete().returning(move |hash| {
                t.lock().expect("a table").retain(|login| login.device_code != hash);
                Ok(())
            });
            let p = presence.clone();
            tx.users.expect_hold().returning(move |_| Ok(Some(*p.lock().expect("a presence"))));
            let p = presence.clone();
            tx.users.expect_set_left().returning(move |_, at| {
                *p.lock().expect("a presence") = at.map_or(Presence::Here, Presence::Left);
                Ok(())
            });
            let with_password = |id| (test_user(id, "ada"), Some(known("hers").password));
            tx.users.expect_find_with_password().returning(move |id| Ok(Some(with_password(id))));
            tx.follows.expect_set_counted().returning(|_, _| Ok(()));
            tx.sessions.expect_insert().returning(|_| Ok(()));
            tx.sessions.expect_is_open().returning(|_, session, _| Ok(session == CURRENT_SESSION));
            tx
        });
        let mut ids = MockIds::new();
        ids.expect_fresh().returning(|| Uuid::from_u128(42));
        ids.expect_secret().returning(|| [7; 32]);
        DeviceLogins::new(store.deps_with(ids))
    }

    fn begin(logins: &DeviceLogins) -> StartedDeviceLogin {
        pollster::block_on(logins.begin("cli".into(), Device::default())).expect("a login")
    }

    fn ask(logins: &DeviceLogins, code: &str) -> PollAnswer {
        pollster::block_on(logins.ask(code)).expect("an answer")
    }

    #[test]
    fn device_login_confirmed_signs_program_in_once() {
        let logins = logins(0);
        let begun = begin(&logins);
        assert_eq!(ask(&logins, begun.device_code.expose()), PollAnswer::Not(DevicePollState::Pending));
        pollster::block_on(logins.confirm(ADA, CURRENT_SESSION, &begun.user_code, true)).expect("confirmed");
        let PollAnswer::SignedIn(signed_in) = ask(&logins, begun.device_code.expose()) else { panic!("signed in") };
        assert_eq!((signed_in.session.user, signed_in.session.expires_at), (ADA, NOW + Session::LIFETIME));
        assert_eq!(ask(&logins, begun.device_code.expose()), PollAnswer::Not(DevicePollState::Expired), "once");
    }

    #[test]
    fn device_login_deleted_account_returns_by_yes_and_not_by_poll() {
        let left = Presence::Left(NOW - Duration::days(1));
        let presence = Arc::new(Mutex::new(left));
        let now = || *presence.lock().expect("a presence");
        let logins = logins_of(0, presence.clone());
        let answer = |logins: &DeviceLogins, begun: &StartedDeviceLogin, yes| {
            pollster::block_on(logins.confirm_by_password(&known("hers"), &begun.user_code, yes))
        };
        let begun = begin(&logins);
        answer(&logins, &begun, true).expect("confirmed");
        assert_eq!(now(), Presence::Here);
        *presence.lock().expect("a presence") = left;
        assert_eq!(ask(&logins, begun.device_code.expose()), PollAnswer::Not(DevicePollState::Expired));
        assert_eq!(now(), left);

        let begun = begin(&logins);
        answer(&logins, &begun, false).expect("denied");
        assert_eq!(now(), left, "a no brings nobody back");
        let logins = logins_of(0, Arc::new(Mutex::new(Presence::Left(NOW - Duration::days(30)))));
        let begun = begin(&logins);
        assert!(matches!(answer(&logins, &begun, true), Err(IdentityError::WrongCredentials)));
    }

    #[test]
    fn device_login_ended_session_cannot_confirm() {
        let logins = logins(0);
        let begun = begin(&logins);
        let yes = pollster::block_on(logins.confirm(ADA, ENDED_SESSION, &begun.user_code, true));
        assert!(matches!(yes, Err(IdentityError::NotSignedIn)), "{yes:?}");
    }

    #[test]
    fn device_login_password_changed_meanwhile_cannot_confirm() {
        for (password, is_let_in) in [("hers", true), ("hers before", false)] {
            let logins = logins(0);
            let begun = begin(&logins);
            let yes = pollster::block_on(logins.confirm_by_password(&known(password), &begun.user_code, true));
            assert_eq!(yes.is_ok(), is_let_in, "{password}");
            assert!(is_let_in || matches!(yes, Err(IdentityError::WrongCredentials)), "{yes:?}");
        }
    }

    #[test]
    fn device_login_denied_is_answered_once() {
        let logins = logins(0);
        let begun = begin(&logins);
        pollster::block_on(logins.confirm(ADA, CURRENT_SESSION, &begun.user_code, false)).expect("denied");
        let again = pollster::block_on(logins.confirm(ADA, CURRENT_SESSION, &begun.user_code, true));
        assert!(matches!(again, Err(IdentityError::UnknownUserCode)));
        assert_eq!(ask(&logins, begun.device_code.expose()), PollAnswer::Not(DevicePollState::Denied));
    }

    #[test]
    fn device_login_unknown_code_is_expired() {
        let logins = logins(0);
        for code in ["", "s_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc", Secret::api_token([8; 32]).expose()] {
            assert_eq!(ask(&logins, code), PollAnswer::Not(DevicePollState::Expired), "{code}");
        }
        let code = UserCode::of([7; 32]).expect("a code");
        assert!(matches!(pollster::block_on(logins.waiting(&code)), Err(IdentityError::UnknownUserCode)));
    }

    #[test]
    fn device_login_taken_user_code_is_retried() {
        assert!(pollster::block_on(logins(TRIES - 1).begin("cli".into(), Device::default())).is_ok());
        let full = pollster::block_on(logins(TRIES).begin("cli".into(), Device::default()));
        assert!(matches!(full, Err(IdentityError::Store(StoreError::Unavailable(_)))));
    }
}
