//! Migrations go up, down and up again, and two processes at once do no harm.

use adapters_postgres::{DroppedData, MigrationError, Migrations, create_database};
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
    let too_many = migrations.down(99).await;
    assert!(
        matches!(too_many, Err(MigrationError::TooManySteps { steps: 99, applied }) if applied == all.len() - 1),
        "{too_many:?}"
    );
    let rest = u32::try_from(all.len() - 1).expect("few");
    assert_eq!(migrations.down(rest).await.expect("all the way down").len(), all.len() - 1);
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
async fn reversal_plan_names_columns_and_tables_and_changes_nothing() {
    let fixture = crate::common::fixture();
    fixture.create_user("ada", None).await;
    let migrations = Migrations::at(fixture.database.url());
    let all = migrations.status().await.expect("a status");
    let plan = migrations.plan_down(u32::try_from(all.len()).expect("few")).await.expect("a plan");
    let users = DroppedData { table: "users".to_owned(), column: None, rows: 1 };
    assert!(plan.dropped.contains(&users), "{:?}", plan.dropped);
    assert_eq!(plan.migrations.last(), all.first().map(|first| &first.name));
    assert_eq!(migrations.status().await.expect("a status"), all);

    let rebuild_due = all.iter().rev().position(|migration| migration.name.ends_with("rebuild_due")).expect("it");
    let plan = migrations.plan_down(u32::try_from(rebuild_due + 1).expect("few")).await.expect("a plan");
    let column = DroppedData { table: "usage_totals".to_owned(), column: Some("rebuild_due".to_owned()), rows: 1 };
    assert!(plan.dropped.contains(&column), "{:?}", plan.dropped);
}

#[tokio::test(flavor = "multi_thread")]
async fn database_of_another_program_is_refused_and_unchanged() {
    for (name, statements) in [
        ("table", "CREATE TABLE orders (id int)"),
        ("table of another schema", "CREATE SCHEMA shop; CREATE TABLE shop.orders (id int)"),
        ("view", "CREATE VIEW orders AS SELECT 1"),
        (
            "migrations of another program that uses diesel",
            "CREATE TABLE __diesel_schema_migrations (version varchar(50) PRIMARY KEY, run_on timestamp DEFAULT now());
             INSERT INTO __diesel_schema_migrations VALUES ('20200101000000'); CREATE TABLE orders (id int)",
        ),
    ] {
        let database = crate::common::empty_database();
        let (client, driver) = tokio_postgres::connect(database.url(), NoTls).await.expect("a connection");
        tokio::spawn(driver);
        client.batch_execute(statements).await.expect("statements");
        let count = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
        let relations = async || client.query_one(count, &[]).await.expect("a count").get::<_, i64>(0);
        let before = relations().await;
        let migrations = Migrations::at(database.url());
        let outcomes = [
            migrations.up().await.map(drop),
            migrations.down(1).await.map(drop),
            migrations.plan_down(1).await.map(drop),
            migrations.status().await.map(drop),
        ];
        for outcome in outcomes {
            let Err(MigrationError::Foreign { relations: 1, example }) = outcome else { panic!("{name}: {outcome:?}") };
            assert!(example.ends_with("orders"), "{name}: {example}");
        }
        assert_eq!(relations().await, before, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn database_with_only_an_extension_is_usable() {
    let database = crate::common::empty_database();
    let (client, driver) = tokio_postgres::connect(database.url(), NoTls).await.expect("a connection");
    tokio::spawn(driver);
    let statements = "CREATE TABLE settings (id int); CREATE TEMPORARY TABLE notes (id int);
                      ALTER EXTENSION plpgsql ADD TABLE settings";
    client.batch_execute(statements).await.expect("statements");
    assert!(!Migrations::at(database.url()).up().await.expect("up").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn database_that_is_not_utf8_is_refused() {
    let fixture = crate::common::fixture();
    let name = format!("test_{}_ascii", std::process::id());
    let (client, driver) = tokio_postgres::connect(fixture.database.url(), NoTls).await.expect("a connection");
    tokio::spawn(driver);
    client.batch_execute(&format!("DROP DATABASE IF EXISTS {name}")).await.expect("dropped");
    let create = format!("CREATE DATABASE {name} ENCODING 'SQL_ASCII' TEMPLATE template0 STRATEGY FILE_COPY");
    client.batch_execute(&create).await.expect("created");
    let url = fixture.database.url().replace(fixture.database.name(), &name);
    let refused = Migrations::at(&url).up().await;
    assert!(matches!(&refused, Err(MigrationError::NotUtf8 { encoding }) if encoding == "SQL_ASCII"), "{refused:?}");
    client.batch_execute(&format!("DROP DATABASE {name}")).await.expect("dropped");
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_migration_has_its_name_and_code() {
    let database = crate::common::empty_database();
    let (client, driver) = tokio_postgres::connect(database.url(), NoTls).await.expect("a connection");
    tokio::spawn(driver);
    let fails = "CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS
                 $$ BEGIN RAISE EXCEPTION 'voll' USING ERRCODE = '53100'; END $$;
                 CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION refuse()";
    client.batch_execute(fails).await.expect("a trigger");
    let Err(MigrationError::Failed(error)) = Migrations::at(database.url()).up().await else { panic!("it fails") };
    assert_eq!(error.sqlstate.as_deref(), Some("53100"));
    assert!(error.message.contains("accounts: voll"), "{error}");
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
