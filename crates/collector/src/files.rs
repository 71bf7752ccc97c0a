//! Finding files, and telling whether they changed.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

/// Why what a link points to cannot be read.
pub(crate) const LINK_TO_NOTHING: &str = "it is a link to something that is not there";

/// Deeper directories are not searched.
const MAX_DEPTH: usize = 24;

/// Whether a link on the way to `path` points to something that is not there.
pub(crate) fn leads_to_nothing(path: &Path) -> bool {
    path.ancestors().any(|part| part.is_symlink() && !part.exists())
}

/// What changes when a file is written to or replaced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    pub(crate) device: u64,
    pub(crate) inode: u64,
    pub(crate) size: u64,
    pub(crate) modified_ns: i64,
}

impl Stamp {
    pub(crate) fn new(path: &Path, metadata: &Metadata) -> Self {
        let (device, inode) = if is_wsl_share(path) { (0, 0) } else { identity(metadata) };
        let modified_ns = metadata
            .modified()
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
            .map_or(0, |age| i64::try_from(age.as_nanos()).unwrap_or(i64::MAX));
        Self { device, inode, size: metadata.len(), modified_ns }
    }

    /// The stamp of a file that may not exist.
    pub(crate) fn of_path(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok().filter(Metadata::is_file)?;
        Some(Self::new(path, &metadata))
    }
}

/// A file below a root.
#[derive(Debug, Clone)]
pub(crate) struct FileEntry {
    pub(crate) path: PathBuf,
    pub(crate) stamp: Stamp,
    /// When the file was created, or last modified where the file system does not say. Orders files only.
    pub(crate) created_ns: i64,
}

impl FileEntry {
    pub(crate) fn new(path: PathBuf, metadata: &Metadata) -> Self {
        let stamp = Stamp::new(&path, metadata);
        let created_ns = metadata
            .created()
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
            .and_then(|age| i64::try_from(age.as_nanos()).ok())
            .map_or(stamp.modified_ns, |created| created.min(stamp.modified_ns));
        Self { path, stamp, created_ns }
    }

    pub(crate) fn name(&self) -> &str {
        file_name(&self.path)
    }

    /// Name of the directory that is `levels` above the file: 1 is the one that holds it.
    pub(crate) fn ancestor_name(&self, levels: usize) -> &str {
        self.path.ancestors().nth(levels).map_or("", file_name)
    }
}

/// What a search found.
#[derive(Debug, Default)]
pub(crate) struct SearchResult {
    /// Sorted by path.
    pub(crate) files: Vec<FileEntry>,
    /// Files and directories that exist but cannot be looked at, with the reason.
    pub(crate) unreadable: Vec<(PathBuf, String)>,
}

/// All files below the roots that `wanted` accepts by path. Symbolic links are followed; a directory is visited once, so cycles end. A
/// root may be a file, and need not exist.
pub(crate) fn find(roots: &[PathBuf], wanted: impl Fn(&Path) -> bool) -> SearchResult {
    let mut found = SearchResult::default();
    let mut visited = HashSet::new();
    for root in roots {
        visit(root, 0, &wanted, &mut visited, &mut found);
    }
    found.files.sort_by(|a, b| a.path.cmp(&b.path));
    found.files.dedup_by(|a, b| a.path == b.path);
    found
}

fn visit(
    path: &Path,
    depth: usize,
    wanted: &impl Fn(&Path) -> bool,
    visited: &mut HashSet<PathBuf>,
    found: &mut SearchResult,
) {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => return found.failed(path, &error),
    };
    if metadata.is_file() {
        if wanted(path) {
            found.files.push(FileEntry::new(path.to_path_buf(), &metadata));
        }
        return;
    }
    if !metadata.is_dir() || depth > MAX_DEPTH {
        return;
    }
    // Only a link can lead to a directory twice, but it may point to one that was visited without a link.
    let entries = fs::canonicalize(path)
        .and_then(|canonical| if visited.insert(canonical) { fs::read_dir(path).map(Some) } else { Ok(None) });
    match entries {
        Ok(None) => {}
        Err(error) => found.failed(path, &error),
        Ok(Some(entries)) => {
            for entry in entries.flatten() {
                let is_plain_file = entry.file_type().is_ok_and(|kind| kind.is_file());
                let path = entry.path();
                // Thousands of unwanted files are not looked at.
                if !is_plain_file || wanted(&path) {
                    visit(&path, depth + 1, wanted, visited, found);
                }
            }
        }
    }
}

impl SearchResult {
    /// What vanished meanwhile and a path through a file are no problem: nothing is there. A link to nothing may lead to a disk that is
    /// not mounted.
    fn failed(&mut self, path: &Path, error: &io::Error) {
        let is_missing = matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
        if is_missing && !leads_to_nothing(path) {
            return;
        }
        let reason = if is_missing { LINK_TO_NOTHING.to_owned() } else { error.kind().to_string() };
        self.unreadable.push((path.to_path_buf(), reason));
    }
}

/// Whether a path ends in `.` and the extension.
pub(crate) fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

/// The name of a file or directory; empty where it is not UTF-8.
pub(crate) fn file_name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

/// Over 9P, device and inode change from one mount to the next.
fn is_wsl_share(path: &Path) -> bool {
    path.to_str().is_some_and(|path| path.starts_with(r"\\wsl"))
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn identity(_metadata: &Metadata) -> (u64, u64) {
    (0, 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Home;

    fn names(found: &SearchResult) -> Vec<&str> {
        found.files.iter().map(FileEntry::name).collect()
    }

    #[test]
    fn find_wanted_files_at_any_depth() {
        let home = Home::new();
        home.write("a/b/c/one.jsonl", "");
        home.write("a/two.jsonl", "");
        home.write("a/three.txt", "");
        let found = find(&[home.path("a")], |path| path.extension().is_some_and(|ending| ending == "jsonl"));
        assert_eq!(names(&found), ["one.jsonl", "two.jsonl"]);
    }

    #[cfg(unix)]
    #[test]
    fn find_link_cycle_ends() {
        let home = Home::new();
        home.write("a/one.jsonl", "");
        std::os::unix::fs::symlink(home.path("a"), home.path("a/again")).unwrap();
        std::os::unix::fs::symlink(home.path("a"), home.path("b")).unwrap();
        assert_eq!(names(&find(&[home.path("a"), home.path("b")], |_| true)), ["one.jsonl"]);
        assert_eq!(names(&find(&[home.path("b")], |_| true)), ["one.jsonl"], "a root may be a link");
    }

    #[cfg(unix)]
    #[test]
    fn find_link_to_itself_and_to_nothing_is_unreadable() {
        let home = Home::new();
        home.write("a/one.jsonl", "");
        std::os::unix::fs::symlink(home.path("a/loop"), home.path("a/loop")).unwrap();
        std::os::unix::fs::symlink(home.path("a/nothing"), home.path("a/gone")).unwrap();
        let found = find(&[home.path("a")], |_| true);
        assert_eq!(names(&found), ["one.jsonl"]);
        let unreadable = |found: SearchResult| found.unreadable.into_iter().map(|(path, _)| path).collect::<Vec<_>>();
        let mut links = unreadable(found);
        links.sort();
        assert_eq!(links, [home.path("a/gone"), home.path("a/loop")]);
        for root in [home.path("a/gone"), home.path("a/gone/projects")] {
            assert_eq!(unreadable(find(std::slice::from_ref(&root), |_| true)), [root], "a root");
        }
    }

    #[test]
    fn find_missing_root_is_empty() {
        let home = Home::new();
        home.write("file", "");
        let found = find(&[PathBuf::from("/nowhere/at/all"), home.path("file/below/a/file")], |_| true);
        assert!(found.files.is_empty() && found.unreadable.is_empty());
    }
}
