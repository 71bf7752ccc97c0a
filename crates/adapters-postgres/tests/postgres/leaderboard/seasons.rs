//! Months that are over everywhere.

use domain::error::{DomainError, ErrorKind};
use domain::leaderboard::SeasonMonth;
use domain::store::Store;
use domain::users::User;
use time::Month::{August, November, October, September};
use time::macros::datetime;

use super::community::used;
use crate::common::{Fixture, NOW, fixture, test_user};

async fn lines(fixture: &Fixture, month: &str) -> Vec<String> {
    let month = SeasonMonth::parse(month).expect("a month");
    let board = fixture.leaderboard().season(month).await.expect("a season");
    board.entries.iter().map(|entry| format!("{} {} {}", entry.rank, entry.username, entry.tokens)).collect()
}

async fn months(fixture: &Fixture) -> Vec<String> {
    let seasons = fixture.leaderboard().seasons().await.expect("seasons");
    seasons.iter().map(|season| format!("{} of {}", season.month, season.people)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn season_is_frozen_once_with_the_shown_accounts() {
    let fixture = fixture();
    fixture.opened(datetime!(2026-08-31 12:00 UTC)).await;
    assert_eq!(NOW.date().to_string(), "2026-11-22", "what the days below are counted from");
    let (ada, bob, cyd, dee) = (
        fixture.create_user("ada", None).await,
        fixture.create_user("bob", None).await,
        fixture.create_user("cyd", None).await,
        fixture.create_private_user("dee").await,
    );
    let day = |user, month, day| {
        let date = time::Date::from_calendar_date(2026, month, day).expect("a day");
        used(user, (NOW.date() - date).whole_days(), 10)
    };
    fixture
        .use_up(&[
            day(&ada, August, 31),
            day(&ada, October, 1),
            day(&ada, October, 31),
            day(&ada, November, 1),
            day(&bob, October, 2),
            day(&bob, October, 9),
            day(&cyd, October, 5),
            day(&dee, October, 5),
            day(&cyd, September, 30),
        ])
        .await;
    let refreshed = fixture.leaderboard_at(datetime!(2026-11-01 11:59 UTC)).refresh().await.expect("too early");
    assert_eq!(refreshed.frozen.len(), 2, "August and September");
    let refreshed = fixture.leaderboard_at(datetime!(2026-11-01 12:00 UTC)).refresh().await.expect("October");
    assert_eq!(refreshed.frozen.iter().map(ToString::to_string).collect::<Vec<_>>(), ["2026-10"]);
    assert_eq!(months(&fixture).await, ["2026-10 of 3", "2026-09 of 1", "2026-08 of 1"]);
    let october = ["1 bob 20", "1 ada 20", "3 cyd 10"];
    assert_eq!(lines(&fixture, "2026-10").await, october);

    // Later usage changes nothing. An account that turns private is hidden; one that turns public later is not added.
    fixture.use_up(&[day(&cyd, October, 7)]).await;
    fixture.set_public(&dee, true).await;
    fixture.refresh().await;
    assert_eq!(lines(&fixture, "2026-10").await, october);
    fixture.set_public(&bob, false).await;
    assert_eq!(lines(&fixture, "2026-10").await, ["1 ada 20", "3 cyd 10"]);
    let unknown = fixture.leaderboard().season(SeasonMonth::parse("2026-11").expect("a month")).await;
    assert_eq!(unknown.expect_err("under way").kind(), ErrorKind::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn season_keeps_the_first_hundred() {
    let fixture = fixture();
    let mut rows = Vec::new();
    for number in 1..=103 {
        rows.push(used(&fixture.create_user(&format!("person{number}"), None).await, 40, 1000 - number));
    }
    fixture.opened(datetime!(2026-10-13 12:00 UTC)).await;
    fixture.use_up(&rows).await;
    fixture.refresh().await;
    assert_eq!(months(&fixture).await, ["2026-10 of 103"]);
    let first = lines(&fixture, "2026-10").await;
    assert_eq!((first.len(), &*first[99]), (100, "100 person100 900"));
}

#[tokio::test(flavor = "multi_thread")]
async fn season_before_the_first_account_is_not_frozen() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    fixture.use_up(&[used(&ada, 2_400, 5), used(&ada, 200, 5), used(&ada, 40, 5), used(&ada, 1, 5)]).await;
    let refreshed = fixture.leaderboard().refresh().await.expect("the first sync's refresh");
    assert_eq!(refreshed.frozen, [], "whoever joins an hour later would be missing in them for good");

    // Two months later, of which one was missed: those in which there were people.
    fixture.opened(datetime!(2026-11-22 12:00 UTC)).await;
    let bob = fixture.create_user("bob", None).await;
    fixture.use_up(&[used(&bob, 3, 9)]).await;
    let refreshed = fixture.leaderboard_at(datetime!(2027-01-05 12:00 UTC)).refresh().await.expect("a refresh");
    assert_eq!(refreshed.frozen.iter().map(ToString::to_string).collect::<Vec<_>>(), ["2026-11", "2026-12"]);
    assert_eq!(lines(&fixture, "2026-11").await, ["1 bob 9", "2 ada 5"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn season_before_an_import_is_not_frozen() {
    let fixture = fixture();
    let ada = User { created_at: datetime!(2024-02-03 12:00 UTC), ..test_user("ada") };
    let mut tx = fixture.store.begin().await.expect("a transaction");
    tx.users().insert(&ada, None).await.expect("an account");
    tx.commit().await.expect("a commit");
    fixture.use_up(&[used(&ada, 700, 5), used(&ada, 1, 5)]).await;
    assert_eq!(fixture.leaderboard().refresh().await.expect("a refresh").frozen, []);
}
