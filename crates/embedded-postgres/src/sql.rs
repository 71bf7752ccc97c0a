//! Runs SQL for the shared test cluster through `psql`, which ships with the server.

use std::process::{Command, Stdio};

use crate::account::clean_command;
use crate::binaries::Binaries;
use crate::error::{Error, ErrorContext};

/// Runs statements in one session, each in its own transaction; returns unaligned rows without headers.
pub(crate) fn run(binaries: &Binaries, url: &str, statements: &[&str]) -> Result<String, Error> {
    let output = command(binaries, url, statements).output().doing(|| "run psql".to_owned())?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(Error::Sql { message: String::from_utf8_lossy(&output.stderr).trim().to_owned() })
}

/// A `psql` that runs `statements` and stops at the first error.
pub(crate) fn command(binaries: &Binaries, url: &str, statements: &[&str]) -> Command {
    // The password is in the environment: all users of the machine can read arguments.
    let (address, password) = split_password(url);
    let mut command = clean_command(binaries.program("psql"));
    command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", &address]);
    command.env("PGPASSWORD", password).env("PGSSLMODE", "disable").env("PGGSSENCMODE", "disable");
    // PostgreSQL 16 and newer; older releases ignore it.
    command.env("PGREQUIREAUTH", "scram-sha-256");
    for statement in statements {
        command.args(["-c", statement]);
    }
    command.stdin(Stdio::null());
    command
}

/// `name` as an SQL identifier.
pub(crate) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `text` as an SQL string.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The URL without its password, and the password.
fn split_password(url: &str) -> (String, String) {
    let parts = url.split_once("://").and_then(|(scheme, rest)| {
        let (user, host) = rest.split_once('@')?;
        let (user, password) = user.split_once(':')?;
        Some((format!("{scheme}://{user}@{host}"), password.to_owned()))
    });
    parts.unwrap_or_else(|| (url.to_owned(), String::new()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn psql_password_is_not_an_argument() {
        let (address, password) = split_password("postgres://burntop:secret@127.0.0.1:5432/x");
        assert_eq!(address, "postgres://burntop@127.0.0.1:5432/x");
        assert_eq!(password, "secret");
        assert_eq!(split_password("postgres://127.0.0.1/x").0, "postgres://127.0.0.1/x");
    }

    #[test]
    fn sql_names_and_texts_are_quoted() {
        assert_eq!(identifier("a\"b"), "\"a\"\"b\"");
        assert_eq!(literal("it's"), "'it''s'");
    }
}
