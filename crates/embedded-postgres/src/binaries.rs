//! Finds the PostgreSQL server programs on this machine.

use std::cmp::Reverse;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use crate::account::clean_command;
use crate::error::{Error, ErrorContext};

/// The oldest major version of PostgreSQL that burntop runs on.
pub const MINIMUM_MAJOR: u32 = 15;

/// The programs that a directory must have.
const PROGRAMS: [&str; 3] = ["initdb", "postgres", "pg_ctl"];

/// One installation of the server programs.
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
        let path = env::var_os("PATH").unwrap_or_default();
        let places = Places {
            chosen: env::var_os("POSTGRES_BIN").filter(|dir| !dir.is_empty()).map(PathBuf::from),
            path: env::split_paths(&path).collect(),
            versions: vec!["/usr/lib/postgresql".into()],
            homebrew: vec!["/opt/homebrew/opt".into(), "/usr/local/opt".into()],
            ask_pg_config: true,
        };
        places.find(major)
    }

    pub fn major(&self) -> u32 {
        self.major
    }

    /// The path of one of the programs.
    pub fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// The installation in `dir`, if it is complete and reports its version.
    fn at(dir: &Path) -> Result<Self, Error> {
        let incomplete = |missing| Error::IncompleteBinaries { dir: dir.to_owned(), missing };
        for program in PROGRAMS {
            if !dir.join(program).is_file() {
                return Err(incomplete(program));
            }
        }
        // The programs look for their libraries and each other beside the real file, not beside a link to it.
        let postgres = fs::canonicalize(dir.join("postgres")).doing(|| format!("find {}/postgres", dir.display()))?;
        let home = postgres.parent().filter(|home| PROGRAMS.iter().all(|name| home.join(name).is_file()));
        let dir = home.unwrap_or(dir).to_owned();
        let printed = clean_command(&postgres).arg("--version").output();
        let printed = printed.doing(|| format!("run {} --version", postgres.display()))?;
        match major_version(&String::from_utf8_lossy(&printed.stdout)) {
            Some(major) => Ok(Self { dir, major }),
            None => Err(incomplete("a postgres that reports its version")),
        }
    }
}

impl Places {
    fn find(&self, major: Option<u32>) -> Result<Binaries, Error> {
        if let Some(dir) = &self.chosen {
            return new_enough(vec![Binaries::at(dir)?], None);
        }
        let mut found: Vec<Binaries> = self.candidates().iter().filter_map(|dir| Binaries::at(dir).ok()).collect();
        let fits = |found: &[Binaries]| found.iter().any(|one| major.is_none_or(|major| one.major == major));
        if self.ask_pg_config && !fits(&found) {
            found.extend(pg_config_dir().and_then(|dir| Binaries::at(&dir).ok()));
        }
        new_enough(found, major)
    }

    fn candidates(&self) -> Vec<PathBuf> {
        let mut dirs = self.path.clone();
        dirs.extend(self.versions.iter().flat_map(|parent| newest_first(parent, "")));
        for parent in &self.homebrew {
            dirs.extend(newest_first(parent, "postgresql@"));
            dirs.push(parent.join("postgresql/bin"));
        }
        dirs.retain(|dir| dir.is_absolute() && PROGRAMS.iter().all(|name| dir.join(name).is_file()));
        dirs
    }
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
        install(&whole, "16.2", &PROGRAMS);
        let places = Places { path: vec![partial, whole.clone()], ..Places::default() };
        assert_eq!(places.find(None).unwrap(), Binaries { dir: fs::canonicalize(whole).unwrap(), major: 16 });
    }

    #[test]
    fn binaries_behind_links_are_found_in_real_directory() {
        let top = tempfile::tempdir().unwrap();
        let (real, links) = (top.path().join("real"), top.path().join("links"));
        install(&real, "15.18", &["initdb", "postgres", "pg_ctl", "psql"]);
        fs::create_dir(&links).unwrap();
        for program in PROGRAMS {
            symlink(real.join(program), links.join(program)).unwrap();
        }
        let found = Places { path: vec![links], ..Places::default() }.find(None).unwrap();
        assert_eq!(found.program("psql"), fs::canonicalize(&real).unwrap().join("psql"));
    }

    #[test]
    fn binaries_of_highest_version_win_unless_one_is_wanted() {
        let top = tempfile::tempdir().unwrap();
        for version in ["9", "15", "16"] {
            install(&top.path().join(version).join("bin"), &format!("{version}.1"), &PROGRAMS);
        }
        let places = Places { versions: vec![top.path().into()], ..Places::default() };
        assert_eq!(places.find(None).unwrap().major(), 16);
        assert_eq!(places.find(Some(15)).unwrap().major(), 15);
        assert_eq!(places.find(Some(17)).unwrap().major(), 16);
    }

    #[test]
    fn binaries_of_homebrew_are_found() {
        let top = tempfile::tempdir().unwrap();
        install(&top.path().join("postgresql@17/bin"), "17.0", &PROGRAMS);
        install(&top.path().join("postgresql@16/bin"), "16.0", &PROGRAMS);
        let places = Places { homebrew: vec![top.path().into()], ..Places::default() };
        assert_eq!(places.find(None).unwrap().major(), 17);
    }

    #[test]
    fn binaries_of_chosen_directory_must_be_complete() {
        let top = tempfile::tempdir().unwrap();
        let (chosen, other) = (top.path().join("chosen"), top.path().join("other"));
        install(&chosen, "15.1", &["initdb", "postgres"]);
        install(&other, "16.1", &PROGRAMS);
        let places = Places { chosen: Some(chosen.clone()), path: vec![other], ..Places::default() };
        let error = places.find(None).unwrap_err();
        assert!(matches!(error, Error::IncompleteBinaries { missing: "pg_ctl", .. }), "{error}");
        install(&chosen, "15.1", &PROGRAMS);
        assert_eq!(places.find(Some(16)).unwrap().major(), 15);
    }

    #[test]
    fn binaries_missing_or_too_old_are_errors_with_advice() {
        let error = Places::default().find(None).unwrap_err();
        assert!(error.to_string().contains("apt-get install postgresql"), "{error}");
        assert!(error.to_string().contains("DATABASE_URL"), "{error}");
        let top = tempfile::tempdir().unwrap();
        install(&top.path().join("13/bin"), "13.4", &PROGRAMS);
        let places = Places { versions: vec![top.path().into()], ..Places::default() };
        assert!(matches!(places.find(None), Err(Error::TooOld { found: 13 })));
    }
}
