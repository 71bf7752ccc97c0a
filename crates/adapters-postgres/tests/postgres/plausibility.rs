//! Plausibility: findings over all accounts, stored and refuted.

use std::sync::Arc;

use domain::administration::Administrator;
use domain::ids::UserId;
use domain::page::{Page, PageRequest};
use domain::plausibility::{CheckReport, EvidenceKind, Flags, Plausibility, Suspect};
use domain::usage::SentMessage;
use domain::usage::testing::{batch, sent};
use domain::users::User;
use time::{Duration, OffsetDateTime};
use tokio::task::JoinSet;

use crate::common::{Fixture, NOW, fixture};
use crate::leaderboard::community::{used, with};

const PAGE: PageRequest = PageRequest { page: 1, size: 50 };

impl Fixture {
    fn plausibility_at(&self, now: OffsetDateTime) -> Plausibility {
        Plausibility::new(self.deps_at(now))
    }

    /// Checks all accounts.
    async fn check(&self) -> CheckReport {
        self.plausibility_at(NOW).check().await.expect("a check")
    }

    /// The accounts with a reason of at least `score`, as an administrator sees them at `now`.
    async fn suspects(&self, score: u8, now: OffsetDateTime, request: PageRequest) -> Page<Suspect> {
        let admin = Administrator::unchecked(UserId(uuid::Uuid::from_u128(1)));
        self.plausibility_at(now).suspects(&admin, score, request).await.expect("suspects")
    }

    async fn flags(&self, user: &User) -> Flags {
        self.plausibility_at(NOW).flags(user.id).await.expect("flags")
    }

    /// Kinds and scores of what was found about `user`, the strongest first.
    async fn found(&self, user: &User) -> Vec<(EvidenceKind, u8)> {
        self.flags(user).await.reasons.iter().map(|reason| (reason.kind, reason.score)).collect()
    }

    /// `count` messages of `user` with ids from `name`, one an hour, shifted by some seconds.
    async fn send(&self, user: &User, name: &str, count: i64, seconds: i64) {
        let message = |n: i64| {
            let at = NOW - Duration::hours(n) + Duration::seconds(seconds);
            SentMessage { at, input: 100, ..sent(&format!("{name}{n}")) }
        };
        let messages = (0..count).map(message).collect();
        self.usage().sync(user.id, batch(messages)).await.expect("a sync");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rates_are_judged_by_the_largest_day_and_hour() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_user("ada", None).await, fixture.create_user("bob", None).await);
    fixture.use_up(&[used(&ada, 0, 9), used(&ada, 1, 9), used(&ada, 2, 9), used(&bob, 0, 9)]).await;
    fixture
        .run(
            "UPDATE usage_days SET output = 900000000, reasoning = 8640000000 WHERE day = '2026-11-21';
             UPDATE usage_days SET output = 864000000 WHERE day = '2026-11-22';
             INSERT INTO usage_hours SELECT user_key, day, 23, 1, 19200000001 FROM usage_days WHERE day = '2026-11-20';
             INSERT INTO usage_hours SELECT user_key, day, 22, 1, 19200000000 FROM usage_days WHERE day = '2026-11-22';",
        )
        .await;
    assert_eq!(fixture.check().await, CheckReport { accounts: 1, reasons: 2 });
    assert_eq!(fixture.found(&ada).await, [(EvidenceKind::OutputRate, 100), (EvidenceKind::HourlyRate, 40)]);
    assert_eq!(fixture.found(&bob).await, []);
    let message = &fixture.flags(&ada).await.reasons[0].message;
    assert!(message.starts_with("8,640,000,000 tokens were written on 2026-11-21."), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn heavy_usage_of_a_known_model_gets_a_low_score() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    // Five days of 20 billion tokens, nearly all of them read from caches, within ten hours each, of a known model.
    let rows: Vec<_> = (0..5)
        .map(|day| with(&used(&ada, day, 20_000_000_000), "claude-code", "claude-sonnet-4-5"))
        .map(|row| domain::leaderboard::ranking::DayUsageByModel {
            input: 100_000_000,
            cache_read: 19_800_000_000,
            ..row
        })
        .collect();
    fixture.use_up(&rows).await;
    fixture
        .run(
            "UPDATE usage_days SET output = 100000000;
             INSERT INTO usage_hours SELECT user_key, day, hour, 500, 2000000000 FROM usage_days, generate_series(9, 18) AS hour;",
        )
        .await;
    fixture.check().await;
    let flags = fixture.flags(&ada).await;
    assert_eq!((flags.score(), flags.standing.is_none()), (13, true));
    assert!(flags.reasons[0].message.contains("do reach that"), "{flags:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn models_without_a_price_of_one_account_are_found() {
    let fixture = fixture();
    let [ada, bob, eve] = [
        fixture.create_user("ada", None).await,
        fixture.create_user("bob", None).await,
        fixture.create_user("eve", None).await,
    ];
    let of = |user, model, tokens| with(&used(user, 0, tokens), "codex", model);
    fixture
        .use_up(&[
            of(&ada, "gpt-99", 1_500_000_000),
            of(&ada, "gpt-98", 600_000_000),
            of(&ada, "gpt-5", 3_000_000_000),
            of(&bob, "our-own", 5_000_000_000),
            of(&eve, "our-own", 1),
            of(&eve, "eves-own", 900_000_000),
        ])
        .await;
    let unpriced = "UPDATE usage_rollups SET unpriced_tokens = tokens
                    WHERE model_key IN (SELECT key FROM models WHERE name <> 'gpt-5')";
    fixture.run(unpriced).await;
    fixture.check().await;
    assert_eq!(fixture.found(&ada).await, [(EvidenceKind::UnknownModels, 26)]);
    let message = &fixture.flags(&ada).await.reasons[0].message;
    assert!(
        message.starts_with("2,100,000,000 tokens come from 2 models") && message.contains("mostly gpt-99"),
        "{message}"
    );
    assert_eq!((fixture.found(&bob).await, fixture.found(&eve).await), (vec![], vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_with_the_same_messages_are_found_and_the_younger_one_is_the_copy() {
    let fixture = fixture();
    let [ada, bob, eve, joe, kim] = [
        fixture.create_user("ada", None).await,
        fixture.create_user("bob", None).await,
        fixture.create_user("eve", None).await,
        fixture.create_user("joe", None).await,
        fixture.create_user("kim", None).await,
    ];
    fixture.run("UPDATE users SET created_at = created_at - interval '1 day' WHERE username = 'ada'").await;
    // Ada has 6,000 messages; Bob copied 300 of them, all he has; Eve has as many ids of her own.
    fixture.send(&ada, "a", 6_000, 0).await;
    fixture.send(&bob, "a", 300, 0).await;
    fixture.send(&eve, "e", 300, 0).await;
    // Joe's ids are Ada's and his messages are not.
    fixture.send(&joe, "a", 300, 1).await;
    // Kim copied too few to be judged.
    fixture.send(&kim, "a", 99, 0).await;
    fixture.check().await;
    assert_eq!(fixture.found(&bob).await.first(), Some(&(EvidenceKind::SharedMessages, 100)));
    let kinds = async |user| fixture.found(user).await.into_iter().map(|(kind, _)| kind).collect::<Vec<_>>();
    for user in [&ada, &eve, &joe, &kim] {
        assert!(!kinds(user).await.contains(&EvidenceKind::SharedMessages), "{}", user.username);
    }
    let message = &fixture.flags(&bob).await.reasons[0].message;
    assert_eq!(message, "300 of 300 messages are also in another account.");

    // The copy and its original are both found from their samples.
    let zoe = fixture.create_user("zoe", None).await;
    fixture.send(&zoe, "a", 6_000, 0).await;
    fixture.check().await;
    assert_eq!(fixture.found(&zoe).await.first(), Some(&(EvidenceKind::SharedMessages, 100)));
    assert_eq!(fixture.found(&ada).await.first(), Some(&(EvidenceKind::SharedMessages, 50)));
    let suspects = fixture.suspects(50, NOW, PAGE).await;
    let bobs = suspects.items.iter().find(|suspect| suspect.username == bob.username).expect("Bob");
    assert_eq!(bobs.reasons[0].1.as_ref().map(|other| other.as_str().len()), Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_with_the_same_days_are_all_found() {
    let fixture = fixture();
    let mut rows = Vec::new();
    let mut people = Vec::new();
    for name in ["ada", "bob", "eve"] {
        let user = fixture.create_user(name, None).await;
        rows.extend((0..6).map(|day| used(&user, day, 10_000 + day)));
        people.push(user);
    }
    // Few days, small days, old days, and days of one's own: no match.
    let other = fixture.create_user("joe", None).await;
    rows.extend((0..4).map(|day| used(&other, day, 10_000 + day)));
    rows.extend((4..20).map(|day| used(&other, day, 77_000 + day)));
    let [small, old] = [fixture.create_user("kim", None).await, fixture.create_user("lee", None).await];
    rows.extend((0..6).flat_map(|day| [used(&small, day, 9_999), used(&old, day + 200, 50_000 + day)]));
    let [small_too, old_too] = [fixture.create_user("max", None).await, fixture.create_user("ned", None).await];
    rows.extend((0..6).flat_map(|day| [used(&small_too, day, 9_999), used(&old_too, day + 200, 50_000 + day)]));
    fixture.use_up(&rows).await;
    assert_eq!(fixture.check().await, CheckReport { accounts: 3, reasons: 3 });
    // All were made at the same time: the first by its key was there first.
    let scores = [fixture.found(&people[0]).await, fixture.found(&people[1]).await, fixture.found(&people[2]).await];
    assert_eq!(
        scores,
        [[(EvidenceKind::SameDays, 40)], [(EvidenceKind::SameDays, 80)], [(EvidenceKind::SameDays, 80)]]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn refuted_reason_is_removed_and_kept_reason_keeps_its_first_time() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_user("ada", None).await, fixture.create_user("bob", None).await);
    fixture.use_up(&[used(&ada, 0, 20_000_000_000), used(&bob, 0, 30_000_000_000)]).await;
    fixture.check().await;
    fixture.run("UPDATE usage_days SET tokens = 100000000000 WHERE tokens = 20000000000").await;
    fixture.run("UPDATE usage_days SET tokens = 1 WHERE tokens = 30000000000").await;
    let later = NOW + Duration::HOUR;
    let checked = fixture.plausibility_at(later).check().await.expect("a check");
    assert_eq!(checked, CheckReport { accounts: 1, reasons: 1 });
    let [reason] = &fixture.flags(&ada).await.reasons[..] else { panic!("one reason") };
    assert_eq!((reason.score, reason.first_seen, reason.last_seen), (20, NOW, later));
    assert_eq!(fixture.flags(&bob).await, Flags::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn plausibility_reason_leaves_the_board_unchanged_and_flag_is_shown_until_it_ends() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_user("ada", None).await, fixture.create_user("bob", None).await);
    fixture.use_up(&[used(&ada, 0, 20_000_000_000), used(&bob, 0, 9)]).await;
    fixture.check().await;
    fixture.refresh().await;
    let board = fixture.lines(&crate::leaderboard::community::by_tokens(), None).await;
    assert_eq!(board, ["1 ada 20000000000", "2 bob 9"]);
    fixture.flag(&ada, Some(NOW + Duration::HOUR)).await;
    let standing = fixture.flags(&ada).await.standing.expect("a decision");
    assert_eq!((standing.reason.as_str(), standing.expires_at), ("no", Some(NOW + Duration::HOUR)));
    let later = fixture.plausibility_at(NOW + Duration::HOUR).flags(ada.id).await.expect("flags");
    assert_eq!((later.score(), later.standing), (13, None));
    fixture.flag(&bob, None).await;
    assert!(fixture.flags(&bob).await.standing.is_some());
    fixture.run("UPDATE account_flags SET lifted_at = now()").await;
    assert!(fixture.flags(&bob).await.standing.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_account_is_not_checked_and_not_named() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_user("ada", None).await, fixture.create_user("bob", None).await);
    let rows = [&ada, &bob].into_iter().flat_map(|user| (0..6).map(|day| used(user, day, 10_000 + day)));
    fixture.use_up(&rows.collect::<Vec<_>>()).await;
    fixture.check().await;
    let suspects = async || fixture.suspects(1, NOW, PAGE).await;
    let line = |suspect: Suspect| (suspect.username, suspect.reasons[0].1.clone());
    let names: Vec<_> = suspects().await.items.into_iter().map(line).collect();
    let (ada_name, bob_name) = (ada.username.clone(), bob.username.clone());
    assert_eq!(names, [(bob_name.clone(), Some(ada_name.clone())), (ada_name.clone(), Some(bob_name))]);
    fixture.run("UPDATE users SET deleted_at = now() WHERE username = 'bob'").await;
    let left = suspects().await;
    assert_eq!((left.total, left.items.into_iter().map(line).collect()), (1, vec![(ada_name, None)]));
    assert_eq!(fixture.check().await, CheckReport::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn suspects_are_paged_by_account_with_reasons_and_flag() {
    let fixture = fixture();
    let [ada, bob, eve] = [
        fixture.create_user("ada", None).await,
        fixture.create_user("bob", None).await,
        fixture.create_user("eve", None).await,
    ];
    fixture
        .use_up(&[used(&ada, 0, 20_000_000_000), used(&bob, 0, 20_000_000_000), used(&eve, 0, 11_000_000_000)])
        .await;
    fixture
        .run(
            "UPDATE usage_days SET output = 8640000000 WHERE user_key = (SELECT key FROM users WHERE username = 'bob')",
        )
        .await;
    fixture.check().await;
    fixture.flag(&ada, Some(NOW + Duration::HOUR)).await;
    let seen = async |score, now, request| {
        let page = fixture.suspects(score, now, request).await;
        let line = |suspect: &Suspect| {
            let kinds: Vec<_> = suspect.reasons.iter().map(|(reason, _)| reason.kind.name()).collect();
            format!("{} {} {} {}", suspect.username, suspect.score(), kinds.join("+"), suspect.is_flagged)
        };
        (page.total, page.items.iter().map(line).collect::<Vec<_>>().join(", "))
    };
    let [first, second, third] =
        ["bob 100 output_rate+daily_volume false", "ada 13 daily_volume true", "eve 10 daily_volume false"];
    assert_eq!(seen(1, NOW, PAGE).await, (3, format!("{first}, {second}, {third}")));
    assert_eq!(seen(1, NOW, PageRequest { page: 2, size: 1 }).await, (3, second.to_owned()), "a page of accounts");
    assert_eq!(seen(13, NOW, PAGE).await, (2, format!("{first}, {second}")));
    assert_eq!(seen(14, NOW, PAGE).await, (1, first.to_owned()), "weaker reasons come along");
    let over = seen(13, NOW + Duration::HOUR, PageRequest { page: 2, size: 1 }).await;
    assert_eq!(over, (2, "ada 13 daily_volume false".to_owned()), "the flag is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn plausibility_checks_at_once_store_one_result() {
    let fixture = Arc::new(fixture());
    let ada = fixture.create_user("ada", None).await;
    fixture.use_up(&[used(&ada, 0, 20_000_000_000)]).await;
    let mut tasks = JoinSet::new();
    for _ in 0..6 {
        let fixture = fixture.clone();
        tasks.spawn(async move { fixture.check().await });
    }
    while let Some(checked) = tasks.join_next().await {
        assert_eq!(checked.expect("no panic"), CheckReport { accounts: 1, reasons: 1 });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_in_common_are_found_without_a_scan_of_the_ledger() {
    let fixture = fixture();
    fixture
        .run(
            "INSERT INTO users (id, username, created_at, updated_at)
             SELECT gen_random_uuid(), 'user' || n, now(), now() FROM generate_series(1, 50) AS n;
             INSERT INTO usage_totals (user_key, messages) SELECT key, 2000 FROM users;
             INSERT INTO usage_messages
             SELECT gen_random_uuid(), now(), 1, 1, 1, 1, 0, 0, key, 1, 1, 1, 0, 0 FROM users, generate_series(1, 2000) AS n;",
        )
        .await;
    let client = fixture.client().await;
    client.batch_execute("VACUUM ANALYZE").await.expect("statistics");
    let text = include_str!("../../src/plausibility/shared_messages.sql");
    client.batch_execute(&format!("PREPARE shared (bigint, bigint) AS {text}")).await.expect("a statement");
    let plan = client.query("EXPLAIN EXECUTE shared (100, 50)", &[]).await.expect("a plan");
    let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
    let plan = plan.join("\n");
    assert!(plan.contains("usage_messages_sample_idx") && !plan.contains("Seq Scan on usage_messages"), "{plan}");
}
