//! Creates a cluster aside and moves it into place, so that a crash leaves no cluster or a complete one.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

use crate::binaries::Binaries;
use crate::cluster::Durability;
use crate::directory::DataDir;
use crate::error::{Error, ErrorContext};
use crate::{DATABASE, ROLE, files};

/// Creates the cluster with its password and its database; the directory must be locked.
///
/// The encoding is UTF-8 and the collation is by bytes, so that the same data sorts equally on all machines.
pub(crate) fn create(dir: &DataDir, binaries: &Binaries, durability: Durability) -> Result<(), Error> {
    let draft = dir.path().join("cluster.new");
    if draft.exists() {
        fs::remove_dir_all(&draft).doing(|| format!("remove {}", draft.display()))?;
    }
    files::create_dirs(&draft, 0o700)?;
    dir.account().give(&draft)?;

    let password_file = dir.password_file();
    files::write_private(&password_file, &files::random_hex()?)?;
    dir.account().give(&password_file)?;

    initdb(dir, binaries, &draft, durability)?;
    create_database(dir, binaries, &draft)?;
    fs::rename(&draft, dir.cluster()).doing(|| format!("create {}", dir.cluster().display()))
}

/// The major version of the cluster in `dir`, from its `PG_VERSION`; `None` if there is no cluster.
pub(crate) fn version_of(dir: &DataDir) -> Result<Option<String>, Error> {
    if fs::symlink_metadata(dir.cluster()).is_err() {
        return Ok(None);
    }
    let text = files::read_in(&dir.cluster(), "PG_VERSION");
    let text = text.doing(|| format!("read {}/PG_VERSION", dir.cluster().display()))?;
    Ok(Some(text.trim().to_owned()))
}

fn initdb(dir: &DataDir, binaries: &Binaries, draft: &Path, durability: Durability) -> Result<(), Error> {
    let mut command = dir.account().command(&binaries.program("initdb"));
    command.arg("-D").arg(draft).args(["--encoding=UTF8", "--no-locale", "--no-instructions"]);
    command.args(["--auth=scram-sha-256", &format!("--username={ROLE}")]);
    command.arg(format!("--pwfile={}", dir.password_file().display())).stdin(Stdio::null());
    if durability == Durability::None {
        command.arg("--no-sync");
    }
    let output = command.output().doing(|| "run initdb".to_owned())?;
    succeeded(&output)
}

/// Creates the database in single-user mode, so that a cluster in place always has it.
fn create_database(dir: &DataDir, binaries: &Binaries, draft: &Path) -> Result<(), Error> {
    let mut command = dir.account().command(&binaries.program("postgres"));
    command.args(["--single", "-E", "-D"]).arg(draft).arg("template1");
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().doing(|| "run postgres --single".to_owned())?;
    if let Some(mut stdin) = child.stdin.take() {
        writeln!(stdin, "CREATE DATABASE {DATABASE}").doing(|| "write to postgres --single".to_owned())?;
    }
    let output = child.wait_with_output().doing(|| "run postgres --single".to_owned())?;
    succeeded(&output)?;
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("ERROR:") { Err(Error::NotCreated { output: said.trim().to_owned() }) } else { Ok(()) }
}

fn succeeded(output: &Output) -> Result<(), Error> {
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Error::NotCreated { output: format!("{} ({})", said.trim(), output.status) })
}
