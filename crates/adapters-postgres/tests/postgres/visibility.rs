//! Visibility: every statement decides it anew (I7).

use domain::dashboard::ports::DashboardReader;
use domain::days::Window;
use domain::ids::UserId;
use domain::page::PageRequest;
use domain::projects::ports::ProjectReader;
use domain::social::ports::FollowReader;
use domain::users::ports::ProfileReader;
use domain::users::{User, UserError, Username};
use time::macros::{date, datetime};

use crate::common::{Fixture, NOW, fixture};

const PAGE: PageRequest = PageRequest { page: 1, size: 50 };

/// Which statements show `viewer` data of `owner`.
async fn shown(fixture: &Fixture, owner: &User, viewer: Option<UserId>) -> Vec<bool> {
    let store = &fixture.store;
    let window = Window { user: owner.id, from: date!(2000 - 01 - 01), to: date!(2100 - 01 - 01) };
    let user = store.find(&owner.username, viewer).await.expect("a person").expect("somebody");
    vec![
        user.is_visible,
        store.profile(&owner.username, viewer, NOW).await.expect("a person").expect("a profile").figures.is_some(),
        !store.visible_among(std::slice::from_ref(&owner.username), viewer).await.expect("people").is_empty(),
        !store.figures(&[window], viewer).await.expect("figures").is_empty(),
        !store.favourites(&[owner.id], viewer, 3).await.expect("favourites").is_empty(),
        !store.days(window, viewer).await.expect("days").is_empty(),
        store.days_and_hours(window, window, viewer).await.expect("days and hours") != (Vec::new(), [0; 24]),
        !store.tools(window, viewer).await.expect("tools").items.is_empty(),
        !store.models(window, viewer).await.expect("models").items.is_empty(),
        store.followers(owner.id, viewer, PAGE).await.expect("followers").total > 0,
        !store.followers(owner.id, viewer, PAGE).await.expect("followers").items.is_empty(),
        store.following(owner.id, viewer, PAGE).await.expect("following").total > 0,
        !store.following(owner.id, viewer, PAGE).await.expect("following").items.is_empty(),
        !store.shown(owner.id, viewer).await.expect("projects").is_empty(),
        store.stats(owner.id, viewer).await.expect("stats").is_some(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_hides_a_private_account_immediately() {
    let fixture = fixture();
    let [ada, bob, eve] = [
        fixture.create_user("ada", None).await,
        fixture.create_user("bob", None).await,
        fixture.create_user("eve", None).await,
    ];
    let social = fixture.social();
    fixture.sync(&bob, &["one", "two"]).await;
    social.follow(ada.id, &bob.username).await.expect("a follow");
    social.follow(bob.id, &eve.username).await.expect("a follow");
    let project = "INSERT INTO profile_projects (id, user_id, url, is_featured, created_at, updated_at)
        SELECT gen_random_uuid(), id, 'https://example.org', true, now(), now() FROM users WHERE username = 'bob'";
    fixture.client().await.batch_execute(project).await.expect("a project");

    let all = |seen: Vec<bool>, expected: bool| seen.iter().all(|shown| *shown == expected) && seen.len() == 15;
    for (is_public, friend, stranger) in [(true, true, true), (false, true, false), (true, true, true)] {
        fixture.set_public(&bob, is_public).await;
        for (viewer, expected) in
            [(Some(bob.id), true), (Some(ada.id), friend), (Some(eve.id), stranger), (None, stranger)]
        {
            let seen = shown(&fixture, &bob, viewer).await;
            assert!(all(seen.clone(), expected), "public: {is_public}, {viewer:?}: {seen:?}");
        }
    }

    fixture.set_public(&bob, false).await;
    social.remove_follower(bob.id, &ada.username).await.expect("removed");
    let seen = shown(&fixture, &bob, Some(ada.id)).await;
    assert!(all(seen.clone(), false), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn profile_that_turns_private_between_two_statements_is_hidden() {
    let fixture = fixture();
    let bob = fixture.create_user("bob", None).await;
    fixture.sync(&bob, &["one"]).await;
    let dashboard = fixture.dashboard();
    let look = fixture.profiles().visible(&bob.username, None).await.expect("public");
    fixture.set_public(&bob, false).await;
    assert!(matches!(dashboard.overview(&look).await, Err(UserError::Private)));
    assert!(dashboard.tools(&look, domain::days::Period::All).await.expect("nothing").items.is_empty());
    let profile = dashboard.profile(&bob.username, None).await.expect("a name and a picture");
    assert_eq!(profile.overview, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn profile_has_the_month_of_its_local_day() {
    let fixture = fixture();
    // In UTC it is 11:30 of 1 December: 1 December in Honolulu, Kiritimati has 2 December.
    let noon = datetime!(2026-12-01 11:30 UTC);
    let midnight = datetime!(2026-12-01 00:30 UTC);
    for (name, zone, now, days_of_month) in [
        ("ada", None, noon, (2, 31)),
        ("bob", Some("Pacific/Kiritimati"), noon, (3, 32)),
        ("eve", Some("Pacific/Honolulu"), midnight, (1, 30)),
        ("joe", Some("Pacific/Kiritimati"), midnight, (2, 31)),
        ("kim", Some("Europe/Berlin"), midnight, (2, 31)),
    ] {
        let user = fixture.create_user(name, zone).await;
        // Each day has as many tokens as there are days since 31 October, in a number system of its own.
        let days = format!(
            "INSERT INTO usage_days (user_key, day, messages, tokens, input, output, cache_read, cache_write, reasoning,
                 unpriced_tokens, unpriced_messages, estimated_messages, cost)
             SELECT key, '2026-10-31'::date + n, 1, n * n, 0, 0, 0, 0, 0, 0, 0, 0, 0
             FROM users, generate_series(0, 40) AS n WHERE username = '{name}'"
        );
        fixture.client().await.batch_execute(&days).await.expect("days");
        let (first, last) = days_of_month;
        let expected: i64 = (first..=last).map(|n: i64| n * n).sum();
        let profile = fixture.store.profile(&user.username, None, now).await.expect("a read").expect("a profile");
        assert_eq!(profile.figures.map(|figures| figures.window_tokens), Some(expected), "{name} at {now}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn profiles_looked_up_together_share_statements() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_user("ada", None).await, fixture.create_private_user("bob").await);
    fixture.sync(&ada, &["one"]).await;
    fixture.sync(&bob, &["one", "two"]).await;
    let shared = fixture.store.clone().with_shared_look_ups();
    let names = ["ADA", "bob", "nobody", "ada", "bob"].map(|name| Username::parse(name).expect("a name"));
    let viewers = [None, None, None, Some(bob.id), Some(bob.id)];
    let before = fixture.store.queries().statements();
    let look_ups = (0..200).map(|n| shared.profile(&names[n % 5], viewers[n % 5], NOW));
    let profiles = futures_util::future::join_all(look_ups).await;
    assert!(fixture.store.queries().statements() - before < 20, "200 look-ups");
    for (n, profile) in profiles.into_iter().enumerate() {
        let profile = profile.expect("a read");
        let seen = profile.map(|profile| (profile.user.id, profile.figures.map(|figures| figures.totals.messages)));
        let expected =
            [Some((ada.id, Some(1))), Some((bob.id, None)), None, Some((ada.id, Some(1))), Some((bob.id, Some(2)))];
        assert_eq!(seen, expected[n % 5], "{n}");
    }
    shared.close();
    assert!(shared.profile(&ada.username, None, NOW).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn profile_and_dashboard_take_few_statements() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_user("ada", None).await, fixture.create_private_user("bob").await);
    let viewer = Some(bob.id);
    fixture.sync(&ada, &["one"]).await;
    let (dashboard, queries) = (fixture.dashboard(), fixture.store.queries());

    let before = queries.statements();
    dashboard.profile(&ada.username, viewer).await.expect("a profile");
    assert_eq!(queries.statements() - before, 1);

    let before = queries.statements();
    let [a, b] = dashboard.compare(&ada.username, &bob.username, viewer).await.expect("both");
    assert_eq!(queries.statements() - before, 3);
    assert_eq!((a.user.id, a.overview.totals.input, a.favourites.models.len()), (ada.id, 100, 1));
    assert_eq!((b.user.id, b.overview.totals.input, b.favourites.models.len()), (bob.id, 0, 0));

    let [one, same] = dashboard.compare(&ada.username, &ada.username, None).await.expect("twice the same");
    assert_eq!(one, same);
    for viewer in [None, Some(ada.id)] {
        let hidden = dashboard.compare(&ada.username, &bob.username, viewer).await;
        assert!(matches!(&hidden, Err(UserError::Unknown { value, .. }) if value == "bob"), "{hidden:?}");
    }
}
