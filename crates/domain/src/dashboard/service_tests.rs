//! Dashboards and profiles over mocked readers.

use std::sync::{Arc, Mutex};

use pollster::block_on;
use time::macros::{date, datetime};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::ports::{AccountFigures, MockDashboardReader, ProfileFigures};
use super::*;
use crate::days::{Period, Window, Zone};
use crate::error::{DomainError, ErrorKind, StoreError};
use crate::ids::UserId;
use crate::testing::{TestReads, TestStore, test_user};
use crate::usage::testing::NOW;
use crate::usage::{MachineId, Sums};
use crate::users::ports::MockProfileReader;
use crate::users::{FoundProfile, User, UserError, Username, ViewedProfile};

/// Private, and followed by Bob.
const ADA: UserId = UserId(Uuid::from_u128(1));
const BOB: UserId = UserId(Uuid::from_u128(2));
const EVE: UserId = UserId(Uuid::from_u128(3));

fn ada() -> User {
    User { is_public: false, ..test_user(ADA, "ada") }
}

fn sees_ada(viewer: Option<UserId>) -> bool {
    viewer == Some(ADA) || viewer == Some(BOB)
}

/// Profiles with the visibility that the store would report for Ada.
fn dashboard(reader: MockDashboardReader, now: OffsetDateTime) -> Dashboard {
    let mut profiles = MockProfileReader::new();
    profiles.expect_find().returning(|name, viewer| {
        Ok((name.as_str() == "ada").then(|| FoundProfile { user: ada(), is_visible: sees_ada(viewer) }))
    });
    Dashboard::new(TestStore::reading(TestReads { profiles, dashboard: reader, ..TestReads::default() }).deps_at(now))
}

#[test]
fn profile_private_shows_figures_to_followers_and_owner_only() {
    for (viewer, is_shown) in [(None, false), (Some(EVE), false), (Some(BOB), true), (Some(ADA), true)] {
        let mut reader = MockDashboardReader::new();
        reader.expect_profile().returning(|name, viewer, now| {
            assert_eq!(now, NOW);
            let totals = Sums { tokens: 7, ..Sums::default() };
            let figures = sees_ada(viewer).then(|| AccountFigures { totals, ..AccountFigures::default() });
            Ok((name.as_str() == "ada").then(|| ProfileFigures { user: ada(), figures }))
        });
        let dashboard = dashboard(reader, NOW);
        let name = Username::trusted("ada");
        let profile = block_on(dashboard.profile(&name, viewer)).expect("a profile");
        let tokens = profile.overview.map(|overview| overview.totals.tokens);
        assert_eq!((profile.user.id, tokens), (ADA, is_shown.then_some(7)), "{viewer:?}");
        match block_on(dashboard.visible(&name, viewer)) {
            Ok((user, overview)) => assert_eq!((user.id, overview.totals.tokens, is_shown), (ADA, 7, true)),
            Err(error) => assert!(matches!(error, UserError::Private) && !is_shown, "{viewer:?}: {error}"),
        }
        let unknown = block_on(dashboard.visible(&Username::trusted("eve"), viewer));
        assert!(matches!(&unknown, Err(UserError::Unknown { value, .. }) if value == "eve"), "{unknown:?}");
    }
}

#[test]
fn overview_of_profile_hidden_meanwhile_is_refused() {
    let mut reader = MockDashboardReader::new();
    reader.expect_figures().returning(|_, _| Ok(Vec::new()));
    let look = ViewedProfile { user: ada(), viewer: Some(BOB) };
    assert!(matches!(block_on(dashboard(reader, NOW).overview(&look)), Err(UserError::Private)));
}

/// The windows that Bob's views of Ada read at `now`, if she lives in `zone`: the month of the overview, the days and hours of a
/// trend of 10 days, the week by tool, all time by model, and the year of the heatmap.
fn windows(zone: Option<&str>, now: OffsetDateTime) -> Vec<(Date, Date)> {
    let read_windows = Arc::new(Mutex::new(Vec::new()));
    let note = || {
        let read_windows = read_windows.clone();
        move |window: Window, viewer: Option<UserId>| {
            assert_eq!((window.user, viewer), (ADA, Some(BOB)));
            read_windows.lock().expect("a list").push((window.from, window.to));
        }
    };
    let mut reader = MockDashboardReader::new();
    let recorded = note();
    reader.expect_figures().returning(move |windows, viewer| {
        for window in windows {
            recorded(*window, viewer);
        }
        Ok(vec![(ADA, AccountFigures::default())])
    });
    let recorded = note();
    reader.expect_days_and_hours().returning(move |days, hours, viewer| {
        recorded(days, viewer);
        recorded(hours, viewer);
        Ok((Vec::new(), [0; 24]))
    });
    let recorded = note();
    reader.expect_tools().returning(move |window, viewer| {
        recorded(window, viewer);
        Ok(TopList::default())
    });
    let recorded = note();
    reader.expect_models().returning(move |window, viewer| {
        recorded(window, viewer);
        Ok(TopList::default())
    });
    let recorded = note();
    reader.expect_days().returning(move |window, viewer| {
        recorded(window, viewer);
        Ok(Vec::new())
    });
    let dashboard = dashboard(reader, now);
    let zone = zone.map(|name| Zone::parse(name).expect("a zone"));
    let look = ViewedProfile { user: User { zone, ..ada() }, viewer: Some(BOB) };
    block_on(dashboard.overview(&look)).expect("an overview");
    let trends = block_on(dashboard.trends(&look, TrendDays::new(10).expect("ten days"))).expect("trends");
    assert_eq!(trends.days.len(), 10);
    block_on(dashboard.tools(&look, Period::Week)).expect("tools");
    block_on(dashboard.models(&look, Period::All)).expect("models");
    let heatmap = block_on(dashboard.heatmap(&look, None)).expect("a heatmap");
    assert_eq!(heatmap.days.first().map(|day| day.date.year()), Some(heatmap.year));
    read_windows.lock().expect("a list").clone()
}

#[test]
fn dashboard_days_are_those_of_owner_zone() {
    let all = (date!(2000 - 01 - 01), date!(9999 - 12 - 31));
    let until_2026 = vec![
        (date!(2026 - 12 - 02), date!(2026 - 12 - 31)),
        (date!(2026 - 12 - 12), date!(2026 - 12 - 31)),
        (date!(2026 - 12 - 22), date!(2026 - 12 - 31)),
        (date!(2026 - 12 - 25), date!(2026 - 12 - 31)),
        all,
        (date!(2026 - 01 - 01), date!(2026 - 12 - 31)),
    ];
    let until_2027 = vec![
        (date!(2026 - 12 - 03), date!(2027 - 01 - 01)),
        (date!(2026 - 12 - 13), date!(2027 - 01 - 01)),
        (date!(2026 - 12 - 23), date!(2027 - 01 - 01)),
        (date!(2026 - 12 - 26), date!(2027 - 01 - 01)),
        all,
        (date!(2027 - 01 - 01), date!(2027 - 12 - 31)),
    ];
    let eve = datetime!(2026-12-31 23:30 UTC);
    assert_eq!(windows(None, eve), until_2026, "who has said nothing lives in UTC");
    assert_eq!(windows(Some("America/Los_Angeles"), eve), until_2026);
    assert_eq!(windows(Some("Europe/Berlin"), eve), until_2027);
}

#[test]
fn heatmap_of_given_year_ignores_zone() {
    let mut reader = MockDashboardReader::new();
    let year = Window { user: ADA, from: date!(2024 - 01 - 01), to: date!(2024 - 12 - 31) };
    reader.expect_days().withf(move |window, _| *window == year).returning(|_, _| {
        Ok(vec![DayUsage { date: date!(2024 - 02 - 29), sums: Sums { tokens: 5, ..Sums::default() } }])
    });
    let heatmap = block_on(dashboard(reader, NOW).heatmap(&ViewedProfile::own(ada()), Some(2024))).expect("a heatmap");
    let busy: Vec<_> = heatmap.days.iter().filter(|day| day.level > 0).map(|day| (day.date, day.tokens)).collect();
    assert_eq!((heatmap.days.len(), busy), (366, vec![(date!(2024 - 02 - 29), 5)]));
}

#[test]
fn machines_and_platform_totals_are_read() {
    let mut reader = MockDashboardReader::new();
    let machine =
        MachineUsage { machine: MachineId::unnamed(), tokens: 7, cost: crate::money::Usd::ZERO, last_synced_at: NOW };
    let machines = TopList { items: vec![machine], total: 1, tokens: 7 };
    let hers = machines.clone();
    reader.expect_machines().withf(|user| *user == ADA).returning(move |_| Ok(hers.clone()));
    let totals = PlatformTotals { tokens: 7, users: 3, tools: 1 };
    reader.expect_platform().returning(move || Ok(totals));
    let dashboard = dashboard(reader, NOW);
    assert_eq!(block_on(dashboard.machines(ADA)).expect("machines"), machines);
    assert_eq!(block_on(dashboard.platform()).expect("totals"), totals);
}

#[test]
fn projects_of_a_period_are_those_of_owner_zone() {
    let (auckland, eve) = (Zone::parse("Pacific/Auckland"), datetime!(2026-12-31 23:30 UTC));
    for (period, from, to) in [
        (Period::Week, date!(2026 - 12 - 26), date!(2027 - 01 - 01)),
        (Period::All, date!(2000 - 01 - 01), date!(9999 - 12 - 31)),
    ] {
        let mut reader = MockDashboardReader::new();
        let expected = Window { user: ADA, from, to };
        let list = TopList { tokens: 7, ..TopList::default() };
        reader.expect_projects().withf(move |window| *window == expected).returning(move |_| Ok(list.clone()));
        let user = User { zone: auckland.clone(), ..ada() };
        let projects = block_on(dashboard(reader, eve).projects(&user, period)).expect("projects");
        assert_eq!(projects.tokens, 7, "{period:?}");
    }
}

#[test]
fn profile_unavailable_store_is_not_private_profile() {
    let mut reader = MockDashboardReader::new();
    reader.expect_figures().returning(|_, _| Err(StoreError::Unavailable("away".to_owned())));
    let error = block_on(dashboard(reader, NOW).overview(&ViewedProfile::own(ada()))).err();
    assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::Unavailable));
}
