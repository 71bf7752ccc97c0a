use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicUsize, Ordering};

use tar::EntryType;

use super::*;
use crate::PathOrigin;
use crate::archive::tests::archive;

const URL: &str = "https://releases.example.org";

/// The files of a release server by address, and the number of downloads.
#[derive(Default)]
struct Mirror {
    files: HashMap<String, Vec<u8>>,
    downloads: AtomicUsize,
    /// The bytes after which the connection breaks or the disk is full.
    broken_after: Option<(usize, Breakage)>,
}

#[derive(Clone, Copy, PartialEq)]
enum Breakage {
    Connection,
    Disk,
}

impl Download for Mirror {
    fn download(
        &self,
        url: &str,
        receive: &mut (dyn FnMut(DownloadedChunk<'_>) -> io::Result<()> + Send),
    ) -> Result<(), String> {
        self.downloads.fetch_add(1, Ordering::SeqCst);
        let content = self.files.get(url).ok_or("the server answered 404 Not Found")?;
        let mut sent = 0;
        for bytes in content.chunks(1000) {
            match self.broken_after {
                Some((limit, Breakage::Connection)) if sent >= limit => return Err("connection reset".to_owned()),
                Some((limit, Breakage::Disk)) if sent >= limit => {
                    return Err(io::Error::from(io::ErrorKind::StorageFull).to_string());
                }
                _ => {}
            }
            let chunk = DownloadedChunk { bytes, total: Some(content.len() as u64) };
            receive(chunk).map_err(|error| error.to_string())?;
            sent += bytes.len();
        }
        Ok(())
    }
}

fn release() -> Release {
    Release { url: URL.to_owned(), version: "17.11.0".to_owned(), sha256: None, is_preferred: true }
}

fn sha256(content: &[u8]) -> String {
    Sha256::digest(content).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn archive_url() -> String {
    let target = target(Path::new("/")).expect("a target");
    format!("{URL}/17.11.0/postgresql-17.11.0-{target}.tar.gz")
}

/// A mirror of `content` as the archive for this machine, with its checksum.
fn mirror(content: Vec<u8>) -> Mirror {
    let name = "postgresql.tar.gz";
    let files = HashMap::from([
        (format!("{}.sha256", archive_url()), format!("{}  {name}\n", sha256(&content)).into_bytes()),
        (archive_url(), content),
    ]);
    Mirror { files, ..Mirror::default() }
}

/// An archive of programs that report `version`, with 20 kB that do not compress.
fn programs(version: &str) -> Vec<u8> {
    let script = |name: &str| format!("#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n");
    let (postgres, initdb, pg_ctl) = (script("postgres"), script("initdb"), script("pg_ctl"));
    let noise: String = (0..400_u32).map(|number| sha256(&number.to_be_bytes())[..50].to_owned()).collect();
    archive(&[
        (EntryType::Regular, "pg/bin/postgres", &postgres, 0o755),
        (EntryType::Regular, "pg/bin/initdb", &initdb, 0o755),
        (EntryType::Regular, "pg/bin/pg_ctl", &pg_ctl, 0o755),
        (EntryType::Regular, "pg/share/noise", &noise, 0o644),
    ])
}

struct Fixture {
    _top: tempfile::TempDir,
    dir: DataDir,
}

impl Fixture {
    fn new() -> Self {
        let top = tempfile::tempdir().unwrap();
        fs::set_permissions(top.path(), PermissionsExt::from_mode(0o711)).unwrap();
        let dir = DataDir::resolve(&top.path().join("data"), PathOrigin::Explicit).unwrap();
        Self { _top: top, dir }
    }

    fn releases(&self) -> Vec<String> {
        let names = fs::read_dir(self.dir.path().join(DOWNLOADED)).into_iter().flatten();
        let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

#[test]
fn release_is_installed_once_and_found() {
    let fixture = Fixture::new();
    let mirror = mirror(programs("17.11"));
    assert!(release().install_if_needed(&fixture.dir, &mirror).unwrap());
    assert!(!release().install_if_needed(&fixture.dir, &mirror).unwrap());
    assert_eq!(mirror.downloads.load(Ordering::SeqCst), 2, "the checksum and the archive");
    assert_eq!(fixture.releases(), ["17.11.0"]);
    let found = Binaries::find_in(fixture.dir.path(), None).unwrap();
    assert_eq!(found.major(), 17);
    assert!(found.program("postgres").starts_with(fixture.dir.path()));
    let mode = |name: &str| fs::metadata(fixture.dir.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("postgresql"), mode("postgresql/17.11.0"), mode("postgresql/17.11.0/bin")), (0o755, 0o755, 0o755));
}

#[test]
fn release_pinned_by_checksum_needs_no_published_one() {
    let fixture = Fixture::new();
    let content = programs("17.11");
    let mut mirror = mirror(content.clone());
    mirror.files.remove(&format!("{}.sha256", archive_url()));
    let pinned = Release { sha256: Some(sha256(&content).to_uppercase()), ..release() };
    assert!(pinned.install_if_needed(&fixture.dir, &mirror).unwrap());

    let other = Release { sha256: Some("0".repeat(64)), version: "17.12.0".to_owned(), ..release() };
    let error = other.install_if_needed(&fixture.dir, &mirror).unwrap_err().to_string();
    assert!(error.contains("404"), "{error}");
}

#[test]
fn release_that_is_damaged_or_dangerous_is_not_installed() {
    let whole = programs("17.11");
    let with_checksum = |text: &str| {
        let mut mirror = mirror(whole.clone());
        mirror.files.insert(format!("{}.sha256", archive_url()), text.as_bytes().to_vec());
        mirror
    };
    let broken = |breakage| Mirror { broken_after: Some((5_000, breakage)), ..mirror(whole.clone()) };
    let without = |suffix: &str| {
        let mut mirror = mirror(whole.clone());
        mirror.files.remove(&format!("{}{suffix}", archive_url()));
        mirror
    };
    let unusable = archive(&[
        (EntryType::Regular, "pg/bin/postgres", "#!/bin/sh\necho 'libxml2.so.2 is missing' >&2; exit 127\n", 0o755),
        (EntryType::Regular, "pg/bin/initdb", "", 0o755),
        (EntryType::Regular, "pg/bin/pg_ctl", "", 0o755),
    ]);
    for (name, mirror, expected) in [
        ("no archive", without(""), "404"),
        ("no checksum", without(".sha256"), "404"),
        ("wrong checksum", with_checksum(&"0".repeat(64)), "SHA-256"),
        ("a page as checksum", with_checksum("<html>"), "is not a SHA-256 checksum"),
        ("an endless checksum", with_checksum(&"0".repeat(5_000)), "longer than 4096"),
        ("broken connection", broken(Breakage::Connection), "connection reset"),
        ("full disk", broken(Breakage::Disk), "storage"),
        ("torn archive", mirror(whole[..whole.len() / 2].to_vec()), ""),
        ("path outside", mirror(archive(&[(EntryType::Regular, "../escaped", "x", 0o644)])), "leads outside"),
        ("no programs", mirror(archive(&[(EntryType::Regular, "pg/README", "x", 0o644)])), "no directory `bin`"),
        ("other version", mirror(programs("16.2")), "it has PostgreSQL 16"),
        ("programs that do not run", mirror(unusable), "do not run"),
    ] {
        let fixture = Fixture::new();
        let error = release().install_if_needed(&fixture.dir, &mirror).expect_err(name).to_string();
        assert!(error.contains(expected) && error.contains("POSTGRES_RELEASE_URL"), "{name}: {error}");
        assert!(fixture.releases().is_empty(), "{name}: {:?}", fixture.releases());
        assert!(!fixture.dir.path().join("escaped").exists(), "{name}");
        // The failure has no consequences for the next attempt.
        assert!(release().install_if_needed(&fixture.dir, &self::mirror(whole.clone())).unwrap(), "{name}");
    }
}

#[test]
fn release_after_a_kill_is_installed_from_the_beginning() {
    let fixture = Fixture::new();
    fixture.dir.claim().unwrap();
    let parent = fixture.dir.path().join(DOWNLOADED);
    fs::create_dir_all(parent.join(".unpacked/pg/bin")).unwrap();
    fs::write(parent.join(".unpacked/pg/bin/postgres"), "torn").unwrap();
    fs::write(parent.join(".archive"), "torn").unwrap();
    assert!(release().install_if_needed(&fixture.dir, &mirror(programs("17.11"))).unwrap());
    assert_eq!(fixture.releases(), ["17.11.0"]);
}

#[test]
fn release_is_installed_by_one_of_two_processes() {
    let fixture = Fixture::new();
    let mirror = mirror(programs("17.11"));
    let installed = std::thread::scope(|scope| {
        let install = || release().install_if_needed(&fixture.dir, &mirror).unwrap();
        let both = [scope.spawn(install), scope.spawn(install)];
        both.map(|one| usize::from(one.join().unwrap())).iter().sum::<usize>()
    });
    assert_eq!(installed, 1);
    assert_eq!(mirror.downloads.load(Ordering::SeqCst), 2);
}

#[test]
fn release_is_needed_without_programs_for_the_cluster() {
    let (found, none) = (|major| Ok(Binaries::of_version(major)), || Err(Error::NoBinaries));
    let preferred = release();
    let missing = Release { is_preferred: false, ..release() };
    let old = Release { version: "14.2.0".to_owned(), ..release() };
    for (name, release, cluster, programs, expected) in [
        ("nothing at all", &missing, None, none(), true),
        ("programs too old", &missing, None, Err(Error::TooOld { found: 14 }), true),
        ("programs of this machine", &missing, None, found(15), false),
        ("programs of another version than the cluster", &missing, Some(17), found(15), true),
        ("programs of the cluster", &missing, Some(17), found(17), false),
        ("cluster of another version", &missing, Some(15), none(), false),
        ("preferred", &preferred, None, found(15), true),
        ("preferred, cluster of another version", &preferred, Some(15), found(15), false),
        ("preferred, cluster of its version", &preferred, Some(17), found(17), true),
        ("release that burntop does not run on", &old, None, none(), false),
    ] {
        assert_eq!(release.is_missing(cluster, || programs).unwrap(), expected, "{name}");
    }
}

#[test]
fn target_is_that_of_the_machines_c_library() {
    if !cfg!(target_os = "linux") {
        return; // other systems have one C library
    }
    let cpu = std::env::consts::ARCH;
    let (gnu, musl) = match cpu {
        "x86_64" => ("lib64/ld-linux-x86-64.so.2", "lib/ld-musl-x86_64.so.1"),
        "aarch64" => ("lib/ld-linux-aarch64.so.1", "lib/ld-musl-aarch64.so.1"),
        _ => return,
    };
    let own = if cfg!(target_env = "musl") { "musl" } else { "gnu" };
    for (loaders, expected) in
        [(&[][..], None), (&[gnu], Some("gnu")), (&[musl], Some("musl")), (&[gnu, musl], Some(own))]
    {
        let root = tempfile::tempdir().unwrap();
        for loader in loaders {
            let path = root.path().join(loader);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let expected = expected.map(|library| format!("{cpu}-unknown-linux-{library}"));
        assert_eq!(target(root.path()), expected, "{loaders:?}");
    }
}
