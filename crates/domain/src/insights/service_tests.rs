//! Computing and comparing over mocked ports.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pollster::block_on;
use time::OffsetDateTime;
use time::macros::{date, datetime};

use super::comparison::testing::comparison;
use super::ports::MockInsightReader;
use super::*;
use crate::days::{Period, Zone};
use crate::error::{DomainError, ErrorKind};
use crate::leaderboard::ports::ZoneDay;
use crate::testing::{TestReads, TestStore, TestUnitOfWork};
use crate::users::User;
use crate::users::ports::MockProfileReader;

const NOW: OffsetDateTime = datetime!(2026-11-22 12:30 UTC);

/// The use cases for Ada in `zone`, possibly without account or benchmark.
fn insights(zone: &'static str, is_there: bool, has_benchmark: bool) -> Insights {
    let mut people = MockProfileReader::new();
    people.expect_account().returning(move |_| {
        let user = User { zone: Zone::parse(zone), ..comparison().user };
        Ok(is_there.then_some(user))
    });
    let mut reader = MockInsightReader::new();
    reader
        .expect_benchmark()
        .returning(move |period| Ok(has_benchmark.then(|| Benchmark { period, ..comparison().benchmark })));
    reader.expect_own().returning(|window, today| {
        assert_eq!(window.to, if window.from.year() == 2000 { date!(9999 - 12 - 31) } else { today });
        let days = (today - window.from).whole_days();
        Ok(Some(OwnFigures { tokens: days, week: today.day().into(), ..OwnFigures::default() }))
    });
    let reads = TestReads { profiles: people, insights: reader, ..TestReads::default() };
    Insights::new(TestStore::reading(reads).deps_at(NOW))
}

#[test]
fn compare_uses_local_days_up_to_now() {
    let ada = comparison().user.id;
    for (period, days) in [(Period::Month, 29), (Period::Week, 6)] {
        let found = block_on(insights("Pacific/Kiritimati", true, true).compare(ada, period)).expect("a comparison");
        assert_eq!((found.own.tokens, found.own.week), (days, 23));
        assert_eq!((found.now.date, found.now.hour, found.benchmark.period), (date!(2026 - 11 - 23), 2, period));
    }
    let all = block_on(insights("UTC", true, true).compare(ada, Period::All)).expect("a comparison");
    assert_eq!((all.now.date, all.own.week), (NOW.date(), 22));
}

#[test]
fn compare_without_benchmark_or_account_is_not_found() {
    let ada = comparison().user.id;
    let none = block_on(insights("UTC", true, false).compare(ada, Period::Week)).expect_err("no benchmark");
    let missing = block_on(insights("UTC", false, true).compare(ada, Period::Week)).expect_err("no account");
    assert_eq!([none.kind(), missing.kind()], [ErrorKind::NotFound; 2]);
    assert_eq!(none.details().subject.and_then(|subject| subject.value).as_deref(), Some("week"));
    assert_eq!(missing.details().subject.map(|subject| subject.resource), Some("User"));
}

#[test]
fn refresh_benchmarks_uses_local_dates_under_lock() {
    let commits = Arc::new(AtomicUsize::new(0));
    let counter = commits.clone();
    let store = TestUnitOfWork::store(move || {
        let mut tx = TestUnitOfWork { commits: counter.clone(), ..TestUnitOfWork::default() };
        let mut order = mockall::Sequence::new();
        tx.benchmarks.expect_lock().times(1).in_sequence(&mut order).returning(|| Ok(()));
        let zones = || ["UTC", "Pacific/Kiritimati", "Gone/Zone"].map(str::to_owned).to_vec();
        tx.leaderboard.expect_zones().times(1).in_sequence(&mut order).returning(move || Ok(zones()));
        tx.benchmarks.expect_refresh().times(1).in_sequence(&mut order).returning(|todays, now| {
            let days: Vec<u8> = todays.iter().map(|ZoneDay { today, .. }| today.day()).collect();
            assert_eq!((days, now), (vec![22, 23, 22], NOW));
            Ok(7)
        });
        tx
    });
    let insights = Insights::new(store.deps_at(NOW));
    assert_eq!(block_on(insights.refresh()).expect("benchmarks"), 7);
    assert_eq!(commits.load(Ordering::SeqCst), 1);
}
