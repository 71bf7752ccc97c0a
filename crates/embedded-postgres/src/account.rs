//! The user that PostgreSQL runs as: that of this process, or an ordinary user if this process is root's.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, ErrorContext};

/// The users that run PostgreSQL for root, in this order.
const STEP_DOWN_TO: [&str; 2] = ["postgres", "nobody"];

/// The user that owns and runs the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    name: String,
    uid: u32,
    gid: u32,
    /// Whether this is another user than that of this process.
    stepped_down: bool,
}

impl Account {
    /// The user of a PostgreSQL that this process starts: its own user, or for root `postgres`, else `nobody`.
    ///
    /// Fails with [`Error::NoAccount`] for root if neither exists.
    pub fn to_run_as() -> Result<Self, Error> {
        let uid = rustix::process::geteuid().as_raw();
        let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
        if uid != 0 {
            let gid = rustix::process::getegid().as_raw();
            return Ok(Self { name: name_of(&passwd, uid), uid, gid, stepped_down: false });
        }
        STEP_DOWN_TO.iter().find_map(|name| Self::named(&passwd, name)).ok_or(Error::NoAccount)
    }

    fn named(passwd: &str, name: &str) -> Option<Self> {
        let entry = entries(passwd).find(|entry| entry.name == name)?;
        Some(Self { name: name.to_owned(), uid: entry.uid, gid: entry.gid, stepped_down: true })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn uid(&self) -> u32 {
        self.uid
    }

    /// The nearest existing parent of `path` that this user cannot enter.
    pub(crate) fn closed_parent(&self, path: &Path) -> Option<PathBuf> {
        if !self.stepped_down {
            return None;
        }
        let parents = path.ancestors().skip(1);
        let closed = |dir: &&Path| fs::metadata(dir).is_ok_and(|found| !self.may_enter(&found));
        parents.filter(|dir| !dir.as_os_str().is_empty()).find(closed).map(Path::to_owned)
    }

    fn may_enter(&self, dir: &fs::Metadata) -> bool {
        let bit = if dir.uid() == self.uid {
            0o100
        } else if dir.gid() == self.gid {
            0o010
        } else {
            0o001
        };
        dir.mode() & bit != 0
    }

    /// Whether files of user `uid` are accepted: those of this user, and of the user of this process.
    pub(crate) fn accepts_owner(&self, uid: u32) -> bool {
        uid == self.uid || uid == rustix::process::geteuid().as_raw()
    }

    /// Makes this user the owner of `path`.
    pub(crate) fn give(&self, path: &Path) -> Result<(), Error> {
        if self.stepped_down {
            // Links are not followed, because the user may own the directory.
            std::os::unix::fs::lchown(path, Some(self.uid), Some(self.gid))
                .doing(|| format!("give {} to user {}", path.display(), self.name))?;
        }
        Ok(())
    }

    /// A command that runs as this user in `/`, with the environment of a [`clean_command`].
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = clean_command(program);
        command.current_dir("/").env("LC_ALL", "C");
        if self.stepped_down {
            // With a new uid the standard library also drops root's supplementary groups.
            command.uid(self.uid).gid(self.gid);
        }
        command
    }
}

/// A command that inherits only the paths of programs and temporary files, the language and the time zone. Another user can read
/// the environment of its processes, so it must not contain `SECRET_KEY` or URLs with passwords. Variables such as `PGDATA` and
/// `PGHOST` would change what the command does.
pub(crate) fn clean_command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs(std::env::vars_os().filter(|(name, _)| is_inherited(name)));
    command
}

/// Whether a child process inherits the environment variable `name`.
fn is_inherited(name: &OsStr) -> bool {
    const INHERITED: [&str; 5] = ["PATH", "LANG", "LANGUAGE", "TZ", "TMPDIR"];
    name.to_str().is_some_and(|name| INHERITED.contains(&name) || name.starts_with("LC_"))
}

/// The name of user `uid`, or the uid if it has no name.
pub(crate) fn user_name(uid: u32) -> String {
    name_of(&fs::read_to_string("/etc/passwd").unwrap_or_default(), uid)
}

fn name_of(passwd: &str, uid: u32) -> String {
    entries(passwd).find(|entry| entry.uid == uid).map_or_else(|| uid.to_string(), |entry| entry.name.to_owned())
}

struct Entry<'a> {
    name: &'a str,
    uid: u32,
    gid: u32,
}

fn entries(passwd: &str) -> impl Iterator<Item = Entry<'_>> {
    passwd.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(Entry { name, uid, gid })
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\n# a comment\nnobody:x:65534:65533::/:/bin/false\n";

    fn stranger() -> Account {
        Account { name: "stranger".into(), uid: 54_321, gid: 54_321, stepped_down: true }
    }

    #[test]
    fn account_is_found_by_name_and_uid() {
        let nobody = Account::named(PASSWD, "nobody").unwrap();
        assert_eq!((nobody.uid, nobody.gid), (65534, 65533));
        assert_eq!(Account::named(PASSWD, "postgres"), None);
        assert_eq!(name_of(PASSWD, 0), "root");
        assert_eq!(name_of(PASSWD, 77), "77");
    }

    #[test]
    fn account_of_root_is_replaced_and_others_kept() {
        let account = Account::to_run_as().unwrap();
        assert_ne!(account.uid(), 0);
        assert_eq!(account.stepped_down, rustix::process::geteuid().is_root());
    }

    #[test]
    fn account_closed_parent_is_named() {
        let top = tempfile::tempdir().unwrap();
        let (open, closed) = (top.path().join("open"), top.path().join("open/closed"));
        fs::create_dir_all(&closed).unwrap();
        fs::set_permissions(top.path(), PermissionsExt::from_mode(0o711)).unwrap();
        fs::set_permissions(&open, PermissionsExt::from_mode(0o755)).unwrap();
        fs::set_permissions(&closed, PermissionsExt::from_mode(0o700)).unwrap();

        assert_eq!(stranger().closed_parent(&open.join("data")), None);
        assert_eq!(stranger().closed_parent(&closed.join("not/yet/there")), Some(closed.clone()));
        let myself = Account { stepped_down: false, ..stranger() };
        assert_eq!(myself.closed_parent(&closed.join("data")), None);
    }

    #[test]
    fn child_process_inherits_only_listed_variables() {
        for name in ["PATH", "LANG", "LC_ALL", "LC_MESSAGES", "TZ", "TMPDIR"] {
            assert!(is_inherited(OsStr::new(name)), "{name}");
        }
        for name in ["SECRET_KEY", "SMTP_URL", "DATABASE_URL", "PGHOST", "LD_PRELOAD", "MALLOC_ARENA_MAX", "path", "LC"]
        {
            assert!(!is_inherited(OsStr::new(name)), "{name}");
        }
        // This test program has variables that are not listed, such as `CARGO_MANIFEST_DIR`.
        let output = clean_command("env").output().unwrap();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let name = line.split('=').next().unwrap_or_default();
            assert!(is_inherited(OsStr::new(name)), "{line}");
        }
    }
}
