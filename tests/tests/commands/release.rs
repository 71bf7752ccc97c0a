//! A machine without PostgreSQL: the server gets it from a release.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

use embedded_postgres::Binaries;
use sha2::{Digest, Sha256};
use tests::{Database, Server, TestUser};

use super::refuses;

/// A server that answers every path that ends with `.tar.gz` or `.sha256`.
struct ReleaseServer {
    url: String,
    /// The requested paths.
    paths: Arc<Mutex<Vec<String>>>,
}

impl ReleaseServer {
    fn start(archive: Vec<u8>, checksum: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let paths = Arc::new(Mutex::new(Vec::new()));
        let recorded = paths.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
                let request = lines.next().unwrap_or_default();
                let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
                // The rest of the head.
                let _ = lines.find(String::is_empty);
                let body = if path.ends_with(".sha256") { checksum.as_bytes() } else { &archive[..] };
                recorded.lock().expect("paths").push(path);
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                // A client may close the connection before everything is sent.
                let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
            }
        });
        Self { url, paths }
    }

    fn paths(&self) -> Vec<String> {
        self.paths.lock().expect("paths").clone()
    }
}

/// An archive like those of the releases, of the programs of this machine, and its version.
fn release(scratch: &Path) -> (Vec<u8>, String) {
    let binaries = Binaries::find(None).expect("PostgreSQL is installed");
    let version = format!("{}.99.0", binaries.major());
    let home = scratch.join(format!("postgresql-{version}-target"));
    fs::create_dir_all(home.join("bin")).expect("a directory");
    for name in ["postgres", "initdb", "pg_ctl"] {
        fs::copy(binaries.program(name), home.join("bin").join(name)).expect("a copy");
    }
    // PostgreSQL looks for its files relative to its programs, where the build has put both below one directory.
    let prefix = binaries.program("postgres").ancestors().nth(2).expect("a prefix").to_owned();
    for part in ["lib", "share"].iter().filter(|part| prefix.join(part).is_dir()) {
        let copied = Command::new("cp").arg("-R").arg(prefix.join(part)).arg(home.join(part)).status();
        assert!(copied.expect("cp runs").success());
    }
    let archive = scratch.join("archive.tar.gz");
    let mut tar = Command::new("tar");
    tar.arg("-czf").arg(&archive).arg("-C").arg(scratch).arg(home.file_name().expect("a name"));
    assert!(tar.status().expect("tar runs").success());
    (fs::read(archive).expect("an archive"), version)
}

fn sha256(content: &[u8]) -> String {
    Sha256::digest(content).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[tokio::test]
async fn server_runs_a_downloaded_postgresql_and_downloads_it_once() {
    let database = Arc::new(Database::empty());
    fs::set_permissions(database.home(), Permissions::from_mode(0o711)).expect("permissions");
    let (archive, version) = release(&database.home().join("scratch"));
    let damaged = ReleaseServer::start(archive[..archive.len() / 2].to_vec(), sha256(&archive));
    let whole = ReleaseServer::start(archive.clone(), format!("{}  postgresql.tar.gz\n", sha256(&archive)));
    let settings = |server: &ReleaseServer| {
        [
            ("DATABASE_URL", String::new()),
            ("POSTGRES_DOWNLOAD", "always".to_owned()),
            ("POSTGRES_RELEASE_URL", server.url.clone()),
            ("POSTGRES_RELEASE_VERSION", version.clone()),
        ]
    };
    let refused = database.command("api-server").envs(settings(&damaged)).output().expect("it runs");
    refuses(&refused, &["getting it from", "SHA-256", "POSTGRES_RELEASE_URL"]);
    let releases = database.home().join("data/postgresql");
    assert_eq!(fs::read_dir(&releases).expect("a directory").count(), 0, "nothing of a torn download is left");

    let whole_settings = settings(&whole);
    let whole_settings: Vec<(&str, &str)> =
        whole_settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut server = Server::start_on(database.clone(), &whole_settings).await;
    assert!(server.log().contains("getting PostgreSQL") && server.log().contains(&whole.url), "{}", server.log());
    TestUser::register(&server, "ada").await;
    let pid = fs::read_to_string(database.home().join("data/postmaster")).expect("a record");
    let pid = pid.lines().next().expect("a pid").to_owned();
    if let Ok(program) = fs::read_link(format!("/proc/{pid}/exe")) {
        assert!(program.ends_with(format!("data/postgresql/{version}/bin/postgres")), "{program:?}");
    }
    assert_eq!(server.terminate().await, Some(0));
    server.restart().await;
    let paths = whole.paths();
    assert_eq!(paths.len(), 2, "{paths:?}");
    let prefix = format!("/{version}/postgresql-{version}-{}-", std::env::consts::ARCH);
    assert!(paths.iter().all(|path| path.starts_with(&prefix)), "{paths:?}");
    assert!(paths[0].ends_with(".tar.gz.sha256") && paths[1].ends_with(".tar.gz"), "{paths:?}");
}
