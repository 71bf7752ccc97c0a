//! Visibility: every statement decides it anew (I7).

use domain::dashboard::ports::DashboardReader;
use domain::days::Window;
use domain::ids::UserId;
use domain::page::PageRequest;
use domain::projects::ports::ProjectReader;
use domain::social::ports::FollowReader;
use domain::users::ports::ProfileReader;
use domain::users::{User, UserError};
use time::macros::date;

use crate::common::{Fixture, fixture};

const PAGE: PageRequest = PageRequest { page: 1, size: 50 };

/// Which statements show `viewer` data of `owner`.
async fn shown(fixture: &Fixture, owner: &User, viewer: Option<UserId>) -> Vec<bool> {
    let store = &fixture.store;
    let window = Window { user: owner.id, from: date!(2000 - 01 - 01), to: date!(2100 - 01 - 01) };
    let user = store.find(&owner.username, viewer).await.expect("a person").expect("somebody");
    vec![
        user.is_visible,
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

    let all = |seen: Vec<bool>, expected: bool| seen.iter().all(|shown| *shown == expected) && seen.len() == 14;
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
async fn profile_and_dashboard_take_few_statements() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_user("ada", None).await, fixture.create_private_user("bob").await);
    let viewer = Some(bob.id);
    fixture.sync(&ada, &["one"]).await;
    let (dashboard, queries) = (fixture.dashboard(), fixture.store.queries());

    let before = queries.statements();
    dashboard.profile(&ada.username, viewer).await.expect("a profile");
    assert_eq!(queries.statements() - before, 2);

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
