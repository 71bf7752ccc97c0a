//! Follows over mocked ports: Ada is public, Bob is private.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use pollster::block_on;
use time::OffsetDateTime;
use time::macros::datetime;
use uuid::Uuid;

use super::*;
use crate::accounts::ports::Locks;
use crate::error::{DomainError, ErrorKind};
use crate::ids::JobId;
use crate::social::ports::MockFollowReader;
use crate::testing::{TestReads, TestStore, TestUnitOfWork, variant};
use crate::usage::testing::account;
use crate::users::{Profile, ProfileChange, Users};

const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);
const ADA: UserId = UserId(Uuid::from_u128(1));
const BOB: UserId = UserId(Uuid::from_u128(2));
const EVE: UserId = UserId(Uuid::from_u128(3));

type List = Vec<(UserId, UserId)>;
type Pairs = BTreeSet<(UserId, UserId)>;

/// The two tables.
#[derive(Default)]
struct Tables {
    follows: Mutex<Pairs>,
    requests: Mutex<Pairs>,
}

impl Tables {
    fn with(follows: &[(UserId, UserId)], requests: &[(UserId, UserId)]) -> Arc<Self> {
        let set = |pairs: &[(UserId, UserId)]| Mutex::new(pairs.iter().copied().collect());
        Arc::new(Self { follows: set(follows), requests: set(requests) })
    }

    fn shown(&self) -> (List, List) {
        let list = |pairs: &Mutex<Pairs>| pairs.lock().expect("a table").iter().copied().collect();
        (list(&self.follows), list(&self.requests))
    }
}

fn user(name: &str) -> Option<User> {
    let id = [("ada", ADA), ("bob", BOB), ("eve", EVE)].into_iter().find(|(known, _)| *known == name)?.1;
    Some(User {
        id,
        username: Username::trusted(name),
        email: None,
        email_verified: false,
        profile: Profile::default(),
        is_public: id != BOB,
        is_admin: false,
        zone: None,
        created_at: NOW,
        updated_at: NOW,
    })
}

fn transaction(tables: &Arc<Tables>, commits: &Arc<AtomicUsize>) -> TestUnitOfWork {
    let mut tx = TestUnitOfWork { commits: commits.clone(), ..TestUnitOfWork::default() };
    tx.users.expect_find_by_username().returning(|name| Ok(user(name.as_str()).map(|user| (user, None))));
    tx.users
        .expect_find()
        .returning(|id| Ok(["ada", "bob", "eve"].into_iter().filter_map(user).find(|user| user.id == id)));
    tx.users.expect_update().returning(|_| Ok(()));
    tx.accounts.expect_lock().returning(|_| Ok(Some(account())));
    tx.accounts.expect_try_lock_all().returning(|users| {
        Ok(Locks { accounts: users.iter().map(|user| (*user, account())).collect(), busy: Vec::new() })
    });
    tx.expect_settling(BTreeSet::new());
    let t = tables.clone();
    tx.follows
        .expect_insert()
        .returning(move |new| Ok(t.follows.lock().expect("a table").insert((new.follower, new.following))));
    let t = tables.clone();
    tx.follows.expect_remove().returning(move |a, b| Ok(t.follows.lock().expect("a table").remove(&(a, b))));
    let t = tables.clone();
    tx.follows.expect_exists().returning(move |a, b| Ok(t.follows.lock().expect("a table").contains(&(a, b))));
    let t = tables.clone();
    tx.follows
        .expect_insert_request()
        .returning(move |new| Ok(t.requests.lock().expect("a table").insert((new.follower, new.following))));
    let t = tables.clone();
    tx.follows.expect_has_requested().returning(move |a, b| Ok(t.requests.lock().expect("a table").contains(&(a, b))));
    let t = tables.clone();
    tx.follows.expect_remove_request().returning(move |a, b| Ok(t.requests.lock().expect("a table").remove(&(a, b))));
    let t = tables.clone();
    tx.follows.expect_accept_all().returning(move |whose, _| {
        let requested = t.requests.lock().expect("a table").extract_if(.., |pair| pair.1 == whose).collect::<Vec<_>>();
        t.follows.lock().expect("a table").extend(requested);
        Ok(())
    });
    tx
}

/// The use cases over `tables`, and the number of commits.
fn social(tables: &Arc<Tables>) -> (Social, Arc<AtomicUsize>) {
    let commits = Arc::new(AtomicUsize::new(0));
    let (tables, counter) = (tables.clone(), commits.clone());
    let store = TestUnitOfWork::store(move || transaction(&tables, &counter));
    (Social::new(store.deps()), commits)
}

fn name(text: &str) -> Username {
    Username::trusted(text)
}

#[test]
fn follow_result_depends_on_profile_and_existing_rows() {
    let follow = |follower, following| FollowOutcome::Now(Follow { follower, following, created_at: NOW });
    for (follows, requests, whom, expected) in [
        (&[][..], &[][..], "ada", Ok(follow(EVE, ADA))),
        (&[], &[], "bob", Ok(FollowOutcome::Requested)),
        (&[(EVE, ADA)], &[], "ada", Err((ErrorKind::Conflict, "AlreadyFollowing"))),
        (&[(EVE, BOB)], &[], "bob", Err((ErrorKind::Conflict, "AlreadyFollowing"))),
        (&[], &[(EVE, BOB)], "bob", Err((ErrorKind::Conflict, "AlreadyRequested"))),
        (&[], &[(EVE, ADA)], "ada", Ok(follow(EVE, ADA))),
        (&[], &[], "eve", Err((ErrorKind::Invalid, "Yourself"))),
        (&[], &[], "nobody", Err((ErrorKind::NotFound, "UnknownUser"))),
    ] {
        let tables = Tables::with(follows, requests);
        let (social, commits) = social(&tables);
        let answer = block_on(social.follow(EVE, &name(whom))).map_err(|error| (error.kind(), variant(&error)));
        assert_eq!(answer, expected, "{whom} {follows:?} {requests:?}");
        assert_eq!(commits.load(Ordering::SeqCst), usize::from(expected.is_ok()), "{whom}");
        match expected {
            Ok(FollowOutcome::Now(_)) => assert_eq!(tables.shown(), (vec![(EVE, ADA)], vec![])),
            Ok(FollowOutcome::Requested) => assert_eq!(tables.shown(), (vec![], vec![(EVE, BOB)])),
            Err(_) => {}
        }
    }
}

#[test]
fn unfollow_withdraws_request_and_can_be_repeated() {
    let tables = Tables::with(&[(EVE, ADA), (ADA, BOB)], &[(EVE, BOB)]);
    let (social, _) = social(&tables);
    for whom in ["ada", "ada", "bob", "bob"] {
        block_on(social.unfollow(EVE, &name(whom))).expect("nothing in the way");
    }
    assert_eq!(tables.shown(), (vec![(ADA, BOB)], vec![]));
    assert!(matches!(block_on(social.unfollow(EVE, &name("eve"))), Err(SocialError::Yourself)));
    assert!(matches!(block_on(social.unfollow(EVE, &name("nobody"))), Err(SocialError::UnknownUser(_))));
}

#[test]
fn follow_request_is_answered_once() {
    let tables = Tables::with(&[], &[(EVE, BOB), (ADA, BOB)]);
    let (social, _) = social(&tables);
    block_on(social.accept(BOB, &name("eve"))).expect("accepted");
    block_on(social.decline(BOB, &name("ada"))).expect("declined");
    assert_eq!(tables.shown(), (vec![(EVE, BOB)], vec![]));
    for asker in ["eve", "ada"] {
        let again = block_on(social.accept(BOB, &name(asker)));
        assert!(matches!(again, Err(SocialError::NoRequest(_))), "{again:?}");
        block_on(social.decline(BOB, &name(asker))).expect("nothing to decline");
    }
    assert_eq!(tables.shown(), (vec![(EVE, BOB)], vec![]));
}

#[test]
fn remove_follower_works_on_any_profile() {
    let tables = Tables::with(&[(EVE, ADA), (ADA, EVE)], &[]);
    let (social, _) = social(&tables);
    block_on(social.remove_follower(ADA, &name("eve"))).expect("removed");
    block_on(social.remove_follower(ADA, &name("eve"))).expect("removed already");
    assert_eq!(tables.shown(), (vec![(ADA, EVE)], vec![]));
}

#[test]
fn profile_turning_public_accepts_requests_and_private_keeps_followers() {
    for (who, is_public, follows, requests) in [
        (BOB, Some(true), vec![(ADA, BOB), (EVE, BOB)], vec![]),
        (BOB, Some(false), vec![(ADA, BOB)], vec![(EVE, BOB)]),
        (BOB, None, vec![(ADA, BOB)], vec![(EVE, BOB)]),
        (ADA, Some(false), vec![(ADA, BOB)], vec![(EVE, BOB)]),
    ] {
        let tables = Tables::with(&[(ADA, BOB)], &[(EVE, BOB)]);
        let shared = tables.clone();
        let store = TestUnitOfWork::store(move || {
            let mut tx = transaction(&shared, &Arc::default());
            // Turning public queues a refresh of boards too.
            tx.jobs.expect_waiting().returning(|_, _| Ok(Some(JobId(Uuid::nil()))));
            tx
        });
        let users = Users::new(store.deps());
        let change = ProfileChange { is_public, ..ProfileChange::default() };
        block_on(users.change(who, change)).expect("a change");
        assert_eq!(tables.shown(), (follows, requests), "{who} {is_public:?}");
    }
}

/// Reads like the store: Bob is private, so only he sees his lists and counts.
fn reading() -> Social {
    let request = PageRequest { page: 1, size: 20 };
    let list = move |user: UserId, viewer: Option<UserId>| {
        let total = u64::from(user != BOB || viewer == Some(BOB));
        Ok(Page { items: Vec::new(), total, request })
    };
    let mut reader = MockFollowReader::new();
    reader.expect_followers().returning(move |user, viewer, _| list(user, viewer));
    reader.expect_following().returning(move |user, viewer, _| list(user, viewer));
    reader.expect_requests().withf(|owner, _| *owner == BOB).returning(move |owner, _| list(owner, Some(owner)));
    reader.expect_stats().returning(|user, viewer| Ok((user != BOB || viewer == Some(BOB)).then(FollowStats::default)));
    Social::new(TestStore::reading(TestReads { follows: reader, ..TestReads::default() }).deps())
}

#[test]
fn stats_of_private_profile_are_refused_and_lists_are_empty() {
    let (social, request) = (reading(), PageRequest { page: 1, size: 20 });
    for (user, viewer, is_shown) in
        [(ADA, None, true), (ADA, Some(EVE), true), (BOB, None, false), (BOB, Some(EVE), false), (BOB, Some(BOB), true)]
    {
        let counts = block_on(social.stats(user, viewer)).map_err(|error| variant(&error));
        assert_eq!(counts.err(), (!is_shown).then_some("Private"), "{user} {viewer:?}");
        let followers = block_on(social.followers(user, viewer, request)).expect("a list");
        let following = block_on(social.following(user, viewer, request)).expect("a list");
        assert_eq!([followers.total, following.total], [u64::from(is_shown); 2], "{user} {viewer:?}");
    }
    assert_eq!(block_on(social.requests(BOB, request)).expect("his own").total, 1);
}
