//! Small files and locks.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Seek, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{AtFlags, FlockOperation, Mode, OFlags, flock, open, openat, unlinkat};

use crate::error::{Error, ErrorContext};

/// Opens the regular file `name` in `dir` for reading; neither may be a link. Another user may own `dir`, and with a link could have
/// root read a file that the user itself cannot read.
pub(crate) fn open_in(dir: &Path, name: &str) -> io::Result<File> {
    let parent = open_dir(dir)?;
    // Without NONBLOCK the open of a named pipe would block.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(openat(&parent, name, flags, Mode::empty())?);
    require_regular(&file, false)?;
    Ok(file)
}

/// Reads `name` in `dir` under the rules of [`open_in`].
pub(crate) fn read_in(dir: &Path, name: &str) -> io::Result<String> {
    let mut text = String::new();
    open_in(dir, name)?.read_to_string(&mut text)?;
    Ok(text)
}

/// Removes `name` from `dir`; `dir` must not be a link.
pub(crate) fn remove_in(dir: &Path, name: &str) -> io::Result<()> {
    Ok(unlinkat(open_dir(dir)?, name, AtFlags::empty())?)
}

/// Opens `path` for writing, or creates it with mode 0600; refuses symbolic links and files with several hard links.
pub(crate) fn open_for_writing(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = options.create(true).mode(0o600).custom_flags(flags).open(path)?;
    require_regular(&file, true)?;
    Ok(file)
}

fn open_dir(dir: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(open(dir, flags, Mode::empty())?)
}

fn require_regular(file: &File, is_single: bool) -> io::Result<()> {
    let found = file.metadata()?;
    if found.is_file() && !(is_single && found.nlink() > 1) {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a link or not a regular file"))
}

/// Creates a directory and its missing parents with exactly the permissions `mode`, whatever the umask.
pub(crate) fn create_dirs(path: &Path, mode: u32) -> Result<(), Error> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        create_dirs(parent, mode)?;
    }
    match DirBuilder::new().mode(mode).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => return Ok(()),
        outcome => outcome.doing(|| format!("create the directory {}", path.display()))?,
    }
    set_mode(path, mode)
}

/// Sets the permissions of the directory `path`, which must not be a link.
pub(crate) fn set_mode(path: &Path, mode: u32) -> Result<(), Error> {
    open_dir(path)
        .and_then(|dir| File::from(dir).set_permissions(Permissions::from_mode(mode)))
        .doing(|| format!("set the permissions of {}", path.display()))
}

/// Writes a file with mode 0600 atomically.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<(), Error> {
    let draft = path.with_extension("new");
    let write = || {
        let _ = fs::remove_file(&draft);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, path)
    };
    write().doing(|| format!("write {}", path.display()))
}

/// 256 random bits of the operating system, in hexadecimal.
pub(crate) fn random_hex() -> Result<String, Error> {
    let mut bytes = [0_u8; 32];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .doing(|| "read /dev/urandom".to_owned())?;
    Ok(bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}")))
}

/// A lock on a file. It ends when this value is dropped or the process ends.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
}

/// The result of an attempt to lock.
#[derive(Debug)]
pub(crate) enum LockOutcome {
    Held(Lock),
    /// Another process holds the lock; its pid, if it is known.
    Busy(Option<u32>),
}

impl Lock {
    /// Locks `path` without waiting, and writes the pid of this process to it.
    pub(crate) fn try_exclusive(path: &Path) -> Result<LockOutcome, Error> {
        let mut file = open_lock(path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(error) if error == rustix::io::Errno::WOULDBLOCK => {
                let mut text = String::new();
                let pid = file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok());
                return Ok(LockOutcome::Busy(pid));
            }
            Err(error) => return Err(error).doing(|| format!("lock {}", path.display())),
        }
        let write_content = |file: &mut File| {
            file.set_len(0)?;
            file.rewind()?;
            write!(file, "{}", std::process::id())
        };
        write_content(&mut file).doing(|| format!("write {}", path.display()))?;
        Ok(LockOutcome::Held(Self { file }))
    }

    /// Locks `path`; waits while another process holds it.
    pub(crate) fn wait_exclusive(path: &Path) -> Result<Self, Error> {
        let file = open_lock(path)?;
        loop {
            match flock(&file, FlockOperation::LockExclusive) {
                Err(error) if error == rustix::io::Errno::INTR => {}
                locked => return locked.doing(|| format!("lock {}", path.display())).map(|()| Self { file }),
            }
        }
    }
}

impl Drop for Lock {
    /// Unlocks explicitly instead of only closing the file: a child process that another thread starts at this moment has a copy
    /// of the descriptor until it executes its program, and would keep the lock until then.
    fn drop(&mut self) {
        let _ = flock(&self.file, FlockOperation::Unlock);
    }
}

fn open_lock(path: &Path) -> Result<File, Error> {
    open_for_writing(OpenOptions::new().read(true).write(true).truncate(false), path)
        .doing(|| format!("open {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn file_behind_link_is_not_read_written_or_removed() {
        let top = tempfile::tempdir().unwrap();
        let (secret, dir) = (top.path().join("secret"), top.path().join("dir"));
        fs::write(&secret, "precious").unwrap();
        fs::create_dir(&dir).unwrap();
        symlink(&secret, dir.join("soft")).unwrap();
        fs::hard_link(&secret, dir.join("hard")).unwrap();
        symlink(top.path(), top.path().join("linked")).unwrap();

        assert!(read_in(&dir, "soft").is_err());
        assert!(read_in(&top.path().join("linked"), "secret").is_err(), "the directory is a link");
        assert!(remove_in(&top.path().join("linked"), "secret").is_err());
        for name in ["soft", "hard"] {
            let opened = open_for_writing(OpenOptions::new().append(true), &dir.join(name));
            assert!(opened.is_err(), "{name}");
            assert!(Lock::try_exclusive(&dir.join(name)).is_err(), "{name}");
        }
        assert!(set_mode(&top.path().join("linked"), 0o777).is_err());
        write_private(&dir.join("soft"), "mine").unwrap();
        assert_eq!(fs::read_to_string(&secret).unwrap(), "precious");
        assert_eq!(read_in(&dir, "soft").unwrap(), "mine", "the link is replaced");
    }

    #[test]
    fn private_file_is_readable_only_by_owner() {
        let top = tempfile::tempdir().unwrap();
        let path = top.path().join("password");
        write_private(&path, "one").unwrap();
        write_private(&path, "two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn lock_names_holder_and_ends_on_drop() {
        let top = tempfile::tempdir().unwrap();
        let path = top.path().join("lock");
        let LockOutcome::Held(lock) = Lock::try_exclusive(&path).unwrap() else { panic!("free") };
        assert!(matches!(Lock::try_exclusive(&path), Ok(LockOutcome::Busy(Some(pid))) if pid == std::process::id()));
        drop(lock);
        assert!(matches!(Lock::try_exclusive(&path), Ok(LockOutcome::Held(_))));
        Lock::wait_exclusive(&path).unwrap();
    }

    #[test]
    fn missing_parents_are_created_with_given_permissions() {
        let top = tempfile::tempdir().unwrap();
        let deep = top.path().join("a/b");
        create_dirs(&deep, 0o711).unwrap();
        create_dirs(&deep, 0o700).unwrap();
        for dir in [&deep, &top.path().join("a")] {
            assert_eq!(fs::metadata(dir).unwrap().mode() & 0o777, 0o711);
        }
    }

    #[test]
    fn random_hex_differs_each_time() {
        let (one, two) = (random_hex().unwrap(), random_hex().unwrap());
        assert_eq!(one.len(), 64);
        assert_ne!(one, two);
    }
}
