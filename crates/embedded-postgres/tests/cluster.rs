//! The life of a cluster: creation, restart, takeover, crash, and refused access.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use common::{ask, open_dir, wait_for};
use embedded_postgres::{Cluster, ClusterOptions, DataDir, Durability, Error, PathOrigin, attach};
use rustix::process::{Pid, Signal, kill_process};

/// For tests that are not about crashes.
const FAST: ClusterOptions = ClusterOptions { durability: Durability::None, max_connections: 20 };

fn data_dir(top: &tempfile::TempDir) -> DataDir {
    DataDir::resolve(&top.path().join("data"), PathOrigin::Explicit).unwrap()
}

fn postmaster_pid(dir: &DataDir) -> u32 {
    let text = fs::read_to_string(dir.path().join("cluster/postmaster.pid")).unwrap();
    text.lines().next().unwrap().parse().unwrap()
}

fn signal(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid.try_into().unwrap()).unwrap(), signal).unwrap();
}

/// Another process that runs the cluster in `dir` until it is killed: this test program with the test `runs_a_cluster`.
fn another_process(dir: &DataDir) -> Child {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "runs_a_cluster", "--nocapture"])
        .env("RUN_CLUSTER_IN", dir.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_for("the other process's cluster", || attach(dir).is_ok());
    child
}

#[test]
fn runs_a_cluster() {
    let Some(dir) = std::env::var_os("RUN_CLUSTER_IN") else { return };
    let dir = DataDir::resolve(Path::new(&dir), PathOrigin::Explicit).unwrap();
    let _cluster = Cluster::start(&dir, &ClusterOptions::default()).unwrap();
    loop {
        std::thread::park();
    }
}

#[test]
fn cluster_is_created_once_and_keeps_its_data() {
    let top = open_dir();
    let dir = data_dir(&top);
    let cluster = Cluster::start(&dir, &ClusterOptions::default()).unwrap();
    let first_url = cluster.url().to_owned();
    assert!(first_url.ends_with("/burntop"));
    ask(&first_url, "CREATE TABLE kept AS SELECT 42 AS n").unwrap();
    assert_eq!(ask(&first_url, "SHOW fsync").unwrap(), "on");
    assert_eq!(ask(&first_url, "SHOW server_encoding").unwrap(), "UTF8");
    assert_eq!(ask(&first_url, "SHOW listen_addresses").unwrap(), "127.0.0.1");
    cluster.stop().unwrap();
    assert!(ask(&first_url, "SELECT 1").is_err(), "the server is stopped");

    let again = Cluster::start(&dir, &FAST).unwrap();
    assert_eq!(again.url(), first_url, "the same port and password");
    assert_eq!(ask(again.url(), "SELECT n FROM kept").unwrap(), "42");
    assert_eq!(ask(again.url(), "SHOW fsync").unwrap(), "off");
}

#[test]
fn cluster_dropped_stops_its_server() {
    let top = open_dir();
    let dir = data_dir(&top);
    let mut cluster = Cluster::start(&dir, &FAST).unwrap();
    assert!(cluster.is_running());
    let url = cluster.url().to_owned();
    drop(cluster);
    assert!(ask(&url, "SELECT 1").is_err());
    assert!(!dir.path().join("cluster/postmaster.pid").exists());
}

#[test]
fn cluster_wrong_password_is_refused() {
    let top = open_dir();
    let dir = data_dir(&top);
    let cluster = Cluster::start(&dir, &FAST).unwrap();
    let wrong = format!("postgres://burntop:wrong@127.0.0.1:{}/burntop", cluster.port());
    assert!(ask(&wrong, "SELECT 1").unwrap_err().contains("password authentication failed"));
    let password = fs::metadata(dir.path().join("password")).unwrap();
    assert_eq!(password.mode() & 0o777, 0o600);
}

#[test]
fn cluster_of_root_runs_as_another_user() {
    let top = open_dir();
    let dir = data_dir(&top);
    let _cluster = Cluster::start(&dir, &FAST).unwrap();
    let owner = fs::metadata(dir.path().join("cluster")).unwrap().uid();
    assert_ne!(owner, 0);
}

#[test]
fn cluster_in_use_names_its_process_and_can_be_attached_to() {
    let top = open_dir();
    let dir = data_dir(&top);
    assert!(matches!(attach(&dir), Err(Error::NotRunning { .. })));
    let mut other = another_process(&dir);
    let error = Cluster::start(&dir, &FAST).unwrap_err();
    assert!(matches!(error, Error::AlreadyInUse { pid: Some(pid), .. } if pid == other.id()), "{error}");

    let url = attach(&dir).unwrap();
    assert_eq!(ask(&url, "SELECT current_database()").unwrap(), "burntop");
    other.kill().unwrap();
    other.wait().unwrap();
    Cluster::start(&dir, &FAST).unwrap().stop().unwrap();
}

#[test]
fn server_of_killed_process_is_taken_over() {
    let top = open_dir();
    let dir = data_dir(&top);
    let mut other = another_process(&dir);
    let left = postmaster_pid(&dir);
    let url = attach(&dir).unwrap();
    ask(&url, "CREATE TABLE kept AS SELECT 1 AS n").unwrap();
    other.kill().unwrap();
    other.wait().unwrap();
    assert_eq!(ask(&url, "SELECT n FROM kept").unwrap(), "1", "the server outlives its owner");

    let cluster = Cluster::start(&dir, &FAST).unwrap();
    assert_ne!(postmaster_pid(&dir), left);
    assert_eq!(cluster.url(), url, "attached programs find it again");
    assert_eq!(ask(&url, "SELECT n FROM kept").unwrap(), "1");
}

#[test]
fn server_in_directory_with_unusual_characters_is_taken_over() {
    let top = open_dir();
    let dir = DataDir::resolve(&top.path().join("Ada's \"own\" données (1)"), PathOrigin::Explicit).unwrap();
    for _ in 0..2 {
        let mut other = another_process(&dir);
        let left = postmaster_pid(&dir);
        other.kill().unwrap();
        other.wait().unwrap();
        let url = attach(&dir).unwrap();
        assert_eq!(ask(&url, "SELECT 1").unwrap(), "1");

        let cluster = Cluster::start(&dir, &FAST).unwrap();
        assert_ne!(postmaster_pid(&dir), left);
        assert_eq!(ask(cluster.url(), "SELECT 1").unwrap(), "1");
        cluster.stop().unwrap();
    }
}

#[test]
fn server_process_inherits_no_secrets() {
    let top = open_dir();
    let dir = data_dir(&top);
    // `another_process` sets RUN_CLUSTER_IN, which stands for all variables that are not inherited.
    let mut other = another_process(&dir);
    if let Ok(environment) = fs::read(format!("/proc/{}/environ", postmaster_pid(&dir))) {
        let environment = String::from_utf8_lossy(&environment);
        assert!(!environment.contains("RUN_CLUSTER_IN") && !environment.contains("CARGO"), "{environment}");
    }
    other.kill().unwrap();
    other.wait().unwrap();
    Cluster::start(&dir, &FAST).unwrap().stop().unwrap();
}

#[test]
fn data_dir_link_is_not_followed() {
    let top = open_dir();
    let dir = data_dir(&top);
    Cluster::start(&dir, &FAST).unwrap().stop().unwrap();
    let secret = top.path().join("secret");
    fs::write(&secret, "precious").unwrap();
    for name in ["postgres.log", "lock", "cluster/PG_VERSION"] {
        let (path, aside) = (dir.path().join(name), dir.path().join("aside"));
        fs::rename(&path, &aside).unwrap();
        symlink(&secret, &path).unwrap();
        let error = Cluster::start(&dir, &FAST).unwrap_err();
        assert!(!error.to_string().contains("precious"), "{name}: {error}");
        assert_eq!(fs::read_to_string(&secret).unwrap(), "precious", "{name}");
        fs::rename(&aside, &path).unwrap();
    }
    Cluster::start(&dir, &FAST).unwrap().stop().unwrap();
}

#[test]
fn server_that_died_is_revived_with_committed_data() {
    let top = open_dir();
    let dir = data_dir(&top);
    let mut cluster = Cluster::start(&dir, &ClusterOptions::default()).unwrap();
    assert!(!cluster.revive().unwrap(), "there is nothing to do while it runs");
    ask(cluster.url(), "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)").unwrap();
    let url = cluster.url().to_owned();

    signal(postmaster_pid(&dir), Signal::KILL);
    wait_for("the end of the server", || !cluster.is_running());
    assert!(ask(&url, "SELECT 1").is_err());
    assert!(cluster.revive().unwrap());
    assert_eq!(cluster.url(), url);
    assert_eq!(ask(&url, "SELECT n FROM kept").unwrap(), "7");
    cluster.stop().unwrap();
}

#[test]
fn cluster_that_crashed_recovers() {
    let top = open_dir();
    let dir = data_dir(&top);
    let mut other = another_process(&dir);
    let url = attach(&dir).unwrap();
    ask(&url, "CREATE TABLE kept AS SELECT 7 AS n").unwrap();
    other.kill().unwrap();
    other.wait().unwrap();
    signal(postmaster_pid(&dir), Signal::KILL);

    let cluster = Cluster::start(&dir, &ClusterOptions::default()).unwrap();
    assert_eq!(ask(cluster.url(), "SELECT n FROM kept").unwrap(), "7");
}

#[test]
fn pid_file_of_reused_pid_is_ignored() {
    let top = open_dir();
    let dir = data_dir(&top);
    Cluster::start(&dir, &FAST).unwrap().stop().unwrap();
    let mut bystander = Command::new("sleep").arg("600").spawn().unwrap();
    let text = format!("{}\n{}\n1\n5432\n\n127.0.0.1\n0 0\nready   \n", bystander.id(), dir.path().display());
    fs::write(dir.path().join("cluster/postmaster.pid"), text).unwrap();
    assert!(matches!(attach(&dir), Err(Error::NotRunning { .. })));

    let cluster = Cluster::start(&dir, &FAST).unwrap();
    assert_eq!(ask(cluster.url(), "SELECT 1").unwrap(), "1");
    assert!(bystander.try_wait().unwrap().is_none(), "the other process still runs");
    bystander.kill().unwrap();
    bystander.wait().unwrap();
}

#[test]
fn cluster_creation_interrupted_starts_over() {
    let top = open_dir();
    let dir = data_dir(&top);
    dir.claim().unwrap();
    fs::create_dir(dir.path().join("cluster.new")).unwrap();
    fs::write(dir.path().join("cluster.new/PG_VERSION"), "15").unwrap();
    let cluster = Cluster::start(&dir, &FAST).unwrap();
    assert_eq!(ask(cluster.url(), "SELECT 1").unwrap(), "1");
    assert!(!dir.path().join("cluster.new").exists());
}

#[test]
fn cluster_of_another_major_version_is_refused() {
    let top = open_dir();
    let dir = data_dir(&top);
    dir.claim().unwrap();
    fs::create_dir(dir.path().join("cluster")).unwrap();
    fs::write(dir.path().join("cluster/PG_VERSION"), "9.6\n").unwrap();
    let error = Cluster::start(&dir, &FAST).unwrap_err();
    assert!(matches!(&error, Error::OtherVersion { cluster, .. } if cluster == "9.6"), "{error}");
}

#[test]
fn cluster_of_another_user_is_refused() {
    if !rustix::process::geteuid().is_root() {
        return; // only root can give a directory away
    }
    let top = open_dir();
    let dir = data_dir(&top);
    Cluster::start(&dir, &FAST).unwrap().stop().unwrap();
    std::os::unix::fs::chown(dir.path().join("cluster"), Some(54_321), None).unwrap();
    assert!(matches!(Cluster::start(&dir, &FAST), Err(Error::OwnedByAnother { .. })));
}

#[test]
fn server_that_cannot_start_shows_its_log() {
    let top = open_dir();
    let dir = data_dir(&top);
    Cluster::start(&dir, &FAST).unwrap().stop().unwrap();
    let conf = dir.path().join("cluster/postgresql.conf");
    let text = fs::read_to_string(&conf).unwrap() + "\nno_such_setting = on\n";
    fs::write(&conf, text).unwrap();
    let error = Cluster::start(&dir, &FAST).unwrap_err();
    assert!(matches!(error, Error::NotStarted { .. }), "{error}");
    assert!(error.to_string().contains("no_such_setting"), "{error}");
}

#[test]
fn server_leads_its_own_process_group() {
    let top = open_dir();
    let dir = data_dir(&top);
    let _cluster = Cluster::start(&dir, &FAST).unwrap();
    let pid = Pid::from_raw(postmaster_pid(&dir).try_into().unwrap()).unwrap();
    assert_eq!(rustix::process::getpgid(Some(pid)).unwrap(), pid, "the server leads its own process group");
}

#[test]
fn cluster_port_taken_meanwhile_is_replaced() {
    let top = open_dir();
    let dir = data_dir(&top);
    let first = Cluster::start(&dir, &FAST).unwrap();
    let port = first.port();
    first.stop().unwrap();
    let _listener = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let second = Cluster::start(&dir, &FAST).unwrap();
    assert_ne!(second.port(), port);
    assert_eq!(ask(&attach(&dir).unwrap(), "SELECT 1").unwrap(), "1");
}
