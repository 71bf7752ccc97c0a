use std::collections::{BTreeSet, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use pollster::block_on;
use uuid::Uuid;

use super::*;
use crate::achievements::ports::ProgressEvent;
use crate::achievements::{ProgressEvents, find_by_slug};
use crate::identity::{Device, ProviderName, Scopes};
use crate::notifications::{Channels, NotificationKind};
use crate::payload::StoredData;
use crate::portability::{
    Machine, OwnReferralCode, PastApiToken, PastFollow, PastReferral, PastSession, ReferralDirection,
};
use crate::pricing::Cost;
use crate::progression::EventXp;
use crate::projects::{ProjectDetails, Title};
use crate::referrals::ReferralCode;
use crate::testing::{TestUnitOfWork, facts, test_user, variant};
use crate::usage::Source;
use crate::usage::ports::RollupChanges;
use crate::usage::room::NameUse;
use crate::usage::testing::{NOW, account, message};
use crate::users::WebUrl;

const SOURCE_USER: UserId = UserId(Uuid::from_u128(1));
const TARGET_USER: UserId = UserId(Uuid::from_u128(2));

/// Imports with transactions that `prepare` sets up, and the number of commits.
fn imports(prepare: impl Fn(&mut TestUnitOfWork) + Send + Sync + 'static) -> (Imports, Arc<AtomicUsize>) {
    let commits = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&commits);
    let store = TestUnitOfWork::store(move || {
        let mut tx = TestUnitOfWork { commits: Arc::clone(&counted), ..TestUnitOfWork::default() };
        prepare(&mut tx);
        tx
    });
    let prices = Arc::new(CurrentBook::shipped());
    (Imports::new(store.deps(), prices), commits)
}

/// A transaction of an import into the account `ada` of this instance.
fn here(tx: &mut TestUnitOfWork) {
    tx.users
        .expect_find_by_username()
        .returning(|name| Ok((name.as_str() == "ada").then(|| (test_user(TARGET_USER, "ada"), None))));
    tx.accounts.expect_lock().returning(|_| Ok(Some(account())));
    tx.progress.expect_unlocked().returning(|_| Ok(Vec::new()));
    tx.expect_settling(BTreeSet::new());
}

/// A transaction that creates accounts and records them in `made`. If `held`, another account has ada's address.
fn making(tx: &mut TestUnitOfWork, held: bool, made: &Arc<Mutex<Vec<User>>>) {
    tx.users.expect_free_usernames().returning(|names| Ok(names.to_vec()));
    tx.users.expect_find_for_sign_in().returning(move |_, _| Ok(held.then(|| (test_user(SOURCE_USER, "bob"), None))));
    let made = made.clone();
    tx.users.expect_insert().withf(|_, password| password.is_none()).returning(move |user, _| {
        made.lock().expect("a lock").push(user.clone());
        Ok(())
    });
    tx.accounts.expect_lock().returning(|_| Ok(Some(account())));
    tx.progress.expect_unlocked().returning(|_| Ok(Vec::new()));
    tx.expect_settling(BTreeSet::new());
}

fn existing(name: &str) -> ImportTarget {
    ImportTarget::Existing(Username::trusted(name))
}

fn entry(id: &str, count: u64) -> LedgerEntry {
    LedgerEntry { message: message(id, count), cost: Cost::Unpriced }
}

#[test]
fn import_address_is_verified_only_if_trusted_and_never_taken_from_another_account() {
    // Verified there, trusted here, held by another account here: whether the address is imported, and whether it is verified.
    for (verified, is_trusted, held, expected) in [
        (true, false, false, Some(false)),
        (true, true, false, Some(true)),
        (false, true, false, Some(false)),
        (true, true, true, None),
        (true, false, true, None),
    ] {
        let made = Arc::new(Mutex::new(Vec::new()));
        let recorded = made.clone();
        let (imports, commits) = imports(move |tx| making(tx, held, &recorded));
        let imported_user = User { email_verified: verified, is_admin: true, ..test_user(SOURCE_USER, "ada") };
        let import = block_on(imports.begin(ImportTarget::New { is_trusted }, imported_user)).expect("an import");
        assert_eq!(commits.load(Ordering::SeqCst), 0, "nothing is stored yet");
        let report = block_on(import.finish()).expect("a report");
        let user = made.lock().expect("a lock")[0].clone();
        assert_eq!(user.email.is_some().then_some(user.email_verified), expected, "{verified} {is_trusted} {held}");
        assert!(!user.is_admin && user.id != SOURCE_USER && report.user == user.id && report.is_new);
        assert_eq!((report.email, commits.load(Ordering::SeqCst)), (user.email, 1));
    }
}

#[test]
fn import_linked_accounts_are_kept_only_if_trusted_and_new() {
    let link = ExternalLink {
        user: SOURCE_USER,
        provider: ProviderName::trusted("github"),
        subject: "7".to_owned(),
        login: "ada".to_owned(),
        linked_at: NOW,
    };
    for (target, times) in [
        (ImportTarget::New { is_trusted: false }, 0),
        (ImportTarget::New { is_trusted: true }, 1),
        (existing("ada"), 0),
    ] {
        let (imports, _) = imports(move |tx| {
            making(tx, false, &Arc::default());
            tx.users.expect_find_by_username().returning(|_| Ok(Some((test_user(TARGET_USER, "ada"), None))));
            tx.external_accounts
                .expect_insert()
                .times(times)
                .withf(|link| link.user != SOURCE_USER)
                .returning(|_| Ok(true));
        });
        let mut import = block_on(imports.begin(target, test_user(SOURCE_USER, "ada"))).expect("an import");
        block_on(import.take(ExportPart::ExternalAccounts(vec![link.clone()]))).expect("an imported part");
        assert_eq!(block_on(import.finish()).expect("a report").links, times as u64);
    }
}

#[test]
fn import_into_used_or_unknown_username_is_refused() {
    let (taken, _) = imports(|tx| {
        tx.users.expect_free_usernames().returning(|_| Ok(Vec::new()));
    });
    let error = block_on(taken.begin(ImportTarget::New { is_trusted: false }, test_user(SOURCE_USER, "ada"))).err();
    assert_eq!(error.map(|error| variant(&error)), Some("UsernameTaken"));
    let (new_account, _) = imports(here);
    let error = block_on(new_account.begin(existing("eve"), test_user(SOURCE_USER, "ada"))).err();
    assert_eq!(error.map(|error| variant(&error)), Some("UnknownUsername"));
}

#[test]
fn import_messages_are_counted_per_tool_and_priced_by_local_book() {
    let begun = Arc::new(AtomicUsize::new(0));
    let (imports, commits) = imports(move |tx| {
        tx.ledger.expect_make_names().returning(|_| Ok(()));
        // The second transaction makes names and nothing else.
        if begun.fetch_add(1, Ordering::SeqCst) > 0 {
            return;
        }
        here(tx);
        let stored = entry("known", 10);
        tx.ledger.expect_name_use().returning(|_, _| Ok(NameUse::default()));
        tx.ledger.expect_handovers().returning(|_| Ok(Vec::new()));
        tx.ledger.expect_find().times(2).returning(move |_, source, _| {
            Ok(if source.as_str() == "claude-code" { vec![stored.clone()] } else { Vec::new() })
        });
        let priced = |new: &[LedgerEntry]| new.iter().all(|entry| entry.cost != Cost::Unpriced);
        tx.ledger.expect_write().times(2).withf(move |_, new, _| priced(new)).returning(|_, _, _| Ok(()));
        tx.ledger.expect_apply_delta().times(2).returning(|_, _| Ok(RollupChanges::default()));
    });
    let mut import = block_on(imports.begin(existing("ada"), test_user(SOURCE_USER, "ada"))).expect("an import");
    let mut elsewhere = entry("new", 5);
    elsewhere.message.source = crate::usage::Source::trusted("codex");
    let part = vec![entry("new", 5), elsewhere, entry("known", 10), entry("new", 4)];
    block_on(import.take(ExportPart::Messages(part))).expect("an imported part");
    let report = block_on(import.finish()).expect("a report");
    assert_eq!((report.new_messages, report.updated_messages, report.known_messages), (2, 0, 2));
    assert_eq!(commits.load(Ordering::SeqCst), 2, "the names, then the import");
}

#[test]
fn import_project_beyond_limit_is_left_out() {
    let named = |id, project| {
        let LedgerEntry { message, cost } = entry(id, 5);
        LedgerEntry { message: UsageMessage { project: Some(ProjectName::trusted(project)), ..message }, cost }
    };
    let (imports, _) = imports(|tx| {
        here(tx);
        tx.ledger.expect_make_names().returning(|_| Ok(()));
        tx.ledger.expect_name_use().returning(|_, _| Ok(NameUse::default()));
        let shop = || ProjectName::trusted("shop");
        tx.ledger
            .expect_make_projects()
            .withf(|user, wanted| *user == TARGET_USER && wanted.iter().map(ProjectName::as_str).eq(["blog", "shop"]))
            .returning(move |_, _| Ok(HashSet::from([shop()])));
        tx.ledger.expect_handovers().returning(|_| Ok(Vec::new()));
        tx.ledger.expect_find().returning(|_, _, _| Ok(Vec::new()));
        let projects =
            |new: &[LedgerEntry]| new.iter().filter_map(|entry| entry.message.project.clone()).collect::<Vec<_>>();
        tx.ledger
            .expect_write()
            .withf(move |_, new, _| new.len() == 3 && projects(new) == [shop()])
            .returning(|_, _, _| Ok(()));
        tx.ledger.expect_apply_delta().returning(|_, _| Ok(RollupChanges::default()));
    });
    let mut import = block_on(imports.begin(existing("ada"), test_user(SOURCE_USER, "ada"))).expect("an import");
    let part = vec![named("a", "shop"), named("b", "blog"), entry("c", 5)];
    block_on(import.take(ExportPart::Messages(part))).expect("an imported part");
    let report = block_on(import.finish()).expect("a report");
    assert_eq!((report.new_messages, report.ignored_projects), (3, 1));
}

#[test]
fn import_names_beyond_limits_are_refused() {
    let machines = |count: usize| {
        let machine = |n: usize| Machine { id: MachineId::trusted(format!("m{n}")), last_synced_at: NOW };
        ExportPart::Machines((0..count).map(machine).collect())
    };
    let used = |sources, models| NameUse {
        new_sources: std::iter::once(Source::trusted("claude-code")).collect(),
        new_models: std::iter::once(entry("a", 1).message.model).collect(),
        sources,
        models,
    };
    for (part, used, code) in [
        (machines(1_001), used(0, 0), Some("TooManyNames")),
        (machines(1_000), used(0, 0), None),
        (ExportPart::Messages(vec![entry("a", 1)]), used(0, 5_000), Some("TooManyNames")),
        (ExportPart::Messages(vec![entry("a", 1)]), used(200, 0), Some("TooManyNames")),
    ] {
        let (imports, commits) = imports(move |tx| {
            here(tx);
            let used = used.clone();
            tx.ledger.expect_name_use().returning(move |_, _| Ok(used.clone()));
            tx.imports.expect_upsert_machines().returning(|_, _| Ok(()));
        });
        let mut import = block_on(imports.begin(existing("ada"), test_user(SOURCE_USER, "ada"))).expect("an import");
        assert_eq!(block_on(import.take(part)).err().map(|error| variant(&error)), code);
        assert_eq!(commits.load(Ordering::SeqCst), 0);
    }
}

#[test]
fn import_tokens_beyond_limit_are_refused() {
    let (imports, commits) = imports(here);
    let mut import = block_on(imports.begin(existing("ada"), test_user(SOURCE_USER, "ada"))).expect("an import");
    let most = u64::try_from(MOST_TOKENS).expect("positive");
    for part in [vec![entry("a", most / 2 + 1)], vec![entry("a", u64::MAX / 2), entry("b", u64::MAX / 2)]] {
        let error = block_on(import.take(ExportPart::Messages(part))).err();
        assert_eq!(error.map(|error| variant(&error)), Some("OutOfRange"));
    }
    assert_eq!(commits.load(Ordering::SeqCst), 0);
}

#[test]
fn import_stores_past_progress_before_settling() {
    let (imports, _) = imports(|tx| {
        tx.users.expect_find_by_username().returning(|_| Ok(Some((test_user(TARGET_USER, "ada"), None))));
        tx.accounts.expect_lock().returning(|_| Ok(Some(account())));
        tx.progress.expect_unlocked().returning(|_| Ok(Vec::new()));
        let mut order = mockall::Sequence::new();
        let answer = |events: &[&str]| {
            let events: ProgressEvents = events.iter().map(|reason| ((*reason).to_owned(), EventXp(5_000))).collect();
            move |_| Ok(Some((facts(BTreeSet::new()), events.clone())))
        };
        tx.progress.expect_facts().times(1).in_sequence(&mut order).returning(answer(&[]));
        tx.imports.expect_keep_events().times(1).in_sequence(&mut order).returning(|_, _| Ok(()));
        tx.imports.expect_keep_unlocks().times(1).in_sequence(&mut order).returning(|_, _| Ok(()));
        let settled = answer(&["achievement:first-sync:0"]);
        tx.progress.expect_facts().times(1).in_sequence(&mut order).returning(settled);
        tx.progress.expect_award().times(1).in_sequence(&mut order).returning(|_, _, _| Ok(()));
    });
    let mut import = block_on(imports.begin(existing("ada"), test_user(SOURCE_USER, "ada"))).expect("an import");
    let event = ProgressEvent { reason: "achievement:first-sync:0".to_owned(), xp: EventXp(5_000) };
    let id = find_by_slug("first-sync").expect("a definition").id();
    let unlock = PastUnlock { id, tier: None, at: NOW, pinned_at: None };
    block_on(import.take(ExportPart::Events(vec![PastEvent { event, at: NOW }]))).expect("an imported part");
    block_on(import.take(ExportPart::Unlocks(vec![unlock]))).expect("an imported part");
    let report = block_on(import.finish()).expect("a report");
    assert_eq!((report.unlocks, report.events, report.is_new), (1, 1, false));
}

/// The result of importing `part` into the account `ada`, and the number of commits.
fn taken(
    part: ExportPart,
    prepare: impl Fn(&mut TestUnitOfWork) + Send + Sync + 'static,
) -> (Result<Imported, &'static str>, usize) {
    let (imports, commits) = imports(move |tx| {
        here(tx);
        prepare(tx);
    });
    let mut import = block_on(imports.begin(existing("ada"), test_user(SOURCE_USER, "ada"))).expect("an import");
    let taken = block_on(import.take(part));
    let report = taken.and_then(|()| block_on(import.finish())).map_err(|error| variant(&error));
    (report, commits.load(Ordering::SeqCst))
}

#[test]
fn import_activities_and_notifications_get_new_ids_and_new_ones_are_counted() {
    let data = StoredData("{}".to_owned());
    let past = PastActivity { kind: "level_up".to_owned(), data: data.clone(), at: NOW };
    let activities = vec![past.clone(), PastActivity { kind: "badge_earned".to_owned(), ..past }];
    let expected = activities.clone();
    let (report, _) = taken(ExportPart::Activities(activities), move |tx| {
        let expected = expected.clone();
        tx.imports
            .expect_keep_activities()
            .times(1)
            .withf(move |user, kept| {
                let what: Vec<_> = kept.iter().map(|(_, past)| past.clone()).collect();
                *user == TARGET_USER && kept[0].0 != kept[1].0 && what == expected
            })
            .returning(|_, _| Ok(1));
    });
    let report = report.expect("a report");
    assert_eq!((report.activities, report.notifications), (1, 0));

    let past_notification = PastNotification {
        kind: "level_up".to_owned(),
        title: "Level 2".to_owned(),
        message: "You reached level 2.".to_owned(),
        data,
        dedup_key: "level_up:2".to_owned(),
        created_at: NOW,
        read_at: None,
    };
    let expected = past_notification.clone();
    let (report, _) = taken(ExportPart::Notifications(vec![past_notification]), move |tx| {
        let expected = expected.clone();
        tx.imports
            .expect_keep_notifications()
            .times(1)
            .withf(move |user, kept| *user == TARGET_USER && kept.len() == 1 && kept[0].1 == expected)
            .returning(|_, _| Ok(1));
    });
    let report = report.expect("a report");
    assert_eq!((report.activities, report.notifications), (0, 1));
}

#[test]
fn import_projects_get_new_ids_and_new_ones_are_counted() {
    let project = |title: &str| PastProject {
        details: ProjectDetails {
            title: Some(Title::trusted(title)),
            description: None,
            url: WebUrl::trusted("https://example.org"),
            is_featured: true,
        },
        created_at: NOW,
        updated_at: NOW,
    };
    let projects = vec![project("one"), project("two")];
    let expected = projects.clone();
    let (report, _) = taken(ExportPart::Projects(projects), move |tx| {
        let expected = expected.clone();
        tx.imports
            .expect_keep_projects()
            .times(1)
            .withf(move |user, kept| {
                let what: Vec<_> = kept.iter().map(|(_, past)| past.clone()).collect();
                *user == TARGET_USER && kept[0].0 != kept[1].0 && what == expected
            })
            .returning(|_, _| Ok(1));
    });
    assert_eq!(report.expect("a report").projects, 1);
}

#[test]
fn import_machines_preferences_and_code_belong_to_the_target() {
    let machine = Machine { id: MachineId::unnamed(), last_synced_at: NOW };
    let (report, commits) = taken(ExportPart::Machines(vec![machine]), |tx| {
        tx.imports
            .expect_upsert_machines()
            .times(1)
            .withf(|user, kept_machines| (*user, kept_machines.len()) == (TARGET_USER, 1))
            .returning(|_, _| Ok(()));
    });
    assert!(report.is_ok() && commits == 1);

    let wishes = vec![(NotificationKind::StreakAtRisk, Channels { in_app: false, email: true })];
    let expected = wishes.clone();
    let (report, commits) = taken(ExportPart::Preferences(wishes), move |tx| {
        let expected = expected.clone();
        tx.imports
            .expect_keep_preferences()
            .times(1)
            .withf(move |user, preferences| *user == TARGET_USER && *preferences == expected)
            .returning(|_, _| Ok(()));
    });
    assert!(report.is_ok() && commits == 1);

    for is_free in [true, false] {
        let code = ReferralCode::trusted("ABCD2345");
        let own = OwnReferralCode { code: code.clone(), created_at: NOW, clicks: 3, converted: 1 };
        let (report, commits) = taken(ExportPart::Code(own), move |tx| {
            let code = code.clone();
            tx.referrals
                .expect_give_code()
                .times(1)
                .withf(move |user, given, at| (*user, given, *at) == (TARGET_USER, &code, NOW))
                .returning(move |_, _, _| Ok(is_free));
        });
        assert!(report.is_ok() && commits == 1, "a code that is in use is left out: {is_free}");
    }
}

#[test]
fn import_tokens_sessions_referrals_and_follows_change_nothing() {
    let friend = PastFollow { username: Username::trusted("bob"), since: NOW, is_requested: false };
    let token = PastApiToken {
        name: "laptop".to_owned(),
        scopes: Scopes { sync: true, read: true },
        created_at: NOW,
        expires_at: None,
        last_used_at: None,
    };
    let session = PastSession { created_at: NOW, expires_at: NOW, last_used_at: NOW, device: Device::default() };
    let came = PastReferral {
        came: ReferralDirection::ByThem,
        username: Username::trusted("bob"),
        created_at: NOW,
        paid_at: Some(NOW),
    };
    for part in [
        ExportPart::Account(Box::new(test_user(SOURCE_USER, "eve"))),
        ExportPart::ApiTokens(vec![token]),
        ExportPart::Sessions(vec![session]),
        ExportPart::Referrals(vec![came]),
        ExportPart::Follows(vec![friend.clone()]),
        ExportPart::Followers(vec![friend]),
    ] {
        // The mocks expect settling alone, so any other write panics.
        let (report, commits) = taken(part, |_| {});
        let expected = Imported {
            user: TARGET_USER,
            username: Username::trusted("ada"),
            email: test_user(TARGET_USER, "ada").email,
            ..Imported::nothing()
        };
        assert_eq!((report, commits), (Ok(expected), 1));
    }
}

#[test]
fn import_failed_part_commits_nothing() {
    let machine = Machine { id: MachineId::unnamed(), last_synced_at: NOW };
    let (report, commits) = taken(ExportPart::Machines(vec![machine]), |tx| {
        tx.imports.expect_upsert_machines().returning(|_, _| Err(StoreError::Unavailable("away".to_owned())));
    });
    assert_eq!((report, commits), (Err("Store"), 0));
}

#[test]
fn import_username_taken_meanwhile_is_reported_as_taken() {
    for (constraint, code) in [("users_username_key", "UsernameTaken"), ("users_email_key", "Store")] {
        let (imports, commits) = imports(move |tx| {
            tx.users.expect_free_usernames().returning(|names| Ok(names.to_vec()));
            tx.users.expect_find_for_sign_in().returning(|_, _| Ok(None));
            tx.users
                .expect_insert()
                .returning(move |_, _| Err(StoreError::Conflict { constraint: constraint.to_owned() }));
        });
        let error =
            block_on(imports.begin(ImportTarget::New { is_trusted: false }, test_user(SOURCE_USER, "ada"))).err();
        assert_eq!((error.map(|error| variant(&error)), commits.load(Ordering::SeqCst)), (Some(code), 0));
    }
}
