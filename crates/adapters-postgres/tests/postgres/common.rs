//! A database of its own for each test, from a template that was migrated once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use adapters_postgres::{Database, Migrations, PoolSettings, WorkClass};
use domain::achievements::ports::ProgressChanges;
use domain::clock::FixedClock;
use domain::dashboard::Dashboard;
use domain::days::Zone;
use domain::deps::Deps;
use domain::identity::Email;
use domain::ids::{ActivityId, CountingIds, UserId};
use domain::pricing::CurrentBook;
use domain::social::{Activity, ActivityKind, Social};
use domain::store::{Store, UnitOfWork};
use domain::usage::testing::{batch, sent};
use domain::usage::{SentMessage, Usage};
use domain::users::{Profile, ProfileChange, Profiles, User, Username, Users, ViewedProfile};
use embedded_postgres::testing::{TestCluster, TestDatabase};
use time::OffsetDateTime;
use time::macros::datetime;
use uuid::Uuid;

/// A database with our schema; it goes away with this value.
pub(crate) struct Fixture {
    pub(crate) store: Database,
    pub(crate) database: TestDatabase,
}

/// A migrated database.
pub(crate) fn fixture() -> Fixture {
    let cluster = TestCluster::shared().expect("a cluster");
    let template = format!("adapters_{}", digest());
    cluster.template(&template, migrate).expect("a template");
    let database = cluster.create_database(Some(&template)).expect("a database");
    let pool = PoolSettings { max_connections: 12, wait: Duration::from_secs(20), work: WorkClass::Jobs, name: "test" };
    Fixture { store: Database::new(database.url(), pool).expect("a pool"), database }
}

/// A database without our schema.
pub(crate) fn empty_database() -> TestDatabase {
    TestCluster::shared().expect("a cluster").create_database(None).expect("a database")
}

/// Migrates on a thread with a runtime of its own: the caller may be on one already.
fn migrate(url: &str) -> Result<(), String> {
    let url = url.to_owned();
    let work = move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|e| e.to_string())?;
        runtime.block_on(Migrations::at(&url).up()).map(drop).map_err(|e| e.to_string())
    };
    std::thread::spawn(work).join().map_err(|_| "migrating panicked".to_owned())?
}

/// Names the migrations, so that a changed one gets a template of its own.
fn digest() -> String {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut files: Vec<_> = walk("../../migrations".as_ref());
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        std::fs::read(file).expect("a migration").hash(&mut hasher);
    }
    format!("{:x}", hasher.finish())
}

fn walk(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

/// An account called `name`, not stored yet.
pub(crate) fn test_user(name: &str) -> User {
    let now = datetime!(2026-11-22 12:00 UTC);
    User {
        id: UserId(Uuid::now_v7()),
        username: Username::trusted(name),
        email: Some(Email::trusted(format!("{}@example.org", name.to_lowercase()))),
        email_verified: false,
        profile: Profile::default(),
        is_public: true,
        is_admin: false,
        zone: None,
        created_at: now,
        updated_at: now,
    }
}

impl Fixture {
    /// Stores an account called `name` that lives in `zone`.
    pub(crate) async fn create_user(&self, name: &str, zone: Option<&str>) -> User {
        let user = User { zone: zone.and_then(Zone::parse), ..test_user(name) };
        let mut tx = self.store.begin().await.expect("a transaction");
        tx.users().insert(&user, None).await.expect("an account");
        tx.commit().await.expect("a commit");
        user
    }
}

impl Fixture {
    /// The database as another process sees it, which has cached no names.
    pub(crate) fn another_process(&self) -> Database {
        let pool =
            PoolSettings { max_connections: 4, wait: Duration::from_secs(20), work: WorkClass::Jobs, name: "other" };
        Database::new(self.database.url(), pool).expect("a pool")
    }

    /// Waits until `number` transactions wait for a lock.
    pub(crate) async fn wait_for_locks(&self, number: i64) {
        let client = self.client().await;
        let query = "SELECT count(*) FROM pg_stat_activity
                     WHERE datname = current_database() AND wait_event_type = 'Lock'";
        for _ in 0..10_000 {
            if client.query_one(query, &[]).await.expect("a count").get::<_, i64>(0) == number {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("no transaction waits");
    }
}

/// When social tests happen.
pub(crate) const NOW: OffsetDateTime = domain::usage::testing::NOW;

impl Fixture {
    /// Stores an account called `name` that is private.
    pub(crate) async fn create_private_user(&self, name: &str) -> User {
        self.set_public(&self.create_user(name, None).await, false).await
    }

    /// Makes the profile of `user` public or private.
    pub(crate) async fn set_public(&self, user: &User, is_public: bool) -> User {
        let users = Users::new(self.deps());
        let change = ProfileChange { is_public: Some(is_public), ..ProfileChange::default() };
        users.change(user.id, change).await.expect("a change")
    }

    /// What use cases are built from, at [`NOW`].
    pub(crate) fn deps(&self) -> Deps {
        self.deps_at(NOW)
    }

    /// What use cases are built from, at `now`.
    pub(crate) fn deps_at(&self, now: OffsetDateTime) -> Deps {
        Deps { store: Arc::new(self.store.clone()), clock: Arc::new(FixedClock(now)), ids: Arc::new(CountingIds) }
    }

    /// The use cases of following.
    pub(crate) fn social(&self) -> Social {
        Social::new(self.deps())
    }

    /// The use cases of profiles and of leaving, at `now`.
    pub(crate) fn users_at(&self, now: OffsetDateTime) -> Users {
        Users::new(self.deps_at(now))
    }

    /// The account of `user`, for its owner.
    pub(crate) async fn own(&self, user: UserId) -> ViewedProfile {
        let account = self.store.reads().profiles().account(user).await.expect("a read");
        ViewedProfile::own(account.expect("an account"))
    }

    /// The use cases of looking.
    pub(crate) fn dashboard(&self) -> Dashboard {
        Dashboard::new(self.deps())
    }

    /// The use cases of looking people up.
    pub(crate) fn profiles(&self) -> Profiles {
        Profiles::new(self.deps())
    }

    /// The use cases of the ledger.
    pub(crate) fn usage(&self) -> Usage {
        Usage::new(self.deps(), Arc::new(CurrentBook::shipped()))
    }

    /// Stores a few messages of `user`: 100 input tokens each.
    pub(crate) async fn sync(&self, user: &User, ids: &[&str]) {
        let messages = ids.iter().map(|id| SentMessage { input: 100, ..sent(id) }).collect();
        self.usage().sync(user.id, batch(messages)).await.expect("a sync");
    }
}

/// Every row of every table, as JSON: table by table, in the order of the texts.
pub(crate) type Everything = BTreeMap<String, Vec<String>>;

impl Fixture {
    /// Runs statements, beside whatever else is under way.
    pub(crate) async fn run(&self, sql: &str) {
        self.client().await.batch_execute(sql).await.expect("it runs");
    }

    /// Everything that is stored, but for the notes that accounts have changed.
    pub(crate) async fn everything(&self) -> Everything {
        let client = self.client().await;
        let tables = "SELECT relname::text FROM pg_class
                      WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname NOT LIKE '\\_\\_%'
                          AND relname <> 'board_changes'";
        let mut everything = Everything::new();
        for table in client.query(tables, &[]).await.expect("tables") {
            let table: String = table.get(0);
            let rows = format!("SELECT to_jsonb(t)::text FROM {table} t ORDER BY 1");
            let rows = client.query(&rows, &[]).await.expect("rows").iter().map(|row| row.get(0)).collect();
            everything.insert(table, rows);
        }
        everything
    }
}

/// A level reached by `user` `seconds` after [`NOW`], not stored yet.
pub(crate) fn level_up(user: &User, seconds: i64) -> Activity {
    let (kind, data) = (ActivityKind::LevelUp, vec![("level", 2_u32.into())]);
    let created_at = NOW + time::Duration::seconds(seconds);
    Activity { id: ActivityId(Uuid::now_v7()), user: user.id, kind, data, created_at }
}

/// Writes `activity` in `tx`.
pub(crate) async fn write(tx: &mut dyn UnitOfWork, activity: &Activity) {
    let award = ProgressChanges { activities: vec![activity.clone()], ..ProgressChanges::default() };
    tx.progress().award(activity.user, &award, activity.created_at).await.expect("an award");
}

impl Fixture {
    /// A level that `user` reached `seconds` after [`NOW`]; returns its activity.
    pub(crate) async fn happens(&self, user: &User, seconds: i64) -> ActivityId {
        let activity = level_up(user, seconds);
        let mut tx = self.store.begin().await.expect("a transaction");
        write(&mut *tx, &activity).await;
        tx.commit().await.expect("a commit");
        activity.id
    }

    /// Lets `follower` follow `whom`, a public account.
    pub(crate) async fn follow(&self, follower: &User, whom: &User) {
        self.social().follow(follower.id, &whom.username).await.expect("a follow");
    }

    /// A connection for statements of the test's own.
    pub(crate) async fn client(&self) -> tokio_postgres::Client {
        let (client, driver) =
            tokio_postgres::connect(self.database.url(), tokio_postgres::NoTls).await.expect("a connection");
        tokio::spawn(driver);
        client
    }
}
