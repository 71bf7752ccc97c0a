//! A year in twelve zones, with two workers that miss ticks, die during a job and stop for a day. Each account is notified of each
//! week once, and of a streak at risk at most once a day, at the right time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration as StdDuration;

use bootstrap::Settings;
use bootstrap::store::deps;
use bootstrap::system::SystemIds;
use domain::clock::{Clock, FixedClock};
use domain::days::{Zone, days_between};
use domain::deps::Deps;
use domain::ids::{Ids, JobId, UserId};
use domain::jobs::ports::{Capacity, JobOutcome};
use domain::jobs::{Job, JobKind, JobStore};
use domain::pricing::CurrentBook;
use domain::store::Store;
use domain::usage::testing::{batch, sent};
use domain::usage::{SentMessage, Usage};
use domain::users::{Profile, User, Username};
use domain::weeks::Week;
use time::macros::{date, datetime};
use time::{Date, Duration, OffsetDateTime, Weekday};
use tokio_util::sync::CancellationToken;
use worker::{Handlers, JobRunner, schedule};

use crate::common::Fixture;

const ZONES: [&str; 12] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Los_Angeles",
    "America/St_Johns",
    "America/Santiago",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Australia/Adelaide",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
];

const BEGIN: OffsetDateTime = datetime!(2026-01-12 0:00 UTC);
const END: OffsetDateTime = datetime!(2027-01-11 0:00 UTC);

/// A clock that a test sets.
struct SetClock(Mutex<OffsetDateTime>);

impl Clock for SetClock {
    fn now(&self) -> OffsetDateTime {
        *self.0.lock().expect("a time")
    }
}

/// Random numbers that are the same in every run.
struct TestRandom(u64);

impl TestRandom {
    /// A number below `most`.
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

struct SimulatedUser {
    id: UserId,
    zone: Zone,
    active: BTreeSet<Date>,
}

/// An account in `zone` that is active on seven days of ten, with gaps of about three weeks.
async fn simulated(fixture: &Fixture, number: usize, zone: &str, random: &mut TestRandom) -> SimulatedUser {
    let zone = Zone::parse(zone).expect("a zone");
    let user = User {
        id: UserId(SystemIds.fresh()),
        username: Username::trusted(format!("person_{number}")),
        email: None,
        email_verified: false,
        profile: Profile::default(),
        is_public: true,
        is_admin: false,
        zone: Some(zone.clone()),
        // Before Monday begins in any zone.
        created_at: BEGIN - Duration::DAY,
        updated_at: BEGIN,
    };
    let mut tx = fixture.store.begin().await.expect("a transaction");
    tx.users().insert(&user, None).await.expect("an account");
    tx.commit().await.expect("a commit");

    let (mut active, mut messages, mut away) = (BTreeSet::new(), Vec::new(), 0);
    for day in days_between(date!(2026 - 01 - 01), date!(2027 - 01 - 12)) {
        away = if away == 0 && random.below(60) == 0 { 20 } else { u64::saturating_sub(away, 1) };
        if away == 0 && random.below(10) < 7 {
            // Around noon UTC; the zone determines the local day.
            let at =
                day.midnight().assume_utc() + Duration::hours(12) + Duration::seconds(random.below(600).cast_signed());
            active.insert(zone.date(at));
            messages.push(SentMessage { at, ..sent(&format!("{number} {day}")) });
        }
    }
    let deps = Deps { clock: Arc::new(FixedClock(END + Duration::DAY * 2)), ..deps(&fixture.store) };
    let usage = Usage::new(deps, Arc::new(CurrentBook::shipped()));
    usage.sync(user.id, batch(messages)).await.expect("a sync");
    SimulatedUser { id: user.id, zone, active }
}

/// One of the two workers.
struct TestWorker {
    name: String,
    handlers: Arc<Handlers>,
    away_until: OffsetDateTime,
}

impl TestWorker {
    /// Queues due jobs and runs the ones it takes; returns the kinds that finished. Each job is aborted after `dies`, if it is set.
    async fn work(&self, store: &dyn JobStore, now: OffsetDateTime, dies: Option<StdDuration>) -> Vec<JobKind> {
        let due: Vec<_> = schedule::due(now)
            .into_iter()
            .filter(|job| matches!(job.job, Job::StreakRisk | Job::WeeklySummary))
            .map(|job| (JobId(SystemIds.fresh()), job))
            .collect();
        store.enqueue_now(&due, now).await.expect("queued");
        let capacity = Capacity { total: 2, by_kind: vec![(JobKind::StreakRisk, 1), (JobKind::WeeklySummary, 1)] };
        let lease = if dies.is_some() { StdDuration::ZERO } else { StdDuration::from_hours(1) };
        let mut done = Vec::new();
        for taken in store.take(&self.name, &capacity, now, lease).await.expect("jobs") {
            let (handlers, job) = (self.handlers.clone(), taken.job.expect("a job"));
            let working = tokio::spawn(async move { handlers.run(&job, None).await });
            if let Some(after) = dies {
                let abort = working.abort_handle();
                tokio::spawn(async move {
                    tokio::time::sleep(after).await;
                    abort.abort();
                });
            }
            match working.await {
                Ok(report) => {
                    report.expect("a job that is done");
                    // A worker that dies does not report the outcome.
                    if dies.is_none() {
                        store.finish(&self.name, &[(taken.id, JobOutcome::Done)], now).await.expect("finished");
                    }
                    done.push(taken.kind);
                }
                Err(end) => assert!(end.is_cancelled(), "{end}"),
            }
        }
        done
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn weeks_and_risks_of_a_year_are_notified_once_and_in_time() {
    let fixture = Fixture::new().await;
    let mut random = TestRandom(20_261_123);
    let mut people = Vec::new();
    for (number, zone) in ZONES.iter().cycle().take(2 * ZONES.len()).enumerate() {
        people.push(simulated(&fixture, number, zone, &mut random).await);
    }

    let clock = Arc::new(SetClock(Mutex::new(BEGIN)));
    let deps = Deps { clock: clock.clone(), ..deps(&fixture.store) };
    let settings = Settings::from_environment([("PRICING_URL".to_owned(), String::new())]).expect("settings");
    let mut hands: Vec<TestWorker> = ["one", "other"]
        .into_iter()
        .map(|name| TestWorker {
            name: name.to_owned(),
            handlers: Arc::new(
                Handlers::new(&settings, &fixture.store, &deps, CancellationToken::new()).expect("handlers"),
            ),
            away_until: BEGIN,
        })
        .collect();

    let store: Arc<dyn JobStore> = Arc::new(fixture.store.clone());
    let mut done: BTreeMap<JobKind, Vec<OffsetDateTime>> = BTreeMap::new();
    let mut now = BEGIN;
    while now < END {
        *clock.0.lock().expect("a time") = now;
        for hand in &mut hands {
            if random.below(400) == 0 {
                hand.away_until = now + Duration::DAY;
            }
        }
        let mut dies = || (random.below(25) == 0).then(|| StdDuration::from_micros(random.below(4_000)));
        let (first, second) = (dies(), dies());
        let works = |hand: &TestWorker| hand.away_until <= now;
        let (one, other) = tokio::join!(
            async { if works(&hands[0]) { hands[0].work(&*store, now, first).await } else { Vec::new() } },
            async { if works(&hands[1]) { hands[1].work(&*store, now, second).await } else { Vec::new() } },
        );
        for kind in one.into_iter().chain(other) {
            done.entry(kind).or_default().push(now);
        }
        // Requeues the jobs of a dead worker.
        store.renew("a third", now, StdDuration::ZERO).await.expect("renewed");
        now += Duration::minutes(20 + random.below(140).cast_signed());
    }

    let notified = notified(&fixture).await;
    for simulated in &people {
        check_risks(simulated, &notified, &done[&JobKind::StreakRisk]);
        check_weeks(simulated, &notified, &done[&JobKind::WeeklySummary]);
    }
}

/// All notifications: recipient, key and time.
async fn notified(fixture: &Fixture) -> Vec<(UserId, String, OffsetDateTime)> {
    let url = fixture.database.url().to_owned();
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("a connection");
    tokio::spawn(connection);
    let rows = client
        .simple_query("SELECT user_id, dedup_key, extract(epoch FROM created_at)::bigint FROM notifications")
        .await
        .expect("rows");
    let text = |row: &tokio_postgres::SimpleQueryRow, column| row.get(column).expect("a value").to_owned();
    rows.iter()
        .filter_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        })
        .map(|row| {
            let at = OffsetDateTime::from_unix_timestamp(text(row, 2).parse().expect("seconds")).expect("an instant");
            (UserId(text(row, 0).parse().expect("an id")), text(row, 1), at)
        })
        .collect()
}

fn subjects(notified: &[(UserId, String, OffsetDateTime)], user: UserId, kind: &str) -> Vec<(String, OffsetDateTime)> {
    notified
        .iter()
        .filter(|(whom, _, _)| *whom == user)
        .filter_map(|(_, key, at)| Some((key.strip_prefix(kind)?.to_owned(), *at)))
        .collect()
}

fn check_risks(simulated: &SimulatedUser, notified: &[(UserId, String, OffsetDateTime)], done: &[OffsetDateTime]) {
    let notified = subjects(notified, simulated.id, "streak_at_risk:");
    let at_risk = |day: Date| {
        let before = |days| simulated.active.contains(&(day - Duration::days(days)));
        before(1) && before(2) && !simulated.active.contains(&day)
    };
    let days: BTreeSet<_> = notified.iter().map(|(day, _)| day.clone()).collect();
    assert_eq!(days.len(), notified.len(), "a day is notified twice");
    for (day, at) in &notified {
        let local = simulated.zone.local(*at);
        assert!(local.hour >= 22 && local.date.to_string() == *day, "{} of {day}: {local:?}", simulated.zone);
        assert!(at_risk(local.date), "{} on {day}", simulated.zone);
    }
    for at in done {
        let local = simulated.zone.local(*at);
        if local.hour >= 22 && at_risk(local.date) {
            assert!(days.contains(&local.date.to_string()), "{} was not notified on {}", simulated.zone, local.date);
        }
    }
    assert!(days.len() > 10, "{} was notified of {} days", simulated.zone, days.len());
}

fn check_weeks(simulated: &SimulatedUser, notified: &[(UserId, String, OffsetDateTime)], done: &[OffsetDateTime]) {
    let notified = subjects(notified, simulated.id, "weekly_summary:");
    let weeks: BTreeMap<_, _> = notified.iter().cloned().collect();
    assert_eq!(weeks.len(), notified.len(), "a week is notified twice");
    let last = done.last().copied().expect("a last time");
    let mut monday = date!(2026 - 01 - 12);
    while monday < END.date() - Duration::WEEK {
        assert_eq!(monday.weekday(), Weekday::Monday);
        let week = Week::of(monday).previous();
        let active = |day: &Date| Week::of(*day) == week || Week::of(*day) == week.previous();
        let expected = simulated.active.iter().any(active);
        match weeks.get(&week.to_string()) {
            Some(at) => {
                let local = simulated.zone.local(*at);
                assert!(expected, "{} was inactive in {week}", simulated.zone);
                assert!(local.date > monday || local.hour >= 9, "{} of {week}: {local:?}", simulated.zone);
                let late = simulated.zone.date(*at) - monday;
                assert!(late <= Duration::days(2), "{} was notified of {week} after {late}", simulated.zone);
            }
            None => assert!(!expected || last < monday.midnight().assume_utc(), "{} missed {week}", simulated.zone),
        }
        monday += Duration::WEEK;
    }
}
