//! Small private files that are replaced as a whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use crate::failure::Failure;
use crate::random;

/// Creates `directory` for this user alone, with its parents.
pub(crate) fn make_private_directory(directory: &Path) -> Result<(), Failure> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory).map_err(|error| Failure::file("creating", directory, &error))
}

/// Replaces the file at `path` by `content`. The file is readable by this user alone, and is the old or the new one at any time,
/// whatever happens to the process.
pub(crate) fn replace(path: &Path, content: &[u8]) -> Result<(), Failure> {
    if let Some(directory) = path.parent() {
        make_private_directory(directory)?;
    }
    // Beside the target, because a rename does not cross file systems. The name is new, so the mode is that of this file.
    let temporary = path.with_extension(format!("{:08x}.tmp", random::number() >> 32));
    write_new(&temporary, content).and_then(|()| fs::rename(&temporary, path)).map_err(|error| {
        let _ = fs::remove_file(&temporary);
        Failure::file("writing", path, &error)
    })
}

fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = private_options().create_new(true).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Options that write a file which only this user can read.
pub(crate) fn private_options() -> OpenOptions {
    let mut options = File::options();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// The text of the file at `path`; `None` if it does not exist.
pub(crate) fn read(path: &Path) -> Result<Option<String>, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::file("reading", path, &error)),
    }
}

/// Replaces `files` by their new content for `activate`. If that or a replacement fails, what was there before is put back.
pub(crate) fn replace_for(
    files: &[(&Path, String)],
    activate: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let before = files.iter().map(|(path, _)| read(path)).collect::<Result<Vec<_>, _>>()?;
    let replaced = files.iter().try_for_each(|(path, content)| replace(path, content.as_bytes()));
    replaced.and_then(|()| activate()).inspect_err(|_| {
        for ((path, _), content) in files.iter().zip(before) {
            let _ = match content {
                Some(content) => replace(path, content.as_bytes()),
                None => remove(path).map(drop),
            };
        }
    })
}

/// Removes the file at `path`; says whether it existed.
pub(crate) fn remove(path: &Path) -> Result<bool, Failure> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Failure::file("removing", path, &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replace_leaves_one_private_file() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("new/file.toml");
        replace(&path, b"one").expect("written");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // A file that another program left open to others becomes private with the next replacement.
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("changed");
        }
        replace(&path, b"two").expect("written");
        assert_eq!(read(&path).expect("readable").as_deref(), Some("two"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).expect("a file").permissions().mode() & 0o777;
            assert_eq!((mode(&path), mode(path.parent().expect("a parent"))), (0o600, 0o700));
        }
        let names = fs::read_dir(path.parent().expect("a parent")).expect("readable");
        assert_eq!(names.count(), 1, "no temporary file stays");
    }

    #[test]
    fn replace_for_puts_files_back_after_failure() {
        let directory = tempfile::tempdir().expect("a directory");
        let (known, new) = (directory.path().join("known"), directory.path().join("new"));
        replace(&known, b"before").expect("written");
        let files = [(&*known, "after".to_owned()), (&*new, "after".to_owned())];
        let failure = Failure::new(crate::failure::FailureKind::Local, "no");
        assert_eq!(replace_for(&files, || Err(failure.clone())), Err(failure));
        assert_eq!((read(&known), read(&new)), (Ok(Some("before".to_owned())), Ok(None)));
        assert_eq!(replace_for(&files, || Ok(())), Ok(()));
        assert_eq!((read(&known), read(&new)), (Ok(Some("after".to_owned())), Ok(Some("after".to_owned()))));
    }

    #[test]
    fn missing_file_is_none_and_removed_twice() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("file");
        assert_eq!(read(&path), Ok(None));
        replace(&path, b"x").expect("written");
        assert_eq!((remove(&path), remove(&path)), (Ok(true), Ok(false)));
    }
}
