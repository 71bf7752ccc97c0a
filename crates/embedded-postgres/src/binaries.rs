//! Finds the programs of PostgreSQL on this machine: those of the server, and those that dump and restore.

use std::cmp::Reverse;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::account::clean_command;
use crate::error::{Error, ErrorContext};

/// The oldest major version of PostgreSQL that burntop runs on.
pub const MINIMUM_MAJOR: u32 = 15;

/// Programs that a directory must have. The first reports the version.
type Programs = &'static [&'static str];

/// What runs a cluster.
pub(crate) const SERVER: Programs = &["postgres", "initdb", "pg_ctl"];

/// What dumps and restores a database.
const CLIENT: Programs = &["pg_dump", "pg_restore"];

/// One installation of the programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    dir: PathBuf,
    major: u32,
}

/// The places to search, taken from the environment; tests set their own.
#[derive(Debug, Default)]
struct Places {
    /// `POSTGRES_BIN`: if set, no other place is searched.
    chosen: Option<PathBuf>,
    /// A directory whose children are releases that were downloaded, such as `17.11.0`.
    downloaded: Option<PathBuf>,
    /// The directories of `PATH`.
    path: Vec<PathBuf>,
    /// Directories whose children are versions, such as `/usr/lib/postgresql`.
    versions: Vec<PathBuf>,
    /// Directories whose children are `postgresql` or `postgresql@<version>`.
    homebrew: Vec<PathBuf>,
    /// Whether to run `pg_config` last.
    ask_pg_config: bool,
}

impl Binaries {
    /// The first installation that is new enough and, if `major` is given, of that version. Searches `POSTGRES_BIN` (if set, no
    /// other place), `PATH`, `/usr/lib/postgresql/*/bin` from the newest, Homebrew, and the directory that `pg_config` names.
    ///
    /// If none has the version `major`, the first of another version is returned, which the caller refuses. Fails with
    /// [`Error::NoBinaries`], [`Error::IncompleteBinaries`] or [`Error::TooOld`].
    pub fn find(major: Option<u32>) -> Result<Self, Error> {
        Places::of_environment(None).find(major)
    }

    /// As [`find`](Self::find), but first searches the releases that were downloaded into `data_dir`.
    pub fn find_in(data_dir: &Path, major: Option<u32>) -> Result<Self, Error> {
        Places::of_environment(Some(data_dir)).find(major)
    }

    /// The installation with `pg_dump` and `pg_restore` for a server of release `server`: of the same release, else of the next newer
    /// one, because `pg_dump` refuses newer servers. Fails with [`Error::NoClient`].
    pub fn find_client(server: u32, data_dir: &Path) -> Result<Self, Error> {
        Places::of_environment(Some(data_dir)).find_client(server)
    }

    pub fn major(&self) -> u32 {
        self.major
    }

    /// The path of one of the programs.
    pub fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    #[cfg(test)]
    pub(crate) fn of_version(major: u32) -> Self {
        Self { dir: PathBuf::new(), major }
    }

    /// A command that runs one of the programs without the settings and secrets in the environment of this process.
    pub fn command(&self, name: &str) -> Command {
        let mut command = clean_command(self.program(name));
        command.env("LC_ALL", "C");
        command
    }

    /// The installation in `dir`, if it has all of `programs` and reports its version.
    pub(crate) fn at(dir: &Path, programs: Programs) -> Result<Self, Error> {
        let incomplete = |missing: String| Error::IncompleteBinaries { dir: dir.to_owned(), missing };
        if let Some(missing) = programs.iter().find(|name| !dir.join(name).is_file()) {
            return Err(incomplete((*missing).to_owned()));
        }
        let first = programs.first().copied().unwrap_or_default();
        // The programs look for their libraries and each other beside the real file, not beside a link to it.
        let real = fs::canonicalize(dir.join(first)).doing(|| format!("find {}/{first}", dir.display()))?;
        let home = real.parent().filter(|home| has_all(home, programs));
        let program = if home.is_some() { real.clone() } else { dir.join(first) };
        let printed = clean_command(&program).arg("--version").output();
        let printed = printed.doing(|| format!("run {} --version", program.display()))?;
        let major = major_version(&String::from_utf8_lossy(&printed.stdout)).ok_or_else(|| {
            let said = String::from_utf8_lossy(&printed.stderr);
            incomplete(format!("a {first} that reports its version ({})", said.trim()))
        })?;
        Ok(Self { dir: home.unwrap_or(dir).to_owned(), major })
    }
}

impl Places {
    fn of_environment(data_dir: Option<&Path>) -> Self {
        let path = env::var_os("PATH").unwrap_or_default();
        Self {
            chosen: chosen_directory(),
            downloaded: data_dir.filter(|dir| is_own(dir)).map(|dir| dir.join(DOWNLOADED)).filter(|dir| is_own(dir)),
            path: env::split_paths(&path).collect(),
            versions: vec!["/usr/lib/postgresql".into()],
            homebrew: vec!["/opt/homebrew/opt".into(), "/usr/local/opt".into()],
            ask_pg_config: true,
        }
    }

    fn find(&self, major: Option<u32>) -> Result<Binaries, Error> {
        if let Some(dir) = &self.chosen {
            return new_enough(vec![Binaries::at(dir, SERVER)?], None);
        }
        let mut found: Vec<Binaries> =
            self.candidates(SERVER).iter().filter_map(|dir| Binaries::at(dir, SERVER).ok()).collect();
        let fits = |found: &[Binaries]| found.iter().any(|one| major.is_none_or(|major| one.major == major));
        if self.ask_pg_config && !fits(&found) {
            found.extend(pg_config_dir().and_then(|dir| Binaries::at(&dir, SERVER).ok()));
        }
        new_enough(found, major)
    }

    fn find_client(&self, server: u32) -> Result<Binaries, Error> {
        let dirs = self.chosen.as_ref().map_or_else(|| self.candidates(CLIENT), |dir| vec![dir.clone()]);
        let found: Vec<Binaries> = dirs.iter().filter_map(|dir| Binaries::at(dir, CLIENT).ok()).collect();
        let newest = found.iter().map(|one| one.major).max();
        let fitting = found.into_iter().filter(|one| one.major >= server);
        // The first of those with the same version.
        fitting.min_by_key(|one| one.major).ok_or(Error::NoClient { server, found: newest })
    }

    fn candidates(&self, programs: Programs) -> Vec<PathBuf> {
        let mut dirs: Vec<PathBuf> = self.downloaded.iter().flat_map(|parent| releases(parent)).collect();
        dirs.extend(self.path.iter().cloned());
        dirs.extend(self.versions.iter().flat_map(|parent| newest_first(parent, "")));
        for parent in &self.homebrew {
            dirs.extend(newest_first(parent, "postgresql@"));
            dirs.push(parent.join("postgresql/bin"));
        }
        dirs.retain(|dir| dir.is_absolute() && has_all(dir, programs));
        dirs
    }
}

/// The directory in the data directory whose children are downloaded releases.
pub(crate) const DOWNLOADED: &str = "postgresql";

/// The value of `POSTGRES_BIN`.
pub(crate) fn chosen_directory() -> Option<PathBuf> {
    env::var_os("POSTGRES_BIN").filter(|dir| !dir.is_empty()).map(PathBuf::from)
}

/// Whether `dir` is a directory of this process's user. Programs in the directory of another user are not run: if this process is
/// root's, the user that runs PostgreSQL could put its own there.
pub(crate) fn is_own(dir: &Path) -> bool {
    let own = rustix::process::geteuid().as_raw();
    fs::symlink_metadata(dir).is_ok_and(|found| found.is_dir() && found.uid() == own)
}

fn has_all(dir: &Path, programs: Programs) -> bool {
    programs.iter().all(|name| dir.join(name).is_file())
}

/// The `bin` directories of the children of `parent` that are named after a release such as `17.11.0`, from the newest.
fn releases(parent: &Path) -> Vec<PathBuf> {
    let version =
        |name: &OsStr| -> Option<Vec<u32>> { name.to_str()?.split('.').map(|number| number.parse().ok()).collect() };
    let children = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut found: Vec<_> =
        children.filter_map(|child| Some((version(&child.file_name())?, child.path().join("bin")))).collect();
    found.sort_by(|(one, _), (other, _)| other.cmp(one));
    found.into_iter().map(|(_, dir)| dir).collect()
}

/// The first of `found` that is new enough, preferably of version `major`.
fn new_enough(found: Vec<Binaries>, major: Option<u32>) -> Result<Binaries, Error> {
    let newest = found.iter().map(|one| one.major).max().ok_or(Error::NoBinaries)?;
    let mut good: Vec<Binaries> = found.into_iter().filter(|one| one.major >= MINIMUM_MAJOR).collect();
    good.sort_by_key(|one| Some(one.major) != major);
    good.into_iter().next().ok_or(Error::TooOld { found: newest })
}

/// The `bin` directories of the children of `parent` called `<prefix><version>`, from the newest.
fn newest_first(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let version = |name: &OsStr| name.to_str()?.strip_prefix(prefix)?.parse::<u32>().ok();
    let children = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut found: Vec<_> =
        children.filter_map(|child| Some((version(&child.file_name())?, child.path().join("bin")))).collect();
    found.sort_by_key(|(version, _)| Reverse(*version));
    found.into_iter().map(|(_, dir)| dir).collect()
}

fn pg_config_dir() -> Option<PathBuf> {
    let printed = clean_command("pg_config").arg("--bindir").output().ok()?;
    let dir = String::from_utf8(printed.stdout).ok()?;
    Some(PathBuf::from(dir.trim())).filter(|dir| dir.is_absolute())
}

/// The major version in a line such as `postgres (PostgreSQL) 15.18 (Debian 15.18-1)`.
fn major_version(line: &str) -> Option<u32> {
    let number = line.split_once("(PostgreSQL)")?.1.trim_start();
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    /// Creates programs in `dir` that report the version `version`.
    fn install(dir: &Path, version: &str, programs: &[&str]) {
        fs::create_dir_all(dir).unwrap();
        for program in programs {
            let script = format!("#!/bin/sh\necho '{program} (PostgreSQL) {version}'\n");
            fs::write(dir.join(program), script).unwrap();
            fs::set_permissions(dir.join(program), PermissionsExt::from_mode(0o755)).unwrap();
        }
    }

    #[test]
    fn version_is_read_from_postgresql_output() {
        assert_eq!(major_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major_version("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(major_version("postgres: not found"), None);
    }

    #[test]
    fn binaries_directory_without_all_programs_is_skipped() {
        let top = tempfile::tempdir().unwrap();
        let (partial, whole) = (top.path().join("partial"), top.path().join("whole"));
        install(&partial, "17.1", &["initdb"]);
        install(&whole, "16.2", SERVER);
        let places = Places { path: vec![partial, whole.clone()], ..Places::default() };
        assert_eq!(places.find(None).unwrap(), Binaries { dir: fs::canonicalize(whole).unwrap(), major: 16 });
    }

    #[test]
    fn binaries_behind_links_are_found_in_real_directory() {
        let top = tempfile::tempdir().unwrap();
        let (real, links) = (top.path().join("real"), top.path().join("links"));
        install(&real, "15.18", &["initdb", "postgres", "pg_ctl", "psql"]);
        fs::create_dir(&links).unwrap();
        for program in SERVER {
            symlink(real.join(program), links.join(program)).unwrap();
        }
        let found = Places { path: vec![links], ..Places::default() }.find(None).unwrap();
        assert_eq!(found.program("psql"), fs::canonicalize(&real).unwrap().join("psql"));
    }

    #[test]
    fn binaries_of_highest_version_win_unless_one_is_wanted() {
        let top = tempfile::tempdir().unwrap();
        for version in ["9", "15", "16"] {
            install(&top.path().join(version).join("bin"), &format!("{version}.1"), SERVER);
        }
        let places = Places { versions: vec![top.path().into()], ..Places::default() };
        assert_eq!(places.find(None).unwrap().major(), 16);
        assert_eq!(places.find(Some(15)).unwrap().major(), 15);
        assert_eq!(places.find(Some(17)).unwrap().major(), 16);
    }

    #[test]
    fn binaries_of_homebrew_are_found() {
        let top = tempfile::tempdir().unwrap();
        install(&top.path().join("postgresql@17/bin"), "17.0", SERVER);
        install(&top.path().join("postgresql@16/bin"), "16.0", SERVER);
        let places = Places { homebrew: vec![top.path().into()], ..Places::default() };
        assert_eq!(places.find(None).unwrap().major(), 17);
    }

    #[test]
    fn binaries_of_chosen_directory_must_be_complete() {
        let top = tempfile::tempdir().unwrap();
        let (chosen, other) = (top.path().join("chosen"), top.path().join("other"));
        install(&chosen, "15.1", &["initdb", "postgres"]);
        install(&other, "16.1", SERVER);
        let places = Places { chosen: Some(chosen.clone()), path: vec![other], ..Places::default() };
        let error = places.find(None).unwrap_err();
        assert!(matches!(&error, Error::IncompleteBinaries { missing, .. } if missing == "pg_ctl"), "{error}");
        install(&chosen, "15.1", SERVER);
        assert_eq!(places.find(Some(16)).unwrap().major(), 15);
    }

    #[test]
    fn binaries_that_were_downloaded_are_preferred_from_the_newest() {
        let top = tempfile::tempdir().unwrap();
        let (downloaded, versions) = (top.path().join("postgresql"), top.path().join("usr"));
        for version in ["17.9.0", "17.11.0", "16.2.0"] {
            install(&downloaded.join(version).join("bin"), version, SERVER);
        }
        install(&downloaded.join(".unpacked/bin"), "18.1", SERVER);
        install(&versions.join("18/bin"), "18.1", SERVER);
        let places = Places { downloaded: Some(downloaded.clone()), versions: vec![versions], ..Places::default() };
        let bin = |version: &str| fs::canonicalize(downloaded.join(version).join("bin")).unwrap();
        for (wanted, expected) in [(None, bin("17.11.0")), (Some(17), bin("17.11.0")), (Some(16), bin("16.2.0"))] {
            assert_eq!(places.find(wanted).unwrap().dir, expected, "{wanted:?}");
        }
        assert_eq!(places.find(Some(18)).unwrap().major, 18);
    }

    #[test]
    fn downloaded_programs_of_another_user_or_behind_a_link_are_not_used() {
        let top = tempfile::tempdir().unwrap();
        let data = top.path().join("data");
        install(&data.join("postgresql/99.1.0/bin"), "99.1", SERVER);
        let uses = |data: &Path| Places::of_environment(Some(data)).downloaded.is_some();
        assert!(uses(&data));
        symlink(&data, top.path().join("link")).unwrap();
        assert!(!uses(&top.path().join("link")));
        fs::create_dir(top.path().join("other")).unwrap();
        symlink(data.join("postgresql"), top.path().join("other/postgresql")).unwrap();
        assert!(!uses(&top.path().join("other")));
        if rustix::process::geteuid().is_root() {
            for dir in [data.join("postgresql"), data.clone()] {
                std::os::unix::fs::chown(&dir, Some(54_321), None).unwrap();
                assert!(!uses(&data), "{dir:?}");
                std::os::unix::fs::chown(&dir, Some(0), None).unwrap();
            }
        }
    }

    #[test]
    fn client_of_the_servers_release_or_the_next_newer_is_found() {
        let top = tempfile::tempdir().unwrap();
        for version in ["15", "16", "18"] {
            install(&top.path().join(version).join("bin"), &format!("{version}.1"), CLIENT);
        }
        install(&top.path().join("17/bin"), "17.1", &["pg_dump"]);
        let places = Places { versions: vec![top.path().into()], ..Places::default() };
        for (server, expected) in
            [(14, Some(15)), (15, Some(15)), (16, Some(16)), (17, Some(18)), (18, Some(18)), (19, None)]
        {
            match (places.find_client(server), expected) {
                (Ok(found), Some(major)) => assert_eq!(found.major, major, "{server}"),
                (Err(Error::NoClient { server: named, found: Some(18) }), None) => assert_eq!(named, server),
                (found, _) => panic!("{server}: {found:?}"),
            }
        }
        let chosen = Places { chosen: Some(top.path().join("15/bin")), ..places };
        assert!(matches!(chosen.find_client(16), Err(Error::NoClient { found: Some(15), .. })));
        let error = Places::default().find_client(16).unwrap_err().to_string();
        assert!(error.contains("postgresql-client-16") && error.contains("none"), "{error}");
    }

    #[test]
    fn binaries_missing_or_too_old_are_errors_with_advice() {
        let error = Places::default().find(None).unwrap_err();
        assert!(error.to_string().contains("apt-get install postgresql"), "{error}");
        assert!(error.to_string().contains("DATABASE_URL"), "{error}");
        let top = tempfile::tempdir().unwrap();
        install(&top.path().join("13/bin"), "13.4", SERVER);
        let places = Places { versions: vec![top.path().into()], ..Places::default() };
        assert!(matches!(places.find(None), Err(Error::TooOld { found: 13 })));
    }
}
