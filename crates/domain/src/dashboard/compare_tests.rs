//! Comparisons over a mocked reader.

use pollster::block_on;
use time::macros::{date, datetime};
use uuid::Uuid;

use super::ports::{AccountFigures, MockDashboardReader};
use super::*;
use crate::days::Window;
use crate::days::Zone;
use crate::error::DomainError;
use crate::ids::UserId;
use crate::money::Usd;
use crate::testing::{TestReads, TestStore, test_user, variant};
use crate::usage::{Source, Sums};
use crate::users::ports::MockProfileReader;
use crate::users::{User, Username};

const ADA: UserId = UserId(Uuid::from_u128(1));
const BOB: UserId = UserId(Uuid::from_u128(2));
const EVE: UserId = UserId(Uuid::from_u128(3));

/// Lives in UTC.
fn ada_herself() -> User {
    test_user(ADA, "ada")
}

/// Lives in a zone with the next date.
fn bob_himself() -> User {
    User { zone: Zone::parse("Asia/Tokyo"), ..test_user(BOB, "bob") }
}

fn names() -> (Username, Username) {
    (Username::trusted("ADA"), Username::trusted("bob"))
}

/// A dashboard in which Eve sees `people` and, a moment later, the figures of `shown`.
fn dashboard(people: Vec<User>, shown: &'static [UserId]) -> Dashboard {
    let mut profiles = MockProfileReader::new();
    profiles
        .expect_visible_among()
        .withf(|names, viewer| (names.len(), *viewer) == (2, Some(EVE)))
        .returning(move |_, _| Ok(people.clone()));
    let mut reader = MockDashboardReader::new();
    reader.expect_figures().times(usize::from(!shown.is_empty())).returning(|windows, viewer| {
        let month = |user, from, to| Window { user, from, to };
        let hers = month(ADA, date!(2026 - 10 - 24), date!(2026 - 11 - 22));
        let his = month(BOB, date!(2026 - 10 - 25), date!(2026 - 11 - 23));
        assert_eq!((windows, viewer), (&[his, hers][..], Some(EVE)));
        let active = |day| AccountFigures { active_days: [day].into(), ..AccountFigures::default() };
        let figures = |id: &UserId| {
            let figures = if *id == ADA { active(hers.to) } else { active(his.to) };
            let totals = Sums { tokens: if *id == ADA { 10 } else { 20 }, ..Sums::default() };
            (*id, AccountFigures { totals, ..figures })
        };
        Ok(shown.iter().map(figures).collect())
    });
    reader.expect_favourites().returning(|people, viewer, count| {
        assert_eq!((people, viewer, count), (&[BOB, ADA][..], Some(EVE), 3));
        let top = Favourite { what: Source::trusted("codex"), tokens: 20, cost: Usd::ZERO };
        Ok(vec![(BOB, Favourites { models: Vec::new(), sources: vec![top] })])
    });
    let reads = TestReads { profiles, dashboard: reader, ..TestReads::default() };
    Dashboard::new(TestStore::reading(reads).deps_at(datetime!(2026-11-22 23:30 UTC)))
}

#[test]
fn compare_keeps_order_and_uses_each_local_day() {
    let (ada, bob) = names();
    let (hers, his) = ((ADA, 10, 1, 0), (BOB, 20, 1, 1));
    for (first, second, expected) in [(&ada, &bob, [hers, his]), (&bob, &ada, [his, hers])] {
        let dashboard = dashboard(vec![bob_himself(), ada_herself()], &[BOB, ADA]);
        let pair = block_on(dashboard.compare(first, second, Some(EVE))).expect("both");
        let compared = pair.map(|one| {
            let (overview, sources) = (one.overview, one.favourites.sources.len());
            (one.user.id, overview.totals.tokens, overview.streak.current, sources)
        });
        assert_eq!(compared, expected);
    }
}

#[test]
fn compare_hidden_user_is_unknown_and_figures_are_not_read() {
    for (people, missing) in [(vec![bob_himself()], "ADA"), (vec![ada_herself()], "bob"), (Vec::new(), "ADA")] {
        let dashboard = dashboard(people, &[]);
        let (ada, bob) = names();
        let error = block_on(dashboard.compare(&ada, &bob, Some(EVE))).expect_err("one is missing");
        assert_eq!(
            (variant(&error), error.details().subject.and_then(|s| s.value).as_deref()),
            ("Unknown", Some(missing))
        );
    }
}

#[test]
fn compare_user_hidden_meanwhile_is_unknown() {
    for (shown, missing) in [(&[BOB][..], "ada"), (&[ADA], "bob")] {
        let dashboard = dashboard(vec![bob_himself(), ada_herself()], shown);
        let (ada, bob) = names();
        let error = block_on(dashboard.compare(&ada, &bob, Some(EVE))).expect_err("one is missing");
        assert_eq!(
            (variant(&error), error.details().subject.and_then(|s| s.value).as_deref()),
            ("Unknown", Some(missing))
        );
    }
}
