//! Projects on PostgreSQL: in order, of their owner only, up to the limit, and gone with the account.

use domain::ids::ProjectId;
use domain::portability::PastProject;
use domain::projects::{MOST_PROJECTS, ProjectChange, ProjectDetails, Projects, Title};
use domain::store::Store;
use domain::testing::variant;
use domain::users::{User, WebUrl};
use time::Duration;

use crate::common::{Fixture, NOW, fixture};

/// The use cases as they run `seconds` after `NOW`.
fn projects(fixture: &Fixture, seconds: i64) -> Projects {
    Projects::new(fixture.deps_at(NOW + Duration::seconds(seconds)))
}

fn details(title: &str, is_featured: bool) -> ProjectDetails {
    let url = WebUrl::trusted("https://example.org");
    ProjectDetails { title: Some(Title::trusted(title)), description: None, url, is_featured }
}

async fn titles(fixture: &Fixture, owner: &User) -> Vec<String> {
    let shown = projects(fixture, 0).shown(owner.id, None).await.expect("projects");
    shown.into_iter().filter_map(|project| project.details.title).map(|title| title.to_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn projects_are_listed_featured_first_then_newest() {
    let fixture = fixture();
    let (ada, bob) = (fixture.create_user("ada", None).await, fixture.create_user("bob", None).await);
    let mut added = Vec::new();
    for (seconds, title, is_featured) in
        [(1, "old star", true), (2, "old", false), (3, "star", true), (4, "new", false)]
    {
        let project = projects(&fixture, seconds).add(ada.id, details(title, is_featured)).await.expect("room");
        added.push(project);
    }
    projects(&fixture, 5).add(bob.id, details("bob's", true)).await.expect("room");
    assert_eq!(titles(&fixture, &ada).await, ["star", "old star", "new", "old"]);
    let statements = fixture.store.queries().statements();
    assert_eq!(projects(&fixture, 0).shown(ada.id, None).await.expect("projects").len(), 4);
    assert_eq!(fixture.store.queries().statements() - statements, 1);

    let id = added[1].id;
    let change = ProjectChange { is_featured: Some(true), title: Some(None), ..ProjectChange::default() };
    let changed = projects(&fixture, 60).change(ada.id, id, change.clone()).await.expect("a project");
    assert_eq!((changed.created_at, changed.updated_at), (NOW + Duration::seconds(2), NOW + Duration::MINUTE));
    assert_eq!(projects(&fixture, 0).find(ada.id, id).await.expect("a project"), changed);
    assert_eq!(titles(&fixture, &ada).await, ["star", "old star", "new"], "the one without a title is featured");

    for error in [
        projects(&fixture, 0).find(bob.id, id).await.err(),
        projects(&fixture, 0).change(bob.id, id, change).await.err(),
        projects(&fixture, 0).delete(bob.id, id).await.err(),
    ] {
        assert_eq!(error.map(|error| variant(&error)), Some("UnknownProject"));
    }
    projects(&fixture, 0).delete(ada.id, id).await.expect("deleted");
    assert_eq!(projects(&fixture, 0).shown(ada.id, None).await.expect("projects").len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_requests_do_not_pass_the_limit() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    let tasks: Vec<_> = (0..MOST_PROJECTS + 5)
        .map(|n| {
            let projects = projects(&fixture, n.into());
            tokio::spawn(
                async move { projects.add(ada.id, details("one", false)).await.map_err(|error| variant(&error)) },
            )
        })
        .collect();
    let mut refused = Vec::new();
    for task in tasks {
        refused.extend(task.await.expect("a task").err());
    }
    assert_eq!(refused, ["LimitReached"; 5]);
    assert_eq!(titles(&fixture, &ada).await.len(), MOST_PROJECTS as usize);
}

#[tokio::test(flavor = "multi_thread")]
async fn import_adds_the_newest_up_to_the_limit_and_nothing_twice() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    projects(&fixture, 0).add(ada.id, details("here", false)).await.expect("room");
    let imported: Vec<_> = (1..=25)
        .map(|n| {
            let at = NOW - Duration::days(n);
            let past = PastProject { details: details(&n.to_string(), false), created_at: at, updated_at: at };
            (ProjectId(uuid::Uuid::now_v7()), past)
        })
        .collect();
    let keep = async |imported: &[(ProjectId, PastProject)]| {
        let mut tx = fixture.store.begin().await.expect("a transaction");
        let new = tx.imports().keep_projects(ada.id, imported).await.expect("kept");
        tx.commit().await.expect("a commit");
        new
    };
    let again: Vec<_> = imported[..2].iter().map(|(_, past)| (ProjectId(uuid::Uuid::now_v7()), past.clone())).collect();
    assert_eq!((keep(&imported[..2]).await, keep(&again).await), (2, 0));
    assert_eq!(keep(&imported[2..]).await, 17);
    let kept = titles(&fixture, &ada).await;
    let expected: Vec<String> = std::iter::once("here".to_owned()).chain((1..=19).map(|n| n.to_string())).collect();
    assert_eq!(kept, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn projects_of_a_deleted_account_are_hidden_and_go_with_it() {
    let fixture = fixture();
    let ada = fixture.create_user("ada", None).await;
    projects(&fixture, 0).add(ada.id, details("one", false)).await.expect("room");
    let client = fixture.client().await;
    client.batch_execute("UPDATE users SET deleted_at = now()").await.expect("deleted");
    assert!(titles(&fixture, &ada).await.is_empty());
    client.batch_execute("DELETE FROM users").await.expect("purged");
    let left = client.query_one("SELECT count(*) FROM profile_projects", &[]).await.expect("a count");
    assert_eq!(left.get::<_, i64>(0), 0);
}
