//! Whom PostgreSQL runs as: ourselves, or an ordinary account when we are root.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Doing, Error};

/// The accounts that root steps down to, in this order.
const STEP_DOWN_TO: [&str; 2] = ["postgres", "nobody"];

/// The account that owns and runs the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    name: String,
    uid: u32,
    gid: u32,
    /// Whether this is another account than the one this process runs as.
    stepped_down: bool,
}

impl Account {
    /// The account PostgreSQL runs as when this process starts it: its own, or for root `postgres`, else `nobody`.
    ///
    /// Fails with [`Error::NoAccount`] for root without such an account.
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

    /// The name of the account.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its user id.
    pub fn uid(&self) -> u32 {
        self.uid
    }

    /// The nearest existing parent of `path` that this account may not enter.
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

    /// Whether files of user `uid` are ours: its own, this process's, or the account's.
    pub(crate) fn accepts_owner(&self, uid: u32) -> bool {
        uid == self.uid || uid == rustix::process::geteuid().as_raw()
    }

    /// Gives `path` to the account.
    pub(crate) fn give(&self, path: &Path) -> Result<(), Error> {
        if self.stepped_down {
            // Not through a link: the account may own the directory.
            std::os::unix::fs::lchown(path, Some(self.uid), Some(self.gid))
                .doing(|| format!("give {} to user {}", path.display(), self.name))?;
        }
        Ok(())
    }

    /// A command that runs as this account in a directory it may enter, with a [`clean_command`]'s environment.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = clean_command(program);
        command.current_dir("/").env("LC_ALL", "C");
        if self.stepped_down {
            // The standard library drops root's supplementary groups along with the user id.
            command.uid(self.uid).gid(self.gid);
        }
        command
    }
}

/// A command that inherits where programs and temporary files are, the language and the time zone, and nothing else: another
/// account can read the environment of its processes, so `SECRET_KEY` and URLs with passwords must not be in it, and
/// `PGDATA`, `PGHOST` and the like would change what the command does.
pub(crate) fn clean_command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs(std::env::vars_os().filter(|(name, _)| is_inherited(name)));
    command
}

/// Whether a child process gets the environment variable `name`.
fn is_inherited(name: &OsStr) -> bool {
    const INHERITED: [&str; 5] = ["PATH", "LANG", "LANGUAGE", "TZ", "TMPDIR"];
    name.to_str().is_some_and(|name| INHERITED.contains(&name) || name.starts_with("LC_"))
}

/// The name of user `uid` on this machine, or the number where it has none.
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
    fn an_account_is_found_by_name_and_by_number() {
        let nobody = Account::named(PASSWD, "nobody").unwrap();
        assert_eq!((nobody.uid, nobody.gid), (65534, 65533));
        assert_eq!(Account::named(PASSWD, "postgres"), None);
        assert_eq!(name_of(PASSWD, 0), "root");
        assert_eq!(name_of(PASSWD, 77), "77");
    }

    #[test]
    fn root_steps_down_and_others_stay_who_they_are() {
        let account = Account::to_run_as().unwrap();
        assert_ne!(account.uid(), 0);
        assert_eq!(account.stepped_down, rustix::process::geteuid().is_root());
    }

    #[test]
    fn a_closed_parent_is_named() {
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
    fn child_inherits_listed_variables_alone() {
        for name in ["PATH", "LANG", "LC_ALL", "LC_MESSAGES", "TZ", "TMPDIR"] {
            assert!(is_inherited(OsStr::new(name)), "{name}");
        }
        for name in ["SECRET_KEY", "SMTP_URL", "DATABASE_URL", "PGHOST", "LD_PRELOAD", "MALLOC_ARENA_MAX", "path", "LC"]
        {
            assert!(!is_inherited(OsStr::new(name)), "{name}");
        }
        // Every variable of this test program that is not listed, `CARGO_MANIFEST_DIR` among them.
        let output = clean_command("env").output().unwrap();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let name = line.split('=').next().unwrap_or_default();
            assert!(is_inherited(OsStr::new(name)), "{line}");
        }
    }
}
