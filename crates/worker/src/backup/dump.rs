//! Runs `pg_dump` and `pg_restore`.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use adapters_postgres::LibpqConnection;
use domain::ids::Ids;
use embedded_postgres::Binaries;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use super::error::{BackupError, IoContext};

/// The programs, and how they connect. Other users see neither the password nor a program that has it in its arguments.
pub(super) struct ClientPrograms<'a> {
    binaries: &'a Binaries,
    conninfo: &'a str,
    password_file: Option<PasswordFile>,
}

impl<'a> ClientPrograms<'a> {
    pub(super) fn new(
        binaries: &'a Binaries,
        connection: &'a LibpqConnection,
        ids: &dyn Ids,
    ) -> Result<Self, BackupError> {
        let password_file = connection.password.as_deref().map(|password| PasswordFile::create(password, ids));
        Ok(Self { binaries, conninfo: &connection.conninfo, password_file: password_file.transpose()? })
    }

    /// Writes a dump of `snapshot` to `output` in PostgreSQL's custom format.
    pub(super) async fn dump(
        &self,
        snapshot: &str,
        output: File,
        cancelled: &CancellationToken,
    ) -> Result<(), BackupError> {
        let mut command = self.command("pg_dump");
        command.args(["--format=custom", "--no-password"]).arg(format!("--snapshot={snapshot}"));
        command.arg(format!("--dbname={}", self.conninfo)).stdout(output);
        tokio::select! {
            biased;
            () = cancelled.cancelled() => Err(BackupError::Interrupted),
            output = run("pg_dump", command) => output.map(drop),
        }
    }

    /// The tables of which the dump at `path` has rows, as `schema.name`.
    pub(super) async fn list(&self, path: &Path) -> Result<BTreeSet<String>, BackupError> {
        let mut command = self.command("pg_restore");
        command.arg("--list").arg(path).stdout(Stdio::piped());
        Ok(tables_in(&String::from_utf8_lossy(&run("pg_restore", command).await?.stdout)))
    }

    /// A command that ends with this value.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::from(self.binaries.command(program));
        if let Some(file) = &self.password_file {
            command.env("PGPASSFILE", &file.path);
        }
        command.stdin(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }
}

async fn run(program: &'static str, mut command: Command) -> Result<Output, BackupError> {
    let child = command.spawn().doing(|| format!("run {program}"))?;
    let output = child.wait_with_output().await.doing(|| format!("wait for {program}"))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.replace(&format!("{program}: error: "), "");
    let said = said.trim();
    let reason = match (output.status.signal(), said.is_empty()) {
        (Some(signal), true) => format!("ended by signal {signal}"),
        (Some(signal), false) => format!("ended by signal {signal}: {said}"),
        (None, true) => output.status.to_string(),
        (None, false) => said.to_owned(),
    };
    Err(BackupError::Program { program, reason })
}

/// The tables with data in the output of `pg_restore --list`, whose lines are
/// `4102; 0 16403 TABLE DATA public users burntop`.
fn tables_in(list: &str) -> BTreeSet<String> {
    let table = |line: &str| {
        let mut words = line.split_once(" TABLE DATA ")?.1.split(' ');
        Some(format!("{}.{}", words.next()?, words.next()?))
    };
    list.lines().filter(|line| !line.starts_with(';')).filter_map(table).collect()
}

/// A password file in a directory that only this user may enter. Dropping the value removes both.
struct PasswordFile {
    dir: PathBuf,
    path: PathBuf,
}

impl PasswordFile {
    fn create(password: &str, ids: &dyn Ids) -> Result<Self, BackupError> {
        if password.contains(['\n', '\r', '\0']) {
            return Err(BackupError::Password);
        }
        let dir = std::env::temp_dir().join(format!("burntop-backup-{}", ids.fresh()));
        let file = Self { path: dir.join("pgpass"), dir };
        let line = format!("*:*:*:*:{}\n", password.replace('\\', "\\\\").replace(':', "\\:"));
        let write = || {
            DirBuilder::new().mode(0o700).create(&file.dir)?;
            let mut written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file.path)?;
            written.write_all(line.as_bytes())
        };
        write().doing(|| format!("write {}", file.path.display()))?;
        Ok(file)
    }
}

impl Drop for PasswordFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
        let _ = fs::remove_dir(&self.dir);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use bootstrap::system::SystemIds;

    use super::*;

    #[test]
    fn tables_are_read_from_list() {
        let list = ";\n; Archive created at 2026-11-22 12:00:00 UTC\n;     dbname: TABLE DATA x\n\
                    215; 1259 16403 TABLE public users burntop\n\
                    4102; 0 16403 TABLE DATA public users burntop\n\
                    4103; 0 16410 TABLE DATA public __diesel_schema_migrations burntop\n\
                    3300; 2606 16420 CONSTRAINT public users users_pkey burntop\n";
        let expected = ["public.users", "public.__diesel_schema_migrations"].map(str::to_owned);
        assert_eq!(tables_in(list), BTreeSet::from(expected));
    }

    #[test]
    fn password_file_is_private_escaped_and_removed() {
        let file = PasswordFile::create(r"a:b\c", &SystemIds).unwrap();
        let (dir, path) = (file.dir.clone(), file.path.clone());
        assert_eq!(fs::read_to_string(&path).unwrap(), "*:*:*:*:a\\:b\\\\c\n");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&dir), mode(&path)), (0o700, 0o600));
        drop(file);
        assert!(!dir.exists());
        assert!(matches!(PasswordFile::create("a\nb", &SystemIds), Err(BackupError::Password)));
    }
}
