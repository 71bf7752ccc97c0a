//! Sign-in through a provider over mocked ports: tables in memory, and concurrent requests that win some races.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use pollster::block_on;
use time::OffsetDateTime;
use time::macros::datetime;
use uuid::Uuid;

use super::ports::MockIdentityProvider;
use super::*;
use crate::error::{DomainError, ErrorKind, StoreError};
use crate::ids::{MockIds, SessionId, UserId};
use crate::testing::{TestUnitOfWork, variant};
use crate::users::{Presence, Profile, User, Username, WebUrl, gone_by};

const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);
const ADA: UserId = UserId(Uuid::from_u128(1));
const NEW: UserId = UserId(Uuid::from_u128(42));
const CURRENT_SESSION: SessionId = SessionId(Uuid::from_u128(5));

/// The stored rows, and the simulated races.
#[derive(Default)]
struct World {
    users: Mutex<Vec<User>>,
    links: Mutex<Vec<ExternalLink>>,
    /// Accounts whose sessions were all ended.
    ended: Mutex<Vec<UserId>>,
    /// Accounts whose confirmed device logins and API tokens were removed.
    device_logins_ended: Mutex<Vec<UserId>>,
    tokens_ended: Mutex<Vec<UserId>>,
    opened: Mutex<Vec<Session>>,
    touched: AtomicUsize,
    commits: Arc<AtomicUsize>,
    /// When the accounts were deleted, and which of them returned.
    left: Option<OffsetDateTime>,
    back: Mutex<Vec<(UserId, Option<OffsetDateTime>)>>,
    /// How many inserts of accounts still fail, and with which constraint.
    collisions: AtomicUsize,
    constraint: &'static str,
    /// How many inserts of links still lose to a concurrent one.
    faster: AtomicUsize,
    /// How many lookups of an owner still find none.
    blind: AtomicUsize,
    /// How many sign-ins still find their link removed.
    unlinked: AtomicUsize,
}

fn take_one(counter: &AtomicUsize) -> bool {
    counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

fn user(id: UserId, name: &str, email: Option<&str>, email_verified: bool) -> User {
    User {
        id,
        username: Username::trusted(name),
        email: email.map(Email::trusted),
        email_verified,
        profile: Profile::default(),
        is_public: true,
        is_admin: false,
        zone: None,
        created_at: NOW,
        updated_at: NOW,
    }
}

fn github() -> ProviderName {
    ProviderName::trusted("github")
}

fn octo(verified_email: Option<&str>) -> ExternalAccount {
    ExternalAccount {
        provider: github(),
        subject: "583231".to_owned(),
        login: "octo-cat".to_owned(),
        name: Some("Octo Cat".to_owned()),
        image: Some(WebUrl::trusted("https://example.org/octo.png")),
        verified_email: verified_email.map(Email::trusted),
        organizations: Vec::new(),
    }
}

fn link(user: UserId, subject: &str) -> ExternalLink {
    ExternalLink { user, provider: github(), subject: subject.to_owned(), login: "octo-cat".to_owned(), linked_at: NOW }
}

impl World {
    fn with(users: Vec<User>, links: Vec<ExternalLink>) -> Self {
        Self { users: Mutex::new(users), links: Mutex::new(links), ..Self::default() }
    }

    fn users(&self) -> Vec<User> {
        self.users.lock().expect("users").clone()
    }

    fn links(&self) -> Vec<(UserId, String)> {
        self.links.lock().expect("links").iter().map(|link| (link.user, link.subject.clone())).collect()
    }

    fn ended(&self) -> Vec<UserId> {
        self.ended.lock().expect("sessions").clone()
    }

    fn commits(&self) -> usize {
        self.commits.load(Ordering::SeqCst)
    }
}

fn transaction(world: &Arc<World>) -> TestUnitOfWork {
    let mut tx = TestUnitOfWork { commits: world.commits.clone(), ..TestUnitOfWork::default() };
    let w = world.clone();
    tx.users.expect_find_for_sign_in().returning(move |name, left_after| {
        assert_eq!(left_after, gone_by(NOW));
        let SignInName::Email(email) = name else { panic!("nobody typed a username") };
        Ok(w.users().into_iter().find(|user| user.email.as_ref() == Some(email)).map(|user| (user, None)))
    });
    let w = world.clone();
    tx.users.expect_hold().returning(move |_| Ok(Some(w.left.map_or(Presence::Here, Presence::Left))));
    let w = world.clone();
    tx.follows.expect_set_counted().returning(|_, _| Ok(()));
    tx.users.expect_set_left().returning(move |user, at| {
        w.back.lock().expect("accounts").push((user, at));
        Ok(())
    });
    let w = world.clone();
    tx.users.expect_free_usernames().returning(move |names| {
        let taken = |name: &Username| w.users().iter().any(|user| user.username == *name);
        Ok(names.iter().filter(|name| !taken(name)).cloned().collect())
    });
    let w = world.clone();
    tx.users.expect_insert().returning(move |user, password| {
        assert!(password.is_none(), "nobody has chosen one");
        if take_one(&w.collisions) {
            return Err(StoreError::Conflict { constraint: w.constraint.to_owned() });
        }
        w.users.lock().expect("users").push(user.clone());
        Ok(())
    });
    let w = world.clone();
    tx.users.expect_release_email().returning(move |id, email, now| {
        let mut users = w.users.lock().expect("users");
        let held = |user: &&mut User| user.id == id && user.email.as_ref() == Some(email) && !user.email_verified;
        let Some(user) = users.iter_mut().find(held) else { return Ok(false) };
        (user.email, user.updated_at) = (None, now);
        Ok(true)
    });
    let w = world.clone();
    tx.sessions.expect_delete_all().returning(move |user| {
        w.ended.lock().expect("sessions").push(user);
        Ok(())
    });
    let w = world.clone();
    tx.sessions.expect_insert().returning(move |session| {
        w.opened.lock().expect("sessions").push(session.clone());
        Ok(())
    });
    let w = world.clone();
    tx.external_accounts.expect_owner().returning(move |provider, subject, _| {
        if take_one(&w.blind) {
            return Ok(None);
        }
        let links = w.links.lock().expect("links");
        Ok(links.iter().find(|link| link.provider == *provider && link.subject == subject).map(|link| link.user))
    });
    let w = world.clone();
    tx.external_accounts.expect_has().returning(move |user, provider| {
        Ok(w.links.lock().expect("links").iter().any(|link| link.user == user && link.provider == *provider))
    });
    let w = world.clone();
    tx.external_accounts.expect_insert().returning(move |link| {
        if take_one(&w.faster) {
            return Ok(false);
        }
        let mut links = w.links.lock().expect("links");
        let collides = |known: &ExternalLink| known.subject == link.subject || known.user == link.user;
        if links.iter().any(|known| known.provider == link.provider && collides(known)) {
            return Ok(false);
        }
        links.push(link.clone());
        Ok(true)
    });
    let w = world.clone();
    tx.external_accounts.expect_touch().returning(move |_, _| {
        w.touched.fetch_add(1, Ordering::SeqCst);
        Ok(!take_one(&w.unlinked))
    });
    let w = world.clone();
    tx.device_logins.expect_delete_approved().returning(move |user| {
        w.device_logins_ended.lock().expect("accounts").push(user);
        Ok(())
    });
    let w = world.clone();
    tx.api_tokens.expect_delete_all().returning(move |user| {
        w.tokens_ended.lock().expect("accounts").push(user);
        Ok(())
    });
    tx.sessions.expect_is_open().returning(|_, session, _| Ok(session == CURRENT_SESSION));
    tx
}

fn oauth(world: &Arc<World>, provider: MockIdentityProvider) -> OAuth {
    let mut ids = MockIds::new();
    ids.expect_fresh().returning(|| NEW.0);
    let mut secrets = 0;
    ids.expect_secret().returning_st(move || {
        secrets += 1;
        [secrets; 32]
    });
    let w = world.clone();
    let deps = TestUnitOfWork::store(move || transaction(&w)).deps_with(ids);
    OAuth::new(deps, Providers::new([Arc::new(provider) as _]))
}

fn provider() -> MockIdentityProvider {
    let mut provider = MockIdentityProvider::new();
    provider.expect_name().returning(github);
    provider
}

fn sign_in(world: &Arc<World>, external: &ExternalAccount) -> Result<IssuedSession, IdentityError> {
    block_on(oauth(world, provider()).sign_in(external, Device::default()))
}

#[test]
fn oauth_unknown_account_is_created_from_provider() {
    for (email, verified) in [(Some("octo@example.org"), true), (None, false)] {
        let world = Arc::new(World::default());
        let signed_in = sign_in(&world, &octo(email)).expect("a session");
        let users = world.users();
        assert_eq!(users.len(), 1);
        assert_eq!((users[0].email.clone(), users[0].email_verified), (email.map(Email::trusted), verified));
        assert_eq!((users[0].username.as_str(), users[0].is_admin, users[0].is_public), ("octo_cat", false, true));
        assert_eq!(users[0].profile.name.as_deref(), Some("Octo Cat"));
        assert_eq!(users[0].profile.image, Some(WebUrl::trusted("https://example.org/octo.png")));
        assert_eq!(world.links(), [(users[0].id, "583231".to_owned())]);
        assert_eq!((signed_in.session.user, signed_in.session.expires_at), (users[0].id, NOW + Session::LIFETIME));
        assert_eq!(*world.opened.lock().expect("sessions"), [signed_in.session]);
        assert_eq!(world.commits(), 1);
    }
}

#[test]
fn oauth_linked_account_signs_in_with_any_address() {
    let bob = user(UserId(Uuid::from_u128(2)), "bob", Some("bob@example.org"), true);
    for email in [None, Some("bob@example.org"), Some("new@example.org")] {
        let users = vec![user(ADA, "ada", None, false), bob.clone()];
        let world = Arc::new(World::with(users.clone(), vec![link(ADA, "583231")]));
        assert_eq!(sign_in(&world, &octo(email)).expect("a session").session.user, ADA, "{email:?}");
        assert_eq!((world.users(), world.links().len()), (users, 1));
        assert_eq!(world.touched.load(Ordering::SeqCst), 1);
    }
}

#[test]
fn oauth_deleted_account_returns_by_sign_in() {
    let days = time::Duration::days;
    for (left, links, back) in [
        (NOW - days(29), vec![link(ADA, "583231")], true),
        (NOW - days(29), Vec::new(), true),
        (NOW - days(30), vec![link(ADA, "583231")], false),
    ] {
        let users = vec![user(ADA, "ada", Some("ada@example.org"), true)];
        let world = Arc::new(World { left: Some(left), ..World::with(users, links) });
        let signed_in = sign_in(&world, &octo(Some("ada@example.org")));
        assert_eq!(*world.back.lock().expect("accounts"), if back { vec![(ADA, None)] } else { Vec::new() });
        assert_eq!((signed_in.is_ok(), world.commits()), (back, usize::from(back)));
    }
}

#[test]
fn oauth_address_verified_on_both_sides_links() {
    let users = vec![user(ADA, "ada", Some("ada@example.org"), true)];
    let world = Arc::new(World::with(users.clone(), Vec::new()));
    assert_eq!(sign_in(&world, &octo(Some("ada@example.org"))).expect("a session").session.user, ADA);
    assert_eq!((world.users(), world.links()), (users, vec![(ADA, "583231".to_owned())]));
    assert!(world.ended().is_empty());
}

#[test]
fn oauth_unverified_address_goes_to_new_account() {
    let world = Arc::new(World::with(vec![user(ADA, "octo_cat", Some("octo@example.org"), false)], Vec::new()));
    let signed_in = sign_in(&world, &octo(Some("octo@example.org"))).expect("a session");
    let users = world.users();
    assert_eq!((users[0].id, users[0].email.clone(), users[0].username.as_str()), (ADA, None, "octo_cat"));
    assert_eq!((users[1].id, users[1].username.as_str(), users[1].email_verified), (NEW, "octo_cat2", true));
    assert_eq!(users[1].email, Some(Email::trusted("octo@example.org")));
    assert_eq!((world.ended(), signed_in.session.user), (vec![ADA], NEW));
    assert_eq!(*world.device_logins_ended.lock().expect("accounts"), [ADA]);
    assert_eq!(*world.tokens_ended.lock().expect("accounts"), [ADA]);
    assert_eq!(world.links(), [(NEW, "583231".to_owned())]);
}

#[test]
fn oauth_second_account_of_provider_is_not_linked_by_address() {
    let users = vec![user(ADA, "ada", Some("ada@example.org"), true)];
    let world = Arc::new(World::with(users, vec![link(ADA, "another")]));
    let error = sign_in(&world, &octo(Some("ada@example.org"))).expect_err("refused");
    assert_eq!((variant(&error), error.kind()), ("AnotherAccountLinked", ErrorKind::Conflict));
    assert_eq!((world.commits(), world.links().len()), (0, 1));
}

#[test]
fn oauth_lost_race_is_retried() {
    for constraint in ["users_email_key", "users_username_key"] {
        for (collisions, code) in [(1, None), (4, None), (5, Some(()))] {
            let world = Arc::new(World { constraint, collisions: AtomicUsize::new(collisions), ..World::default() });
            let result = sign_in(&world, &octo(Some("octo@example.org")));
            assert_eq!(result.as_ref().err().map(drop), code, "{constraint} {collisions}");
            assert_eq!(world.commits(), usize::from(code.is_none()));
            if let Err(error) = result {
                assert_eq!(error.kind(), ErrorKind::Conflict);
            }
        }
    }
    let world = Arc::new(World { constraint: "users_pkey", collisions: AtomicUsize::new(1), ..World::default() });
    assert_eq!(sign_in(&world, &octo(None)).map_err(|error| variant(&error)).expect_err("a defect"), "Store");
    // The other request for the same user links first, and is found then.
    let world = Arc::new(World { faster: AtomicUsize::new(1), ..World::default() });
    sign_in(&world, &octo(None)).expect("a session");
    let world = Arc::new(World { faster: AtomicUsize::new(99), ..World::default() });
    assert_eq!(
        sign_in(&world, &octo(None)).map_err(|error| variant(&error)).expect_err("taken"),
        "ExternalAccountTaken"
    );
}

#[test]
fn oauth_account_created_between_lookups_is_signed_in_to() {
    let world = Arc::new(World {
        // The lookup of the owner finds neither; the lookup of the address finds both.
        blind: AtomicUsize::new(1),
        ..World::with(vec![user(ADA, "ada", Some("octo@example.org"), true)], vec![link(ADA, "583231")])
    });
    assert_eq!(sign_in(&world, &octo(Some("octo@example.org"))).expect("a session").session.user, ADA);
    assert_eq!((world.commits(), world.links().len()), (1, 1));
}

#[test]
fn link_taken_account_or_second_of_provider_is_refused() {
    let bob = UserId(Uuid::from_u128(2));
    for (links, code, after) in [
        (vec![], None, vec![(ADA, "583231")]),
        (vec![link(ADA, "583231")], None, vec![(ADA, "583231")]),
        (vec![link(bob, "583231")], Some("ExternalAccountTaken"), vec![(bob, "583231")]),
        (vec![link(ADA, "another")], Some("AnotherAccountLinked"), vec![(ADA, "another")]),
    ] {
        let world = Arc::new(World::with(Vec::new(), links));
        let result = block_on(oauth(&world, provider()).link(ADA, CURRENT_SESSION, &octo(Some("octo@example.org"))));
        assert_eq!(result.as_ref().err().map(variant), code);
        assert_eq!(world.commits(), usize::from(result.is_ok()));
        assert_eq!(
            world.links(),
            after.into_iter().map(|(user, subject)| (user, subject.to_owned())).collect::<Vec<_>>()
        );
    }
    let world = Arc::new(World { faster: AtomicUsize::new(1), ..World::default() });
    block_on(oauth(&world, provider()).link(ADA, CURRENT_SESSION, &octo(None))).expect("linked");
}

#[test]
fn link_ended_session_is_refused() {
    let world = Arc::new(World::default());
    let linked = block_on(oauth(&world, provider()).link(ADA, SessionId(Uuid::from_u128(6)), &octo(None)));
    assert_eq!((linked.map_err(|error| variant(&error)).expect_err("refused"), world.commits()), ("NotSignedIn", 0));
}

#[test]
fn oauth_link_removed_during_sign_in_is_refused() {
    let users = vec![user(ADA, "ada", None, false)];
    let world = World { unlinked: AtomicUsize::new(99), ..World::with(users, vec![link(ADA, "583231")]) };
    let world = Arc::new(world);
    assert_eq!(
        sign_in(&world, &octo(None)).map_err(|error| variant(&error)).expect_err("refused"),
        "ExternalAccountTaken"
    );
    assert_eq!((world.commits(), world.opened.lock().expect("sessions").len()), (0, 0));
}

#[test]
fn oauth_begin_makes_new_secrets() {
    let mut github = provider();
    github.expect_authorize_url().returning(|state, verifier| {
        Ok(format!("https://provider.example/?state={}&challenge={}", state.as_str(), verifier.challenge()))
    });
    let oauth = oauth(&Arc::default(), github);
    let (one, two) = (block_on(oauth.begin("github")).expect("begun"), block_on(oauth.begin("github")).expect("begun"));
    assert!(one.url.contains(one.state.as_str()) && one.url.contains(&one.verifier.challenge()), "{}", one.url);
    assert!(!one.url.contains(one.verifier.expose()), "the verifier stays here");
    assert_ne!((&one.state, one.verifier.expose()), (&two.state, two.verifier.expose()));
    assert_ne!(one.state.as_str(), one.verifier.expose());
}

#[test]
fn oauth_unknown_provider_is_not_found() {
    let world = Arc::default();
    let (token, verifier) = (AccessToken::parse("gho_x").expect("a token"), PkceVerifier::of([1; 32]));
    for name in ["gitlab", "GitHub", "", "github "] {
        let oauth = oauth(&world, provider());
        let by_code = block_on(oauth.sign_in_with_code(name, "code", &verifier, Device::default()));
        let by_token = block_on(oauth.sign_in_with_token(name, &token, Device::default()));
        let linked = block_on(oauth.link_with_token(ADA, CURRENT_SESSION, name, &token));
        let errors =
            [block_on(oauth.begin(name)).err(), by_code.err(), by_token.err(), linked.err(), oauth.check(name).err()];
        for error in errors {
            assert_eq!(error.expect("refused").kind(), ErrorKind::NotFound, "{name:?}");
        }
    }
    assert!(oauth(&world, provider()).check("github").is_ok());
}

#[test]
fn oauth_refused_code_changes_nothing() {
    for (failure, kind) in [
        (ProviderError::Refused("bad_verification_code".to_owned()), ErrorKind::Unauthenticated),
        (ProviderError::Unavailable("timed out".to_owned()), ErrorKind::Unavailable),
        (ProviderError::RefusesUs("incorrect_client_credentials".to_owned()), ErrorKind::Internal),
        (ProviderError::NotPermitted, ErrorKind::Forbidden),
    ] {
        let mut github = provider();
        let three = failure.clone();
        github.expect_authorize_url().returning(move |_, _| Err(three.clone()));
        let (one, two) = (failure.clone(), failure.clone());
        github.expect_exchange().returning(move |_, _| Err(one.clone()));
        github.expect_vouch().returning(move |_| Err(two.clone()));
        let world = Arc::new(World::default());
        let oauth = oauth(&world, github);
        let token = AccessToken::parse("gho_x").expect("a token");
        let verifier = PkceVerifier::of([1; 32]);
        assert_eq!(block_on(oauth.begin("github")).expect_err("refused").kind(), kind);
        let by_code = oauth.sign_in_with_code("github", "code", &verifier, Device::default());
        assert_eq!(block_on(by_code).expect_err("refused").kind(), kind);
        let by_token = oauth.sign_in_with_token("github", &token, Device::default());
        assert_eq!(block_on(by_token).expect_err("refused").kind(), kind);
        assert_eq!(
            block_on(oauth.link_with_token(ADA, CURRENT_SESSION, "github", &token)).expect_err("refused").kind(),
            kind
        );
        assert_eq!((world.users().len(), world.commits()), (0, 0));
    }
}

#[test]
fn oauth_accepted_code_or_token_signs_in_and_links() {
    let mut github = provider();
    let verifier = PkceVerifier::of([9; 32]);
    let expected = verifier.clone();
    github
        .expect_exchange()
        .withf(move |code, verifier| code == "the code" && *verifier == expected)
        .returning(|_, _| Ok(octo(None)));
    github.expect_vouch().withf(|token| token.expose() == "gho_x").returning(|_| Ok(octo(None)));
    let world = Arc::new(World::default());
    let oauth = oauth(&world, github).with_session_lifetime(time::Duration::days(1));
    let token = AccessToken::parse("gho_x").expect("a token");
    let first = block_on(oauth.sign_in_with_code("github", "the code", &verifier, Device::default())).expect("in");
    let second = block_on(oauth.sign_in_with_token("github", &token, Device::default())).expect("in");
    assert_eq!((first.session.user, second.session.user), (NEW, NEW));
    assert_ne!(first.token, second.token);
    assert_eq!(first.session.expires_at, NOW + time::Duration::days(1));
    block_on(oauth.link_with_token(NEW, CURRENT_SESSION, "github", &token)).expect("linked already");
    assert_eq!(world.users().len(), 1);
}

#[test]
fn unlink_last_way_in_is_refused() {
    for (linked, requested, has_password, expected) in [
        (&["github"][..], "github", true, Ok(())),
        (&["github"], "github", false, Err("LastWayIn")),
        // A provider that is not configured opens no account, so its link can be removed.
        (&["github", "gitlab"], "github", false, Err("LastWayIn")),
        (&["github", "gitlab"], "gitlab", false, Ok(())),
        (&["gitlab"], "gitlab", true, Ok(())),
        (&["github"], "gitlab", true, Err("NotLinked")),
        (&[], "github", true, Err("NotLinked")),
        (&["github"], "GitHub", true, Err("NotLinked")),
    ] {
        let commits = Arc::new(AtomicUsize::new(0));
        let counter = commits.clone();
        let store = TestUnitOfWork::store(move || {
            let mut tx = TestUnitOfWork { commits: counter.clone(), ..TestUnitOfWork::default() };
            let mut order = mockall::Sequence::new();
            tx.users.expect_hold().times(1).in_sequence(&mut order).returning(|_| Ok(Some(Presence::Here)));
            let account = |provider: &&str| LinkedAccount {
                provider: ProviderName::trusted(*provider),
                login: "octo-cat".to_owned(),
                linked_at: NOW,
                last_used_at: NOW,
            };
            let of = tx.external_accounts.expect_of().times(1).in_sequence(&mut order);
            of.returning(move |_| Ok(linked.iter().map(account).collect()));
            tx.users.expect_has_password().returning(move |_| Ok(has_password));
            let delete = tx.external_accounts.expect_delete().times(usize::from(expected.is_ok()));
            delete.withf(move |user, provider| *user == ADA && provider.as_str() == requested).returning(|_, _| Ok(()));
            tx
        });
        let providers = Providers::new([Arc::new(provider()) as _]);
        let oauth = OAuth::new(store.deps(), providers);
        let undone = block_on(oauth.unlink(ADA, requested)).map_err(|error| variant(&error));
        assert_eq!(undone, expected, "{requested} of {linked:?}, {has_password}");
        assert_eq!(commits.load(Ordering::SeqCst), usize::from(expected.is_ok()));
    }
}
