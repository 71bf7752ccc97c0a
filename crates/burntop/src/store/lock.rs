//! The lock of the state: one process at a time reads logs and syncs.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use super::{Store, aside};
use crate::failure::{Failure, FailureKind};
use crate::files;
use crate::output::note;

/// Held until it is dropped or the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct StateLock {
    _file: File,
    directory: PathBuf,
}

impl StateLock {
    /// Takes the lock of the state in `directory`. Fails with [`FailureKind::Locked`] if another process has it.
    pub(crate) fn take(directory: &Path) -> Result<Self, Failure> {
        files::make_private_directory(directory)?;
        let path = directory.join("lock");
        let file = files::private_options()
            .create(true)
            .open(&path)
            .map_err(|error| Failure::file("opening", &path, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file, directory: directory.to_owned() }),
            Err(TryLockError::WouldBlock) => {
                Err(Failure::new(FailureKind::Locked, "Another process of burntop is reading logs or syncing."))
            }
            Err(TryLockError::Error(error)) => Err(Failure::file("locking", &path, &error)),
        }
    }

    /// Calls `work` with the store. If the database turns out to be damaged, it is set aside, and `work` begins again with a new one, once:
    /// the logs are read again. Only the holder of the lock may do this, because the database could be the new one of another process.
    pub(crate) fn with_store<T>(&self, mut work: impl FnMut(&mut Store) -> Result<T, Failure>) -> Result<T, Failure> {
        let mut attempt = || Store::open(&self.directory).and_then(|mut store| work(&mut store));
        match attempt() {
            Err(failure) if failure.kind == FailureKind::Damaged => {
                let file = aside::set_aside(&self.directory)?;
                note(format_args!("warning: {failure}"));
                note(format_args!("It is set aside as {}, and all logs are read again.", file.display()));
                attempt()
            }
            result => result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lock_is_held_by_one_at_a_time() {
        let directory = tempfile::tempdir().expect("a directory");
        let held = StateLock::take(directory.path()).expect("free");
        assert_eq!(StateLock::take(directory.path()).expect_err("held").kind, FailureKind::Locked);
        drop(held);
        StateLock::take(directory.path()).expect("free again");
    }

    #[test]
    fn damaged_store_is_set_aside_and_work_is_repeated_once() {
        let directory = tempfile::tempdir().expect("a directory");
        let lock = StateLock::take(directory.path()).expect("free");
        for (name, kind, attempts) in [("damage", FailureKind::Damaged, 2), ("another failure", FailureKind::Local, 1)]
        {
            let mut count = 0;
            let result = lock.with_store(|_| {
                count += 1;
                Err::<(), _>(Failure::new(kind, name))
            });
            assert_eq!((result.expect_err(name).kind, count), (kind, attempts), "{name}");
        }
        assert_eq!(aside::files_set_aside(directory.path()).len(), 1);
    }
}
