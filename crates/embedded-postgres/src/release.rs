//! Gets the programs of PostgreSQL from a release, for a machine that has none.
//!
//! The releases are those of `theseus-rs/postgresql-binaries`: `<url>/<version>/postgresql-<version>-<target>.tar.gz`, and its SHA-256
//! in a file of the same name with `.sha256` at the end. This crate opens no connection itself; a caller gives it a [`Download`].

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::account::user_name;
use crate::binaries::{Binaries, DOWNLOADED, MINIMUM_MAJOR, SERVER, chosen_directory, is_own};
use crate::directory::DataDir;
use crate::error::{Error, ErrorContext};
use crate::files::{self, Lock};
use crate::{archive, create};

/// The most bytes of an archive. Releases have 10 to 40 MB.
const MAX_ARCHIVE_BYTES: u64 = 512 * 1024 * 1024;
const MAX_CHECKSUM_BYTES: u64 = 4096;

/// Drafts in the directory of releases. No release has such a name.
const ARCHIVE_DRAFT: &str = ".archive";
const UNPACKED_DRAFT: &str = ".unpacked";

/// A release to get.
#[derive(Debug, Clone)]
pub struct Release {
    /// The address, without a slash at the end.
    pub url: String,
    /// Such as `17.11.0`.
    pub version: String,
    /// The SHA-256 of the archive for this machine in hexadecimal. `None` is the one that is published beside the archive.
    pub sha256: Option<String>,
    /// Whether it is used even if this machine has programs.
    pub is_preferred: bool,
}

/// A part of a file that is downloaded.
#[derive(Debug)]
pub struct DownloadedChunk<'a> {
    pub bytes: &'a [u8],
    /// The length of the whole file, if the server says it.
    pub total: Option<u64>,
}

/// Downloads files.
pub trait Download {
    /// Passes the content of the file at `url` to `receive`, in order, and ends early with its error. Fails unless the content is
    /// complete. The error is for an operator.
    fn download(
        &self,
        url: &str,
        receive: &mut (dyn FnMut(DownloadedChunk<'_>) -> io::Result<()> + Send),
    ) -> Result<(), String>;
}

impl Release {
    /// Installs this release in `dir`, if a start of the cluster there needs it: this machine has no suitable programs, or the
    /// release is preferred. `POSTGRES_BIN` and the version of an existing cluster decide first. Returns whether it was installed.
    ///
    /// A second process waits for the first. An interrupted installation is repeated from the beginning.
    pub fn install_if_needed(&self, dir: &DataDir, download: &dyn Download) -> Result<bool, Error> {
        if !self.is_needed(dir)? {
            return Ok(false);
        }
        let Some(target) = target(Path::new("/")) else { return Ok(false) };
        dir.claim()?;
        let _lock = Lock::wait_exclusive(&dir.path().join("postgresql.lock"))?;
        if !self.is_needed(dir)? {
            return Ok(false);
        }
        let parent = dir.path().join(DOWNLOADED);
        files::create_dirs(&parent, 0o755)?;
        for own in [dir.path(), &parent] {
            if !is_own(own) {
                let owner = fs::symlink_metadata(own).map_or(0, |found| found.uid());
                return Err(Error::OwnedByAnother { dir: own.to_owned(), owner: user_name(owner) });
            }
        }
        let installed = self.install(&parent, &target, download);
        // Nothing else removes the drafts of a failed installation before the next one.
        let cleared = clear_drafts(&parent);
        installed.and(cleared).map(|()| true)
    }

    fn is_needed(&self, dir: &DataDir) -> Result<bool, Error> {
        if chosen_directory().is_some() || self.is_installed(dir) {
            return Ok(false);
        }
        let cluster = create::version_of(dir)?.and_then(|version| version.parse().ok());
        self.is_missing(cluster, || Binaries::find_in(dir.path(), cluster))
    }

    /// Whether a start needs this release, if the data directory has a cluster of the version `cluster` and `find` finds programs.
    fn is_missing(&self, cluster: Option<u32>, find: impl FnOnce() -> Result<Binaries, Error>) -> Result<bool, Error> {
        let Some(own) = self.major() else { return Ok(false) };
        if cluster.is_some_and(|cluster| cluster != own) {
            return Ok(false);
        }
        if self.is_preferred {
            return Ok(true);
        }
        match find() {
            Ok(found) => Ok(cluster.is_some_and(|cluster| cluster != found.major())),
            Err(Error::NoBinaries | Error::TooOld { .. }) => Ok(true),
            Err(error) => Err(error),
        }
    }

    fn is_installed(&self, dir: &DataDir) -> bool {
        dir.path().join(DOWNLOADED).join(&self.version).join("bin/postgres").is_file()
    }

    fn major(&self) -> Option<u32> {
        self.version.split('.').next()?.parse().ok().filter(|major| *major >= MINIMUM_MAJOR)
    }

    fn install(&self, parent: &Path, target: &str, download: &dyn Download) -> Result<(), Error> {
        let Self { url, version, .. } = self;
        let url = format!("{url}/{version}/postgresql-{version}-{target}.tar.gz");
        let failed = |reason: String| Error::NotDownloaded { url: url.clone(), reason };
        clear_drafts(parent)?;

        let expected = match &self.sha256 {
            Some(sha256) => sha256.clone(),
            None => published_checksum(&format!("{url}.sha256"), download).map_err(failed)?,
        };
        let draft = parent.join(ARCHIVE_DRAFT);
        let found = fetch_archive(&url, &draft, parent, version, download).map_err(failed)?;
        if !found.eq_ignore_ascii_case(&expected) {
            return Err(failed(format!("its SHA-256 is {found}, and {expected} was expected")));
        }

        let unpacked = parent.join(UNPACKED_DRAFT);
        files::create_dirs(&unpacked, 0o755)?;
        let file = File::open(&draft).doing(|| format!("open {}", draft.display()))?;
        archive::unpack(io::BufReader::new(file), &unpacked).map_err(|error| failed(error.to_string()))?;
        let home = home_in(&unpacked).ok_or_else(|| failed("it has no directory `bin` with postgres".to_owned()))?;
        let binaries = Binaries::at(&home.join("bin"), SERVER)
            .map_err(|error| failed(format!("its programs do not run on this machine: {error}")))?;
        if Some(binaries.major()) != self.major() {
            return Err(failed(format!("it has PostgreSQL {}", binaries.major())));
        }
        // The content must be on disk before the name that vouches for it.
        rustix::fs::sync();
        let place = parent.join(version);
        fs::rename(&home, &place).doing(|| format!("create {}", place.display()))
    }
}

/// The content of the checksum file at `url`, in the format of `sha256sum`.
fn published_checksum(url: &str, download: &dyn Download) -> Result<String, String> {
    let mut text = Vec::new();
    let received = download.download(url, &mut |chunk| {
        text.extend_from_slice(chunk.bytes);
        within(text.len() as u64, MAX_CHECKSUM_BYTES)
    });
    received.map_err(|error| format!("{error} ({url})"))?;
    let text = String::from_utf8_lossy(&text);
    let digest = text.split_whitespace().next().unwrap_or_default();
    let is_digest = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_digest { Ok(digest.to_owned()) } else { Err(format!("{url} is not a SHA-256 checksum")) }
}

/// Downloads the archive at `url` to `draft`; returns its SHA-256 in hexadecimal.
fn fetch_archive(
    url: &str,
    draft: &Path,
    parent: &Path,
    version: &str,
    download: &dyn Download,
) -> Result<String, String> {
    let mut file =
        File::create_new(draft).map_err(|error| format!("{} cannot be written: {error}", draft.display()))?;
    let (mut digest, mut length) = (Sha256::new(), 0);
    let received = download.download(url, &mut |chunk| {
        if length == 0 {
            let megabytes = chunk.total.map(|bytes| bytes.div_ceil(1_000_000));
            tracing::info!(version, megabytes, url, directory = %parent.display(), "getting PostgreSQL");
        }
        length += chunk.bytes.len() as u64;
        within(length.max(chunk.total.unwrap_or_default()), MAX_ARCHIVE_BYTES)?;
        digest.update(chunk.bytes);
        file.write_all(chunk.bytes)
    });
    received?;
    Ok(digest.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}")))
}

fn within(length: u64, longest: u64) -> io::Result<()> {
    if length <= longest {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is longer than {longest} bytes")))
}

/// The directory that has `bin/postgres`: `unpacked` itself, or its only directory.
fn home_in(unpacked: &Path) -> Option<PathBuf> {
    let children = fs::read_dir(unpacked).ok()?.flatten().map(|child| child.path());
    let mut homes = children.chain([unpacked.to_owned()]).filter(|home| home.join("bin/postgres").is_file());
    homes.next().filter(|_| homes.next().is_none())
}

fn clear_drafts(parent: &Path) -> Result<(), Error> {
    let (file, dir) = (parent.join(ARCHIVE_DRAFT), parent.join(UNPACKED_DRAFT));
    for (removed, path) in [(fs::remove_file(&file), &file), (fs::remove_dir_all(&dir), &dir)] {
        match removed {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            removed => removed.doing(|| format!("remove {}", path.display()))?,
        }
    }
    Ok(())
}

/// The target of releases that runs on the machine whose files are below `root`; `None` if there is none.
///
/// The C library of the machine decides, not that of this program, which may be linked statically. If the machine has both, that of
/// this program does.
fn target(root: &Path) -> Option<String> {
    let cpu = std::env::consts::ARCH;
    if cfg!(target_os = "macos") {
        return Some(format!("{cpu}-apple-darwin"));
    }
    let (gnu, musl) = match cpu {
        "x86_64" => ("lib64/ld-linux-x86-64.so.2", "lib/ld-musl-x86_64.so.1"),
        "aarch64" => ("lib/ld-linux-aarch64.so.1", "lib/ld-musl-aarch64.so.1"),
        _ => return None,
    };
    let (has_gnu, has_musl) = (root.join(gnu).exists(), root.join(musl).exists());
    let library = match (has_gnu, has_musl) {
        (true, true) if cfg!(target_env = "musl") => "musl",
        (true, _) => "gnu",
        (false, true) => "musl",
        (false, false) => return None,
    };
    (cfg!(target_os = "linux")).then(|| format!("{cpu}-unknown-linux-{library}"))
}

#[cfg(test)]
#[path = "release_tests.rs"]
mod tests;
