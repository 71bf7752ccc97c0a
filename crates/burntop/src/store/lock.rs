//! The lock of the state: one process at a time reads logs and syncs.

use std::fs::{File, TryLockError};
use std::path::Path;

use crate::failure::{Failure, FailureKind};
use crate::files;

/// Held until it is dropped or the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct StateLock {
    _file: File,
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
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => {
                Err(Failure::new(FailureKind::Locked, "Another process of burntop is reading logs or syncing."))
            }
            Err(TryLockError::Error(error)) => Err(Failure::file("locking", &path, &error)),
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
}
