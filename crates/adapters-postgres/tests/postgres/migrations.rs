//! Migrations go up, down and up again, and two processes at once do no harm.

use adapters_postgres::{MigrationError, Migrations, create_database};
use tokio_postgres::NoTls;

#[tokio::test(flavor = "multi_thread")]
async fn migrations_go_up_and_down() {
    let database = crate::common::empty_database();
    let migrations = Migrations::at(database.url());
    let all = migrations.status().await.expect("a status");
    assert!(!all.is_empty() && all.iter().all(|migration| !migration.applied));

    assert_eq!(migrations.up().await.expect("up").len(), all.len());
    assert!(migrations.up().await.expect("up again").is_empty());
    assert_eq!(migrations.down(1).await.expect("down").len(), 1);
    let applied = migrations.status().await.expect("a status").iter().filter(|migration| migration.applied).count();
    assert_eq!(applied, all.len() - 1);
    assert_eq!(migrations.down(99).await.expect("all the way down").len(), all.len() - 1);
    assert_eq!(migrations.up().await.expect("up once more").len(), all.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_at_once_run_one_after_another() {
    let database = crate::common::empty_database();
    let runs: Vec<_> = (0..4)
        .map(|_| {
            let migrations = Migrations::at(database.url());
            tokio::spawn(async move { migrations.up().await })
        })
        .collect();
    let mut ran = Vec::new();
    for run in runs {
        ran.push(run.await.expect("a task").expect("up").len());
    }
    ran.sort_unstable();
    let all = Migrations::at(database.url()).status().await.expect("a status").len();
    assert_eq!(ran, [0, 0, 0, all]);
}

#[tokio::test(flavor = "multi_thread")]
async fn database_of_a_newer_version_is_refused() {
    let fixture = crate::common::fixture();
    let (client, driver) = tokio_postgres::connect(fixture.database.url(), NoTls).await.expect("a connection");
    tokio::spawn(driver);
    let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000001')";
    client.execute(newer, &[]).await.expect("an insert");
    let refused = Migrations::at(fixture.database.url()).up().await;
    assert!(matches!(refused, Err(MigrationError::Newer(version)) if version == "29990101000001"));
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_database_is_reported_and_can_be_created() {
    let fixture = crate::common::fixture();
    let url = fixture.database.url().replace(fixture.database.name(), "made \"by\" a test");
    let url = url.replace(' ', "%20").replace('"', "%22");
    let missing = Migrations::at(&url).up().await;
    let Err(MigrationError::Connect(error)) = missing else { panic!("{missing:?}") };
    assert_eq!(error.sqlstate.as_deref(), Some("3D000"));
    assert!(create_database(&url).await.expect("created"));
    assert!(!create_database(&url).await.expect("there already"));
    let (client, driver) = tokio_postgres::connect(fixture.database.url(), NoTls).await.expect("a connection");
    tokio::spawn(driver);
    client.batch_execute("DROP DATABASE \"made \"\"by\"\" a test\"").await.expect("dropped");
}
