//! Measures the same statements with pgbench, without a server in between.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use embedded_postgres::Binaries;
use tokio::process::Command;
use tokio_postgres::Config;

use crate::environment::Environment;
use crate::reads::endpoints::Query;

/// The result of pgbench.
pub(crate) struct PgbenchResult {
    /// Transactions per second.
    pub(crate) rate: f64,
    /// The time of each transaction.
    pub(crate) times: Vec<Duration>,
}

/// Runs the script `text` with pgbench for the time `time`, with `clients` connections.
pub(crate) async fn run(environment: &Environment, text: &str, clients: u32, time: Duration) -> Result<PgbenchResult> {
    let script = environment.dir().join("script.sql");
    fs::write(&script, text)?;
    let config: Config = environment.database_url().parse()?;
    let port = config.get_ports().first().context("the database has no port")?;
    let clients = clients.to_string();
    let output = Command::new(Binaries::find(None)?.program("pgbench"))
        .args(["--no-vacuum", "--protocol=prepared", "--client", &clients, "--time", &time.as_secs().to_string()])
        .arg("--file")
        .arg(&script)
        .args(["--log", "--log-prefix=transactions"])
        .current_dir(environment.dir())
        .args(["--host=127.0.0.1", "--port", &port.to_string(), "--username", config.get_user().unwrap_or_default()])
        .arg(config.get_dbname().unwrap_or_default())
        .env("PGPASSWORD", String::from_utf8_lossy(config.get_password().unwrap_or_default()).as_ref())
        .output()
        .await
        .context("running pgbench")?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "pgbench failed: {}", String::from_utf8_lossy(&output.stderr));
    let line = said.lines().find_map(|line| line.strip_prefix("tps = ")).context("pgbench printed no rate")?;
    let rate = line.split(' ').next().and_then(|number| number.parse().ok()).context("pgbench printed no number")?;
    Ok(PgbenchResult { rate, times: logged(environment.dir())? })
}

/// Reads and removes the logs in `dir`. The time is the third word of a line, in microseconds.
fn logged(dir: &Path) -> Result<Vec<Duration>> {
    let mut times = Vec::new();
    for file in fs::read_dir(dir)? {
        let file = file?;
        if file.file_name().to_string_lossy().starts_with("transactions.") {
            let text = fs::read_to_string(file.path())?;
            let time = |line: &str| line.split(' ').nth(2)?.parse().ok().map(Duration::from_micros);
            times.extend(text.lines().filter_map(time));
            fs::remove_file(file.path())?;
        }
    }
    Ok(times)
}

/// A script that runs `statements` for a random one of `people` accounts, whose number is the variable `n`.
pub(crate) fn script<'a>(statements: impl Iterator<Item = &'a Query>, people: u32) -> String {
    let statements: Vec<String> = statements.map(|query| query.with(|value| value.of(":n"))).collect();
    format!("\\set n random(1, {people})\n{};\n", statements.join(";\n"))
}
