//! The data directory: its place, its marker and its lock.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::account::{Account, user_name};
use crate::error::{Error, ErrorContext};
use crate::files::{self, Lock, LockOutcome};

/// The file that marks a data directory of burntop.
const MARKER: &str = ".burntop-data";
const MARKER_TEXT: &str = "This directory holds burntop's database. Do not change it by hand.\nlayout 1\n";

/// The place of root's data if the user that runs PostgreSQL cannot reach the default place.
const FALLBACK: &str = "/var/lib/burntop";

/// The origin of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathOrigin {
    /// The default. Another place is used if this one cannot be reached.
    Default,
    /// A setting. No other place is used.
    Explicit,
}

/// A data directory that the user of PostgreSQL can reach. It need not exist yet.
#[derive(Debug, Clone)]
pub struct DataDir {
    path: PathBuf,
    account: Account,
    requested: Option<PathBuf>,
}

impl DataDir {
    /// The data directory for `requested`; creates nothing.
    ///
    /// For root PostgreSQL runs as another user. If that user cannot enter a parent directory, a [`Default`](PathOrigin::Default) path is
    /// replaced by `/var/lib/burntop/<hash of the path>` (see [`notice`](Self::notice)), and an [`Explicit`](PathOrigin::Explicit) path
    /// is refused with [`Error::Closed`].
    pub fn resolve(requested: &Path, origin: PathOrigin) -> Result<Self, Error> {
        Self::resolve_with(requested, origin, Account::to_run_as()?, Path::new(FALLBACK))
    }

    fn resolve_with(requested: &Path, origin: PathOrigin, account: Account, fallback: &Path) -> Result<Self, Error> {
        let path = real_path(requested)?;
        let Some(parent) = account.closed_parent(&path) else {
            return Ok(Self { path, account, requested: None });
        };
        if origin == PathOrigin::Explicit {
            return Err(Error::Closed { dir: path, parent, account: account.name().to_owned() });
        }
        let moved = fallback.join(format!("{:016x}", fnv1a(path.as_os_str().as_encoded_bytes())));
        Ok(Self { path: moved, account, requested: Some(path) })
    }

    /// Absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A line for the operator if the data is not at the default place.
    pub fn notice(&self) -> Option<String> {
        let requested = self.requested.as_ref()?;
        let (path, account) = (self.path.display(), self.account.name());
        Some(format!(
            "keeping the database in {path}: PostgreSQL runs as user `{account}`, which may not enter {}",
            requested.display()
        ))
    }

    /// Creates the directory with its marker, or checks an existing one.
    ///
    /// Fails with [`Error::NotOurs`] if it has files and no marker, and with [`Error::OwnedByAnother`] if it belongs to another user.
    pub fn claim(&self) -> Result<(), Error> {
        // The user that runs PostgreSQL needs to pass through the directory, but not to list it.
        files::create_dirs(&self.path, 0o711)?;
        self.check_owner(&self.path)?;
        if self.is_empty()? && !self.has_marker() {
            let marker = self.path.join(MARKER);
            let create = |path| OpenOptions::new().write(true).create_new(true).open(path);
            match create(&marker).and_then(|mut file| file.write_all(MARKER_TEXT.as_bytes())) {
                // Another process claims it at the same time.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                written => written.doing(|| format!("write {}", marker.display()))?,
            }
        }
        if !self.has_marker() {
            return Err(Error::NotOurs { dir: self.path.clone() });
        }
        files::set_mode(&self.path, 0o711)
    }

    /// Reads the file `name` of the directory, which must not be a link.
    pub fn read(&self, name: &str) -> Result<String, Error> {
        files::read_in(&self.path, name).doing(|| format!("read {}", self.path.join(name).display()))
    }

    /// Whether the directory exists and has the marker.
    pub(crate) fn has_marker(&self) -> bool {
        fs::symlink_metadata(self.path.join(MARKER)).is_ok_and(|found| found.is_file())
    }

    /// Fails unless `path` is a directory of this process's user or of the user that runs PostgreSQL.
    pub(crate) fn check_owner(&self, path: &Path) -> Result<(), Error> {
        let found = fs::symlink_metadata(path).doing(|| format!("look at {}", path.display()))?;
        if !found.is_dir() {
            return Err(Error::NotOurs { dir: path.to_owned() });
        }
        if !self.account.accepts_owner(found.uid()) {
            return Err(Error::OwnedByAnother { dir: path.to_owned(), owner: user_name(found.uid()) });
        }
        Ok(())
    }

    /// Locks the directory for this process until the value is dropped.
    pub(crate) fn lock(&self) -> Result<Lock, Error> {
        match Lock::try_exclusive(&self.path.join("lock"))? {
            LockOutcome::Held(lock) => Ok(lock),
            LockOutcome::Busy(pid) => Err(Error::AlreadyInUse { dir: self.path.clone(), pid }),
        }
    }

    pub(crate) fn account(&self) -> &Account {
        &self.account
    }

    /// The data directory of PostgreSQL.
    pub(crate) fn cluster(&self) -> PathBuf {
        self.path.join("cluster")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.path.join("postgres.log")
    }

    /// The password of [`ROLE`](crate::ROLE).
    pub(crate) fn password_file(&self) -> PathBuf {
        self.path.join("password")
    }

    /// The server process, as [`postmaster`](crate::postmaster) records it.
    pub(crate) fn process_file(&self) -> PathBuf {
        self.path.join("postmaster")
    }

    pub(crate) fn port_file(&self) -> PathBuf {
        self.path.join("port")
    }

    fn is_empty(&self) -> Result<bool, Error> {
        let mut entries = fs::read_dir(&self.path).doing(|| format!("list {}", self.path.display()))?;
        Ok(entries.next().is_none())
    }
}

/// The absolute path of a file that need not exist, with links resolved in the existing part.
fn real_path(path: &Path) -> Result<PathBuf, Error> {
    let absolute = std::path::absolute(path).doing(|| format!("find {}", path.display()))?;
    for existing in absolute.ancestors() {
        match fs::canonicalize(existing) {
            Ok(real) => {
                let rest = absolute.strip_prefix(existing).unwrap_or(Path::new(""));
                return Ok(if rest.as_os_str().is_empty() { real } else { real.join(rest) });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).doing(|| format!("look at {}", existing.display())),
        }
    }
    Ok(absolute)
}

/// The 64-bit FNV-1a hash: a short name for a path, stable across releases.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn open_dir() -> tempfile::TempDir {
        let top = tempfile::tempdir().unwrap();
        fs::set_permissions(top.path(), PermissionsExt::from_mode(0o711)).unwrap();
        top
    }

    fn at(path: &Path) -> DataDir {
        DataDir::resolve(path, PathOrigin::Explicit).unwrap()
    }

    #[test]
    fn data_dir_new_is_claimed_and_found_again() {
        let top = open_dir();
        let dir = at(&top.path().join("deep/data"));
        assert!(!dir.has_marker());
        dir.claim().unwrap();
        dir.claim().unwrap();
        assert!(dir.has_marker());
        assert_eq!(dir.notice(), None);
    }

    #[test]
    fn data_dir_concurrent_claims_all_succeed() {
        for _ in 0..50 {
            let top = open_dir();
            let dir = at(&top.path().join("data"));
            let barrier = std::sync::Barrier::new(4);
            let claim = || {
                barrier.wait();
                dir.claim()
            };
            std::thread::scope(|scope| {
                let claims: Vec<_> = (0..4).map(|_| scope.spawn(claim)).collect();
                for claimed in claims {
                    claimed.join().unwrap().unwrap();
                }
            });
        }
    }

    #[test]
    fn data_dir_empty_is_claimed_whatever_its_permissions() {
        let top = open_dir();
        let path = top.path().join("data");
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(0o700)).unwrap();
        at(&path).claim().unwrap();
    }

    #[test]
    fn data_dir_with_foreign_files_is_refused_and_unchanged() {
        let top = open_dir();
        fs::write(top.path().join("thesis.txt"), "years of work").unwrap();
        assert!(matches!(at(top.path()).claim(), Err(Error::NotOurs { .. })));
        assert_eq!(fs::read_dir(top.path()).unwrap().count(), 1);
    }

    #[test]
    fn data_dir_of_another_user_is_refused() {
        if !rustix::process::geteuid().is_root() {
            return; // only root can give a directory away
        }
        let top = open_dir();
        let path = top.path().join("data");
        fs::create_dir(&path).unwrap();
        std::os::unix::fs::chown(&path, Some(54_321), None).unwrap();
        let error = at(&path).claim().unwrap_err();
        assert!(matches!(&error, Error::OwnedByAnother { owner, .. } if owner == "54321"), "{error}");
    }

    #[test]
    fn data_dir_unreachable_default_moves_and_explicit_is_refused() {
        if !rustix::process::geteuid().is_root() {
            return; // other users run PostgreSQL as themselves
        }
        let (top, fallback) = (tempfile::tempdir().unwrap(), open_dir());
        fs::set_permissions(top.path(), PermissionsExt::from_mode(0o700)).unwrap();
        let account = Account::to_run_as().unwrap();
        let resolve =
            |origin| DataDir::resolve_with(&top.path().join(".burntop"), origin, account.clone(), fallback.path());

        let moved = resolve(PathOrigin::Default).unwrap();
        assert!(moved.path().starts_with(fallback.path()));
        assert_eq!(moved.path(), resolve(PathOrigin::Default).unwrap().path(), "the place is stable");
        assert!(moved.notice().unwrap().contains(".burntop"));

        let error = resolve(PathOrigin::Explicit).unwrap_err();
        let parent = fs::canonicalize(top.path()).unwrap();
        assert!(matches!(&error, Error::Closed { parent: closed, .. } if *closed == parent), "{error}");
    }

    #[test]
    fn data_dir_links_and_relative_paths_are_resolved() {
        let top = open_dir();
        let real = fs::canonicalize(top.path()).unwrap().join("real");
        fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, top.path().join("link")).unwrap();
        assert_eq!(at(&top.path().join("link/not/there")).path(), real.join("not/there"));
        assert_eq!(at(&top.path().join("link")).path(), real);
        assert!(at(Path::new("./x")).path().is_absolute());
    }

    #[test]
    fn fnv1a_matches_published_values() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn data_dir_second_lock_names_holder() {
        let top = open_dir();
        let dir = at(&top.path().join("data"));
        dir.claim().unwrap();
        let _lock = dir.lock().unwrap();
        let error = dir.lock().unwrap_err();
        assert!(matches!(error, Error::AlreadyInUse { pid: Some(pid), .. } if pid == std::process::id()));
    }
}
