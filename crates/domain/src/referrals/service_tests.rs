//! The use cases of referrals over accounts in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use pollster::block_on;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::ports::MockReferralReader;
use super::{CLICK_LIMITS, ReferralCode, ReferralError, Referrals, ReferredBy, Visitor, VisitorSalt, WINDOW};
use crate::accounts::Account;
use crate::accounts::ports::Locks;
use crate::achievements::ProgressEvents;
use crate::error::{DomainError, ErrorKind};
use crate::identity::ports::{MockPasswordHasher, MockSessionReader};
use crate::identity::{Device, Email, Identity, Password, PasswordHash, Registration};
use crate::ids::UserId;
use crate::pricing::{CurrentBook, PriceBook};
use crate::progression::EventXp;
use crate::testing::{TestReads, TestStore, TestUnitOfWork, facts, variant};
use crate::usage::ports::RecordedWrite;
use crate::usage::room::NameUse;
use crate::usage::testing::{NOW, account, batch, locked_with, message, sent};
use crate::usage::{LedgerEntry, SentMessage, Sums, SyncBatch, Usage};
use crate::users::{Profile, User, Username};

fn user(number: u128) -> UserId {
    UserId(Uuid::from_u128(number))
}

/// The code of an account.
fn code(number: u128) -> ReferralCode {
    ReferralCode::trusted(format!("{number:08}"))
}

/// The referrers, the deleted accounts, and the recorded changes.
#[derive(Default)]
struct People {
    /// By account, its referrer and whether that was paid.
    above: Mutex<BTreeMap<u128, (u128, bool)>>,
    deleted: BTreeSet<u128>,
    /// Accounts that have synced a message.
    synced: BTreeSet<u128>,
    /// The age of the accounts.
    age: Duration,
    /// A referral that a concurrent request stores as soon as the first locks are taken.
    meanwhile: Mutex<Option<(u128, u128)>>,
    /// The accounts of each call that locked several.
    locks: Mutex<Vec<Vec<u128>>>,
    /// Paid XP in hundredths, with the account that the reason names.
    paid: Mutex<Vec<(u128, u128, i64)>>,
    /// The settled accounts.
    judged: Mutex<Vec<u128>>,
    /// The converted clicks.
    converted: Mutex<Vec<(u128, Visitor)>>,
    commits: Arc<AtomicUsize>,
}

impl People {
    /// The accounts of `chain` with their referrers, all paid.
    fn with(chain: &[(u128, u128)]) -> Self {
        let above = chain.iter().map(|(user, referrer)| (*user, (*referrer, true))).collect();
        Self { above: Mutex::new(above), ..Self::default() }
    }

    fn account(&self, number: u128) -> Option<Account> {
        let by = self.above.lock().expect("referrals").get(&number).copied();
        let referred_by = by.map(|(by, is_paid)| ReferredBy { referrer: user(by), is_paid });
        let messages = i64::from(self.synced.contains(&number));
        let totals = Sums { messages, ..Sums::default() };
        (!self.deleted.contains(&number)).then(|| Account { totals, referred_by, ..account() })
    }

    fn chain(&self, user: u128) -> Vec<u128> {
        let above = self.above.lock().expect("referrals");
        std::iter::successors(Some(user), |user| above.get(user).map(|(by, _)| *by)).skip(1).collect()
    }

    fn transaction(self: &Arc<Self>) -> TestUnitOfWork {
        let mut tx = TestUnitOfWork { commits: self.commits.clone(), ..TestUnitOfWork::default() };
        let people = self.clone();
        tx.users
            .expect_find()
            .returning(move |id| Ok(people.account(id.0.as_u128()).map(|_| user_created_at(id, NOW - people.age))));
        let people = self.clone();
        tx.accounts.expect_lock_counts().returning(|_| Ok(()));
        tx.accounts.expect_try_lock_all().returning(move |ids| {
            people.locks.lock().expect("locks").push(ids.iter().map(|id| id.0.as_u128()).collect());
            if let Some((user, referrer)) = people.meanwhile.lock().expect("a wish").take() {
                people.above.lock().expect("referrals").insert(user, (referrer, true));
            }
            let accounts = ids.iter().filter_map(|id| Some((*id, people.account(id.0.as_u128())?))).collect();
            Ok(Locks { accounts, busy: Vec::new() })
        });
        let people = self.clone();
        tx.progress.expect_facts().returning(move |month| {
            people.judged.lock().expect("people").push(month.user.0.as_u128());
            Ok(Some((facts(BTreeSet::new()), ProgressEvents::default())))
        });
        let people = self.clone();
        tx.progress.expect_award().returning(move |id, award, _| {
            for event in &award.events {
                if let Some(referred) = event.reason.strip_prefix("referral:") {
                    let referred = Uuid::parse_str(referred).expect("an id").as_u128();
                    people.paid.lock().expect("events").push((id.0.as_u128(), referred, event.xp.0));
                }
            }
            Ok(())
        });
        self.referrals(&mut tx);
        tx
    }

    fn referrals(self: &Arc<Self>, tx: &mut TestUnitOfWork) {
        let people = self.clone();
        tx.referrals.expect_owner().returning(move |code| {
            let owner: u128 = code.as_str().parse().expect("a number");
            Ok((owner < 100 && !people.deleted.contains(&owner)).then(|| user(owner)))
        });
        let people = self.clone();
        tx.referrals.expect_above().returning(move |id, most| {
            let most = usize::try_from(most).expect("few");
            Ok(people.chain(id.0.as_u128()).into_iter().take(most).map(user).collect())
        });
        let people = self.clone();
        tx.referrals
            .expect_is_above()
            .returning(move |other, id| Ok(people.chain(id.0.as_u128()).contains(&other.0.as_u128())));
        let people = self.clone();
        tx.referrals.expect_insert().returning(move |referred, by, _| {
            let entry = (by.0.as_u128(), false);
            Ok(people.above.lock().expect("referrals").insert(referred.0.as_u128(), entry).is_none())
        });
        let people = self.clone();
        tx.referrals.expect_set_paid().returning(move |id, _| {
            people.above.lock().expect("referrals").entry(id.0.as_u128()).and_modify(|by| by.1 = true);
            Ok(())
        });
        let people = self.clone();
        tx.referrals.expect_convert_click().returning(move |by, visitor, _| {
            people.converted.lock().expect("clicks").push((by.0.as_u128(), visitor));
            Ok(())
        });
    }

    fn paid(&self) -> Vec<(u128, u128, i64)> {
        self.paid.lock().expect("events").clone()
    }
}

fn user_created_at(id: UserId, created_at: OffsetDateTime) -> User {
    User {
        id,
        username: Username::trusted("somebody"),
        email: None,
        email_verified: false,
        profile: Profile::default(),
        is_public: true,
        is_admin: false,
        zone: None,
        created_at,
        updated_at: created_at,
    }
}

fn salt() -> VisitorSalt {
    VisitorSalt::of(b"a secret")
}

fn device() -> Device {
    Device { ip: Some("192.0.2.1".into()), user_agent: Some("a browser".into()) }
}

fn referrals(people: &Arc<People>) -> Referrals {
    let shared = people.clone();
    let store = TestUnitOfWork::store(move || shared.transaction());
    Referrals::new(store.deps(), salt())
}

fn usage(people: &Arc<People>, stored: Vec<LedgerEntry>) -> Usage {
    let shared = people.clone();
    let store = TestUnitOfWork::store(move || {
        let (mut tx, stored) = (shared.transaction(), stored.clone());
        tx.ledger.expect_name_use().returning(|_, _| Ok(NameUse::default()));
        tx.ledger.expect_make_names().returning(|_| Ok(()));
        let people = shared.clone();
        tx.ledger.expect_lock_for_sync().returning(move |id, _| {
            Ok(people.account(id.0.as_u128()).map(|account| locked_with(account, stored.clone())))
        });
        let people = shared.clone();
        tx.ledger.expect_record().returning(move |user, _, _| {
            people.judged.lock().expect("people").push(user.0.as_u128());
            let facts = Some((facts(BTreeSet::new()), ProgressEvents::default()));
            Ok(RecordedWrite { facts, ..RecordedWrite::default() })
        });
        tx
    });
    let prices = Arc::new(CurrentBook::new(PriceBook::new([])));
    Usage::new(store.deps(), prices)
}

#[test]
fn track_code_once_within_a_day_and_without_circle() {
    let late = WINDOW;
    let day = WINDOW - Duration::microseconds(1);
    for (chain, age, typed, expected) in [
        (&[][..], day, "00000002", Ok(())),
        (&[], late, "00000002", Err((ErrorKind::Invalid, "TooLate"))),
        (&[(1, 3)], Duration::ZERO, "00000002", Err((ErrorKind::Conflict, "AlreadyReferred"))),
        (&[(1, 2)], Duration::ZERO, "00000002", Err((ErrorKind::Conflict, "AlreadyReferred"))),
        (&[], Duration::ZERO, "00000001", Err((ErrorKind::Invalid, "Yourself"))),
        (&[], Duration::ZERO, "00000999", Err((ErrorKind::NotFound, "UnknownCode"))),
        (&[], Duration::ZERO, "00000099", Err((ErrorKind::NotFound, "UnknownCode"))),
        (&[], Duration::ZERO, "nonsense, and long", Err((ErrorKind::NotFound, "UnknownCode"))),
        (&[(2, 1)], Duration::ZERO, "00000002", Err((ErrorKind::Invalid, "Circle"))),
        (&[(2, 3), (3, 1)], Duration::ZERO, "00000002", Err((ErrorKind::Invalid, "Circle"))),
        // However long the chain, also beyond its locked part.
        (&[(2, 3), (3, 4), (4, 5), (5, 6), (6, 1)], day, "00000002", Err((ErrorKind::Invalid, "Circle"))),
        (&[(2, 3), (3, 4), (4, 5), (5, 6)], day, "oooooo02", Ok(())),
        // An account referred by the caller can have no second referrer, but can refer others.
        (&[(3, 1)], day, "00000002", Ok(())),
    ] {
        let people = Arc::new(People { age, deleted: [99].into(), ..People::with(chain) });
        let answer = block_on(referrals(&people).track(user(1), typed, &device()));
        let answer = answer.map(|paid| assert_eq!(paid.0, [EventXp(0); 3]));
        let answer = answer.map_err(|error| (error.kind(), variant(&error)));
        assert_eq!(answer, expected, "{chain:?} {age} {typed}");
        assert_eq!(people.commits.load(Ordering::SeqCst), usize::from(expected.is_ok()));
        if expected.is_ok() {
            assert_eq!(people.chain(1).first(), Some(&2));
            assert_eq!(people.converted.lock().expect("clicks")[..], [(2, salt().visitor(&code(2), &device()))]);
            let above: Vec<u128> = people.chain(1).into_iter().take(3).collect();
            assert_eq!(*people.judged.lock().expect("people"), above, "who counts one more");
        }
        assert_eq!(people.paid(), [], "nothing was synced");
    }
}

#[test]
fn track_code_after_sync_pays_at_once() {
    for (chain, deleted, paid, notified) in [
        (&[][..], &[][..], &[(2, 1, 2_500)][..], [2_500, 0, 0]),
        (&[(2, 3)], &[], &[(2, 1, 2_500), (3, 1, 625)], [2_500, 625, 0]),
        (&[(2, 3), (3, 4), (4, 5)], &[], &[(2, 1, 2_500), (3, 1, 625), (4, 1, 250)], [2_500, 625, 250]),
        (&[(2, 3), (3, 4)], &[3], &[(2, 1, 2_500), (4, 1, 250)], [2_500, 0, 250]),
    ] {
        let deleted = deleted.iter().copied().collect();
        let people = Arc::new(People { synced: [1].into(), deleted, ..People::with(chain) });
        let answer = block_on(referrals(&people).track(user(1), "00000002", &device())).expect("a referrer");
        assert_eq!(answer.0, notified.map(EventXp), "{chain:?}");
        assert_eq!(people.paid(), paid, "{chain:?}");
        assert_eq!(people.account(1).and_then(|account| account.unpaid_referrer()), None);
    }
}

#[test]
fn track_code_locks_in_id_order_and_again_when_chain_grew() {
    let people = Arc::new(People { meanwhile: Mutex::new(Some((9, 2))), ..People::with(&[(7, 9)]) });
    block_on(referrals(&people).track(user(8), "00000007", &device())).expect("a referrer");
    assert_eq!(*people.locks.lock().expect("locks"), [vec![7, 8, 9], vec![2, 7, 8, 9]]);
    assert_eq!(*people.judged.lock().expect("people"), [7, 9, 2]);
}

#[test]
fn track_code_of_deleted_account_is_unknown() {
    let people = Arc::new(People { deleted: [1].into(), ..People::default() });
    let error = block_on(referrals(&people).track(user(1), "00000002", &device())).expect_err("nobody");
    assert!(matches!(error, ReferralError::UnknownUser(_)), "{error}");
}

#[test]
fn sync_first_message_pays_three_levels_once() {
    let stored = LedgerEntry { message: message("a", 10), cost: crate::pricing::Cost::Unpriced };
    let first = [(2, 1, 2_500), (3, 1, 625), (4, 1, 250)];
    let ahead = || vec![SentMessage { at: NOW + Duration::days(9), ..sent("a") }];
    for (is_paid, batch, stored, paid) in [
        (false, batch(vec![sent("a")]), vec![], &first[..]),
        (true, batch(vec![sent("a")]), vec![], &[]),
        (false, batch(vec![]), vec![], &[]),
        (false, batch(vec![sent("a")]), vec![stored], &[]),
        (false, batch(ahead()), vec![], &[]),
        (false, SyncBatch { dry_run: true, ..batch(vec![sent("a")]) }, vec![], &[]),
    ] {
        let people = Arc::new(People::with(&[(2, 3), (3, 4), (4, 5)]));
        people.above.lock().expect("referrals").insert(1, (2, is_paid));
        let dry_run = batch.dry_run;
        block_on(usage(&people, stored).sync(user(1), batch)).expect("a sync");
        assert_eq!(people.paid(), paid);
        let owes = people.account(1).and_then(|account| account.unpaid_referrer()).is_some();
        assert_eq!(owes, !is_paid && paid.is_empty());
        let locked = if is_paid || dry_run { vec![] } else { vec![vec![1, 2, 3, 4]] };
        assert_eq!(*people.locks.lock().expect("locks"), locked, "others are locked only to be paid");
    }
}

#[test]
fn sync_referral_paid_meanwhile_is_not_paid_again() {
    let people = Arc::new(People { meanwhile: Mutex::new(Some((1, 2))), ..People::default() });
    people.above.lock().expect("referrals").insert(1, (2, false));
    block_on(usage(&people, vec![]).sync(user(1), batch(vec![sent("a")]))).expect("a sync");
    assert_eq!(people.locks.lock().expect("locks").len(), 1);
    assert_eq!(people.paid(), []);
}

fn identity(people: &Arc<People>) -> Identity {
    let shared = people.clone();
    let store = TestUnitOfWork::store(move || {
        let mut tx = shared.transaction();
        tx.users.expect_insert().returning(|_, _| Ok(()));
        tx.sessions.expect_insert().returning(|_| Ok(()));
        tx
    });
    let mut passwords = MockPasswordHasher::new();
    passwords.expect_hash().returning(|_| Ok(PasswordHash("a hash".into())));
    Identity::new(store.deps(), Arc::new(MockSessionReader::new()), Arc::new(passwords), salt())
}

#[test]
fn register_with_code_gets_referrer_and_old_code_is_ignored() {
    for (named, above) in [
        (None, &[][..]),
        (Some(code(2)), &[2, 3]),
        (Some(code(99)), &[]),
        (Some(code(999)), &[]),
        (Some(code(3)), &[3]),
    ] {
        let people = Arc::new(People { deleted: [99].into(), ..People::with(&[(2, 3)]) });
        let registration = Registration {
            email: Email::trusted("ada@example.org"),
            password: Password::typed("correct horse"),
            username: Username::trusted("ada"),
            name: None,
            zone: None,
            referral_code: named.clone(),
            invitation: None,
        };
        let ada = block_on(identity(&people).register(registration, device())).expect("an account").session.user;
        assert_eq!(people.chain(ada.0.as_u128()), above, "{named:?}");
        assert_eq!(*people.judged.lock().expect("people"), above, "who counts one more");
        assert_eq!(people.converted.lock().expect("clicks").len(), usize::from(!above.is_empty()));
        assert_eq!((people.paid(), people.commits.load(Ordering::SeqCst)), (vec![], 1));
    }
}

#[test]
fn referral_code_is_created_at_first_use_and_again_when_taken() {
    for (known, free, tries, expected) in [
        (Some(code(5)), &[][..], 0, Ok(Some(code(5)))),
        (None, &[true], 1, Ok(None)),
        (None, &[false, false, true], 3, Ok(None)),
        (None, &[false; 8], 8, Err(ErrorKind::Internal)),
    ] {
        let mut reader = MockReferralReader::new();
        reader.expect_code().returning(move |_| Ok(known.clone()));
        let (attempts, given) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(None)));
        let (count, kept) = (attempts.clone(), given.clone());
        let store = TestUnitOfWork::store(move || {
            let (mut tx, count, kept) = (TestUnitOfWork::default(), count.clone(), kept.clone());
            tx.referrals.expect_code().returning(|_| Ok(None));
            tx.referrals.expect_give_code().returning(move |_, code, _| {
                let is_free = free[count.fetch_add(1, Ordering::SeqCst)];
                *kept.lock().expect("a code") = is_free.then(|| code.clone());
                Ok(is_free)
            });
            tx
        });
        let reads = TestReads { referrals: reader, ..TestReads::default() };
        let referrals = Referrals::new(store.with_reads(reads).deps(), salt());
        let answer = block_on(referrals.code(user(1))).map_err(|error| error.kind());
        let made = given.lock().expect("a code").clone();
        assert_eq!(answer, expected.map(|known| known.or(made).expect("a code")));
        assert_eq!(attempts.load(Ordering::SeqCst), tries);
    }
}

#[test]
fn referral_code_is_shown_to_owner_only() {
    let mut reader = MockReferralReader::new();
    reader.expect_code().returning(|_| Ok(Some(code(1))));
    let reads = TestReads { referrals: reader, ..TestReads::default() };
    let referrals = Referrals::new(TestStore::reading(reads).deps(), salt());
    for (viewer, shown) in [(Some(user(1)), Some(code(1))), (Some(user(2)), None), (None, None)] {
        assert_eq!(block_on(referrals.own_code(user(1), viewer)).expect("an answer"), shown);
    }
}

#[test]
fn click_is_stored_by_code_and_visitor() {
    for (typed, stored) in [("OOOOOOO2", 1), ("00000002", 1), ("no code!", 0), ("", 0)] {
        let commits = Arc::new(AtomicUsize::new(0));
        let counted = commits.clone();
        let store = TestUnitOfWork::store(move || {
            let mut tx = TestUnitOfWork { commits: counted.clone(), ..TestUnitOfWork::default() };
            tx.referrals
                .expect_click()
                .times(1)
                .withf(|of, visitor, network, now, limits| {
                    let hashed = (salt().visitor(&code(2), &device()), salt().network(&code(2), &device()));
                    (of, (*visitor, *network), *now, *limits) == (&code(2), hashed, NOW, CLICK_LIMITS)
                })
                .returning(|_, _, _, _, _| Ok(()));
            tx
        });
        let referrals = Referrals::new(store.deps(), salt());
        block_on(referrals.click(typed, &device())).expect("an answer");
        assert_eq!(commits.load(Ordering::SeqCst), stored, "{typed}");
    }
}
