//! Sign-in through a provider, also when it happens at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use adapters_postgres::BatchedSessionReader;
use domain::deps::Deps;
use domain::identity::ports::{IdentityProvider, MockIdentityProvider, SessionReader};
use domain::identity::{
    Credential, Device, Email, ExternalAccount, IdentityError, IssuedSession, OAuth, ProviderName, Providers, Session,
};
use domain::ids::{Ids, SessionId, UserId};
use domain::store::Store;
use domain::testing::variant;
use domain::users::{User, Username};
use uuid::Uuid;

use crate::common::{Fixture, NOW, fixture, test_user};

/// New ids, and secrets that differ.
struct UniqueIds;

impl Ids for UniqueIds {
    fn fresh(&self) -> Uuid {
        Uuid::now_v7()
    }

    fn secret(&self) -> [u8; 32] {
        let mut secret = [0; 32];
        secret[..16].copy_from_slice(Uuid::new_v4().as_bytes());
        secret
    }
}

pub(crate) fn external(provider: &str, subject: &str, login: &str, verified_email: Option<&str>) -> ExternalAccount {
    ExternalAccount {
        provider: ProviderName::trusted(provider),
        subject: subject.to_owned(),
        login: login.to_owned(),
        name: None,
        image: None,
        verified_email: verified_email.map(Email::trusted),
        organizations: Vec::new(),
    }
}

impl Fixture {
    pub(crate) fn oauth(&self) -> OAuth {
        self.oauth_of(Providers::default())
    }

    fn oauth_of(&self, providers: Providers) -> OAuth {
        OAuth::new(Deps { ids: Arc::new(UniqueIds), ..self.deps() }, providers)
    }

    /// Stores `name` with the address `<name>@example.org`.
    async fn holder(&self, name: &str, email_verified: bool) -> User {
        let user = User { email_verified, ..test_user(name) };
        let mut tx = self.store.begin().await.expect("a transaction");
        tx.users().insert(&user, None).await.expect("an account");
        tx.commit().await.expect("a commit");
        user
    }

    async fn user(&self, id: UserId) -> User {
        let mut tx = self.store.begin().await.expect("a transaction");
        tx.users().find(id).await.expect("a lookup").expect("an account")
    }

    /// Opens a session of `user`.
    pub(crate) async fn session(&self, user: UserId) -> SessionId {
        let id = SessionId(UniqueIds.fresh());
        let signed_in = IssuedSession::new(id, user, UniqueIds.secret(), Device::default(), NOW, Session::LIFETIME);
        let mut tx = self.store.begin().await.expect("a transaction");
        tx.sessions().insert(&signed_in.session).await.expect("a session");
        tx.commit().await.expect("a commit");
        id
    }

    pub(crate) async fn is_open(&self, signed_in: &IssuedSession) -> bool {
        let credential = Credential::Session(signed_in.token.hash());
        let sessions = BatchedSessionReader::new(self.store.clone());
        sessions.principal(credential, NOW).await.expect("a lookup").is_some()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn provider_sign_ins_at_once_make_one_account() {
    let fixture = fixture();
    let oauth = fixture.oauth();
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let oauth = oauth.clone();
            let ada = external("github", "7", "ada", Some("ada@example.org"));
            tokio::spawn(async move { oauth.sign_in(&ada, Device::default()).await })
        })
        .collect();
    let mut users = BTreeSet::new();
    for task in tasks {
        users.insert(task.await.expect("a task").expect("a session").session.user);
    }
    assert_eq!((users.len(), fixture.store.count_accounts().await.expect("a count")), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn provider_sign_ins_with_the_same_name_get_different_usernames() {
    let fixture = fixture();
    fixture.create_user("ADA", None).await;
    let oauth = fixture.oauth();
    let tasks: Vec<_> = (0..4)
        .map(|n| {
            let oauth = oauth.clone();
            let ada = external("github", &n.to_string(), "ada", None);
            tokio::spawn(async move { oauth.sign_in(&ada, Device::default()).await })
        })
        .collect();
    let mut names = BTreeSet::new();
    for task in tasks {
        let signed_in = task.await.expect("a task").expect("a session");
        names.insert(fixture.user(signed_in.session.user).await.username.to_string());
    }
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["ada2", "ada3", "ada4", "ada5"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn address_links_if_both_sides_verified_it_and_moves_if_one_did() {
    let fixture = fixture();
    let oauth = fixture.oauth();
    let (ada, bob) = (fixture.holder("ada", true).await, fixture.holder("bob", false).await);
    let sign_in = async |subject: &str, login: &str, email: &str| {
        let external = external("github", subject, login, Some(email));
        oauth.sign_in(&external, Device::default()).await.expect("a session").session.user
    };
    assert_eq!(sign_in("1", "ada", "ada@example.org").await, ada.id);

    // Bob has a session, and another account proves that it owns the address.
    let bobs = external("gitlab", "1", "bob", None);
    oauth.link(bob.id, fixture.session(bob.id).await, &bobs).await.expect("linked");
    let session = oauth.sign_in(&bobs, Device::default()).await.expect("a session");
    assert!(fixture.is_open(&session).await);
    let owner = sign_in("2", "bob", "bob@example.org").await;
    assert!(owner != bob.id && !fixture.is_open(&session).await);
    let (was, is) = (fixture.user(bob.id).await, fixture.user(owner).await);
    assert_eq!((was.email, was.username.as_str(), was.updated_at), (None, "bob", NOW));
    assert_eq!((is.email.as_ref().map(Email::as_str), is.email_verified), (Some("bob@example.org"), true));
    assert_eq!(is.username.as_str(), "bob2");
    assert_eq!(sign_in("2", "bob", "bob@example.org").await, owner, "and so it stays");
    assert_eq!(oauth.sign_in(&bobs, Device::default()).await.expect("a session").session.user, bob.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn address_verified_meanwhile_is_not_moved() {
    let fixture = fixture();
    let ada = fixture.holder("ada", true).await;
    let mut tx = fixture.store.begin().await.expect("a transaction");
    let email = Email::trusted("ada@example.org");
    assert!(!tx.users().release_email(ada.id, &email, NOW).await.expect("an answer"));
    let bob = fixture.holder("bob", false).await;
    assert!(!tx.users().release_email(bob.id, &email, NOW).await.expect("an answer"), "not this address");
    assert!(tx.users().release_email(bob.id, &Email::trusted("bob@example.org"), NOW).await.expect("an answer"));
}

#[tokio::test(flavor = "multi_thread")]
async fn external_account_has_one_owner_and_one_per_provider() {
    let fixture = fixture();
    let oauth = fixture.oauth();
    let (ada, bob) = (fixture.create_user("ada", None).await, fixture.create_user("bob", None).await);
    let code = |result: Result<(), IdentityError>| result.err().map(|error| variant(&error));
    let (adas, bobs) = (fixture.session(ada.id).await, fixture.session(bob.id).await);
    let (one, two) = (external("github", "1", "ada", None), external("github", "2", "lovelace", None));
    assert_eq!(code(oauth.link(ada.id, adas, &one).await), None);
    assert_eq!(code(oauth.link(ada.id, adas, &one).await), None, "again");
    assert_eq!(code(oauth.link(bob.id, bobs, &one).await), Some("ExternalAccountTaken"));
    assert_eq!(code(oauth.link(ada.id, adas, &two).await), Some("AnotherAccountLinked"));
    assert_eq!(
        code(oauth.link(ada.id, adas, &external("gitlab", "1", "ada", None)).await),
        None,
        "of another provider"
    );
    assert_eq!(oauth.sign_in(&one, Device::default()).await.expect("a session").session.user, ada.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_account_past_the_grace_period_keeps_its_address_and_names() {
    let fixture = fixture();
    let oauth = fixture.oauth();
    let ada = external("github", "1", "ada", Some("ada@example.org"));
    oauth.sign_in(&ada, Device::default()).await.expect("a session");
    fixture.run("UPDATE users SET deleted_at = '2026-10-23 12:00Z'").await;
    let error = oauth.sign_in(&ada, Device::default()).await.expect_err("refused");
    assert_eq!(variant(&error), "EmailTaken");
    let error = oauth.sign_in(&external("github", "1", "ada", None), Device::default()).await.expect_err("refused");
    assert_eq!(variant(&error), "ExternalAccountTaken");
    let other = oauth.sign_in(&external("github", "2", "ada", None), Device::default()).await.expect("a session");
    assert_eq!(fixture.user(other.session.user).await.username.as_str(), "ada2");
    assert_eq!(fixture.store.count_accounts().await.expect("a count"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn free_usernames_keep_their_order() {
    let fixture = fixture();
    fixture.create_user("Ada2", None).await;
    let names = ["ada", "ada2", "ADA3", "x"].map(Username::trusted);
    let mut tx = fixture.store.begin().await.expect("a transaction");
    let free = tx.users().free_usernames(&names).await.expect("an answer");
    assert_eq!(free.iter().map(Username::as_str).collect::<Vec<_>>(), ["ada", "ADA3", "x"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_in_methods_removed_at_once_leave_one() {
    let provider = |name: &'static str| {
        let mut provider = MockIdentityProvider::new();
        provider.expect_name().returning(move || ProviderName::trusted(name));
        Arc::new(provider) as Arc<dyn IdentityProvider>
    };
    let providers = Providers::new(["github", "gitlab"].map(provider));
    for _ in 0..5 {
        let fixture = fixture();
        let ada = fixture.oauth().sign_in(&external("github", "1", "ada", None), Device::default()).await;
        let ada = ada.expect("a session").session.user;
        let (session, gitlab) = (fixture.session(ada).await, external("gitlab", "2", "ada-l", None));
        fixture.oauth().link(ada, session, &gitlab).await.expect("a link");
        let listed = fixture.oauth().accounts(ada).await.expect("a list");
        let listed: Vec<_> = listed.iter().map(|linked| (linked.provider.as_str(), linked.login.as_str())).collect();
        assert_eq!(listed, [("github", "ada"), ("gitlab", "ada-l")]);
        let undo = |provider: &'static str| {
            let oauth = fixture.oauth_of(providers.clone());
            async move { oauth.unlink(ada, provider).await.map_err(|error| variant(&error)) }
        };
        let both = tokio::join!(tokio::spawn(undo("github")), tokio::spawn(undo("gitlab")));
        let mut both = [both.0.expect("no panic"), both.1.expect("no panic")];
        both.sort_unstable();
        assert_eq!(both, [Ok(()), Err("LastWayIn")]);
        assert_eq!(fixture.oauth().accounts(ada).await.expect("a list").len(), 1);
    }
}
