//! Damaged databases, which are kept beside the one in use: they can have the only copy of usage whose logs are deleted.

use std::fs;
use std::path::{Path, PathBuf};

use super::DATABASE;
use crate::failure::Failure;

/// The files that `SQLite` keeps beside a database. A journal that stayed would be applied to the next database of that name.
const COMPANIONS: [&str; 3] = ["-journal", "-wal", "-shm"];

const EXTENSION: &str = "damaged";

/// Renames the database in `directory` with its companions, and returns its new path. Earlier ones stay.
pub(super) fn set_aside(directory: &Path) -> Result<PathBuf, Failure> {
    let names = (1_u32..).map(|number| match number {
        1 => format!("usage.{EXTENSION}"),
        number => format!("usage-{number}.{EXTENSION}"),
    });
    let is_free = |path: &PathBuf| !path.exists() && COMPANIONS.iter().all(|end| !with_end(path, end).exists());
    let aside = names.map(|name| directory.join(name)).find(is_free).unwrap_or_default();
    let database = directory.join(DATABASE);
    // The database is the last one: after an interruption in between, it is still found to be damaged.
    for end in COMPANIONS.into_iter().chain([""]) {
        let from = with_end(&database, end);
        if from.exists() {
            fs::rename(&from, with_end(&aside, end)).map_err(|error| Failure::file("renaming", &from, &error))?;
        }
    }
    Ok(aside)
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// The databases in `directory` that were set aside.
pub(crate) fn files_set_aside(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|end| end == EXTENSION)).collect();
    files.sort_unstable();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_aside_keeps_earlier_files_and_takes_companions() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = |name: &str| directory.path().join(name);
        for content in ["first", "second"] {
            for name in ["usage.db", "usage.db-journal", "usage.db-wal", "usage.db-shm"] {
                fs::write(path(name), content).expect("written");
            }
            set_aside(directory.path()).expect("renamed");
        }
        let content = |name: &str| fs::read_to_string(path(name)).expect(name);
        assert_eq!((content("usage.damaged"), content("usage-2.damaged")), ("first".into(), "second".into()));
        assert_eq!(content("usage-2.damaged-journal"), "second");
        let left = fs::read_dir(directory.path()).expect("readable").flatten();
        assert!(left.map(|entry| entry.file_name()).all(|name| !name.to_string_lossy().starts_with("usage.db")));
        assert_eq!(files_set_aside(directory.path()), [path("usage-2.damaged"), path("usage.damaged")]);
    }
}
