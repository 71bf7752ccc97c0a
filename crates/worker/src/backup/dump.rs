//! Runs `pg_dump` and `pg_restore`.

use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Output, Stdio};

use adapters_postgres::LibpqConnection;
use embedded_postgres::Binaries;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use super::error::{BackupError, IoContext};

/// The programs, and how they connect.
pub(super) struct ClientPrograms<'a> {
    pub(super) binaries: &'a Binaries,
    pub(super) connection: &'a LibpqConnection,
}

impl ClientPrograms<'_> {
    /// Writes a dump of `snapshot` to `output` in PostgreSQL's custom format.
    pub(super) async fn dump(
        &self,
        snapshot: &str,
        output: File,
        cancelled: &CancellationToken,
    ) -> Result<(), BackupError> {
        let mut command = self.command("pg_dump");
        command.args(["--format=custom", "--no-password"]).arg(format!("--snapshot={snapshot}"));
        command.arg(format!("--dbname={}", self.connection.conninfo)).stdout(output);
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

    /// A command that ends with this value. The password is in its environment, which other users cannot read, and in no file, which a
    /// killed process would leave.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::from(self.binaries.command(program));
        if let Some(password) = &self.connection.password {
            command.env("PGPASSWORD", password);
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

#[cfg(test)]
mod tests {
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
}
