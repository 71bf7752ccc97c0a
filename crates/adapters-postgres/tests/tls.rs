//! TLS to a real PostgreSQL: which `sslmode` accepts which server.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use adapters_postgres::{Database, Hub, HubLimits, Migrations, PoolSettings, WorkClass, create_database};
use embedded_postgres::{Binaries, Cluster, ClusterOptions, DataDir, Durability, PathOrigin};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

const FAST: ClusterOptions = ClusterOptions { durability: Durability::None, max_connections: 20 };

/// A certificate authority that exists for one test.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// A certificate for `host`, whose common name is `name`, and its key.
    fn sign(&self, host: &str, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

/// A cluster whose certificate names `localhost` and not `127.0.0.1`.
struct TlsCluster {
    top: tempfile::TempDir,
    dir: DataDir,
    cluster: Option<Cluster>,
}

impl TlsCluster {
    /// Starts it with these lines of `pg_hba.conf`, and with TLS if `has_tls` says so.
    fn start(has_tls: bool, hba: &str) -> Self {
        let top = tempfile::tempdir().unwrap();
        fs::set_permissions(top.path(), PermissionsExt::from_mode(0o711)).unwrap();
        let dir = DataDir::resolve(&top.path().join("data"), PathOrigin::Explicit).unwrap();
        Cluster::start(&dir, &FAST).unwrap().stop().unwrap();

        let (authority, stranger) = (Authority::new("root"), Authority::new("stranger"));
        fs::write(top.path().join("root.crt"), &authority.pem).unwrap();
        fs::write(top.path().join("stranger.crt"), &stranger.pem).unwrap();
        let (certificate, key) = authority.sign("client.example.org", "burntop");
        fs::write(top.path().join("client.crt"), certificate).unwrap();
        fs::write(top.path().join("client.key"), key).unwrap();

        let inside = dir.path().join("cluster");
        let (certificate, key) = authority.sign("localhost", "server");
        let owner = fs::metadata(&inside).unwrap();
        for (name, text) in [("server.crt", &certificate), ("server.key", &key), ("root.crt", &authority.pem)] {
            fs::write(inside.join(name), text).unwrap();
            fs::set_permissions(inside.join(name), PermissionsExt::from_mode(0o600)).unwrap();
            chown(inside.join(name), Some(owner.uid()), Some(owner.gid())).unwrap();
        }
        fs::write(inside.join("pg_hba.conf"), hba).unwrap();
        if has_tls {
            let conf = inside.join("postgresql.conf");
            let text = fs::read_to_string(&conf).unwrap() + "\nssl = on\nssl_ca_file = 'root.crt'\n";
            fs::write(conf, text).unwrap();
        }
        let cluster = Some(Cluster::start(&dir, &FAST).unwrap());
        Self { top, dir, cluster }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.top.path().join(name)
    }

    fn url(&self, host: &str, database: &str, parameters: &str) -> String {
        let path = |name: &str| self.file(name).display().to_string();
        let parameters = ["root.crt", "stranger.crt", "client.crt", "client.key"]
            .iter()
            .fold(parameters.to_owned(), |text, name| text.replace(&format!("<{name}>"), &path(name)));
        let password = fs::read_to_string(self.dir.path().join("password")).unwrap();
        let port = self.cluster.as_ref().unwrap().port();
        format!("postgres://burntop:{}@{host}:{port}/{database}?{parameters}", password.trim())
    }

    /// Opens a connection the way the programs do.
    async fn connect(&self, host: &str, database: &str, parameters: &str) -> Result<(), String> {
        let settings =
            PoolSettings { max_connections: 1, wait: Duration::from_secs(20), work: WorkClass::Jobs, name: "test" };
        let store = Database::new(&self.url(host, database, parameters), settings).unwrap();
        store.check().await.map_err(|error| error.message)
    }
}

async fn assert_outcomes(server: &TlsCluster, cases: &[(&str, &str, &str)]) {
    for (host, parameters, expected) in cases {
        let outcome = server.connect(host, "burntop", parameters).await;
        match (&outcome, *expected) {
            (Ok(()), "accepted") => {}
            (Err(error), expected) if error.contains(expected) => {}
            _ => panic!("{host} {parameters}: {outcome:?} instead of {expected:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_only_server_is_reached_by_modes_that_trust_its_certificate() {
    let server = TlsCluster::start(true, "hostssl all all 127.0.0.1/32 scram-sha-256\n");
    let cases = [
        ("localhost", "sslmode=disable", "no encryption"),
        ("localhost", "", "no encryption"), // loopback defaults to disable
        ("localhost", "sslmode=prefer", "accepted"),
        ("localhost", "sslmode=require", "accepted"),
        ("localhost", "sslmode=require&channel_binding=require", "accepted"),
        ("127.0.0.1", "sslmode=require", "accepted"),
        ("localhost", "sslmode=require&sslrootcert=<root.crt>", "accepted"),
        ("localhost", "sslmode=require&sslrootcert=<stranger.crt>", "certificate"),
        ("localhost", "sslmode=prefer&sslrootcert=<stranger.crt>", "certificate"),
        ("localhost", "sslmode=verify-ca&sslrootcert=<root.crt>", "accepted"),
        ("127.0.0.1", "sslmode=verify-ca&sslrootcert=<root.crt>", "accepted"),
        ("localhost", "sslmode=verify-ca&sslrootcert=<stranger.crt>", "certificate"),
        ("localhost", "sslmode=verify-full&sslrootcert=<root.crt>", "accepted"),
        ("localhost", "sslmode=verify-full&sslrootcert=<root.crt>&channel_binding=require", "accepted"),
        ("127.0.0.1", "sslmode=verify-full&sslrootcert=<root.crt>", "certificate"),
        ("localhost", "sslmode=verify-full&sslrootcert=<stranger.crt>", "certificate"),
        ("localhost", "sslmode=verify-full&sslrootcert=<root.crt>&hostaddr=127.0.0.1", "accepted"),
    ];
    assert_outcomes(&server, &cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_less_server_is_reached_by_prefer_and_disable_only() {
    let server = TlsCluster::start(false, "host all all 127.0.0.1/32 scram-sha-256\n");
    let cases = [
        ("localhost", "sslmode=disable", "accepted"),
        ("localhost", "sslmode=prefer", "accepted"),
        ("localhost", "sslmode=require", "does not offer TLS"),
        ("localhost", "sslmode=verify-ca&sslrootcert=<root.crt>", "does not offer TLS"),
        ("localhost", "sslmode=verify-full&sslrootcert=<root.crt>", "does not offer TLS"),
    ];
    assert_outcomes(&server, &cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn client_certificate_is_presented() {
    let server = TlsCluster::start(true, "hostssl all all 127.0.0.1/32 cert\n");
    let cases = [
        ("localhost", "sslmode=require&sslcert=<client.crt>&sslkey=<client.key>", "accepted"),
        ("localhost", "sslmode=require", "certificate"),
    ];
    assert_outcomes(&server, &cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_notifications_and_cancel_requests_are_encrypted() {
    let server = TlsCluster::start(true, "hostssl all all 127.0.0.1/32 scram-sha-256\n");
    let url = server.url("localhost", "fresh", "sslmode=verify-full&sslrootcert=<root.crt>");
    assert!(create_database(&url).await.unwrap());
    assert!(!Migrations::at(&url).up().await.unwrap().is_empty());

    let settings =
        PoolSettings { max_connections: 1, wait: Duration::from_secs(20), work: WorkClass::Jobs, name: "test" };
    let store = Database::new(&url, settings).unwrap();
    let _hub = Hub::start(store.clone(), &url, HubLimits::default());
    wait_until(&url, "SELECT count(*) > 0 FROM pg_stat_activity WHERE query LIKE 'LISTEN %'").await;

    let lock = "BEGIN; LOCK TABLE __diesel_schema_migrations; SELECT pg_sleep(600)";
    let mut locker = psql(&url, lock).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_until(
        &url,
        "SELECT count(*) > 0 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)' AND wait_event = 'PgSleep'",
    )
    .await;
    let caller = tokio::spawn({
        let store = store.clone();
        async move { store.schema_is_current().await }
    });
    let blocked = "SELECT count(*) {} 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    wait_until(&url, &blocked.replace("{}", ">")).await;
    caller.abort();
    wait_until(&url, &blocked.replace("{}", "=")).await;
    assert!(store.answers().await, "the statement was cancelled, so its connection serves on");
    locker.kill().unwrap();
    locker.wait().unwrap();
}

fn psql(url: &str, sql: &str) -> Command {
    let mut command = Command::new(Binaries::find(None).unwrap().program("psql"));
    command.args(["-XAtq", "-d", url, "-c", sql]);
    command
}

/// Waits until a query answers true.
async fn wait_until(url: &str, query: &str) {
    let start = Instant::now();
    loop {
        let output = psql(url, query).output().unwrap();
        if output.stdout.starts_with(b"t") {
            return;
        }
        assert!(start.elapsed() < Duration::from_mins(1), "{query}: {output:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
