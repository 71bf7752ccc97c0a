//! Referrals on PostgreSQL: no circles, paid once, whatever happens at the same time.

use std::sync::Arc;

use adapters_postgres::BatchedSessionReader;
use domain::identity::ports::MockPasswordHasher;
use domain::identity::{Device, Email, Identity, Password, PasswordHash, Registration};
use domain::ids::UserId;
use domain::progression::EventXp;
use domain::referrals::{
    CLICK_LIMITS, ClickStats, Degree, PaidXp, ReferralCode, ReferralError, ReferralStats, Referrals, VisitorSalt,
};
use domain::social::Social;
use domain::store::Store;
use domain::usage::SentMessage;
use domain::usage::testing::{batch, sent};
use domain::users::{User, Username};
use time::{Duration, OffsetDateTime};
use tokio::task::JoinSet;
use tokio_postgres::{Client, NoTls};

use crate::common::{Fixture, NOW, fixture};

async fn client(fixture: &Fixture) -> Client {
    let (client, driver) = tokio_postgres::connect(fixture.database.url(), NoTls).await.expect("a connection");
    tokio::spawn(driver);
    client
}

/// One number that `query` finds.
async fn number(client: &Client, query: &str) -> i64 {
    client.query_one(query, &[]).await.expect(query).get(0)
}

fn salt() -> VisitorSalt {
    VisitorSalt::of(b"a secret")
}

fn device(ip: &str) -> Device {
    Device { ip: Some(ip.to_owned()), user_agent: Some("a browser".into()) }
}

impl Fixture {
    fn referrals(&self) -> Referrals {
        self.referrals_at(NOW)
    }

    fn referrals_at(&self, now: OffsetDateTime) -> Referrals {
        Referrals::new(self.deps_at(now), salt())
    }

    fn identity(&self) -> Identity {
        let mut passwords = MockPasswordHasher::new();
        passwords.expect_hash().returning(|_| Ok(PasswordHash("a hash".into())));
        let sessions = Arc::new(BatchedSessionReader::new(self.store.clone()));
        Identity::new(self.deps(), sessions, Arc::new(passwords), salt())
    }

    async fn code(&self, user: UserId) -> ReferralCode {
        self.referrals().code(user).await.expect("a code")
    }

    /// Registers an account called `name` with `code`, from `ip`.
    async fn sign_up(&self, name: &str, code: Option<ReferralCode>, ip: &str) -> UserId {
        let registration = Registration {
            email: Email::trusted(format!("{name}@example.org")),
            password: Password::typed("correct horse"),
            username: Username::trusted(name),
            name: None,
            zone: None,
            referral_code: code,
            invitation: None,
        };
        self.identity().register(registration, device(ip)).await.expect("an account").session.user
    }

    /// A chain of `length` accounts, each referred by the one before.
    async fn chain(&self, name: &str, length: usize) -> Vec<UserId> {
        let mut chain: Vec<UserId> = Vec::new();
        for n in 0..length {
            let code = match chain.last() {
                Some(above) => Some(self.code(*above).await),
                None => None,
            };
            chain.push(self.sign_up(&format!("{name}{n}"), code, "192.0.2.1").await);
        }
        chain
    }

    async fn stats(&self, user: UserId) -> ReferralStats {
        self.referrals().stats(user).await.expect("statistics")
    }

    async fn first_sync(&self, user: UserId) {
        self.usage().sync(user, batch(vec![sent("a")])).await.expect("a sync");
    }
}

async fn kept_sums_are_right(client: &Client) {
    let wrong = "SELECT count(*) FROM usage_totals AS totals JOIN users ON users.key = totals.user_key
        WHERE event_xp <> coalesce((SELECT sum(xp) FROM progress_events WHERE user_id = users.id), 0)
           OR achievements <> (SELECT count(*) FROM unlocked_achievements WHERE user_id = users.id)";
    assert_eq!(number(client, wrong).await, 0);
}

/// No account is above itself.
async fn no_circles(client: &Client) {
    let circles = "
        WITH RECURSIVE above AS (
            SELECT referred_id AS person, referrer_id AS id FROM referrals
            UNION
            SELECT above.person, referrals.referrer_id FROM above JOIN referrals ON referrals.referred_id = above.id
        )
        SELECT count(*) FROM above WHERE person = id";
    assert_eq!(number(client, circles).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn first_syncs_at_once_pay_the_referral_once() {
    let fixture = Arc::new(fixture());
    let chain = fixture.chain("person", 5).await;
    let newcomer = chain[4];
    let mut syncs = JoinSet::new();
    for n in 0..16 {
        let usage = fixture.usage();
        syncs.spawn(async move { usage.sync(newcomer, batch(vec![sent(&format!("message {n}"))])).await });
    }
    for sync in syncs.join_all().await {
        assert_eq!(sync.expect("a sync").new, 1);
    }
    for (user, xp, totals) in
        [(3, 2_500, [1, 0, 0]), (2, 625, [1, 1, 0]), (1, 250, [1, 1, 1]), (0, 0, [1, 1, 1]), (4, 0, [0, 0, 0])]
    {
        let stats = fixture.stats(chain[user]).await;
        assert_eq!((stats.xp, stats.totals), (EventXp(xp), totals), "{user}");
    }
    let client = client(&fixture).await;
    let events = "SELECT count(*) FROM progress_events WHERE reason LIKE 'referral:%'";
    assert_eq!(number(&client, events).await, 3);
    assert_eq!(number(&client, "SELECT count(*) FROM referrals WHERE paid_at IS NOT NULL").await, 1);
    kept_sums_are_right(&client).await;
    for user in chain {
        assert!(fixture.usage().rebuild(user).await.expect("a rebuild").is_clean());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn referrals_in_a_ring_are_refused_once() {
    let fixture = fixture();
    let client = client(&fixture).await;
    for (round, size) in [2, 2, 2, 3, 5, 8].into_iter().enumerate() {
        let mut ring = Vec::new();
        for n in 0..size {
            let user = fixture.sign_up(&format!("ring{round}_{n}"), None, "192.0.2.1").await;
            ring.push((user, fixture.code(user).await));
        }
        let mut tracks = JoinSet::new();
        for n in 0..size {
            let (referrals, user, next) = (fixture.referrals(), ring[n].0, ring[(n + 1) % size].1.clone());
            tracks.spawn(async move { referrals.track(user, next.as_str(), &device("192.0.2.1")).await });
        }
        let refused: Vec<ReferralError> = tracks.join_all().await.into_iter().filter_map(Result::err).collect();
        assert!(matches!(refused[..], [ReferralError::Circle]), "{refused:?}");
        no_circles(&client).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn referral_chains_longer_than_the_locks_form_no_cycle() {
    let fixture = fixture();
    let client = client(&fixture).await;
    for round in 0..4 {
        let (one, other) =
            (fixture.chain(&format!("one{round}_"), 7).await, fixture.chain(&format!("other{round}_"), 7).await);
        let (end_of_one, end_of_other) = (fixture.code(one[6]).await, fixture.code(other[6]).await);
        let (a, b) = (fixture.referrals(), fixture.referrals());
        let here = device("192.0.2.1");
        let (first, second) =
            tokio::join!(a.track(one[0], end_of_other.as_str(), &here), b.track(other[0], end_of_one.as_str(), &here));
        assert_eq!([&first, &second].iter().filter(|answer| answer.is_ok()).count(), 1, "{first:?} {second:?}");
        let refused = first.err().or(second.err()).expect("one is refused");
        assert!(matches!(refused, ReferralError::Circle), "{refused}");
        no_circles(&client).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn referrer_set_concurrently_is_one_and_permanent() {
    let fixture = fixture();
    let newcomer = fixture.sign_up("newcomer", None, "192.0.2.1").await;
    let mut tracks = JoinSet::new();
    for n in 0..8 {
        let other = fixture.sign_up(&format!("other{n}"), None, "192.0.2.1").await;
        let (referrals, code) = (fixture.referrals(), fixture.code(other).await);
        tracks.spawn(async move { referrals.track(newcomer, code.as_str(), &device("192.0.2.1")).await });
    }
    let outcomes = tracks.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let codes = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).map(domain::testing::variant);
    assert!(codes.clone().all(|code| code == "AlreadyReferred"), "{:?}", codes.collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn first_sync_and_code_at_once_pay_once() {
    let fixture = fixture();
    let client = client(&fixture).await;
    let ada = fixture.sign_up("ada", None, "192.0.2.1").await;
    let code = fixture.code(ada).await;
    for round in 0..8 {
        let bob = fixture.sign_up(&format!("bob{round}"), None, "192.0.2.1").await;
        let (referrals, usage, code) = (fixture.referrals(), fixture.usage(), code.clone());
        let here = device("192.0.2.1");
        let (tracked, synced) =
            tokio::join!(referrals.track(bob, code.as_str(), &here), usage.sync(bob, batch(vec![sent("a")])));
        tracked.expect("a referrer");
        synced.expect("a sync");
        assert_eq!(fixture.stats(ada).await.xp, EventXp(2_500 * (round + 1)));
        // And what comes later pays nothing more.
        usage.sync(bob, batch(vec![sent("b")])).await.expect("a sync");
        assert_eq!(fixture.stats(ada).await.xp, EventXp(2_500 * (round + 1)));
    }
    assert_eq!(number(&client, "SELECT count(*) FROM referrals WHERE paid_at IS NULL").await, 0);
    kept_sums_are_right(&client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn syncs_follows_and_referrals_at_once_do_not_deadlock() {
    let fixture = Arc::new(fixture());
    let mut people = Vec::new();
    for n in 0..6 {
        let user = fixture.sign_up(&format!("person{n}"), None, "192.0.2.1").await;
        people.push((user, Username::trusted(format!("person{n}")), fixture.code(user).await));
    }
    // Each of these lets all of them in at once, under one lock.
    let mut tasks = JoinSet::new();
    for n in 0..6 {
        let host = fixture.create_private_user(&format!("host{n}")).await;
        for (user, ..) in &people {
            fixture.social().follow(*user, &host.username).await.expect("a request");
        }
        let fixture = fixture.clone();
        tasks.spawn(async move { drop(fixture.set_public(&host, true).await) });
    }
    for n in 0..people.len() {
        for round in 0..4 {
            let (fixture, people) = (fixture.clone(), people.clone());
            let ((user, ..), (_, name, code)) = (people[n].clone(), people[(n + round + 1) % people.len()].clone());
            let (f, c) = (fixture.clone(), code.clone());
            tasks.spawn(async move {
                let newcomer = f.sign_up(&format!("new{n}_{round}"), Some(c), "192.0.2.1").await;
                f.first_sync(newcomer).await;
            });
            let f = fixture.clone();
            tasks.spawn(async move {
                let social: Social = f.social();
                social.follow(user, &name).await.expect("a follow");
            });
            let f = fixture.clone();
            tasks.spawn(async move {
                f.usage().sync(user, batch(vec![sent(&format!("m{round}"))])).await.expect("a sync");
            });
            tasks.spawn(async move {
                match fixture.referrals().track(user, code.as_str(), &device("192.0.2.1")).await {
                    Ok(_) | Err(ReferralError::AlreadyReferred | ReferralError::Circle) => {}
                    Err(error) => panic!("{error}"),
                }
            });
        }
    }
    tasks.join_all().await;
    let client = client(&fixture).await;
    no_circles(&client).await;
    kept_sums_are_right(&client).await;
    assert_eq!(number(&client, "SELECT count(*) FROM referrals WHERE paid_at IS NULL").await, 0);
    // Each account with enough referrals has the achievement: none was missed while the chains grew.
    for (user, ..) in people {
        assert!(fixture.usage().rebuild(user).await.expect("a rebuild").is_clean());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn referral_chain_with_a_deleted_account_pays_the_others() {
    let fixture = fixture();
    let client = client(&fixture).await;
    let chain = fixture.chain("person", 4).await;
    let delete = |user: UserId| format!("UPDATE users SET deleted_at = now() WHERE id = '{user}'");
    client.batch_execute(&delete(chain[1])).await.expect("a deletion");
    fixture.first_sync(chain[3]).await;
    for (user, xp) in [(2, 2_500), (1, 0), (0, 250)] {
        assert_eq!(fixture.stats(chain[user]).await.xp, EventXp(xp), "{user}");
    }

    // A code of a deleted account has no owner.
    let code = fixture.code(chain[1]).await;
    let late = fixture.sign_up("late", Some(code.clone()), "192.0.2.1").await;
    assert_eq!(number(&client, &format!("SELECT count(*) FROM referrals WHERE referred_id = '{late}'")).await, 0);
    let answer = fixture.referrals().track(late, code.as_str(), &device("192.0.2.1")).await;
    assert!(matches!(answer, Err(ReferralError::UnknownCode(_))), "{answer:?}");

    // An account that is deleted after it paid has paid, and is not listed any more.
    client.batch_execute(&delete(chain[3])).await.expect("a deletion");
    let stats = fixture.stats(chain[2]).await;
    assert_eq!((stats.xp, stats.totals, stats.people.len()), (EventXp(2_500), [1, 0, 0], 0));
    client.batch_execute(&format!("DELETE FROM users WHERE id = '{}'", chain[3])).await.expect("gone for good");
    let stats = fixture.stats(chain[2]).await;
    assert_eq!((stats.xp, stats.totals), (EventXp(2_500), [0, 0, 0]));
    kept_sums_are_right(&client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn registration_with_a_code_unlocks_achievements_at_once() {
    let fixture = fixture();
    let client = client(&fixture).await;
    let chain = fixture.chain("person", 2).await;
    let unlocked = async |user: UserId, event: &str| {
        let of = format!("FROM progress_events WHERE user_id = '{user}' AND reason = 'achievement:{event}'");
        number(&client, &format!("SELECT count(*) {of}")).await
    };
    assert_eq!((unlocked(chain[0], "first-referral:0").await, unlocked(chain[1], "first-referral:0").await), (1, 0));
    let stats = fixture.stats(chain[0]).await;
    assert_eq!(
        (stats.totals, stats.xp),
        ([1, 0, 0], EventXp(0)),
        "people count from sign-up, XP from when they are paid"
    );
    let code = fixture.code(chain[1]).await;
    for n in 0..4 {
        assert_eq!(unlocked(chain[0], "family-tree:1").await, 0);
        fixture.sign_up(&format!("below{n}"), Some(code.clone()), "192.0.2.1").await;
    }
    assert_eq!(fixture.stats(chain[0]).await.totals, [1, 4, 0]);
    assert_eq!(unlocked(chain[0], "family-tree:1").await, 1, "five people, over two levels");
    assert_eq!(unlocked(chain[1], "recruiter:1").await, 1);
    kept_sums_are_right(&client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dry_run_and_empty_sync_pay_no_referral() {
    let fixture = fixture();
    let chain = fixture.chain("person", 2).await;
    let usage = fixture.usage();
    let ahead = SentMessage { at: NOW + Duration::days(9), ..sent("a") };
    let dry = domain::usage::SyncBatch { dry_run: true, ..batch(vec![sent("a")]) };
    for nothing in [dry, batch(vec![]), batch(vec![ahead])] {
        usage.sync(chain[1], nothing).await.expect("a sync");
        assert_eq!(fixture.stats(chain[0]).await.xp, EventXp(0));
    }
    usage.sync(chain[1], batch(vec![sent("a")])).await.expect("a sync");
    assert_eq!(fixture.stats(chain[0]).await.xp, EventXp(2_500));
}

// On one thread no answer arrives before all statements of a round trip have begun.
#[tokio::test]
async fn sync_that_pays_takes_more_round_trips_and_others_do_not() {
    let fixture = fixture();
    let count = fixture.store.queries();
    // The fewest of five rounds count: a statement is prepared the first time it is met on a connection, and cannot be sent with
    // others then; which connection a round gets is up to the pool.
    let mut trips = [u64::MAX; 4];
    for round in 0..5 {
        let chain = fixture.chain(&format!("person{round}_"), 4).await;
        for (fewest, (user, id)) in
            trips.iter_mut().zip([(chain[0], "a"), (chain[3], "a"), (chain[0], "b"), (chain[3], "b")])
        {
            let before = count.round_trips();
            fixture.usage().sync(user, batch(vec![sent(id)])).await.expect("a sync");
            *fewest = (*fewest).min(count.round_trips() - before);
        }
    }
    // Looking at the account, then the chain and all locks; that it is paid; for each of three the facts and the award.
    assert!(trips[1] <= 12 + 3 + 1 + 3 * 2, "{trips:?}");
    assert!(trips[2] <= 8 && trips[3] <= 8, "{trips:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn referral_code_requested_at_once_is_made_once() {
    let fixture = fixture();
    let ada = fixture.sign_up("ada", None, "192.0.2.1").await;
    let mut asking = JoinSet::new();
    for _ in 0..8 {
        let referrals = fixture.referrals();
        asking.spawn(async move { referrals.code(ada).await.expect("a code") });
    }
    let mut codes = asking.join_all().await;
    codes.dedup();
    assert_eq!(codes.len(), 1, "{codes:?}");

    let queries = fixture.store.queries();
    let before = queries.statements();
    assert_eq!(fixture.code(ada).await, codes[0]);
    assert_eq!(queries.statements() - before, 1);
    let before = queries.statements();
    fixture.stats(ada).await;
    assert_eq!(queries.statements() - before, 2);
    let bob = fixture.sign_up("bob", None, "192.0.2.1").await;
    let before = queries.statements();
    fixture.code(bob).await;
    assert_eq!(queries.statements() - before, 2, "the first time it is made");
}

#[tokio::test(flavor = "multi_thread")]
async fn referred_accounts_that_are_private_show_only_name_and_picture() {
    let fixture = fixture();
    let ada = fixture.sign_up("ada", None, "192.0.2.1").await;
    let code = fixture.code(ada).await;
    for (name, minutes) in [("open", 0), ("closed", 1), ("friend", 2)] {
        let user: User = if name == "open" {
            fixture.create_user(name, None).await
        } else {
            fixture.create_private_user(name).await
        };
        let later = fixture.referrals_at(NOW + Duration::minutes(minutes));
        later.track(user.id, code.as_str(), &device("192.0.2.1")).await.expect("a referrer");
        fixture.first_sync(user.id).await;
        if name == "friend" {
            let social = fixture.social();
            social.follow(ada, &user.username).await.expect("a request");
            social.accept(user.id, &Username::trusted("ada")).await.expect("accepted");
        }
    }
    let people = fixture.stats(ada).await.people;
    let shown: Vec<_> = people.iter().map(|one| (one.username.as_str(), one.seen.map(|seen| seen.xp))).collect();
    assert_eq!(shown, [("friend", Some(EventXp(2_500))), ("closed", None), ("open", Some(EventXp(2_500)))]);
    let seen = people[2].seen.expect("she may see it");
    assert_eq!((seen.is_active, seen.joined_at, seen.level.level), (true, NOW, 1));
    assert_eq!(people[0].seen.map(|seen| seen.joined_at), Some(NOW + Duration::minutes(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn click_of_a_visitor_counts_once_a_day_and_is_converted_by_registration() {
    let fixture = fixture();
    let client = client(&fixture).await;
    let ada = fixture.sign_up("ada", None, "192.0.2.1").await;
    let code = fixture.code(ada).await;
    let stats = async |total, converted| {
        assert_eq!(fixture.stats(ada).await.clicks, ClickStats { total, converted });
    };
    stats(0, 0).await;
    for (minutes, ip, total) in [
        (0, "192.0.2.1", 1),
        (0, "192.0.2.1", 1),
        (11 * 60 + 59, "192.0.2.1", 1),
        (5, "192.0.2.2", 2),
        (12 * 60, "192.0.2.1", 3),
        (12 * 60 + 1, "192.0.2.1", 3),
    ] {
        let at = fixture.referrals_at(NOW + Duration::minutes(minutes));
        at.click(&code.as_str().to_lowercase(), &device(ip)).await.expect("an answer");
        stats(total, 0).await;
    }
    fixture.referrals().click("00000000", &device("192.0.2.9")).await.expect("the same answer");
    stats(3, 0).await;

    let converted = async || {
        let rows = "SELECT string_agg(to_char(clicked_at AT TIME ZONE 'UTC', 'DD HH24:MI'), ', ' ORDER BY clicked_at)
             FROM referral_clicks WHERE converted_at IS NOT NULL";
        let row = client.query_one(rows, &[]).await.expect(rows);
        row.get::<_, Option<String>>(0).unwrap_or_default()
    };
    for (name, ip, clicks) in [
        ("second", "192.0.2.2", "22 12:05"),
        ("stranger", "192.0.2.77", "22 12:00, 22 12:05"),
        ("first", "192.0.2.1", "22 12:00, 22 12:05, 23 00:00"),
        ("nobody", "192.0.2.1", "22 12:00, 22 12:05, 23 00:00"),
    ] {
        fixture.sign_up(name, Some(code.clone()), ip).await;
        assert_eq!(converted().await, clicks, "{name}");
    }
    stats(3, 3).await;
    assert!(
        !client
            .query_one("SELECT referral_clicks::text FROM referral_clicks LIMIT 1", &[])
            .await
            .expect("a row")
            .get::<_, String>(0)
            .contains("192.0.2")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn clicks_a_day_are_limited() {
    let fixture = fixture();
    let client = client(&fixture).await;
    let ada = fixture.sign_up("ada", None, "192.0.2.1").await;
    let code = fixture.code(ada).await;
    let a_day = CLICK_LIMITS.a_day;
    let many = format!(
        "INSERT INTO referral_clicks (user_id, visitor, day, clicked_at)
         SELECT '{ada}', decode(lpad(to_hex(n), 32, '0'), 'hex'), '2026-11-22', '2026-11-22T01:00Z'
         FROM generate_series(2, {a_day}) AS n"
    );
    client.batch_execute(&many).await.expect("clicks");
    for (ip, days, more) in [("192.0.2.1", 0, 1), ("192.0.2.2", 0, 1), ("192.0.2.1", 1, 2), ("192.0.2.2", 1, 3)] {
        let referrals = fixture.referrals_at(NOW + Duration::days(days));
        referrals.click(code.as_str(), &device(ip)).await.expect("an answer");
        let total = fixture.stats(ada).await.clicks.total;
        assert_eq!(total, u64::from(a_day) - 1 + more, "{ip} {days}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clicks_of_one_network_leave_room_for_others() {
    let fixture = fixture();
    let ada = fixture.sign_up("ada", None, "192.0.2.1").await;
    let code = fixture.code(ada).await;
    let click = async |ip: &str, agent: &str, days| {
        let device = Device { ip: Some(ip.to_owned()), user_agent: Some(agent.to_owned()) };
        let referrals = fixture.referrals_at(NOW + Duration::days(days));
        referrals.click(code.as_str(), &device).await.expect("an answer");
        fixture.stats(ada).await.clicks.total
    };
    let most = u64::from(CLICK_LIMITS.of_network);
    for number in 1..=most + 5 {
        let ip = format!("2001:db8::{number:x}");
        assert_eq!(click(&ip, &format!("browser {number}"), 0).await, number.min(most));
    }
    assert_eq!(click("2001:db8:0:1::1", "browser", 0).await, most + 1, "another network");
    assert_eq!(click("2001:db8::1", "browser", 1).await, most + 2, "another day");
}

#[tokio::test(flavor = "multi_thread")]
async fn referral_code_in_use_is_not_given_twice() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_user("ada", None).await.id, fixture.create_user("bob", None).await.id);
    let code = fixture.code(ada).await;
    let mut tx = fixture.store.begin().await.expect("a transaction");
    assert!(!tx.referrals().give_code(bob, &code, NOW).await.expect("an answer"));
    assert!(!tx.referrals().give_code(ada, &ReferralCode::trusted("0A1B2C3D"), NOW).await.expect("an answer"));
    assert_eq!(tx.referrals().code(bob).await.expect("an answer"), None);
    assert!(tx.referrals().give_code(bob, &ReferralCode::trusted("0A1B2C3D"), NOW).await.expect("an answer"));
    tx.commit().await.expect("a commit");
    assert_ne!(fixture.code(bob).await, fixture.code(ada).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn referral_named_after_the_first_sync_pays_at_once() {
    let fixture = fixture();
    let chain = fixture.chain("person", 3).await;
    let late = fixture.sign_up("late", None, "192.0.2.1").await;
    fixture.first_sync(late).await;
    let code = fixture.code(chain[2]).await;
    let paid = fixture.referrals().track(late, code.as_str(), &device("192.0.2.1")).await.expect("a referrer");
    assert_eq!(paid, PaidXp(Degree::ALL.map(Degree::xp)));
    for (user, xp) in [(2, 2_500), (1, 625), (0, 250)] {
        assert_eq!(fixture.stats(chain[user]).await.xp, EventXp(xp));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lock_of_several_accounts_includes_their_counts() {
    let fixture = fixture();
    let client = client(&fixture).await;
    let people = [fixture.create_user("ada", None).await.id, fixture.create_user("bob", None).await.id];
    let held = async || {
        let free = "SELECT user_id FROM social_counts ORDER BY user_id FOR NO KEY UPDATE SKIP LOCKED";
        people.len() - client.query(free, &[]).await.expect(free).len()
    };
    assert_eq!(held().await, 0);
    let mut tx = fixture.store.begin().await.expect("a transaction");
    let unknown_user = UserId(uuid::Uuid::nil());
    let all_users = [people[1], unknown_user, people[0]];
    let locks = tx.accounts().try_lock_all(&all_users).await.expect("locks");
    assert_eq!((locks.accounts.len(), locks.busy.len()), (2, 0), "a user without an account is left out");
    let mut other = fixture.store.begin().await.expect("a transaction");
    let locks = other.accounts().try_lock_all(&all_users).await.expect("locks, without waiting");
    assert_eq!((locks.accounts.len(), locks.busy), (0, vec![people[0], people[1]]));
    drop(other);
    tx.accounts().lock_counts(&all_users).await.expect("locks");
    assert_eq!(held().await, 2);
    tx.commit().await.expect("a commit");
    assert_eq!(held().await, 0);
}
