//! Unpacks a release archive so that nothing outside the destination changes, whatever the archive contains.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use flate2::read::GzDecoder;
use tar::{Archive, Entry, EntryType};

/// The most bytes and entries of an unpacked release. A release has about 150 MB in 3,000 files.
const MAX_BYTES: u64 = 2 * 1024 * 1024 * 1024;
const MAX_ENTRIES: usize = 50_000;

/// Unpacks the `.tar.gz` in `archive` into the empty directory `into`.
///
/// Files get the mode 0644, or 0755 if they are executable, whatever the umask: the user that runs PostgreSQL may be another one.
/// Fails on a path or a link that leads outside, on an entry that exists already, on devices and other special files.
pub(crate) fn unpack(archive: impl Read, into: &Path) -> io::Result<()> {
    unpack_within(archive, into, MAX_BYTES)
}

fn unpack_within(archive: impl Read, into: &Path, mut bytes_left: u64) -> io::Result<()> {
    let mut archive = Archive::new(GzDecoder::new(archive));
    for (number, entry) in archive.entries()?.enumerate() {
        let entry = entry?;
        bytes_left = bytes_left.checked_sub(entry.size()).ok_or_else(|| refused("it is too large"))?;
        if number >= MAX_ENTRIES {
            return Err(refused("it has too many entries"));
        }
        unpack_entry(entry, into)?;
    }
    Ok(())
}

fn unpack_entry(mut entry: Entry<'_, impl Read>, into: &Path) -> io::Result<()> {
    let name = entry.path()?.into_owned();
    let path = inside(&name).ok_or_else(|| refused_entry(&name, "leads outside"))?;
    let destination = into.join(&path);
    match entry.header().entry_type() {
        EntryType::Directory => create_dirs(into, &path),
        EntryType::Regular | EntryType::Continuous => {
            create_parent(into, &path)?;
            let is_executable = entry.header().mode()? & 0o100 != 0;
            let mode = if is_executable { 0o755 } else { 0o644 };
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&destination)?;
            let length = entry.size();
            if io::copy(&mut entry, &mut file)? != length {
                return Err(refused_entry(&name, "is incomplete"));
            }
            file.flush()?;
            file.set_permissions(fs::Permissions::from_mode(mode))
        }
        EntryType::Symlink => {
            let target = link_name(&entry, &name)?;
            let parent = path.parent().unwrap_or(Path::new(""));
            if target.is_absolute() || inside(&parent.join(&target)).is_none() {
                return Err(refused_entry(&name, "links outside"));
            }
            create_parent(into, &path)?;
            symlink(target, &destination)
        }
        // As `tar` writes a second name of a file that is in the archive already.
        EntryType::Link => {
            let target = link_name(&entry, &name)?;
            let target = inside(&target).ok_or_else(|| refused_entry(&name, "links outside"))?;
            require_real_parents(into, &target)?;
            if !fs::symlink_metadata(into.join(&target))?.is_file() {
                return Err(refused_entry(&name, "is a second name of what is no file"));
            }
            create_parent(into, &path)?;
            fs::hard_link(into.join(&target), &destination)
        }
        // Metadata of the whole archive.
        EntryType::XGlobalHeader => Ok(()),
        _ => Err(refused_entry(&name, "is not a file, a directory or a link")),
    }
}

fn link_name(entry: &Entry<'_, impl Read>, name: &Path) -> io::Result<PathBuf> {
    entry.link_name()?.map(std::borrow::Cow::into_owned).ok_or_else(|| refused_entry(name, "links to nothing"))
}

/// The relative path `name` without `.` and `..`; `None` if it is absolute or leads outside on the way.
fn inside(name: &Path) -> Option<PathBuf> {
    let mut path = PathBuf::new();
    for component in name.components() {
        match component {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            Component::ParentDir if path.pop() => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(path)
}

fn create_parent(into: &Path, path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |parent| create_dirs(into, parent))
}

/// Creates `path` below `into` with the mode 0755 for each directory. An existing link is not followed.
fn create_dirs(into: &Path, path: &Path) -> io::Result<()> {
    let mut dir = into.to_owned();
    for part in path.components() {
        dir.push(part);
        match fs::create_dir(&dir) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && fs::symlink_metadata(&dir)?.is_dir() => {}
            created => {
                created?;
                File::open(&dir)?.set_permissions(fs::Permissions::from_mode(0o755))?;
            }
        }
    }
    Ok(())
}

/// Fails unless all parents of `path` below `into` are directories and not links.
fn require_real_parents(into: &Path, path: &Path) -> io::Result<()> {
    let mut dir = into.to_owned();
    for part in path.parent().into_iter().flat_map(Path::components) {
        dir.push(part);
        if !fs::symlink_metadata(&dir)?.is_dir() {
            return Err(refused_entry(path, "leads through a link"));
        }
    }
    Ok(())
}

fn refused(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the archive is refused: {reason}"))
}

fn refused_entry(name: &Path, reason: &str) -> io::Error {
    refused(&format!("{} {reason}", name.display()))
}

#[cfg(test)]
pub(crate) mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use tar::{Builder, Header};

    use super::*;

    /// An entry: type, name, link or content, mode.
    pub(crate) type TestEntry<'a> = (EntryType, &'a str, &'a str, u32);

    /// An archive that may have any names.
    pub(crate) fn archive(entries: &[TestEntry<'_>]) -> Vec<u8> {
        let mut builder = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (kind, name, content, mode) in entries {
            let mut header = Header::new_ustar();
            // `set_path` refuses the names that these tests are about.
            header.as_ustar_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_entry_type(*kind);
            header.set_mode(*mode);
            let is_file = *kind == EntryType::Regular;
            header.set_size(if is_file { content.len() as u64 } else { 0 });
            if !is_file {
                header.as_ustar_mut().unwrap().linkname[..content.len()].copy_from_slice(content.as_bytes());
            }
            header.set_cksum();
            builder.append(&header, if is_file { content.as_bytes() } else { b"" }).unwrap();
        }
        builder.into_inner().unwrap().finish().unwrap()
    }

    const FILE: EntryType = EntryType::Regular;

    #[test]
    fn archive_is_unpacked_with_links_and_modes() {
        let top = tempfile::tempdir().unwrap();
        let packed = archive(&[
            (EntryType::Directory, "pg/", "", 0o700),
            (FILE, "pg/bin/postgres", "program", 0o4711),
            (FILE, "pg/share/zone", "UTC", 0o600),
            (EntryType::Symlink, "pg/bin/postmaster", "postgres", 0o777),
            (EntryType::Symlink, "pg/lib/up", "../share/zone", 0o777),
            (EntryType::Link, "pg/share/Zulu", "pg/share/zone", 0o644),
        ]);
        unpack(&packed[..], top.path()).unwrap();
        let mode = |name: &str| fs::metadata(top.path().join(name)).unwrap().permissions().mode() & 0o7777;
        assert_eq!((mode("pg"), mode("pg/bin")), (0o755, 0o755));
        assert_eq!((mode("pg/bin/postgres"), mode("pg/share/zone")), (0o755, 0o644));
        for (name, content) in [("pg/bin/postmaster", "program"), ("pg/lib/up", "UTC"), ("pg/share/Zulu", "UTC")] {
            assert_eq!(fs::read_to_string(top.path().join(name)).unwrap(), content, "{name}");
        }
    }

    #[test]
    fn archive_that_leads_outside_is_refused() {
        for (name, entries) in [
            ("parent", &[(FILE, "../escaped", "x", 0o644)][..]),
            ("parent within", &[(FILE, "pg/../../escaped", "x", 0o644)]),
            ("absolute", &[(FILE, "/burntop-escaped", "x", 0o644)]),
            ("absolute link", &[(EntryType::Symlink, "pg/link", "/etc/passwd", 0o777)]),
            ("link to a parent", &[(EntryType::Symlink, "pg/link", "../../escaped", 0o777)]),
            ("hard link to a parent", &[(EntryType::Link, "pg/link", "../outside", 0o777)]),
            (
                "file through a link",
                &[
                    (EntryType::Directory, "pg/real/", "", 0o755),
                    (EntryType::Symlink, "pg/link", "real", 0o777),
                    (FILE, "pg/link/file", "x", 0o644),
                ],
            ),
            (
                "hard link through a link",
                &[
                    (FILE, "pg/real/file", "x", 0o644),
                    (EntryType::Symlink, "pg/link", "real", 0o777),
                    (EntryType::Link, "pg/second", "pg/link/file", 0o644),
                ],
            ),
            (
                "hard link to a link",
                &[(EntryType::Symlink, "pg/link", "real", 0o777), (EntryType::Link, "pg/second", "pg/link", 0o644)],
            ),
            ("second file of a name", &[(FILE, "pg/file", "x", 0o644), (FILE, "pg/file", "y", 0o644)]),
            ("device", &[(EntryType::Char, "pg/null", "", 0o666)]),
            ("pipe", &[(EntryType::Fifo, "pg/pipe", "", 0o666)]),
        ] {
            let top = tempfile::tempdir().unwrap();
            fs::write(top.path().join("outside"), "precious").unwrap();
            let into = top.path().join("into");
            fs::create_dir(&into).unwrap();
            unpack(&archive(entries)[..], &into).expect_err(name);
            let mut names: Vec<_> = fs::read_dir(top.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            assert_eq!(names, ["into", "outside"], "{name}");
            assert!(!Path::new("/burntop-escaped").exists(), "{name}");
        }
    }

    #[test]
    fn archive_that_is_torn_or_too_large_is_refused() {
        let content = "x".repeat(10_000);
        let packed = archive(&[(FILE, "pg/file", &content, 0o644)]);
        let into = |limit, packed: &[u8]| {
            let top = tempfile::tempdir().unwrap();
            unpack_within(packed, top.path(), limit)
        };
        into(10_000, &packed).unwrap();
        into(9_999, &packed).unwrap_err();
        into(10_000, &packed[..packed.len() / 2]).unwrap_err();
        into(10_000, b"<html>not found</html>").unwrap_err();
    }
}
