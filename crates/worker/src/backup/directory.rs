//! The directory of backups: its lock, the names in it, and which are removed.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::clock::Clock;
use rustix::fs::OFlags;
use time::OffsetDateTime;

use super::error::{BackupError, IoContext};

/// Locked while a backup is written. It stays in the directory: removing it would let two processes lock different files.
const LOCK: &str = ".burntop-backup.lock";

const PREFIX: &str = "burntop-";
const SUFFIX: &str = ".dump";
/// The form of an instant in a name; `0` is any digit.
const STAMP: &str = "00000000T000000Z";

/// How often the clock is read while the name of the current second is taken.
const NAME_POLL: Duration = Duration::from_millis(50);

/// A directory of backups that this process has locked.
#[derive(Debug)]
pub(super) struct BackupDir {
    path: PathBuf,
    _lock: File,
}

impl BackupDir {
    /// Locks the existing directory `path`, which must not be inside `data_dir`.
    pub(super) fn open(path: &Path, data_dir: &Path) -> Result<Self, BackupError> {
        let real = match fs::canonicalize(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(BackupError::NoDirectory { dir: path.to_owned() });
            }
            found => found.doing(|| format!("find {}", path.display()))?,
        };
        if !real.is_dir() {
            return Err(BackupError::NotADirectory { path: path.to_owned() });
        }
        if fs::canonicalize(data_dir).is_ok_and(|data_dir| real.starts_with(data_dir)) {
            return Err(BackupError::InsideDataDir { dir: path.to_owned(), data_dir: data_dir.to_owned() });
        }
        let lock = real.join(LOCK);
        // A link is not followed, and a pipe not waited for.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(flags.bits().cast_signed())
            .open(&lock)
            .doing(|| format!("write {}", lock.display()))?;
        if !file.metadata().doing(|| format!("read {}", lock.display()))?.is_file() {
            return Err(BackupError::NotAFile { path: lock });
        }
        match file.try_lock() {
            Ok(()) => Ok(Self { path: real, _lock: file }),
            Err(TryLockError::WouldBlock) => Err(BackupError::AlreadyRunning { dir: real }),
            Err(TryLockError::Error(error)) => Err(error).doing(|| format!("lock {}", lock.display())),
        }
    }

    /// Removes what killed processes left.
    pub(super) fn remove_partial_files(&self) -> Result<(), BackupError> {
        for name in self.names()?.iter().filter(|name| is_partial(name)) {
            let path = self.path.join(name);
            if fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir()) {
                continue;
            }
            fs::remove_file(&path).doing(|| format!("remove {}", path.display()))?;
        }
        Ok(())
    }

    /// Creates an empty file that only this user may read, for a backup of this second. If there is a backup of this second, the
    /// next second is awaited.
    pub(super) async fn create_partial(&self, clock: &dyn Clock) -> Result<PartialBackup<'_>, BackupError> {
        let name = loop {
            let name = name_at(clock.now());
            if fs::symlink_metadata(self.path.join(&name)).is_err() {
                break name;
            }
            tokio::time::sleep(NAME_POLL).await;
        };
        let path = self.path.join(format!(".{name}.partial"));
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let file = file.doing(|| format!("create {}", path.display()))?;
        Ok(PartialBackup { dir: self, name, path, file, is_published: false })
    }

    /// Removes the oldest backups so that `keep` remain, `new` included; returns their number. Only regular files whose name is that
    /// of a backup are counted and removed.
    pub(super) fn remove_older(&self, keep: u32, new: &Path) -> Result<usize, BackupError> {
        let mut others: Vec<PathBuf> =
            self.names()?.iter().filter(|name| is_backup(name)).map(|name| self.path.join(name)).collect();
        others.retain(|path| path != new && fs::symlink_metadata(path).is_ok_and(|found| found.is_file()));
        // The names are as long as each other, so that their order is that of time.
        others.sort_unstable_by(|one, other| other.cmp(one));
        let kept = usize::try_from(keep).unwrap_or(usize::MAX).saturating_sub(1);
        let old = others.get(kept..).unwrap_or_default();
        for path in old {
            fs::remove_file(path).map_err(|source| BackupError::NotRemoved {
                backup: new.to_owned(),
                old: path.clone(),
                source,
            })?;
        }
        Ok(old.len())
    }

    /// The names in the directory that are text.
    fn names(&self) -> Result<Vec<String>, BackupError> {
        let list = || -> std::io::Result<Vec<String>> {
            let names = fs::read_dir(&self.path)?.map(|entry| Ok(entry?.file_name().into_string().ok()));
            names.filter_map(Result::transpose).collect()
        };
        list().doing(|| format!("list {}", self.path.display()))
    }
}

/// A backup that is not complete yet. Dropping it removes its file.
#[derive(Debug)]
pub(super) struct PartialBackup<'a> {
    dir: &'a BackupDir,
    name: String,
    path: PathBuf,
    file: File,
    is_published: bool,
}

impl PartialBackup<'_> {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The file, for the program that writes it.
    pub(super) fn output(&self) -> Result<File, BackupError> {
        self.file.try_clone().doing(|| format!("open {} again", self.path.display()))
    }

    /// Stores the backup durably under its final name; returns the path and the size in bytes.
    pub(super) fn publish(mut self) -> Result<(PathBuf, u64), BackupError> {
        let path = self.dir.path.join(&self.name);
        let store = || {
            self.file.sync_all()?;
            let bytes = self.file.metadata()?.len();
            fs::rename(&self.path, &path)?;
            File::open(&self.dir.path)?.sync_all()?;
            Ok(bytes)
        };
        let bytes = store().doing(|| format!("store {}", path.display()))?;
        self.is_published = true;
        Ok((path, bytes))
    }
}

impl Drop for PartialBackup<'_> {
    fn drop(&mut self) {
        if !self.is_published {
            // What remains is removed by the next backup.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The name of a backup of the instant `at`.
fn name_at(at: OffsetDateTime) -> String {
    let at = at.to_offset(time::UtcOffset::UTC);
    let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
    let (hour, minute, second) = (at.hour(), at.minute(), at.second());
    format!("{PREFIX}{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z{SUFFIX}")
}

fn is_backup(name: &str) -> bool {
    let stamp = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX));
    stamp.is_some_and(|stamp| {
        let fits = |(byte, form): (u8, u8)| if form == b'0' { byte.is_ascii_digit() } else { byte == form };
        stamp.len() == STAMP.len() && stamp.bytes().zip(STAMP.bytes()).all(fits)
    })
}

fn is_partial(name: &str) -> bool {
    name.strip_prefix('.').and_then(|rest| rest.strip_suffix(".partial")).is_some_and(is_backup)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::sync::Mutex;

    use time::macros::datetime;

    use super::*;

    const NOON: OffsetDateTime = datetime!(2026-11-22 12:00:00.9 UTC);

    /// A clock that is a second later at each look.
    struct SteppingClock(Mutex<OffsetDateTime>);

    impl Clock for SteppingClock {
        fn now(&self) -> OffsetDateTime {
            let mut now = self.0.lock().expect("a time");
            *now += time::Duration::SECOND;
            *now - time::Duration::SECOND
        }
    }

    fn clock() -> SteppingClock {
        SteppingClock(Mutex::new(NOON))
    }

    fn open(path: &Path) -> Result<BackupDir, BackupError> {
        BackupDir::open(path, Path::new("/nowhere"))
    }

    fn names(path: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| name != LOCK);
        names.sort();
        names
    }

    #[test]
    fn backup_name_is_the_instant_in_utc() {
        let name = "burntop-20261122T120000Z.dump";
        assert_eq!(name_at(NOON), name);
        assert_eq!(name_at(datetime!(2026-11-22 13:00 +1)), name);
        assert_eq!(name_at(datetime!(0999-01-02 03:04:05 UTC)), "burntop-09990102T030405Z.dump");
    }

    #[test]
    fn backup_names_are_recognised_exactly() {
        for (name, backup, partial) in [
            ("burntop-20261122T120000Z.dump", true, false),
            (".burntop-20261122T120000Z.dump.partial", false, true),
            ("burntop-20261122T120000Z.dump.partial", false, false),
            ("burntop-20261122T120000Z.dump.gpg", false, false),
            ("burntop-20261122T12000Z.dump", false, false),
            ("burntop-20261122t120000Z.dump", false, false),
            ("burntop-2026112xT120000Z.dump", false, false),
            ("burntop-before-upgrade.dump", false, false),
            ("burntop-20261122T120000Z", false, false),
            (LOCK, false, false),
        ] {
            assert_eq!((is_backup(name), is_partial(name)), (backup, partial), "{name}");
        }
    }

    #[tokio::test]
    async fn published_backup_is_private_and_complete() {
        let top = tempfile::tempdir().unwrap();
        let dir = open(top.path()).unwrap();
        let partial = dir.create_partial(&clock()).await.unwrap();
        assert_eq!(names(top.path()), [".burntop-20261122T120000Z.dump.partial"]);
        std::io::Write::write_all(&mut partial.output().unwrap(), b"PGDMP").unwrap();
        let (path, bytes) = partial.publish().unwrap();
        assert_eq!((fs::read(&path).unwrap(), bytes), (b"PGDMP".to_vec(), 5));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(names(top.path()), ["burntop-20261122T120000Z.dump"]);
    }

    #[tokio::test]
    async fn backup_of_a_taken_second_has_the_next_name() {
        let top = tempfile::tempdir().unwrap();
        let dir = open(top.path()).unwrap();
        fs::write(top.path().join("burntop-20261122T120000Z.dump"), "first").unwrap();
        let (path, _) = dir.create_partial(&clock()).await.unwrap().publish().unwrap();
        assert!(path.ends_with("burntop-20261122T120001Z.dump"), "{path:?}");
        assert_eq!(fs::read_to_string(top.path().join("burntop-20261122T120000Z.dump")).unwrap(), "first");
    }

    #[tokio::test]
    async fn failed_and_killed_backups_leave_nothing() {
        let top = tempfile::tempdir().unwrap();
        let dir = open(top.path()).unwrap();
        drop(dir.create_partial(&clock()).await.unwrap());
        assert!(names(top.path()).is_empty());
        for name in [".burntop-20250101T000000Z.dump.partial", "notes.txt", ".other.partial"] {
            fs::write(top.path().join(name), "").unwrap();
        }
        let directory = ".burntop-20240101T000000Z.dump.partial";
        fs::create_dir(top.path().join(directory)).unwrap();
        dir.remove_partial_files().unwrap();
        assert_eq!(names(top.path()), [directory, ".other.partial", "notes.txt"]);
    }

    #[test]
    fn older_backups_are_removed_and_other_files_kept() {
        let all = ["20240101T000000Z", "20250101T000000Z", "20260101T000000Z", "20270101T000000Z"];
        // The new backup has an older name than the last, because the clock was set back.
        for (keep, removed, left) in
            [(1, 3, &all[2..3]), (2, 2, &all[2..4]), (3, 1, &all[1..4]), (4, 0, &all), (9, 0, &all)]
        {
            let top = tempfile::tempdir().unwrap();
            let dir = open(top.path()).unwrap();
            for stamp in all {
                fs::write(top.path().join(format!("burntop-{stamp}.dump")), "").unwrap();
            }
            let others = ["burntop-20200101T000000Z.dump.gpg", "burntop-old.dump"];
            for name in others {
                fs::write(top.path().join(name), "").unwrap();
            }
            fs::create_dir(top.path().join("burntop-20190101T000000Z.dump")).unwrap();
            symlink("notes.txt", top.path().join("burntop-20180101T000000Z.dump")).unwrap();
            let new = dir.path.join("burntop-20260101T000000Z.dump");
            assert_eq!(dir.remove_older(keep, &new).unwrap(), removed, "{keep}");
            let mut expected: Vec<String> = left.iter().map(|stamp| format!("burntop-{stamp}.dump")).collect();
            expected.extend(others.map(str::to_owned));
            expected.extend(["burntop-20190101T000000Z.dump", "burntop-20180101T000000Z.dump"].map(str::to_owned));
            expected.sort();
            assert_eq!(names(top.path()), expected, "{keep}");
        }
    }

    #[test]
    fn directory_is_locked_once() {
        let top = tempfile::tempdir().unwrap();
        let first = open(top.path()).unwrap();
        assert!(matches!(open(top.path()), Err(BackupError::AlreadyRunning { .. })));
        drop(first);
        open(top.path()).unwrap();
    }

    #[test]
    fn lock_that_is_a_link_or_a_pipe_is_refused_at_once() {
        let top = tempfile::tempdir().unwrap();
        let (lock, elsewhere) = (top.path().join(LOCK), top.path().join("elsewhere"));
        symlink(&elsewhere, &lock).unwrap();
        assert!(matches!(open(top.path()), Err(BackupError::Io { .. })));
        assert!(!elsewhere.exists());
        fs::remove_file(&lock).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, &lock, rustix::fs::Mode::RWXU).unwrap();
        open(top.path()).unwrap_err();
        // A pipe that has a reader can be opened.
        let _reader =
            File::from(rustix::fs::open(&lock, OFlags::RDONLY | OFlags::NONBLOCK, rustix::fs::Mode::empty()).unwrap());
        assert!(matches!(open(top.path()), Err(BackupError::NotAFile { .. })));
    }

    #[test]
    fn unsuitable_directories_are_refused() {
        let top = tempfile::tempdir().unwrap();
        let (data, inside, file) = (top.path().join("data"), top.path().join("data/backups"), top.path().join("file"));
        fs::create_dir_all(&inside).unwrap();
        fs::write(&file, "").unwrap();
        symlink(&inside, top.path().join("link")).unwrap();
        fs::create_dir(top.path().join("data-backups")).unwrap();
        for (name, expected) in [
            ("missing", "does not exist: create it"),
            ("file", "is not a directory"),
            ("data", "is in the data directory"),
            ("data/backups", "is in the data directory"),
            ("link", "is in the data directory"),
        ] {
            let error = BackupDir::open(&top.path().join(name), &data).unwrap_err().to_string();
            assert!(error.contains(expected), "{name}: {error}");
        }
        BackupDir::open(&top.path().join("data-backups"), &data).unwrap();
        assert!(names(&inside).is_empty() && names(&data) == ["backups"], "nothing is written before the checks");
    }
}
